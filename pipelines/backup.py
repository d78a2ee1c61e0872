"""Keeping a data folder elsewhere, and making one from what was kept: register, archive, warehouse, releases, editions, evidence, log.

A backup is a folder that appears whole or not at all; `backup.json` in it holds the hash of every file, sealed with the partnership's
pseudonym key. The key itself is never in it: without the key the pseudonyms, and so the backup, are of no use, and whoever has
a backup alone has no way to the people behind it. Keep the key elsewhere. Not kept: landing (the partners'), caches.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._core.storage.tags import GRPC_INFO_TAG

from assets.clean.pseudonym import Pseudonyms
from assets.release import folder, published
from assets.release.proof import prove
from expectations.contracts import TABLES
from expectations.register import RegisterError, load_register
from pipelines.settings import Settings
from pipelines.workspace import Workspace, one_at_a_time
from resources import dagster_backup
from resources.archive import Archive
from resources.dump import dump, load
from resources.warehouse import Warehouse

MANIFEST = "backup.json"
_FORMAT = 1
_DATA, _REGISTER, _WAREHOUSE = "data", "register", "warehouse"
#: Of a data folder: kept in another form, made again by itself, or the partners'.
_DATABASES = ("warehouse.sqlite", "published.sqlite")
_LEFT = ("landing", "engine", "dagster", _REGISTER, "seen.json", "refresh.json")


class BackupError(Exception):
    """Nothing was kept or restored; one line with the remedy."""


@dataclass(frozen=True)
class Runs:
    """How many runs that another process was told to do have not ended, and which run changed last and when."""

    active: int
    newest: str


def runs_of(instance: dg.DagsterInstance) -> Runs:
    """What Dagster's records say of runs; one of the command line counts by its lock, and if it was killed not at all."""
    under_way = dg.RunsFilter(statuses=[*IN_PROGRESS_RUN_STATUSES, dg.DagsterRunStatus.STARTING])
    active = [run for run in instance.get_runs(under_way) if GRPC_INFO_TAG in run.tags]
    last = instance.get_run_records(limit=1, order_by="update_timestamp")
    return Runs(len(active), "".join(f"{one.dagster_run.run_id} {one.update_timestamp}" for one in last))


@dataclass(frozen=True)
class Restored:
    """A data folder that was made: where, its current release, and what the reader must know."""

    data: Path
    release: str
    notes: tuple[str, ...]


def backup(
    workspace: Workspace, to: Path, now: datetime | None = None, runs: Callable[[], Runs] = lambda: Runs(0, "")
) -> Path:
    """Keep a data folder, as it is between two refreshes.

    Args:
        workspace: the data folder, held by nobody else (the refresh lock is taken here).
        to: folder in which the backup gets a folder of its own, named after partnership and time.
        now: time for its name.
        runs: what Dagster's records say of runs. Those of daemon and interface hold no lock, and what is kept while one writes
            would be tables without their evidence.

    Raises:
        BackupError: the data folder is damaged, a run is under way, or the place cannot be used; nothing was kept.
        WorkspaceError: a refresh is running.
    """
    data = workspace.settings.data
    at = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    name = f"{workspace.register.slug}-{at}"
    target = to.absolute() / name
    if data == to.absolute() or data in to.absolute().parents:
        raise BackupError("a backup inside the data folder would be lost with it: name another folder with --to")
    with _held(workspace), _making(target) as making:
        before = runs()
        if before.active:
            raise BackupError("a run is under way: wait until it has ended, or cancel it in the interface")
        faults = _faults(workspace)
        if faults:
            raise BackupError(f"the data folder is damaged ({faults[0]}): restore it from an earlier backup first")
        links = _copy_data(data, making / _DATA)
        register = _copy_register(workspace, making / _REGISTER)
        (making / _WAREHOUSE).mkdir()
        left = dump(workspace.warehouse, TABLES, making / _WAREHOUSE)
        dagster_backup.keep(data, workspace.settings.dagster_url.get_secret_value(), making)
        if runs() != before:
            raise BackupError("a run began meanwhile: run it again when that has ended")
        body = {
            "format": _FORMAT,
            "made_at": at,
            "partnership": workspace.register.slug,
            "register": register,
            "release": folder.current_name(workspace.pipeline.releases),
            "key": Pseudonyms(workspace.key).fingerprint,
            "links": links,
            "left_out": left,
            "files": {
                path.relative_to(making).as_posix(): [folder.sha256_of(path), path.stat().st_mode & 0o777]
                for path in sorted(making.rglob("*"))
                if path.is_file()
            },
        }
        (making / MANIFEST).write_bytes(folder.json_bytes(body | {"seal": _seal(workspace.key, body)}))
    return target


