"""A table of a page, as plain values, and what the table macro makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup


@dataclass(frozen=True)
class Cell:
    """One cell of a table: its text, and words that qualify it."""

    text: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table with its caption, its column heads (and whether they are of numbers), rows and notes below.

    The first cell of a row is its head.
    """

    caption: str
    head: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    look: str = ""

    @property
    def params(self) -> dict[str, Any]:
        """What the govukTable macro takes."""
        return {
            "caption": self.caption,
            "captionClasses": "govuk-table__caption--s",
            "classes": self.look,
            "firstCellIsHeader": True,
            "head": [{"text": text, "format": "numeric" if number else ""} for text, number in self.head],
            "rows": [
                [
                    {"html": _cell(cell), "format": "numeric" if number else ""}
                    for cell, (_, number) in zip(row, self.head, strict=True)
                ]
                for row in self.rows
            ],
        }


def _cell(cell: Cell) -> Markup:
    flags = Markup("").join(Markup(' <span class="so-flag">{}</span>').format(flag) for flag in cell.flags)
    return Markup("{}{}").format(cell.text, flags)
