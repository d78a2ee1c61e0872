"""`outcomes.parquet`: the published figures with types and with what each column means. Pure.

The same rows and texts as `outcomes.csv`, but dates are dates, and no text is defused: who reads types reads no formulas.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from assets.release.columns import FIGURES, Column

_TYPES = {"number": pa.float64(), "date": pa.date32()}


def parquet_bytes(figures: pd.DataFrame, said: Mapping[str, str]) -> bytes:
    """The file of these published rows; `said` of the release as a whole (title, licence) goes into its metadata.

    The same rows give the same bytes under the same version of pyarrow, which is named in them.
    """
    schema = pa.schema(
        [
            pa.field(c.name, _TYPES.get(c.kind, pa.string()), metadata={"title": c.title, "description": c.meaning})
            for c in FIGURES
        ],
        metadata=dict(said),
    )
    table = pa.table([_array(column, figures[column.name]) for column in FIGURES], schema=schema)
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def _array(column: Column, values: pd.Series) -> pa.Array:
    if column.kind == "date":
        return pa.array([date.fromisoformat(text) if text else None for text in values], pa.date32())
    if column.kind == "number":
        return pa.array(values.astype("float64"), pa.float64(), from_pandas=True)
    return pa.array([str(text) for text in values], pa.string())
