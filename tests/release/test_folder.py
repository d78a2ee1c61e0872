"""What lies beside a release for analysts: whole or not at all, for the pipeline's own account alone, written once."""

from __future__ import annotations

import stat
from pathlib import Path

import pandas as pd
import pytest

from assets.release.folder import COLUMNS, NUMBERS, ReleaseError, csv_bytes, write_analysis

FILES = {"outcomes.csv": b"a,b\n", "index.html": b"<p>", "static/safer.css": b""}


def modes(root: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in [root, *root.rglob("*")]}


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    write_analysis(tmp_path / "analysis", "2016-03-abc", FILES)
    written = tmp_path / "analysis" / "2016-03-abc"
    assert {p.relative_to(written).as_posix() for p in written.rglob("*") if p.is_file()} == set(FILES)
    assert stat.S_IMODE((tmp_path / "analysis").stat().st_mode) == 0o700
    assert stat.S_IMODE(written.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o400 for p in written.rglob("*") if p.is_file())


def test_a_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "analysis").mkdir(mode=0o755)
    write_analysis(tmp_path / "analysis", "2016-03-abc", FILES)
    assert stat.S_IMODE((tmp_path / "analysis").stat().st_mode) == 0o700


def test_it_is_written_once(tmp_path: Path) -> None:
    write_analysis(tmp_path, "2016-03-abc", FILES)
    write_analysis(tmp_path, "2016-03-abc", {"outcomes.csv": b"other"})
    assert (tmp_path / "2016-03-abc" / "outcomes.csv").read_bytes() == FILES["outcomes.csv"]


def test_a_half_written_one_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".making-2016-02-abc-1").mkdir()
    write_analysis(tmp_path, "2016-03-abc", FILES)
    assert [p.name for p in tmp_path.iterdir()] == ["2016-03-abc"]


def test_no_space_leaves_nothing_and_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("assets.release.folder.os.fsync", full)
    with pytest.raises(ReleaseError, match=r"cannot be written \(No space left on device\): nothing was published"):
        write_analysis(tmp_path / "analysis", "2016-03-abc", FILES)
    assert list((tmp_path / "analysis").iterdir()) == []


def test_a_file_where_the_folder_should_be_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "analysis").write_text("")
    with pytest.raises(ReleaseError, match="cannot be written"):
        write_analysis(tmp_path / "analysis", "2016-03-abc", FILES)


def test_numbers_are_written_in_full_and_counts_as_whole_numbers() -> None:
    row = {name: float("nan") if name in NUMBERS else "" for name in COLUMNS}
    row |= {
        "measure": "SP05",
        "numerator": 25.0,
        "denominator": 262701.5,
        "value": 0.1 + 0.2,
        "lower": 5.0,
        "note": 'a, "b"',
    }
    head, line = csv_bytes(pd.DataFrame([row])).decode().splitlines()
    said = dict(zip(head.split(","), line.split(","), strict=False))
    assert (said["numerator"], said["denominator"]) == ("25", "262701.5")
    assert (said["value"], said["lower"], said["upper"]) == ("0.30000000000000004", "5.0", "")
    assert line.endswith('"a, ""b"""')
