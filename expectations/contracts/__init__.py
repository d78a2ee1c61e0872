"""The data dictionary: one contract per table and per delivery.

`PARTNERS` holds the partner sources by name, `TABLES` every table of the warehouse, left to right.
"""

from expectations.contracts import (
    asb_case,
    asb_star,
    asb_survey,
    crc_event,
    crc_licence,
    crc_reoffence,
    dash_training,
    hate_report,
    hate_survey,
    outcome,
    partner,
    pdas_referral,
    police_crime,
    police_incident,
    police_street,
    reference,
)
from expectations.contracts.model import Column, Delivery, Field, Table
from expectations.contracts.partner import Source

PARTNERS: dict[str, Source] = {
    contract.DELIVERY.source: partner.source(contract.DELIVERY, contract.CLEAN)
    for contract in (
        police_crime,
        police_incident,
        pdas_referral,
        dash_training,
        asb_case,
        asb_star,
        asb_survey,
        crc_licence,
        crc_event,
        crc_reoffence,
        hate_report,
        hate_survey,
    )
}

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        police_street.RAW,
        reference.RAW_NEIGHBOURHOOD,
        reference.RAW_LSOA_NEIGHBOURHOOD,
        reference.RAW_POPULATION,
        *(source.raw for source in PARTNERS.values()),
        police_street.ROWS,
        police_street.COUNT,
        police_street.COMPLETENESS,
        police_street.QUARANTINE,
        reference.NEIGHBOURHOOD,
        reference.LSOA_NEIGHBOURHOOD,
        reference.POPULATION,
        *(table for source in PARTNERS.values() for table in source.made_together),
        *outcome.outcome_tables().values(),
    )
}

__all__ = ["PARTNERS", "TABLES", "Column", "Delivery", "Field", "Source", "Table"]
