"""Contract of an outcome table: the one tidy schema that every measure shares (design section 7).

Full precision and internal: what may be public is settled at the release, never here.
"""

import ast
from pathlib import Path

from expectations.contracts.model import Column, Table

PERIOD_KINDS = ("month", "quarter", "ytd", "fy", "r12")
COMPARISONS = ("improved", "worsened", "no significant change", "higher", "lower", "similar")
_DATE = r"^\d{4}-\d{2}-\d{2}$"

COLUMNS = (
    Column("measure", "string", "measure id", pattern=r"^SP\d{2}$"),
    Column("part", "string", "part of the measure"),
    Column("breakdown", "string", "dimension=value, or empty text for the total"),
    Column("area_code", "string", "code of the area or set of areas"),
    Column("area_name", "string", "name of the area"),
    Column("period_kind", "string", "kind of period (spec 0.1)", allowed=PERIOD_KINDS),
    Column("period_start", "string", "first day of the period", pattern=_DATE),
    Column("period_end", "string", "last day of the period", pattern=_DATE),
    Column("unit", "string", "unit of value, lower, upper, baseline_value, previous_value and change"),
    Column("numerator", "float", "what was counted", nullable=True, minimum=0),
    Column("denominator", "float", "what it is divided by", nullable=True, minimum=0),
    Column("value", "float", "the figure, unrounded", nullable=True),
    Column("lower", "float", "lower 95% limit", nullable=True),
    Column("upper", "float", "upper 95% limit", nullable=True),
    Column("method", "string", "method of the interval, or empty text"),
    Column("baseline_value", "float", "the figure of the same period of the baseline year", nullable=True),
    Column("previous_value", "float", "the figure of the same period one year before", nullable=True),
    Column("change", "float", "value less the figure it is compared with", nullable=True),
    Column("change_lower", "float", "lower 95% limit of the change", nullable=True),
    Column("change_upper", "float", "upper 95% limit of the change", nullable=True),
    Column("comparison", "string", "what the change amounts to, in a word, or empty text", allowed=("", *COMPARISONS)),
    Column("as_at", "string", "last day of the newest complete period in the data", pattern=_DATE),
    Column("symbols", "string", "symbols of spec 0.3, separated by spaces, or empty text"),
    Column("note", "string", "what a reader must know, in words, or empty text"),
)
KEY = ("measure", "part", "breakdown", "area_code", "period_kind", "period_start", "period_end")


def outcome_table(module: str, doc: str | None) -> Table:
    """Contract of one measure's outcome table.

    Args:
        module: name of the measure's file in `expectations/outcomes`; the table is `outcome_<file>`.
        doc: its docstring, whose first sentence says what the table holds.
    """
    return Table(
        name=f"outcome_{module.rpartition('.')[2]}",
        meaning=(doc or "").strip().splitlines()[0],
        grain="one figure: part, breakdown, area and period",
        key=KEY,
        columns=COLUMNS,
        purpose="performance measures of the partnership",
        lawful_basis="public task; aggregate figures",
        retention="permanent: aggregates",
    )


#: The folder of the measures' own contracts and checks; each file there is a measure.
MEASURES = Path(__file__).parent.parent / "outcomes"


def outcome_tables() -> dict[str, Table]:
    """Contract of every measure's outcome table by its name, read from the files without importing their rules."""
    found = {}
    for path in sorted(MEASURES.glob("sp[0-9][0-9]_*.py")):
        table = outcome_table(path.stem, ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))))
        found[table.name] = table
    return found
