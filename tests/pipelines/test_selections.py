"""Jobs that an analyst picks: what they hold, what they say, and that tags and descriptions lead to them."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from assets.setup import SOURCES
from pipelines.definitions import build_definitions
from pipelines.selections import made_from, made_with
from tests.e2e.city import City

OPEN = {"police_street", "neighbourhood", "lsoa_neighbourhood", "population"}
SP01 = {
    *("raw_police_street", "raw_neighbourhood", "raw_lsoa_neighbourhood", "raw_population"),
    *("clean_neighbourhood", "clean_lsoa_neighbourhood", "clean_population"),
    *("clean_police_street", "clean_police_street_count"),
    *("clean_police_street_completeness", "clean_police_street_quarantine"),
    "outcome_sp01_close_the_gap",
}


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    city = City(tmp_path_factory.mktemp("selections") / "data")
    city.deliver(months=1, scale=0.01)
    return build_definitions(city.open())


def tables(defs: dg.Definitions, job: str) -> set[str]:
    return {key.to_user_string() for key in defs.resolve_job_def(job).asset_layer.executable_asset_keys}


def test_a_measure_with_all_that_it_is_made_from_and_every_check(defs: dg.Definitions) -> None:
    assert tables(defs, "measure_sp01") == SP01
    job = defs.resolve_job_def("measure_sp01")
    checked = {key.asset_key.to_user_string() for key in job.asset_layer.asset_graph.asset_check_keys}
    assert checked == SP01
    assert "SP01 Close the Gap" in (job.description or "") and "Never delivered" not in (job.description or "")
    assert "Never delivered, so this job cannot finish yet: asb_case" in (
        defs.resolve_job_def("measure_sp05").description or ""
    )


def test_a_source_with_everything_downstream_but_never_the_release(defs: dg.Definitions) -> None:
    found = tables(defs, "source_population")
    assert found == {"raw_population", "clean_population", "outcome_sp01_close_the_gap", *(found & {"outcome_sp08_serious_acquisitive_crime"})}  # fmt: skip
    for job in defs.resolve_all_job_defs():
        if job.name.startswith(("measure_", "source_")):
            assert "release" not in tables(defs, job.name)


def test_one_job_for_each_measure_and_source(defs: dg.Definitions) -> None:
    names = {job.name for job in defs.resolve_all_job_defs()}
    assert {f"measure_sp{n:02}" for n in range(1, 12)} <= names
    assert {f"source_{name}" for name in SOURCES.values()} <= names
    assert {"refresh", "release", "rekey", "purge", "approve"} <= names


def test_an_optional_input_belongs_to_the_job_once_it_was_delivered() -> None:
    alone = made_from("outcome_sp08_serious_acquisitive_crime", OPEN)
    more = made_from("outcome_sp08_serious_acquisitive_crime", {*OPEN, "police_crime"})
    assert "raw_police_crime" not in alone and "raw_police_crime" in more
    assert made_with("raw_police_crime", OPEN) >= {"raw_police_crime", "clean_police_crime"}


def test_every_asset_says_how_to_remake_it_and_can_be_found_by_its_measure(defs: dg.Definitions) -> None:
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    assert {name for name, spec in specs.items() if "measure_sp01" in spec.tags} == SP01
    assert "job `source_police_street`" in (specs["raw_police_street"].description or "")
    assert "job `measure_sp01`" in (specs["outcome_sp01_close_the_gap"].description or "")


def test_a_secret_is_no_run_config(tmp_path: Path) -> None:
    """Nothing that a person types into the UI may be a key or an address: names of all fields of run config."""
    defs = build_definitions(City(tmp_path / "data").open())
    fields = {
        name
        for job in defs.resolve_all_job_defs()
        for node in job.graph.node_defs
        if node.config_schema and node.config_schema.config_type
        for name in getattr(node.config_schema.config_type, "fields", {})
    }
    assert fields == {"parse_again", "as_of", "by", "reason", "release", "do", "counting", "cache"}
