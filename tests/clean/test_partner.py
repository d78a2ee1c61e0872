"""From deliveries to a clean table: an account of every row, whatever the order, the split or the repetition of deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.clean.cleaned import Cleaned, Known
from assets.clean.partner import Made, Part, rows_by_month, settle
from assets.clean.pseudonym import Pseudonyms
from expectations.contracts.model import Column, Delivery, Field, Table
from expectations.contracts.partner import source
from tests.campaign import examples

KNOWN = Known("E06000001", "here")
KEYED = Pseudonyms(b"a long enough secret for the tests of deliveries")
DELIVERY = Delivery(
    "invented",
    "Invented cases.",
    "one case",
    ("case_key",),
    "day",
    (
        Field("case_key", "key", "case", data_class="P", domain="asb"),
        Field("day", "date", "day"),
        Field("kind", "enum", "kind", allowed=("mine", "elsewhere", "copy", "odd")),
    ),
    "",
    "",
    "",
)
CLEAN = Table(
    "clean_invented",
    "",
    "",
    ("case_key",),
    (Column("case_key", "string", ""), Column("month", "string", ""), Column("day", "string", "")),
)
SOURCE = source(DELIVERY, CLEAN)
WHOLE = ("2015-04-01", "2015-09-30")


def rule(rows: pd.DataFrame, known: Known) -> Cleaned:
    """Copies are merged, what is elsewhere is out of scope, what is odd is set aside."""
    assert known is KNOWN
    labels = {kind: frozenset(rows.index[rows["kind"] == kind]) for kind in ("copy", "elsewhere", "odd")}
    return Cleaned(
        rows[rows["kind"] == "mine"], dict.fromkeys(labels["odd"], "odd_kind"), labels["copy"], labels["elsewhere"]
    )


Row = tuple[str, str, str]


def part(
    rows: Sequence[Row],
    coverage: tuple[str, str] = WHOLE,
    spans: Sequence[tuple[str, str]] | None = None,
    sha: str = "a",
    faults: Mapping[int, str] | None = None,
) -> Part:
    text = pd.DataFrame(rows, columns=DELIVERY.field_names, dtype="str", index=range(1, len(rows) + 1))
    return Part(sha * 64, coverage, tuple(spans or [coverage]), text, faults or {})


def made(*parts: Part, previous: Mapping[str, int] | None = None) -> Made:
    return settle(SOURCE, parts, previous, rule, KNOWN, KEYED)


def account(found: Made) -> dict[str, dict[str, int]]:
    table = found.completeness.set_index("month").drop(columns="previous_rows")
    return {str(m): {k: int(v) for k, v in row.items() if v} for m, row in table.to_dict("index").items()}


def test_every_row_ends_in_one_place() -> None:
    found = made(
        part(
            [
                ("K1", "2015-04-10", "mine"),
                ("K2", "2015-04-11", "elsewhere"),
                ("K3", "2015-04-12", "copy"),
                ("K4", "2015-05-01", "odd"),
                ("K5", "2015-05-02", "strange"),
                ("K6", "32/13/2015", "mine"),
                ("K7", "2015-10-01", "mine"),
                ("K8", "2015-06-30", "mine"),
                ("K8", "2015-06-30", "mine"),
                ("K9", "2015-06-30", "mine"),
            ],
            faults={10: "excel_date_kind"},
        )
    )
    assert account(found) == {
        "": {"delivered_rows": 1, "quarantined": 1},
        "2015-04": {"delivered_rows": 3, "counted": 1, "out_of_scope": 1, "repeated": 1, "received": 1},
        "2015-05": {"delivered_rows": 2, "quarantined": 2, "received": 1},
        "2015-06": {"delivered_rows": 3, "counted": 1, "quarantined": 2, "received": 1},
        "2015-07": {"received": 1},
        "2015-08": {"received": 1},
        "2015-09": {"received": 1},
        "2015-10": {"delivered_rows": 1, "quarantined": 1},
    }
    assert found.quarantine[["row_number", "reason"]].values.tolist() == [
        [4, "odd_kind"],
        [5, "value_kind"],
        [6, "type_day"],
        [7, "outside_coverage"],
        [9, "key_repeated"],
        [10, "excel_date_kind"],
    ]
    assert found.clean["case_key"].tolist() == sorted(KEYED.of("asb", pd.Series(["K1", "K8"])))


def test_a_newer_delivery_replaces_the_older_on_its_days_only() -> None:
    old = part(
        [("K1", "2015-04-10", "mine"), ("K2", "2015-08-10", "mine")], spans=[("2015-04-01", "2015-06-30")], sha="a"
    )
    new = part([("K3", "2015-07-01", "mine")], ("2015-07-01", "2015-09-30"), sha="b")
    found = made(old, new)
    assert sorted(found.clean["day"]) == ["2015-04-10", "2015-07-01"]
    assert account(found)["2015-08"] == {"delivered_rows": 1, "superseded": 1, "received": 1}
    assert rows_by_month(DELIVERY, [old, new], "YMD") == {"2015-04": 1, "2015-07": 1}


def test_a_month_that_is_not_wholly_covered_is_not_received() -> None:
    found = made(part([("K1", "2015-04-10", "mine")], ("2015-04-02", "2015-05-31")))
    assert dict(zip(found.completeness["month"], found.completeness["received"], strict=True)) == {
        "2015-04": 0,
        "2015-05": 1,
    }
    halves = [part([], ("2015-04-01", "2015-04-15")), part([], ("2015-04-16", "2015-04-30"), sha="b")]
    assert made(*halves).completeness["received"].tolist() == [1]
    gap = [part([], ("2015-04-01", "2015-04-15")), part([], ("2015-04-17", "2015-04-30"), sha="b")]
    assert made(*gap).completeness["received"].tolist() == [0]


def test_what_counted_before_is_kept_for_comparison() -> None:
    found = made(part([("K1", "2015-04-10", "mine")]), previous={"2015-04": 3, "2015-03": 2})
    held = dict(zip(found.completeness["month"], found.completeness["previous_rows"], strict=True))
    assert (held["2015-03"], held["2015-04"], held["2015-05"]) == (2, 3, 0)
    assert made(part([("K1", "2015-04-10", "mine")])).completeness["previous_rows"].isna().all()


def test_nothing_delivered_gives_empty_tables() -> None:
    found = made()
    assert (len(found.clean), len(found.completeness), len(found.quarantine)) == (0, 0, 0)
    assert list(found.clean.columns) == CLEAN.column_names


def test_a_rule_that_loses_a_row_is_stopped() -> None:
    with pytest.raises(AssertionError, match="clean invented"):
        settle(SOURCE, [part([("K1", "2015-04-10", "mine")])], None, lambda rows, _: Cleaned(rows[:0]), KNOWN, KEYED)


DAYS = st.integers(0, 182).map(lambda n: (date(2015, 4, 1) + timedelta(days=n)).isoformat())
ROWS = st.lists(
    st.tuples(
        st.integers(0, 30).map("K{}".format), DAYS, st.sampled_from(["mine", "elsewhere", "copy", "odd", "strange"])
    ),
    max_size=25,
)


@settings(max_examples=examples(60), deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(rows: list[Row], chance: object) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, two = made(part(rows)), made(part(shuffled))
    pd.testing.assert_frame_equal(one.clean, two.clean)
    pd.testing.assert_frame_equal(one.completeness, two.completeness)
    assert sorted(one.quarantine["reason"]) == sorted(two.quarantine["reason"])


@settings(max_examples=examples(60), deadline=None)
@given(ROWS, st.integers(1, 181))
def test_split_in_two_changes_nothing(rows: list[Row], at: int) -> None:
    """Rows of each half in a delivery of its own; keys that repeat across the cut are one key all the same."""
    cut = date(2015, 4, 1) + timedelta(days=at)
    before = (cut - timedelta(days=1)).isoformat()
    first = part([r for r in rows if r[1] < cut.isoformat()], (WHOLE[0], before), sha="a")
    second = part([r for r in rows if r[1] >= cut.isoformat()], (cut.isoformat(), WHOLE[1]), sha="b")
    whole, split = made(part(rows)), made(first, second)
    pd.testing.assert_frame_equal(whole.clean, split.clean)
    pd.testing.assert_frame_equal(whole.completeness, split.completeness)


@settings(max_examples=examples(40), deadline=None)
@given(ROWS, st.integers(1, 5))
def test_rows_from_elsewhere_change_no_clean_row(rows: list[Row], more: int) -> None:
    added = [*rows, *((f"E{n}", "2015-05-05", "elsewhere") for n in range(more))]
    one, two = made(part(rows)), made(part(added))
    pd.testing.assert_frame_equal(one.clean, two.clean)
    totals = [int(found.completeness["out_of_scope"].sum()) for found in (one, two)]
    assert totals[1] - totals[0] == more


@settings(max_examples=examples(60), deadline=None)
@given(ROWS)
def test_rows_in_are_rows_accounted_for(rows: list[Row]) -> None:
    found = made(part(rows))
    parts = found.completeness[["quarantined", "superseded", "repeated", "out_of_scope", "counted"]].sum()
    assert int(parts.sum()) == len(rows) == int(found.completeness["delivered_rows"].sum())
    assert int(parts["counted"]) == len(found.clean)
    assert int(parts["quarantined"]) == len(found.quarantine)
