"""The pages in a real browser, from the file system and with scripts off: what a reader at a desk or on a phone gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from assets.release.pages import render
from assets.release.shown import DOWNLOADS
from tests.browser.axe import CHROMIUM, DESK, FLAGS, PHONE, violations
from tests.e2e.city import shared_city
from tests.paths import skip_or_fail
from tests.release import computed, example

#: Every page of the example, every measure with figures of its own, and what analysts get of those.
PAGES = (
    *("index", "quality", *(f"sp{n:02}" for n in range(1, 12))),
    *(f"full/{name}" for name in ("index", "quality", "sp03", "sp04", "sp05", "sp06", "sp07", "sp08", "sp10", "sp11")),
    *(f"analysts/{name}" for name in ("index", "quality", "sp05", "sp09")),
)
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The releases as files, made once for all workers; what a page links to and is not drawn here stands in for itself."""
    return shared_city(tmp_path_factory, "pages", lambda city: _write(city.data, tmp_path_factory.mktemp("data"))).data


def _write(root: Path, data: Path) -> None:
    full = computed.pipeline(data)
    evidence = (f"evidence-sp{n:02}.html" for n in range(1, 12))
    beside = dict.fromkeys((*(download.file for download in DOWNLOADS), *evidence), b"")
    for below, files in (
        ("", render(example.release())),
        ("full", {**computed.release_pages(full), **beside}),
        ("analysts", {**computed.release_pages(full, analysts=True), **beside}),
    ):
        for name, data in files.items():
            path = root / below / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        skip_or_fail("no Chromium on this machine (/usr/bin/chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(params=[DESK, PHONE])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of either width. Scripts of the release itself are off; the test's own questions still run."""
    context = browser.new_context(viewport={"width": request.param, "height": 900}, java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.mark.campaign("pages in a browser", sample=12)
@pytest.mark.parametrize("name", PAGES)
def test_page_opens_without_scripts_and_asks_for_nothing_outside_its_folder(
    page: Page, folder: Path, name: str
) -> None:
    asked: list[str] = []
    failed: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto((folder / f"{name}.html").as_uri())
    assert [url for url in asked if not url.startswith((folder.as_uri(), "data:"))] == []
    assert failed == []
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == "en-GB"
    assert page.locator("main").count() == 1


@pytest.mark.campaign("pages in a browser", sample=12)
@pytest.mark.parametrize("name", PAGES)
def test_page_never_scrolls_sideways(page: Page, folder: Path, name: str) -> None:
    """Wide tables scroll inside their own region, which the keyboard reaches."""
    page.goto((folder / f"{name}.html").as_uri())
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for region in page.locator(".so-scroll").all():
        assert region.get_attribute("tabindex") == "0"
        assert region.get_attribute("aria-label")


@pytest.mark.campaign("pages in a browser", sample=12)
@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere_in_the_folder(page: Page, folder: Path, name: str) -> None:
    page.goto((folder / f"{name}.html").as_uri())
    for url in page.eval_on_selector_all("a", "links => links.map(a => a.href)"):
        parts = urlparse(url)
        assert parts.scheme == "file", name
        assert Path(unquote(parts.path)).is_file(), name
        if parts.fragment:
            assert page.locator(f"#{parts.fragment}").count() == 1, name


@pytest.mark.parametrize("name", ["sp01", "sp08", "full/sp04", "full/sp05", "full/sp07", "full/sp10"])
def test_exactly_one_width_of_each_chart_is_seen_and_its_table_stands_right_below(
    page: Page, folder: Path, name: str
) -> None:
    page.goto((folder / f"{name}.html").as_uri())
    figures = page.locator("figure").all()
    assert figures
    for figure in figures:
        seen = [chart for chart in figure.locator("svg.so-chart").all() if chart.is_visible()]
        assert len(seen) == 1
        below = figure.evaluate("f => f.nextElementSibling.querySelector('table caption') !== null")
        assert below


@pytest.mark.parametrize("name", ["index", "sp01"])
def test_links_and_folds_are_reached_by_keyboard_and_show_it(page: Page, folder: Path, name: str) -> None:
    page.goto((folder / f"{name}.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Skip to main content"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName"))
        look = page.evaluate(
            "(s => s.outlineStyle + s.boxShadow + s.backgroundColor)(getComputedStyle(document.activeElement))"
        )
        assert look != "nonenonergba(0, 0, 0, 0)"
    assert {"A", "DIV"} <= reached
    assert name == "index" or "SUMMARY" in reached


def test_targets_are_large_enough_outside_sentences(page: Page, folder: Path) -> None:
    """WCAG 2.2, 2.5.8: 24 by 24 CSS pixels for what is no link inside a sentence."""
    page.goto((folder / "sp01.html").as_uri())
    for chosen in (".so-top a", ".so-foot a", "summary", ".govuk-back-link"):
        for target in page.locator(chosen).all():
            box = target.bounding_box()
            assert box is not None
            assert box["height"] >= 24, chosen


def test_no_label_of_a_chart_lies_outside_its_drawing(page: Page, folder: Path) -> None:
    for name in ("full/sp03", "full/sp04", "full/sp05", "full/sp08", "full/sp10"):
        page.goto((folder / f"{name}.html").as_uri())
        outside = page.eval_on_selector_all(
            "svg.so-chart",
            """charts => charts.filter(c => c.getBoundingClientRect().width).flatMap(c => {
                const frame = c.getBoundingClientRect();
                return [...c.querySelectorAll('text')].filter(t => {
                    const box = t.getBoundingClientRect();
                    return box.width && (box.left < frame.left - 1 || box.right > frame.right + 1);
                }).map(t => t.textContent);
            })""",
        )
        assert outside == [], name


@pytest.mark.campaign("pages by axe", sample=4)
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_against_wcag_2_2_aa(browser: Browser, folder: Path, name: str, width: int) -> None:
    assert violations(browser, folder / f"{name}.html", width) == []


def test_nothing_is_lost_at_400_percent(browser: Browser, folder: Path) -> None:
    """1280 pixels at 400% are 320: every tile and every line for decision is there, and none is cut (WCAG 1.4.10)."""
    context = browser.new_context(viewport={"width": PHONE, "height": 225}, java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "index.html").as_uri())
    boxes = page.eval_on_selector_all(
        ".so-tile, .so-agenda li, .so-what", "all => all.map(e => [e.scrollWidth - e.clientWidth, e.clientHeight])"
    )
    assert len(boxes) > 20
    assert all(over <= 0 and high > 0 for over, high in boxes)
    context.close()


def test_a_planted_fault_is_found_by_axe(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text('<!DOCTYPE html><html lang="en"><title>t</title><main><h1>h</h1><img src="x.png"></main></html>')
    assert [found.partition(":")[0] for found in violations(browser, page, PHONE)] == ["image-alt"]


def test_paper_shows_what_is_folded_and_cuts_no_table(browser: Browser, folder: Path) -> None:
    context = browser.new_context(viewport={"width": 720, "height": 1000}, java_script_enabled=False)
    sheet = context.new_page()
    sheet.goto((folder / "sp01.html").as_uri())
    sheet.emulate_media(media="print")
    assert sheet.get_by_text("category known").first.is_visible()
    assert sheet.evaluate(
        "[...document.querySelectorAll('.so-scroll')].every(s => getComputedStyle(s).overflowX === 'visible')"
    )
    assert len(sheet.pdf(format="A4")) > 10_000
    context.close()
