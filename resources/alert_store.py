"""What the warehouse remembers of alerts: what is wrong now, what was said of it, and who has accepted that.

Here: the tables and the decision whether something seen is news. Every change is one transaction that no other process
can interleave with, in SQLite and PostgreSQL alike, so two processes that see the same tell it once. Not here: sending
(`notifier.py`), words (`assets/alerts.py`). No address is ever stored, and no value of a row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from expectations.alerting import Kind
from resources.warehouse import Warehouse

_METADATA = sa.MetaData()
#: One row for each thing that was ever wrong: a check of a table, a source that is late, a measure that is held.
CASES = sa.Table(
    "_alert_case",
    _METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("is_open", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("since", sa.Text, nullable=False),
    sa.Column("told", sa.Text, nullable=False),
)
#: One row for each message; `done_at` when everyone has accepted it, `recipients` where it is not for all of its roles.
MESSAGES = sa.Table(
    "_alert_message",
    _METADATA,
    sa.Column("event", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("roles", sa.Text, nullable=False),
    sa.Column("recipients", sa.Text, nullable=False),
    sa.Column("collected", sa.Integer, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("raised_at", sa.Text, nullable=False),
    sa.Column("done_at", sa.Text),
)
#: One row for each message and recipient that was tried.
DELIVERIES = sa.Table(
    "_alert_delivery",
    _METADATA,
    sa.Column("event", sa.Text, primary_key=True),
    sa.Column("recipient", sa.Text, primary_key=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", sa.Text, nullable=False),
    sa.Column("sent_at", sa.Text),
)
_TABLES = (CASES, MESSAGES, DELIVERIES)
#: The outbox of version 0.1: one row an event, for all receivers together.
_OLD = sa.Table(
    "_alert",
    sa.MetaData(),
    *(sa.Column(n, sa.Text) for n in ("event", "subject", "body", "raised_at", "sent_at")),
)
_OLD_KINDS = {"refused": "delivery_refused", "held": "release_held"}
#: A sender that was killed lets go of its message after this time.
CLAIM = timedelta(minutes=5)

Turn = Literal["new", "update", "over"]


@dataclass(frozen=True)
class Observed:
    """What was seen of one thing that can go wrong.

    Attributes:
        case: its name, the same whenever it is looked at, such as `check:clean_population/valid`.
        bad: whether it is wrong now.
        kind: kind of alert (`expectations/alerting.py`).
        roles: who is told.
        subject: one line; of what is well not needed.
        body: what is to be said of it: when bad the whole message, when well what is the case now.
        identity: tells what is wrong from another fault of the same thing, such as the hash of a table's content. A second
            one while the case is open is told once, any further one not.
        stage: what makes an open case worth telling again, such as the date of a meeting; each once.
        collected: whether it waits for the digest.
        once: whether an identity that was told is never told again, even after the case was closed.
    """

    case: str
    bad: bool
    kind: Kind = "resolved"
    roles: tuple[str, ...] = ()
    subject: str = ""
    body: str = ""
    identity: str = ""
    stage: str = ""
    collected: bool = False
    once: bool = False


@dataclass(frozen=True)
class Case:
    """One thing that was wrong: `subject` and `since` are of the message that opened it, `told` what was said since."""

    name: str
    is_open: bool
    number: int
    subject: str
    since: str
    told: tuple[str, ...]


@dataclass(frozen=True)
class News:
    """What changed of one case, and so is told."""

    turn: Turn
    seen: Observed
    case: Case | None


@dataclass(frozen=True)
class Message:
    """One message to everyone whom it concerns; `recipients` narrows them down where it is not empty."""

    event: str
    kind: str
    subject: str
    body: str
    roles: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    collected: bool = False
    raised_at: str = ""


#: Makes one message of news of the same turn: kind, subject, body.
Words = Callable[[Turn, Sequence[News]], tuple[Kind, str, str]]


def turn_of(seen: Observed, case: Case | None) -> Turn | None:
    """Whether what was seen is news: something went wrong, is wrong in another way for the first time, or is over. Pure."""
    if not seen.bad:
        return "over" if case and case.is_open else None
    told = case.told if case else ()
    if case is None or not case.is_open:
        return None if seen.once and _id(seen) in told else "new"
    if seen.stage and f"stage:{seen.stage}" not in told:
        return "update"
    identities = [mark for mark in told if mark.startswith("id:")]
    return "update" if _id(seen) not in told and len(identities) < 2 else None


def _id(seen: Observed) -> str:
    return f"id:{seen.identity}"


def stamp(moment: datetime) -> str:
    """A moment as it is stored: texts in this form sort as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class AlertStore:
    """The tables, made when first needed; an outbox of version 0.1 is taken over with nothing lost."""

    def __init__(self, warehouse: Warehouse):
        self._warehouse = warehouse
        self._ready = False

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """One transaction that no other writer of alerts runs beside."""
        with self._warehouse.write() as connection:
            if connection.dialect.name == "postgresql":
                # Makes the tables too, one process at a time: "if not exists" alone is not safe beside another.
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('safer-outcomes alerts'))"))
            if not self._ready:
                for table in _TABLES:
                    table.create(connection, checkfirst=True)
                _take_over(connection)
            yield connection
        self._ready = True

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection | None]:
        """One read transaction; None while there are no tables."""
        if not self._ready:
            with self._warehouse.snapshot() as snapshot:
                old = sa.inspect(snapshot.connection).has_table(_OLD.name)
            if old:
                with self._writing():
                    pass
        with self._warehouse.snapshot() as snapshot:
            there = self._ready or sa.inspect(snapshot.connection).has_table(MESSAGES.name)
            yield snapshot.connection if there else None

    # --- what is wrong ------------------------------------------------------------------------------------------------

    def cases(self, *, prefix: str = "") -> list[Case]:
        """Everything that is wrong now, by name."""
        with self._reading() as connection:
            found = _cases(connection, CASES.c.is_open == 1) if connection else {}
        return [case for name, case in sorted(found.items()) if name.startswith(prefix)]

    def keep(self, observed: Sequence[Observed], words: Words, *, together: bool, now: datetime) -> None:
        """Remember what was seen and write a message of all that is news; nothing is written where nothing is.

        Args:
            observed: what was seen, each case once.
            words: says it.
            together: whether news of the same turn are one message; else each is its own.
            now: the time.

        """
        with self._reading() as connection:
            held = _cases(connection, _of(observed)) if connection else {}
        if not any(turn_of(seen, held.get(seen.case)) for seen in observed):
            return
        with self._writing() as connection:
            held = _cases(connection, _of(observed))
            news = [
                News(turn, seen, held.get(seen.case))
                for seen in observed
                if (turn := turn_of(seen, held.get(seen.case)))
            ]
            groups: list[list[News]] = [[one] for one in news]
            if together:
                groups = [same for turn in ("new", "update", "over") if (same := [n for n in news if n.turn == turn])]
            for group in groups:
                _say(connection, group, words, now)
            for one in news:
                _remember(connection, one, now)

    # --- what is to be sent -------------------------------------------------------------------------------------------

    def pending(self, *, collected: bool = False) -> list[Message]:
        """Messages that not everyone has accepted, oldest first; those that wait for the digest are apart."""
        with self._reading() as connection:
            if connection is None:
                return []
            where = MESSAGES.c.done_at.is_(None) & (MESSAGES.c.collected == int(collected))
            query = sa.select(MESSAGES).where(where).order_by(MESSAGES.c.raised_at, MESSAGES.c.event)
            return [_message(row) for row in connection.execute(query)]

    def collect(
        self, make: Callable[[Sequence[Message]], Sequence[Message]], *, before: datetime, now: datetime
    ) -> None:
        """Put the messages of a digest in place of those collected before a moment; `make` gives none to leave them."""
        with self._writing() as connection:
            query = sa.select(MESSAGES).where(
                MESSAGES.c.done_at.is_(None), MESSAGES.c.collected == 1, MESSAGES.c.raised_at < stamp(before)
            )
            rows = connection.execute(query.order_by(MESSAGES.c.raised_at, MESSAGES.c.event)).all()
            made = make([_message(row) for row in rows]) if rows else ()
            if not made:
                return
            for message in made:
                _insert(connection, message, now)
            done = sa.update(MESSAGES).where(MESSAGES.c.event.in_([row.event for row in rows]))
            connection.execute(done.values(done_at=stamp(now)))

    def claim(self, event: str, recipient: str, now: datetime) -> Literal["mine", "sent", "wait"]:
        """Take one delivery for oneself, for a few minutes; "wait" when another has it or it is too soon to try again."""
        with self._writing() as connection:
            where = _delivery(event, recipient)
            row = connection.execute(sa.select(DELIVERIES).where(where)).one_or_none()
            if row is not None and row.sent_at is not None:
                return "sent"
            if row is not None and row.not_before > stamp(now):
                return "wait"
            until = stamp(now + CLAIM)
            if row is None:
                insert = sa.insert(DELIVERIES).values(event=event, recipient=recipient, attempts=1, not_before=until)
                connection.execute(insert)
            else:
                again = {"attempts": row.attempts + 1, "not_before": until}
                connection.execute(sa.update(DELIVERIES).where(where).values(again))
            return "mine"

    def delivered(self, event: str, recipient: str, now: datetime) -> None:
        """The recipient has accepted it."""
        with self._writing() as connection:
            connection.execute(sa.update(DELIVERIES).where(_delivery(event, recipient)).values(sent_at=stamp(now)))

    def refused(self, event: str, recipient: str, now: datetime) -> None:
        """The recipient did not take it: try again after 1, 2, 4, 8, 16, then every 30 minutes."""
        where = _delivery(event, recipient)
        with self._writing() as connection:
            tried = connection.scalar(sa.select(DELIVERIES.c.attempts).where(where)) or 1
            later = now + timedelta(minutes=min(2 ** min(tried - 1, 5), 30))
            connection.execute(sa.update(DELIVERIES).where(where).values(not_before=stamp(later)))

    def done(self, event: str, now: datetime) -> None:
        """Everyone has accepted it."""
        with self._writing() as connection:
            connection.execute(sa.update(MESSAGES).where(MESSAGES.c.event == event).values(done_at=stamp(now)))


