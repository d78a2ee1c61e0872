"""Referrals to the domestic abuse service (spec 3.4, SP04): who is referred, who comes back, and what follows.

Here: rows of `pdas_referral`. The service's history starts 24 months before the first month asked for, so that a first
referral can be told from a repeat in every month. No place below the city and nothing about a child but counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from sample.draws import choose, every, happens, later, season, spread, text_until, working_days_later
from sample.street import Row
from sample.world import World, financial_year, first_day, last_day, random_for

HEADER = (
    "referral_key", "client_key", "received_date", "source_agency", "subject_type", "age_band", "sex",
    "service_first_time_flag", "case_opened", "case_closed", "engaged", "engaged_date", "dash_done_date", "dash_score",
    "risk_level", "professional_judgement", "marac_referred", "marac_heard_date", "marac_repeat", "household_known",
    "n_children_u18", "n_unborn", "child_safeguarding_referral", "sexual_violence", "area_in_city",
)  # fmt: skip
#: Months of history before the first month asked for: the look-back of a first referral.
LOOK_BACK = 24

#: Mean referrals of a month at scale 1 in 2013/14, and what each year adds; fewest of a month at any scale.
_MONTHLY, _YEARLY, _FEWEST = 120.0, 4.0, 8.0
#: What a row is. `again` and `old` come back after their case was closed, within the look-back and after it.
_KINDS = {
    "new": 0.795, "again": 0.078, "old": 0.01, "open": 0.02, "duplicate": 0.006, "same_day": 0.006, "child": 0.025,
    "perpetrator": 0.02, "away": 0.04,
}  # fmt: skip
_BLANK_CLIENT = 0.01
_SOURCES = {
    "police": 0.5, "self": 0.14, "health_gp": 0.05, "health_midwifery": 0.03, "health_ed": 0.03, "adult_social_care": 0.03,
    "children_social_care": 0.09, "housing": 0.05, "probation": 0.02, "voluntary": 0.04, "education": 0.01, "other": 0.01,
}  # fmt: skip
_ADULT_BANDS = {
    "16-17": 0.02, "18-24": 0.23, "25-34": 0.33, "35-44": 0.22, "45-54": 0.12, "55-64": 0.04, "65-74": 0.02, "75+": 0.01,
    "": 0.01,
}  # fmt: skip
_ENGAGED = {"soon": 0.765, "late": 0.055, "no": 0.165, "": 0.015}
_DASH = {"in time": 0.87, "late": 0.05, "": 0.08}
_LEVELS = {"standard": 0.32, "medium": 0.34, "high": 0.3, "judged high": 0.04}
_SCORES = {"standard": (1, 9), "medium": (10, 13), "high": (14, 24), "judged high": (7, 13)}
_CHILDREN = {"0": 0.38, "1": 0.25, "2": 0.23, "3": 0.1, "4": 0.04}
_SEXUAL_VIOLENCE = {"N": 0.745, "Y": 0.13, "not_asked": 0.1, "": 0.025}
_FLAG_WRONG, _FLAG_BLANK = 0.02, 0.02

_Fields = dict[str, str]


@dataclass
class _Client:
    """A victim of the city: when last referred, and from when to when the last case was open."""

    key: str
    band: str
    sex: str
    last: date
    opened: date | None = None
    closed: date | None = None
    heard: date | None = None

    def open_on(self, day: date) -> bool:
        """Whether a referral of that day finds a case open."""
        return (
            self.opened is not None
            and self.last < day
            and self.opened < day
            and (self.closed is None or day <= self.closed)
        )


def first_month(months: range) -> int:
    """First month of the service's history."""
    return months[0] - LOOK_BACK


@lru_cache(maxsize=2)
def pdas_referral(world: World, months: range) -> list[Row]:
    """Referrals from 24 months before the first month, in the columns of `HEADER`, by day."""
    rng = random_for(world.seed, 21)
    days = _days(world, range(first_month(months), months[-1] + 1), rng)
    kinds = choose(rng, len(days), _KINDS)
    referrals = _Referrals(len(days), last_day(months[-1]), rng)
    rows = [referrals.make(n, day, kind) for n, (day, kind) in enumerate(zip(days, kinds, strict=True))]
    for row, flag in zip(rows, _first_time_flags(rows, rng), strict=True):
        row["service_first_time_flag"] = flag
    numbers: dict[str, int] = defaultdict(int)
    for row in rows:
        year = row["received_date"][:4]
        numbers[year] += 1
        row["referral_key"] = f"PDAS/{year}/{numbers[year]:06d}"
    return [tuple(row[name] for name in HEADER) for row in rows]


