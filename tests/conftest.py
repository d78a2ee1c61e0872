"""What all tests share: a clean environment, and a PostgreSQL server of the test run's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import is_hypothesis_test

from tests.campaign import REPORT, WHOLE, Reporter, sampled
from tests.database import ON_POSTGRESQL, SERVER
from tests.postgresql import running_server

# Settings of a developer's shell must not reach a test; these are of the tests themselves.
_OF_TESTS = ("SAFER_REAL_DATA", "SAFER_CAMPAIGN", "SAFER_SEED", "SAFER_POINTS", "SAFER_TEST_DATABASE", SERVER)
for _name in [name for name in os.environ if name.startswith("SAFER_") and name not in _OF_TESTS]:
    del os.environ[_name]
os.environ["GX_ANALYTICS_ENABLED"] = "false"


def pytest_configure(config: pytest.Config) -> None:
    """A whole campaign leaves its report, workers only send what they find; cities on PostgreSQL share one server."""
    if ON_POSTGRESQL and not hasattr(config, "workerinput"):
        until_the_end = ExitStack()
        os.environ[SERVER] = until_the_end.enter_context(running_server())
        config.add_cleanup(until_the_end.close)
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
    with running_server() as address:
        yield address
