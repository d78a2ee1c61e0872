"""What is known of the partnership's area from police street data: counts and residents of every period.

Shared by the measures made from open police data (SP01, SP08; spec 0.1, 0.2, 2.3). Here: which months are complete,
counts placed in neighbourhoods, residents of each mid-year, and a rate made of them. Not here: which categories a
measure counts, the force's restricted extract (`crime.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from assets.outcomes.series import Coverage
from assets.outcomes.tidy import Figure, Line, Setting, compare_rates
from methods.periods import Period, month_range, periods, start_year
from methods.rates import rate

#: Label of the whole city beside the codes of its neighbourhoods, none of which is empty text.
CITY = ""
#: Slug of a crime type that the dated code table does not hold: a crime all the same.
UNKNOWN = "unknown"
#: Kinds of area that residents are held for, best first, with the census year where they are LSOAs.
_RESIDENT_TYPES = (("neighbourhood", ""), ("lsoa21", "2021"), ("lsoa11", "2011"), ("lsoa01", "2001"))


@dataclass(frozen=True)
class Known:
    """Counts and residents of one period by label; both empty when they are not known, and then the notes say why."""

    counts: Mapping[str, float] = field(default_factory=dict)
    residents: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def rate(self, counted: Iterable[str], living_in: Iterable[str]) -> Figure:
        """Pooled rate per 1,000: the sum of the counts over the sum of the residents."""
        if not self.counts:
            return Figure(notes=self.notes)
        observed = sum(self.counts[label] for label in counted)
        persons = sum(self.residents[area] for area in living_in)
        if persons <= 0:
            return Figure(notes=("no residents, so no rate",))
        result = rate(observed, persons)
        return Figure(result.value, result.lower, result.upper, result.method, observed, persons, self.notes)


def coverage(completeness: pd.DataFrame, forces: tuple[str, ...]) -> Coverage:
    """Months of the series of these forces, and which of them are complete."""
    received = completeness[completeness["force"].isin(forces) & (completeness["received"] == 1)]
    delivered = received.groupby("month")["force"].nunique()
    complete = frozenset(delivered.index[delivered == len(set(forces))])
    return Coverage(complete, tuple(month_range(min(delivered.index), max(complete))) if complete else ())


def rows_in_area(count: pd.DataFrame, lookup: pd.DataFrame, forces: tuple[str, ...]) -> pd.DataFrame:
    """Rows of these forces whose LSOA is in the lookup, of any census year."""
    return count[count["force"].isin(forces) & count["lsoa_code"].isin(lookup["lsoa_code"])]


def by_area(rows: pd.DataFrame, lookup: pd.DataFrame, neighbourhood: pd.DataFrame) -> pd.DataFrame:
    """Counts of each month (index) in every neighbourhood and the city (columns); rows are those of `rows_in_area`.

    An LSOA code that two census years share is placed once, by the newer. The city is not the sum of its
    neighbourhoods: a crime in an LSOA of the city that lies in none of them counts in the city alone.
    """
    newest = lookup[lookup["lsoa_vintage"] == lookup.groupby("lsoa_code")["lsoa_vintage"].transform("max")]
    placed = rows.groupby(["month", "lsoa_code"], as_index=False)["counted"].sum().merge(newest, on="lsoa_code")
    placed["counted"] = placed["counted"] * placed["weight"]
    city = rows.groupby("month")["counted"].sum()
    table = placed.pivot_table(index="month", columns="neighbourhood_code", values="counted", aggfunc="sum")
    table = table.reindex(index=city.index, columns=neighbourhood["neighbourhood_code"].sort_values())
    table.insert(0, CITY, city)
    return table


def residents(
    population: pd.DataFrame, lookup: pd.DataFrame, neighbourhood: pd.DataFrame, area_code: str
) -> pd.DataFrame:
    """Residents of every neighbourhood and the city (columns) in each mid-year held (index).

    A year counts as held when one kind of area gives every neighbourhood its residents: neighbourhoods themselves, else
    LSOAs of the newest census year. The city is its own row of that year where delivered, else the sum of those areas.
    """
    codes = neighbourhood["neighbourhood_code"].sort_values()
    themselves = pd.DataFrame({"area_code": codes, "neighbourhood_code": codes, "weight": 1.0})
    lsoas = lookup.rename(columns={"lsoa_code": "area_code"})
    tables = []
    for area_type, vintage in _RESIDENT_TYPES:
        parts = lsoas[lsoas["lsoa_vintage"] == vintage] if vintage else themselves
        people = population[(population["area_type"] == area_type) & population["area_code"].isin(parts["area_code"])]
        years = people.groupby("mid_year")["persons"].agg(["size", "sum"])
        split = people.sort_values("area_code").merge(parts, on="area_code")
        split["persons"] = split["persons"] * split["weight"]
        table = split.pivot_table(index="mid_year", columns="neighbourhood_code", values="persons", aggfunc="sum")
        table = table.reindex(index=years.index, columns=codes)
        table.insert(0, CITY, years["sum"])
        tables.append(table[years["size"] == parts["area_code"].nunique()].dropna())
    held = pd.concat(tables)
    held = held[~held.index.duplicated()].sort_index()
    city = population[(population["area_type"] == "city") & (population["area_code"] == area_code)]
    held[CITY] = city.set_index("mid_year")["persons"].reindex(held.index).fillna(held[CITY])
    return held


def known_periods(
    monthly: pd.DataFrame, cover: Coverage, people: pd.DataFrame, fallback: Literal["none", "oldest_after"]
) -> dict[Period, Known]:
    """What is known of every period of the series; empty when no month is complete.

    Args:
        monthly: counts by month (index) and label (columns); a month without a row is zero if it is complete.
        cover: which months are complete.
        people: residents by mid-year (index) and area (columns).
        fallback: what to do when no estimate as old as the period is held.
    """
    counts = monthly.reindex(list(cover.months)).fillna(0.0).to_numpy(dtype=float)
    place = {month: row for row, month in enumerate(cover.months)}
    by_year: dict[Any, dict[Any, float]] = people.to_dict("index")
    known = {}
    for period in periods(cover.months):
        year, note = _mid_year(by_year.keys(), start_year(period.financial_year), fallback)
        if why_not := cover.why_not(period):
            known[period] = Known(notes=(why_not,))
        elif year is None:
            known[period] = Known(notes=(note,))
        else:
            sums = counts[place[period.first] : place[period.last] + 1].sum(axis=0).tolist()
            notes = (note,) if note else ()
            known[period] = Known(dict(zip(monthly.columns, sums, strict=True)), by_year[year], notes)
    return known


def city_line(
    part: str,
    unit: str,
    known: Mapping[Period, Known],
    setting: Setting,
    counted: str = "",
    breakdown: str = "",
    breaks: tuple[str, ...] = (),
) -> Line:
    """Line of a rate in the whole city; `counted` is the label of its counts, the part itself if left out."""
    figures = {period: found.rate([counted or part], [CITY]) for period, found in known.items()}
    return Line(part, setting.area_code, setting.area_name, unit, figures, compare_rates, breakdown, breaks)


def _mid_year(held: Collection[int], wanted: int, fallback: Literal["none", "oldest_after"]) -> tuple[int | None, str]:
    """The mid-year whose residents count, and what a reader must know of it (spec SP01, population)."""
    if wanted in held:
        return wanted, ""
    if before := [year for year in held if year < wanted]:
        return max(before), f"population mid-{max(before)}"
    if held and fallback == "oldest_after":
        return min(held), f"population mid-{min(held)}: no earlier estimate held"
    return None, f"no population estimate held for mid-{wanted} or before"
