"""Pulls: the rows of a source read from a partner's database by a query, as the bytes of a CSV delivery (spec 3.1).

Here: connecting, one read-only transaction, limits of time and size, and a form in which the same rows are the same bytes. Not
here: which query is run (the register), where the database is (the environment), whether the rows are good
(`assets/raw/registration.py`). An error never holds the query, a row or the address of the database.
"""

from __future__ import annotations

import csv
import io
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import sqlalchemy as sa

from expectations.contracts.model import Delivery
from resources.landing import DeliveryFault
from resources.tabular import check_header

CONNECT_SECONDS = 30
QUERY_SECONDS = 600
#: Characters of all values together.
PULL_LIMIT = 256 << 20
_ROWS_AT_ONCE = 5_000

Span = tuple[str, str]


@dataclass(frozen=True)
class Pull:
    """A query of a partner's database and the days that it covers.

    Attributes:
        url: SQLAlchemy URL of the database, from the environment; empty if none is set there.
        query: a SELECT whose columns are the contract's, by name in any order.
        coverage: first and last day covered, or None if `coverage_query` says them.
        coverage_query: a SELECT whose first row is these two days.
    """

    url: str = field(repr=False)
    query: str = field(repr=False)
    coverage: Span | None = None
    coverage_query: str = field(default="", repr=False)


def fetch(pull: Pull, delivery: Delivery) -> tuple[bytes, Span]:
    """Run the query and write what it gives as CSV.

    Returns:
        UTF-8 CSV under the query's column names, rows sorted by all columns as text, so that the same rows give the same bytes;
        and the days covered. Nothing is an empty cell, true and false are Y and N, a list is sorted and joined by
        semicolons, a moment with a zone is written in UTC.

    Raises:
        DeliveryFault: `pull` if the database cannot be reached, refuses, or takes too long; `header` if the columns are not the
            contract's; `coverage` if it does not say the days; `size`.
    """
    setting = f"SAFER_PULL_{delivery.source.upper()}"
    if not pull.url:
        raise _fault(f"has no database to pull from; set {setting}")
    try:
        engine = _engine(pull.url)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError, ValueError):
        raise _fault(f"has no database that can be used; set {setting} to an address such as postgresql://…") from None
    try:
        with engine.connect() as connection:
            return _read(connection, pull, delivery)
    except DeliveryFault:
        raise
    except Exception as error:
        # Any driver may raise anything, with the query, the address or a row in its words: only its kind is told.
        kind = type(getattr(error, "orig", None) or error).__name__
        raise _fault(
            f"failed in the database ({kind}); see that it can be reached with {setting}, that its query runs there, and within "
            f"{QUERY_SECONDS} seconds"
        ) from None
    finally:
        engine.dispose()


def _fault(text: str) -> DeliveryFault:
    return DeliveryFault("pull", text)


# --- connecting -------------------------------------------------------------------------------------------------------


def _engine(address: str) -> sa.Engine:
    """An engine that can only read, for SQLite and PostgreSQL; of others the account must see to it."""
    url = sa.make_url(address)
    backend = url.get_backend_name()
    options: dict[str, Any] = {"poolclass": sa.NullPool, "hide_parameters": True}
    if backend == "sqlite":
        path = url.database or ""
        if not Path(path).is_file():
            raise _fault("has a SQLite database that is not there; correct its address")
        return sa.create_engine("sqlite://", creator=lambda: _read_only(path), **options)
    if backend == "postgresql":
        given = url.query.get("options", "")
        ours = f"-c default_transaction_read_only=on -c statement_timeout={QUERY_SECONDS}s -c TimeZone=UTC"
        options["connect_args"] = {"connect_timeout": CONNECT_SECONDS, "options": f"{given} {ours}".strip()}
    return sa.create_engine(url, **options)


def _read_only(path: str) -> sqlite3.Connection:
    address = f"file:{quote(str(Path(path).absolute()))}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=CONNECT_SECONDS)
    deadline = time.monotonic() + QUERY_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)
    return connection


# --- reading ----------------------------------------------------------------------------------------------------------


def _read(connection: sa.Connection, pull: Pull, delivery: Delivery) -> tuple[bytes, Span]:
    """Coverage and rows, as one transaction sees them; it is rolled back, whatever the query did."""
    if connection.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    coverage = pull.coverage or _coverage(connection, pull.coverage_query)
    with closing(_run(connection.execution_options(stream_results=True), pull.query)) as result:
        header = list(result.keys())
        check_header(delivery, header)
        rows = []
        size = 0
        for part in result.partitions(_ROWS_AT_ONCE):
            for row in part:
                cells = tuple(map(_text, row))
                size += sum(map(len, cells)) + len(cells)
                rows.append(cells)
            if size > PULL_LIMIT:
                raise DeliveryFault("size", f"gives more than {PULL_LIMIT >> 20} MiB; let its query give fewer days")
    return _csv([tuple(header), *sorted(rows)]), coverage


def _run(connection: sa.Connection, query: str) -> sa.CursorResult[Any]:
    # A colon is a colon: the register's queries have no parameters.
    result = connection.execute(sa.text(query.replace(":", r"\:")))
    if not result.returns_rows:
        raise _fault("has a query that gives no table; let it read one")
    return result


def _coverage(connection: sa.Connection, query: str) -> Span:
    row = _run(connection, query).first() if query else None
    try:
        first, last = (_day(cell) for cell in (row or ()))
    except ValueError:
        raise DeliveryFault(
            "coverage",
            "does not say which days it covers; let its coverage_query give one row of two dates, or set coverage_start and "
            "coverage_end",
        ) from None
    if first > last:
        raise DeliveryFault("coverage", "covers days that end before they start; correct its coverage_query")
    return first, last


def _day(cell: object) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return (cell if isinstance(cell, date) else date.fromisoformat(str(cell)[:10])).isoformat()


def _text(cell: object) -> str:
    """A value as the text that a CSV of the same rows would hold."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "Y" if cell else "N"
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo is None else cell.astimezone(UTC)).isoformat()
    if isinstance(cell, int | float | Decimal):
        whole = cell == cell and abs(cell) != float("inf") and cell == int(cell)
        return str(int(cell)) if whole else str(cell)
    if isinstance(cell, list | tuple | set | frozenset):
        return ";".join(sorted(_text(one) for one in cell))
    if isinstance(cell, date | UUID):
        return str(cell)
    raise _fault("gives values that are no text, number, date or list; convert them in its query")


def _csv(rows: Iterable[tuple[str, ...]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
