"""Registering deliveries: which files in landing, and which pulls, are new and good; the raw tables' rows.

Here: `register`, which takes in one source, and what it remembers of unchanged files. Not here: the rules of acceptance
(`acceptance.py`) and precedence (`precedence.py`), how bytes are found and kept (`resources/landing.py`,
`resources/archive.py`), what rows mean (`assets/clean`), Dagster.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from assets.clean.typed import DateOrder, period_dates
from assets.raw.acceptance import (
    check_days,
    check_manifest,
    check_totals,
    content_check,
    coverage_of,
    days_of,
    expected_columns,
)
from assets.raw.precedence import Counting, Span, counting, current, needed, overlap, previous, previously
from expectations.contracts import PARTNERS, TABLES
from expectations.contracts.model import Delivery, Table
from expectations.contracts.partner import Source
from resources.archive import Archive, Receipt, Refusal, Staged
from resources.landing import (
    IGNORED,
    PIECE,
    Candidate,
    Content,
    DeliveryFault,
    Form,
    Landing,
    oserror_text,
    shown,
)
from resources.pull import Pull, fetch
from resources.tabular import REMOVE, read_rows

__all__ = [
    "Counting",
    "Registration",
    "Terms",
    "counting",
    "current",
    "delivered_table",
    "previous",
    "previously",
    "register",
    "unclaimed",
    "waiting",
]

#: Raise it when a rule of acceptance changes: files that were judged by the old rules are then judged again.
RULES = 2
#: Hashing, decompressing and writing leave the interpreter free, so a second thread nearly halves the time.
THREADS = 2
#: Refusals that may end without the file changing: such a file is read again each time. (So is one in a conflict, for
#: its content has no receipt.)
_MAY_PASS = frozenset({"changing", "unreadable"})
#: Bytes and rows of a partner's file, unpacked: none comes near them, and the clean stage holds one whole.
PARTNER_LIMIT = 256 << 20
ROWS_LIMIT = 2_000_000
_NAMES_SHOWN = 5


@dataclass(frozen=True)
class Terms:
    """What the register says of how a partner delivers.

    Attributes:
        sheet: name of the sheet in its workbooks; empty for the one named as the source, or the only one.
        date_order: order of day, month and year where a date is not written YYYY-MM-DD.
        pull: the query that fetches its rows, if they are not (only) delivered as files.
    """

    sheet: str = ""
    date_order: DateOrder = "YMD"
    pull: Pull | None = None


@dataclass(frozen=True)
class Registration:
    """What one scan of one source found.

    `accepted`: receipts of contents other than the slot's current one. `repeated`: contents in landing that bring
    nothing new. `refused` holds every refused delivery that lies in landing, `known` where it was told before.
    `ignored`: files recognised and left aside. All in a fixed order, and the same whatever `seen` remembers.
    """

    accepted: list[Receipt]
    repeated: int
    refused: list[Refusal]
    ignored: int
    notes: list[str]


@dataclass(frozen=True)
class Arrival:
    """One content that is fit to be accepted."""

    content: Content
    candidate: Candidate
    staged: Staged
    extracted_at: str | None
    coverage: Span | None
    pulled: bool = False

    @property
    def sha256(self) -> str:
        """Hash of the uncompressed bytes."""
        return self.staged.sha256

    def receipt(self) -> Receipt:
        """The receipt, yet without number and time."""
        return Receipt(
            number=0,
            source=self.candidate.source,
            slot=self.content.slot,
            force=self.content.force,
            month=self.content.month,
            sha256=self.staged.sha256,
            size=self.staged.size,
            rows=self.staged.rows,
            header=self.staged.header,
            form=self.candidate.form,
            name=self.content.name,
            extracted_at=self.extracted_at,
            coverage=self.coverage,
            received_at="",
        )


@dataclass(frozen=True)
class Settled:
    """Arrivals of one scan, sorted out: to accept, in this order; bringing nothing new; undecidable, by what they contest."""

    accepted: list[Arrival]
    repeated: list[Arrival]
    conflicts: list[tuple[str, list[Arrival]]]


# --- what is new -------------------------------------------------------------------------------------------------------


def settle(arrivals: Iterable[Arrival], receipts: Sequence[Receipt]) -> Settled:
    """Decide what becomes of the arrivals of one scan, where one content counts a slot; their order changes nothing.

    A content that the slot has had before brings nothing new, unless it and the slot's current version both declare
    when they were extracted and its own is later: then the sender says that it holds (again). Several new contents of
    one slot are accepted only if they all declare different times of extraction.
    """
    slots: dict[str, dict[str, list[Arrival]]] = defaultdict(lambda: defaultdict(list))
    for arrival in sorted(arrivals, key=lambda a: (a.extracted_at or "", a.content.name)):
        slots[arrival.content.slot][arrival.sha256].append(arrival)
    had = {(receipt.slot, receipt.sha256) for receipt in receipts}
    now = current(receipts)
    accepted: list[Arrival] = []
    repeated: list[Arrival] = []
    conflicts: list[tuple[str, list[Arrival]]] = []
    for slot, contents in sorted(slots.items()):
        # The same content more than once: the copy with the latest declared extraction speaks for all.
        spokesmen = {sha256: copies[-1] for sha256, copies in contents.items()}
        new = [arrival for sha256, arrival in spokesmen.items() if (slot, sha256) not in had]
        times = {arrival.extracted_at for arrival in new}
        if len(new) > 1 and (None in times or len(times) < len(new)):
            contested = (copy for arrival in new for copy in contents[arrival.sha256])
            conflicts.append((slot, sorted(contested, key=lambda a: a.content.name)))
            new = []
        again = [
            arrival
            for sha256, arrival in spokesmen.items()
            if (slot, sha256) in had and _is_later(arrival.extracted_at, now[slot].extracted_at)
        ]
        accepted += sorted([*new, *again], key=lambda a: (a.extracted_at or "", a.sha256))
        everyone = [copy for copies in contents.values() for copy in copies]
        taken = {id(arrival) for arrival in [*new, *again, *(a for _, group in conflicts for a in group)]}
        repeated += [copy for copy in everyone if id(copy) not in taken]
    return Settled(accepted, repeated, conflicts)


def settle_days(arrivals: Iterable[Arrival], receipts: Sequence[Receipt]) -> Settled:
    """Decide what becomes of the arrivals of one scan of a partner source; their order changes nothing.

    As `settle`, but contents contest days and not slots: several new ones of which two share a day, or that are the same bytes
    with other coverages, are accepted only if they declare different times of extraction. A pull that brings what counts
    already brings nothing new, however late it was made.
    """
    copies: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
    for arrival in sorted(arrivals, key=lambda a: (a.extracted_at or "", a.content.name)):
        copies[arrival.content.slot, arrival.sha256].append(arrival)
    spokesmen = {content: found[-1] for content, found in copies.items()}
    had = {(receipt.slot, receipt.sha256) for receipt in receipts}
    new = [arrival for content, arrival in spokesmen.items() if content not in had]
    contests = _contests(sorted(new, key=lambda a: (a.coverage or ("", ""), a.sha256)))
    contested = {id(arrival) for group in contests for arrival in group}
    fit = sorted((a for a in new if id(a) not in contested), key=_in_order)
    number = max((receipt.number for receipt in receipts), default=0)
    # What would count with the new ones there: else the next scan might find that an older one holds again.
    standing = counting([*receipts, *(replace(a.receipt(), number=number + n) for n, a in enumerate(fit, 1))])
    again = [a for content, a in spokesmen.items() if content in had and _says_more(a, standing)]
    accepted = [*fit, *again]
    conflicts = []
    for group in contests:
        days = [day for arrival in group for day in arrival.coverage or ()]
        everyone = [copy for a in group for copy in copies[a.content.slot, a.sha256]]
        conflicts.append((_slot((min(days), max(days))), sorted(everyone, key=lambda a: a.content.name)))
    taken = {id(a) for a in [*accepted, *(copy for _, group in conflicts for copy in group)]}
    return Settled(
        sorted(accepted, key=_in_order),
        [copy for found in copies.values() for copy in found if id(copy) not in taken],
        conflicts,
    )


def _in_order(arrival: Arrival) -> tuple[str, str, str]:
    """The order in which the arrivals of one scan are numbered."""
    return arrival.extracted_at or "", arrival.content.slot, arrival.sha256


def _contests(new: Sequence[Arrival]) -> list[list[Arrival]]:
    """Groups of new contents that contest days with one another and do not say which was extracted last."""
    groups: list[list[Arrival]] = []
    for arrival in new:
        rivals = [group for group in groups if any(_rivals(arrival, other) for other in group)]
        groups = [group for group in groups if group not in rivals]
        groups.append([arrival, *(other for group in rivals for other in group)])
    return [group for group in groups if len(group) > 1]


def _rivals(one: Arrival, other: Arrival) -> bool:
    if one.extracted_at and other.extracted_at and one.extracted_at != other.extracted_at:
        return False
    if one.sha256 == other.sha256 and one.staged.rows == 0:  # both say that nothing happened
        return (one.coverage or "")[0] == (other.coverage or "")[0]
    return one.sha256 == other.sha256 or overlap(one.coverage, other.coverage)


def _says_more(arrival: Arrival, standing: Iterable[Counting]) -> bool:
    """Whether a content that was received before holds (again) by a later extraction than what counts on its days."""
    return any(
        any(overlap(arrival.coverage, span) for span in one.spans)
        and _is_later(arrival.extracted_at, one.receipt.extracted_at)
        and not (arrival.pulled and (one.receipt.slot, one.receipt.sha256) == (arrival.content.slot, arrival.sha256))
        for one in standing
    )


def _is_later(new: str | None, old: str | None) -> bool:
    return new is not None and old is not None and new > old


# --- one scan ---------------------------------------------------------------------------------------------------------


def register(source: str, landing: Landing, archive: Archive, seen: Path, terms: Terms | None = None) -> Registration:
    """Take in what lies in landing for this source, and what its pull brings.

    Args:
        source: `police_street`, `neighbourhood`, `lsoa_neighbourhood`, `population` or a partner source.
        landing: where it lies; nothing is changed there.
        archive: gets the accepted contents, their receipts, and the refusals.
        seen: JSON file of what earlier scans made of each file, so that unchanged files are not read again. It may be
            lost or damaged: that costs time and nothing else.
        terms: what the register says of a partner source.

    Returns:
        What became of every delivery. Raises LandingError or ArchiveError, one line, when that cannot be settled.
    """
    terms = terms or Terms()
    with archive.receiving():
        receipts = archive.receipts(source)
        memory = _memory(seen, source, archive, terms)
        judged: list[_Judged] = []
        unread: list[Candidate] = []
        for candidate in landing.candidates(source):
            if candidate.reason:
                judged.append(_judge_by_name(candidate))
            elif remembered := memory.recall(candidate):
                judged.append(remembered)
            else:
                unread.append(candidate)
        judged += _read(unread, archive, terms)
        files = list(judged)
        if terms.pull:
            judged.append(_pull(source, terms.pull, archive, terms))

        decide = settle_days if source in PARTNERS else settle
        settled = decide([arrival for item in judged for arrival in item.arrivals], receipts)
        written = archive.accept([(arrival.receipt(), arrival.staged) for arrival in settled.accepted])
        held = _kept(archive, source)
        for arrival in settled.repeated:
            if arrival.sha256 not in held:  # has a receipt, but its bytes were lost
                archive.keep(arrival.staged)
                held.add(arrival.sha256)
        conflicts = [_conflict(slot, arrivals) for slot, arrivals in settled.conflicts]
        refused = _log_refusals(archive, [*conflicts, *(refusal for item in judged for refusal in item.refused)])
        notes = memory.save(files)

    before = current(receipts)
    accepted = [new for new in written if new.slot not in before or before[new.slot].sha256 != new.sha256]
    undecided_contents = sum(len(arrivals) for _, arrivals in settled.conflicts)
    mixed = sum(content.mixed_line_ends for item in judged for content in item.contents)
    if mixed:
        notes.append(f"{source}: {mixed} files mix the line ends CRLF and LF; they are read as they are")
    return Registration(
        accepted=accepted,
        repeated=sum(len(item.contents) for item in judged) - undecided_contents - len(accepted),
        refused=refused,
        ignored=sum(item.ignored for item in judged),
        notes=notes,
    )


def waiting(source: str, landing: Landing, archive: Archive, seen: Path, terms: Terms | None = None) -> bool:
    """Whether landing holds a file of this source that no scan has read yet; nothing is read, pulled or written."""
    memory = _memory(seen, source, archive, terms or Terms())
    return any(not c.reason and memory.recall(c) is None for c in landing.candidates(source))


def unclaimed(landing: Landing, archive: Archive) -> Registration:
    """What lies in landing where no source is delivered: refused, or left aside with a note."""
    judged = [_judge_by_name(candidate) for candidate in landing.unclaimed()]
    with archive.receiving():
        refused = _log_refusals(archive, [refusal for item in judged for refusal in item.refused])
    notes = [f"{shown(item.candidate.name)}: {item.candidate.text}" for item in judged if item.ignored]
    return Registration([], 0, refused, sum(item.ignored for item in judged), notes)


@dataclass(frozen=True)
class _Known:
    """A good content, as far as later scans need it."""

    slot: str
    sha256: str
    mixed_line_ends: bool


@dataclass(frozen=True)
class _Judged:
    """What became of one file in landing; `arrivals` only if it was read in this scan."""

    candidate: Candidate
    contents: list[_Known] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    ignored: int = 0
    arrivals: list[Arrival] = field(default_factory=list)


@dataclass(frozen=True)
class _Good:
    """A content that was read through and found whole; `days` are those of a partner's rows that can be read."""

    staged: Staged
    days: frozenset[str] = frozenset()


