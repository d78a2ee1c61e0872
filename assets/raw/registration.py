"""Registering deliveries: which files in landing are new, good and count; the raw tables' rows.

Here: the rules of acceptance and precedence (design section 4, spec 2.3, 3.1, 3.9), as pure functions, and `register`,
which applies them to one source. Not here: how bytes are found and kept (`resources/landing.py`,
`resources/archive.py`), what rows mean (`assets/clean`), Dagster.
"""

from __future__ import annotations

import json
import re
from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

import pandas as pd

from expectations.contracts import TABLES
from expectations.contracts.police_street import STREET_HEADER
from resources.archive import Archive, Check, Receipt, Refusal, Staged
from resources.landing import (
    IGNORED,
    STREET_SOURCE,
    Candidate,
    Content,
    DeliveryFault,
    Landing,
    Manifest,
    oserror_text,
    shown,
)

#: Raise it when a rule of acceptance changes: files that were judged by the old rules are then judged again.
RULES = 1
#: Hashing, decompressing and writing leave the interpreter free, so a second thread nearly halves the time.
THREADS = 2
#: Refusals that may end without the file changing: such a file is read again each time. (So is one in a conflict, for
#: its content has no receipt.)
_MAY_PASS = frozenset({"changing", "unreadable"})
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")
_MONTH_COLUMN = STREET_HEADER.index("Month")
_NAMES_SHOWN = 5


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
    coverage: tuple[str, str] | None

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
    """Arrivals of one scan, sorted out: to accept, in this order; bringing nothing new; undecidable, slot by slot."""

    accepted: list[Arrival]
    repeated: list[Arrival]
    conflicts: dict[str, list[Arrival]]


# --- precedence -------------------------------------------------------------------------------------------------------


def current(receipts: Iterable[Receipt]) -> dict[str, Receipt]:
    """The receipt that counts for each slot.

    In the order of arrival each receipt replaces the one before it, unless both declare when they were extracted and
    its own extraction is the earlier (design section 4).
    """
    return {slot: winner for slot, (winner, _) in _fold(receipts).items()}


def previous(receipts: Iterable[Receipt]) -> dict[str, Receipt]:
    """For each slot whose current content replaced another: the receipt that was replaced."""
    return {slot: replaced for slot, (_, replaced) in _fold(receipts).items() if replaced}


def _fold(receipts: Iterable[Receipt]) -> dict[str, tuple[Receipt, Receipt | None]]:
    result: dict[str, tuple[Receipt, Receipt | None]] = {}
    for receipt in sorted(receipts, key=lambda receipt: receipt.number):
        winner, replaced = result.get(receipt.slot, (None, None))
        if winner is None or _replaces(receipt.extracted_at, winner.extracted_at):
            same = winner is None or winner.sha256 == receipt.sha256
            result[receipt.slot] = (receipt, replaced if same else winner)
    return dict(sorted(result.items()))


def _replaces(new: str | None, old: str | None) -> bool:
    return new is None or old is None or new >= old


