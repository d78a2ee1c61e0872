"""`outcomes.csv-metadata.json`: what the columns of `outcomes.csv` are, for programs (W3C CSV on the Web). Pure.

The name is the one under which a reader of the CSV looks for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from assets.release.columns import FIGURES, KEY, Column
from assets.release.folder import FIGURES as CSV
from assets.release.words import SYMBOLS

NAME = f"{CSV}-metadata.json"
#: Formats of text columns that hold more than a few values.
_FORMATS = {"measure": r"SP[0-9]{2}"}


def metadata_bytes(said: Mapping[str, str]) -> bytes:
    """The metadata of a release; `said` holds title, description, publisher, licence, identifier and the date of evaluation."""
    group: dict[str, Any] = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": CSV,
        "dc:title": said["title"],
        "dc:description": said["description"],
        "dc:publisher": said["publisher"],
        "dc:license": {"@id": said["licence"]},
        "dc:identifier": said["release"],
        "dc:date": {"@value": said["as_of"], "@type": "xsd:date"},
        "dc:language": "en-GB",
        "dialect": {
            "encoding": "utf-8",
            "delimiter": ",",
            "quoteChar": '"',
            "doubleQuote": True,
            "lineTerminators": ["\n"],
            "header": True,
            "headerRowCount": 1,
            "skipBlankRows": False,
            "trim": False,
        },
        "tableSchema": {"columns": [_column(column) for column in FIGURES], "primaryKey": list(KEY)},
    }
    return (json.dumps(group, ensure_ascii=False, indent=1) + "\n").encode()


def _column(column: Column) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": column.name,
        # Its first title is the column's head in the file; a validator compares the two.
        "titles": [column.name, column.title],
        "dc:description": column.meaning,
        "datatype": _datatype(column),
        "null": "",
        "required": column.always,
    }
    return said | ({"separator": " "} if column.kind == "symbols" else {})


def _datatype(column: Column) -> str | dict[str, str]:
    if column.kind == "number":
        return "double"
    if column.kind == "date":
        return {"base": "date", "format": "yyyy-MM-dd"}
    if column.kind == "symbols":
        return {"base": "string", "format": "|".join(rf"\[{symbol}\]" for symbol, _, _ in SYMBOLS)}
    allowed = "|".join(re.escape(value).replace(r"\ ", " ") for value in column.allowed)
    pattern = _FORMATS.get(column.name, allowed)
    return {"base": "string", "format": pattern} if pattern else "string"
