"""Satisfaction of those who reported hate with the whole experience, on each scale by itself.

Here: the outcome table of SP11, what it is made from, and its checks (spec section 1).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.outcome import outcome_table
from expectations.suites.model import Facts, Profile, Rule, Suite, none
from expectations.suites.outcome import outcome_profile, outcome_rules

TABLE = outcome_table(__name__, __doc__)
_SURVEY = "clean_hate_survey"
READS: tuple[str, ...] = (_SURVEY, f"{_SURVEY}_completeness")
OPTIONAL: tuple[str, ...] = ()
#: Part of each scale.
_PARTS = {"police7": "satisfied", "council5": "satisfied_council5"}
_KEY = ["part", "breakdown"]
_QUARTERS = 4


def suite(_limits: Mapping[str, float]) -> Suite:
    """The suite; it has no threshold of its own."""
    rules = (
        *outcome_rules(TABLE),
        Rule(
            "quarters_make_years",
            "ERROR",
            "consistency",
            "satisfied and valid answers of the four quarters sum to the financial year",
            (none("years_not_their_quarters"),),
        ),
        Rule(
            "answers_of_one_scale",
            "ERROR",
            "consistency",
            "each share is of the valid answers of its own scale: the two scales are never pooled, and don't know is no answer",
            (none("quarters_that_differ_from_answers"),),
        ),
        Rule(
            "groups_within_total",
            "ERROR",
            "consistency",
            "the strand groups have no more answers together than there are",
            (none("periods_groups_above"),),
        ),
    )
    return Suite(TABLE.name, rules, reads=(_SURVEY,), profile=_profile)


def _profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    held, survey = frames[TABLE.name], frames[_SURVEY]
    # A figure that stands twice fails `key_unique`, and must not keep the other rules from being judged.
    rows = held.drop_duplicates(list(TABLE.key))
    # Without a valid answer there is no figure, but a known number of answers: none.
    counted = rows.assign(denominator=rows["denominator"].fillna(0), numerator=rows["numerator"].fillna(0))
    total = counted[counted["breakdown"] == ""]
    valid = survey[survey["overall"] != "dont_know"]
    answers = valid.assign(part=valid["scale_id"].map(_PARTS), start=_quarter_start(valid["month"]))
    answers = answers.groupby(["part", "start"]).size()
    quarters = total[(total["period_kind"] == "quarter") & ~_not_delivered(total)]
    stated = quarters.set_index(["part", "period_start"])["denominator"]
    period = ["part", "period_kind", "period_start"]
    groups = counted[counted["breakdown"] != ""].groupby(period)["denominator"].sum()
    whole = total.set_index(period)["denominator"].reindex(groups.index)
    return {
        **outcome_profile(held, step="quarter"),
        "years_not_their_quarters": _unsummed(counted[~_not_delivered(counted)]),
        "quarters_that_differ_from_answers": int((answers.reindex(stated.index).fillna(0) != stated).sum()),
        "periods_groups_above": int((~(groups <= whole)).sum()),
    }


def _not_delivered(rows: pd.DataFrame) -> pd.Series:
    """Which figures are not available because a month of theirs was not delivered."""
    return rows["note"].str.contains("not delivered", regex=False)


def _quarter_start(months: pd.Series) -> pd.Series:
    """First day of the quarter of each month."""
    return pd.to_datetime(months, format="%Y-%m").dt.to_period("Q").dt.start_time.dt.strftime("%Y-%m-%d")


def _unsummed(counted: pd.DataFrame) -> int:
    """How many financial years are not the sum of their quarters."""
    counted = counted.assign(year=[int(end[:4]) - (end[5:7] < "04") for end in counted["period_end"]])
    values, key = ["numerator", "denominator"], [*_KEY, "year"]
    quarters = counted[counted["period_kind"] == "quarter"].groupby(key)
    years = counted[counted["period_kind"] == "fy"].set_index(key)[values]
    same = (quarters[values].sum().reindex(years.index) == years).all(axis=1)
    return int((~(same & (quarters.size().reindex(years.index) == _QUARTERS))).sum())
