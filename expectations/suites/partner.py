"""Suites of the four tables of every partner source (spec 3.1, 3.10).

Here: the rules that are the same for all twelve: deliveries, account, quarantine, contract of the clean table. A source's own
rules stand in the file of its name beside this one, which `suites` joins to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Protocol, cast

import pandas as pd

from expectations.contracts import PARTNERS
from expectations.contracts.partner import Source
from expectations.suites.generic import contract_met, contract_rules, violations
from expectations.suites.model import Facts, Profile, Rule, Suite, at_least, at_most, none
from methods.spc import xmr

#: A month that had so many rows in the version before and has none now has vanished.
_MANY = 10


class Own(Protocol):
    """A source's own file of rules about its clean table."""

    RULES: Callable[[Mapping[str, float]], tuple[Rule, ...]]
    READS: tuple[str, ...]
    profile: Callable[[Mapping[str, pd.DataFrame], Facts], Profile]


def suites(limits: Mapping[str, float]) -> tuple[Suite, ...]:
    """Every suite of every partner source, with the thresholds of the register."""
    found: list[Suite] = []
    for source in PARTNERS.values():
        own = cast(Own, import_module(f"expectations.suites.{source.name}"))
        found += [_raw(source), _clean(source, own, limits), _completeness(source, limits), _quarantine(source)]
    return tuple(found)


def _raw(source: Source) -> Suite:
    table = source.raw
    rules = (
        contract_met(table),
        Rule(
            "coverage_not_shorter",
            "ERROR",
            "completeness",
            "a later full extract reaches at least as far as the one it replaces",
            (none("extracts_that_end_earlier"),),
        ),
    )

    def profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
        rows = frames[table.name]
        shorter = rows["replaces_until"].fillna("") > rows["coverage_end"]
        return {**violations(table, rows), "extracts_that_end_earlier": int(shorter.sum())}

    return Suite(table.name, rules, profile=profile)


def _clean(source: Source, own: Own, limits: Mapping[str, float]) -> Suite:
    table = source.clean
    account = source.completeness.name
    rules = (
        *contract_rules(table, bulk=True),
        Rule(
            "rows_match_completeness",
            "ERROR",
            "consistency",
            "the table holds as many rows as the account says were counted",
            (none("rows_that_differ"),),
        ),
        *own.RULES(limits),
    )

    def profile(frames: Mapping[str, pd.DataFrame], facts: Facts) -> Profile:
        rows = frames[table.name]
        return {
            **violations(table, rows),
            "rows_that_differ": abs(len(rows) - int(frames[account]["counted"].sum())),
            **own.profile(frames, facts),
        }

    return Suite(table.name, rules, reads=tuple(dict.fromkeys((account, *own.READS))), profile=profile)


def _completeness(source: Source, limits: Mapping[str, float]) -> Suite:
    table, bad = source.completeness, source.quarantine.name
    rules = (
        contract_met(table),
        Rule(
            "rows_conserved",
            "ERROR",
            "consistency",
            "every delivered row is counted, merged, replaced, out of scope or set aside, and only one of these",
            (none("months_not_conserved"),),
        ),
        Rule(
            "bad_rows",
            "ERROR",
            "validity",
            f"not more than {limits['bad_rows_block']:.0%} of the delivered rows are unreadable or out of contract",
            (at_most("bad_share", limits["bad_rows_block"]),),
        ),
        Rule(
            "keys_unique",
            "ERROR",
            "uniqueness",
            "no two rows bear the same key: one row is one " + source.delivery.grain.removeprefix("one "),
            (none("repeated_key_rows"),),
        ),
        Rule(
            "no_month_vanished",
            "ERROR",
            "completeness",
            "no month that an earlier release had is covered no more, or has lost all its rows",
            (none("months_vanished"),),
        ),
        Rule(
            "not_shrunk",
            "ERROR",
            "completeness",
            f"a later full extract has not lost more than {limits['shrink_block']:.0%} of the rows of the one it replaces",
            (at_most("lost_share", limits["shrink_block"]),),
            may_not_apply=True,
        ),
        Rule(
            "some_month_complete",
            "ERROR",
            "completeness",
            "at least one whole month was delivered",
            (at_least("months_received", 1),),
        ),
        Rule(
            "volume_usual",
            "WARN",
            "accuracy",
            "the number of rows of each month lies within what chance explains (XmR limits)",
            (none("months_out_of_limits"),),
            may_not_apply=True,
        ),
    )

    def profile(frames: Mapping[str, pd.DataFrame], facts: Facts) -> Profile:
        rows, quarantine = frames[table.name], frames[bad]
        months = rows[rows["month"] != ""]
        parts = rows[["quarantined", "superseded", "repeated", "out_of_scope", "counted"]].sum(axis=1)
        delivered = int(rows["delivered_rows"].sum())
        gone = set(facts.months_released.get(source.name, ())) - set(months.loc[months["received"] == 1, "month"])
        emptied = (rows["previous_rows"] >= _MANY).fillna(False) & (rows["delivered_rows"] == rows["superseded"])
        return {
            **violations(table, rows),
            "months_not_conserved": int((parts != rows["delivered_rows"]).sum()),
            "bad_share": int(rows["quarantined"].sum()) / delivered if delivered else 0.0,
            "repeated_key_rows": int((quarantine["reason"] == "key_repeated").sum()),
            "months_vanished": len(gone | set(rows.loc[emptied.astype(bool), "month"])),
            "lost_share": _lost(rows),
            "months_received": int(months["received"].sum()),
            "months_out_of_limits": _unusual(months),
        }

    return Suite(table.name, rules, reads=(bad,), profile=profile)


def _lost(rows: pd.DataFrame) -> float | None:
    """Share of the rows of the version before that are no longer there; None for a first delivery."""
    before = rows["previous_rows"].dropna()
    if before.empty or before.sum() == 0:
        return None
    now = (rows["delivered_rows"] - rows["superseded"])[rows["previous_rows"] > 0].sum()
    return max(0.0, 1 - float(now) / float(before.sum()))


def _unusual(months: pd.DataFrame) -> float | None:
    """Months received whose rows lie outside the XmR limits of all of them; None for too short a series."""
    received = months[months["received"] == 1].sort_values("month")
    chart = xmr([float(n) for n in received["counted"]])
    if chart.status == "none":
        return None
    return sum(flag in ("UCL", "LCL") for flag in chart.flags)


def _quarantine(source: Source) -> Suite:
    table, account = source.quarantine, source.completeness.name
    rules = (
        contract_met(table),
        Rule(
            "rows_match_completeness",
            "ERROR",
            "consistency",
            "as many rows stand here as the account says were set aside",
            (none("rows_that_differ"),),
        ),
    )

    def profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
        rows = frames[table.name]
        return {
            **violations(table, rows),
            "rows_that_differ": abs(len(rows) - int(frames[account]["quarantined"].sum())),
        }

    return Suite(table.name, rules, reads=(account,), profile=profile)
