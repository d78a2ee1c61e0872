"""SP01 Close the Gap: crime in the ten priority neighbourhoods against the city.

The Board's decision: "Agreed to retain existing 10 but to review before 16/17 taking a risk register approach".
Aim: reduce the gap between the city rate per 1,000 and the rate for the ten priority neighbourhoods, from the 2013/14
out-turn. (Each partnership's register names its own baseline year.)

The rule, in plain words (spec SP01, 4.3):
* All recorded crime counts, anti-social behaviour does not; the ten and the city use the same filter.
* The ten are the fixed list of the register, never ranked again. No figure begins before the list is valid.
* ten = their crimes, pooled, per 1,000 of their residents. city = all crimes of the city per 1,000 of all its
  residents: the city includes the ten.
* gap = ten less city, in crimes per 1,000. relative_gap = the gap as a percentage of the city rate, always beside it:
  the gap can narrow merely because all crime falls.
* Compared with the same period of the baseline year. The ten lie in the city, so the interval of the gap is made from
  the ten and the rest of the city, which are independent.
* neighbourhood = each neighbourhood on its own, for analysts.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

import pandas as pd

from assets.outcomes import street
from assets.outcomes.asset import outcome_asset
from assets.outcomes.street import CITY, Known
from assets.outcomes.tidy import (
    Figure,
    Line,
    PriorityMember,
    Setting,
    compare_gaps,
    compare_points,
    compare_rates,
    tidy_table,
)
from expectations.outcomes import sp01_close_the_gap as contract
from methods.gap import nested_gap, relative_gap
from methods.periods import Period

RATE = "crimes per 1000"


def calculate(
    count: pd.DataFrame,
    completeness: pd.DataFrame,
    lookup: pd.DataFrame,
    neighbourhood: pd.DataFrame,
    population: pd.DataFrame,
    setting: Setting,
) -> pd.DataFrame:
    """The tidy table of SP01 from the clean tables of the contracts; no row when no month is complete."""
    setting.needs("crime_categories")
    cover = street.coverage(completeness, setting.forces)
    rows = street.rows_in_area(count, lookup, setting.forces)
    crimes = rows[rows["category"].isin([*setting.crime_categories, street.UNKNOWN])]
    people = street.residents(population, lookup, neighbourhood, setting.area_code)
    counts = street.by_area(crimes, lookup, neighbourhood)
    known = street.known_periods(counts, cover, people, setting.population_fallback)
    ten_of = the_ten(setting.priority_set, known, neighbourhood)

    area = (setting.area_code, setting.area_name)
    city = {period: known[period].rate([CITY], [CITY]) for period in ten_of}
    lines = [Line("city", *area, RATE, city, compare_rates)]
    for code, name in neighbourhood[["neighbourhood_code", "name"]].itertuples(index=False):
        alone = {period: known[period].rate([code], [code]) for period in ten_of}
        lines.append(Line("neighbourhood", code, name, RATE, alone, compare_rates))
    for which in sorted(set(ten_of.values())):
        ten = {period: ten_rate(known[period], which) for period in ten_of if ten_of[period] == which}
        gap = {period: gap_figure(ten[period], city[period]) for period in ten}
        relative = {period: relative_figure(ten[period], city[period]) for period in ten}
        lines += [
            Line("ten", which.set_id, "Ten priority neighbourhoods", RATE, ten, compare_rates),
            Line("gap", *area, RATE, gap, compare_gaps(setting.judged_by)),
            Line("relative_gap", *area, "%", relative, compare_points),
        ]
    return tidy_table("SP01", lines, cover.as_at, setting.baseline_fy, against="baseline")


class Ten(NamedTuple):
    """A priority set as it stands over the whole of a period; no members when none does."""

    set_id: str
    members: tuple[str, ...]


def the_ten(
    priority_set: Iterable[PriorityMember], known: Iterable[Period], neighbourhood: pd.DataFrame
) -> dict[Period, Ten]:
    """The priority set of each period that does not begin before the first set is valid.

    Raises:
        ValueError: a member is in no neighbourhood table, or two sets are valid at once.
    """
    rows = [(start, _day_after(end), set_id, code) for set_id, code, start, end in priority_set]
    if strangers := {code for *_, code in rows} - set(neighbourhood["neighbourhood_code"]):
        raise ValueError(
            f"priority set: {len(strangers)} of its neighbourhoods are not in the neighbourhood table; "
            "correct one or the other"
        )
    changes = sorted({day for start, until, *_ in rows for day in (start, until)})
    valid = {day: {(set_id, code) for start, until, set_id, code in rows if start <= day < until} for day in changes}
    if any(len({set_id for set_id, _ in members}) > 1 for members in valid.values()):
        raise ValueError("priority set: two sets are valid at once; end one before the other begins")
    chosen = {}
    for period in known:
        before = [day for day in changes if day <= period.first_day]
        if not before:
            continue
        members = valid[before[-1]]
        fixed = all(valid[day] == members for day in changes if period.first_day < day <= period.last_day)
        set_id = min((set_id for set_id, _ in members), default="none") if fixed else "none"
        chosen[period] = Ten(set_id, tuple(sorted(code for _, code in members)) if fixed else ())
    return chosen


def _day_after(last_valid: str | None) -> str:
    """First day on which a membership is valid no more; far off when it is open."""
    return (date.fromisoformat(last_valid) + timedelta(days=1)).isoformat() if last_valid else "9999-12-31"


def ten_rate(known: Known, ten: Ten) -> Figure:
    """Pooled rate of the ten: all their crimes over all their residents, never the mean of ten rates."""
    if not ten.members:
        return Figure(notes=("no one priority set is valid for the whole period",))
    return known.rate(ten.members, ten.members)


def gap_figure(ten: Figure, city: Figure) -> Figure:
    """Rate of the ten less rate of the city, which includes them, with the interval of a nested comparator."""
    if not (ten.known and city.known):
        return Figure(notes=city.notes if ten.known else ten.notes)
    gap = nested_gap(ten.numerator, ten.denominator, city.numerator, city.denominator)
    return Figure(gap.value, gap.lower, gap.upper, gap.method, notes=ten.notes)


def relative_figure(ten: Figure, city: Figure) -> Figure:
    """The gap as a percentage of the city rate; it has no interval."""
    if not (ten.known and city.known):
        return Figure(notes=city.notes if ten.known else ten.notes)
    if city.value == 0:
        return Figure(notes=("the city rate is zero, so no relative gap",))
    return Figure(relative_gap(ten.value - city.value, city.value), notes=ten.notes)


def from_tables(tables: Mapping[str, pd.DataFrame], setting: Setting) -> pd.DataFrame:
    """`calculate`, from the tables by name."""
    count, completeness, lookup, places, people = (tables[name] for name in contract.READS)
    return calculate(count, completeness, lookup, places, people, setting)


outcome_sp01_close_the_gap = outcome_asset("SP01", contract, from_tables)
