"""Contracts of the cases of the ASB Victim Champion: what is delivered, and the clean table.

Spec 3.6, SP05 to SP07. The place of the home is read and not kept: no figure is made below the city.
"""

from expectations.contracts.columns import CODE_PATTERN, day, flag, month, pseudonym
from expectations.contracts.model import AGE_BANDS, NULL_WORDS, Column, Delivery, Field, Table
from expectations.contracts.partner import CLEAN_RETENTION

_PURPOSE = "count vulnerable victims assessed, engaged and closed, for SP05, SP06 and SP07"
_BASIS = "UK GDPR Art 6(1)(e), Art 9(2)(g) with DPA 2018 Sch 1; contract and sharing agreement with the service"

REFERRAL_SOURCES = ("police", "housing", "council", "self", "other")
OUTCOMES = ("appropriate", "not_appropriate", "declined", "out_of_area", "pending")
EXIT_REASONS = ("planned", "moved", "disengaged", "died", "other")


def _later(name: str, meaning: str) -> Field:
    return Field(name, "date", meaning, nullable=True, data_class="Q", null_words=NULL_WORDS)


DELIVERY = Delivery(
    source="asb_case",
    meaning="Cases referred to the ASB Victim Champion.",
    grain="one case",
    key=("case_key",),
    period="referral_date",
    fields=(
        Field("case_key", "key", "reference of the case", data_class="P", domain="asb"),
        Field("person_key", "key", "reference of the person, the same in every case", data_class="P", domain="asb"),
        Field("referral_date", "date", "day the case was referred", data_class="Q"),
        Field("referral_source", "enum", "who referred", nullable=True, allowed=REFERRAL_SOURCES),
        _later("assessed_date", "day of the assessment"),
        Field(
            "vulnerability_score",
            "int",
            "score of the vulnerability assessment; what it means depends on the tool",
            "points",
            nullable=True,
            minimum=0,
            maximum=40,
            data_class="S",
            null_words=NULL_WORDS,
        ),
        Field("vulnerable", "flag", "found vulnerable at the assessment", nullable=True, data_class="S"),
        Field("outcome", "enum", "outcome of the assessment; empty is pending", nullable=True, allowed=OUTCOMES),
        _later("consent_date", "day consent was given"),
        _later("first_contact_date", "day of the first two-way contact"),
        _later("support_plan_date", "day the support plan was opened"),
        Field("engaged_service_flag", "flag", "engaged in the service's own view", nullable=True),
        _later("exit_date", "day the case was closed"),
        Field("exit_reason", "enum", "why the case was closed", nullable=True, allowed=EXIT_REASONS),
        Field(
            "neighbourhood_code",
            "string",
            "neighbourhood of the home",
            nullable=True,
            pattern=CODE_PATTERN,
            data_class="Q",
        ),
        Field("age_band", "enum", "age band of the person", nullable=True, allowed=AGE_BANDS, data_class="Q"),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
    volume="about 60 to 150 cases a year",
)

CLEAN = Table(
    name="clean_asb_case",
    meaning="Cases of the area, each told engaged or not by the provisional rule of SP05.",
    grain="one case",
    key=("case_key",),
    columns=(
        pseudonym("case_key", "pseudonym of the case"),
        pseudonym("person_key", "pseudonym of the person"),
        day("referral_date", "day the case was referred"),
        month("month the case was referred"),
        day("assessed_date", "day of the assessment", nullable=True),
        month("month of the assessment", "assessed_month", nullable=True),
        Column("outcome", "string", "outcome of the assessment", allowed=OUTCOMES),
        flag("vulnerable", "found vulnerable at the assessment", nullable=True, data_class="S"),
        day("consent_date", "day consent was given", nullable=True),
        day("first_contact_date", "day of the first two-way contact", nullable=True),
        day("support_plan_date", "day the support plan was opened", nullable=True),
        flag("engaged", "consent, a two-way contact after it within 28 days, and a support plan"),
        flag("engaged_service_flag", "engaged in the service's own view", nullable=True),
        day("exit_date", "day the case was closed", nullable=True),
        month("month the case was closed", "exit_month", nullable=True),
        Column("exit_reason", "string", "why the case was closed", nullable=True, allowed=EXIT_REASONS),
        Column("age_band", "string", "age band of the person", nullable=True, allowed=AGE_BANDS, data_class="Q"),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
)