_Outcome = tuple[Content, _Good | DeliveryFault]


def _refusal(candidate: Candidate, name: str, slot: str, reason: str, text: str) -> Refusal:
    return Refusal(name, candidate.source, reason, f"{shown(name)}: {text}", slot, candidate.stamp)


def _judge_by_name(candidate: Candidate) -> _Judged:
    if candidate.reason == IGNORED:
        return _Judged(candidate, ignored=1)
    return _refuse_whole(candidate, candidate.reason, candidate.text)


def _refuse_whole(candidate: Candidate, reason: str, text: str) -> _Judged:
    return _Judged(candidate, refused=[_refusal(candidate, candidate.name, candidate.slot, reason, text)])


def _conflict(slot: str, arrivals: Sequence[Arrival]) -> Refusal:
    source = arrivals[0].candidate.source
    contested = f"days of {slot.replace('/', ' to ')}" if source in PARTNERS else slot
    names = [arrival.content.name for arrival in arrivals]
    said = " and ".join(names[:_NAMES_SHOWN])
    if len(names) > _NAMES_SHOWN:
        said = f"{said} and {len(names) - _NAMES_SHOWN} more"
    text = f"different contents for {contested}; keep one in landing, or give each a manifest with its own extracted_at"
    stamp = tuple(number for arrival in arrivals for number in arrival.candidate.stamp)
    return Refusal(said, source, "conflict", f"{shown(said)}: {text}", slot, stamp)


