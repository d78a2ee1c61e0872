"""Referrals to the domestic abuse service, first-time referrals, and what is known of households, risk and support.

Here: the outcome table of SP04, what it is made from, and its checks (spec section 1). Not here: what a referral must hold,
such as a client key or a level that agrees with its score (`expectations/suites/pdas_referral.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.outcome import outcome_table
from expectations.suites.model import Facts, Profile, Rule, Suite, none
from expectations.suites.outcome import outcome_profile, outcome_rules

TABLE = outcome_table(__name__, __doc__)
READS: tuple[str, ...] = ("clean_pdas_referral", "clean_pdas_referral_completeness")
#: The police figures beside the service's.
OPTIONAL: tuple[str, ...] = ("clean_police_crime", "clean_police_crime_completeness")
_JUDGING = ("improved", "worsened", "no significant change")
_PERIOD = ["period_kind", "period_start", "period_end"]
_TOLERANCE = 1e-9


def suite(_limits: Mapping[str, float]) -> Suite:
    """The suite; it has no threshold of its own."""
    rules = (
        *outcome_rules(TABLE),
        Rule(
            "sources_sum",
            "ERROR",
            "consistency",
            "the referrals of all sources sum to the referrals of every period",
            (none("periods_sources_differ"),),
        ),
        Rule(
            "first_time_within_referrals",
            "ERROR",
            "consistency",
            "first-time and unknown referrals are among the referrals, and no more clients than referrals",
            (none("periods_out_of_chain"),),
        ),
        Rule(
            "levels_sum",
            "ERROR",
            "consistency",
            "standard, medium and high risk make up all referrals with a level",
            (none("periods_levels_differ"),),
        ),
        Rule(
            "no_flag_before_its_return",
            "ERROR",
            "validity",
            "no police figure before April 2015, when the domestic abuse flag became a national return",
            (none("figures_before_the_flag"),),
        ),
        Rule(
            "nothing_judged",
            "ERROR",
            "validity",
            "more referrals can mean more awareness or more abuse: no figure is judged better or worse",
            (none("judged_figures"),),
        ),
    )
    return Suite(TABLE.name, rules, profile=_profile)


def _profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    rows = frames[TABLE.name]
    total = rows["breakdown"] == ""
    wide = rows[total].pivot_table("numerator", _PERIOD, "part", aggfunc="first")
    within = ["first_time_clients", "first_time_referrals", "first_time_unknown", "clients", "referrals"]
    wide = wide.reindex(columns=within)
    beyond = (
        (wide["first_time_referrals"].fillna(0) + wide["first_time_unknown"] > wide["referrals"])
        | (wide["first_time_clients"] > wide["first_time_referrals"])
        | (wide["first_time_clients"] > wide["clients"])
        | (wide["clients"] > wide["referrals"])
    )
    sources = rows[(rows["part"] == "referrals") & ~total & rows["numerator"].notna()]
    by_source = sources.groupby(_PERIOD)["numerator"].sum()
    stated = wide["referrals"].dropna()
    police = rows[rows["part"].str.startswith("police_")]
    return {
        **outcome_profile(rows, not_additive=("clients", "first_time_clients")),
        "periods_sources_differ": int((by_source.reindex(stated.index) != stated).sum()),
        "periods_out_of_chain": int(beyond.sum()),
        "periods_levels_differ": _levels_differ(rows[rows["part"] == "risk_level"]),
        "figures_before_the_flag": int((police["value"].notna() & (police["period_start"] < "2015-04-01")).sum()),
        "judged_figures": int(rows["comparison"].isin(_JUDGING).sum()),
    }


def _levels_differ(levels: pd.DataFrame) -> int:
    """How many periods have levels that do not make up the referrals they are a share of."""
    held = (
        levels.dropna(subset=["value"])
        .groupby(_PERIOD)
        .agg(of=("denominator", "max"), least=("denominator", "min"), parts=("numerator", "sum"))
    )
    return int((((held["parts"] - held["of"]).abs() > _TOLERANCE) | (held["of"] != held["least"])).sum())
