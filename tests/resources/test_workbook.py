"""Reading workbooks: what cells come out as, what is refused, and what a hostile file can do (nothing)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.workbook import Workbook

from resources import workbook
from resources.landing import DeliveryFault
from resources.workbook import Sheet, read_sheet
from tests.campaign import examples

CANARY = "Canaryname"
HEADER = ["key", "day", "count"]


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def book_of(rows: list[list[object]], title: str = "data") -> Workbook:
    book = Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    return book


def sheet_of(rows: list[list[object]], **formats: str) -> Sheet:
    """Rows written by openpyxl, read back; `formats` are number formats by place."""
    book = book_of(rows)
    for place, code in formats.items():
        book.active[place].number_format = code
    return read_sheet(saved(book), "source", HEADER)


def edited(data: bytes, part: str, edit: Callable[[str], str]) -> bytes:
    """The workbook with the text of one part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            text = old.read(info)
            new.writestr(info.filename, edit(text.decode()).encode() if info.filename == part else text)
    return out.getvalue()


def first_column(sheet: Sheet) -> list[tuple[str, str]]:
    return list(zip(sheet.columns[0], sheet.kinds[0] or ["text"] * sheet.rows, strict=True))


def fault(data: bytes | Path, reason: str = "workbook", sheet: str = "") -> str:
    with pytest.raises(DeliveryFault) as caught:
        read_sheet(data, "source", HEADER, sheet)
    assert caught.value.reason == reason
    assert "\n" not in caught.value.text
    assert CANARY not in caught.value.text
    assert ";" in caught.value.text, "names the remedy"
    return caught.value.text


GOOD = [HEADER, ["a", date(2016, 4, 1), 5], [CANARY, date(2016, 4, 2), None]]


# --- cells ------------------------------------------------------------------------------------------------------------

CELLS: dict[str, tuple[object, str, tuple[str, str]]] = {
    "text": ("abc", "General", ("abc", "text")),
    "text with blanks": (" a ", "General", (" a ", "text")),
    "digits as text": ("007", "General", ("007", "text")),
    "1E5 as text": ("1E5", "General", ("1E5", "text")),
    "whole": (45, "General", ("45", "number")),
    "whole float": (45.0, "0.00", ("45", "number")),
    "minus": (-3, "General", ("-3", "number")),
    "zero": (0, "General", ("0", "number")),
    "fifteen digits": (123456789012345, "General", ("123456789012345", "number")),
    "more digits than Excel keeps": (1234567890123456, "General", ("1234567890123456.0", "disguised")),
    "fraction": (5.5, "General", ("5.5", "fraction")),
    "decimal": (Decimal("0.1"), "General", ("0.1", "fraction")),
    "1E5 typed into Excel": (100000, "0.00E+00", ("100000", "disguised")),
    "scientific by hand": (100000, "##0.0E+0", ("100000", "disguised")),
    "padded with zeros": (12, "00000", ("12", "disguised")),
    "share": (1, "0%", ("1", "disguised")),
    "in thousands": (1200, "#,##0", ("1200", "number")),
    "words in the format": (3, '0 "E+ 00 cases"', ("3", "number")),
    "date": (date(2016, 4, 1), "yyyy-mm-dd", ("2016-04-01", "date")),
    "5-10 typed into Excel": (date(2016, 10, 5), "d-mmm", ("2016-10-05", "date")),
    "48/1 typed into Excel": (date(1948, 1, 1), "mmm-yy", ("1948-01-01", "date")),
    "moment": (datetime(2016, 4, 1, 10, 30, 15), "yyyy-mm-dd hh:mm:ss", ("2016-04-01T10:30:15", "date")),
    "midnight": (datetime(2016, 4, 1), "yyyy-mm-dd hh:mm:ss", ("2016-04-01", "date")),
    "last second": (datetime(2016, 4, 1, 23, 59, 59), "yyyy-mm-dd hh:mm:ss", ("2016-04-01T23:59:59", "date")),
    "leap day": (date(2016, 2, 29), "dd/mm/yyyy", ("2016-02-29", "date")),
    "time of day": (time(10, 30), "hh:mm", ("10:30:00", "time")),
    "true": (True, "General", ("Y", "boolean")),
    "false": (False, "General", ("N", "boolean")),
    "formula never calculated": ("=1+1", "General", ("", "formula")),
}


