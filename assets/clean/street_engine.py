"""Police street files to clean tables: parse, quarantine, count one Crime ID once, and place in the area (spec 2.3).

Here: reading delivered files in DuckDB, the cache of what was read, and the rule that one Crime ID is one offence.
Not here: which delivery counts, Dagster, or what becomes of the tables. Everything is a function of the arguments of
`settle`: the cache, the order of files and the number of threads change the time it takes and nothing else.

How it works
  1. A new file is looked at as bytes. If every line has exactly twelve fields, DuckDB reads it; if not, or if one row
     of it breaks a rule, it is read line by line, and each bad row is set aside with its number.
  2. The cache keeps of every file: counts by LSOA and crime type, an 8-byte key of every Crime ID, and the rows that
     lie in the partnership's area or whose key occurs twice among the files read with it.
  3. Other rows whose key occurs twice are read again from their files. Rows with one key are compared on the full Crime
     ID: two IDs with one key stay two offences. The rows of an ID that stands in several are taken out of the counts,
     and its offence goes back in once.

Which force an offence counts for: month and force name the file that it is counted in, in all three tables, so that
the counts of a force and month always sum to the `counted` of its file. It is a file of the earliest month the Crime ID
appears in: if several forces have the ID in that month, the file of the force whose row wins, else of the greatest force.
Type and place are always those of the winning row.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from expectations.contracts import police_street as contract
from expectations.contracts.model import Table
from resources.engine import Engine, EngineError

#: Raise it when anything below changes what the cache holds.
_VERSION = 1
#: The 8-byte key by which a Crime ID is looked for in other files. It only has to be equal for equal IDs.
_KEY = "hash(crime_id)"
#: Uncompressed bytes read in one transaction: what is read is kept when a refresh is stopped.
_BATCH_BYTES = 1 << 27
_UNKNOWN = "unknown"
#: The columns of the published file, by the names they have here.
_NAMES = (
    *("crime_id", "file_month", "reported_by", "falls_within", "longitude", "latitude", "location"),
    *("lsoa_code", "lsoa_name", "crime_type", "outcome", "context"),
)
_FIELDS = len(_NAMES)
_ASCII = 127
#: What DuckDB takes for a pattern in a path.
_PATTERN = re.compile(r"[*?\[]")
#: A quoted field with the byte before it and the byte after it.
_QUOTED_FIELD = re.compile(rb'[,\n]"[^"\n]*"[,\r\n]')
_ARROW = {"string": pa.string(), "int": pa.int64(), "float": pa.float64()}


@dataclass(frozen=True, order=True)
class StreetFile:
    """One delivered version of one force and month: hash of its uncompressed bytes, and where they lie."""

    force: str
    month: str
    sha256: str
    path: Path


@dataclass(frozen=True)
class StreetTables:
    """The four clean tables: the columns of their contracts, sorted by key; text of few values is dictionary-encoded."""

    rows: pa.Table
    count: pa.Table
    completeness: pa.Table
    quarantine: pa.Table


#: label, slug, first month, last month or None; both months included.
Category = tuple[str, str, str, str | None]


def settle(
    files: Sequence[StreetFile],
    previous: Sequence[StreetFile],
    categories: Sequence[Category],
    lookup: Sequence[tuple[str, str]],
    area_name: str,
    engine: Engine,
) -> StreetTables:
    """The clean tables of these files (spec 2.3).

    Args:
        files: the version that counts of each force and month.
        previous: the versions that they replaced; only their numbers of rows are reported.
        categories: the dated category table.
        lookup: LSOA code and census year of every LSOA of the partnership's area.
        area_name: what the names of the area's LSOAs begin with.
        engine: the cache; a damaged one is discarded and everything read again.

    Raises:
        ValueError: two files for one force and month, or two categories for one label and month.
        EngineError: the cache is in use, memory or disk ran out, or a file cannot be read.
    """
    job = _Job(tuple(sorted(files)), tuple(sorted(previous)), tuple(sorted(set(lookup))), area_name, categories)
    try:
        return _settle(job, engine)
    except EngineError as error:
        if error.code != "failed":
            raise
    engine.discard()
    return _settle(job, engine)


class _Job:
    """The arguments, checked, in the one order that everything below uses."""

    def __init__(
        self,
        files: tuple[StreetFile, ...],
        previous: tuple[StreetFile, ...],
        lookup: tuple[tuple[str, str], ...],
        area_name: str,
        categories: Sequence[Category],
    ):
        for group in (files, previous):
            for one, other in pairwise(group):
                if (one.force, one.month) == (other.force, other.month):
                    raise ValueError(f"two files for {one.force} {one.month}: one of them counts")
        self.files, self.area_name = files, area_name
        self.vintages: dict[str, str] = {}
        for code, vintage in lookup:
            self.vintages[code] = f"{self.vintages[code]} {vintage}" if code in self.vintages else vintage
        self.forces = sorted({file.force for file in files})
        self.months = _months([file.month for file in files])
        # A replaced version is reported beside the months of the table only.
        self.previous = tuple(file for file in previous if file.force in self.forces and file.month in self.months)
        # The empty label stands for every label that the table does not hold.
        self.labels = ["", *sorted({label for label, _, _, _ in categories} - {""})]
        self.slugs = sorted({slug for _, slug, _, _ in categories} | {_UNKNOWN})
        self.slug_of = {
            (label, month): _slug(categories, label, month) for label in self.labels for month in self.months
        }

    @property
    def stamp(self) -> str:
        """What the contents of the cache depend on besides the files."""
        parts = (_VERSION, duckdb.__version__, _KEY, self.area_name, self.labels, sorted(self.vintages))
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def _months(held: Iterable[str]) -> list[str]:
    """Every month from the first to the last held."""
    numbers = [int(month[:4]) * 12 + int(month[5:]) - 1 for month in held]
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(min(numbers), max(numbers) + 1)] if numbers else []


def _slug(categories: Iterable[Category], label: str, month: str) -> str:
    """Category of a label in a month."""
    slugs = {
        slug
        for name, slug, first, last in categories
        if name == label and first <= month and (last is None or month <= last)
    }
    if len(slugs) > 1:
        raise ValueError(f"{len(slugs)} categories for the label {label} in {month}: the dated table may hold one")
    return slugs.pop() if slugs else _UNKNOWN


def _settle(job: _Job, engine: Engine) -> StreetTables:
    with _cache(job, engine) as db:
        _forget(db, job)
        # Apart, or every Crime ID of both versions of a file would be one that occurs twice.
        for files in (job.files, job.previous):
            _load_new(db, files)
        _describe(db, job)
        with _transaction(db):
            _fetch(db, job)
        db.execute(_OFFENCES)
        return StreetTables(
            rows=_as_contract(contract.ROWS, db.sql(_ROWS)),
            count=_as_contract(contract.COUNT, db.sql(_COUNT)),
            completeness=_as_contract(contract.COMPLETENESS, db.sql(_COMPLETENESS)),
            quarantine=_as_contract(contract.QUARANTINE, db.sql(_QUARANTINE)),
        )


def _as_contract(table: Table, relation: duckdb.DuckDBPyRelation) -> pa.Table:
    """The result with the columns and types of the contract; text of few values stays encoded by a dictionary."""
    result = relation.to_arrow_table()
    columns = []
    for column in table.columns:
        values, kind = result[column.name], _ARROW[column.type]
        held = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
        columns.append(values if held == kind else values.cast(kind))
    return pa.table(columns, names=table.column_names)


# --- the cache -------------------------------------------------------------------------------------------------------

#: What is kept of every file, by a number of its own.
_TABLES = """
CREATE TYPE label AS ENUM (SELECT unnest(getvariable('labels')));
CREATE TABLE file (
    file INTEGER, force VARCHAR, month VARCHAR, sha256 VARCHAR,
    careful BOOLEAN,  -- it must be read line by line
    delivered BIGINT, unmatched BIGINT
);
CREATE TABLE cell (file INTEGER, lsoa_code VARCHAR, label label, counted UINTEGER);
CREATE TABLE key (file INTEGER, key UBIGINT);
CREATE TABLE row (  -- every row in the area, and of some keys every row
    file INTEGER, key UBIGINT, crime_id VARCHAR, lsoa_code VARCHAR, named BOOLEAN, label label, crime_type VARCHAR,
    outcome VARCHAR, location VARCHAR, longitude DOUBLE, latitude DOUBLE
);
CREATE TABLE bad (file INTEGER, row_number BIGINT, reason VARCHAR);
CREATE TABLE stamp AS SELECT getvariable('stamp') AS stamp;
"""

#: How a file is read, and the rules a row must keep: each is true or false, never null.
_MACROS = """
CREATE TEMP MACRO delivered(paths) AS TABLE
    SELECT file_index AS position, * FROM read_csv(
        paths, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', nullstr = '',
        strict_mode = true, ignore_errors = true, encoding = 'utf-8', compression = 'none', hive_partitioning = false,
        columns = {
            crime_id: 'VARCHAR', file_month: 'VARCHAR', reported_by: 'VARCHAR', falls_within: 'VARCHAR',
            longitude: 'VARCHAR', latitude: 'VARCHAR', location: 'VARCHAR', lsoa_code: 'VARCHAR', lsoa_name: 'VARCHAR',
            crime_type: 'VARCHAR', outcome: 'VARCHAR', context: 'VARCHAR'
        });
