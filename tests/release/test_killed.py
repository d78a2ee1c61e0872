"""Killed at any point while publishing: `current` is the old release or the new one, whole, and the next run ends in the same."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from assets.raw.registration import unclaimed
from assets.release.folder import faults_of
from assets.release.proof import prove
from assets.release.release import publish
from assets.setup import SOURCES
from assets.steps import take_in
from pipelines.definitions import build_definitions
from pipelines.refresh import look, run_plan
from tests.campaign import WHOLE
from tests.e2e.city import City
from tests.release.killed import Point, killed_at, points
from tests.release.published import Published, grown

_KEPT = ("releases", "analysis")


def due(folder: Published) -> Published:
    """The folder with figures that the next release will show."""
    rows = folder.outcome("SP01")
    folder.change("SP01", grown(rows, 1.1, rows["value"].notna()))
    return folder


@pytest.mark.campaign("kill points")
@pytest.mark.parametrize("first", [False, True])
def test_release(filled: Published, folder: Published, tmp_path: Path, first: bool) -> None:
    """The first release of a folder, and one with others before it."""
    start = replace(filled.copy(tmp_path / "start") if first else due(folder), measures=("SP01", "SP05"))
    before = None if first else start.current.name
    expected, counted = start.copy(tmp_path / "expected"), start.copy(tmp_path / "counted")
    new = expected.publish().release.id
    count = points(lambda: counted.publish() and None, counted.data)
    assert count >= 30
    for n in Point.drawn(count, count if WHOLE else 2):
        at = start.copy(tmp_path / f"at{n}")
        killed_at(n, lambda at=at: at.publish() and None, at.data)
        link = at.data / "releases" / "current"
        seen = link.readlink().name if link.is_symlink() else None
        assert seen in (before, new), n
        assert seen is None or faults_of(at.data / "releases" / seen) == [], n
        at.publish()
        assert at.tree(*_KEPT) == expected.tree(*_KEPT), n
        assert not WHOLE or prove(at.pipeline, at.archive, "current").faults == (), n


@pytest.mark.campaign("kill points", sample=0)
def test_release_of_a_city(tmp_path: Path) -> None:
    """The same with the real pages, Dagster's records and the warehouse of a small city of open data."""
    city = City(tmp_path / "start")

    def prepare() -> None:
        city.deliver(months=13, scale=0.02)
        city.refresh()
        path = city.data / "landing/police_street/2014-04/2014-04-vale-and-moor-street.csv"
        lines = path.read_text().splitlines()
        path.write_text("\n".join(lines[:-20]) + "\n")
        workspace = city.open()
        for source in SOURCES.values():
            take_in(source, workspace.pipeline, workspace.landing, workspace.archive, workspace.notifier)
        unclaimed(workspace.landing, workspace.archive)
        with city.instance() as instance:
            plan = look(workspace, instance, taken=True)
            run_plan(build_definitions(workspace), plan, workspace.pipeline.required, instance)
        workspace.warehouse.close()

    def release(at: City) -> None:
        space = at.open()
        with at.instance() as instance:
            publish(space.pipeline, space.archive, space.warehouse, space.notifier, instance)
        space.warehouse.close()

    def copy(name: str) -> City:
        shutil.copytree(city.data, tmp_path / name, symlinks=True)
        return City(tmp_path / name)

    def tree(at: City) -> dict[str, bytes]:
        return {
            p.relative_to(at.data).as_posix(): p.read_bytes()
            for top in _KEPT
            for p in (at.data / top).rglob("*")
            if p.is_file() and not any(q.is_symlink() for q in p.parents) and p.name != ".lock"
        }

    # In processes of their own throughout: the renderer's threads would not outlive a fork.
    points(prepare, city.data)
    counted, expected = copy("counted"), copy("expected")
    count = points(lambda: release(counted), counted.data)
    assert points(lambda: release(expected), expected.data) >= 30
    old = json.loads((city.data / "releases/current/release.json").read_bytes())["id"]
    new = json.loads((expected.data / "releases/current/release.json").read_bytes())["id"]
    assert old != new
    for n in Point.drawn(count, int(os.environ.get("SAFER_POINTS", "60"))):
        at = copy(f"at{n}")
        killed_at(n, lambda at=at: release(at), at.data)
        seen = (at.data / "releases" / "current").readlink().name
        assert seen in (old, new) and faults_of(at.data / "releases" / seen) == [], n
        points(lambda at=at: release(at), at.data)
        assert tree(at) == tree(expected), n
        assert (at.data / "releases" / "current").readlink().name == new, n
