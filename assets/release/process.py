"""What a measure's own past says of its newest point: the XmR chart of months or quarters, in figures and words (spec 4.7).

Here: which series is charted and from when, where its limits come from, and how a signal is said. Never 12 months to date or a
cumulative year to date: their points share months, so they would signal what is not there. Under disclosure regime B the chart
is made from published, rounded figures like everything else. Not here: the arithmetic (`methods/spc.py`), the drawing
(`charts.py`). All words are neutral: whether a signal is good or bad is for the reader of the measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from assets.release import words
from assets.release.regime_b import BASE
from assets.release.view import Figure, MeasureView, PartView, figures_of, parts_of
from methods.periods import PeriodKind
from methods.spc import Flag, Settings, Xmr, xmr

#: How a chart is made, by the kind of its periods: limits from the first two years of months, or four years of quarters, and
#: no moving range screened out (spec 4.7, SP08). Printed beside every chart and kept in its file.
SETTINGS: dict[PeriodKind, Settings] = {"month": Settings(fix_after_n=24), "quarter": Settings(fix_after_n=16)}
_STEP: dict[PeriodKind, int] = {"month": 1, "quarter": 3}
_NAMES: dict[PeriodKind, tuple[str, str]] = {"month": ("month", "months"), "quarter": ("quarter", "quarters")}

#: Rule behind a flag: shape that marks it, and what it says of a point.
RULES: dict[str, tuple[str, str]] = {
    "UCL": ("diamond", "above the upper limit"),
    "LCL": ("diamond", "below the lower limit"),
    "trend+": ("triangle-up", "one of {trend} or more in a row, each above the one before"),
    "trend-": ("triangle-down", "one of {trend} or more in a row, each below the one before"),
    "2of3+": ("square", "one of two in three close to the upper limit"),
    "2of3-": ("square", "one of two in three close to the lower limit"),
    "shift+": ("cross", "one of {shift} or more in a row above the mean"),
    "shift-": ("cross", "one of {shift} or more in a row below the mean"),
}
#: Names of the shapes, for the words below a chart.
SHAPES = {
    "diamond": "Diamond: outside the limits",
    "triangle-up": "Triangle up: {trend} or more in a row, each above the one before",
    "triangle-down": "Triangle down: {trend} or more in a row, each below the one before",
    "square": "Square: two in three close to a limit",
    "cross": "Plus: {shift} or more in a row on one side of the mean",
}


@dataclass(frozen=True)
class Process:
    """The chart of one series: a figure or None for each place, and what `methods/spc.py` made of them.

    `counts`: the number counted is charted, not its rate.
    """

    part: PartView
    kind: PeriodKind
    first: int
    places: tuple[Figure | None, ...]
    chart: Xmr
    counts: bool
    #: Whether the chart begins at a break in the series.
    broken: bool = False

    @property
    def step(self) -> int:
        """Months from one place to the next."""
        return _STEP[self.kind]

    @property
    def values(self) -> list[float | None]:
        """What is charted at each place; None for a gap."""
        return [None if f is None else charted(f, self.counts) for f in self.places]

    @property
    def signals(self) -> list[tuple[Figure, Flag]]:
        """Points that signal something, oldest first."""
        pairs = zip(self.places, self.chart.flags, strict=True)
        return [(f, flag) for f, flag in pairs if f is not None and flag not in ("", ".")]

    @property
    def newest(self) -> tuple[Figure, Flag]:
        """The newest point and its flag."""
        pairs = zip(self.places, self.chart.flags, strict=True)
        return [(f, flag) for f, flag in pairs if f is not None and flag][-1]


@dataclass(frozen=True)
class NoProcess:
    """Why there is no chart, in a sentence."""

    why: str


@dataclass(frozen=True)
class Verdict:
    """What the process says of the newest point: in a sentence, and whether it is a signal."""

    sentence: str
    signal: bool


def charted(figure: Figure, counts: bool) -> float | None:
    """The number of a figure that is charted: what was counted, or the figure itself."""
    if figure.value is None:
        return None
    return figure.numerator if counts else figure.value


def process_of(measure: MeasureView, parts: Sequence[PartView], figures: Sequence[Figure]) -> Process | NoProcess:
    """The chart of a measure's first part: of months where they are published, else of quarters.

    A series begins anew at a break: limits are never carried across one.
    """
    part = parts[0]
    mine = [f for f in figures if f.part == part.name and not f.breakdown]
    kind: PeriodKind = "month" if any(f.kind == "month" for f in mine) else "quarter"
    by_month = {_index(f): f for f in mine if f.kind == kind}
    start = _start(measure, kind, by_month)
    known = [i for i, f in by_month.items() if i >= start and f.value is not None]
    one, many = _NAMES[kind]
    if not known:
        return NoProcess(f"No process chart: no single {one} of it is published.")
    broken = max((i for i, f in by_month.items() if "b" in f.symbols and start <= i), default=None)
    first = max(start, min(known)) if broken is None or broken > max(known) else broken
    places = tuple(by_month.get(i) for i in range(first, max(known) + 1, _STEP[kind]))
    counts = part.count_first
    settings = SETTINGS[kind]
    chart = xmr([None if f is None else charted(f, counts) for f in places], settings)
    if chart.status == "none":
        there = sum(f is not None and f.value is not None for f in places)
        hidden = sum(f is not None and "c" in f.symbols for f in places)
        also = f", and {hidden} more are hidden to protect people" if hidden else ""
        figures_there = f"{there} {one if there == 1 else many} can be shown{also}"
        return NoProcess(
            f"No process chart: limits need {settings.minimum_points} {many} with a figure, most of them next to each"
            f" other; {figures_there}."
        )
    if measure.disclosure == "B" and not measure.analysts and newest_unit(places) != "%" and chart.amr < BASE:
        return NoProcess(
            f"No process chart: counts are published to the nearest {BASE}, and this one moves by less than that from one"
            f" {one} to the next, so that a signal could be made by the rounding alone."
        )
    return Process(part, kind, first, places, chart, counts, broken == first)


def newest_unit(places: Sequence[Figure | None]) -> str:
    """Unit of a series."""
    return next(f.unit for f in places if f is not None)


def newest_signal(measure: MeasureView, frame: pd.DataFrame) -> str:
    """Which signal the newest point of a measure's published figures gives, in a sentence; empty when none (spec 5.1)."""
    figures = figures_of(frame, measure.id)
    if not figures:
        return ""
    found = process_of(measure, parts_of(measure.id, figures), figures)
    said = verdict(measure, found)
    return said.sentence if said and said.signal else ""


