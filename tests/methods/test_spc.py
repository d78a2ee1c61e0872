import csv
import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.spc import Settings, assurance, xmr
from tests.methods.references import golden
from tests.paths import need_real

LINES = ("mean", "amr", "lpl", "upl", "near_lpl", "near_upl")
VALUES = st.lists(st.one_of(st.none(), st.integers(0, 6)), max_size=40)


@pytest.mark.parametrize("case_id", ["SPC-1", "SPC-2", "SPC-3", "SPC-4", "SPC-6"])
def test_charts_of_the_specification(case_id):
    case = golden(case_id)
    asked = dict(case["input"])
    chart = xmr(asked.pop("y"), Settings(**asked))
    for line in LINES:
        assert getattr(chart, line) == pytest.approx(case["expect"][line], abs=1e-6)
    assert list(chart.flags) == case["expect"]["flags"]


@pytest.mark.parametrize(
    ("name", "screened"), [("r1_screen_on", True), ("r2_outlier_screen_on", True), ("r3_outlier_screen_off", False)]
)
def test_limits_of_the_health_service_package(name, screened):
    path = need_real() / "stats_checks" / "NHSRplotthedots" / "xmr_seed123_cases.csv"
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["case"] == name]
    assert len(rows) == 20
    chart = xmr([float(row["y"]) for row in rows], Settings(screen_outliers=screened))
    for line in ("mean", "lpl", "upl"):
        # Seven significant figures are printed.
        assert float(f"{getattr(chart, line):.7g}") == float(rows[0][line])


