"""The probation company (CRC): licences, what happened on them, proven reoffences (spec 3.7, SP09).

Here: rows of `crc_licence`, `crc_event` and `crc_reoffence`. Licences exist for offences from 1 February 2015 only, so the
history starts there whatever month is asked for; the areas are those of the invented force and one beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sample.draws import choose, even, every, happens, later, spread, text_until
from sample.street import Row
from sample.world import CITY, DISTRICTS, World, first_day, last_day, month_number, random_for

LICENCE_HEADER = (
    "licence_key", "offender_key", "local_area", "offence_date_earliest", "sentence_date", "sentence_days",
    "age_at_halfway", "release_date", "licence_start", "licence_end", "pss_end", "provider", "sender_eligible_flag",
)  # fmt: skip
EVENT_HEADER = ("licence_key", "event_date", "event_type", "court_or_executive")
REOFFENCE_HEADER = ("offender_key", "index_date", "offence_date", "outcome_date", "outcome", "breach_only")

#: From this day on offences lead to a licence, and so does the first month of the history.
COMMENCED = date(2015, 2, 1)
FIRST_MONTH = month_number("2015-02")

#: Licences of each of the first months at scale 1, then of every month; fewest of a month at any scale.
_RAMP, _STEADY, _FEWEST = (10, 25, 42, 56, 66, 82, 97, 110, 122, 132, 140, 145), 150.0, 4.0
_AREAS = dict(
    zip(
        (CITY.lower(), *(name.lower() for name, _ in DISTRICTS), "farnbeck"), (0.15, 0.27, 0.25, 0.23, 0.1), strict=True
    )
)
#: Not eligible, at equal distances, in turn for these reasons; sender's flags that are wrong, and left blank.
_NOT_ELIGIBLE = 0.05
_REASONS = ("nps", "one day", "a year", "under 18", "nps", "offence before")
_FLAG_WRONG, _FLAG_BLANK = 0.004, 0.01
_SECOND_LICENCE = 0.06
_LONGEST_HALF = 182
_LEAP_YEAR_DAYS = 366
#: What happens on a licence; what happens during post-sentence supervision comes after its end.
_EVENTS = {
    "": 0.755, "recall_fixed_term": 0.115, "recall_standard": 0.055, "revoked_breach": 0.012, "revoked_reoffence": 0.012,
    "revoked_good_progress": 0.008, "revoked_ill_health": 0.003, "death": 0.004, "deportation": 0.003,
    "transfer_area": 0.009, "transfer_nps": 0.006, "pss_breach_proven": 0.018,
}  # fmt: skip
_DECIDED_BY = {
    **dict.fromkeys(("recall_fixed_term", "recall_standard"), "executive"),
    **dict.fromkeys(("revoked_breach", "revoked_reoffence", "revoked_good_progress", "revoked_ill_health"), "court"),
    "pss_breach_proven": "court",
}
_SECOND_RECALL = 0.15
_REOFFENDERS = 0.42
_OFFENCES = {"1": 0.5, "2": 0.25, "3": 0.15, "4": 0.1}
_CAUTION, _BREACH_ONLY = 0.12, 0.1


class _Terms(NamedTuple):
    """Sentence and licence, and whether they make it one of the cohort."""

    offended: date
    sentenced: date
    days: int
    age: int
    end: date
    provider: str
    eligible: bool


@dataclass(frozen=True)
class _Licence:
    key: str
    offender: str
    area: str
    start: date
    terms: _Terms

    def row(self, flag: str) -> Row:
        """The licence in the columns of `LICENCE_HEADER`; its end may lie after the end of the data, as planned."""
        supervised = self.start + timedelta(days=365)
        return (
            self.key, self.offender, self.area, self.terms.offended.isoformat(), self.terms.sentenced.isoformat(),
            str(self.terms.days), str(self.terms.age), self.start.isoformat(), self.start.isoformat(),
            self.terms.end.isoformat(), supervised.isoformat(), self.terms.provider, flag,
        )  # fmt: skip


@lru_cache(maxsize=2)
def _licences(world: World, months: range) -> list[_Licence]:
    rng = random_for(world.seed, 26)
    history = range(FIRST_MONTH, months[-1] + 1)
    monthly = [
        max(min(_FEWEST, typical), typical * world.scale)
        for typical in (_RAMP[n] if n < len(_RAMP) else _STEADY for n in range(len(history)))
    ]
    starts = []
    for number, count in zip(history, spread(monthly), strict=True):
        # Nobody could be sentenced and released in the first days.
        earliest = 9 if number == FIRST_MONTH else 0
        days = sorted(rng.integers(earliest, last_day(number).day, count).tolist())
        starts += [later(first_day(number), day) for day in days]
    count = len(starts)
    reasons = iter(_REASONS * (1 + count // len(_REASONS)))
    columns = zip(
        starts,
        even(rng, count).tolist(),
        choose(rng, count, _AREAS),
        rng.integers(18, 60, count).tolist(),
        [next(reasons) if odd else "" for odd in every(count, _NOT_ELIGIBLE, 0.4)],
        happens(rng, count, _SECOND_LICENCE).tolist(),
        strict=True,
    )
    licences: list[_Licence] = []
    for n, (start, draw, area, age, reason, second) in enumerate(columns, start=1):
        terms = _terms(start, draw, age, reason, rng)
        earlier = _before(licences, terms.sentenced, rng) if second else None
        offender, place = (earlier.offender, earlier.area) if earlier else (f"OFF{n:07d}", area)
        licences.append(_Licence(f"LIC{n:07d}", offender, place, start, terms))
    return licences


def _terms(start: date, draw: float, age: int, reason: str, rng: np.random.Generator) -> _Terms:
    """Sentence and licence, for a release on that day.

    Half of the sentence is served and half is licence. A reason for which it is too early becomes the first of the list.
    """
    possible = (start - COMMENCED).days - 2
    half = min(possible, _LONGEST_HALF - 1, 4 + round((_LONGEST_HALF - 5) * draw**1.7))
    days = 2 * half + int(rng.integers(0, 2))
    if reason == "a year" and possible < _LEAP_YEAR_DAYS // 2 + 2:
        reason = "nps"
    if reason == "one day":
        half, days = 0, 1
    elif reason == "a year":
        half, days = _LEAP_YEAR_DAYS // 2, _LEAP_YEAR_DAYS
    sentenced = start - timedelta(days=days - half)
    before = timedelta(days=int(rng.integers(1, 90)))
    return _Terms(
        COMMENCED - before if reason == "offence before" else max(COMMENCED, sentenced - before),
        sentenced,
        days,
        17 if reason == "under 18" else age,
        start + timedelta(days=half),
        "nps" if reason == "nps" else "crc",
        not reason,
    )


def _before(licences: list[_Licence], sentenced: date, rng: np.random.Generator) -> _Licence | None:
    """A licence that ended before that sentence, of someone who has not had another since."""
    last = {licence.offender: licence for licence in licences}
    ended = [licence for licence in last.values() if licence.terms.end < sentenced]
    return ended[int(rng.integers(0, len(ended)))] if ended else None


def crc_licence(world: World, months: range) -> list[Row]:
    """Licences from February 2015 on, of the whole probation area, in the columns of `LICENCE_HEADER`, by start."""
    licences = _licences(world, months)
    rng = random_for(world.seed, 27)
    wrong, blank = every(len(licences), _FLAG_WRONG, 0), happens(rng, len(licences), _FLAG_BLANK)
    flags = [
        "" if b else "Y" if one.terms.eligible is not bool(w) else "N"
        for one, w, b in zip(licences, wrong, blank, strict=True)
    ]
    return [licence.row(flag) for licence, flag in zip(licences, flags, strict=True)]


def crc_event(world: World, months: range) -> list[Row]:
    """What happened on the licences up to the end of the data, in the columns of `EVENT_HEADER`, by day."""
    licences = _licences(world, months)
    rng = random_for(world.seed, 28)
    end = last_day(months[-1])
    kinds, again = choose(rng, len(licences), _EVENTS), happens(rng, len(licences), _SECOND_RECALL)
    rows = []
    for n, (licence, kind) in enumerate(zip(licences, kinds, strict=True)):
        length = (licence.terms.end - licence.start).days
        if not kind or length < 3:
            continue
        after = (
            length + int(rng.integers(5, 120))
            if kind.startswith("pss")
            else 1 + int((length - 1) * rng.random() ** 1.5)
        )
        days = [after]
        if kind == "recall_fixed_term" and again[n] and after + 30 < length:
            days.append(after + int(rng.integers(29, length - after)))
        for day in (_not_at_quarter_end(later(licence.start, after)) for after in days):
            if text_until(day, end):
                rows.append((licence.key, day.isoformat(), kind, _DECIDED_BY.get(kind, "")))
    return sorted(rows, key=lambda row: (row[1], row[0]))


def _not_at_quarter_end(day: date) -> date:
    """The day before for the last of a quarter, so that a handful of events never looks heaped on it."""
    return day - timedelta(days=1) if day.month % 3 == 0 and (day + timedelta(days=1)).day == 1 else day


def crc_reoffence(world: World, months: range) -> list[Row]:
    """Reoffences with an outcome by the end of the data, in the columns of `REOFFENCE_HEADER`, by day of outcome.

    The index date is the start of the offender's first licence.
    """
    rng = random_for(world.seed, 29)
    first = {licence.offender: licence for licence in reversed(_licences(world, months)) if licence.terms.eligible}
    offenders = sorted(first)
    does = happens(rng, len(offenders), _REOFFENDERS).tolist()
    times = [int(n) for n in choose(rng, len(offenders), _OFFENCES)]
    found = []
    for offender, reoffends, count in zip(offenders, does, times, strict=True):
        index = first[offender].start
        for _ in range(count if reoffends else 0):
            offended = later(index, 2 + int(360 * rng.random() ** 1.2))
            found.append((offender, index, offended, later(offended, rng.integers(7, 140))))
    known = [one for one in sorted(set(found), key=lambda one: one[::-1]) if one[3] <= last_day(months[-1])]
    outcomes = choose(rng, len(known), {"convicted": 1 - _CAUTION, "caution": _CAUTION})
    breach = choose(rng, len(known), {"N": 1 - _BREACH_ONLY, "Y": _BREACH_ONLY})
    return [
        (one[0], *(day.isoformat() for day in one[1:]), outcome, only)
        for one, outcome, only in zip(known, outcomes, breach, strict=True)
    ]