-- Minus zero is zero: equal numbers must be equal bytes.
CREATE TEMP MACRO one_zero(degrees) AS CASE WHEN degrees = 0 THEN 0 ELSE degrees END;
CREATE TEMP MACRO good_month(file_month, month) AS coalesce(file_month = month, false);
CREATE TEMP MACRO good_coordinates(longitude, latitude) AS
    (longitude IS NULL AND latitude IS NULL) OR coalesce(
        abs(try_cast(longitude AS DOUBLE)) <= 180 AND abs(try_cast(latitude AS DOUBLE)) <= 90, false);
CREATE TEMP MACRO good_lsoa(lsoa_code) AS
    coalesce(lsoa_code GLOB '[EW]01[0-9][0-9][0-9][0-9][0-9][0-9]', true);
CREATE TEMP MACRO good_id(crime_id) AS
    crime_id IS NULL OR coalesce(length(crime_id) = 64 AND octet_length(try(unhex(crime_id))) = 32, false);
CREATE TEMP MACRO has_area_name(lsoa_name) AS
    CASE WHEN starts_with(lsoa_name, getvariable('area_name') || ' ')
    THEN substr(lsoa_name, length(getvariable('area_name')) + 2) GLOB '[0-9][0-9][0-9][A-Z]' ELSE false END;
