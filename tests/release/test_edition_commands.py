"""approve, retract, verify, explain and status as their users see them: short, plain, one line for each mistake."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from pipelines.cli import app
from tests.database import environment_of
from tests.release.published import Published

KEY = "a key for tests, of 32 bytes or more"


@pytest.fixture
def first(two: Published) -> str:
    return str(json.loads((two.current / "release.json").read_bytes())["parent"])


def run(at: Published, *arguments: str) -> Result:
    environment = {
        "SAFER_PSEUDONYM_KEY": KEY,
        "COLUMNS": "200",
        "SAFER_DATA_DIR": str(at.data),
        **environment_of(at.data),
    }
    return CliRunner().invoke(app, list(arguments), env=environment)


def one_line(done: Result, code: int = 1) -> str:
    assert done.exit_code == code, done.output
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and "Traceback" not in done.output, done.output
    return lines[0]


def test_approve_verify_retract(folder: Published, first: str) -> None:
    done = run(folder, "approve", first, "--by", "A. Chair", "--reason", "agreed")
    assert done.exit_code == 0, done.output
    assert f"Release {first} is now an edition: by A. Chair, agreed (record 1 of the log)." in done.stdout
    assert f"Current edition: {first}." in done.stdout
    again = run(folder, "approve", first, "--by", "B", "--reason", "me too")
    assert again.exit_code == 0 and "was approved already: by A. Chair, agreed" in again.stdout
    said = run(folder, "status").stdout
    assert f"Edition {first}, approved by A. Chair" in said
    assert "commentary awaited of SP01: A revision moved the headline" in said
    assert "1 editions agree with the log" in run(folder, "verify").stdout
    done = run(folder, "retract", first, "--by", "A. Chair", "--reason", "wrong")
    assert done.exit_code == 0 and "is retracted: by A. Chair, wrong" in done.stdout
    assert "Current edition: none." in done.stdout
    assert run(folder, "verify", first).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("approve", "current", "--by", "A", "--reason", "b"),
            "name the one you have read by its id; the newest is 2016-03-",
        ),
        (("approve", "2001-01-abc", "--by", "A", "--reason", "b"), "no release 2001-01-abc"),
        (
            ("retract", "2001-01-abc", "--by", "A", "--reason", "b"),
            "no edition 2001-01-abc: none stands",
        ),
        (("verify", "2001-01-abc"), "there is no release 2001-01-abc"),
        (("explain", "SP01", "--period", "last year"), "--period is not a month"),
        (("explain", "SP99"), "no measure SP99"),
    ],
)
def test_mistakes(folder: Published, arguments: tuple[str, ...], words: str) -> None:
    assert words in one_line(run(folder, *arguments))


def test_without_a_name_or_a_reason(folder: Published, first: str) -> None:
    assert "--by is empty" in one_line(run(folder, "approve", first, "--by", " ", "--reason", "b"))
    assert run(folder, "approve", first, "--by", "A").exit_code == 2


def test_what_demands_a_commentary_or_does_not_verify_is_not_approved(folder: Published) -> None:
    name = folder.current.name
    line = one_line(run(folder, "approve", name, "--by", "A", "--reason", "b"))
    assert "lacks the commentary of SP01: A revision moved the headline" in line
    sha = json.loads((folder.current / "release.json").read_bytes())["deliveries"][0]["sha256"]
    folder.archive.path(sha).unlink()
    assert "is not approved: archived delivery" in one_line(run(folder, "approve", name, "--by", "A", "--reason", "b"))
    assert not (folder.data / "log.jsonl").exists()


def test_explain_names_decision_figure_check_table_and_file_with_its_state(folder: Published) -> None:
    told = run(folder, "explain", "sp01", "--period", "2014-15", "--part", "gap")
    assert told.exit_code == 0, told.output
    said = told.stdout
    assert "Decision, word for word  Agreed to retain existing 10" in said
    assert "gap Marlhaven  financial year, 2014-04-01 to 2015-03-31" in said
    assert "outcome_sp01_close_the_gap/priority_set_is_ten  passed  blocks" in said
    line = next(text for text in said.splitlines() if "vale-and-moor/2014-06" in text)
    sha = next(word for word in line.split() if len(word) == 64)
    assert line.endswith("in archive") and folder.archive.path(sha).is_file()
    assert "vale-and-moor/2015-06" not in said
    folder.archive.purge([sha])
    again = run(folder, "explain", "sp01", "--period", "2014-06").stdout
    assert "purged on 2" in next(text for text in again.splitlines() if sha in text)
