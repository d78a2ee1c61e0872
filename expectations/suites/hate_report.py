"""Own rules of the clean table of hate_report (spec 3.8, SP10)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.hate_report import CLEAN
from expectations.suites.figures import set_aside
from expectations.suites.model import Facts, Profile, Rule, none
from expectations.suites.personal import NO_PERSONAL_PATTERN, personal_patterns

READS = ("clean_hate_report_quarantine",)


def RULES(limits: Mapping[str, float]) -> tuple[Rule, ...]:  # noqa: ARG001 - one form for all sources
    """The rules; none has a threshold."""
    return (
        NO_PERSONAL_PATTERN,
        Rule(
            "strand_present",
            "ERROR",
            "completeness",
            "every report names at least one strand of hate",
            (none("reports_without_strand"),),
        ),
        Rule(
            "strands_valid",
            "ERROR",
            "validity",
            "every strand of every report is one of the six of the contract",
            (none("reports_with_unknown_strand"),),
        ),
    )


def profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    """Counts behind the rules."""
    return {
        **personal_patterns(CLEAN, frames[CLEAN.name]),
        "reports_without_strand": set_aside(frames, "hate_report", "strand_missing", "blank_strands"),
        "reports_with_unknown_strand": set_aside(frames, "hate_report", "value_strands"),
    }
