"""Alerts end to end, by a mail server and a webhook on loopback: one message an event, whatever happens, and never a value.

The daemon is played tick by tick: each tick opens the data folder anew, as after a restart, with the cursors that Dagster would keep.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from pipelines.commands.answer import Answer
from pipelines.commands.state import status
from pipelines.definitions import build_definitions
from pipelines.refresh import Ran, tell_ended
from pipelines.sensors import alerts_sensor, landing_sensor
from pipelines.watch import tell_killed, tell_stopped, watch
from pipelines.workspace import Workspace, one_at_a_time
from resources.notifier import Notifier
from tests.e2e.city import City, open_city
from tests.paths import ROOT
from tests.receivers import Inbox, mail_server, webhook

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
CANARY, PERSON = "CANARY-LABEL", "Wilhelmina Canarybird"
POLICE, ANALYST = "Police performance and analysis", "Partnership performance analyst"


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """The mailbox of the police: its own route."""
    with mail_server() as (box, url):
        monkeypatch.setenv("SAFER_ALERT_POLICE", url)
        yield box


@pytest.fixture
def hook() -> Iterator[tuple[Inbox, str]]:
    """Everyone else's channel."""
    with webhook() as made:
        yield made


@pytest.fixture
def city(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, mail: Inbox, hook: tuple[Inbox, str]) -> City:
    city = City(tmp_path / "data", alert_urls=hook[1])
    shutil.copytree(open_city(tmp_path_factory).data, city.data, symlinks=True)
    return city


@dataclass
class Daemon:
    """Dagster's daemon, as far as sensors and what they launch go."""

    city: City
    now: datetime = datetime(2016, 6, 1, 9, 0, tzinfo=UTC)
    cursors: dict[str, str | None] = field(default_factory=dict)
    keys: set[str | None] = field(default_factory=set)

    def open(self) -> Workspace:
        workspace = self.city.open()
        clocked = Notifier(
            workspace.warehouse, workspace.register.alerts, workspace.settings.addresses_in, lambda: self.now
        )
        workspace.__dict__["notifier"] = clocked
        return workspace

    def tick(self, minutes: int = 5) -> int:
        """One round of the daemon with new objects; the number of runs that came of it."""
        self.now += timedelta(minutes=minutes)
        workspace = self.open()
        runs = 0
        with self.city.instance() as instance:
            for sensor in (landing_sensor(workspace), alerts_sensor(workspace)):
                context = dg.build_sensor_context(instance=instance, cursor=self.cursors.get(sensor.name))
                result = sensor.evaluate_tick(context)
                self.cursors[sensor.name] = result.cursor
                for request in result.run_requests or ():
                    if request.run_key not in self.keys:
                        self.keys.add(request.run_key)
                        runs += self.run(workspace, instance, request)
        workspace.warehouse.close()
        return runs

    def run(self, workspace: Workspace, instance: dg.DagsterInstance, request: dg.RunRequest) -> int:
        definitions = build_definitions(workspace)
        job = definitions.resolve_job_def("refresh").get_subset(
            asset_selection=set(request.asset_selection or ()),
            asset_check_selection=set(request.asset_check_keys or ()),
        )
        for part in (job, definitions.resolve_job_def("release")):
            part.execute_in_process(instance=instance, raise_on_error=False, run_config=_QUIET)
        return 1


def once(box: Inbox) -> list[str]:
    """Subjects, each proven to have come once."""
    assert max(Counter(box.told).values(), default=0) <= 1
    return sorted(box.subjects)


def test_each_event_is_told_once_through_restarts_failures_and_recovery(
    city: City, mail: Inbox, hook: tuple[Inbox, str]
) -> None:
    box, daemon = hook[0], Daemon(city)
    assert [daemon.tick() for _ in range(2)] == [0, 0]
    assert (mail.told, box.told) == ([], [])

    # Two checks fail at once, a third file is refused, and the mail server is down.
    street = city.data / "landing" / "police_street"
    (label,) = street.rglob("2014-03-*-street.csv")
    (rows,) = street.rglob("2014-04-*-street.csv")
    (header,) = street.rglob("2014-05-*-street.csv")
    good = {path: path.read_text() for path in (label, rows, header)}
    label.write_text(good[label].replace(",Burglary,", f",{CANARY},"))
    lines = good[rows].splitlines(keepends=True)
    rows.write_text(
        "".join([lines[0], *(line.replace(",2014-04,", f",{PERSON},") for line in lines[1:30]), *lines[30:]])
    )
    header.write_text(good[header].replace("Context", "surname", 1).replace(",\n", f",{PERSON}\n"))
    mail.down = True
    runs = sum(daemon.tick() for _ in range(12))
    assert runs == 1
    assert mail.refused > 3
    assert mail.told == []
    mail.down = False
    assert sum(daemon.tick() for _ in range(8)) == 0
    told = [
        "Check failed: bad rows (police_street)",
        "Check failed: category known (police_street)",
        "Delivery refused: police_street (header)",
    ]
    assert once(mail) == told
    assert once(box) == [*told, "Release held: SP01, SP08"]

    # All is mended, by files that never were there before: one word of each.
    for path, text in good.items():
        path.write_text("".join(text.splitlines(keepends=True)[:-1]))
    assert sum(daemon.tick() for _ in range(4)) == 1
    for _ in range(2):
        assert daemon.tick() == 0
    over = [f"Resolved: {subject}" for subject in told]
    assert [s for s in once(mail) if s.startswith("Resolved")] == over
    assert [s for s in once(box) if s.startswith("Resolved")] == [*over, "Resolved: release held: SP01, SP08"]
    workspace = daemon.open()
    assert workspace.notifier.open_cases() == []
    assert workspace.notifier.unsent() == []
    workspace.warehouse.close()

    text = mail.text + box.text
    for personal in (CANARY, PERSON, "canary", "Wilhelmina"):
        assert personal not in text
    for words in (
        f"To: {POLICE}; {ANALYST}",
        "Held until it passes: SP01, SP08",
        "unknown category",
        " rows in clean_police_street",
        "unknown columns 'surname'",
        "What to do: correct the delivery and send it again",
        "http://127.0.0.1:3000/assets/clean_police_street_completeness?view=checks&checkDetail=category_known",
        "Told before: 'Check failed: category known (police_street)' on 1 June 2016",
    ):
        assert words in box.text, words


