"""The restricted police extract: crimes with their offence codes and flags, and incidents (spec 3.3).

Here: rows of `police_crime` and `police_incident`, and which of them are reports of hate. The crimes are those of the street
files of the same city, so that both sources tell the same story. Not here: places (`sample/world.py`), how many crimes and
of which type (`sample/street.py`), reports of hate to others (`sample/hate.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sample.draws import choose, happens
from sample.street import CRIME_SHARES, Row, offences
from sample.world import (
    CENTRE,
    CITY_CODE,
    DISTRICT_CODES,
    DISTRICTS,
    LSOA_VINTAGE,
    OUTSIDE,
    World,
    financial_year,
    first_day,
    last_day,
    month_number,
    random_for,
)

CRIME_HEADER = (
    "crime_key", "recorded_at", "occurred_from", "occurred_to", "ho_code", "status", "status_date", "csp_code", "lsoa_code",
    "lsoa_vintage", "neighbourhood_code", "da_flag", "hate_flag", "alcohol_flag", "drug_flag", "hate_strands", "weapon_flag",
    "ente_area_flag", "victim_age_band", "child_in_household", "repeat_victim_flag",
)  # fmt: skip
INCIDENT_HEADER = (
    "incident_key", "opened_at", "category", "strands", "csp_code", "lsoa_code", "crime_key",
)  # fmt: skip

#: Offence codes of each crime type of the street files, with their share of it.
CODES: dict[str, dict[str, float]] = {
    "Violence and sexual offences": {
        "8N": 0.355, "5D": 0.02, "5E": 0.003, "2": 0.001, "4.7": 0.0005, "4.4": 0.0005,
        "105A": 0.32, "8L": 0.075, "3B": 0.05, "104": 0.02, "11A": 0.012, "36": 0.002, "13": 0.002, "8Q": 0.02,
        "19C": 0.03, "20A": 0.02, "17A": 0.015, "19D": 0.008, "21": 0.005, "22B": 0.01, "88A": 0.004, "88C": 0.006,
        "71": 0.002, "1": 0.0004,
    },
    "Criminal damage and arson": {"58A": 0.22, "58B": 0.12, "58C": 0.42, "58D": 0.2, "56A": 0.01, "56B": 0.03},
    "Other theft": {"49": 0.86, "40": 0.11, "41": 0.02, "47": 0.01},
    "Shoplifting": {"46": 1},
    "Burglary": {"28A": 0.49, "28B": 0.08, "28C": 0.006, "28D": 0.003, "29": 0.006, "30A": 0.36, "30B": 0.053, "31": 0.002},
    "Public order": {"9A": 0.86, "66": 0.13, "62A": 0.01},
    "Drugs": {"92E": 0.68, "92D": 0.2, "92A": 0.12},
    "Vehicle crime": {"45": 0.6, "48": 0.3, "37.2": 0.03, "126": 0.07},
    "Other crime": {"54": 0.25, "33": 0.15, "79": 0.15, "86": 0.2, "99": 0.25},
    "Theft from the person": {"39": 1},
    "Bicycle theft": {"44": 1},
    "Robbery": {"34A": 0.15, "34B": 0.85},
    "Possession of weapons": {"10C": 0.5, "10D": 0.35, "10B": 0.15},
}  # fmt: skip
#: Codes that only racially or religiously aggravated offences have, with their share of those.
AGGRAVATED: dict[str, dict[str, float]] = {
    "Violence and sexual offences": {"8M": 0.45, "105B": 0.3, "8P": 0.25},
    "Criminal damage and arson": {"58J": 1},
    "Public order": {"9B": 1},
}
#: Codes that came into use later: first month.
_SINCE = {"8Q": "2015-04"}
_KINDS = list(CRIME_SHARES)
_KEY, _RECORDED, _CODE, _STATUS, _CSP, _LSOA, _HATE_FLAG, _STRANDS = (
    CRIME_HEADER.index(name)
    for name in (
        "crime_key", "recorded_at", "ho_code", "status", "csp_code", "lsoa_code", "hate_flag", "hate_strands",
    )
)  # fmt: skip

#: Rows beside the city's placed crimes, per such crime: not located, cancelled or transferred, of other areas.
_UNLOCATED, _CANCELLED, _ELSEWHERE = 0.013, 0.042, 0.11
#: Share of each crime type flagged yes, and left blank; types not named have the last.
_DA = {
    "Violence and sexual offences": (0.36, 0.02),
    "Criminal damage and arson": (0.07, 0.02),
    "Public order": (0.06, 0.02),
}
_ALCOHOL = {
    "Violence and sexual offences": (0.3, 0.05),
    "Public order": (0.25, 0.1),
    "Criminal damage and arson": (0.08, 0.2),
}
_DRUG = {"Drugs": (1.0, 0.0)}
_WEAPON = {"Robbery": (0.25, 0.02), "Possession of weapons": (1.0, 0.0), "Violence and sexual offences": (0.05, 0.02)}
_VICTIMLESS = ("Shoplifting", "Drugs", "Possession of weapons", "Other crime")
_VICTIM_BANDS = {
    "0-4": 0.005, "5-10": 0.02, "11-15": 0.055, "16-17": 0.06, "18-24": 0.21, "25-34": 0.22, "35-44": 0.17, "45-54": 0.13,
    "55-64": 0.07, "65-74": 0.035, "75+": 0.02, "": 0.005,
}  # fmt: skip
_LONG_AGO = 0.065  # recorded more than 30 days after it happened
_OVER_HOURS = ("Burglary", "Vehicle crime", "Criminal damage and arson", "Other theft", "Bicycle theft")
_NIGHTLIFE = 0.4  # of violence and disorder in the centre that happens on Friday or Saturday night

#: Hate crimes per crime in the year 2015/16, by type in these proportions, aggravated by code in these shares.
_HATE = 0.0218
_HATE_KINDS = {"Violence and sexual offences": 0.55, "Public order": 0.31, "Criminal damage and arson": 0.14}
_AGGRAVATED_SHARE = {"Violence and sexual offences": 0.5, "Public order": 0.65, "Criminal damage and arson": 0.5}
_AGGRAVATED_STRANDS = {"race": 0.87, "religion": 0.09, "race;religion": 0.04}
STRANDS = {
    "race": 0.36, "sexual_orientation": 0.24, "disability": 0.18, "religion": 0.08, "transgender": 0.05, "other": 0.03,
    "race;religion": 0.03, "sexual_orientation;transgender": 0.02, "disability;other": 0.01,
}  # fmt: skip

#: Incidents of a month at scale 1 that are hate but no crime; share of ASB and of hate incidents that are crimed later.
_HATE_INCIDENTS, _ASB_CRIMED, _HATE_CRIMED = 17.5, 0.015, 0.1
_ASB_CATEGORIES = {"asb_nuisance": 0.63, "asb_personal": 0.29, "asb_environmental": 0.08}
_CRIMED_CODES = ("9A", "58A", "58B", "58C", "58D", "105A")
_ASB_ELSEWHERE = 0.06

#: How busy each hour of the day is, from midnight.
_HOURS = np.array([3, 2, 2, 1, 1, 1, 1, 2, 4, 6, 6, 6, 6, 6, 6, 6, 7, 7, 6, 6, 5, 5, 5, 4], dtype=float)

_Ints = npt.NDArray[np.int64]
_Bools = npt.NDArray[np.bool_]
_Times = npt.NDArray[np.datetime64]
_Texts = npt.NDArray[np.object_]


class HateRecord(NamedTuple):
    """A report of hate as the police hold it: its reference, day, strands and whether it is a crime."""

    key: str
    day: date
    strands: str
    crime: bool


@lru_cache(maxsize=2)
def police_crime(world: World, months: range) -> list[Row]:
    """Crimes of the months in the columns of `CRIME_HEADER`, by the time of recording."""
    return [row for number in months for row in _crimes(world, number, last_day(months[-1]))]


@lru_cache(maxsize=2)
def police_incident(world: World, months: range) -> list[Row]:
    """Incidents of the months in the columns of `INCIDENT_HEADER`, by the time of opening."""
    by_month: dict[str, list[Row]] = {}
    for row in police_crime(world, months):
        by_month.setdefault(row[_KEY][3:10], []).append(row)
    return [
        row for number in months for row in _incidents(world, number, by_month.get(f"{first_day(number):%Y/%m}", []))
    ]


def hate_records(world: World, months: range) -> list[HateRecord]:
    """Every report of hate in the city that the police files hold: flagged crimes, and incidents not crimed since."""
    found = [
        HateRecord(row[_KEY], date.fromisoformat(row[_RECORDED][:10]), row[_STRANDS], crime=True)
        for row in police_crime(world, months)
        if row[_HATE_FLAG] == "Y" and row[_CSP] == CITY_CODE and row[_STATUS] == "recorded"
    ]
    found += [
        HateRecord(key, date.fromisoformat(opened[:10]), strands, crime=False)
        for key, opened, category, strands, csp, _, crime_key in police_incident(world, months)
        if category == "hate" and csp == CITY_CODE and not crime_key
    ]
    return found


def hate_level(number: int) -> float:
    """How many reports of hate there are in the year of a month, relative to 2015/16."""
    return 0.9 + 0.05 * min(max(financial_year(number) - 2013, 0), 3)


# Crimes -------------------------------------------------------------------------------------------


def _crimes(world: World, number: int, end: date) -> list[Row]:
    rng = random_for(world.seed, 11, number)
    area, kind, group = _which(world, number, rng)
    count, located = len(kind), group == 0
    hate = _hate_rows(kind, group, hate_level(number) * located.sum(), rng)
    code, strands = _codes(kind, hate, number, rng)
    recorded = _moments(number, count, rng)
    centre = np.array([a.neighbourhood == CENTRE for a in world.areas] + [False])[area]
    started, ended = _occurred(recorded, kind, centre, rng)
    cancelled = group == 2
    status = np.full(count, "recorded", dtype=object)
    status[cancelled] = choose(rng, int(cancelled.sum()), {"cancelled": 0.75, "transferred": 0.25})
    changed = np.minimum(_london(recorded).astype("M8[D]") + rng.integers(1, 120, count), np.datetime64(end))
    da = _flags(kind, _DA, (0.01, 0.02), rng)
    columns: list[Sequence[str] | _Texts] = [
        _text(recorded),
        started,
        ended,
        code,
        status,
        np.where(cancelled, np.datetime_as_string(changed, unit="D"), ""),
        _csp(world, area, group != 3),
        *_places(world, area),
        da,
        np.where(hate, "Y", np.where(happens(rng, count, 0.03), "", "N")),
        _flags(kind, _ALCOHOL, (0.03, 0.3), rng),
        _flags(kind, _DRUG, (0.03, 0.2), rng),
        strands,
        _flags(kind, _WEAPON, (0.01, 0.05), rng),
        np.where(area < 0, "", np.where(centre, "Y", "N")),
        np.where(_is(kind, _VICTIMLESS), "", _labels(rng, count, _VICTIM_BANDS)),
        np.where(da == "Y", _labels(rng, count, {"Y": 0.45, "N": 0.4, "U": 0.15}), ""),
        np.where(_is(kind, _VICTIMLESS), "", _labels(rng, count, {"N": 0.75, "Y": 0.17, "": 0.08})),
    ]
    return _in_order(f"CR/{first_day(number):%Y/%m}", recorded, columns)


def _which(world: World, number: int, rng: np.random.Generator) -> tuple[_Ints, _Ints, _Ints]:
    """Area, crime type and group of each row: 0 placed in the city, 1 in the city but not located, 2 cancelled, 3 elsewhere."""
    kind, area = offences(world, number)
    crime = kind > 0
    city = np.flatnonzero(crime & (area >= 0) & (area < len(world.city)))
    unplaced = np.flatnonzero(crime & (area < 0))
    districts = np.flatnonzero(crime & (area >= len(world.city)) & (area < len(world.areas) - len(OUTSIDE)))

    def about(share: float) -> int:
        return int(share * len(city) + rng.random())

    groups = [
        city,
        unplaced[: about(_UNLOCATED)],
        rng.choice(city, min(about(_CANCELLED), len(city)), replace=False),
        rng.choice(districts, min(about(_ELSEWHERE), len(districts)), replace=False),
    ]
    index = np.concatenate(groups)
    return area[index], kind[index] - 1, np.repeat(np.arange(4), [len(g) for g in groups])


def _hate_rows(kind: _Ints, group: _Ints, crimes: float, rng: np.random.Generator) -> _Bools:
    """Which rows are flagged as hate: that share of the city's crimes, and a few that must not count."""
    weights = np.zeros(len(kind))
    for name, share in _HATE_KINDS.items():
        these = (kind == _KINDS.index(name)) & (group < 2)
        weights[these] = share / max(these.sum(), 1)
    wanted = min(int(_HATE * crimes + rng.random()), int((weights > 0).sum()))
    hate = np.zeros(len(kind), dtype=bool)
    if wanted:
        hate[rng.choice(len(kind), wanted, replace=False, p=weights / weights.sum())] = True
    others = np.flatnonzero((group >= 2) & _is(kind, tuple(_HATE_KINDS)))
    hate[others[: int(0.04 * len(others) + rng.random())]] = True
    return hate


