"""What a column may hold, in the words of someone who fills it in: for templates and for the data dictionary.

Here: types, allowed values, null rules and classes of data in words. Not here: any layout (`expectations/templates.py`,
`expectations/dictionary.py`).
"""

from __future__ import annotations

from expectations.contracts import columns
from expectations.contracts.asb_star import EDITION_PATTERN
from expectations.contracts.model import (
    DATE_PATTERN,
    KEY_PATTERN,
    MONTH_PATTERN,
    QUARTER_PATTERN,
    Column,
    ColumnType,
    DataClass,
    Field,
    FieldType,
)

TYPES: dict[FieldType | ColumnType, str] = {
    "string": "text",
    "key": "reference",
    "int": "whole number",
    "float": "number",
    "date": "date",
    "timestamp": "date and time",
    "quarter": "quarter",
    "flag": "Y or N",
    "enum": "one value",
    "list": "one or several values",
}
CLASSES: dict[DataClass, str] = {
    "D": "direct identifier, never sent",
    "P": "pseudonym",
    "Q": "quasi-identifier",
    "S": "special category",
    "C": "criminal-offence data",
    "PC": "pseudonym, criminal-offence data",
    "-": "none",
}
_FORMS: dict[FieldType, str] = {
    "key": "any text; it becomes a pseudonym on the way in",
    "date": "YYYY-MM-DD",
    "timestamp": "YYYY-MM-DD HH:MM, local time; or with Z or an offset",
    "quarter": "such as 2015-16Q1, April to June 2015",
}
_STRANDS = "strands, sorted, separated by ;"
_PATTERNS = {
    columns.CODE_PATTERN: "a code of at most 20 letters, digits and _ . / -",
    columns.SLUG_PATTERN: "lower-case words joined by - or _",
    columns.LSOA_PATTERN: "E01 or W01 and six digits",
    columns.STRANDS_PATTERN: _STRANDS,
    rf"^$|{columns.STRANDS_PATTERN}": f"{_STRANDS}, or empty text",
    EDITION_PATTERN: "at most 20 letters, digits, blanks, . and -",
    DATE_PATTERN: "YYYY-MM-DD",
    MONTH_PATTERN: "YYYY-MM",
    rf"^$|{MONTH_PATTERN}": "YYYY-MM, or empty text",
    QUARTER_PATTERN: "such as 2015-16Q1",
    KEY_PATTERN: "64 hexadecimal digits",
}


def allowed(column: Field | Column) -> str:
    """Values, range or form of a column; empty text where anything of its type goes."""
    if column.allowed:
        values = ", ".join("(empty text)" if value == "" else value for value in column.allowed)
        return f"{values}; several separated by ;" if column.type == "list" else values
    if column.pattern:
        return _PATTERNS.get(column.pattern, f"pattern {column.pattern}")
    low, high = column.minimum, column.maximum
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None or high is not None:
        return f"{low:g} or more" if low is not None else f"{high:g} or less"
    return _FORMS.get(column.type, "") if isinstance(column, Field) else ""


def null_rule(column: Field | Column) -> str:
    """Whether a cell may be empty, and what stands for that."""
    if not column.nullable:
        return "never empty"
    if isinstance(column, Column):
        return "may be empty"
    return "may be empty, or the column left out" + ("; N/A or a dash is empty too" if column.null_words else "")
