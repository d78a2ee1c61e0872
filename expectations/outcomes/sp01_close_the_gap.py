"""Crime in the ten priority neighbourhoods against the city: pooled rates, absolute and relative gap.

Here: the outcome table of SP01, what it is made from, and its blocking and warning checks (spec section 1).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts import police_street, reference
from expectations.contracts.outcome import outcome_table
from expectations.suites.model import Facts, Profile, Rule, Suite, at_most, none
from expectations.suites.outcome import outcome_profile, outcome_rules
from methods.periods import financial_year

TABLE = outcome_table(__name__, __doc__)
READS = (
    police_street.COUNT.name,
    police_street.COMPLETENESS.name,
    reference.LSOA_NEIGHBOURHOOD.name,
    reference.NEIGHBOURHOOD.name,
    reference.POPULATION.name,
)
OPTIONAL: tuple[str, ...] = ()
_COUNT, _LOOKUP, _PLACES = police_street.COUNT.name, reference.LSOA_NEIGHBOURHOOD.name, reference.NEIGHBOURHOOD.name
_PRIORITY_SIZE = 10
_TOLERANCE = 1e-9


def suite(limits: Mapping[str, float]) -> Suite:
    """The suite, with the thresholds of the partnership's register."""
    rules = (
        *outcome_rules(TABLE),
        Rule(
            "priority_set_is_ten",
            "ERROR",
            "validity",
            "the priority set names exactly ten distinct neighbourhoods, all of them known",
            (none("sets_not_ten"), none("unknown_priority_codes")),
        ),
        Rule(
            "unallocated_few",
            "ERROR",
            "completeness",
            f"in no financial year do more than {limits['unallocated_block']:.0%} of the city's crimes lie in no"
            " neighbourhood: they would narrow the gap artificially",
            (at_most("worst_unallocated_share", limits["unallocated_block"]),),
        ),
        Rule(
            "unallocated_very_few",
            "WARN",
            "completeness",
            f"in no financial year do more than {limits['unallocated_warn']:.0%} of the city's crimes lie in no neighbourhood",
            (at_most("worst_unallocated_share", limits["unallocated_warn"]),),
        ),
        Rule(
            "parts_sum",
            "ERROR",
            "consistency",
            "the neighbourhoods and the unallocated crimes sum to the city, and the ten to their neighbourhoods",
            (none("city_months_that_differ"), none("ten_months_that_differ")),
        ),
        Rule(
            "gap_is_difference",
            "ERROR",
            "consistency",
            "the gap is the rate of the ten less the rate of the city",
            (none("gaps_that_differ"),),
        ),
        Rule(
            "ten_above_city",
            "WARN",
            "accuracy",
            "in every financial year the ten have a higher rate than the city",
            (none("years_ten_not_above"),),
        ),
        Rule(
            "neighbourhoods_steady",
            "WARN",
            "accuracy",
            f"no neighbourhood's rate moves more than {limits['neighbourhood_change_warn']:.0%} from one year to the next",
            (at_most("worst_neighbourhood_move", limits["neighbourhood_change_warn"]),),
            may_not_apply=True,
        ),
    )
    return Suite(TABLE.name, rules, reads=(_COUNT, _LOOKUP, _PLACES), profile=_profile)


def _profile(frames: Mapping[str, pd.DataFrame], facts: Facts) -> Profile:
    rows, known = frames[TABLE.name], set(frames[_PLACES]["neighbourhood_code"])
    city, lost = _city_crimes(frames, facts, known)
    years = pd.Series({month: financial_year(month) for month in city.index}, dtype=object)
    share = lost.groupby(years).sum() / city.groupby(years).sum()
    sets = facts.priority_sets.values()
    return {
        **outcome_profile(rows),
        "sets_not_ten": sum(len(codes) != _PRIORITY_SIZE or len(set(codes)) != _PRIORITY_SIZE for codes in sets)
        if sets
        else 1,
        "unknown_priority_codes": len({code for codes in sets for code in codes} - known),
        "worst_unallocated_share": float(share.max()) if len(share) else None,
        **_sums(rows, facts, city, lost),
        **_gaps(rows),
        "worst_neighbourhood_move": _worst_move(rows),
    }


def _city_crimes(frames: Mapping[str, pd.DataFrame], facts: Facts, known: set[str]) -> tuple[pd.Series, pd.Series]:
    """Crimes of the city by month, and how many of them lie in no known neighbourhood; formed without the measure."""
    count, lookup = frames[_COUNT], frames[_LOOKUP]
    crimes = count[count["force"].isin(facts.forces) & count["category"].isin(facts.crime_categories)]
    crimes = crimes[crimes["lsoa_code"].isin(set(lookup["lsoa_code"]))]
    placed = lookup[lookup["neighbourhood_code"].isin(known)].groupby(["lsoa_vintage", "lsoa_code"])["weight"].sum()
    weight = crimes["lsoa_code"].map(placed.groupby("lsoa_code").max()).fillna(0)
    return (
        crimes.groupby("month")["counted"].sum(),
        (crimes["counted"] * (1 - weight)).groupby(crimes["month"]).sum(),
    )


def _sums(rows: pd.DataFrame, facts: Facts, city: pd.Series, lost: pd.Series) -> Profile:
    """How many months do not sum."""
    months = rows[(rows["period_kind"] == "month") & rows["numerator"].notna()]
    months = months.assign(month=months["period_start"].str[:7])
    places = months[months["part"] == "neighbourhood"]
    stated = months[months["part"] == "city"].set_index("month")["numerator"]
    summed = places.groupby("month")["numerator"].sum().reindex(stated.index).fillna(0)
    counted = city.reindex(stated.index).fillna(0)
    off = ((summed + lost.reindex(stated.index).fillna(0) - stated).abs() > _TOLERANCE) | (counted != stated)
    ten_off = 0
    for name, codes in facts.priority_sets.items():
        ten = months[(months["part"] == "ten") & (months["area_code"] == name)].set_index("month")["numerator"]
        parts = places[places["area_code"].isin(codes)].groupby("month")["numerator"].sum().reindex(ten.index).fillna(0)
        ten_off += int(((ten - parts).abs() > _TOLERANCE).sum())
    return {"city_months_that_differ": int(off.sum()), "ten_months_that_differ": ten_off}


def _gaps(rows: pd.DataFrame) -> Profile:
    """How many gaps are not the difference of the two rates, and in how many years the ten are not above the city."""
    period = ["period_kind", "period_start", "period_end"]
    wide = rows[rows["part"].isin(["ten", "city", "gap"])].pivot_table("value", period, "part", aggfunc="first")
    wide = wide.reindex(columns=["ten", "city", "gap"]).dropna()
    years = wide[wide.index.get_level_values("period_kind") == "fy"]
    return {
        "gaps_that_differ": int(((wide["ten"] - wide["city"] - wide["gap"]).abs() > _TOLERANCE).sum()),
        "years_ten_not_above": int((years["ten"] <= years["city"]).sum()),
    }


def _worst_move(rows: pd.DataFrame) -> float | None:
    """Largest relative change of a neighbourhood's yearly rate; None when no two years can be compared."""
    years = rows[(rows["part"] == "neighbourhood") & (rows["period_kind"] == "fy")]
    years = years.dropna(subset=["value", "previous_value"])
    years = years[years["previous_value"] > 0]
    return float((years["value"] / years["previous_value"] - 1).abs().max()) if len(years) else None
