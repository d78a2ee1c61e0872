"""`evidence/<release>.json`: when and from what exactly a release was made; beside the release, never in it.

It holds what the public folder must not (bare hashes of tables about people) or cannot (the hash of its own manifest), sealed
with the partnership's key, so that nobody without the key can make one that fits another folder. Here: writing and proving it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.clean.pseudonym import Pseudonyms
from assets.release import folder
from assets.release.compose import Known
from assets.release.manifest import seal
from assets.setup import Pipeline

_MODE = 0o600


def path_of(data: Path, release: str) -> Path:
    """Where the evidence of a release lies."""
    return data / "evidence" / f"{release}.json"


def write(
    pipeline: Pipeline, known: Known, said: Mapping[str, Any], manifest: bytes, analysis: Mapping[str, bytes]
) -> None:
    """Write the evidence of a release that is about to appear, whole or not at all.

    Args:
        pipeline: key and folders.
        known: what the release was decided on.
        said: what its manifest says.
        manifest: its manifest as it will be written.
        analysis: files that analysts get beside it.

    Raises:
        ReleaseError: no space, or no right to write.
    """
    body: dict[str, Any] = {
        "release": said["id"],
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
        "analysis": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(analysis.items())},
        "materializations": {name: held.storage_id for name, held in sorted(known.evidence.items())},
        "tables": {name: held.hash_read for name, held in sorted(known.evidence.items()) if held.hash_read},
        "key": Pseudonyms(pipeline.key).fingerprint,
    }
    target = path_of(pipeline.data, said["id"])
    target.parent.mkdir(exist_ok=True)
    folder.clear_leftovers(target.parent)
    folder.write_file(target, folder.json_bytes(body | {"seal": _seal(pipeline.key, body)}), _MODE)


def faults_of(pipeline: Pipeline, release: Path, *, rekeyed: bool) -> tuple[list[str], list[str]]:
    """Every way in which the evidence of a release is not what was written, or not of this release; and what cannot be proven.

    Args:
        pipeline: key and folders.
        release: the release's folder, whose own manifest can be read.
        rekeyed: whether the key was ever changed: an older seal cannot be proven any more.
    """
    path = path_of(pipeline.data, release.name)
    where = f"evidence/{path.name}"
    try:
        raw = path.read_bytes()
        body = json.loads(raw)
        said = json.loads((release / folder.MANIFEST).read_bytes())
        sealed, tables = body.pop("seal"), body["tables"]
        whole = raw == folder.json_bytes(body | {"seal": sealed})
        of_it = body["release"] == release.name
        same = body["manifest_sha256"] == folder.sha256_of(release / folder.MANIFEST)
        key, listed = body["key"], dict(body["analysis"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [f"{where} is missing or cannot be read"], []
    faults, notes = [], []
    own = key == Pseudonyms(pipeline.key).fingerprint
    if not whole or (own and not hmac.compare_digest(str(sealed), _seal(pipeline.key, body))):
        faults.append(f"{where} was changed")
    if not own and rekeyed:
        notes.append(f"{where} is sealed with an earlier key: its seal was not proven")
    elif not own:
        faults.append(f"{where} is sealed with another key")
    if not of_it or not same:
        faults.append(f"{where} is the evidence of another release, or {folder.MANIFEST} was changed")
    if own and not faults:
        faults += [
            f"{where} and {folder.MANIFEST} disagree about table {name}"
            for name, table in said["tables"].items()
            if table["sha256"]
            != (seal(pipeline, f"{name}:{tables.get(name)}") if "sealed" in table else tables.get(name))
        ]
    analysis = pipeline.data / "analysis" / release.name
    if analysis.is_dir() or analysis.is_symlink():
        faults += [f"analysis/{release.name}: {fault}" for fault in folder.differences(analysis, listed)]
    else:
        notes.append(f"analysis/{release.name} is gone: the release does not need it")
    return faults, notes


def _seal(key: bytes, body: Mapping[str, Any]) -> str:
    return hmac.new(key, b"safer-outcomes/evidence/1/" + folder.json_bytes(body), hashlib.sha256).hexdigest()
