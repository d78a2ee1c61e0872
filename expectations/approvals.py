"""Approval of every column of special-category or criminal-offence data (spec section 6, 12).

Here: which columns need a record, reading `approvals.toml`, and what is wrong between the two. Not here: who may
approve (the partnership's data protection officer), the contracts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter

from expectations.contracts import PARTNERS, TABLES

APPROVALS = Path(__file__).parent / "approvals.toml"

_Text = Annotated[str, StringConstraints(min_length=1)]


class Approval(BaseModel):
    """One approval: the role that gave it, the day, and what the column is needed for."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)

    approved_by: _Text
    date: date
    reason: _Text


Approvals = Mapping[str, Mapping[str, Approval]]


def read_approvals(path: Path = APPROVALS) -> Approvals:
    """Approvals by table or delivered source, and column.

    Raises:
        ValueError: the file is no TOML, or a record lacks one of the three.
    """
    with path.open("rb") as file:
        return TypeAdapter(dict[str, dict[str, Approval]]).validate_python(tomllib.load(file))


def sensitive_columns() -> Iterator[tuple[str, str]]:
    """Table or delivered source, and column, of everything of class S or C, left to right."""
    for source in PARTNERS.values():
        yield from ((source.name, one.name) for one in source.delivery.fields if _sensitive(one.data_class))
    for table in TABLES.values():
        yield from ((table.name, column.name) for column in table.columns if _sensitive(column.data_class))


def _sensitive(data_class: str) -> bool:
    return "S" in data_class or "C" in data_class


def approval_problems(approvals: Approvals) -> list[str]:
    """What stands between contracts and approvals, one line each; empty when every column has its record alone."""
    wanted, given = set(sensitive_columns()), {(table, name) for table in approvals for name in approvals[table]}
    missing = [f"{table}.{name}: has no approval (add it to approvals.toml)" for table, name in sorted(wanted - given)]
    stale = [
        f"{table}.{name}: is approved and is no column of class S or C (remove the approval)"
        for table, name in sorted(given - wanted)
    ]
    return missing + stale
