"""Contracts of the force's incidents, anti-social behaviour and non-crime hate: what is delivered, and the clean table.

Spec 3.3: an incident is no crime and never enters a count of crimes (spec 0.2).
"""

from expectations.contracts.columns import CODE_PATTERN, LSOA_PATTERN, STRANDS_PATTERN, day, month, pseudonym
from expectations.contracts.model import STRANDS, Column, Delivery, Field, Table
from expectations.contracts.partner import CLEAN_RETENTION

_PURPOSE = "count hate incidents that are no crimes, for SP10, and show police incidents beside SP04"
_BASIS = (
    "Crime and Disorder Act 1998 s.17A and s.115; UK GDPR Art 6(1)(e) and Art 9(2)(g) with DPA 2018 Sch 1;"
    " DPA 2018 s.10(5) where an incident became a crime"
)

CATEGORIES = ("asb_personal", "asb_nuisance", "asb_environmental", "hate")

DELIVERY = Delivery(
    source="police_incident",
    meaning="Incidents of anti-social behaviour and of hate opened by the force.",
    grain="one incident",
    key=("incident_key",),
    period="opened_at",
    fields=(
        Field("incident_key", "key", "incident reference", data_class="P", domain="police"),
        Field("opened_at", "timestamp", "when the incident was opened", data_class="Q"),
        Field("category", "enum", "kind of incident", allowed=CATEGORIES, data_class="S"),
        Field(
            "strands",
            "list",
            "strands of a hate incident, at least one",
            nullable=True,
            allowed=STRANDS,
            data_class="S",
        ),
        Field("csp_code", "string", "code of the community safety partnership's area", pattern=CODE_PATTERN),
        Field("lsoa_code", "string", "LSOA of the place", nullable=True, pattern=LSOA_PATTERN, data_class="Q"),
        Field(
            "crime_key",
            "key",
            "crime reference, where it was later recorded as a crime",
            nullable=True,
            data_class="PC",
            domain="police",
        ),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
    volume="about 10,000 to 13,000 incidents a year",
)

CLEAN = Table(
    name="clean_police_incident",
    meaning="Incidents of the area by the month opened.",
    grain="one incident",
    key=("incident_key",),
    columns=(
        pseudonym("incident_key", "pseudonym of the incident reference"),
        month("month the incident was opened, by the date in London"),
        day("opened_date", "day the incident was opened, in London"),
        Column("category", "string", "kind of incident", allowed=CATEGORIES, data_class="S"),
        Column(
            "strands",
            "string",
            "strands of a hate incident, sorted, separated by semicolons; empty text for none",
            pattern=rf"^$|{STRANDS_PATTERN}",
            data_class="S",
        ),
        Column("lsoa_code", "string", "LSOA of the place", nullable=True, pattern=LSOA_PATTERN, data_class="Q"),
        pseudonym("crime_key", "pseudonym of the crime that it was later recorded as", nullable=True, data_class="PC"),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
)
