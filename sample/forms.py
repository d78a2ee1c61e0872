"""The forms in which partners deliver: CSV, a workbook as people keep it, a manifest; and how to read them back.

Here: bytes from rows and rows from bytes, the same bytes every time. Not here: which source has which form
(`sample/partners.py`), the rows.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell

from sample.street import Row

_FIXED = datetime(2016, 1, 1)
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")


def workbook(
    sheet: str,
    banner: Sequence[str],
    header: Row,
    rows: Iterable[Row],
    dates: Collection[str] = (),
    numbers: Collection[str] = (),
) -> bytes:
    """A workbook with lines above the header, in which the columns named hold real dates and real numbers.

    Text that is no date or number stays text, as in a sheet that people type into.
    """
    book = Workbook(write_only=True)
    book.properties.creator, book.properties.created = "synthetic", _FIXED
    page = book.create_sheet(sheet)
    for line in banner:
        page.append([line] if line else [])
    page.append(list(header))
    kinds = ["date" if name in dates else "number" if name in numbers else "" for name in header]
    for row in rows:
        page.append([_cell(page, kind, text) for kind, text in zip(kinds, row, strict=True)])
    saved = io.BytesIO()
    book.save(saved)
    return _repacked(saved.getvalue())


def read_workbook(data: bytes, sheet: str, banner: int) -> tuple[Row, list[list[str]]]:
    """Header and rows of a workbook that `workbook` made, as text."""
    page = load_workbook(io.BytesIO(data))[sheet]
    header, *rows = page.iter_rows(min_row=banner + 1, values_only=True)
    return [str(name) for name in header], [[_text(value) for value in row] for row in rows]


def manifest(
    path: str, data: bytes, row_count: int, sender: str, covers: tuple[date, date], days_after: int
) -> dict[str, bytes]:
    """Sidecar manifest (spec 3.1) of a file extracted at six in the morning, so many days after the coverage ends."""
    source = path.split("/", 1)[0]
    extracted = datetime.combine(covers[1], time(6), UTC) + timedelta(days=days_after)
    content = {
        "source": source,
        "contract_version": "1",
        "extract_id": f"{source}-{covers[1]}-{extracted:%Y%m%d}",
        "extracted_at": f"{extracted:%Y-%m-%dT%H:%M:%SZ}",
        "coverage_start": f"{covers[0]}",
        "coverage_end": f"{covers[1]}",
        "row_count": row_count,
        "sha256": hashlib.sha256(data).hexdigest(),
        "sender_role": sender,
        "full_or_delta": "full",
    }
    return {f"{path}.manifest.json": (json.dumps(content, indent=2) + "\n").encode()}


def gzipped(data: bytes) -> bytes:
    """The same bytes as .gz, without a time in it."""
    return gzip.compress(data, mtime=0)


def with_bom_and_crlf(data: bytes) -> bytes:
    """Text as some office programs save it: byte order mark, CRLF."""
    return b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")


def _cell(page: Any, kind: str, text: str) -> object:
    try:
        if kind == "date" and text:
            cell = WriteOnlyCell(page, value=date.fromisoformat(text))
            cell.number_format = "dd/mm/yyyy"
            return cell
        if kind == "number" and text:
            return int(text)
    except ValueError:
        pass
    return text or None


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.date().isoformat() if isinstance(value, datetime) else str(value)


def _repacked(data: bytes) -> bytes:
    """The same workbook without the times at which it was written."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as written, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as fixed:
        for name in sorted(written.namelist()):
            content = written.read(name)
            if name == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>" + f"{_FIXED:%Y-%m-%dT%H:%M:%SZ}".encode(), content)
            fixed.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