def rehearse(settings: Settings, source: Path) -> Restored:
    """Restore a backup into a folder that is removed again, and prove it; Dagster's records in PostgreSQL are read, not loaded.

    Raises:
        BackupError: it could not be restored.
    """
    with tempfile.TemporaryDirectory(prefix=".rehearsal-", dir=source.absolute().parent) as place:
        apart = settings.model_copy(
            update={
                "data_dir": Path(place) / "data",
                "warehouse_url": None,
                "dagster_url": type(settings.dagster_url)(""),
            }
        )
        done = restore(apart, source)
        if not dagster_backup.listed(source):
            raise BackupError("Dagster's records in the backup cannot be read: make another one")
        return done


def restore(settings: Settings, source: Path) -> Restored:
    """Make a data folder from a backup: every file proven, the current release proven, whole or not at all.

    The register is restored beside the data, in `register/`, and used for the proof.

    Args:
        settings: where the data folder is to be (it is not there yet), its empty databases, and the key it was made with.
        source: the backup's folder.

    Raises:
        BackupError: the backup is damaged or of another key, or the place is not empty; nothing was made.
    """
    data, source = settings.data, source.absolute()
    body = _read(source)
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise BackupError(f"{data.name} is there already and not empty: name a new folder with --data")
    _prove_files(source, body)
    workspace = _workspace(settings, source / _REGISTER / str(body["register"]))
    if Pseudonyms(workspace.key).fingerprint != body["key"]:
        raise BackupError(
            "the backup was made with another SAFER_PSEUDONYM_KEY: set the key that it was made with; the key itself is in no backup"
        )
    if not hmac.compare_digest(str(body["seal"]), _seal(workspace.key, {k: v for k, v in body.items() if k != "seal"})):
        raise BackupError(f"{MANIFEST} was changed since the backup was made: use another backup")
    with _making(data) as making:
        _copy_back(source, body, making)
        apart = replace(workspace, settings=settings.model_copy(update={"data_dir": making}))
        faults = _faults(apart)
        if faults:
            raise BackupError(f"the restored release cannot be proven ({faults[0]}): use another backup")
        with _warehouse(workspace, making) as warehouse:
            notes = [f"{name} is of another version: the next refresh makes it anew" for name in body["left_out"]]

            def last() -> None:
                if not dagster_backup.put_back(source, settings.dagster_url.get_secret_value(), making):
                    notes.append(
                        "Dagster's records are of another database: the next refresh makes and checks every table anew"
                    )

            left = load(warehouse, TABLES, source / _WAREHOUSE, last)
            notes += [f"{name} is of another version: the next refresh makes it anew" for name in left]
            current = folder.current(apart.pipeline.releases)
            if current:
                published.heal(warehouse, current)
    return Restored(data, str(body["release"]), tuple(notes))


# ---- what is read and proven


def _read(source: Path) -> dict[str, Any]:
    try:
        body = json.loads((source / MANIFEST).read_bytes())
        known = body["format"] == _FORMAT
        dict(body["files"]), dict(body["links"]), body["seal"], body["key"], body["register"], list(body["left_out"])
    except (OSError, ValueError, KeyError, TypeError):
        raise BackupError(f"{source.name} is no backup: name the folder that holds {MANIFEST} with --from") from None
    if not known:
        raise BackupError(f"{source.name} is of another version of this program: restore it with that version")
    return dict(body)


def _prove_files(source: Path, body: dict[str, Any]) -> None:
    listed = {name: said[0] for name, said in body["files"].items()}
    if any(name.startswith(("/", "../")) or "/../" in name for name in (*listed, *body["links"])):
        raise BackupError(f"{MANIFEST} names files outside the backup: use another backup")
    faults = folder.differences(source, listed, {MANIFEST})
    if faults:
        raise BackupError(f"the backup is damaged ({faults[0]}): use another one; nothing was restored")