def _log_refusals(archive: Archive, refusals: Iterable[Refusal]) -> list[Refusal]:
    return archive.refuse(sorted(refusals, key=lambda refusal: (refusal.name, refusal.slot, refusal.reason)))


def _read(candidates: Sequence[Candidate], archive: Archive, terms: Terms) -> list[_Judged]:
    """Read these files through and stage what is good in them."""
    judged: list[_Judged] = []
    listed: list[tuple[Candidate, list[Content]]] = []
    for candidate in candidates:
        try:
            listed.append((candidate, candidate.contents()))
        except DeliveryFault as fault:
            judged.append(_refuse_whole(candidate, fault.reason, fault.text))
    # A zip is shared out between the threads, each with its own handle on it.
    units = [
        (candidate, part)
        for candidate, contents in listed
        for start in range(THREADS)
        if (part := [content for content in contents if not content.reason][start::THREADS])
    ]
    found: dict[str, list[_Outcome]] = defaultdict(list)
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            stage = partial(_stage, archive, terms)
            for (candidate, _), outcome in zip(units, pool.map(stage, units), strict=True):
                found[candidate.name] += outcome
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    today = archive.time()[:10]
    return judged + [_judge(candidate, contents, found[candidate.name], today) for candidate, contents in listed]


def _stage(archive: Archive, terms: Terms, unit: tuple[Candidate, list[Content]]) -> list[_Outcome]:
    candidate, contents = unit
    partner = PARTNERS.get(candidate.source)
    result: list[_Outcome] = []
    try:
        for content, pieces in candidate.read(contents):
            with closing(pieces):
                try:
                    if partner:
                        good = _stage_partner(archive, terms, partner.delivery, candidate.form, pieces)
                    else:
                        good = _Good(archive.stage(pieces, content_check(candidate.source, content.month)))
                    result.append((content, good))
                except DeliveryFault as fault:
                    result.append((content, fault))
    except DeliveryFault as fault:  # the zip cannot be opened any more
        result += [(content, fault) for content in contents[len(result) :]]
    return result


