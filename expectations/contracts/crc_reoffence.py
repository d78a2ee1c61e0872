"""Contracts of reoffences of the CRC's cohort: what is delivered, and the clean table (spec 3.7, SP09)."""

from expectations.contracts.columns import day, flag, month, pseudonym
from expectations.contracts.model import Column, Delivery, Field, Table
from expectations.contracts.partner import CLEAN_RETENTION

_PURPOSE = "count proven reoffences of the cohort, for SP09"
_BASIS = "UK GDPR Art 6(1)(e) and Art 10 with DPA 2018 s.10(5) and Sch 1; DPA 2018 Part 3 for the probation services"

OUTCOMES = ("convicted", "caution")

DELIVERY = Delivery(
    source="crc_reoffence",
    meaning="Offences of people of the cohort that led to a conviction or a caution.",
    grain="one reoffence",
    key=("offender_key", "index_date", "offence_date", "outcome_date", "outcome"),
    period="outcome_date",
    fields=(
        Field("offender_key", "key", "reference of the offender, as in crc_licence", data_class="PC", domain="crc"),
        Field("index_date", "date", "day of the release or start that the reoffence is counted from", data_class="C"),
        Field("offence_date", "date", "day of the offence", data_class="C"),
        Field("outcome_date", "date", "day of the conviction or caution", data_class="C"),
        Field("outcome", "enum", "conviction or caution", allowed=OUTCOMES, data_class="C"),
        Field("breach_only", "flag", "a breach and nothing else, which is no reoffence", data_class="C"),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
    volume="about one offender in three of the cohort, within 12 months",
)

CLEAN = Table(
    name="clean_crc_reoffence",
    meaning="Reoffences, each told proven or not by the national definition.",
    grain="one reoffence",
    key=DELIVERY.key,
    columns=(
        pseudonym("offender_key", "pseudonym of the offender", data_class="PC"),
        day("index_date", "day that the reoffence is counted from", data_class="C"),
        day("offence_date", "day of the offence", data_class="C"),
        day("outcome_date", "day of the conviction or caution", data_class="C"),
        month("month of the conviction or caution"),
        Column("outcome", "string", "conviction or caution", allowed=OUTCOMES, data_class="C"),
        flag("breach_only", "a breach and nothing else", data_class="C"),
        flag(
            "proven",
            "committed within 12 months of index_date, convicted or cautioned within that or 6 more, no mere breach",
            data_class="C",
        ),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
)
