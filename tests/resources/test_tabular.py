"""Rows of CSV and Excel: the same table, the same rows, under the same numbers."""

from __future__ import annotations

import csv
import io
import time
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.contracts import PARTNERS
from expectations.contracts.model import Delivery, Field
from resources import tabular
from resources.landing import DeliveryFault
from resources.tabular import check_header, read_rows
from tests.campaign import examples
from tests.resources.test_workbook import CANARY, book_of, saved

PDAS = PARTNERS["pdas_referral"].delivery
#: One field of every type.
EVERY = Delivery(
    "source",
    "",
    "",
    ("ref",),
    "day",
    (
        Field("ref", "key", "", domain="asb"),
        Field("day", "date", ""),
        Field("name", "string", "", nullable=True),
        Field("band", "enum", "", nullable=True, allowed=("5-10", "1", "Y")),
        Field("score", "int", "", nullable=True),
        Field("at", "timestamp", "", nullable=True),
        Field("quarter", "quarter", "", nullable=True),
        Field("yes", "flag", "", nullable=True),
        Field("many", "list", "", nullable=True, allowed=("a", "b")),
    ),
    "",
    "",
    "",
)


def csv_of(rows: list[list[str]], end: str = "\n") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end).writerows(rows)
    return out.getvalue().encode()


def values(frame: pd.DataFrame, *names: str) -> list[list[str]]:
    return frame[list(names)].values.tolist()


def refusal(delivery: Delivery, data: bytes, form: str = "csv", reason: str = "header") -> str:
    with pytest.raises(DeliveryFault) as caught:
        read_rows(delivery, data, form)  # type: ignore[arg-type]
    assert caught.value.reason == reason
    assert "\n" not in caught.value.text
    assert CANARY not in caught.value.text
    return caught.value.text


# --- the header -------------------------------------------------------------------------------------------------------

MANDATORY = PDAS.mandatory


def test_columns_stand_in_any_order_and_nullable_ones_may_be_absent() -> None:
    check_header(PDAS, MANDATORY[::-1])
    check_header(PDAS, [*MANDATORY, "dash_score"])
    check_header(PDAS, [f" {name}\t" for name in PDAS.field_names])


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ([*MANDATORY, "surname"], "unknown columns 'surname'; remove it from landing"),
        ([*MANDATORY, *(f"extra {n} {'x' * 60}" for n in range(30))], "and 25 more"),
        (MANDATORY[1:], f"missing columns '{MANDATORY[0]}'"),
        ([*MANDATORY, "dash_score", "dash_score"], "repeated columns 'dash_score'"),
        ([*MANDATORY[1:], MANDATORY[0].upper()], "unknown columns"),
        ([*MANDATORY, ""], "unknown columns ''"),
        ([*MANDATORY, "dash_score\n"], "unknown columns"),
        ([f"{CANARY} {n}" for n in range(20)], "does not begin with the header of this source; expected referral_key"),
        ([";".join(MANDATORY)], "separated by semicolons; save it with commas"),
        (["\t".join(MANDATORY)], "separated by tabs"),
        ([""], "does not begin"),
    ],
)
@pytest.mark.parametrize("source", ["pdas_referral"])
def test_other_headers_are_refused(header: list[str], words: str, source: str) -> None:
    with pytest.raises(DeliveryFault) as caught:
        check_header(PARTNERS[source].delivery, header)
    assert caught.value.reason == "header"
    assert words in caught.value.text
    assert len(caught.value.text) < 700
    assert "\n" not in caught.value.text
    assert CANARY not in caught.value.text


@pytest.mark.parametrize("source", PARTNERS)
def test_every_source_takes_its_own_header_and_no_other(source: str) -> None:
    delivery = PARTNERS[source].delivery
    check_header(delivery, delivery.field_names)
    check_header(delivery, delivery.mandatory)
    for name in delivery.mandatory:
        with pytest.raises(DeliveryFault):
            check_header(delivery, [other for other in delivery.field_names if other != name])
    for unknown in ("surname", "date_of_birth", "postcode", "email", "notes"):
        with pytest.raises(DeliveryFault, match=unknown):
            check_header(delivery, [*delivery.mandatory, unknown])


# --- CSV --------------------------------------------------------------------------------------------------------------


def test_rows_in_the_order_of_the_contract_numbered_from_one() -> None:
    found = read_rows(
        EVERY, b'\xef\xbb\xbfday , name,ref\r\n2016-04-01,"A, ""B""",k1\r\n\r\n,,\r\n2016-04-02,,k2', "csv"
    )
    assert list(found.rows.columns) == EVERY.field_names
    assert list(found.rows.index) == [1, 2]
    assert values(found.rows, "ref", "day", "name", "score") == [
        ["k1", "2016-04-01", 'A, "B"', ""],
        ["k2", "2016-04-02", "", ""],
    ]
    assert (found.faults, found.header) == ({}, ("day", "name", "ref"))
    assert set(found.rows.dtypes.astype(str)) == {"str"}


