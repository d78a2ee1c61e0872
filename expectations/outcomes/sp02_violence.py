"""Candidates for a measure of violence from recorded crime, for analysts only.

Here: the outcome table of SP02, what it is made from, and its checks (spec section 1, 2.2). Not here: how far the alcohol flag
is answered in the source (`expectations/suites/police_crime.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts import reference
from expectations.contracts.outcome import outcome_table
from expectations.contracts.police_crime import VIOLENCE_GROUPS
from expectations.suites.model import Facts, Profile, Rule, Suite, none
from expectations.suites.outcome import outcome_profile, outcome_rules

TABLE = outcome_table(__name__, __doc__)
_CRIMES = "clean_police_crime"
READS: tuple[str, ...] = (
    _CRIMES,
    "clean_police_crime_completeness",
    reference.POPULATION.name,
    reference.LSOA_NEIGHBOURHOOD.name,
    reference.NEIGHBOURHOOD.name,
)
OPTIONAL: tuple[str, ...] = ()
_TOTAL, _COMPLETE = "violence_total", "alcohol_flag_completeness"
#: A month in which the flag is not answered has no figure while its quarter may have one: the months do not sum.
_ON_A_FLAG = ("violence_without_da", "alcohol_flagged", "ente_window", "ente_time_unknown")
_WITHIN = (*VIOLENCE_GROUPS, *_ON_A_FLAG)
_JUDGING = ("improved", "worsened", "no significant change")
_PERIOD = ["period_kind", "period_start", "period_end"]
_TOLERANCE = 1e-9


def suite(limits: Mapping[str, float]) -> Suite:
    """The suite, with the thresholds of the partnership's register."""
    least = limits["alcohol_flag_complete"]
    rules = (
        *outcome_rules(TABLE),
        Rule(
            "violence_groups_sum",
            "ERROR",
            "consistency",
            "violence with injury, without injury, homicide and deaths or injuries by driving sum to violence against the person"
            " in every period",
            (none("periods_that_differ"),),
        ),
        Rule(
            "candidates_within_total",
            "ERROR",
            "consistency",
            "no candidate counts more offences than there are of violence against the person",
            (none("figures_beyond_total"),),
        ),
        Rule(
            "violence_is_of_recorded_crimes",
            "ERROR",
            "consistency",
            "every month's total is the number of recorded crimes of violence in the force's extract",
            (none("months_that_differ"),),
        ),
        Rule(
            "alcohol_needs_answers",
            "ERROR",
            "validity",
            f"violence with alcohol has no figure where the flag is answered for fewer than {least:.0%} of the offences",
            (none("figures_without_answers"),),
        ),
        Rule(
            "nothing_judged",
            "ERROR",
            "validity",
            "a candidate is no measure, and a rise may be better recording: no figure is judged better or worse",
            (none("judged_figures"),),
        ),
    )

    return Suite(TABLE.name, rules, reads=(_CRIMES,), profile=_profile)


def _profile(frames: Mapping[str, pd.DataFrame], facts: Facts) -> Profile:
    held, crimes = frames[TABLE.name], frames[_CRIMES]
    # A figure that stands twice fails `key_unique`, and must not keep the other rules from being judged.
    rows = held.drop_duplicates(list(TABLE.key))
    wide = rows.pivot_table("numerator", _PERIOD, "part", aggfunc="first").reindex(columns=[_TOTAL, *_WITHIN])
    groups = wide[list(VIOLENCE_GROUPS)]
    counted = wide[_TOTAL].notna() | groups.notna().any(axis=1)
    months = rows[(rows["part"] == _TOTAL) & (rows["period_kind"] == "month") & rows["numerator"].notna()]
    stated = months.assign(month=months["period_start"].str[:7]).set_index("month")["numerator"]
    violence = crimes[(crimes["status"] == "recorded") & (crimes["violence_group"] != "")]["month"].value_counts()
    answered = rows[rows["part"] == _COMPLETE].set_index(_PERIOD)
    with_alcohol = rows[(rows["part"] == "alcohol_flagged") & rows["value"].notna()].set_index(_PERIOD)
    share = (answered["numerator"] / answered["denominator"]).reindex(with_alcohol.index)
    return {
        **outcome_profile(held, not_additive=_ON_A_FLAG),
        "periods_that_differ": int((counted & ~(groups.sum(axis=1) == wide[_TOTAL])).sum()),
        "figures_beyond_total": int(sum((wide[part] > wide[_TOTAL]).sum() for part in _WITHIN)),
        "months_that_differ": int((violence.reindex(stated.index).fillna(0) != stated).sum()),
        "figures_without_answers": int((share < facts.thresholds["alcohol_flag_complete"] - _TOLERANCE).sum()),
        "judged_figures": int(rows["comparison"].isin(_JUDGING).sum()),
    }