def _stage_partner(archive: Archive, terms: Terms, delivery: Delivery, form: Form, pieces: Iterable[bytes]) -> _Good:
    """Stage a partner's table and look at its rows: how many, of which days, no totals; a workbook is judged unwritten."""
    if form == "xlsx":
        data = b"".join(_bounded(pieces))
        found = read_rows(delivery, data, form, terms.sheet)
        check_totals(delivery, found.rows)
        staged = archive.stage_workbook(data, found.header, len(found.rows))
    else:
        staged = archive.stage(_bounded(pieces), content_check(delivery.source, ""), may_be_rowless=True)
        try:
            if staged.rows > ROWS_LIMIT:
                raise _too_large(f"{ROWS_LIMIT:,} rows")
            found = read_rows(delivery, staged.path, form)
            check_totals(delivery, found.rows)
        except DeliveryFault:
            archive.discard(staged)
            raise
        staged = replace(staged, rows=len(found.rows))
    dated = found.rows[found.rows[delivery.period].str.strip() != ""]
    days = () if dated.empty else period_dates(delivery, dated, terms.date_order).dropna()
    return _Good(staged, frozenset(days))


def _bounded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    taken = 0
    for piece in pieces:
        taken += len(piece)
        if taken > PARTNER_LIMIT:
            raise _too_large(f"{PARTNER_LIMIT >> 20} MiB")
        yield piece