-- The text of a crime type is kept only where it is none of the labels.
CREATE TEMP MACRO as_label(crime_type) AS coalesce(try_cast(crime_type AS label), '');
CREATE TEMP MACRO other_type(crime_type) AS CASE WHEN try_cast(crime_type AS label) IS NULL THEN crime_type END;
"""


@contextmanager
def _cache(job: _Job, engine: Engine) -> Iterator[duckdb.DuckDBPyConnection]:
    """The cache with what every query needs; made anew when it was made by other rules."""
    with ExitStack() as stack:
        db = stack.enter_context(engine.connect())
        made = db.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'stamp'").fetchone() == (1,)
        if made and db.execute("SELECT stamp FROM stamp").fetchone() != (job.stamp,):
            stack.close()
            engine.discard()
            db = stack.enter_context(engine.connect())
            made = False
        _set(db, area_name=job.area_name, labels=job.labels, stamp=job.stamp)
        _give(db, "area", {"lsoa_code VARCHAR": job.vintages, "lsoa_vintage VARCHAR": job.vintages.values()})
        if not made:
            with _transaction(db):
                db.execute(_TABLES)
        db.execute(f"CREATE TEMP MACRO id_key(crime_id) AS {_KEY}")
        db.execute(_MACROS)
        yield db


@contextmanager
def _transaction(db: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of the block or, when it raises, nothing of it."""
    db.begin()
    try:
        yield
    except BaseException:
        db.rollback()
        raise
    db.commit()


def _set(db: duckdb.DuckDBPyConnection, **values: Any) -> None:
    """Variables that queries read by `getvariable`."""
    for name, value in values.items():
        db.execute(f"SET VARIABLE {name} = $value", {"value": value})


def _give(db: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, Iterable[Any]]) -> None:
    """A small table for queries to read; every column of it is a list, by the name and type of the key."""
    made = ", ".join(f"unnest($c{i}::{column.split()[1]}[]) AS {column.split()[0]}" for i, column in enumerate(columns))
    values = {f"c{i}": list(column) for i, column in enumerate(columns.values())}
    db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {made}", values)


