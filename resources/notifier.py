"""Telling the owner of a source: one plain message an event, through Apprise, by way of an outbox in the warehouse.

Here: keeping each event once and sending it until a receiver accepts it. Not here: what counts as an event, or its words
(`assets/alerts.py`). A message holds counts, names of tables and checks, never a value of a row.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from resources.warehouse import Warehouse, WarehouseError

_log = logging.getLogger("safer.alerts")
_METADATA = sa.MetaData()
OUTBOX = sa.Table(
    "_alert",
    _METADATA,
    sa.Column("event", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("raised_at", sa.Text, nullable=False),
    sa.Column("sent_at", sa.Text),
)


@dataclass(frozen=True)
class Alert:
    """One event to tell of; `event` names it uniquely, so that it is told once."""

    event: str
    subject: str
    body: str


class Notifier:
    """Sends alerts to the addresses of `SAFER_ALERT_URLS`; without any, alerts are kept and shown by `status`."""

    def __init__(self, warehouse: Warehouse, urls: Sequence[str]):
        self._warehouse = warehouse
        self._urls = tuple(urls)

    def tell(self, alerts: Sequence[Alert]) -> None:
        """Keep new events and send what is unsent. Never raises: telling must not stop a run."""
        try:
            self._keep(alerts)
            self._send()
        except WarehouseError as error:
            _log.warning("alerts could not be kept: %s", error)

    def unsent(self) -> list[Alert]:
        """Events that no receiver has accepted yet, oldest first."""
        with self._warehouse.snapshot() as snapshot:
            return snapshot_alerts(snapshot.connection)

    def _keep(self, alerts: Sequence[Alert]) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._warehouse.write() as connection:
            OUTBOX.create(connection, checkfirst=True)
            known = set(connection.scalars(sa.select(OUTBOX.c.event)))
            fresh = {alert.event: alert for alert in alerts if alert.event not in known}
            if fresh:
                connection.execute(
                    sa.insert(OUTBOX),
                    [
                        {"event": a.event, "subject": a.subject, "body": a.body, "raised_at": now}
                        for a in fresh.values()
                    ],
                )

    def _send(self) -> None:
        if not self._urls:
            return
        for alert in self.unsent():
            if not self._deliver(alert):
                _log.warning("an alert was not accepted by every receiver; it is kept and sent again with the next run")
                return
            with self._warehouse.write() as connection:
                sent = datetime.now(UTC).isoformat(timespec="seconds")
                connection.execute(sa.update(OUTBOX).where(OUTBOX.c.event == alert.event).values(sent_at=sent))

    def _deliver(self, alert: Alert) -> bool:
        import apprise

        receiver = apprise.Apprise()
        if not all([receiver.add(url) for url in self._urls]):
            _log.warning("SAFER_ALERT_URLS holds an address that Apprise does not know: see its list of services")
        # Apprise logs addresses, which may hold a password.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        return bool(receiver.notify(title=alert.subject, body=alert.body))


def snapshot_alerts(connection: sa.Connection) -> list[Alert]:
    """Unsent events as one transaction sees them."""
    if not sa.inspect(connection).has_table(OUTBOX.name):
        return []
    rows = connection.execute(
        sa.select(OUTBOX).where(OUTBOX.c.sent_at.is_(None)).order_by(OUTBOX.c.raised_at, OUTBOX.c.event)
    )
    return [Alert(row.event, row.subject, row.body) for row in rows]
