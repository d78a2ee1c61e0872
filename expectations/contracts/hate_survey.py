"""Contracts of the survey of people who reported hate: what is delivered, and the clean table (spec 3.8, SP11).

Answers are linked to no report, and have a key domain to themselves. The two scales are never pooled.
"""

from expectations.contracts.columns import month, pseudonym
from expectations.contracts.model import QUARTER_PATTERN, Column, Delivery, Field, Table
from expectations.contracts.partner import CLEAN_RETENTION

_PURPOSE = "show how satisfied those are who reported hate, for SP11"
_BASIS = "UK GDPR Art 6(1)(e), Art 9(2)(g) with DPA 2018 Sch 1"

#: Answers of each scale, most satisfied first; "don't know" is no answer.
SCALES = {
    "police7": ("completely", "very", "fairly", "neither", "fairly_dis", "very_dis", "completely_dis", "dont_know"),
    "council5": ("very", "fairly", "neither", "fairly_dis", "very_dis", "dont_know"),
}
OVERALL = SCALES["police7"]
STRAND_GROUPS = ("race", "other")
_OVERALL = "satisfaction with the whole experience, on the scale of scale_id"

DELIVERY = Delivery(
    source="hate_survey",
    meaning="Answers of people who reported hate.",
    grain="one response",
    key=("response_key",),
    period="survey_quarter",
    fields=(
        Field("response_key", "key", "number of the response, linked to nothing else", domain="hate_survey"),
        Field("survey_quarter", "quarter", "quarter of the survey"),
        Field(
            "scale_id",
            "enum",
            "scale of the answers: the police's seven points or the council's five",
            allowed=tuple(SCALES),
        ),
        Field("overall", "enum", _OVERALL, allowed=OVERALL),
        Field(
            "strand_group",
            "enum",
            "strand of the report, in two groups",
            nullable=True,
            allowed=STRAND_GROUPS,
            data_class="S",
        ),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
    volume="about 30 to 120 responses a year",
)

CLEAN = Table(
    name="clean_hate_survey",
    meaning="Responses to the survey of those who reported hate.",
    grain="one response",
    key=("response_key",),
    columns=(
        pseudonym("response_key", "pseudonym of the response", data_class="-"),
        Column("quarter", "string", "quarter of the survey", pattern=QUARTER_PATTERN),
        month("last month of the quarter"),
        Column("scale_id", "string", "scale of the answers", allowed=tuple(SCALES)),
        Column("overall", "string", _OVERALL, allowed=OVERALL),
        Column("strand_group", "string", "strand of the report", nullable=True, allowed=STRAND_GROUPS, data_class="S"),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
)
