"""Own rules of the clean table of pdas_referral (spec 3.4, SP04)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.pdas_referral import CLEAN
from expectations.suites.figures import ENOUGH, set_aside, share
from expectations.suites.model import Facts, Profile, Rule, at_most, none
from expectations.suites.personal import NO_PERSONAL_PATTERN, personal_patterns
from methods.periods import add_months

_ACCOUNT = "clean_pdas_referral_completeness"
READS = (_ACCOUNT, "clean_pdas_referral_quarantine")
_SAME = ["client_key", "received_date", "source_agency"]


def RULES(limits: Mapping[str, float]) -> tuple[Rule, ...]:
    """The rules, with the thresholds of the partnership's register."""
    return (
        NO_PERSONAL_PATTERN,
        Rule(
            "client_key_complete",
            "ERROR",
            "completeness",
            f"at most {limits['client_key_missing_block']:.0%} of referrals have no client: whether they are first-time cannot"
            " be told",
            (at_most("client_key_missing_share", limits["client_key_missing_block"]),),
        ),
        Rule(
            "received_in_coverage",
            "ERROR",
            "validity",
            "no referral was received outside the days that its delivery covers",
            (none("received_outside_coverage"),),
        ),
        Rule(
            "level_matches_score",
            "ERROR",
            "validity",
            "no DASH score lies outside 0 to 24, and no risk level below the band of its score: judgement can only raise it",
            (none("levels_below_score"), none("scores_out_of_range")),
        ),
        Rule(
            "judgement_recorded",
            "WARN",
            "accuracy",
            "a risk level above the band of its score says that professional judgement raised it",
            (none("levels_raised_without_judgement"),),
        ),
        Rule(
            "referral_once",
            "ERROR",
            "uniqueness",
            "one client, day and source is one referral",
            (none("repeated_referrals"),),
        ),
        Rule(
            "household_unknown",
            "WARN",
            "completeness",
            f"the household is known for all but {limits['household_unknown_warn']:.0%} of referrals",
            (at_most("household_unknown_share", limits["household_unknown_warn"]),),
            may_not_apply=True,
        ),
        Rule(
            "sexual_violence_unknown",
            "WARN",
            "completeness",
            "the question about sexual violence is asked and answered for all but"
            f" {limits['sexual_violence_unknown_warn']:.0%} of referrals",
            (at_most("sexual_violence_unknown_share", limits["sexual_violence_unknown_warn"]),),
            may_not_apply=True,
        ),
        Rule(
            "first_time_agrees",
            "WARN",
            "accuracy",
            f"first-time by the look-back and by the service's own flag differ for at most"
            f" {limits['first_time_disagreement_warn']:.0%} of referrals whose look-back the deliveries cover",
            (at_most("first_time_disagreement_share", limits["first_time_disagreement_warn"]),),
            may_not_apply=True,
        ),
    )


def profile(frames: Mapping[str, pd.DataFrame], facts: Facts) -> Profile:
    """Counts and shares behind the rules."""
    rows = frames[CLEAN.name]
    counted = rows[rows["counted"] == "Y"]
    told = counted[counted["first_time"].isin(["Y", "N"]) & counted["service_first_time_flag"].notna()]
    told = told[told["month"] >= _looked_back_from(frames[_ACCOUNT], int(facts.thresholds["lookback_months"]))]
    return {
        **personal_patterns(CLEAN, rows),
        "client_key_missing_share": share(rows["client_key"].isna()) or 0.0,
        "received_outside_coverage": set_aside(frames, "pdas_referral", "outside_coverage"),
        "levels_below_score": int((rows["risk_level_faults"] == "error").sum()),
        "scores_out_of_range": set_aside(frames, "pdas_referral", "value_dash_score"),
        "levels_raised_without_judgement": int((rows["risk_level_faults"] == "warn").sum()),
        "repeated_referrals": int(rows[rows["client_key"].notna()].duplicated(_SAME).sum()),
        "household_unknown_share": share(
            (counted["household_known"] == "N") | counted["n_children_u18"].isna(), ENOUGH
        ),
        "sexual_violence_unknown_share": share(~counted["sexual_violence"].isin(["Y", "N"]), ENOUGH),
        "first_time_disagreement_share": share(told["first_time"] != told["service_first_time_flag"], ENOUGH),
    }


def _looked_back_from(account: pd.DataFrame, lookback_months: int) -> str:
    """First month whose whole look-back lies in the months received; later than any month if none was."""
    received = account.loc[account["received"] == 1, "month"]
    return add_months(received.min(), lookback_months) if len(received) else "9999-12"