def test_text_is_never_a_missing_value_or_a_number() -> None:
    odd = ["NA", "null", "None", "nan", "0012", "1E5", " x ", "TRUE", "#N/A"]
    found = read_rows(EVERY, csv_of([["ref", "day"], *([cell, "-"] for cell in odd)]), "csv")
    assert list(found.rows["ref"]) == odd
    assert found.faults == {}


def test_rows_with_other_numbers_of_cells_are_faulty_and_shift_no_other() -> None:
    data = b"ref,day,name\nk1,d1,n1\nk2,d2\nk3,d3,n3,more\nk4\n ,\nk5,d5,n5\n"
    found = read_rows(EVERY, data, "csv")
    assert found.faults == {2: "columns", 3: "columns", 4: "columns"}
    assert values(found.rows, "ref", "day", "name") == [
        ["k1", "d1", "n1"],
        ["k2", "d2", ""],
        ["k3", "d3", "n3"],
        ["k4", "", ""],
        ["k5", "d5", "n5"],
    ]


def test_no_rows() -> None:
    for data in (b"ref,day", b"ref,day\n", b"ref,day\r\n\r\n,\r\n"):
        found = read_rows(EVERY, data, "csv")
        assert (len(found.rows), found.faults) == (0, {})
        assert list(found.rows.columns) == EVERY.field_names


CELL = st.text(alphabet='ab,"\n é;0 ', max_size=5)


@settings(max_examples=examples(60), deadline=None)
@given(
    rows=st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=8),
    ragged=st.lists(st.lists(CELL, min_size=1, max_size=5), max_size=3),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_rows_are_those_of_the_csv_module(rows: list[list[str]], ragged: list[list[str]], end: str) -> None:
    """With and without rows of other widths, which take another way through the code."""
    header = ["ref", "day", "name"]
    for given_rows in (rows, [*rows, *ragged]):
        data = csv_of([header, *given_rows], end)
        told = [row for row in csv.reader(io.StringIO(data.decode(), newline="")) if any(cell.strip() for cell in row)][
            1:
        ]
        found = read_rows(EVERY, data, "csv")
        assert values(found.rows, *header) == [[*row, "", ""][:3] for row in told]
        assert found.faults == {n: "columns" for n, row in enumerate(told, 1) if len(row) != 3}


@settings(max_examples=examples(60), deadline=None)
@given(st.text(alphabet='a",\n', max_size=30))
def test_stray_quotes_are_read_as_the_csv_module_reads_them(text: str) -> None:
    told = [row for row in csv.reader(io.StringIO(text, newline="")) if any(cell.strip() for cell in row)]
    found = read_rows(EVERY, b"ref,day\n" + text.encode(), "csv")
    assert values(found.rows, "ref", "day") == [[*row, ""][:2] for row in told]


def test_a_file_and_its_bytes_are_the_same(tmp_path: Path) -> None:
    data = csv_of([["ref", "day"], ["k", "d"]])
    (tmp_path / "x").write_bytes(data)
    pd.testing.assert_frame_equal(read_rows(EVERY, tmp_path / "x", "csv").rows, read_rows(EVERY, data, "gz").rows)
    assert "copy the file again" in refusal(EVERY, tmp_path / "gone", reason="unreadable")  # type: ignore[arg-type]


def test_sixty_thousand_rows_in_half_a_second() -> None:
    delivery = PARTNERS["police_crime"].delivery
    row = ["a" * 64, "2016-04-01T10:30:15+01:00", *["Y"] * (len(delivery.fields) - 2)]
    data = csv_of([delivery.field_names, *[row] * 60_000])
    read_rows(delivery, data, "csv")
    took = []
    for _ in range(3):
        start = time.process_time()
        assert len(read_rows(delivery, data, "csv").rows) == 60_000
        took.append(time.process_time() - start)
    assert min(took) < 0.5


# --- Excel ------------------------------------------------------------------------------------------------------------

DAY = date(2016, 4, 1)
NAMES = EVERY.field_names
GOOD_ROW: list[object] = ["k1", DAY, "n", "5-10", 7, datetime(2016, 4, 1, 10, 30), "2015-16Q1", "Y", "a;b"]


def excel(cell: object = None, name: str = "", code: str = "General") -> bytes:
    """A good row, and one with this cell in this column."""
    second = [cell if name == one else value for one, value in zip(NAMES, GOOD_ROW, strict=True)]
    book = book_of([["Banner"], NAMES, GOOD_ROW, second])
    if name:
        book.active.cell(4, NAMES.index(name) + 1).number_format = code
    return saved(book)


def test_excel_rows_are_those_of_a_csv() -> None:
    same = ["k1", "2016-04-01", "n", "5-10", "7", "2016-04-01T10:30:00", "2015-16Q1", "Y", "a;b"]
    found = read_rows(EVERY, excel(), "xlsx")
    pd.testing.assert_frame_equal(found.rows, read_rows(EVERY, csv_of([NAMES, same, same]), "csv").rows)
    assert (found.faults, found.header) == ({}, tuple(NAMES))


