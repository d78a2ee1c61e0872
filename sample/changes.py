"""How the delivery of a partner's source is changed into a faulty one.

Here: changes of rows and columns, of forms and names, each for any source. Not here: which fault is which change
(`sample/partner_faults.py`), deliveries without fault (`sample/partners.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sample import forms
from sample.draws import every
from sample.faults import Files, Planter
from sample.partners import PARTNERS, Coverage, Partner
from sample.world import World, financial_year, first_day, last_day

Cells = Mapping[str, str]
Where = Callable[[Cells], bool]

_COVERED = re.compile(r"_(\d{4}-\d{2}-\d{2})_(\d{4}-\d{2}-\d{2})\.")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LONDON = ZoneInfo("Europe/London")
_USUAL_DAYS_AFTER = 8


@dataclass(frozen=True)
class Delivery:
    """A delivery opened: what it covers, its columns, its rows as text."""

    partner: Partner
    covers: Coverage
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def path(self) -> str:
        """Where it lies below the landing folder."""
        return self.partner.path(self.covers)

    def data(self) -> bytes:
        """The file in the form of its source."""
        return self.partner.write(self.header, self.rows, self.covers)

    def files(self, folder: str = "", days_after: int | None = None) -> dict[str, bytes]:
        """The file by its path; with a manifest if its sender makes one, or if days from coverage to extract are given."""
        path, data = self.partner.path(self.covers, folder), self.data()
        files = {path: data}
        if self.partner.sender or days_after is not None:
            sender, after = self.partner.sender or "performance analyst", days_after or _USUAL_DAYS_AFTER
            files |= forms.manifest(path, data, len(self.rows), sender, self.covers, after)
        return files

    def at(self, column: str) -> int:
        """Place of a column."""
        return list(self.header).index(column)

    def cells(self, row: Sequence[str]) -> Cells:
        """A row by column."""
        return dict(zip(self.header, row, strict=True))

    def chosen(self, where: Where | None, share: float) -> set[int]:
        """Numbers of the rows that suit, or of that share of them at equal distances: at least one, if one suits."""
        suit = [n for n, row in enumerate(self.rows) if not where or where(self.cells(row))]
        return {n for n, hit in zip(suit, every(len(suit), share, 1 - share), strict=True) if hit}

    def day_at(self) -> int:
        """Place of the first column that holds days or moments: in sources that deliver any, the one the coverage is of."""
        return next(n for n, cell in enumerate(self.rows[0]) if _DAY.match(cell))

    def of_days(self, covers: Coverage) -> Delivery:
        """The part of a coverage, with the rows of its days."""
        at = self.day_at()
        rows = [row for row in self.rows if covers[0] <= london_day(row[at]) <= covers[1]]
        return replace(self, covers=covers, rows=rows)


Change = Callable[[Delivery], Delivery]
#: A planter for whichever source.
ForSource = Callable[[str], Planter]


def opened(files: Files, source: str) -> Delivery:
    """The one delivery of a source among its files."""
    partner = PARTNERS[source]
    path = next(path for path in files if path.endswith(f".{partner.suffix}"))
    days = [date.fromisoformat(day) for found in _COVERED.findall(path) for day in found]
    covers = days[0], days[1]
    return Delivery(partner, covers, *partner.read(files[path], covers))


def london_day(text: str) -> date:
    """The day in London of a day or of a moment with a zone."""
    return datetime.fromisoformat(text).astimezone(_LONDON).date() if "T" in text else date.fromisoformat(text)


# Rows and columns ---------------------------------------------------------------------------------


def cells_set(
    column: str, value: str | Callable[[Cells], str], share: float = 1.0, where: Where | None = None
) -> Change:
    """Another value in a column of the rows chosen."""

    def change(one: Delivery) -> Delivery:
        at, chosen = one.at(column), one.chosen(where, share)
        rows = list(one.rows)
        for n in chosen:
            new = value if isinstance(value, str) else value(one.cells(rows[n]))
            rows[n] = [*rows[n][:at], new, *rows[n][at + 1 :]]
        return replace(one, rows=rows)

    return change


def rows_left_out(where: Where | None = None, share: float = 1.0) -> Change:
    """The rows chosen are not there."""

    def change(one: Delivery) -> Delivery:
        chosen = one.chosen(where, share)
        return replace(one, rows=[row for n, row in enumerate(one.rows) if n not in chosen])

    return change


def rows_again(share: float, where: Where | None = None, **other: str | Callable[[Cells], str]) -> Change:
    """The rows chosen stand there a second time, with other values in the columns named."""

    def change(one: Delivery) -> Delivery:
        rows = list(one.rows)
        for n in sorted(one.chosen(where, share)):
            cells = one.cells(one.rows[n])
            changed = {name: value if isinstance(value, str) else value(cells) for name, value in other.items()}
            rows.append([changed.get(name, cell) for name, cell in cells.items()])
        return replace(one, rows=rows)

    return change


def column_added(column: str, value: str) -> Change:
    """A column more, at the end."""
    return lambda one: replace(one, header=[*one.header, column], rows=[[*row, value] for row in one.rows])


def column_left_out(column: str) -> Change:
    """A column less."""

    def change(one: Delivery) -> Delivery:
        at = one.at(column)
        header, *rows = ([*row[:at], *row[at + 1 :]] for row in (one.header, *one.rows))
        return replace(one, header=header, rows=rows)

    return change


def columns_turned_round(one: Delivery) -> Delivery:
    """The last column first."""
    return replace(one, header=one.header[::-1], rows=[row[::-1] for row in one.rows])


def without_rows(one: Delivery) -> Delivery:
    """The header alone."""
    return replace(one, rows=[])


def without_header(one: Delivery) -> Delivery:
    """The rows alone."""
    return replace(one, header=one.rows[0], rows=one.rows[1:])


def with_totals(one: Delivery) -> Delivery:
    """A last row that counts the others."""
    return replace(one, rows=[*one.rows, ["Total", str(len(one.rows)), *[""] * (len(one.header) - 2)]])


def named_to_end_earlier(months: int) -> Change:
    """The coverage declared ends so many months earlier; the rows stay as they are."""
    return lambda one: replace(one, covers=_shorter(one.covers, months))


def ended_earlier(months: int) -> Change:
    """The extract ends so many months earlier, and so do its rows."""
    return lambda one: one.of_days(_shorter(one.covers, months))


def month_left_out(one: Delivery) -> Delivery:
    """No row of the sixth month from the end."""
    month, at = _month_of(one.covers[1]) - 5, one.day_at()
    rows = [row for row in one.rows if not first_day(month) <= london_day(row[at]) <= last_day(month)]
    return replace(one, rows=rows)


def without_zone(column: str) -> Change:
    """London clock time, and no zone."""

    def local(row: Cells) -> str:
        return f"{datetime.fromisoformat(row[column]).astimezone(_LONDON):%Y-%m-%dT%H:%M:%S}"

    return cells_set(column, local, where=filled(column))


def after_the_end(column: str, share: float) -> Change:
    """Some rows bear a day a year after the last one covered; at noon, if the column has times."""

    def change(one: Delivery) -> Delivery:
        day = one.covers[1].replace(year=one.covers[1].year + 1, day=28).isoformat()
        return cells_set(column, lambda row: day + ("T12:00:00Z" if "T" in row[column] else ""), share)(one)

    return change


def on_first_day(column: str, where: Where) -> Change:
    """The rows that suit bear the first day covered."""
    return lambda one: cells_set(column, one.covers[0].isoformat(), where=where)(one)


def equals(column: str, *values: str) -> Where:
    """Rows with one of these values."""
    return lambda row: row[column] in values


def filled(column: str) -> Where:
    """Rows in which the column is not empty."""
    return lambda row: bool(row[column])


def days_after(column: str, days: int) -> Callable[[Cells], str]:
    """The day so many days after the one in a column; before it, if negative."""
    return lambda row: (date.fromisoformat(row[column]) + timedelta(days=days)).isoformat()


def day_first(column: str) -> Callable[[Cells], str]:
    """The day in a column as it is written in England."""
    return lambda row: f"{date.fromisoformat(row[column]):%d/%m/%Y}"


def month_and_day_swapped(column: str) -> Callable[[Cells], str]:
    """The day in a column with month and day in each other's place."""

    def swapped(row: Cells) -> str:
        year, month, day = row[column].split("-")
        return f"{year}-{day}-{month}"

    return swapped


