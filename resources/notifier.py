"""Telling people: what is news goes into the outbox of the warehouse, and from there to each recipient until it accepts it.

Here: whose addresses a message goes to, quiet hours, the digest, and sending through Apprise. Not here: what is news
(`alert_store.py`), what counts as an event or its words (`assets/alerts.py`). Each recipient has a delivery of its own, so
one that is down delays nobody else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from expectations.alerting import EVERYONE, LONDON, AlertsFile, Kind
from resources.alert_store import AlertStore, Case, Message, News, Observed, Turn, Words, stamp
from resources.warehouse import Warehouse, WarehouseError

_log = logging.getLogger("safer.alerts")
#: What setting holds which addresses.
Addresses = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class _Recipient:
    """One address: where it stands (`SAFER_ALERT_POLICE#1`), which may be stored, and itself, which may not."""

    name: str
    url: str


def each(turn: Turn, news: Sequence[News]) -> tuple[Kind, str, str]:
    """The words of one piece of news: as observed, with what was said before."""
    (one,) = news
    seen, case = one.seen, one.case
    if turn == "new" or case is None:
        return seen.kind, seen.subject, seen.body
    before = f"Told before: '{case.subject}' on {_day(case.since)}."
    if turn == "update":
        subject = seen.subject if seen.stage and f"stage:{seen.stage}" not in case.told else f"Still: {seen.subject}"
        return seen.kind, subject, f"{seen.body}\n{before}"
    return "resolved", f"Resolved: {case.subject}", f"{seen.body}\n{before}"


def _day(moment: str) -> str:
    there = datetime.fromisoformat(moment).astimezone(LONDON)
    return f"{there.day} {there:%B %Y, %H:%M}"


class Notifier:
    """Keeps alerts and sends them; without any address they are kept, and `status` shows them."""

    def __init__(
        self,
        warehouse: Warehouse,
        alerts: AlertsFile,
        addresses: Addresses,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):
        """Make one.

        Args:
            warehouse: keeps the outbox.
            alerts: routes, quiet hours and hour of the digest.
            addresses: Apprise addresses that a setting holds; none when it is not set.
            clock: the time.
        """
        self._store = AlertStore(warehouse)
        self._alerts = alerts
        self._addresses = addresses
        self._clock = clock

    def tell(self, observed: Sequence[Observed], words: Words = each, *, together: bool = False) -> None:
        """Keep what is news of what was seen, and send what is unsent. Never raises: telling must not stop a run."""
        try:
            self.keep(observed, words, together=together)
            self.send()
        except WarehouseError as error:
            _log.warning("alerts could not be kept: %s", error)

    def keep(self, observed: Sequence[Observed], words: Words = each, *, together: bool = False) -> None:
        """Keep what is news, unsent.

        Raises:
            WarehouseError: it cannot be kept; see it again later.
        """
        if observed:
            self._store.keep(observed, words, together=together, now=self._clock())

    def open_cases(self, prefix: str = "") -> list[Case]:
        """What is wrong now, as far as it was told; nothing while the warehouse cannot be read."""
        try:
            return self._store.cases(prefix=prefix)
        except WarehouseError as error:
            _log.warning("alerts could not be read: %s", error)
            return []

    def unsent(self) -> list[Message]:
        """Messages that not everyone has accepted yet, oldest first, those that wait for the digest last."""
        return [*self._store.pending(), *self._store.pending(collected=True)]

    def waiting(self) -> bool:
        """Whether anything is unsent that somebody's address is known for."""
        return any(self._recipients(message) for message in self.unsent())

    def send(self, *, seconds: float = 120.0) -> None:
        """Send what is due to everyone who has not accepted it yet; begin no further delivery after so many seconds.

        Raises:
            WarehouseError: the outbox cannot be read or written.
        """
        end = time.monotonic() + seconds
        self._make_digest()
        failed: set[str] = set()
        for message in self._store.pending():
            recipients = self._recipients(message)
            accepted = 0
            for name, recipient in recipients.items():
                if name in failed or time.monotonic() > end or self._is_quiet(message, name):
                    continue
                claimed = self._store.claim(message.event, name, self._clock())
                if claimed == "mine" and not self._deliver(message, recipient):
                    failed.add(name)
                elif claimed != "wait":
                    accepted += 1
            if recipients and accepted == len(recipients):
                self._store.done(message.event, self._clock())

    def _deliver(self, message: Message, recipient: _Recipient) -> bool:
        """Send one message to one address, and note what came of it."""
        if _accepted(message, recipient):
            # A kill between here and the next line tells it twice: the other order could tell it never.
            self._store.delivered(message.event, recipient.name, self._clock())
            return True
        self._store.refused(message.event, recipient.name, self._clock())
        _log.warning("%s did not accept an alert; it is kept and tried again", recipient.name)
        return False

    # --- whom -----------------------------------------------------------------------------------------------------------

    def _settings_of(self, role: str) -> list[str]:
        """Settings with the addresses of a role: those of its route, or else everyone's."""
        routed = [name for route in self._alerts.routes_of(role) for name in route.addresses if self._addresses(name)]
        return routed or [EVERYONE]

    def _recipients(self, message: Message) -> dict[str, _Recipient]:
        """Everyone whom a message is for, each once, by the name under which a delivery is noted."""
        roles = message.roles or (self._alerts.analyst,)
        found: dict[str, _Recipient] = {}
        urls: set[str] = set()
        for setting in dict.fromkeys(name for role in roles for name in self._settings_of(role)):
            for number, url in enumerate(self._addresses(setting), start=1):
                if url not in urls:
                    urls.add(url)
                    found[f"{setting}#{number}"] = _Recipient(f"{setting}#{number}", url)
        if not message.recipients:
            return found
        named = {name: self._named(name) for name in message.recipients}
        return {name: recipient for name, recipient in named.items() if recipient} or found

    def _named(self, name: str) -> _Recipient | None:
        setting, _, number = name.partition("#")
        urls = self._addresses(setting)
        return _Recipient(name, urls[int(number) - 1]) if int(number) <= len(urls) else None

    def _is_quiet(self, message: Message, recipient: str) -> bool:
        """Whether every route that leads to this address wants quiet now."""
        setting = recipient.partition("#")[0]
        routes = [route for route in self._alerts.route if setting in route.addresses]
        now = self._clock()
        return bool(routes) and all(route.is_quiet(message.kind, now) for route in routes)

    # --- digest ---------------------------------------------------------------------------------------------------------

    def _make_digest(self) -> None:
        """Put one message for each recipient in place of what was collected until the digest was last due."""
        now = self._clock()
        due = self._alerts.digest_due(now)
        if any(m.raised_at < stamp(due) for m in self._store.pending(collected=True)):
            self._store.collect(lambda items: self._digests(items, due), before=due, now=now)

    def _digests(self, items: Sequence[Message], due: datetime) -> list[Message]:
        """One digest for all who are told the same items; none while nobody's address is known for one of them."""
        by_name: dict[str, list[Message]] = {}
        for item in items:
            recipients = self._recipients(item)
            if not recipients:
                return []
            for name in recipients:
                by_name.setdefault(name, []).append(item)
        same: dict[tuple[str, ...], list[str]] = {}
        for name, mine in by_name.items():
            same.setdefault(tuple(item.event for item in mine), []).append(name)
        by_event = {item.event: item for item in items}
        return [
            Message(
                event=f"digest:{stamp(due)}:{names[0]}",
                kind="digest",
                subject=_digest_subject(len(events)),
                body=_digest_body([by_event[event] for event in events]),
                recipients=tuple(names),
            )
            for events, names in same.items()
        ]


def _digest_subject(count: int) -> str:
    return f"Safer Outcomes: {count} note{'s' if count > 1 else ''} on data quality"


def _digest_body(items: Sequence[Message]) -> str:
    opening = "Nothing is held because of these. They are sent together once a day."
    parts = [f"{n}. {item.subject}\n{item.body}" for n, item in enumerate(items, start=1)]
    return "\n\n".join([opening, *parts])


def _accepted(message: Message, recipient: _Recipient) -> bool:
    """Whether an address took a message."""
    import apprise

    # Apprise logs addresses, which may hold a password.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    receiver = apprise.Apprise()
    if not receiver.add(recipient.url):
        _log.warning("%s is no address that Apprise knows: see its list of services", recipient.name)
        return False
    try:
        return bool(receiver.notify(title=message.subject, body=message.body, body_format=apprise.NotifyFormat.TEXT))
    except Exception as error:  # a service's own fault must not stop the others, and its text may hold the address
        _log.warning("%s could not be reached (%s)", recipient.name, type(error).__name__)
        return False
