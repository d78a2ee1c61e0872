"""The process chart of a measure: which series, from when, with which limits, and what is said of its newest point."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from assets.release import charts, process
from assets.release.process import NoProcess, Process, newest_signal, process_of, verdict
from assets.release.view import MeasureView, figures_of, parts_of
from methods.periods import month_range
from tests.release import example


def months(values: list[float | None], first: str = "2013-04", **more: Any) -> list[dict[str, Any]]:
    last = (
        f"{int(first[:4]) + (int(first[5:]) + len(values) - 2) // 12}-{(int(first[5:]) + len(values) - 2) % 12 + 1:02}"
    )
    every = list(month_range(first, last))
    return [
        example.row("SP08", "sac", example.ending("month", month), v, "offences per 1000", numerator=v, **more)
        for month, v in zip(every, values, strict=True)
    ]


def quarters(values: list[float | None], unit: str = "reports", symbols: str = "[c]") -> list[dict[str, Any]]:
    ends = [f"{2013 + (m + 3) // 12}-{(m + 3 - 1) % 12 + 1:02}" for m in range(3, 3 + 3 * len(values), 3)]
    return [
        example.row(
            "SP10", "reports", example.ending("quarter", end), v, unit, **({"symbols": symbols} if v is None else {})
        )
        for end, v in zip(ends, values, strict=True)
    ]


def measure(rows: list[dict[str, Any]], **more: Any) -> MeasureView:
    given = {"state": "published", "chart_from": "2013-04", "figures": example.frame(rows), **more}
    return example.measure(int(rows[0]["measure"][2:]), "Measure", "Theme", **given)


def chart(m: MeasureView) -> Process | NoProcess:
    figures = figures_of(m.figures, m.id)
    return process_of(m, parts_of(m.id, figures), figures)


STEADY = [100.0, 104, 97, 103, 99, 101, 96, 105] * 3


def test_months_are_charted_from_the_baseline_year_and_limits_are_fixed_on_24_of_them() -> None:
    early = months([500.0] * 3, first="2013-01")
    found = chart(measure([*early, *months([*STEADY, 103.0, 160.0])]))
    assert isinstance(found, Process)
    assert (found.kind, len(found.places), found.chart.settings.fix_after_n) == ("month", 26, 24)
    assert found.chart.mean == pytest.approx(sum(STEADY) / 24)
    assert [flag for _, flag in found.signals] == ["UCL"]
    assert not found.chart.settings.screen_outliers


def test_rolling_years_and_years_to_date_are_never_charted() -> None:
    rows = [
        example.row("SP08", "sac", example.ending(kind, month), 100.0, "offences per 1000", numerator=100.0)
        for kind in ("r12", "ytd")
        for month in month_range("2014-03", "2015-12")
    ]
    assert isinstance(chart(measure(rows)), NoProcess)


def test_the_newest_point_is_said_in_neutral_words() -> None:
    m = measure(months([*STEADY, 160.0]))
    said = verdict(m, chart(m))
    assert said is not None
    assert said.signal
    assert said.sentence == "Unusual: April 2015 is above the upper limit"
    assert newest_signal(m, m.figures) == said.sentence
    m = measure(months(STEADY))
    said = verdict(m, chart(m))
    assert said is not None
    assert not said.signal
    assert "Nothing unusual: March 2015 is inside its usual range" in said.sentence
    assert newest_signal(m, m.figures) == ""
    assert newest_signal(m, example.frame([])) == ""


def test_few_quarters_have_no_chart_and_it_is_said_why() -> None:
    found = chart(measure(quarters([100.0, 90, 110, 95, None, None, 105, 100, 90]), disclosure="B"))
    assert isinstance(found, NoProcess)
    assert "limits need 10 quarters" in found.why
    assert "7 quarters can be shown, and 2 more are hidden to protect people" in found.why


def test_twelve_quarters_make_trial_limits() -> None:
    found = chart(measure(quarters([100.0, 90, 110, 95, 105, 100, 90, 120, 100, 95, 105, 110]), disclosure="B"))
    assert isinstance(found, Process)
    assert found.chart.status == "trial"
    assert "(trial limits)" in str(verdict(measure(quarters([1.0])), found))
    assert any("trial limits" in line for line in process.said_settings(found))


def test_counts_that_move_by_less_than_the_rounding_have_no_chart() -> None:
    steady: list[float | None] = [25.0] * 5 + [30.0, 25.0, 20.0] + [25.0] * 4
    found = chart(measure(quarters(steady), disclosure="B"))
    assert isinstance(found, NoProcess)
    assert "made by the rounding alone" in found.why
    assert isinstance(chart(measure(quarters(steady), disclosure="A")), Process)


def test_a_gap_breaks_a_run_and_a_break_begins_the_chart_anew() -> None:
    rows = months([*STEADY, None, 103.0])
    assert isinstance(found := chart(measure(rows)), Process)
    assert found.values[24] is None
    broken = months([200.0] * 12 + STEADY[:12])
    broken[12]["symbols"] = "[b]"
    assert isinstance(found := chart(measure(broken)), Process)
    assert found.broken
    assert len(found.places) == 12
    assert found.chart.mean < 110
    assert "begins at the break in the series, April 2014" in process.said_settings(found)[0]


def test_a_count_has_no_limit_below_zero_and_a_share_none_above_100() -> None:
    wild: list[float | None] = [95.0, 20, 100, 30, 90, 10, 100, 25, 95, 15, 100, 20]
    found = chart(measure(quarters(wild, unit="%"), disclosure="B"))
    assert isinstance(found, Process)
    assert process.limits(found) == (0.0, 100.0)


@pytest.mark.parametrize("narrow", [True, False])
def test_each_rule_has_a_shape_of_its_own_and_the_settings_are_in_the_file(narrow: bool) -> None:
    shapes = ["", "diamond", "triangle-up", "triangle-down", "square", "cross"] * 3
    points = [charts.Point(24159 + i, None if i == 7 else 100.0 + i, shape=s) for i, s in enumerate(shapes)]
    limits = charts.Limits(90, 108, 120, ("lower limit", "90"), ("mean", "108"), ("upper limit", "120"))
    kept = {"fix_after_n": 24, "screen_outliers": False}
    drawn = charts.process(points, limits, charts.Label("x", "Finding", "Words"), narrow=narrow, kept=kept)
    root = ET.fromstring(drawn)
    stored = root.find("{http://www.w3.org/2000/svg}metadata")
    assert stored is not None
    assert json.loads(stored.text or "") == kept
    outlines = {p.get("d") for p in root.iter() if p.get("fill") == "#F46A25"}
    assert len(outlines) == 5
    assert not re.search('role="graphics', drawn)
    assert drawn == charts.process(points, limits, charts.Label("x", "Finding", "Words"), narrow=narrow, kept=kept)