def _month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def _shorter(covers: Coverage, months: int) -> Coverage:
    return covers[0], last_day(_month_of(covers[1]) - months)


# Forms and names ----------------------------------------------------------------------------------


def changed(*changes: Change) -> ForSource:
    """Rewrites the rows of the source, and leaves form and name alone."""
    return _planter(lambda one: _all(one, changes).files())


def redelivered(*changes: Change, manifests: bool = True) -> ForSource:
    """Adds a second, changed extract; by the manifests it is the later one, without any it cannot be told."""

    def make(one: Delivery) -> dict[str, bytes]:
        second = _all(one, changes)
        if not manifests:
            return one.files() | second.files("redelivered/")
        later = _USUAL_DAYS_AFTER + 31 + (one.covers[1] - second.covers[1]).days
        return one.files(days_after=_USUAL_DAYS_AFTER) | second.files("redelivered/", later)

    return _planter(make)


def encoded(encode: Callable[[bytes], bytes], suffix: str = "") -> ForSource:
    """Changes the file as bytes, and perhaps the ending of its name; a manifest is left as it is."""

    def planter(source: str) -> Planter:
        def plant(files: Files, _world: World, _month: str) -> dict[str, bytes]:
            after = dict(files)
            path = opened(files, source).path
            after[path + suffix] = encode(after.pop(path))
            return after

        return plant

    return planter