def test_figures_of_the_csv_are_those_of_the_snapshot():
    folder = need_real() / "stats_checks" / "NHSRplotthedots"
    snapshot = (folder / "ptd_spc_standard.md").read_text(encoding="utf-8")
    with (folder / "xmr_seed123_cases.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            assert all(row[line] in snapshot for line in ("mean", "lpl", "upl"))


def flags_by_windows(values):
    """The rules again, window by window: slower and without runs."""
    present = [value for value in values if value is not None]
    ranges = [abs(a - b) for a, b in pairwise(values) if a is not None and b is not None]
    mean = Fraction(sum(present), len(present))
    reach = Fraction(266, 100) * Fraction(sum(ranges), len(ranges))
    flags = []
    for at, value in enumerate(values):
        if value is None:
            flags.append("")
            continue
        windows = {
            size: [values[s : s + size] for s in range(at - size + 1, at + 1) if 0 <= s <= len(values) - size]
            for size in (3, 7)
        }
        full = {size: [w for w in found if None not in w] for size, found in windows.items()}
        steps = [{(b > a) - (b < a) for a, b in pairwise(w)} for w in full[7]]
        rising = [next(iter(step)) for step in steps if step in ({1}, {-1})]

        def near(v):
            return reach * 2 / 3 < abs(v - mean) <= reach

        def one_side(w):
            return all(v > mean for v in w) or all(v < mean for v in w)

        if abs(value - mean) > reach:
            flags.append("UCL" if value > mean else "LCL")
        elif rising:
            flags.append("trend+" if rising[-1] > 0 else "trend-")
        elif near(value) and any(one_side(w) and sum(map(near, w)) >= 2 for w in full[3]):
            flags.append("2of3+" if value > mean else "2of3-")
        elif any(map(one_side, full[7])):
            flags.append("shift+" if value > mean else "shift-")
        else:
            flags.append(".")
    return tuple(flags)


SHAPES = st.lists(
    st.one_of(
        st.lists(st.one_of(st.none(), st.integers(0, 30)), max_size=6),
        st.tuples(st.integers(0, 20), st.integers(-3, 3), st.integers(5, 9)).map(
            lambda run: [run[0] + run[1] * step for step in range(run[2])]
        ),
    ),
    min_size=2,
    max_size=6,
).map(lambda parts: [value for part in parts for value in part])


@given(st.one_of(VALUES, SHAPES))
def test_flags_are_those_of_the_rules_window_by_window(values):
    chart = xmr(values)
    if chart.status != "none":
        assert chart.flags == flags_by_windows(values)


@given(st.one_of(VALUES, SHAPES))
def test_upside_down_turns_every_flag(values):
    pairs = [("UCL", "LCL"), *((f"{rule}+", f"{rule}-") for rule in ("trend", "2of3", "shift"))]
    turn = dict(pairs) | {low: high for high, low in pairs}
    chart, other = xmr(values), xmr([None if value is None else -value for value in values])
    assert other.flags == tuple(turn.get(flag, flag) for flag in chart.flags)
    assert other.upl == pytest.approx(-chart.lpl, nan_ok=True)


@given(st.one_of(VALUES, SHAPES), st.integers(-1000, 1000), st.integers(1, 9))
def test_the_unit_does_not_matter(values, zero, unit):
    moved = [None if value is None else value * unit / 10 + zero for value in values]
    assert xmr(moved).flags == xmr(values).flags


STEADY = [10, 12] * 6


@pytest.mark.parametrize(
    ("after", "flags"),
    [
        # Baseline mean 11, near limits 7.4533 and 14.5467, limits 5.68 and 16.32.
        ([15, 15, 12], ["2of3+", "2of3+", "."]),
        ([15, 12, 15], ["2of3+", ".", "2of3+"]),
        ([15, 10, 15], [".", ".", "."]),
        ([15, 11, 15], [".", ".", "."]),
        ([15, 12, 12, 15], [".", ".", ".", "."]),
        ([15, 17, 12], [".", "UCL", "."]),
        ([15, 17, 15], ["2of3+", "UCL", "2of3+"]),
        ([7, 5, 7], ["2of3-", "LCL", "2of3-"]),
        ([16.32, 16.33], [".", "UCL"]),
        ([5.68, 5.67], [".", "LCL"]),
    ],
)
def test_two_of_three(after, flags):
    assert list(xmr(STEADY + after, Settings(fix_after_n=12)).flags[12:]) == flags


def test_two_of_three_can_be_left_out():
    chart = xmr([*STEADY, 15, 15, 12], Settings(fix_after_n=12, two_of_three=False))
    assert set(chart.flags) == {"."}


@pytest.mark.parametrize(
    ("values", "flags"),
    [
        # The peak belongs to the fall that follows; with a flat step between, to the rise.
        ([1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2, 1], ["trend+"] * 6 + ["trend-"] * 7),
        ([1, 2, 3, 4, 5, 6, 7, 7, 6, 5, 4, 3, 2, 1], ["trend+"] * 7 + ["trend-"] * 7),
        ([1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 11], ["."] * 12),
    ],
)
def test_trends(values, flags):
    # Limits wide enough to leave the other rules out.
    chart = xmr(values, Settings(limit=100, shift=50, near=0.99))
    assert list(chart.flags) == flags


def test_a_gap_breaks_runs_and_forms_no_moving_range():
    rise = [1, 2, 3, None, 4, 5, 6, 7, 8, 9, math.nan, 20]
    chart = xmr(rise, Settings(limit=100, shift=50, near=0.99))
    assert chart.amr == 1
    assert chart.mean == pytest.approx(65 / 10)
    assert list(chart.flags) == [".", ".", ".", "", *["."] * 6, "", "."]
    low = xmr([*STEADY, 10, 10, 10, None, 10, 10, 10, 10], Settings(fix_after_n=12))
    assert "shift-" not in low.flags


def test_lengths_of_runs_are_settings():
    # The last value of the baseline is above the mean too.
    after = [12, 11.5, 12, 11.5, 12]
    assert set(xmr(STEADY + after, Settings(fix_after_n=12)).flags) == {"."}
    assert xmr(STEADY + after, Settings(fix_after_n=12, shift=6)).flags[10:] == (".", *["shift+"] * 6)
    assert xmr([*STEADY, 13, 14], Settings(fix_after_n=12, trend=4)).flags[10:] == ("trend+",) * 4


@pytest.mark.parametrize(("count", "status"), [(0, "none"), (9, "none"), (10, "trial"), (12, "trial"), (13, "limits")])
def test_status_by_points_behind_the_limits(count, status):
    chart = xmr([1, 2, *[3] * 20][:count])
    assert chart.status == status
    assert len(chart.flags) == count
    assert math.isnan(chart.mean) == (status == "none")
    with_gaps = xmr([*[1, 2, *[3] * 20][:count], None, None, None])
    assert with_gaps.status == status


def test_status_counts_the_fixed_points_only():
    assert xmr([1, 2] * 10, Settings(fix_after_n=12)).status == "trial"
    assert xmr([1, 2] * 10, Settings(fix_after_n=9)).status == "none"
    assert xmr([1, 2] * 10, Settings(fix_after_n=13)).status == "limits"


def test_nothing_is_flagged_without_a_chart():
    assert xmr([1, 1, 1, 1, 1, 1, 1, None, 99]).flags == (*["."] * 7, "", ".")
    # Twelve points, of which no two are neighbours.
    assert xmr([1, None] * 12).status == "none"


def test_a_flat_series_has_limits_on_its_mean():
    for screened in (False, True):
        chart = xmr([0.1] * 15, Settings(screen_outliers=screened))
        assert (chart.lpl, chart.mean, chart.upl) == (0.1, 0.1, 0.1)
        assert set(chart.flags) == {"."}


def test_a_point_on_a_mean_of_decimals_is_on_it():
    # In binary the mean of these is not 0.2.
    chart = xmr([0.1, 0.2, 0.3] * 4 + [0.2] * 8, Settings(fix_after_n=12))
    assert set(chart.flags) == {"."}


def test_numbers_of_every_kind():
    plain = xmr([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])
    assert xmr(np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])) == plain
    assert xmr(np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5], dtype=float)) == plain
    with pytest.raises(ValueError, match="finite"):
        xmr([1, math.inf])


@pytest.mark.parametrize(
    ("limits", "target", "higher", "word"),
    [
        ((76, 90), 75, True, "consistently met"),
        ((76, 90), 75, False, "consistently missed"),
        ((60, 70), 75, True, "consistently missed"),
        ((60, 70), 75, False, "consistently met"),
        ((60, 90), 75, True, "hit and miss"),
        ((60, 90), 75, False, "hit and miss"),
        ((75, 90), 75, True, "hit and miss"),
        ((60, 75), 75, True, "hit and miss"),
    ],
)
def test_assurance(limits, target, higher, word):
    assert assurance(*limits, target, higher) == word


@pytest.mark.parametrize("figures", [(math.nan, math.nan, 1), (2, 1, 1), (1, 2, math.inf)])
def test_no_assurance_without_limits(figures):
    with pytest.raises(ValueError, match="assurance needs"):
        assurance(*figures, True)


@pytest.mark.parametrize(
    "wrong",
    [{"trend": 2}, {"shift": 1}, {"minimum_points": 1}, {"fix_after_n": 1}, {"limit": 0}, {"near": 1}, {"near": 0}],
)
def test_settings_that_make_no_chart(wrong):
    with pytest.raises(ValueError):
        Settings(**wrong)
