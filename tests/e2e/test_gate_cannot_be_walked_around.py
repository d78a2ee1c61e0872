"""Every way around the gate, tried for real: each must leave SP01 at its last good value, with the reason said."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from assets.release.release import publish
from expectations.contracts import TABLES
from expectations.suites import Suite
from pipelines.definitions import build_definitions
from pipelines.planner import Plan
from pipelines.refresh import run_plan, selection
from tests.database import url_of
from tests.e2e.city import SYNTHETIC, City, open_city

OUTCOME = "outcome_sp01_close_the_gap"
pytestmark = pytest.mark.campaign("ways around the gate", sample=5)


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> City:
    """A city with one good release; tests work on copies."""
    return open_city(tmp_path_factory)


@pytest.fixture
def city(good: City, tmp_path: Path) -> City:
    shutil.copytree(good.data, tmp_path / "data", symlinks=True)
    return City(tmp_path / "data")


def release_alone(city: City) -> dict[str, tuple[str, ...]]:
    """Launch the release by itself, as an analyst could from the UI."""
    workspace = city.open()
    with city.instance() as instance:
        job = build_definitions(workspace).resolve_job_def("release")
        assert job.execute_in_process(instance=instance, raise_on_error=False).success
        held = publish(workspace.pipeline, workspace.archive, workspace.warehouse, workspace.notifier, instance).held
    workspace.warehouse.close()
    return held


def run(city: City, plan: Plan, *, checks: bool = True, tags: dict[str, str] | None = None) -> None:
    """Run a selection of the refresh job, with or without its checks."""
    workspace = city.open()
    with city.instance() as instance:
        definitions = build_definitions(workspace)
        if checks:
            run_plan(definitions, plan, workspace.pipeline.required, instance)
        else:
            assets, _ = selection(plan, workspace.pipeline.required)
            part = definitions.resolve_job_def("refresh").get_subset(
                asset_selection=set(assets), asset_check_selection=set()
            )
            assert part.execute_in_process(instance=instance).success
    workspace.warehouse.close()


def edit(city: City, statement: str) -> None:
    engine = sa.create_engine(url_of(city.data))
    with engine.begin() as connection:
        assert connection.execute(sa.text(statement)).rowcount != 0
    engine.dispose()


def spoil(city: City) -> None:
    """A delivery that a required check must fail: rows with an unknown crime type."""
    path = city.data / "landing/police_street/2014-05/2014-05-vale-and-moor-street.csv"
    text = path.read_text()
    assert "Burglary" in text
    path.write_text(text.replace(",Burglary,", ",Burgalry,"))


def assert_held(city: City, good: City, *words: str) -> None:
    """SP01 shows what the good release showed, says why, and its page says so too."""
    assert city.state("SP01") == "held"
    for word in words:
        assert word in city.reasons("SP01")
    shown, before = (c.figures("SP01").drop(columns="state").reset_index(drop=True) for c in (city, good))
    assert shown.equals(before)
    page = city.release_files()["sp01.html"].decode()
    assert "Held" in page and good.manifest()["id"] in page


def test_release_alone_after_a_failed_check(city: City, good: City) -> None:
    spoil(city)
    done = city.refresh()
    assert set(done.released.held) == {"SP01", "SP08"}
    assert_held(city, good, "category known", "failed")
    held = city.manifest()["id"]
    assert "SP01" in release_alone(city)
    assert city.manifest()["id"] == held


def test_check_that_failed_and_whose_cause_is_gone_opens_the_gate(city: City) -> None:
    path = city.data / "landing/police_street/2014-05/2014-05-vale-and-moor-street.csv"
    kept = path.read_text()
    spoil(city)
    city.refresh()
    path.write_text(kept.replace("Under investigation", "Offender given a caution"))
    city.refresh()
    assert city.state("SP01") == "published"
    assert city.manifest()["parent"] is not None


def test_one_measure_held_does_not_hold_the_other(tmp_path: Path) -> None:
    register = tmp_path / "partnership"
    shutil.copytree(SYNTHETIC.parent, register)
    city = City(tmp_path / "data", partnership=register / "synthetic")
    city.deliver(months=13, scale=0.03)
    rows = (register / "synthetic" / "priority_set.csv").read_text().splitlines()
    (register / "synthetic" / "priority_set.csv").write_text("\n".join(rows[:-1]) + "\n")
    done = city.refresh()
    assert set(done.released.held) == {"SP01"}
    assert city.state("SP08") == "published"
    assert "priority set is ten" in city.reasons("SP01")
    only = city.figures("SP01")
    assert list(only["symbols"]) == ["[x]"] and list(only["value"]) == [""]


def test_data_refreshed_without_checks(city: City, good: City) -> None:
    run(city, Plan(make={OUTCOME: "by hand"}), checks=False)
    assert "SP01" in release_alone(city)
    assert_held(city, good, "run on other data")


def test_upstream_rebuilt_since(city: City, good: City) -> None:
    path = city.data / "landing/reference/neighbourhood/neighbourhood.csv"
    text = path.read_text().splitlines()
    text[1] = text[1] + " (renamed)"
    path.write_text("\n".join(text) + "\n")
    run(city, Plan(make={"raw_neighbourhood": "", "clean_neighbourhood": ""}))
    assert "SP01" in release_alone(city)
    assert_held(city, good, "made from another version of clean_neighbourhood")


def test_row_edited_by_hand(city: City, good: City) -> None:
    edit(city, f"UPDATE {OUTCOME} SET value = value * 0.9 WHERE part = 'gap' AND value IS NOT NULL")
    assert "SP01" in release_alone(city)
    assert_held(city, good, "not those that the pipeline wrote")


def test_row_edited_by_hand_with_its_hash(city: City, good: City) -> None:
    """An edit that also forges the stored hash still meets the recorded materialization and the checks."""
    edit(city, f"UPDATE {OUTCOME} SET value = value * 0.9 WHERE part = 'gap' AND value IS NOT NULL")
    workspace = city.open()
    with workspace.warehouse.snapshot() as snapshot:
        forged = snapshot.hash(TABLES[OUTCOME])
    workspace.warehouse.close()
    edit(city, f"UPDATE _content SET content_hash = '{forged}' WHERE table_name = '{OUTCOME}'")
    assert "SP01" in release_alone(city)
    assert_held(city, good, "not those whose making was recorded")


def test_killed_between_the_tables_commit_and_its_event(city: City, good: City) -> None:
    workspace = city.open()
    with workspace.warehouse.snapshot() as snapshot:
        rows = snapshot.frame(TABLES[OUTCOME])
        inputs = snapshot.stored()[OUTCOME].inputs
    rows.loc[rows["part"] == "gap", "value"] += 1
    workspace.warehouse.replace([(TABLES[OUTCOME], rows)], inputs=inputs)
    workspace.warehouse.close()
    assert "SP01" in release_alone(city)
    assert_held(city, good, "not those whose making was recorded")


def test_check_removed_from_the_code(city: City, good: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule is gone from suite and definitions alike; the snapshot still asks for it."""
    import assets.setup

    real = assets.setup.build_suites

    def without(limits: dict[str, float]) -> dict[str, Suite]:
        found = real(limits)
        kept = tuple(r for r in found[OUTCOME].rules if r.name != "priority_set_is_ten")
        old = found[OUTCOME]
        return {**found, OUTCOME: Suite(old.table, kept, old.reads, old.profile)}

    monkeypatch.setattr(assets.setup, "build_suites", without)
    run(city, Plan(make={OUTCOME: "by hand"}))
    assert "SP01" in release_alone(city)
    assert_held(city, good, "priority set is ten")


