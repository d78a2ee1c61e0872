"""The files of `deploy/` by themselves: systemd takes the units, compose starts what they start, secrets go where they must and nowhere else."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from typer.main import get_command

from expectations.contracts import TABLES
from pipelines.cli import app
from resources import roles
from resources.warehouse import PUBLISHED
from tests.deploy import units
from tests.paths import ROOT, skip_or_fail

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
APP = ("code", "daemon", "web", "viewer")
#: Exposure from 0 to 10 by systemd's own reckoning; a unit without hardening has 9.6.
MOST_EXPOSED = 2.0


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All units, with the paths of this machine."""
    if not shutil.which("systemd-analyze"):
        skip_or_fail("no systemd-analyze on this machine")
    folder = tmp_path_factory.mktemp("units")
    for path in units.UNITS.iterdir():
        if path.suffix != ".example":
            (folder / path.name).write_text(units.moved(path.read_text(), folder))
    return folder


def test_systemd_takes_every_unit(installed: Path) -> None:
    paths = sorted(installed.iterdir())
    assert len(paths) == 9
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if "safer-outcomes" in line]
    assert (done.returncode, said) == (0, [])


def test_every_service_is_hardened(installed: Path) -> None:
    services = sorted(installed.glob("*.service"))
    analyze = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED * 10:.0f}"]
    for path in services:
        done = subprocess.run([*analyze, path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-300:]
        assert units.values(path, "User") == ["safer-outcomes"]
        assert units.values(path, "NoNewPrivileges") == ["yes"] and units.values(path, "ProtectSystem") == ["strict"]


def test_the_pipelines_secrets_reach_the_code_server_alone() -> None:
    secret = f"{units.SETTINGS}/pipeline.env"
    having = {path.stem.removeprefix("safer-outcomes-") for path in units.UNITS.glob("*.service")
              if secret in units.values(path, "EnvironmentFile")}  # fmt: skip
    assert having == {"code", "backup", "prune"}
    assert {
        name for name in COMPOSE["services"] if "secrets/pipeline.env" in COMPOSE["services"][name].get("env_file", ())
    } == {"code"}
    for service in ("web", "viewer", "daemon"):
        assert units.values(units.path_of(service), "TemporaryFileSystem") == [units.STATE]
        assert "volumes" not in COMPOSE["services"][service]


def test_compose_starts_what_the_units_start() -> None:
    for service in APP:
        said = [word.replace("0.0.0.0", "127.0.0.1") for word in COMPOSE["services"][service]["command"]]
        (own,) = units.values(units.path_of(service), "ExecStart")
        program, *rest = shlex.split(own)
        assert said == [Path(program).name, *(word.replace(units.INSTALLED, "/app") for word in rest)], service


def test_compose_is_whole_and_only_the_proxy_can_be_reached() -> None:
    services = COMPOSE["services"]
    assert set(services) == {*APP, "db", "proxy"}
    assert {name for name, one in services.items() if "ports" in one} == {"proxy"}
    assert COMPOSE["networks"]["back"]["internal"] is True
    for name, one in services.items():
        assert "healthcheck" in one and one["logging"]["options"]["max-size"], name
        assert set(one.get("depends_on", {})) <= set(services)
        assert set(one["networks"]) <= set(COMPOSE["networks"])
        assert set(one.get("secrets", ())) <= set(COMPOSE["secrets"])
        named = [v.partition(":")[0] for v in one.get("volumes", ()) if not v.startswith((".", "$"))]
        assert set(named) <= set(COMPOSE["volumes"])
        for volume in (
            v.partition(":")[0] for v in one.get("volumes", ()) if v.startswith("./") and "secrets" not in v
        ):
            assert (DEPLOY / volume).exists(), volume
    for name in APP:
        assert services[name]["cap_drop"] == ["ALL"] and services[name]["read_only"] is True
    # Backups of Dagster's records need a client as new as the server.
    version = services["db"]["image"].partition(":")[2].partition("-")[0]
    assert f"postgresql-client-{version}" in (DEPLOY / "Dockerfile").read_text()


def test_the_image_holds_every_package() -> None:
    copied = {line.split()[1] for line in (DEPLOY / "Dockerfile").read_text().splitlines() if line.startswith("COPY")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert packages | {"partnership"} <= copied


def test_the_data_folder_of_the_image_can_be_replaced_by_a_restored_one() -> None:
    """A restore appears by a rename beside the data folder: so that may be no mount itself, nor hold one."""
    mounts = {re.findall(r":(/[^:]+)", volume)[0] for volume in COMPOSE["services"]["code"]["volumes"]}
    image = (DEPLOY / "Dockerfile").read_text()
    said = dict(re.findall(r"\b(SAFER_\w+)=(\S+)", image))
    data = Path(said["SAFER_DATA_DIR"])
    assert str(data.parent) in mounts and Path(said["SAFER_DAGSTER_DIR"]) == data / "dagster"
    assert not [mount for mount in mounts if data == Path(mount) or data in Path(mount).parents]
    (made,) = re.findall(r"mkdir -p (.+?) &&", image)
    assert mounts == set(made.split()) and said["SAFER_LANDING"] in mounts


def test_no_secret_stands_in_the_files() -> None:
    for path in DEPLOY.rglob("*"):
        if path.is_file() and "secrets" not in path.parts:
            for line in path.read_text(encoding="utf-8").splitlines():
                if "://" in line and "@" in line:
                    assert "PASSWORD@" in line, path.name
    said = ROOT.joinpath(".gitignore").read_text()
    assert "deploy/secrets/" in said


def test_the_proxy_is_told_everything_that_its_configuration_asks_for() -> None:
    asked = set(re.findall(r"\$\{(\w+)\}", (DEPLOY / "nginx" / "safer-outcomes.conf.template").read_text()))
    given = COMPOSE["services"]["proxy"]["environment"]
    assert asked == {name for name in given if name.startswith("SAFER_")}
    assert all(name.startswith(given["NGINX_ENVSUBST_FILTER"]) for name in asked)
    exported = [line for line in RUNBOOK.splitlines() if line.startswith("export ")]
    assert asked == set(re.findall(r"(SAFER_\w+)=", " ".join(exported)))


def test_the_runbook_names_commands_options_and_files_that_are_there() -> None:
    known = {name: {o for p in command.params for o in p.opts} for name, command in get_command(app).commands.items()}  # type: ignore[attr-defined]
    asked = re.findall(r"(?<![/\w-])safer-outcomes ([a-z]+)((?: (?:--?[\w-]+|[\w./…-]+))*)", RUNBOOK)
    named = {command for command, _ in asked}
    assert {"backup", "restore", "grants", "health", "prune", "refresh", "verify", "status"} <= named <= set(known)
    for command, rest in asked:
        assert set(re.findall(r"--[a-z][\w-]*", rest)) <= known[command], (command, rest)
    files = set(re.findall(r"\bdeploy/[\w./*-]+\w", RUNBOOK)) - {"deploy/secrets"}
    assert len(files) > 5 and [name for name in files if not list(ROOT.glob(name))] == []


def test_logrotate_moves_the_proxys_log_alone_and_has_it_opened_anew(tmp_path: Path) -> None:
    program = shutil.which("logrotate", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        skip_or_fail("no logrotate on this machine")
    text = (DEPLOY / "logrotate" / "safer-outcomes").read_text()
    for there, here in (("/var/log/safer-outcomes", str(tmp_path)), ("/run/nginx.pid", str(tmp_path / "pid")),
                        (" www-data adm", "")):  # fmt: skip
        assert there in text
        text = text.replace(there, here)
    (tmp_path / "conf").write_text(text)
    (tmp_path / "conf").chmod(0o644)
    for name in ("proxy.log", "log.jsonl"):
        (tmp_path / name).write_text("one\n")
    reopens = [
        "sh",
        "-c",
        f"trap 'echo opened > {tmp_path}/told; exit' USR1; echo $$ > {tmp_path}/pid; while :; do sleep 0.05; done",
    ]
    with subprocess.Popen(reopens) as proxy:
        try:
            while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
                time.sleep(0.01)
            done = subprocess.run(
                [program, "--force", "--state", tmp_path / "state", tmp_path / "conf"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (0, "")
            proxy.wait(10)
        finally:
            proxy.kill()
    assert (tmp_path / "told").read_text() == "opened\n"
    assert (tmp_path / "proxy.log.1").read_text() == "one\n" and (tmp_path / "proxy.log").read_text() == ""
    assert (tmp_path / "proxy.log").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "log.jsonl").read_text() == "one\n"


@pytest.mark.postgres
def test_the_database_container_makes_what_the_pipeline_needs_and_logs_no_password(server: str, tmp_path: Path) -> None:
    admin = sa.make_url(server)

    def run(statement: str, base: str = "postgres") -> list[Any]:
        engine = sa.create_engine(admin.set(database=base), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            done = connection.exec_driver_sql(statement)
            return list(done.scalars()) if done.returns_rows else []

    psql = Path(run("SHOW data_directory")[0])
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    run("CREATE DATABASE safer_container")
    run("ALTER SYSTEM SET log_statement = 'all'")
    run("SELECT pg_reload_conf()")
    (tmp_path / "password").write_text("hush-hush-hush")
    environment = {
        "PATH": f"{binaries}:/usr/bin:/bin", "POSTGRES_USER": "safer", "POSTGRES_DB": "safer_container",
        "PGHOST": str(admin.host), "PGPORT": str(admin.port), "SAFER_LOGIN_PASSWORD_FILE": str(tmp_path / "password"),
    }  # fmt: skip
    try:
        done = subprocess.run(
            [DEPLOY / "postgres" / "make-databases.sh"], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert run("SELECT left(rolpassword, 14) FROM pg_authid WHERE rolname = 'safer_login'") == ["SCRAM-SHA-256$"]
        log = psql.with_name("log").read_text()
        assert "ALTER USER safer_login PASSWORD" in log and "hush" not in log
        roles.grant(admin.set(database="safer_container"), PUBLISHED, TABLES)
        login = admin.set(username="safer_login", database="safer_container")
        with sa.create_engine(login, poolclass=sa.NullPool).connect() as connection:
            connection.exec_driver_sql("CREATE TABLE public.x (y int)")
    finally:
        run("ALTER SYSTEM RESET log_statement")
        run("SELECT pg_reload_conf()")
        run("DROP DATABASE IF EXISTS safer_container WITH (FORCE)")
        run("DROP DATABASE IF EXISTS dagster WITH (FORCE)")
        for name in (
            "safer_login",
            *(roles.role("safer_container", word) for word in ("pipeline", "analyst", "board")),
        ):
            run(f"DROP ROLE IF EXISTS {name}")
