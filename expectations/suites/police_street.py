"""Suites of the police street source: its register of deliveries and its four clean tables (spec 2.3, 3.2, 3.10)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts import police_street as contract
from expectations.suites.generic import contract_rules, contract_suite, violations
from expectations.suites.model import Facts, Profile, Rule, Suite, at_least, at_most, none

_COMPLETENESS = contract.COMPLETENESS.name


def suites(limits: Mapping[str, float]) -> tuple[Suite, ...]:
    """The suites, with the thresholds of the partnership's register."""
    return (_raw(), _rows(), _count(), _completeness(limits), _quarantine())


def _raw() -> Suite:
    return contract_suite(contract.RAW)


def _rows() -> Suite:
    rules = (
        *contract_rules(contract.ROWS, bulk=True),
        Rule(
            "one_offence_once",
            "ERROR",
            "uniqueness",
            "a Crime ID stands in one row: one Crime ID is one offence",
            (none("repeated_crime_ids"),),
        ),
        Rule(
            "rows_match_completeness",
            "ERROR",
            "consistency",
            "each month holds as many rows as the completeness table says lie in the area",
            (none("months_that_differ"),),
        ),
    )

    def profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
        rows, completeness = frames[contract.ROWS.name], frames[_COMPLETENESS]
        expected = completeness.groupby("month")["in_area"].sum()
        return {
            **violations(contract.ROWS, rows),
            "repeated_crime_ids": int(rows["crime_id"].dropna().duplicated().sum()),
            "months_that_differ": _differing(rows.groupby("month").size(), expected),
        }

    return Suite(contract.ROWS.name, rules, reads=(_COMPLETENESS,), profile=profile)


def _count() -> Suite:
    rules = (
        *contract_rules(contract.COUNT, bulk=True),
        Rule(
            "counts_match_completeness",
            "ERROR",
            "consistency",
            "the counts of each month sum to the offences and incidents that the completeness table says were counted",
            (none("months_that_differ"),),
        ),
        Rule(
            "counts_match_rows",
            "ERROR",
            "consistency",
            "the counts in the partnership's area sum to its rows, by month and category",
            (none("cells_that_differ"),),
        ),
    )

    def profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
        count, completeness, rows = frames[contract.COUNT.name], frames[_COMPLETENESS], frames[contract.ROWS.name]
        cells = ["month", "lsoa_code", "category"]
        placed = rows.groupby(cells).size()
        here = count[count["lsoa_code"].isin(set(rows["lsoa_code"]))]
        return {
            **violations(contract.COUNT, count),
            "months_that_differ": _differing(
                count.groupby("month")["counted"].sum(), completeness.groupby("month")["counted"].sum()
            ),
            "cells_that_differ": _differing(here.groupby(cells)["counted"].sum(), placed),
        }

    return Suite(contract.COUNT.name, rules, reads=(_COMPLETENESS, contract.ROWS.name), profile=profile)


