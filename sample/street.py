"""The rows of one month of the police street file, as the force would deliver them, without fault.

Here: how many rows, of which type, where, with which outcome, and which Crime IDs come back. Not here: places
(`sample/world.py`), faults (`sample/faults.py`), files (`sample/generator.py`). A month depends on the seed, the scale
and the month alone, never on which other months are made.
"""

from __future__ import annotations

import csv
import io
import math
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sample.world import FORCE, FORCE_SLUG, OUTSIDE, Point, World, month_number, random_for

#: Header of the published street file.
HEADER = (
    "Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location", "LSOA code", "LSOA name",
    "Crime type", "Last outcome category", "Context",
)  # fmt: skip
CRIME_ID, MONTH, LONGITUDE, LATITUDE, LOCATION, LSOA_CODE, LSOA_NAME, CRIME_TYPE, OUTCOME = 0, 1, 4, 5, 6, 7, 8, 9, 10

ASB = "Anti-social behaviour"
#: Crime type -> share of crimes, near those of a south-coast city in 2014.
CRIME_SHARES = {
    "Violence and sexual offences": 0.290,
    "Criminal damage and arson": 0.163,
    "Other theft": 0.125,
    "Shoplifting": 0.099,
    "Burglary": 0.078,
    "Public order": 0.070,
    "Drugs": 0.067,
    "Vehicle crime": 0.056,
    "Other crime": 0.017,
    "Theft from the person": 0.013,
    "Bicycle theft": 0.010,
    "Robbery": 0.007,
    "Possession of weapons": 0.005,
}
#: Up to April 2013 fewer, wider categories were published.
LAST_OLD_MONTH = "2013-04"
OLD_LABELS = {
    "Violence and sexual offences": "Violent crime",
    "Public order": "Public disorder and weapons",
    "Possession of weapons": "Public disorder and weapons",
    "Theft from the person": "Other theft",
    "Bicycle theft": "Other theft",
}
_OUTCOME_SHARES = {
    "Investigation complete; no suspect identified": 0.45,
    "Under investigation": 0.24,
    "Local resolution": 0.07,
    "Offender given a caution": 0.05,
    "Unable to prosecute suspect": 0.05,
    "Offender sent to prison": 0.025,
    "Offender given community sentence": 0.025,
    "Awaiting court outcome": 0.02,
    "Offender fined": 0.015,
    "Offender given conditional discharge": 0.015,
    "Defendant found not guilty": 0.015,
    "Court case unable to proceed": 0.01,
    "Offender given penalty notice": 0.01,
    "Court result unavailable": 0.005,
}

#: Mean rows of a month at scale 1: about 9,000 in all. Rows that no one could place are all crimes, as in real files.
_CITY_CRIMES, _CITY_ASB, _OTHER_CRIMES, _OTHER_ASB, _UNPLACED, _OUTSIDE_FORCE = 1500, 900, 3900, 2250, 450, 3
#: Height of the summer peak over the mean.
_CRIME_SEASON, _ASB_SEASON = 0.05, 0.18
#: Crime IDs that come back, per crime of the month: in one of the next months, and inside the month.
_BACK_LATER, _BACK_INSIDE = 0.0005, 0.0001
_LONGEST_LAG = 3
_NO_PLACE: Point = ("", "", "No Location", "", "")

Row = Sequence[str]
_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Draw:
    """Rows as numbers: raw Crime ID, type (0 = ASB), place (-1 = unplaced), outcome (-1 = none); crimes come first."""

    identifier: npt.NDArray[np.uint8]
    kind: _Ints
    place: _Ints
    outcome: _Ints
    crimes: int


def street_path(month: str) -> str:
    """Where the month's file lies below the landing folder: the published tree."""
    return f"police_street/{month}/{month}-{FORCE_SLUG}-street.csv"


def street_file(world: World, month: str) -> bytes:
    """The month's file, UTF-8 with LF, sorted by LSOA name with unplaced rows last."""
    return render(HEADER, month_rows(world, month))


def render(header: Row, rows: Iterable[Row]) -> bytes:
    """CSV with quotes only where a value needs them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def parse(data: bytes) -> tuple[Row, list[list[str]]]:
    """Header and rows of a file that `render` made."""
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8"), newline=""))
    return header, rows


def month_rows(world: World, month: str) -> list[Row]:
    """The month's rows in the columns of `HEADER`."""
    number = month_number(month)
    rng = random_for(world.seed, 4, number)
    own = _draw(world, number)
    parts = [own, _inside(own, rng)]
    parts += [_later(world, number - lag, rng) for lag in range(1, _LONGEST_LAG + 1)]
    kind, place, outcome = (np.concatenate([getattr(p, f) for p in parts]) for f in ("kind", "place", "outcome"))
    raw = np.concatenate([p.identifier for p in parts]).tobytes().hex()

    labels = [ASB, *CRIME_SHARES]
    if month <= LAST_OLD_MONTH:
        labels = [OLD_LABELS.get(label, label) for label in labels]
    # Index -1, "unplaced" and "no outcome", finds the last entry.
    points, outcomes = [*world.points, _NO_PLACE], [*_OUTCOME_SHARES, ""]
    order = np.lexsort((rng.random(len(place)), _name_ranks(world)[place]))
    columns = (order.tolist(), kind[order].tolist(), place[order].tolist(), outcome[order].tolist())
    return [
        (
            raw[64 * i : 64 * i + 64] if k else "", month, FORCE, FORCE, *points[p], labels[k], outcomes[o], "",
        )
        for i, k, p, o in zip(*columns, strict=True)
    ]  # fmt: skip


