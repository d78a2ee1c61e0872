"""Keyed pseudonyms: HMAC-SHA-256 with a key of its own for each agency domain (spec 6, 2 and 3).

Here: keys of the domains, the pseudonym of a reference, and what tells one key from another. Not here: which columns are keyed
(the contracts), where the key comes from (`pipelines/settings.py`), moving history to a new key (`pipelines/rekey.py`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

_KEPT = "key.json"
#: A shorter key could be found by trying.
SHORTEST_KEY = 32


class PseudonymError(Exception):
    """References cannot be turned into pseudonyms; one line with the remedy, never the key."""


@dataclass(frozen=True)
class Pseudonyms:
    """Makes pseudonyms; without a key it refuses to.

    Attributes:
        key: the partnership's secret; empty when none is set.
    """

    key: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        """Refuse a key that could be guessed."""
        if self.key and len(self.key) < SHORTEST_KEY:
            raise PseudonymError(
                f"SAFER_PSEUDONYM_KEY is shorter than {SHORTEST_KEY} characters: make a long random one and keep it safe"
            )

    @property
    def fingerprint(self) -> str:
        """Tells whether two keys are the same, and nothing else about them; empty text without a key."""
        if not self.key:
            return ""
        return hashlib.scrypt(self.key, salt=b"safer-outcomes/fingerprint", n=2**14, r=8, p=1, dklen=16).hex()

    def of(self, domain: str, references: pd.Series) -> pd.Series:
        """Pseudonyms (64 hexadecimal digits) of references; a missing one stays missing.

        Args:
            domain: agency domain of the contract; the same reference has another pseudonym in each.
            references: as delivered.

        Raises:
            PseudonymError: there is no key.
        """
        if not self.key:
            raise PseudonymError(
                "this source carries references of people and no key is set: set SAFER_PSEUDONYM_KEY to a long random text"
                " and keep it safe; without it nothing of the source is taken in"
            )
        own = hmac.new(self.key, f"safer-outcomes/pseudonym/1/{domain}".encode(), hashlib.sha256).digest()
        begun = hmac.new(own, digestmod=hashlib.sha256)

        def one(reference: str) -> str:
            made = begun.copy()
            made.update(reference.encode())
            return made.hexdigest()

        distinct = references.dropna().unique()
        return references.map(dict(zip(distinct, map(one, distinct), strict=True)))


def same_key(data: Path, made: Pseudonyms) -> Pseudonyms:
    """The maker of pseudonyms, if its key is the one that the data folder's history was made with; noted on first use.

    Raises:
        PseudonymError: there is another key in use: old and new references of one person would no longer meet.
    """
    kept = data / _KEPT
    try:
        held = json.loads(kept.read_text(encoding="utf-8"))["fingerprint"] if kept.exists() else ""
    except (OSError, ValueError, KeyError, TypeError):
        raise PseudonymError(f"{_KEPT} in the data folder cannot be read: restore it from backup") from None
    if held and held != made.fingerprint:
        raise PseudonymError(
            "SAFER_PSEUDONYM_KEY is not the key that this data folder was made with: set that key again, or move the history"
            " to a new one with safer-outcomes rekey"
        )
    if not held and made.key:
        keep_key(data, made)
    return made


def keep_key(data: Path, made: Pseudonyms) -> None:
    """Note which key the data folder's history is made with, in one step; never the key itself."""
    fresh = data / f".{_KEPT}.{os.getpid()}"
    fresh.write_text(json.dumps({"fingerprint": made.fingerprint}), encoding="utf-8")
    fresh.replace(data / _KEPT)