def verdict(measure: MeasureView, process: Process | NoProcess) -> Verdict | None:
    """What the process says of the newest point; None where there is no chart."""
    if isinstance(process, NoProcess):
        return None
    figure, flag = process.newest
    when = _when(figure)
    trial = " (trial limits)" if process.chart.status == "trial" else ""
    if flag != ".":
        return Verdict(f"Unusual: {when} is {rule_words(flag, process.chart.settings)}{trial}", True)
    earlier = len(process.signals)
    more = f"; {earlier} earlier signal{'s' if earlier > 1 else ''}" if earlier else ""
    return Verdict(
        f"Nothing unusual: {when} is inside its usual range, {usual_range(measure, process)}{trial}{more}", False
    )


def rule_words(flag: Flag, settings: Settings) -> str:
    """What a flag says of a point."""
    return RULES[flag][1].format(trend=settings.trend, shift=settings.shift)


def usual_range(measure: MeasureView, process: Process) -> str:
    """The limits as `142 to 180`; a count or a share is never below zero, nor a share above 100%."""
    low, high = limits(process)
    return f"{number(measure, process, low)} to {number(measure, process, high)}"


def limits(process: Process) -> tuple[float, float]:
    """Lower and upper limit, as far as the figure itself can go."""
    unit = process.newest[0].unit
    bounded = process.counts or unit == "%" or min(v for v in process.values if v is not None) >= 0
    low = max(process.chart.lpl, 0.0) if bounded else process.chart.lpl
    return low, min(process.chart.upl, 100.0) if unit == "%" else process.chart.upl


