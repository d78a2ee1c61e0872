"""Jobs of the UI that are acts of a person: name and reason reach the log, a refusal is one clear line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines import actions
from pipelines.settings import Settings
from pipelines.workspace import open_workspace
from resources.log import Log
from tests.release.published import Published

KEY = "a key for tests, of 32 bytes or more"
WHO = {"by": "A. Chair", "reason": "agreed at the Board"}


def launch(job: dg.JobDefinition, data: Path, op: str, config: dict[str, Any], **secrets: str) -> Any:
    settings = Settings(data_dir=data, pseudonym_key=KEY, **secrets, _env_file=None)  # type: ignore[arg-type, call-arg]
    workspace = open_workspace(settings)
    done = job.execute_in_process(
        run_config={"ops": {op: {"config": config}}}, resources={"workspace": workspace}, raise_on_error=False
    )
    workspace.warehouse.close()
    return done


def why(done: Any) -> str:
    (failed,) = [event.step_failure_data for event in done.all_events if event.is_step_failure]
    line = str(failed.user_failure_data.description)
    assert "\n" not in line and "Traceback" not in line
    return line


@pytest.fixture
def first(two: Published) -> str:
    return str(json.loads((two.current / "release.json").read_bytes())["parent"])


def test_approve(folder: Published, first: str) -> None:
    done = launch(actions.approve, folder.data, "approve_release", WHO | {"release": first})
    assert done.success
    approval = Log(folder.data / "log.jsonl").records()[0]
    assert (approval["what"], approval["by"], approval["reason"]) == ("approve", *WHO.values())
    assert (folder.data / "editions" / first / "index.html").is_file()


@pytest.mark.parametrize(
    ("release", "by", "words"),
    [("current", "A", "name the one you have read by its id"), ("2001-01-abc", "A", "no release 2001-01-abc")],
)
def test_approve_refuses_in_one_line(folder: Published, release: str, by: str, words: str) -> None:
    done = launch(actions.approve, folder.data, "approve_release", WHO | {"release": release, "by": by})
    assert not done.success and words in why(done)
    assert not (folder.data / "log.jsonl").exists()


def test_what_demands_a_commentary_is_not_approved(folder: Published) -> None:
    done = launch(actions.approve, folder.data, "approve_release", WHO | {"release": folder.current.name})
    assert "lacks the commentary of SP01" in why(done)


def test_a_damaged_release_is_not_approved(folder: Published, first: str) -> None:
    page = folder.data / "releases" / first / "index.html"
    page.chmod(0o644)
    page.write_bytes(page.read_bytes() + b" ")
    done = launch(actions.approve, folder.data, "approve_release", WHO | {"release": first})
    assert "index.html was changed" in why(done)


def test_without_a_name_nothing_is_launched(folder: Published, first: str) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError):
        launch(actions.approve, folder.data, "approve_release", {"release": first, "reason": "b"})
    done = launch(actions.purge, folder.data, "purge_by_retention", {"by": " ", "reason": "b", "do": True})
    assert "--by is empty" in why(done)


def test_purge_only_tells_until_it_is_told_to_do(folder: Published) -> None:
    receipts = folder.data / "archive" / "receipts.jsonl"
    receipts.write_text(
        receipts.read_text().replace('"received_at": ""', '"received_at": "2016-05-01T00:00:00.000000Z"')
    )
    (folder.data / "analysis" / "2001-01-orphan").mkdir()
    done = launch(actions.purge, folder.data, "purge_by_retention", WHO)
    assert done.success and (folder.data / "analysis" / "2001-01-orphan").is_dir()
    done = launch(actions.purge, folder.data, "purge_by_retention", WHO | {"do": True})
    assert done.success and not (folder.data / "analysis" / "2001-01-orphan").exists()
    assert Log(folder.data / "log.jsonl").records()[-1]["by"] == "A. Chair"


def test_rekey_takes_its_key_from_the_environment_alone(folder: Published) -> None:
    done = launch(actions.rekey, folder.data, "rekey_history", WHO)
    assert "set SAFER_PSEUDONYM_KEY_NEW" in why(done)
    done = launch(actions.rekey, folder.data, "rekey_history", WHO, pseudonym_key_new="short")
    assert "shorter than 32" in why(done) and KEY not in why(done)
