"""Text that a spreadsheet would take for a formula, made plain for files that people open in one; and read back.

Names and notes come from the register and from deliveries, so any of them may begin with `=`, `+`, `-` or `@`. Numbers are no text
and stay as they are.
"""

from __future__ import annotations

import re

#: Also the full-width forms, which a spreadsheet may fold; a tab or a line end would start a new cell when pasted.
_FORMULA = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@＝＋－＠])")


def defused(text: str) -> str:
    """The text with an apostrophe before it where it could be taken for a formula; any other text as it is.

    One more apostrophe goes before a text that begins with some already, so that `restored` gives back every text.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """The text that `defused` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
