"""Rules that follow from a contract alone: rows, columns, completeness, key, valid values.

Small tables are checked row by row by Great Expectations; `bulk` ones (hundreds of thousands of rows) by the counts of
violations of a single vectorised pass, on which Great Expectations then asserts. A test holds the two to one verdict.
"""

from __future__ import annotations

import pandas as pd

from expectations.contracts.model import Column, Table
from expectations.suites.model import Expect, Rule, none


def contract_rules(table: Table, *, bulk: bool = False) -> tuple[Rule, ...]:
    """The rules of a contract, in the order in which a person would look."""
    mandatory = [c for c in table.columns if not c.nullable]
    restricted = [c for c in table.columns if c.allowed or c.pattern or c.minimum is not None or c.maximum is not None]
    rules = [
        Rule(
            "row_floor",
            "ERROR",
            "completeness",
            f"at least {table.minimum_rows} rows: an empty table passes every other rule",
            (Expect("ExpectTableRowCountToBeBetween", {"min_value": table.minimum_rows}),),
        ),
        Rule(
            "columns",
            "ERROR",
            "validity",
            "exactly the columns of the contract, in its order",
            (Expect("ExpectTableColumnsToMatchOrderedList", {"column_list": table.column_names}),),
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


def violations(table: Table, rows: pd.DataFrame) -> dict[str, float | None]:
    """One pass over a bulk table: how many blanks, repeated keys and invalid values it holds."""
    blank = sum(int(rows[c.name].isna().sum()) for c in table.columns if not c.nullable)
    invalid = 0
    for column in table.columns:
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
        "blank_mandatory": blank,
        "repeated_keys": int(rows.duplicated(list(table.key)).sum()),
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
