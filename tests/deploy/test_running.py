"""The units' own commands on an empty data folder with Dagster's records in PostgreSQL, behind the real proxy: who may do what."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import pytest
import sqlalchemy as sa

from tests.deploy import units
from tests.paths import ROOT, skip_or_fail

pytestmark = pytest.mark.postgres
PASSWORDS = {"reader": "reads a great deal", "runner": "runs now and then"}
LAUNCH = """mutation { launchPipelineExecution(executionParams: {mode: "default", runConfigData: {}, selector: {
  repositoryLocationName: "safer-outcomes", repositoryName: "__repository__", pipelineName: "release"}}) { __typename } }"""
MAY = "{ permissions { permission value } }"


@dataclass
class Deployed:
    """Ports on loopback, the address of Dagster's records, and the folder of logs."""

    ports: dict[str, int]
    records: str
    folder: Path

    def ask(
        self, service: str, path: str, *, user: str = "", password: str = "", body: str = "", origin: str = ""
    ) -> tuple[int, str]:
        """A request, to the proxy by TLS, and its answer."""
        scheme = "https" if service == "proxy" else "http"
        request = urllib.request.Request(f"{scheme}://127.0.0.1:{self.ports[service]}{path}")
        if user:
            known = base64.b64encode(f"{user}:{password or PASSWORDS[user]}".encode()).decode()
            request.add_header("Authorization", f"Basic {known}")
        if origin:
            request.add_header("Origin", origin)
        if body:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps({"query": body}).encode()
        unproven = ssl._create_unverified_context()
        try:
            with urllib.request.urlopen(request, timeout=60, context=unproven if scheme == "https" else None) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def graphql(self, user: str, query: str) -> Any:
        status, text = self.ask("proxy", "/graphql", user=user, body=query)
        assert status == 200, text
        return json.loads(text)["data"]


@contextmanager
def running(
    name: str, command: list[str], environment: dict[str, str], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A service in a group of its own, ended with all that it started."""
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        try:
            yield process
        finally:
            for how in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, how)
                    process.wait(5)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    continue


def ports_for(names: tuple[str, ...]) -> dict[str, int]:
    with ExitStack() as stack:
        probes = {name: stack.enter_context(socket.socket()) for name in names}
        for probe in probes.values():
            probe.bind(("127.0.0.1", 0))
        return {name: probe.getsockname()[1] for name, probe in probes.items()}


def proxy_files(folder: Path, ports: dict[str, int]) -> Path:
    """The proxy's configuration as an administrator would fill it in, with a certificate made for the test."""
    openssl = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "1",
    ]
    made = [*openssl, "-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"]
    subprocess.run(made, check=True, capture_output=True)
    hashed = {
        user: subprocess.run(
            ["openssl", "passwd", "-6", said], check=True, capture_output=True, text=True
        ).stdout.strip()
        for user, said in PASSWORDS.items()
    }
    (folder / "users").write_text("".join(f"{user}:{said}\n" for user, said in hashed.items()))
    (folder / "editors").write_text('"runner" safer_web;\n')
    filled = Template((ROOT / "deploy/nginx/safer-outcomes.conf.template").read_text()).safe_substitute(
        SAFER_WEB=f"127.0.0.1:{ports['web']}",
        SAFER_VIEWER=f"127.0.0.1:{ports['viewer']}",
        SAFER_LISTEN=f"127.0.0.1:{ports['proxy']}",
        SAFER_NAME="localhost",
        SAFER_CERTIFICATE=str(folder / "certificate.pem"),
        SAFER_CERTIFICATE_KEY=str(folder / "key.pem"),
        SAFER_USERS=str(folder / "users"),
        SAFER_EDITORS=str(folder / "editors"),
        SAFER_ACCESS_LOG=str(folder / "who.txt"),
    )
    (folder / "safer.conf").write_text(filled)
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "nginx.conf"
    main.write_text(
        f"daemon off; {user} worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; events {{}}"
        f" http {{ access_log {folder}/access.log; {temporary} include {folder}/safer.conf; }}"
    )
    return main