def _forget(db: duckdb.DuckDBPyConnection, job: _Job) -> None:
    """Take out of the cache what belongs to no file of this job."""
    wanted = {(file.force, file.month, file.sha256) for file in (*job.files, *job.previous)}
    held = db.execute("SELECT force, month, sha256, file FROM file").fetchall()
    _drop(db, [number for *slot, number in held if tuple(slot) not in wanted])


def _drop(db: duckdb.DuckDBPyConnection, stale: Sequence[int]) -> None:
    if stale:
        _set(db, stale=stale)
        with _transaction(db):
            for table in ("file", "cell", "key", "row", "bad"):
                db.execute(f"DELETE FROM {table} WHERE file IN (SELECT unnest(getvariable('stale')))")  # noqa: S608


def parse_again(months: Collection[str], engine: Engine) -> int:
    """Take the files of these months out of the cache, so that `settle` reads them anew; gives back how many it held.

    Raises:
        EngineError: the cache is in use, or the disk failed.
    """
    with engine.connect() as db:
        if db.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'file'").fetchone() != (1,):
            return 0
        stale = [number for month, number in db.execute("SELECT month, file FROM file").fetchall() if month in months]
        _drop(db, stale)
        return len(stale)


def _batches(files: Iterable[StreetFile]) -> Iterator[list[StreetFile]]:
    """Files in groups that are read in one transaction."""
    batch: list[StreetFile] = []
    size = 0
    for file in files:
        with _readable(file):
            size += file.path.stat().st_size
        batch.append(file)
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@contextmanager
def _readable(file: StreetFile) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        text = f"street file of {file.force} {file.month}: {error.strerror}: restore {file.sha256} to the archive"
        raise EngineError("file", text) from None


# --- reading files ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Numbered:
    """A file and its number in the cache; `careful` when it must be read line by line."""

    number: int
    file: StreetFile
    careful: bool


