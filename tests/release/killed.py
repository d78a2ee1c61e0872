"""A process killed for real, at the n-th thing that it does to a disk or a database.

It is forked, and ends itself (`os._exit`, so nothing is tidied up) when it is about to open, make, rename, link, remove or
change a file below one folder, to end a write (of which half has then reached the disk), or to run a statement of SQL.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from tests.campaign import SEED

_EVENTS = frozenset(
    {
        "open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod",
        "sqlite3.connect", "fcntl.flock", "shutil.rmtree",
    }
)  # fmt: skip
_KILLED, _FAILED = 77, 78


class Point:
    """Which points are tried."""

    @staticmethod
    def drawn(count: int, wanted: int) -> list[int]:
        """All points, or as many as wanted: the last few, where things appear, and a seeded draw of the others."""
        if wanted >= count:
            return list(range(1, count + 1))
        last = list(range(count - wanted // 3, count + 1))
        others = random.Random(SEED).sample(range(1, last[0]), wanted - len(last))
        return sorted({*others, *last})


def points(work: Callable[[], None], below: Path) -> int:
    """How many points some work has."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        counter = _Counter(0, below)
        _end(work, lambda: os.write(write, str(counter.seen).encode()))
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the work itself failed"
    return int(said)


def killed_at(point: int, work: Callable[[], None], below: Path) -> None:
    """Do the work in a process of its own that ends right before that point."""
    child = os.fork()
    if not child:
        _Counter(point, below)
        _end(work, lambda: None)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == _KILLED, f"point {point} was never reached ({code})"


def _end(work: Callable[[], None], then: Callable[[], object]) -> None:
    code = _FAILED
    with contextlib.suppress(BaseException):
        work()
        then()
        code = 0
    os._exit(code)


class _Counter:
    """Counts what this process does, from now on and for good."""

    def __init__(self, at: int, below: Path):
        self.seen, self.at, self.below = 0, at, str(below)
        self.real = os.fsync
        os.fsync = self.fsync  # type: ignore[assignment]
        sa.event.listen(sa.engine.Engine, "before_cursor_execute", lambda *_: self.count())
        sys.addaudithook(self.heard)

    def heard(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in _EVENTS and any(
            self.below in os.fsdecode(a) for a in arguments if isinstance(a, str | bytes | os.PathLike)
        ):
            self.count()

    def fsync(self, descriptor: int) -> None:
        # Only a file that is being made anew can be half there; a record that is appended reaches the system in one piece.
        if self.seen + 1 == self.at and "/.making-" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            with contextlib.suppress(OSError):  # a folder has no half
                os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
        self.count()
        self.real(descriptor)

    def count(self) -> None:
        self.seen += 1
        if self.seen == self.at:
            os._exit(_KILLED)
