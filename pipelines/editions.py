"""Approving and retracting as command line and UI do it alike: prove first, then write, then say what was done.

Here: the order of the steps and one sentence for it. Not here: what an edition is (`assets/release/editions.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assets.release import editions, folder
from assets.release.folder import ReleaseError
from assets.release.proof import prove
from pipelines.workspace import Workspace


@dataclass(frozen=True)
class Done:
    """What became of an approval or retraction: `faults` if the release is not what it should be, and then nothing was done."""

    release: str
    faults: tuple[str, ...] = ()
    line: str = ""
    record: int = 0
    new: bool = False
    current: str = ""


def approve_proven(workspace: Workspace, name: str, by: str, reason: str) -> Done:
    """Make a release an edition, once it is proven.

    Raises:
        ReleaseError: it may not be approved; nothing was changed.
        LogError: the log was changed, or cannot be written.
    """
    if name == "current" or not (workspace.pipeline.releases / name).is_dir():
        newest = folder.current_name(workspace.pipeline.releases) or "none yet"
        raise ReleaseError(f"no release {name}: name the one you have read by its id; the newest is {newest}")
    pending = editions.unfinished(workspace.pipeline.data)
    proof = prove(workspace.pipeline, workspace.archive, name, but_editions=pending)
    if proof.faults:
        return Done(proof.release, proof.faults)
    edition, new = editions.approve(workspace.pipeline.data, name, by, reason)
    return _done(workspace, edition, new, "is now an edition" if new else "was approved already", edition.approved)


def retract(workspace: Workspace, name: str, by: str, reason: str) -> Done:
    """Mark an edition as retracted.

    Raises:
        ReleaseError: there is no such edition, or one is damaged; nothing was changed.
        LogError: the log was changed, or cannot be written.
    """
    edition, new = editions.retract(workspace.pipeline.data, name, by, reason)
    what = "is retracted" if new else "was retracted already"
    return _done(workspace, edition, new, what, edition.retracted or {})


def _done(workspace: Workspace, edition: editions.Edition, new: bool, what: str, record: Mapping[str, Any]) -> Done:
    current = editions.standing(workspace.pipeline.data)
    line = f"Release {edition.release} {what}: by {record['by']}, {record['reason']} (record {record['number']} of the log)."
    return Done(edition.release, (), line, int(record["number"]), new, current.release if current else "")
