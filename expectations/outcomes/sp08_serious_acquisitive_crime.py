"""Levels of serious acquisitive crime; from open data a proxy that overstates it.

Here: the outcome table of SP08, what it is made from, and its checks (spec section 1, 2.1, 2.3 and 3.10).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts import police_street, reference
from expectations.contracts.outcome import outcome_table
from expectations.contracts.police_crime import SAC_GROUPS
from expectations.suites.model import Facts, Profile, Rule, Suite, at_most, none
from expectations.suites.outcome import outcome_profile, outcome_rules
from methods.periods import financial_year

TABLE = outcome_table(__name__, __doc__)
READS: tuple[str, ...] = (
    police_street.COUNT.name,
    police_street.COMPLETENESS.name,
    reference.LSOA_NEIGHBOURHOOD.name,
    reference.NEIGHBOURHOOD.name,
    reference.POPULATION.name,
)
_CRIMES = "clean_police_crime"
#: With the force's own extract the measure is made from offence codes, and the proxy reconciled with it.
OPTIONAL: tuple[str, ...] = (_CRIMES, "clean_police_crime_completeness")
#: What the open categories hold beside the four groups: burglary elsewhere, and interference with a vehicle (spec 2.1).
PROXY_ALONE = ("30A", "30B", "30C", "30D", "31", "31A", "126")
_COUNT, _LOOKUP = police_street.COUNT.name, reference.LSOA_NEIGHBOURHOOD.name
_JUDGING = ("improved", "worsened", "no significant change")
_PERIOD = ["period_kind", "period_start", "period_end"]
_MONTHS = 12


def suite(limits: Mapping[str, float]) -> Suite:
    """The suite, with the thresholds of the partnership's register."""
    rules = (
        *outcome_rules(TABLE),
        Rule(
            "groups_sum",
            "ERROR",
            "consistency",
            "the groups sum to serious acquisitive crime, and burglary, robbery and vehicle crime to the proxy, in every period",
            (none("periods_that_differ"),),
        ),
        Rule(
            "named_proxy",
            "ERROR",
            "validity",
            "every figure from open data says that it is a proxy, and none is called SAC",
            (none("figures_not_named_proxy"),),
        ),
        Rule(
            "levels_only",
            "ERROR",
            "validity",
            "monitor only: no figure is judged better or worse",
            (none("judged_figures"),),
        ),
        Rule(
            "sac_is_of_recorded_crimes",
            "ERROR",
            "consistency",
            "every month's figure is the number of recorded crimes of the four groups in the force's extract",
            (none("months_that_differ"),),
            may_not_apply=True,
        ),
        Rule(
            "sources_reconcile",
            "ERROR",
            "accuracy",
            f"over the newest year that both police sources cover, or all months of both, they differ by at most"
            f" {limits['reconcile_block']:.0%} in the crimes of the proxy and in all crimes: beyond that one of them is wrong",
            (
                at_most("proxy_difference", limits["reconcile_block"]),
                at_most("crime_difference", limits["reconcile_block"]),
            ),
            may_not_apply=True,
        ),
        Rule(
            "sources_reconcile_closely",
            "WARN",
            "accuracy",
            f"over the same months the two police sources differ by at most {limits['reconcile_warn']:.0%}",
            (
                at_most("proxy_difference", limits["reconcile_warn"]),
                at_most("crime_difference", limits["reconcile_warn"]),
            ),
            may_not_apply=True,
        ),
    )
    return Suite(TABLE.name, rules, reads=(_COUNT, _LOOKUP), profile=_profile, reads_if_there=(_CRIMES,))


def _profile(frames: Mapping[str, pd.DataFrame], facts: Facts) -> Profile:
    held = frames[TABLE.name]
    # A figure that stands twice fails `key_unique`, and must not keep the other rules from being judged.
    rows = held.drop_duplicates(list(TABLE.key))
    extract = _CRIMES in frames
    counted = rows[rows["numerator"].notna()]
    proxy = rows if not extract else rows[rows["part"] == "open_data_proxy"]
    if extract:
        beside = counted[counted["part"] == "open_data_proxy"]
        total = beside["breakdown"] == ""
        differ = _differ(counted[counted["part"] == "sac"], counted[counted["part"].isin(SAC_GROUPS)])
        differ += _differ(beside[total], beside[~total])
    else:
        differ = _differ(counted[counted["part"] == "proxy"], counted[counted["part"] != "proxy"])
    return {
        **outcome_profile(held),
        "periods_that_differ": differ,
        "figures_not_named_proxy": int(
            (~proxy["note"].str.startswith("open-data proxy") | (proxy["part"] == "sac")).sum()
        ),
        "judged_figures": int(rows["comparison"].isin(_JUDGING).sum()),
        **(_against_extract({**frames, TABLE.name: rows}, facts) if extract else {}),
    }


def _differ(totals: pd.DataFrame, groups: pd.DataFrame) -> int:
    """In how many periods the groups do not sum to the total."""
    total, parts = totals.set_index(_PERIOD)["numerator"], groups.groupby(_PERIOD)["numerator"].sum()
    both = pd.concat([total.rename("total"), parts.rename("groups")], axis=1).fillna(-1)
    return int((both["total"] != both["groups"]).sum())


def _against_extract(frames: Mapping[str, pd.DataFrame], facts: Facts) -> Profile:
    """The figures against the extract's rows, and the open files against the extract; formed without the measure."""
    crimes, count = frames[_CRIMES], frames[_COUNT]
    crimes = crimes[crimes["status"] == "recorded"]
    months = frames[TABLE.name]
    months = months[(months["period_kind"] == "month") & (months["breakdown"] == "") & months["numerator"].notna()]
    months = months.assign(month=months["period_start"].str[:7])
    stated = months[months["part"] == "sac"].set_index("month")["numerator"]
    opened = months[months["part"] == "open_data_proxy"].set_index("month")["numerator"]
    of_sac = crimes[crimes["sac_group"].isin(SAC_GROUPS)]["month"].value_counts().reindex(stated.index).fillna(0)

    both = _newest_year(sorted(set(stated.index) & set(opened.index)))
    crimes = crimes[crimes["month"].isin(both)]
    count = count[count["month"].isin(both) & count["force"].isin(facts.forces)]
    count = count[count["lsoa_code"].isin(set(frames[_LOOKUP]["lsoa_code"]))]
    as_proxy = crimes["sac_group"].isin(SAC_GROUPS) | crimes["ho_code"].isin(PROXY_ALONE)
    all_open = count.loc[count["category"].isin(facts.crime_categories), "counted"].sum()
    return {
        "months_that_differ": int((of_sac != stated).sum()),
        "proxy_difference": _difference(float(opened.reindex(both).sum()), int(as_proxy.sum())) if both else None,
        "crime_difference": _difference(float(all_open), len(crimes)) if both else None,
    }


def _newest_year(months: list[str]) -> list[str]:
    """The months of the newest financial year of which all are there; all months where there is no such year."""
    years = pd.Series(months, index=[financial_year(month) for month in months], dtype=object)
    whole = [year for year in sorted(set(years.index)) if len(years.loc[[year]]) == _MONTHS]
    return list(years.loc[[whole[-1]]]) if whole else months


def _difference(opened: float, extract: int) -> float:
    """How far the open files are from the extract, as a share of the extract; 1 where only they have crimes."""
    return abs(opened - extract) / extract if extract else float(opened > 0)