def _too_large(limit: str) -> DeliveryFault:
    return DeliveryFault("size", f"holds more than {limit}; deliver it in parts, each for its own days")


def _pull(source: str, pull: Pull, archive: Archive, terms: Terms) -> _Judged:
    """What the source's query brings, judged as a delivered file is; the same refusal is told once a day."""
    started = archive.time()
    midnight = datetime.fromisoformat(f"{started[:10]}T00:00:00+00:00")
    candidate = Candidate(f"pull:{source}", source, Path(), 0, int(midnight.timestamp()) * 10**9)
    delivery = PARTNERS[source].delivery
    try:
        data, declared = fetch(pull, delivery)
        pieces = (data[at : at + PIECE] for at in range(0, len(data), PIECE))
        good = _stage_partner(archive, terms, delivery, "csv", pieces)
        coverage = coverage_of(source, declared, None, started[:10])
        check_days(coverage, good.days)
    except DeliveryFault as fault:
        return _refuse_whole(candidate, fault.reason, fault.text.replace(REMOVE, "correct the query of the pull"))
    content = Content(candidate.name, _slot(coverage))
    arrival = Arrival(content, candidate, good.staged, started, coverage, pulled=True)
    return _Judged(candidate, [_Known(content.slot, arrival.sha256, False)], arrivals=[arrival])