@pytest.mark.parametrize("name", CELLS)
def test_cells_come_out_as_text_and_say_what_they_were(name: str) -> None:
    value, code, expected = CELLS[name]
    assert first_column(sheet_of([HEADER, [value, "x", "y"]], A2=code)) == [expected]


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"])
def test_an_error_is_told_though_the_library_shows_an_empty_cell(error: str) -> None:
    book = book_of([HEADER, ["a", "x", 1], ["b", "x", 2]])
    book.active["A3"].value, book.active["A3"].data_type = error, "e"
    assert first_column(read_sheet(saved(book), "source", HEADER)) == [("a", "text"), ("", "error")]


def test_a_row_of_which_only_an_error_is_seen_is_a_row() -> None:
    book = book_of([HEADER, ["a", "x", 1], ["#REF!", None, None], ["b", "x", 2]])
    book.active["A3"].data_type = "e"
    assert [kind for _, kind in first_column(read_sheet(saved(book), "source", HEADER))] == ["text", "error", "text"]


def test_a_calculated_formula_is_its_value() -> None:
    for result, expected in (("<v>2</v>", ("2", "number")), ("", ("", "formula")), ("<v>\n</v>\n", ("", "formula"))):
        data = saved(book_of([HEADER, ["=1+1", "x", 1]]))
        done = edited(
            data, "xl/worksheets/sheet1.xml", lambda text, result=result: re.sub("<v></v>|<v ?/>", result, text)
        )
        ((text, kind),) = first_column(read_sheet(done, "source", HEADER))
        assert (text.strip(), kind) == expected
    empty = edited(data, "xl/worksheets/sheet1.xml", lambda text: text.replace('<c r="A2">', '<c r="A2" t="str">'))
    assert first_column(read_sheet(empty, "source", HEADER)) == [("", "text")]


def test_formulas_of_extensions_are_none_of_the_cells() -> None:
    more = (
        '<extLst><ext uri="x" xmlns:x14="urn:a" xmlns:xm="urn:b"><x14:conditionalFormatting><xm:f>A1</xm:f>'
        "</x14:conditionalFormatting></ext></extLst></worksheet>"
    )
    data = edited(saved(book_of(GOOD)), "xl/worksheets/sheet1.xml", lambda text: text.replace("</worksheet>", more))
    sheet = read_sheet(data, "source", HEADER)
    assert "formula" not in {kind for kinds in sheet.kinds for kind in kinds}


def test_a_workbook_of_the_1904_calendar() -> None:
    book = book_of([HEADER, ["a", date(2016, 4, 1), 1]])
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    assert read_sheet(saved(book), "source", HEADER).columns[1] == ["2016-04-01"]


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), min_size=1, max_size=9).filter(
                lambda text: text.strip() and not text.startswith("=")
            ),
            st.dates(date(1901, 1, 1), date(2099, 12, 31)),
            st.integers(-(10**14), 10**14),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_written_is_read(rows: list[tuple[str, date, int]]) -> None:
    sheet = sheet_of([HEADER, *map(list, rows)])
    assert sheet.header == tuple(HEADER)
    assert list(zip(*sheet.columns, strict=True)) == [(key, day.isoformat(), str(count)) for key, day, count in rows]


# --- where the table is -----------------------------------------------------------------------------------------------


def test_header_below_a_banner_and_blank_rows() -> None:
    rows: list[list[object]] = [
        ["Referrals of the service"],
        [None, "key"],
        [],
        [None, None, " count ", "key", "day\t"],
        [None, None, 1, "a", date(2016, 4, 1)],
        [],
        [None, " ", "", None],
        [None, None, 2, "b", date(2016, 4, 2)],
        [],
    ]
    sheet = sheet_of(rows)
    assert sheet.header == ("count", "key", "day")
    assert sheet.columns == [["1", "2"], ["a", "b"], ["2016-04-01", "2016-04-02"]]
    assert sheet.rows == 2


def test_the_header_may_stand_in_the_thirtieth_row_and_not_below() -> None:
    assert sheet_of([*[["note"]] * 29, HEADER, ["a", 1, 2]]).header == tuple(HEADER)
    assert sheet_of([*[["note"]] * 30, HEADER, ["a", 1, 2]]).header == ("note",)


def test_a_header_that_lacks_a_column_is_still_found_as_the_header() -> None:
    assert sheet_of([["key"], ["key", "day", "surname"], ["a", 1, 2]]).header == ("key", "day", "surname")


