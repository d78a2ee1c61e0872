"""The pages of a release: what they say, what they may not say, and that nothing from a file becomes markup."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from datetime import date
from html.parser import HTMLParser
from typing import Any, get_args

import pytest

from assets.release import charts, words
from assets.release.pages import render
from assets.release.view import BoardStatus, MeasureView, Mode, figures_of
from tests.release import example

SVG = "{http://www.w3.org/2000/svg}"
#: Words of judgement and the only modes that may use them (spec 0.4); a status that is not agreed may use none.
JUDGING = r"\b(improved|worsened|better|worse|no significant change)\b"
TARGET = r"\b(targets?|red|amber|green|rag)\b"
NEUTRAL = r"\b(higher|lower|similar)\b"
AGREED = ("agreed", "agreed_with_review")


class Text(HTMLParser):
    """Text of a page as a reader gets it, and what it is built of."""

    def __init__(self, page: bytes):
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.decode())
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return render(example.release())


def page(measure: MeasureView) -> str:
    """Text of a measure's own page and of its tile."""
    release = example.release()
    alone = dataclasses.replace(release, measures=(measure,), notes=())
    made = render(alone)
    return Text(made[f"{measure.id.lower()}.html"]).text + Text(made["index.html"]).text


def test_every_page_is_there_and_the_same_view_gives_the_same_bytes(files: dict[str, bytes]) -> None:
    expected = {f"sp{n:02}.html" for n in range(1, 12)} | {"index.html", "quality.html"}
    expected |= {"static/safer.css", "static/govuk-frontend-6.3.0.min.css"}
    drawn = (
        "sp01-years",
        "sp01-rates",
        "sp01-neighbourhoods",
        "sp01-map",
        "sp08-process",
        "sp08-to-date",
        "sp08-years",
    )
    expected |= {f"charts/{name}.svg" for name in drawn}
    assert set(files) == expected
    shuffled = example.frame(list(reversed(example.close_the_gap())))
    assert render(example.release(sp01=example.sp01(figures=shuffled))) == files


def test_golden_figures_are_said_as_the_specification_has_them(files: dict[str, bytes]) -> None:
    """SP01-a to c: gap 48.43 (46.50 to 50.38), down 3.73 from 52.16, while the relative gap went from 69.0% to 70.9%."""
    said = Text(files["sp01.html"]).text
    assert "48.4 crimes per 1,000 residents" in said
    assert "95% interval: 46.5 to 50.4" in said
    assert "Improved: 3.7 lower than 52.2 in the baseline year, 2013-14" in said
    assert "Relative gap, as a share of the city rate: 70.9% . 1.9 percentage points higher than 69.0%" in said.replace(
        "%.", "% ."
    )
    tile = Text(files["index.html"]).text
    assert "48.4 crimes per 1,000 residents" in tile
    assert "70.9%" in tile


def test_missing_is_said_and_never_shown_as_zero(files: dict[str, bytes]) -> None:
    said = Text(files["sp01.html"]).text
    assert "2014-12 not delivered" in said
    assert "2014-15 not available not available not available" in said
    assert "Fernleigh no hidden hidden hidden hidden" in said
    assert not re.search(r"\bnan\b|\bNone\b", said)
    drawing = ET.fromstring(files["charts/sp01-years.svg"])
    assert "not available" in [text.text for text in drawing.iter(f"{SVG}text")]


def test_a_line_is_never_drawn_across_a_missing_month(files: dict[str, bytes]) -> None:
    """Twelve absent windows make two runs of each line: every path begins twice."""
    drawing = ET.fromstring(files["charts/sp01-rates.svg"])
    paths = [p.get("d", "") for p in drawing.iter(f"{SVG}path") if p.get("stroke-width") == "2.5"]
    assert [path.count("M") for path in paths] == [2, 2]


def test_a_break_in_the_series_is_not_chained_across() -> None:
    rows = example.acquisitive_crime()
    for row in rows:
        if row["period_kind"] == "month" and row["period_start"] == "2015-04-01":
            row["symbols"] = "[b]"
    made = render(example.release(sp08=example.sp08(figures=example.frame(rows))))
    assert "begins at the break in the series, April 2015" in Text(made["sp08.html"]).text
    drawing = ET.fromstring(made["charts/sp08-process.svg"])
    line = next(p for p in drawing.iter(f"{SVG}path") if p.get("stroke-linejoin") or p.get("stroke-width") == "1.5")
    assert line is not None
    assert "2014-15" not in Text(made["sp08.html"]).text.split("Offences in each month")[1].split("Mean and limits")[0]


