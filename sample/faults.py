"""What a fault is; and those of the street files and reference tables, each with what it does and what must become of it.

Here: `Fault`, the catalogue `FAULTS` and how each of its faults changes files in memory. Not here: deliveries without fault
(`sample/street.py`, `sample/reference.py`), faults of partners (`sample/partner_faults.py`), anything written to disk
(`sample/generator.py`).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from sample import forms, street
from sample.reference import LOOKUP_PATH, NEIGHBOURHOOD_PATH, POPULATION_PATH
from sample.street import Row, parse, render, street_file, street_path
from sample.world import (
    LSOAS_PER_NEIGHBOURHOOD,
    PRIORITY,
    Lsoa,
    World,
    first_day,
    last_day,
    month_number,
    month_text,
)

#: Delivered files by path below the landing folder.
Files = Mapping[str, bytes]
#: Turns the files of one month into the faulty ones, or the reference files or those of a partner's source (month is then
#: empty text).
Planter = Callable[[Files, World, str], dict[str, bytes]]
Scope = Literal["month", "last month", "every month", "reference", "partner"]

#: Stands in every row of the column that `extra-column` adds: found anywhere past the landing folder, it has leaked.
CANARY = "Canarysurname"
#: The neighbourhood that `unallocated` puts LSOAs in: the neighbourhood table has no such code.
NO_SUCH_NEIGHBOURHOOD = "MH-00"
#: The label that `unknown-category` writes: no code table has it.
UNKNOWN_LABEL = "Signal interference"

_COMPLETENESS = "clean_police_street_completeness"


@dataclass(frozen=True)
class Fault:
    """One fault: name, what is wrong, and what must become of it.

    `expected` is one of: `none` (harmless: nothing changes), `quarantined` (rows set aside, nothing blocked), `x` (the
    month, and every period that needs it, is [x]), `late` (the newest month due is not there), `refused/<reason>` (the
    delivery is not accepted; no version of the month is left, so it is [x] too), or `<table>/<rule>`: the check that
    must catch it, other checks may fail as well. `slot` places a month's fault in a run of 36 months; in shorter or
    longer runs it moves in proportion. A partner's fault names its `source`, and the `measures` that it must hold back or,
    where the only delivery is refused, leave without this source; no other may change.
    """

    name: str
    what: str
    expected: str
    scope: Scope
    plant: Planter
    slot: int = 0
    source: str = ""
    measures: tuple[str, ...] = ()

    def month_index(self, months: int) -> int:
        """Which of the months delivered, from 0, the fault falls in."""
        return months - 1 if self.scope == "last month" else self.slot * months // 36


# How files are changed ----------------------------------------------------------------------------


def _undelivered(_files: Files, _world: World, _month: str) -> dict[str, bytes]:
    return {}


def _rows_changed(change: Callable[[list[list[str]], World, str], Iterable[Row]]) -> Planter:
    """A planter that rewrites the rows of the month's file and leaves header and form alone."""

    def plant(files: Files, world: World, month: str) -> dict[str, bytes]:
        path = street_path(month)
        header, rows = parse(files[path])
        return {**files, path: render(header, change(rows, world, month))}

    return plant


def _bytes_changed(change: Callable[[bytes], bytes]) -> Planter:
    """A planter that changes the month's file as bytes."""

    def plant(files: Files, _world: World, month: str) -> dict[str, bytes]:
        path = street_path(month)
        return {**files, path: change(files[path])}

    return plant


def _redelivered(change: Callable[[list[list[str]], World, str], Iterable[Row]], *, manifests: bool) -> Planter:
    """A planter that adds a second, changed file for the month; with manifests the second is the later extract."""

    def plant(files: Files, world: World, month: str) -> dict[str, bytes]:
        first = street_path(month)
        second = first.replace("police_street/", "police_street/redelivered/")
        header, rows = parse(files[first])
        both = {**files, second: render(header, change(rows, world, month))}
        if manifests:
            for path, days_after in ((first, 10), (second, 71)):
                both |= _manifest(path, both[path], month, days_after)
        return both

    return plant