def _codes(kind: _Ints, hate: _Bools, number: int, rng: np.random.Generator) -> tuple[_Texts, _Texts]:
    """Offence code of each row, and the strands of those flagged as hate."""
    code, strands = np.full(len(kind), "", dtype=object), np.full(len(kind), "", dtype=object)
    aggravated = np.zeros(len(kind), dtype=bool)
    for n, name in enumerate(_KINDS):
        flagged = np.flatnonzero((kind == n) & hate)
        worse = flagged[happens(rng, len(flagged), _AGGRAVATED_SHARE.get(name, 0))]
        aggravated[worse] = True
        code[worse] = _labels(rng, len(worse), AGGRAVATED.get(name, {"": 1}))
        in_use = {c: s for c, s in CODES[name].items() if c not in _SINCE or month_number(_SINCE[c]) <= number}
        rest = (kind == n) & ~aggravated
        code[rest] = _labels(rng, int(rest.sum()), in_use)
    strands[hate] = _labels(rng, int(hate.sum()), STRANDS)
    strands[aggravated] = _labels(rng, int(aggravated.sum()), _AGGRAVATED_STRANDS)
    return code, strands


def _occurred(recorded: _Times, kind: _Ints, centre: _Bools, rng: np.random.Generator) -> tuple[_Texts, _Texts]:
    """First and last moment at which it may have happened, as text; some blank."""
    count = len(recorded)
    lag = np.minimum(rng.exponential(1.5 * 1440, count), 20 * 1440)
    long_ago = happens(rng, count, _LONG_AGO)
    lag[long_ago] = 1440 * (33 + 870 * rng.random(int(long_ago.sum())) ** 2)
    took = np.where(_is(kind, _OVER_HOURS), rng.uniform(0, 720, count), rng.uniform(0, 30, count))
    started = recorded - lag.astype("m8[m]")
    out_late = np.flatnonzero(
        centre
        & ~long_ago
        & _is(kind, ("Violence and sexual offences", "Public order"))
        & happens(rng, count, _NIGHTLIFE)
    )
    started[out_late] = np.minimum(_last_night_out(recorded[out_late], rng), recorded[out_late])
    ended = np.minimum(started + took.astype("m8[m]"), recorded)
    unknown = happens(rng, count, 0.015)
    return (
        np.where(unknown, "", _text(started)),
        np.where(unknown | happens(rng, count, 0.4), "", _text(ended)),
    )


