"""Commentary, position statements and boundaries in a partnership's folder: what is read, and every mistake in one line."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from expectations.register import RegisterError, contrast, load_register
from expectations.written import boundaries, front_matter
from sample.boundaries import geojson
from tests.paths import ROOT

PARTNERSHIPS = ROOT / "partnership"
GOOD = '+++\nby = "Service manager"\nwritten = 2016-05-03\nas_at = 2016-03-31\n+++\n\nFewer came. *See* below.\n'
POSITION = '+++\nby = "CRC performance lead"\nwritten = 2016-05-03\n+++\nWhat counts as revoked.\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The synthetic partnership and what it inherits, with a folder for commentary."""
    for name in ("common", "synthetic"):
        shutil.copytree(PARTNERSHIPS / name, tmp_path / name)
    (tmp_path / "synthetic" / "commentary").mkdir()
    return tmp_path / "synthetic"


def problem(folder: Path) -> str:
    """The one line that refuses the register."""
    with pytest.raises(RegisterError) as refused:
        load_register(folder)
    (line,) = refused.value.problems
    assert "\n" not in line
    assert str(folder) not in line
    return line


def test_commentary_is_read_belongs_to_the_content_and_is_watched(folder: Path) -> None:
    before = load_register(folder)
    (folder / "commentary" / "SP05.md").write_text(GOOD, encoding="utf-8")
    (folder / "commentary" / "SP09-position.md").write_text(POSITION, encoding="utf-8")
    (folder / "commentary" / "README.md").write_text("how to write", encoding="utf-8")
    register = load_register(folder)
    first, second = register.commentary
    assert (first.measure, first.kind, first.by, first.as_at) == (
        "SP05",
        "commentary",
        "Service manager",
        date(2016, 3, 31),
    )
    assert first.text == "Fewer came. *See* below."
    assert (second.measure, second.kind, second.as_at) == ("SP09", "position", None)
    assert register.content_hash != before.content_hash
    assert folder / "commentary" / "SP05.md" in register.files()
    assert folder / "commentary" in register.watched()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("SP5.md", GOOD, "commentary/SP5.md: file: must be named like SP05.md"),
        ("SP05.txt", GOOD, "must be named like SP05.md"),
        ("SP99.md", GOOD, "SP99: has a commentary and is not in measures.toml"),
        ("SP05.md", "Fewer came.", "must begin with by and written between two lines of +++"),
        ("SP05.md", GOOD.replace('"Service manager"', "Service manager"), "is not valid TOML between the +++ lines"),
        ("SP05.md", GOOD.replace("Fewer came. *See* below.\n", ""), "has no text below the +++ lines"),
        ("SP05.md", GOOD.replace("as_at = 2016-03-31\n", ""), "as_at: must be given for a commentary"),
        ("SP05.md", GOOD.replace("written = 2016-05-03", 'written = "May"'), "written: must be a date"),
        ("SP05.md", GOOD.replace("by =", "author ="), "author: is not a known key"),
        ("SP05.md", GOOD.replace("by =", 'text = "x"\nby ='), "text: is not a known key"),
        ("SP09-position.md", GOOD, "as_at: must be left out of a position statement"),
        ("SP05.md", GOOD + "x" * 7000, "must not be longer than 6000 letters"),
    ],
)
def test_a_mistake_in_a_commentary_is_one_line(folder: Path, name: str, text: str, said: str) -> None:
    (folder / "commentary" / name).write_text(text, encoding="utf-8")
    with pytest.raises(RegisterError) as refused:
        load_register(folder)
    assert said in refused.value.problems[0]


def test_front_matter_may_hold_fences_in_the_text_below() -> None:
    said, body = front_matter(GOOD + "\n+++\nmore\n")
    assert said["by"] == "Service manager"
    assert body.endswith("+++\nmore")


def test_boundaries_of_both_partnerships_are_read_and_agree_with_the_priority_set() -> None:
    for name, areas in (("synthetic", 39), ("plymouth_open", 32)):
        register = load_register(PARTNERSHIPS / name)
        assert len(register.boundaries) == areas
        assert register.boundaries_attribution
    assert "Open Government Licence" in register.boundaries_attribution


def test_the_boundaries_of_the_fictional_city_are_the_generators() -> None:
    assert (PARTNERSHIPS / "synthetic" / "boundaries.geojson").read_text(encoding="utf-8") == geojson()


def _with(**feature: Any) -> str:
    good = {"type": "Feature", "properties": {"code": "A"}, "geometry": {"type": "Polygon", "coordinates": [SQUARE]}}
    return json.dumps({"type": "FeatureCollection", "features": [{**good, **feature}]})


SQUARE = [[0, 0], [0, 1], [1, 1], [0, 0]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not valid JSON"),
        ('{"type": "Feature"}', "must be a GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection", "features": [1]}', "has no code in the properties of feature 1"),
        (_with(properties={"name": "A"}), "has no code in the properties of feature 1"),
        (_with(geometry={"type": "Point", "coordinates": [0, 0]}), "is no Polygon or MultiPolygon"),
        (_with(geometry=None), "is no Polygon or MultiPolygon"),
        (_with(geometry={"type": "Polygon", "coordinates": [[[250000, 61000]] * 4]}), "use WGS84 degrees"),
        (_with(geometry={"type": "Polygon", "coordinates": [[["x", 1]] * 4]}), "use WGS84 degrees"),
        (_with(geometry={"type": "Polygon", "coordinates": [SQUARE[:2]]}), "use WGS84 degrees"),
    ],
)
def test_a_mistake_in_boundaries_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        boundaries(text)


def test_a_priority_area_without_outline_is_one_line(folder: Path) -> None:
    path = folder / "boundaries.geojson"
    path.write_text(path.read_text(encoding="utf-8").replace("MH-03", "MH-93"), encoding="utf-8")
    assert "boundaries.geojson: MH-03: is in priority_set.csv and has no feature here" in problem(folder)


def test_a_pale_brand_colour_is_refused(folder: Path) -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # the lightest grey that may carry text
    path = folder / "partnership.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("#4b2e83", "#ffbf47"), encoding="utf-8")
    assert "brand.colour: must have a contrast of 4.5:1 with white" in problem(folder)
