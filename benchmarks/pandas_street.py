"""The plain pandas script that the street engine is compared with: the same job, written straightforwardly.

Here: parse, check, settle, count, place, for whole files and with no cache. Not here: timing (`street.py`). It uses what
someone who knows pandas would: object strings and the C parser, which are its fastest here, and the rule for one Crime
ID on repeated IDs only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

_PLACE = ["Month", "LSOA code", "Crime type", "Last outcome category", "Location", "force", "Longitude", "Latitude"]


def settle(
    files: Sequence[tuple[str, str, Path]], categories: Mapping[str, str], area: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counts by force, month, LSOA and category; and the rows in the area.

    Args:
        files: force, month and path of each file.
        categories: slug of each crime type.
        area: LSOA codes of the partnership's area.
    """
    data = _good(pd.concat([_read(*file) for file in files], ignore_index=True))
    repeated = data["Crime ID"].ne("") & data.duplicated("Crime ID", keep=False)
    data = pd.concat([data[~repeated], _once(data[repeated])], ignore_index=True)
    data["category"] = data["Crime type"].map(categories).fillna("unknown")
    counts = data.groupby(["force", "Month", "LSOA code", "category"]).size().reset_index(name="counted")
    rows = data[data["LSOA code"].isin(area)].sort_values(["Month", "force", "Crime ID", "category", *_PLACE[1:]])
    return counts, rows


def _read(force: str, month: str, path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=object, keep_default_na=False).assign(force=force, file_month=month)


def _good(data: pd.DataFrame) -> pd.DataFrame:
    """Rows that break no rule, coordinates as numbers."""
    longitude, latitude = (pd.to_numeric(data[name], errors="coerce") for name in ("Longitude", "Latitude"))
    blank = data["Longitude"].eq("") & data["Latitude"].eq("")
    good = (
        data["Month"].eq(data["file_month"])
        & (blank | (longitude.between(-180, 180) & latitude.between(-90, 90)))
        & data["LSOA code"].str.fullmatch(r"([EW]01\d{6})?")
        & data["Crime ID"].str.fullmatch(r"([0-9a-fA-F]{64})?")
        & data["Crime type"].ne("")
    )
    return data.assign(Longitude=longitude, Latitude=latitude)[good]


def _once(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each Crime ID: that of the latest month, counted in the earliest, in a file that the ID is in."""
    rows = rows.sort_values(_PLACE, na_position="first")
    winner = rows.drop_duplicates("Crime ID", keep="last").set_index("Crime ID")
    first = rows[rows["Month"].eq(rows.groupby("Crime ID")["Month"].transform("min"))]
    own = first["force"].eq(first["Crime ID"].map(winner["force"]))
    home = first.assign(own=own).sort_values(["own", "force"]).drop_duplicates("Crime ID", keep="last")
    home = home.set_index("Crime ID")
    return winner.assign(Month=home["Month"], force=home["force"]).reset_index()