def _last_night_out(recorded: _Times, rng: np.random.Generator) -> _Times:
    """A moment of the Friday or Saturday night before, from 20:00 to 05:59."""
    local = _london(recorded)
    day = local.astype("M8[D]")
    weekday = (day.astype(np.int64) + 3) % 7
    friday = (day - (weekday - 4) % 7).astype("M8[m]") + np.timedelta64(20 * 60, "m")
    night = friday + (1440 * rng.integers(0, 2, len(local)) + rng.integers(0, 600, len(local))).astype("m8[m]")
    return _utc(np.where(night > local, night - np.timedelta64(7 * 1440, "m"), night))


def _flags(
    kind: _Ints, shares: Mapping[str, tuple[float, float]], others: tuple[float, float], rng: np.random.Generator
) -> _Texts:
    """Y, N or blank for each row, by the shares of its crime type."""
    flags = np.full(len(kind), "", dtype=object)
    groups = [((kind == _KINDS.index(name)), share) for name, share in shares.items()]
    groups.append((~_is(kind, tuple(shares)), others))
    for these, (yes, blank) in groups:
        flags[these] = _labels(rng, int(these.sum()), {"Y": yes, "N": 1 - yes - blank, "": blank})
    return flags


# Incidents ----------------------------------------------------------------------------------------


