"""What the clean rule of a partner source is given and gives back. Here: record types only; the rules are one file a source.

The rule sees typed rows of the deliveries that count, references as delivered; they become pseudonyms after it, so that no
rule can depend on the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

#: One row of a dated code table of the register: code, what it stands for, valid from, valid to (`YYYY-MM-DD`, None if open).
DatedCode = tuple[str, str, str, str | None]


@dataclass(frozen=True)
class Known:
    """What the register says that a clean rule needs.

    Attributes:
        area_code: ONS code of the partnership's area (`csp_code` of its crimes).
        local_area: name of its area in the probation extract.
        lookback_months: a referral is first-time when none came in so many months before it.
        engaged_days: days within which accepted support, or a contact after consent, counts as engaged.
        dash_working_days: working days within which a DASH score is on time.
        holidays: bank holidays, for working days.
        offence_codes: every code known, with its group of serious acquisitive crime.
        violence_codes: codes of violence, with their group.
        sexual_codes: codes of sexual offences.
        aggravated_codes: racially or religiously aggravated codes.
        agencies: agencies of the register's list.
        licence_effects: what each licence event does to a cohort: failing, not_failing, excluding or none.
    """

    area_code: str
    local_area: str
    lookback_months: int = 24
    engaged_days: int = 28
    dash_working_days: int = 5
    holidays: frozenset[date] = frozenset()
    offence_codes: tuple[DatedCode, ...] = ()
    violence_codes: tuple[DatedCode, ...] = ()
    sexual_codes: tuple[DatedCode, ...] = ()
    aggravated_codes: tuple[DatedCode, ...] = ()
    agencies: frozenset[str] = frozenset()
    licence_effects: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cleaned:
    """What became of every row given to a rule: it is in exactly one of the four.

    Attributes:
        rows: the clean rows in the columns of the contract, under the labels of the rows they come from.
        rejected: reason code by label of a row that is set aside.
        repeated: labels of rows merged into another by the rule of the source.
        out_of_scope: labels of rows that are not of this area or of no measure's kind.
    """

    rows: pd.DataFrame
    rejected: Mapping[int, str] = field(default_factory=dict)
    repeated: frozenset[int] = frozenset()
    out_of_scope: frozenset[int] = frozenset()