def _completeness(limits: Mapping[str, float]) -> Suite:
    rules = (
        *contract_rules(contract.COMPLETENESS, bulk=True),
        Rule(
            "rows_conserved",
            "ERROR",
            "consistency",
            "every delivered row was counted, merged or set aside: none is lost, none made",
            (none("months_not_conserved"),),
        ),
        Rule(
            "bad_rows",
            "ERROR",
            "validity",
            f"no month has more than {limits['bad_rows_block']:.0%} rows out of contract",
            (at_most("worst_bad_share", limits["bad_rows_block"]),),
        ),
        Rule(
            "repeated_ids",
            "ERROR",
            "uniqueness",
            f"no file repeats more than {limits['repeated_id_block']:.0%} of its Crime IDs: a file appended to itself"
            " would count every row without a Crime ID twice (other forces reach about 2.5%)",
            (at_most("worst_repeated_share", limits["repeated_id_block"]),),
        ),
        Rule(
            "category_known",
            "ERROR",
            "validity",
            "every crime type is in the dated category table for its month",
            (none("unknown_category"),),
        ),
        Rule(
            "no_month_vanished",
            "ERROR",
            "completeness",
            "no month that an earlier version or the last release had rows for has lost them all",
            (none("vanished_months"),),
        ),
        Rule(
            "not_shrunk",
            "ERROR",
            "completeness",
            f"no redelivered month has lost more than {limits['shrink_block']:.0%} of its rows",
            (at_most("worst_shrink_share", limits["shrink_block"]),),
        ),
        Rule(
            "some_month_complete",
            "ERROR",
            "completeness",
            "at least one month of the partnership's force is there",
            (at_least("complete_months", 1),),
        ),
        Rule(
            "lsoa_matched",
            "ERROR",
            "consistency",
            f"no month has more than {limits['unmatched_block']:.1%} rows with the area's name but an LSOA code that no"
            " lookup holds",
            (at_most("worst_unmatched_share", limits["unmatched_block"]),),
        ),
        Rule(
            "unplaced_usual",
            "WARN",
            "accuracy",
            "no month has more than 10% rows without an LSOA (3% to 9% is usual): they count in no city",
            (at_most("worst_unplaced_share", 0.10),),
        ),
        Rule(
            "volume_usual",
            "WARN",
            "accuracy",
            "no month has less than half or more than twice the force's median rows",
            (none("unusual_months"),),
        ),
    )

    def profile(frames: Mapping[str, pd.DataFrame], facts: Facts) -> Profile:
        held = frames[_COMPLETENESS]
        there = held[held["received"] == 1]
        sums = there[["quarantined", "repeated", "moved", "counted"]].sum(axis=1)
        ours = there[there["force"].isin(facts.forces)]
        versions = there[there["previous_rows"].notna()]
        emptied = versions[(versions["previous_in_area"] > 0) & (versions["in_area"] == 0)]
        released = {(force, month) for force in facts.forces for month in facts.months_released.get(force, ())}
        now = set(ours.loc[ours["in_area"] > 0, ["force", "month"]].itertuples(index=False, name=None))
        gone = released - now | set(emptied[["force", "month"]].itertuples(index=False, name=None))
        median = there.groupby("force")["delivered_rows"].transform("median")
        unusual = (there["delivered_rows"] < median / 2) | (there["delivered_rows"] > median * 2)
        return {
            **violations(contract.COMPLETENESS, held),
            "months_not_conserved": int((sums != there["delivered_rows"]).sum()),
            "worst_bad_share": _worst(there["quarantined"], there["delivered_rows"]),
            "worst_repeated_share": _worst(there["repeated"], there["delivered_rows"] - there["without_id"]),
            "unknown_category": int(there["unknown_category"].sum()),
            "vanished_months": len(gone),
            "worst_shrink_share": _worst(
                versions["previous_rows"] - versions["delivered_rows"], versions["previous_rows"]
            ),
            "complete_months": len(ours),
            "worst_unmatched_share": _worst(ours["unmatched"], ours["in_area"] + ours["unmatched"]),
            "worst_unplaced_share": _worst(ours["unplaced"], ours["counted"]),
            "unusual_months": int(unusual.sum()),
        }

    return Suite(_COMPLETENESS, rules, profile=profile)


def _quarantine() -> Suite:
    rules = (
        *contract_rules(contract.QUARANTINE, bulk=True),
        Rule(
            "quarantine_matches_completeness",
            "ERROR",
            "consistency",
            "every row that the completeness table says was set aside is listed",
            (none("months_that_differ"),),
        ),
    )

    def profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
        key = ["force", "month"]
        rows = frames[contract.QUARANTINE.name]
        expected = frames[_COMPLETENESS].groupby(key)["quarantined"].sum()
        return {
            **violations(contract.QUARANTINE, rows),
            "months_that_differ": _differing(rows.groupby(key).size(), expected),
        }

    return Suite(contract.QUARANTINE.name, rules, reads=(_COMPLETENESS,), profile=profile)


def _differing(left: pd.Series, right: pd.Series) -> int:
    """How many cells of two tables of counts are not equal; an absent cell is 0."""
    both = pd.concat([left.rename("left"), right.rename("right")], axis=1).fillna(0)
    return int((both["left"] != both["right"]).sum())


def _worst(part: pd.Series, whole: pd.Series) -> float:
    """The largest share; 0 when there is nothing to share."""
    shares = (part / whole.where(whole > 0)).dropna()
    return float(shares.max()) if len(shares) else 0.0
