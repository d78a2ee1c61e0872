"""Typing of delivered text: every type with good and bad cells, against worked answers and a second way of reading."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.clean.typed import DateOrder, period_dates, quarter_end, typed
from expectations.contracts.model import NULL_WORDS, STRANDS, Delivery, Field, FieldType
from methods.periods import london_date


def delivery(*fields: Field, period: str = "") -> Delivery:
    return Delivery("invented", "", "", (fields[0].name,), period or fields[0].name, fields, "", "", "")


def read(kind: FieldType, *cells: str, order: DateOrder = "YMD", **how: object) -> tuple[list[object], dict[int, str]]:
    """Typed values (None where missing) and the reasons by row."""
    one = Field("cell", kind, "", domain="asb" if kind == "key" else "", nullable=True, **how)  # type: ignore[arg-type]
    rows, reasons = typed([one], pd.DataFrame({"cell": list(cells)}, dtype="str"), order)
    values = [None if pd.isna(value) else value for value in rows["cell"]]
    return values, {int(row): reason for row, reason in reasons.items()}


@pytest.mark.parametrize(
    ("kind", "cells", "values", "bad"),
    [
        ("string", [" a ", ""], ["a", None], {}),
        ("key", ["R/1", " R/1 "], ["R/1", "R/1"], {}),
        ("int", ["3", "03", "3.0", "-2", ""], [3, 3, 3, -2, None], {}),
        ("int", ["3.5", "1e3", "three", "٣"], [None, None, None, None], dict.fromkeys(range(4), "type_cell")),
        (
            "date",
            ["2016-02-29", "2015-04-01T00:00:00", "2015-04-01 00:00:00"],
            ["2016-02-29", "2015-04-01", "2015-04-01"],
            {},
        ),
        (
            "date",
            ["2015-02-29", "1/4/2015", "2015-4-1", "2015-04-01T10:00:00", "42000"],
            [None] * 5,
            dict.fromkeys(range(5), "type_cell"),
        ),
        ("flag", ["Y", "N", ""], ["Y", "N", None], {}),
        ("flag", ["y", "yes", "1"], [None] * 3, dict.fromkeys(range(3), "value_cell")),
        ("quarter", ["2015-16Q1", "1999-00Q4"], ["2015-16Q1", "1999-00Q4"], {}),
        ("quarter", ["2015-17Q1", "2015-16Q5", "2015Q1"], [None] * 3, dict.fromkeys(range(3), "type_cell")),
    ],
)
def test_types(kind: FieldType, cells: list[str], values: list[object], bad: dict[int, str]) -> None:
    found, reasons = read(kind, *cells)
    assert found == values
    assert reasons == bad


def test_lists_are_sorted_sets_of_allowed_values() -> None:
    values, bad = read("list", "religion;race", "race | race", "race,disability", "", "race;faith", allowed=STRANDS)
    assert values == ["race;religion", "race", "disability;race", "", ""]
    assert bad == {4: "value_cell"}


def test_ranges_enums_and_patterns() -> None:
    assert read("int", "0", "24", "25", "-1", minimum=0, maximum=24)[1] == {2: "value_cell", 3: "value_cell"}
    assert read("enum", "high", "High", allowed=("high", "low"))[1] == {1: "value_cell"}
    assert read("string", "E01000001", "E0100000", pattern=r"[EW]01\d{6}")[1] == {1: "value_cell"}
    assert read("string", "x" * 201)[1] == {0: "value_cell"}


def test_day_and_month_order_is_declared_and_never_guessed() -> None:
    assert read("date", "01/04/2015", "1.4.2015", "31-12-2015", order="DMY")[0] == [
        "2015-04-01",
        "2015-04-01",
        "2015-12-31",
    ]
    assert read("date", "01/04/2015", order="MDY")[0] == ["2015-01-04"]
    assert read("date", "13/04/2015", order="MDY")[1] == {0: "type_cell"}
    # What a workbook holds as a real date comes as ISO whatever the sender's order.
    assert read("date", "2015-04-01", order="DMY")[0] == ["2015-04-01"]


def test_words_for_nothing_are_null_only_where_the_contract_says_so() -> None:
    assert read("date", "N/A", "-", "", null_words=NULL_WORDS) == ([None, None, None], {})
    assert read("date", "N/A", "-")[1] == {0: "type_cell", 1: "type_cell"}
    assert read("string", "N/A", "nan", "NULL")[0] == ["N/A", "nan", "NULL"]


def test_blank_mandatory_cell_is_told_apart() -> None:
    rows, reasons = typed(
        [Field("a", "date", ""), Field("b", "flag", "")],
        pd.DataFrame({"a": ["", "x", "2015-04-01"], "b": ["", "Y", " "]}, dtype="str"),
    )
    assert reasons.to_dict() == {0: "blank_a", 1: "type_a", 2: "blank_b"}
    assert rows["a"].notna().tolist() == [False, False, True]


def test_moments_become_london_time() -> None:
    """PER-1: 23:30Z on 31 March 2015 is 1 April in London; without a zone the clock on the wall is meant."""
    values, bad = read(
        "timestamp", "2015-03-31T23:30:00Z", "2015-03-31T23:30:00", "2015-01-10 08:15", "2015-07-01T00:30+02:00", "noon"
    )
    assert [str(value)[:16] for value in values[:4]] == [
        "2015-04-01 00:30",
        "2015-03-31 23:30",
        "2015-01-10 08:15",
        "2015-06-30 23:30",
    ]
    assert bad == {4: "type_cell"}


@given(
    st.datetimes(
        min_value=pd.Timestamp("2011-01-01").to_pydatetime(), max_value=pd.Timestamp("2016-12-31").to_pydatetime()
    )
)
def test_moments_agree_with_the_methods(moment: object) -> None:
    text = f"{moment:%Y-%m-%dT%H:%M:%S}Z"
    one = Field("cell", "timestamp", "")
    days = period_dates(delivery(one), pd.DataFrame({"cell": [text]}, dtype="str"))
    assert days[0] == london_date(text).isoformat()


@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2050, 1, 1)))
def test_every_day_reads_back_in_every_order(day: date) -> None:
    assert read("date", day.isoformat())[0] == [day.isoformat()]
    assert read("date", f"{day:%d/%m/%Y}", order="DMY")[0] == [day.isoformat()]
    assert read("date", f"{day:%m-%d-%Y}", order="MDY")[0] == [day.isoformat()]


def test_quarters_end_where_financial_quarters_do() -> None:
    assert [quarter_end(f"2015-16Q{n}") for n in (1, 2, 3, 4)] == [
        "2015-06-30",
        "2015-09-30",
        "2015-12-31",
        "2016-03-31",
    ]


def test_empty_delivery() -> None:
    rows, reasons = typed(
        [Field("a", "date", ""), Field("n", "int", "")], pd.DataFrame({"a": [], "n": []}, dtype="str")
    )
    assert len(rows) == 0
    assert reasons.empty


def test_a_column_that_is_empty_in_every_row_has_its_type_all_the_same() -> None:
    kinds: tuple[FieldType, ...] = ("string", "date", "int", "timestamp", "quarter", "flag")
    fields = [Field(kind, kind, "", nullable=True) for kind in kinds]
    rows, reasons = typed(fields, pd.DataFrame({kind: ["", ""] for kind in kinds}, dtype="str"))
    assert reasons.empty
    assert rows.isna().all().all()
    assert {name: str(dtype) for name, dtype in rows.dtypes.items()} == {
        "string": "str",
        "date": "str",
        "int": "Int64",
        "timestamp": "datetime64[s]",
        "quarter": "str",
        "flag": "str",
    }
