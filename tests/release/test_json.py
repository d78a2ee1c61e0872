"""Every command in JSON: one document, whatever happens, with the keys that docs/commands.md promises and the same exit code."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from tests.e2e.city import open_city
from tests.paths import ROOT
from tests.release.published import Published

KEY = "a key for tests, of 32 bytes or more"
EVERY = {"command", "exit_code", "errors", "notes"}
DONE: set[str] = set()


def promised() -> dict[str, set[str]]:
    """Keys by command, as the page for programmers lists them; what stands in brackets is inside of one."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            names, keys = (cell.strip() for cell in line.strip("|").split(" | ", 1))
            outer = re.sub(r"\([^)]*\)", "", keys)
            for name in re.findall(r"`([a-z]+)`", names):
                found[name] = set(re.findall(r"`([a-z_]+)`", outer))
    found["rekey"] = found["rekey"] - {"refresh"} | found["refresh"]
    return found


def run(data: Path, *words: str, code: int = 0) -> dict[str, Any]:
    """The document of a command; standard error is silent."""
    done = CliRunner().invoke(app, [*words, "--json"], env={"SAFER_DATA_DIR": str(data), "SAFER_PSEUDONYM_KEY": ""})
    said = json.loads(done.stdout)
    assert done.stderr == ""
    assert (done.exit_code, said["exit_code"], said["command"]) == (code, code, words[0]), done.stdout
    assert set(said) >= EVERY
    assert bool(said["errors"]) == (code in (1, 2))
    assert all("\n" not in line and "Traceback" not in line for line in said["errors"])
    assert set(said) - EVERY <= promised()[words[0]]
    DONE.add(words[0])
    return said


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the city of open data."""
    copy = tmp_path_factory.mktemp("json") / "data"
    shutil.copytree(open_city(tmp_path_factory).data, copy, symlinks=True)
    return copy


def test_refresh_status_verify_and_explain(data: Path) -> None:
    first = run(data, "refresh")
    assert first["nothing_new"] is False and first["measures"]["SP01"]["state"] == "published"
    again = run(data, "refresh")
    assert again["nothing_new"] is True and first["release"] in again["message"]
    said = run(data, "status")
    assert said["release"] == first["release"] and len(said["measures"]) == 11
    assert {s["source"]: s["last_month"] for s in said["sources"]}["police_street"] == "2014-05"
    assert run(data, "verify")["whole"] is True
    told = run(data, "explain", "SP01", "--period", "2013-14")
    assert [s["title"] for s in told["sections"]] and told["measure"] == "SP01"
    assert any(row[-1] == "in archive" for s in told["sections"] for row in s["rows"])
    assert promised()["status"] == set(said) - EVERY


def test_approve_and_retract(data: Path) -> None:
    release = run(data, "verify")["release"]
    said = run(data, "approve", release, "--by", "A. Chair", "--reason", "agreed")
    assert (said["current_edition"], said["new"], said["log_record"]) == (release, True, 1)
    assert run(data, "status")["edition"]["by"] == "A. Chair"
    assert run(data, "retract", release, "--by", "A", "--reason", "wrong")["current_edition"] is None


def test_errors_are_documents_too(data: Path, tmp_path: Path) -> None:
    assert "no release 2001-01-abc" in run(data, "verify", "2001-01-abc", code=1)["errors"][0]
    assert (
        "no release x: name the one you have read"
        in run(data, "approve", "x", "--by", "A", "--reason", "b", code=1)["errors"][0]
    )
    assert "no edition x" in run(data, "retract", "x", "--by", "A", "--reason", "b", code=1)["errors"][0]
    assert "no measure SP99" in run(data, "explain", "SP99", code=1)["errors"][0]
    assert "landing folder landing is missing" in run(tmp_path / "new", "refresh", code=1)["errors"][0]
    assert "no template for nothing" in run(data, "template", "nothing", code=1)["errors"][0]
    assert "choose one of" in run(data, "rejects", "nothing", code=1)["errors"][0]
    assert "new key is empty" in run(data, "rekey", "--by", "A", "--reason", "b", code=1)["errors"][0]
    assert "--by is empty" in run(data, "purge", "--do", code=1)["errors"][0]
    assert "missing-month" in run(data, "sample", "--out", str(tmp_path), "--faults", "no-such", code=1)["errors"][0]


def test_sample_and_template(data: Path, tmp_path: Path) -> None:
    assert {f["name"] for f in run(data, "sample", "--out", "x", "--faults", "list")["faults"]} >= {"missing-month"}
    said = run(data, "sample", "--out", str(tmp_path / "s"), "--months", "1", "--scale", "0.01")
    assert said["files"] == len([p for p in (tmp_path / "s").rglob("[!.]*") if p.is_file()])
    files = run(data, "template", "asb_case", "--out", str(tmp_path))["files"]
    assert all(Path(name).is_file() for name in files)


def test_purge_and_doctor(data: Path) -> None:
    said = run(data, "purge")
    assert (said["done"], said["removed"], said["contents"]) == (False, {}, [])
    data.chmod(0o700)
    found = run(data, "doctor")
    assert found["well"] is True and {check["state"] for check in found["checks"]} <= {"ok", "note"}
    (data / "log.jsonl").write_text("{}\n")
    found = run(data, "doctor", code=1)
    assert found["well"] is False and any("changed at record 1" in line for line in found["errors"])


def test_rejects(folder: Published) -> None:
    assert run(folder.data, "rejects", "asb_case") | {"notes": []} == {
        "command": "rejects", "exit_code": 0, "errors": [], "notes": [], "source": "asb_case", "rows": [],
    }  # fmt: skip


def test_a_wrong_command_line_is_answered_in_json_with_exit_code_two() -> None:
    for words in (["frobnicate"], ["purge", "--nope"], ["approve", "x"], ["refresh", "--as-of", "soon"]):
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.cli", *words, "--json"],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        said = json.loads(done.stdout)
        assert (done.returncode, said["exit_code"], said["command"]) == (2, 2, words[0])
        assert len(said["errors"]) == 1 and done.stderr == ""


def test_every_command_is_documented_and_was_run() -> None:
    commands = {command.callback.__name__ for command in app.registered_commands if command.callback}
    assert set(promised()) == commands
    if len(DONE) > 1:  # the whole file ran in this process
        assert commands == DONE