def _days(world: World, months: range, rng: np.random.Generator) -> list[date]:
    """Day of each referral, in order; weekends bring fewer."""
    expected = []
    for number in months:
        level = _MONTHLY + _YEARLY * max(financial_year(number) - 2013, -2)
        noise = 1 + 0.09 * float(rng.standard_normal())
        expected.append(max(_FEWEST, level * world.scale) * season(number, 0.06) * noise)
    days: list[date] = []
    for number, count in zip(months, spread(expected), strict=True):
        all_days = [later(first_day(number), n) for n in range(last_day(number).day)]
        weights = np.array([1.0 if day.weekday() < 5 else 0.4 for day in all_days])
        drawn = rng.choice(len(all_days), count, p=weights / weights.sum())
        days += [all_days[n] for n in sorted(drawn.tolist())]
    return days


class _Referrals:
    """Makes one referral after the other, and remembers the clients."""

    def __init__(self, count: int, end: date, rng: np.random.Generator) -> None:
        self._rng, self._end = rng, end
        self._clients: list[_Client] = []
        self._previous: tuple[_Client, _Fields] | None = None
        self._to_blank = 0
        self._blank = every(count, _BLANK_CLIENT)
        self._draws = {
            name: choose(rng, count, shares)
            for name, shares in (
                ("source_agency", _SOURCES),
                ("band", _ADULT_BANDS),
                ("sex", {"female": 0.875, "male": 0.11, "other": 0.005, "": 0.01}),
                ("engaged", _ENGAGED),
                ("dash", _DASH),
                ("level", _LEVELS),
                ("marac", {"heard": 0.82, "waiting": 0.08, "no": 0.1}),
                ("household_known", {"Y": 0.87, "N": 0.13}),
                ("children", _CHILDREN),
                ("unborn", {"0": 0.95, "1": 0.05}),
                ("safeguarding", {"Y": 0.55, "N": 0.45}),
                ("sexual_violence", _SEXUAL_VIOLENCE),
            )
        }

    def make(self, n: int, day: date, kind: str) -> _Fields:
        """The n-th referral; a kind that cannot be, such as a repeat where there is no client yet, is a new client's."""
        self._to_blank += bool(self._blank[n])
        if kind in ("duplicate", "same_day") and self._previous:
            client, row = self._previous
            if kind == "duplicate":
                return dict(row)
            other = "self" if row["source_agency"] != "self" else "health_gp"
            return {**row, "source_agency": other}
        if kind in ("child", "perpetrator", "away"):
            return self._out_of_scope(n, day, kind)
        client = self._back(day, kind) or self._new(n, day)
        on_open_case = client.open_on(day)
        row = {
            "received_date": day.isoformat(),
            "source_agency": self._draws["source_agency"][n],
            "subject_type": "adult_victim",
            "age_band": client.band,
            "sex": client.sex,
            **(self._no_case() if on_open_case else self._case(n, day, client)),
            **self._risk(n, day, client),
            **self._household(n),
            "area_in_city": "Y",
        }
        client.last = day
        if kind == "new" and self._to_blank:
            self._to_blank -= 1
            self._clients.pop()
            return {**row, "client_key": ""}
        self._previous = client, {**row, "client_key": client.key}
        return dict(self._previous[1])

    def _new(self, n: int, day: date) -> _Client:
        client = _Client(f"PDC{n + 1:07d}", self._draws["band"][n], self._draws["sex"][n], day)
        self._clients.append(client)
        return client

    def _back(self, day: date, kind: str) -> _Client | None:
        """A client who comes back as the kind says; None if a few tries find none."""
        recent = self._clients[-200:] if kind == "open" else self._clients
        if kind == "new" or not recent:
            return None
        for pick in self._rng.integers(0, len(recent), 80).tolist():
            client = recent[pick]
            away = (day - client.last).days
            # Between 700 and 760 days it hangs on the day of the month whether the look-back holds it.
            suits = {
                "open": away > 0 and client.open_on(day),
                "again": 20 < away < 725 and not client.open_on(day),
                "old": away > 760 and not client.open_on(day),
            }
            if suits[kind]:
                return client
        return None

    def _out_of_scope(self, n: int, day: date, kind: str) -> _Fields:
        """A child, a perpetrator, or a victim from outside the city: counted by nobody, and never a repeat."""
        child = kind == "child"
        return {
            "client_key": f"PDC{n + 1:07d}",
            "received_date": day.isoformat(),
            "source_agency": self._draws["source_agency"][n],
            "subject_type": kind if kind != "away" else "adult_victim",
            "age_band": ("5-10", "11-15")[n % 2] if child else self._draws["band"][n],
            "sex": ("female", "male")[n // 2 % 2] if child else self._draws["sex"][n],
            **self._no_case(),
            **self._no_risk(),
            **self._household(n),
            "area_in_city": "N" if kind == "away" else "Y",
        }

    def _no_case(self) -> _Fields:
        return dict.fromkeys(("case_opened", "case_closed", "engaged", "engaged_date"), "")

    def _case(self, n: int, day: date, client: _Client) -> _Fields:
        """Whether support is accepted and when; the case that is opened, and closed by the end of the data or not yet."""
        how = self._draws["engaged"][n]
        draw = self._rng.integers
        client.opened, client.closed = None, None
        fields = {**self._no_case(), "engaged": {"soon": "Y", "late": "Y", "no": "N", "": ""}[how]}
        if fields["engaged"] == "Y":
            since = later(day, draw(0, 21) if how == "soon" else draw(32, 75))
            fields["engaged_date"] = text_until(since, self._end)
            if not fields["engaged_date"]:
                fields["engaged"] = ""
            client.opened = later(day, draw(0, 7))
            client.closed = later(max(client.opened, since), draw(30, 240))
        elif how == "no" and draw(0, 10) < 7:
            client.opened = later(day, draw(0, 5))
            client.closed = later(client.opened, draw(5, 40))
        fields["case_opened"] = text_until(client.opened, self._end)
        fields["case_closed"] = text_until(client.closed, self._end)
        return fields

    def _no_risk(self) -> _Fields:
        names = (
            "dash_done_date", "dash_score", "risk_level", "professional_judgement", "marac_referred", "marac_heard_date",
            "marac_repeat",
        )  # fmt: skip
        return dict.fromkeys(names, "")

    def _risk(self, n: int, day: date, client: _Client) -> _Fields:
        """DASH score and level that agree, and what the conference (MARAC) did with those at high risk."""
        when, level, marac = (self._draws[name][n] for name in ("dash", "level", "marac"))
        draw = self._rng.integers
        done = working_days_later(day, int(draw(0, 4) if when == "in time" else draw(8, 20)))
        score = int(draw(_SCORES[level][0], _SCORES[level][1] + 1))
        heard = later(done, draw(10, 40))
        if not when or done > self._end:
            return self._no_risk()
        high = level in ("high", "judged high")
        fields = {
            **self._no_risk(),
            "dash_done_date": done.isoformat(),
            "dash_score": str(score),
            "risk_level": "high" if high else level,
            "professional_judgement": "Y" if level == "judged high" else "N",
            "marac_referred": "Y" if high and marac != "no" else "N",
        }
        if high and marac == "heard" and heard <= self._end:
            fields["marac_heard_date"] = heard.isoformat()
            fields["marac_repeat"] = "Y" if client.heard and (heard - client.heard).days <= 365 else "N"
            client.heard = heard
        return fields

    def _household(self, n: int) -> _Fields:
        known = self._draws["household_known"][n]
        children, unborn = (self._draws[name][n] if known == "Y" else "" for name in ("children", "unborn"))
        return {
            "household_known": known,
            "n_children_u18": children,
            "n_unborn": unborn,
            "child_safeguarding_referral": self._draws["safeguarding"][n] if children not in ("", "0") else "",
            "sexual_violence": self._draws["sexual_violence"][n],
        }


def _first_time_flags(rows: Sequence[_Fields], rng: np.random.Generator) -> list[str]:
    """The service's own view of who is new: right but for a few, and not always filled in."""
    wrong, blank = every(len(rows), _FLAG_WRONG, 0.3), happens(rng, len(rows), _FLAG_BLANK)
    seen: dict[str, list[date]] = defaultdict(list)
    flags = []
    for n, row in enumerate(rows):
        in_scope = row["subject_type"] == "adult_victim" and row["area_in_city"] == "Y"
        day, client = date.fromisoformat(row["received_date"]), row["client_key"]
        if not in_scope or blank[n]:
            flags.append("")
        else:
            first = not any(two_years_before(day) <= earlier < day for earlier in seen[client] if client)
            flags.append("Y" if first is not bool(wrong[n]) else "N")
        if in_scope:
            seen[client].append(day)
    return flags


def two_years_before(day: date) -> date:
    """The same day of the month `LOOK_BACK` months before; 28 February for the 29th."""
    year = day.year - LOOK_BACK // 12
    return day.replace(year=year, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=year)
