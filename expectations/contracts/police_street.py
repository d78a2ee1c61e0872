"""Contracts of the police street source: the delivered file, its register of deliveries, and its four clean tables.

Spec 2.3 and 3.2. The published file is open data; a row says nothing of who was involved, and its place is one of
about 750,000 anonymous points, so class Q at most.
"""

from typing import Any

from expectations.contracts.model import Column, Table

#: Header of the published street file, exact names and order (spec 2.3); anything else is refused.
STREET_HEADER = (
    "Crime ID",
    "Month",
    "Reported by",
    "Falls within",
    "Longitude",
    "Latitude",
    "Location",
    "LSOA code",
    "LSOA name",
    "Crime type",
    "Last outcome category",
    "Context",
)
#: Header of the layout used until 2012: no Crime ID, no LSOA, so no row can be counted once or placed (spec 2.3).
STREET_HEADER_2012 = (
    "Month",
    "Reported by",
    "Falls within",
    "Easting",
    "Northing",
    "Location",
    "Crime type",
    "Context",
)

_OPEN: dict[str, Any] = {
    "purpose": "count recorded crime by place and month for the partnership's measures",
    "lawful_basis": "open data, Open Government Licence v3.0",
    "retention": "none set: open data",
}
_MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"
_FORCE = Column("force", "string", "force slug of the file name, such as devon-and-cornwall", pattern=r"^[a-z0-9-]+$")

RAW = Table(
    name="raw_police_street",
    meaning="The street files that count: one delivered version for each force and month.",
    grain="one force and month",
    key=("force", "month"),
    columns=(
        _FORCE,
        Column("month", "string", "month the file covers", pattern=_MONTH),
        Column("sha256", "string", "hash of the uncompressed file", pattern=r"^[0-9a-f]{64}$"),
        Column("size", "int", "size of the uncompressed file", unit="bytes", minimum=1),
        Column("delivered_rows", "int", "data rows in the file", unit="rows", minimum=1),
        Column("versions", "int", "accepted versions of this slot so far", unit="deliveries", minimum=1),
        Column(
            "previous_sha256",
            "string",
            "hash of the version that this one replaced",
            nullable=True,
            pattern=r"^[0-9a-f]{64}$",
        ),
    ),
    **_OPEN,
)

ROWS = Table(
    name="clean_police_street",
    meaning="Street crimes and ASB incidents placed in the partnership's area; one Crime ID is one offence (spec 2.3).",
    grain="one offence, or one incident without Crime ID",
    key=("row_id",),
    columns=(
        Column("row_id", "int", "running number after sorting by all other columns", minimum=1),
        Column("month", "string", "month of record: the earliest month the Crime ID appears in", pattern=_MONTH),
        _FORCE,
        Column("crime_id", "string", "Crime ID as published; none for ASB", nullable=True, data_class="C"),
        Column("category", "string", "category slug of the dated code table", data_class="C"),
        Column("lsoa_code", "string", "LSOA of the snap point", pattern=r"^[EW]01\d{6}$", data_class="Q"),
        Column(
            "lsoa_vintage", "string", "census year(s) whose LSOAs hold this code", allowed=("2011", "2021", "2011 2021")
        ),
        Column(
            "longitude",
            "float",
            "WGS84 longitude of the snap point",
            unit="degrees",
            nullable=True,
            minimum=-180,
            maximum=180,
            data_class="Q",
        ),
        Column(
            "latitude",
            "float",
            "WGS84 latitude of the snap point",
            unit="degrees",
            nullable=True,
            minimum=-90,
            maximum=90,
            data_class="Q",
        ),
        Column("location", "string", "published description of the snap point", nullable=True, data_class="Q"),
        Column("outcome", "string", "last outcome category as published", nullable=True, data_class="C"),
    ),
    **_OPEN,
)

COUNT = Table(
    name="clean_police_street_count",
    meaning="Offences and ASB incidents by force, LSOA, month of record and category, for every area delivered.",
    grain="one force, LSOA, month and category with at least one row",
    key=("force", "month", "lsoa_code", "category"),
    columns=(
        _FORCE,
        Column("month", "string", "month of record", pattern=_MONTH),
        Column(
            "lsoa_code",
            "string",
            "LSOA of the snap point; empty text when the file gives none",
            pattern=r"^([EW]01\d{6})?$",
        ),
        Column("category", "string", "category slug of the dated code table; 'unknown' when the label is not in it"),
        Column("counted", "int", "offences or incidents", unit="rows", minimum=1),
    ),
    **_OPEN,
)

COMPLETENESS = Table(
    name="clean_police_street_completeness",
    meaning="Which months of which force were received, and what became of every delivered row.",
    grain="one force and month, from the first to the last month delivered by any force",
    key=("force", "month"),
    columns=(
        _FORCE,
        Column("month", "string", "month of the file", pattern=_MONTH),
        Column("received", "int", "1 when a file of this slot was accepted, else 0", minimum=0, maximum=1),
        Column("delivered_rows", "int", "data rows of the file", unit="rows", nullable=True, minimum=0),
        Column(
            "quarantined",
            "int",
            "rows set aside as unreadable or out of contract",
            unit="rows",
            nullable=True,
            minimum=0,
        ),
        Column(
            "repeated",
            "int",
            "rows merged into another row of this file with the same Crime ID",
            unit="rows",
            nullable=True,
            minimum=0,
        ),
        Column(
            "moved",
            "int",
            "rows merged into an earlier month, where their Crime ID first appears",
            unit="rows",
            nullable=True,
            minimum=0,
        ),
        Column("counted", "int", "offences and incidents counted in this month", unit="rows", nullable=True, minimum=0),
        Column("without_id", "int", "rows without a Crime ID, never merged", unit="rows", nullable=True, minimum=0),
        Column("unplaced", "int", "counted rows with a blank LSOA", unit="rows", nullable=True, minimum=0),
        Column("in_area", "int", "counted rows in the partnership's LSOAs", unit="rows", nullable=True, minimum=0),
        Column(
            "unmatched",
            "int",
            "counted rows whose LSOA name is the area's but whose code no lookup holds",
            unit="rows",
            nullable=True,
            minimum=0,
        ),
        Column(
            "unknown_category",
            "int",
            "counted rows whose label the dated code table does not hold",
            unit="rows",
            nullable=True,
            minimum=0,
        ),
        Column(
            "previous_rows",
            "int",
            "data rows of the version that this one replaced",
            unit="rows",
            nullable=True,
            minimum=0,
        ),
        Column(
            "previous_in_area",
            "int",
            "rows of the replaced version in the partnership's LSOAs, before merging across months",
            unit="rows",
            nullable=True,
            minimum=0,
        ),
    ),
    notes=("delivered_rows = quarantined + repeated + moved + counted, for every file.",),
    **_OPEN,
)

QUARANTINE = Table(
    name="clean_police_street_quarantine",
    meaning="Rows set aside: where they are and why, never what they say.",
    grain="one rejected row of one delivered file",
    key=("force", "month", "row_number"),
    columns=(
        _FORCE,
        Column("month", "string", "month of the file", pattern=_MONTH),
        Column("sha256", "string", "hash of the file", pattern=r"^[0-9a-f]{64}$"),
        Column("row_number", "int", "data row in the file, 1 = first row below the header", minimum=1),
        Column(
            "reason",
            "string",
            "why the row was set aside",
            allowed=("columns", "month", "coordinate", "lsoa_code", "crime_id", "category_blank"),
        ),
    ),
    minimum_rows=0,
    **_OPEN,
)
