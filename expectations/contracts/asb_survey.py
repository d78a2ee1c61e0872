"""Contracts of the exit survey of the ASB Victim Champion: what is delivered, and the clean table (spec 3.6, SP07).

Answers are anonymous: they can be joined to no case and no Star reading, and have a key domain to themselves.
"""

from expectations.contracts.columns import month, pseudonym
from expectations.contracts.model import NULL_WORDS, QUARTER_PATTERN, Column, Delivery, Field, Table
from expectations.contracts.partner import CLEAN_RETENTION

_PURPOSE = "show how satisfied service users are at exit, for SP07"
_BASIS = "UK GDPR Art 6(1)(e); contract with the service; answers are anonymous"

#: 5 is very satisfied, 4 fairly satisfied, 1 very dissatisfied.
OVERALL = ("1", "2", "3", "4", "5", "dont_know", "prefer_not")
CHANNELS = ("paper", "phone", "online", "face_to_face")
_OVERALL = "satisfaction overall: 5 very satisfied, 4 fairly satisfied, 1 very dissatisfied; empty when not answered"

DELIVERY = Delivery(
    source="asb_survey",
    meaning="Answers of people who left the service.",
    grain="one response",
    key=("response_key",),
    period="exit_quarter",
    fields=(
        Field("response_key", "key", "number of the response, linked to nothing else", domain="asb_survey"),
        Field("exit_quarter", "quarter", "quarter in which the person left the service"),
        Field("overall", "enum", _OVERALL, nullable=True, allowed=OVERALL),
        Field(
            "felt_safer",
            "int",
            "feels safer, 5 most",
            "points",
            nullable=True,
            minimum=1,
            maximum=5,
            null_words=NULL_WORDS,
        ),
        Field(
            "would_recommend",
            "int",
            "would recommend the service, 5 most",
            "points",
            nullable=True,
            minimum=1,
            maximum=5,
            null_words=NULL_WORDS,
        ),
        Field("channel", "enum", "how the answer was given", nullable=True, allowed=CHANNELS),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
    volume="about 40 to 70 responses a year",
)

CLEAN = Table(
    name="clean_asb_survey",
    meaning="Responses to the exit survey.",
    grain="one response",
    key=("response_key",),
    columns=(
        pseudonym("response_key", "pseudonym of the response", data_class="-"),
        Column("quarter", "string", "quarter in which the person left the service", pattern=QUARTER_PATTERN),
        month("last month of the quarter"),
        Column("overall", "string", _OVERALL, nullable=True, allowed=OVERALL),
        Column("felt_safer", "int", "feels safer, 5 most", "points", nullable=True, minimum=1, maximum=5),
        Column(
            "would_recommend",
            "int",
            "would recommend the service, 5 most",
            "points",
            nullable=True,
            minimum=1,
            maximum=5,
        ),
        Column("channel", "string", "how the answer was given", nullable=True, allowed=CHANNELS),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
)
