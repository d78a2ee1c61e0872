"""Real receivers of alerts on loopback: a mail server and a webhook, each of which can be down for a while."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


class Inbox:
    """Keeps the subjects and bodies of what was accepted; refuses while `down`."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.refused = 0
        self.down = False

    @property
    def subjects(self) -> list[str]:
        return [subject for subject, _ in self.told]

    @property
    def text(self) -> str:
        return "\n".join(f"{subject}\n{body}" for subject, body in self.told)

    def take(self, subject: str, body: str) -> bool:
        if self.down:
            self.refused += 1
            return False
        self.told.append((subject, body))
        return True

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content)
        parts = [p.get_payload(decode=True).decode() for p in mail.walk() if p.get_content_maintype() == "text"]  # type: ignore[union-attr]
        taken = self.take(
            str(make_header(decode_header(mail["Subject"]))), "\n".join(parts).replace("\r\n", "\n").rstrip()
        )
        return "250 OK" if taken else "451 try again later"


@contextmanager
def mail_server(to: str = "owner") -> Iterator[tuple[Inbox, str]]:
    """An SMTP server and the Apprise address of a mailbox on it."""
    box = Inbox()
    # The controller's own probe needs to know the port, so the system chooses one beforehand.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        sender, receiver = "pipeline@marlhaven.example", f"{to}@marlhaven.example"
        yield box, f"mailto://127.0.0.1:{port}?from={sender}&to={receiver}&mode=insecure"
    finally:
        server.stop()


@contextmanager
def webhook() -> Iterator[tuple[Inbox, str]]:
    """An HTTP server that takes JSON, and its Apprise address."""
    box = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200 if box.take(said["title"], said["message"]) else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield box, f"json://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