# --- rows -------------------------------------------------------------------------------------------------------------


def _delivery(event: str, recipient: str) -> Any:
    return (DELIVERIES.c.event == event) & (DELIVERIES.c.recipient == recipient)


def _of(observed: Sequence[Observed]) -> Any:
    return CASES.c.name.in_([seen.case for seen in observed])


def _cases(connection: sa.Connection, where: Any) -> dict[str, Case]:
    rows = connection.execute(sa.select(CASES).where(where))
    return {
        row.name: Case(row.name, bool(row.is_open), row.number, row.subject, row.since, tuple(json.loads(row.told)))
        for row in rows
    }


def _message(row: Any) -> Message:
    return Message(
        event=row.event,
        kind=row.kind,
        subject=row.subject,
        body=row.body,
        roles=tuple(json.loads(row.roles)),
        recipients=tuple(json.loads(row.recipients)),
        collected=bool(row.collected),
        raised_at=row.raised_at,
    )


def _insert(connection: sa.Connection, message: Message, now: datetime, done_at: str | None = None) -> None:
    row = {
        "event": message.event,
        "kind": message.kind,
        "roles": json.dumps(message.roles),
        "recipients": json.dumps(message.recipients),
        "collected": int(message.collected),
        "subject": message.subject,
        "body": message.body,
        "raised_at": message.raised_at or stamp(now),
        "done_at": done_at,
    }
    connection.execute(sa.insert(MESSAGES).values(row))


