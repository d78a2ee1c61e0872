"""A refresh disturbed in every way: no wrong release, no delivery lost, and the next run ends in the bytes of an undisturbed one.

A month is delivered to a city that has a release; the refresh that takes it in is killed, refused space, slowed, run beside another, or finds
its files gone or damaged, at a point drawn from all that it does to disk and database. Here: the disturbances and what must hold
after each. Not here: kill points of the release alone (`tests/release/test_killed.py`), a real full disk (`test_command_line.py`).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import random
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from assets.release.folder import faults_of
from sample.street import street_file, street_path
from sample.world import build_world
from tests.campaign import SEED
from tests.e2e.city import City, open_city
from tests.release.killed import _EVENTS, killed_at, points

_NEW = "2014-06"
_FILE = f"landing/{street_path(_NEW)}"


class Start:
    """The city before, what an undisturbed refresh makes of it, and how many points that has."""

    def __init__(self, city: City, folder: Path) -> None:
        self.data, self._folder, self._number = folder / "start", folder, 0
        shutil.copytree(city.data, self.data, symlinks=True)
        month = self.data / _FILE
        month.parent.mkdir(parents=True, exist_ok=True)
        month.write_bytes(street_file(build_world(7, 0.03), _NEW))
        self.old = self.current(self.data)
        expected, counted = self.copy(), self.copy()
        assert points(lambda: refreshed(expected), expected.data) > 0
        self.points = points(lambda: refreshed(counted), counted.data)
        self.new, self.tree = self.current(expected.data), tree(expected.data)
        self.figures = figures(expected.data)
        self.delivered = hashlib.sha256(month.read_bytes()).hexdigest()
        assert self.new != self.old

    def copy(self) -> City:
        self._number += 1
        place = self._folder / f"at{self._number}" / "data"
        shutil.copytree(self.data, place, symlinks=True)
        return City(place)

    @staticmethod
    def current(data: Path) -> str:
        return (data / "releases" / "current").readlink().name


def refreshed(city: City) -> None:
    """A refresh that ended with its release: what it refused or could not do is an error."""
    done = city.refresh()
    assert not done.failures, done.failures
    assert not any(taken.refused for taken in done.taken.values())


def tree(data: Path) -> dict[str, bytes]:
    """Every byte of the newest release, and that of the analysts beside it."""
    name = Start.current(data)
    return {
        path.relative_to(data).as_posix(): path.read_bytes()
        for top in ("releases", "analysis")
        for path in sorted((data / top / name).rglob("*"))
        if path.is_file()
    }


def figures(data: Path) -> list[dict[str, str]]:
    """What the newest release says, but for marks of revision."""
    rows = pd.read_csv(data / "releases" / "current" / "outcomes.csv", dtype=str, keep_default_na=False)
    marks = rows["symbols"].str.replace("[r]", "", regex=False).str.strip()
    return rows.assign(symbols=marks).drop(columns="note").to_dict("records")


def receipts(data: Path) -> set[str]:
    """Hashes of what was ever accepted."""
    lines = (data / "archive" / "receipts.jsonl").read_text().splitlines()
    return {json.loads(line)["sha256"] for line in lines}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    tmp_path_factory.getbasetemp()
    # Nothing is refreshed in this process: the renderer's threads would not outlive the forks that follow.
    assert in_a_child(lambda: open_city(tmp_path_factory) and None) == 0
    return Start(open_city(tmp_path_factory), tmp_path_factory.mktemp("disturbed"))


def in_a_child(work: Callable[[], None]) -> int:
    """Do the work in a process of its own; its exit code, 1 where it raised."""
    child = os.fork()
    if not child:
        code = 1
        with contextlib.suppress(BaseException):
            work()
            code = 0
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def at_point(number: int, below: Path, act: Callable[[], None]) -> None:
    """From now on in this process: do something right before its n-th act upon a file below the folder."""
    seen = 0

    def heard(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event in _EVENTS and any(
            str(below) in os.fsdecode(a) for a in arguments if isinstance(a, str | bytes | os.PathLike)
        ):
            seen += 1
            if seen == number:
                act()

    sys.addaudithook(heard)


# ---- the disturbances: each leaves the folder in whatever state it is then in


def killed(city: City, rng: random.Random, start: Start) -> None:
    killed_at(rng.randrange(1, start.points), lambda: refreshed(city), city.data)


def killed_twice(city: City, rng: random.Random, start: Start) -> None:
    killed_at(rng.randrange(start.points // 2, start.points), lambda: refreshed(city), city.data)
    with contextlib.suppress(AssertionError):  # the second may end before its point
        killed_at(rng.randrange(1, start.points // 4), lambda: refreshed(city), city.data)


def storage_fails(city: City, rng: random.Random, start: Start) -> None:
    """One call is refused: no space, an error of the disk, no right."""
    number, code = rng.randrange(1, start.points // 2), rng.choice((errno.ENOSPC, errno.EIO, errno.EACCES))

    def refuse() -> None:
        raise OSError(code, os.strerror(code))

    def work() -> None:
        at_point(number, city.data, refuse)
        refreshed(city)

    in_a_child(work)


def storage_slow(city: City, rng: random.Random, start: Start) -> None:
    """A disk that takes its time for every flush, until the process is killed from outside."""

    def work() -> None:
        real = os.fsync
        os.fsync = lambda handle: (time.sleep(0.02), real(handle))[1]  # type: ignore[assignment]
        threading.Timer(rng.uniform(0.2, 6), lambda: os._exit(9)).start()
        refreshed(city)

    in_a_child(work)


def two_at_once(city: City, rng: random.Random, start: Start) -> None:
    """A second refresh while the first runs: it is turned away, or waits its turn."""
    pause = rng.uniform(0, 3)

    def second() -> None:
        time.sleep(pause)
        refreshed(city)

    first = os.fork()
    if not first:
        with contextlib.suppress(BaseException):
            refreshed(city)
        os._exit(0)
    in_a_child(second)
    os.waitpid(first, 0)


def file_replaced(city: City, rng: random.Random, start: Start) -> None:
    """The new file is half there when it is read, and whole a moment later."""
    file = city.data / _FILE
    whole = file.read_bytes()
    file.write_bytes(whole[: rng.randrange(1, len(whole))])
    number = rng.randrange(1, 60)

    def work() -> None:
        at_point(number, file.parent, lambda: file.write_bytes(whole))
        refreshed(city)

    in_a_child(work)
    file.write_bytes(whole)


def archive_damaged(city: City, rng: random.Random, start: Start) -> None:
    """A bit of an archived delivery flips, and a refresh meets it; then it is put back from backup."""
    found = rng.choice(sorted(p for p in (city.data / "archive").rglob("*") if p.is_file() and len(p.name) == 64))
    mode, whole = found.stat().st_mode, found.read_bytes()
    at = rng.randrange(len(whole))
    found.chmod(0o600)
    found.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    in_a_child(lambda: refreshed(city))
    found.chmod(0o600)
    found.write_bytes(whole)
    found.chmod(mode)


def warehouse_gone(city: City, rng: random.Random, start: Start) -> None:
    """Deleted, with what lies beside it: before the refresh, or under its feet."""
    names = rng.choice(
        (("warehouse.sqlite*",), ("warehouse.sqlite*", "published.sqlite*"), ("dagster",), ("engine",), ("seen.json",))
    )

    def delete() -> None:
        for name in names:
            for path in city.data.glob(name):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    if rng.random() < 0.5:
        delete()
        return

    def work() -> None:
        at_point(rng.randrange(1, start.points // 2), city.data, delete)
        refreshed(city)

    in_a_child(work)
    delete()


def clock_jumps(city: City, rng: random.Random, start: Start) -> None:
    """A refresh in the hour that a clock change skips, or lives twice, in a process of another time zone."""
    moment = rng.choice(("2026-03-29 00:59:58", "2026-03-29 01:00:01", "2026-10-25 00:59:58", "2026-10-25 01:00:01"))
    base = time.mktime(time.strptime(moment, "%Y-%m-%d %H:%M:%S"))

    def work() -> None:
        real, began = time.time, time.time()
        os.environ["TZ"] = rng.choice(("Europe/London", "America/St_Johns", "UTC"))
        time.tzset()
        time.time = lambda: base + (real() - began) * 600  # type: ignore[assignment]
        refreshed(city)

    in_a_child(work)


_DISTURBANCES: tuple[Callable[[City, random.Random, Start], None], ...] = (
    killed, killed, killed, killed, killed, killed, killed_twice, storage_fails, storage_fails, storage_fails, storage_slow,
    two_at_once, file_replaced, file_replaced, archive_damaged, warehouse_gone, warehouse_gone, clock_jumps,
)  # fmt: skip


@pytest.mark.campaign("disturbed refreshes", sample=0)
@pytest.mark.parametrize("n", range(216))
def test_old_or_new_and_the_next_run_ends_the_same(start: Start, n: int) -> None:
    city = start.copy()
    disturb = _DISTURBANCES[n % len(_DISTURBANCES)]
    disturb(city, random.Random(f"{SEED}/{n}"), start)
    # Half a file, and deliveries that are damaged in the archive, lead to a release of their own: with less in it, never with wrong.
    between = disturb in (archive_damaged, file_replaced)
    seen = start.current(city.data)
    assert between or seen in (start.old, start.new), disturb.__name__
    assert faults_of(city.data / "releases" / seen) == []
    assert in_a_child(lambda: refreshed(city)) == 0, disturb.__name__
    if between and start.current(city.data) != start.new:
        assert figures(city.data) == start.figures
    else:
        assert start.current(city.data) == start.new, disturb.__name__
        assert tree(city.data) == start.tree, disturb.__name__
    assert receipts(start.data) | {start.delivered} <= receipts(city.data)
    shutil.rmtree(city.data.parent)
