"""The rows that a partner delivered, as text in the columns of the contract, from CSV or Excel alike.

Here: acceptance of the header by name, and one way of reading for registration and for the clean stage, so that both see the
same rows under the same numbers. Not here: types of values (`assets/clean/typed.py`), the workbook itself (`workbook.py`),
whether the bytes are whole text (`archive.py`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from expectations.contracts.model import Delivery, FieldType
from resources.landing import DeliveryFault, Form, oserror_text, shown
from resources.workbook import Kind, Sheet, read_sheet

#: What to do about a file with a wrong header.
REMOVE = "remove it from landing and deliver it with the agreed columns"
_NAMES_SHOWN = 5
_DATE = frozenset({"date", "time"})
_CODE = {"excel_date": _DATE, "excel_number": frozenset({"fraction", "disguised"})}
#: What a cell of Excel must not be in a column of this type, by the code that a row is then set aside with. A code that Excel
#: turned into a date or a number is not what the sender wrote; where a kind is left out, typing judges the text.
_UNFIT: dict[FieldType, Mapping[str, frozenset[str]]] = {
    "string": {**_CODE, "type": frozenset({"boolean"})},
    "key": {**_CODE, "type": frozenset({"boolean"})},
    "list": {**_CODE, "type": frozenset({"boolean"})},
    "quarter": {**_CODE, "type": frozenset({"boolean"})},
    "enum": _CODE,
    "flag": _CODE,
    "int": {"excel_date": _DATE},
    "date": {},
    "timestamp": {},
}
_UNREAD = {"excel_error": frozenset({"error"}), "excel_formula": frozenset({"formula"})}


@dataclass(frozen=True)
class Rows:
    """Delivered rows, under the names of `header`, as they stand in the file.

    `rows`: every field of the contract as text, absent ones empty; index = data row in the file from 1, blank rows left out.
    `faults`: reason code by row number, where the file itself shows that a row cannot be read as it stands: `columns`, or
    `excel_date_`, `excel_number_`, `excel_error_`, `excel_formula_`, `type_` and the column.
    """

    rows: pd.DataFrame
    faults: dict[int, str]
    header: tuple[str, ...]


def read_rows(delivery: Delivery, file: Path | bytes, form: Form, sheet: str = "") -> Rows:
    """Read a delivered file.

    Args:
        delivery: contract of the source.
        file: the file or its bytes, uncompressed.
        form: `xlsx`, else it is CSV (UTF-8).
        sheet: name of the sheet, as the register gives it; empty for the one named as the source, or the only one.

    Raises:
        DeliveryFault: the header is not the contract's, the workbook or its sheet cannot be read.
    """
    if form == "xlsx":
        return _from_sheet(delivery, read_sheet(file, delivery.source, delivery.mandatory, sheet))
    return _from_csv(delivery, file)


# --- the header -------------------------------------------------------------------------------------------------------


def check_header(delivery: Delivery, header: Sequence[str]) -> None:
    """Refuse a header unless it has every mandatory column and no unknown one, each once; the order is free (spec 3.1)."""
    names = tuple(map(_trimmed, header))
    if not set(delivery.mandatory) <= set(names) <= set(delivery.field_names) or len(set(names)) < len(names):
        raise header_fault(names, tuple(delivery.field_names), tuple(delivery.mandatory))


def _trimmed(name: str) -> str:
    """A column's name without blanks around it; a line end in it stays, and makes it another name."""
    return name.strip(" \t")


def header_fault(header: tuple[str, ...], expected: tuple[str, ...], mandatory: tuple[str, ...]) -> DeliveryFault:
    """Which columns are missing, unknown, repeated or out of order.

    Columns of the file are named only if it is surely a header, with most of the expected or of the mandatory columns, or
    mostly of expected ones: else its first line may be a row.
    """
    wanted = f"expected {', '.join(expected)}"
    there = set(header) & set(expected)
    if not any(2 * len(there & set(names)) > len(set(names)) for names in (expected, mandatory, header)):
        separator = next((word for mark, word in ((";", "semicolons"), ("\t", "tabs")) if mark in header[0]), "")
        if separator and len(header) == 1:
            return DeliveryFault("header", f"is separated by {separator}; save it with commas")
        return DeliveryFault("header", f"does not begin with the header of this source; {wanted}")
    missing = [name for name in mandatory if name not in header]
    unknown = [name for name in dict.fromkeys(header) if name not in expected]
    twice = [name for name in dict.fromkeys(header) if header.count(name) > 1]
    moved = [name for name, due in zip(header, expected, strict=False) if name != due]
    parts = [("missing columns", missing), ("unknown columns", unknown), ("repeated columns", twice)]
    if not (missing or unknown or twice):
        parts = [("columns out of order", moved)]
    said = "; ".join(f"{what} {_named(names)}" for what, names in parts if names)
    return DeliveryFault("header", f"has {said}; {REMOVE}")


