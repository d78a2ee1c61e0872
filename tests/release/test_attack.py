"""The attack of spec 4.8 on invented cities: nobody who holds every release can tell a hidden count.

Seeded and few here; two hundred cities under `SAFER_CAMPAIGN=1`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assets.outcomes.series import count_figure
from assets.outcomes.tidy import Line, compare_points, tidy_table
from assets.release import regime_a, regime_b
from assets.release.disclosure import publishable
from assets.release.history import Hidden
from assets.release.regime_b import Asked
from assets.release.relations import counts_of
from expectations.register import Measure
from methods.periods import month_range, periods
from tests.campaign import SEED, WHOLE
from tests.release.attack import Cell, attack, read, rows_of
from tests.release.cities import AREA, MEASURES, City, police, release, revise, services, setting

ENOUGH = {"police": 5, "services": 3}
Found = dict[tuple[Cell, float], int]


def city(kind: str, seed: int) -> tuple[City, float, int]:
    """A city of a kind, how many people its services see in a quarter, and how many releases to make."""
    rng = np.random.default_rng([seed, kind == "police"])
    mean = float(rng.choice([6, 12, 25]))
    quarters = int(rng.choice([2, 4, 5, 8] if WHOLE else [2, 4, 5]))
    if kind == "services":
        return services(rng, quarters, mean), mean, int(rng.integers(1, 4))
    areas = int(rng.integers(8, 40 if WHOLE else 11))
    return police(rng, areas, quarters, float(rng.choice([4, 10, 25, 60]))), mean, int(rng.integers(1, 4))


def attacks(made: City, **beliefs: bool) -> Found:
    return attack(made.folders, made.truth, made.ten, **beliefs)


@pytest.mark.campaign("attacks on releases")
@pytest.mark.parametrize("kind", ["police", "services"])
@pytest.mark.parametrize("n", range(100 if WHOLE else 2))
def test_every_hidden_count_can_still_be_enough_numbers(tmp_path: Path, kind: str, n: int) -> None:
    made, mean, releases = city(kind, n if WHOLE else 100 * SEED + n)
    enough = ENOUGH[kind]
    before: set[tuple[Cell, float]] = set()
    for number in range(releases):
        if number:
            revise(made, mean)
        release(made, tmp_path)
        for complete in (False, True) if kind == "police" else (False,):
            for zeros in (True, False):
                found = attack(made.folders[-1:], lambda _, cell, n=number: made.truth(n, cell), made.ten,
                               complete=complete, zeros=zeros)  # fmt: skip
                assert {name: n for name, n in found.items() if n < enough} == {}
        # Who takes counts to be unrevised finds no more in all releases than he would if this one had hidden everything.
        for linked in (True, False):
            weak = {name for name, n in attacks(made, complete=True, linked=linked).items() if n < enough}
            if weak - before:
                bare = attacks(made, complete=True, linked=linked, bare=True)
                assert {name for name in weak - before if bare.get(name, enough) >= enough} == set()
            before |= weak


@pytest.mark.parametrize("n", range(1))
def test_what_is_hidden_stays_hidden_and_nothing_is_hidden_without_need(tmp_path: Path, n: int) -> None:
    made, mean, _ = city("police", n)
    release(made, tmp_path)
    revise(made, mean)
    release(made, tmp_path)
    (_, first), (printed, later) = (read(rows_of(folder)) for folder in made.folders)
    assert first <= later
    assert first
    small = {cell for cell in later if (made.truth(1, cell) or 0) < 5}
    assert len(later - first) <= 4 * len(small)
    assert not [cell for cell in later if made.truth(0, cell) == 0 == made.truth(1, cell)]
    assert len(printed) > len(later)


# ---- the attacker is worth his name: on weaker ways of hiding he finds what is hidden


def small_ones_alone(rows: pd.DataFrame, measure: Measure, asked: Asked, small: int, before: Hidden) -> pd.DataFrame:
    """Hides small counts of regime A and nothing more."""
    exact = regime_a.counts(rows)
    below = regime_a.is_detail(rows, measure.id)
    detail = {count for place, count, _ in counts_of(rows, "A") if below.iat[place]}
    hidden = regime_a.small_counts(exact, detail, small)
    return regime_a.published(rows, hidden, asked.setting.baseline_fy, against_baseline=asked.against_baseline)


def compared_all_the_same(
    rows: pd.DataFrame, measure: Measure, asked: Asked, small: int, before: Hidden
) -> pd.DataFrame:
    """Hides what it should, and prints what it hides beside next year's figure."""
    shown = publishable(rows, measure, asked, small, before)
    return shown.assign(**{name: rows[name].to_numpy() for name in ("previous_value", "baseline_value")})