def _slot(coverage: Span) -> str:
    return "/".join(coverage)


def _judge(candidate: Candidate, contents: list[Content], found: list[_Outcome], today: str) -> _Judged:
    """Settle one file that was read: all its contents, its manifest, and whether it held still meanwhile."""
    refused = [
        _refusal(candidate, content.name, content.slot, content.reason, content.text)
        for content in contents
        if content.reason not in ("", IGNORED)
    ]
    good: list[tuple[Content, _Good]] = []
    for content, outcome in sorted(found, key=lambda pair: pair[0].name):
        if isinstance(outcome, _Good):
            good.append((content, outcome))
        else:
            refused.append(_refusal(candidate, content.name, content.slot, outcome.reason, outcome.text))
    arrivals: list[Arrival] = []
    try:
        if good:
            arrivals = _with_manifest(candidate, good, today)
        if not candidate.unchanged():
            raise DeliveryFault("changing", "changed while it was read; it is tried again at the next refresh")
    except DeliveryFault as fault:
        return _refuse_whole(candidate, fault.reason, fault.text)
    known = [_Known(a.content.slot, a.sha256, a.staged.mixed_line_ends) for a in arrivals]
    ignored = sum(content.reason == IGNORED for content in contents)
    return _Judged(candidate, known, refused, ignored, arrivals)


def _with_manifest(candidate: Candidate, good: Sequence[tuple[Content, _Good]], today: str) -> list[Arrival]:
    """The contents of a file with what its manifest says of them, and the days they cover."""
    manifest = candidate.manifest()
    extracted_at = manifest.extracted_at if manifest else None
    arrivals = []
    for content, found in good:
        if candidate.source in PARTNERS:
            coverage: Span | None = coverage_of(candidate.source, content.coverage, manifest, today)
        else:
            coverage = days_of(content.month) if content.month else manifest.coverage if manifest else None
        if candidate.source in PARTNERS and coverage:
            check_days(coverage, found.days)
            content = replace(content, slot=_slot(coverage))
        arrivals.append(Arrival(content, candidate, found.staged, extracted_at, coverage))
    if manifest:
        contents = [(content, found.staged) for content, found in good]
        check_manifest(manifest, candidate.source, candidate.delivered_sha256(), contents)
    return arrivals


def _memory(seen: Path, source: str, archive: Archive, terms: Terms) -> _Memory:
    had = {(receipt.slot, receipt.sha256) for receipt in archive.receipts(source)}
    rules: list[Any] = [RULES, *expected_columns(source)]
    if source in PARTNERS:
        rules += [PARTNERS[source].delivery.mandatory, terms.sheet, terms.date_order]
    return _Memory(seen, source, had, _kept(archive, source), rules)


def _kept(archive: Archive, source: str) -> set[str]:
    """Contents that need not be stored again: those in the archive, and those purged from it that no table is made from."""
    return archive.held() | (set(archive.purged()) - needed(archive.receipts(source)))