def test_a_late_delivery_is_told_again_before_the_board_meets_and_once_when_it_comes(
    city: City, mail: Inbox, hook: tuple[Inbox, str], tmp_path: Path
) -> None:
    """The open city has April 2013 to May 2014; June 2014 was due on Thursday 10 July."""
    folder = tmp_path / "partnership"
    shutil.copytree(ROOT / "partnership", folder)
    meetings = folder / "synthetic" / "board_meetings.toml"
    meetings.write_text("urgent_days = 10\n[[meeting]]\ndate = 2014-07-31\n[[meeting]]\ndate = 2014-08-07\n")
    city.partnership = folder / "synthetic"

    def on(day: date) -> None:
        city.as_of = day
        for _ in range(3):
            workspace = city.open()
            watch(workspace)
            workspace.warehouse.close()

    for day in (date(2014, 7, 9), date(2014, 7, 10), date(2014, 7, 20), date(2014, 7, 21), date(2014, 7, 28)):
        on(day)
    assert mail.subjects == [
        "Delivery late: police_street",
        "Urgent before the Board of 31 July 2014: delivery late: police_street",
    ]
    assert mail.told == hook[0].told
    on(date(2014, 8, 1))
    assert mail.subjects[2:] == ["Urgent before the Board of 7 August 2014: delivery late: police_street"]
    for words in (
        "Expected: the month due, 2014-06 of police_street, by 10 July 2014.",
        "up to 2014-05.",
        "Held for it: SP01, SP08.",
        "The Board meets on 31 July 2014",
    ):
        assert words in mail.text
    # Due again on the day before: nothing is late by then.
    on(date(2014, 7, 9))
    assert mail.subjects[3:] == ["Resolved: Delivery late: police_street"]
    assert mail.told == hook[0].told


def test_a_run_that_failed_or_was_killed_is_told_once_and_when_all_is_well(city: City, hook: tuple[Inbox, str]) -> None:
    box, daemon = hook[0], Daemon(city)
    daemon.tick()

    @dg.op
    def explode() -> None:
        raise ValueError(f"{PERSON} is not a number")

    @dg.job(name="refresh")
    def failing() -> None:
        explode()

    with city.instance() as instance:
        lost = failing.execute_in_process(instance=instance, raise_on_error=False)
        again = instance.create_run_for_job(failing, tags={"dagster/will_retry": "true"})
        instance.report_run_failed(again)
    for _ in range(3):
        daemon.tick()
    assert box.subjects == ["Run failed: refresh"]
    assert f"http://127.0.0.1:3000/runs/{lost.run_id}" in box.text
    assert "explode: stopped by ValueError" in box.text
    # Killed, as its worker was: one more message at most while it is open.
    with city.instance() as instance:
        for _ in range(2):
            instance.report_run_failed(instance.create_run_for_job(failing, status=dg.DagsterRunStatus.STARTED))
            daemon.tick()
    assert box.subjects == ["Run failed: refresh", "Still: Run failed: refresh"]
    assert "it was killed, or could not start" in box.told[1][1]

    @dg.job(name="refresh")
    def working() -> None:
        pass

    with city.instance() as instance:
        working.execute_in_process(instance=instance)
    for _ in range(3):
        daemon.tick()
    assert box.subjects[2:] == ["Resolved: Run failed: refresh"]
    assert PERSON not in box.text


def test_a_refresh_from_the_command_line_that_fails_or_is_killed_is_told(city: City, hook: tuple[Inbox, str]) -> None:
    box, daemon = hook[0], Daemon(city)
    child = os.fork()
    if child == 0:
        with one_at_a_time(city.data):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    for _ in range(3):
        daemon.tick()
    assert box.subjects == ["Run failed: refresh"]
    assert "was killed, or the machine stopped" in box.text
    # The next refresh tells nothing anew of it, and that it is over.
    workspace = daemon.open()
    with one_at_a_time(city.data) as killed:
        assert killed
        tell_killed(workspace, killed)
    workspace.warehouse.close()
    assert len(box.told) == 1
    workspace = daemon.open()
    tell_ended(workspace, Ran("1"))
    workspace.warehouse.close()
    assert box.subjects[1:] == ["Resolved: Run failed: refresh"]
    workspace = daemon.open()
    tell_stopped(workspace, "no space left")
    workspace.warehouse.close()
    assert box.subjects[2:] == ["Run failed: refresh"]
    assert "it was stopped: no space left" in box.told[2][1]


def test_status_says_what_is_late_open_and_unsent(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    city.as_of = date(2016, 5, 4)
    workspace = city.open()
    workspace.__dict__["notifier"] = Notifier(workspace.warehouse, workspace.register.alerts, lambda _name: ())
    watch(workspace)
    status(Answer("status", as_json=False), workspace, full=False)
    workspace.warehouse.close()
    said = " ".join(capsys.readouterr().out.split())
    assert "late: 2016-03" in said
    assert "The Board meets on 12 May 2016: what is late is urgent." in said
    # One line of the screen says the first; with --full all are told.
    assert re.search(r"open since \d{4}-\d{2}-\d{2}, not sent yet: Urgent before the Board", said)
