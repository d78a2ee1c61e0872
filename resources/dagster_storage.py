"""Dagster's own SQLite storage, with its event log kept open between events.

A refresh records some thousand events. Dagster opens, checkpoints and closes a database file for each of them, which takes
longer than the work that is recorded. Here a connection to a file stays open while it is in use, and a commit no longer waits for
the disk: what a power cut could lose are the newest events, never their order; a table whose event is lost is held by the gate
and made again. What one event, or one batch of them, writes to a file is one transaction. What is stored, and where, is
Dagster's.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dagster import EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

#: Files of single runs that stay open beside the index.
_OPEN_RUNS = 4


class OpenEventLog(SqliteEventLogStorage):
    """Dagster's event log in SQLite files, each opened once and not for every event."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        self._process = os.getpid()
        self._held: dict[str, sa.Connection] = {}
        self._has_checks = False
        super().__init__(base_dir, inst_data)
        # Dagster's own lock cannot be taken twice by one thread.
        self._db_lock = threading.RLock()  # type: ignore[assignment]

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            if shard in self._held:
                yield self._held[shard]
                return
            with self._engine(shard).begin() as connection:
                yield connection

    @contextmanager
    def _together(self, *shards: str) -> Iterator[None]:
        """Everything that is written to these files meanwhile is one transaction in each."""
        with self._db_lock, ExitStack() as stack:
            for shard in shards:
                if shard not in self._held:
                    self._held[shard] = stack.enter_context(self._engine(shard).begin())
                    stack.callback(self._held.pop, shard)
            yield

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event: in the file of its run and, where it is of an asset, in the index."""
        with self._together(*([INDEX_SHARD_NAME] if event.is_dagster_event else []), event.run_id):
            super().store_event(event)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events that came together."""
        with self._together(INDEX_SHARD_NAME, *dict.fromkeys(event.run_id for event in events)):
            for event in events:
                self.store_event(event)

    @property
    def supports_asset_checks(self) -> bool:
        """Whether the table of checks is there: Dagster asks the file anew for every check."""
        self._has_checks = self._has_checks or super().supports_asset_checks
        return self._has_checks

    def _engine(self, shard: str) -> sa.Engine:
        if self._process != os.getpid():
            # An open SQLite connection must not be used across a fork.
            self._engines, self._process = OrderedDict(), os.getpid()
        if shard in self._engines and not Path(self.path_for_shard(shard)).exists():
            self._engines.pop(shard).dispose()
            self._initialized_dbs.discard(shard)
        if shard not in self._engines:
            engine = sa.create_engine(
                self.conn_string_for_shard(shard),
                poolclass=sa.pool.QueuePool,
                pool_size=1,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            sa.event.listen(engine, "connect", _no_waiting)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            self._engines[shard] = engine
        self._engines.move_to_end(shard)
        runs = [name for name in self._engines if name != INDEX_SHARD_NAME]
        for old in runs[:-_OPEN_RUNS]:
            self._engines.pop(old).dispose()
        return self._engines[shard]

    def wipe(self) -> None:
        """Forget every event."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close every file."""
        self._close()
        super().dispose()

    def _close(self) -> None:
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()


class OpenSqliteStorage(DagsterSqliteStorage):
    """Dagster's SQLite storage with `OpenEventLog`; named in dagster.yaml."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = OpenEventLog(str(Path(base_dir, "history", "runs")))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Any) -> OpenSqliteStorage:
        """The storage that dagster.yaml describes."""
        return cls.from_local(inst_data=inst_data, **config_value)


def _no_waiting(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")
