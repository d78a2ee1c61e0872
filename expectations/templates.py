"""Empty files for partners to fill in: a contract's header, as CSV and as a workbook that explains itself.

Here: pure functions from a contract to bytes, the same bytes every time. Not here: the contracts
(`expectations/contracts`), writing files (`safer-outcomes template`).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from expectations.contracts import words
from expectations.contracts.model import Delivery

_NEW = datetime(2015, 4, 1)
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
#: Excel keeps at most so many characters in the name of a sheet.
_SHEET_NAME = 31
_WIDE = 60


def csv_template(delivery: Delivery) -> bytes:
    """The header alone, CSV in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(delivery.field_names)
    return text.getvalue().encode("utf-8")


def xlsx_template(delivery: Delivery, sheet: str = "") -> bytes:
    """A workbook of three sheets: the header to fill in below, what each column holds, and how to send the file.

    Args:
        delivery: contract of the source.
        sheet: name of the sheet to fill in, where the register gives one; else it is named as the source.
    """
    book = Workbook()
    book.properties.creator, book.properties.created = "safer-outcomes", _NEW
    book.properties.title = f"Template of {delivery.source}"
    first: Worksheet = book.active
    first.title = (sheet or delivery.source)[:_SHEET_NAME]
    _fill(first, [delivery.field_names])
    for number in range(1, len(delivery.fields) + 1):
        # As text, so that Excel turns no code into a number and no quarter into a date.
        first.column_dimensions[get_column_letter(number)].number_format = "@"
    _fill(book.create_sheet("Columns"), _columns(delivery))
    _fill(book.create_sheet("How to send"), _how_to_send(delivery, first.title))
    saved = io.BytesIO()
    book.save(saved)
    return _same_bytes(saved.getvalue())


def _columns(delivery: Delivery) -> Iterable[Sequence[str]]:
    yield "Column", "Type", "Meaning", "Unit", "Allowed values or form", "When empty", "Class of data"
    for one in delivery.fields:
        described = (one.name, words.TYPES[one.type], one.meaning, one.unit, words.allowed(one))
        yield *described, words.null_rule(one), words.CLASSES[one.data_class]


def _how_to_send(delivery: Delivery, sheet: str) -> Iterable[Sequence[str]]:
    source = delivery.source
    yield "Point", "Rule"
    yield "What", f"{delivery.meaning} One row is {delivery.grain}; {', '.join(delivery.key)} tell rows apart."
    yield (
        "Name of the file",
        f"{source}_FIRST_LAST.xlsx or .csv, such as {source}_2015-04-01_2016-03-31.csv: the first and the last day that"
        " it covers. A manifest beside it (the file's name with .manifest.json) may say so instead.",
    )
    yield (
        "What it covers",
        f"Every row whose {delivery.period} lies on or between the two days, and no other. A day without rows is"
        " covered too: say the days that were looked at, not those of the newest row.",
    )
    yield "Corrections", "Send the whole period again: the newest file of a day replaces the older ones."
    yield "Workbook", f"Fill in the sheet '{sheet}' below its header, one row a line, without totals or notes."
    yield (
        "CSV",
        "UTF-8, separated by commas, a value that holds a comma in double quotes, the header in the first line.",
    )
    yield "Columns", "Any order. No other column: a file with one is refused. One that may be empty may be left out."
    yield (
        "Never send",
        "Names, addresses, dates of birth, full postcodes, telephone numbers, e-mail addresses, notes or any other free"
        " text.",
    )
    yield "Where", f"The folder landing/{source}/ of the partnership, by the way agreed with it."


def _fill(sheet: Worksheet, rows: Iterable[Sequence[str]]) -> None:
    """Rows with a bold header that stays in sight, in columns wide enough to read."""
    for row in rows:
        sheet.append(list(row))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    for column in sheet.iter_cols():
        longest = max(len(str(cell.value or "")) for cell in column)
        sheet.column_dimensions[get_column_letter(column[0].column)].width = min(longest + 3, _WIDE)
        for cell in column[1:]:
            cell.alignment = Alignment(wrap_text=longest > _WIDE, vertical="top")


def _same_bytes(saved: bytes) -> bytes:
    """The same workbook without the time at which it was saved."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            part = old.read(name)
            if name == "docProps/core.xml":
                part = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2015-04-01T00:00:00Z", part)
            new.writestr(zipfile.ZipInfo(name, _ZIP_TIME), part, zipfile.ZIP_DEFLATED)
    return made.getvalue()
