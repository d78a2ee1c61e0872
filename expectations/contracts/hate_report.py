"""Contracts of reports of hate to the council and third-party centres: what is delivered, and the clean table.

Spec 3.8, SP10. `police_key` alone is keyed in the police domain, so that a report known to the police counts once; no
place is kept, because strand, place and month together can show a person (spec section 6, 13).
"""

from expectations.contracts.columns import CODE_PATTERN, STRANDS_PATTERN, day, month, pseudonym
from expectations.contracts.model import STRANDS, Column, Delivery, Field, Table
from expectations.contracts.partner import CLEAN_RETENTION

_PURPOSE = "count reports of hate crime and hate incidents once each, for SP10"
_BASIS = (
    "Crime and Disorder Act 1998 s.17A and s.115; UK GDPR Art 6(1)(e), Art 9(2)(g) and Art 10"
    " with DPA 2018 s.10(5) and Sch 1"
)

CHANNELS = ("police", "council", "centre", "online")
KINDS = ("crime", "incident")

DELIVERY = Delivery(
    source="hate_report",
    meaning="Reports of hate crime and hate incidents made to the council and to third-party reporting centres.",
    grain="one report",
    key=("report_key",),
    period="received_date",
    fields=(
        Field("report_key", "key", "reference of the report", data_class="P", domain="hate"),
        Field("received_date", "date", "day the report was received", data_class="S"),
        Field("channel", "enum", "where the report was made", allowed=CHANNELS, data_class="S"),
        Field("crime_or_incident", "enum", "whether a crime is reported", allowed=KINDS, data_class="S"),
        Field("strands", "list", "strands of the report, at least one", allowed=STRANDS, data_class="S"),
        Field(
            "police_key",
            "key",
            "crime or incident reference of the police, where there is one",
            nullable=True,
            data_class="PC",
            domain="police",
        ),
        Field(
            "neighbourhood_code",
            "string",
            "neighbourhood of the place",
            nullable=True,
            pattern=CODE_PATTERN,
            data_class="Q",
        ),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
    volume="about 700 reports a year with those of the police",
)

CLEAN = Table(
    name="clean_hate_report",
    meaning="Reports of hate crime and hate incidents made outside the police's own records.",
    grain="one report",
    key=("report_key",),
    columns=(
        pseudonym("report_key", "pseudonym of the report"),
        day("received_date", "day the report was received", data_class="S"),
        month("month the report was received"),
        Column("channel", "string", "where the report was made", allowed=CHANNELS, data_class="S"),
        Column("crime_or_incident", "string", "whether a crime is reported", allowed=KINDS, data_class="S"),
        Column(
            "strands",
            "string",
            "strands of the report, sorted, separated by semicolons",
            pattern=STRANDS_PATTERN,
            data_class="S",
        ),
        pseudonym(
            "police_key", "pseudonym of the police reference, of the police domain", nullable=True, data_class="PC"
        ),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
)
