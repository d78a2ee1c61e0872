"""Files of a partnership's folder that are neither TOML nor CSV: what people wrote about a measure, and boundaries.

Here: from their bytes to plain values, with the rule that is broken in words. Not here: which folder they lie in and what
the register makes of them (`register.py`), how they are shown (`assets/release/`). Only the standard library is imported.

Spec sections 4.9, 5.1, SP01.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterator
from typing import Any, Literal

#: Name of a commentary, or of a position statement, in the folder `commentary/`.
COMMENTARY_NAME = re.compile(r"(SP\d{2})(-position)?\.md")
_FENCE = "+++"
#: Longer than this is a report, which belongs elsewhere: a Board reads a paragraph.
LONGEST_COMMENTARY = 6000
#: Corners of one boundary file: a page draws them all, and a finer line shows nothing more.
MOST_CORNERS = 20_000

Ring = tuple[tuple[float, float], ...]


def kind_of(name: str) -> tuple[str, Literal["commentary", "position"]] | None:
    """Measure and kind that a file's name stands for; None for a name that stands for nothing."""
    found = COMMENTARY_NAME.fullmatch(name)
    return (found[1], "position" if found[2] else "commentary") if found else None


def front_matter(text: str) -> tuple[dict[str, Any], str]:
    """The TOML between the `+++` lines, and the Markdown below them.

    Raises:
        ValueError: there are no such lines, the TOML is not valid, or nothing is written; with the remedy.
    """
    lines = text.splitlines()
    fences = [at for at, line in enumerate(lines) if line.strip() == _FENCE]
    if len(fences) < 2 or any(line.strip() for line in lines[: fences[0]]):
        raise ValueError(
            "must begin with by and written between two lines of +++ (partnership/README.md has an example)"
        )
    try:
        said = tomllib.loads("\n".join(lines[fences[0] + 1 : fences[1]]))
    except tomllib.TOMLDecodeError:
        raise ValueError("is not valid TOML between the +++ lines (put text in quotes, write dates bare)") from None
    body = "\n".join(line.rstrip() for line in lines[fences[1] + 1 :]).strip()
    if not body:
        raise ValueError("has no text below the +++ lines (write it, or remove the file)")
    if len(body) > LONGEST_COMMENTARY:
        raise ValueError(f"must not be longer than {LONGEST_COMMENTARY} letters (shorten it; attach no report)")
    return said, body


def boundaries(text: str) -> tuple[str, list[tuple[str, tuple[Ring, ...]]]]:
    """Attribution of a GeoJSON file, and the rings of each of its areas by the area's `code`, in order of code.

    Holes are left out: an area is drawn by its outlines. Coordinates are longitude and latitude, rounded to five places
    (about a metre).

    Raises:
        ValueError: it is no FeatureCollection of such areas; with the remedy.
    """
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is not valid JSON (export it again as GeoJSON)") from None
    if not isinstance(read, dict) or read.get("type") != "FeatureCollection" or not read.get("features"):
        raise ValueError("must be a GeoJSON FeatureCollection with features (export it again as GeoJSON)")
    attribution = read.get("attribution", "")
    if not isinstance(attribution, str):
        raise ValueError("has an attribution that is not text (put it in quotes)")
    areas: dict[str, tuple[Ring, ...]] = {}
    for number, feature in enumerate(read["features"], start=1):
        code, rings = _area(feature, number)
        if code in areas:
            raise ValueError(f"has the code of feature {number} twice (one feature an area: merge its parts)")
        areas[code] = rings
    if sum(len(ring) for rings in areas.values() for ring in rings) > MOST_CORNERS:
        raise ValueError(f"has more than {MOST_CORNERS} corners (simplify the lines: a page shows no finer ones)")
    return attribution, sorted(areas.items())


def _area(feature: Any, number: int) -> tuple[str, tuple[Ring, ...]]:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    code = properties.get("code") if isinstance(properties, dict) else None
    if not isinstance(code, str) or not code.strip():
        raise ValueError(f"has no code in the properties of feature {number} (name its neighbourhood_code there)")
    shape = feature.get("geometry")
    kind = shape.get("type") if isinstance(shape, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"has a feature {number} that is no Polygon or MultiPolygon (areas only)")
    try:
        parts = [shape["coordinates"]] if kind == "Polygon" else shape["coordinates"]
        rings = tuple(_ring(part[0]) for part in parts)
    except (TypeError, KeyError, IndexError, ValueError, OverflowError):
        rings = ()
    if not rings:
        raise ValueError(f"has coordinates in feature {number} that are no longitude and latitude (use WGS84 degrees)")
    return code.strip(), rings


def _ring(points: Any) -> Ring:
    return tuple(_corners(points)) if len(points) >= 4 else _refused()


def _corners(points: Any) -> Iterator[tuple[float, float]]:
    for longitude, latitude, *_ in points:
        x, y = float(longitude), float(latitude)
        if not (math.isfinite(x) and abs(x) <= 180 and math.isfinite(y) and abs(y) <= 90):
            _refused()
        yield round(x, 5), round(y, 5)


def _refused() -> Any:
    raise ValueError("no ring of longitude and latitude")
