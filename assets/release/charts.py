"""The charts of the report pages, as SVG text: levels by year, lines by month, ranked bars.

Here: how a chart looks. Every text in it is given (rounded half up before it comes here), and every position is set here:
nothing is measured with a font of the machine, so the same figures give the same bytes anywhere. Meaning is carried by
position, shape, dash and label; colour only supports it. Not here: which figures are charted, or what is said of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import altair as alt
import vl_convert
from afcharts.af_colours import get_af_colours
from markupsafe import escape

_DARK, _ORANGE = get_af_colours("duo")
_INK, _GREY, _GRID = "#0b0c0c", "#595959", "#d9d9d9"
_FONT = "Arial, Helvetica, sans-serif"
_SHAPES = ("circle", "square", "triangle-up", "diamond")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2])
_COLOURS = (_DARK, _ORANGE, *get_af_colours("categorical")[1:3])
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Label:
    """What a chart is called (`name` is its file stem and the stem of its ids), its title and its description."""

    name: str
    title: str
    description: str


@dataclass(frozen=True)
class Level:
    """One period of a level chart; without a value it is marked as absent, with the word for why."""

    period: str
    value: float | None
    lower: float | None
    upper: float | None
    text: str
    provisional: bool = False


@dataclass(frozen=True)
class Month:
    """One point of a line: months since year 0, the value or None, and which unbroken run of the series it is in."""

    index: int
    value: float | None
    provisional: bool = False
    run: int = 0


@dataclass(frozen=True)
class Series:
    """One line: its direct label (one or two lines of text) and its months in order, absent ones included."""

    label: tuple[str, ...]
    months: tuple[Month, ...]


@dataclass(frozen=True)
class Bar:
    """One ranked bar; `marked` bars are solid and carry a diamond, the others are outlines."""

    label: str
    value: float | None
    text: str
    marked: bool


def levels(points: Sequence[Level], label: Label, *, baseline: tuple[float, str] | None, narrow: bool) -> str:
    """Dots with their 95% intervals by period, from zero, with the baseline as a dashed line labelled at its end."""
    right = (64 if narrow else 80) if baseline else 8
    width, height = (290 - 36 - right, 230) if narrow else (640 - 36 - right, 270)
    top = max([p.upper or p.value or 0.0 for p in points] + ([baseline[0]] if baseline else []) + [1.0]) * 1.15
    stacked = narrow and len(points) > 3
    rows = [
        {
            "period": p.period,
            "value": p.value,
            "lower": p.lower,
            "upper": p.upper,
            "text": text,
            "above": p.upper if p.upper is not None else p.value,
            "look": "hollow" if p.provisional else "solid",
        }
        for p, text in zip(points, _level_texts(points), strict=True)
    ]
    axis = alt.Axis(
        **_AXIS, labelAngle=0, labelExpr="split(datum.label, '-')" if stacked else "datum.label", ticks=False
    )
    order = alt.Scale(domain=[_plain(p.period) for p in points], padding=0.5)
    base = _chart(rows).encode(x=alt.X("period:N", scale=order, axis=axis, title=None))
    scale = alt.Scale(domain=[0, top], nice=False)
    y = alt.Y("value:Q", scale=scale, axis=_value_axis(), title=None)
    known = base.transform_filter("isValid(datum.value)")
    limited = known.transform_filter("isValid(datum.lower) && isValid(datum.upper)")
    absent = base.transform_filter("!isValid(datum.value)").encode(y=alt.YDatum(0))
    layers: list[Any] = [
        limited.mark_rule(strokeWidth=2, color=_INK).encode(y=alt.Y("lower:Q", scale=scale, title=None), y2="upper:Q"),
        limited.mark_tick(orient="horizontal", size=14, thickness=2, color=_INK).encode(y="lower:Q"),
        limited.mark_tick(orient="horizontal", size=14, thickness=2, color=_INK).encode(y="upper:Q"),
        known.mark_point(size=60, strokeWidth=2, color=_DARK, opacity=1).encode(y=y, fill=_look(_DARK)),
        *_text(known.encode(y="above:Q", text="text:N"), dy=-12, fontSize=14, fontWeight="bold"),
        absent.mark_point(**_CROSS, size=90),
        *_text(absent.encode(text="text:N"), dy=-22, fontSize=12),
    ]
    if baseline:
        value, words = baseline
        line = _chart([{"value": value, "text": ["baseline", _plain(words)]}]).encode(y="value:Q")
        layers = [
            line.mark_rule(strokeDash=[4, 4], strokeWidth=1.5, color=_GREY),
            line.mark_text(align="left", lineHeight=15, dy=-2).encode(x=alt.value(width + 6), text="text:N"),
            *layers,
        ]
    padding = {"left": 36, "right": right, "top": 8, "bottom": 42 if stacked else 26}
    return _svg(alt.layer(*layers), label, width, height, padding, narrow=narrow)


def lines(series: Sequence[Series], label: Label, *, narrow: bool) -> str:
    """Lines by month, from zero. An absent month is a gap with a cross on the axis, never joined; so is a break."""
    room = 70 if narrow else 96
    width, height = (290 - 46 - room, 230) if narrow else (640 - 46 - room, 280)
    months = [m for s in series for m in s.months]
    first, last = min(m.index for m in months), max(m.index for m in months)
    top = max([m.value for m in months if m.value is not None] + [1.0]) * 1.12
    step = 24 if narrow and last - first > 36 else 12
    aprils = [i for i in range(first, last + 1) if (i - 3) % step == 0] or [first]
    axis = alt.Axis(**_AXIS, values=aprils, labelAngle=0, labelExpr=_MONTH_LABEL, tickSize=6)
    x = alt.X("month:Q", scale=alt.Scale(domain=[first - 0.5, last + 0.5], nice=False), axis=axis, title=None)
    y = alt.Y("value:Q", scale=alt.Scale(domain=[0, top], nice=False), axis=_value_axis(), title=None)
    layers: list[Any] = []
    for number, one in enumerate(series):
        look = number % len(_SHAPES)
        rows = [{"month": m.index, "value": m.value, "run": m.run} for m in one.months]
        marks = _marked(one.months, every=6 if narrow else 3)
        points = [{"month": m.index, "value": m.value, "look": "hollow" if m.provisional else "solid"} for m in marks]
        colour, dash = _COLOURS[look], _DASHES[look]
        layers += [
            # The absent months stay in the data, so that the line breaks at them.
            _chart(rows)
            .mark_line(color=colour, strokeWidth=2.5, strokeDash=dash, invalid="break-paths-show-path-domains")
            .encode(x=x, y=y, detail="run:N"),
            _chart(points)
            .mark_point(shape=_SHAPES[look], size=36, strokeWidth=1.5, color=colour, opacity=1)
            .encode(x=x, y=y, fill=_look(colour)),
        ]
    missing = sorted({m.index for m in months if m.value is None})
    if missing:
        crosses = _chart([{"month": i} for i in missing]).encode(x=x, y=alt.YDatum(0))
        layers.append(crosses.mark_point(**_CROSS, size=55))
    breaks = sorted(
        {m.index for s in series for before, m in zip(s.months, s.months[1:], strict=False) if m.run != before.run}
    )
    if breaks:
        rule = _chart([{"month": i - 0.5} for i in breaks]).encode(x=x)
        layers.append(rule.mark_rule(strokeDash=[4, 4], color=_INK))
    layers.append(_line_labels(series, top).encode(y=y, x=alt.value(width + 6), text="label:N"))
    return _svg(
        alt.layer(*layers), label, width, height, {"left": 46, "right": room, "top": 8, "bottom": 44}, narrow=narrow
    )


def ranked(bars: Sequence[Bar], label: Label, *, reference: tuple[float, str] | None, narrow: bool) -> str:
    """Bars in the order given, each with its name and its value in words; the reference is a dashed line."""
    left, band = (2, 38) if narrow else (270, 24)
    width, height = (290 if narrow else 640) - left - 56, band * len(bars)
    top = max([b.value for b in bars if b.value is not None] + ([reference[0]] if reference else []) + [1.0])
    rows = [
        {
            "row": i * band + (28 if narrow else band / 2),
            "name": i * band + (12 if narrow else band / 2),
            "value": b.value or 0.0,
            "label": b.label,
            "text": b.text,
            "marked": b.marked,
        }
        for i, b in enumerate(bars)
    ]
    base = _chart(rows)
    down = alt.Scale(domain=[0, height], reverse=True, nice=False)
    row, name = alt.Y("row:Q", scale=down, axis=None), alt.Y("name:Q", scale=down, axis=None)
    x = alt.X("value:Q", scale=alt.Scale(domain=[0, top], nice=False), axis=None)
    fill = alt.condition("datum.marked", alt.value(_DARK), alt.value("#ffffff"))
    names = base.encode(y=name, x=alt.value(14 if narrow else -22), text="label:N")
    layers: list[Any] = []
    if reference:
        value, words = reference
        line = _chart([{"value": value, "text": words}]).encode(x=x)
        layers = [
            line.mark_rule(strokeDash=[4, 4], strokeWidth=1.5, color=_GREY),
            line.mark_text(dy=-8).encode(y=alt.value(0), text="text:N"),
        ]
    layers += [
        base.mark_bar(height=15, stroke=_DARK, strokeWidth=1.5).encode(y=row, x=x, x2=alt.datum(0), fill=fill),
        *_text(base.encode(y=row, x=x, text="text:N"), align="left", dx=6),
        *_text(names, align="left" if narrow else "right"),
        base.transform_filter("datum.marked")
        .mark_point(shape="diamond", filled=True, size=60, color=_DARK, opacity=1)
        .encode(y=name, x=alt.value(5 if narrow else -11)),
    ]
    padding = {"left": left, "right": 56, "top": 22, "bottom": 4}
    return _svg(alt.layer(*layers), label, width, height, padding, narrow=narrow)


_CROSS: dict[str, Any] = {"shape": "cross", "angle": 45, "filled": True, "color": _INK, "opacity": 1, "yOffset": -7}
_AXIS: dict[str, Any] = {
    "labelFont": _FONT,
    "labelFontSize": 13,
    "labelColor": _INK,
    "labelOverlap": False,
    "labelLimit": 0,
    "labelBound": False,
    "domainColor": _GREY,
    "tickColor": _GREY,
    "grid": False,
}
#: An April is labelled by its year; 'Apr' stands above so that the label is short enough for a phone.
_MONTH_LABEL = "['Apr', '' + floor(datum.value / 12)]"


def _value_axis() -> alt.Axis:
    looks = {**_AXIS, "grid": True, "gridColor": _GRID, "domain": False, "ticks": False, "labelPadding": 8}
    return alt.Axis(**looks, tickCount=5, format=",.3~f")


def _look(colour: str) -> alt.Fill:
    """Solid for a final figure, hollow for a provisional one."""
    return alt.Fill("look:N", scale=alt.Scale(domain=["solid", "hollow"], range=[colour, "#ffffff"]), legend=None)


def _text(chart: alt.Chart, **looks: Any) -> tuple[alt.Chart, alt.Chart]:
    """Text on a white halo, so that no line runs through it."""
    return chart.mark_text(**looks, stroke="#ffffff", strokeWidth=4, strokeJoin="round"), chart.mark_text(**looks)


def _level_texts(points: Sequence[Level]) -> list[str]:
    """Text of each level; where several in a row are absent for one reason it is said once, in their middle."""
    texts: list[str] = []
    for _, run in groupby(enumerate(points), lambda at: (at[1].text, None if at[1].value is None else at[0])):
        length = len(list(run))
        start = len(texts)
        texts += [points[start].text if i == (length - 1) // 2 else "" for i in range(length)]
    return texts


def _marked(months: Sequence[Month], every: int) -> list[Month]:
    """Months that get a marker: some at a steady step, the last, the provisional, and any that no line would show."""
    known = {(m.index, m.run) for m in months if m.value is not None}
    last = max((index for index, _ in known), default=0)
    return [
        m
        for m in months
        if m.value is not None
        and (
            m.index % every == 0
            or m.provisional
            or m.index == last
            or not {(m.index - 1, m.run), (m.index + 1, m.run)} & known
        )
    ]


def _chart(rows: list[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=[{k: _plain(v) for k, v in row.items()} for row in rows]))


def _plain(value: Any) -> Any:
    """Text without control characters, which no SVG may hold; anything else as it is."""
    return _CONTROL.sub("", value) if isinstance(value, str) else value


def _line_labels(series: Sequence[Series], top: float) -> alt.Chart:
    """Direct labels at the right-hand end of the lines, moved apart where lines end close together."""
    ends = []
    for one in series:
        values = [m.value for m in one.months if m.value is not None]
        if values:
            ends.append((values[-1], one.label))
    rows: list[dict[str, Any]] = []
    lowest = -1.0
    for value, text in sorted(ends):
        lowest = max(value, lowest + 0.17 * top if rows else value)
        rows.append({"value": min(lowest, top), "label": [_plain(line) for line in text]})
    return _chart(rows).mark_text(align="left", baseline="middle", lineHeight=16, dy=-4)


def _svg(
    chart: alt.LayerChart | alt.FacetChart,
    label: Label,
    width: int,
    height: int,
    padding: dict[str, int],
    *,
    narrow: bool,
) -> str:
    """Draw the chart and give it what a reader who does not see it needs: a role, a title and a description."""
    spec = (
        chart.resolve_scale(fill="independent")
        .properties(width=width, height=height, autosize="none", padding=padding)
        .configure(aria=False, font=_FONT, background="#ffffff")
        .configure_view(stroke=None)
        .configure_text(font=_FONT, fontSize=13, color=_INK, limit=0)
        .to_dict()
    )
    drawn = vl_convert.vegalite_to_svg(spec)
    stem = f"{label.name}-{'narrow' if narrow else 'wide'}"
    opening, rest = drawn.split(">", 1)
    if not opening.startswith("<svg ") or 'class="marks"' not in opening:
        raise RuntimeError(
            "the chart library writes another form of SVG than expected: pin vl-convert-python as before"
        )
    kind = "narrow" if narrow else "wide"
    opening = opening.replace(
        'class="marks"',
        f'class="so-chart so-chart--{kind}" role="img" aria-labelledby="{stem}-title {stem}-desc"',
    )
    title, description = escape(_plain(label.title)), escape(_plain(label.description))
    return f'{opening}><title id="{stem}-title">{title}</title><desc id="{stem}-desc">{description}</desc>{rest}'