def _incidents(world: World, number: int, crimes: Sequence[Row]) -> list[Row]:
    rng = random_for(world.seed, 12, number)
    kind, area = offences(world, number)
    city = np.flatnonzero((kind == 0) & (area < len(world.city)))
    districts = np.flatnonzero((kind == 0) & (area >= len(world.city)))
    elsewhere = districts[: int(_ASB_ELSEWHERE * len(city) + rng.random())]
    hateful = max(1, int(_HATE_INCIDENTS * world.scale * hate_level(number) + rng.random()))
    hate_area = rng.choice(len(world.city), hateful, p=world.city_shares(number))
    areas = np.concatenate([area[city], area[elsewhere], hate_area])
    count, asb = len(areas), len(city) + len(elsewhere)
    category = np.array([*choose(rng, asb, _ASB_CATEGORIES), *["hate"] * hateful], dtype=object)
    strands = np.array([*[""] * asb, *choose(rng, hateful, STRANDS)], dtype=object)
    areas = np.where(happens(rng, count, 0.01), -1, areas)
    lsoa = _places(world, areas)[0]
    opened = _moments(number, count, rng)
    crimed = np.full(count, "", dtype=object)
    links = [
        *_links(crimes, np.arange(len(city)), _ASB_CRIMED, hate=False, rng=rng),
        *_links(crimes, np.arange(asb, count), _HATE_CRIMED, hate=True, rng=rng),
    ]
    for incident, crime in links:
        crimed[incident], lsoa[incident] = crime[_KEY], crime[_LSOA]
        moment = np.datetime64(crime[_RECORDED][:-1], "m") - rng.integers(0, 600)
        opened[incident] = max(moment, _utc(np.array([first_day(number)], dtype="M8[m]"))[0])
        strands[incident] = crime[_STRANDS]
    here = ~np.isin(np.arange(count), np.arange(len(city), asb))
    columns: list[Sequence[str] | _Texts] = [_text(opened), category, strands, _csp(world, areas, here), lsoa, crimed]
    return _in_order(f"IN/{first_day(number):%Y/%m}", opened, columns)


