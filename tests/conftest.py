"""What all tests share: a clean environment, and a PostgreSQL server of the test run's own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test

from tests.campaign import REPORT, WHOLE, Reporter, sampled
from tests.paths import skip_or_fail

# Settings of a developer's shell must not reach a test; these are of the tests themselves.
_OF_TESTS = ("SAFER_REAL_DATA", "SAFER_CAMPAIGN", "SAFER_SEED", "SAFER_POINTS")
for _name in [name for name in os.environ if name.startswith("SAFER_") and name not in _OF_TESTS]:
    del os.environ[_name]
os.environ["GX_ANALYTICS_ENABLED"] = "false"


def pytest_configure(config: pytest.Config) -> None:
    """A whole campaign leaves its report; workers only send what they find."""
    if WHOLE and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Reporter(REPORT))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a campaign a sample stays, and its cases carry its name into their reports; properties are a campaign of their own."""
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)) and not item.get_closest_marker("campaign"):
            item.add_marker(pytest.mark.campaign("properties"))
    items[:], left = sampled(items)
    if left:
        config.hook.pytest_deselected(items=left)
    for item in items:
        mark = item.get_closest_marker("campaign")
        if mark:
            item.user_properties.append(("campaign", mark.args[0]))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of this test run's own, on loopback."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        skip_or_fail("no PostgreSQL server on this machine")
    binaries = found[-1].parent
    # PostgreSQL refuses to run as root, and its own user must reach the folder.
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    folder = Path(subprocess.check_output([*as_user, "mktemp", "-d"], text=True, cwd="/").strip())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    subprocess.run(
        [
            *as_user,
            binaries / "initdb",
            "-D",
            folder / "db",
            "-U",
            "safer",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
    )
    options = f"-h 127.0.0.1 -p {port} -k {folder}"
    control = [*as_user, binaries / "pg_ctl", "-D", folder / "db", "-w", "-l", folder / "log"]
    subprocess.run([*control, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    yield f"postgresql://safer@127.0.0.1:{port}/postgres"
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    shutil.rmtree(folder, ignore_errors=True)
