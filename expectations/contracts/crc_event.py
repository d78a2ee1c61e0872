"""Contracts of what happens to the CRC's licences: what is delivered, and the clean table (spec 3.7, SP09).

What an event does to a licence (`effect`) is the register's to say (`licence_event.csv`): the list of failing events
awaits the position statement.
"""

from expectations.contracts.columns import day, month, pseudonym
from expectations.contracts.model import Column, Delivery, Field, Table
from expectations.contracts.partner import CLEAN_RETENTION

_PURPOSE = "tell which licences were kept and which failed, for SP09"
_BASIS = "UK GDPR Art 6(1)(e) and Art 10 with DPA 2018 s.10(5) and Sch 1; DPA 2018 Part 3 for the probation services"

EVENT_TYPES = (
    "recall_fixed_term",
    "recall_standard",
    "pss_breach_proven",
    "pss_committal",
    "revoked_breach",
    "revoked_reoffence",
    "revoked_good_progress",
    "revoked_ill_health",
    "death",
    "deportation",
    "transfer_area",
    "transfer_nps",
)
#: What an event can do to the licence it happens to.
EFFECTS = ("failing", "not_failing", "excluding", "none")
DECIDERS = ("court", "executive")

DELIVERY = Delivery(
    source="crc_event",
    meaning="Recalls, breaches, revocations and other ends of licences.",
    grain="one event of one licence",
    key=("licence_key", "event_date", "event_type"),
    period="event_date",
    fields=(
        Field("licence_key", "key", "reference of the licence", data_class="PC", domain="crc"),
        Field("event_date", "date", "day of the event", data_class="C"),
        Field("event_type", "enum", "what happened", allowed=EVENT_TYPES, data_class="C"),
        Field("court_or_executive", "enum", "who decided", nullable=True, allowed=DECIDERS, data_class="C"),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
    volume="about one event for every three licences",
)

CLEAN = Table(
    name="clean_crc_event",
    meaning="Events of licences, each with what it does to the licence.",
    grain="one event of one licence",
    key=DELIVERY.key,
    columns=(
        pseudonym("licence_key", "pseudonym of the licence", data_class="PC"),
        day("event_date", "day of the event", data_class="C"),
        month("month of the event"),
        Column("event_type", "string", "what happened", allowed=EVENT_TYPES, data_class="C"),
        Column("court_or_executive", "string", "who decided", nullable=True, allowed=DECIDERS, data_class="C"),
        Column("effect", "string", "what the event does to the licence", allowed=EFFECTS, data_class="C"),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
)
