"""A measure has a record in the register, a calculation, checks and a test of its own, by one name; a test fails while one is missing."""

from __future__ import annotations

import tomllib
from collections.abc import Set
from pathlib import Path

import pytest

from tests.paths import ROOT

#: Where each part of a measure stands; of the register, its `outcome_table`.
PARTS = {
    "record": "partnership/common/measures.toml: outcome_table = outcome_{}",
    "calculation": "assets/outcomes/{}.py",
    "checks": "expectations/outcomes/{}.py",
    "test": "tests/outcomes/test_{}.py",
}
NAMES = frozenset({"sp01_gap", "sp02_harm"})


def missing_parts(record: Set[str], calculation: Set[str], checks: Set[str], test: Set[str]) -> list[str]:
    """What a measure lacks of which any part is there, from the names (`sp05_engaged`) that each part knows."""
    held = dict(zip(PARTS, (record, calculation, checks, test), strict=True))
    names = sorted(record | calculation | checks | test)
    return [PARTS[part].format(name) for name in names for part in PARTS if name not in held[part]]


def stems(folder: str, prefix: str = "") -> set[str]:
    """Names of the measures' files in a folder."""
    return {path.stem.removeprefix(prefix) for path in (ROOT / Path(folder)).glob(f"{prefix}sp[0-9]*.py")}


def recorded() -> list[str]:
    """Outcome tables of the register, without those of measures that nothing computes."""
    records = tomllib.loads((ROOT / "partnership" / "common" / "measures.toml").read_text(encoding="utf-8"))
    return [record["outcome_table"] for record in records.values() if record.get("outcome_table")]


def test_no_measure_lacks_a_part() -> None:
    tables = recorded()
    assert len(tables) == len(set(tables)) >= 11
    assert all(table.startswith("outcome_sp") for table in tables)
    names = {table.removeprefix("outcome_") for table in tables}
    folders = stems("assets/outcomes"), stems("expectations/outcomes"), stems("tests/outcomes", "test_")
    assert missing_parts(names, *folders) == []


@pytest.mark.parametrize("part", PARTS)
def test_each_missing_part_is_found(part: str) -> None:
    whole = dict.fromkeys(PARTS, NAMES)
    assert missing_parts(*whole.values()) == []
    lacking = whole | {part: NAMES - {"sp02_harm"}}
    assert missing_parts(*lacking.values()) == [PARTS[part].format("sp02_harm")]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_stands_alone_is_found(part: str) -> None:
    """A record that nothing computes, a file that no record names."""
    alone = dict.fromkeys(PARTS, NAMES) | {part: NAMES | {"sp03_stray"}}
    others = [PARTS[other].format("sp03_stray") for other in PARTS if other != part]
    assert missing_parts(*alone.values()) == others


def test_another_name_is_no_match() -> None:
    found = missing_parts(NAMES, NAMES, NAMES, {"sp01_gap", "sp02_violence"})
    assert found[0] == PARTS["test"].format("sp02_harm")
    assert len(found) == 4
