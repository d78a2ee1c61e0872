"""Alerts by a real mail server on loopback: one message an event, to the owner, with counts and never a value."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from resources.notifier import Alert, Notifier
from tests.e2e.city import City


class Inbox:
    """Keeps what the server accepts; refuses while `down`."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []
        self.down = False

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:
        if self.down:
            return "451 try again later"
        mail = message_from_bytes(envelope.content)  # type: ignore[attr-defined]
        parts = [p.get_payload(decode=True).decode() for p in mail.walk() if p.get_content_maintype() == "text"]
        from email.header import decode_header, make_header

        self.mails.append((str(make_header(decode_header(mail["Subject"]))), "\n".join(parts)))
        return "250 OK"


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, str]]:
    box = Inbox()
    server = Controller(box, hostname="127.0.0.1", port=0)
    # Port 0 lets the system choose; the controller's own probe needs to know which.
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server.port = probe.getsockname()[1]
    server.start()
    yield (
        box,
        f"mailto://127.0.0.1:{server.port}?from=pipeline@marlhaven.example&to=owner@marlhaven.example&mode=insecure",
    )
    server.stop()


def test_failed_check_and_refused_delivery_are_told_once(tmp_path: Path, inbox: tuple[Inbox, str]) -> None:
    box, url = inbox
    city = City(tmp_path / "data", alert_urls=url)
    city.deliver(months=13, scale=0.03)
    street = city.data / "landing" / "police_street"
    path = street / "2014-03" / "2014-03-vale-and-moor-street.csv"
    path.write_text(path.read_text().replace(",Burglary,", ",CANARY-LABEL,"))
    extra = street / "2014-04" / "2014-04-vale-and-moor-street.csv"
    extra.write_text(extra.read_text().replace("Context", "surname", 1))
    city.refresh()
    subjects = sorted(subject for subject, _ in box.mails)
    assert subjects == ["Check failed: category known (police_street)", "Delivery refused: police_street (header)"]
    bodies = "\n".join(body for _, body in box.mails)
    for words in ("SP01, SP08", "Police performance and analysis", "surname", "What to do", "unknown category"):
        assert words in bodies
    assert "CANARY-LABEL" not in bodies
    city.refresh()
    assert len(box.mails) == 2


def test_message_is_kept_until_a_receiver_accepts_it(tmp_path: Path, inbox: tuple[Inbox, str]) -> None:
    box, url = inbox
    workspace = City(tmp_path / "data", alert_urls=url).open()
    box.down = True
    workspace.notifier.tell([Alert("event-1", "Subject", "Body")])
    assert box.mails == []
    assert [a.event for a in workspace.notifier.unsent()] == ["event-1"]
    box.down = False
    Notifier(workspace.warehouse, [url]).tell([])
    assert [subject for subject, _ in box.mails] == ["Subject"]
    assert workspace.notifier.unsent() == []
    workspace.notifier.tell([Alert("event-1", "Subject", "Body")])
    assert len(box.mails) == 1