def number(measure: MeasureView, process: Process, value: float) -> str:
    """A value of the chart as text."""
    unit = process.newest[0].unit
    return words.number(value, 0) if process.counts else words.bare(value, unit, measure.disclosure)


def said_settings(process: Process) -> tuple[str, ...]:
    """How the chart was made, in sentences."""
    settings, (one, many) = process.chart.settings, _NAMES[process.kind]
    fixed = settings.fix_after_n or len(process.places)
    behind = process.places[:fixed]
    # Fewer places than are to be fixed: all there are.
    n = len(behind)
    trial = (
        f" With {sum(f is not None and f.value is not None for f in behind)} points they are trial limits."
        if process.chart.status == "trial"
        else ""
    )
    first = next(f for f in process.places if f is not None)
    begun = (f"The chart begins at the break in the series, {_when(first)}: limits are never carried across one.",)
    return (
        *(begun if process.broken else ()),
        f"Mean and limits come from the first {n} {many if n > 1 else one}, and stay fixed after {fixed}"
        f" (fix_after_n = {fixed}); no {one} is screened out (screen_outliers ="
        f" {'yes' if settings.screen_outliers else 'no'}). Limits: the mean ± {float(settings.limit):g} × the mean step from"
        f" one {one} to the next.{trial}",
    )


def said_shapes(process: Process) -> tuple[str, ...]:
    """What the shapes on the chart mean, as far as they are on it."""
    settings = process.chart.settings
    there = {RULES[flag][0] for _, flag in process.signals}
    return tuple(
        f"{text.format(trend=settings.trend, shift=settings.shift)}."
        for shape, text in SHAPES.items()
        if shape in there
    )


def stored_settings(process: Process) -> dict[str, object]:
    """The same for the chart's file, as plain values."""
    settings = process.chart.settings
    return {
        "fix_after_n": settings.fix_after_n,
        "limit": float(settings.limit),
        "minimum_points": settings.minimum_points,
        "near": round(float(settings.near), 6),
        "screen_outliers": settings.screen_outliers,
        "shift": settings.shift,
        "status": process.chart.status,
        "trend": settings.trend,
        "two_of_three": settings.two_of_three,
    }


def runs(signals: Sequence[tuple[Figure, Flag]], step: int) -> list[tuple[Figure, Figure, Flag, int]]:
    """Signals next to each other under one rule as first, last, rule and number of points."""
    found: list[tuple[Figure, Figure, Flag, int]] = []
    numbered = [(number, f, flag) for number, (f, flag) in enumerate(signals)]
    # In a run of neighbours the place grows as fast as the number.
    for _, group in groupby(numbered, key=lambda at: (at[2], _index(at[1]) // step - at[0])):
        each = list(group)
        found.append((each[0][1], each[-1][1], each[0][2], len(each)))
    return found


def _start(measure: MeasureView, kind: PeriodKind, by_month: dict[int, Figure]) -> int:
    """First place: of months the baseline year's first, for the limits are its and the next year's; of quarters the first."""
    if kind == "month" and measure.chart_from:
        start = int(measure.chart_from[:4]) * 12 + int(measure.chart_from[5:7]) - 1
        if any(i >= start and f.value is not None for i, f in by_month.items()):
            return start
    return min(by_month, default=0)


def _index(figure: Figure) -> int:
    """Months from year 0 to the end of a period."""
    return figure.end.year * 12 + figure.end.month - 1


def _when(figure: Figure) -> str:
    return words.short_period(figure).split(",")[0] if figure.kind == "quarter" else words.month(figure.end)
