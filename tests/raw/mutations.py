"""Deliveries damaged at random, in the ways in which files get damaged: bytes, encodings, headers, cells, rows, archives, names.

Here: from a good delivery and a generator of random numbers to a bad one, or to one that is only written otherwise. Not here: what must
become of it.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace

from openpyxl import load_workbook

Rows = list[list[str]]

#: What turns up in cells: nothing, other people's nulls, numbers and dates of every kind, formulas, control characters.
CELLS = (
    "", " ", "NULL", "N/A", "-", "#REF!", "TRUE", "0", "-1", "1e309", "NaN", "99999999999999999999", "1,5", "£12", "12%",
    "2016-02-30", "31/02/2016", "01/13/2015", "2015-06-01T25:00:00", "2015-03-29T01:30:00", "2015-06-01T10:00:00+99:00", "42157",
    "=1+1", "+44", "@SUM(A1)", "\u202eY", "Y\u0000", "\ud7ff", "a\rb", "a\nb", '"', '""', "'", "x" * 5000, "Total", "2015-16Q5",
    "Y;N", ";", "\ufeffY", "ſ", "１２",
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A delivery: its path below landing and its bytes."""

    path: str
    data: bytes

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def renamed(self, name: str) -> Sent:
        return replace(self, path=f"{self.path.rpartition('/')[0]}/{name}")


Mutation = Callable[[Sent, random.Random], Sent]


def damaged(sent: Sent, rng: random.Random) -> Sent:
    """The delivery after one mutation, or now and then two."""
    for _ in range(1 + (rng.random() < 0.2)):
        kinds = (_BYTES, _NAMES, _ARCHIVES, _SHEETS if sent.name.endswith(".xlsx") else _TABLES)
        sent = rng.choice(rng.choices(kinds, weights=(3, 1, 2, 6))[0])(sent, rng)
    return sent


