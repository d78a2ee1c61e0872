"""What the clean rules of several partner sources share (spec 3): sorting rows out, order of dates, dated codes, Y and N.

Here: pure functions on columns of typed rows. Not here: the rule of a source (one file each), types and coverage (`typed.py`,
`partner.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.clean.cleaned import Cleaned, DatedCode
from expectations.contracts.model import Table

#: A code without a last day is valid for good.
_FOR_GOOD = "9999-12-31"


@dataclass(frozen=True)
class Sorting:
    """Rows sorted out: those to keep, the reason of each that is set aside, those out of scope."""

    kept: pd.DataFrame
    rejected: Mapping[int, str]
    out_of_scope: frozenset[int]

    def cleaned(self, table: Table, rows: pd.DataFrame, repeated: Collection[int] = ()) -> Cleaned:
        """What became of every row, the clean rows in the columns of the contract."""
        return Cleaned(rows[table.column_names], self.rejected, frozenset(repeated), self.out_of_scope)


def sort_out(
    rows: pd.DataFrame, faults: Mapping[str, pd.Series] | None = None, out_of_scope: pd.Series | None = None
) -> Sorting:
    """Part the rows that are out of scope, then those with a fault, from the rest.

    Args:
        rows: typed rows.
        faults: by reason code, which rows have it; the first reason counts.
        out_of_scope: which rows are not of this area or of no measure's kind; nothing else is asked of them.
    """
    outside = pd.Series(False, index=rows.index) if out_of_scope is None else out_of_scope
    reasons = pd.Series("", index=rows.index, dtype="str")
    for reason, wrong in (faults or {}).items():
        reasons = reasons.mask(wrong & ~outside & (reasons == ""), reason)
    return Sorting(
        rows[~outside & (reasons == "")],
        {int(label): reason for label, reason in reasons[reasons != ""].items()},
        frozenset(rows.index[outside].tolist()),
    )


def yes_no(condition: pd.Series) -> pd.Series:
    """Y where the condition holds, else N; a condition that cannot be told does not hold."""
    return pd.Series(np.where(condition.fillna(False).astype(bool), "Y", "N"), index=condition.index, dtype="str")


def days(dates: pd.Series) -> pd.Series:
    """Dates written YYYY-MM-DD as days to reckon with."""
    # Of one resolution also where all are blank, so that any two columns of days can be joined.
    return pd.to_datetime(dates, format="%Y-%m-%d").astype("datetime64[s]")


def months_later(dates: pd.Series, months: int) -> pd.Series:
    """The same day so many months later (earlier if negative); a day that the month lacks is its last (29 February)."""
    return dates + pd.DateOffset(months=months)


def out_of_order(*stages: pd.Series | Sequence[pd.Series]) -> pd.Series:
    """Whether a date lies before one of an earlier stage. The dates of one stage may come in any order; a blank compares to none.

    Args:
        stages: dates written YYYY-MM-DD, or several such columns, in the order in which things happen.
    """
    columns = [[days(one) for one in ([stage] if isinstance(stage, pd.Series) else stage)] for stage in stages]
    wrong = pd.Series(False, index=columns[0][0].index)
    latest = pd.concat(columns[0], axis=1).max(axis=1)
    for stage in columns[1:]:
        for dates in stage:
            wrong |= dates < latest
        latest = pd.concat([latest, *stage], axis=1).max(axis=1)
    return wrong


def meaning_on(codes: pd.Series, dates: pd.Series, table: Sequence[DatedCode]) -> pd.Series:
    """What each code stands for on its day by a dated code table of the register; missing where it is not valid then.

    Args:
        codes: codes as written.
        dates: the day on which each is used, `YYYY-MM-DD`.
        table: code, what it stands for, first and last day; a code has one meaning on a day.
    """
    known = pd.DataFrame(list(table), columns=["code", "meaning", "first", "last"], dtype="str")
    used = pd.DataFrame({"code": codes, "day": dates, "label": codes.index})
    # Most tables hold few of the codes: to leave out the others first is quicker than to join them.
    used = used[codes.isin(known["code"])].merge(known.fillna({"last": _FOR_GOOD}), on="code")
    valid = used[(used["first"] <= used["day"]) & (used["day"] <= used["last"])]
    return valid.set_index("label")["meaning"].reindex(codes.index)
