"""The workbook: accessible by the government's guidance, honest about its data, and the same bytes on any day."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from assets.release import words
from assets.release.downloads import DRAFT
from assets.release.view import MeasureView, ReleaseView, RevisionView
from assets.release.workbook import workbook_bytes
from tests.paths import ROOT
from tests.release import example
from tests.release.downloaded import everything, with_figures

SHOWN = ("SP01", "SP03", "SP04", "SP05", "SP06", "SP07", "SP08", "SP10", "SP11")


@cache
def sample() -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(workbook_bytes(everything()[0], DRAFT)))


def made(view: ReleaseView) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(workbook_bytes(view, DRAFT)))


def small(**changed: Any) -> ReleaseView:
    """A release of one measure and few figures, quick to write."""
    one = example.sp01(checks=())
    return replace(example.release(), measures=(replace(one, figures=one.figures.head(8)),), **changed)


def table(sheet: Worksheet) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Heads and rows of the one table of a sheet."""
    (only,) = sheet.tables.values()
    head, *rows = ([cell.value for cell in row] for row in sheet[only.ref])
    return head, [tuple(row) for row in rows]


def test_which_sheets_there_are_and_in_which_order() -> None:
    quality = ["Deliveries", "Checks", "Rows set aside"]
    assert sample().sheetnames == ["Cover", "Contents", "Notes", "Summary", *SHOWN, *quality]


def test_each_sheet_has_one_table_one_row_of_heads_and_no_merged_cell() -> None:
    for sheet in sample().worksheets:
        assert not sheet.merged_cells.ranges
        if sheet.title == "Cover":
            assert not sheet.tables
            continue
        head, rows = table(sheet)
        (only,) = sheet.tables.values()
        first, last = only.ref.split(":")
        assert only.headerRowCount == 1
        assert first.startswith("A") and sheet[last].row == sheet.max_row
        assert all(isinstance(name, str) and name for name in head)
        assert len(set(head)) == len(head)
        assert rows
        assert not any(all(value is None for value in row) for row in rows)
        above = [row for row in sheet.iter_rows(max_row=sheet[first].row - 1, values_only=True)]
        assert all(row[0] and not any(row[1:]) for row in above)


def test_no_meaning_by_colour() -> None:
    for sheet in sample().worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.fill.fill_type is None
                colour = cell.font.color.rgb if cell.font.color is not None and cell.font.color.type == "rgb" else None
                assert colour in (None, "FF000000") or cell.hyperlink is not None


