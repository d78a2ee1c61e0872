"""Moving history to a new pseudonym key, in one audited job (spec 6, 3).

Here: prove that everything joins under the new key as it did under the old, note the new key and who asked, then make all
tables anew. Not here: pseudonyms themselves (`assets/clean/pseudonym.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from assets.clean.pseudonym import Pseudonyms, keep_key, same_key
from expectations.contracts import PARTNERS
from pipelines.workspace import Workspace, WorkspaceError
from resources.log import Log


@dataclass(frozen=True)
class Rekeyed:
    """What was compared: distinct references by column, and first-time referrals, the same under both keys."""

    counts: Mapping[str, int]


def rekey(workspace: Workspace, new_key: str, by: str, reason: str) -> Rekeyed:
    """Note a new key after proving that it changes no count; the refresh that follows makes every table with it.

    Args:
        workspace: the data folder, held by the caller, with the key in use.
        new_key: the key to come.
        by: who asked for it.
        reason: why.

    Raises:
        WorkspaceError: a count would differ; nothing was changed.
        PseudonymError: the key in use or the new one cannot be used.
        ArchiveError: a delivery that counts is no longer in the archive, so its references cannot be keyed anew.
    """
    pipeline = workspace.pipeline
    old = same_key(pipeline.data, Pseudonyms(workspace.key))
    new = Pseudonyms(new_key.encode())
    if not new.key or new.fingerprint == old.fingerprint:
        raise WorkspaceError("the new key is empty or the one in use: set SAFER_PSEUDONYM_KEY_NEW to another")
    before, after = _counts(workspace, old), _counts(workspace, new)
    differing = sorted(name for name in before if before[name] != after[name])
    if differing:
        raise WorkspaceError(f"under the new key {', '.join(differing)} would differ: nothing was changed")
    Log(pipeline.data / "log.jsonl").append("rekey", by, reason, {"counts": before, "key": new.fingerprint})
    keep_key(pipeline.data, new)
    return Rekeyed(before)


def _counts(workspace: Workspace, pseudonyms: Pseudonyms) -> dict[str, int]:
    """Distinct pseudonyms of every keyed column, references of one domain that meet, and first-time referrals."""
    from importlib import import_module

    from assets.clean.partner import make

    found: dict[str, int] = {}
    domains: dict[str, list[pd.Series]] = {}
    for source in PARTNERS.values():
        if not workspace.archive.receipts(source.name):
            continue
        rule = import_module(f"assets.clean.{source.name}").clean
        rows = make(source, workspace.pipeline, workspace.archive, rule, pseudonyms).clean
        for one in source.delivery.fields:
            if one.type == "key" and one.name in rows:
                found[f"{source.name}.{one.name}"] = int(rows[one.name].nunique())
                domains.setdefault(one.domain, []).append(rows[one.name].dropna())
        if "first_time" in rows:
            found[f"{source.name}.first_time"] = int((rows["first_time"] == "Y").sum())
    for domain, columns in domains.items():
        # One person or case known in several columns of a domain must still be one.
        found[f"domain {domain}"] = int(pd.concat(columns).nunique())
    return found
