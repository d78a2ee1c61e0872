"""Vulnerable victims whose quality-of-life score improved between entry and exit, with coverage and bounds.

Here: the outcome table of SP06, what it is made from, and its checks (spec section 1). Not here: what a reading must hold
(`expectations/suites/asb_star.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.outcome import outcome_table
from expectations.outcomes.recent import recent_share
from expectations.suites.model import Facts, Profile, Rule, Suite, at_least, at_most, none
from expectations.suites.outcome import outcome_profile, outcome_rules

TABLE = outcome_table(__name__, __doc__)
READS: tuple[str, ...] = (
    "clean_asb_case",
    "clean_asb_case_completeness",
    "clean_asb_star",
    "clean_asb_star_completeness",
)
OPTIONAL: tuple[str, ...] = ()
_PERIOD = ["period_kind", "period_start", "period_end"]
_COUNTS = ("closed", "matched", "unmatched", "improved", "same", "declined", "identical")
_SHARES = ("worst_case", "improved_share", "best_case")
_TOLERANCE = 1e-9
_RECENT = "in the last twelve months (in all months together, where those have fewer than ten)"


def suite(limits: Mapping[str, float]) -> Suite:
    """The suite, with the thresholds of the partnership's register."""
    rules = (
        *outcome_rules(TABLE),
        Rule(
            "clients_sum",
            "ERROR",
            "consistency",
            "improved, same and declined make up the matched clients, and with the unmatched all closed ones",
            (none("periods_that_differ"),),
        ),
        Rule(
            "share_within_bounds",
            "ERROR",
            "consistency",
            "the share improved lies between the worst and the best case for those who could not be matched",
            (none("shares_out_of_bounds"),),
        ),
        Rule(
            "coverage_enough",
            "ERROR",
            "completeness",
            f"of the engaged clients closed {_RECENT}, at least {limits['star_coverage_block']:.0%} have matched Stars: below"
            " that the share says nothing of the service",
            (at_least("coverage", limits["star_coverage_block"]),),
            may_not_apply=True,
        ),
        Rule(
            "coverage_good",
            "WARN",
            "completeness",
            f"of the engaged clients closed {_RECENT}, at least {limits['star_coverage_warn']:.0%} have matched Stars: people who"
            " drop out are rarely those who improved",
            (at_least("coverage", limits["star_coverage_warn"]),),
            may_not_apply=True,
        ),
        Rule(
            "not_copied_forward",
            "WARN",
            "accuracy",
            f"of the matched clients closed {_RECENT}, no more than {limits['star_identical_warn']:.0%} have the same score in every"
            " domain at both ends, a sign of scores copied forward",
            (at_most("identical_share", limits["star_identical_warn"]),),
            may_not_apply=True,
        ),
    )
    return Suite(TABLE.name, rules, profile=_profile)


def _profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    rows = frames[TABLE.name]
    total = rows[rows["breakdown"] == ""]
    wide = total.pivot_table("numerator", _PERIOD, "part", aggfunc="first").reindex(columns=list(_COUNTS)).dropna()
    moved = wide[["improved", "same", "declined"]].sum(axis=1)
    shares = total.pivot_table("value", _PERIOD, "part", aggfunc="first").reindex(columns=list(_SHARES)).dropna()
    outside = (shares["worst_case"] > shares["improved_share"] + _TOLERANCE) | (
        shares["improved_share"] > shares["best_case"] + _TOLERANCE
    )
    return {
        **outcome_profile(rows, not_additive=("median_change", "rank_biserial")),
        "periods_that_differ": int(
            ((moved != wide["matched"]) | (wide["matched"] + wide["unmatched"] != wide["closed"])).sum()
            + (wide["identical"] > wide["same"]).sum()
        ),
        "shares_out_of_bounds": int(outside.sum()),
        "coverage": recent_share(rows, "coverage", year="r12", step="month"),
        "identical_share": recent_share(_as_share(total), "identical", year="r12", step="month"),
    }


def _as_share(total: pd.DataFrame) -> pd.DataFrame:
    """The rows of the identical clients with the matched ones of the same period as their denominator."""
    matched = total[total["part"] == "matched"].set_index(_PERIOD)["numerator"]
    identical = total[total["part"] == "identical"]
    return identical.assign(denominator=matched.reindex(pd.MultiIndex.from_frame(identical[_PERIOD])).to_numpy())
