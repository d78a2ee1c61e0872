"""What a suite is: the rules that one table must meet, each with its severity, its reason and its expectations.

Here: record types only. Not here: any rule (one file per source or measure, beside this one), Great Expectations
(`expectations/gx.py` alone imports it).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

Severity = Literal["ERROR", "WARN"]
Dimension = Literal["completeness", "uniqueness", "consistency", "timeliness", "validity", "accuracy"]
#: A fact about a table: a count or a share; None when it cannot be formed.
Profile = Mapping[str, float | None]


@dataclass(frozen=True)
class Expect:
    """One Great Expectations expectation, by class name and arguments.

    `on="rows"` looks at the table itself, `on="profile"` at the one-row table of the suite's profile.
    """

    expectation: str
    arguments: Mapping[str, Any]
    on: Literal["rows", "profile"] = "rows"


@dataclass(frozen=True)
class Rule:
    """One named rule: a check in Dagster.

    ERROR shuts the gate of every measure downstream, WARN prints a note. `reason` says in a reader's words what is
    expected and why the threshold is what it is. A rule that `may_not_apply` is recorded "not applicable" when its
    profile figure cannot be formed; any other rule fails then.
    """

    name: str
    severity: Severity
    dimension: Dimension
    reason: str
    expects: tuple[Expect, ...]
    may_not_apply: bool = False


@dataclass(frozen=True)
class Facts:
    """What the suites may look at besides tables: the register and the last release.

    `priority_sets` maps a set's id to its neighbourhood codes as written, repeats included; `months_released` maps each force, and each partner source, to the months that the last release had.
    """

    thresholds: Mapping[str, float]
    forces: tuple[str, ...]
    priority_sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    crime_categories: tuple[str, ...] = ()
    months_released: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """The rules of one table.

    `reads` names the other tables that the profile needs, `reads_if_there` those that it looks at where they exist (the
    frames of others are simply not given); the evidence then carries the hashes of what was read. `profile` turns
    {table name: rows} and the facts into counts and shares, never values of rows.
    """

    table: str
    rules: tuple[Rule, ...]
    reads: tuple[str, ...] = ()
    profile: Callable[[Mapping[str, pd.DataFrame], Facts], Profile] | None = None
    reads_if_there: tuple[str, ...] = ()

    def version(self, code_version: str) -> str:
        """Changes when a rule, a threshold or the code changes: evidence of another version does not count."""
        text = json.dumps(
            [
                [r.name, r.severity, r.may_not_apply, [[e.expectation, dict(e.arguments), e.on] for e in r.expects]]
                for r in self.rules
            ],
            sort_keys=True,
            default=str,
        )
        tables = f"{self.table}|{self.reads}|{self.reads_if_there}"
        return hashlib.sha256(f"{code_version}|{tables}|{text}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Verdict:
    """What became of one rule: never a value of a row, only counts and shares."""

    rule: Rule
    outcome: Literal["passed", "failed", "not applicable", "crashed"]
    figures: Mapping[str, float]

    @property
    def passed(self) -> bool:
        """True only for a rule that was evaluated and met."""
        return self.outcome == "passed"


def at_most(figure: str, limit: float) -> Expect:
    """The profile's figure is there and no greater than the limit."""
    return Expect("ExpectColumnValuesToBeBetween", {"column": figure, "max_value": limit}, on="profile")


def at_least(figure: str, limit: float) -> Expect:
    """The profile's figure is there and no less than the limit."""
    return Expect("ExpectColumnValuesToBeBetween", {"column": figure, "min_value": limit}, on="profile")


def none(figure: str) -> Expect:
    """The profile's figure is 0."""
    return at_most(figure, 0)
