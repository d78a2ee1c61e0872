"""A release folder: written whole or not at all, never changed, `current` swapped in one step.

Here: the file system's part of a release and of what analysts get beside it, and the proof that a release is what its manifest
says. Not here: what is in them.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from assets.release.defused import defused, restored
from expectations.contracts import outcome

MANIFEST = "release.json"
FIGURES = "outcomes.csv"
#: Columns of `outcomes.csv`, in the order of design section 7.
COLUMNS = (
    *(c.name for c in outcome.COLUMNS if c.name not in ("as_at", "symbols", "note")),
    "board_status",
    "state",
    "as_at",
    "symbols",
    "note",
)
#: What of a manifest depends on the releases before it alone; `content_sha256` stands for the figures.
_OF_WHAT_CAME_BEFORE = (
    "id", "files", "parent", "parent_sha256", "figures_sha256", "compared_with", "revisions", "commentary_wanted",
)  # fmt: skip
NUMBERS = tuple(c.name for c in outcome.COLUMNS if c.type == "float")


class ReleaseError(Exception):
    """A release cannot be read, proven or written; one line with the remedy."""


@dataclass(frozen=True)
class Released:
    """A release as it lies in its folder."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its id, which is also the folder's name."""
        return str(self.manifest["id"])

    def figures(self) -> pd.DataFrame:
        """Its published rows, numbers as they were written."""
        text = pd.read_csv(self.folder / FIGURES, dtype=str, keep_default_na=False)
        for name in text.columns:
            if name in NUMBERS:
                text[name] = pd.to_numeric(text[name].where(text[name] != ""))
            else:
                text[name] = text[name].map({said: restored(said) for said in text[name].unique()})
        return text


