"""The published figures as tables for Power BI and Excel: schema `published` of the warehouse, swapped with the release.

Here: the three tables, and putting a release in them. They are written from the release's own folder alone, proven before, so they can
hold nothing that it does not, and whatever became of them the next refresh makes them the same again. Not here: where they lie
(`resources/warehouse.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa

from assets.release import folder
from assets.release.columns import FIGURES
from assets.release.folder import COLUMNS, NUMBERS, Released
from resources.warehouse import PUBLISHED, Warehouse, WarehouseError

_METADATA = sa.MetaData(schema=PUBLISHED)
_TYPES: dict[str, Any] = {"number": sa.Double(), "date": sa.Date(), "text": sa.Text(), "symbols": sa.Text()}

#: One row: the release that the other two tables are of.
RELEASES = sa.Table(
    "releases",
    _METADATA,
    sa.Column("release_id", sa.Text, primary_key=True),
    sa.Column("parent", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("partnership", sa.Text, nullable=False),
    sa.Column("area_code", sa.Text, nullable=False),
    sa.Column("area_name", sa.Text, nullable=False),
    sa.Column("synthetic", sa.Boolean, nullable=False),
    sa.Column("as_at", sa.Date),
    sa.Column("as_of", sa.Date, nullable=False),
    sa.Column("code_version", sa.Text, nullable=False),
    sa.Column("figures_sha256", sa.Text, nullable=False),
)
#: One row a measure of the register, those without figures too: its state, and why.
MEASURES = sa.Table(
    "measures",
    _METADATA,
    sa.Column("release_id", sa.Text, sa.ForeignKey(RELEASES.c.release_id), primary_key=True),
    sa.Column("measure", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("board_status", sa.Text, nullable=False),
    sa.Column("assessment_mode", sa.Text, nullable=False),
    sa.Column("decision_date", sa.Date, nullable=False),
    sa.Column("as_at", sa.Date),
    sa.Column("held_from", sa.Text),
    sa.Column("reasons", sa.Text, nullable=False),
)
#: One row a figure: the columns of `outcomes.csv`, in its order, typed.
FIGURE_ROWS = sa.Table(
    "figures",
    _METADATA,
    sa.Column("release_id", sa.Text, sa.ForeignKey(RELEASES.c.release_id), primary_key=True),
    sa.Column("row_number", sa.Integer, primary_key=True, autoincrement=False),
    *(sa.Column(c.name, _TYPES[c.kind], nullable=c.kind in ("number", "date")) for c in FIGURES),
)
_TABLES = (RELEASES, MEASURES, FIGURE_ROWS)
_DATES = tuple(c.name for c in FIGURES if c.kind == "date")


@contextmanager
def swapped(warehouse: Warehouse, released: Released) -> Iterator[None]:
    """Put a release in place of the one before, in one transaction that ends after the body: swap `current` inside.

    If the tables cannot be written the body is not run; if the process dies between the body and the end, `heal` puts it right.

    Raises:
        WarehouseError: the tables cannot be written; nothing was changed.
    """
    rows = _rows(released)
    with warehouse.publication() as connection:
        _make(connection)
        for table in reversed(_TABLES):
            connection.execute(sa.delete(table))
        for table in _TABLES:
            if rows[table.name]:
                connection.execute(sa.insert(table), rows[table.name])
        yield


def heal(warehouse: Warehouse, released: Released) -> bool:
    """Make the tables those of the release where they are not; False where they were already.

    Raises:
        WarehouseError: they cannot be written; nothing was changed.
    """
    if agrees(warehouse, released):
        return False
    with swapped(warehouse, released):
        return True


def agrees(warehouse: Warehouse, released: Released) -> bool:
    """Whether the tables hold the release row by row: the figures are read back, and give the bytes of `outcomes.csv`."""
    expected = _rows(released)
    try:
        with warehouse.published() as connection:
            if connection is None:
                return False
            said = {table.name: _read(connection, table) for table in (RELEASES, MEASURES)}
            figures = pd.DataFrame(_read(connection, FIGURE_ROWS), columns=[c.name for c in FIGURE_ROWS.columns])
    except (WarehouseError, ValueError):
        return False  # another version's tables, or none: made anew
    if any(said[table.name] != expected[table.name] for table in (RELEASES, MEASURES)):
        return False
    if not (figures["release_id"] == released.id).all():
        return False
    written = folder.csv_bytes(_as_published(figures))
    return hashlib.sha256(written).hexdigest() == released.manifest["figures_sha256"]


def _rows(released: Released) -> dict[str, list[dict[str, Any]]]:
    """Rows of each table, from the release's folder."""
    said, figures = released.manifest, released.figures()
    values = {
        name: [_day(text) for text in figures[name]] if name in _DATES else
        [None if value != value else value for value in figures[name].tolist()]
        for name in COLUMNS
    }  # fmt: skip
    return {
        RELEASES.name: [_release(said)],
        MEASURES.name: [_measure(released.id, name, one) for name, one in sorted(said["measures"].items())],
        FIGURE_ROWS.name: [
            {"release_id": released.id, "row_number": number, **dict(zip(COLUMNS, row, strict=True))}
            for number, row in enumerate(zip(*values.values(), strict=True), start=1)
        ],
    }


def _release(said: Mapping[str, Any]) -> dict[str, Any]:
    whose = said["partnership"]
    return {
        "release_id": said["id"],
        "parent": said["parent"],
        "kind": said["kind"],
        "partnership": whose["name"],
        "area_code": whose["area_code"],
        "area_name": whose["area_name"],
        "synthetic": whose["synthetic"],
        "as_at": _day(said["as_at"]),
        "as_of": _day(said["as_of"]),
        "code_version": said["code_version"],
        "figures_sha256": said["figures_sha256"],
    }


def _measure(release: str, name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "release_id": release,
        "measure": name,
        "name": said["name"],
        "state": said["state"],
        "board_status": said["board_status"],
        "assessment_mode": said["assessment_mode"],
        "decision_date": _day(said["decision_date"]),
        "as_at": _day(said["as_at"]),
        "held_from": said["held_from"],
        "reasons": "\n".join(said["reasons"]),
    }


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _as_published(figures: pd.DataFrame) -> pd.DataFrame:
    """Rows of the table as the CSV is written from them."""
    said = {name: ["" if v is None else v.isoformat() for v in figures[name]] for name in _DATES}
    numbers = {name: pd.to_numeric(figures[name]) for name in NUMBERS}
    return figures.assign(**said, **numbers)


def _read(connection: sa.Connection, table: sa.Table) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()]


def _make(connection: sa.Connection) -> None:
    """The tables, as this version has them. One that is there already stays, and with it the rights that were given on it."""
    schema = PUBLISHED if connection.dialect.name != "sqlite" else None
    inspector = sa.inspect(connection)
    there = {table: inspector.get_columns(table, schema=schema) for table in inspector.get_table_names(schema=schema)}
    if any([c["name"] for c in there.get(t.name, ())] != [c.name for c in t.columns] for t in _TABLES):
        _METADATA.drop_all(connection)
    _METADATA.create_all(connection)
