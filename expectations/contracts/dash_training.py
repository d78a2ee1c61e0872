"""Contracts of the register of DASH training: what is delivered, and the clean table (spec 3.5, SP03).

About professionals at work, not about victims; agencies known to the partnership stand in the register's `agency.csv`.
"""

from expectations.contracts.columns import FLAG, SLUG_PATTERN, day, flag, month, pseudonym
from expectations.contracts.model import NULL_WORDS, Column, Delivery, Field, Table
from expectations.contracts.partner import CLEAN_RETENTION

_PURPOSE = "count professionals trained in the DASH checklist and show what the training changed, for SP03"
_BASIS = "UK GDPR Art 6(1)(e); agreement with the training's organiser"

COURSE_TYPES = ("initial", "refresher", "train_the_trainer")
#: What became of a booking, once its event is past.
CODED = ("attended", "partial", "dna", "cancelled")
ATTENDANCE = ("booked", *CODED)


def _scale(name: str, meaning: str, low: int, high: int | None, unit: str = "points") -> Field:
    return Field(name, "int", meaning, unit, nullable=True, minimum=low, maximum=high, null_words=NULL_WORDS)


def _clean_scale(name: str, meaning: str, low: int, high: int | None, unit: str = "points") -> Column:
    return Column(name, "int", meaning, unit, nullable=True, minimum=low, maximum=high)


DELIVERY = Delivery(
    source="dash_training",
    meaning="Bookings and attendances of DASH courses, with the answers of those who attended.",
    grain="one attendee of one event",
    key=("event_key", "attendee_key"),
    period="event_date",
    fields=(
        Field("event_key", "key", "reference of the event", domain="training"),
        Field("event_date", "date", "day of the event"),
        Field("course_type", "enum", "kind of course", allowed=COURSE_TYPES),
        Field(
            "attendee_key",
            "key",
            "pseudonym of the work e-mail or staff number, the same at every course",
            data_class="P",
            domain="training",
        ),
        Field("agency", "string", "agency of the attendee, as a code", pattern=SLUG_PATTERN, data_class="Q"),
        Field(
            "role_group", "string", "group of roles of the attendee, as a code", pattern=SLUG_PATTERN, data_class="Q"
        ),
        Field(
            "attendance",
            "enum",
            "what became of the booking; may be empty before the event only",
            nullable=True,
            allowed=ATTENDANCE,
        ),
        _scale("conf_pre", "confidence before the course", 1, 5),
        _scale("conf_post", "confidence after the course, same question", 1, 5),
        _scale("conf_3m", "confidence about three months later, same question", 1, 5),
        Field("conf_3m_date", "date", "day of the later answer", nullable=True, null_words=NULL_WORDS),
        _scale("knowledge_pre", "knowledge before the course", 0, 10),
        _scale("knowledge_post", "knowledge after the course", 0, 10),
        _scale(
            "dash_completed_3m", "DASH checklists completed since, by the attendee's own account", 0, None, "checklists"
        ),
        _scale("referrals_made_3m", "referrals made since, by the attendee's own account", 0, None, "referrals"),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
    volume="about 400 people a year at 20 to 30 events",
)

CLEAN = Table(
    name="clean_dash_training",
    meaning="Bookings and attendances of DASH courses.",
    grain="one attendee of one event",
    key=("event_key", "attendee_key"),
    columns=(
        pseudonym("event_key", "pseudonym of the event", data_class="-"),
        pseudonym("attendee_key", "pseudonym of the attendee"),
        day("event_date", "day of the event", data_class="-"),
        month("month of the event"),
        Column("course_type", "string", "kind of course", allowed=COURSE_TYPES),
        Column("agency", "string", "agency of the attendee", pattern=SLUG_PATTERN, data_class="Q"),
        Column("agency_known", "string", "whether the register lists the agency", allowed=FLAG),
        Column("role_group", "string", "group of roles of the attendee", pattern=SLUG_PATTERN, data_class="Q"),
        Column("attendance", "string", "what became of the booking", allowed=CODED),
        _clean_scale("conf_pre", "confidence before the course", 1, 5),
        _clean_scale("conf_post", "confidence after the course", 1, 5),
        _clean_scale("conf_3m", "confidence about three months later", 1, 5),
        flag("conf_3m_in_window", "the later answer came 60 to 120 days after the event"),
        _clean_scale("knowledge_pre", "knowledge before the course", 0, 10),
        _clean_scale("knowledge_post", "knowledge after the course", 0, 10),
        _clean_scale("dash_completed_3m", "DASH checklists completed since", 0, None, "checklists"),
        _clean_scale("referrals_made_3m", "referrals made since", 0, None, "referrals"),
    ),
    purpose=_PURPOSE,
    lawful_basis=_BASIS,
    retention=CLEAN_RETENTION,
)