@contextmanager
def publishing(releases: Path) -> Iterator[None]:
    """Hold the releases for one publication: two at once would both take the same parent."""
    releases.mkdir(parents=True, exist_ok=True)
    with (releases / ".lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        clear_leftovers(releases)
        yield


def clear_leftovers(folder: Path) -> None:
    """Remove what a killed run was making; only while nobody else can be making it."""
    for leftover in folder.glob(".making-*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)
    for link in folder.glob(".current-*"):
        link.unlink(missing_ok=True)


def current(releases: Path) -> Released | None:
    """The release that `current` points to, proven against its manifest; None before the first.

    Raises:
        ReleaseError: it is damaged: nothing may be built on it.
    """
    name = current_name(releases)
    if not name and _has_history(releases):
        raise ReleaseError("releases/current is gone though there are releases: restore it, or the folder, from backup")
    return opened(releases / name) if name else None


def current_name(folder: Path) -> str:
    """Name of the folder beside it that `current` points to; empty text where there is no such link.

    Raises:
        ReleaseError: it is no link, or one that leads out of the folder.
    """
    link = folder / "current"
    if not link.is_symlink():
        if link.exists():
            raise ReleaseError(f"{folder.name}/current is no link: remove it, and run safer-outcomes refresh")
        return ""
    target = str(link.readlink())
    if target != Path(target).name or target in (".", ".."):
        raise ReleaseError(f"{folder.name}/current leads elsewhere: remove it, and run safer-outcomes refresh")
    return target


def _has_history(releases: Path) -> bool:
    """Whether any release has one before it: a first one may be there without `current`, where its run was killed."""
    try:
        return any(json.loads(path.read_bytes())["parent"] for path in releases.glob(f"*/{MANIFEST}"))
    except (OSError, ValueError, KeyError, TypeError):
        return True


def opened(folder: Path) -> Released:
    """A release, proven against its own manifest.

    Raises:
        ReleaseError: the folder is not there, or not what the manifest says.
    """
    faults = faults_of(folder)
    if faults:
        raise ReleaseError(f"release {folder.name}: {faults[0]}: restore the folder from backup")
    return Released(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8")))


def faults_of(folder: Path) -> list[str]:
    """Every way in which a folder differs from its manifest; none when it is whole."""
    try:
        raw = (folder / MANIFEST).read_bytes()
        manifest = json.loads(raw)
        listed, own = dict(manifest["files"]), str(manifest["id"])
        changed = own != folder.name or release_id(manifest) != own or raw != json_bytes(manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [f"{MANIFEST} is missing or cannot be read"]
    faults = differences(folder, listed, {MANIFEST})
    return [*faults, f"{MANIFEST} was changed"] if changed else faults


def differences(folder: Path, listed: Mapping[str, str], also: Collection[str] = ()) -> list[str]:
    """Every way in which a folder differs from a list of its files and their hashes.

    Args:
        folder: the folder.
        listed: SHA-256 by name in the folder.
        also: names that are there and are proven otherwise.
    """
    if folder.is_symlink() or not folder.is_dir():
        return ["is no folder"]
    found, faults = set(), []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            faults.append(f"{name} is a link")
        elif path.is_file():
            found.add(name)
        elif not any(file.startswith(f"{name}/") for file in (*listed, *also)):
            faults.append(f"{name} does not belong to it")
    faults += [f"{name} is missing" for name in sorted({*listed, *also} - found)]
    faults += [f"{name} does not belong to it" for name in sorted(found - {*listed, *also})]
    return faults + [f"{n} was changed" for n in sorted(found & set(listed)) if sha256_of(folder / n) != listed[n]]


def release_id(manifest: Mapping[str, Any]) -> str:
    """Id of a release: its newest month and a hash of everything it says and is made from, its parent included."""
    said = {key: value for key, value in manifest.items() if key not in ("id", "files")}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return f"{str(manifest['as_at'])[:7] or 'none'}-{digest[:12]}"


def content_of(manifest: Mapping[str, Any]) -> str:
    """Hash of what a release says, apart from what came before: two releases with the same content are one."""
    said = {key: value for key, value in manifest.items() if key not in _OF_WHAT_CAME_BEFORE}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def full_manifest(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """`release.json`: what the release says, and the hashes of its other files."""
    return json_bytes({**manifest, "files": {n: hashlib.sha256(data).hexdigest() for n, data in sorted(files.items())}})


def write_release(releases: Path, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Released:
    """Write the folder beside the others, then make it appear at once; a folder that is there already is proven.

    The manifest gets the hashes of the files.

    Raises:
        ReleaseError: no space, no right to write, or a damaged folder of the same id.
    """
    name = str(manifest["id"])
    if not (releases / name).exists():
        write_whole(releases, name, {**files, MANIFEST: full_manifest(manifest, files)})
    return opened(releases / name)


def write_analysis(analysis: Path, name: str, files: Mapping[str, bytes]) -> None:
    """Write what analysts get beside a release, which nobody but the pipeline's own account can read; once for each release.

    Raises:
        ReleaseError: no space, or no right to write.
    """
    try:
        analysis.mkdir(mode=0o700, parents=True, exist_ok=True)
        analysis.chmod(0o700)
        for leftover in analysis.glob(".making-*"):
            shutil.rmtree(leftover, ignore_errors=True)
    except OSError as error:
        raise ReleaseError(f"the analysis cannot be written ({error.strerror}): nothing was published") from None
    if not (analysis / name).exists():
        write_whole(analysis, name, files, 0o400)


def write_whole(parent: Path, name: str, files: Mapping[str, bytes], mode: int = 0o444) -> None:
    """A folder that appears with all its files or not at all; read-only, for all or for the owner alone.

    Raises:
        ReleaseError: no space, or no right to write; nothing of it stays.
    """
    making = parent / f".making-{name}-{os.getpid()}"
    try:
        making.mkdir(mode=0o755 if mode & 0o044 else 0o700, parents=True)
        for file, data in files.items():
            path = making / file
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_synced(path, data, mode)
        for folder in [making, *(p for p in making.rglob("*") if p.is_dir())]:
            _sync(folder)
        making.rename(parent / name)
        _sync(parent)
    except OSError as error:
        shutil.rmtree(making, ignore_errors=True)
        raise ReleaseError(f"the release cannot be written ({error.strerror}): nothing was published") from None


def write_file(path: Path, data: bytes, mode: int = 0o444) -> None:
    """A file that is the old one or the new one, whole; nothing is done where it holds these bytes already.

    Raises:
        ReleaseError: no space, or no right to write; the old one stays.
    """
    temporary = path.parent / f".making-{path.name}-{os.getpid()}"
    try:
        if path.is_file() and not path.is_symlink() and path.read_bytes() == data:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        _write_synced(temporary, data, mode)
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ReleaseError(
            f"{path.name} cannot be written ({error.strerror}): run again with space and rights"
        ) from None


def point(folder: Path, name: str) -> None:
    """Let `current` of a folder point to a name in it, in one step."""
    temporary = folder / f".current-{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(name)
    temporary.replace(folder / "current")
    _sync(folder)


def make_current(releases: Path, release: Released) -> None:
    """Let `current` point to the release, in one step."""
    point(releases, release.id)


def _write_synced(path: Path, data: bytes, mode: int) -> None:
    with path.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    path.chmod(mode)


def csv_bytes(figures: pd.DataFrame) -> bytes:
    """`outcomes.csv`: numbers at full precision, whole counts without a point, empty cells empty, no text a formula."""
    out = _Lines()
    # The writer quotes a carriage return, which would else begin a row, only where it ends its own lines with one.
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(zip(*(_cells(name, figures[name]) for name in COLUMNS), strict=True))
    return "".join(out).encode()


class _Lines(list[str]):
    """Lines as a CSV writer gives them, ended with a line feed alone."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


def _cells(name: str, column: pd.Series) -> list[str]:
    if name not in NUMBERS:
        return [defused(str(value)) for value in column]
    count = name in ("numerator", "denominator")
    numbers = column.astype("float64").tolist()
    return ["" if v != v else str(int(v)) if count and v.is_integer() else repr(v) for v in numbers]


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """A record as it is written: the same bytes for the same content."""
    return (json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1) + "\n").encode()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
