"""What a contract is: the one description of a table from which everything else is made.

Here: the two record types `Column` and `Table`. Not here: any table (one file each, beside this one), any check
(`expectations/suites`), any SQL (`resources/warehouse.py` makes the table from its contract).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ColumnType = Literal["string", "int", "float"]
#: Class of a column (spec section 3.1): D direct identifier, P pseudonym, Q quasi-identifier, S special category,
#: C criminal-offence data, "-" none.
DataClass = Literal["D", "P", "Q", "S", "C", "-"]


@dataclass(frozen=True)
class Column:
    """One column: type, meaning, unit and what it may hold.

    Months are text `YYYY-MM`, dates text `YYYY-MM-DD`: they sort, and read the same in every database.
    """

    name: str
    type: ColumnType
    meaning: str
    unit: str = ""
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    data_class: DataClass = "-"


@dataclass(frozen=True)
class Table:
    """One table: grain, key, columns, and how many rows it must have at least.

    `key` is unique and never null; its order is the order of the rows wherever the table is hashed or written.
    """

    name: str
    meaning: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    minimum_rows: int = 1
    purpose: str = ""
    lawful_basis: str = ""
    retention: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def column_names(self) -> list[str]:
        """Names in the order of the contract."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")
