"""Answers of status and rejects: what came, what is let out and what waits, on one screen of 80 by 24; rows set aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from itertools import zip_longest

from assets.alerts import day
from assets.clock import evaluation_date
from assets.raw.registration import current as counting
from assets.release import editions, folder
from assets.release.timeliness import late_sources
from assets.setup import SOURCES
from expectations.contracts import PARTNERS
from expectations.register import Register
from pipelines.commands.answer import Answer, typed
from pipelines.workspace import Workspace, WorkspaceError
from resources.archive import Receipt

#: Columns of a usual terminal; no line is longer unless a reason or a path is.
_WIDTH = 80


@dataclass(frozen=True)
class SourceState:
    """What a source has delivered: how many deliveries count, the newest month they reach, the month that is late."""

    source: str
    owner: str
    deliveries: int
    first_month: str
    last_month: str
    late: str

    @property
    def words(self) -> str:
        """In a few words."""
        if not self.deliveries:
            return "none yet"
        return f"late: {self.late}" if self.late else f"to {self.last_month}" if self.last_month else "received"


def status(answer: Answer, workspace: Workspace, *, full: bool) -> None:
    """Deliveries, lateness, verdict of each measure, last release, and what waits for a person."""
    register = workspace.register
    receipts = workspace.archive.receipts()
    as_of = evaluation_date(workspace.settings.as_of, register.clock, receipts, date.today())
    late = late_sources(register, receipts, as_of)
    sources = [_source(register, name, receipts, late[name].month if name in late else "") for name in SOURCES.values()]
    answer.give(partnership=register.name, as_of=as_of, sources=[asdict(s) | {"state": s.words} for s in sources])
    answer.say(f"{register.name}, evaluated as of {as_of}")
    _released(answer, workspace, full)
    for line in _in_pairs(sources):
        answer.say(line)
    if full:
        for one in sources:
            answer.say(f"{one.source}: owner {one.owner}, {one.deliveries} deliveries count, {one.words}")
    meeting = register.board_meetings.upcoming(as_of)
    answer.give(board_meets=meeting)
    if meeting:
        urgent = late and register.board_meetings.pressing(as_of)
        answer.say(f"The Board meets on {day(meeting)}{': what is late is urgent' if urgent else ''}.")
    notifier = workspace.notifier
    opened = [(case.since[:10], case.subject) for case in notifier.open_cases()]
    unsent = [alert.subject for alert in notifier.unsent()]
    answer.give(alerts_open=[{"since": since, "subject": subject} for since, subject in opened], alerts_not_sent=unsent)
    for line in _alerts(opened, unsent, full):
        answer.say(line)


def _alerts(opened: list[tuple[str, str]], unsent: list[str], full: bool) -> Iterator[str]:
    """What is open and what nobody was told yet: the first in one line of the screen with how many more, or all."""
    told = [(f"open since {day}{', not sent yet' if s in unsent else ''}", s) for day, s in opened]
    told += [("alert not sent yet", subject) for subject in unsent if subject not in {s for _, s in opened}]
    if full:
        yield from (f"{start}: {subject}" for start, subject in told)
    elif told:
        (start, subject), more = told[0], f", and {len(told) - 1} more" if len(told) > 1 else ""
        room = _WIDTH - len(f"{start}: {more}")
        yield f"{start}: {subject if len(subject) <= room else subject[: room - 1] + '…'}{more}"


def _source(register: Register, name: str, receipts: list[Receipt], late: str) -> SourceState:
    held = counting([r for r in receipts if r.source == name])
    firsts = [r.month or (r.coverage or ("",))[0][:7] for r in held.values()]
    lasts = [r.month or (r.coverage or ("", ""))[1][:7] for r in held.values()]
    return SourceState(
        name,
        register.sources[name].owner,
        len(held),
        min(filter(None, firsts), default=""),
        max(filter(None, lasts), default=""),
        late,
    )


def _released(answer: Answer, workspace: Workspace, full: bool) -> None:
    released = folder.current(workspace.pipeline.releases)
    if released is None:
        answer.give(release=None, measures=[], edition=None, commentary_awaited={})
        answer.say("No release yet: run safer-outcomes refresh.")
        return
    edition = editions.standing(workspace.pipeline.data)
    wanted = released.manifest.get("commentary_wanted", {})
    measures = [
        {"measure": name, **{key: said[key] for key in ("name", "state", "as_at", "reasons")}}
        for name, said in released.manifest["measures"].items()
    ]
    page = workspace.pipeline.releases / "current" / "index.html"
    approved = edition and {
        "release": edition.release,
        "by": edition.approved["by"],
        "at": edition.approved["at"],
        "reason": edition.approved["reason"],
    }
    answer.give(release=released.id, page=page, measures=measures, edition=approved, commentary_awaited=wanted)
    answer.say(f"Release {released.id}: {typed(page)}")
    if approved:
        answer.say(f"Edition {approved['release']}, approved by {approved['by']} on {approved['at'][:10]}.")
    for one in measures:
        title, state = f"{one['measure']} {one['name']}", one["state"].replace("_", " ")
        answer.say(f"{title[:52]:53}{state:15}{one['as_at']}".rstrip())
        if one["reasons"] and (full or one["state"] == "held"):
            answer.say(f"     {' '.join(one['reasons'])}")
    for name, why in wanted.items():
        answer.say(f"commentary awaited of {name}: {why[0]}")


def _in_pairs(sources: list[SourceState]) -> Iterator[str]:
    """Two sources a line: name, deliveries that count, state."""
    cells = [f"{one.source:18} {one.deliveries:>3} {one.words:16}" for one in sources]
    half = (len(cells) + 1) // 2
    for left, right in zip_longest(cells[:half], cells[half:], fillvalue=""):
        yield f"{left} {right}".rstrip()[:_WIDTH]


def rejects(answer: Answer, workspace: Workspace, source: str) -> None:
    """Every row of a source that was set aside: file as delivered, row below the header, reason."""
    if source not in PARTNERS:
        raise WorkspaceError(f"no partner source is called {source}: choose one of {', '.join(PARTNERS)}")
    with workspace.warehouse.snapshot() as snapshot:
        rows = snapshot.frame(PARTNERS[source].quarantine)
    names = {receipt.sha256: receipt.name for receipt in workspace.archive.receipts(source)}
    found = [
        {"file": names.get(row.sha256, row.sha256[:12]), "row": int(row.row_number), "reason": row.reason}
        for row in rows.itertuples()
    ]
    answer.give(source=source, rows=found)
    if not answer.as_json:
        from rich.table import Table

        table = Table("file", "row", "reason")
        for one in found:
            table.add_row(one["file"], str(one["row"]), one["reason"].replace("_", " "))
        answer.show(table)
    answer.say(f"{len(found)} rows of {source} set aside; row 1 is the first below the header.")