def _manifest(path: str, data: bytes, month: str, days_after: int, rows_too_many: int = 0) -> dict[str, bytes]:
    """Manifest of a street file extracted so many days after the month's end."""
    number = month_number(month)
    covers = first_day(number), last_day(number)
    return forms.manifest(path, data, len(parse(data)[1]) + rows_too_many, "force analyst", covers, days_after)


def _with(row: list[str], column: int, value: str) -> list[str]:
    return [*row[:column], value, *row[column + 1 :]]


# A month's file -----------------------------------------------------------------------------------


def _emptied_of_city(rows: list[list[str]], world: World, _month: str) -> Iterable[Row]:
    """Every row of the city has lost its place: the file is as long as before, and the city has no crime."""
    city = {area.code for area in world.city}
    nowhere = ["", "", "No Location", "", ""]
    return (
        [*r[: street.LONGITUDE], *nowhere, *r[street.CRIME_TYPE :]] if r[street.LSOA_CODE] in city else r for r in rows
    )


def _shorter(rows: list[list[str]], _world: World, _month: str) -> Iterable[Row]:
    return (row for n, row in enumerate(rows) if n % 5)


def _unknown_category(rows: list[list[str]], _world: World, _month: str) -> Iterable[Row]:
    crimes = (n for n, row in enumerate(rows) if row[street.CRIME_ID])
    chosen = {n for nth, n in enumerate(crimes) if nth % 100 == 0}
    return (_with(row, street.CRIME_TYPE, UNKNOWN_LABEL) if n in chosen else row for n, row in enumerate(rows))


def _twice(rows: list[list[str]], _world: World, _month: str) -> Iterable[Row]:
    return rows + rows


def _out_of_contract(rows: list[list[str]], _world: World, _month: str, *, every: int) -> Iterable[Row]:
    """One row in `every` has an LSOA code of the wrong form or a coordinate that is none."""
    ways = (
        (street.LSOA_CODE, "E0199"),
        (street.LONGITUDE, "west"),
        (street.LSOA_CODE, "X99990001"),
        (street.LATITUDE, "95.000000"),
    )
    for n, row in enumerate(rows):
        nth, is_not_bad = divmod(n, every)
        yield row if is_not_bad else _with(row, *ways[nth % len(ways)])


def _other_outcomes(rows: list[list[str]], _world: World, _month: str) -> Iterable[Row]:
    for n, row in enumerate(rows):
        changed = n % 20 == 0 and row[street.CRIME_ID]
        yield _with(row, street.OUTCOME, "Offender otherwise dealt with") if changed else row


def _mixed_month(rows: list[list[str]], _world: World, month: str) -> Iterable[Row]:
    before = month_text(month_number(month) - 1)
    return (row if n % 33 else _with(row, street.MONTH, before) for n, row in enumerate(rows))


def _wrong_month(files: Files, world: World, month: str) -> dict[str, bytes]:
    return {**files, street_path(month): street_file(world, month_text(month_number(month) - 1))}


def _renamed_column(data: bytes) -> bytes:
    return data.replace(b"Crime type", b"Offence type", 1)


def _extra_column(data: bytes) -> bytes:
    header, rows = parse(data)
    return render([*header, "surname"], ([*row, CANARY] for row in rows))


def _reordered_columns(data: bytes) -> bytes:
    """Latitude before longitude: every value is still of its column's type."""
    header, rows = parse(data)
    a, b = street.LONGITUDE, street.LATITUDE
    swapped = ([*r[:a], r[b], r[a], *r[b + 1 :]] for r in (header, *rows))
    return render(next(swapped), swapped)


