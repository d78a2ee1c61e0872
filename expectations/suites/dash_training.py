"""Own rules of the clean table of dash_training (spec 3.5, SP03).

Not here: one row an attendee and event (a rule of the contract), the match rate (a rule of the measure).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.dash_training import CLEAN
from expectations.suites.figures import set_aside
from expectations.suites.model import Facts, Profile, Rule, none
from expectations.suites.personal import NO_PERSONAL_PATTERN, personal_patterns

READS = ("clean_dash_training_quarantine",)


def RULES(limits: Mapping[str, float]) -> tuple[Rule, ...]:  # noqa: ARG001 - one form for all sources
    """The rules; none has a threshold."""
    return (
        NO_PERSONAL_PATTERN,
        Rule(
            "attendance_coded",
            "ERROR",
            "completeness",
            "the attendance of every past event is coded: who was booked and who came cannot be told apart without it",
            (none("attendance_not_coded"),),
        ),
        Rule(
            "agency_known",
            "WARN",
            "validity",
            "every agency stands in the register's list; a new spelling would be shown as one more agency",
            (none("agencies_unknown"),),
        ),
    )


def profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    """Counts behind the rules."""
    rows = frames[CLEAN.name]
    return {
        **personal_patterns(CLEAN, rows),
        "attendance_not_coded": set_aside(frames, "dash_training", "attendance_not_coded"),
        "agencies_unknown": int(rows.loc[rows["agency_known"] == "N", "agency"].nunique()),
    }
