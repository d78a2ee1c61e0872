"""`alerts.toml` and `board_meetings.toml`: what they say, and one clear line for each mistake."""

from __future__ import annotations

import re
import shutil
from datetime import date, datetime, time
from pathlib import Path

import pytest

from expectations.alerting import KINDS, LONDON
from expectations.register import RegisterError, load_register
from tests.paths import ROOT

ALERTS = """
analyst = "Partnership performance analyst"
digest_at = "07:30"

[[route]]
owner = "PDAS service manager"
addresses = ["SAFER_ALERT_PDAS", "SAFER_ALERT_TEAMS"]
quiet_from = "18:00"
quiet_to = "08:00"
may_break_quiet = ["run_failed"]
"""
MEETINGS = """
urgent_days = 7

[[meeting]]
date = 2016-05-12

[[meeting]]
date = 2016-08-11
note = "first quarter"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "partnership", tmp_path / "partnership")
    made = tmp_path / "partnership" / "synthetic"
    (made / "alerts.toml").write_text(ALERTS)
    (made / "board_meetings.toml").write_text(MEETINGS)
    return made


def test_what_the_files_say(folder: Path) -> None:
    register = load_register(folder)
    alerts, board = register.alerts, register.board_meetings
    assert alerts.digest_at == time(7, 30)
    (route,) = alerts.routes_of("PDAS service manager")
    assert route.addresses == ("SAFER_ALERT_PDAS", "SAFER_ALERT_TEAMS")
    night = datetime(2016, 12, 24, 23, 0, tzinfo=LONDON)
    assert (route.is_quiet("check_failed", night), route.is_quiet("run_failed", night)) == (True, False)
    assert alerts.routes_of("CRC performance lead") == ()
    assert [board.upcoming(date(2016, 5, day)) for day in (12, 13)] == [date(2016, 5, 12), date(2016, 8, 11)]
    assert board.upcoming(date(2016, 8, 12)) is None
    assert [board.pressing(date(2016, 5, day)) for day in (4, 5, 12, 13)] == [None, *[date(2016, 5, 12)] * 2, None]


def test_who_is_told_changes_no_figure(folder: Path) -> None:
    before = load_register(folder)
    (folder / "alerts.toml").unlink()
    (folder / "board_meetings.toml").unlink()
    after = load_register(folder)
    assert after.content_hash == before.content_hash
    assert after.alerts.route == ()
    assert set(before.watched()) - set(after.watched()) == {folder / "alerts.toml", folder / "board_meetings.toml"}


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "rule"),
    [
        ("alerts.toml", '"07:30"', "07:30:00", "digest_at", 'must be a time of day written "HH:MM"'),
        ("alerts.toml", '"07:30"', '"25:00"', "digest_at", 'must be a time of day written "HH:MM"'),
        ("alerts.toml", "digest_at", "digest_time", "digest_time", "not a known key"),
        ("alerts.toml", '"PDAS service manager"', '"PDAS"', "route[1].owner", "is no owner in sources.toml"),
        (
            "alerts.toml",
            '"SAFER_ALERT_PDAS"',
            '"mailto://u:sesame@h"',  # pragma: allowlist secret
            "route[1].addresses[1]",
            "environment variable",
        ),
        (
            "alerts.toml",
            '"SAFER_ALERT_TEAMS"',
            '"SAFER_ALERT_PDAS"',
            "route[1].addresses",
            "must not name anything twice",
        ),
        ("alerts.toml", '["SAFER_ALERT_PDAS", "SAFER_ALERT_TEAMS"]', "[]", "route[1].addresses", "must not be empty"),
        ("alerts.toml", 'quiet_to = "08:00"', "", "route[1].quiet_to", "together with quiet_from"),
        ("alerts.toml", 'quiet_to = "08:00"', 'quiet_to = "18:00"', "route[1].quiet_to", "must differ"),
        ("alerts.toml", '"run_failed"', '"run_fails"', "route[1].may_break_quiet[1]", "must be 'check_failed'"),
        ("alerts.toml", "performance analyst", "performance annalist", "analyst", "has no route, and is no owner"),
        ("board_meetings.toml", "= 2016-05-12", '= "12 May"', "meeting[1].date", "written YYYY-MM-DD"),
        ("board_meetings.toml", "2016-08-11", "2016-05-12", "2016-05-12", "stands 2 times"),
        ("board_meetings.toml", "= 7", '= "7"', "urgent_days", "whole number"),
        ("board_meetings.toml", "[[meeting]]", "[[meetings]]", "meetings", "did you mean meeting?"),
    ],
)
def test_a_mistake_is_named_in_one_line(folder: Path, file: str, old: str, new: str, key: str, rule: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    with pytest.raises(RegisterError) as caught:
        load_register(folder)
    first = caught.value.problems[0]
    assert first.startswith(f"synthetic/{file}: {key}: "), first
    assert rule in first
    assert re.search(r" \([^()].*\)$", first), f"no remedy: {first}"
    assert "sesame" not in str(caught.value)


def test_two_routes_of_one_role_are_one_too_many(folder: Path) -> None:
    again = ALERTS[ALERTS.index("[[route]]") :]
    (folder / "alerts.toml").write_text(ALERTS + again)
    with pytest.raises(RegisterError, match=r"PDAS service manager: has 2 routes \(merge them into one\)"):
        load_register(folder)


def test_the_runbook_explains_every_kind_of_alert() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    section = text[text.index("## Alerts") :]
    rows = re.findall(r"(?m)^\| `(\w+)` \| [^|]+ \| ([^|]{10,}) \| ([^|]+) \|$", section)
    assert {kind for kind, _, _ in rows} == set(KINDS)
    assert len(rows) == len(KINDS)


def test_every_kind_in_the_code_is_a_known_one() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for top in ("assets", "resources", "pipelines")
        for path in (ROOT / top).rglob("*.py")
    )
    named = set(re.findall(r'kind(?::[^=\n]+)?="(\w+)"', code)) | set(
        re.findall(r'return "(resolved|release_held)"', code)
    )
    named |= set(re.findall(r'kind="(\w+)" if \w+ else "\w+"', code)) | set(
        re.findall(r'kind="\w+" if \w+ else "(\w+)"', code)
    )
    assert named >= set(KINDS)
    readme = (ROOT / "partnership" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{kind}`" in readme for kind in KINDS)
