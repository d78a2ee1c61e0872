"""What has to run: a pure decision from recorded evidence, shared by command line, schedule and sensor.

Dagster's own staleness sees neither a changed file behind a root asset nor a check that needs repeating; this does.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from assets.release.gate import TableEvidence, Wanted, evidence_gate


@dataclass(frozen=True)
class Plan:
    """Tables to make and tables whose checks to repeat, each with the reason in words."""

    make: Mapping[str, str] = field(default_factory=dict)
    check: Mapping[str, str] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Nothing to do."""
        return not self.make and not self.check


def plan(
    steps: Mapping[str, tuple[str, ...]],
    evidence: Mapping[str, TableEvidence],
    wanted: Wanted,
    changed: Set[str],
    deliverable: Set[str],
) -> Plan:
    """Decide what runs.

    Args:
        steps: tables in the order in which they are made, with the tables that are made in the same step.
        evidence: what is recorded and held of each table.
        wanted: versions, required checks and lineage.
        changed: raw tables whose deliveries are not those that the table holds.
        deliverable: tables all of whose sources have a delivery; others cannot be made.

    Returns:
        Every table that is missing, out of date or downstream of one that is; and for the others, the tables with a
        required check that has no evaluation of exactly this content, or a failed one.
    """
    make: dict[str, str] = {}
    for table, together in steps.items():
        if table not in deliverable or table in make:
            continue
        why = _why_make(table, evidence.get(table), evidence, wanted, changed, make)
        if why:
            make.update({name: why for name in together})
    check = {}
    for table in steps:
        if table in deliverable and table not in make:
            why = _why_check(table, evidence, wanted)
            if why:
                check[table] = why
    return Plan(make, check)


def _why_make(
    table: str,
    held: TableEvidence | None,
    evidence: Mapping[str, TableEvidence],
    wanted: Wanted,
    changed: Set[str],
    make: Mapping[str, str],
) -> str:
    if table in changed:
        return "new delivery"
    remade = [parent for parent in wanted.upstream.get(table, ()) if parent in make]
    if remade:
        return f"{remade[0]} is made anew"
    if held is None:
        return "not there"
    alone = {table: held, **{p: evidence[p] for p in wanted.upstream.get(table, ()) if p in evidence}}
    single = Wanted(
        required={table: {"": "WARN"}},
        suite_versions={},
        may_not_apply=frozenset(),
        code_version=wanted.code_version,
        partnership=wanted.partnership,
        upstream={table: wanted.upstream.get(table, ())},
    )
    # The gate's own test of content decides, so that planner and gate can never disagree.
    reasons = [reason for reason in evidence_gate(table, alone, single) if reason.table == table]
    return reasons[0].text if reasons else ""


def _why_check(table: str, evidence: Mapping[str, TableEvidence], wanted: Wanted) -> str:
    rules = {rule: "ERROR" for rule in wanted.required.get(table, {})}
    single = Wanted(
        required={table: rules},
        suite_versions=wanted.suite_versions,
        may_not_apply=wanted.may_not_apply,
        code_version=wanted.code_version,
        partnership=wanted.partnership,
        upstream={},
    )
    held = evidence[table]
    for reason in evidence_gate(table, evidence, single):
        warned = wanted.required[table].get(reason.rule) == "WARN" and reason.code == "failed"
        if reason.rule and not warned and reason.rule in wanted.required[table]:
            return reason.text
    return "" if held.checks else "its checks have not been run"
