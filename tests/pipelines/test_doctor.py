"""doctor: each check finds what it is there for, says a remedy and no secret; one that breaks stops none of the others."""

from __future__ import annotations

import json
import os
import shutil
from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from pipelines import doctor
from pipelines.doctor import CHECKS, Found, examine
from pipelines.settings import Settings
from pipelines.workspace import open_workspace
from resources.log import Log
from tests.e2e.city import SYNTHETIC

KEY = "a long enough secret of this partnership, number one"


def settings(data: Path, **more: Any) -> Settings:
    return Settings(data_dir=data, _env_file=None, **more)  # type: ignore[call-arg]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder as the first refresh makes it, of this user alone."""
    found = tmp_path / "data"
    open_workspace(settings(found))
    (found / "landing").mkdir()
    return found


def check(name: str, given: Settings) -> Found:
    return next(iter(CHECKS[name](given)))


def examined(name: str, given: Settings) -> Found:
    """One check as `examine` makes it: an error becomes a fault."""
    with patch.object(doctor, "CHECKS", {name: CHECKS[name]}):
        return examine(given)[0]


def test_a_good_set_up_has_no_fault(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAFER_ALERT_URLS", raising=False)
    found = examine(settings(data))
    assert [one for one in found if one.state == "fault"] == []
    assert {one.name for one in found} == set(CHECKS)
    assert {one.name: one.state for one in found}["alerts"] == "warning"


def test_python_and_packages(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.sys, "version_info", (3, 10, 2))
    assert check("python", settings(data)).state == "fault"
    held = [SimpleNamespace(metadata={"Name": d.metadata["Name"]}, version=d.version) for d in metadata.distributions()]
    for one in held:
        one.version = "0.0.1" if one.metadata["Name"] == "duckdb" else one.version
    monkeypatch.setattr(doctor.metadata, "distributions", lambda: [d for d in held if d.metadata["Name"] != "dagster"])
    found = list(CHECKS["packages"](settings(data)))
    assert [(f.state, f.said) for f in found] == [
        ("fault", "not installed: dagster"),
        ("fault", "of another version than locked: duckdb"),
    ]
    assert all(f.remedy == "run make setup" for f in found)


def test_time_zones(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "ZoneInfo", _raise(doctor.ZoneInfoNotFoundError("none")))
    assert "tzdata" in check("time zones", settings(data)).remedy


@pytest.mark.parametrize(("free", "state"), [(1 << 28, "fault"), (1 << 30, "warning"), (1 << 32, "ok")])
def test_disk(data: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    usage = namedtuple("usage", "total used free")(1, 1, free)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    assert check("disk", settings(data)).state == state


def test_register_with_a_mistake(data: Path, tmp_path: Path) -> None:
    shutil.copytree(SYNTHETIC.parent, tmp_path / "partnership")
    path = tmp_path / "partnership" / "common" / "measures.toml"
    path.write_text(path.read_text().replace("polarity =", "polarty =", 1))
    found = examined("register", settings(data, partnership=tmp_path / "partnership" / "synthetic"))
    assert found.state == "fault" and "did you mean polarity" in found.said


def test_data_folder_of_another_partnership(data: Path) -> None:
    found = examined("data folder", settings(data, partnership=SYNTHETIC.parent / "plymouth_open"))
    assert found.state == "fault" and "belongs to partnership marlhaven" in found.said


def test_open_folders_and_files_of_secrets(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as others can get: below a folder that is closed to them nothing is open."""
    inside = [tmp_path / "data", tmp_path / "data" / "landing"]
    monkeypatch.setattr(
        doctor, "_reachable", lambda path: all(a.stat().st_mode & 1 for a in path.parents if a in inside)
    )
    assert data.stat().st_mode & 0o777 == 0o700
    secret = tmp_path / "key"
    secret.write_text(KEY)
    secret.chmod(0o640)
    monkeypatch.setenv("SAFER_PSEUDONYM_KEY_FILE", str(secret))
    assert check("permissions", settings(data)).state == "ok"
    secret.chmod(0o644)
    data.chmod(0o755)
    found = list(CHECKS["permissions"](settings(data)))
    assert [f.said for f in found] == [
        "data folder is open to every user",
        "file of SAFER_PSEUDONYM_KEY is open to every user",
    ]
    assert all(f.remedy.startswith("chmod -R o-rwx ") for f in found)
    elsewhere = tmp_path / "deliveries"
    elsewhere.mkdir()
    elsewhere.chmod(0o755)  # whatever this process masks
    assert any("landing is open" in f.said for f in CHECKS["permissions"](settings(data, landing=elsewhere)))


def test_landing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data / "landing" / "asb_case").mkdir()
    (data / "landing" / "asb_case" / "x.csv").write_text("a")
    assert check("landing", settings(data)).state == "ok"
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: Path(path).name != "x.csv")
    assert check("landing", settings(data)).remedy.endswith("landing/asb_case/x.csv")
    assert check("landing", settings(data, landing=data / "nowhere")).state == "fault"


def test_key_short_missing_or_another(data: Path) -> None:
    plymouth = SYNTHETIC.parent / "plymouth_open"
    mine = data.with_name("plymouth")
    given = settings(mine, partnership=plymouth)
    assert check("pseudonym key", given).state == "warning"
    archive = open_workspace(given).archive
    receipt = {"number": 1, "source": "asb_case", "slot": "a", "force": "", "month": "", "sha256": "0" * 64, "size": 1}
    receipt |= {"rows": 1, "header": [], "form": "csv", "name": "a", "extracted_at": None, "coverage": None}
    (archive.root / "receipts.jsonl").write_text(json.dumps(receipt | {"received_at": "2016-01-01T00:00:00Z"}) + "\n")
    assert check("pseudonym key", given).state == "fault"
    short = examined("pseudonym key", settings(mine, partnership=plymouth, pseudonym_key="s3cret"))
    assert "shorter than" in short.said
    (mine / "key.json").write_text('{"fingerprint": "another"}')
    found = examined("pseudonym key", settings(mine, partnership=plymouth, pseudonym_key=KEY))
    assert found.state == "fault" and "not the key that this data folder was made with" in found.said
    assert "s3cret" not in str(short) and KEY not in str(found)


def test_database_that_is_not_there(data: Path) -> None:
    url = "postgresql://somebody:hunter2@127.0.0.1:1/nowhere"  # pragma: allowlist secret
    found = check("database", settings(data, warehouse_url=url))
    assert found.state == "fault" and "SAFER_WAREHOUSE_URL" in found.remedy
    assert "hunter2" not in str(found)
    assert check("database", settings(data)).state == "warning"
    open_workspace(settings(data)).warehouse.replace([], inputs={})
    assert check("database", settings(data)).said.startswith("sqlite 3.")


def test_log_and_clock(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log(data / "log.jsonl")
    log.append("purge", "Custodian", "why", {})
    assert check("log", settings(data)).said == "1 records, none changed"
    assert check("clock", settings(data)).state == "ok"

    class Behind(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(UTC) - timedelta(days=2)

    monkeypatch.setattr(doctor, "datetime", Behind)
    assert check("clock", settings(data)).remedy == "set the machine's clock"
    monkeypatch.undo()
    log.path.write_text(log.path.read_text().replace("Custodian", "Nobody"))
    assert "changed at record 1: restore it from backup" in examined("log", settings(data)).said


def test_dagster_records(data: Path) -> None:
    before = dict(os.environ)
    try:
        assert check("Dagster", settings(data)).said.endswith("0 runs on record")
        # Where records are in PostgreSQL, those are looked at; that nobody answers there is no secret, the address is.
        gone = check("Dagster", settings(data, dagster_url="postgresql://safer:s3cret@127.0.0.1:9/dagster"))
        assert gone.state == "fault" and "SAFER_DAGSTER_URL" in gone.remedy and "s3cret" not in str(gone)
    finally:
        for name in ("DAGSTER_HOME", "SAFER_DAGSTER_DIR", "SAFER_DAGSTER_URL"):
            os.environ.pop(name, None)
            if name in before:
                os.environ[name] = before[name]


def test_who_is_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFER_ALERT_PDAS", "json://127.0.0.1:9")
    nobody = check("alerts", settings(data))
    assert nobody.state == "warning" and "SAFER_ALERT_POLICE" in nobody.said and "SAFER_ALERT_PDAS" not in nobody.said
    told = check("alerts", settings(data, alert_urls="json://127.0.0.1:9"))
    assert told.state == "ok" and told.said.startswith("1 addresses, also for those of ")


def test_a_check_that_breaks_is_a_fault_and_names_no_content(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {"disk": _raise(ValueError("Jane Doe, PL1 1AA")), "log": CHECKS["log"]}
    monkeypatch.setattr(doctor, "CHECKS", broken)
    found = {f.name: f for f in examine(settings(data))}
    assert found["disk"].state == "fault" and "Jane" not in str(found)
    assert found["log"].state == "ok"


def _raise(error: Exception) -> Callable[..., Any]:
    def raising(*_: object) -> Any:
        raise error

    return raising
