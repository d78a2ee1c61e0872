"""Own rules of the clean table of crc_licence (spec 3.7, SP09)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.crc_licence import CLEAN
from expectations.suites.figures import quarter_end_heaping, set_aside, share
from expectations.suites.model import Facts, Profile, Rule, at_most, none
from expectations.suites.personal import NO_PERSONAL_PATTERN, personal_patterns
from methods.periods import last_day

_ACCOUNT = "clean_crc_licence_completeness"
READS = (_ACCOUNT, "clean_crc_licence_quarantine")


def RULES(limits: Mapping[str, float]) -> tuple[Rule, ...]:
    """The rules, with the thresholds of the partnership's register."""
    longest = limits["licence_days_block"]
    return (
        NO_PERSONAL_PATTERN,
        Rule(
            "eligibility_agrees",
            "ERROR",
            "accuracy",
            "eligibility reckoned from the dates and the sender's flag differ for at most"
            f" {limits['eligibility_disagreement_block']:.0%} of licences",
            (at_most("eligibility_disagreement_share", limits["eligibility_disagreement_block"]),),
            may_not_apply=True,
        ),
        Rule(
            "dates_ordered",
            "ERROR",
            "validity",
            "no licence ends before it starts",
            (none("licences_out_of_order"),),
        ),
        Rule(
            "licence_not_too_long",
            "ERROR",
            "validity",
            f"no licence is longer than {longest} days, which a sentence under 12 months does not allow",
            (none("licences_too_long"),),
        ),
        Rule(
            "licence_length_usual",
            "WARN",
            "validity",
            f"no licence is longer than {limits['licence_days_warn']} days, which only home detention curfew explains",
            (none("licences_longer_than_usual"),),
        ),
        Rule(
            "open_past_end",
            "WARN",
            "timeliness",
            f"no licence is still open more than {longest} days after its start, when it must have ended",
            (none("licences_open_past_end"),),
        ),
        Rule(
            "quarter_end_heaping",
            "WARN",
            "accuracy",
            f"the last day of a quarter has at most {limits['quarter_end_heaping_warn']:g} times its usual share of starts and of ends",
            (at_most("quarter_end_heaping", limits["quarter_end_heaping_warn"]),),
            may_not_apply=True,
        ),
    )


def profile(frames: Mapping[str, pd.DataFrame], facts: Facts) -> Profile:
    """Counts and shares behind the rules."""
    rows = frames[CLEAN.name]
    flagged = rows[rows["sender_eligible_flag"].notna()]
    return {
        **personal_patterns(CLEAN, rows),
        "eligibility_disagreement_share": share(flagged["eligible"] != flagged["sender_eligible_flag"]),
        "licences_out_of_order": set_aside(frames, "crc_licence", "dates_out_of_order"),
        "licences_too_long": set_aside(frames, "crc_licence", "licence_too_long"),
        "licences_longer_than_usual": int(
            (rows["length_days"] > facts.thresholds["licence_days_warn"]).fillna(False).sum()
        ),
        "licences_open_past_end": _open_past_end(rows, frames[_ACCOUNT], facts.thresholds["licence_days_block"]),
        "quarter_end_heaping": quarter_end_heaping([rows["licence_start"], rows["licence_end"]]),
    }


def _open_past_end(rows: pd.DataFrame, account: pd.DataFrame, longest: float) -> int:
    """Licences without an end that started too long before the end of the last month received."""
    received = account.loc[account["received"] == 1, "month"]
    if received.empty:
        return 0
    started = pd.to_datetime(rows.loc[rows["licence_end"].isna(), "licence_start"], format="%Y-%m-%d")
    return int((started + pd.Timedelta(days=longest) < pd.Timestamp(last_day(received.max()))).sum())
