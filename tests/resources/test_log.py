"""The log: append-only and chained; every way of tampering with it is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resources.log import Log, LogError


@pytest.fixture
def log(tmp_path: Path) -> Log:
    found = Log(tmp_path / "log.jsonl")
    for n in range(3):
        found.append("rekey", "Custodian", f"reason {n}", {"rows": n})
    return found


def test_records_come_back_in_order(log: Log) -> None:
    assert [record["reason"] for record in log.records()] == ["reason 0", "reason 1", "reason 2"]
    assert Log(log.path.with_name("none.jsonl")).records() == []


def test_every_tampering_is_found(log: Log) -> None:
    lines = log.path.read_bytes().splitlines(keepends=True)
    forged = json.loads(lines[1]) | {"reason": "another"}
    tampered = {
        "changed": [lines[0], json.dumps(forged).encode() + b"\n", lines[2]],
        "first removed": lines[1:],
        "middle removed": [lines[0], lines[2]],
        "reordered": [lines[1], lines[0], lines[2]],
        "repeated": [lines[0], lines[0], lines[1], lines[2]],
        "torn": [*lines[:2], lines[2][:40]],
        "one byte": [lines[0], lines[1].replace(b"reason 1", b"reason 7"), lines[2]],
    }
    for how, content in tampered.items():
        log.path.write_bytes(b"".join(content))
        with pytest.raises(LogError, match="changed at record"):
            log.records()
        before = log.path.read_bytes()
        with pytest.raises(LogError):
            log.append("rekey", "x", "y", {})
        assert log.path.read_bytes() == before, how
