"""The charts of the report pages, as SVG text: levels by year, lines by month, ranked bars.

Here: how a chart looks. Every text in it is given (rounded half up before it comes here), and every position is set here:
nothing is measured with a font of the machine, so the same figures give the same bytes anywhere. Meaning is carried by
position, shape, dash and label; colour only supports it. Not here: which figures are charted, or what is said of them.

A chart is a Vega-Lite specification, which vl-convert draws. It is written as plain values: building it with Altair's objects,
which copy and check every piece again and again, takes longer than all the drawing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import vl_convert
from afcharts.af_colours import get_af_colours
from markupsafe import escape

_DARK, _ORANGE = get_af_colours("duo")
_INK, _GREY, _GRID = "#0b0c0c", "#595959", "#d9d9d9"
_FONT = "Arial, Helvetica, sans-serif"
_SHAPES = ("circle", "square", "triangle-up", "diamond")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2])
_COLOURS = (_DARK, _ORANGE, *get_af_colours("categorical")[1:3])
#: Roles that Vega gives to the pieces of a drawing: without a name each is a fault, and the whole has its title.
_ROLES = re.compile(r' (?:role="graphics-[a-z]+"|aria-roledescription="[^"]*"|aria-label="[^"]*")')
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
    """One line: its direct label (up to three lines of text) and its months in order, absent ones included."""

    label: tuple[str, ...]
    months: tuple[Month, ...]


@dataclass(frozen=True)
class Bar:
    """One ranked bar; `marked` bars are solid and carry a diamond, the others are outlines."""

    label: str
    value: float | None
    text: str
    marked: bool


@dataclass(frozen=True)
class Point:
    """One point of a process chart: its month, its value or None, and the shape of the rule that it breaks, if any."""

    index: int
    value: float | None
    provisional: bool = False
    shape: str = ""


@dataclass(frozen=True)
class Limits:
    """Mean and limits of a process chart, each with the lines of its label."""

    lower: float
    mean: float
    upper: float
    lower_text: tuple[str, ...]
    mean_text: tuple[str, ...]
    upper_text: tuple[str, ...]


def levels(points: Sequence[Level], label: Label, *, baseline: tuple[float, str] | None, narrow: bool) -> str:
    """Dots with their 95% intervals by period, from zero, with the baseline as a dashed line labelled at its end."""
    right = (64 if narrow else 80) if baseline else 8
    top = max([p.upper or p.value or 0.0 for p in points] + ([baseline[0]] if baseline else []) + [1.0]) * 1.15
    left = _room_for(top, 36)
    width, height = (290 - left - right, 230) if narrow else (640 - left - right, 270)
    stacked = narrow and len(points) > 2
    rows = [
        {
            "period": _plain(p.period),
            "value": p.value,
            "lower": p.lower,
            "upper": p.upper,
            "text": _plain(text),
            "above": p.upper if p.upper is not None else p.value,
            "look": "hollow" if p.provisional else "solid",
        }
        for p, text in zip(points, _level_texts(points), strict=True)
    ]
    axis = {
        **_AXIS,
        "labelAngle": 0,
        "labelExpr": "split(datum.label, '-')" if stacked else "datum.label",
        "ticks": False,
    }
    order = {"domain": [_plain(p.period) for p in points], "padding": 0.5}
    x = {"x": {"field": "period", "type": "nominal", "scale": order, "axis": axis, "title": None}}
    scale: Spec = {"scale": {"domain": [0, top], "nice": False}, "title": None}
    known, limited = "isValid(datum.value)", "isValid(datum.lower) && isValid(datum.upper)"
    absent = {**x, "y": {"datum": 0}}
    cap = {"type": "tick", "orient": "horizontal", "size": 14, "thickness": 2, "color": _INK}
    dot = {"type": "point", "size": 60, "strokeWidth": 2, "color": _DARK, "opacity": 1}
    layers = [
        _layer(
            "points",
            {"type": "rule", "strokeWidth": 2, "color": _INK},
            {**x, "y": {**_number("lower"), **scale}, "y2": {"field": "upper"}},
            known,
            limited,
        ),
        _layer("points", cap, {**x, "y": _number("lower")}, known, limited),
        _layer("points", cap, {**x, "y": _number("upper")}, known, limited),
        _layer(
            "points", dot, {**x, "y": {**_number("value"), **scale, "axis": _VALUE_AXIS}, "fill": _look(_DARK)}, known
        ),
        *_text(
            "points", {**x, "y": _number("above"), "text": _word("text")}, known, dy=-12, fontSize=14, fontWeight="bold"
        ),
        _layer("points", {**_CROSS, "size": 90}, absent, f"!{known}"),
        *_text("points", {**absent, "text": _word("text")}, f"!{known}", dy=-22, fontSize=12),
    ]
    data: Data = {"points": rows}
    if baseline:
        value, words = baseline
        data["line"] = [{"value": value, "text": ["baseline", _plain(words)]}]
        at = {"y": _number("value")}
        layers = [
            _layer("line", {"type": "rule", "strokeDash": [4, 4], "strokeWidth": 1.5, "color": _GREY}, at),
            _layer(
                "line",
                {"type": "text", "align": "left", "lineHeight": 15, "dy": -2},
                {**at, "x": {"value": width + 6}, "text": _word("text")},
            ),
            *layers,
        ]
    padding = {"left": left, "right": right, "top": 8, "bottom": 42 if stacked else 26}
    return _svg(layers, data, label, width, height, padding, narrow=narrow)


def lines(series: Sequence[Series], label: Label, *, narrow: bool) -> str:
    """Lines by month, from zero. An absent month is a gap with a cross on the axis, never joined; so is a break."""
    longest = max(len(line) for s in series for line in s.label)
    room = max(70 if narrow else 96, 8 * longest + 6)
    months = [m for s in series for m in s.months]
    first, last = min(m.index for m in months), max(m.index for m in months)
    top = max([m.value for m in months if m.value is not None] + [1.0]) * 1.12
    left = _room_for(top, 46)
    width, height = (290 - left - room, 230) if narrow else (640 - left - room, 280)
    x = _across(first, last, narrow=narrow)
    y = {
        "y": {
            **_number("value"),
            "scale": {"domain": [0, top], "nice": False},
            "axis": _VALUE_AXIS,
            "title": None,
        }
    }
    layers: list[Spec] = []
    data: Data = {}
    for number, one in enumerate(series):
        look = number % len(_SHAPES)
        marks = _marked(one.months, every=6 if narrow else 3)
        # The absent months stay in the data, so that the line breaks at them.
        data[f"line{number}"] = [{"month": m.index, "value": m.value, "run": m.run} for m in one.months]
        data[f"points{number}"] = [
            {"month": m.index, "value": m.value, "look": "hollow" if m.provisional else "solid"} for m in marks
        ]
        colour = _COLOURS[look]
        line = {"type": "line", "color": colour, "strokeWidth": 2.5, "strokeDash": _DASHES[look]}
        point = {"type": "point", "shape": _SHAPES[look], "size": 36, "strokeWidth": 1.5, "color": colour, "opacity": 1}
        layers += [
            _layer(
                f"line{number}",
                {**line, "invalid": "break-paths-show-path-domains"},
                {**x, **y, "detail": _word("run")},
            ),
            _layer(f"points{number}", point, {**x, **y, "fill": _look(colour)}),
        ]
    missing = sorted({m.index for m in months if m.value is None})
    if missing:
        data["missing"] = [{"month": i} for i in missing]
        layers.append(_layer("missing", {**_CROSS, "size": 55}, {**x, "y": {"datum": 0}}))
    breaks = sorted(
        {m.index for s in series for before, m in zip(s.months, s.months[1:], strict=False) if m.run != before.run}
    )
    if breaks:
        data["breaks"] = [{"month": i - 0.5} for i in breaks]
        layers.append(_layer("breaks", {"type": "rule", "strokeDash": [4, 4], "color": _INK}, x))
    data["labels"] = _line_labels(series, top)
    layers.append(
        _layer(
            "labels",
            {"type": "text", "align": "left", "baseline": "middle", "lineHeight": 16, "dy": -4},
            {**y, "x": {"value": width + 6}, "text": _word("label")},
        )
    )
    padding = {"left": left, "right": room, "top": 8, "bottom": 44}
    return _svg(layers, data, label, width, height, padding, narrow=narrow)


def process(points: Sequence[Point], limits: Limits, label: Label, *, narrow: bool, kept: Mapping[str, object]) -> str:
    """An XmR chart: points by month or quarter with mean and limits, those that signal by shape and size.

    The value axis fits the points and limits, and need not begin at zero. `kept` is written into the file: how the chart
    was made.
    """
    room = 86 if narrow else 124
    first, last = points[0].index, points[-1].index
    known = [p.value for p in points if p.value is not None]
    low, high = min([*known, limits.lower]), max([*known, limits.upper])
    spread = (high - low) or max(abs(high), 1.0)
    bottom = 0.0 if 0 <= low < 0.25 * high else low - 0.12 * spread
    domain = [bottom, high + 0.12 * spread]
    left = max(46, _room_for(max(abs(domain[0]), abs(domain[1])), 46) + (12 if domain[1] - domain[0] < 5 else 0))
    width, height = (290 - left - room, 230) if narrow else (640 - left - room, 300)
    x = _across(first, last, narrow=narrow)
    scale = {"scale": {"domain": domain, "nice": False, "zero": False}, "axis": _VALUE_AXIS, "title": None}
    y: Spec = {"y": {**_number("value"), **scale}}
    shapes = [
        s for s in ("diamond", "triangle-up", "triangle-down", "square", "cross") if s in {p.shape for p in points}
    ]
    data: Data = {
        "line": [{"month": p.index, "value": p.value} for p in points],
        "usual": [
            {"month": p.index, "value": p.value, "look": "hollow" if p.provisional else "solid"}
            for p in points
            if p.value is not None and not p.shape
        ],
        "limits": [{"value": limits.lower}, {"value": limits.upper}],
        "mean": [{"value": limits.mean}],
        "labels": _apart(
            [(limits.lower, limits.lower_text), (limits.mean, limits.mean_text), (limits.upper, limits.upper_text)],
            0.16 * (domain[1] - domain[0]),
        ),
    }
    layers = [
        _layer("limits", {"type": "rule", "strokeDash": [6, 4], "strokeWidth": 1.5, "color": _INK}, y),
        _layer("mean", {"type": "rule", "strokeWidth": 1.5, "color": _GREY}, y),
        _layer(
            "line",
            {"type": "line", "color": _DARK, "strokeWidth": 1.5, "invalid": "break-paths-show-path-domains"},
            {**x, **y},
        ),
        _layer(
            "usual",
            {"type": "point", "shape": "circle", "size": 22, "strokeWidth": 1.5, "color": _DARK, "opacity": 1},
            {**x, **y, "fill": _look(_DARK)},
        ),
    ]
    for shape in shapes:
        data[shape] = [{"month": p.index, "value": p.value} for p in points if p.shape == shape]
        mark = {"type": "point", "shape": shape, "size": 90, "stroke": _INK, "strokeWidth": 1.5, "fill": _ORANGE}
        layers.append(_layer(shape, {**mark, "opacity": 1}, {**x, **y}))
    missing = [p.index for p in points if p.value is None]
    if missing:
        data["missing"] = [{"month": i} for i in missing]
        layers.append(_layer("missing", {**_CROSS, "size": 55}, {**x, "y": {"value": height}}))
    layers.append(
        _layer(
            "labels",
            {"type": "text", "align": "left", "baseline": "middle", "lineHeight": 15, "dy": -6},
            {"y": {**_number("value"), **scale}, "x": {"value": width + 6}, "text": _word("label")},
        )
    )
    padding = {"left": left, "right": room, "top": 8, "bottom": 44}
    return _svg(layers, data, label, width, height, padding, narrow=narrow, kept=kept)


def _across(first: int, last: int, *, narrow: bool) -> Spec:
    """The horizontal channel of a chart over time, with a tick at each April, or every other on a phone."""
    step = 24 if narrow and last - first > 36 else 12
    aprils = [i for i in range(first, last + 1) if (i - 3) % step == 0] or [first]
    axis = {**_AXIS, "values": aprils, "labelAngle": 0, "labelExpr": _MONTH_LABEL, "tickSize": 6}
    across = {"scale": {"domain": [first - 0.5, last + 0.5], "nice": False}, "axis": axis, "title": None}
    return {"x": {**_number("month"), **across}}


def _apart(labels: Sequence[tuple[float, Sequence[str]]], least: float) -> list[Spec]:
    """Labels in order of their value, moved up where one would cover the one below."""
    rows: list[Spec] = []
    for value, text in labels:
        at = max(value, rows[-1]["value"] + least) if rows else value
        rows.append({"value": at, "label": [_plain(line) for line in text]})
    return rows


def ranked(bars: Sequence[Bar], label: Label, *, reference: tuple[float, str] | None, narrow: bool) -> str:
    """Bars in the order given, each with its name and its value in words; the reference is a dashed line."""
    left, band = (2, 38) if narrow else (270, 24)
    width, height = (290 if narrow else 640) - left - 56, band * len(bars)
    top = max([b.value for b in bars if b.value is not None] + ([reference[0]] if reference else []) + [1.0])
    data: Data = {
        "bars": [
            {
                "row": i * band + (28 if narrow else band / 2),
                "name": i * band + (12 if narrow else band / 2),
                "value": b.value or 0.0,
                "label": _plain(b.label),
                "text": _plain(b.text),
                "marked": b.marked,
            }
            for i, b in enumerate(bars)
        ]
    }
    down: Spec = {"scale": {"domain": [0, height], "reverse": True, "nice": False}, "axis": None}
    row, name = {**_number("row"), **down}, {**_number("name"), **down}
    x: Spec = {"x": {**_number("value"), "scale": {"domain": [0, top], "nice": False}, "axis": None}}
    fill = {"condition": {"test": "datum.marked", "value": _DARK}, "value": "#ffffff"}
    diamond = {"type": "point", "shape": "diamond", "filled": True, "size": 60, "color": _DARK, "opacity": 1}
    layers: list[Spec] = []
    if reference:
        value, words = reference
        data["line"] = [{"value": value, "text": _plain(words)}]
        layers = [
            _layer("line", {"type": "rule", "strokeDash": [4, 4], "strokeWidth": 1.5, "color": _GREY}, x),
            _layer("line", {"type": "text", "dy": -8}, {**x, "y": {"value": 0}, "text": _word("text")}),
        ]
    layers += [
        _layer(
            "bars",
            {"type": "bar", "height": 15, "stroke": _DARK, "strokeWidth": 1.5},
            {**x, "y": row, "x2": {"datum": 0}, "fill": fill},
        ),
        *_text("bars", {**x, "y": row, "text": _word("text")}, align="left", dx=6),
        *_text(
            "bars",
            {"y": name, "x": {"value": 14 if narrow else -22}, "text": _word("label")},
            align="left" if narrow else "right",
        ),
        _layer("bars", diamond, {"y": name, "x": {"value": 5 if narrow else -11}}, "datum.marked"),
    ]
    padding = {"left": left, "right": 56, "top": 22, "bottom": 4}
    return _svg(layers, data, label, width, height, padding, narrow=narrow)


#: A piece of a Vega-Lite specification; rows by the name of their data set.
Spec = dict[str, Any]
Data = dict[str, list[Spec]]

_CROSS: Spec = {
    "type": "point", "shape": "cross", "angle": 45, "filled": True, "color": _INK, "opacity": 1, "yOffset": -7,
}  # fmt: skip
_AXIS: Spec = {
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
_VALUE_AXIS: Spec = {
    **_AXIS, "grid": True, "gridColor": _GRID, "domain": False, "ticks": False, "labelPadding": 8,
    "tickCount": 5, "format": ",.3~f",
}  # fmt: skip
#: An April is labelled by its year; 'Apr' stands above so that the label is short enough for a phone.
_MONTH_LABEL = "['Apr', '' + floor(datum.value / 12)]"


def _room_for(top: float, least: int) -> int:
    """Width that the labels of a value axis need."""
    return max(least, 8 * len(f"{top:,.0f}") + 12)


def _layer(data: str, mark: Spec, encoding: Spec, *filters: str) -> Spec:
    """One kind of mark for the rows of a data set that pass the filters."""
    layer: Spec = {"data": {"name": data}, "mark": mark, "encoding": encoding}
    return layer | {"transform": [{"filter": one} for one in filters]} if filters else layer


def _number(field: str) -> Spec:
    return {"field": field, "type": "quantitative"}


def _word(field: str) -> Spec:
    return {"field": field, "type": "nominal"}


def _look(colour: str) -> Spec:
    """Solid for a final figure, hollow for a provisional one."""
    scale = {"domain": ["solid", "hollow"], "range": [colour, "#ffffff"]}
    return {"field": "look", "type": "nominal", "scale": scale, "legend": None}


def _text(data: str, encoding: Spec, *filters: str, **looks: Any) -> tuple[Spec, Spec]:
    """Text on a white halo, so that no line runs through it."""
    mark = {"type": "text", **looks}
    halo = {**mark, "stroke": "#ffffff", "strokeWidth": 4, "strokeJoin": "round"}
    return _layer(data, halo, encoding, *filters), _layer(data, mark, encoding, *filters)


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


def _plain(value: Any) -> Any:
    """Text without control characters, which no SVG may hold; anything else as it is."""
    return _CONTROL.sub("", value) if isinstance(value, str) else value


def _line_labels(series: Sequence[Series], top: float) -> list[Spec]:
    """Direct labels at the right-hand end of the lines, moved apart where lines end close together."""
    ends = []
    for one in series:
        values = [m.value for m in one.months if m.value is not None]
        if values:
            ends.append((values[-1], one.label))
    rows: list[Spec] = []
    lowest = -1.0
    apart = 0.085 * top * max((len(text) for _, text in ends), default=0)
    for value, text in sorted(ends):
        lowest = max(value, lowest + apart if rows else value)
        rows.append({"value": min(lowest, top), "label": [_plain(line) for line in text]})
    return rows


def _svg(
    layers: list[Spec],
    data: Data,
    label: Label,
    width: int,
    height: int,
    padding: dict[str, int],
    *,
    narrow: bool,
    kept: Mapping[str, object] | None = None,
) -> str:
    """Draw the chart and give it what a reader who does not see it needs: a role, a title and a description."""
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": width,
        "height": height,
        "autosize": "none",
        "padding": padding,
        "resolve": {"scale": {"fill": "independent"}},
        "config": {
            "aria": False,
            "font": _FONT,
            "background": "#ffffff",
            "view": {"stroke": None},
            "text": {"font": _FONT, "fontSize": 13, "color": _INK, "limit": 0},
        },
        "datasets": data,
        "layer": layers,
    }
    drawn = vl_convert.vegalite_to_svg(spec)
    opening, rest = drawn.split(">", 1)
    if not opening.startswith("<svg ") or 'class="marks"' not in opening:
        raise RuntimeError(
            "the chart library writes another form of SVG than expected: pin vl-convert-python as before"
        )
    opening = opening.replace('class="marks"', named(label, narrow=narrow))
    data_kept = f"<metadata>{escape(json.dumps(kept, sort_keys=True))}</metadata>" if kept else ""
    return f"{opening}>{told(label, narrow=narrow)}{data_kept}{_ROLES.sub('', rest)}"


def named(label: Label, *, narrow: bool) -> str:
    """Attributes of a drawing that say which width it is for, that it is an image, and where its words are."""
    kind = "narrow" if narrow else "wide"
    stem = f"{label.name}-{kind}"
    return f'class="so-chart so-chart--{kind}" role="img" aria-labelledby="{stem}-title {stem}-desc"'


def told(label: Label, *, narrow: bool) -> str:
    """Title and description of a drawing, with the ids that `named` refers to."""
    stem = f"{label.name}-{'narrow' if narrow else 'wide'}"
    title, description = escape(_plain(label.title)), escape(_plain(label.description))
    return f'<title id="{stem}-title">{title}</title><desc id="{stem}-desc">{description}</desc>'
