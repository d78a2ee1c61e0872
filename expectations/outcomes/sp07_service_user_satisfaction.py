"""Satisfaction of service users of the ASB Victim Champion at exit, with the response rate.

Here: the outcome table of SP07, what it is made from, and its checks (spec section 1).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.outcome import outcome_table
from expectations.outcomes.recent import recent_share
from expectations.suites.model import Facts, Profile, Rule, Suite, at_least, none
from expectations.suites.outcome import outcome_profile, outcome_rules

TABLE = outcome_table(__name__, __doc__)
READS: tuple[str, ...] = (
    "clean_asb_survey",
    "clean_asb_survey_completeness",
    "clean_asb_case",
    "clean_asb_case_completeness",
)
OPTIONAL: tuple[str, ...] = ()
#: No part has months: the survey knows quarters only.
PARTS = ("satisfied", "valid", "responses", "exited", "response_rate", "felt_safer", "would_recommend")
_PERIOD = ["period_kind", "period_start", "period_end"]
_QUARTERS = 4


def suite(limits: Mapping[str, float]) -> Suite:
    """The suite, with the thresholds of the partnership's register."""
    rules = (
        *outcome_rules(TABLE),
        Rule(
            "quarters_sum",
            "ERROR",
            "consistency",
            "responses, valid answers and closed cases of the four quarters sum to the financial year",
            (none("years_not_their_quarters"),),
        ),
        Rule(
            "valid_among_responses",
            "ERROR",
            "consistency",
            "in no period are there more valid answers than responses, and the share satisfied is of the valid answers",
            (none("periods_that_differ"),),
        ),
        Rule(
            "enough_responded",
            "WARN",
            "accuracy",
            f"at least {limits['response_rate_warn']:.0%} of those who left in the newest financial year responded (in all"
            " quarters together, where that year has fewer than ten): those who answer are often the more satisfied",
            (at_least("response_share", limits["response_rate_warn"]),),
            may_not_apply=True,
        ),
    )
    return Suite(TABLE.name, rules, profile=_profile)


def _profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    rows = frames[TABLE.name]
    wide = rows[rows["breakdown"] == ""].pivot_table("numerator", _PERIOD, "part", aggfunc="first")
    wide = wide.reindex(columns=list(PARTS))
    shares = rows[rows["part"] == "satisfied"].set_index(_PERIOD)["denominator"]
    valid = wide["valid"].reindex(shares.index)
    return {
        # A quarter with more responses than exits has no rate, while its year can have one.
        **outcome_profile(rows, not_additive=("response_rate",), step="quarter"),
        "years_not_their_quarters": _unsummed(rows[rows["part"].isin(["valid", "responses", "exited"])]),
        "periods_that_differ": int(
            (wide["valid"] > wide["responses"]).sum() + (shares.notna() & (shares != valid)).sum()
        ),
        "response_share": recent_share(rows, "response_rate", year="fy", step="quarter"),
    }


def _unsummed(counts: pd.DataFrame) -> int:
    """How many financial years are not the sum of their quarters."""
    counts = counts.dropna(subset=["numerator"]).assign(year=lambda f: f["period_end"].map(_start_year))
    quarters = counts[counts["period_kind"] == "quarter"].groupby(["part", "year"])["numerator"].agg(["sum", "size"])
    years = counts[counts["period_kind"] == "fy"].set_index(["part", "year"])["numerator"]
    quarters = quarters.reindex(years.index)
    return int(((quarters["sum"] != years) | (quarters["size"] != _QUARTERS)).sum())


def _start_year(day: str) -> int:
    return int(day[:4]) - (day[5:7] < "04")