def _layout_2012(data: bytes) -> bytes:
    """The layout used until 2012, with metres in place of degrees."""
    _, rows = parse(data)
    header = ("Month", "Reported by", "Falls within", "Easting", "Northing", "Location", "Crime type", "Context")
    return render(
        header,
        (
            [
                *row[street.MONTH : street.LONGITUDE],
                row[street.LONGITUDE] and str(round((float(row[street.LONGITUDE]) + 10) * 71_000)),
                row[street.LATITUDE] and str(round((float(row[street.LATITUDE]) - 49) * 111_000)),
                row[street.LOCATION],
                row[street.CRIME_TYPE],
                "",
            ]
            for row in rows
        ),
    )


def _latin_1(data: bytes) -> bytes:
    header, rows = parse(data)
    accented = (row if n % 500 else _with(row, street.LOCATION, "On or near Café Row") for n, row in enumerate(rows))
    return render(header, accented).decode("utf-8").encode("latin-1")


def _cut_in_row(data: bytes) -> bytes:
    """The file ends inside a row, some three fifths on."""
    start = data.index(b"\n", len(data) * 3 // 5) + 1
    return data[: start + len(data[start:].split(b"\n", 1)[0]) // 2]


def _binary(_data: bytes) -> bytes:
    return bytes(range(256)) * 64


def _header_only(data: bytes) -> bytes:
    return data[: data.index(b"\n") + 1]


def _nothing(_data: bytes) -> bytes:
    return b""


def _gzipped(files: Files, _world: World, month: str, *, share: float = 1) -> dict[str, bytes]:
    """The month's file as .csv.gz; with a share under 1 cut short after that share of its bytes."""
    path = street_path(month)
    packed = forms.gzipped(files[path])
    others = {name: data for name, data in files.items() if name != path}
    return {**others, f"{path}.gz": packed[: int(len(packed) * share)]}


def _zipped(files: Files, _world: World, month: str) -> dict[str, bytes]:
    """The month's file in an archive as it is downloaded: the published tree inside one .zip."""
    path = street_path(month)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        member = zipfile.ZipInfo(path.removeprefix("police_street/"), (1980, 1, 1, 0, 0, 0))
        archive.writestr(member, files[path], zipfile.ZIP_DEFLATED)
    others = {name: data for name, data in files.items() if name != path}
    return {**others, f"police_street/{month}.zip": packed.getvalue()}


def _manifest_mismatch(files: Files, _world: World, month: str) -> dict[str, bytes]:
    path = street_path(month)
    return {**files, **_manifest(path, files[path], month, 10, rows_too_many=1)}


# Every month's file -------------------------------------------------------------------------------


def _unmatched_lsoa(rows: list[list[str]], world: World, _month: str) -> Iterable[Row]:
    """One row in 80 of the city bears a code of no lookup, its LSOA's own; the name stays."""
    replaced = {area.code: f"E0199{3001 + n:04d}" for n, area in enumerate(world.city)}
    seen = 0
    for row in rows:
        if row[street.LSOA_CODE] in replaced:
            seen += 1
            if seen % 80 == 1:
                row = _with(row, street.LSOA_CODE, replaced[row[street.LSOA_CODE]])
        yield row


# Reference files ----------------------------------------------------------------------------------


def _table_changed(path: str, change: Callable[[list[list[str]], World], Iterable[Row]]) -> Planter:
    """A planter that rewrites the rows of one reference table."""

    def plant(files: Files, world: World, _month: str) -> dict[str, bytes]:
        header, rows = parse(files[path])
        return {**files, path: render(header, change(rows, world))}

    return plant


def _outside_the_ten(world: World, share: float) -> set[str]:
    """The first LSOA of as many neighbourhoods outside the ten as hold at least that share of the city's crime."""
    shares = dict(zip(world.city, world.city_shares(month_number("2013-04")), strict=True))
    firsts = world.city[::LSOAS_PER_NEIGHBOURHOOD]
    chosen: list[Lsoa] = []
    for area in firsts:
        if area.neighbourhood not in PRIORITY and sum(shares[held] for held in chosen) < share:
            chosen.append(area)
    return {area.code for area in chosen}


def _lookup_to_nowhere(rows: list[list[str]], world: World) -> Iterable[Row]:
    lost = _outside_the_ten(world, share=0.06)
    return (_with(row, 2, NO_SUCH_NEIGHBOURHOOD) if row[0] in lost else row for row in rows)


def _weights_off(rows: list[list[str]], _world: World) -> Iterable[Row]:
    return (_with(row, 3, "0.9") if n == _first_of("MH-11", rows) else row for n, row in enumerate(rows))


def _lookup_duplicate(rows: list[list[str]], _world: World) -> Iterable[Row]:
    return [*rows, rows[_first_of("MH-13", rows)]]


def _first_of(neighbourhood: str, rows: list[list[str]]) -> int:
    return next(n for n, row in enumerate(rows) if row[2] == neighbourhood)


def _neighbourhood_missing(rows: list[list[str]], _world: World) -> Iterable[Row]:
    return (row for row in rows if row[0] != "MH-12")


def _population_missing(rows: list[list[str]], world: World) -> Iterable[Row]:
    """One LSOA left out in every year; the city is the sum of the rest, so no total gives it away."""
    lost = next(area.code for area in world.city if area.neighbourhood == "MH-17")
    gone = {row[2]: (int(row[3]), int(row[4])) for row in rows if row[0] == lost}
    for row in rows:
        if row[1] == "city":
            persons, households = gone[row[2]]
            yield [*row[:3], str(int(row[3]) - persons), str(int(row[4]) - households), row[5]]
        elif row[0] != lost:
            yield row


def _population_mismatch(rows: list[list[str]], _world: World) -> Iterable[Row]:
    return (_with(row, 3, str(round(int(row[3]) * 1.01))) if row[1] == "city" else row for row in rows)


# The catalogue ------------------------------------------------------------------------------------


def _month(slot: int, name: str, what: str, expected: str, plant: Planter) -> Fault:
    return Fault(name, what, expected, "month", plant, slot)


def _reference(name: str, what: str, expected: str, plant: Planter) -> Fault:
    return Fault(name, what, expected, "reference", plant)


_CATALOGUE = (
    Fault(
        "unmatched-lsoa",
        "in every month at least 1% of the city's rows carry an LSOA code that no lookup holds, under the city's name",
        f"{_COMPLETENESS}/lsoa_matched",
        "every month",
        _rows_changed(_unmatched_lsoa),
    ),
    _month(9, "bom-crlf", "a month with byte order mark and CRLF", "none", _bytes_changed(forms.with_bom_and_crlf)),
    _month(10, "gzipped", "a month as .csv.gz", "none", _gzipped),
    _month(11, "zipped", "a month in a .zip with the published tree inside", "none", _zipped),
    _month(13, "truncated-file", "a month as .csv.gz, cut short", "refused/truncated", partial(_gzipped, share=0.6)),
    _month(14, "truncated-csv", "a month cut in the middle of a row", "refused/truncated", _bytes_changed(_cut_in_row)),
    _month(
        15, "renamed-column", "'Crime type' is called 'Offence type'", "refused/header", _bytes_changed(_renamed_column)
    ),
    _month(16, "extra-column", "a column 'surname' at the end", "refused/header", _bytes_changed(_extra_column)),
    _month(
        17,
        "reordered-columns",
        "latitude stands before longitude",
        "refused/header",
        _bytes_changed(_reordered_columns),
    ),
    _month(18, "layout-2012", "the layout used until 2012", "refused/layout_2012", _bytes_changed(_layout_2012)),
    _month(19, "empty-file", "a month of no bytes", "refused/empty", _bytes_changed(_nothing)),
    _month(20, "header-only", "a month without rows", "refused/header_only", _bytes_changed(_header_only)),
    _month(21, "not-utf8", "a month in Latin-1 with accents", "refused/not_utf8", _bytes_changed(_latin_1)),
    _month(22, "binary", "a month that is no text at all", "refused/binary", _bytes_changed(_binary)),
    _month(23, "wrong-month", "the file holds the month before its name", "refused/wrong_month", _wrong_month),
    _month(
        24,
        "mixed-month",
        "3% of a month's rows are of the month before",
        f"{_COMPLETENESS}/bad_rows",
        _rows_changed(_mixed_month),
    ),
    _month(
        25,
        "conflicting-versions",
        "two files of one month differ in outcomes, and no manifest says which is later",
        "refused/conflict",
        _redelivered(_other_outcomes, manifests=False),
    ),
    _month(
        26,
        "manifest-mismatch",
        "the manifest's row count is one too many",
        "refused/manifest",
        _manifest_mismatch,
    ),
    _month(
        27,
        "bad-rows",
        "2% of a month's rows have a bad LSOA code or coordinate",
        f"{_COMPLETENESS}/bad_rows",
        _rows_changed(partial(_out_of_contract, every=50)),
    ),
    _month(
        28,
        "few-bad-rows",
        "0.4% of a month's rows have a bad LSOA code or coordinate",
        "quarantined",
        _rows_changed(partial(_out_of_contract, every=250)),
    ),
    _month(29, "missing-month", "a month, in a run of 36 one of the third year, is not delivered", "x", _undelivered),
    _month(
        30,
        "unknown-category",
        "1% of a month's crimes have a crime type of no code table",
        f"{_COMPLETENESS}/category_known",
        _rows_changed(_unknown_category),
    ),
    _month(
        31,
        "duplicate-ids",
        "a month's rows were appended to the file a second time",
        f"{_COMPLETENESS}/repeated_ids",
        _rows_changed(_twice),
    ),
    _month(
        32,
        "shrunk-month",
        "a later extract of a month, by its manifest, has 20% fewer rows",
        f"{_COMPLETENESS}/not_shrunk",
        _redelivered(_shorter, manifests=True),
    ),
    _month(
        33,
        "vanished-month",
        "in a later extract of a month, by its manifest, every row of the city has lost its place",
        f"{_COMPLETENESS}/no_month_vanished",
        _redelivered(_emptied_of_city, manifests=True),
    ),
    Fault(
        "last-month-missing",
        "the newest month is not delivered, though it was due by the date that `Generated.as_of` gives",
        "late",
        "last month",
        _undelivered,
    ),
    _reference(
        "unallocated",
        "the lookup puts LSOAs with at least 6% of the city's crime in a neighbourhood that is not in the other table",
        "outcome_sp01_close_the_gap/unallocated_few",
        _table_changed(LOOKUP_PATH, _lookup_to_nowhere),
    ),
    _reference(
        "weights-off",
        "the weight of one LSOA is 0.9",
        "clean_lsoa_neighbourhood/weights_sum",
        _table_changed(LOOKUP_PATH, _weights_off),
    ),
    _reference(
        "lookup-duplicate",
        "one LSOA stands twice in the lookup",
        "clean_lsoa_neighbourhood/key_unique",
        _table_changed(LOOKUP_PATH, _lookup_duplicate),
    ),
    _reference(
        "neighbourhood-missing",
        "the neighbourhood table lacks one neighbourhood, one of the priority set",
        "outcome_sp01_close_the_gap/priority_set_is_ten",
        _table_changed(NEIGHBOURHOOD_PATH, _neighbourhood_missing),
    ),
    _reference(
        "population-missing",
        "one LSOA has no population in any year, and the city's is the sum of the others",
        "clean_population/every_neighbourhood_peopled",
        _table_changed(POPULATION_PATH, _population_missing),
    ),
    _reference(
        "population-mismatch",
        "the city's population is 1% over the sum of its LSOAs",
        "clean_population/city_agrees",
        _table_changed(POPULATION_PATH, _population_mismatch),
    ),
)

#: Every fault of street files and reference tables by name, in the order in which they are planted.
FAULTS: dict[str, Fault] = {fault.name: fault for fault in _CATALOGUE}