def table(data: bytes) -> Rows:
    """A CSV file as rows of text."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def _text(rows: Rows, ending: str = "\n", **dialect: object) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=ending, **dialect).writerows(rows)  # type: ignore[arg-type]
    return out.getvalue().encode("utf-8", "surrogatepass")


# ---- bytes


def _flip(sent: Sent, rng: random.Random) -> Sent:
    data = bytearray(sent.data)
    for _ in range(rng.choice((1, 1, 3, 20))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return replace(sent, data=bytes(data))


def _cut(sent: Sent, rng: random.Random) -> Sent:
    return replace(sent, data=sent.data[: rng.randrange(len(sent.data))])


def _hole(sent: Sent, rng: random.Random) -> Sent:
    start = rng.randrange(len(sent.data))
    return replace(sent, data=sent.data[:start] + sent.data[start + rng.randrange(1, 400) :])


def _insert(sent: Sent, rng: random.Random) -> Sent:
    at = rng.randrange(len(sent.data))
    piece = rng.choice(
        (b"\0", b"\r", b"\n", b'"', b",", b"\xff", b"\xc3", b"\x1a", rng.randbytes(40), sent.data[at : at + 300])
    )
    return replace(sent, data=sent.data[:at] + piece + sent.data[at:])


def _twice(sent: Sent, rng: random.Random) -> Sent:
    return replace(sent, data=sent.data * 2)


def _nothing(sent: Sent, rng: random.Random) -> Sent:
    return replace(sent, data=rng.choice((b"", b"\n", b"\xef\xbb\xbf", b"\0" * 100, b"<html></html>", b"{}")))


# ---- encodings, line ends, dialects, headers, cells, rows of a CSV file


def _encoded(sent: Sent, rng: random.Random) -> Sent:
    code = rng.choice(("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "cp037"))
    return replace(sent, data=sent.data.decode("utf-8", "ignore").encode(code, "ignore"))


def _written(sent: Sent, rng: random.Random) -> Sent:
    ending = rng.choice(("\r\n", "\r", "\n\n", "\n"))
    dialect = rng.choice(({}, {"delimiter": ";"}, {"delimiter": "\t"}, {"quoting": csv.QUOTE_ALL}, {"quotechar": "'"}))
    return _rows(sent, lambda rows: rows, ending, **dialect)


def _rows(sent: Sent, change: Callable[[Rows], Rows], ending: str = "\n", **dialect: object) -> Sent:
    try:
        rows = table(sent.data)
    except (UnicodeDecodeError, csv.Error):
        return sent
    if len(rows) < 2 or not rows[0]:
        return sent
    return replace(sent, data=_text(change(rows), ending, **dialect))


def _header(sent: Sent, rng: random.Random) -> Sent:
    def change(rows: Rows) -> Rows:
        at = rng.randrange(len(rows[0]))
        what = rng.randrange(7)
        if what == 0:
            order = rng.sample(range(len(rows[0])), len(rows[0]))
            return [[row[n] for n in order] if len(row) == len(order) else row for row in rows]
        if what == 1:
            return [[cell for n, cell in enumerate(row) if n != at] for row in rows]
        if what == 2:
            return [[*row, "name" if n == 0 else "Ann Other"] for n, row in enumerate(rows)]
        if what == 3:
            return rows[1:]
        head = list(rows[0])
        head[at] = {4: head[at].upper(), 5: f" {head[at]} ", 6: head[at - 1]}[what]
        return [head, *rows[1:]]

    return _rows(sent, change)


def _cell(sent: Sent, rng: random.Random) -> Sent:
    def change(rows: Rows) -> Rows:
        for _ in range(rng.choice((1, 1, 2, 8))):
            row = rng.choice(rows[1:])
            if row:
                row[rng.randrange(len(row))] = rng.choice(CELLS)
        return rows

    return _rows(sent, change)


def _column(sent: Sent, rng: random.Random) -> Sent:
    """A whole column gone wrong, as by a formula filled down."""

    def change(rows: Rows) -> Rows:
        at, cell = rng.randrange(len(rows[0])), rng.choice(CELLS)
        return [rows[0], *([*row[:at], cell, *row[at + 1 :]] for row in rows[1:])]

    return _rows(sent, change)


def _lines(sent: Sent, rng: random.Random) -> Sent:
    def change(rows: Rows) -> Rows:
        head, body = rows[0], rows[1:]
        row = rng.choice(body)
        what = rng.randrange(8)
        if what == 0:
            rng.shuffle(body)
        elif what == 1:
            body.insert(rng.randrange(len(body)), list(row))
        elif what == 2:
            body.append(["Total", *[str(len(body))] * (len(head) - 1)])
        elif what == 3:
            body.insert(rng.randrange(len(body)), row[:-1])
        elif what == 4:
            body.insert(rng.randrange(len(body)), [*row, "more"])
        elif what == 5:
            body = body[: len(body) // 2]
        elif what == 6:
            body.insert(rng.randrange(len(body)), [])
        else:
            body.insert(rng.randrange(len(body)), head)
        return [head, *body]

    return _rows(sent, change)


# ---- workbooks


def _sheet(sent: Sent, rng: random.Random) -> Sent:
    try:
        book = load_workbook(io.BytesIO(sent.data))
    except Exception:  # damaged before
        return sent
    page = book.worksheets[0]
    if page.max_row < 3 or page.max_column < 2:
        return sent
    what = rng.randrange(8)
    cell = page.cell(rng.randrange(1, page.max_row + 1), rng.randrange(1, page.max_column + 1))
    if what == 0:
        page.title = "Sheet1"
    elif what == 1:
        book.create_sheet("Notes", 0)["A1"] = "read me"
    elif what == 2:
        page.delete_cols(cell.column)
    elif what == 3:
        page.insert_rows(cell.row, 2)
    elif what == 4:
        page.append(["Total", *[1] * (page.max_column - 1)])
    elif what == 5:
        page.merge_cells(start_row=cell.row, end_row=cell.row + 1, start_column=cell.column, end_column=cell.column)
    elif what == 6:
        page.sheet_state = "hidden"
        book.create_sheet("Front")
    else:
        for _ in range(rng.choice((1, 4))):
            text = rng.choice(CELLS)
            cell = page.cell(rng.randrange(2, page.max_row + 1), rng.randrange(1, page.max_column + 1))
            cell.value = rng.choice((12, -1.5, True, "".join(c for c in text if c.isprintable())[:500]))
    out = io.BytesIO()
    book.save(out)
    return replace(sent, data=out.getvalue())


def _part(sent: Sent, rng: random.Random) -> Sent:
    """One part of the workbook's zip changed, left out or blown up."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(sent.data))
        held = {name: parts.read(name) for name in parts.namelist()}
    except Exception:  # damaged before
        return sent
    name = rng.choice(sorted(held))
    held[name] = rng.choice((b"", held[name][: len(held[name]) // 2], b"<a>" * 1000, held[name].replace(b"1", b"9")))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for other, data in held.items():
            made.writestr(other, data)
    return replace(sent, data=out.getvalue())


# ---- archives and names


def _gzipped(sent: Sent, rng: random.Random) -> Sent:
    data = gzip.compress(sent.data, mtime=0)
    what = rng.randrange(4)
    if what == 1:
        data = data[: rng.randrange(len(data))]
    elif what == 2:
        data = _flip(Sent("", data), rng).data
    elif what == 3:
        data = gzip.compress(data, mtime=0)
    return replace(sent, data=data).renamed(sent.name + ".gz")


def _zipped(sent: Sent, rng: random.Random) -> Sent:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(
            rng.choice((sent.name, "../" + sent.name, "/etc/" + sent.name, "a/b/" + sent.name, "x.zip")), sent.data
        )
        if rng.random() < 0.3:
            made.writestr("more.csv", b"\0" * 5_000_000)
    data = out.getvalue()
    return replace(sent, data=data if rng.random() < 0.6 else _flip(Sent("", data), rng).data).renamed(
        sent.name + ".zip"
    )


def _disguised(sent: Sent, rng: random.Random) -> Sent:
    stem = sent.name.partition(".")[0]
    return sent.renamed(stem + rng.choice((".xlsx", ".csv", ".csv.gz", ".xls", ".txt", "", ".CSV", ".zip")))


def _misnamed(sent: Sent, rng: random.Random) -> Sent:
    name = sent.name
    for old, new in rng.choice(
        ((("2016", "2015"),), (("2016", "2061"),), (("-", ""),), (("_", "-"),), (("03-31", "02-30"),))
    ):
        name = name.replace(old, new)
    return sent.renamed(name)


_BYTES: tuple[Mutation, ...] = (_flip, _cut, _hole, _insert, _twice, _nothing)
_TABLES: tuple[Mutation, ...] = (_encoded, _written, _header, _cell, _cell, _column, _lines, _lines)
_SHEETS: tuple[Mutation, ...] = (_sheet, _sheet, _part)
_ARCHIVES: tuple[Mutation, ...] = (_gzipped, _zipped)
_NAMES: tuple[Mutation, ...] = (_disguised, _misnamed)
