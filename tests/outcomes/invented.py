"""An invented city for the tests of the measures made from police street data, and a second way to its figures.

The city has what goes wrong in real ones: an LSOA split between two neighbourhoods, a code that two census years place
differently, an LSOA in no neighbourhood, two forces of which one misses a month, a third that does not count, an
unknown crime type, populations of several years and kinds. The second way is plain loops over rows and shares no code
with the product.
"""

import itertools
import random
from dataclasses import replace

import pandas as pd

from assets.outcomes.tidy import Setting

FORCES = ("alpha", "beta")
MISSING = ("beta", "2016-08")
FIRST, LAST = (2014, 11), (2017, 5)
CRIMES = ("burglary", "robbery", "vehicle_crime", "drugs")
CATEGORIES = (*CRIMES, "unknown", "anti_social_behaviour")
NAMES = {"N1": "Ash", "N2": "Birch", "N3": "Cedar", "N4": "Dogwood", "N5": "Elm"}
LOOKUP = [
    ("E01000001", "2011", "N1", 1.0),
    ("E01000002", "2011", "N2", 0.25),
    ("E01000002", "2011", "N3", 0.75),
    ("E01000003", "2011", "N4", 1.0),
    ("E01000004", "2011", "N5", 1.0),
    ("E01000006", "2011", "nowhere", 1.0),
    ("E01000001", "2021", "N2", 1.0),
    ("E01000005", "2021", "N5", 1.0),
    ("E01000007", "2021", "N1", 1.0),
    ("E01000008", "2021", "N3", 1.0),
    ("E01000009", "2021", "N4", 1.0),
]
OUTSIDE = ("E01099999", "")
SETTING = Setting(
    area_code="E06000001",
    area_name="Fernmouth",
    forces=FORCES,
    baseline_fy="2015-16",
    population_fallback="oldest_after",
    priority_set=(("set-a", "N1", "2015-04-01", None), ("set-a", "N2", "2015-04-01", None)),
    crime_categories=CRIMES,
    proxy_groups={"burglary": "burglary", "robbery": "robbery", "vehicle_crime": "vehicle_crime"},
    polarity="lower_better",
    assessment_mode="direction",
)


def month_texts(first=FIRST, last=LAST):
    return [
        f"{index // 12}-{index % 12 + 1:02d}" for index in range(first[0] * 12 + first[1] - 1, last[0] * 12 + last[1])
    ]


