"""The data dictionary: one contract per table. `TABLES` lists them all, left to right."""

from expectations.contracts import outcome, police_street, reference
from expectations.contracts.model import Column, Table

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        police_street.RAW,
        reference.RAW_NEIGHBOURHOOD,
        reference.RAW_LSOA_NEIGHBOURHOOD,
        reference.RAW_POPULATION,
        police_street.ROWS,
        police_street.COUNT,
        police_street.COMPLETENESS,
        police_street.QUARANTINE,
        reference.NEIGHBOURHOOD,
        reference.LSOA_NEIGHBOURHOOD,
        reference.POPULATION,
        outcome.SP01,
        outcome.SP08,
    )
}

__all__ = ["TABLES", "Column", "Table"]
