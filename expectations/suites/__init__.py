"""What must be true of every table before anything is published. `build_suites` gives them all, by table."""

from __future__ import annotations

from collections.abc import Mapping

from expectations.suites import police_street, reference, sp01_close_the_gap, sp08_serious_acquisitive_crime
from expectations.suites.model import Expect, Facts, Rule, Suite, Verdict


def build_suites(limits: Mapping[str, float]) -> dict[str, Suite]:
    """Every suite with the thresholds of a partnership's register."""
    found = (
        *police_street.suites(limits),
        *reference.suites(limits),
        sp01_close_the_gap.suite(limits),
        sp08_serious_acquisitive_crime.suite(limits),
    )
    return {suite.table: suite for suite in found}


__all__ = ["Expect", "Facts", "Rule", "Suite", "Verdict", "build_suites"]