def _named(names: Sequence[str]) -> str:
    some = ", ".join(f"'{shown(name)[:40]}'" for name in names[:_NAMES_SHOWN])
    return some if len(names) <= _NAMES_SHOWN else f"{some} and {len(names) - _NAMES_SHOWN} more"


# --- CSV --------------------------------------------------------------------------------------------------------------


def _from_csv(delivery: Delivery, file: Path | bytes) -> Rows:
    with _opened(file) as text:
        header = [_trimmed(name) for name in next(csv.reader(text), [])]
    check_header(delivery, header)
    columns = _quickly(header, file)
    faults: dict[int, str] = {}
    if columns is None:
        columns, faults = _with_care(header, file)
    return Rows(_frame(delivery, columns), faults, tuple(header))


@contextmanager
def _opened(file: Path | bytes) -> Iterator[TextIO]:
    try:
        raw = io.BytesIO(file) if isinstance(file, bytes) else file.open("rb")
        with raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
            yield text
    except OSError as error:
        raise DeliveryFault("unreadable", f"cannot be read ({oserror_text(error)}); copy the file again") from None


def _quickly(header: Sequence[str], file: Path | bytes) -> dict[str, pd.Series] | None:
    """All columns, or None if some row has not as many cells as the header: then it takes more care."""
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(file) if isinstance(file, bytes) else str(file),
            pa.csv.ReadOptions(column_names=list(header), skip_rows=1),
            pa.csv.ParseOptions(newlines_in_values=True),
            pa.csv.ConvertOptions(column_types=dict.fromkeys(header, pa.large_string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    columns = {name: pd.Series(pd.array(table[name], dtype="str")) for name in header}
    blank = pd.Series(True, index=range(table.num_rows))
    for cells in columns.values():
        blank &= cells.str.strip() == ""
        if not blank.any():
            return columns
    return {name: cells[~blank] for name, cells in columns.items()}


def _with_care(header: Sequence[str], file: Path | bytes) -> tuple[dict[str, pd.Series], dict[int, str]]:
    """All columns of a file in which some rows have other numbers of cells than the header; those rows are faulty."""
    width = len(header)
    rows: list[list[str]] = []
    faults: dict[int, str] = {}
    with _opened(file) as text:
        table = csv.reader(text)
        next(table, [])
        for cells in table:
            if not any(map(str.strip, cells)):
                continue
            rows.append([*cells[:width], *[""] * (width - len(cells))])
            if len(cells) != width:
                faults[len(rows)] = "columns"
    return {name: pd.Series([row[n] for row in rows], dtype="str") for n, name in enumerate(header)}, faults


def _frame(delivery: Delivery, columns: Mapping[str, pd.Series]) -> pd.DataFrame:
    """The contract's columns in its order, absent ones empty, numbered from 1."""
    count = len(next(iter(columns.values())))
    number = pd.RangeIndex(1, count + 1)
    absent = pd.Series("", index=number, dtype="str")
    return pd.DataFrame(
        {name: columns[name].set_axis(number) if name in columns else absent for name in delivery.field_names},
        index=number,
    )


# --- Excel ------------------------------------------------------------------------------------------------------------


def _from_sheet(delivery: Delivery, sheet: Sheet) -> Rows:
    check_header(delivery, sheet.header)
    columns: dict[str, pd.Series] = {}
    faults: dict[int, str] = {}
    held = dict(zip(sheet.header, zip(sheet.columns, sheet.kinds, strict=True), strict=True))
    for one in delivery.fields:
        if one.name not in held:
            continue
        cells, kinds = held[one.name]
        if one.type == "timestamp":
            cells = [f"{cell}T00:00:00" if _is_midnight(cell, kind) else cell for cell, kind in _pairs(cells, kinds)]
        columns[one.name] = pd.Series(cells, dtype="str")
        unfit = {kind: reason for reason, kinds_ in {**_UNREAD, **_UNFIT[one.type]}.items() for kind in kinds_}
        if unfit.keys() & set(kinds):
            for row, kind in enumerate(kinds, 1):
                if kind in unfit:
                    faults.setdefault(row, f"{unfit[kind]}_{one.name}")
    return Rows(_frame(delivery, columns), faults, sheet.header)


def _pairs(cells: Sequence[str], kinds: Sequence[Kind]) -> Iterator[tuple[str, Kind]]:
    return zip(cells, kinds or ["text"] * len(cells), strict=True)


def _is_midnight(cell: str, kind: Kind) -> bool:
    """Whether a moment lost its time: Excel does not tell midnight from a day."""
    return kind == "date" and len(cell) == len("2016-04-01")
