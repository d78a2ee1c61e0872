"""Excel workbooks (.xlsx): the one table of a sheet as text, and of each cell what kind it was.

Here: choosing the sheet, finding the header below a banner, turning cells to text without repairing any, and the limits that
stop a hostile file before the library reads it. Not here: what a column may hold (`tabular.py`), totals rows and coverage
(`assets/raw/acceptance.py`). The library (python-calamine) gives values, yet neither errors nor formats of cells, and takes
memory for the whole area between the first and the last cell: so the XML is looked through before.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

from resources.landing import DeliveryFault, oserror_text

#: How a cell says what it says. `text` also where it is empty; `number` is whole and shown by its digits, `fraction` is not
#: whole, `disguised` is whole and shown otherwise (scientific, padded with zeros, as a share, more than 15 digits), `formula`
#: was never calculated.
Kind = Literal["text", "number", "fraction", "disguised", "date", "time", "boolean", "error", "formula"]

#: Bytes of the file, and bytes of its parts unpacked.
WORKBOOK_LIMIT = 256 << 20
#: Cells of the area between the first and the last filled one, for which the library takes memory.
AREA_LIMIT = 10_000_000
#: Characters that the cells of a sheet may refer to, if each referred to the longest text that is shared.
SHARED_LIMIT = 1 << 30
#: Rows in which the header is looked for.
BANNER_ROWS = 30

_OLE = b"\xd0\xcf\x11\xe0"
#: Excel keeps 15 digits of a number.
_DIGITS = 10**15
#: Built-in number formats that show something other than the digits: shares, scientific, fractions.
_BUILT_IN = frozenset({9, 10, 11, 12, 13, 48})
_DISGUISING = re.compile(r"E[+-]|%|\?/|^0{2,}", re.IGNORECASE)
_NOT_FORMAT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_PLACE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_AS_CSV = "save the table alone as CSV UTF-8 and deliver that"


@dataclass(frozen=True)
class Sheet:
    """The table of a sheet: names of its columns, and for each of them its cells below the header, blank rows left out.

    `kinds` is empty for a column whose cells are all text.
    """

    header: tuple[str, ...]
    columns: list[list[str]]
    kinds: list[list[Kind]]

    @property
    def rows(self) -> int:
        """Rows below the header."""
        return len(self.columns[0])


def read_sheet(workbook: bytes | Path, source: str, mandatory: Collection[str], sheet: str = "") -> Sheet:
    """Read one sheet of a workbook.

    Args:
        workbook: the file or its bytes.
        source: name of the source; a sheet of that name is taken if `sheet` names none.
        mandatory: columns that the header has; it is the first of the first 30 rows that holds them all, else the one that
            holds most of them.
        sheet: name of the sheet, as the register gives it.

    Returns:
        The table. Dates are text `YYYY-MM-DD`, moments `YYYY-MM-DDTHH:MM:SS`, whole numbers their digits, true and false Y and N.

    Raises:
        DeliveryFault: `workbook` if it is none, damaged, encrypted or too large; `sheet` if it is not clear which sheet is meant;
            `empty`; `header` if a column has values and no name.
    """
    parts = _Parts(_members(workbook))
    name, xml = parts.chosen(source, sheet)
    look = _Look(xml, parts.disguising_formats())
    _refuse_too_large(look, parts.longest_shared_text() if look.shared else 0)
    return _table(_values(parts.repacked(), name), look.faults, mandatory)


# --- the parts of the file --------------------------------------------------------------------------------------------


def _fault(text: str) -> DeliveryFault:
    return DeliveryFault("workbook", text)


def _members(workbook: bytes | Path) -> dict[str, bytes]:
    """The parts that describe tables, unpacked within the limit, by name."""
    try:
        with io.BytesIO(workbook) if isinstance(workbook, bytes) else workbook.open("rb") as file:
            if file.read(len(_OLE)) == _OLE:
                raise _fault("is encrypted, or of the old kind .xls; save it as .xlsx without a password")
            if file.seek(0, io.SEEK_END) > WORKBOOK_LIMIT:
                raise _fault(f"is larger than {WORKBOOK_LIMIT >> 20} MiB; {_AS_CSV}")
            with zipfile.ZipFile(file) as container:
                return _unpacked(container)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError, ValueError):
        raise _fault("is no Excel workbook, whatever its name says, or is damaged; save it again as .xlsx") from None
    except OSError as error:
        raise DeliveryFault("unreadable", f"cannot be read ({oserror_text(error)}); copy the file again") from None


def _unpacked(container: zipfile.ZipFile) -> dict[str, bytes]:
    described = [info for info in container.infolist() if info.filename.lower().endswith((".xml", ".rels"))]
    if sum(info.file_size for info in described) > WORKBOOK_LIMIT:
        raise _fault(f"unpacks to more than {WORKBOOK_LIMIT >> 20} MiB; {_AS_CSV}")
    if any(info.flag_bits & 0x1 for info in described):
        raise _fault("is encrypted; save it without a password")
    # Other methods are unpacked without a bound on memory by the library.
    if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in described):
        raise _fault("is packed in a way that is not read; save it again as .xlsx")
    if len({info.filename.lower() for info in described}) < len(described):
        raise _fault("holds two parts of one name; save it again as .xlsx")
    return {info.filename: container.read(info) for info in described}


class _Parts:
    """The parts of a workbook, as far as it takes to choose a sheet and to know what its cells refer to."""

    def __init__(self, members: Mapping[str, bytes]):
        self._members = members
        self._names = {name.lower(): name for name in members}
        if "xl/workbook.xml" not in self._names:
            raise _fault("is no Excel workbook of the kind .xlsx; save it again as .xlsx")

    def chosen(self, source: str, sheet: str) -> tuple[str, bytes]:
        """Name and XML of the sheet that is meant: named by the register, or after the source, or the only one seen."""
        paths = {
            attributes.get("Id", ""): attributes.get("Target", "")
            for name, attributes in _elements(self._part("xl/_rels/workbook.xml.rels"))
            if name == "Relationship" and attributes.get("Type", "").endswith("/worksheet")
        }
        sheets: dict[str, str] = {}
        hidden: set[str] = set()
        for name, attributes in _elements(self._part("xl/workbook.xml")):
            key = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            if name == "sheet" and key in paths:
                sheets[attributes.get("name", "")] = paths[key]
                if attributes.get("state", "visible") != "visible":
                    hidden.add(attributes.get("name", ""))
        wanted = sheet or source
        named = [name for name in sheets if name.strip().casefold() == wanted.strip().casefold()]
        seen = [name for name in sheets if name not in hidden]
        found = named or ([] if sheet else seen)
        if len(found) != 1:
            more = "" if sheet else ", or keep one sheet only"
            raise DeliveryFault(
                "sheet", f"has {len(sheets)} sheets and not one that is called {wanted}; call the sheet so{more}"
            )
        target = sheets[found[0]]
        return found[0], self._part(target[1:] if target.startswith("/") else f"xl/{target}")

    def disguising_formats(self) -> frozenset[str]:
        """Styles (`s` of a cell) whose number format shows a whole number by something other than its digits."""
        custom: dict[str, bool] = {}
        styles: list[str] = []
        inside = False
        for name, attributes in _elements(self._part("xl/styles.xml", optional=True)):
            if name == "numFmt":
                code = _NOT_FORMAT.sub("", attributes.get("formatCode", ""))
                custom[attributes.get("numFmtId", "")] = _DISGUISING.search(code) is not None
            elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
                inside = name == "cellXfs"
            elif name == "xf" and inside:
                styles.append(attributes.get("numFmtId", "0"))
        disguising = {str(number) for number in _BUILT_IN} | {number for number, so in custom.items() if so}
        return frozenset(str(index) for index, number in enumerate(styles) if number in disguising)

    def longest_shared_text(self) -> int:
        """Characters of the longest text that several cells may share."""
        longest = length = 0

        def start(name: str, _attributes: Mapping[str, str]) -> None:
            nonlocal length
            if name.rpartition(":")[2] == "si":
                length = 0

        def text(data: str) -> None:
            nonlocal longest, length
            length += len(data)
            longest = max(longest, length)

        _parse(self._part("xl/sharedStrings.xml", optional=True), start, text)
        return longest

    def repacked(self) -> io.BytesIO:
        """The same parts and no others, packed so that no reader can find more in them than was looked at."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as container:
            for name, data in self._members.items():
                container.writestr(name, data)
        packed.seek(0)
        return packed

    def _part(self, name: str, optional: bool = False) -> bytes:
        found = self._names.get(name.lower())
        if found is None and not optional:
            raise _fault("is damaged: a part of it is missing; save it again as .xlsx")
        return self._members[found] if found else b""