def named(name: Callable[[Delivery], str]) -> ForSource:
    """Gives the file another name."""
    return _planter(lambda one: {f"{one.partner.source}/{name(one)}.{one.partner.suffix}": one.data()})


def with_wrong_manifest() -> ForSource:
    """Adds a manifest whose row count is one too many."""

    def make(one: Delivery) -> dict[str, bytes]:
        data = one.data()
        count = len(one.rows) + 1
        said = forms.manifest(one.path, data, count, "performance analyst", one.covers, _USUAL_DAYS_AFTER)
        return {one.path: data, **said}

    return _planter(make)


def sheet_renamed(name: str) -> ForSource:
    """The sheet of the workbook is called otherwise."""

    def make(one: Delivery) -> dict[str, bytes]:
        return {one.path: replace(one.partner, sheet=name).write(one.header, one.rows, one.covers)}

    return _planter(make)


def as_workbook(dates: Sequence[str], numbers: Sequence[str]) -> ForSource:
    """A CSV source as a workbook with real dates and numbers."""

    def make(one: Delivery) -> dict[str, bytes]:
        kept = replace(one.partner, sheet=one.partner.source, dates=tuple(dates), numbers=tuple(numbers))
        return replace(one, partner=kept).files()

    return _planter(make)


def as_csv() -> ForSource:
    """A source kept in a workbook as CSV."""
    return _planter(lambda one: replace(one, partner=replace(one.partner, sheet="")).files())


def by_year() -> ForSource:
    """One file for each financial year, each for its own days."""

    def make(one: Delivery) -> dict[str, bytes]:
        files: dict[str, bytes] = {}
        first, last = (financial_year(_month_of(day)) for day in one.covers)
        for year in range(first, last + 1):
            covers = max(one.covers[0], date(year, 4, 1)), min(one.covers[1], date(year + 1, 3, 31))
            files |= one.of_days(covers).files()
        return files

    return _planter(make)


def with_gap() -> ForSource:
    """Two files that leave the month in the middle uncovered."""

    def make(one: Delivery) -> dict[str, bytes]:
        first, last = (_month_of(day) for day in one.covers)
        middle = (first + last + 1) // 2
        before = one.of_days((one.covers[0], last_day(middle - 1)))
        return before.files() | one.of_days((first_day(middle + 1), one.covers[1])).files()

    return _planter(make)


def _planter(make: Callable[[Delivery], dict[str, bytes]]) -> ForSource:
    def planter(source: str) -> Planter:
        return lambda files, _world, _month: make(opened(files, source))

    return planter


def _all(one: Delivery, changes: Sequence[Change]) -> Delivery:
    for change in changes:
        one = change(one)
    return one
