"""Cohorts of short licences followed to their end, with bounds while any is open, and levels of reoffending.

Here: the outcome table of SP09, what it is made from, and its checks (spec section 1). Not here: the rules of the sources, such
as eligibility, events without a licence or dates heaped at a quarter's end (`expectations/suites/crc_licence.py`, `crc_event.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.outcome import outcome_table
from expectations.suites.model import Facts, Profile, Rule, Suite, none
from expectations.suites.outcome import outcome_profile, outcome_rules

TABLE = outcome_table(__name__, __doc__)
_LICENCES = "clean_crc_licence"
READS: tuple[str, ...] = (
    _LICENCES,
    "clean_crc_licence_completeness",
    "clean_crc_event",
    "clean_crc_event_completeness",
)
#: Levels of reoffending come later than the licences.
OPTIONAL: tuple[str, ...] = ("clean_crc_reoffence", "clean_crc_reoffence_completeness")
#: Area code of the whole CRC, which the contract is about.
CRC = "crc"
_STATES = ("failed", "kept", "open")
#: One offender can have licences in several quarters.
_PEOPLE = ("offenders", "offenders_failed", "reoffending", "reoffence_frequency")
_PERIOD = ["area_code", "period_kind", "period_start", "period_end"]
_PENALTY = 1_500_000
_QUARTERS = 4
_TOLERANCE = 1e-9


def suite(_limits: Mapping[str, float]) -> Suite:
    """The suite; it has no threshold of its own."""
    rules = (
        *outcome_rules(TABLE),
        Rule(
            "cohorts_sum",
            "ERROR",
            "consistency",
            "failed, kept and open licences make up the cohort, and cohort and exclusions all eligible licences that started",
            (none("cohorts_that_differ"), none("licences_not_placed")),
        ),
        Rule(
            "quarters_make_years",
            "ERROR",
            "consistency",
            "the licences of the four quarters sum to the financial year",
            (none("years_not_their_quarters"),),
        ),
        Rule(
            "bounds_hold",
            "ERROR",
            "validity",
            "the lower bound is not above the upper, and the final share, there only once no licence is open, is both",
            (none("bounds_out_of_order"), none("shares_out_of_bounds")),
        ),
        Rule(
            "city_within_crc",
            "ERROR",
            "consistency",
            "no count of the city is above that of the whole CRC",
            (none("city_counts_above"),),
        ),
        Rule(
            "penalty_whole",
            "ERROR",
            "validity",
            "a penalty is of whole quarters, and of the whole CRC only: the city alone never settles it",
            (none("penalties_not_whole"), none("penalties_of_the_city")),
        ),
    )
    return Suite(TABLE.name, rules, reads=(_LICENCES,), profile=_profile)


def _profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    rows = frames[TABLE.name]
    wide = rows.pivot_table("numerator", _PERIOD, "part", aggfunc="first")
    wide = wide.reindex(columns=["cohort", *_STATES, "excluded", "offenders", "offenders_failed"])
    value = rows.pivot_table("value", _PERIOD, "part", aggfunc="first")
    value = value.reindex(columns=["lower_bound", "upper_bound", "kept_share"])
    of_city = wide[wide.index.get_level_values("area_code") != CRC].droplevel("area_code")
    of_crc = wide[wide.index.get_level_values("area_code") == CRC].droplevel("area_code").reindex(of_city.index)
    penalties = rows[(rows["part"] == "penalty_exposure") & rows["value"].notna()]
    share = value["kept_share"]
    outside = (share - value["lower_bound"]).abs() + (share - value["upper_bound"]).abs() > _TOLERANCE
    return {
        **outcome_profile(rows, not_additive=_PEOPLE, step="quarter"),
        "cohorts_that_differ": int(
            (wide["cohort"].notna() & (wide[list(_STATES)].sum(axis=1) != wide["cohort"])).sum()
        ),
        "licences_not_placed": _not_placed(wide["cohort"] + wide["excluded"], frames[_LICENCES]),
        "years_not_their_quarters": _unsummed(wide[["cohort", *_STATES, "excluded"]]),
        "bounds_out_of_order": int((value["lower_bound"] > value["upper_bound"] + _TOLERANCE).sum()),
        "shares_out_of_bounds": int((share.notna() & (outside | (wide["open"].reindex(share.index) != 0))).sum()),
        "city_counts_above": int((of_city > of_crc).to_numpy().sum()),
        "penalties_not_whole": int((penalties["value"] != penalties["numerator"] * _PENALTY).sum()),
        "penalties_of_the_city": int((rows["part"].eq("penalty_exposure") & (rows["area_code"] != CRC)).sum()),
    }


def _not_placed(stated: pd.Series, licences: pd.DataFrame) -> int:
    """In how many periods the figures are not all eligible licences that started in them; formed without the measure."""
    eligible = licences[licences["eligible"] == "Y"]
    wrong = 0
    for (area, _, start, end), number in stated.dropna().items():
        started = eligible["licence_start"].between(start, end)
        wrong += int((started if area == CRC else started & (eligible["in_city"] == "Y")).sum() != number)
    return wrong


def _unsummed(wide: pd.DataFrame) -> int:
    """How many financial years are not the sum of their quarters."""
    table = wide.reset_index().dropna()
    table = table.assign(year=[int(end[:4]) - (end[5:7] < "04") for end in table["period_end"]])
    counts, keys = list(wide.columns), ["area_code", "year"]
    quarters = table[table["period_kind"] == "quarter"].groupby(keys)[counts].agg("sum")
    sizes = table[table["period_kind"] == "quarter"].groupby(keys).size()
    years = table[table["period_kind"] == "fy"].set_index(keys)[counts]
    same = (quarters.reindex(years.index) == years).all(axis=1) & (sizes.reindex(years.index) == _QUARTERS)
    return int((~same).sum())
