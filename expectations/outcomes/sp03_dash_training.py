"""Professionals trained in the DASH checklist, and proposals for the impact of the training.

Here: the outcome table of SP03, what it is made from, and its checks (spec section 1). Not here: what a row of the register
must hold (`expectations/suites/dash_training.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.outcome import outcome_table
from expectations.outcomes.recent import recent_share
from expectations.suites.model import Facts, Profile, Rule, Suite, at_least, none
from expectations.suites.outcome import outcome_profile, outcome_rules

TABLE = outcome_table(__name__, __doc__)
READS: tuple[str, ...] = ("clean_dash_training", "clean_dash_training_completeness")
#: For what the agencies did after their first course.
OPTIONAL: tuple[str, ...] = ("clean_pdas_referral", "clean_pdas_referral_completeness")
#: Parts of the behaviour of each agency, in the quarter of its first course.
BEHAVIOUR = (
    "pdas_referrals_before",
    "pdas_referrals_after",
    "pdas_referrals_change",
    "marac_referrals_before",
    "marac_referrals_after",
    "marac_referrals_change",
    "dash_checklists_after",
)
_PERIOD = ["period_kind", "period_start", "period_end"]


def suite(limits: Mapping[str, float]) -> Suite:
    """The suite, with the thresholds of the partnership's register."""
    rules = (
        *outcome_rules(TABLE),
        Rule(
            "people_within_attendances",
            "ERROR",
            "consistency",
            "in every period the people trained, with the refreshers, are no more than the attendances",
            (none("periods_out_of_chain"),),
        ),
        Rule(
            "cumulative_never_falls",
            "ERROR",
            "consistency",
            "people trained since April 2013 never become fewer, and are no fewer than those of the period itself",
            (none("cumulative_falls"),),
        ),
        Rule(
            "named_association",
            "ERROR",
            "validity",
            "what agencies did after their first course is called an association, or their own account",
            (none("figures_not_named_association"),),
        ),
        Rule(
            "enough_matched",
            "WARN",
            "accuracy",
            f"at least {limits['match_rate_warn']:.0%} of those asked before a course in the last twelve months answered after it"
            " (in all months together, where that year has fewer than ten)",
            (at_least("match_rate", limits["match_rate_warn"]),),
            may_not_apply=True,
        ),
    )
    return Suite(TABLE.name, rules, profile=_profile)


def _profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    rows = frames[TABLE.name]
    wide = rows[rows["breakdown"] == ""].pivot_table("numerator", _PERIOD, "part", aggfunc="first")
    wide = wide.reindex(columns=["people_trained", "refreshers", "attendances", "cumulative_people"])
    months = rows[(rows["part"] == "cumulative_people") & (rows["period_kind"] == "month")]
    grown = months.sort_values("period_start")["numerator"].dropna().diff()
    since = wide.index.get_level_values("period_start") >= "2013-04-01"
    behind = rows[rows["part"].isin(BEHAVIOUR)]
    return {
        **outcome_profile(rows, not_additive=("people_trained", "cumulative_people", *BEHAVIOUR)),
        "periods_out_of_chain": int((wide["people_trained"] + wide["refreshers"] > wide["attendances"]).sum()),
        "cumulative_falls": int((grown < 0).sum() + (wide["people_trained"] > wide["cumulative_people"])[since].sum()),
        "figures_not_named_association": int((~behind["note"].str.contains("association only|own account")).sum()),
        "match_rate": recent_share(rows, "match_rate", year="r12", step="month"),
    }
