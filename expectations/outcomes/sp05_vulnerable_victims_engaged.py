"""Vulnerable victims of anti-social behaviour assessed as appropriate for the Victim Champion, and those who engaged.

Here: the outcome table of SP05, what it is made from, and its checks (spec section 1). Not here: the order of dates in a case
and assessments without an outcome (`expectations/suites/asb_case.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pandas as pd

from expectations.contracts.outcome import outcome_table
from expectations.suites.model import Facts, Profile, Rule, Suite, none
from expectations.suites.outcome import outcome_profile, outcome_rules

TABLE = outcome_table(__name__, __doc__)
READS: tuple[str, ...] = ("clean_asb_case", "clean_asb_case_completeness")
OPTIONAL: tuple[str, ...] = ()
_CHAIN = ("engaged", "consented", "appropriate", "assessed")
_PERIOD = ["period_kind", "period_start", "period_end"]


def suite(_limits: Mapping[str, float]) -> Suite:
    """The suite; it has no threshold of its own."""
    rules = (
        *outcome_rules(TABLE),
        Rule(
            "each_within_the_next",
            "ERROR",
            "consistency",
            "in every period the engaged are among the consented, these among the appropriate, and these among the assessed",
            (none("periods_out_of_chain"),),
        ),
        Rule(
            "people_within_assessments",
            "ERROR",
            "consistency",
            "in no period are there more people than assessments, and none without people",
            (none("periods_with_other_people"),),
        ),
        Rule(
            "named_provisional",
            "ERROR",
            "validity",
            "every figure that rests on the definition of engagement says that it is provisional",
            (none("figures_not_named_provisional"),),
        ),
    )
    return Suite(TABLE.name, rules, profile=_profile)


def _profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    rows = frames[TABLE.name]
    wide = rows.pivot_table("numerator", _PERIOD, "part", aggfunc="first")
    wide = wide.reindex(columns=[*_CHAIN, "appropriate_people"])
    steps = [wide[inner] > wide[outer] for inner, outer in pairwise(_CHAIN)]
    people, cases = wide["appropriate_people"], wide["appropriate"]
    defined = rows[rows["part"].isin(["engaged", "conversion"])]
    return {
        **outcome_profile(rows, not_additive=("appropriate_people",)),
        "periods_out_of_chain": int(pd.concat(steps, axis=1).any(axis=1).sum()),
        "periods_with_other_people": int(((people > cases) | ((people == 0) & (cases > 0))).sum()),
        "figures_not_named_provisional": int((~defined["note"].str.contains("provisional wording")).sum()),
    }
