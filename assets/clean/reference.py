"""Reading a delivered reference table: text to the types of its contract (spec 3.9).

Here: one pure function for all reference tables. Not here: whether the rows are right (their suites).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from expectations.contracts.model import Table


class ReferenceError(Exception):
    """A delivered table cannot be typed; one line: table, column, count of values, remedy. Never a value."""


def read_reference(table: Table, path: Path) -> pd.DataFrame:
    """The rows of a delivered CSV with the columns of the contract; an empty cell is missing.

    Columns may stand in any order, and an optional one may be absent (registration refused any other header).

    Raises:
        ReferenceError: values of a number column are not numbers, or not whole where they must be.
    """
    text = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", skip_blank_lines=True)
    rows = {}
    for column in table.columns:
        given = text[column.name] if column.name in text else pd.Series("", index=text.index, dtype=str)
        cells = given.where(given != "")
        if column.type == "string":
            rows[column.name] = cells
            continue
        numbers = pd.to_numeric(cells, errors="coerce")
        wrong = (numbers.isna() & cells.notna()) | numbers.isin([float("inf"), float("-inf")])
        if column.type == "int":
            wrong |= numbers.notna() & (numbers % 1 != 0)
        if wrong.any():
            kind = "whole numbers" if column.type == "int" else "numbers"
            raise ReferenceError(
                f"{table.name.removeprefix('clean_')}: column {column.name}: {int(wrong.sum())} values are not {kind}:"
                " correct them and deliver the file again"
            )
        rows[column.name] = numbers.astype("Int64") if column.type == "int" else numbers.astype(float)
    return pd.DataFrame(rows)
