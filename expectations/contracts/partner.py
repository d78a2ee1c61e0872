"""The three tables that every partner source has beside its clean table: deliveries, completeness, quarantine.

Here: one description of each, for all twelve sources (spec 3.1, 3.10; design section 4). Not here: what a source
delivers and what its clean table holds (one file each, beside this one).
"""

from __future__ import annotations

from dataclasses import dataclass

from expectations.contracts.model import DATE_PATTERN, MONTH_PATTERN, SHA256_PATTERN, Column, Delivery, Table

#: How long clean rows of partner sources are kept: enough for the look-back and for reoffending (spec section 6, 10).
CLEAN_RETENTION = "3 full financial years and the current one, then aggregates only"


@dataclass(frozen=True)
class Source:
    """A partner source: what is delivered, and its tables left to right."""

    delivery: Delivery
    raw: Table
    clean: Table
    completeness: Table
    quarantine: Table

    @property
    def name(self) -> str:
        """Name of the source in every stage."""
        return self.delivery.source

    @property
    def made_together(self) -> tuple[Table, ...]:
        """The tables of the clean step."""
        return (self.clean, self.completeness, self.quarantine)


def source(delivery: Delivery, clean: Table) -> Source:
    """All tables of a partner source."""
    return Source(delivery, _raw(delivery), clean, _completeness(delivery), _quarantine(delivery))


def _raw(delivery: Delivery) -> Table:
    return Table(
        name=f"raw_{delivery.source}",
        meaning=f"The deliveries of {delivery.source} that count, each for the days on which it is the newest.",
        grain="one delivery that is the newest for at least one day",
        key=("coverage_start", "sha256"),
        columns=(
            Column("sha256", "string", "hash of the uncompressed file", pattern=SHA256_PATTERN),
            Column("size", "int", "size of the uncompressed file", unit="bytes", minimum=1),
            Column("form", "string", "how its rows are read", allowed=("csv", "xlsx")),
            Column("delivered_rows", "int", "data rows in the file", unit="rows", minimum=0),
            Column("coverage_start", "string", "first day that it covers", pattern=DATE_PATTERN),
            Column("coverage_end", "string", "last day that it covers", pattern=DATE_PATTERN),
            Column(
                "spans",
                "string",
                "days on which it is the newest: first/last, several separated by spaces",
                pattern=r"^\d{4}-\d{2}-\d{2}/\d{4}-\d{2}-\d{2}( \d{4}-\d{2}-\d{2}/\d{4}-\d{2}-\d{2})*$",
            ),
            Column("versions", "int", "accepted contents of the source so far", unit="deliveries", minimum=1),
            Column(
                "replaces_until",
                "string",
                "last day covered by the deliveries that this one replaced from their first day on",
                nullable=True,
                pattern=DATE_PATTERN,
            ),
        ),
        purpose=delivery.purpose,
        lawful_basis=delivery.lawful_basis,
        retention="permanent: hashes and counts only",
    )


def _completeness(delivery: Delivery) -> Table:
    def rows(name: str, meaning: str, nullable: bool = False) -> Column:
        return Column(name, "int", meaning, unit="rows", minimum=0, nullable=nullable)

    return Table(
        name=f"clean_{delivery.source}_completeness",
        meaning=f"Which months of {delivery.source} were received, and what became of every delivered row.",
        grain="one month from the first to the last covered; empty text for rows whose date cannot be read",
        key=("month",),
        columns=(
            Column("month", "string", f"month of {delivery.period}", pattern=rf"^$|{MONTH_PATTERN}"),
            Column("received", "int", "1 when deliveries cover the whole month, else 0", minimum=0, maximum=1),
            rows("delivered_rows", "rows of all deliveries that count"),
            rows("quarantined", "rows set aside as unreadable or out of contract"),
            rows("superseded", "rows of days for which a newer delivery counts"),
            rows("repeated", "rows merged into another by the rule of the source"),
            rows("out_of_scope", "rows that are not of this area or of no measure's kind"),
            rows("counted", "rows of the clean table"),
            rows("previous_rows", "rows that counted before the newest delivery came", nullable=True),
        ),
        purpose=delivery.purpose,
        lawful_basis=delivery.lawful_basis,
        retention="permanent: counts only",
        notes=("delivered_rows = quarantined + superseded + repeated + out_of_scope + counted, for every month.",),
    )


def _quarantine(delivery: Delivery) -> Table:
    return Table(
        name=f"clean_{delivery.source}_quarantine",
        meaning="Rows set aside: where they are and why, never what they say.",
        grain="one rejected row of one delivered file",
        key=("sha256", "row_number"),
        columns=(
            Column("sha256", "string", "hash of the file", pattern=SHA256_PATTERN),
            Column("row_number", "int", "data row in the file, 1 = first row below the header", minimum=1),
            Column("reason", "string", "why the row was set aside, as a code", pattern=r"^[a-z0-9_]+$"),
        ),
        minimum_rows=0,
        purpose=delivery.purpose,
        lawful_basis=delivery.lawful_basis,
        retention="permanent: row numbers and codes only",
    )
