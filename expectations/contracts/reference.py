"""Contracts of the delivered reference tables: neighbourhood, lsoa_neighbourhood, population (spec 3.9).

Each has a raw table (which file counts) and a clean table of the same columns as delivered, typed.
"""

from typing import Any

from expectations.contracts.model import Column, Table

_OPEN: dict[str, Any] = {
    "purpose": "place crimes in neighbourhoods and turn counts into rates",
    "lawful_basis": "open data, Open Government Licence v3.0",
    "retention": "none set: open data",
}


def _raw(source: str) -> Table:
    return Table(
        name=f"raw_{source}",
        meaning=f"The delivered {source} file that counts.",
        grain="one delivered table",
        key=("source",),
        columns=(
            Column("source", "string", "name of the source", allowed=(source,)),
            Column("sha256", "string", "hash of the uncompressed file", pattern=r"^[0-9a-f]{64}$"),
            Column("size", "int", "size of the uncompressed file", unit="bytes", minimum=1),
            Column("delivered_rows", "int", "data rows in the file", unit="rows", minimum=1),
            Column("versions", "int", "accepted versions so far", unit="deliveries", minimum=1),
            Column(
                "previous_sha256", "string", "hash of the version replaced", nullable=True, pattern=r"^[0-9a-f]{64}$"
            ),
        ),
        **_OPEN,
    )


RAW_NEIGHBOURHOOD = _raw("neighbourhood")
RAW_LSOA_NEIGHBOURHOOD = _raw("lsoa_neighbourhood")
RAW_POPULATION = _raw("population")

NEIGHBOURHOOD = Table(
    name="clean_neighbourhood",
    meaning="The neighbourhoods of the partnership's area.",
    grain="one neighbourhood",
    key=("neighbourhood_code",),
    columns=(
        Column("neighbourhood_code", "string", "code of the neighbourhood"),
        Column("name", "string", "name of the neighbourhood"),
    ),
    **_OPEN,
)

LSOA_NEIGHBOURHOOD = Table(
    name="clean_lsoa_neighbourhood",
    meaning="Which neighbourhood an LSOA lies in; every LSOA of the area, in each census vintage held.",
    grain="one LSOA of one vintage in one neighbourhood",
    key=("lsoa_vintage", "lsoa_code", "neighbourhood_code"),
    columns=(
        Column("lsoa_code", "string", "LSOA code", pattern=r"^[EW]01\d{6}$"),
        Column("lsoa_vintage", "string", "census year of the LSOA", allowed=("2001", "2011", "2021")),
        Column("neighbourhood_code", "string", "neighbourhood it lies in"),
        Column("weight", "float", "share of the LSOA in that neighbourhood; sums to 1 per LSOA", minimum=0, maximum=1),
    ),
    **_OPEN,
)

POPULATION = Table(
    name="clean_population",
    meaning="Residents by area and mid-year.",
    grain="one area and mid-year",
    key=("area_type", "area_code", "mid_year"),
    columns=(
        Column("area_code", "string", "code of the area"),
        Column("area_type", "string", "kind of area", allowed=("lsoa01", "lsoa11", "lsoa21", "neighbourhood", "city")),
        Column("mid_year", "int", "year of the mid-year estimate or census", unit="year", minimum=1981, maximum=2100),
        Column("persons", "int", "residents", unit="persons", minimum=0),
        Column("households", "int", "households", unit="households", nullable=True, minimum=0),
        Column("vintage", "string", "which publication the figure is from"),
    ),
    **_OPEN,
)
