"""The engine: one DuckDB database that is a cache, opened with explicit settings.

Here: connecting, the limits on memory and threads, and what a failure is called. Not here: any table or query
(`assets/clean/street_engine.py`). The database holds nothing that cannot be made again: a damaged one is discarded.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb


class EngineError(Exception):
    """The engine cannot do its work; `code` says why, the text is one line with the remedy and holds no row."""

    def __init__(self, code: str, text: str):
        self.code = code
        super().__init__(text)


@dataclass(frozen=True)
class Engine:
    """Where the cache lies and what may be used.

    Attributes:
        cache: folder of the database and of what is spilled; made when absent, may be deleted at any time.
        memory_limit: what DuckDB may hold before it spills to disk, as DuckDB writes it.
        threads: worker threads of DuckDB.
    """

    cache: Path
    memory_limit: str = "512MB"
    threads: int = 2

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The database, for the length of a `with` block; a file that is no database is replaced by an empty one.

        Raises:
            EngineError: another process holds the cache, memory or disk ran out, or (code `failed`) anything else
                that DuckDB refuses, inside the block too.
        """
        try:
            connection = self._open()
        except duckdb.Error as error:
            if _code(error) != "failed":
                raise self._named(error) from None
            connection = self._replaced()
        try:
            yield connection
        except duckdb.Error as error:
            raise self._named(error) from None
        finally:
            connection.close()

    def discard(self) -> None:
        """Delete the database and what was spilled; the next connection starts empty."""
        try:
            for name in ("engine.duckdb", "engine.duckdb.wal"):
                (self.cache / name).unlink(missing_ok=True)
            shutil.rmtree(self.cache / "spill", ignore_errors=True)
        except OSError as error:
            raise self._unusable(error) from None

    def _open(self) -> duckdb.DuckDBPyConnection:
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from None
        return duckdb.connect(
            str(self.cache / "engine.duckdb"),
            config={
                "memory_limit": self.memory_limit,
                "threads": self.threads,
                "temp_directory": str(self.cache / "spill"),
                # Every result is sorted by its own query, so the order rows arrive in need not be kept.
                "preserve_insertion_order": "false",
                # Nothing is ever fetched from the network.
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )

    def _replaced(self) -> duckdb.DuckDBPyConnection:
        self.discard()
        try:
            return self._open()
        except duckdb.Error as error:
            raise self._named(error) from None

    def _named(self, error: duckdb.Error) -> EngineError:
        code = _code(error)
        remedy = {
            "locked": "another process is using it: wait until that refresh has ended",
            "memory": f"{self.memory_limit} of memory do not suffice: raise SAFER_MEMORY_LIMIT",
            "disk": "the disk is full: make room",
            "failed": f"DuckDB stopped with {type(error).__name__}: try again, and report it if it comes back",
        }[code]
        return EngineError(code, f"engine cache {self.cache}: {remedy}")

    def _unusable(self, error: OSError) -> EngineError:
        return EngineError(
            "disk", f"engine cache {self.cache}: {error.strerror}: make the folder writable or name another"
        )


def _code(error: duckdb.Error) -> str:
    """Reason code of a DuckDB error. Its text is looked at and never passed on: it can quote a row."""
    text = str(error).lower()
    if isinstance(error, duckdb.OutOfMemoryException):
        return "disk" if "max_temp_directory_size" in text else "memory"
    if "lock on file" in text or isinstance(error, duckdb.ConnectionException):
        return "locked"
    if "no space left" in text:
        return "disk"
    return "failed"
