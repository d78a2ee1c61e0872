"""Every command with `--json`: one document on standard output, whatever happens, with the exit code and the keys that the page says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer

from pipelines import cli
from pipelines.commands.described import COMMANDS, COMMON, KEYS, commands
from tests.e2e.city import SYNTHETIC, full_city, open_city
from tests.paths import ROOT

WHO = ("--by", "A. Chair", "--reason", "agreed at the Board")
GROUP = typer.main.get_group(cli.app)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """The command line in this process, away from any `.env`: document, exit code, and nothing on standard error."""
    monkeypatch.chdir(tmp_path)

    def ran(*words: str | Path) -> tuple[dict[str, Any], int]:
        monkeypatch.setattr(sys, "argv", ["safer-outcomes", *map(str, words), "--json"])
        with monkeypatch.context() as environment:
            for name in ("DAGSTER_HOME", "SAFER_DAGSTER_DIR"):
                environment.setenv(name, os.environ.get(name, ""))
            with pytest.raises(SystemExit) as stop:
                cli.main()
        out, err = capsys.readouterr()
        assert err == ""
        told = json.loads(out)
        assert told["exit"] == int(stop.value.code or 0)
        assert ("error" in told) == bool(told["errors"]) == (told["exit"] in (1, 2))
        return told, told["exit"]

    return ran


@pytest.fixture(scope="module")
def open_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_city(tmp_path_factory).data


@pytest.fixture
def data(open_data: Path, tmp_path: Path) -> Path:
    shutil.copytree(open_data, tmp_path / "data", symlinks=True)
    return tmp_path / "data"


def own(told: dict[str, Any]) -> set[str]:
    return set(told) - set(COMMON)


def test_the_page_is_that_of_the_command_line() -> None:
    assert COMMANDS.read_text(encoding="utf-8") == commands(), "stale: run `python -m pipelines.commands.described`"
    assert set(KEYS) == set(GROUP.commands)


@pytest.mark.parametrize("name", sorted(GROUP.commands))
def test_every_command_takes_json(name: str) -> None:
    assert "--json" in {word for option in GROUP.commands[name].params for word in option.opts}


def test_commands_that_read_a_data_folder(run: Any, open_data: Path) -> None:
    told, code = run("status", "--data", open_data)
    assert code == 0 and own(told) == set(KEYS["status"])
    assert {m["measure"]: m["state"] for m in told["measures"]}["SP01"] == "published"
    assert [s["deliveries"] for s in told["sources"] if s["source"] == "police_street"] == [14]
    release = told["release"]

    told, code = run("verify", "--data", open_data)
    assert code == 0 and own(told) == set(KEYS["verify"])
    assert (told["release"], told["whole"], told["editions"]) == (release, True, 0)

    told, code = run("explain", "sp01", "--period", "2013-14", "--data", open_data)
    assert code == 0 and own(told) == set(KEYS["explain"])
    assert all(len(row) == len(s["columns"]) for s in told["sections"] for row in s["rows"])

    told, code = run("purge", "--data", open_data)
    assert code == 0 and own(told) == set(KEYS["purge"])
    assert not told["done"] and not told["removed"]

    told, code = run("doctor", "--data", open_data)
    assert own(told) == set(KEYS["doctor"])
    assert told["well"] == (code == 0)

    told, code = run("health", "--data", open_data)
    assert code == 0 and own(told) == set(KEYS["health"])

    told, code = run("prune", "--data", open_data)
    assert code == 0 and own(told) == set(KEYS["prune"])
    assert told["deleted"] == 0


def test_backup_and_restore(run: Any, open_data: Path, tmp_path: Path) -> None:
    told, code = run("backup", "--to", tmp_path / "kept", "--data", open_data)
    assert code == 0 and own(told) == set(KEYS["backup"])
    told, code = run("restore", "--from", told["backup"], "--data", tmp_path / "again")
    assert code == 0 and own(told) == set(KEYS["restore"])
    assert (tmp_path / "again/releases/current").resolve().name == told["release"]


def test_a_refused_delivery_and_then_nothing_new(run: Any, data: Path) -> None:
    """The first in a process of its own: what Dagster says must not reach the document."""
    path = sorted((data / "landing/police_street").rglob("*.csv"))[-1]
    path.write_bytes(path.read_bytes().replace(b"Context", b"Context,surname", 1))
    safer = Path(sys.executable).parent / "safer-outcomes"
    env = {k: v for k, v in os.environ.items() if not k.startswith(("SAFER_", "DAGSTER_"))} | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [safer, "refresh", "--json", "--data", data], env=env, capture_output=True, text=True, check=False
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["exit"], done.stderr) == (1, 1, "")
    assert own(told) == set(KEYS["refresh"]) - {"message"}
    (refused,) = told["refused"]
    assert refused["source"] == "police_street" and refused["name"].endswith(path.name)
    assert path.name in told["error"]
    told, code = run("refresh", "--data", data)
    assert code == 1 and own(told) == {"nothing_new", "message"}
    assert told["nothing_new"] and told["error"].startswith("1 deliveries in landing were refused")


def test_an_edition_and_its_retraction(run: Any, data: Path) -> None:
    release = json.loads((data / "releases/current/release.json").read_bytes())["id"]
    told, code = run("approve", release, *WHO, "--data", data)
    assert code == 0 and own(told) == set(KEYS["approve"])
    assert (told["release"], told["new"], told["current_edition"]) == (release, True, release)
    # Each act is a record, and the seal of the folder that it leaves another.
    assert told["log_record"] == 1
    told, code = run("retract", release, *WHO, "--data", data)
    assert code == 0 and own(told) == set(KEYS["retract"])
    assert (told["log_record"], told["current_edition"]) == (3, None)


def test_made_for_others(run: Any, tmp_path: Path) -> None:
    told, code = run("template", "asb_case", "--out", tmp_path / "blank")
    assert code == 0 and own(told) == set(KEYS["template"])
    assert all(Path(name).is_file() for name in told["files"])
    told, code = run("sample", "--out", tmp_path / "landing", "--months", "13", "--scale", "0.01")
    assert code == 0 and own(told) == {"out", "files", "planted"}
    assert told["files"] == sum(p.suffix in (".csv", ".xlsx") for p in (tmp_path / "landing").rglob("*"))
    told, code = run("sample", "--out", tmp_path / "x", "--faults", "list")
    assert code == 0 and own(told) == {"faults"} and {"name", "what", "expected"} == set(told["faults"][0])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("refresh", "--landing", "nowhere"), 1, "landing folder nowhere is missing"),
        (("refresh", "--as-of", "yesterday"), 2, "yesterday"),
        (("status", "--partnership", "nowhere"), 1, "nowhere"),
        (("verify", "2001-01-000000000000"), 1, "2001-01-000000000000"),
        (("approve", "x"), 2, "--by"),
        (("approve", "x", *WHO), 1, "no release x"),
        (("retract", "x", *WHO), 1, "x"),
        (("explain", "SP01"), 1, "no release yet"),
        (("explain", "SP01", "--period", "soon"), 1, "--period"),
        (("sample", "--out", "x", "--faults", "no-such"), 1, "missing-month"),
        (("template", "no_such"), 1, "no template for no_such"),
        (("rejects", "no_such"), 1, "no_such"),
        (("rekey", *WHO), 1, "SAFER_PSEUDONYM_KEY"),
        (("purge", "--counting", "--never"), 2, "--never"),
        (("purge", "--do"), 1, "--by is empty"),
        (("doctor", "--partnership", "nowhere"), 1, "nowhere"),
        (("backup", "--to", "x", "--data", "nowhere"), 1, "nowhere"),
        (("restore", "--from", "x", "--data", "y"), 1, "x is no backup"),
        (("grants",), 1, "postgresql://"),
        (("health", "--daemon", "--partnership", "nowhere"), 1, "nowhere"),
        (("prune", "--older-than", "0"), 2, "--older-than"),
        (("no-such-command",), 2, "no-such-command"),
    ],
)
def test_an_error_is_a_document_too(run: Any, words: Sequence[str], code: int, said: str) -> None:
    told, ended = run(*words)
    assert ended == code
    assert said in " ".join(told["errors"])
    assert "\n" not in told["error"] and "Traceback" not in told["error"]


def test_rejects_and_a_status_of_one_screen(
    run: Any, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A city of every source on 80 by 24: no line is longer, and one line is left for the prompt."""
    data = full_city(tmp_path_factory).data
    monkeypatch.chdir(data.parent)
    told, code = run("rejects", "asb_case", "--data", data)
    assert code == 0 and own(told) == set(KEYS["rejects"])
    monkeypatch.setattr(sys, "argv", ["safer-outcomes", "status", "--data", str(data), "--partnership", str(SYNTHETIC)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    lines = capsys.readouterr().out.splitlines()
    assert not stop.value.code
    assert sum("SP" in line[:2] for line in lines) == 11
    assert len(lines) <= 23, lines
    assert [line for line in lines if len(line) > 80] == []
