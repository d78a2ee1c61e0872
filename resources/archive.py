"""The archive: every accepted delivery by the hash of its bytes, for good, and the logs of receipts and refusals.

Here: the one pass over delivered bytes (hash, size, rows, is it whole and text), the immutable store, the two
append-only logs, and their repair after a killed run. Not here: what lies in landing (`landing.py`) and which delivery
counts (`assets/raw/registration.py`).
"""

from __future__ import annotations

import csv
import errno
import fcntl
import hashlib
import io
import itertools
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from resources.landing import DeliveryFault, Form, oserror_text

#: No row of these sources comes near it; longer means another kind of file, and memory stays bounded.
ROW_LIMIT = 1 << 20
#: Rows after the header that a `Check` is shown.
SAMPLE_ROWS = 100
# The module's own limit would refuse a field of 128 KiB in some rows and not in others.
csv.field_size_limit(max(csv.field_size_limit(), ROW_LIMIT))

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PACKED = (b"PK\x03\x04", b"\x1f\x8b")
# One record as the csv module and DuckDB (quote '"') read it: a quote opens a field only at its start. Possessive, so
# that no input makes it slow.
_FIELD = rb'(?:"[^"]*+(?:""[^"]*+)*+"[^,\n]*+|[^",\n][^,\n]*+)?+'
_RECORD = re.compile(_FIELD + rb"(?:," + _FIELD + rb")*+\n")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_INCOMING = ".incoming-"

T = TypeVar("T")
#: Is shown the header and the first rows before anything is written; raises DeliveryFault to refuse the delivery.
Check = Callable[[tuple[str, ...], list[list[str]]], None]


class ArchiveError(Exception):
    """The archive cannot be read or written; the message is one line for the reader."""


@dataclass(frozen=True)
class Receipt:
    """One accepted delivery. `number` is the order of arrival in the whole archive, from 1.

    `slot` is what it is a version of: `<force>/<month>` for a street file, `<first day>/<last day>` for a partner's, else
    the name of the table. `sha256` and `size` (bytes) are of the uncompressed bytes (of a workbook, of the file itself);
    `rows` leaves out header and blank lines. `name` is relative to landing, with a zip's member after `!`, or `pull:` and
    the source. `extracted_at` and `received_at` are UTC; `coverage` is first and last day.
    """

    number: int
    source: str
    slot: str
    force: str
    month: str
    sha256: str
    size: int
    rows: int
    header: tuple[str, ...]
    form: Form
    name: str
    extracted_at: str | None
    coverage: tuple[str, str] | None
    received_at: str


@dataclass(frozen=True)
class Refusal:
    """One delivery that was not accepted: `reason` is a code, `message` one line with the remedy.

    `stamp` tells this delivery from a later one of the same name. `known`: it was refused before and still lies there.
    """

    name: str
    source: str
    reason: str
    message: str
    slot: str = ""
    stamp: tuple[int, ...] = ()
    known: bool = False


@dataclass(frozen=True)
class Staged:
    """Delivered bytes that were read through and found whole, in a temporary file; not in the archive yet."""

    path: Path
    sha256: str
    size: int
    rows: int
    header: tuple[str, ...]
    mixed_line_ends: bool


