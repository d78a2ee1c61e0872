"""Data folders with releases in them, made once and copied."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.release.published import Published, grown


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A data folder before its first release."""
    found = Published(tmp_path_factory.mktemp("filled") / "data")
    found.fill()
    return found


@pytest.fixture(scope="session")
def two(filled: Published, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A data folder with two releases: by the second, SP01 is 3% higher throughout."""
    found = filled.copy(tmp_path_factory.mktemp("two") / "data")
    found.publish()
    rows = found.outcome("SP01")
    found.change("SP01", grown(rows, 1.03, rows["value"].notna()))
    found.publish()
    return found


@pytest.fixture
def folder(two: Published, tmp_path: Path) -> Published:
    """A copy of the data folder with two releases."""
    return two.copy(tmp_path / "data")
