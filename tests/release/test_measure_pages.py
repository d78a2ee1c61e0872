"""The pages of all eleven measures with figures: what each says of its rounding, its status and its periods."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from assets.release import words
from assets.release.pages import render
from assets.release.shown import DOWNLOADS
from assets.release.view import figures_of, headline_part, parts_of
from assets.setup import Pipeline
from tests.release import computed, example
from tests.release.test_pages import JUDGING, TARGET, Text

ROUNDED = ("SP03", "SP04", "SP05", "SP06", "SP07", "SP10", "SP11")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return computed.pipeline(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def files(pipeline: Pipeline) -> dict[str, bytes]:
    return computed.release_pages(pipeline)


def said(files: dict[str, bytes], name: str) -> str:
    return Text(files[f"{name.lower()}.html"]).text


@pytest.mark.parametrize("name", [*ROUNDED, "SP01", "SP08"])
def test_every_measure_with_figures_has_a_headline_a_chart_and_tables(files: dict[str, bytes], name: str) -> None:
    text = said(files, name)
    assert "Latest figure" in text
    assert "95% interval" in text
    assert [file for file in files if file.startswith(f"charts/{name.lower()}-")]
    assert files[f"{name.lower()}.html"].count(b"<table") >= 2


@pytest.mark.parametrize("name", ROUNDED)
def test_a_rounded_measure_says_so_beside_the_figure_at_its_tables_and_in_its_method(
    files: dict[str, bytes], name: str
) -> None:
    text = said(files, name)
    assert "Worked from counts rounded to the nearest 5" in text
    assert "Counts rounded to the nearest 5, 1 to 7 hidden." in text
    assert "every other figure is worked from the rounded counts" in text
    assert "Figures are rounded for display only" not in text
    assert not re.search(r"\d\.\d%", text)


@pytest.mark.parametrize("name", ["SP01", "SP08"])
def test_an_exact_measure_says_nothing_of_rounded_counts(files: dict[str, bytes], name: str) -> None:
    assert "nearest 5" not in said(files, name)


def test_hidden_cells_are_said_in_a_word(files: dict[str, bytes]) -> None:
    assert "hidden" in said(files, "SP10").split("Quarters: reports")[1].split("Q1 2013-14")[0]


def test_in_development_says_what_is_missing_and_which_group_has_it(files: dict[str, bytes]) -> None:
    for page in ("index.html", "sp04.html"):
        text = Text(files[page]).text
        assert "referred to Violence Related Harm Group" in text
        assert "the effects of domestic abuse on young people in the household" in text
    for page in ("index.html", "sp03.html"):
        assert "missing: how the impact of the training is measured" in Text(files[page]).text
    for name in ("SP03", "SP04"):
        assert "In development" in said(files, name)
        assert not re.search(JUDGING, said(files, name).split("Definition")[0], re.IGNORECASE)


@pytest.mark.parametrize("name", ["SP06", "SP07"])
def test_baseline_year_is_said_and_nothing_is_judged(files: dict[str, bytes], name: str) -> None:
    text = said(files, name)
    assert "this year's figures set the baseline, and nothing is judged" in text
    assert "2015/16 sets it" in text
    judged = re.sub(
        r"quality of life improved|improved quality of life|Improved( \(%\))?|did not improve|lower limit",
        "",
        text,
        flags=re.IGNORECASE,
    )
    assert not re.search(
        r"\b(worsened|better|worse|no significant change|higher|lower)\b(?! than)", judged.split("Definition")[0]
    )
    assert not re.search(TARGET, text, re.IGNORECASE)


def test_change_is_measured_from_the_year_before_where_no_baseline_year_is_named(files: dict[str, bytes]) -> None:
    text = said(files, "SP10")
    assert "Compared with the year before" in text
    assert "in the year before" in text
    assert "baseline year" not in text
    assert "in the baseline year, 2013-14" in said(files, "SP01")


@pytest.mark.parametrize("name", ["SP02", "SP09"])
def test_what_awaits_the_board_is_a_name_and_a_status_line(files: dict[str, bytes], name: str) -> None:
    text = said(files, name)
    assert "Awaiting the Board" in text
    assert not re.search(r"%|Evidence|Definition|Latest figure|clean_|£", text)


def test_every_page_is_whole(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        if name.endswith(".html"):
            read = Text(data)
            assert len(read.all("h1")) == 1, name
            ids = [attrs["id"] for _, attrs in read.tags if attrs.get("id")]
            assert len(ids) == len(set(ids)), name
            links = [attrs["href"] or "" for attrs in read.all("a")]
            beside = {download.file for download in DOWNLOADS} | {f"evidence-sp{n:02}.html" for n in range(1, 12)}
            assert {link.partition("#")[0] for link in links} - {""} <= set(files) | beside
            assert "nan" not in read.text.lower().split(), name


def test_quality_page_shows_no_row_count_of_a_personal_source(files: dict[str, bytes]) -> None:
    text = Text(files["quality.html"]).text
    assert "2013-04-01 to 2016-03-31 1 not shown" in text
    assert "36,000" in text


def test_analysts_pages_are_marked_and_drawn_from_exact_rows(pipeline: Pipeline) -> None:
    made = computed.release_pages(pipeline, analysts=True)
    pages = {name: Text(data).text for name, data in made.items() if name.endswith(".html")}
    assert len(pages) == 13
    assert all("For analysts only: not for publication" in text for text in pages.values())
    assert all("This release has not been approved" not in text for text in pages.values())
    assert "median_change" in pages["sp05.html"]
    assert "agency=police" in pages["sp05.html"]
    assert "nearest 5" not in pages["sp05.html"].split("Method and limitations")[0]
    assert not [name for name in made if name.startswith("charts/")]


@pytest.mark.parametrize("state", ["published", "held", "in_development"])
@pytest.mark.parametrize("kind", ["quarter", "fy"])
@pytest.mark.parametrize("symbols", ["[c]", "[x]", ""])
def test_one_figure_of_a_rounded_count_renders_in_every_state(state: Any, kind: Any, symbols: str) -> None:
    """A single row, shown, hidden or missing."""
    period = example.ending(kind, "2016-03")
    value = None if symbols else 25.0
    row = example.row("SP05", "appropriate", period, value, "assessments", symbols=symbols, numerator=value, note="")
    measure = example.measure(
        5, "Victims", "ASB", state=state, disclosure="B", figures=example.frame([row]), assessment_mode="direction"
    )
    release = dataclasses.replace(example.release(), measures=(measure,), notes=())
    text = Text(render(release)["sp05.html"]).text
    assert {"[c]": "hidden", "[x]": "not available", "": "25 assessments"}[symbols] in text


def test_parts_come_in_the_order_of_the_page_and_unlisted_ones_last() -> None:
    period = example.ending("fy", "2016-03")
    rows = [example.row("SP05", part, period, 10.0, "people") for part in ("zebra_count", "engaged", "appropriate")]
    parts = parts_of("SP05", figures_of(example.frame(rows), "SP05"))
    assert [part.name for part in parts] == ["appropriate", "engaged", "zebra_count"]
    assert parts[-1].title == "Zebra count"
    assert headline_part("SP05") == "appropriate"


def test_a_tile_with_much_to_say_sends_to_the_page() -> None:
    measure = example.measure(5, "Victims", "ASB", reasons=tuple(f"Reason {n}." for n in range(1, 9)))
    brief = words.brief_status(measure)
    assert brief == ("Reason 1.", "Reason 2.", "Reason 3.", "And 5 more reasons, on its page.")
    few = dataclasses.replace(measure, reasons=measure.reasons[:4])
    assert words.brief_status(few) == few.reasons


@pytest.mark.parametrize(
    ("kind", "last", "told"),
    [
        ("quarter", "2015-12", "Q3 2015-16, October to December"),
        ("quarter", "2016-03", "Q4 2015-16, January to March"),
        ("fy", "2016-03", "2015-16"),
        ("ytd", "2015-12", "April to December 2015"),
    ],
)
def test_periods_in_a_table(kind: Any, last: str, told: str) -> None:
    row = example.row("SP05", "appropriate", example.ending(kind, last), 1.0, "people")
    (figure,) = figures_of(example.frame([row]), "SP05")
    assert words.short_period(figure) == told


def test_a_breakdown_gets_a_table_of_its_newest_year() -> None:
    rows = [
        example.row("SP10", "reports", example.ending("fy", month), value, "reports", breakdown=f"strand={strand}")
        for month, value in (("2015-03", 40.0), ("2016-03", 55.0))
        for strand in ("race", "sexual_orientation")
    ]
    total = example.row("SP10", "reports", example.ending("fy", "2016-03"), 110.0, "reports")
    measure = example.measure(
        10,
        "Hate crime reporting",
        "Hate crime",
        state="published",
        disclosure="B",
        figures=example.frame([total, *rows]),
    )
    text = Text(render(dataclasses.replace(example.release(), measures=(measure,)))["sp10.html"]).text
    table = text.split("Reports by strand, 2015-16")[-1]
    assert "Sexual orientation 55" in table
    assert "40" not in table.split("Words used")[0]