def test_severity_softened_in_the_code(city: City, good: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """A required rule made a warning in the code fails: the snapshot's severity counts."""
    from dataclasses import replace

    import assets.setup

    real = assets.setup.build_suites

    def softer(limits: dict[str, float]) -> dict[str, Suite]:
        found = real(limits)
        return {t: replace(s, rules=tuple(replace(r, severity="WARN") for r in s.rules)) for t, s in found.items()}

    spoil(city)
    monkeypatch.setattr(assets.setup, "build_suites", softer)
    city.refresh()
    assert_held(city, good, "category known", "failed")


def test_check_that_crashes(city: City, good: City, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> object:
        raise MemoryError

    monkeypatch.setattr("expectations.gx.run_suite", crash)
    run(city, Plan(make={OUTCOME: "by hand"}))
    assert "SP01" in release_alone(city)
    assert city.state("SP01") == "held"
    assert "never finished" in city.reasons("SP01") or "other data" in city.reasons("SP01")
    assert city.figures("SP01")["value"].equals(good.figures("SP01")["value"])


def test_check_planned_and_never_finished(city: City, good: City) -> None:
    workspace = city.open()
    with city.instance() as instance:
        definitions = build_definitions(workspace)
        job = definitions.resolve_job_def("refresh").get_subset(
            asset_selection={dg.AssetKey(OUTCOME)},
            asset_check_selection={
                dg.AssetCheckKey(dg.AssetKey(OUTCOME), rule) for rule in workspace.pipeline.required[OUTCOME]
            },
        )
        # A run that is created plans its checks; this one is never started.
        instance.create_run_for_job(job, asset_selection=frozenset({dg.AssetKey(OUTCOME)}))
    workspace.warehouse.close()
    assert "SP01" in release_alone(city)
    assert_held(city, good, "never finished")


def test_evidence_of_another_partnership(city: City, good: City) -> None:
    edit(city, f"UPDATE _content SET partnership = 'elsewhere' WHERE table_name = '{OUTCOME}'")
    assert "SP01" in release_alone(city)
    assert_held(city, good, "made for another partnership")


def test_register_says_not_agreed(city: City, tmp_path: Path) -> None:
    register = tmp_path / "partnership"
    shutil.copytree(SYNTHETIC.parent, register)
    path = register / "common" / "decisions.toml"
    text = path.read_text().replace('board_status = "agreed_with_review"', 'board_status = "proposal_awaited"')
    path.write_text(text.replace('assessment_mode = "direction"', 'assessment_mode = "none"', 1))
    city.partnership = register / "synthetic"
    city.refresh()
    assert city.state("SP01") == "awaiting_board"
    assert city.figures("SP01").empty
    assert "per 1,000" not in city.release_files()["sp01.html"].decode()


def test_two_refreshes_interleaved(city: City, good: City) -> None:
    """A second run swaps the raw and clean tables after the first has made its outcome: the outcome is out of date."""
    path = city.data / "landing/police_street/2014-05/2014-05-vale-and-moor-street.csv"
    path.write_text(path.read_text().replace("Under investigation", "Offender given a caution"))
    street = [n for n in TABLES if "clean_police_street" in n]
    run(city, Plan(make=dict.fromkeys(["raw_police_street", *street], "second run")))
    assert "SP01" in release_alone(city)
    assert_held(city, good, "made from another version")


def test_waiver_opens_a_failed_check_and_is_printed(city: City, tmp_path: Path) -> None:
    register = tmp_path / "partnership"
    shutil.copytree(SYNTHETIC.parent, register)
    (register / "synthetic" / "waivers.toml").write_text(
        "[[waiver]]\n"
        'measure = "SP01"\ncheck = "clean_police_street_completeness/category_known"\n'
        'requested_by = "A. Analyst"\napproved_by = "B. Chair"\nreason = "known relabelling"\n'
        "granted = 2014-05-01\nexpires = 2015-01-01\n"
    )
    spoil(city)
    city.partnership = register / "synthetic"
    done = city.refresh()
    assert set(done.released.held) == {"SP08"}
    page = city.release_files()["sp01.html"].decode()
    assert "known relabelling" in page and "B. Chair" in page
