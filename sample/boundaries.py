"""Boundaries of the invented city's neighbourhoods: hexagons in open sea, so that nobody takes them for a place.

    python -m sample.boundaries > partnership/synthetic/boundaries.geojson

Here: the drawing of the neighbourhoods of `sample/world.py`. Not here: anything that is delivered; boundaries belong to the
register. The same on every machine: no number is drawn at random.
"""

from __future__ import annotations

import json
import sys

from sample.world import NEIGHBOURHOOD_NAMES, neighbourhood_codes

#: Hexagons in each row, from north to south, and columns by which the row is pushed to the east.
ROWS = ((4, 2.0), (6, 1.5), (7, 1.0), (8, 0.5), (7, 0.0), (5, 0.5), (2, 2.0))
#: North-west corner of the city, and half the width and the height of a hexagon, in degrees.
WEST, NORTH, HALF, SIDE = -7.5, 49.4, 0.008, 0.006
ATTRIBUTION = "Marlhaven is a fictional city: its neighbourhoods are drawn as hexagons."


def geojson() -> str:
    """One hexagon a neighbourhood, as a GeoJSON FeatureCollection; corners are shared with the neighbours."""
    places = [(column + pushed, row) for row, (count, pushed) in enumerate(ROWS) for column in range(count)]
    features = [
        _feature(code, name, *place)
        for code, name, place in zip(neighbourhood_codes(), NEIGHBOURHOOD_NAMES, places, strict=True)
    ]
    lines = ",\n".join(json.dumps(feature, separators=(",", ":")) for feature in features)
    return f'{{"type":"FeatureCollection",\n"attribution":{json.dumps(ATTRIBUTION)},\n"features":[\n{lines}\n]}}\n'


def _feature(code: str, name: str, across: float, down: int) -> dict[str, object]:
    x, y = WEST + 2 * HALF * across, NORTH - 1.5 * SIDE * down
    offsets = ((0, 1.0), (1, 0.5), (1, -0.5), (0, -1.0), (-1, -0.5), (-1, 0.5), (0, 1.0))
    ring = [[round(x + HALF * dx, 4), round(y + SIDE * dy, 4)] for dx, dy in offsets]
    return {
        "type": "Feature",
        "properties": {"code": code, "name": name},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


if __name__ == "__main__":
    sys.stdout.write(geojson())
