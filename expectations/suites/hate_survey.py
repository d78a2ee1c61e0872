"""Own rules of the clean table of hate_survey (spec 3.8, SP11). An answer of another scale was set aside."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.hate_survey import CLEAN
from expectations.suites.model import Facts, Profile, Rule
from expectations.suites.personal import NO_PERSONAL_PATTERN, personal_patterns

READS: tuple[str, ...] = ()


def RULES(limits: Mapping[str, float]) -> tuple[Rule, ...]:  # noqa: ARG001 - one form for all sources
    """The rules; none has a threshold."""
    return (NO_PERSONAL_PATTERN,)


def profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    """Counts behind the rules."""
    return personal_patterns(CLEAN, frames[CLEAN.name])
