"""Suite of SP08, Serious Acquisitive Crime, from open data (spec section 1 and 2.3)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts import outcome
from expectations.suites.model import Facts, Profile, Rule, Suite, none
from expectations.suites.outcome import outcome_profile, outcome_rules

_TABLE = outcome.SP08
_JUDGING = ("improved", "worsened", "no significant change")


def suite(_limits: Mapping[str, float]) -> Suite:
    """The suite; it has no threshold of its own."""
    rules = (
        *outcome_rules(_TABLE),
        Rule(
            "groups_sum",
            "ERROR",
            "consistency",
            "burglary, robbery and vehicle crime sum to the proxy in every period",
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
    )
    return Suite(_TABLE.name, rules, profile=_profile)


def _profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    rows = frames[_TABLE.name]
    period = ["period_kind", "period_start", "period_end"]
    counted = rows[rows["numerator"].notna()]
    totals = counted[counted["part"] == "proxy"].set_index(period)["numerator"]
    groups = counted[counted["part"] != "proxy"].groupby(period)["numerator"].sum()
    both = pd.concat([totals.rename("total"), groups.rename("groups")], axis=1).fillna(-1)
    return {
        **outcome_profile(rows),
        "periods_that_differ": int((both["total"] != both["groups"]).sum()),
        "figures_not_named_proxy": int(
            (~rows["note"].str.startswith("open-data proxy") | (rows["part"] == "sac")).sum()
        ),
        "judged_figures": int(rows["comparison"].isin(_JUDGING).sum()),
    }
