"""The map of single areas, as SVG text: each area filled by its class, hatched, and labelled with its place in the ranking.

Here: how a map looks, at most a few thousand lines long. A map never stands alone: ranked bars and a table with the same
figures stand right below it. Meaning is carried by hatching, outline and number; colour only supports it. Not here: which
areas and figures are drawn, or what is said of them (`pages.py`).

Written as SVG and not drawn by vl-convert like the charts: Vega knows no hatching.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from afcharts.af_colours import get_af_colours
from markupsafe import escape

from assets.release.charts import Label, named, told
from assets.release.view import AreaView

#: Fills from the lowest class to the highest: the Analysis Function's sequential palette, light to dark.
FILLS = tuple(reversed(get_af_colours("sequential")))[:4]
_INK, _FONT = "#0b0c0c", "Arial, Helvetica, sans-serif"
_HIDDEN, _ABSENT = "hidden", "absent"
#: Corners nearer than this many pixels to the one before are left out.
_FINEST = 0.8


@dataclass(frozen=True)
class Shape:
    """One area of a map: its class from 0, or None with `why`; the text on it; whether it is marked by a thick outline."""

    area: AreaView
    level: int | None
    text: str
    marked: bool
    why: str = ""


def choropleth(shapes: Sequence[Shape], classes: Sequence[str], label: Label, *, narrow: bool) -> str:
    """The areas, north up, and a key below them: what each class is, and what is hidden or not available."""
    width = 290 if narrow else 640
    to_page, height = _projection([s.area for s in shapes], width)
    kind = "narrow" if narrow else "wide"
    stem = f"{label.name}-{kind}"
    drawn, texts = [], []
    for shape in sorted(shapes, key=lambda s: s.marked):  # marked outlines last, so that no neighbour covers them
        rings = [[to_page(*corner) for corner in ring] for ring in shape.area.rings]
        path = "".join(_path(ring) for ring in rings)
        look = (
            f'stroke="{_INK}" stroke-width="{3 if shape.marked else 0.8}" stroke-linejoin="round" fill-rule="evenodd"'
        )
        drawn.append(f'<path d="{path}" fill="{FILLS[shape.level] if shape.level is not None else "#ffffff"}" {look}/>')
        hatch = _hatch_of(shape)
        if hatch:
            drawn.append(f'<path d="{path}" fill="url(#{stem}-{hatch})" stroke="none"/>')
        x, y = _middle(max(rings, key=lambda ring: abs(_surface(ring))))
        texts.append(_text(x, y + 4, shape.text, size=11 if narrow else 13, bold=shape.marked, middle=True, halo=True))
    entries = [(FILLS[i], f"h{i}", text) for i, text in enumerate(classes)]
    entries += [("#ffffff", _HIDDEN, "hidden to protect people")] if any(s.why == _HIDDEN for s in shapes) else []
    entries += [("#ffffff", _ABSENT, "not available")] if any(s.why == _ABSENT for s in shapes) else []
    across = 1 if narrow else 2
    row, top = 26, height + 18
    for number, (fill, hatch, text) in enumerate(entries):
        x, y = 2 + (number % across) * (width // across), top + (number // across) * row
        box = f'<rect x="{x}" y="{y}" width="30" height="18" stroke="{_INK}" stroke-width="0.8"'
        drawn.append(
            f'{box} fill="{fill}"/>{box} fill="url(#{stem}-{hatch})"/>' if hatch != "h0" else f'{box} fill="{fill}"/>'
        )
        texts.append(_text(x + 38, y + 14, text, size=13))
    whole = top + math.ceil(len(entries) / across) * row
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {named(label, narrow=narrow)} viewBox="0 0 {width} {whole}"'
        f' width="{width}" height="{whole}">{told(label, narrow=narrow)}<defs>{_patterns(stem)}</defs>'
        f'<rect width="{width}" height="{whole}" fill="#ffffff"/>{"".join(drawn)}{"".join(texts)}</svg>'
    )


def _hatch_of(shape: Shape) -> str:
    if shape.level is None:
        return shape.why
    return f"h{shape.level}" if shape.level else ""


def _patterns(stem: str) -> str:
    """Hatching by class, denser as the class grows; crossed lines for hidden, dots for not available."""

    def pattern(name: str, size: int, inside: str, turn: int = 0) -> str:
        return (
            f'<pattern id="{stem}-{name}" width="{size}" height="{size}" patternUnits="userSpaceOnUse"'
            f' patternTransform="rotate({turn})">{inside}</pattern>'
        )

    def line(colour: str, width: float) -> str:
        return f'<path d="M0 0V20" stroke="{colour}" stroke-width="{width}"/>'

    return "".join(
        (
            pattern("h1", 12, line(_INK, 1.2), 45),
            pattern("h2", 6, line(_INK, 1.2), 45),
            pattern("h3", 8, line("#ffffff", 1.2), -45),
            pattern(_HIDDEN, 7, f'<path d="M0 0L7 7M7 0L0 7" stroke="{_INK}" stroke-width="1"/>'),
            pattern(_ABSENT, 7, f'<circle cx="3" cy="3" r="1.2" fill="{_INK}"/>'),
        )
    )


def _projection(areas: Sequence[AreaView], width: int) -> tuple[Callable[[float, float], tuple[float, float]], int]:
    """From longitude and latitude to pixels, true to shape in the middle of the map; and the height that it takes."""
    corners = [corner for area in areas for ring in area.rings for corner in ring]
    west, east = min(x for x, _ in corners), max(x for x, _ in corners)
    south, north = min(y for _, y in corners), max(y for _, y in corners)
    squeeze = math.cos(math.radians((south + north) / 2))
    margin = 4.0
    # A map that is taller than wide is no wider than makes it as tall as wide.
    scale = (width - 2 * margin) / max((east - west) * squeeze, north - south)
    pushed = margin + (width - 2 * margin - (east - west) * squeeze * scale) / 2

    def to_page(x: float, y: float) -> tuple[float, float]:
        return pushed + (x - west) * squeeze * scale, margin + (north - y) * scale

    return to_page, math.ceil((north - south) * scale + 2 * margin)


def _path(ring: Sequence[tuple[float, float]]) -> str:
    kept: list[tuple[float, float]] = []
    for x, y in ring:
        if not kept or abs(x - kept[-1][0]) + abs(y - kept[-1][1]) >= _FINEST:
            kept.append((x, y))
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in kept) + "Z"


def _surface(ring: Sequence[tuple[float, float]]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring)) / 2


def _middle(ring: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """A point well inside a ring: the middle of the widest stretch of the horizontals across it."""
    ys = [y for _, y in ring]
    best = (-1.0, *ring[0])
    for step in range(1, 12):
        y = min(ys) + (max(ys) - min(ys)) * step / 12
        crossings = sorted(
            a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1])
            for a, b in itertools.pairwise(ring)
            if (a[1] <= y) != (b[1] <= y)
        )
        for left, right in zip(crossings[::2], crossings[1::2], strict=False):
            # Of stretches about as wide the one nearest to the middle height is best.
            worth = (right - left) - 0.5 * abs(step - 6) * (max(ys) - min(ys)) / 12
            best = max(best, (worth, (left + right) / 2, y))
    return best[1], best[2]


def _text(
    x: float, y: float, said: str, *, size: int, bold: bool = False, middle: bool = False, halo: bool = False
) -> str:
    look = f'x="{x:.1f}" y="{y:.1f}" font-family="{_FONT}" font-size="{size}" fill="{_INK}"'
    look += ' font-weight="bold"' if bold else ""
    look += ' text-anchor="middle"' if middle else ""
    look += ' stroke="#ffffff" stroke-width="4" stroke-linejoin="round" paint-order="stroke"' if halo else ""
    return f"<text {look}>{escape(said)}</text>"