def forgetful(rows: pd.DataFrame, measure: Measure, asked: Asked, small: int, before: Hidden) -> pd.DataFrame:
    """Knows no earlier release."""
    return publishable(rows, measure, asked, small, Hidden())


def rounded_alone(rows: pd.DataFrame, measure: Measure, asked: Asked, small: int, before: Hidden) -> pd.DataFrame:
    """Hides and rounds by regime B, and looks no further."""
    return regime_b.publishable(rows, asked)


def test_the_attacker_works_out_what_only_small_counts_were_hidden_for(tmp_path: Path) -> None:
    made, *_ = city("police", 0)
    release(made, tmp_path, small_ones_alone)
    assert 1 in attacks(made, complete=True).values()


def test_the_attacker_reads_comparisons(tmp_path: Path) -> None:
    made = police(np.random.default_rng(5), 8, 8, 10.0)
    release(made, tmp_path / "", compared_all_the_same)
    _, hidden = read(rows_of(made.folders[0]))
    other = police(np.random.default_rng(5), 8, 8, 10.0)
    (tmp_path / "kept").mkdir()
    release(other, tmp_path / "kept")
    _, kept = read(rows_of(other.folders[0]))
    assert hidden < kept


def test_the_attacker_compares_releases(tmp_path: Path) -> None:
    """A release that knows no other one shows in time what the first one hid."""
    exposed = 0
    for n in range(2):
        root = tmp_path / str(n)
        root.mkdir()
        made = police(np.random.default_rng(n), 8, 4, 10.0)
        release(made, root, forgetful)
        revise(made, 6.0)
        release(made, root, forgetful)
        exposed += sum(values < 5 for values in attacks(made, complete=True, linked=False).values())
    assert exposed


def seven_each_quarter() -> tuple[pd.DataFrame, City]:
    """Four quarters of seven: their sum, 28, would be printed as 30, which only four sevens can make."""
    made = City(np.random.default_rng(0), {"SP04": {"on_open_case": np.full(4, 7.0)}})
    every = [p for p in periods(month_range("2014-04", "2015-03")) if p.kind in ("quarter", "fy")]
    figures = {period: count_figure(28.0 if period.kind == "fy" else 7.0) for period in every}
    line = Line("on_open_case", *AREA, "referrals", figures, compare_points)
    return tidy_table("SP04", [line], "2015-03-31", None, "previous"), made


def test_a_rounded_sum_that_tells_its_parts_is_hidden_too(tmp_path: Path) -> None:
    rows, made = seven_each_quarter()
    asked = Asked(setting(made))
    assert list(regime_b.publishable(rows, asked)["symbols"]) == ["", "[c]", "[c]", "[c]", "[c]"]
    assert set(publishable(rows, MEASURES["SP04"], asked, 5, Hidden())["symbols"]) == {"[c]"}


def test_the_attacker_works_out_rounded_sums(tmp_path: Path) -> None:
    made = services(np.random.default_rng(1), 4, 6.0)
    made.data["SP04"]["on_open_case"] = np.full(4, 7.0)
    release(made, tmp_path, rounded_alone)
    name = ("SP04", "on_open_case", "", AREA[0], "quarter", "2013-04-01")
    assert attacks(made)[name, 7.0] == 1
    (tmp_path / "kept").mkdir()
    other = services(np.random.default_rng(1), 4, 6.0)
    other.data["SP04"]["on_open_case"] = np.full(4, 7.0)
    release(other, tmp_path / "kept")
    assert attacks(other)[name, 7.0] >= 3