def _say(connection: sa.Connection, group: Sequence[News], words: Words, now: datetime) -> None:
    first = group[0]
    kind, subject, body = words(first.turn, group)
    roles = dict.fromkeys(role for one in group for role in one.seen.roles)
    collected = all(one.seen.collected for one in group)
    _insert(connection, Message(_event(first), kind, subject, body, tuple(roles), collected=collected), now)


def _event(news: News) -> str:
    """A name for the message that no other has: its case, how often that was opened, and what was told since."""
    number = _number(news)
    if news.turn == "new":
        return f"{news.seen.case}#{number}"
    said = len(news.case.told) if news.case else 0
    return f"{news.seen.case}#{number}.{news.turn}{said if news.turn == 'update' else ''}"


def _number(news: News) -> int:
    before = news.case.number if news.case else 0
    return before + 1 if news.turn == "new" else before


def _remember(connection: sa.Connection, news: News, now: datetime) -> None:
    seen, case = news.seen, news.case
    if news.turn == "over":
        connection.execute(sa.update(CASES).where(CASES.c.name == seen.case).values(is_open=0))
        return
    marks = [_id(seen), *([f"stage:{seen.stage}"] if seen.stage else [])]
    if news.turn == "update" and case:
        told = json.dumps(list(dict.fromkeys([*case.told, *marks])))
        connection.execute(sa.update(CASES).where(CASES.c.name == seen.case).values(told=told))
        return
    row = {
        "is_open": 1,
        "number": _number(news),
        "subject": seen.subject,
        "since": stamp(now),
        "told": json.dumps(marks),
    }
    if case:
        connection.execute(sa.update(CASES).where(CASES.c.name == seen.case).values(row))
    else:
        connection.execute(sa.insert(CASES).values(name=seen.case, **row))


def _take_over(connection: sa.Connection) -> None:
    """Move an outbox of version 0.1 here: what was sent stays known, what was not is sent to those who are told now."""
    if not sa.inspect(connection).has_table(_OLD.name):
        return
    for row in connection.execute(sa.select(_OLD)).all():
        event = f"0.1:{row.event}"
        if connection.scalar(sa.select(MESSAGES.c.event).where(MESSAGES.c.event == event)) is None:
            kind = _OLD_KINDS.get(row.event.partition(":")[0], "check_failed")
            raised = stamp(datetime.fromisoformat(row.raised_at))
            message = Message(event, kind, row.subject, row.body, raised_at=raised)
            _insert(connection, message, datetime.now(UTC), row.sent_at)
    _OLD.drop(connection)
