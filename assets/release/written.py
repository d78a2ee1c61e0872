"""Commentary and position statements: from Markdown to what a page may hold.

Here: paragraphs, lists, emphasis and links to pages of the same release. Raw HTML, images, headings, code and links to anywhere
else are never let through: they stay as the letters that were typed. Not here: reading the files (`expectations/`).
"""

from __future__ import annotations

import re
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_ALLOWED = ("emphasis", "list", "link", "escape", "entity", "newline", "balance_pairs", "fragments_join", "text_join")
_SENTENCE = re.compile(r"(.+?[.!?])(?=\s|$)")
_LONGEST = 240


def rendered(text: str, pages: frozenset[str]) -> Markup:
    """The Markdown as markup for a page; a link stands only if it leads to one of the release's pages."""
    return Markup(_parser(pages).render(text))  # noqa: S704 - html=False; only the few rules above make markup


def first_sentence(text: str) -> str:
    """The first sentence as plain words, for a tile."""
    inline = next((token for token in _parser(None).parse(text) if token.type == "inline"), None)
    said = " ".join("".join(_words(inline.children or [])).split()) if inline else ""
    found = _SENTENCE.match(said)
    sentence = found[1] if found else said
    return sentence if len(sentence) <= _LONGEST else sentence[:_LONGEST].rpartition(" ")[0] + " …"


def _words(tokens: list[Token]) -> list[str]:
    return [token.content if token.type == "text" else " " if token.type.endswith("break") else "" for token in tokens]


@cache
def _parser(pages: frozenset[str] | None) -> MarkdownIt:
    parser = MarkdownIt("zero", {"html": False}).enable(list(_ALLOWED))
    parser.validateLink = lambda url: pages is None or url in pages  # type: ignore[method-assign]
    return parser
