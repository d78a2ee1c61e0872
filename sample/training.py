"""The register of DASH training (spec 3.5, SP03): courses, who booked, who came, and what they said.

Here: rows of `dash_training`. Agencies are named as in the register's list of agencies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from sample.draws import choose, even, every, happens, later, spread
from sample.street import Row
from sample.world import World, first_day, last_day, random_for

HEADER = (
    "event_key", "event_date", "course_type", "attendee_key", "agency", "role_group", "attendance", "conf_pre", "conf_post",
    "conf_3m", "conf_3m_date", "knowledge_pre", "knowledge_post", "dash_completed_3m", "referrals_made_3m",
)  # fmt: skip
DATES = ("event_date", "conf_3m_date")
NUMBERS = (
    "conf_pre", "conf_post", "conf_3m", "knowledge_pre", "knowledge_post", "dash_completed_3m", "referrals_made_3m",
)  # fmt: skip

#: Events and bookings of a year at scale 1, and the fewest of an event at any scale.
_EVENTS, _FEWEST_EVENTS, _BOOKINGS, _SMALLEST = 28.0, 10.0, 640.0, 5
_AGENCIES = {
    "police": 0.3, "council_children_social_care": 0.16, "council_housing": 0.07, "housing_association": 0.06,
    "health_gp": 0.08, "health_midwifery": 0.06, "health_acute": 0.05, "council_adult_social_care": 0.07, "probation": 0.05,
    "voluntary": 0.06, "education": 0.04,
}  # fmt: skip
_ROLES = {"frontline": 0.62, "supervisor": 0.16, "specialist": 0.13, "support": 0.09}
_ATTENDANCE = {"attended": 0.77, "partial": 0.03, "dna": 0.14, "cancelled": 0.06}
_FORMS = {"both": 0.78, "pre": 0.12, "post": 0.04, "none": 0.06}
_ANSWERED_3M = 0.44
_TOO_LATE = 0.04  # of the answers after three months: outside 60 to 120 days
_REBOOKED = 0.06


@dataclass
class _Person:
    key: str
    agency: str
    role: str
    trained: date | None = None
    missed: bool = False


@lru_cache(maxsize=2)
def dash_training(world: World, months: range) -> list[Row]:
    """Bookings of the months' courses in the columns of `HEADER`, by day and course."""
    rng = random_for(world.seed, 22)
    events = _events(world, months, rng)
    size = max(_SMALLEST, round(_BOOKINGS * world.scale / max(_EVENTS * world.scale, _FEWEST_EVENTS)))
    register = _Register(len(events) * (size + 2), last_day(months[-1]), rng)
    rows: list[Row] = []
    for number, (day, refresher) in enumerate(zip(events, every(len(events), 0.18, 0.2), strict=True), start=1):
        booked = size + int(rng.integers(-1, 3)) if size > _SMALLEST else size
        course = "refresher" if refresher else "train_the_trainer" if number % 25 == 0 else "initial"
        rows += register.event(f"DASH/{day.year}/{number:04d}", day, course, booked)
    return rows


def _events(world: World, months: range, rng: np.random.Generator) -> list[date]:
    """Day of each course, on weekdays."""
    monthly = max(_EVENTS * world.scale, _FEWEST_EVENTS) / 12
    days = []
    for number, count in zip(months, spread([monthly] * len(months)), strict=True):
        weekdays = [day for n in range(last_day(number).day) if (day := later(first_day(number), n)).weekday() < 5]
        days += [weekdays[n] for n in rng.integers(0, len(weekdays), count).tolist()]
    return sorted(days)


class _Register:
    """Books people on courses, and remembers who was trained and who did not come."""

    def __init__(self, most: int, end: date, rng: np.random.Generator) -> None:
        self._rng, self._end, self._booked = rng, end, 0
        self._people: list[_Person] = []
        self._agency, self._role = choose(rng, most, _AGENCIES), choose(rng, most, _ROLES)
        self._attendance, self._forms = choose(rng, most, _ATTENDANCE), choose(rng, most, _FORMS)
        self._better, self._answered = even(rng, most), happens(rng, most, _ANSWERED_3M)
        self._too_late = happens(rng, most, _TOO_LATE)

    def event(self, key: str, day: date, course: str, booked: int) -> list[Row]:
        """Rows of one course; a refresher for which nobody is trained yet is held as an initial course."""
        trained = [p for p in self._people if p.trained and (day - p.trained).days > 150]
        if course != "initial" and len(trained) < booked:
            course = "initial"
        if course == "initial":
            missed = [p for p in self._people if p.missed][: round(_REBOOKED * booked)]
            people = missed + [self._new() for _ in range(booked - len(missed))]
        else:
            people = [trained[n] for n in sorted(self._rng.choice(len(trained), booked, replace=False).tolist())]
        return [(key, day.isoformat(), course, p.key, p.agency, p.role, *self._came(day, course, p)) for p in people]

    def _new(self) -> _Person:
        n = len(self._people)
        self._people.append(_Person(f"DTR{n + 1:06d}", self._agency[n], self._role[n]))
        return self._people[-1]

    def _came(self, day: date, course: str, person: _Person) -> Row:
        """Attendance and what the forms say, from `attendance` on."""
        n, draw = self._booked, self._rng.integers
        self._booked += 1
        attendance, forms = self._attendance[n], self._forms[n]
        asked = later(day, draw(65, 116) + 60 * self._too_late[n])
        before, gained = int(draw(1, 4)), (0 if self._better[n] < 0.2 else 2 if self._better[n] > 0.75 else 1)
        after = min(5, before + gained)
        knew = int(draw(2, 7))
        person.missed = attendance == "dna" and course == "initial"
        if attendance == "attended" and course == "initial":
            person.trained = day
        # Who left early filled in the form at the start and no other.
        pre = forms in ("both", "pre") and attendance in ("attended", "partial")
        post = forms in ("both", "post") and attendance == "attended"
        again = attendance == "attended" and bool(self._answered[n]) and asked <= self._end
        checklists = int(draw(0, 6))
        return (
            attendance,
            str(before) if pre else "",
            str(after) if post else "",
            str(max(1, after - int(draw(0, 2)))) if again else "",
            asked.isoformat() if again else "",
            str(knew) if pre else "",
            str(knew + int(draw(0, 4))) if post else "",
            str(checklists) if again else "",
            str(min(checklists, int(draw(0, 4)))) if again else "",
        )
