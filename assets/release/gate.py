"""The two gates before publication, as pure decisions (spec 0.4, design section 5).

Here: given what is recorded and what is in the tables, may a measure be published, and if not, why, in plain words.
Not here: reading that evidence (`evidence.py`) or acting on the decision (`build.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

State = Literal["published", "held", "in_development", "awaiting_board", "awaiting_data"]

#: What each Board status allows, data quality apart (spec 0.4).
_BY_STATUS: dict[str, State] = {
    "agreed": "published",
    "agreed_with_review": "published",
    "under_development": "in_development",
    "referred": "in_development",
    "proposal_awaited": "awaiting_board",
    "position_statement_awaited": "awaiting_board",
}


@dataclass(frozen=True)
class CheckEvidence:
    """The latest recorded evaluation of one check; `finished` is False when it was planned and never came back."""

    finished: bool
    verdict: str = ""
    content_hash: str = ""
    suite_version: str = ""
    partnership: str = ""
    reads: Mapping[str, str] = field(default_factory=dict)
    storage_id: int | None = None
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TableEvidence:
    """One table as it is and as it is said to be.

    Attributes:
        hash_read: hash of the rows as they are read now; None when the table cannot be read.
        hash_stored: hash that was written in the transaction that wrote the rows.
        data_version: DataVersion of the latest materialization in Dagster.
        storage_id: where that materialization is recorded.
        inputs: hash of each upstream table as it was read when this one was made.
        input_versions: DataVersion of each upstream asset as Dagster recorded it then.
        code_version: version of code and register that made the rows.
        partnership: whose rows they are said to be.
        checks: latest evaluation by rule.
    """

    hash_read: str | None
    hash_stored: str | None
    data_version: str | None
    storage_id: int | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    input_versions: Mapping[str, str] = field(default_factory=dict)
    code_version: str = ""
    partnership: str = ""
    checks: Mapping[str, CheckEvidence] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What the evidence must agree with."""

    required: Mapping[str, Mapping[str, str]]
    suite_versions: Mapping[str, str]
    may_not_apply: frozenset[str]
    code_version: str
    partnership: str
    upstream: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Shut:
    """One reason why a gate is shut: the table, the check if one is meant, a code, and a sentence for a reader."""

    table: str
    rule: str
    code: str
    text: str

    @property
    def check(self) -> str:
        """table/rule, as waivers and the register name it."""
        return f"{self.table}/{self.rule}"


@dataclass(frozen=True)
class Waived:
    """A waiver in force: who asked, who agreed, why, until when."""

    check: str
    requested_by: str
    approved_by: str
    reason: str
    expires: date


def lineage(table: str, upstream: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The table and everything it is made from, nearest first."""
    found, todo = [], [table]
    while todo:
        name = todo.pop(0)
        if name not in found:
            found.append(name)
            todo.extend(upstream.get(name, ()))
    return found


def evidence_gate(table: str, evidence: Mapping[str, TableEvidence], wanted: Wanted) -> list[Shut]:
    """Every reason why the figures of an outcome table may not be published; none when the gate is open."""
    reasons: list[Shut] = []
    for name in lineage(table, wanted.upstream):
        held = evidence.get(name)
        if held is None:
            reasons.append(Shut(name, "", "no_table", f"there is no {name}"))
            continue
        reasons.extend(_content(name, held, evidence, wanted))
        rules = wanted.required.get(name, {})
        if not rules:
            reasons.append(Shut(name, "", "no_checks", f"{name} has no required check"))
        for rule, severity in rules.items():
            if severity == "ERROR":
                reasons.extend(_check(name, rule, held, evidence, wanted))
    return reasons


def _content(name: str, held: TableEvidence, evidence: Mapping[str, TableEvidence], wanted: Wanted) -> Iterable[Shut]:
    """The table is what it is said to be, and was made from what its upstream tables hold now."""
    if held.hash_read is None or held.hash_stored is None:
        yield Shut(name, "", "no_table", f"{name} is not in the warehouse")
        return
    if held.hash_read != held.hash_stored:
        yield Shut(name, "", "edited", f"the rows of {name} are not those that the pipeline wrote")
    if held.data_version is None:
        yield Shut(name, "", "no_event", f"the making of {name} was never recorded")
    elif held.data_version != held.hash_read:
        yield Shut(name, "", "other_event", f"the rows of {name} are not those whose making was recorded")
    if held.partnership != wanted.partnership:
        yield Shut(name, "", "other_partnership", f"{name} was made for another partnership")
    if held.code_version != wanted.code_version:
        yield Shut(name, "", "other_code", f"{name} was made by another version of the code or register")
    for parent in wanted.upstream.get(name, ()):
        now = evidence[parent].hash_read if parent in evidence else None
        if held.inputs.get(parent) != now or held.input_versions.get(parent) != now:
            yield Shut(name, "", "upstream_changed", f"{name} was made from another version of {parent}")


def _check(
    name: str, rule: str, held: TableEvidence, evidence: Mapping[str, TableEvidence], wanted: Wanted
) -> Iterable[Shut]:
    """One required check has a recorded evaluation that passed, of exactly this content."""
    found = held.checks.get(rule)

    def shut(code: str, text: str) -> Shut:
        return Shut(name, rule, code, f"check '{rule.replace('_', ' ')}' of {name} {text}")

    if found is None:
        yield shut("missing", "has not been run")
    elif not found.finished:
        yield shut("unfinished", "was begun and never finished")
    elif found.partnership != wanted.partnership:
        yield shut("other_partnership", "was run for another partnership")
    elif found.suite_version != wanted.suite_versions.get(name):
        yield shut("stale", "was run by another version of its rules")
    elif (
        found.content_hash != held.hash_read
        or found.storage_id != held.storage_id
        or any(evidence[t].hash_read != h if t in evidence else True for t, h in found.reads.items())
    ):
        yield shut("stale", "was run on other data than what would be published")
    elif found.verdict == "failed":
        yield shut("failed", "failed")
    elif found.verdict == "not applicable" and f"{name}/{rule}" in wanted.may_not_apply:
        return
    elif found.verdict != "passed":
        yield shut("crashed", "could not be evaluated")


def waive(reasons: Sequence[Shut], waivers: Sequence[Waived]) -> tuple[list[Shut], list[Waived]]:
    """Take off the reasons that a waiver covers: failed checks only, never missing or foreign evidence."""
    covering = {w.check: w for w in waivers}
    left = [r for r in reasons if not (r.code == "failed" and r.check in covering)]
    used = [covering[r.check] for r in reasons if r.code == "failed" and r.check in covering]
    return left, used


def measure_state(board_status: str, *, computed: bool, delivered: bool, reasons: Sequence[Shut]) -> State:
    """State of a measure in a release: the Board's decision first, then delivery, then evidence.

    Args:
        board_status: status in force (spec 0.4); an unknown one publishes nothing.
        computed: whether the pipeline computes the measure.
        delivered: whether every source it needs was ever delivered.
        reasons: what shuts the evidence gate.
    """
    allowed = _BY_STATUS.get(board_status, "awaiting_board")
    if allowed == "awaiting_board":
        return "awaiting_board"
    if not computed or not delivered:
        return "awaiting_data"
    return "held" if reasons else allowed
