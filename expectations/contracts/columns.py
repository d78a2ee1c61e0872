"""Columns that many clean tables share: pseudonyms, days, months, flags.

Here: how each is written down, once. Not here: any table (one file each, beside this one).
"""

from expectations.contracts.model import DATE_PATTERN, KEY_PATTERN, MONTH_PATTERN, STRANDS, Column, DataClass

FLAG = ("Y", "N")
#: A code of a list that the sender keeps: no room for a sentence or a name.
CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_./-]{0,19}$"
#: A word of a list in lower case, parts joined by hyphens or underscores.
SLUG_PATTERN = r"^[a-z0-9]+([_-][a-z0-9]+)*$"
LSOA_PATTERN = r"^[EW]01\d{6}$"
LSOA_VINTAGES = ("2001", "2011", "2021")
#: One strand or several, sorted, separated by semicolons.
STRANDS_PATTERN = rf"^({'|'.join(STRANDS)})(;({'|'.join(STRANDS)}))*$"


def pseudonym(name: str, meaning: str, *, nullable: bool = False, data_class: DataClass = "P") -> Column:
    """A keyed pseudonym, the only form in which a reference of a sender's goes beyond raw (spec section 6, 2)."""
    return Column(name, "string", meaning, nullable=nullable, pattern=KEY_PATTERN, data_class=data_class)


def day(name: str, meaning: str, *, nullable: bool = False, data_class: DataClass = "Q") -> Column:
    """A date, where a rule of a measure needs the day (spec section 6, 7)."""
    return Column(name, "string", meaning, nullable=nullable, pattern=DATE_PATTERN, data_class=data_class)


def month(meaning: str, name: str = "month", *, nullable: bool = False) -> Column:
    """A month, in which the row is counted."""
    return Column(name, "string", meaning, nullable=nullable, pattern=MONTH_PATTERN)


def flag(name: str, meaning: str, *, nullable: bool = False, data_class: DataClass = "-") -> Column:
    """Y or N."""
    return Column(name, "string", meaning, nullable=nullable, allowed=FLAG, data_class=data_class)
