"""The Parquet file: the rows of the CSV, typed, described, and the same bytes for the same rows."""

from __future__ import annotations

import io
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from assets.release.downloads import about
from assets.release.folder import COLUMNS, NUMBERS
from assets.release.parquet import parquet_bytes
from tests.release.downloaded import everything


def test_it_has_the_rows_of_the_csv_typed() -> None:
    view, figures = everything()
    read = pq.read_table(io.BytesIO(parquet_bytes(figures, about(view))))
    assert read.column_names == list(COLUMNS)
    for name in COLUMNS:
        held = read[name].to_pylist()
        if name in NUMBERS:
            assert read.schema.field(name).type == pa.float64()
            assert held == [None if v != v else v for v in figures[name]]
        elif name in ("period_start", "period_end", "as_at"):
            assert held == [date.fromisoformat(text) for text in figures[name]]
        else:
            assert held == list(figures[name])


def test_it_says_what_it_is_and_nothing_of_the_machine() -> None:
    view, figures = everything()
    said = pq.read_schema(io.BytesIO(parquet_bytes(figures, about(view))))
    metadata = {k.decode(): v.decode() for k, v in (said.metadata or {}).items()}
    assert metadata["release"] == view.release_id
    assert metadata["description"].startswith("Synthetic data")
    assert "pandas" not in metadata
    assert (said.field("lower").metadata or {})[b"description"] == b"lower 95% limit"


def test_the_same_rows_give_the_same_bytes_and_a_day_not_known_is_none() -> None:
    view, figures = everything()
    again = figures.copy()
    assert parquet_bytes(figures, about(view)) == parquet_bytes(again, about(view))
    again.loc[0, "as_at"] = ""
    assert pq.read_table(io.BytesIO(parquet_bytes(again, about(view))))["as_at"][0].as_py() is None


def test_a_release_without_figures_has_a_file_without_rows() -> None:
    view, figures = everything()
    read = pq.read_table(io.BytesIO(parquet_bytes(figures.iloc[:0], about(view))))
    assert (read.num_rows, read.column_names) == (0, list(COLUMNS))
