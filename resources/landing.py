"""The landing folder: which delivered files lie in it, what each claims to be, and its uncompressed bytes.

Here: walking, naming, links, zip members, limits on decompression, manifests (spec 3.1). Nothing in it is ever written
or deleted. Not here: whether the bytes are good (`archive.py`) and whether they count (`assets/raw/registration.py`).
Standard library only, as the refresh that finds nothing to do loads it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, cast

STREET_SOURCE = "police_street"
REFERENCE_SOURCES = ("lsoa_neighbourhood", "neighbourhood", "population")
REFERENCE_FOLDER = "reference"
#: Sources of the partners, each in a folder of its name (`expectations.contracts.PARTNERS`, which a test compares: naming
#: them here keeps that import away from the refresh that finds nothing to do).
PARTNER_SOURCES = (
    "asb_case",
    "asb_star",
    "asb_survey",
    "crc_event",
    "crc_licence",
    "crc_reoffence",
    "dash_training",
    "hate_report",
    "hate_survey",
    "pdas_referral",
    "police_crime",
    "police_incident",
)
#: Tables of the partnership's register: they change by review there, never by delivery here (design section 3).
REGISTER_TABLES = (
    "board_decision",
    "calendar",
    "decisions",
    "measure",
    "offence_code",
    "policeuk_category",
    "priority_set",
    "sources",
    "thresholds",
)

PIECE = 1 << 20
#: Limits that stop a decompression bomb: bytes of one member; bytes that may come from however few; then the ratio.
MEMBER_LIMIT = 1 << 30
RATIO_FREE = 10 << 20
RATIO_LIMIT = 200
ZIP_MEMBERS_LIMIT = 20_000
MANIFEST_LIMIT = 1 << 20
DEPTH_LIMIT = 16

IGNORED = "ignored"
Form = Literal["csv", "gz", "zip", "xlsx"]

_STREET = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2]))-([a-z0-9]+(?:-[a-z0-9]+)*)-street\.csv(\.gz)?")
_LEFT_ASIDE = re.compile(r"\d{4}-\d{2}-.+-(?:outcomes|stop-and-search)\.csv(?:\.gz)?")
_DATA_FILE = re.compile(r"\.(?:csv|csv\.gz|zip|xlsx)$", re.IGNORECASE)
_PARTNER_FORMS: dict[str, Form] = {".csv": "csv", ".csv.gz": "gz", ".xlsx": "xlsx"}
_PARTNER_FILE = re.compile(r"(.+?)(\.csv|\.csv\.gz|\.xlsx)", re.IGNORECASE)
_DAYS = re.compile(r"(.+)_(\d{4}-\d{2}-\d{2})_(\d{4}-\d{2}-\d{2})")
_SPREADSHEET = re.compile(r"\.(?:xlsx|xlsm|xlsb|xls|ods)$", re.IGNORECASE)
_PARTIAL = (".tmp", ".part", ".partial", ".crdownload")
_DESKTOP = ("thumbs.db", "desktop.ini", "__macosx")
_MANIFEST = ".manifest.json"
_SHA256 = re.compile(r"[0-9a-f]{64}")

_STREET_NAMES = "YYYY-MM-<force>-street.csv, the same as .csv.gz, or a downloaded archive .zip"
_COPY_AGAIN = "copy the whole file again"


class LandingError(Exception):
    """The landing folder itself cannot be read; the message is one line for the reader."""


class DeliveryFault(Exception):
    """Why one file or member is refused: `reason` is the code, `text` what is wrong and the remedy, in one line.

    The text names no file (the caller does) and never what a row says.
    """

    def __init__(self, reason: str, text: str):
        super().__init__(text)
        self.reason = reason
        self.text = text


def shown(name: str) -> str:
    """A file's or column's name fit for one line: anything not printable is written as its escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in name)


def oserror_text(error: OSError) -> str:
    """What the system says of an error, without any path."""
    return (error.strerror or type(error).__name__).lower()


