"""Rules that every outcome table meets, whatever the measure (spec 0, design section 7)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import pandas as pd

from expectations.contracts.model import Table
from expectations.contracts.outcome import COLUMNS, KEY
from expectations.suites.generic import contract_rules, violations
from expectations.suites.model import Profile, Rule, none

#: What every outcome table is, whatever its name.
_ANY = Table("outcome", "", "", KEY, COLUMNS)
_TOLERANCE = 1e-9
_PLACE = ["part", "breakdown", "area_code"]


def outcome_rules(table: Table) -> tuple[Rule, ...]:
    """Rules of the contract, and those that follow from what a figure is."""
    return (
        *contract_rules(table, bulk=True),
        Rule(
            "missing_never_zero",
            "ERROR",
            "completeness",
            "a figure has a value or a symbol that says why not, never both and never neither",
            (none("values_beside_x"), none("silent_blanks")),
        ),
        Rule(
            "limits_ordered",
            "ERROR",
            "validity",
            "lower limit, value and upper limit stand in this order",
            (none("limits_out_of_order"),),
        ),
        Rule(
            "periods_sum",
            "ERROR",
            "consistency",
            "what is counted month by month (in a measure without months, quarter by quarter) sums to its quarters and to its"
            " financial year, exactly",
            (none("quarters_that_differ"), none("years_that_differ")),
        ),
    )


def outcome_profile(
    rows: pd.DataFrame, not_additive: Collection[str] = (), step: Literal["month", "quarter"] = "month"
) -> Profile:
    """Counts behind `outcome_rules`.

    Args:
        rows: an outcome table.
        not_additive: parts whose figures do not sum to those of longer periods, such as distinct people.
        step: the shortest periods that the measure has.
    """
    absent = rows["symbols"].str.split().map(lambda s: "[x]" in s)
    ordered = rows.dropna(subset=["lower", "value", "upper"])
    wrong = (ordered["lower"] > ordered["value"] + _TOLERANCE) | (ordered["value"] > ordered["upper"] + _TOLERANCE)
    counted = rows[rows["numerator"].notna() & ~rows["part"].isin(not_additive)]
    steps = counted[counted["period_kind"] == step].assign(day=lambda f: pd.to_datetime(f["period_start"]))
    return {
        **violations(_ANY, rows),
        "values_beside_x": int((absent & rows["value"].notna()).sum()),
        "silent_blanks": int((rows["value"].isna() & (rows["symbols"] == "")).sum()),
        "limits_out_of_order": int(wrong.sum()),
        "quarters_that_differ": _differing(counted, steps, "quarter", steps["day"].dt.to_period("Q")),
        "years_that_differ": _differing(counted, steps, "fy", steps["day"].dt.to_period("Y-MAR")),
    }


def _differing(counted: pd.DataFrame, steps: pd.DataFrame, kind: str, period: pd.Series) -> int:
    """How many figures of the kind are not the sum of the shorter periods that are there for them."""
    totals = counted[counted["period_kind"] == kind]
    if totals.empty:
        return 0
    sums = (
        steps.assign(start=period.dt.start_time.dt.strftime("%Y-%m-%d")).groupby([*_PLACE, "start"])["numerator"].sum()
    )
    keyed = totals.set_index([*_PLACE, "period_start"])["numerator"]
    expected = sums.reindex(pd.MultiIndex.from_tuples(keyed.index)).to_numpy()
    # A total without any of its parts differs too (NaN compares as unequal).
    return int((~(abs(keyed.to_numpy() - expected) <= _TOLERANCE)).sum())
