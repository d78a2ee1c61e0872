"""Proving a release: against its manifest, the archive, its evidence, the releases before and after it, and the log.

What vouches for what: the id is a hash of all that a release says, its figures included; its evidence, the release after it
and the record of its approval each hold the hash of its manifest, which holds those of all other files. So a file cannot be
changed with its hash, nor a manifest with its id, without one of these being wrong. Here: reading and comparing; nothing is
changed or mended.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.release import editions, evidence_file, folder
from assets.release.folder import ReleaseError
from assets.setup import Pipeline
from resources.archive import Archive
from resources.log import LogError


@dataclass(frozen=True)
class Proof:
    """What was found: faults, each in a sentence; notes of what could not be proven and need not be; what was compared."""

    release: str
    faults: tuple[str, ...]
    notes: tuple[str, ...] = ()
    files: int = 0
    deliveries: int = 0
    before: int = 0


def prove(pipeline: Pipeline, archive: Archive, name: str, *, but_editions: bool = False) -> Proof:
    """Prove one release; `current` is the one that readers of drafts see.

    Args:
        pipeline: key, register and folders.
        archive: what was delivered.
        name: id of the release.
        but_editions: leave the editions out, because a command that was killed is about to be finished.

    Raises:
        ReleaseError: there is no such release.
    """
    releases = pipeline.releases
    if name == "current":
        name = folder.current_name(releases)
    place = releases / name
    if not name or "/" in name or not place.is_dir():
        raise ReleaseError(f"there is no release {name or 'yet'}: safer-outcomes status names the last one")
    faults = folder.faults_of(place)
    if faults:
        return Proof(name, tuple(faults))
    said = json.loads((place / folder.MANIFEST).read_bytes())
    notes: list[str] = []
    if said["files"].get(folder.FIGURES) != said["figures_sha256"]:
        faults.append(f"{folder.FIGURES} is not what the id stands for")
    faults += _archived(archive, said, notes)
    rekeyed, log_faults = _log(pipeline.data, but_editions)
    found, more = evidence_file.faults_of(pipeline, place, rekeyed=rekeyed)
    chain, before = _before(releases, said)
    return Proof(
        name,
        tuple([*faults, *found, *chain, *_after(releases, name), *log_faults]),
        tuple([*notes, *more]),
        len(said["files"]),
        len(said["deliveries"]),
        before,
    )


def _archived(archive: Archive, said: dict[str, Any], notes: list[str]) -> list[str]:
    """Every delivery has its receipt, and its bytes, unless these were purged after their hash was proven."""
    faults, purged = [], archive.purged()
    receipts = {(r.source, r.slot, r.sha256) for r in archive.receipts()}
    for delivery in said["deliveries"]:
        sha, where = delivery["sha256"], f"{delivery['sha256'][:12]} ({delivery['source']} {delivery['slot']})"
        state = archive.verify(sha)
        if state == "missing" and sha in purged:
            notes.append(f"archived delivery {where}: bytes purged on {purged[sha][:10]}, hash proven")
        elif state != "ok":
            faults.append(f"archived delivery {where} is {state}")
        if (delivery["source"], delivery["slot"], sha) not in receipts:
            faults.append(f"archived delivery {where} has no receipt")
    return faults


def _before(releases: Path, said: dict[str, Any]) -> tuple[list[str], int]:
    """The chain of releases before this one: each manifest is the one that the next release was made after."""
    count = 0
    while said["parent"]:
        name, expected = said["parent"], said.get("parent_sha256")
        path = releases / name / folder.MANIFEST
        try:
            raw = path.read_bytes()
            said = json.loads(raw)
            whole = folder.release_id(said) == name and expected in (None, folder.sha256_of(path))
        except (OSError, ValueError, KeyError, TypeError):
            return [f"the release before it, {name}, is missing or cannot be read"], count
        if not whole:
            return [f"the release before it, {name}, was changed"], count
        count += 1
    return [], count


def _after(releases: Path, name: str) -> list[str]:
    """The releases made after this one name it by the hash of its manifest; and if any was, this is not the newest."""
    faults = []
    own, current = folder.sha256_of(releases / name / folder.MANIFEST), folder.current_name(releases)
    for path in sorted(releases.glob(f"*/{folder.MANIFEST}")):
        try:
            later = json.loads(path.read_bytes())
            after = later["parent"] == name
        except (OSError, ValueError, KeyError, TypeError):
            faults.append(f"release {path.parent.name} cannot be read")
            continue
        if after and later.get("parent_sha256") not in (None, own):
            faults.append(f"{folder.MANIFEST} is not the one that release {path.parent.name} was made after")
        if after and current == name:
            faults.append(f"current leads to {name}, but {path.parent.name} came after it: run safer-outcomes refresh")
    return faults


def _log(data: Path, but_editions: bool) -> tuple[bool, list[str]]:
    """Whether the key was ever changed; and what is wrong with the log and the editions it tells of."""
    try:
        records = editions.log_of(data).records()
        return any(r["what"] == "rekey" for r in records), [] if but_editions else editions.faults_of(data)
    except LogError as error:
        return False, [str(error)]
