"""What a contract is: the one description of a table from which everything else is made.

Here: the record types `Column` and `Table` (a table of the warehouse), `Field` and `Delivery` (what a partner sends).
Not here: any table (one file each, beside this one), any check (`expectations/suites`), any SQL
(`resources/warehouse.py` makes the table from its contract).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ColumnType = Literal["string", "int", "float"]
FieldType = Literal["string", "key", "int", "date", "timestamp", "quarter", "flag", "enum", "list"]
#: Class of a column (spec section 3.1): D direct identifier, P pseudonym, Q quasi-identifier, S special category,
#: C criminal-offence data, "-" none. Several letters where several hold, gravest first, such as "PC".
DataClass = Literal["D", "P", "Q", "S", "C", "PC", "-"]
#: Agency domains: what belongs together is keyed alike and joins, and nothing else (spec section 6, 2).
#: Answers to a survey are nobody's case: they have a domain to themselves, so that they can never be joined to one.
Domain = Literal["", "police", "pdas", "training", "asb", "crc", "hate", "asb_survey", "hate_survey"]

STRANDS = ("race", "religion", "sexual_orientation", "disability", "transgender", "other")
AGE_BANDS = ("0-4", "5-10", "11-15", "16-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75+")
#: Words that some senders write for "nothing"; a field takes those it names as null, and no others.
NULL_WORDS = ("N/A", "n/a", "NA", "-", "--", "–")

KEY_PATTERN = r"^[0-9a-f]{64}$"
MONTH_PATTERN = r"^\d{4}-(0[1-9]|1[0-2])$"
DATE_PATTERN = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
QUARTER_PATTERN = r"^\d{4}-\d{2}Q[1-4]$"
SHA256_PATTERN = r"^[0-9a-f]{64}$"


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


@dataclass(frozen=True)
class Field:
    """One column of a delivery: type, meaning, what it may hold, its class, and what it is used for.

    Attributes:
        name: header of the column.
        type: `key` is a reference of the sender's that becomes a keyed pseudonym of `domain` on the way into clean;
            `list` holds values of `allowed` separated by `;`; `flag` is Y or N; `quarter` is written `2015-16Q1`.
        meaning: what it says.
        unit: unit of a number.
        nullable: whether a cell may be empty; such a column may be absent from the header (all empty then).
        allowed: values of an enum or list.
        minimum: least number.
        maximum: greatest number.
        pattern: regular expression of the whole text.
        data_class: class of the column.
        domain: agency domain of a key.
        null_words: words that stand for an empty cell in this column.
        purpose: what the column is needed for, where that is not the table's purpose.
    """

    name: str
    type: FieldType
    meaning: str
    unit: str = ""
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    data_class: DataClass = "-"
    domain: Domain = ""
    null_words: tuple[str, ...] = ()
    purpose: str = ""

    def __post_init__(self) -> None:
        """Refuse a field that could not be read or keyed as it says."""
        if (self.type == "key") is not bool(self.domain):
            raise ValueError(f"{self.name}: a key has a domain, and nothing else has")
        if self.type in ("enum", "list") and not self.allowed:
            raise ValueError(f"{self.name}: an enum or list needs its values")


@dataclass(frozen=True)
class Delivery:
    """What a partner sends: its fields, its key and the date that places a row in time (spec section 3).

    Attributes:
        source: name of the source, which is its folder in landing.
        meaning: what the table holds.
        grain: what one row is.
        key: fields that tell rows apart.
        period: field whose date (of a quarter: its last day) must lie in the delivery's coverage.
        fields: the columns that may be delivered.
        purpose: why the partnership holds it.
        lawful_basis: under which law.
        retention: how long the clean rows are kept.
        volume: rows to expect, in words.
    """

    source: str
    meaning: str
    grain: str
    key: tuple[str, ...]
    period: str
    fields: tuple[Field, ...]
    purpose: str
    lawful_basis: str
    retention: str
    volume: str = ""

    @property
    def field_names(self) -> list[str]:
        """Names in the order of the contract."""
        return [one.name for one in self.fields]

    @property
    def mandatory(self) -> list[str]:
        """Columns that a header must have."""
        return [one.name for one in self.fields if not one.nullable]

    def field(self, name: str) -> Field:
        """The field of that name; KeyError if the contract has none."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(f"{self.source} has no column {name}")