def _plain_rows(file: StreetFile) -> int | None:
    """Data rows of a file in which every line ends alike and has twelve fields, quoted properly; None of any other.

    Counted on the bytes alone: what DuckDB then reads is compared with it. DuckDB would let an empty thirteenth field
    pass, and would not look at bytes in columns that are not asked for.
    """
    if _PATTERN.search(str(file.path)):
        return None
    with _readable(file):
        data = np.fromfile(file.path, dtype=np.uint8)
    lines, returns, commas = (int(np.count_nonzero(data == ord(sign))) for sign in "\n\r,")
    if returns and not returns == lines == data.tobytes().count(b"\r\n"):
        return None
    if data.max(initial=0) > _ASCII and not _is_text(data.tobytes()):
        return None
    quotes = np.flatnonzero(data == ord('"')).tolist()
    if len(quotes) % 2:
        return None
    for start, end in zip(quotes[::2], quotes[1::2], strict=True):
        field = data[start - 1 : end + 2].tobytes()
        if not _QUOTED_FIELD.fullmatch(field):
            return None
        commas -= field.count(b",", 2, -2)
    if data.size and data[-1] != ord("\n"):
        lines += 1
    return lines - 1 if commas == (_FIELDS - 1) * lines else None


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _fields(line: bytes) -> list[str] | None:
    """The fields of one line, or None when they are not twelve, or not text."""
    try:
        fields = next(csv.reader((line.decode(),), strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        return None
    return fields if len(fields) == _FIELDS else None


def _sources(db: duckdb.DuckDBPyConnection, files: Sequence[_Numbered]) -> Iterator[None]:
    """Put the rows of these files behind the view `source`, all plain files at once and each careful one alone."""
    plain = [item for item in files if not item.careful]
    if plain:
        numbers, months = [item.number for item in plain], [item.file.month for item in plain]
        _give(db, "reading", {"position INTEGER": range(len(plain)), "file INTEGER": numbers, "month VARCHAR": months})
        _set(db, paths=[str(item.file.path) for item in plain])
        db.execute(_PLAIN)
        yield
    for item in files:
        if item.careful:
            _judge(db, item)
            db.execute("CREATE OR REPLACE TEMP VIEW source AS FROM judged WHERE reason IS NULL")
            yield


def _judge(db: duckdb.DuckDBPyConnection, item: _Numbered) -> None:
    """Table `judged`: every data row of one file, read line by line, with why it is set aside.

    A row is a line that is not empty, so that an open quote spoils one row and not the rest of the file.
    """
    with _readable(item.file):
        lines = [line for end in item.file.path.read_bytes().split(b"\n") if (line := end.rstrip(b"\r"))]
    numbered = [(number, _fields(line)) for number, line in enumerate(lines[1:], start=1)]
    columns: dict[str, Any] = {
        name: pa.array([fields[i] or None if fields else None for _, fields in numbered], pa.string())
        for i, name in enumerate(_NAMES)
    }
    columns["row_number"] = pa.array([number for number, _ in numbered], pa.int64())
    columns["readable"] = pa.array([fields is not None for _, fields in numbered], pa.bool_())
    db.register("lines", pa.table(columns))
    _set(db, file=item.number, month=item.file.month)
    db.execute(_JUDGED)
    db.unregister("lines")


_PLAIN = """
CREATE OR REPLACE TEMP VIEW source AS
SELECT r.file, r.month, d.* FROM delivered(getvariable('paths')) AS d JOIN reading AS r USING (position)
"""

_JUDGED = """
CREATE OR REPLACE TEMP TABLE judged AS
SELECT getvariable('file')::INTEGER AS file, getvariable('month') AS month, *,
    CASE
        WHEN NOT readable THEN 'columns'
        WHEN NOT good_month(file_month, month) THEN 'month'
        WHEN NOT good_coordinates(longitude, latitude) THEN 'coordinate'
        WHEN NOT good_lsoa(lsoa_code) THEN 'lsoa_code'
        WHEN NOT good_id(crime_id) THEN 'crime_id'
        WHEN crime_type IS NULL THEN 'category_blank'
    END AS reason
FROM lines
"""

_PARSED = """
CREATE OR REPLACE TEMP TABLE parsed (
    file INTEGER, key UBIGINT, crime_id VARCHAR, lsoa_code VARCHAR, named BOOLEAN, label label, crime_type VARCHAR,
    outcome VARCHAR, location VARCHAR, longitude DOUBLE, latitude DOUBLE, good BOOLEAN
)
"""

_PARSE = """
INSERT INTO parsed
SELECT file, CASE WHEN crime_id IS NOT NULL THEN id_key(crime_id) END, crime_id, coalesce(lsoa_code, ''),
    has_area_name(lsoa_name), as_label(crime_type), other_type(crime_type), outcome, location,
    try_cast(longitude AS DOUBLE), try_cast(latitude AS DOUBLE),
    good_month(file_month, month) AND good_coordinates(longitude, latitude) AND good_lsoa(lsoa_code)
    AND good_id(crime_id) AND crime_type IS NOT NULL
FROM source
"""

_KEEP = """
INSERT INTO cell SELECT file, lsoa_code, label, count(*) FROM parsed GROUP BY file, lsoa_code, label;
INSERT INTO key SELECT file, key FROM parsed WHERE key IS NOT NULL;
INSERT INTO row
SELECT * EXCLUDE (good) REPLACE (one_zero(longitude) AS longitude, one_zero(latitude) AS latitude) FROM parsed
WHERE lsoa_code IN (SELECT lsoa_code FROM area) OR key IN (SELECT key FROM shared);
INSERT INTO file
SELECT l.*, coalesce(p.unmatched, 0) FROM loaded AS l LEFT JOIN (
    SELECT file, count(*) AS unmatched FROM parsed
    WHERE named AND lsoa_code NOT IN (SELECT lsoa_code FROM area) GROUP BY file
) AS p USING (file);
DROP TABLE parsed;
"""


def _load_new(db: duckdb.DuckDBPyConnection, files: Iterable[StreetFile]) -> None:
    """Read into the cache what it does not hold of these files."""
    held = set(db.execute("SELECT force, month, sha256 FROM file").fetchall())
    new = [file for file in files if (file.force, file.month, file.sha256) not in held]
    pool = ThreadPoolExecutor(1)
    try:
        rows = pool.map(_plain_rows, new)
        for batch in _batches(new):
            with _transaction(db):
                _load(db, batch, list(islice(rows, len(batch))))
    finally:
        pool.shutdown(cancel_futures=True)


def _load(db: duckdb.DuckDBPyConnection, files: Sequence[StreetFile], plain_rows: Sequence[int | None]) -> None:
    """Read files into the cache: counts, keys, rows in the area, bad rows."""
    (first,) = db.execute("SELECT coalesce(max(file), 0) + 1 FROM file").fetchall()[0]
    plain = dict(enumerate(plain_rows, start=first))
    batch = [_Numbered(number, file, plain[number] is None) for number, file in enumerate(files, start=first)]
    db.execute(_PARSED)
    for _ in _sources(db, [item for item in batch if not item.careful]):
        db.execute(_PARSE)
    good = dict(db.execute("SELECT file, count(*) FILTER (good) FROM parsed GROUP BY file").fetchall())
    # A plain file that DuckDB reads otherwise, or that holds a bad row, is read again, line by line.
    batch = [_Numbered(item.number, item.file, good.get(item.number, 0) != plain[item.number]) for item in batch]
    careful = [item for item in batch if item.careful]
    _set(db, careful=[item.number for item in careful])
    db.execute("DELETE FROM parsed WHERE file IN (SELECT unnest(getvariable('careful')::INTEGER[]))")
    delivered = {item.number: plain[item.number] for item in batch}
    for item, _ in zip(careful, _sources(db, careful), strict=True):
        db.execute(_PARSE)
        db.execute("INSERT INTO bad SELECT file, row_number, reason FROM judged WHERE reason IS NOT NULL")
        (delivered[item.number],) = db.execute("SELECT count(*) FROM judged").fetchall()[0]
    _give(
        db,
        "loaded",
        {
            "file INTEGER": [item.number for item in batch],
            "force VARCHAR": [item.file.force for item in batch],
            "month VARCHAR": [item.file.month for item in batch],
            "sha256 VARCHAR": [item.file.sha256 for item in batch],
            "careful BOOLEAN": [item.careful for item in batch],
            "delivered BIGINT": [delivered[item.number] for item in batch],
        },
    )
    _share(db, "SELECT key FROM parsed WHERE key IS NOT NULL")
    db.execute(_KEEP)


def _share(db: duckdb.DuckDBPyConnection, query: str) -> None:
    """Table `shared`: the keys that occur more than once in a query's."""
    keys = db.sql(query).fetchnumpy()["key"]
    # Sorting takes less time and memory than grouping.
    keys.sort()
    db.register("shared", {"key": np.unique(keys[1:][keys[1:] == keys[:-1]])})


# --- one Crime ID, one offence ---------------------------------------------------------------------------------------


def _describe(db: duckdb.DuckDBPyConnection, job: _Job) -> None:
    """Tables `live`, `replaced`, `naming` and `grid`: what this job asks of what the cache holds."""
    number = {tuple(slot): n for *slot, n in db.execute("SELECT force, month, sha256, file FROM file").fetchall()}
    _set(db, forces=["", *job.forces], months=["", *job.months], slugs=job.slugs)
    db.execute(_ENUMS)
    for name, files in (("live", job.files), ("replaced", job.previous)):
        columns = {
            "file INTEGER": [number[file.force, file.month, file.sha256] for file in files],
            "force force": [file.force for file in files],
            "month month": [file.month for file in files],
        }
        _give(db, name, columns)
    labels, months = zip(*job.slug_of, strict=True) if job.slug_of else ((), ())
    _give(db, "dated", {"label label": labels, "month month": months, "category category": job.slug_of.values()})
    db.execute("CREATE TEMP TABLE naming AS SELECT file, label, category FROM live JOIN dated USING (month)")
    slots = [(force, month) for force in job.forces for month in job.months]
    _give(db, "grid", {"force force": [force for force, _ in slots], "month month": [month for _, month in slots]})


# Enums sort in the order they are made in, which is the order of the text: sorting them is sorting numbers.
_ENUMS = """
CREATE TEMP TYPE force AS ENUM (SELECT unnest(getvariable('forces')));
CREATE TEMP TYPE month AS ENUM (SELECT unnest(getvariable('months')));
CREATE TEMP TYPE category AS ENUM (SELECT unnest(getvariable('slugs')));
"""

_WANTED = """
CREATE TEMP TABLE wanted AS
SELECT k.file, k.key
FROM (SELECT file, key, count(*) AS rows FROM key WHERE key IN (SELECT key FROM shared) GROUP BY file, key) AS k
JOIN live USING (file)
LEFT JOIN (
    SELECT file, key, count(*) AS rows FROM row WHERE key IN (SELECT key FROM shared) GROUP BY file, key
) AS r USING (file, key)
WHERE k.rows > coalesce(r.rows, 0)
"""

# Rows in the area are held of every file.
_FETCH = """
INSERT INTO row
SELECT file, key, crime_id, coalesce(lsoa_code, ''), has_area_name(lsoa_name), as_label(crime_type),
    other_type(crime_type), outcome, location, one_zero(try_cast(longitude AS DOUBLE)),
    one_zero(try_cast(latitude AS DOUBLE))
FROM (SELECT *, id_key(crime_id) AS key FROM source WHERE crime_id IS NOT NULL AND key IN (SELECT key FROM wanted))
WHERE (file, key) IN (SELECT file, key FROM wanted) AND coalesce(lsoa_code NOT IN (SELECT lsoa_code FROM area), true)
"""


def _fetch(db: duckdb.DuckDBPyConnection, job: _Job) -> None:
    """Read the rows whose Crime ID may stand in another row, unless they are held already."""
    _share(db, "SELECT key FROM key WHERE file IN (SELECT file FROM live)")
    db.execute(_WANTED)
    slot = {(file.force, file.month): file for file in job.files}
    numbers = db.execute(
        "SELECT force, month, file, careful FROM file WHERE file IN (SELECT file FROM wanted) ORDER BY file"
    ).fetchall()
    needed = [_Numbered(number, slot[force, month], careful) for force, month, number, careful in numbers]
    for _ in _sources(db, needed):
        db.execute(_FETCH)


#: `claim`: rows whose Crime ID stands in another row; `offence`: each such Crime ID once, with the file it counts in;
#: `moved`: what that takes out of the counts of each file, and puts in.
_OFFENCES = """
CREATE TEMP TABLE claim AS
SELECT l.force, l.month, r.* REPLACE (coalesce(r.crime_type, r.label::VARCHAR) AS crime_type)
FROM row AS r JOIN live AS l USING (file)
WHERE r.key IN (SELECT key FROM shared)
QUALIFY count(*) OVER (PARTITION BY crime_id) > 1;

CREATE TEMP TABLE offence AS
WITH winner AS (
    SELECT * FROM claim
    QUALIFY row_number() OVER (
        PARTITION BY crime_id
        ORDER BY month DESC, lsoa_code DESC, crime_type DESC, coalesce(outcome, '') DESC, coalesce(location, '') DESC,
            force DESC, longitude DESC NULLS LAST, latitude DESC NULLS LAST, named DESC
    ) = 1
), home AS (
    SELECT c.crime_id, c.file AS home FROM claim AS c JOIN winner AS w USING (crime_id)
    QUALIFY row_number() OVER (PARTITION BY c.crime_id ORDER BY c.month, c.force = w.force DESC, c.force DESC) = 1
)
SELECT h.home, w.* FROM winner AS w JOIN home AS h USING (crime_id);

CREATE TEMP TABLE moved AS
SELECT c.file, -1 AS change, c.crime_id, c.lsoa_code, c.named, n.category
FROM claim AS c JOIN naming AS n ON n.file = c.file AND n.label = c.label
UNION ALL
SELECT o.home, 1, o.crime_id, o.lsoa_code, o.named, n.category
FROM offence AS o JOIN naming AS n ON n.file = o.file AND n.label = o.label;
"""

# --- the four tables -------------------------------------------------------------------------------------------------

_ROWS = """
WITH settled AS (
    SELECT r.file AS home, r.* FROM row AS r ANTI JOIN claim AS c ON c.crime_id = r.crime_id
    UNION ALL BY NAME
    SELECT * EXCLUDE (force, month) FROM offence
), placed AS (
    SELECT l.month, l.force, s.crime_id, n.category, s.lsoa_code, a.lsoa_vintage, s.longitude, s.latitude, s.location,
        s.outcome
    FROM settled AS s
    JOIN live AS l ON l.file = s.home
    JOIN area AS a USING (lsoa_code)
    JOIN naming AS n ON n.file = s.file AND n.label = s.label
)
SELECT row_number() OVER (
        ORDER BY month, force, crime_id NULLS FIRST, category, lsoa_code, lsoa_vintage, longitude NULLS FIRST,
            latitude NULLS FIRST, location NULLS FIRST, outcome NULLS FIRST
    ) AS row_id, *
FROM placed ORDER BY row_id
"""

_COUNT = """
SELECT l.force, l.month, lsoa_code, category, sum(change)::BIGINT AS counted
FROM (
    SELECT c.file, c.lsoa_code, n.category, c.counted AS change FROM cell AS c JOIN naming AS n USING (file, label)
    UNION ALL
    SELECT file, lsoa_code, category, change FROM moved
) JOIN live AS l USING (file)
GROUP BY l.force, l.month, lsoa_code, category HAVING counted > 0
ORDER BY l.force, l.month, lsoa_code, category
"""

_COMPLETENESS = """
WITH read AS (
    SELECT file, sum(counted) AS counted,
        sum(counted) FILTER (lsoa_code = '') AS unplaced,
        sum(counted) FILTER (here) AS in_area,
        sum(counted) FILTER (category = 'unknown') AS unknown
    FROM (SELECT *, lsoa_code IN (SELECT lsoa_code FROM area) AS here FROM cell)
    LEFT JOIN naming USING (file, label)
    GROUP BY file
), identified AS (
    SELECT file, count(*) AS rows FROM key GROUP BY file
), aside AS (
    SELECT file, count(*) AS rows FROM bad GROUP BY file
), change AS (
    SELECT file,
        count(*) FILTER (change < 0) - count(DISTINCT crime_id) FILTER (change < 0) AS repeated,
        count(DISTINCT crime_id) FILTER (change < 0) - count(*) FILTER (change > 0) AS moved,
        sum(change) AS counted,
        sum(change) FILTER (lsoa_code = '') AS unplaced,
        sum(change) FILTER (here) AS in_area,
        sum(change) FILTER (named AND NOT here) AS unmatched,
        sum(change) FILTER (category = 'unknown') AS unknown
    FROM (SELECT *, lsoa_code IN (SELECT lsoa_code FROM area) AS here FROM moved)
    GROUP BY file
), received AS (
    SELECT l.force, l.month, f.delivered AS delivered_rows, coalesce(a.rows, 0) AS quarantined,
        coalesce(c.repeated, 0) AS repeated, coalesce(c.moved, 0) AS moved,
        coalesce(r.counted, 0) + coalesce(c.counted, 0) AS counted,
        coalesce(r.counted, 0) - coalesce(i.rows, 0) AS without_id,
        coalesce(r.unplaced, 0) + coalesce(c.unplaced, 0) AS unplaced,
        coalesce(r.in_area, 0) + coalesce(c.in_area, 0) AS in_area,
        f.unmatched + coalesce(c.unmatched, 0) AS unmatched,
        coalesce(r.unknown, 0) + coalesce(c.unknown, 0) AS unknown_category
    FROM live AS l JOIN file AS f USING (file) LEFT JOIN read AS r USING (file) LEFT JOIN identified AS i USING (file)
    LEFT JOIN aside AS a USING (file) LEFT JOIN change AS c USING (file)
), earlier AS (
    SELECT p.force, p.month, f.delivered AS previous_rows, coalesce(r.in_area, 0) AS previous_in_area
    FROM replaced AS p JOIN file AS f USING (file) LEFT JOIN read AS r USING (file)
)
SELECT g.force, g.month, (c.force IS NOT NULL)::BIGINT AS received, c.* EXCLUDE (force, month),
    e.* EXCLUDE (force, month)
FROM grid AS g LEFT JOIN received AS c USING (force, month) LEFT JOIN earlier AS e USING (force, month)
ORDER BY g.force, g.month
"""

_QUARANTINE = """
SELECT l.force, l.month, f.sha256, b.row_number, b.reason
FROM bad AS b JOIN live AS l USING (file) JOIN file AS f USING (file)
ORDER BY l.force, l.month, b.row_number
"""