class RowReader:
    """Reads a CSV once, piece by piece, in bounded memory: is it whole UTF-8 text, what is its header, how many rows.

    A record may span lines inside quotes; blank lines are no rows. `check` is called once, as soon as there is a row,
    or at the end. Pieces are at most 1 MiB. Raises DeliveryFault with reason binary, not_utf8, long_line, line_ends,
    header, empty, header_only (unless `may_be_rowless`) or truncated, or whatever `check` raises.
    """

    def __init__(self, check: Check, may_be_rowless: bool = False):
        self._check = check
        self._may_be_rowless = may_be_rowless
        self._tail = b""
        self._records = 0
        self._started = self._lf = self._crlf = False
        self.header: tuple[str, ...] = ()
        self.checked = False

    @property
    def rows(self) -> int:
        """Data rows so far."""
        return max(0, self._records - 1)

    @property
    def mixed_line_ends(self) -> bool:
        """True if some lines end with CRLF and others with LF."""
        return self._lf and self._crlf

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        if not self._started:
            self._started = True
            _refuse_other_kinds(piece)
            piece = piece.removeprefix(_BOM)
        if b"\0" in piece:
            raise DeliveryFault("binary", "holds zero bytes, so it is no text file; export it again as CSV UTF-8")
        buffer = self._tail + piece
        first = _first_record(buffer)
        if (first or len(buffer)) > ROW_LIMIT:
            raise DeliveryFault(
                "long_line",
                f"has a line over {ROW_LIMIT >> 20} MiB, after {self._records} lines; check its quotes and line ends, "
                "and export it again",
            )
        end, records = _whole_records(buffer) if first else (0, 0)
        self._tail = buffer[end:]
        if end:
            self._take(buffer[:end], records)

    def finish(self) -> None:
        """Settle what is left when the bytes have ended."""
        last = self._tail.rstrip(b"\r\n")
        if last:
            if _RECORD.fullmatch(last + b"\n") is None:
                raise DeliveryFault("truncated", "ends inside a quoted field; deliver the whole file again")
            self._take(last + b"\n", 1, whole=False)
        if not self._records:
            raise DeliveryFault("empty", "is empty; deliver the file again")
        if not self.checked:
            self._check(self.header, [])
            self.checked = True
        if not self.rows and not self._may_be_rowless:
            raise DeliveryFault("header_only", "has a header and no rows; deliver the whole file again")

    def _take(self, block: bytes, records: int, whole: bool = True) -> None:
        """Take a block of whole records; `whole` is False for a last record that no line end closes."""
        text = None if block.isascii() and self.checked and whole else self._decoded(block)
        pairs = block.count(b"\r\n") if b"\r" in block else 0
        if b"\r" in block and block.count(b"\r") != pairs:
            raise DeliveryFault("line_ends", "has lines that end with CR alone; save it with line ends CRLF or LF")
        self._records += records
        if whole:
            self._crlf |= pairs > 0
            self._lf |= not pairs or block.count(b"\n") > pairs
        if text is not None and not self.checked:
            self._show(text)
        if text is not None and not whole:
            self._refuse_cut(text)

    def _decoded(self, block: bytes) -> str:
        try:
            return block.decode()
        except UnicodeDecodeError as error:
            line = self._records + block.count(b"\n", 0, error.start) + 1
            raise DeliveryFault("not_utf8", f"is not UTF-8 near line {line}; save it as CSV UTF-8") from None

    def _show(self, text: str) -> None:
        """Give header and first rows to the check, if there is a row yet."""
        table = itertools.islice(_parsed(text), SAMPLE_ROWS + 1)
        if not self.header:
            self.header = tuple(next(table, []))
            if not text.strip():
                raise DeliveryFault("empty", "holds blank lines only; deliver the file again")
            if not any(self.header):
                raise DeliveryFault("header", "begins with a blank line; the first line must be the header")
        sample = [row for row in table if row]
        if sample:
            self._check(self.header, sample)
            self.checked = True

    def _refuse_cut(self, text: str) -> None:
        """Refuse a last record without line end that has too few columns: the rest of it is missing."""
        if len(next(_parsed(text), [])) < len(self.header):
            raise DeliveryFault("truncated", f"ends in the middle of row {self.rows}; deliver the whole file again")