@dataclass(frozen=True)
class Manifest:
    """A sender's manifest (spec 3.1); None where it says nothing. Times are UTC as `YYYY-MM-DDTHH:MM:SS.ffffffZ`."""

    source: str | None
    extracted_at: str | None
    coverage: tuple[str, str] | None
    row_count: int | None
    sha256: str | None


@dataclass(frozen=True)
class Content:
    """One table of rows inside a candidate: the file itself, or one member of a zip.

    `reason` is empty when it is to be read, `ignored` when it is left aside, else the code of its refusal.
    `delivered_size` is its size as delivered, compressed where it is compressed. `coverage` is what the file's name says.
    """

    name: str
    slot: str = ""
    force: str = ""
    month: str = ""
    gzipped: bool = False
    member: zipfile.ZipInfo | None = None
    delivered_size: int = 0
    reason: str = ""
    text: str = ""
    coverage: tuple[str, str] | None = None


@dataclass(frozen=True)
class Candidate:
    """One file in the landing folder; `reason`, `coverage` as in `Content`. A zip has no slot, force or month of its own,
    and a partner's file no slot before its manifest is read.
    """

    name: str
    source: str
    path: Path
    size: int
    mtime_ns: int
    form: Form = "csv"
    slot: str = ""
    force: str = ""
    month: str = ""
    manifest_path: Path | None = None
    manifest_stamp: tuple[int, ...] = ()
    reason: str = ""
    text: str = ""
    coverage: tuple[str, str] | None = None

    @property
    def stamp(self) -> tuple[int, ...]:
        """Size and time of the file, then of its manifest: the same stamp is taken to mean the same bytes."""
        return (self.size, self.mtime_ns, *self.manifest_stamp)

    def unchanged(self) -> bool:
        """True if file and manifest still have the stamp they were found with."""
        paths = [self.path, *([self.manifest_path] if self.manifest_path else [])]
        try:
            now = [path.stat() for path in paths]
        except OSError:
            return False
        return self.stamp == tuple(number for status in now for number in (status.st_size, status.st_mtime_ns))

    def contents(self) -> list[Content]:
        """What is in the file, by name; DeliveryFault if it is a zip that cannot be listed."""
        if self.form != "zip":
            gzipped = self.form == "gz"
            return [
                Content(self.name, self.slot, self.force, self.month, gzipped, None, self.size, coverage=self.coverage)
            ]
        with _read_faults(), zipfile.ZipFile(self.path) as container:
            members = [info for info in container.infolist() if not info.is_dir()]
        if len(members) > ZIP_MEMBERS_LIMIT:
            raise DeliveryFault("bomb", f"holds more than {ZIP_MEMBERS_LIMIT} files; deliver it in parts")
        members = [info for info in members if not any(map(_is_skipped, info.filename.split("/")))]
        if not members:
            raise DeliveryFault("empty", "holds no file; deliver the archive as it was downloaded")
        times = Counter(info.filename for info in members)
        found = [_member(self.name, info, times[info.filename] > 1) for info in members]
        return sorted(found, key=lambda content: content.name)

    def read(self, contents: Sequence[Content]) -> Iterator[tuple[Content, Generator[bytes, None, None]]]:
        """Each of these contents with its uncompressed bytes in pieces of 1 MiB; either iterator may raise
        DeliveryFault. Take all pieces of one before asking for the next.
        """
        with ExitStack() as stack:
            container = None
            if self.form == "zip":
                with _read_faults():
                    container = stack.enter_context(zipfile.ZipFile(self.path))
            for content in contents:
                yield content, self._pieces(content, container)

    def _pieces(self, content: Content, container: zipfile.ZipFile | None) -> Generator[bytes, None, None]:
        taken = 0
        compressed = content.gzipped or container is not None
        with _read_faults(), ExitStack() as stack:
            stream: BinaryIO = stack.enter_context(
                cast(BinaryIO, container.open(content.member)) if container and content.member else self.path.open("rb")
            )
            if content.gzipped:
                stream = cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=stream)))
            while piece := stream.read(PIECE):
                taken += len(piece)
                if compressed and _is_bomb(taken, content.delivered_size):
                    raise DeliveryFault(
                        "bomb",
                        f"unpacks to more than {MEMBER_LIMIT >> 20} MiB, or to more than {RATIO_LIMIT} times its size; "
                        "deliver the file unpacked",
                    )
                yield piece

    def manifest(self) -> Manifest | None:
        """The manifest beside the file, or None; DeliveryFault if it cannot be read or says something impossible."""
        if self.manifest_path is None:
            return None
        try:
            with self.manifest_path.open("rb") as file:
                raw = file.read(MANIFEST_LIMIT + 1)
        except OSError as error:
            raise _manifest_fault(f"cannot be read ({oserror_text(error)})") from None
        if len(raw) > MANIFEST_LIMIT:
            raise _manifest_fault(f"is larger than {MANIFEST_LIMIT >> 20} MiB")
        try:
            fields = json.loads(raw.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            raise _manifest_fault("is not JSON") from None
        if not isinstance(fields, dict):
            raise _manifest_fault("is not a JSON object")
        return _manifest(fields)

    def delivered_sha256(self) -> str:
        """Hash of the file as it lies there, still compressed."""
        with _read_faults(), self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


class Landing:
    """What partners have delivered below `root`.

    Links are followed only if what they lead to lies within `root` or one of `link_roots`.
    """

    def __init__(self, root: Path, link_roots: Sequence[Path] = ()):
        self.root = Path(root)
        self._link_roots = [os.path.realpath(folder) for folder in (root, *link_roots)]

    def fingerprint(self) -> dict[str, tuple[int, int]]:
        """Size and mtime_ns of every file below landing, by its name relative to landing.

        Files that are never read (hidden, partial) are left out. LandingError if the folder cannot be read.
        """
        return {found.name: (found.size, found.mtime_ns) for found in self._walk()}

    def candidates(self, source: str) -> list[Candidate]:
        """Every file that lies where this source is delivered, by name; KeyError if no such source is known."""
        if source not in (STREET_SOURCE, *REFERENCE_SOURCES, *PARTNER_SOURCES):
            raise KeyError(source)
        return self._classified(source)

    def unclaimed(self) -> list[Candidate]:
        """Every file that lies where no source is delivered: left aside or refused, so that none goes unnoticed."""
        return self._classified("")

    def _classified(self, source: str) -> list[Candidate]:
        files = {found.name: found for found in self._walk() if _claim(found.name) == source}
        result = []
        for name, found in files.items():
            if not (source and name.endswith(_MANIFEST)) or found.reason:
                result.append(_classify(found, source, files.get(name + _MANIFEST)))
            elif name.removesuffix(_MANIFEST) not in files:
                result.append(_refused(found, source, "manifest", "has no data file beside it; deliver that too"))
        return sorted(result, key=lambda candidate: candidate.name)

    def _walk(self) -> Iterator[_Found]:
        if not self.root.is_dir():
            raise LandingError(
                f"landing folder {self.root} is not there: make it, or set SAFER_LANDING to the right one"
            )
        try:
            os.scandir(self.root).close()
        except OSError as error:
            raise LandingError(f"landing folder {self.root} cannot be read ({oserror_text(error)})") from None
        yield from self._walk_folder(str(self.root), "", ())

    def _walk_folder(self, folder: str, prefix: str, above: tuple[str, ...]) -> Iterator[_Found]:
        name = prefix.rstrip("/")
        path = Path(folder)
        real = os.path.realpath(folder)
        if real in above:
            yield _Found(name, path, 0, 0, "symlink", "is a link to a folder that it lies in; remove the link")
            return
        if len(above) > DEPTH_LIMIT:
            yield _Found(name, path, 0, 0, "path", f"lies deeper than {DEPTH_LIMIT} folders; move it up")
            return
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield _Found(name, path, 0, 0, "unreadable", f"is a folder that cannot be read ({oserror_text(error)})")
            return
        for entry in entries:
            if not _is_skipped(entry.name):
                yield from self._walk_entry(entry, prefix + entry.name, (*above, real))

    def _walk_entry(self, entry: os.DirEntry[str], name: str, above: tuple[str, ...]) -> Iterator[_Found]:
        path = Path(entry.path)
        reason = text = ""
        try:
            if entry.is_symlink() and not self._may_follow(entry.path):
                status = entry.stat(follow_symlinks=False)
                reason, text = "symlink", "is a link out of the landing folder; deliver the file itself"
            else:
                status = entry.stat()
        except FileNotFoundError:
            if entry.is_symlink():
                yield _Found(name, path, 0, 0, "unreadable", "is a link that leads to nothing; deliver the file itself")
            return  # a file that was taken away since the folder was listed
        except OSError as error:
            yield _Found(name, path, 0, 0, "unreadable", f"cannot be read ({oserror_text(error)})")
            return
        if not reason and stat.S_ISDIR(status.st_mode):
            if not _DATA_FILE.search(entry.name):
                yield from self._walk_folder(entry.path, name + "/", above)
                return
            reason, text = "unreadable", "is a folder with the name of a file; rename it or deliver the file"
        elif not reason and not stat.S_ISREG(status.st_mode):
            reason, text = "unreadable", "is not an ordinary file; deliver a file"
        yield _Found(name, path, status.st_size, status.st_mtime_ns, reason, text)

    def _may_follow(self, path: str) -> bool:
        real = os.path.realpath(path)
        return any(real == root or real.startswith(root + os.sep) for root in self._link_roots)


@dataclass(frozen=True)
class _Found:
    """A file met on the walk; `reason` is set when it cannot even be looked at."""

    name: str
    path: Path
    size: int
    mtime_ns: int
    reason: str
    text: str


def _is_skipped(part: str) -> bool:
    """Hidden, partial, or put there by a desktop: not a delivery, or not one yet."""
    lower = part.lower()
    hidden = part.startswith((".", "~$")) and part not in (".", "..")
    return hidden or lower.endswith(_PARTIAL) or lower in _DESKTOP


def _claim(name: str) -> str:
    """The source that is delivered where this file lies, or empty text."""
    first, _, rest = name.partition("/")
    if first == STREET_SOURCE or first in PARTNER_SOURCES:
        return first
    if first == REFERENCE_FOLDER and rest:
        table, folder, _ = rest.partition("/")
        table = table if folder else table.split(".", 1)[0]
        return table if table in REFERENCE_SOURCES else ""
    return ""


class _Named(NamedTuple):
    """What a file's name says of it."""

    form: Form = "csv"
    slot: str = ""
    force: str = ""
    month: str = ""
    reason: str = ""
    text: str = ""
    coverage: tuple[str, str] | None = None


def _refused(found: _Found, source: str, reason: str, text: str) -> Candidate:
    return Candidate(found.name, source, found.path, found.size, found.mtime_ns, reason=reason, text=text)


def _classify(found: _Found, source: str, manifest: _Found | None) -> Candidate:
    if found.reason:
        return _refused(found, source, found.reason, found.text)
    if not source:
        return _refused(found, "", *_unclaimed(found.name))
    base = found.name.rsplit("/", 1)[-1]
    if source in PARTNER_SOURCES:
        named = _partner(source, base, manifest is not None)
    elif _SPREADSHEET.search(base):
        text = "is a spreadsheet, which is not read for this source; save it as CSV UTF-8 and deliver that"
        return _refused(found, source, "xlsx", text)
    else:
        named = _street(base) if source == STREET_SOURCE else _reference(source, found.name)
    if manifest and manifest.reason and not named.reason:
        named = _Named(reason="manifest", text="has a manifest that cannot be read; deliver it again, or none")
    return Candidate(
        name=found.name,
        source=source,
        path=found.path,
        size=found.size,
        mtime_ns=found.mtime_ns,
        manifest_path=manifest.path if manifest else None,
        manifest_stamp=(manifest.size, manifest.mtime_ns) if manifest else (),
        **named._asdict(),
    )


def _street(base: str) -> _Named:
    if match := _STREET.fullmatch(base):
        month, force, gz = match.groups()
        return _Named("gz" if gz else "csv", f"{force}/{month}", force, month)
    if _LEFT_ASIDE.fullmatch(base):
        return _Named(reason=IGNORED)
    if base.endswith(".zip"):
        return _Named("zip")
    return _Named(reason="name", text=f"is no file name of this source; rename it to {_STREET_NAMES}, or remove it")


def _reference(table: str, name: str) -> _Named:
    ending = name.removeprefix(f"{REFERENCE_FOLDER}/{table}")
    in_folder = ending.startswith("/")
    forms: tuple[tuple[str, Form], ...] = ((".csv", "csv"), (".csv.gz", "gz"))
    for suffix, form in forms:
        if ending == suffix or (in_folder and ending.endswith(suffix)):
            return _Named(form, slot=table)
    text = f"is no file name of this source; rename it to {table}.csv or {table}.csv.gz, or remove it"
    return _Named(reason="name", text=text)


def _partner(source: str, base: str, has_manifest: bool) -> _Named:
    """A partner's file: its form, and its coverage if its name says one."""
    match = _PARTNER_FILE.fullmatch(base)
    if match is None and _SPREADSHEET.search(base):
        text = "is a spreadsheet of a kind that is not read; save it as .xlsx or as CSV UTF-8 and deliver that"
        return _Named(reason="workbook", text=text)
    if match is None:
        forms = ", ".join(_PARTNER_FORMS)
        return _Named(
            reason="name", text=f"is no file of a kind that is read here ({forms}); deliver one, or remove it"
        )
    stem, form = match[1], _PARTNER_FORMS[match[2].lower()]
    days = _DAYS.fullmatch(stem)
    if days is None or days[1] != source:
        return _Named(form) if has_manifest else _Named(reason="coverage", text=no_coverage(source))
    try:
        coverage = _coverage(days[2], days[3])
    except ValueError as problem:
        text = f"has days in its name that {problem}; name it {_named_so(source)}"
        return _Named(reason="coverage", text=text)
    return _Named(form, coverage=coverage)


def no_coverage(source: str) -> str:
    """What to tell of a file that declares no coverage."""
    return (
        f"does not say which days it covers; name it {_named_so(source)}, or put its <file name>{_MANIFEST} beside it "
        "with coverage_start and coverage_end"
    )


def _named_so(source: str) -> str:
    return f"{source}_<first day>_<last day>.csv (or .csv.gz, .xlsx) with days such as 2016-04-01"


def _unclaimed(name: str) -> tuple[str, str]:
    parts = name.split("/")
    if parts[0] == REFERENCE_FOLDER and len(parts) > 1 and parts[1].startswith(REGISTER_TABLES):
        return IGNORED, "is a register: it is kept in the partnership folder, and left aside here"
    folders = (STREET_SOURCE, *PARTNER_SOURCES, *(f"{REFERENCE_FOLDER}/{table}" for table in REFERENCE_SOURCES))
    places = ", ".join(f"{folder}/" for folder in folders)
    return "name", f"lies where no source is delivered; move it to one of {places} or remove it"


def _member(outer: str, info: zipfile.ZipInfo, twice: bool) -> Content:
    """What a zip's member is, from its entry alone."""
    inner = info.filename.replace("\\", "/")
    base = inner.rsplit("/", 1)[-1]
    name = f"{outer}!{inner}"
    match = _STREET.fullmatch(base)
    if problem := _member_problem(info, inner, base, twice):
        return Content(name, reason=problem[0], text=problem[1])
    if match is None:
        return Content(name, reason=IGNORED)
    month, force, gz = match.groups()
    return Content(name, f"{force}/{month}", force, month, bool(gz), info, info.compress_size)


def _member_problem(info: zipfile.ZipInfo, inner: str, base: str, twice: bool) -> tuple[str, str] | None:
    again = "pack the archive again without it"
    if inner.startswith("/") or re.match(r"[A-Za-z]:", inner) or ".." in inner.split("/"):
        return "path", f"has a path that leads out of the archive; {again}"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "symlink", f"is a link inside an archive; {again}"
    if _LEFT_ASIDE.fullmatch(base):
        return None
    if info.flag_bits & 0x1:
        return "encrypted", "is encrypted; deliver the archive without a password"
    if base.lower().endswith(".zip"):
        return "nested", "is an archive inside an archive; deliver it by itself"
    if base.endswith(_MANIFEST):
        return "manifest", "is a manifest inside an archive; put one beside the archive, for the whole of it"
    if not _STREET.fullmatch(base):
        return "name", f"is no file name of this source; expected YYYY-MM-<force>-street.csv; {again}"
    if twice:
        return "name", "is in the archive twice under the same name; pack the archive again"
    # Other methods are unpacked without a bound on memory by the library, and no publisher uses them.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "compression", "is compressed in a way that is not read; pack the archive again as an ordinary zip"
    return None


def _is_bomb(taken: int, delivered: int) -> bool:
    return taken > MEMBER_LIMIT or (taken > RATIO_FREE and taken > RATIO_LIMIT * delivered)


@contextmanager
def _read_faults() -> Iterator[None]:
    """Turn whatever the system or a decompressor raises into a DeliveryFault."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile):
        raise DeliveryFault("truncated", f"is cut short or damaged inside its compression; {_COPY_AGAIN}") from None
    except (NotImplementedError, RuntimeError):
        raise DeliveryFault("compression", "is packed in a way that is not read; pack it as an ordinary zip") from None
    except OSError as error:
        raise DeliveryFault("unreadable", f"cannot be read ({oserror_text(error)}); {_COPY_AGAIN}") from None


def _manifest_fault(text: str) -> DeliveryFault:
    return DeliveryFault("manifest", f"its manifest {text}; correct the manifest, or deliver without it")


def _manifest(fields: dict[str, Any]) -> Manifest:
    for name in ("source", "sha256", "extracted_at", "coverage_start", "coverage_end", "full_or_delta"):
        if not isinstance(fields.get(name), str | None):
            raise _manifest_fault(f"has a {name} that is not text")
    row_count = fields.get("row_count")
    if row_count is not None and (not isinstance(row_count, int) or isinstance(row_count, bool)):
        raise _manifest_fault("has a row_count that is not a whole number")
    sha256 = fields.get("sha256")
    if sha256 is not None and not _SHA256.fullmatch(sha256.lower()):
        raise _manifest_fault("has a sha256 that is not 64 hexadecimal digits")
    if fields.get("full_or_delta") not in (None, "full"):
        raise _manifest_fault("does not say full_or_delta full, and only full extracts are read")
    try:
        coverage = _coverage(fields.get("coverage_start") or "", fields.get("coverage_end") or "")
    except ValueError as problem:
        raise _manifest_fault(f"has a coverage_start and a coverage_end that {problem}") from None
    return Manifest(
        source=fields.get("source"),
        extracted_at=_utc(fields["extracted_at"]) if fields.get("extracted_at") else None,
        coverage=coverage,
        row_count=row_count,
        sha256=sha256.lower() if sha256 else None,
    )


def _utc(text: str) -> str:
    """The moment as fixed-width UTC text, which sorts as time does; without an offset it is UTC (spec 3.1)."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _manifest_fault("has an extracted_at that is not a date and time such as 2016-05-10T06:00:00Z") from None
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _coverage(start: str, end: str) -> tuple[str, str] | None:
    """First and last day as dates; None if neither is given; ValueError says what is wrong with them."""
    if not start and not end:
        return None
    try:
        first, last = date.fromisoformat(start), date.fromisoformat(end)
    except ValueError:
        raise ValueError("are not both days of the calendar such as 2016-04-01") from None
    if first > last:
        raise ValueError("end before they start")
    return first.isoformat(), last.isoformat()
