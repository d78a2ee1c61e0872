"""How one rule judges tables: for tests that break one rule after another.

A figure is held against its bounds without Great Expectations, which would take most of the time; a test holds this way and
`run_suite` to one verdict. Rules about the rows themselves go through `run_suite`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from expectations.gx import run_suite
from expectations.suites import Facts, Rule, Suite

Frames = dict[str, pd.DataFrame]


def outcomes(suite: Suite, frames: Mapping[str, pd.DataFrame], facts: Facts) -> dict[str, str]:
    """Outcome of every rule by its name; a profile that cannot be formed is an error of the test."""
    on_rows = tuple(rule for rule in suite.rules if any(expect.on == "rows" for expect in rule.expects))
    verdicts = run_suite(replace(suite, rules=on_rows, profile=None), frames, facts) if on_rows else []
    found: dict[str, str] = {verdict.rule.name: verdict.outcome for verdict in verdicts}
    figures = suite.profile(frames, facts) if suite.profile and len(on_rows) < len(suite.rules) else {}
    return {rule.name: found.get(rule.name) or _bounded(rule, figures) for rule in suite.rules}


def outcome(suite: Suite, name: str, frames: Mapping[str, pd.DataFrame], facts: Facts) -> str:
    """Outcome of the rule of that name."""
    rules = tuple(rule for rule in suite.rules if rule.name == name)
    return outcomes(replace(suite, rules=rules), frames, facts)[name]


def _bounded(rule: Rule, figures: Mapping[str, float | None]) -> str:
    found = set()
    for expect in rule.expects:
        assert expect.expectation == "ExpectColumnValuesToBeBetween", rule.name
        limits, figure = expect.arguments, figures.get(expect.arguments["column"])
        if figure is None:
            found.add("not applicable" if rule.may_not_apply else "failed")
        else:
            within = limits.get("min_value", figure) <= figure <= limits.get("max_value", figure)
            found.add("passed" if within else "failed")
    return next((worst for worst in ("failed", "not applicable", "passed") if worst in found), "failed")