def test_a_held_measure_shows_the_last_good_value_its_date_and_why(files: dict[str, bytes]) -> None:
    # April 2015 to February 2016 are months 24 to 34 from April 2013, each 100 + its number.
    assert sum(100 + i for i in range(24, 35)) == 1419
    for name in ("index.html", "sp08.html"):
        said = Text(files[name]).text
        assert "1,419 offences" in said
        assert "Last good figure, data as at 29 February 2016" in said
        assert "check 'category known' on police street crime failed" in said
    assert "2016-02-0a1b2c3d4e5f" in Text(files["sp08.html"]).text


def test_a_held_measure_without_a_good_value_says_so() -> None:
    nothing = example.sp08(figures=example.frame([]), held_from=None, held_as_at=None)
    assert "No good figure has been released yet" in page(nothing)


def test_newest_period_that_is_not_there_is_named_beside_the_headline() -> None:
    rows = [r for r in example.close_the_gap() if not (r["period_end"] == "2016-03-31" and r["period_kind"] == "fy")]
    rows = [
        r
        | (
            {"value": None, "symbols": "[x]", "note": "2015-12 not delivered"}
            if r["period_kind"] == "ytd" and r["period_end"] == "2016-03-31"
            else {}
        )
        for r in rows
    ]
    said = page(example.sp01(figures=example.frame(rows)))
    assert "52.2 crimes per 1,000 residents" in said
    assert "Year to date (not annualised), April 2015 to March 2016: not available (2015-12 not delivered)" in said


def test_a_quarter_is_no_headline_where_a_year_to_date_is_published() -> None:
    """A newer quarter of a rate is a quarter of its size: beside a year it would mislead."""
    quarter = example.row("SP01", "gap", example.ending("quarter", "2016-06"), 14.8, "crimes per 1000")
    assert "48.4 crimes" in page(example.sp01(figures=example.frame([*example.close_the_gap(), quarter])))
    assert "14.8 crimes" in page(example.sp01(figures=example.frame([quarter])))


def test_hidden_headline_is_said_to_be_hidden_not_replaced_by_an_older_one() -> None:
    rows = example.close_the_gap()
    for row in rows:
        if row["part"] == "gap" and row["period_end"] == "2016-03-31":
            row |= {
                "value": None,
                "lower": None,
                "upper": None,
                "change": None,
                "symbols": "[c]",
                "note": "hidden to protect people",
            }
    said = page(example.sp01(figures=example.frame(rows)))
    assert "and the city hidden Financial year 2015-16" in said


@pytest.mark.parametrize("status", ["proposal_awaited", "position_statement_awaited"])
@pytest.mark.parametrize("state", ["published", "held", "awaiting_board"])
def test_before_the_board_has_settled_a_measure_only_name_and_status_line_are_public(status: Any, state: Any) -> None:
    """The governance gate shuts whatever the other gate says (spec 0.4)."""
    said = page(
        example.sp01(board_status=status, state=state, reasons=("Awaiting the Board.",), title="A PUBLIC TITLE")
    )
    for secret in (
        "48.4",
        "per 1,000",
        "A PUBLIC TITLE",
        "R10",
        "retain existing",
        "risk register",
        "Evidence",
        "2013-14",
        "clean_police",
    ):
        assert secret not in said, secret
    assert "Close the Gap" in said
    assert "Awaiting the Board" in said


def test_a_measure_without_data_shows_its_definition_and_no_value() -> None:
    said = page(example.sp01(state="awaiting_data", reasons=("No delivery received.",)))
    assert "R10 − Rcity" in said
    assert "48.4" not in said


