"""What must be true of every table before anything is published. `build_suites` gives them all, by table."""

from __future__ import annotations

from collections.abc import Mapping

from expectations.suites import partner, police_street, reference
from expectations.suites.model import Expect, Facts, Rule, Suite, Verdict


def build_suites(limits: Mapping[str, float]) -> dict[str, Suite]:
    """Every suite with the thresholds of a partnership's register."""
    from expectations.outcomes import measured

    found = (
        *police_street.suites(limits),
        *reference.suites(limits),
        *partner.suites(limits),
        *(measure.suite(limits) for measure in measured().values()),
    )
    return {suite.table: suite for suite in found}


__all__ = ["Expect", "Facts", "Rule", "Suite", "Verdict", "build_suites"]
