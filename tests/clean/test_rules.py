"""What the rules share; and what holds for every source: each row has one fate, no order matters, the contract is met."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.clean.rules import meaning_on, out_of_order, sort_out, yes_no
from expectations.contracts import PARTNERS
from expectations.contracts.model import Field
from expectations.suites.generic import violations
from tests.campaign import examples
from tests.clean.given import CITY, ELSEWHERE, KNOWN, as_typed, cleaned

_DAYS = st.dates(min_value=pd.Timestamp("2014-01-01").date(), max_value=pd.Timestamp("2016-12-31").date()).map(str)
_SPECIAL = {
    "ho_code": st.sampled_from([*(code for code, *_ in KNOWN.offence_codes), "99Z"]),
    "csp_code": st.sampled_from([CITY, ELSEWHERE]),
    "lsoa_code": st.just("E01015100"),
    "neighbourhood_code": st.just("MH-01"),
    "agency": st.sampled_from(["police", "another-agency"]),
    "role_group": st.just("officer"),
    "local_area": st.sampled_from(["plymouth", "torbay"]),
    "edition": st.just("3"),
}


def _cell(field: Field) -> st.SearchStrategy[str]:
    """Any text that the contract of a field allows."""
    kinds: dict[str, Any] = {
        "key": st.integers(0, 12).map(lambda n: f"k{n:02d}"),
        "int": st.integers(int(field.minimum or 0), int(field.maximum if field.maximum is not None else 400)).map(str),
        "date": _DAYS,
        "timestamp": st.tuples(_DAYS, st.times().map(lambda t: t.isoformat("seconds"))).map("T".join),
        "quarter": st.sampled_from(["2014-15Q4", "2015-16Q1", "2015-16Q2"]),
        "flag": st.sampled_from("YN"),
        "enum": st.sampled_from(field.allowed or ("",)),
        "list": st.lists(st.sampled_from(field.allowed or ("",)), min_size=1, max_size=3).map(";".join),
    }
    strategy = _SPECIAL[field.name] if field.name in _SPECIAL else kinds[field.type]
    return st.one_of(st.just(""), strategy) if field.nullable else strategy


def _delivery(source: str) -> st.SearchStrategy[pd.DataFrame]:
    """Typed rows without faults and with distinct keys, as a rule gets them."""
    delivery = PARTNERS[source].delivery
    rows = st.lists(st.tuples(*map(_cell, delivery.fields)), max_size=10)

    def frame(cells: list[tuple[str, ...]]) -> pd.DataFrame:
        text = pd.DataFrame(cells, columns=delivery.field_names, dtype="str")
        typed, faults = as_typed(delivery, text)
        return typed.drop(index=faults.index).drop_duplicates(list(delivery.key))

    return rows.map(frame)


@pytest.mark.parametrize("source", PARTNERS)
@given(data=st.data(), seed=st.integers(0, 99))
@settings(max_examples=examples(15), deadline=None, suppress_health_check=list(HealthCheck))
def test_every_row_has_one_fate_whatever_the_order(source: str, data: st.DataObject, seed: int) -> None:
    rows = data.draw(_delivery(source))
    found = cleaned(source, rows)
    order = list(rows.index)
    random.Random(seed).shuffle(order)
    again = cleaned(source, rows.loc[order])
    assert found.rejected == again.rejected
    assert (found.repeated, found.out_of_scope) == (again.repeated, again.out_of_scope)
    pd.testing.assert_frame_equal(found.rows.sort_index(), again.rows.sort_index())

    contract = PARTNERS[source].clean
    keyed = found.rows.copy()
    for field in PARTNERS[source].delivery.fields:
        if field.type == "key" and field.name in keyed:
            keyed[field.name] = keyed[field.name].map(lambda key: f"{int(key[1:]):064x}", na_action="ignore")
    counted = violations(contract, keyed)
    assert counted.pop("rows_held") == len(keyed)
    assert set(counted) == {"columns_that_differ", "blank_mandatory", "repeated_keys", "invalid_values"}
    assert set(counted.values()) == {0}


@pytest.mark.parametrize("source", PARTNERS)
def test_no_rows_make_an_empty_table(source: str) -> None:
    delivery = PARTNERS[source].delivery
    rows, _ = as_typed(delivery, pd.DataFrame(columns=delivery.field_names, dtype="str"))
    assert cleaned(source, rows).rows.empty


def test_scope_comes_before_faults_and_the_first_reason_counts() -> None:
    rows = pd.DataFrame({"a": range(4)}, index=[10, 11, 12, 13])
    two = pd.Series([True, True, True, False], index=rows.index)
    one = pd.Series([True, True, False, False], index=rows.index)
    outside = pd.Series([True, False, False, False], index=rows.index)
    found = sort_out(rows, {"first": one, "second": two}, outside)
    assert found.out_of_scope == {10}
    assert found.rejected == {11: "first", 12: "second"}
    assert list(found.kept.index) == [13]


@pytest.mark.parametrize(
    ("dates", "wrong"),
    [
        (("2015-01-01", "2015-01-01", "2015-01-02", "2015-01-03"), False),
        (("2015-01-02", "2015-01-01", None, None), True),
        (("2015-01-02", None, None, "2015-01-01"), True),
        (("2015-01-01", None, "2015-03-01", "2015-02-01"), False),  # the last two are of one stage
        ((None, "2015-01-01", None, None), False),
        ((None, None, None, None), False),
    ],
)
def test_order_of_dates_passes_over_blanks(dates: tuple[str | None, ...], wrong: bool) -> None:
    first, second, third, fourth = (pd.Series([date], dtype="str") for date in dates)
    assert out_of_order(first, second, [third, fourth]).tolist() == [wrong]


def test_codes_mean_what_they_meant_on_the_day() -> None:
    table = (("1", "old", "2015-01-01", "2015-12-31"), ("1", "new", "2016-01-01", None), ("2", "", "2015-01-01", None))
    days = pd.Series(["2014-12-31", "2015-01-01", "2015-12-31", "2016-01-01", "2030-01-01", "2015-06-01", "2015-06-01"])
    codes = pd.Series(["1", "1", "1", "1", "1", "2", "3"])
    found = meaning_on(codes.set_axis(days.index + 5), days.set_axis(days.index + 5), table)
    assert list(found.index) == [5, 6, 7, 8, 9, 10, 11]
    assert found.astype(object).where(found.notna(), None).tolist() == [None, "old", "old", "new", "new", "", None]


def test_what_cannot_be_told_is_no() -> None:
    assert yes_no(pd.Series([True, False, None], dtype="boolean")).tolist() == ["Y", "N", "N"]
