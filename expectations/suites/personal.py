"""Whether a cell looks as if it named a person: e-mail, telephone, National Insurance number, full postcode, name (spec 6, 4).

Here: the patterns, one count over a table and the rule that it be 0, for all clean tables of partner sources. Not here: what keeps
such values out in the first place (the contracts: unknown columns are refused, every column is a key, a code or a number).
"""

from __future__ import annotations

import re

import pandas as pd

from expectations.contracts.model import KEY_PATTERN, Table
from expectations.suites.model import Rule, none

#: Code lists may join words by these, which must not hide a name.
_JOINS = re.compile(r"[_./-]+")
#: Capitalised words that stand in editions and titles, not in names.
_NO_NAMES = "Edition|Version|Star|First|Second|Third|Fourth|Fifth|New|Revised|Adult|Young|Person|Pilot|Draft"
#: Looked for in the cell as it is written.
_WRITTEN = re.compile(
    r"""(?ix)
      [^\s@]+@[^\s@]+\.[^\s@]                                   # e-mail
    | (?<!\d)(?:\+44|0044|0)(?:[\s()._-]*\d){9,10}(?!\d)        # telephone of the United Kingdom
    | (?<![a-z\d])[a-ceghj-pr-tw-z]{2}[\s._-]*(?:\d{2}[\s._-]*){3}[a-d](?![a-z\d])  # National Insurance number
    | (?<![a-z\d])[a-z]{1,2}\d[a-z\d]?[\s._-]*\d[a-z]{2}(?![a-z\d])                 # full postcode
    """
)
#: Looked for with joined words parted.
_NAMES = re.compile(
    rf"""(?x)
      (?i:\b(?:mr|mrs|ms|miss|mx|dr|rev|prof)\b\s*[a-z]{{2}})   # a title before a word
    | \b(?!(?:{_NO_NAMES})\b)[A-Z][\w'’]+\s+(?:[A-Z]\s+)?(?!(?:{_NO_NAMES})\b)[A-Z][a-zA-Z'’]+\b  # two capitalised words
    | ^[^\W\d][^\W\d'’ ]+,\s*[^\W\d]                            # surname, first name
    """
)

NO_PERSONAL_PATTERN = Rule(
    "no_personal_pattern",
    "ERROR",
    "validity",
    "no cell looks like an e-mail address, a telephone or National Insurance number, a full postcode or a name: such data must"
    " never leave the sender",
    (none("personal_patterns"),),
)


def personal_patterns(table: Table, rows: pd.DataFrame) -> dict[str, float | None]:
    """Figure of `NO_PERSONAL_PATTERN`: cells that look as if they named a person, in columns that could hold such text.

    A column with a closed list of values, and a pseudonym, cannot.
    """
    open_to_text = [c.name for c in table.columns if c.type == "string" and not c.allowed and c.pattern != KEY_PATTERN]
    found = 0
    for name in open_to_text:
        # Few distinct values: each is looked at once.
        counts = rows[name].dropna().astype("str").value_counts()
        found += sum(int(times) for text, times in counts.items() if _looks_personal(str(text)))
    return {"personal_patterns": found}


def _looks_personal(text: str) -> bool:
    return bool(_WRITTEN.search(text) or _NAMES.search(_JOINS.sub(" ", text)))
