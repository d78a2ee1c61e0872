"""A month later: every source delivers again, and a second refresh moves every measure on without losing anything."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sample.generator import generate
from tests.e2e.city import City, full_city

#: Of these nothing new was recorded in the month: the new extract holds the rows of the one before.
_QUIET = ("asb_case", "asb_star", "asb_survey", "crc_event", "crc_reoffence")


def _deliver_next_month(landing: Path, folder: Path) -> None:
    """Everything of 37 months that is new beside everything of 36."""
    generate(folder, months=37, scale=0.05)
    for found in sorted(path for path in folder.rglob("*") if path.is_file() and path.parent.name not in _QUIET):
        there = landing / found.relative_to(folder)
        if not there.exists() or there.read_bytes() != found.read_bytes():
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(found, there)
    for source in _QUIET:
        (before,) = (landing / source).glob(f"{source}_*_2016-03-31.*")
        shutil.copy(before, before.with_name(before.name.replace("2016-03-31", "2016-04-30")))


def test_a_month_later_every_measure_moves_on(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    first = full_city(tmp_path_factory)
    city = City(tmp_path / "data")
    shutil.copytree(first.data, city.data, symlinks=True)
    _deliver_next_month(city.data / "landing", tmp_path / "next")
    done = city.refresh()
    assert not done.failures
    assert not {source: taken.refused for source, taken in done.taken.items() if taken.refused}
    assert not done.released.held
    before, now = first.manifest(), city.manifest()
    assert now["as_at"] == "2016-04-30"
    assert {name: said["state"] for name, said in now["measures"].items()} == {
        name: said["state"] for name, said in before["measures"].items()
    }
    moved = {name for name, said in now["measures"].items() if said["as_at"] == "2016-04-30"}
    assert {"SP01", "SP05", "SP08", "SP10"} <= moved
    # The years that were whole before are there still, figure by figure; the open data were delivered unchanged.
    keys = ["part", "area_code", "period_kind", "period_start", "period_end"]
    old, new = (c.figures("SP01").set_index(keys)["value"] for c in (first, city))
    settled = old[~old.index.get_level_values("period_kind").isin(["r12"])]
    assert (new.reindex(settled.index) == settled).all()
    assert city.refresh().planned.empty
    releases = city.data / "releases"
    assert len([path for path in releases.iterdir() if path.is_dir() and not path.is_symlink()]) == 2
