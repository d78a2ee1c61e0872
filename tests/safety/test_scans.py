"""What `make check` does for safety: a planted secret is found, a vulnerable package stops it, a missing network does not, SQL from text is seen."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.paths import ROOT

BIN = Path(sys.executable).parent


def secrets(folder: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"BIN": str(BIN), "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    return subprocess.run([ROOT / ".ci/secrets", folder], env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("settings.py", ('PASSWORD = "', "corr3ct-h0rse-batt3ry", '"\n')),
        (".env", ("SAFER_WAREHOUSE_URL=postgresql://pipeline:", "f9Kq2vLw81", "@db/safer\n")),
        ("notes.md", ("-----BEGIN RSA ", "PRIVATE KEY", "-----\nMIIE\n")),
    ],
)
def test_a_planted_secret_is_found_by_file_and_line_and_not_repeated(
    tmp_path: Path, name: str, parts: tuple[str, str, str]
) -> None:
    if shutil.which("git") is None:
        pytest.skip("no git on this machine")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "good.py").write_text('"""Nothing to hide."""\n')
    assert secrets(tmp_path).returncode == 0
    (tmp_path / name).write_text("".join(parts))
    done = secrets(tmp_path)
    assert done.returncode != 0
    assert f"{name}:1" in done.stdout
    if "PRIVATE" not in parts[1]:
        assert parts[1] not in done.stdout + done.stderr


def test_no_checkout_is_no_pass(tmp_path: Path) -> None:
    done = secrets(tmp_path)
    assert done.returncode == 1
    assert "nothing to scan" in done.stderr


def test_the_baseline_lets_no_finding_by() -> None:
    held = json.loads((ROOT / ".secrets.baseline").read_text())
    assert held["results"] == {}
    (excluded,) = [f["pattern"] for f in held["filters_used"] if f["path"].endswith("should_exclude_file")]
    assert excluded == [r"^uv\.lock$", r"^expectations/required\.toml$"]


@contextmanager
def osv(answer: dict[str, object]) -> Iterator[str]:
    """A service on loopback that gives the same answer to every question."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()


def audit(url: str, requirements: Path, **more: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PIP_AUDIT_OSV_URL": url, "NO_PROXY": "127.0.0.1"} | more
    command = [sys.executable, ROOT / ".ci/audit.py", requirements]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(f"jinja2==3.1.5 --hash=sha256:{'0' * 64}\n")
    return path


def test_a_known_vulnerability_stops_the_check_and_names_the_remedy(requirements: Path) -> None:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.1.6"}]}]
    affected = [{"package": {"name": "jinja2", "ecosystem": "PyPI"}, "ranges": ranges, "versions": ["3.1.5"]}]
    vulnerability = {"id": "GHSA-cpwx-vrp4-4pq7", "schema_version": "1.6.0", "summary": "", "affected": affected}
    with osv({"vulns": [vulnerability]}) as url:
        done = audit(url, requirements)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "vulnerable: jinja2 3.1.5: GHSA-cpwx-vrp4-4pq7, mended in 3.1.6: uv lock --upgrade-package jinja2"
    ]


def test_no_vulnerability_passes(requirements: Path) -> None:
    with osv({}) as url:
        done = audit(url, requirements)
    assert (done.returncode, done.stdout) == (0, "Known vulnerabilities: none in 1 locked packages.\n")


def test_no_network_is_one_line_and_passes_unless_it_may_not(requirements: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1/query"
    done = audit(url, requirements)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "Known vulnerabilities: not asked, the OSV service cannot be reached from here."
    ]
    assert audit(url, requirements, SAFER_AUDIT_REQUIRED="1").returncode == 1


def test_an_audit_that_cannot_read_its_list_does_not_pass(tmp_path: Path) -> None:
    done = audit("http://127.0.0.1:1/v1/query", tmp_path / "absent.txt")
    assert done.returncode == 1
    assert done.stderr.startswith("pip-audit failed: ")


def test_both_are_part_of_make_check() -> None:
    said = subprocess.run(["make", "-n", "check"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ".ci/secrets" in said and ".ci/audit.py" in said


def test_sql_put_together_from_text_is_seen_in_the_product() -> None:
    code = '"""A module."""\n\n\ndef find(db, name):\n    """Find."""\n    return db.execute(f"SELECT * FROM t WHERE n = \'{name}\'")\n'
    command = [BIN / "ruff", "check", "--stdin-filename", "resources/probe.py", "--output-format", "concise", "-"]
    done = subprocess.run(command, input=code, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "S608" in done.stdout
