"""Contracts of the force's restricted extract of recorded crime: what is delivered, and the clean table (spec 3.3).

What an offence code stands for is no part of the delivery: it comes from the dated code tables of the register.
"""

from expectations.contracts.columns import (
    CODE_PATTERN,
    LSOA_PATTERN,
    LSOA_VINTAGES,
    STRANDS_PATTERN,
    day,
    flag,
    month,
    pseudonym,
)
from expectations.contracts.model import AGE_BANDS, NULL_WORDS, STRANDS, Column, Delivery, Field, Table
from expectations.contracts.partner import CLEAN_RETENTION

_PURPOSE = "count recorded crime by offence code, flag and place, for SP02, SP04, SP08 and SP10"
_BASIS = (
    "Crime and Disorder Act 1998 s.17A and s.115; UK GDPR Art 6(1)(e), Art 9(2)(g) and Art 10"
    " with DPA 2018 s.10(5) and Sch 1"
)

STATUSES = ("recorded", "cancelled", "transferred")
SAC_GROUPS = ("domestic_burglary", "robbery", "theft_of_vehicle", "theft_from_vehicle")
VIOLENCE_GROUPS = ("with_injury", "without_injury", "homicide", "driving")
YES_NO_UNKNOWN = ("Y", "N", "U")

DELIVERY = Delivery(
    source="police_crime",
    meaning="Notifiable offences recorded by the force, each in its newest state.",
    grain="one offence",
    key=("crime_key",),
    period="recorded_at",
    fields=(
        Field("crime_key", "key", "crime reference", data_class="PC", domain="police"),
        Field("recorded_at", "timestamp", "when the crime was recorded", data_class="Q"),
        Field(
            "occurred_from",
            "timestamp",
            "when it happened, or the earliest it can have",
            nullable=True,
            data_class="Q",
            null_words=NULL_WORDS,
        ),
        Field(
            "occurred_to", "timestamp", "the latest it can have", nullable=True, data_class="Q", null_words=NULL_WORDS
        ),
        Field("ho_code", "string", "Home Office offence code", pattern=CODE_PATTERN, data_class="C"),
        Field("status", "enum", "whether it still stands as a crime of the force", allowed=STATUSES),
        Field(
            "status_date", "date", "day the crime was cancelled or transferred", nullable=True, null_words=NULL_WORDS
        ),
        Field("csp_code", "string", "code of the community safety partnership's area", pattern=CODE_PATTERN),
        Field("lsoa_code", "string", "LSOA of the place", nullable=True, pattern=LSOA_PATTERN, data_class="Q"),
        Field("lsoa_vintage", "enum", "census year of the LSOA", nullable=True, allowed=LSOA_VINTAGES, data_class="Q"),
        Field(
            "neighbourhood_code",
            "string",
            "neighbourhood of the place",
            nullable=True,
            pattern=CODE_PATTERN,
            data_class="Q",
        ),
        Field("da_flag", "flag", "domestic abuse; empty when not answered", nullable=True, data_class="S"),
        Field("hate_flag", "flag", "hate crime; empty when not answered", nullable=True, data_class="S"),
        Field("alcohol_flag", "flag", "alcohol played a part; empty when not answered", nullable=True, data_class="S"),
        Field("drug_flag", "flag", "drugs played a part; empty when not answered", nullable=True, data_class="S"),
        Field("hate_strands", "list", "strands of a hate crime", nullable=True, allowed=STRANDS, data_class="S"),
        Field("weapon_flag", "flag", "a weapon was used or shown", nullable=True),
        Field("ente_area_flag", "flag", "inside the polygon of the evening and night-time economy", nullable=True),
        Field("victim_age_band", "enum", "age band of the victim", nullable=True, allowed=AGE_BANDS, data_class="Q"),
        Field(
            "child_in_household",
            "enum",
            "a child lives in the household",
            nullable=True,
            allowed=YES_NO_UNKNOWN,
            data_class="S",
        ),
        Field("repeat_victim_flag", "flag", "victim of another crime within 12 months", nullable=True, data_class="C"),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
    volume="about 18,000 to 20,000 crimes a year",
)

CLEAN = Table(
    name="clean_police_crime",
    meaning="Crimes of the area by the month recorded, each with what its offence code stood for on that day.",
    grain="one offence",
    key=("crime_key",),
    columns=(
        pseudonym("crime_key", "pseudonym of the crime reference", data_class="PC"),
        month("month the crime was recorded, by the date in London"),
        day("recorded_date", "day the crime was recorded, in London"),
        Column("ho_code", "string", "Home Office offence code", pattern=CODE_PATTERN, data_class="C"),
        Column("status", "string", "only recorded crimes are counted", allowed=STATUSES),
        Column("lsoa_code", "string", "LSOA of the place", nullable=True, pattern=LSOA_PATTERN, data_class="Q"),
        Column(
            "lsoa_vintage", "string", "census year of the LSOA", nullable=True, allowed=LSOA_VINTAGES, data_class="Q"
        ),
        Column(
            "neighbourhood_code",
            "string",
            "neighbourhood of the place",
            nullable=True,
            pattern=CODE_PATTERN,
            data_class="Q",
        ),
        flag("da_flag", "domestic abuse; empty when not answered", nullable=True, data_class="S"),
        flag("hate_flag", "hate crime; empty when not answered", nullable=True, data_class="S"),
        flag("alcohol_flag", "alcohol played a part; empty when not answered", nullable=True, data_class="S"),
        flag("drug_flag", "drugs played a part; empty when not answered", nullable=True, data_class="S"),
        Column(
            "hate_strands",
            "string",
            "strands of a hate crime, sorted, separated by semicolons; empty text for none",
            pattern=rf"^$|{STRANDS_PATTERN}",
            data_class="S",
        ),
        flag("weapon_flag", "a weapon was used or shown", nullable=True),
        Column("victim_age_band", "string", "age band of the victim", nullable=True, allowed=AGE_BANDS, data_class="Q"),
        Column(
            "child_in_household",
            "string",
            "a child lives in the household",
            nullable=True,
            allowed=YES_NO_UNKNOWN,
            data_class="S",
        ),
        flag("repeat_victim_flag", "victim of another crime within 12 months", nullable=True, data_class="C"),
        flag("ente_area_flag", "inside the polygon of the evening and night-time economy", nullable=True),
        Column(
            "ente_window",
            "string",
            "whether it began Friday 20:00 to Saturday 05:59 or Saturday 20:00 to Sunday 05:59, local time",
            allowed=("in", "out", "unknown"),
        ),
        Column(
            "sac_group",
            "string",
            "group of serious acquisitive crime on the day recorded; empty text for none",
            allowed=("", *SAC_GROUPS),
            data_class="C",
        ),
        Column(
            "violence_group",
            "string",
            "group of violence against the person on the day recorded; empty text for none",
            allowed=("", *VIOLENCE_GROUPS),
            data_class="C",
        ),
        flag("sexual_offence", "a sexual offence by its code on the day recorded", data_class="C"),
        Column(
            "aggravated_hate",
            "string",
            "racially or religiously aggravated by its code on the day recorded; empty text when not",
            allowed=("", "race_religion"),
            data_class="C",
        ),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
)