def city(seed=1, busy=40, shuffled=0):
    """The five tables by the names of `calculate`'s arguments; `shuffled` changes the order of their rows only."""
    chance = random.Random(seed)
    lsoas = sorted({row[0] for row in LOOKUP})
    count = [
        (force, month, lsoa, category, number)
        for force, month, lsoa, category in itertools.product(
            (*FORCES, "gamma"), month_texts(), (*lsoas, *OUTSIDE), CATEGORIES
        )
        if (force, month) != MISSING and (number := chance.randrange(-busy // 3, busy)) > 0
    ]
    completeness = [
        (force, month, int((force, month) != MISSING)) for force in (*FORCES, "gamma") for month in month_texts()
    ] + [("gamma", "2017-06", 1), ("alpha", "2017-06", 1), ("beta", "2017-06", 0)]
    population = [
        (lsoa, f"lsoa{vintage[2:]}", year, chance.randrange(400, 3000))
        for lsoa, vintage in sorted({row[:2] for row in LOOKUP})
        for year in ((2015, 2016) if vintage == "2011" else (2017,))
    ]
    population += [
        ("E06000001", "city", 2016, 12345),
        ("E06000002", "city", 2016, 999),  # another district of the same delivered table
        ("N1", "neighbourhood", 2013, 500),  # a year that only one neighbourhood has: not held
        ("E01000001", "lsoa11", 2014, 700),  # nor is one that most LSOAs lack
    ]
    tables = {
        "count": pd.DataFrame(count, columns=["force", "month", "lsoa_code", "category", "counted"]),
        "completeness": pd.DataFrame(completeness, columns=["force", "month", "received"]),
        "lookup": pd.DataFrame(LOOKUP, columns=["lsoa_code", "lsoa_vintage", "neighbourhood_code", "weight"]),
        "neighbourhood": pd.DataFrame(NAMES.items(), columns=["neighbourhood_code", "name"]),
        "population": pd.DataFrame(population, columns=["area_code", "area_type", "mid_year", "persons"]),
    }
    return {
        name: table.sample(frac=1, random_state=shuffled, ignore_index=True) if shuffled else table
        for name, table in tables.items()
    }


def simple_city(areas, months, residents, **changes):
    """A city of one LSOA a neighbourhood: `areas` gives {code: {category: count in the first of the months}}.

    `residents` gives {mid-year: {code: persons}}. Returns the tables and the setting.
    """
    lsoa = {code: f"E01{number:06d}" for number, code in enumerate(areas, start=1)}
    count = [("alpha", months[0], lsoa[code], slug, n) for code, row in areas.items() for slug, n in row.items() if n]
    people = [(lsoa[code], "lsoa11", year, n) for year, row in residents.items() for code, n in row.items()]
    tables = {
        "count": pd.DataFrame(count, columns=["force", "month", "lsoa_code", "category", "counted"]),
        "completeness": pd.DataFrame([("alpha", month, 1) for month in months], columns=["force", "month", "received"]),
        "lookup": pd.DataFrame(
            [(lsoa[code], "2011", code, 1.0) for code in areas],
            columns=["lsoa_code", "lsoa_vintage", "neighbourhood_code", "weight"],
        ),
        "neighbourhood": pd.DataFrame(
            [(code, f"Name {code}") for code in areas], columns=["neighbourhood_code", "name"]
        ),
        "population": pd.DataFrame(people, columns=["area_code", "area_type", "mid_year", "persons"]),
    }
    return tables, replace(SETTING, forces=("alpha",), **changes)


def figure(table, part, kind, start, area=None):
    """The one row of a part and period, by its first day."""
    rows = table[(table["part"] == part) & (table["period_kind"] == kind) & (table["period_start"] == start)]
    if area is not None:
        rows = rows[rows["area_code"] == area]
    assert len(rows) == 1, f"{len(rows)} rows of {part} {kind} {start}"
    return rows.iloc[0]


# The second way -----------------------------------------------------------------------------------------------------


def plain_periods():
    """(kind, months) of every period that ends in the series, counted in months since year 0."""
    start, end = (year * 12 + month - 1 for year, month in (FIRST, LAST))
    for last in range(start, end + 1):
        of_year = (last - 3) % 12 + 1
        lengths = {"month": 1, "r12": 12, "ytd": of_year}
        if of_year % 3 == 0:
            lengths["quarter"] = 3
        if of_year == 12:
            lengths["fy"] = 12
        for kind, length in lengths.items():
            yield kind, [f"{m // 12}-{m % 12 + 1:02d}" for m in range(last - length + 1, last + 1)]


def plain_counts(tables, categories):
    """Events by month and area, the whole city under the empty name: `sum_of` adds up months."""
    newest = {}
    for row in tables["lookup"].itertuples():
        newest[row.lsoa_code] = max(newest.get(row.lsoa_code, ""), row.lsoa_vintage)
    placed = {}
    for row in tables["lookup"].itertuples():
        if newest[row.lsoa_code] == row.lsoa_vintage:
            placed.setdefault(row.lsoa_code, []).append((row.neighbourhood_code, row.weight))
    total = {}
    for force, month, lsoa, category, number in tables["count"].itertuples(index=False):
        if force in FORCES and category in categories and lsoa in placed:
            for code, weight in [("", 1.0), *placed[lsoa]]:
                total[month, code] = total.get((month, code), 0.0) + number * weight
    return total


def sum_of(counts, months, code):
    """Events of some months in one area."""
    return sum(counts.get((month, code), 0.0) for month in months)


def plain_residents(tables, year):
    """Residents by area of one mid-year (2015 and 2016 by LSOAs of 2011, 2017 by those of 2021)."""
    kind, vintage = ("lsoa21", "2021") if year == 2017 else ("lsoa11", "2011")
    persons = {
        row.area_code: row.persons
        for row in tables["population"].itertuples()
        if row.mid_year == year and row.area_type == kind
    }
    total = dict.fromkeys(NAMES, 0.0)
    for lsoa, of, code, weight in LOOKUP:
        if of == vintage and code in total:
            total[code] += persons[lsoa] * weight
    return total | {"": 12345 if year == 2016 else sum(persons.values())}
