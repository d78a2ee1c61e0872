"""What every measure promises: its outcome table, what it is made from, and its checks. One file a measure, found by itself.

A file `spNN_name.py` here holds `TABLE` (its contract), `READS` (tables that it cannot do without), `OPTIONAL` (tables that it
uses where their source was ever delivered) and `suite(limits)`. Its calculation is the file of the same name in
`assets/outcomes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

from expectations.contracts.model import Table
from expectations.suites.model import Suite


class Measured(Protocol):
    """A measure's file in this folder."""

    @property
    def TABLE(self) -> Table:
        """Contract of its outcome table."""

    @property
    def READS(self) -> tuple[str, ...]:
        """Tables that it cannot do without."""

    @property
    def OPTIONAL(self) -> tuple[str, ...]:
        """Tables that it uses where their source was ever delivered."""

    def suite(self, limits: Mapping[str, float], /) -> Suite:
        """Its checks, with the thresholds of the register."""


@cache
def measured() -> dict[str, Measured]:
    """Every measure's file by the name of its outcome table."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__) if found.name[:2] == "sp")
    return {module.TABLE.name: cast(Measured, module) for module in modules}