def _links(
    crimes: Sequence[Row], incidents: _Ints, share: float, *, hate: bool, rng: np.random.Generator
) -> list[tuple[int, Row]]:
    """Pairs of an incident and the crime that it became: a crime of the city in the same month."""
    wanted = [
        crime
        for crime in crimes
        if crime[_STATUS] == "recorded"
        and crime[_CSP] == CITY_CODE
        and (crime[_HATE_FLAG] == "Y") is hate
        and (hate or crime[_CODE] in _CRIMED_CODES)
    ]
    count = min(int(share * len(incidents) + rng.random()), len(wanted), len(incidents))
    if not count:
        return []
    chosen, which = (rng.choice(what, count, replace=False).tolist() for what in (len(wanted), incidents))
    return [(incident, wanted[crime]) for incident, crime in zip(which, chosen, strict=True)]


# Both ---------------------------------------------------------------------------------------------


def _in_order(prefix: str, moments: _Times, columns: Sequence[Sequence[str] | _Texts]) -> list[Row]:
    """Rows by time, each with its reference first: area of record, year and month, then a number."""
    order = np.argsort(moments, kind="stable")
    values = [np.asarray(column, dtype=object)[order].tolist() for column in columns]
    return [(f"{prefix}{n:06d}", *row) for n, row in enumerate(zip(*values, strict=True), start=1)]


