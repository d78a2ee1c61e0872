"""Own rules of the clean table of police_incident (spec 3.3, SP10)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.police_incident import CLEAN
from expectations.suites.figures import set_aside
from expectations.suites.model import Facts, Profile, Rule, none
from expectations.suites.personal import NO_PERSONAL_PATTERN, personal_patterns

READS = ("clean_police_incident_quarantine",)


def RULES(limits: Mapping[str, float]) -> tuple[Rule, ...]:  # noqa: ARG001 - one form for all sources
    """The rules; none has a threshold."""
    return (
        NO_PERSONAL_PATTERN,
        Rule(
            "hate_has_strand",
            "WARN",
            "completeness",
            "every hate incident names a strand: without one it is set aside, and hate reports are counted short",
            (none("hate_without_strand"),),
        ),
    )


def profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    """Counts behind the rules."""
    return {
        **personal_patterns(CLEAN, frames[CLEAN.name]),
        "hate_without_strand": set_aside(frames, "police_incident", "hate_without_strand"),
    }
