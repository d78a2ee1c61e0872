"""The partnership's log: who did what that a figure can depend on, append-only, each record chained to the one before.

Here: writing a record and proving that none was changed, removed or put in between. Not here: what is worth a record.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_FIRST = "0" * 64


class LogError(Exception):
    """The log cannot be read, proven or written; one line with the remedy."""


@dataclass(frozen=True)
class Log:
    """The log in one file, a JSON record a line."""

    path: Path

    def append(self, what: str, by: str, reason: str, said: Mapping[str, object]) -> str:
        """Add a record and give back its hash.

        Args:
            what: kind of record, such as `rekey`.
            by: name or role of the person who did it.
            reason: why, in their words.
            said: counts and names that belong to it; never a value of a row.

        Raises:
            LogError: the log is damaged, or the disk fails; nothing was added.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                held = file.read()
                records = self._proven(held)
                record = {
                    "number": len(records) + 1,
                    "at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "what": what,
                    "by": by,
                    "reason": reason,
                    "said": dict(said),
                    "before": records[-1]["hash"] if records else _FIRST,
                }
                record["hash"] = _hash(record)
                try:
                    file.write((json.dumps(record, sort_keys=True, ensure_ascii=False) + "\n").encode())
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    os.truncate(self.path, len(held))
                    raise
        except OSError as error:
            raise LogError(f"{self.path.name} cannot be written ({error.strerror}): nothing was done") from None
        return str(record["hash"])

    def records(self) -> list[dict[str, Any]]:
        """All records, proven; none before the first.

        Raises:
            LogError: a record was changed, removed or put in between.
        """
        try:
            return self._proven(self.path.read_bytes() if self.path.exists() else b"")
        except OSError as error:
            raise LogError(f"{self.path.name} cannot be read ({error.strerror})") from None

    def _proven(self, raw: bytes) -> list[dict[str, Any]]:
        before = _FIRST
        found: list[dict[str, Any]] = []
        for number, line in enumerate(raw.splitlines(), 1):
            try:
                record = json.loads(line)
                whole = record["number"] == number and record["before"] == before and record["hash"] == _hash(record)
            except (ValueError, KeyError, TypeError):
                whole = False
            if not whole:
                raise LogError(f"{self.path.name} was changed at record {number}: restore it from backup") from None
            before = record["hash"]
            found.append(record)
        return found


def _hash(record: Mapping[str, object]) -> str:
    said = {key: value for key, value in record.items() if key != "hash"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
