"""A suite reads what it needs, and what else is there; the evidence names exactly what was read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assets.checks import run_checks
from assets.outcomes import sp08_serious_acquisitive_crime as sp08
from expectations.alerting import AlertsFile
from expectations.contracts import TABLES
from expectations.outcomes import sp08_serious_acquisitive_crime as contract
from resources.warehouse import Warehouse
from tests.outcomes.crimes import FACTS, LIMITS, places, street
from tests.outcomes.invented import CRIMES, month_texts
from tests.outcomes.services import setting
from tests.outcomes.services import tables as clean_tables

NAME = contract.TABLE.name
MONTHS = month_texts((2015, 4), (2015, 6))
ABSENT = {"sac_is_of_recorded_crimes", "sources_reconcile", "sources_reconcile_closely"}


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse(f"sqlite:///{tmp_path / 'w.sqlite'}", "fernmouth", "v1")
    yield opened
    opened.close()


def evidence(warehouse: Warehouse, tables: dict[str, Any]) -> dict[str, Any]:
    """Verdict, figures and hashes of every check of SP08 on these tables, as Dagster is told."""
    tables = tables | {NAME: sp08.calculate(tables, setting(proxy_groups={name: name for name in CRIMES[:3]}))}
    read = [NAME, "clean_police_street_count", "clean_lsoa_neighbourhood", "clean_police_crime"]
    warehouse.replace([(TABLES[name], tables[name]) for name in read if name in tables], inputs={})
    suite = contract.suite(LIMITS)
    pipeline = SimpleNamespace(
        suites={NAME: suite},
        suite_versions={NAME: suite.version("1")},
        required={NAME: {rule.name: rule.severity for rule in suite.rules}},
        register=SimpleNamespace(slug="fernmouth", alerts=AlertsFile()),
        ui_url="http://127.0.0.1:3000",
        facts=lambda: FACTS,
        source_of=lambda table: "police_street",
        owner=lambda source: "the analyst",
        measures_of=lambda table: ["SP08"],
    )
    notifier = SimpleNamespace(tell=lambda *_, **__: None)
    results = run_checks(NAME, pipeline, warehouse, notifier)  # type: ignore[arg-type]
    return {result.check_name: {k: v.value for k, v in result.metadata.items()} for result in results}


def test_optional_table_is_read_only_where_it_is(warehouse: Warehouse) -> None:
    tables = street(MONTHS, {("2015-05", "robbery"): 10}) | places({2015: 1000})
    found = evidence(warehouse, tables)
    assert {rule for rule, said in found.items() if said["verdict"] == "not applicable"} == ABSENT
    assert set(json.loads(found["groups_sum"]["reads"])) == {"clean_police_street_count", "clean_lsoa_neighbourhood"}

    crimes = [{"recorded_date": "2015-05-06", "sac_group": "robbery", "ho_code": "34B"} for _ in range(10)]
    found = evidence(warehouse, tables | clean_tables(MONTHS[0], MONTHS[-1], police_crime=crimes))
    assert {said["verdict"] for said in found.values()} == {"passed"}
    reads = json.loads(found["groups_sum"]["reads"])
    assert set(reads) == {"clean_police_street_count", "clean_lsoa_neighbourhood", "clean_police_crime"}
    with warehouse.snapshot() as snapshot:
        assert reads["clean_police_crime"] == snapshot.hash(TABLES["clean_police_crime"])
