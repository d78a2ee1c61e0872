"""Own rules of the clean table of asb_case (spec 3.6, SP05)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.asb_case import CLEAN
from expectations.suites.figures import ENOUGH, set_aside, share
from expectations.suites.model import Facts, Profile, Rule, at_most, none
from expectations.suites.personal import NO_PERSONAL_PATTERN, personal_patterns

READS = ("clean_asb_case_quarantine",)


def RULES(limits: Mapping[str, float]) -> tuple[Rule, ...]:
    """The rules, with the thresholds of the partnership's register."""
    return (
        NO_PERSONAL_PATTERN,
        Rule(
            "dates_ordered",
            "ERROR",
            "validity",
            "referral, assessment, consent, contact and plan, and exit of every case stand in this order: cases are few, so"
            " one left out changes the figures",
            (none("cases_out_of_order"),),
        ),
        Rule(
            "stages_nested",
            "ERROR",
            "consistency",
            "the engaged are among those who consented, these among the appropriate, these among the assessed",
            (none("engaged_without_consent"), none("consent_not_appropriate"), none("appropriate_not_assessed")),
        ),
        Rule(
            "appropriate_are_vulnerable",
            "WARN",
            "consistency",
            "nobody found not vulnerable is assessed as appropriate",
            (none("appropriate_not_vulnerable"),),
        ),
        Rule(
            "assessment_has_outcome",
            "WARN",
            "completeness",
            f"at most {limits['assessment_without_outcome_warn']:.0%} of assessments have no outcome yet",
            (at_most("assessment_without_outcome_share", limits["assessment_without_outcome_warn"]),),
            may_not_apply=True,
        ),
    )


def profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    """Counts and shares behind the rules."""
    rows = frames[CLEAN.name]
    consented = rows["consent_date"].notna()
    appropriate = rows["outcome"] == "appropriate"
    assessed = rows["assessed_date"].notna()
    return {
        **personal_patterns(CLEAN, rows),
        "cases_out_of_order": set_aside(frames, "asb_case", "dates_out_of_order"),
        "engaged_without_consent": int(((rows["engaged"] == "Y") & ~consented).sum()),
        "consent_not_appropriate": int((consented & ~appropriate).sum()),
        "appropriate_not_assessed": int((appropriate & ~assessed).sum()),
        "appropriate_not_vulnerable": int((appropriate & (rows["vulnerable"] == "N")).sum()),
        "assessment_without_outcome_share": share(rows.loc[assessed, "outcome"] == "pending", ENOUGH),
    }