UNFIT = [
    ("ref", date(2016, 10, 5), "d-mmm", "excel_date_ref"),
    ("ref", 100000, "0.00E+00", "excel_number_ref"),
    ("ref", 1.5, "General", "excel_number_ref"),
    ("ref", 12345678901234567, "General", "excel_number_ref"),
    ("ref", 12, "000000", "excel_number_ref"),
    ("ref", True, "General", "type_ref"),
    ("name", date(1948, 1, 1), "mmm-yy", "excel_date_name"),
    ("name", 0.5, "# ?/?", "excel_number_name"),
    ("band", date(2016, 10, 5), "d-mmm", "excel_date_band"),
    ("band", 1e5, "0.00E+00", "excel_number_band"),
    ("many", date(2016, 10, 5), "d-mmm", "excel_date_many"),
    ("quarter", date(2016, 4, 1), "yyyy-mm", "excel_date_quarter"),
    ("yes", date(2016, 4, 1), "d-mmm", "excel_date_yes"),
    ("score", date(2016, 4, 1), "d-mmm", "excel_date_score"),
    ("score", "=1+1", "General", "excel_formula_score"),
    ("day", "=TODAY()", "General", "excel_formula_day"),
]


@pytest.mark.parametrize(("name", "cell", "code", "reason"), UNFIT)
def test_what_excel_made_of_a_code_is_caught_and_not_repaired(name: str, cell: object, code: str, reason: str) -> None:
    assert read_rows(EVERY, excel(cell, name, code), "xlsx").faults == {2: reason}


@pytest.mark.parametrize(
    ("name", "cell", "code", "text"),
    [
        ("ref", 45, "General", "45"),
        ("name", 45.0, "0", "45"),
        ("band", 1, "General", "1"),
        ("band", True, "General", "Y"),
        ("score", 100, "0.00E+00", "100"),
        ("score", 5.5, "General", "5.5"),
        ("yes", False, "General", "N"),
        ("day", datetime(2016, 4, 1, 10, 30), "yyyy-mm-dd hh:mm", "2016-04-01T10:30:00"),
        ("day", 42461, "General", "42461"),
        ("at", datetime(2016, 4, 1), "yyyy-mm-dd hh:mm", "2016-04-01T00:00:00"),
        ("at", "2016-04-01T10:30:00+01:00", "General", "2016-04-01T10:30:00+01:00"),
        ("name", None, "General", ""),
    ],
)
def test_what_a_column_may_hold_is_left_to_typing(name: str, cell: object, code: str, text: str) -> None:
    found = read_rows(EVERY, excel(cell, name, code), "xlsx")
    assert found.faults == {}
    assert found.rows.loc[2, name] == text


def test_errors_of_formulas_are_caught_in_every_column() -> None:
    for name in NAMES:
        book = book_of([NAMES, GOOD_ROW, GOOD_ROW])
        cell = book.active.cell(3, NAMES.index(name) + 1)
        cell.value, cell.data_type = "#REF!", "e"
        assert read_rows(EVERY, saved(book), "xlsx").faults == {2: f"excel_error_{name}"}


def test_of_several_faults_the_first_column_of_the_contract_speaks() -> None:
    row = [date(2016, 10, 5), DAY, 1.5, *GOOD_ROW[3:]]
    book = book_of([NAMES[::-1], GOOD_ROW[::-1], row[::-1]])
    assert read_rows(EVERY, saved(book), "xlsx").faults == {2: "excel_date_ref"}


def test_headers_of_workbooks() -> None:
    assert "unknown columns 'surname'" in refusal(EVERY, saved(book_of([[*NAMES, "surname"], GOOD_ROW])), "xlsx")
    assert "missing columns 'day'" in refusal(EVERY, saved(book_of([["ref", "name", "band"], GOOD_ROW[:3]])), "xlsx")
    assert "repeated columns 'day'" in refusal(EVERY, saved(book_of([[*NAMES, "day"], GOOD_ROW])), "xlsx")
    assert "does not begin" in refusal(EVERY, saved(book_of([[CANARY, 1], [CANARY, 2]])), "xlsx")
    with pytest.raises(DeliveryFault, match="called other"):
        read_rows(EVERY, excel(), "xlsx", "other")
    assert len(read_rows(EVERY, excel(), "xlsx", "data").rows) == 2


def test_both_ways_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole table goes the quick way, a ragged one the careful way."""
    monkeypatch.setattr(tabular, "_with_care", lambda *_: pytest.fail("careful"))
    read_rows(EVERY, b"ref,day\nk,d\n", "csv", "csv")
    with pytest.raises(pytest.fail.Exception):
        read_rows(EVERY, b"ref,day\nk\n", "csv", "csv")