def _parse(
    xml: bytes,
    start: Callable[[str, dict[str, str]], None],
    text: Callable[[str], None] | None = None,
    parser: expat.XMLParserType | None = None,
) -> None:
    """Give each element's name and attributes, and its text, to these functions; DeliveryFault if it is no XML."""
    if not xml:
        return
    parser = parser or expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.CharacterDataHandler = text
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError):
        raise _fault("is damaged inside; save it again as .xlsx") from None


def _refuse_doctype(*_: object) -> None:
    raise _fault("holds a declaration that no Excel workbook has; save it again as .xlsx")


def _elements(xml: bytes) -> list[tuple[str, dict[str, str]]]:
    """Local name and attributes of every element of a small part."""
    found: list[tuple[str, dict[str, str]]] = []
    _parse(xml, lambda name, attributes: found.append((name.rpartition(":")[2], attributes)))
    return found


# --- what the cells are -----------------------------------------------------------------------------------------------


class _Look:
    """One pass over a sheet's XML for what the library does not tell.

    `faults`: kinds of cells by (row, column) from 0. `last_row`, `last_column`: of the filled cells. `shared`: cells whose
    text is a shared one.
    """

    def __init__(self, xml: bytes, disguising: Collection[str]):
        self.faults: dict[tuple[int, int], Kind] = {}
        self.last_row = self.last_column = -1
        self.shared = 0
        self._disguising = disguising
        self._line = self._row = self._column = -1  # a cell may say another row than the line it stands in
        self._line_text = ""
        self._columns: dict[str, int] = {}  # by the letters of a place
        self._uncalculated = False
        self._handlers: dict[str, Callable[[dict[str, str]], None]] = {}
        self._prefix = ""
        self._kind = "n"
        self._parser = expat.ParserCreate()
        _parse(xml, self._start, parser=self._parser)
        self._end_cell()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        handler = self._handlers.get(name)
        if handler is None:
            handler = self._handlers[name] = self._handler(name)
        handler(attributes)

    def _handler(self, name: str) -> Callable[[dict[str, str]], None]:
        """What to do at an element. A formula has the prefix of the sheet itself, as extensions have formulas too."""
        prefix, _, local = name.rpartition(":")
        if not self._handlers:
            self._prefix = prefix
        known = {"row": self._at_row, "c": self._at_cell, "v": self._at_value, "is": self._at_value}
        if prefix == self._prefix:
            known["f"] = self._at_formula
        return known.get(local, lambda _: None)

    def _at_row(self, attributes: dict[str, str]) -> None:
        self._end_cell()
        number = attributes.get("r")
        self._line = self._line + 1 if number is None else _number(number) - 1
        self._line_text = str(self._line + 1)
        self._row, self._column = self._line, -1

    def _at_cell(self, attributes: dict[str, str]) -> None:
        if self._uncalculated:
            self._end_cell()
        place = attributes.get("r")
        if place is None:
            self._column += 1
        elif place.endswith(self._line_text) and (letters := place[: -len(self._line_text)]) in self._columns:
            self._row, self._column = self._line, self._columns[letters]
        else:
            self._row, self._column = _place(place)
            self._columns[place.rstrip("0123456789")] = self._column
        self._kind = kind = attributes.get("t", "n")
        if kind == "s":
            self.shared += 1
        elif kind == "e":
            self.faults[self._row, self._column] = "error"
        elif kind == "n" and attributes.get("s") in self._disguising:
            self.faults[self._row, self._column] = "disguised"

    def _at_formula(self, _: dict[str, str]) -> None:
        self._uncalculated = True

    def _at_value(self, _: dict[str, str]) -> None:
        if self._uncalculated:
            if self._kind == "str":  # the empty text is a value too
                self._uncalculated = False
            else:
                self._parser.CharacterDataHandler = self._at_text
        if self._row > self.last_row:
            self.last_row = self._row
        if self._column > self.last_column:
            self.last_column = self._column

    def _at_text(self, text: str) -> None:
        if text.strip():
            self._uncalculated = False
            self._parser.CharacterDataHandler = None

    def _end_cell(self) -> None:
        """A formula after which no value came was never calculated."""
        if self._uncalculated:
            self.faults[self._row, self._column] = "formula"
            self._uncalculated = False
            self._parser.CharacterDataHandler = None


