"""Reports of hate to council and centres, and the survey of those who reported (spec 3.8; SP10, SP11).

Here: rows of `hate_report` and `hate_survey`. A part of the reports bears the reference of a crime or incident in the police
files of the same months. Not here: the police files (`sample/police.py`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

import numpy as np

from sample.draws import choose, happens, later, spread
from sample.police import STRANDS, HateRecord, hate_level, hate_records
from sample.street import Row
from sample.world import World, first_day, last_day, quarter_text, random_for

REPORT_HEADER = (
    "report_key", "received_date", "channel", "crime_or_incident", "strands", "police_key", "neighbourhood_code",
)  # fmt: skip
SURVEY_HEADER = ("response_key", "survey_quarter", "scale_id", "overall", "strand_group")

#: Reports of a month at scale 1 in 2015/16, and fewest at any scale: to council and centres only; to them and the police;
#: passed on by the police, with a reference and without.
_MONTHLY = {"only": (8.8, 1.2), "also police": (6.5, 0.5), "police": (5.0, 0.5), "police without key": (1.0, 0.1)}
_CHANNELS = {"centre": 0.45, "online": 0.3, "council": 0.25}
#: Answers of a quarter at scale 1, and fewest at any scale, on each scale; shares of the answers.
_ANSWERS = {"police7": (18.0, 6.0), "council5": (8.0, 4.0)}
_OVERALL = {
    "police7": {
        "completely": 0.38, "very": 0.3, "fairly": 0.19, "neither": 0.04, "fairly_dis": 0.03, "very_dis": 0.02,
        "completely_dis": 0.01, "dont_know": 0.03,
    },
    "council5": {"very": 0.46, "fairly": 0.34, "neither": 0.08, "fairly_dis": 0.05, "very_dis": 0.04, "dont_know": 0.03},
}  # fmt: skip


def hate_report(world: World, months: range) -> list[Row]:
    """Reports received in the months, in the columns of `REPORT_HEADER`, by day."""
    rng = random_for(world.seed, 30)
    first, end = first_day(months[0]), last_day(months[-1])
    held: dict[int, list[HateRecord]] = defaultdict(list)
    for record in hate_records(world, months):
        held[record.day.year * 12 + record.day.month - 1].append(record)
    numbers = {
        name: spread([max(fewest, typical * world.scale) * hate_level(number) for number in months])
        for name, (typical, fewest) in _MONTHLY.items()
    }
    found: list[tuple[date, Row]] = []
    for n, number in enumerate(months):
        of_police = [held[number][i] for i in rng.permutation(len(held[number])).tolist()]
        both = [of_police.pop() for _ in range(min(numbers["also police"][n], len(of_police)))]
        passed_on = [of_police.pop() for _ in range(min(numbers["police"][n], len(of_police)))]
        found += _with_police(both, rng, "", first, end) + _with_police(passed_on, rng, "police", first, end)
        found += _alone(numbers["only"][n], number, rng, "") + _alone(
            numbers["police without key"][n], number, rng, "police"
        )
    found.sort()
    channels = choose(rng, len(found), _CHANNELS)
    homes = rng.choice(len(world.city), len(found), p=world.residents / world.residents.sum()).tolist()
    unknown = happens(rng, len(found), 0.1).tolist()
    years: Counter[int] = Counter()
    rows: list[Row] = []
    for (day, (channel, *rest)), other, home, blank in zip(found, channels, homes, unknown, strict=True):
        years[day.year] += 1
        place = "" if blank else str(world.city[home].neighbourhood)
        rows.append((f"HR/{day.year}/{years[day.year]:05d}", day.isoformat(), channel or other, *rest, place))
    return rows


def _with_police(
    records: Sequence[HateRecord], rng: np.random.Generator, channel: str, first: date, end: date
) -> list[tuple[date, Row]]:
    """Reports of what the police hold too, within a few days of it."""
    return [
        (
            min(end, max(first, later(record.day, rng.integers(-5, 6)))),
            (channel, "crime" if record.crime else "incident", record.strands, record.key),
        )
        for record in records
    ]


def _alone(count: int, number: int, rng: np.random.Generator, channel: str) -> list[tuple[date, Row]]:
    """Reports without a police reference."""
    kinds, strands = choose(rng, count, {"incident": 0.7, "crime": 0.3}), choose(rng, count, STRANDS)
    days = rng.integers(0, last_day(number).day, count).tolist()
    return [
        (later(first_day(number), day), (channel, kind, strand, ""))
        for day, kind, strand in zip(days, kinds, strands, strict=True)
    ]


def hate_survey(world: World, months: range) -> list[Row]:
    """Answers in the columns of `SURVEY_HEADER`, for each quarter that ends in the months."""
    rng = random_for(world.seed, 31)
    quarters = [quarter_text(number) for number in months if number % 3 == 2]
    rows: list[Row] = []
    for scale, (typical, fewest) in _ANSWERS.items():
        numbers = spread([max(fewest, typical * world.scale)] * len(quarters))
        overall = iter(choose(rng, sum(numbers), _OVERALL[scale]))
        strand = iter(choose(rng, sum(numbers), {"race": 0.62, "other": 0.38}))
        rows += [
            (f"HS/{quarter}/{scale}/{n:03d}", quarter, scale, next(overall), next(strand))
            for quarter, number in zip(quarters, numbers, strict=True)
            for n in range(1, number + 1)
        ]
    return sorted(rows, key=lambda row: (row[1], row[0]))
