"""What the published counts of a measure have to do with each other: the equations that an attacker has (spec 4.8). Pure.

Here: the counts behind the rows of a measure, and every sum and bound that binds them: quarters sum to the year, neighbourhoods
to the city and to the ten, groups to their total, a part is at most its whole. Rates, limits and changes follow from counts and
residents, so they bind nothing more. Not here: what is hidden (`regime_a.py`, `regime_b.py`), what the relations give away
(`audit.py`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

Regime = Literal["A", "B"]
#: One count: its name in the measure, breakdown, area, kind of period, first day.
Count = tuple[str, str, str, str, str]
#: One neighbourhood of a priority set: set id, code, valid from, valid to (None: open).
Member = tuple[str, str, str, str | None]

#: Parts that count the same thing under another name.
SAME = {("SP08", "domestic_burglary_households"): "domestic_burglary"}
#: Numerator and denominator of a percentage, where these are counts that stand in other rows too.
SHARES = {
    ("SP04", "assessed_in_5_days"): ("", "referrals"),
    ("SP04", "engaged"): ("", "referrals"),
    ("SP04", "police_sexual_offences"): ("", "police_da_offences"),
    ("SP05", "conversion"): ("engaged", "appropriate"),
    ("SP06", "improved_share"): ("improved", "matched"),
    ("SP06", "coverage"): ("matched", "closed"),
    ("SP06", "worst_case"): ("improved", "closed"),
    ("SP06", "best_case"): ("", "closed"),
    ("SP07", "satisfied"): ("", "valid"),
    ("SP07", "response_rate"): ("responses", "exited"),
    ("SP10", "strand_share"): ("reports", "reports"),
}
#: Percentages by a breakdown whose denominator is the same for all its values.
_OF_ALL = frozenset({("SP04", "risk_level"), ("SP10", "strand_share")})
#: A total, and the parts that sum to it.
SUMS = {
    "SP06": (
        ("closed", ("matched", "unmatched")),
        ("matched", ("improved", "same", "declined")),
        ("best_case/some", ("improved", "unmatched")),
    ),
    "SP08": (
        ("sac", ("domestic_burglary", "robbery", "theft_of_vehicle", "theft_from_vehicle")),
        ("proxy", ("burglary", "robbery", "vehicle_crime")),
    ),
    "SP10": (("reports", ("crimes", "incidents")),),
}  # fmt: skip
#: Counts that together are at most another one.
AT_MOST = {
    "SP03": (
        (("people_trained", "refreshers"), "attendances"),
        (("people_trained",), "cumulative_people"),
    ),
    "SP04": (
        (("clients", "first_time_unknown"), "referrals"),
        (("first_time_clients",), "first_time_referrals"),
        (("first_time_clients",), "clients"),
        (("first_time_referrals", "first_time_unknown"), "referrals"),
        (("assessed_in_5_days/some",), "referrals"),
        (("engaged/some",), "referrals"),
        (("police_sexual_offences/some",), "police_da_offences"),
        (("sexual_violence/all",), "referrals"),
        (("children_in_household/all",), "referrals"),
        (("unborn_in_household/all",), "referrals"),
        (("safeguarding_referral/all",), "referrals"),
        (("marac_heard/all",), "referrals"),
    ),
    "SP05": (
        (("appropriate",), "assessed"),
        (("appropriate_people",), "appropriate"),
        (("consented",), "appropriate"),
        (("engaged",), "consented"),
    ),
    "SP06": (
        (("identical",), "same"),
        (("improved",), "matched"),
    ),
    "SP07": (
        (("valid",), "responses"),
        (("satisfied/some",), "valid"),
        (("responses",), "exited"),
    ),
}  # fmt: skip
#: Counts of different people: each counts once in every period, so quarters sum to the year or to more.
PEOPLE = frozenset({"people_trained", "clients", "first_time_clients", "appropriate_people"})
#: Counts since a fixed day.
SINCE = {"cumulative_people": "people_trained"}
#: Kinds of period in which anything is hidden; other kinds come out for totals only, which always show.
PERIOD_KINDS = ("quarter", "fy")
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Relation:
    """`low` ≤ sum of the terms ≤ `high`; a term is a count and its factor."""

    terms: tuple[tuple[Count, float], ...]
    low: float
    high: float


def counts_of(rows: pd.DataFrame, regime: Regime) -> Iterator[tuple[int, Count, float]]:
    """Every count behind the rows of one measure: place of the row, the count, its number (NaN where it is not there).

    Under regime A the denominator is residents, whom everybody may know; under regime B that of a percentage is people too.
    """
    names = (
        "measure",
        "part",
        "breakdown",
        "area_code",
        "period_kind",
        "period_start",
        "unit",
        "numerator",
        "denominator",
    )
    for place, row in enumerate(zip(*(rows[name].tolist() for name in names), strict=True)):
        measure, part, breakdown, area, kind, start, unit, numerator, denominator = row
        if kind not in PERIOD_KINDS:
            continue
        at = (area, kind, start)
        if unit != "%":
            yield place, (SAME.get((measure, part), part), breakdown, *at), numerator
        elif regime == "B":
            some, every = SHARES.get((measure, part), ("", ""))
            of_all = (measure, part) in _OF_ALL
            yield place, (some or f"{part}/some", breakdown, *at), numerator
            yield place, (every or f"{part}/all", "" if of_all else breakdown, *at), denominator


def relations(
    measure: str, regime: Regime, exact: Mapping[Count, float], members: Collection[Member] = ()
) -> list[Relation]:
    """Every relation between these counts that their exact numbers keep; of regime A the sums with their exact remainder.

    What lies in no part (crimes of the city in no neighbourhood) is taken as known: whoever knows it knows most.

    Args:
        measure: measure id.
        regime: its disclosure regime.
        exact: the exact number of every count; one that is not available is not in it.
        members: the priority set.
    """
    found: list[Relation] = []
    for terms, kind in _candidates(measure, exact, members):
        sum_ = math.fsum(factor * exact[count] for count, factor in terms)
        if regime == "A":
            if kind == "sum":
                found.append(Relation(terms, sum_, sum_))
        elif kind == "sum" and abs(sum_) <= _TOLERANCE:
            found.append(Relation(terms, 0, 0))
        elif sum_ <= _TOLERANCE:
            found.append(Relation(terms, -math.inf, 0))
    return found


Terms = tuple[tuple[Count, float], ...]


def _candidates(
    measure: str, exact: Mapping[Count, float], members: Collection[Member]
) -> Iterator[tuple[Terms, Literal["sum", "at_most"]]]:
    """What may be related, each as parts less their whole."""
    for parts, whole, kind in _named(measure, exact):
        yield (*((part, 1.0) for part in parts), (whole, -1.0)), kind
    yield from _years(exact)
    yield from _running(exact)
    yield from _broken_down(exact)
    yield from _areas(measure, exact, members)


def _named(
    measure: str, exact: Mapping[Count, float]
) -> Iterator[tuple[list[Count], Count, Literal["sum", "at_most"]]]:
    """The relations of the tables above, for every area and period; those of a percentage for every breakdown too."""
    by_name: dict[str, list[Count]] = defaultdict(list)
    for count in exact:
        by_name[count[0]].append(count)
    for whole, parts in SUMS.get(measure, ()):
        for count in by_name[whole]:
            all_parts = [(name, *count[1:]) for name in parts]
            if all(part in exact for part in all_parts):
                yield all_parts, count, "sum"
            elif held := [part for part in all_parts if part in exact]:
                yield held, count, "at_most"
    for names, whole in AT_MOST.get(measure, ()):
        for count in by_name[whole]:
            if held := [(name, *count[1:]) for name in names if (name, *count[1:]) in exact]:
                yield held, count, "at_most"
    for name in [name for name in by_name if name.endswith("/some")]:
        yield from _of_their_whole(by_name[name], exact)


def _of_their_whole(
    counts: Iterable[Count], exact: Mapping[Count, float]
) -> Iterator[tuple[list[Count], Count, Literal["sum", "at_most"]]]:
    """The numerators of a percentage, each with its denominator."""
    for count in counts:
        every: Count = (f"{count[0].removesuffix('/some')}/all", *count[1:])
        every = every if every in exact else (every[0], "", *count[2:])
        if every in exact:
            yield [count], every, "at_most"


def _years(exact: Mapping[Count, float]) -> Iterator[tuple[Terms, Literal["sum", "at_most"]]]:
    """Quarters and their year: they sum to it, or where people are counted once each lies between the largest and the sum."""
    for count in exact:
        name, breakdown, area, kind, start = count
        if kind != "fy" or name in SINCE:
            continue
        year = int(start[:4])
        starts = (f"{year}-04-01", f"{year}-07-01", f"{year}-10-01", f"{year + 1}-01-01")
        quarters = [(name, breakdown, area, "quarter", first) for first in starts]
        held = [quarter for quarter in quarters if quarter in exact]
        whole = len(held) == len(quarters)
        if name not in PEOPLE:
            if held:
                yield (*((quarter, 1.0) for quarter in held), (count, -1.0)), "sum" if whole else "at_most"
            continue
        for quarter in held:
            yield ((quarter, 1.0), (count, -1.0)), "at_most"
        if whole:
            yield ((count, 1.0), *((quarter, -1.0) for quarter in held)), "at_most"


def _running(exact: Mapping[Count, float]) -> Iterator[tuple[Terms, Literal["sum", "at_most"]]]:
    """Counts since a fixed day: the year's is that of its last quarter; each grows by no more than came in the period."""
    for name, grows_by in SINCE.items():
        mine = sorted(count for count in exact if count[0] == name)
        for count in mine:
            _, breakdown, area, kind, start = count
            if kind == "fy":
                last = (name, breakdown, area, "quarter", f"{int(start[:4]) + 1}-01-01")
                if last in exact:
                    yield ((last, 1.0), (count, -1.0)), "sum"
            else:
                month = int(start[5:7]) + 3
                after = f"{int(start[:4]) + (month > 12)}-{(month - 1) % 12 + 1:02}-01"
                later, new = (name, breakdown, area, kind, after), (grows_by, breakdown, area, kind, after)
                if later in exact:
                    yield ((count, 1.0), (later, -1.0)), "at_most"
                    if new in exact:
                        yield ((later, 1.0), (count, -1.0), (new, -1.0)), "at_most"