@pytest.fixture(scope="module")
def deployed(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if not nginx:
        skip_or_fail("no nginx on this machine")
    folder = tmp_path_factory.mktemp("deployed")
    state = folder / "state"
    (state / "data" / "dagster").mkdir(parents=True)
    with sa.create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
        for name in ("deployed_records", "deployed_warehouse"):
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    addresses = {
        n: sa.make_url(server).set(database=f"deployed_{n}").render_as_string() for n in ("records", "warehouse")
    }
    ports = ports_for((*units.SERVICES, "proxy"))
    given = {"SAFER_DAGSTER_URL": addresses["records"], "SAFER_WAREHOUSE_URL": addresses["warehouse"]}
    workspace = folder / "workspace.yaml"
    workspace.write_text((ROOT / "deploy/workspace.yaml").read_text().replace("4000", str(ports["code"])))
    with ExitStack() as stack:
        started = {}
        for service in units.SERVICES:
            said = units.command(service, state)
            for word, here in (("deploy/workspace.yaml", str(workspace)), ("4000", str(ports["code"])),
                               ("3000", str(ports["web"])), ("3001", str(ports["viewer"]))):  # fmt: skip
                said = [here if one == word else one for one in said]
            environment = units.environment(service, state, given) | {"HOME": str(folder)}
            started[service] = stack.enter_context(running(service, said, environment, folder))
            if service == "code":
                wait(lambda: socket.create_connection(("127.0.0.1", ports["code"]), 1).close(), started["code"], folder)
        found = Deployed(ports, addresses["records"], folder)
        started["proxy"] = stack.enter_context(
            running("proxy", [str(nginx), "-c", str(proxy_files(folder, ports))], {"PATH": "/usr/bin:/bin"}, folder)
        )
        for service in ("web", "viewer", "proxy"):
            wait(lambda service=service: found.ask(service, "/server_info"), started[service], folder)  # type: ignore[misc]
        yield found
        assert {name: one.poll() for name, one in started.items() if one.poll() is not None} == {}


def wait(look: Any, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Until it answers, the process ends, or two minutes are over."""
    end = time.monotonic() + 120
    while True:
        try:
            look()
        except OSError:
            said = "\n".join(path.read_text(errors="replace")[-2000:] for path in folder.glob("*.log"))
            assert process.poll() is None and time.monotonic() < end, said
            time.sleep(0.3)
        else:
            return


def test_every_unit_starts_and_the_interface_says_its_version(deployed: Deployed) -> None:
    for service in ("web", "viewer"):
        status, text = deployed.ask(service, "/server_info")
        assert status == 200 and json.loads(text)["dagster_version"] == "1.13.27"
    seen = deployed.graphql("reader", "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus locationOrLoadError"
                            " { __typename } } } } }")  # fmt: skip
    assert seen["workspaceOrError"]["locationEntries"] == [
        {"name": "safer-outcomes", "loadStatus": "LOADED", "locationOrLoadError": {"__typename": "RepositoryLocation"}}
    ]
    with sa.create_engine(deployed.records, poolclass=sa.NullPool).connect() as connection:
        end = time.monotonic() + 60
        while not connection.exec_driver_sql("SELECT count(*) FROM daemon_heartbeats").scalar():
            assert time.monotonic() < end, "the daemon reports nothing"
            connection.rollback()
            time.sleep(0.5)


def test_the_proxys_log_says_who_asked_and_never_a_password(deployed: Deployed) -> None:
    assert deployed.ask("proxy", "/server_info?who=log", user="reader")[0] == 200
    assert deployed.ask("proxy", "/server_info?who=log")[0] == 401
    said = (deployed.folder / "who.txt").read_text()
    asked = [line for line in said.splitlines() if "?who=log" in line]
    assert [(line.split()[2], line.split('"')[2].split()[0]) for line in asked] == [("reader", "200"), ("-", "401")]
    assert PASSWORDS["reader"] not in said and base64.b64encode(PASSWORDS["reader"].encode()).decode() not in said


@pytest.mark.parametrize("path", ["/", "/server_info", "/graphql", "/runs", "/static/js/x.js"])
def test_who_did_not_log_in_is_refused_everywhere(deployed: Deployed, path: str) -> None:
    assert deployed.ask("proxy", path)[0] == 401
    assert deployed.ask("proxy", path, user="reader", password="guessed")[0] == 401  # pragma: allowlist secret
    assert deployed.ask("proxy", path, user="stranger", password="guessed")[0] == 401  # pragma: allowlist secret
    assert deployed.ask("proxy", "/graphql", body=MAY)[0] == 401


def test_a_reader_reads_and_can_launch_nothing(deployed: Deployed) -> None:
    assert deployed.ask("proxy", "/server_info", user="reader")[0] == 200
    granted = {one["permission"] for one in deployed.graphql("reader", MAY)["permissions"] if one["value"]}
    assert granted == set()
    assert deployed.graphql("reader", LAUNCH) == {"launchPipelineExecution": {"__typename": "UnauthorizedError"}}
    with sa.create_engine(deployed.records, poolclass=sa.NullPool).connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM runs").scalar() == 0


def test_who_may_run_things_is_named_and_no_page_elsewhere_can_act_for_them(deployed: Deployed) -> None:
    granted = {one["permission"] for one in deployed.graphql("runner", MAY)["permissions"] if one["value"]}
    assert "launch_pipeline_execution" in granted
    for origin, expected in (
        ("https://elsewhere.example", 403),
        ("null", 403),
        ("https://127.0.0.1.elsewhere.example", 403),
        (f"https://127.0.0.1:{deployed.ports['proxy']}", 200),
    ):
        assert deployed.ask("proxy", "/graphql", user="runner", body=MAY, origin=origin)[0] == expected, origin