@pytest.mark.parametrize(
    ("status", "mode", "comparison"),
    [(s, m, "improved") for s in get_args(BoardStatus) for m in get_args(Mode)]
    + [("agreed", m, c) for m in get_args(Mode) for c in ("worsened", "no significant change", "higher")],
)
def test_no_word_that_the_status_and_mode_do_not_allow(status: BoardStatus, mode: Mode, comparison: str) -> None:
    """All that could leak is filled in: a target, a polarity, a baseline, a change with every kind of word."""
    leak = {"comparison": comparison, "change": -3.7, "previous_value": 50.0}
    rows = [
        r | (leak if r["part"] == "gap" else {}) for r in example.close_the_gap() if r["period_end"] == "2016-03-31"
    ]
    rows = [r for r in rows if r["part"] in ("gap", "relative_gap")]
    said = page(
        example.sp01(
            board_status=status, assessment_mode=mode, figures=example.frame(rows), title="Close the Gap",
            target="at most 40 per 1,000", polarity="lower_better", reasons=("See the Board's paper.",),
        )
    )  # fmt: skip
    agreed = status in AGREED
    found = {m.lower() for m in re.findall(JUDGING, said, re.IGNORECASE)}
    if not (agreed and mode in ("direction", "target")):
        assert found == set()
        assert not re.search(TARGET, said, re.IGNORECASE)
    if agreed and mode == "direction":
        assert not re.search(TARGET, said, re.IGNORECASE)
        assert (comparison in found) == (comparison != "higher")
    if agreed and mode == "target":
        assert "at most 40 per 1,000" in said
        assert found <= {"better"}  # the polarity alone
    if not agreed or mode in ("baseline_year", "none"):
        assert not re.search(NEUTRAL, said, re.IGNORECASE)
    if agreed and mode == "baseline_year":
        assert "Baseline year" in said


def test_monitor_only_has_neutral_words(files: dict[str, bytes]) -> None:
    said = Text(files["sp08.html"]).text
    assert re.search(r"Higher by 0\.\d than 4\.\d in the same months a year before", said)
    assert not re.search(JUDGING, said, re.IGNORECASE)
    assert not re.search(TARGET, said, re.IGNORECASE)


HOSTILE = "<script>alert(1)</script>\" onload='x' & \x01]]>"


def test_nothing_from_a_file_becomes_markup() -> None:
    """Every text of every record is hostile; no script, no attribute, and the drawings stay well-formed."""
    hostile = example.close_the_gap()
    for row in hostile:
        row |= {"area_name": f"{row['area_name']} {HOSTILE}", "note": HOSTILE}
    measure = example.sp01(figures=example.frame(hostile))
    texts = {
        f.name: HOSTILE
        for f in dataclasses.fields(measure)
        if f.type in ("str", "str | None") and f.name not in ("id", "state", "baseline")
    }
    lists = {f.name: (HOSTILE,) for f in dataclasses.fields(measure) if f.type == "tuple[str, ...]"}
    records = {
        name: tuple(dataclasses.replace(r, **{f.name: HOSTILE for f in dataclasses.fields(r) if f.type == "str"}) for r in getattr(measure, name))
        for name in ("checks", "versions", "files", "waivers")
    }  # fmt: skip
    release = example.release(sp01=dataclasses.replace(measure, **texts, **lists, **records))
    release = dataclasses.replace(
        release, partnership=HOSTILE, notes=(HOSTILE,), refused=(HOSTILE,), basis=HOSTILE, parent=HOSTILE
    )
    made = render(release)
    for name, data in made.items():
        if name.endswith(".html"):
            read = Text(data)
            assert not read.all("script"), name
            assert not [attrs for _, attrs in read.tags if any(a.startswith("on") for a in attrs)], name
            assert "<script>alert(1)" in read.text, name
        elif name.endswith(".svg"):
            drawing = ET.fromstring(data)
            assert not list(drawing.iter(f"{SVG}script")), name
    assert any(
        HOSTILE.replace("\x01", "") in (t.text or "")
        for t in ET.fromstring(made["charts/sp01-neighbourhoods.svg"]).iter()
    )


