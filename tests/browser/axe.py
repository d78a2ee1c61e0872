"""axe-core on a page: what it finds against WCAG 2.2 AA and good practice. Its script comes from a package, not the network."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser

from tests.campaign import WHOLE

#: WCAG 2.2 AA holds what 2.0 and 2.1 ask for; good practice is what axe advises beyond.
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESK, PHONE = 1280, 320
WIDTHS = (DESK, PHONE) if WHOLE else (PHONE,)
_RUN = """async tags => {
    const found = await axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']});
    return found.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 200)).join(' | '));
}"""


def violations(browser: Browser, path: Path, width: int) -> list[str]:
    """Rules that a page breaks, each with what breaks it."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    try:
        page = context.new_page()
        page.goto(path.as_uri())
        page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
        found = page.evaluate(_RUN, list(TAGS))
        assert isinstance(found, list)
        return found
    finally:
        context.close()


def pages_of(folder: Path) -> list[Path]:
    """Every page of a release's folder."""
    found = sorted(folder.rglob("*.html"))
    if not found:
        pytest.fail(f"no page in {folder.name}")
    return found
