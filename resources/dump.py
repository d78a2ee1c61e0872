"""The warehouse as files: every table as Parquet with its content hash, from one snapshot; and back into any database.

The same for SQLite and PostgreSQL, so that what was kept of one can be put into the other, and every row is proven on the way back.
The tables are kept although they are made from archive and register: where delivered bytes were purged they cannot be made again.
Here: writing and reading those files. Not here: the rest of a backup (`pipelines/backup.py`), what is published (made from the release).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import sqlalchemy as sa

from expectations.contracts.model import Table
from resources.warehouse import CONTENT, Content, Warehouse, WarehouseError, canonical, content_hash, fill, record

_CONTENT = "content.json"
_INTERNAL = "internal.json"
_TYPES: dict[str, Any] = {"str": sa.Text, "int": sa.BigInteger, "float": sa.Double}


def dump(warehouse: Warehouse, tables: Mapping[str, Table], folder: Path) -> list[str]:
    """Write every table that is in the warehouse, and the pipeline's own beside them, as one snapshot holds them.

    Args:
        warehouse: where they are.
        tables: contracts by name.
        folder: an empty folder for the files.

    Returns:
        Names of tables that are not as their contract says (of an earlier version): they are left out.

    Raises:
        WarehouseError: the database cannot be read.
        OSError: the files cannot be written.
    """
    said: dict[str, Any] = {}
    left: list[str] = []
    with warehouse.snapshot() as snapshot:
        for name, content in sorted(snapshot.stored().items()):
            try:
                rows = snapshot.read(tables[name])
            except (KeyError, WarehouseError):
                left.append(name)
                continue
            pq.write_table(rows, folder / f"{name}.parquet", compression="zstd")
            # The hash of what is there may differ from the one stored with it: then the gate is shut, and must stay so.
            said[name] = {**asdict(content), "rows": content_hash(tables[name], rows)}
        internal = _internal(snapshot.connection)
    (folder / _CONTENT).write_text(json.dumps(said, sort_keys=True, indent=1), encoding="utf-8")
    (folder / _INTERNAL).write_text(json.dumps(internal, sort_keys=True, indent=1), encoding="utf-8")
    return left


def load(warehouse: Warehouse, tables: Mapping[str, Table], folder: Path, last: Callable[[], None]) -> list[str]:
    """Put the files of `dump` into an empty warehouse, each table proven, in one transaction.

    Args:
        warehouse: where they go.
        tables: contracts by name.
        folder: what `dump` wrote.
        last: run inside the transaction when all is written; if it fails nothing stays.

    Returns:
        Names of tables of which this version has another contract: they are left out, to be made anew.

    Raises:
        WarehouseError: the warehouse is not empty, or a table is not what was kept; nothing was changed.
    """
    said = json.loads((folder / _CONTENT).read_text(encoding="utf-8"))
    internal = json.loads((folder / _INTERNAL).read_text(encoding="utf-8"))
    left: list[str] = []
    with warehouse.write() as connection:
        CONTENT.create(connection, checkfirst=True)
        if connection.scalar(sa.select(sa.func.count()).select_from(CONTENT)):
            raise WarehouseError("the warehouse holds tables already: name an empty one by SAFER_WAREHOUSE_URL")
        for name, kept in said.items():
            rows = pq.read_table(folder / f"{name}.parquet")
            table = tables.get(name)
            if table is None or rows.column_names != table.column_names:
                left.append(name)
                continue
            ready = canonical(table, rows)
            if content_hash(table, ready) != kept.pop("rows"):
                raise WarehouseError(f"{name} is not what was kept: use another backup")
            fill(connection, table, ready)
            record(connection, name, Content(**kept))
        for name, one in internal.items():
            _put(connection, name, one)
        last()
    return left


def _internal(connection: sa.Connection) -> dict[str, Any]:
    """The pipeline's own tables (their names begin with `_`), whatever their columns are: names, types, rows."""
    inspector = sa.inspect(connection)
    found = {}
    for name in sorted(n for n in inspector.get_table_names() if n.startswith("_") and n != CONTENT.name):
        table = sa.Table(name, sa.MetaData(), autoload_with=connection)
        columns = [[c.name, c.type.python_type.__name__, bool(c.nullable), c.primary_key] for c in table.columns]
        rows = [list(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key, *table.columns))]
        found[name] = {"columns": columns, "rows": rows}
    return found


def _put(connection: sa.Connection, name: str, said: Mapping[str, Any]) -> None:
    columns = [
        sa.Column(column, _TYPES[kind], nullable=nullable, primary_key=key, autoincrement=False)
        for column, kind, nullable, key in said["columns"]
    ]
    table = sa.Table(name, sa.MetaData(), *columns)
    table.drop(connection, checkfirst=True)
    table.create(connection)
    if said["rows"]:
        names = [column.name for column in columns]
        connection.execute(sa.insert(table), [dict(zip(names, row, strict=True)) for row in said["rows"]])
