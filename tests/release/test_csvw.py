"""The metadata of the CSV, as the validator of another project reads it: good data pass, and bad data do not."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from csvw import CSVW

from assets.release import csvw
from assets.release.downloads import about
from assets.release.folder import COLUMNS, FIGURES, csv_bytes
from tests.release.downloaded import everything


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """CSV and metadata side by side, without a network."""

    def refused(*_: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    view, figures = everything()
    (tmp_path / FIGURES).write_bytes(csv_bytes(figures))
    (tmp_path / csvw.NAME).write_bytes(csvw.metadata_bytes(about(view)))
    return tmp_path


def faults(folder: Path) -> list[str]:
    """What the validator finds, starting from the CSV alone."""
    read = CSVW(str(folder / FIGURES), validate=True)
    return [] if read.is_valid else [str(warning.message) for warning in read.warnings] or ["not valid"]


def test_the_published_csv_is_valid(files: Path) -> None:
    assert faults(files) == []


def test_columns_are_typed_and_empty_cells_are_none(files: Path) -> None:
    _, figures = everything()
    read = CSVW(str(files / FIGURES))
    rows = list(read.tables[0])
    assert len(rows) == len(figures)
    hidden = next(row for row in rows if "[c]" in row["symbols"])
    assert hidden["value"] is None
    shown = next(row for row in rows if row["value"] is not None)
    assert isinstance(shown["value"], float)
    assert shown["period_start"].date().isoformat() == figures["period_start"][rows.index(shown)]
    assert [row["symbols"] for row in rows] == [text.split() for text in figures["symbols"]]


def test_it_says_what_everything_is(files: Path) -> None:
    said = json.loads((files / csvw.NAME).read_text())
    assert said["url"] == FIGURES
    assert [column["name"] for column in said["tableSchema"]["columns"]] == list(COLUMNS)
    assert all(column["dc:description"] for column in said["tableSchema"]["columns"])
    assert said["dc:license"]["@id"].startswith("https://www.nationalarchives.gov.uk/doc/open-government-licence/")
    assert said["dc:description"].startswith("Synthetic data for a fictional city. Not real.")
    assert said["dc:date"]["@value"] == "2016-05-01"


def _edit(column: str, value: str) -> Callable[[list[str]], list[str]]:
    place = COLUMNS.index(column)

    def edit(lines: list[str]) -> list[str]:
        cells = lines[1].split(",")
        cells[place] = value
        return [lines[0], ",".join(cells), *lines[2:]]

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        _edit("value", "many"),
        _edit("value", "[c]"),
        _edit("numerator", "1 234"),
        _edit("period_end", "31/03/2016"),
        _edit("period_kind", "week"),
        _edit("period_kind", ""),
        _edit("measure", "XP01"),
        _edit("state", "secret"),
        _edit("symbols", "[q]"),
        lambda lines: [lines[0], lines[1], lines[1], *lines[2:]],
        lambda lines: [lines[0] + ",more", *(line + "," for line in lines[1:])],
    ],
)
def test_bad_data_are_not_valid(files: Path, edit: Callable[[list[str]], list[str]]) -> None:
    lines = (files / FIGURES).read_text().splitlines()
    (files / FIGURES).write_text("\n".join(edit(lines)) + "\n")
    found = []
    try:
        found = faults(files)
    except ValueError as error:  # how the validator tells of a key that comes twice
        found = [str(error)]
    assert found


def test_a_datatype_that_does_not_exist_is_not_accepted(files: Path) -> None:
    said = json.loads((files / csvw.NAME).read_text())
    said["tableSchema"]["columns"][0]["datatype"] = "words"
    (files / csvw.NAME).write_text(json.dumps(said))
    assert faults(files)
