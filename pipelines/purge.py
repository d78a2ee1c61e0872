"""Retention: what may no longer be kept, and removing it (spec 6, 4; design section 4).

Here: which archived bytes, analysis folders and caches are past their time and not needed, as a pure decision; doing it, with a
record in the partnership's log first. Not here: who asks (`commands/`, `actions.py`). Landing belongs to those who deliver:
nothing in it is ever removed, what lies there too long is named.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from assets.raw.precedence import needed
from assets.release import history
from assets.release.folder import current
from pipelines.people import who
from pipelines.workspace import Workspace
from resources.archive import Receipt
from resources.log import Log

#: A cache that no refresh used for so long is removed; it can be made again from the archive.
CACHE_DAYS = 30


@dataclass(frozen=True)
class Due:
    """What is past its time.

    Attributes:
        remove: contents to remove, by hash, each with its source.
        needed: contents past their time that tables are made from, and that therefore stay unless asked for.
        lying: files in landing that are past their time, relative to landing; their owners remove them.
        analysis: folders of `analysis/` that belong to no release of the chain.
        cache: whether the street cache goes.
    """

    remove: Mapping[str, str]
    needed: Mapping[str, str]
    lying: tuple[str, ...] = ()
    analysis: tuple[str, ...] = ()
    cache: bool = False

    @property
    def empty(self) -> bool:
        """Nothing to remove."""
        return not (self.remove or self.analysis or self.cache)

    @property
    def by_source(self) -> dict[str, int]:
        """How many contents go, by source."""
        return dict(sorted(Counter(self.remove.values()).items()))


def past(receipts: Iterable[Receipt], days: Mapping[str, int], held: Set[str], today: date) -> dict[str, str]:
    """Contents in the archive all of whose receipts are past their time: hash to source.

    Args:
        receipts: all of the archive.
        days: `raw_retention_days` of the sources that have them; what others sent is kept for good.
        held: contents in the store.
        today: the day by the clock of the machine, never the partnership's evaluation date.
    """
    found: dict[str, str] = {}
    stays: set[str] = set()
    for receipt in receipts:
        limit = days.get(receipt.source)
        accepted = date.fromisoformat(receipt.received_at[:10])
        if limit is None or today <= accepted + timedelta(days=limit):
            stays.add(receipt.sha256)
        else:
            found[receipt.sha256] = receipt.source
    return {sha: source for sha, source in found.items() if sha in held and sha not in stays}


def due(workspace: Workspace, *, counting: bool = False, cache: bool = False, today: date | None = None) -> Due:
    """What a purge would remove now.

    Args:
        workspace: the data folder.
        counting: remove also what tables that count are made from. These tables stay; if code, register or key change, they
            cannot be made anew before the source delivers again. What still lies in landing would come back, and stays.
        cache: remove the street cache whatever its age.
        today: another day than the machine's.
    """
    today = today or datetime.now(UTC).date()
    receipts = workspace.archive.receipts()
    sources = workspace.register.sources
    days = {name: s.raw_retention_days for name, s in sources.items() if s.raw_retention_days is not None}
    old = past(receipts, days, workspace.archive.held(), today)
    lying = _lying(receipts, old, workspace.settings.landing_dir)
    stay = needed(receipts)
    if counting:
        stay &= set(lying.values())
    return Due(
        remove={sha: source for sha, source in old.items() if sha not in stay},
        needed={sha: source for sha, source in old.items() if sha in stay},
        lying=tuple(sorted(lying)),
        analysis=_orphans(workspace.pipeline.releases, workspace.pipeline.data / "analysis"),
        cache=_cache_goes(workspace.engine.cache, cache, today),
    )


def purge(workspace: Workspace, found: Due, by: str, reason: str) -> None:
    """Remove what is due, after a record of it in the log.

    Args:
        workspace: the data folder, held by the caller.
        found: what `due` gave back just now.
        by: who asked for it.
        reason: why.

    Raises:
        WorkspaceError: name or reason is empty; nothing was removed.
        ArchiveError: stored bytes are not what their name says; they stay.
    """
    by, reason = who(by, reason)
    if found.empty:
        return
    said = {
        "deliveries": found.by_source,
        "sha256": sorted(found.remove),
        "analysis": list(found.analysis),
        "cache": found.cache,
        "kept_because_needed": len(found.needed),
    }
    Log(workspace.pipeline.data / "log.jsonl").append("purge", by, reason, said)
    workspace.archive.purge(sorted(found.remove))
    for name in found.analysis:
        shutil.rmtree(workspace.pipeline.data / "analysis" / name, ignore_errors=True)
    if found.cache:
        workspace.engine.discard()


def _lying(receipts: Iterable[Receipt], old: Mapping[str, str], landing: Path) -> dict[str, str]:
    """Files of these contents that still lie in landing as they came: name to hash."""
    found = {}
    for receipt in receipts:
        name = receipt.name.partition("!")[0]
        if receipt.sha256 in old and not receipt.name.startswith("pull:"):
            try:
                changed = datetime.fromtimestamp((landing / name).stat().st_mtime, UTC)
            except OSError:
                continue
            if changed <= datetime.fromisoformat(receipt.received_at):
                found[name] = receipt.sha256
    return found


def _orphans(releases: Path, analysis: Path) -> tuple[str, ...]:
    """Folders of analysts that no release of the chain needs: disclosure control reads the exact counts of all others."""
    if not analysis.is_dir():
        return ()
    chain = {release.id for release in history.ancestry(releases, current(releases))}
    return tuple(
        sorted(p.name for p in analysis.iterdir() if p.is_dir() and not p.is_symlink() and p.name not in chain)
    )


def _cache_goes(cache: Path, asked: bool, today: date) -> bool:
    try:
        used = datetime.fromtimestamp((cache / "engine.duckdb").stat().st_mtime, UTC).date()
    except OSError:
        return False
    return asked or used + timedelta(days=CACHE_DAYS) < today
