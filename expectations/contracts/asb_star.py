"""Contracts of the Star readings of the ASB Victim Champion: what is delivered, and the clean table (spec 3.6, SP06).

Numbers only: the Star and its wording belong to Triangle Consulting, so no text of a scale is ever held.
"""

from expectations.contracts.columns import day, flag, month, pseudonym
from expectations.contracts.model import NULL_WORDS, Column, Delivery, Field, Table
from expectations.contracts.partner import CLEAN_RETENTION

_PURPOSE = "compare quality of life at entry and at exit, for SP06"
_BASIS = "UK GDPR Art 6(1)(e), Art 9(2)(g) with DPA 2018 Sch 1; contract and sharing agreement with the service"

READING_TYPES = ("entry", "review", "exit")
STAR_TOOLS = ("empowerment_star", "independence_star", "homelessness_star", "other")
#: The eight domains of the Board's paper, "some or all" of which a tool has.
DOMAINS = (
    "health_wellbeing",
    "safety",
    "support_networks",
    "housing",
    "finances",
    "legal_issues",
    "children",
    "confidence_self_esteem",
)
#: A ninth domain of one tool, which the Board's paper does not name: read and left out.
DOMAIN_OUT_OF_SCOPE = "work_learning"
SCORERS = ("joint", "worker", "client")
EDITION_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9 .-]{0,19}$"

DELIVERY = Delivery(
    source="asb_star",
    meaning="Outcomes Star readings of clients of the ASB Victim Champion.",
    grain="one domain of one reading by one scorer",
    key=("case_key", "reading_date", "reading_type", "domain", "scorer"),
    period="reading_date",
    fields=(
        Field("case_key", "key", "reference of the case", data_class="P", domain="asb"),
        Field("reading_date", "date", "day of the reading", data_class="S"),
        Field("reading_type", "enum", "at entry, in between or at exit", allowed=READING_TYPES, data_class="S"),
        Field("star_tool", "enum", "which Star", allowed=STAR_TOOLS, data_class="S"),
        Field("edition", "string", "which edition of it", nullable=True, pattern=EDITION_PATTERN, data_class="S"),
        Field(
            "scale_max", "int", "highest point of the scale, 5 or 10", "points", minimum=5, maximum=10, data_class="S"
        ),
        Field(
            "domain", "enum", "domain of life that is scored", allowed=(*DOMAINS, DOMAIN_OUT_OF_SCOPE), data_class="S"
        ),
        Field(
            "score",
            "int",
            "score from 1 to scale_max; empty when not scored, never 0",
            "points",
            nullable=True,
            minimum=1,
            maximum=10,
            data_class="S",
            null_words=NULL_WORDS,
        ),
        Field("not_applicable", "flag", "the domain does not apply to the client", nullable=True, data_class="S"),
        Field("scorer", "enum", "who scored", allowed=SCORERS, data_class="S"),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
    volume="about 50 to 100 cases closed a year, eight domains at each reading",
)

CLEAN = Table(
    name="clean_asb_star",
    meaning="Star readings in the domains that the Board's paper names.",
    grain="one domain of one reading by one scorer",
    key=DELIVERY.key,
    columns=(
        pseudonym("case_key", "pseudonym of the case"),
        day("reading_date", "day of the reading", data_class="S"),
        month("month of the reading"),
        Column("reading_type", "string", "at entry, in between or at exit", allowed=READING_TYPES, data_class="S"),
        Column("star_tool", "string", "which Star", allowed=STAR_TOOLS, data_class="S"),
        Column("edition", "string", "which edition of it", nullable=True, pattern=EDITION_PATTERN, data_class="S"),
        Column(
            "scale_max", "int", "highest point of the scale, 5 or 10", "points", minimum=5, maximum=10, data_class="S"
        ),
        Column("domain", "string", "domain of life that is scored", allowed=DOMAINS, data_class="S"),
        Column(
            "score",
            "int",
            "score from 1 to scale_max; empty when not scored",
            "points",
            nullable=True,
            minimum=1,
            maximum=10,
            data_class="S",
        ),
        flag("not_applicable", "the domain does not apply to the client", nullable=True, data_class="S"),
        Column("scorer", "string", "who scored", allowed=SCORERS, data_class="S"),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
)
