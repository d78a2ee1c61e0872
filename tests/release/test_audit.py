"""The attacker that every release must stand: how many values a hidden count can still take."""

from __future__ import annotations

import pytest

from assets.release.audit import Published, exposed, system
from assets.release.relations import Count, Member, Regime, relations

STARTS = ("2015-04-01", "2015-07-01", "2015-10-01", "2016-01-01")


def at(name: str, quarter: int = 0, area: str = "C") -> Count:
    return (name, "", area, "quarter", STARTS[quarter])


def year(name: str, area: str = "C") -> Count:
    return (name, "", area, "fy", STARTS[0])


def found(
    measure: str,
    regime: Regime,
    exact: dict[Count, float],
    hidden: set[Count],
    *earlier: tuple[dict[Count, float], set[Count]],
    **more: object,
) -> set[Count]:
    """Which hidden counts are narrowed down too far."""
    before = [Published(was, frozenset(was) - was_hidden) for was, was_hidden in earlier]
    now = Published(exact, frozenset(exact) - hidden)
    enough = 5 if regime == "A" else 3
    return {count for count, *_ in exposed(system(measure, regime, before, now, **more), enough)}  # type: ignore[arg-type]


def groups(robbery: float, burglary: float, vehicle: float) -> dict[Count, float]:
    counts = {at("robbery"): robbery, at("burglary"): burglary, at("vehicle_crime"): vehicle}
    return counts | {at("proxy"): robbery + burglary + vehicle}


def test_a_count_alone_is_what_the_total_lacks() -> None:
    assert found("SP08", "A", groups(3, 8, 9), {at("robbery")}) == {at("robbery")}


@pytest.mark.parametrize(("burglary", "narrow"), [(1, True), (2, True), (3, False), (30, False)])
def test_two_hidden_counts_can_be_as_many_numbers_as_their_sum_allows(burglary: float, narrow: bool) -> None:
    """Both are at least 1: of a sum of 5 each can be 1 to 4, of 6 each can be 1 to 5."""
    hidden = {at("robbery"), at("burglary")}
    assert found("SP08", "A", groups(3, burglary, 9), hidden) == (hidden if narrow else set())


def test_counts_that_do_not_come_in_whole_numbers_are_measured_by_their_reach() -> None:
    hidden = {at("robbery"), at("burglary")}
    assert found("SP08", "A", groups(2.5, 2.5, 9), hidden) == hidden
    assert found("SP08", "A", groups(2.5, 3.5, 9), hidden) == set()


def test_what_was_shown_and_was_not_revised_is_known() -> None:
    before = (groups(6, 8, 9), set[Count]())
    hidden = {at("robbery"), at("burglary")}
    assert found("SP08", "A", groups(4, 8, 9), hidden, before) == {at("robbery")}
    assert found("SP08", "A", groups(4, 8, 9), hidden, before, belief="hidden") == set()
    assert found("SP08", "A", groups(4, 10, 9), hidden, before) == set()


def test_two_releases_together_tell_what_neither_does() -> None:
    """Robbery and burglary sum to 11, robbery and vehicle crime to 12; all three to 20: shown in different releases."""
    first, second = {at("robbery"), at("burglary")}, {at("robbery"), at("burglary"), at("vehicle_crime")}
    same = groups(3, 8, 9)
    assert found("SP08", "A", same, second, (same, first)) == set()
    assert found("SP08", "A", same, {at("robbery"), at("vehicle_crime")}, (same, first)) == {at("robbery")}


def test_neighbourhoods_sum_to_the_ten_as_well_as_to_the_city() -> None:
    members: list[Member] = [("ten", "N1", "2000-01-01", None), ("ten", "N2", "2000-01-01", None)]
    exact = {at("neighbourhood", area=f"N{n}"): count for n, count in ((1, 3.0), (2, 9.0), (3, 8.0))}
    exact |= {at("city"): 25.0, at("ten", area="ten"): 12.0}
    hidden = {at("neighbourhood", area="N1"), at("neighbourhood", area="N3")}
    assert found("SP01", "A", exact, hidden) == set()  # without the set the city's sum alone binds them
    assert found("SP01", "A", exact, hidden, members=members) == hidden


def test_quarters_sum_to_their_year() -> None:
    exact = {at("robbery", n): 7.0 for n in range(4)} | {year("robbery"): 28.0}
    assert found("SP08", "A", exact, {at("robbery")}) == {at("robbery")}
    assert found("SP08", "A", exact, {at("robbery"), at("robbery", 1)}) == set()


def test_rounded_counts_are_five_numbers_and_small_ones_seven() -> None:
    """Four hidden quarters of 7: their sum, printed as 30, leaves nothing else; printed as 25 it leaves enough."""
    sevens = {at("on_open_case", n): 7.0 for n in range(4)}
    hidden = set(sevens)
    assert found("SP04", "B", sevens | {year("on_open_case"): 28.0}, hidden) == hidden
    fewer = sevens | {at("on_open_case", 3): 6.0}
    assert found("SP04", "B", fewer | {year("on_open_case"): 27.0}, hidden) == set()
    assert found("SP04", "B", sevens | {year("on_open_case"): 28.0}, {*hidden, year("on_open_case")}) == set()


def test_people_counted_once_do_not_sum_to_their_year() -> None:
    people = {at("clients", n): 7.0 for n in range(4)} | {year("clients"): 15.0}
    assert found("SP04", "B", people, {at("clients", n) for n in range(4)}) == set()
    assert not any(r.low == r.high for r in relations("SP04", "B", people))


def test_a_part_is_no_more_than_its_whole() -> None:
    """Of eight to twelve appropriate assessments one to seven engaged; of one to seven, no more than these."""
    exact = {at("assessed"): 2.0, at("appropriate"): 2.0, at("consented"): 2.0, at("engaged"): 1.0}
    assert found("SP05", "B", exact, set(exact)) == set()
    parts = {at("closed"): 7.0, at("matched"): 6.0, at("unmatched"): 1.0}
    parts |= {at("improved"): 3.0, at("same"): 2.0, at("declined"): 1.0}
    assert found("SP06", "B", parts, set(parts)) == set()


def test_relations_that_the_numbers_do_not_keep_are_none() -> None:
    assert relations("SP07", "B", {at("responses"): 9.0, at("exited"): 8.0}) == []
    assert len(relations("SP07", "B", {at("responses"): 8.0, at("exited"): 8.0})) == 1


def test_running_counts_grow_by_no_more_than_came() -> None:
    exact = {at("cumulative_people"): 40.0, at("cumulative_people", 1): 43.0, at("people_trained", 1): 3.0}
    assert {(r.low, r.high) for r in relations("SP03", "B", exact)} == {(-float("inf"), 0)}
    assert len(relations("SP03", "B", exact)) == 3
