"""The same archive, register and date of evaluation give the same bytes on another clone, in another folder, on another day."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.city import SYNTHETIC, City
from tests.paths import ROOT
from tests.release.published import Published, grown


def test_releases_of_another_folder_and_day(
    two: Published, filled: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Tomorrow(date):
        @classmethod
        def today(cls) -> date:
            return date(2031, 2, 3)

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2031, 2, 3, 4, 5, tzinfo=UTC) + timedelta(seconds=6)

    monkeypatch.setattr("assets.release.release.date", Tomorrow)
    monkeypatch.setattr("assets.release.evidence_file.datetime", Later)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    other = filled.copy(tmp_path / "another place" / "data")
    other.publish()
    rows = other.outcome("SP01")
    other.change("SP01", grown(rows, 1.03, rows["value"].notna()))
    other.publish()
    assert other.tree("releases") == two.tree("releases")
    assert other.tree("analysis") == two.tree("analysis")


@pytest.mark.campaign("same bytes", sample=0)
def test_a_clone_of_the_code_on_another_day(tmp_path: Path) -> None:
    """Code and deliveries copied elsewhere, the clock set ahead for the whole process, every source of the sample."""
    here = City(tmp_path / "here", as_of=date(2014, 6, 30))
    here.deliver(months=14, scale=0.05, sources=None)
    clone, there = tmp_path / "clone" / "code", City(tmp_path / "there" / "data of another name")
    skipped = shutil.ignore_patterns(".git", ".venv", "__pycache__", "data", ".mypy_cache", ".ruff_cache", "*.egg-info")
    shutil.copytree(ROOT, clone, ignore=skipped)
    shutil.copytree(here.data / "landing", there.data / "landing")
    ahead = (
        "import sys, time, datetime as d\n"
        "real, shift = time.time, 86400 * 400\n"
        "time.time = lambda: real() + shift\n"
        "class Date(d.date):\n    today = classmethod(lambda cls: d.date.fromtimestamp(time.time()))\n"
        "d.date = Date\n"
        "from pipelines.cli import main\n"
        "main()\n"
    )
    for root, city, code in ((ROOT, here, "from pipelines.cli import main; main()"), (clone, there, ahead)):
        env = {**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": "random"}
        options = ["refresh", "--data", str(city.data), "--as-of", "2014-06-30"]
        partnership = root / SYNTHETIC.relative_to(ROOT)
        done = subprocess.run(
            [sys.executable, "-c", code, *options, "--partnership", str(partnership)],
            env=env, cwd=root, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 3), done.stderr
    assert len(there.release_files()) > 30
    assert there.release_files() == here.release_files()
    for place in (here, there):
        assert all(str(tmp_path).encode() not in data for data in place.release_files().values())
