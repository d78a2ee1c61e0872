"""Rules that follow from a contract alone: rows, columns, completeness, key, valid values.

Delivered reference tables are checked row by row by Great Expectations; all others, `bulk`, by the counts of violations of a
single vectorised pass, on which Great Expectations then asserts. A test holds the two to one verdict.
"""

from __future__ import annotations

import pandas as pd

from expectations.contracts.model import Column, Table
from expectations.suites.model import Expect, Rule, Suite, at_least, none


def contract_rules(table: Table, *, bulk: bool = False) -> tuple[Rule, ...]:
    """The rules of a contract, in the order in which a person would look."""
    mandatory = [c for c in table.columns if not c.nullable]
    restricted = [c for c in table.columns if c.allowed or c.pattern or c.minimum is not None or c.maximum is not None]
    floor = Rule(
        "row_floor",
        "ERROR",
        "completeness",
        f"at least {table.minimum_rows} rows: an empty table passes every other rule",
        (at_least("rows_held", table.minimum_rows),)
        if bulk
        else (Expect("ExpectTableRowCountToBeBetween", {"min_value": table.minimum_rows}),),
    )
    rules = [
        # A table that may be empty has no floor: no number of rows could fail it.
        *([floor] if table.minimum_rows else []),
        Rule(
            "columns",
            "ERROR",
            "validity",
            "exactly the columns of the contract, in its order",
            (none("columns_that_differ"),)
            if bulk
            else (Expect("ExpectTableColumnsToMatchOrderedList", {"column_list": table.column_names}),),
        ),
        Rule(
            "complete",
            "ERROR",
            "completeness",
            "no blank in a mandatory column",
            (none("blank_mandatory"),)
            if bulk
            else tuple(Expect("ExpectColumnValuesToNotBeNull", {"column": c.name}) for c in mandatory),
        ),
        Rule(
            "key_unique",
            "ERROR",
            "uniqueness",
            f"one row for each {', '.join(table.key)}",
            (none("repeated_keys") if bulk else _unique(table),),
        ),
    ]
    if restricted:
        rules.append(
            Rule(
                "valid",
                "ERROR",
                "validity",
                "every value is of the kind, range or list that the contract allows",
                (none("invalid_values"),) if bulk else tuple(_valid(c) for c in restricted),
            )
        )
    return tuple(rules)


def contract_met(table: Table) -> Rule:
    """All rules of a contract as one, for the small tables that the pipeline keeps about its own deliveries."""
    parts = contract_rules(table, bulk=True)
    return Rule(
        "contract_met",
        "ERROR",
        "validity",
        "; ".join(part.reason for part in parts),
        tuple(expect for part in parts for expect in part.expects),
    )


def contract_suite(table: Table) -> Suite:
    """The suite of a table that has no rules but those of its contract."""
    return Suite(
        table.name,
        contract_rules(table, bulk=True),
        profile=lambda frames, _facts: violations(table, frames[table.name]),
    )


def violations(table: Table, rows: pd.DataFrame) -> dict[str, float | None]:
    """One pass over a bulk table: how many blanks, repeated keys and invalid values it holds."""
    differing = list(rows.columns) != table.column_names
    there = [c for c in table.columns if c.name in rows]
    blank = sum(int(rows[c.name].isna().sum()) for c in there if not c.nullable)
    invalid = 0
    for column in there:
        held = rows[column.name].dropna()
        if column.allowed:
            invalid += int((~held.isin(column.allowed)).sum())
        if column.pattern:
            # Few distinct values: match each once.
            counts = held.value_counts()
            invalid += int(counts[~counts.index.astype(str).str.fullmatch(column.pattern)].sum())
        if column.minimum is not None:
            invalid += int((held < column.minimum).sum())
        if column.maximum is not None:
            invalid += int((held > column.maximum).sum())
    return {
        "rows_held": len(rows),
        "columns_that_differ": int(differing),
        "blank_mandatory": blank,
        "repeated_keys": int(rows.duplicated([name for name in table.key if name in rows]).sum()),
        "invalid_values": invalid,
    }


def _unique(table: Table) -> Expect:
    if len(table.key) == 1:
        return Expect("ExpectColumnValuesToBeUnique", {"column": table.key[0]})
    return Expect("ExpectCompoundColumnsToBeUnique", {"column_list": list(table.key)})


def _valid(column: Column) -> Expect:
    if column.allowed:
        return Expect("ExpectColumnValuesToBeInSet", {"column": column.name, "value_set": list(column.allowed)})
    if column.pattern:
        return Expect("ExpectColumnValuesToMatchRegex", {"column": column.name, "regex": column.pattern})
    return Expect(
        "ExpectColumnValuesToBeBetween",
        {"column": column.name, "min_value": column.minimum, "max_value": column.maximum},
    )