def test_names_differ_by_case() -> None:
    assert sheet_of([["KEY", "day", "count"], ["a", 1, 2]]).header == ("KEY", "day", "count")


def test_a_header_and_no_rows() -> None:
    sheet = sheet_of([HEADER])
    assert (sheet.header, sheet.rows, sheet.columns) == (tuple(HEADER), 0, [[], [], []])


def test_values_beside_the_table_are_refused_and_never_told() -> None:
    assert "without a name" in fault(saved(book_of([[*HEADER, None], ["a", 1, 2, CANARY]])), "header")
    assert "without a name" in fault(saved(book_of([HEADER, ["a", 1, 2, None, CANARY]])), "header")
    assert sheet_of([[*HEADER, None], ["a", 1, 2, "  "]]).header == tuple(HEADER)


def test_an_empty_sheet() -> None:
    fault(saved(Workbook()), "empty")
    fault(saved(book_of([["  "], [None]])), "empty")


def several(*names: str, hidden: tuple[str, ...] = ()) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name in names:
        sheet = book.create_sheet(name)
        sheet.append(HEADER)
        sheet.append([f"in {name}", 1, 2])
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    return saved(book)


@pytest.mark.parametrize(
    ("names", "hidden", "wanted", "expected"),
    [
        (("x",), (), "", "x"),
        (("x", "source"), (), "", "source"),
        (("x", " Source "), (), "", " Source "),
        (("x", "source", "y"), (), "y", "y"),
        (("x", "y & z"), (), "Y & Z", "y & z"),
        (("x", "lists"), ("lists",), "", "x"),
        (("x", "source"), ("source",), "", "source"),
    ],
)
def test_which_sheet_is_meant(names: tuple[str, ...], hidden: tuple[str, ...], wanted: str, expected: str) -> None:
    sheet = read_sheet(several(*names, hidden=hidden), "source", HEADER, wanted)
    assert sheet.columns[0] == [f"in {expected}"]


@pytest.mark.parametrize(
    ("names", "wanted", "words"),
    [
        (("x", "y"), "", "2 sheets and not one that is called source"),
        (("source", "y"), "z", "not one that is called z"),
        (("x",), "z", "not one that is called z"),
    ],
)
def test_when_it_is_not_clear_which_sheet_is_meant(names: tuple[str, ...], wanted: str, words: str) -> None:
    assert words in fault(several(*names), "sheet", wanted)


# --- hostile files ----------------------------------------------------------------------------------------------------

CELL = '<c r="{place}" t="inlineStr"><is><t>x</t></is></c>'


def sheet_xml(cells: str) -> bytes:
    """The good workbook with these cells after its last row."""
    return edited(
        saved(book_of(GOOD)),
        "xl/worksheets/sheet1.xml",
        lambda text: text.replace("</sheetData>", f"{cells}</sheetData>"),
    )


def flagged(data: bytes) -> bytes:
    """Every member marked as encrypted."""
    raw = bytearray(data)
    for mark, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        for match in re.finditer(re.escape(mark), data):
            raw[match.start() + at] |= 1
    return bytes(raw)


def packed_with(method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(book_of(GOOD)))) as old, zipfile.ZipFile(out, "w", method) as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    return out.getvalue()


