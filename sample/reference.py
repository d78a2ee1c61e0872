"""The reference tables of the invented city, without fault: neighbourhoods, lookup of LSOAs, residents (spec 3.9).

Here: the tables as rows of text and where they lie. Not here: places and residents (`sample/world.py`), faults
(`sample/faults.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from sample.street import Row, render
from sample.world import CITY_CODE, LSOA_VINTAGE, NEIGHBOURHOOD_NAMES, World, neighbourhood_codes

NEIGHBOURHOOD_PATH = "reference/neighbourhood/neighbourhood.csv"
LOOKUP_PATH = "reference/lsoa_neighbourhood/lsoa_neighbourhood.csv"
POPULATION_PATH = "reference/population/population.csv"

_PERSONS_PER_HOUSEHOLD = 2.3


def reference_files(world: World, years: range) -> dict[str, bytes]:
    """The three tables by path below the landing folder; residents for the middle of each of the years."""
    neighbourhoods = zip(neighbourhood_codes(), NEIGHBOURHOOD_NAMES, strict=True)
    lookup = ((area.code, LSOA_VINTAGE, str(area.neighbourhood), "1") for area in world.city)
    return {
        NEIGHBOURHOOD_PATH: render(("neighbourhood_code", "name"), neighbourhoods),
        LOOKUP_PATH: render(("lsoa_code", "lsoa_vintage", "neighbourhood_code", "weight"), lookup),
        POPULATION_PATH: render(
            ("area_code", "area_type", "mid_year", "persons", "households", "vintage"), _population(world, years)
        ),
    }


def _population(world: World, years: range) -> Iterator[Row]:
    """Every LSOA and, last in each year, the city as their sum."""
    for year in years:
        persons = world.persons(year)
        households = {code: max(1, round(n / _PERSONS_PER_HOUSEHOLD)) for code, n in persons.items()}
        kinds = [(code, f"lsoa{LSOA_VINTAGE[2:]}", persons[code], households[code]) for code in persons]
        for code, kind, people, homes in [*kinds, (CITY_CODE, "city", sum(persons.values()), sum(households.values()))]:
            yield code, kind, str(year), str(people), str(homes), f"synthetic mid-{year} estimates"