def _place(place: str) -> tuple[int, int]:
    match = _PLACE.fullmatch(place)
    if match is None:
        raise _fault("is damaged inside; save it again as .xlsx")
    column = 0
    for letter in match[1].upper():
        column = 26 * column + ord(letter) - 64
    return int(match[2]) - 1, column - 1


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", text):
        raise _fault("is damaged inside; save it again as .xlsx")
    return int(text)


def _refuse_too_large(look: _Look, longest_text: int) -> None:
    if (look.last_row + 1) * (look.last_column + 1) > AREA_LIMIT:
        raise _fault(
            f"has more than {AREA_LIMIT:,} cells between its first and its last; delete the rows and columns beside the "
            f"table, or {_AS_CSV}"
        )
    if look.shared * longest_text > SHARED_LIMIT:
        raise _fault(f"holds texts too long for a table of its size; {_AS_CSV}")


def _values(packed: io.BytesIO, name: str) -> list[list[Any]]:
    """Every cell of the sheet from its first row and column, as the library reads it."""
    try:
        with CalamineWorkbook.from_filelike(packed) as workbook:
            return workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (CalamineError, ValueError, OverflowError):
        raise _fault("is damaged inside; save it again as .xlsx") from None
    except BaseException as error:
        # A panic of the library is no Exception, and has no name that could be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise _fault("is damaged inside; save it again as .xlsx") from None