def offences(world: World, number: int) -> tuple[_Ints, _Ints]:
    """What a month brings of itself, without what comes back from other months: the force's own view of it.

    Returns:
        For every crime, then every incident, its type (0 is ASB, else one more than the index in `CRIME_SHARES`) and its
        area (index in `World.areas`, -1 unplaced).
    """
    own = _draw(world, number)
    return own.kind, world.areas_of(own.place)


@lru_cache(maxsize=1)
def _name_ranks(world: World) -> _Ints:
    """Rank of each point by the name of its LSOA; a last entry for unplaced rows."""
    names = sorted({area.name for area in world.areas})
    rank = {name: n for n, name in enumerate(names)}
    return np.array([*(rank[point[4]] for point in world.points), len(names)])


@lru_cache(maxsize=_LONGEST_LAG + 2)
def _draw(world: World, number: int) -> _Draw:
    """The month's own offences and incidents."""
    rng = random_for(world.seed, 3, number)
    year, month = divmod(number, 12)
    length = monthrange(year, month + 1)[1] / 30.4375 * world.scale
    # July is the peak; a quiet or busy month moves crimes and incidents together.
    peak = math.cos(2 * math.pi * (month - 6) / 12)
    level = length * math.exp(0.015 * rng.standard_normal())
    crime_level, asb_level = level * (1 + _CRIME_SEASON * peak), level * (1 + _ASB_SEASON * peak)
    city, districts = world.city_shares(number), world.district_shares()
    first, outside = len(city), len(world.areas) - len(OUTSIDE)
    crime_places = [
        _places(world, city, 0, rng.poisson(_CITY_CRIMES * crime_level), rng),
        _places(world, districts, first, rng.poisson(_OTHER_CRIMES * crime_level), rng),
        _places(world, np.ones(len(OUTSIDE)) / len(OUTSIDE), outside, rng.poisson(_OUTSIDE_FORCE * level), rng),
        np.full(rng.poisson(_UNPLACED * crime_level), -1),
    ]
    asb_places = [
        _places(world, city, 0, rng.poisson(_CITY_ASB * asb_level), rng),
        _places(world, districts, first, rng.poisson(_OTHER_ASB * asb_level), rng),
    ]
    place = np.concatenate(crime_places + asb_places)
    crimes = sum(map(len, crime_places))
    kind, outcome = np.zeros(len(place), dtype=np.int64), np.full(len(place), -1)
    kind[:crimes] = 1 + _pick(CRIME_SHARES, crimes, rng)
    outcome[:crimes] = _pick(_OUTCOME_SHARES, crimes, rng)
    identifier = np.frombuffer(rng.bytes(32 * len(place)), dtype=np.uint8).reshape(-1, 32)
    return _Draw(identifier, kind, place, outcome, crimes)


def _later(world: World, number: int, rng: np.random.Generator) -> _Draw:
    """Crimes of an earlier month delivered again: a third as they were, a third reclassified, a third moved."""
    earlier = _draw(world, number)
    count = rng.poisson(_BACK_LATER / _LONGEST_LAG * earlier.crimes)
    again = rng.integers(0, max(earlier.crimes, 1), count)
    what = rng.integers(0, 3, count)
    other_kind = 1 + (earlier.kind[again] - 1 + rng.integers(1, len(CRIME_SHARES), count)) % len(CRIME_SHARES)
    other_place = rng.integers(0, len(world.points), count)
    return _Draw(
        earlier.identifier[again],
        np.where(what == 1, other_kind, earlier.kind[again]),
        np.where(what == 2, other_place, earlier.place[again]),
        _pick(_OUTCOME_SHARES, count, rng),
        count,
    )


def _inside(own: _Draw, rng: np.random.Generator) -> _Draw:
    """Crimes that stand twice in their own month: half as an identical row, half with another type."""
    count = rng.poisson(_BACK_INSIDE * own.crimes)
    again = rng.integers(0, max(own.crimes, 1), count)
    other_kind = 1 + own.kind[again] % len(CRIME_SHARES)
    kind = np.where(rng.random(count) < 0.5, own.kind[again], other_kind)
    return _Draw(own.identifier[again], kind, own.place[again], own.outcome[again], count)


def _places(world: World, shares: npt.NDArray[np.float64], first: int, count: int, rng: np.random.Generator) -> _Ints:
    """Points for that many rows in the areas from `first` on."""
    area = np.searchsorted(np.cumsum(shares)[:-1], rng.random(count), side="right")
    return world.points_of(first + area, rng.random(count))


def _pick(shares: dict[str, float], count: int, rng: np.random.Generator) -> _Ints:
    """Index of a label for that many rows, by share."""
    cumulative = np.cumsum(list(shares.values()))
    return np.searchsorted(cumulative[:-1] / cumulative[-1], rng.random(count), side="right")
