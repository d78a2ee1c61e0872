"""Contracts of the referrals to the domestic abuse service (PDAS): what is delivered, and the clean table.

Spec 3.4, SP04. No place below the city and nothing about a child but counts: the data can reveal where a person hides
(spec section 6, 15).
"""

from expectations.contracts.columns import day, flag, month, pseudonym
from expectations.contracts.model import AGE_BANDS, NULL_WORDS, Column, Delivery, Field, Table
from expectations.contracts.partner import CLEAN_RETENTION

_PURPOSE = "count referrals to the domestic abuse service and what followed, for SP04"
_BASIS = "UK GDPR Art 6(1)(e), Art 9(2)(g) with DPA 2018 Sch 1; contract and sharing agreement with the service"

SOURCE_AGENCIES = (
    "police",
    "self",
    "health_gp",
    "health_midwifery",
    "health_ed",
    "adult_social_care",
    "children_social_care",
    "housing",
    "probation",
    "voluntary",
    "education",
    "other",
)
#: Bands of a referred adult: victims are 16 and over by the 2013 definition (spec SP04).
VICTIM_BANDS = AGE_BANDS[3:]
RISK_LEVELS = ("standard", "medium", "high")
SEXES = ("female", "male", "other")
SEXUAL_VIOLENCE = ("Y", "N", "not_asked")

DELIVERY = Delivery(
    source="pdas_referral",
    meaning="Referrals received by the domestic abuse service.",
    grain="one referral",
    key=("referral_key",),
    period="received_date",
    fields=(
        Field("referral_key", "key", "reference of the referral", data_class="P", domain="pdas"),
        Field(
            "client_key",
            "key",
            "reference of the client, stable over time",
            nullable=True,
            data_class="P",
            domain="pdas",
        ),
        Field("received_date", "date", "day the referral was received", data_class="Q"),
        Field("source_agency", "enum", "who referred", allowed=SOURCE_AGENCIES),
        Field(
            "subject_type", "enum", "who was referred", allowed=("adult_victim", "child", "perpetrator"), data_class="S"
        ),
        Field("age_band", "enum", "age band of the person referred", nullable=True, allowed=AGE_BANDS, data_class="Q"),
        Field("sex", "enum", "sex of the person referred", nullable=True, allowed=SEXES, data_class="Q"),
        Field("service_first_time_flag", "flag", "first referral in the service's own view", nullable=True),
        Field("case_opened", "date", "day the case was opened", nullable=True, data_class="Q", null_words=NULL_WORDS),
        Field("case_closed", "date", "day the case was closed", nullable=True, data_class="Q", null_words=NULL_WORDS),
        Field("engaged", "flag", "support accepted", nullable=True, data_class="S"),
        Field("engaged_date", "date", "day support was accepted", nullable=True, data_class="S", null_words=NULL_WORDS),
        Field("dash_done_date", "date", "day of the DASH assessment", nullable=True, null_words=NULL_WORDS),
        Field(
            "dash_score",
            "int",
            "DASH score",
            nullable=True,
            data_class="S",
            null_words=NULL_WORDS,
            unit="ticked questions",
            minimum=0,
            maximum=24,
        ),
        Field("risk_level", "enum", "DASH risk level", nullable=True, allowed=RISK_LEVELS, data_class="S"),
        Field("professional_judgement", "flag", "level raised by professional judgement", nullable=True),
        Field("marac_referred", "flag", "referred to MARAC", nullable=True, data_class="S"),
        Field("marac_heard_date", "date", "day heard at MARAC", nullable=True, data_class="S", null_words=NULL_WORDS),
        Field("marac_repeat", "flag", "repeat within 12 months of the last hearing", nullable=True, data_class="S"),
        Field("household_known", "flag", "whether the composition of the household is known"),
        Field(
            "n_children_u18",
            "int",
            "children under 18 in the household",
            unit="persons",
            nullable=True,
            minimum=0,
            maximum=12,
            data_class="S",
        ),
        Field(
            "n_unborn", "int", "unborn children", unit="persons", nullable=True, minimum=0, maximum=3, data_class="S"
        ),
        Field(
            "child_safeguarding_referral",
            "flag",
            "safeguarding referral made for a child",
            nullable=True,
            data_class="S",
        ),
        Field(
            "sexual_violence",
            "enum",
            "sexual violence disclosed",
            nullable=True,
            allowed=SEXUAL_VIOLENCE,
            data_class="S",
        ),
        Field("area_in_city", "flag", "whether the person lives in the city"),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
    volume="about 1,200 to 2,000 referrals a year",
)

CLEAN = Table(
    name="clean_pdas_referral",
    meaning="Referrals of adult victims who live in the city, each told first-time or not by a constant look-back.",
    grain="one referral",
    key=("referral_key",),
    columns=(
        pseudonym("referral_key", "pseudonym of the referral"),
        pseudonym("client_key", "pseudonym of the client", nullable=True),
        day("received_date", "day the referral was received"),
        month("month the referral was received"),
        Column("source_agency", "string", "who referred", allowed=SOURCE_AGENCIES),
        Column("age_band", "string", "age band", nullable=True, allowed=VICTIM_BANDS, data_class="Q"),
        Column("sex", "string", "sex", nullable=True, allowed=SEXES, data_class="Q"),
        Column(
            "counted",
            "string",
            "counts in the headline, or came while the client's case was open",
            allowed=("Y", "on_open_case"),
        ),
        Column("first_time", "string", "no earlier valid referral in the look-back", allowed=("Y", "N", "unknown")),
        flag("service_first_time_flag", "the service's own view", nullable=True),
        day("case_opened", "day the case was opened", nullable=True),
        day("case_closed", "day the case was closed", nullable=True),
        flag("engaged", "support accepted", nullable=True, data_class="S"),
        day("engaged_date", "day support was accepted", nullable=True, data_class="S"),
        Column(
            "engaged_28", "string", "support accepted within 28 days", allowed=("Y", "N", "unknown"), data_class="S"
        ),
        day("dash_done_date", "day of the DASH assessment", nullable=True, data_class="-"),
        Column(
            "dash_score",
            "int",
            "DASH score",
            nullable=True,
            data_class="S",
            unit="ticked questions",
            minimum=0,
            maximum=24,
        ),
        flag("dash_5", "DASH score within 5 working days"),
        Column("risk_level", "string", "DASH risk level", nullable=True, allowed=RISK_LEVELS, data_class="S"),
        flag("professional_judgement", "level raised by judgement", nullable=True),
        Column("risk_level_faults", "string", "whether level and score agree", allowed=("", "warn", "error")),
        flag("marac_referred", "referred to MARAC", nullable=True, data_class="S"),
        day("marac_heard_date", "day heard at MARAC", nullable=True, data_class="S"),
        flag("marac_repeat", "repeat at MARAC", nullable=True, data_class="S"),
        flag("household_known", "household composition known"),
        Column(
            "n_children_u18",
            "int",
            "children under 18",
            unit="persons",
            nullable=True,
            minimum=0,
            maximum=12,
            data_class="S",
        ),
        Column(
            "n_unborn", "int", "unborn children", unit="persons", nullable=True, minimum=0, maximum=3, data_class="S"
        ),
        flag("child_safeguarding_referral", "safeguarding referral made", nullable=True, data_class="S"),
        Column(
            "sexual_violence",
            "string",
            "sexual violence disclosed",
            nullable=True,
            allowed=SEXUAL_VIOLENCE,
            data_class="S",
        ),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
)