def test_the_contents_lead_to_every_sheet() -> None:
    sheet = sample()["Contents"]
    _, rows = table(sheet)
    names = sample().sheetnames[2:]
    assert [row[0] for row in rows] == names
    assert [row[1] for row in rows] == [sample()[name]["A1"].value for name in names]
    links = [cell.hyperlink.location for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    assert links == [f"'{name}'!A1" for name in names]


def test_synthetic_data_say_so_on_the_cover_and_in_every_title() -> None:
    for sheet in sample().worksheets:
        assert words.SYNTHETIC in sheet["A1"].value, sheet.title
    cover = [row[0] for row in sample()["Cover"].iter_rows(values_only=True)]
    assert words.SYNTHETIC in cover
    assert DRAFT in cover


def test_real_data_are_not_called_synthetic() -> None:
    book = made(small(synthetic=False, basis="open data"))
    assert not any("ynthetic" in str(cell.value) for s in book for row in s.iter_rows() for cell in row)


def test_every_symbol_is_explained() -> None:
    _, rows = table(sample()["Notes"])
    said = {row[0]: row[2] for row in rows}
    for symbol, _, meaning in words.SYMBOLS:
        assert said[f"[{symbol}]"] == meaning
    used = set()
    for name in SHOWN:
        head, rows = table(sample()[name])
        used |= {symbol for row in rows for symbol in str(row[head.index("Symbols")] or "").split()}
    assert used and used <= set(said)


def test_an_empty_number_has_its_reason_beside_it() -> None:
    for name in SHOWN:
        head, rows = table(sample()[name])
        value, symbols = head.index("Value"), head.index("Symbols")
        for row in rows:
            assert row[value] is not None or row[symbols]
            assert row[value] is None or isinstance(row[value], int | float)


def test_numbers_are_shown_with_the_decimals_of_the_pages() -> None:
    def format_of(name: str, head: str, unit: str) -> set[str]:
        sheet = sample()[name]
        heads, rows = table(sheet)
        (only,) = sheet.tables.values()
        top = sheet[only.ref.split(":")[0]].row
        return {
            sheet.cell(top + number, heads.index(head) + 1).number_format
            for number, row in enumerate(rows, start=1)
            if row[heads.index("Unit")] == unit
        }

    assert format_of("SP01", "Value", "offences per 1,000 residents") == {"#,##0.0"}
    assert format_of("SP01", "Numerator", "offences per 1,000 residents") == {"#,##0"}
    assert format_of("SP06", "Value", "percent") == {"#,##0"}
    assert format_of("SP05", "Value", "assessments") == {"#,##0"}
    assert format_of("SP05", "First day", "assessments") == {"yyyy-mm-dd"}


def test_the_summary_has_every_measure_and_says_why_one_has_no_figure() -> None:
    head, rows = table(sample()["Summary"])
    said = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert list(said) == [f"SP{n:02}" for n in range(1, 12)]
    for name in ("SP02", "SP09"):
        assert said[name]["State"] == "Awaiting the Board"
        assert said[name]["Why"].startswith("Awaiting the Board")
        assert said[name]["Value"] is said[name]["Period"] is said[name]["Comparison"] is None
    assert said["SP06"]["Comparison"] is None  # baseline year: nothing is judged
    assert said["SP05"]["Comparison"]


def test_held_figures_say_as_at_when() -> None:
    sp08 = example.sp08(checks=())
    book = made(replace(small(), measures=(replace(sp08, figures=sp08.figures.tail(30)),)))
    head, rows = table(book["Summary"])
    held = next(dict(zip(head, row, strict=True)) for row in rows if row[0] == "SP08")
    assert held["State"] == "Held"
    assert held["Data as at"].date().isoformat() == "2016-02-29"
    assert "29 February 2016" in book["SP08"]["A3"].value


def test_revisions_have_a_sheet_with_numbers_as_numbers() -> None:
    days = date(2015, 4, 1), date(2016, 3, 31)
    one = RevisionView("SP01", "gap", "", "Vale", "fy", *days, "crimes per 1000", "−1,234.5", "[c]", "late", False)
    view = small()
    book = made(replace(view, measures=(replace(view.measures[0], revisions=(one,)),)))
    head, rows = table(book["Revisions"])
    said = dict(zip(head, rows[0], strict=True))
    assert (said["Old"], said["New"], said["Scheduled"]) == (-1234.5, "[c]", "no")


@pytest.mark.parametrize(
    "text",
    [
        "see [this](https://example.org) and [that](https://example.org/2)",
        "cost $$5$$ or $$",
        "…",
        "北区",
        "=1",
        "a\r\nb\tc",
        "\x00\x0b",
        "x" * 40_000,
        "https://example.org",
        "{=1}",
        "_x0041_",
    ],
)
def test_no_text_of_the_register_or_a_delivery_breaks_it(text: str) -> None:
    view = with_figures(small(partnership=text, notes=(text,)), "SP01", note=text, area_name=text, breakdown=text)
    one: MeasureView = replace(view.measures[0], name=text, title=text, theme=text, reasons=(text,))
    book = made(replace(view, measures=(one,)))
    assert len(table(book["SP01"])[1]) == len(one.figures)
    assert not any(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row)
    assert not any(cell.hyperlink for row in book["SP01"].iter_rows() for cell in row)


def test_a_release_without_any_figure_has_a_workbook() -> None:
    view = small()
    nothing = replace(view.measures[0], figures=example.frame([]), state="awaiting_data", reasons=("Nothing came.",))
    book = made(replace(view, measures=(nothing,), deliveries=()))
    assert book.sheetnames == ["Cover", "Contents", "Notes", "Summary"]


def test_two_processes_at_two_times_write_the_same_bytes() -> None:
    script = (
        "import sys; from tests.release.test_workbook import small, DRAFT; from assets.release.workbook import workbook_bytes;"
        " sys.stdout.buffer.write(workbook_bytes(small(), DRAFT))"
    )
    begun = time.time()
    first = workbook_bytes(small(), DRAFT)
    # The time of a file in a zip has a step of two seconds.
    time.sleep(max(0.0, begun + 2.1 - time.time()))
    environment = {**os.environ, "PYTHONHASHSEED": "4", "TZ": "Pacific/Auckland", "PYTHONPATH": str(ROOT)}
    other = subprocess.run([sys.executable, "-c", script], env=environment, cwd=ROOT, check=True, capture_output=True)
    assert hashlib.sha256(other.stdout).hexdigest() == hashlib.sha256(first).hexdigest()
    assert other.stdout == first


def test_it_holds_no_time_but_that_of_the_release() -> None:
    with zipfile.ZipFile(io.BytesIO(workbook_bytes(small(), DRAFT))) as file:
        assert {info.date_time[:3] for info in file.infolist()} == {(1980, 1, 1)}
        core = file.read("docProps/core.xml").decode()
    assert core.count("2016-05-01T00:00:00Z") == 2
    assert str(time.gmtime().tm_year) not in core