# --- the table --------------------------------------------------------------------------------------------------------


def _table(
    values: Sequence[Sequence[Any]], faults: Mapping[tuple[int, int], Kind], mandatory: Collection[str]
) -> Sheet:
    """Header and columns of the table that lies in these cells."""
    banner = [[cell.strip() if isinstance(cell, str) else cell for cell in row] for row in values[:BANNER_ROWS]]
    at = _header_row(banner, mandatory)
    names = {column: _text(cell)[0] for column, cell in enumerate(banner[at]) if cell != ""}
    is_header = bool(set(mandatory) & set(names.values()))
    odd = {row for row, _ in faults}
    marks: dict[int, list[tuple[int, Kind]]] = defaultdict(list)
    for (row, column), kind in faults.items():
        marks[column].append((row, kind))
    filled = [number for number in range(at + 1, len(values)) if number in odd or _is_filled(values[number])]
    position = {number: place for place, number in enumerate(filled)}
    columns: list[list[str]] = []
    kinds: list[list[Kind]] = []
    for column in range(len(banner[at])):
        cells = [values[number][column] for number in filled]
        if column not in names:
            if is_header and any(not isinstance(cell, str) or cell.strip() for cell in cells):
                raise DeliveryFault(
                    "header", "has values in a column without a name; remove them, or give the column its agreed name"
                )
            continue
        marked = [(position[row], kind) for row, kind in marks[column] if row in position]
        said: list[Kind] = []
        if marked or not set(map(type, cells)) <= {str}:
            pairs = [_text(cell) for cell in cells]
            cells, said = [text for text, _ in pairs], [kind for _, kind in pairs]
        for place, kind in marked:
            if kind != "disguised" or said[place] == "number":
                said[place] = kind
        columns.append(cells)
        kinds.append(said)
    return Sheet(tuple(names.values()), columns, kinds)


def _is_filled(row: Sequence[Any]) -> bool:
    return any(not isinstance(cell, str) or cell.strip() for cell in row)


def _header_row(banner: Sequence[Sequence[Any]], mandatory: Collection[str]) -> int:
    """The first of these rows that holds all the mandatory names, else the one that holds most."""
    held = [len(set(mandatory) & {cell for cell in row if isinstance(cell, str)}) for row in banner]
    filled = [number for number, row in enumerate(banner) if any(cell != "" for cell in row)]
    if not filled:
        raise DeliveryFault("empty", f"has nothing in the first {BANNER_ROWS} rows of its sheet; put the table there")
    best = max(held)
    return held.index(best) if best else filled[0]


def _text(cell: Any) -> tuple[str, Kind]:
    """A cell as text and the kind it is; nothing is repaired."""
    if isinstance(cell, str):
        return cell, "text"
    if isinstance(cell, bool):
        return "Y" if cell else "N", "boolean"
    if isinstance(cell, int | float):
        if cell != cell or abs(cell) >= _DIGITS:
            return repr(cell), "disguised"
        return (str(int(cell)), "number") if cell == int(cell) else (repr(cell), "fraction")
    if isinstance(cell, datetime):
        # Excel keeps a moment as a share of days, which is some microseconds off.
        moment = cell if cell.year >= date.max.year else (cell + timedelta(milliseconds=500)).replace(microsecond=0)
        return (moment if moment.time() != time() else moment.date()).isoformat(), "date"
    if isinstance(cell, date):
        return cell.isoformat(), "date"
    return str(cell), "time"
