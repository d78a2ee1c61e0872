"""Which partner delivery counts on which day, worked by hand and against a day-by-day second implementation."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise, permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from assets.raw.precedence import counting, current, overlap, previously
from resources.archive import Receipt
from tests.campaign import examples

START = date(2016, 4, 1)


def day(number: int) -> str:
    """Day of the year, from 1 April 2016 as 0."""
    return (START + timedelta(days=number)).isoformat()


def receipt(
    number: int, content: str, first: int, last: int, extracted_at: str | None = None, rows: int = 5, batch: str = ""
) -> Receipt:
    coverage = (day(first), day(last))
    return Receipt(
        number=number,
        source="pdas_referral",
        slot="/".join(coverage),
        force="",
        month="",
        sha256=content,
        size=1,
        rows=rows,
        header=(),
        form="csv",
        name="",
        extracted_at=extracted_at,
        coverage=coverage,
        received_at=batch or f"2016-09-{number:02d}",
    )


def found(receipts: Iterable[Receipt]) -> dict[str, list[tuple[int, int]]]:
    """Spans of each content as numbers of days."""
    back = {day(number): number for number in range(-60, 400)}
    return {one.receipt.sha256: [(back[a], back[b]) for a, b in one.spans] for one in counting(receipts)}


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_a_later_full_extract_replaces() -> None:
    assert found([receipt(1, "a", 0, 29), receipt(2, "b", 0, 59)]) == {"b": [(0, 59)]}
    assert counting([]) == []


def test_a_correction_of_some_days_leaves_the_others() -> None:
    assert found([receipt(1, "a", 0, 89), receipt(2, "b", 30, 39)]) == {"a": [(0, 29), (40, 89)], "b": [(30, 39)]}


def test_an_older_extract_that_arrives_later_fills_only_what_is_free() -> None:
    receipts = [receipt(1, "new", 30, 59, "2016-08"), receipt(2, "old", 0, 89, "2016-07")]
    assert found(receipts) == {"old": [(0, 29), (60, 89)], "new": [(30, 59)]}


def test_days_between_deliveries_are_covered_by_none() -> None:
    assert found([receipt(1, "a", 0, 9), receipt(2, "b", 20, 29)]) == {"a": [(0, 9)], "b": [(20, 29)]}


def test_deliveries_side_by_side_stay_apart() -> None:
    assert found([receipt(1, "a", 0, 29), receipt(2, "b", 30, 59)]) == {"a": [(0, 29)], "b": [(30, 59)]}


def test_a_single_day_and_the_edges_of_a_coverage() -> None:
    assert found([receipt(1, "a", 0, 2), receipt(2, "b", 1, 1)]) == {"a": [(0, 0), (2, 2)], "b": [(1, 1)]}
    assert found([receipt(1, "a", 5, 5), receipt(2, "b", 5, 5)]) == {"b": [(5, 5)]}


def test_without_a_declared_time_the_later_arrival_counts() -> None:
    receipts = [receipt(1, "a", 0, 9, "2016-08"), receipt(2, "b", 0, 9), receipt(3, "c", 0, 9, "2016-01")]
    assert found(receipts[:2]) == {"b": [(0, 9)]}
    assert found(receipts) == {"c": [(0, 9)]}


def test_the_same_bytes_with_another_coverage_correct_what_was_declared() -> None:
    assert found([receipt(1, "a", 0, 59), receipt(2, "a", 0, 29)]) == {"a": [(0, 29)]}
    assert found([receipt(1, "a", 0, 29), receipt(2, "b", 30, 59), receipt(3, "a", 0, 59)]) == {"a": [(0, 59)]}
    (one,) = counting([receipt(1, "a", 0, 59), receipt(2, "a", 10, 29)])
    assert (one.receipt.number, one.replaces_until) == (2, None)
    later = [receipt(1, "a", 0, 59, "2016-08"), receipt(2, "a", 0, 29, "2016-07")]
    assert found(later) == {"a": [(0, 59)]}, "an earlier extraction corrects nothing"


def test_files_without_rows_are_alike_and_each_counts() -> None:
    empty = [receipt(1, "none", 0, 29, rows=0), receipt(2, "none", 30, 59, rows=0)]
    assert found([empty[0]]) == {"none": [(0, 29)]}
    assert [one.spans for one in counting(empty)] == [((day(0), day(29)),), ((day(30), day(59)),)]
    corrected = [*empty, receipt(3, "none", 0, 9, rows=0)]
    assert [one.spans for one in counting(corrected)] == [((day(0), day(9)),), ((day(30), day(59)),)]


def test_how_far_the_replaced_extract_reached() -> None:
    def until(*receipts: Receipt) -> dict[str, str | None]:
        return {one.receipt.sha256: one.replaces_until for one in counting(receipts)}

    assert until(receipt(1, "a", 0, 59)) == {"a": None}
    assert until(receipt(1, "a", 0, 59), receipt(2, "b", 0, 89)) == {"b": day(59)}
    assert until(receipt(1, "a", 0, 59), receipt(2, "b", 0, 29)) == {"b": day(59), "a": None}, "a shorter extract"
    assert until(receipt(1, "a", 5, 59), receipt(2, "b", 0, 29)) == {"b": day(59), "a": None}
    assert until(receipt(1, "a", 0, 59), receipt(2, "b", 10, 19)) == {"a": None, "b": None}, "a correction of some days"
    assert until(receipt(1, "a", 0, 9), receipt(2, "b", 10, 19), receipt(3, "c", 0, 29)) == {"c": day(19)}
    assert until(receipt(1, "a", 0, 9, "2016-05"), receipt(2, "a", 0, 9, "2016-06")) == {"a": None}


def test_what_counted_before_the_newest_deliveries_came() -> None:
    receipts = [
        receipt(1, "a", 0, 59, batch="1"),
        receipt(2, "b", 0, 29, batch="2"),
        receipt(3, "c", 30, 59, batch="2"),
        receipt(4, "d", 0, 89, batch="3"),
    ]

    def before(count: int) -> set[str]:
        return {one.receipt.sha256 for one in previously(receipts[:count][::-1])}

    assert [before(n) for n in range(5)] == [set(), set(), {"a"}, {"a"}, {"b", "c"}]


def test_current_knows_a_partners_slots() -> None:
    receipts = [receipt(1, "a", 0, 29), receipt(2, "b", 0, 59), receipt(3, "c", 60, 89)]
    street = replace(receipts[0], source="police_street", slot="btp/2016-04", coverage=(day(0), day(29)))
    assert {slot: r.sha256 for slot, r in current([*receipts, street]).items()} == {
        f"{day(0)}/{day(59)}": "b",
        f"{day(60)}/{day(89)}": "c",
        "btp/2016-04": "a",
    }


def test_overlap() -> None:
    april, may, both = ("2016-04-01", "2016-04-30"), ("2016-05-01", "2016-05-31"), ("2016-04-30", "2016-05-01")
    assert [overlap(april, may), overlap(april, both), overlap(both, may), overlap(april, april)] == [
        False,
        True,
        True,
        True,
    ]
    assert not overlap(None, april)


# --- properties -------------------------------------------------------------------------------------------------------

TIMES = [None, "2016-05", "2016-06", "2016-07"]
DRAWN = st.tuples(st.integers(0, 20), st.integers(0, 12), st.sampled_from(TIMES))


def drawn(deliveries: Sequence[tuple[int, int, str | None]]) -> list[Receipt]:
    return [
        receipt(n, f"content {n}", first, first + length, time) for n, (first, length, time) in enumerate(deliveries, 1)
    ]


def newest(receipts: Sequence[Receipt], number: int) -> str | None:
    """A second implementation: of all that cover one day, one after the other in the order of arrival."""
    holder: Receipt | None = None
    for one in sorted(receipts, key=lambda one: one.number):
        covers = one.coverage is not None and one.coverage[0] <= day(number) <= one.coverage[1]
        both = holder is not None and holder.extracted_at is not None and one.extracted_at is not None
        earlier = both and str(one.extracted_at) < str(holder.extracted_at if holder else "")
        if covers and not earlier:
            holder = one
    return holder.sha256 if holder else None


@settings(max_examples=examples(120), deadline=None)
@given(st.lists(DRAWN, max_size=8), st.randoms())
def test_each_day_has_its_newest_delivery(deliveries: list[tuple[int, int, str | None]], chance: random.Random) -> None:
    receipts = drawn(deliveries)
    shuffled = chance.sample(receipts, len(receipts))
    spans = found(shuffled)
    for number in range(-1, 35):
        holders = [name for name, mine in spans.items() if any(a <= number <= b for a, b in mine)]
        told = newest(receipts, number)
        assert holders == ([told] if told else [])
    for mine in spans.values():
        assert all(b + 1 < a for (_, b), (a, _) in pairwise(mine)), "spans are as long as can be"
    assert [one.spans[0][0] for one in counting(receipts)] == sorted(one.spans[0][0] for one in counting(receipts))


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 12)), min_size=1, max_size=4))
def test_declared_times_count_whatever_the_order_of_arrival(deliveries: list[tuple[int, int]]) -> None:
    results = []
    for order in permutations(range(len(deliveries))):
        receipts = [
            receipt(n, f"content {index}", deliveries[index][0], sum(deliveries[index]), f"2016-0{index + 1}")
            for n, index in enumerate(order, 1)
        ]
        results.append(found(receipts))
    assert all(result == results[0] for result in results)


@settings(max_examples=examples(80), deadline=None)
@given(st.lists(DRAWN, max_size=6), st.integers(0, 20), st.integers(0, 12), st.integers(0, 11))
def test_a_delivery_in_two_parts_is_the_same_as_the_whole(
    before: list[tuple[int, int, str | None]], first: int, length: int, cut: int
) -> None:
    """Days that belong to the new extract, and what is left to the others, are the same."""
    earlier = drawn(before)
    last, middle = first + length, first + min(cut, length)
    whole = found([*earlier, receipt(90, "x", first, last)])
    parts = [receipt(90, "x1", first, middle)]
    if middle < last:
        parts.append(receipt(91, "x2", middle + 1, last))
    split = found([*earlier, *parts])
    days = {number for name in ("x1", "x2") for a, b in split.pop(name, []) for number in range(a, b + 1)}
    assert days == {number for a, b in whole.pop("x") for number in range(a, b + 1)} == set(range(first, last + 1))
    assert split == whole


@settings(max_examples=examples(80), deadline=None)
@given(st.lists(DRAWN, min_size=1, max_size=6), st.data())
def test_the_newest_delivery_again_changes_nothing(
    deliveries: list[tuple[int, int, str | None]], data: st.DataObject
) -> None:
    receipts = drawn(deliveries)
    standing = counting(receipts)
    last = receipts[-1]
    if [one.spans for one in standing if one.receipt.number == last.number] != [(last.coverage,)]:
        return
    again = replace(last, number=90, extracted_at=data.draw(st.sampled_from([last.extracted_at, "2016-08"])))
    repeated = counting([*receipts, again])
    assert [(one.receipt.sha256, one.spans, one.replaces_until) for one in repeated] == [
        (one.receipt.sha256, one.spans, one.replaces_until) for one in standing
    ]


def test_many_receipts_take_no_time() -> None:
    """Two thousand nightly extracts, each a day longer, and a correction of a month now and then."""
    receipts = [
        receipt(n, f"content {n}", 0 if n % 9 else n % 300, 100 + n % 290, batch=str(n)) for n in range(1, 2001)
    ]
    assert len(counting(receipts)) >= 1
