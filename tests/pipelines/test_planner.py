"""What has to run: a pure decision, against every kind of staleness."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assets.release.gate import CheckEvidence, TableEvidence, Wanted, evidence_gate, measure_state, waive
from pipelines.planner import plan

STEPS = {"raw": ("raw",), "one": ("one", "two"), "two": ("one", "two"), "out": ("out",)}
UPSTREAM = {"raw": (), "one": ("raw",), "two": ("raw",), "out": ("one",)}
WANTED = Wanted(
    required={name: {"rule": "ERROR", "note": "WARN"} for name in STEPS},
    suite_versions=dict.fromkeys(STEPS, "s1"),
    may_not_apply=frozenset({"out/rule"}),
    code_version="v1",
    partnership="p",
    upstream=UPSTREAM,
)


def table(name: str) -> TableEvidence:
    inputs = {parent: f"hash-{parent}" for parent in UPSTREAM[name]}
    check = CheckEvidence(True, "passed", f"hash-{name}", "s1", "p", {}, 7)
    return TableEvidence(
        f"hash-{name}", f"hash-{name}", f"hash-{name}", 7, inputs, inputs, "v1", "p", {"rule": check, "note": check}
    )


GOOD = {name: table(name) for name in STEPS}
ALL = frozenset(STEPS)


def made(
    evidence: dict[str, TableEvidence], changed: frozenset[str] = frozenset(), can: frozenset[str] = ALL
) -> set[str]:
    return set(plan(STEPS, evidence, WANTED, changed, can).make)


def with_check(name: str, **changes: object) -> dict[str, TableEvidence]:
    held = GOOD[name]
    check = replace(held.checks["rule"], **changes)  # type: ignore[arg-type]
    return {**GOOD, name: replace(held, checks={**held.checks, "rule": check})}


def test_nothing_to_do() -> None:
    assert plan(STEPS, GOOD, WANTED, frozenset(), ALL).empty


def test_new_delivery_makes_everything_downstream() -> None:
    assert made(GOOD, frozenset({"raw"})) == {"raw", "one", "two", "out"}


@pytest.mark.parametrize(
    "fault",
    [
        {"hash_read": "edited"},
        {"hash_read": None},
        {"hash_stored": None},
        {"data_version": None},
        {"data_version": "other"},
        {"code_version": "v0"},
        {"partnership": "q"},
        {"inputs": {"raw": "old"}},
        {"input_versions": {}},
    ],
)
def test_any_doubt_about_a_table_makes_its_whole_step_and_what_follows(fault: dict[str, object]) -> None:
    evidence = {**GOOD, "one": replace(GOOD["one"], **fault)}  # type: ignore[arg-type]
    assert made(evidence) == {"one", "two", "out"}
    assert evidence_gate("out", evidence, WANTED)


def test_tables_without_a_delivery_are_left_alone() -> None:
    assert made({}, can=frozenset({"raw"})) == {"raw"}


@pytest.mark.parametrize(
    "fault",
    [
        {"finished": False},
        {"verdict": "failed"},
        {"verdict": "crashed"},
        {"verdict": "not applicable"},
        {"content_hash": "older"},
        {"suite_version": "s0"},
        {"partnership": "q"},
        {"storage_id": 6},
        {"storage_id": None},
        {"reads": {"raw": "older"}},
    ],
)
def test_doubtful_evidence_repeats_the_check_and_shuts_the_gate(fault: dict[str, object]) -> None:
    evidence = with_check("one", **fault)
    found = plan(STEPS, evidence, WANTED, frozenset(), ALL)
    assert (set(found.make), set(found.check)) == (set(), {"one"})
    assert [(s.table, s.rule) for s in evidence_gate("out", evidence, WANTED)] == [("one", "rule")]


def test_missing_evidence_and_missing_rules_shut_the_gate() -> None:
    bare = {**GOOD, "one": replace(GOOD["one"], checks={})}
    assert [s.code for s in evidence_gate("out", bare, WANTED)] == ["missing"]
    assert [s.code for s in evidence_gate("out", GOOD, replace(WANTED, required={**WANTED.required, "raw": {}}))] == [
        "no_checks"
    ]
    assert [s.code for s in evidence_gate("out", {}, WANTED)] == ["no_table"] * 3


def test_only_a_rule_that_may_not_apply_may_not_apply() -> None:
    assert evidence_gate("out", with_check("out", verdict="not applicable"), WANTED) == []


def test_a_failed_warning_neither_shuts_nor_repeats() -> None:
    held = GOOD["one"]
    warned = replace(held.checks["note"], verdict="failed")
    evidence = {**GOOD, "one": replace(held, checks={**held.checks, "note": warned})}
    assert evidence_gate("out", evidence, WANTED) == []
    assert plan(STEPS, evidence, WANTED, frozenset(), ALL).empty


def test_waiver_covers_a_failed_check_and_nothing_else() -> None:
    from datetime import date

    from assets.release.gate import Waived

    waiver = Waived("one/rule", "A", "B", "because", date(2030, 1, 1))
    for verdict, left in (("failed", 0), ("crashed", 1)):
        reasons = evidence_gate("out", with_check("one", verdict=verdict), WANTED)
        assert len(waive(reasons, [waiver])[0]) == left
    assert len(waive(evidence_gate("out", with_check("one", content_hash="x"), WANTED), [waiver])[0]) == 1


@pytest.mark.parametrize(
    ("status", "computed", "delivered", "shut", "state"),
    [
        ("agreed", True, True, False, "published"),
        ("agreed_with_review", True, True, False, "published"),
        ("agreed", True, True, True, "held"),
        ("referred", True, True, False, "in_development"),
        ("under_development", True, True, True, "held"),
        ("under_development", False, False, False, "awaiting_data"),
        ("agreed", True, False, True, "awaiting_data"),
        ("proposal_awaited", True, True, False, "awaiting_board"),
        ("position_statement_awaited", True, True, True, "awaiting_board"),
        ("something else", True, True, False, "awaiting_board"),
    ],
)
def test_state_of_a_measure(status: str, computed: bool, delivered: bool, shut: bool, state: str) -> None:
    reasons = evidence_gate("out", with_check("one", verdict="failed"), WANTED) if shut else []
    assert measure_state(status, computed=computed, delivered=delivered, reasons=reasons) == state
