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
from collections.abc import Iterator, Mapping
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
        for leftover in releases.glob(".making-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


def current(releases: Path) -> Released | None:
    """The release that `current` points to, proven against its manifest; None before the first.

    Raises:
        ReleaseError: it is damaged: nothing may be built on it.
    """
    link = releases / "current"
    if not link.is_symlink():
        return None
    return opened(releases / link.readlink().name)


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
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        listed, own = dict(manifest["files"]), str(manifest["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return [f"{MANIFEST} is missing or cannot be read"]
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {MANIFEST}
    faults = [f"{name} is missing" for name in sorted(set(listed) - found)]
    faults += [f"{name} does not belong to it" for name in sorted(found - set(listed))]
    faults += [f"{name} was changed" for name in sorted(found & set(listed)) if _sha256(folder / name) != listed[name]]
    if own != folder.name or release_id(manifest) != own:
        faults.append(f"{MANIFEST} was changed")
    return faults


def release_id(manifest: Mapping[str, Any]) -> str:
    """Id of a release: its newest month and a hash of everything it says and is made from, its parent included."""
    said = {key: value for key, value in manifest.items() if key not in ("id", "files")}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return f"{str(manifest['as_at'])[:7] or 'none'}-{digest[:12]}"


def content_of(manifest: Mapping[str, Any]) -> str:
    """Hash of what a release says, its parent apart: two releases with the same content are one."""
    said = {key: value for key, value in manifest.items() if key not in ("id", "files", "parent")}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def write_release(releases: Path, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Released:
    """Write the folder beside the others, then make it appear at once; a folder that is there already is proven.

    The manifest gets the hashes of the files.

    Raises:
        ReleaseError: no space, no right to write, or a damaged folder of the same id.
    """
    name = str(manifest["id"])
    if not (releases / name).exists():
        full = {**manifest, "files": {n: hashlib.sha256(data).hexdigest() for n, data in sorted(files.items())}}
        _write_whole(releases, name, {**files, MANIFEST: _json(full)}, 0o444)
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
        _write_whole(analysis, name, files, 0o400)


def _write_whole(parent: Path, name: str, files: Mapping[str, bytes], mode: int) -> None:
    """A folder that appears with all its files or not at all; read-only, for all or for the owner alone."""
    making = parent / f".making-{name}-{os.getpid()}"
    try:
        making.mkdir(mode=0o755 if mode & 0o044 else 0o700, parents=True)
        for file, data in files.items():
            path = making / file
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            path.chmod(mode)
        making.rename(parent / name)
        _sync(parent)
    except OSError as error:
        shutil.rmtree(making, ignore_errors=True)
        raise ReleaseError(f"the release cannot be written ({error.strerror}): nothing was published") from None


def make_current(releases: Path, release: Released) -> None:
    """Let `current` point to the release, in one step."""
    temporary = releases / f".current-{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(release.id)
    temporary.replace(releases / "current")
    _sync(releases)


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


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1) + "\n").encode()


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
