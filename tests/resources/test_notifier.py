"""Alerts are told once: whatever is seen how often, by how many processes, and whoever of the receivers is down."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from expectations.alerting import EVERYONE, AlertsFile, Route
from resources.alert_store import AlertStore, Observed, turn_of
from resources.notifier import Notifier
from resources.warehouse import Warehouse
from tests.receivers import Inbox, webhook

#: A Wednesday in summer: 12:00 in London is 11:00 UTC.
NOON = datetime(2016, 6, 1, 11, 0, tzinfo=UTC)
POLICE, ANALYST = "Police performance and analysis", "Partnership performance analyst"


def failed(content: str = "a", name: str = "check:t/r", **said: Any) -> Observed:
    fields = {"kind": "check_failed", "roles": (POLICE, ANALYST), "subject": f"{name} failed", "body": f"of {content}"}
    return Observed(name, bad=True, identity=content, **(fields | said))


def passed(name: str = "check:t/r", **said: Any) -> Observed:
    return Observed(name, bad=False, roles=(POLICE, ANALYST), body="all is well", **said)


class World:
    """One outbox, several receivers, a clock; a notifier is made anew for each call, as by another process."""

    def __init__(self, url: str, addresses: dict[str, Sequence[str]], alerts: AlertsFile | None = None):
        self.url, self.addresses, self.alerts, self.now = url, addresses, alerts or AlertsFile(), NOON

    @property
    def notifier(self) -> Notifier:
        return Notifier(
            Warehouse(self.url, "somewhere", "v1"),
            self.alerts,
            lambda name: self.addresses.get(name, ()),
            lambda: self.now,
        )

    def tell(self, *observed: Observed) -> None:
        self.notifier.tell(observed)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)
        self.notifier.tell([])


@pytest.fixture
def hook() -> Iterator[tuple[Inbox, str]]:
    with webhook() as made:
        yield made


@pytest.fixture
def other() -> Iterator[tuple[Inbox, str]]:
    with webhook() as made:
        yield made


@pytest.fixture
def world(tmp_path: Path, hook: tuple[Inbox, str]) -> World:
    return World(f"sqlite:///{tmp_path / 'w.sqlite'}", {EVERYONE: [hook[1]]})


# --- what is news -----------------------------------------------------------------------------------------------------


def test_a_fault_is_told_once_and_once_when_it_is_over(world: World, hook: tuple[Inbox, str]) -> None:
    for _ in range(5):
        world.tell(failed())
    for _ in range(5):
        world.tell(passed())
    assert hook[0].subjects == ["check:t/r failed", "Resolved: check:t/r failed"]
    assert hook[0].told[1][1] == "all is well\nTold before: 'check:t/r failed' on 1 June 2016, 12:00."


def test_another_fault_while_it_is_open_is_told_once_more_and_no_third(world: World, hook: tuple[Inbox, str]) -> None:
    for content in "aabbccdab":
        world.tell(failed(content))
    assert hook[0].subjects == ["check:t/r failed", "Still: check:t/r failed"]
    world.tell(passed())
    world.tell(failed("a"))
    assert hook[0].subjects[2:] == ["Resolved: check:t/r failed", "check:t/r failed"]


def test_a_stage_of_an_open_case_is_told_each_once(world: World, hook: tuple[Inbox, str]) -> None:
    world.tell(failed(subject="late"))
    for meeting in ("2016-06-09", "2016-06-09", "2016-09-08"):
        world.tell(failed(subject=f"urgent {meeting}", stage=meeting))
    world.tell(passed())
    assert hook[0].subjects == ["late", "urgent 2016-06-09", "urgent 2016-09-08", "Resolved: late"]


def test_what_may_be_told_once_only_is_not_told_again_after_it_was_over(world: World) -> None:
    world.tell(failed("run-1", once=True))
    world.tell(passed())
    (closed,) = AlertStore(Warehouse(world.url, "s", "v")).cases() or [None]  # type: ignore[list-item]
    assert closed is None
    world.tell(failed("run-1", once=True))
    assert not world.notifier.open_cases()
    world.tell(failed("run-2", once=True))
    assert [case.name for case in world.notifier.open_cases()] == ["check:t/r"]


def test_what_is_well_and_was_never_wrong_is_no_news_and_writes_nothing(world: World, hook: tuple[Inbox, str]) -> None:
    assert turn_of(passed(), None) is None
    world.tell(passed())
    assert hook[0].told == []
    with Warehouse(world.url, "s", "v").snapshot() as snapshot:
        assert sa.inspect(snapshot.connection).get_table_names() == []


# --- who, and until it is accepted ------------------------------------------------------------------------------------


def test_without_an_address_alerts_are_kept_and_sent_once_there_is_one(world: World, hook: tuple[Inbox, str]) -> None:
    addresses, world.addresses = world.addresses, {}
    world.tell(failed())
    assert [m.subject for m in world.notifier.unsent()] == ["check:t/r failed"]
    assert not world.notifier.waiting()
    world.addresses = addresses
    assert world.notifier.waiting()
    world.later(days=3)
    assert hook[0].subjects == ["check:t/r failed"]
    assert world.notifier.unsent() == []


def test_one_receiver_down_delays_nobody_else_and_gets_its_own_later(
    world: World, hook: tuple[Inbox, str], other: tuple[Inbox, str]
) -> None:
    world.addresses = {EVERYONE: [hook[1]], "SAFER_ALERT_POLICE": [other[1]]}
    world.alerts = AlertsFile(route=(Route(owner=POLICE, addresses=("SAFER_ALERT_POLICE",)),))
    other[0].down = True
    world.tell(failed(name="one"), failed(name="two"))
    for _ in range(10):
        world.later(minutes=1)
    assert hook[0].subjects == ["one failed", "two failed"]
    # Each of the two at once, then after 1, 2 and 4 minutes more: a server that is down is not run down.
    assert other[0].refused == 2 * 4
    other[0].down = False
    world.later(minutes=30)
    world.later(minutes=30)
    assert other[0].subjects == ["one failed", "two failed"]
    assert len(hook[0].told) == 2


def test_a_role_whose_variable_is_not_set_is_told_as_everyone(world: World, hook: tuple[Inbox, str]) -> None:
    world.alerts = AlertsFile(route=(Route(owner=POLICE, addresses=("SAFER_ALERT_POLICE",)),))
    world.tell(failed(roles=(POLICE,)))
    assert hook[0].subjects == ["check:t/r failed"]


def test_owner_and_analyst_with_one_address_get_one_message(world: World, hook: tuple[Inbox, str]) -> None:
    world.addresses |= {"SAFER_ALERT_POLICE": [hook[1]]}
    world.alerts = AlertsFile(route=(Route(owner=POLICE, addresses=("SAFER_ALERT_POLICE",)),))
    world.tell(failed())
    assert len(hook[0].told) == 1


def test_an_address_that_apprise_does_not_know_stops_nobody_and_is_not_logged(
    world: World, hook: tuple[Inbox, str], caplog: pytest.LogCaptureFixture
) -> None:
    world.addresses = {EVERYONE: ["nonsense://user:sesame@host", hook[1]]}  # pragma: allowlist secret
    world.tell(failed())
    assert len(hook[0].told) == 1
    assert "SAFER_ALERT_URLS#1" in caplog.text
    assert "sesame" not in caplog.text
    with sa.create_engine(world.url).connect() as connection:
        rows = connection.execute(sa.text("select * from _alert_delivery")).all()
    assert len(rows) == 2
    assert "sesame" not in str(rows)


def test_a_killed_sender_lets_go_of_its_message(world: World, hook: tuple[Inbox, str]) -> None:
    """One that had claimed a delivery and died before it was sent."""
    addresses, world.addresses = world.addresses, {}
    world.tell(failed())
    world.addresses = addresses
    store = AlertStore(Warehouse(world.url, "s", "v"))
    (message,) = store.pending()
    assert store.claim(message.event, f"{EVERYONE}#1", world.now) == "mine"
    assert store.claim(message.event, f"{EVERYONE}#1", world.now) == "wait"
    world.later(minutes=4)
    assert hook[0].told == []
    world.later(minutes=2)
    assert len(hook[0].told) == 1


def _tell_in_a_process(url: str, address: str, gate: Any) -> None:
    notifier = Notifier(Warehouse(url, "s", "v"), AlertsFile(), lambda name: [address] if name == EVERYONE else [])
    gate.wait()
    notifier.tell([failed(name=f"check:t/{n}") for n in range(5)])


def told_once(url: str, box: Inbox, address: str, pair: Sequence[Any]) -> None:
    """Two senders that begin together, and whatever they left to the next one."""
    for one in pair:
        one.start()
    for one in pair:
        one.join()
    world = World(url, {EVERYONE: [address]})
    world.now = datetime.now(UTC) + timedelta(hours=1)
    world.tell()
    assert sorted(box.subjects) == sorted(f"check:t/{n} failed" for n in range(5))


def test_two_processes_at_once_tell_once(world: World, hook: tuple[Inbox, str]) -> None:
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(2)
    pair = [context.Process(target=_tell_in_a_process, args=(world.url, hook[1], gate)) for _ in range(2)]
    told_once(world.url, *hook, pair)
    assert [process.exitcode for process in pair] == [0, 0]


@pytest.mark.postgres
def test_two_senders_at_once_tell_once_in_postgresql(server: str, hook: tuple[Inbox, str]) -> None:
    clear(server)
    gate = threading.Barrier(2)
    told_once(server, *hook, [threading.Thread(target=_tell_in_a_process, args=(server, hook[1], gate)) for _ in "ab"])


def clear(server: str) -> None:
    with sa.create_engine(server).begin() as connection:
        for name in ("_alert", "_alert_case", "_alert_message", "_alert_delivery"):
            connection.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))


# --- quiet hours and digest -------------------------------------------------------------------------------------------


def at_night(kinds: tuple[str, ...] = ()) -> AlertsFile:
    quiet = {"quiet_from": "18:00", "quiet_to": "08:00", "may_break_quiet": kinds}
    return AlertsFile.model_validate({"route": [{"owner": POLICE, "addresses": ["SAFER_ALERT_POLICE"], **quiet}]})


@pytest.mark.parametrize(
    ("utc", "quiet"),
    [
        # Summer: London is an hour ahead.
        (datetime(2016, 6, 1, 16, 59, tzinfo=UTC), False),
        (datetime(2016, 6, 1, 17, 0, tzinfo=UTC), True),
        (datetime(2016, 6, 2, 6, 59, tzinfo=UTC), True),
        (datetime(2016, 6, 2, 7, 0, tzinfo=UTC), False),
        # Winter.
        (datetime(2016, 12, 1, 17, 59, tzinfo=UTC), False),
        (datetime(2016, 12, 1, 18, 0, tzinfo=UTC), True),
        (datetime(2016, 12, 2, 8, 0, tzinfo=UTC), False),
    ],
)
def test_quiet_hours_are_those_of_london(utc: datetime, quiet: bool) -> None:
    (route,) = at_night().route
    assert route.is_quiet("check_failed", utc) is quiet
    (route,) = at_night(("check_failed",)).route
    assert not route.is_quiet("check_failed", utc)


def test_what_comes_at_night_is_sent_in_the_morning_and_the_urgent_at_once(
    world: World, hook: tuple[Inbox, str], other: tuple[Inbox, str]
) -> None:
    world.addresses |= {"SAFER_ALERT_POLICE": [other[1]]}
    world.alerts = at_night(("run_failed",))
    world.now = datetime(2016, 6, 1, 21, 0, tzinfo=UTC)
    world.tell(failed(name="check"), failed(name="run", kind="run_failed"))
    assert other[0].subjects == ["run failed"]
    assert hook[0].subjects == ["check failed", "run failed"]
    world.later(hours=9)
    assert other[0].subjects == ["run failed"]
    world.later(hours=1)
    assert other[0].subjects == ["run failed", "check failed"]


def test_warnings_of_a_day_are_one_message_at_the_hour_of_the_digest(
    world: World, hook: tuple[Inbox, str], other: tuple[Inbox, str]
) -> None:
    world.addresses |= {"SAFER_ALERT_POLICE": [other[1]]}
    world.alerts = AlertsFile(digest_at="08:00", route=(Route(owner=POLICE, addresses=("SAFER_ALERT_POLICE",)),))
    warned = {"kind": "check_warned", "collected": True}
    world.tell(failed(name="police", **warned), failed(name="else", roles=(ANALYST,), **warned))
    world.tell(passed("police", collected=True))
    world.later(hours=19, minutes=59)
    assert (hook[0].told, other[0].told) == ([], [])
    assert len(world.notifier.unsent()) == 3
    for _ in range(3):
        world.later(minutes=1)
    assert hook[0].subjects == ["Safer Outcomes: 3 notes on data quality"]
    assert other[0].subjects == ["Safer Outcomes: 2 notes on data quality"]
    assert "else failed" not in other[0].text
    assert "1. police failed\nof a\n\n2. Resolved: police failed" in other[0].text
    world.later(days=3)
    assert len(hook[0].told) == 1


@pytest.mark.parametrize(
    ("utc", "due"),
    [
        (datetime(2016, 6, 1, 6, 59, tzinfo=UTC), datetime(2016, 5, 31, 7, 0, tzinfo=UTC)),
        (datetime(2016, 6, 1, 7, 0, tzinfo=UTC), datetime(2016, 6, 1, 7, 0, tzinfo=UTC)),
        # The clocks go back on 30 October.
        (datetime(2016, 10, 30, 7, 59, tzinfo=UTC), datetime(2016, 10, 29, 7, 0, tzinfo=UTC)),
        (datetime(2016, 10, 30, 8, 0, tzinfo=UTC), datetime(2016, 10, 30, 8, 0, tzinfo=UTC)),
    ],
)
def test_the_digest_is_due_by_the_clock_of_london(utc: datetime, due: datetime) -> None:
    assert AlertsFile(digest_at="08:00").digest_due(utc) == due
    assert AlertsFile().digest_at == time(8)


# --- an outbox of before ----------------------------------------------------------------------------------------------


def old_outbox(url: str) -> None:
    with sa.create_engine(url).begin() as connection:
        columns = (
            "event TEXT PRIMARY KEY, subject TEXT NOT NULL, body TEXT NOT NULL, raised_at TEXT NOT NULL, sent_at TEXT"
        )
        connection.execute(sa.text(f"CREATE TABLE _alert ({columns})"))
        for row in (
            "('check:t/r:failed:abc', 'Old, sent', 'b', '2016-05-30T10:00:00+00:00', '2016-05-30T10:00:01+00:00')",
            "('refused:s:f:header:1', 'Old, unsent', 'kept', '2016-05-31T10:00:00+00:00', NULL)",
        ):
            connection.execute(sa.text(f"INSERT INTO _alert VALUES {row}"))


def is_taken_over(world: World, box: Inbox) -> None:
    old_outbox(world.url)
    assert [(m.subject, m.kind) for m in world.notifier.unsent()] == [("Old, unsent", "delivery_refused")]
    world.tell(failed())
    assert box.told == [("Old, unsent", "kept"), ("check:t/r failed", "of a")]
    with sa.create_engine(world.url).connect() as connection:
        assert not sa.inspect(connection).has_table("_alert")
        rows = connection.execute(
            sa.text("select event, subject, done_at from _alert_message order by raised_at")
        ).all()
    assert rows[0] == ("0.1:check:t/r:failed:abc", "Old, sent", "2016-05-30T10:00:01+00:00")
    assert len(rows) == 3
    # A process of the old version that is still running makes the table again: that is taken over too.
    old_outbox(world.url)
    world.later(hours=1)
    assert len(box.told) == 2


def test_an_outbox_of_before_is_taken_over_with_nothing_lost(world: World, hook: tuple[Inbox, str]) -> None:
    is_taken_over(world, hook[0])


@pytest.mark.postgres
def test_an_outbox_of_before_is_taken_over_in_postgresql(server: str, hook: tuple[Inbox, str]) -> None:
    clear(server)
    is_taken_over(World(server, {EVERYONE: [hook[1]]}), hook[0])


def test_a_warehouse_that_cannot_be_used_stops_nothing_but_is_seen_by_who_asks(tmp_path: Path) -> None:
    from resources.warehouse import WarehouseError

    world = World(f"sqlite:///{tmp_path / 'w.sqlite'}", {})
    (tmp_path / "w.sqlite").write_bytes(b"no database" * 100)
    world.tell(failed())
    assert world.notifier.open_cases() == []
    with pytest.raises(WarehouseError):
        world.notifier.keep([failed()])
