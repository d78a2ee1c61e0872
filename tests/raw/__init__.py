"""Tests of the raw stage, and the invented deliveries they share: writing files, never reading or judging them."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

HEADER = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,"
    "Last outcome category,Context"
)
FORCE = "devon-and-cornwall"
#: In every row of every invented delivery; wherever it turns up outside a delivered file, a row has leaked.
CANARY = "Canarystreet"


def street(month: str, rows: int = 3, variant: int = 0, *, header: str = HEADER, end: str = "\n") -> bytes:
    """A street file; files of one month with different variants differ in bytes only."""
    lines = [header]
    for n in range(rows):
        crime = f"{variant:032x}{n:032x}"
        place = f"-4.1,50.4,On or near {CANARY} {n},E01015023,Plymouth 001A"
        lines.append(f"{crime},{month},Some Police,Some Police,{place},Burglary,Under investigation,")
    return "".join(line + end for line in lines).encode()


def street_name(month: str, force: str = FORCE) -> str:
    return f"{month}-{force}-street.csv"


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def put(landing: Path, name: str, data: bytes) -> Path:
    """Deliver these bytes under this name below landing/police_street."""
    path = landing / "police_street" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def put_manifest(path: Path, **fields: object) -> None:
    path.with_name(path.name + ".manifest.json").write_text(json.dumps(fields))