class _Memory:
    """What earlier scans made of the files of one source, kept in a disposable file."""

    def __init__(self, path: Path, source: str, had: Set[tuple[str, str]], held: Set[str], rules: list[Any]):
        self._path = path
        self._source = source
        self._had = had
        self._held = held
        self._rules = rules
        self._all: dict[str, Any] = {}
        with suppress(OSError, ValueError, RecursionError):
            read = json.loads(path.read_bytes())
            self._all = read if isinstance(read, dict) else {}

    def recall(self, candidate: Candidate) -> _Judged | None:
        """What became of this very file, if its contents still have their receipts and their bytes; else None."""
        try:
            mine = self._all[self._source]
            entry = mine["files"][candidate.name]
            if mine["rules"] != self._rules or tuple(entry["stamp"]) != candidate.stamp:
                return None
            contents = [_Known(str(slot), str(sha256), bool(mixed)) for slot, sha256, mixed in entry["contents"]]
            refused = [
                _refusal(candidate, str(name), str(slot), str(reason), str(text))
                for name, slot, reason, text in entry["refused"]
            ]
            ignored = int(entry["ignored"])
        except (KeyError, TypeError, ValueError):
            return None
        if not all((c.slot, c.sha256) in self._had and c.sha256 in self._held for c in contents):
            return None
        return _Judged(candidate, contents, refused, ignored)

    def save(self, judged: Iterable[_Judged]) -> list[str]:
        """Remember these, and no others of the source; a note if that failed."""
        files = {
            item.candidate.name: {
                "stamp": list(item.candidate.stamp),
                "contents": [[c.slot, c.sha256, c.mixed_line_ends] for c in item.contents],
                "refused": [
                    [r.name, r.slot, r.reason, r.message.removeprefix(f"{shown(r.name)}: ")] for r in item.refused
                ],
                "ignored": item.ignored,
            }
            for item in judged
            if not item.candidate.reason and not any(refusal.reason in _MAY_PASS for refusal in item.refused)
        }
        after = self._all | {self._source: {"rules": self._rules, "files": files}}
        if after == self._all:
            return []
        fresh = self._path.with_name(f"{self._path.name}.new")
        try:
            fresh.write_text(json.dumps(after, separators=(",", ":"), sort_keys=True), encoding="ascii")
            fresh.replace(self._path)
        except OSError as error:
            return [
                f"{self._path.name} cannot be written ({oserror_text(error)}): the next refresh reads all files anew"
            ]
        return []


# --- the raw tables ---------------------------------------------------------------------------------------------------


def delivered_table(receipts: Iterable[Receipt], source: str) -> pd.DataFrame:
    """The rows of `raw_<source>`: for each slot the delivery that counts, and which it replaced; sorted by key.

    Of a partner source, the rows of `partner_table`.
    """
    if source in PARTNERS:
        return partner_table(receipts, PARTNERS[source])
    table = TABLES[f"raw_{source}"]
    mine = [receipt for receipt in receipts if receipt.source == source]
    replaced = previous(mine)
    versions: dict[str, set[str]] = defaultdict(set)
    for receipt in mine:
        versions[receipt.slot].add(receipt.sha256)
    rows = [
        {
            "source": source,
            "force": receipt.force,
            "month": receipt.month,
            "sha256": receipt.sha256,
            "size": receipt.size,
            "delivered_rows": receipt.rows,
            "versions": len(versions[slot]),
            "previous_sha256": replaced[slot].sha256 if slot in replaced else None,
        }
        for slot, receipt in current(mine).items()
    ]
    return _framed(table, rows)


def partner_table(receipts: Iterable[Receipt], source: Source) -> pd.DataFrame:
    """The rows of a partner's raw table: each delivery that counts and the days on which it does; sorted by key."""
    mine = [receipt for receipt in receipts if receipt.source == source.name]
    versions = len({receipt.sha256 for receipt in mine})
    rows = [
        {
            "sha256": one.receipt.sha256,
            "size": one.receipt.size,
            "form": "xlsx" if one.receipt.form == "xlsx" else "csv",
            "delivered_rows": one.receipt.rows,
            "coverage_start": (one.receipt.coverage or ("", ""))[0],
            "coverage_end": (one.receipt.coverage or ("", ""))[1],
            "spans": " ".join("/".join(span) for span in one.spans),
            "versions": versions,
            "replaces_until": one.replaces_until,
        }
        for one in counting(mine)
    ]
    return _framed(source.raw, rows)


def _framed(table: Table, rows: list[dict[str, Any]]) -> pd.DataFrame:
    types = {column.name: "int64" if column.type == "int" else "str" for column in table.columns}
    frame = pd.DataFrame(rows, columns=table.column_names).astype(types)
    return frame.sort_values(list(table.key), ignore_index=True)
