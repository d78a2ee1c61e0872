"""Invented cities with small counts, and sequences of releases of their figures as the data are revised.

Only the disclosure step is run, on outcome tables made here from counts; folders are written as a release writes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from assets.outcomes.series import count_figure, share_figure
from assets.outcomes.tidy import (
    Figure,
    Line,
    Setting,
    compare_counts,
    compare_points,
    compare_rates,
    compare_shares,
    tidy_table,
)
from assets.release import folder, history
from assets.release.disclosure import publishable
from assets.release.folder import Released
from assets.release.regime_b import Asked
from expectations.register import Measure, load_register
from methods.periods import Period, month_range, periods
from methods.rates import rate
from tests.paths import ROOT
from tests.release.attack import Cell

AREA = ("E99999999", "Vale and Moor")
RESIDENTS = 1000
MEASURES = load_register(ROOT / "partnership" / "synthetic").measures
#: Counts by part (of SP01: by neighbourhood) and quarter.
Counts = dict[str, np.ndarray]
Data = dict[str, Counts]
#: Lets out what may be public of one measure.
Suppress = Callable[[pd.DataFrame, Measure, Asked, int, history.Hidden], pd.DataFrame]


@dataclass
class City:
    """A city: its data now, what it released so far, and what the data were at each release."""

    rng: np.random.Generator
    data: Data
    ten: tuple[str, ...] = ()
    releases: list[Released] = field(default_factory=list)
    was: list[dict[Cell, float]] = field(default_factory=list)

    def truth(self, number: int, cell: Cell) -> float | None:
        """The exact number of a cell at a release."""
        return self.was[number].get(cell)

    @property
    def folders(self) -> list[Path]:
        """The release folders, oldest first."""
        return [released.folder for released in self.releases]


# ---- data


def police(rng: np.random.Generator, areas: int, quarters: int, mean: float) -> City:
    """Crimes by neighbourhood, `rest` in none of them, and by group of acquisitive crime; many counts are small."""
    places = [f"N{n:02}" for n in range(areas)]
    level = rng.gamma(1.2, mean, size=areas) + rng.integers(0, 3, size=areas)
    level[rng.integers(0, areas)] = 2.5
    crimes = {place: rng.poisson(level[n], size=quarters).astype(float) for n, place in enumerate(places)}
    crimes["rest"] = rng.poisson(rng.choice([0.0, 0.4, 6.0]), size=quarters).astype(float)
    open_data = bool(rng.integers(0, 2))
    names = ("burglary", "robbery", "vehicle_crime") if open_data else SAC
    groups = {name: rng.poisson(rng.choice([3, 9, 40]), size=quarters).astype(float) for name in names}
    ten = tuple(places[:10]) if areas > 14 else tuple(places[: areas // 2])
    return City(rng, {"SP01": crimes, "SP08": groups}, ten)


SAC = ("domestic_burglary", "robbery", "theft_of_vehicle", "theft_from_vehicle")


def services(rng: np.random.Generator, quarters: int, mean: float) -> City:
    """People using services, nested as their measures nest them."""
    city = City(rng, {name: {} for name in ("SP04", "SP05", "SP06", "SP07", "SP10")})
    for _ in range(quarters):
        _one_quarter(city, mean)
    return city


def _one_quarter(city: City, mean: float) -> None:
    rng = city.rng

    def part(whole: float, share: float) -> float:
        return float(rng.binomial(int(whole), share))

    def add(measure: str, **found: float) -> None:
        for name, number in found.items():
            city.data[measure][name] = np.append(city.data[measure].get(name, np.array([])), number)

    referrals = float(rng.poisson(mean * 4))
    unknown = part(referrals, 0.08)
    first = part(referrals - unknown, 0.7)
    add("SP04", referrals=referrals, first_time_unknown=unknown, first_time_referrals=first)
    add("SP04", supported=part(referrals, 0.6), on_open_case=float(rng.poisson(4)))
    assessed = float(rng.poisson(mean))
    appropriate = part(assessed, 0.8)
    consented = part(appropriate, 0.85)
    add("SP05", assessed=assessed, appropriate=appropriate, consented=consented, engaged=part(consented, 0.8))
    closed = float(rng.poisson(mean * 0.8))
    matched = part(closed, 0.8)
    improved = part(matched, 0.6)
    same = part(matched - improved, 0.5)
    add("SP06", closed=closed, matched=matched, unmatched=closed - matched)
    add("SP06", improved=improved, same=same, declined=matched - improved - same)
    exited = float(rng.poisson(mean))
    responses = part(exited, 0.6)
    valid = part(responses, 0.9)
    add("SP07", exited=exited, responses=responses, valid=valid, pleased=part(valid, 0.8))
    crimes, incidents = float(rng.poisson(mean * 1.5)), float(rng.poisson(mean * 0.4))
    add("SP10", crimes=crimes, incidents=incidents, reports=crimes + incidents)


def revise(city: City, mean: float) -> None:
    """New data: some counts move a little, some move between neighbourhoods, some rise above what is small, a quarter is added."""
    rng = city.rng
    if "SP01" in city.data:
        for measure, counts in city.data.items():
            names = sorted(counts)
            width = len(counts[names[0]])
            for name in names:
                touched = rng.random(width) < 0.06
                counts[name] = np.maximum(counts[name] + touched * rng.integers(-2, 4, size=width), 0)
                risen = (counts[name] > 0) & (counts[name] < 5) & (rng.random(width) < 0.15)
                counts[name] = np.where(risen, counts[name] + 6, counts[name])
            for _ in range(3 if measure == "SP01" else 0):
                one, other = rng.choice(names, size=2, replace=False)
                when, moved = int(rng.integers(0, width)), float(rng.integers(1, 4))
                moved = min(moved, counts[one][when])
                counts[one][when] -= moved
                counts[other][when] += moved
            if rng.random() < 0.5:
                for name in names:
                    counts[name] = np.append(counts[name], float(rng.poisson(max(counts[name].mean(), 0.1))))
        return
    width = len(city.data["SP05"]["assessed"])
    fresh = City(rng, {name: {} for name in city.data})
    for _ in range(width):
        _one_quarter(fresh, mean)
    changed = rng.random(width) < 0.2
    for measure, counts in city.data.items():
        for name in counts:
            counts[name] = np.where(changed, fresh.data[measure][name], counts[name])
    if rng.random() < 0.5:
        _one_quarter(city, mean)


# ---- outcome tables


def _periods(width: int) -> list[tuple[Period, slice]]:
    months = month_range("2013-04", "2030-03")[: 3 * width]
    found = []
    for period in periods(months):
        if period.kind in ("quarter", "fy"):
            first = months.index(period.first) // 3
            found.append((period, slice(first, first + (4 if period.kind == "fy" else 1))))
    return found


def setting(city: City) -> Setting:
    """What the register would say of the city."""
    members = tuple(("ten", code, "2000-01-01", None) for code in city.ten)
    return Setting(
        *AREA, ("force",), "2013-14", priority_set=members, polarity="lower_better", assessment_mode="direction"
    )


def tables(city: City) -> dict[str, pd.DataFrame]:
    """The outcome table of each measure."""
    made = {}
    for measure, counts in city.data.items():
        width = len(next(iter(counts.values())))
        lines = list((_police_lines if "SP01" in city.data else _service_lines)(city, measure, counts, _periods(width)))
        against = "baseline" if measure == "SP01" else "previous"
        made[measure] = tidy_table(measure, lines, "2016-03-31", "2013-14", against)  # type: ignore[arg-type]
    return made


def _rates(counted: np.ndarray, people: int, spans: Sequence[tuple[Period, slice]]) -> dict[Period, Figure]:
    made = {}
    for period, span in spans:
        number = float(counted[span].sum())
        found = rate(number, people)
        made[period] = Figure(found.value, found.lower, found.upper, found.method, number, people)
    return made


def _police_lines(city: City, measure: str, counts: Counts, spans: Sequence[tuple[Period, slice]]) -> list[Line]:
    unit = "crimes per 1000"
    if measure == "SP01":
        places = [name for name in counts if name != "rest"]
        every = sum(counts.values(), np.zeros(0) if not counts else np.zeros_like(next(iter(counts.values()))))
        ten = sum((counts[name] for name in city.ten), np.zeros_like(every))
        return [
            Line("city", *AREA, unit, _rates(every, RESIDENTS * len(places), spans), compare_rates),
            Line("ten", "ten", "Ten", unit, _rates(ten, RESIDENTS * len(city.ten), spans), compare_rates),
            *(
                Line("neighbourhood", name, name, unit, _rates(counts[name], RESIDENTS, spans), compare_rates)
                for name in places
            ),
        ]
    total = "proxy" if "burglary" in counts else "sac"
    every = sum(counts.values(), np.zeros_like(next(iter(counts.values()))))
    lines = {**counts, total: every}
    if total == "sac":
        lines["domestic_burglary_households"] = counts["domestic_burglary"]
    return [Line(name, *AREA, unit, _rates(found, RESIDENTS, spans), compare_rates) for name, found in lines.items()]


SHARES = {
    "SP04": {"engaged": ("supported", "referrals")},
    "SP05": {"conversion": ("engaged", "appropriate")},
    "SP06": {"improved_share": ("improved", "matched"), "coverage": ("matched", "closed"),
             "worst_case": ("improved", "closed")},
    "SP07": {"satisfied": ("pleased", "valid"), "response_rate": ("responses", "exited")},
    "SP10": {},
}  # fmt: skip
_NOT_ALONE = ("supported", "pleased")


def _service_lines(city: City, measure: str, counts: Counts, spans: Sequence[tuple[Period, slice]]) -> list[Line]:
    own = setting(city)
    made = [
        Line(name, *AREA, "people", {p: count_figure(float(found[s].sum())) for p, s in spans}, compare_counts(own))
        for name, found in counts.items()
        if name not in _NOT_ALONE
    ]
    for part, (some, every) in SHARES[measure].items():
        figures = {p: share_figure(float(counts[some][s].sum()), float(counts[every][s].sum())) for p, s in spans}
        compare = compare_points if part == "worst_case" else compare_shares(own)
        made.append(Line(part, *AREA, "%", figures, compare))
    return made


# ---- releases


def release(city: City, root: Path, suppress: Suppress = publishable) -> Released:
    """Publish the data as they are now, with all earlier releases known, and write the folder."""
    before = history.read(
        history.ancestry(root / "releases", city.releases[-1] if city.releases else None), root / "analysis"
    )
    asked = Asked(setting(city), "SP01" in city.data, frozenset(), 0.0)
    exact = {name: _labelled(table) for name, table in tables(city).items()}
    shown = {
        name: _labelled(suppress(rows, MEASURES[name].model_copy(update={"public_parts": None}), asked, 5, before))
        for name, rows in exact.items()
    }
    city.was.append(_truth(city))
    said = {
        "parent": city.releases[-1].id if city.releases else None,
        "as_at": "2016-03-31",
        "number": len(city.releases),
        "measures": {name: {"state": "published"} for name in shown},
    }
    said["id"] = folder.release_id(said)
    (root / "releases").mkdir(exist_ok=True)
    folder.write_analysis(root / "analysis", str(said["id"]), {folder.FIGURES: folder.csv_bytes(_all(exact))})
    files = {folder.FIGURES: folder.csv_bytes(_all(shown))}
    city.releases.append(folder.write_release(root / "releases", json.loads(json.dumps(said)), files))
    return city.releases[-1]


def _labelled(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(board_status="agreed", state="published")[list(folder.COLUMNS)]


def _all(made: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(list(made.values()), ignore_index=True)


def _truth(city: City) -> dict[Cell, float]:
    """The exact number of every count, under the attacker's names for them."""
    found: dict[Cell, float] = {}
    for measure, counts in city.data.items():
        width = len(next(iter(counts.values())))
        named = dict(counts)
        if measure == "SP01":
            named = {"city": sum(counts.values(), np.zeros(width))}
            named["ten"] = sum((counts[name] for name in city.ten), np.zeros(width))
        elif measure == "SP08":
            named["proxy" if "burglary" in counts else "sac"] = sum(counts.values(), np.zeros(width))
        for period, span in _periods(width):
            at = (period.kind, period.first_day)
            for name, values in named.items():
                area = "ten" if (measure, name) == ("SP01", "ten") else AREA[0]
                found[measure, name, "", area, *at] = float(values[span].sum())
            if measure == "SP01":
                for name in counts:
                    if name != "rest":
                        found[measure, "neighbourhood", "", name, *at] = float(counts[name][span].sum())
    return found
