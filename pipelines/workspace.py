"""One data folder, opened: its register, warehouse, archive, landing, engine, and the versions that belong to it.

Here: putting settings together into the resources that assets use, and refusing a folder that belongs to another
partnership or that another refresh is using. Not here: what runs (`planner.py`, `refresh.py`).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TextIO

from assets.clean.pseudonym import Pseudonyms
from assets.setup import Pipeline
from expectations.register import Register, load_register
from pipelines.fingerprint import code_version
from pipelines.settings import ROOT, Settings
from resources.archive import Archive
from resources.engine import Engine
from resources.landing import Landing
from resources.notifier import Notifier
from resources.warehouse import Warehouse

_MARKER = "partnership.json"
_LOCK = ".refresh.lock"


class WorkspaceError(Exception):
    """The data folder cannot be used; one line with the remedy."""


@dataclass(frozen=True)
class Workspace:
    """What every command and every asset works with."""

    settings: Settings
    register: Register

    @cached_property
    def version(self) -> str:
        """Version of code, register and pseudonym key: what is made under another one does not count."""
        said = f"{code_version(ROOT)}|{self.register.content_hash}|{Pseudonyms(self.key).fingerprint}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @cached_property
    def key(self) -> bytes:
        """The secret behind pseudonyms; a synthetic partnership without one derives an unsafe one, as it has no people."""
        given = self.settings.pseudonym_key.get_secret_value()
        if not given and self.register.synthetic:
            return hashlib.sha256(f"unsafe key of synthetic {self.register.slug}".encode()).hexdigest().encode()
        return given.encode()

    @cached_property
    def warehouse(self) -> Warehouse:
        """Clean and outcome tables."""
        return Warehouse(self.settings.url, self.register.slug, self.version)

    @cached_property
    def landing(self) -> Landing:
        """What partners delivered."""
        return Landing(self.settings.landing_dir, self.settings.link_folders)

    @cached_property
    def archive(self) -> Archive:
        """Accepted deliveries."""
        return Archive(self.settings.data / "archive")

    @cached_property
    def engine(self) -> Engine:
        """DuckDB for the street files."""
        return Engine(self.settings.data / "engine", self.settings.memory_limit, self.settings.threads)

    @cached_property
    def notifier(self) -> Notifier:
        """Alerts to owners of sources and to the analyst."""
        return Notifier(self.warehouse, self.register.alerts, self.settings.addresses_in)

    @cached_property
    def pipeline(self) -> Pipeline:
        """What the assets need to know of code, register and folders."""
        return Pipeline(
            register=self.register,
            code_version=code_version(ROOT),
            version=self.version,
            data=self.settings.data,
            as_of=self.settings.as_of,
            key=self.key,
            pull_urls={name: Settings.pull_url(name) for name, said in self.register.sources.items() if said.pull},
            ui_url=self.settings.ui_url.rstrip("/"),
        )


def open_workspace(settings: Settings) -> Workspace:
    """Open the data folder of a partnership.

    Raises:
        WorkspaceError: the folder holds another partnership, or cannot be written.
        RegisterError: the partnership folder has a mistake.
    """
    register = load_register(settings.partnership.absolute())
    data = settings.data
    try:
        if not data.exists():
            data.mkdir(mode=0o700, parents=True)
        marker = data / _MARKER
        mine = {"slug": register.slug, "area": register.area.code}
        if marker.exists():
            held = json.loads(marker.read_text(encoding="utf-8"))
            if held != mine:
                raise WorkspaceError(
                    f"data folder {data.name} belongs to partnership {held.get('slug')}, not {register.slug}:"
                    " name another folder with --data or SAFER_DATA_DIR"
                )
        else:
            temporary = data / f".{_MARKER}.{os.getpid()}"
            temporary.write_text(json.dumps(mine), encoding="utf-8")
            temporary.replace(marker)
    except ValueError:
        raise WorkspaceError(f"{_MARKER} in data folder {data.name} cannot be read: restore it from backup") from None
    except OSError as error:
        raise WorkspaceError(
            f"data folder {data.name} cannot be written ({error.strerror}): check its disk and rights"
        ) from None
    return Workspace(settings, register)


@contextmanager
def one_at_a_time(data: Path) -> Iterator[str]:
    """Hold the data folder for one refresh; the lock dies with the process, and tells the next one of it.

    Yields:
        When the refresh before began, if it was killed; else empty text.

    Raises:
        WorkspaceError: another refresh is running.
    """
    with (data / _LOCK).open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise WorkspaceError("another refresh is using this data folder: wait until it has ended") from None
        killed = _noted(handle)
        _note(handle, datetime.now(UTC).isoformat(timespec="seconds"))
        try:
            yield killed
        finally:
            _note(handle, "")


def held_by_refresh(data: Path) -> tuple[bool, str]:
    """Whether a refresh from the command line is running; if none is, when one began that was killed, else empty text."""
    try:
        with (data / _LOCK).open("r") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False, _noted(handle)
    except FileNotFoundError:
        return False, ""
    except OSError:
        return True, ""


def _noted(handle: TextIO) -> str:
    handle.seek(0)
    return handle.read(64).strip()


def _note(handle: TextIO, text: str) -> None:
    with suppress(OSError):  # a full disk: what is lost is only the word of a kill
        handle.seek(0)
        handle.truncate()
        handle.write(text)
        handle.flush()


def dagster_environment(data: Path, url: str = "") -> None:
    """Let UI, daemon and command line use one Dagster instance: dagster.yaml of the project, its storage by URL or in the data folder.

    Args:
        data: the data folder.
        url: PostgreSQL database of Dagster's records (`Settings.dagster_url`); empty text leaves what the environment says.
    """
    os.environ["DAGSTER_HOME"] = str(ROOT)
    os.environ["SAFER_DAGSTER_DIR"] = str(data / "dagster")
    if url:
        os.environ["SAFER_DAGSTER_URL"] = url
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    # What a run intends to make is some hundred events, told before the first step: they are stored at once.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "500")
    (data / "dagster").mkdir(parents=True, exist_ok=True)
