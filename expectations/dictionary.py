"""The data dictionary and the record of processing, made from the contracts.

Here: pure functions from contracts to Markdown, and `python -m expectations.dictionary`, which writes both files. Not
here: any fact about a table (its contract), who approved a column (`approvals.toml`), how long delivered bytes are kept
(the register's `raw_retention_days`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from expectations.approvals import Approvals, read_approvals
from expectations.contracts import PARTNERS, outcome, partner, police_street, reference, words
from expectations.contracts.model import Column, Delivery, Field, Table

DOCS = Path(__file__).parent.parent / "docs"
DATA_DICTIONARY, RECORD_OF_PROCESSING = DOCS / "data-dictionary.md", DOCS / "record-of-processing.md"

_MADE = "Made from `expectations/contracts` by `python -m expectations.dictionary`: do not edit it here."
_HEAD = ("Column", "Type", "Unit", "Allowed values or form", "When empty", "Class", "Meaning")
_OPEN = (
    police_street.RAW,
    police_street.ROWS,
    police_street.COUNT,
    police_street.COMPLETENESS,
    police_street.QUARANTINE,
    reference.RAW_NEIGHBOURHOOD,
    reference.RAW_LSOA_NEIGHBOURHOOD,
    reference.RAW_POPULATION,
    reference.NEIGHBOURHOOD,
    reference.LSOA_NEIGHBOURHOOD,
    reference.POPULATION,
)


def data_dictionary() -> str:
    """Every table, delivered and of the warehouse, in Markdown."""
    blocks = [
        "# Data dictionary",
        _MADE,
        "Classes of data (specification, section 3.1): "
        + "; ".join(f"{name} {what}" for name, what in words.CLASSES.items())
        + ".",
        "## What partners deliver",
        "The columns of a delivery may stand in any order; one that is not listed here is refused."
        " `safer-outcomes template <source>` writes an empty file. The published street file of the police keeps the"
        f" header that it is published with: {', '.join(police_street.STREET_HEADER)}."
        " Reference tables are delivered in the columns of their clean table.",
        *(block for source in PARTNERS.values() for block in _delivery(source.delivery)),
        "## Clean tables of the partner sources",
        "Keys are pseudonyms, each agency's of its own; months and dates are text that sorts.",
        *(block for source in PARTNERS.values() for block in _table(source.clean)),
        "## Tables that every partner source has",
        f"The same for {', '.join(PARTNERS)}.",
        *(block for table in _of_every_partner() for block in _table(table)),
        "## Tables of the open data",
        *(block for table in _OPEN for block in _table(table)),
        "## Outcome tables",
        "One schema for every measure: internal, at full precision; what may be public is settled at the release.",
        _grid(("Table", "Meaning"), ((table.name, table.meaning) for table in outcome.outcome_tables().values())),
        f"Grain: one figure. Key: {', '.join(outcome.KEY)}.",
        _columns(outcome.COLUMNS),
    ]
    return "\n\n".join(blocks) + "\n"


def record_of_processing(approvals: Approvals) -> str:
    """What is held about whom, why, under which law, how long and for whom, by source and column, in Markdown."""
    blocks = [
        "# Record of processing",
        _MADE,
        "For the data protection officer: each column with its class, what it is for and who approved it. The lawful"
        " bases are proposals for the author of the impact assessment. Deliveries are synthetic until a partnership has"
        " agreements with the agencies.",
        "## Who sees what, and how long it is kept",
        _grid(("Zone", "What", "Who", "Kept"), _ZONES),
        "Pseudonyms are made with a key of each agency's own; the keys are outside the repository and outside the data."
        " Nothing but counts reaches logs, checks, alerts or the interface. No row goes to any other recipient.",
        *(block for source in PARTNERS.values() for block in _processing(source, approvals)),
        "## Open data",
        "Police street files and reference tables are published under the Open Government Licence v3.0; no retention is"
        " set.",
        _grid(
            ("Table", "Column", "Class", "What for", "Approved"),
            (
                (
                    table.name,
                    column.name,
                    column.data_class,
                    *_what_for(approvals, table.name, column.name, column.meaning),
                )
                for table in _OPEN
                for column in table.columns
                if column.data_class != "-"
            ),
        ),
        "## Outcomes and releases",
        f"{len(outcome.outcome_tables())} outcome tables hold aggregates only, kept for good. A release shows what the"
        " Board's decision allows, after disclosure control and with every earlier release in view.",
    ]
    return "\n\n".join(blocks) + "\n"


_ZONES = (
    (
        "Landing and archive (raw)",
        "delivered bytes",
        "custodian",
        "`raw_retention_days` of the register after acceptance: 30 days; then hash and receipt for good",
    ),
    ("Clean", "pseudonymised rows", "custodian, engineer, analyst", partner.CLEAN_RETENTION),
    ("Outcomes", "aggregates, exact", "engineer, analyst; service lead for the own source", "for good"),
    ("Releases", "what disclosure control lets out", "approver, Board, public", "for good"),
    ("Receipts, checks, log", "counts, hashes, names of checks", "engineer, auditor", "for good"),
)


def _delivery(delivery: Delivery) -> Iterator[str]:
    yield f"### `{delivery.source}`"
    yield (
        f"{delivery.meaning} Grain: {delivery.grain}. Key: {', '.join(delivery.key)}. Placed in time by:"
        f" {delivery.period}. Volume: {delivery.volume}."
    )
    yield _columns(delivery.fields)


def _table(table: Table) -> Iterator[str]:
    yield f"### `{table.name}`"
    yield " ".join((f"{table.meaning} Grain: {table.grain}. Key: {', '.join(table.key)}.", *table.notes))
    yield _columns(table.columns)


def _of_every_partner() -> tuple[Table, ...]:
    """The tables that `partner.source` makes, of a source that stands for all."""
    stand_in = Delivery("<source>", "", "", (), "the period column of the source", (), "", "", "")
    made = partner.source(stand_in, police_street.RAW)
    return made.raw, made.completeness, made.quarantine


def _columns(columns: Sequence[Field | Column]) -> str:
    return _grid(
        _HEAD,
        (
            (c.name, words.TYPES[c.type], c.unit, words.allowed(c), words.null_rule(c), c.data_class, c.meaning)
            for c in columns
        ),
    )


def _processing(source: partner.Source, approvals: Approvals) -> Iterator[str]:
    delivery, clean = source.delivery, source.clean
    yield f"## `{source.name}`"
    yield (
        f"{delivery.meaning} Purpose: {delivery.purpose}. Lawful basis: {delivery.lawful_basis}. Clean rows are kept:"
        f" {clean.retention}."
    )
    kept = {column.name: column for column in clean.columns}
    rows: list[tuple[str, ...]] = [
        (
            one.name,
            one.data_class,
            kept[one.name].data_class if one.name in kept else "not kept",
            *_what_for(approvals, delivery.source, one.name, one.purpose or one.meaning),
        )
        for one in delivery.fields
    ]
    sent = set(delivery.field_names)
    rows += [
        (column.name, "made here", column.data_class, *_what_for(approvals, clean.name, column.name, column.meaning))
        for column in clean.columns
        if column.name not in sent
    ]
    yield _grid(("Column", "Class as delivered", "Class in clean", "What for", "Approved"), rows)


def _what_for(approvals: Approvals, table: str, name: str, meaning: str) -> tuple[str, str]:
    """What a column is for, and when who approved it; the reason of the approval says more than the meaning."""
    found = approvals.get(table, {}).get(name)
    return (found.reason, f"{found.date}, {found.approved_by}") if found else (meaning, "")


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown; a bar inside a cell is escaped."""
    lines = [tuple(head), ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    DATA_DICTIONARY.write_text(data_dictionary(), encoding="utf-8")
    RECORD_OF_PROCESSING.write_text(record_of_processing(read_approvals()), encoding="utf-8")