def settle(arrivals: Iterable[Arrival], receipts: Sequence[Receipt]) -> Settled:
    """Decide what becomes of the arrivals of one scan; the order in which they are given changes nothing.

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
    conflicts: dict[str, list[Arrival]] = {}
    for slot, contents in sorted(slots.items()):
        # The same content more than once: the copy with the latest declared extraction speaks for all.
        spokesmen = {sha256: copies[-1] for sha256, copies in contents.items()}
        new = [arrival for sha256, arrival in spokesmen.items() if (slot, sha256) not in had]
        times = {arrival.extracted_at for arrival in new}
        if len(new) > 1 and (None in times or len(times) < len(new)):
            conflicts[slot] = sorted(
                (copy for arrival in new for copy in contents[arrival.sha256]), key=lambda a: a.content.name
            )
            new = []
        again = [
            arrival
            for sha256, arrival in spokesmen.items()
            if (slot, sha256) in had and _is_later(arrival.extracted_at, now[slot].extracted_at)
        ]
        accepted += sorted([*new, *again], key=lambda a: (a.extracted_at or "", a.sha256))
        taken = {id(arrival) for arrival in [*new, *again, *conflicts.get(slot, [])]}
        repeated += [copy for copies in contents.values() for copy in copies if id(copy) not in taken]
    return Settled(accepted, repeated, conflicts)


def _is_later(new: str | None, old: str | None) -> bool:
    return new is not None and old is not None and new > old


# --- acceptance -------------------------------------------------------------------------------------------------------


def content_check(source: str, month: str) -> Check:
    """What header and first rows of a delivery must be; raises DeliveryFault."""
    if source == STREET_SOURCE:
        return lambda header, rows: _check_street(header, rows, month)
    return lambda header, _: _check_reference(header, source)


def _check_street(header: tuple[str, ...], rows: list[list[str]], month: str) -> None:
    if header != STREET_HEADER:
        if {"Easting", "Northing"} <= set(header):
            raise DeliveryFault(
                "layout_2012",
                "has the layout used until 2012: no Crime ID and no LSOA, so its rows can neither be counted once nor "
                "be placed; deliver the file as published since 2013, or remove it",
            )
        raise _header_fault(header, STREET_HEADER, STREET_HEADER)
    if not rows:
        return
    # Refused only if none of the first rows is of the file's month: single bad rows are a matter for the quarantine.
    values = (row[_MONTH_COLUMN] for row in rows if len(row) == len(STREET_HEADER))
    months = Counter(value for value in values if _MONTH.fullmatch(value))
    if not months:
        raise DeliveryFault("wrong_month", f"has no month in its first {len(rows)} rows; deliver the published file")
    if month not in months:
        held = max(sorted(months), key=lambda value: months[value])
        raise DeliveryFault(
            "wrong_month", f"holds {held} and is named {month}; give it its right name or deliver the right file"
        )


def expected_columns(source: str) -> tuple[str, ...]:
    """The columns that a delivery of this source may have; a street file must have them all, in this order."""
    return STREET_HEADER if source == STREET_SOURCE else tuple(TABLES[f"clean_{source}"].column_names)


def _check_reference(header: tuple[str, ...], source: str) -> None:
    names = expected_columns(source)
    mandatory = tuple(column.name for column in TABLES[f"clean_{source}"].columns if not column.nullable)
    if len(set(header)) < len(header) or not set(mandatory) <= set(header) <= set(names):
        raise _header_fault(header, names, mandatory)


def _header_fault(header: tuple[str, ...], expected: tuple[str, ...], mandatory: tuple[str, ...]) -> DeliveryFault:
    """Which columns are missing, unknown, repeated or out of order.

    Columns of the file are named only if most of the expected ones are there: else its first line may be a row.
    """
    wanted = f"expected {', '.join(expected)}"
    if 2 * len(set(header) & set(expected)) <= len(expected):
        separator = next((word for mark, word in ((";", "semicolons"), ("\t", "tabs")) if mark in header[0]), "")
        if separator and len(header) == 1:
            return DeliveryFault("header", f"is separated by {separator}; save it with commas")
        return DeliveryFault("header", f"does not begin with the header of this source; {wanted}")
    missing = [name for name in mandatory if name not in header]
    unknown = [name for name in dict.fromkeys(header) if name not in expected]
    twice = [name for name in dict.fromkeys(header) if header.count(name) > 1]
    moved = [name for name, due in zip(header, expected, strict=False) if name != due]
    parts = [("missing columns", missing), ("unknown columns", unknown), ("repeated columns", twice)]
    if not (missing or unknown or twice):
        parts = [("columns out of order", moved)]
    said = "; ".join(f"{what} {_named(names)}" for what, names in parts if names)
    return DeliveryFault("header", f"has {said}; remove it from landing and deliver it with the agreed columns")


def _named(names: list[str]) -> str:
    some = ", ".join(f"'{shown(name)[:40]}'" for name in names[:_NAMES_SHOWN])
    return some if len(names) <= _NAMES_SHOWN else f"{some} and {len(names) - _NAMES_SHOWN} more"


def check_manifest(manifest: Manifest, source: str, delivered_sha256: str, arrivals: Sequence[Arrival]) -> None:
    """Compare what the manifest declares with what came (spec 3.1); raises DeliveryFault.

    A zip's manifest speaks for all its contents together. `delivered_sha256` is of the file as delivered; the hash of
    the uncompressed bytes will do as well.
    """
    remedy = "correct the manifest or deliver the right file"
    if manifest.source is not None and manifest.source != source:
        raise DeliveryFault("manifest", f"its manifest names another source than {source}; {remedy}")
    hashes = {delivered_sha256, *([arrivals[0].sha256] if len(arrivals) == 1 else [])}
    if manifest.sha256 is not None and manifest.sha256 not in hashes:
        raise DeliveryFault("manifest", f"its bytes have another sha256 than its manifest says; {remedy}")
    rows = sum(arrival.staged.rows for arrival in arrivals)
    if manifest.row_count is not None and manifest.row_count != rows:
        raise DeliveryFault("manifest", f"it has {rows} rows and its manifest says {manifest.row_count}; {remedy}")
    if manifest.coverage is not None:
        for month in sorted({arrival.content.month for arrival in arrivals if arrival.content.month}):
            first, last = _days_of(month)
            if not (manifest.coverage[0] <= first and last <= manifest.coverage[1]):
                raise DeliveryFault("manifest", f"the coverage in its manifest leaves out part of {month}; {remedy}")


def _days_of(month: str) -> tuple[str, str]:
    year, number = int(month[:4]), int(month[5:])
    return f"{month}-01", f"{month}-{monthrange(year, number)[1]:02d}"


# --- one scan ---------------------------------------------------------------------------------------------------------


def register(source: str, landing: Landing, archive: Archive, seen: Path) -> Registration:
    """Take in what lies in landing for this source.

    Args:
        source: `police_street`, `neighbourhood`, `lsoa_neighbourhood` or `population`.
        landing: where it lies; nothing is changed there.
        archive: gets the accepted contents, their receipts, and the refusals.
        seen: JSON file of what earlier scans made of each file, so that unchanged files are not read again. It may be
            lost or damaged: that costs time and nothing else.

    Returns:
        What became of every delivery. Raises LandingError or ArchiveError, one line, when that cannot be settled.
    """
    with archive.receiving():
        receipts = archive.receipts(source)
        memory = _Memory(seen, source, {(receipt.slot, receipt.sha256) for receipt in receipts}, archive.held())
        judged: list[_Judged] = []
        unread: list[Candidate] = []
        for candidate in landing.candidates(source):
            if candidate.reason:
                judged.append(_judge_by_name(candidate))
            elif remembered := memory.recall(candidate):
                judged.append(remembered)
            else:
                unread.append(candidate)
        judged += _read(unread, archive)

        settled = settle([arrival for item in judged for arrival in item.arrivals], receipts)
        written = archive.accept([(arrival.receipt(), arrival.staged) for arrival in settled.accepted])
        held = archive.held()
        for arrival in settled.repeated:
            if arrival.sha256 not in held:  # has a receipt, but its bytes were lost
                archive.keep(arrival.staged)
                held.add(arrival.sha256)
        conflicts = [_conflict(slot, arrivals) for slot, arrivals in settled.conflicts.items()]
        refused = _log_refusals(archive, [*conflicts, *(refusal for item in judged for refusal in item.refused)])
        notes = memory.save(judged)

    before = current(receipts)
    accepted = [new for new in written if new.slot not in before or before[new.slot].sha256 != new.sha256]
    undecided_contents = sum(map(len, settled.conflicts.values()))
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


def waiting(source: str, landing: Landing, archive: Archive, seen: Path) -> bool:
    """Whether landing holds a file of this source that no scan has read yet; nothing is read or written."""
    known = {(receipt.slot, receipt.sha256) for receipt in archive.receipts(source)}
    memory = _Memory(seen, source, known, archive.held())
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


def _refusal(candidate: Candidate, name: str, slot: str, reason: str, text: str) -> Refusal:
    return Refusal(name, candidate.source, reason, f"{shown(name)}: {text}", slot, candidate.stamp)


def _judge_by_name(candidate: Candidate) -> _Judged:
    if candidate.reason == IGNORED:
        return _Judged(candidate, ignored=1)
    return _refuse_whole(candidate, candidate.reason, candidate.text)


def _refuse_whole(candidate: Candidate, reason: str, text: str) -> _Judged:
    return _Judged(candidate, refused=[_refusal(candidate, candidate.name, candidate.slot, reason, text)])


def _conflict(slot: str, arrivals: Sequence[Arrival]) -> Refusal:
    names = " and ".join(arrival.content.name for arrival in arrivals)
    text = f"different contents for {slot}; keep one in landing, or give each a manifest with its own extracted_at"
    stamp = tuple(number for arrival in arrivals for number in arrival.candidate.stamp)
    return Refusal(names, arrivals[0].candidate.source, "conflict", f"{shown(names)}: {text}", slot, stamp)


def _log_refusals(archive: Archive, refusals: Iterable[Refusal]) -> list[Refusal]:
    return archive.refuse(sorted(refusals, key=lambda refusal: (refusal.name, refusal.slot, refusal.reason)))


def _read(candidates: Sequence[Candidate], archive: Archive) -> list[_Judged]:
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
    found: dict[str, list[tuple[Content, Staged | DeliveryFault]]] = defaultdict(list)
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for (candidate, _), outcome in zip(units, pool.map(_stage, repeat(archive), units), strict=True):
                found[candidate.name] += outcome
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return judged + [_judge(candidate, contents, found[candidate.name]) for candidate, contents in listed]


def _stage(archive: Archive, unit: tuple[Candidate, list[Content]]) -> list[tuple[Content, Staged | DeliveryFault]]:
    candidate, contents = unit
    result: list[tuple[Content, Staged | DeliveryFault]] = []
    try:
        for content, pieces in candidate.read(contents):
            with closing(pieces):
                try:
                    result.append((content, archive.stage(pieces, content_check(candidate.source, content.month))))
                except DeliveryFault as fault:
                    result.append((content, fault))
    except DeliveryFault as fault:  # the zip cannot be opened any more
        result += [(content, fault) for content in contents[len(result) :]]
    return result


def _judge(
    candidate: Candidate, contents: list[Content], found: list[tuple[Content, Staged | DeliveryFault]]
) -> _Judged:
    """Settle one file that was read: all its contents, its manifest, and whether it held still meanwhile."""
    refused = [
        _refusal(candidate, content.name, content.slot, content.reason, content.text)
        for content in contents
        if content.reason not in ("", IGNORED)
    ]
    good: list[tuple[Content, Staged]] = []
    for content, outcome in sorted(found, key=lambda pair: pair[0].name):
        if isinstance(outcome, Staged):
            good.append((content, outcome))
        else:
            refused.append(_refusal(candidate, content.name, content.slot, outcome.reason, outcome.text))
    arrivals: list[Arrival] = []
    try:
        if good:
            arrivals = _with_manifest(candidate, good)
        if not candidate.unchanged():
            raise DeliveryFault("changing", "changed while it was read; it is tried again at the next refresh")
    except DeliveryFault as fault:
        return _refuse_whole(candidate, fault.reason, fault.text)
    known = [_Known(a.content.slot, a.sha256, a.staged.mixed_line_ends) for a in arrivals]
    ignored = sum(content.reason == IGNORED for content in contents)
    return _Judged(candidate, known, refused, ignored, arrivals)


def _with_manifest(candidate: Candidate, good: Sequence[tuple[Content, Staged]]) -> list[Arrival]:
    manifest = candidate.manifest()
    extracted_at = manifest.extracted_at if manifest else None
    declared = manifest.coverage if manifest else None
    arrivals = [
        Arrival(content, candidate, staged, extracted_at, _days_of(content.month) if content.month else declared)
        for content, staged in good
    ]
    if manifest:
        check_manifest(manifest, candidate.source, candidate.delivered_sha256(), arrivals)
    return arrivals


class _Memory:
    """What earlier scans made of the files of one source, kept in a disposable file."""

    def __init__(self, path: Path, source: str, had: Set[tuple[str, str]], held: Set[str]):
        self._path = path
        self._source = source
        self._had = had
        self._held = held
        self._rules = [RULES, *(column for column in expected_columns(source))]
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
    """The rows of `raw_<source>`: for each slot the delivery that counts, and which it replaced; sorted by key."""
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
    types = {column.name: "int64" if column.type == "int" else "str" for column in table.columns}
    frame = pd.DataFrame(rows, columns=table.column_names).astype(types)
    return frame.sort_values(list(table.key), ignore_index=True)