def test_pages_are_whole_without_anything_from_elsewhere(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        if not name.endswith(".html"):
            continue
        read = Text(data)
        assert read.all("html") == [{"lang": "en-GB", "class": "govuk-template"}]
        assert len(read.all("h1")) == 1, name
        assert "Synthetic data for a fictional city. Not real." in read.text
        assert "Draft" in read.text
        assert data.count(b"<!--phase-->") == data.count(b"<!--/phase-->") == 1  # what an edition replaces
        links = [attrs["href"] or "" for attrs in (*read.all("a"), *read.all("link"))]
        targets = {link.partition("#")[0] for link in links if not link.startswith("data:,")} - {""}
        assert targets <= set(files), name
        tables = data.decode().split("<table")[1:]
        assert all("<caption" in t.partition("</table>")[0] for t in tables), name
        assert all(attrs.get("scope") in ("col", "row") for attrs in read.all("th")), name
        ids = [attrs["id"] for _, attrs in read.tags if attrs.get("id")]
        assert len(ids) == len(set(ids)), name
    styles = b"".join(data for name, data in files.items() if name.endswith(".css"))
    assert not re.search(rb"url\(|@import|@font-face\s*{|font-family:[^;}]*GDS", styles)


def test_every_drawing_has_a_title_and_a_description(files: dict[str, bytes]) -> None:
    drawings = [data for name, data in files.items() if name.endswith(".svg")]
    assert drawings
    for data in drawings:
        root = ET.fromstring(data)
        named = (root.get("aria-labelledby") or "").split()
        title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
        assert root.get("role") == "img"
        assert title is not None
        assert description is not None
        assert named == [title.get("id"), description.get("id")]
        assert title.text
        assert description.text


def test_what_needs_a_decision_comes_first_then_themes_in_order(files: dict[str, bytes]) -> None:
    page = files["index.html"].decode()
    order = re.findall(r'class="so-tile so-tile--[a-z-]+">\s*<h3[^>]*><a[^>]*>(SP\d\d)', page)
    assert order == [f"SP{n:02}" for n in range(1, 12)]
    asked = re.findall(r'so-agenda__what">([^<]*)</strong> <span><a[^>]*>(SP\d\d)', page)
    assert asked == [
        ("Held back", "SP08"), ("Review overdue", "SP01"), ("Measure to be chosen", "SP02"), ("Position statement", "SP09"),
        ("In development", "SP03"), ("In development", "SP04"),
    ]  # fmt: skip
    assert page.index("For decision") < page.index('class="so-tiles"')
    in_time = dataclasses.replace(example.release(), as_of=date(2016, 3, 31))
    assert "Review overdue" in Text(files["index.html"]).text
    assert "Review overdue" not in Text(render(in_time)["index.html"]).text


def test_figures_without_a_column_are_refused_by_its_name() -> None:
    broken = example.frame(example.close_the_gap()).drop(columns=["symbols"])
    with pytest.raises(ValueError, match=r"SP01 lack column\(s\) symbols"):
        render(example.release(sp01=example.sp01(figures=broken)))


def test_drawing_is_the_same_twice_and_for_both_widths() -> None:
    label = charts.Label("x", "t", "d")
    months = tuple(charts.Month(24000 + i, None if i == 5 else 10.0 + i, provisional=i > 20) for i in range(24))
    for narrow in (False, True):
        drawn = [charts.lines([charts.Series(("a", "1"), months)], label, narrow=narrow) for _ in range(2)]
        assert drawn[0] == drawn[1]
        assert float(ET.fromstring(drawn[0]).get("width", "0")) == (290 if narrow else 640)


@pytest.mark.parametrize(
    ("value", "unit", "regime", "said"),
    [
        (74.95, "%", "A", "75.0%"),  # half up: golden RND-1
        (2.5, "%", "B", "3%"),
        (0.25, "crimes per 1000", "A", "0.3 crimes per 1,000 residents"),
        (1234567.5, "offences", "A", "1,234,568 offences"),
        (1, "offences", "A", "1 offence"),
        (-3.7311, "crimes per 1000", "A", "−3.7 crimes per 1,000 residents"),
        (-0.01, "crimes per 1000", "A", "0.0 crimes per 1,000 residents"),
    ],
)  # fmt: skip
def test_numbers_are_rounded_half_up_for_display(value: float, unit: str, regime: Any, said: str) -> None:
    assert words.quantity(value, unit, regime) == said


@pytest.mark.parametrize(
    ("kind", "last", "said"),
    [
        ("fy", "2016-03", "Financial year 2015-16 (April 2015 to March 2016)"),
        ("ytd", "2015-12", "Year to date (not annualised), April to December 2015"),
        ("ytd", "2016-02", "Year to date (not annualised), April 2015 to February 2016"),
        ("r12", "2015-12", "12 months to December 2015"),
        ("quarter", "2015-12", "Quarter, October to December 2015"),
        ("month", "2015-12", "December 2015"),
    ],
)
def test_periods_in_words(kind: Any, last: str, said: str) -> None:
    row = example.row("SP01", "gap", example.ending(kind, last), 1.0, "crimes per 1000")
    (figure,) = figures_of(example.frame([row]), "SP01")
    assert words.period(figure) == said
