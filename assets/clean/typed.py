"""Delivered text to the types of its contract, for all partner sources (spec 3).

Here: one pure function from text cells to typed columns and a reason for each row that does not fit. Not here: reading files
(`resources/tabular.py`), which delivery counts and what becomes of a row (`partner.py`), the rules of a source (one file each).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

import pandas as pd

from expectations.contracts.model import QUARTER_PATTERN, Delivery, Field

DateOrder = Literal["YMD", "DMY", "MDY"]

_ISO = r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?"
_WRITTEN = {
    "DMY": r"(?P<d>[0-9]{1,2})[/.-](?P<m>[0-9]{1,2})[/.-](?P<y>[0-9]{4})",
    "MDY": r"(?P<m>[0-9]{1,2})[/.-](?P<d>[0-9]{1,2})[/.-](?P<y>[0-9]{4})",
}
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}(?:\.0+)?")
_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
_ZONE = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})"
_SEPARATORS = re.compile(r"[;|,]")
_LONGEST = 200


def typed(fields: Sequence[Field], text: pd.DataFrame, date_order: DateOrder = "YMD") -> tuple[pd.DataFrame, pd.Series]:
    """Type columns of a delivery.

    Args:
        fields: which, of its contract.
        text: these as text, under unique labels; an empty cell is empty text.
        date_order: order of day, month and year where a date is not written YYYY-MM-DD.

    Returns:
        The typed rows (text, `Int64`, dates as text `YYYY-MM-DD`, timestamps as London local time; missing is NaN, NaT or NA),
        and by label the code of the first reason why a row does not fit: `blank_`, `type_` or `value_` and the column.
    """
    columns: dict[str, pd.Series] = {}
    reasons = pd.Series("", index=text.index, dtype="str")
    for one in fields:
        cells = text[one.name].str.strip()
        if one.null_words:
            cells = cells.mask(cells.isin(one.null_words), "")
        blank = cells == ""
        # Few distinct values: each is read once.
        distinct = pd.Series(cells[~blank].unique(), dtype="str")
        values, wrong = _READ[one.type](one, distinct, date_order)
        values.index = wrong.index = pd.Index(distinct)
        code = cells.map(wrong).fillna("")
        if not one.nullable:
            code = code.mask(blank, "blank")
        # The type is of the field, also where every cell is empty.
        kind = _TYPES.get(one.type, "str")
        read = pd.Series(None, cells.index, dtype=kind) if distinct.empty else cells.map(values).astype(kind)
        columns[one.name] = read.fillna("") if one.type == "list" else read
        first = (code != "") & (reasons == "")
        reasons = reasons.mask(first, code + "_" + one.name)
    return pd.DataFrame(columns, index=text.index), reasons[reasons != ""]


def period_dates(delivery: Delivery, text: pd.DataFrame, date_order: DateOrder = "YMD") -> pd.Series:
    """The day that places each row in time (`YYYY-MM-DD`; of a quarter its last day), NaN where it cannot be read."""
    one = delivery.field(delivery.period)
    rows, _ = typed([one], text, date_order)
    return to_days(one, rows[one.name])


def to_days(one: Field, values: pd.Series) -> pd.Series:
    """Typed values of a date, timestamp or quarter field as days `YYYY-MM-DD`."""
    if one.type == "timestamp":
        return values.dt.strftime("%Y-%m-%d")
    if one.type == "quarter":
        # Where no cell could be read the type would be that of a number.
        return values.map(quarter_end).astype("str")
    return values


def quarter_end(quarter: object) -> object:
    """Last day of a quarter written `2015-16Q1`; anything else comes back as it is."""
    if not isinstance(quarter, str):
        return quarter
    start, number = int(quarter[:4]), int(quarter[-1])
    return {1: f"{start}-06-30", 2: f"{start}-09-30", 3: f"{start}-12-31", 4: f"{start + 1}-03-31"}[number]


_Read = tuple[pd.Series, pd.Series]


def _text(one: Field, cells: pd.Series, _order: DateOrder) -> _Read:
    wrong = cells.str.len() > _LONGEST
    if one.pattern:
        wrong |= ~cells.str.fullmatch(one.pattern)
    if one.allowed:
        wrong |= ~cells.isin(one.allowed)
    return cells.mask(wrong), _codes(wrong, "value")


def _flag(_one: Field, cells: pd.Series, _order: DateOrder) -> _Read:
    wrong = ~cells.isin(["Y", "N"])
    return cells.mask(wrong), _codes(wrong, "value")


def _int(one: Field, cells: pd.Series, _order: DateOrder) -> _Read:
    unread = ~cells.map(lambda cell: _WHOLE.fullmatch(cell) is not None).astype(bool)
    numbers = pd.to_numeric(cells.mask(unread)).astype("float64").astype("Int64")
    outside = pd.Series(False, index=cells.index)
    if one.minimum is not None:
        outside |= (numbers < one.minimum).fillna(False).astype(bool)
    if one.maximum is not None:
        outside |= (numbers > one.maximum).fillna(False).astype(bool)
    return numbers.mask(outside), _codes(outside, "value").mask(unread, "type")


def _date(_one: Field, cells: pd.Series, order: DateOrder) -> _Read:
    found = cells.str.extract(f"^{_ISO}$")
    if order != "YMD":
        found = found.fillna(cells.str.extract(f"^{_WRITTEN[order]}$")[["y", "m", "d"]])
    written = found["y"] + "-" + found["m"].str.zfill(2) + "-" + found["d"].str.zfill(2)
    days = pd.to_datetime(written, format="%Y-%m-%d", errors="coerce")
    return days.dt.strftime("%Y-%m-%d"), _codes(days.isna(), "type")


def _timestamp(_one: Field, cells: pd.Series, _order: DateOrder) -> _Read:
    zoned = cells.str.fullmatch(_MOMENT + _ZONE)
    local = cells.str.fullmatch(_MOMENT)
    moments = pd.to_datetime(cells.where(zoned), format="ISO8601", utc=True, errors="coerce")
    there = moments.dt.tz_convert("Europe/London").dt.tz_localize(None)
    # Without a zone it is what the clock on the wall said.
    here = pd.to_datetime(cells.where(local), format="ISO8601", errors="coerce")
    both = there.fillna(here).astype("datetime64[s]")
    return both, _codes(both.isna(), "type")


def _quarter(_one: Field, cells: pd.Series, _order: DateOrder) -> _Read:
    formed = cells.str.fullmatch(QUARTER_PATTERN)
    consecutive = cells.where(formed, "2000-01Q1").map(lambda q: (int(q[:4]) + 1) % 100 == int(q[5:7])).astype(bool)
    wrong = ~(formed & consecutive)
    return cells.mask(wrong), _codes(wrong, "type")


def _list(one: Field, cells: pd.Series, _order: DateOrder) -> _Read:
    parts = cells.map(lambda cell: sorted({part.strip() for part in _SEPARATORS.split(cell)} - {""}))
    wrong = parts.map(lambda names: not set(names) <= set(one.allowed)).astype(bool)
    return parts.map(";".join).mask(wrong), _codes(wrong, "value")


def _codes(wrong: pd.Series, code: str) -> pd.Series:
    return pd.Series("", index=wrong.index, dtype="str").mask(wrong.astype(bool), code)


#: Types of columns that are not text.
_TYPES = {"int": "Int64", "timestamp": "datetime64[s]"}
_READ: dict[str, Callable[[Field, pd.Series, DateOrder], _Read]] = {
    "string": _text,
    "key": _text,
    "enum": _text,
    "int": _int,
    "date": _date,
    "timestamp": _timestamp,
    "quarter": _quarter,
    "flag": _flag,
    "list": _list,
}
