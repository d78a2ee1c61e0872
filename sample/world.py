"""The invented world behind the synthetic deliveries: a city and three other districts, their LSOAs and residents.

Here: names, codes, residents, where crime happens and how that drifts over the months. Not here: rows of a month
(`sample/street.py`), faults (`sample/faults.py`), anything written to disk (`sample/generator.py`).
No place, street or identifier is real; the codes are outside the ranges in use, the coordinates lie in open sea.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

CITY = "Marlhaven"
CITY_CODE = "E06999999"
FORCE = "Vale and Moor Police"
FORCE_SLUG = "vale-and-moor"
LSOA_VINTAGE = "2011"

#: The 39 neighbourhoods, MH-01 to MH-39, in the order of their codes.
NEIGHBOURHOOD_NAMES = (
    "Anchorfield", "Barley Rise", "Chandlers Quay", "Cloverhill", "Coldwater", "Copperbrook", "Cranesgate",
    "Dewfield", "Drovers End", "Elmside Bank", "Fairlamp Park", "Ferrymans Hard", "Foxglade Down",
    "Gatehouse Green", "Old Harbour", "Hazelcombe Rise", "Heronmere", "Kilnside", "Larksend", "Limekiln Row",
    "Lower Mast Yard", "Meadowgate", "Millrace", "Nettlecombe Hill", "Upper Strand", "Ropewalk", "Orchard Vale",
    "Otterbank", "Pebblecombe", "Quarrybank", "Ravenscliff Park", "Rushwater Gate", "Sandpiper Reach", "Slipway",
    "Lower Strand", "Tidegate", "Upper Thornway", "Wheatlea", "Windmill Leas",
)  # fmt: skip
#: The fixed list of priority neighbourhoods.
PRIORITY = ("MH-03", "MH-07", "MH-09", "MH-12", "MH-15", "MH-18", "MH-21", "MH-26", "MH-30", "MH-34")
CENTRE = "MH-15"  # few residents, much crime: the reason why the ten are pooled and not averaged
LSOAS_PER_NEIGHBOURHOOD = 4

#: The other districts of the force: name and number of LSOAs; their codes, in the same order.
DISTRICTS = (("Harrowmoor", 150), ("Penmarrow", 120), ("Saltreach", 90))
DISTRICT_CODES = ("E06999998", "E06999997", "E06999996")
#: LSOAs of nobody in the force, where a few of its rows fall.
OUTSIDE = (("E01992001", "Farnbeck 001A"), ("E01992002", "Farnbeck 001B"), ("W01992001", "Cwmhafren 004C"))

_LETTERS = "ABCDE"
_POINTS_PER_LSOA = 14
_STREET_FIRST = (
    "Harbour", "Anchor", "Lantern", "Mill", "Orchard", "Meadow", "Heron", "Copper", "Chandler", "Quarry", "Tide",
    "Beacon", "Willow", "Larch", "Pebble", "Rope", "Sail", "Cooper", "Drover", "Fern", "Hazel", "Linden", "Plover",
    "Rowan", "Saddler", "Thistle", "Weaver", "Wren",
)  # fmt: skip
_STREET_LAST = ("Lane", "Road", "Street", "Close", "Avenue", "Drive", "Place", "Terrace", "Way", "Gardens")
_PREMISES = (
    "Supermarket", "Parking Area", "Sports/Recreation Area", "Petrol Station", "Shopping Area", "Nightclub",
    "Park/Open Space", "Bus/Coach Station, Upper Level", "Hospital", "Shopping Centre, Main Entrance",
)  # fmt: skip

#: Mean residents of a city LSOA in mid-2013, and yearly growth.
_RESIDENTS_PER_LSOA = 1680
_GROWTH = 1.007
#: Relative gap (rate of the ten over the city's, less 1) in April 2013; it falls month by month for three years.
_GAP_AT_FIRST = 0.77
_GAP_FALL = 0.0025
_FIRST_MONTH = 2013 * 12 + 3

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lsoa:
    """One small area: code, name and, in the city, its neighbourhood."""

    code: str
    name: str
    neighbourhood: str | None = None


#: longitude, latitude, location, LSOA code, LSOA name: as text, as published.
Point = tuple[str, str, str, str, str]


@dataclass(frozen=True, eq=False)
class World:
    """Everything about the invented places that the rows of a month and the reference tables are made from.

    `areas` holds the city's LSOAs first, then the districts', then those outside; `points` holds an equal number of
    snap points for each area, in the same order. `draw_weights` are relative, one for each area.
    """

    seed: int
    scale: float
    areas: tuple[Lsoa, ...]
    points: tuple[Point, ...]
    residents: FloatArray
    draw_weights: FloatArray

    @property
    def city(self) -> tuple[Lsoa, ...]:
        """The city's LSOAs, in the order of their codes."""
        return self.areas[: len(self.residents)]

    def persons(self, year: int) -> dict[str, int]:
        """Residents of each city LSOA in the middle of a year; at least 1 each, whatever the scale."""
        grown = self.residents * self.scale * _GROWTH ** (year - 2013)
        return {area.code: max(1, round(float(n))) for area, n in zip(self.city, grown, strict=True)}

    def city_shares(self, month: int) -> FloatArray:
        """Share of the city's crime that falls in each of its LSOAs, in that month (number as in `month_number`)."""
        ten = np.array([area.neighbourhood in PRIORITY for area in self.city])
        elapsed = min(max(month - _FIRST_MONTH, 0), 36)
        share_of_ten = (1 + _GAP_AT_FIRST - _GAP_FALL * elapsed) * self.residents[ten].sum() / self.residents.sum()
        weights = self.draw_weights[: len(self.residents)]
        return np.where(
            ten, share_of_ten * weights / weights[ten].sum(), (1 - share_of_ten) * weights / weights[~ten].sum()
        )

    def district_shares(self) -> FloatArray:
        """Share of the rest of the force's crime that falls in each LSOA of the other districts."""
        weights = self.draw_weights[len(self.city) : len(self.areas) - len(OUTSIDE)]
        return weights / weights.sum()

    def points_of(self, area: npt.NDArray[np.int64], spread: FloatArray) -> npt.NDArray[np.int64]:
        """Index of a snap point in each area: the square makes a few points of an area busy and most quiet."""
        return area * _POINTS_PER_LSOA + (spread**2 * _POINTS_PER_LSOA).astype(np.int64)

    def areas_of(self, points: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The inverse of `points_of`: index of the area of each snap point; -1, unplaced, stays -1."""
        return np.where(points < 0, -1, points // _POINTS_PER_LSOA)


def random_for(seed: int, *purpose: int) -> np.random.Generator:
    """A generator of its own for each purpose, so that no draw depends on what else is drawn."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *purpose])))


def month_number(month: str) -> int:
    """`YYYY-MM` as months since year 0."""
    return int(month[:4]) * 12 + int(month[5:]) - 1


def month_text(number: int) -> str:
    """The inverse of `month_number`."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def first_day(number: int) -> date:
    """First day of a month."""
    return date(number // 12, number % 12 + 1, 1)


def last_day(number: int) -> date:
    """Last day of a month."""
    year, month = number // 12, number % 12 + 1
    return date(year, month, monthrange(year, month)[1])


def financial_year(number: int) -> int:
    """Year in which the financial year of a month starts."""
    return (number - 3) // 12


def quarter_text(number: int) -> str:
    """The quarter of a month, such as `2015-16Q1`."""
    year = financial_year(number)
    return f"{year}-{(year + 1) % 100:02d}Q{(number - 3) % 12 // 3 + 1}"


def neighbourhood_codes() -> list[str]:
    """MH-01 to MH-39."""
    return [f"MH-{n:02d}" for n in range(1, len(NEIGHBOURHOOD_NAMES) + 1)]


def build_world(seed: int, scale: float) -> World:
    """The world of a seed. `scale` multiplies rows and residents alike, so that rates do not depend on it."""
    rng = random_for(seed, 1)
    city = [
        Lsoa(f"E0199{1 + i:04d}", _lsoa_name(CITY, i), code)
        for i, code in enumerate(np.repeat(neighbourhood_codes(), LSOAS_PER_NEIGHBOURHOOD).tolist())
    ]
    districts = [(name, i) for name, size in DISTRICTS for i in range(size)]
    elsewhere = [Lsoa(f"E0199{1001 + n:04d}", _lsoa_name(name, i)) for n, (name, i) in enumerate(districts)]
    areas = (*city, *elsewhere, *(Lsoa(code, name) for code, name in OUTSIDE))

    residents = _RESIDENTS_PER_LSOA * rng.uniform(0.8, 1.2, len(city))
    residents[[area.neighbourhood == CENTRE for area in city]] *= 0.6
    rates = {code: _relative_rate(code, rng.uniform) for code in neighbourhood_codes()}
    of_city = np.array([rates[str(area.neighbourhood)] for area in city])
    weights = np.concatenate([residents * of_city, np.ones(len(areas) - len(city))]) * rng.uniform(
        0.75, 1.25, len(areas)
    )
    return World(seed, scale, areas, _points(seed, areas), residents, weights)


def _lsoa_name(district: str, index: int) -> str:
    return f"{district} {1 + index // len(_LETTERS):03d}{_LETTERS[index % len(_LETTERS)]}"


def _relative_rate(neighbourhood: str, uniform: Callable[[float, float], float]) -> float:
    """Rate of a neighbourhood relative to its own group, the ten or the rest."""
    spread = uniform(0, 1)
    if neighbourhood == CENTRE:
        return 2.0
    return 0.85 + 0.35 * spread if neighbourhood in PRIORITY else 0.6 + 0.6 * spread


def _points(seed: int, areas: tuple[Lsoa, ...]) -> tuple[Point, ...]:
    """The snap points of every area; centres of areas stand on a grid, district by district."""
    rng = random_for(seed, 2)
    size = len(areas) * _POINTS_PER_LSOA
    nth = np.repeat(np.arange(len(areas)), _POINTS_PER_LSOA)
    longitude = -7.6 + 0.02 * (nth % 26) + rng.uniform(0, 0.018, size)
    latitude = 49.2 + 0.012 * (nth // 26) + rng.uniform(0, 0.011, size)
    first = rng.integers(0, len(_STREET_FIRST), size)
    last = rng.integers(0, len(_STREET_LAST), size)
    premises = np.where(rng.random(size) < 0.15, rng.integers(0, len(_PREMISES), size), -1)
    points = []
    for i, n in enumerate(nth.tolist()):
        what = f"{_STREET_FIRST[first[i]]} {_STREET_LAST[last[i]]}" if premises[i] < 0 else _PREMISES[premises[i]]
        points.append((f"{longitude[i]:.6f}", f"{latitude[i]:.6f}", f"On or near {what}", areas[n].code, areas[n].name))
    return tuple(points)
