"""The ASB Victim Champion service (spec 3.6; SP05, SP06, SP07): cases, Star readings, exit survey.

Here: rows of `asb_case`, `asb_star` and `asb_survey`; the readings are those of the cases, the answers as many as exits allow.
Star scores are numbers only; no scale text is reproduced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from sample.draws import choose, every, happens, later, season, spread, text_until
from sample.street import Row
from sample.world import World, first_day, last_day, quarter_text, random_for

CASE_HEADER = (
    "case_key", "person_key", "referral_date", "referral_source", "assessed_date", "vulnerability_score", "vulnerable",
    "outcome", "consent_date", "first_contact_date", "support_plan_date", "engaged_service_flag", "exit_date", "exit_reason",
    "neighbourhood_code", "age_band",
)  # fmt: skip
CASE_DATES = (
    "referral_date", "assessed_date", "consent_date", "first_contact_date", "support_plan_date", "exit_date",
)  # fmt: skip
CASE_NUMBERS = ("vulnerability_score",)
STAR_HEADER = (
    "case_key", "reading_date", "reading_type", "star_tool", "edition", "scale_max", "domain", "score", "not_applicable",
    "scorer",
)  # fmt: skip
SURVEY_HEADER = ("response_key", "exit_quarter", "overall", "felt_safer", "would_recommend", "channel")
#: Areas of life that a reading scores; the last is in no measure.
DOMAINS = (
    "health_wellbeing", "safety", "support_networks", "housing", "finances", "legal_issues", "children",
    "confidence_self_esteem", "work_learning",
)  # fmt: skip

#: Cases of a month at scale 1; fewest at any scale.
_MONTHLY, _FEWEST = 10.6, 3.0
_SECOND_CASE = 0.08
_OUTCOMES = {"appropriate": 0.76, "not_appropriate": 0.13, "declined": 0.05, "out_of_area": 0.04, "pending": 0.02}
_SOURCES = {"police": 0.42, "housing": 0.27, "council": 0.18, "self": 0.1, "other": 0.03}
#: What becomes of an appropriate case: `late` is a contact more than 28 days after consent.
_PATHS = {"engaged": 0.71, "late": 0.05, "no plan": 0.04, "no contact": 0.03, "no consent": 0.17}
_EXITS = {"planned": 0.76, "disengaged": 0.11, "moved": 0.07, "other": 0.05, "died": 0.01}
_BANDS = {
    "11-15": 0.02, "16-17": 0.03, "18-24": 0.12, "25-34": 0.17, "35-44": 0.18, "45-54": 0.17, "55-64": 0.13, "65-74": 0.1,
    "75+": 0.08,
}  # fmt: skip
#: Of closed cases one in five has no matched pair, at equal distances: mostly no exit reading, else another tool, or no entry.
_UNMATCHED = 0.2
_HOW_UNMATCHED = ("no exit", "no exit", "other tool", "no exit", "no entry")
_CHANGES = {"improved": 0.66, "same": 0.12, "declined": 0.22}
_ALWAYS_SCORED = ("safety", "confidence_self_esteem")
_RESPONSES = 0.72
_OVERALL = {
    "5": 0.46, "4": 0.33, "3": 0.08, "2": 0.05, "1": 0.03, "dont_know": 0.03, "prefer_not": 0.01, "": 0.01,
}  # fmt: skip
_AGREEMENT = {"5": 0.38, "4": 0.37, "3": 0.13, "2": 0.06, "1": 0.03, "": 0.03}


@dataclass(frozen=True)
class _Case:
    """One case: its row, and the dates that its readings hang on. Dates may lie after the end of the data."""

    row: Row
    person: str
    referral: date
    plan: date | None
    exit: date | None
    engaged: bool


@lru_cache(maxsize=2)
def _cases(world: World, months: range) -> list[_Case]:
    rng = random_for(world.seed, 23)
    end = last_day(months[-1])
    monthly = [max(_FEWEST, _MONTHLY * world.scale) * season(number, 0.15) for number in months]
    days = [
        later(first_day(number), n)
        for number, count in zip(months, spread(monthly), strict=True)
        for n in sorted(rng.integers(0, last_day(number).day, count).tolist())
    ]
    count = len(days)
    columns = zip(
        days,
        choose(rng, count, _OUTCOMES),
        choose(rng, count, _PATHS),
        choose(rng, count, _SOURCES),
        choose(rng, count, _EXITS),
        choose(rng, count, _BANDS),
        _neighbourhoods(world, count, rng),
        happens(rng, count, _SECOND_CASE).tolist(),
        strict=True,
    )
    cases: list[_Case] = []
    numbers: Counter[int] = Counter()
    for day, outcome, path, source, reason, band, neighbourhood, second in columns:
        numbers[day.year] += 1
        key = f"ASB/{day.year}/{numbers[day.year]:05d}"
        back = [c for c in cases if (day - c.referral).days > 30 and (c.plan is None or (c.exit and c.exit < day))]
        person = back[int(rng.integers(0, len(back)))].person if second and back else f"ASBP{len(cases) + 1:06d}"
        about = _About(source, reason, neighbourhood, band)
        cases.append(_case(key, person, day, outcome, path, about, end, rng))
    return cases


@dataclass(frozen=True)
class _About:
    source: str
    exit_reason: str
    neighbourhood: str
    band: str


def _case(
    key: str, person: str, day: date, outcome: str, path: str, about: _About, end: date, rng: np.random.Generator
) -> _Case:
    """One case as it stands at the end of the data: what had not happened by then is blank."""
    assessed: date | None = later(day, rng.integers(1, 12))
    if outcome == "pending" or (assessed and assessed > end):
        outcome, assessed = "pending", None
    consent, contact, plan, left = _steps(assessed, path, rng) if outcome == "appropriate" else (None,) * 4
    engaged = outcome == "appropriate" and path == "engaged"
    vulnerable = outcome == "appropriate" or (outcome == "declined" and rng.random() < 0.5)
    score = rng.integers(18, 39) if vulnerable else rng.integers(2, 15)
    known = engaged and plan is not None and plan <= end
    flag = ("Y" if known or path == "late" else "N") if outcome == "appropriate" else ""
    row = (
        key,
        person,
        day.isoformat(),
        about.source,
        text_until(assessed, end),
        str(score) if assessed else "",
        ("Y" if vulnerable else "N") if assessed else "",
        outcome,
        text_until(consent, end),
        text_until(contact, end),
        text_until(plan, end),
        flag,
        text_until(left, end),
        (about.exit_reason if engaged else "disengaged") if left and left <= end else "",
        about.neighbourhood,
        about.band,
    )
    return _Case(row, person, day, plan, left, engaged)


def _steps(assessed: date | None, path: str, rng: np.random.Generator) -> tuple[date | None, ...]:
    """Consent, first contact, support plan and exit of an appropriate case, as far as its path goes."""
    if assessed is None or path == "no consent":
        return None, None, None, None
    consent = later(assessed, rng.integers(0, 5))
    gave_up = later(consent, rng.integers(75, 110))
    if path == "no contact":
        return consent, None, None, gave_up
    contact = later(consent, rng.integers(1, 10))
    if path == "no plan":
        return consent, contact, None, gave_up
    if path == "late":
        contact = later(consent, rng.integers(45, 70))
    plan = later(contact, rng.integers(0, 5))
    return consent, contact, plan, later(plan, rng.integers(65, 200)) if path == "engaged" else gave_up


def _neighbourhoods(world: World, count: int, rng: np.random.Generator) -> list[str]:
    """Where people live; blank for a few."""
    drawn = rng.choice(len(world.city), count, p=world.residents / world.residents.sum())
    blank = happens(rng, count, 0.03)
    return ["" if blank[n] else str(world.city[i].neighbourhood) for n, i in enumerate(drawn.tolist())]


def asb_case(world: World, months: range) -> list[Row]:
    """Cases referred in the months, in the columns of `CASE_HEADER`, by day of referral."""
    return [case.row for case in _cases(world, months)]


# Star readings ------------------------------------------------------------------------------------


def asb_star(world: World, months: range) -> list[Row]:
    """Readings of engaged cases in the columns of `STAR_HEADER`, by day."""
    rng = random_for(world.seed, 24)
    end = last_day(months[-1])
    engaged = [case for case in _cases(world, months) if case.engaged and case.plan and case.plan <= end]
    closed = sorted(
        (case for case in engaged if case.exit and case.exit <= end), key=lambda case: (case.exit, case.row)
    )
    odd = [case for case, unmatched in zip(closed, every(len(closed), _UNMATCHED), strict=True) if unmatched]
    missing = {case.row[0]: _HOW_UNMATCHED[n % len(_HOW_UNMATCHED)] for n, case in enumerate(odd)}
    # Changes are dealt out in the order of exits, so that every quarter has its share.
    changes = dict(zip((case.row[0] for case in closed), choose(rng, len(closed), _CHANGES), strict=True))
    no_children, both = happens(rng, len(engaged), 0.5).tolist(), happens(rng, len(engaged), 0.2).tolist()
    rows: list[Row] = []
    for case, childless, two_scorers in zip(engaged, no_children, both, strict=True):
        client = _Client(childless, ("worker", "client") if two_scorers else ("joint",), rng)
        rows += client.readings(case, changes.get(case.row[0], ""), missing.get(case.row[0], ""), end)
    return sorted(rows, key=lambda row: (row[1], row[0], row[2], row[9]))


class _Client:
    """A person's readings over one case."""

    def __init__(self, childless: bool, scorers: Sequence[str], rng: np.random.Generator) -> None:
        self._childless, self._scorers, self._rng = childless, scorers, rng

    def readings(self, case: _Case, change: str, missing: str, end: date) -> Iterator[Row]:
        """Entry, perhaps a review, and exit; what lies after the end of the data is left out."""
        assert case.plan is not None
        assert case.exit is not None
        draw = self._rng.integers
        start = later(case.plan, draw(0, 8))
        scores = dict(zip(DOMAINS, draw(3, 8, len(DOMAINS)).tolist(), strict=True))
        half_way = later(start, (case.exit - start).days // 2)
        # Some are filled in a few days after the case was closed.
        final = later(case.exit, -int(draw(0, 14)) if draw(0, 5) else int(draw(1, 8)))
        last = self._changed(scores, change)
        if missing != "no entry":
            yield from self._reading(case, start, "entry", scores, "empowerment_star", end)
        if (case.exit - start).days > 110:
            yield from self._reading(case, half_way, "review", self._between(scores, last), "empowerment_star", end)
        if missing != "no exit" and change:
            tool = "independence_star" if missing == "other tool" else "empowerment_star"
            yield from self._reading(case, min(final, end), "exit", last, tool, end)

    def _changed(self, scores: dict[str, int], change: str) -> dict[str, int]:
        """Scores at the end: the sum over any domains scored at both ends is greater, the same or less."""
        draw = self._rng.integers
        if change == "same":
            moved = {"safety": 1, "confidence_self_esteem": -1} if draw(0, 2) else {}
            return {name: score + moved.get(name, 0) for name, score in scores.items()}
        least, most = (-2, 0) if change == "declined" else (0, 3)
        steps = dict(zip(DOMAINS, draw(least, most + 1, len(DOMAINS)).tolist(), strict=True))
        steps["safety"] = steps["safety"] or (-1 if change == "declined" else 2)
        return {name: score + steps[name] for name, score in scores.items()}

    @staticmethod
    def _between(first: dict[str, int], last: dict[str, int]) -> dict[str, int]:
        return {name: (first[name] + last[name]) // 2 for name in first}

    def _reading(
        self, case: _Case, day: date, kind: str, scores: dict[str, int], tool: str, end: date
    ) -> Iterator[Row]:
        if day > end:
            return
        for scorer in self._scorers:
            for domain in DOMAINS:
                does_not_apply = domain == "children" and self._childless
                left_out = domain not in _ALWAYS_SCORED and self._rng.random() < 0.04
                score = scores[domain] + (int(self._rng.integers(-1, 2)) if scorer == "client" else 0)
                yield (
                    case.row[0],
                    day.isoformat(),
                    kind,
                    tool,
                    "2",
                    "10",
                    domain,
                    "" if does_not_apply or left_out else str(min(10, max(1, score))),
                    "Y" if does_not_apply else "N",
                    scorer,
                )


# Exit survey --------------------------------------------------------------------------------------


def asb_survey(world: World, months: range) -> list[Row]:
    """Answers of people who left, in the columns of `SURVEY_HEADER`, for each quarter that ends in the months."""
    rng = random_for(world.seed, 25)
    end = last_day(months[-1])
    exits = Counter(
        quarter_text(case.exit.year * 12 + case.exit.month - 1)
        for case in _cases(world, months)
        if case.exit and case.exit <= end
    )
    quarters = [quarter_text(number) for number in months if number % 3 == 2]
    answers = spread([_RESPONSES * exits[quarter] for quarter in quarters])
    count = sum(answers)
    columns = zip(
        choose(rng, count, _OVERALL),
        choose(rng, count, _AGREEMENT),
        choose(rng, count, _AGREEMENT),
        choose(rng, count, {"paper": 0.42, "phone": 0.33, "face_to_face": 0.15, "online": 0.1}),
        strict=True,
    )
    return [
        (f"AS/{quarter}/{n:03d}", quarter, *next(columns))
        for quarter, number in zip(quarters, answers, strict=True)
        for n in range(1, number + 1)
    ]
