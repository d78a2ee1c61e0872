"""The warehouse: clean and outcome tables in SQLite or PostgreSQL, reached through SQLAlchemy.

Here: connecting, replacing tables in one transaction together with their content hash, reading from one snapshot; and the place
apart for what is published, which people outside the pipeline may read.
Not here: what a table means (its contract) or whether it is right (its suite).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from expectations.contracts.model import Table
from resources import roles

_ARROW = {"string": pa.string(), "int": pa.int64(), "float": pa.float64()}
_SQL: dict[str, Any] = {"string": sa.Text(), "int": sa.BigInteger(), "float": sa.Double()}
_METADATA = sa.MetaData()
#: One row a table: what it holds, written in the transaction that wrote the table.
CONTENT = sa.Table(
    "_content",
    _METADATA,
    sa.Column("table_name", sa.Text, primary_key=True),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("row_count", sa.BigInteger, nullable=False),
    sa.Column("code_version", sa.Text, nullable=False),
    sa.Column("partnership", sa.Text, nullable=False),
    sa.Column("inputs", sa.Text, nullable=False),
)


#: Where published tables stand: a schema in PostgreSQL, a file of its own beside SQLite's.
PUBLISHED = "published"
_NO_RIGHT = (
    f"schema {PUBLISHED} cannot be made in the warehouse: let its owner run CREATE SCHEMA {PUBLISHED} AUTHORIZATION the"
    " pipeline's user; nothing was published"
)

_NOT_ALLOWED = (
    "the log-in of SAFER_WAREHOUSE_URL may not do this: run safer-outcomes grants as the database's owner, and grant it the"
    " pipeline's role"
)


class WarehouseError(Exception):
    """The warehouse cannot be used; the text is one line with the remedy and holds no row."""


@dataclass(frozen=True)
class Content:
    """What the warehouse says a table holds: hash, rows, and the hashes of the tables it was made from."""

    content_hash: str
    row_count: int
    code_version: str
    partnership: str
    inputs: Mapping[str, str]


def canonical(table: Table, data: pd.DataFrame | pa.Table) -> pa.Table:
    """The rows in the one form that is hashed and stored: contract columns and types, sorted by key.

    Raises:
        WarehouseError: a column is missing, or a value is not of its column's type (named by column only).
    """
    names = table.column_names
    held = data.column_names if isinstance(data, pa.Table) else [str(name) for name in data.columns]
    if sorted(held) != sorted(names):
        wrong = sorted(set(held) ^ set(names))
        raise WarehouseError(f"{table.name}: columns differ from the contract: {', '.join(wrong)}")
    columns = []
    for column in table.columns:
        try:
            if isinstance(data, pa.Table):
                array = data[column.name].combine_chunks().cast(_ARROW[column.type])
            else:
                array = pa.array(data[column.name], type=_ARROW[column.type], from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            raise WarehouseError(
                f"{table.name}: column {column.name} holds a value that is not {column.type}"
            ) from None
        if column.type == "float":
            # NaN is a missing value, and -0.0 is 0.0: one value, one form.
            array = pc.if_else(pc.is_nan(array), pa.scalar(None, pa.float64()), pc.add(array, 0.0))
        columns.append(array)
    frame = pa.table(columns, names=names)
    return frame.sort_by([(name, "ascending") for name in (*table.key, *(n for n in names if n not in table.key))])


def content_hash(table: Table, data: pa.Table) -> str:
    """SHA-256 of a canonical table: the same rows give the same hash in any database and on any machine."""
    digest = hashlib.sha256(f"{table.name}:{data.num_rows}".encode())
    for column in table.columns:
        array = data[column.name].combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], _ARROW[column.type])
        digest.update(f"|{column.name}:{column.type}|".encode())
        digest.update(np.packbits(array.is_null().to_numpy(zero_copy_only=False)).tobytes())
        if column.type == "string":
            filled = array.fill_null("")
            digest.update(pc.binary_length(filled).to_numpy(zero_copy_only=False).astype("<i8").tobytes())
            digest.update("".join(filled.to_pylist()).encode())
        else:
            kind = "<i8" if column.type == "int" else "<f8"
            digest.update(array.fill_null(0).to_numpy(zero_copy_only=False).astype(kind).tobytes())
    return digest.hexdigest()


def sql_table(table: Table) -> sa.Table:
    """The SQLAlchemy table of a contract."""
    return sa.Table(
        table.name,
        sa.MetaData(),
        *(
            sa.Column(c.name, _SQL[c.type], nullable=c.nullable, primary_key=c.name in table.key, autoincrement=False)
            for c in table.columns
        ),
    )


class Snapshot:
    """Tables as one read transaction sees them: nothing that is written meanwhile shows."""

    def __init__(self, connection: sa.Connection):
        self.connection = connection

    def stored(self) -> dict[str, Content]:
        """What every table of the warehouse is said to hold."""
        if not sa.inspect(self.connection).has_table(CONTENT.name):
            return {}
        return {
            row.table_name: Content(
                row.content_hash, row.row_count, row.code_version, row.partnership, json.loads(row.inputs)
            )
            for row in self.connection.execute(sa.select(CONTENT))
        }

    def read(self, table: Table) -> pa.Table:
        """All rows, canonical.

        Raises:
            WarehouseError: the table is not there, or its columns are not the contract's.
        """
        names = ", ".join(f'"{name}"' for name in table.column_names)
        raw: Any = self.connection.connection.dbapi_connection
        # Straight from the driver: a row of the ORM's core costs three times as much, and nothing here needs one. Within a
        # savepoint, since in PostgreSQL a table that is not there would else spoil the whole snapshot.
        cursor = raw.cursor()
        try:
            with self.connection.begin_nested():
                cursor.execute(f'SELECT {names} FROM "{table.name}"')  # noqa: S608
                rows = cursor.fetchall()
        except self.connection.dialect.loaded_dbapi.Error:
            raise WarehouseError(f"{table.name} is not in the warehouse as its contract says: refresh") from None
        finally:
            cursor.close()
        values = zip(*rows, strict=True) if rows else ([] for _ in table.columns)
        try:
            arrays = [pa.array(list(v), _ARROW[c.type]) for c, v in zip(table.columns, values, strict=True)]
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            raise WarehouseError(f"{table.name} holds a value that is not of its column's type: refresh") from None
        return canonical(table, pa.table(arrays, names=table.column_names))

    def frame(self, table: Table) -> pd.DataFrame:
        """All rows as pandas."""
        return self.read(table).to_pandas()

    def hash(self, table: Table) -> str | None:
        """Hash of the rows as they are now; None when the table cannot be read."""
        try:
            return content_hash(table, self.read(table))
        except WarehouseError:
            return None


class Warehouse:
    """One database; every write is one transaction that readers see whole or not at all."""

    def __init__(self, url: str, partnership: str, code_version: str):
        """Open the database.

        Args:
            url: SQLAlchemy URL.
            partnership: slug of the partnership whose tables these are.
            code_version: version of code and register that makes the rows.
        """
        try:
            parsed = sa.make_url(url)
        except sa.exc.ArgumentError:
            raise WarehouseError(
                "SAFER_WAREHOUSE_URL is not a database URL: use sqlite:///… or postgresql://…"
            ) from None
        self.partnership = partnership
        self.code_version = code_version
        #: Rows that this process wrote or read, with their hash: a run reads each table once.
        self._held: dict[str, tuple[str, pa.Table]] = {}
        self._sqlite = parsed.get_backend_name() == "sqlite"
        #: SQLite's file of published tables; None where the warehouse is no file.
        self._published = (
            Path(parsed.database).with_name(f"{PUBLISHED}.sqlite") if self._sqlite and parsed.database else None
        )
        if self._sqlite and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        # A writer waits for another instead of failing at once.
        arguments: dict[str, Any] = {"timeout": 120} if self._sqlite else {}
        self._engine = sa.create_engine(parsed, hide_parameters=True, connect_args=arguments)
        if self._sqlite:
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)
        else:
            sa.event.listen(self._engine, "connect", roles.act_as_pipeline)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One read transaction."""
        options = {} if self._sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._transaction(**options) as connection:
            yield Snapshot(connection)

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One write transaction, for small tables of the pipeline itself; row tables go through `replace`."""
        with self._transaction(safer_write=True) as connection:
            yield connection

    @contextmanager
    def published(self) -> Iterator[sa.Connection | None]:
        """One read transaction of the published tables, whose schema is `PUBLISHED`; None where there are none yet."""
        if not self._sqlite:
            with self._transaction(isolation_level="REPEATABLE READ") as connection:
                yield connection if sa.inspect(connection).has_schema(PUBLISHED) else None
        elif self._published is None or not self._published.exists():
            yield None
        else:
            with self._file(self._published) as connection:
                yield connection

    @contextmanager
    def publication(self) -> Iterator[sa.Connection]:
        """One write transaction of the published tables, whose schema is `PUBLISHED`; readers see the old ones until it ends.

        SQLite has neither schemas nor rights: who can open its file sees every table in it, those of single people too. So there
        the tables are a file of their own, written anew beside the old one and put in its place whole; in it nothing is there yet.

        Raises:
            WarehouseError: no right, no space, or the database refuses; nothing was changed.
        """
        if not self._sqlite:
            with self._transaction(safer_write=True) as connection:
                # Asked first: to make it needs a right that to fill it does not need.
                if not sa.inspect(connection).has_schema(PUBLISHED):
                    try:
                        connection.execute(sa.schema.CreateSchema(PUBLISHED))
                    except sa.exc.ProgrammingError:
                        raise WarehouseError(_NO_RIGHT) from None
                yield connection
            return
        if self._published is None:
            raise WarehouseError("a warehouse in memory cannot publish: use sqlite:///… or postgresql://…")
        for leftover in self._published.parent.glob(f".{self._published.name}.*"):
            leftover.unlink(missing_ok=True)
        making = self._published.with_name(f".{self._published.name}.{os.getpid()}")
        try:
            with self._file(making) as connection:
                yield connection
            making.replace(self._published)
        except OSError as error:
            raise WarehouseError(
                f"{self._published.name} cannot be written ({error.strerror}): check disk and rights"
            ) from None
        finally:
            making.unlink(missing_ok=True)

    @contextmanager
    def _file(self, path: Path) -> Iterator[sa.Connection]:
        """One transaction on an SQLite file that has the published tables without a schema."""
        engine = sa.create_engine(f"sqlite:///{path}", hide_parameters=True, poolclass=sa.pool.NullPool)
        options = {"schema_translate_map": {PUBLISHED: None}}
        with _plainly(), engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def _transaction(self, **options: Any) -> Iterator[sa.Connection]:
        with _plainly(), self._engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    def replace(
        self,
        tables: Sequence[tuple[Table, pd.DataFrame | pa.Table]],
        *,
        inputs: Mapping[str, str],
    ) -> dict[str, Content]:
        """Put new rows in place of the old ones, with their hash and provenance, in one transaction.

        Args:
            tables: contracts with their rows.
            inputs: hash of each upstream table as it was read.

        Returns:
            What each table now holds.

        Raises:
            WarehouseError: rows do not fit the contract, or the database refuses; nothing was changed.
        """
        ready = [(table, canonical(table, data)) for table, data in tables]
        contents = {
            table.name: Content(
                content_hash(table, rows), rows.num_rows, self.code_version, self.partnership, dict(inputs)
            )
            for table, rows in ready
        }
        with self.write() as connection:
            CONTENT.create(connection, checkfirst=True)
            for table, rows in ready:
                fill(connection, table, rows)
                record(connection, table.name, contents[table.name])
        self._held.update({table.name: (contents[table.name].content_hash, rows) for table, rows in ready})
        return contents

    def read(self, tables: Sequence[Table]) -> tuple[dict[str, pa.Table], dict[str, str]]:
        """Rows of tables as one snapshot holds them, and their hashes.

        Rows that this process has at hand are not fetched again while the hash stored with the table is theirs; what the
        database really holds by then is for the gate to prove, which reads everything (`Snapshot.read`).

        Raises:
            WarehouseError: a table is not there, or its columns are not the contract's.
        """
        found: dict[str, pa.Table] = {}
        hashes: dict[str, str] = {}
        with self.snapshot() as snapshot:
            stored = snapshot.stored()
            for table in tables:
                said = stored[table.name].content_hash if table.name in stored else None
                held = self._held.get(table.name)
                if held is None or held[0] != said:
                    rows = snapshot.read(table)
                    held = content_hash(table, rows), rows
                    if held[0] == said:
                        self._held[table.name] = held
                hashes[table.name], found[table.name] = held
        return found, hashes

    def close(self) -> None:
        """Close pooled connections (SQLite then folds its write-ahead log into the file) and let go of rows at hand."""
        self._held.clear()
        self._engine.dispose()


@contextmanager
def _plainly() -> Iterator[None]:
    """Errors of the database as one line that holds no row."""
    try:
        yield
    except sa.exc.OperationalError as error:
        raise WarehouseError(_plain(str(error.orig))) from None
    except sa.exc.DBAPIError as error:
        if type(error.orig).__name__ == "InsufficientPrivilege":
            raise WarehouseError(_NOT_ALLOWED) from None
        raise WarehouseError(f"the warehouse refused a statement ({type(error.orig).__name__})") from None


def record(connection: sa.Connection, name: str, content: Content) -> None:
    """Write what a table holds, in the transaction that fills it; `CONTENT` is there."""
    connection.execute(sa.delete(CONTENT).where(CONTENT.c.table_name == name))
    connection.execute(
        sa.insert(CONTENT).values(
            table_name=name,
            content_hash=content.content_hash,
            row_count=content.row_count,
            code_version=content.code_version,
            partnership=content.partnership,
            inputs=json.dumps(dict(content.inputs), sort_keys=True),
        )
    )


def fill(connection: sa.Connection, table: Table, rows: pa.Table) -> None:
    """Replace the rows of one table; the driver's own errors, which may quote a row, become one line.

    Raises:
        WarehouseError: the rows break the contract's key, or the database refuses.
    """
    try:
        _load(connection, table, rows)
    except connection.dialect.loaded_dbapi.IntegrityError:
        raise WarehouseError(f"{table.name}: two rows share one key, or a mandatory value is missing") from None
    except connection.dialect.loaded_dbapi.Error as error:
        raise WarehouseError(_plain(str(error))) from None


def _load(connection: sa.Connection, table: Table, rows: pa.Table) -> None:
    """Replace the rows of one table by the bulk way of its database."""
    target = sql_table(table)
    inspector = sa.inspect(connection)
    if inspector.has_table(table.name):
        if [c["name"] for c in inspector.get_columns(table.name)] != table.column_names:
            target.drop(connection)
            _create(connection, target)
        else:
            # DELETE, not TRUNCATE: a reader's snapshot keeps the old rows.
            connection.execute(sa.delete(target))
    else:
        _create(connection, target)
    values = zip(*(rows[name].to_pylist() for name in table.column_names), strict=True)
    raw: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        if rows.num_rows:
            marks = ", ".join("?" for _ in table.columns)
            raw.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', values)  # noqa: S608
        return
    names = ", ".join(f'"{name}"' for name in table.column_names)
    with raw.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in values:
            copy.write_row(row)


def _create(connection: sa.Connection, target: sa.Table) -> None:
    """A table that is not there yet, with the rights that its readers have; one whose rows are replaced keeps them."""
    target.create(connection)
    if connection.dialect.name != "sqlite":
        roles.share(connection, target.name)


def _prepare_sqlite(raw: Any, _record: Any) -> None:
    # SQLAlchemy, not the driver, begins transactions: else DDL and reads would run outside them.
    raw.isolation_level = None
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")


def _begin_sqlite(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("safer_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _plain(text: str) -> str:
    text = text.lower()
    if "full" in text or "no space" in text:
        return "no space left for the warehouse: free some disk and run again; nothing was changed"
    if "locked" in text:
        return "another run holds the warehouse: wait for it and run again"
    return "the warehouse cannot be opened: check SAFER_WAREHOUSE_URL, that the server is up and the file writable"
