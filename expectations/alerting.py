"""What the register says of alerts and of the Board's meetings: who is told of what, by which addresses, and when not.

Here: the kinds of alert, the records of `alerts.toml` and `board_meetings.toml`, and their rules. Not here: reading them
(`register.py`), words (`assets/alerts.py`), sending (`resources/notifier.py`). Addresses hold passwords, so the register
names environment variables only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

#: Every kind of alert there is; `docs/runbook.md` says of each what it means and what to do.
Kind = Literal[
    "check_failed",
    "check_warned",
    "delivery_refused",
    "delivery_late",
    "delivery_late_before_meeting",
    "run_failed",
    "release_held",
    "resolved",
    "digest",
]
KINDS: tuple[str, ...] = get_args(Kind)

#: Clock times of the register are this place's.
LONDON = ZoneInfo("Europe/London")
#: Setting that holds the addresses of everyone who has no route of their own.
EVERYONE = "SAFER_ALERT_URLS"


def _as_clock(value: object) -> object:
    """A time of day; TOML's own times must carry seconds, which nobody means here."""
    if isinstance(value, str):
        try:
            return datetime.strptime(value, "%H:%M").time()
        except ValueError:
            pass
    raise ValueError('must be a time of day written "HH:MM" (correct it, in quotes)')


def _as_date(value: object) -> object:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError("must be a date of the calendar written YYYY-MM-DD (correct the date, without quotes)")
    return value


def _is_setting(value: str) -> str:
    if not (value.startswith("SAFER_ALERT_") and value.replace("_", "A").isalnum() and value == value.upper()):
        raise ValueError(
            "must be the name of an environment variable that begins with SAFER_ALERT_ (set the address itself there:"
            " it may hold a password)"
        )
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("must not name anything twice (remove one)")
    return values


Text = Annotated[str, StringConstraints(min_length=1)]
Clock = Annotated[time, BeforeValidator(_as_clock)]
Setting = Annotated[Text, AfterValidator(_is_setting)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)


class Route(_Record):
    """Where one role is told, and in which hours it is left alone.

    `owner` is a role as `sources.toml` or `measures.toml` names it. From `quiet_from` to `quiet_to` in London (over midnight
    if the first is later) nothing is sent but the kinds of `may_break_quiet`; what waits is sent afterwards.
    """

    owner: Text
    addresses: Annotated[tuple[Setting, ...], Field(min_length=1), AfterValidator(_distinct)]
    quiet_from: Clock | None = None
    quiet_to: Clock | None = Field(default=None, validate_default=True)
    may_break_quiet: Annotated[tuple[Kind, ...], AfterValidator(_distinct)] = ()

    @field_validator("quiet_to")
    @classmethod
    def _both_or_neither(cls, value: time | None, info: ValidationInfo) -> time | None:
        if "quiet_from" in info.data and (value is None) is not (info.data["quiet_from"] is None):
            raise ValueError("must be given together with quiet_from (add the other, or remove both)")
        if value is not None and value == info.data.get("quiet_from"):
            raise ValueError("must differ from quiet_from (else the whole day would be quiet)")
        return value

    def is_quiet(self, kind: str, moment: datetime) -> bool:
        """Whether an alert of this kind has to wait at this moment."""
        if self.quiet_from is None or self.quiet_to is None or kind in self.may_break_quiet:
            return False
        now = moment.astimezone(LONDON).time()
        if self.quiet_from < self.quiet_to:
            return self.quiet_from <= now < self.quiet_to
        return now >= self.quiet_from or now < self.quiet_to


class AlertsFile(_Record):
    """`alerts.toml`: the role that hears of everything, the hour of the digest, and the routes."""

    analyst: Text = "Partnership performance analyst"
    digest_at: Clock = time(8)
    route: tuple[Route, ...] = ()

    def digest_due(self, moment: datetime) -> datetime:
        """The newest moment at which a digest was due: warnings from before it are to be told."""
        there = moment.astimezone(LONDON)
        due = datetime.combine(there.date(), self.digest_at, LONDON)
        return due if due <= there else datetime.combine(there.date() - timedelta(days=1), self.digest_at, LONDON)

    def routes_of(self, owner: str) -> tuple[Route, ...]:
        """The routes of a role; none means that it is told through `SAFER_ALERT_URLS`."""
        return tuple(route for route in self.route if route.owner == owner)


class Meeting(_Record):
    """One meeting of the Board; `note` is for readers of the file."""

    date: Annotated[date, BeforeValidator(_as_date)]
    note: str = ""


class MeetingsFile(_Record):
    """`board_meetings.toml`: the Board's meetings, and from how many days before one a late delivery is urgent."""

    urgent_days: Annotated[StrictInt, Field(ge=0, le=366)] = 10
    meeting: tuple[Meeting, ...] = ()

    def upcoming(self, day: date) -> date | None:
        """The next meeting on or after a day; None when none is registered."""
        return min((m.date for m in self.meeting if m.date >= day), default=None)

    def pressing(self, day: date) -> date | None:
        """The next meeting, if it is near enough for a late delivery to be urgent."""
        found = self.upcoming(day)
        return found if found and (found - day).days <= self.urgent_days else None


def alert_problems(alerts: AlertsFile, roles: Collection[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with routes beyond single values: a role nobody has, a role twice."""
    known = sorted(roles)
    for number, route in enumerate(alerts.route, start=1):
        if route.owner not in (*known, alerts.analyst):
            yield f"route[{number}].owner", "is no owner in sources.toml or measures.toml (write it as there)"
    for owner, times in sorted(Counter(route.owner for route in alerts.route).items()):
        if times > 1:
            yield owner, f"has {times} routes (merge them into one)"
    if alerts.route and alerts.analyst not in {*roles, *(route.owner for route in alerts.route)}:
        yield (
            "analyst",
            "has no route, and is no owner in sources.toml or measures.toml (write the role as it stands there)",
        )


def meeting_problems(meetings: Sequence[Meeting]) -> Iterator[tuple[str, str]]:
    """Meetings that stand twice."""
    for day, times in sorted(Counter(meeting.date for meeting in meetings).items()):
        if times > 1:
            yield day.isoformat(), f"stands {times} times (remove all but one)"
