"""Own rules of the clean table of crc_event, beside its licences (spec 3.7, SP09)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts import crc_licence
from expectations.contracts.crc_event import CLEAN
from expectations.suites.figures import quarter_end_heaping
from expectations.suites.model import Facts, Profile, Rule, at_most, none
from expectations.suites.personal import NO_PERSONAL_PATTERN, personal_patterns

_LICENCES = crc_licence.CLEAN.name
READS = (_LICENCES,)
_TRANSFERS = ("transfer_area", "transfer_nps")


def RULES(limits: Mapping[str, float]) -> tuple[Rule, ...]:
    """The rules, with the thresholds of the partnership's register."""
    return (
        NO_PERSONAL_PATTERN,
        Rule(
            "event_has_licence",
            "ERROR",
            "consistency",
            "every event that fails a licence has one: without it a failure would be lost",
            (none("failures_without_licence"),),
        ),
        Rule(
            "event_before_start",
            "ERROR",
            "validity",
            "no event is dated before its licence starts",
            (none("events_before_start"),),
        ),
        Rule(
            "event_after_end",
            "WARN",
            "validity",
            "no failing event is dated after its licence ended: such a licence counts as kept",
            (none("failures_after_end"),),
        ),
        Rule(
            "transfer_before_event",
            "WARN",
            "accuracy",
            f"no licence is transferred away within {limits['transfer_before_event_days']} days before a failing event, which would take the failure"
            " out of the cohort",
            (none("transfers_just_before_failure"),),
        ),
        Rule(
            "quarter_end_heaping",
            "WARN",
            "accuracy",
            f"the last day of a quarter has at most {limits['quarter_end_heaping_warn']:g} times its usual share of events",
            (at_most("quarter_end_heaping", limits["quarter_end_heaping_warn"]),),
            may_not_apply=True,
        ),
    )


def profile(frames: Mapping[str, pd.DataFrame], facts: Facts) -> Profile:
    """Counts behind the rules."""
    rows, licences = frames[CLEAN.name], frames[_LICENCES]
    failing = rows["effect"] == "failing"
    beside = rows[["licence_key"]].merge(licences, on="licence_key", how="left").set_axis(rows.index)
    return {
        **personal_patterns(CLEAN, rows),
        "failures_without_licence": int((failing & ~rows["licence_key"].isin(licences["licence_key"])).sum()),
        "events_before_start": int((rows["event_date"] < beside["licence_start"]).sum()),
        "failures_after_end": int((failing & (rows["event_date"] > beside["licence_end"])).sum()),
        "transfers_just_before_failure": _just_before_failure(
            rows, failing, facts.thresholds["transfer_before_event_days"]
        ),
        "quarter_end_heaping": quarter_end_heaping([rows["event_date"]]),
    }


def _just_before_failure(rows: pd.DataFrame, failing: pd.Series, within_days: float) -> int:
    """Transfers on whose licence a failing event follows within the days."""
    when = rows.assign(day=pd.to_datetime(rows["event_date"], format="%Y-%m-%d"))[["licence_key", "day"]]
    moved = when[rows["event_type"].isin(_TRANSFERS)].reset_index(names="transfer")
    pairs = moved.merge(when[failing], on="licence_key", suffixes=("", "_failed"))
    after = (pairs["day_failed"] - pairs["day"]).dt.days
    return int(pairs.loc[after.between(0, within_days), "transfer"].nunique())