def _is(kind: _Ints, names: Sequence[str]) -> _Bools:
    return np.isin(kind, [_KINDS.index(name) for name in names])


def _labels(rng: np.random.Generator, count: int, shares: Mapping[str, float]) -> _Texts:
    return np.array(choose(rng, count, shares), dtype=object)


def _csp(world: World, area: _Ints, here: _Bools) -> _Texts:
    """Code of the partnership's area that each row is of; `here` says which are the city's, located or not."""
    ends = len(world.city) + np.cumsum([size for _, size in DISTRICTS])
    district = np.searchsorted(ends, area, side="right").clip(0, len(DISTRICTS) - 1)
    return np.where(here, CITY_CODE, np.array(DISTRICT_CODES, dtype=object)[district])


def _places(world: World, area: _Ints) -> tuple[_Texts, _Texts, _Texts]:
    """LSOA, vintage and neighbourhood of each row; blank where it is not located."""
    lsoas = np.array([*(a.code for a in world.areas), ""], dtype=object)[area]
    neighbourhoods = np.array([*(a.neighbourhood or "" for a in world.areas), ""], dtype=object)[area]
    return lsoas, np.where(area < 0, "", LSOA_VINTAGE), neighbourhoods


def _moments(number: int, count: int, rng: np.random.Generator) -> _Times:
    """Moments of a month in London, as UTC. In a summer month the first is half past midnight of its first day: in UTC
    that is still the month before.
    """
    days = last_day(number).day
    hour = np.searchsorted(np.cumsum(_HOURS) / _HOURS.sum(), rng.random(count), side="right").clip(0, 23)
    minutes = 1440 * rng.integers(0, days, count) + 60 * hour + rng.integers(0, 60, count)
    start = np.datetime64(first_day(number), "m")
    local = start + minutes.astype("m8[m]")
    if _utc(np.array([start]))[0] != start:
        local[:1] = start + np.timedelta64(30, "m")
    return _utc(local)


def _text(moments: _Times) -> _Texts:
    return np.char.add(np.datetime_as_string(moments, unit="s"), "Z").astype(object)


def _utc(local: _Times) -> _Times:
    """London clock time to UTC; the hour that comes twice is taken as summer time."""
    return local - np.where(_summer(local, 60), np.timedelta64(60, "m"), np.timedelta64(0, "m"))


def _london(utc: _Times) -> _Times:
    return utc + np.where(_summer(utc, 0), np.timedelta64(60, "m"), np.timedelta64(0, "m"))


def _summer(moments: _Times, ahead: int) -> _Bools:
    """Whether summer time holds: from 01:00 UTC of March's last Sunday to 01:00 UTC of October's; by a clock so far ahead."""
    january = moments.astype("M8[Y]").astype("M8[M]")
    begins, ends = (_last_sunday(january + month) + np.timedelta64(60 + ahead, "m") for month in (2, 9))
    return (moments >= begins) & (moments < ends)


def _last_sunday(month: _Times) -> _Times:
    """Midnight of the last Sunday of each month."""
    last = (month + 1).astype("M8[D]") - 1
    return (last - (last.astype(np.int64) + 4) % 7).astype("M8[m]")