def _broken_down(exact: Mapping[Count, float]) -> Iterator[tuple[Terms, Literal["sum", "at_most"]]]:
    """A total and its values by one dimension: they sum to it, else each is at most the total."""
    by: dict[tuple[Count, str], list[Count]] = defaultdict(list)
    for count in exact:
        name, breakdown, *at = count
        if breakdown:
            total = (name, "", *at)
            if total in exact:
                by[total, breakdown.partition("=")[0]].append(count)  # type: ignore[index]
    for (total, _), values in by.items():
        yield (*((value, 1.0) for value in values), (total, -1.0)), "sum"
        yield from ((((value, 1.0), (total, -1.0)), "at_most") for value in values)


def _areas(
    measure: str, exact: Mapping[Count, float], members: Collection[Member]
) -> Iterator[tuple[Terms, Literal["sum", "at_most"]]]:
    """Areas of a part and their total: the neighbourhoods of SP01 and the city; those of a priority set and the ten."""
    if measure != "SP01":
        return
    columns: dict[tuple[str, str], dict[str, Count]] = defaultdict(dict)
    for count in exact:
        if count[0] == "neighbourhood":
            columns[count[3:]][count[2]] = count
    for total in exact:
        name, _, area, *at = total
        here = columns.get((at[0], at[1]), {})
        if name == "city" and here:
            yield (*((count, 1.0) for count in here.values()), (total, -1.0)), "sum"
        if name == "ten":
            of_set = [
                code for set_id, code, start, end in members if set_id == area and start <= at[1] <= (end or "9999")
            ]
            if of_set and all(code in here for code in of_set):
                yield (*((here[code], 1.0) for code in sorted(set(of_set))), (total, -1.0)), "sum"


def values(counted: Iterable[tuple[int, Count, float]]) -> dict[Count, float]:
    """The number of every count that is there."""
    return {count: number for _, count, number in counted if not math.isnan(number)}
