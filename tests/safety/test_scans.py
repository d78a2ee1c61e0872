"""Secret scan and dependency audit of `make check`: a planted secret and a planted vulnerability are found, an outage is said."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.paths import ROOT

#: Put together here, so that the scan does not find it in this file.
PLANTED = {
    "Secret Keyword": "pass" + 'word = "correct-horse-battery-staple"\n',
    "AWS Access Key": "# AK" + "IAIOSFODNN7EXAMPLQ\n",
    "Private Key": "-----BEGIN RSA PRI" + "VATE KEY-----\n",
    "Basic Auth Credentials": "url = 'postgresql://safer:" + "hunter2@db/safer'\n",
}
LOCKED = "requests==2.0.0\nidna==3.7\n"


def scan(*files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ".ci/secret_scan.py", *map(str, files)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_planted_secret_is_found_and_never_printed(tmp_path: Path) -> None:
    for number, text in enumerate(PLANTED.values()):
        (tmp_path / f"planted{number}.py").write_text(f"x = 1\n{text}")
    done = scan(*sorted(tmp_path.iterdir()))
    assert done.returncode == 1
    for number, kind in enumerate(PLANTED):
        assert f"planted{number}.py:2: looks like {kind}" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr and "staple" not in done.stdout + done.stderr
    (tmp_path / "clean.py").write_text("x = 1\n")
    assert scan(tmp_path / "clean.py").returncode == 0


def test_both_are_part_of_make_check() -> None:
    said = subprocess.run(["make", "-n", "check"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ".ci/secret_scan.py" in said and ".ci/audit.py" in said
    assert json.loads((ROOT / ".ci" / "secrets.baseline").read_text())["results"].keys() <= {
        str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.suffix in (".py", ".toml")
    }


class Service(BaseHTTPRequestHandler):
    """A vulnerability service that knows of one."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        flaw = {
            "id": "PLANTED-1", "summary": "planted", "details": "planted", "aliases": [], "published": "2020-01-01T00:00:00Z",
            "affected": [{"package": {"name": "requests", "ecosystem": "PyPI"}, "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.20.0"}]}], "versions": ["2.0.0"]}],
        }  # fmt: skip
        body = json.dumps({"vulns": [flaw]} if asked["package"]["name"] == "requests" else {}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()
    server.server_close()


def audit(folder: Path, url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "locked.txt").write_text(LOCKED)
    options = ["-r", str(folder / "locked.txt"), "--disable-pip", "--no-deps", "-s", "osv", "--osv-url", url]
    command = [sys.executable, ".ci/audit.py", *options]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "NO_PROXY": "127.0.0.1", **environment}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_a_known_vulnerability_fails_with_its_name_and_remedy(tmp_path: Path, service: str) -> None:
    done = audit(tmp_path, service)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == "audit: requests 2.0.0 has PLANTED-1: fixed by 2.20.0\n"


def test_a_service_that_cannot_be_reached_is_said_in_one_line_and_fails_only_where_asked(tmp_path: Path) -> None:
    done = audit(tmp_path, "http://127.0.0.1:9/v1/query")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stdout + done.stderr
    assert "cannot be reached" in done.stdout
    assert audit(tmp_path, "http://127.0.0.1:9/v1/query", SAFER_AUDIT_REQUIRED="1").returncode == 1