def twice() -> bytes:
    out = io.BytesIO(saved(book_of(GOOD)))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/worksheets/SHEET1.xml", b"<worksheet/>")
    return out.getvalue()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a CSV": lambda: b"key,day,count\n" + CANARY.encode(),
    "any bytes": lambda: bytes(range(256)) * 100,
    "an old workbook or an encrypted one": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "cut": lambda: saved(book_of(GOOD))[:-300],
    "cut at its end": lambda: saved(book_of(GOOD))[:-5],
    "a zip of something else": lambda: zipped({"a.csv": b"1,2\n"}),
    "not XML": lambda: edited(
        saved(book_of(GOOD)), "xl/worksheets/sheet1.xml", lambda _: "<worksheet><row></worksheet>"
    ),
    "XML of another encoding": lambda: edited(saved(book_of(GOOD)), "xl/workbook.xml", lambda text: text + "\x00"),
    "billion laughs": lambda: edited(
        saved(book_of(GOOD)), "xl/worksheets/sheet1.xml", lambda text: f'<!DOCTYPE x [<!ENTITY a "b">]>{text}'
    ),
    "two cells far apart": lambda: sheet_xml(f'<row r="1048576">{CELL.format(place="XFD1048576")}</row>'),
    "a cell of another row than its line": lambda: sheet_xml(f'<row r="9">{CELL.format(place="ZZZ999999")}</row>'),
    "a place in other letters": lambda: sheet_xml(f'<row r="9">{CELL.format(place="zzz9999999")}</row>'),
    "a place that is none": lambda: sheet_xml(f'<row r="9">{CELL.format(place="A0x9")}</row>'),
    "a row that is none": lambda: sheet_xml(f'<row r="-1">{CELL.format(place="A1")}</row>'),
    "a shared text that is not there": lambda: sheet_xml('<row r="9"><c r="A9" t="s"><v>99999999</v></c></row>'),
    "encrypted members": lambda: flagged(saved(book_of(GOOD))),
    "packed by another method": lambda: packed_with(zipfile.ZIP_LZMA),
    "two parts of one name": twice,
    "a sheet that is missing": lambda: edited(
        saved(book_of(GOOD)), "xl/_rels/workbook.xml.rels", lambda text: text.replace("sheet1.xml", "sheet7.xml")
    ),
}


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_one_line(name: str) -> None:
    fault(HOSTILE[name]())


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped({"xl/workbook.xml": bytes(2 << 20), "xl/media/film.bin": bytes(2 << 20)})
    monkeypatch.setattr(workbook, "WORKBOOK_LIMIT", (2 << 20) - 1)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("unpacked"))
    assert "unpacks to more than" in fault(bomb)


def test_texts_shared_by_many_cells_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts of 400 and of 1,000 letters that 500 cells refer to."""
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>{n % 2}</v></c></row>' for n in range(10, 510))
    texts = f"<si><t>{'y' * 400}</t></si><si><r><t>{'x' * 700}</t></r><r><t>{'z' * 300}</t></r></si>"
    out = io.BytesIO(sheet_xml(cells))
    with zipfile.ZipFile(out, "a") as archive:
        space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{space}">{texts}</sst>')
    monkeypatch.setattr(workbook, "SHARED_LIMIT", 500_000)
    assert read_sheet(out.getvalue(), "source", HEADER).columns[0][-2:] == ["y" * 400, "x" * 700 + "z" * 300]
    monkeypatch.setattr(workbook, "SHARED_LIMIT", 499_999)
    assert "texts too long" in fault(out.getvalue())


def test_limits_of_size(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(book_of([HEADER, *[["a", 1, 2]] * 20]))
    monkeypatch.setattr(workbook, "AREA_LIMIT", 3 * 21)
    assert read_sheet(data, "source", HEADER).rows == 20
    monkeypatch.setattr(workbook, "AREA_LIMIT", 3 * 21 - 1)
    assert "cells between its first and its last" in fault(data)
    monkeypatch.setattr(workbook, "WORKBOOK_LIMIT", len(data) - 1)
    assert "larger than" in fault(data)


def test_styled_cells_without_value_are_not_of_the_area() -> None:
    data = sheet_xml('<row r="1048576"><c r="XFD1048576" s="0"/></row>')
    assert read_sheet(data, "source", HEADER).rows == 2


def test_names_of_elements_with_a_prefix() -> None:
    def prefixed(text: str) -> str:
        text = re.sub(r"<(/?)([a-zA-Z]+)(?=[ />])", r"<\1x:\2", text)
        return text.replace("xmlns=", "xmlns:x=")

    book = book_of(GOOD)
    book.active["A3"].value, book.active["A3"].data_type = "#REF!", "e"
    data = edited(saved(book), "xl/worksheets/sheet1.xml", prefixed)
    sheet = read_sheet(data, "source", HEADER)
    assert sheet.columns[0] == ["a", ""]
    assert sheet.kinds[0] == ["text", "error"]


def test_a_panic_of_the_library_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        pass

    def panic(*_: object) -> None:
        raise PanicException(CANARY)

    monkeypatch.setattr(workbook.CalamineWorkbook, "from_filelike", panic, raising=False)
    fault(saved(book_of(GOOD)))


@settings(max_examples=examples(60), deadline=None)
@given(st.binary(max_size=60), st.integers(0, 6000))
def test_a_workbook_with_bytes_overwritten_is_read_or_refused(noise: bytes, at: int) -> None:
    data = bytearray(saved(book_of(GOOD)))
    data[at : at + len(noise)] = noise
    told = ""
    try:
        read_sheet(bytes(data), "source", HEADER)
    except DeliveryFault as refused:
        told = refused.text
    assert CANARY not in told
