"""Contracts of the CRC's licences: what is delivered, and the clean table (spec 3.7, SP09).

The whole area of the CRC, because the penalty of the contract can be judged on that alone; `in_city` tells the city's.
The exact age is read to settle eligibility and kept as a band (spec section 6, 7).
"""

from expectations.contracts.columns import SLUG_PATTERN, day, flag, month, pseudonym
from expectations.contracts.model import AGE_BANDS, NULL_WORDS, Column, Delivery, Field, Table
from expectations.contracts.partner import CLEAN_RETENTION

_PURPOSE = "follow licences of short sentences to their end, for SP09"
_BASIS = "UK GDPR Art 6(1)(e) and Art 10 with DPA 2018 s.10(5) and Sch 1; DPA 2018 Part 3 for the probation services"

PROVIDERS = ("crc", "nps")

DELIVERY = Delivery(
    source="crc_licence",
    meaning="Licences of people released from short sentences, in the whole area of the CRC.",
    grain="one licence",
    key=("licence_key",),
    period="licence_start",
    fields=(
        Field("licence_key", "key", "reference of the licence", data_class="PC", domain="crc"),
        Field(
            "offender_key",
            "key",
            "reference of the offender, the same for every licence",
            data_class="PC",
            domain="crc",
        ),
        Field(
            "local_area", "string", "local area that supervises, such as plymouth", pattern=SLUG_PATTERN, data_class="Q"
        ),
        Field("offence_date_earliest", "date", "day of the earliest offence of the sentence", data_class="C"),
        Field("sentence_date", "date", "day of the sentence", data_class="C"),
        Field(
            "sentence_days",
            "int",
            "length of the sentence, consecutive terms together",
            "days",
            minimum=1,
            data_class="C",
        ),
        Field("age_at_halfway", "int", "age at the half-way point", "years", minimum=10, maximum=120, data_class="Q"),
        Field("release_date", "date", "day of release", data_class="C"),
        Field("licence_start", "date", "first day of the licence", data_class="C"),
        Field(
            "licence_end",
            "date",
            "last day of the licence; empty while it is open",
            nullable=True,
            data_class="C",
            null_words=NULL_WORDS,
        ),
        Field(
            "pss_end",
            "date",
            "last day of post-sentence supervision",
            nullable=True,
            data_class="C",
            null_words=NULL_WORDS,
        ),
        Field("provider", "enum", "who supervises", allowed=PROVIDERS),
        Field("sender_eligible_flag", "flag", "of the cohort in the sender's view", nullable=True),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
    volume="about 300 to 600 eligible licences a quarter once established, 40 to 90 of the city",
)

CLEAN = Table(
    name="clean_crc_licence",
    meaning="Licences of the whole area of the CRC, each told eligible or not from its dates.",
    grain="one licence",
    key=("licence_key",),
    columns=(
        pseudonym("licence_key", "pseudonym of the licence", data_class="PC"),
        pseudonym("offender_key", "pseudonym of the offender", data_class="PC"),
        Column("local_area", "string", "local area that supervises", pattern=SLUG_PATTERN, data_class="Q"),
        flag("in_city", "supervised in the partnership's own area"),
        month("month the licence started"),
        day("licence_start", "first day of the licence", data_class="C"),
        day("licence_end", "last day of the licence; empty while it is open", nullable=True, data_class="C"),
        Column(
            "length_days",
            "int",
            "days from licence_start to licence_end",
            "days",
            nullable=True,
            data_class="C",
        ),
        Column("sentence_days", "int", "length of the sentence", "days", minimum=1, data_class="C"),
        Column("age_band", "string", "age band at the half-way point", allowed=AGE_BANDS, data_class="Q"),
        Column("provider", "string", "who supervises", allowed=PROVIDERS),
        flag("eligible", "of the cohort: adult, offence since 1 February 2015, 2 days or more and under 12 months"),
        flag("sender_eligible_flag", "of the cohort in the sender's view", nullable=True),
        day("pss_end", "last day of post-sentence supervision", nullable=True, data_class="C"),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
)