def _workspace(settings: Settings, register: Path) -> Workspace:
    try:
        return Workspace(settings.model_copy(update={"partnership": register}), load_register(register))
    except RegisterError as error:
        raise BackupError(f"the register in the backup cannot be read by this version ({error})") from None


def _faults(workspace: Workspace) -> list[str]:
    """What is wrong with a data folder's archive and its current release."""
    archive = Archive(workspace.settings.data / "archive")
    broken = [sha for sha in sorted(archive.held()) if archive.verify(sha) != "ok"]
    if broken:
        return [f"archived delivery {broken[0][:12]} is corrupted"]
    if not folder.current_name(workspace.pipeline.releases):
        return []
    return list(prove(workspace.pipeline, archive, "current").faults)


def _seal(key: bytes, body: dict[str, Any]) -> str:
    return hmac.new(key, b"safer-outcomes/backup/1/" + folder.json_bytes(body), hashlib.sha256).hexdigest()


# ---- copying


@contextmanager
def _held(workspace: Workspace) -> Iterator[None]:
    """Hold everything that is written one at a time: refresh, releases, editions, archive."""
    data = workspace.settings.data
    with ExitStack() as stack:
        stack.enter_context(one_at_a_time(data))
        stack.enter_context(folder.publishing(workspace.pipeline.releases))
        (data / "editions").mkdir(exist_ok=True)
        lock = stack.enter_context((data / "editions" / ".lock").open("a"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        stack.enter_context(workspace.archive.receiving())
        yield


@contextmanager
def _making(target: Path) -> Iterator[Path]:
    """A folder for the owner alone that appears under its name when all is written, or not at all."""
    making = target.with_name(f".making-{target.name}-{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        making.mkdir(mode=0o700)
        yield making
        for path in sorted(making.rglob("*")):
            if not path.is_symlink():
                _sync(path)
        _sync(making)
        making.rename(target)
        _sync(target.parent)
    except OSError as error:
        raise BackupError(
            f"{target.name} cannot be written ({error.strerror}): check the place and its space"
        ) from None
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _copy_data(data: Path, target: Path) -> dict[str, str]:
    """Copy what is kept as it is; give back the links in it, by name."""
    links: dict[str, str] = {}
    target.mkdir()
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data)
        top = name.parts[0]
        if top in _LEFT or top.startswith(_DATABASES) or any(part.startswith(".") for part in name.parts):
            continue
        if path.is_symlink():
            links[name.as_posix()] = str(path.readlink())
        elif path.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / name)
            (target / name).chmod(path.stat().st_mode & 0o777)
    for path in target.rglob("*"):
        if path.is_dir():
            path.chmod((data / path.relative_to(target)).stat().st_mode & 0o777)
    return links


def _copy_register(workspace: Workspace, target: Path) -> str:
    """Copy the register's folder and what it reads elsewhere; give back where the folder lies in the copy."""
    own = workspace.register.folder.resolve()
    files = {path.resolve() for path in (*own.rglob("*"), *workspace.register.read_from) if path.is_file()}
    base = Path(os.path.commonpath([own, *(path.parent for path in files)]))
    for path in sorted(files):
        (target / path.relative_to(base)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / path.relative_to(base))
    return own.relative_to(base).as_posix()


def _copy_back(source: Path, body: dict[str, Any], making: Path) -> None:
    """Files with their modes, folders and links of the data folder, and the register beside them."""
    for path in sorted((source / _DATA).rglob("*")):
        if path.is_dir():
            (making / path.relative_to(source / _DATA)).mkdir(mode=path.stat().st_mode & 0o777)
    for name, (_, mode) in body["files"].items():
        top, _, rest = name.partition("/")
        if top not in (_DATA, _REGISTER):
            continue
        target = making / (rest if top == _DATA else name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target)
        target.chmod(mode)
    for name, leads_to in body["links"].items():
        (making / name).parent.mkdir(parents=True, exist_ok=True)
        (making / name).symlink_to(leads_to)


@contextmanager
def _warehouse(workspace: Workspace, making: Path) -> Iterator[Warehouse]:
    """The warehouse to fill: the database of the settings, else the file in the folder that is being made."""
    given = workspace.settings.warehouse_url
    url = given.get_secret_value() if given else f"sqlite:///{making / 'warehouse.sqlite'}"
    opened = Warehouse(url, workspace.register.slug, workspace.version)
    try:
        yield opened
    finally:
        opened.close()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