class Archive:
    """The store below `root` and its logs `receipts.jsonl` and `refusals.jsonl`.

    Each accepted content is the file `<root>/<sha256>`, uncompressed, read-only, never changed. One process at a time
    receives; readers need no lock. Every method raises ArchiveError if the disk fails or a log is damaged.
    """

    def __init__(self, root: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self.root = Path(root)
        self._now = now
        self._temporary = itertools.count(1)
        with self._errors():
            self.root.mkdir(parents=True, exist_ok=True)
        with self._locked(wait=False) as held:
            if held:
                self._tidy()

    def path(self, sha256: str) -> Path:
        """Where the bytes with this hash lie, or would lie."""
        return self.root / sha256

    def held(self) -> set[str]:
        """Hashes of all contents in the store."""
        with self._errors(), os.scandir(self.root) as listing:
            return {entry.name for entry in listing if _SHA256.fullmatch(entry.name)}

    def verify(self, sha256: str) -> Literal["ok", "missing", "corrupted"]:
        """Hash the stored bytes again."""
        with self._errors():
            try:
                with self.path(sha256).open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except FileNotFoundError:
                return "missing"
        return "ok" if found == sha256 else "corrupted"

    def receipts(self, source: str | None = None) -> list[Receipt]:
        """All receipts, or those of one source, in the order of arrival."""
        found = self._read_log(self._receipts_path, _receipt)
        return [receipt for receipt in found if source in (None, receipt.source)]

    def purge(self, contents: Iterable[str]) -> list[str]:
        """Remove bytes that may no longer be kept; the receipt stays, and a note that their hash was proven and when.

        Args:
            contents: hashes; those that are not there are passed over.

        Returns:
            The hashes that were removed.

        Raises:
            ArchiveError: stored bytes are not what their name says: nothing of them is removed.
        """
        removed = []
        with self._locked(wait=True):
            for sha256 in contents:
                state = self.verify(sha256)
                if state == "corrupted":
                    raise ArchiveError(f"archive: {sha256} is corrupted: put it back from a backup, then run again")
                if state == "ok":
                    self._purges_path.touch()
                    self._append(self._purges_path, [{"sha256": sha256, "purged_at": self.time()}])
                    with self._errors():
                        self.path(sha256).unlink()
                    removed.append(sha256)
        return removed

    def purged(self) -> dict[str, str]:
        """Contents whose bytes were removed, and when."""
        return dict(self._read_log(self._purges_path, lambda fields: (fields["sha256"], fields["purged_at"])))

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """While deliveries are staged and accepted: one process at a time; what is not accepted is then removed."""
        with self._locked(wait=True):
            self._tidy()
            try:
                yield
            finally:
                self._remove_incoming()

    def stage(self, pieces: Iterable[bytes], check: Check, may_be_rowless: bool = False) -> Staged:
        """Read delivered bytes through once and keep them aside until `accept`; only while `receiving`.

        Raises DeliveryFault if they are refused: then nothing of them stays, and a refused header was never written.
        """
        reader = RowReader(check, may_be_rowless)
        digest = hashlib.sha256()
        size = 0
        path = self._incoming()
        with self._errors():
            try:
                with path.open("xb") as file:
                    waiting: list[bytes] = []  # at most the header and one row: nothing is written before the check
                    for piece in pieces:
                        reader.feed(piece)
                        digest.update(piece)
                        size += len(piece)
                        waiting.append(piece)
                        if reader.checked:
                            file.writelines(waiting)
                            waiting.clear()
                    reader.finish()
                    file.writelines(waiting)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        return Staged(path, digest.hexdigest(), size, reader.rows, reader.header, reader.mixed_line_ends)

    def stage_workbook(self, data: bytes, header: tuple[str, ...], rows: int) -> Staged:
        """Keep aside, as `stage` does, a delivery that had to be read whole before it could be judged."""
        path = self._incoming()
        with self._errors():
            path.write_bytes(data)
        return Staged(path, hashlib.sha256(data).hexdigest(), len(data), rows, header, mixed_line_ends=False)

    def discard(self, staged: Staged) -> None:
        """Remove staged bytes that turned out not to be acceptable."""
        with self._errors():
            staged.path.unlink(missing_ok=True)

    def keep(self, staged: Staged) -> None:
        """Put staged bytes into the store, whole or not at all."""
        with self._errors():
            with staged.path.open("rb") as file:
                os.fchmod(file.fileno(), 0o400)
                os.fsync(file.fileno())
            staged.path.rename(self.path(staged.sha256))

    def accept(self, arrivals: Sequence[tuple[Receipt, Staged]]) -> list[Receipt]:
        """Store these contents and write their receipts, numbered in this order; all of them or none."""
        if not arrivals:
            return []
        number = max((receipt.number for receipt in self.receipts()), default=0)
        received_at = self.time()
        receipts = [
            replace(receipt, number=number + n, received_at=received_at) for n, (receipt, _) in enumerate(arrivals, 1)
        ]
        held = self.held()
        kept: list[Path] = []
        try:
            for _, staged in arrivals:
                if staged.sha256 not in held:
                    self.keep(staged)
                    held.add(staged.sha256)
                    kept.append(self.path(staged.sha256))
            self._sync_folder()
            self._append(self._receipts_path, [asdict(receipt) for receipt in receipts])
        except ArchiveError:
            for path in kept:
                path.unlink(missing_ok=True)
            raise
        return receipts

    def refuse(self, refusals: Iterable[Refusal]) -> list[Refusal]:
        """Write the refusals that are new to the log; all of them come back, flagged `known` where they are not."""
        before = set(self._read_log(self._refusals_path, _refusal_key))
        flagged = [replace(refusal, known=_refusal_key(asdict(refusal)) in before) for refusal in refusals]
        refused_at = self.time()
        fresh = [asdict(refusal) | {"refused_at": refused_at} for refusal in flagged if not refusal.known]
        for line in fresh:
            del line["known"]
        if fresh:
            self._append(self._refusals_path, fresh)
        return flagged

    def time(self) -> str:
        """The time by the archive's clock, as its logs write it."""
        return self._now().astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def _incoming(self) -> Path:
        return self.root / f"{_INCOMING}{os.getpid()}-{next(self._temporary)}"

    @property
    def _receipts_path(self) -> Path:
        return self.root / "receipts.jsonl"

    @property
    def _purges_path(self) -> Path:
        return self.root / "purges.jsonl"

    @property
    def _refusals_path(self) -> Path:
        return self.root / "refusals.jsonl"

    def _read_log(self, path: Path, read: Callable[[dict[str, Any]], T]) -> list[T]:
        with self._errors():
            raw = path.read_bytes() if path.exists() else b""
        result = []
        # What follows the last line end is a line being written, or torn by a kill: it was never acknowledged.
        for number, line in enumerate(raw.split(b"\n")[:-1], 1):
            try:
                result.append(read(json.loads(line)))
            except (ValueError, TypeError, KeyError):
                raise ArchiveError(
                    f"{path} is damaged at line {number}: put the file back from a backup, then run again"
                ) from None
        return result

    def _append(self, path: Path, records: Iterable[dict[str, Any]]) -> None:
        data = b"".join(json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n" for record in records)
        with self._errors():
            before = path.stat().st_size
            try:
                with path.open("ab") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError:
                os.truncate(path, before)
                raise

    def _tidy(self) -> None:
        """Remove what a killed run left: staged files, and log lines that were never finished."""
        self._remove_incoming()
        with self._errors():
            for path in (self._receipts_path, self._refusals_path):
                path.touch()
            logs = (self._receipts_path, self._refusals_path, self._purges_path)
            for path in (log for log in logs if log.exists()):
                raw = path.read_bytes()
                whole = raw.rfind(b"\n") + 1
                if whole < len(raw):
                    os.truncate(path, whole)

    def _remove_incoming(self) -> None:
        with self._errors():
            for path in self.root.glob(f"{_INCOMING}*"):
                path.unlink(missing_ok=True)

    def _sync_folder(self) -> None:
        with self._errors():
            folder = os.open(self.root, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    @contextmanager
    def _locked(self, wait: bool) -> Iterator[bool]:
        with self._errors():
            lock = (self.root / ".lock").open("ab")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Say in one line what the disk refused."""
        try:
            yield
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            remedy = "free some space" if full else "see that the folder can be read and written"
            raise ArchiveError(
                f"archive {self.root}: {oserror_text(error)}; nothing received before is lost: {remedy}, then run again"
            ) from None


def _refuse_other_kinds(start: bytes) -> None:
    """Name the commonest files that are no CSV by their first bytes."""
    if start.startswith(_UTF16):
        raise DeliveryFault("not_utf8", "is UTF-16; save it as CSV UTF-8")
    if start.startswith(_PACKED):
        raise DeliveryFault(
            "binary", "is packed or a spreadsheet, whatever its name says; name it rightly or save it as CSV UTF-8"
        )


def _first_record(buffer: bytes) -> int:
    """Length of the first record with its line end; 0 if it is not whole yet."""
    line = buffer.find(b"\n") + 1
    if buffer.find(b'"', 0, line or len(buffer)) < 0:
        return line
    match = _RECORD.match(buffer)
    return match.end() if match else 0


def _whole_records(buffer: bytes) -> tuple[int, int]:
    """Bytes taken up by whole records, and how many records they are, blank lines left out.

    Only records with a quote are taken apart; all between them is counted by line ends.
    """
    end = records = 0
    while (quote := buffer.find(b'"', end)) >= 0:
        start = max(end, buffer.rfind(b"\n", end, quote) + 1)
        records += _filled_lines(buffer, end, start)
        match = _RECORD.match(buffer, start)
        if match is None:
            return start, records
        records += 1
        end = match.end()
    last = max(end, buffer.rfind(b"\n", end) + 1)
    return last, records + _filled_lines(buffer, end, last)


def _filled_lines(buffer: bytes, start: int, end: int) -> int:
    lines = buffer[start:end].split(b"\n")  # quicker than counting line ends and looking for blank lines
    return len(lines) - lines.count(b"") - lines.count(b"\r")


def _parsed(text: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""))


def _receipt(fields: dict[str, Any]) -> Receipt:
    coverage = tuple(fields["coverage"]) if fields["coverage"] else None
    return Receipt(**fields | {"header": tuple(fields["header"]), "coverage": coverage})


def _refusal_key(fields: dict[str, Any]) -> tuple[Any, ...]:
    return (fields["source"], fields["name"], fields["slot"], fields["reason"], tuple(fields["stamp"]))
