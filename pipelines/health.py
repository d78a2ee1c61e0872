"""Whether everything that a refresh needs is there and answers: for monitors, health checks of containers, and after an upgrade.

Light and read-only: nothing is hashed, run or written but an empty file in the data folder. Not here: proof (`verify`), state of
measures (`status`).
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from assets.release import folder
from pipelines.workspace import Workspace, dagster_environment

#: Free space below which a refresh may not end; bytes.
_LEAST_SPACE = 1 << 30
#: A daemon that did not report for so long is dead.
_SILENT = timedelta(minutes=5)


class HealthError(Exception):
    """One part is not well; one line with the remedy."""


def checks(workspace: Workspace, *, daemon: bool) -> dict[str, Callable[[], str]]:
    """What is looked at, in order: each gives back a word on what it found, or raises.

    Args:
        workspace: the data folder.
        daemon: whether Dagster's daemon must be alive.
    """
    found = {
        "data folder": lambda: _folder(workspace),
        "landing": lambda: _landing(workspace),
        "warehouse": lambda: _warehouse(workspace),
        "Dagster's records": lambda: _records(workspace),
        "current release": lambda: _release(workspace),
    }
    return {**found, "daemon": lambda: _daemon(workspace)} if daemon else found


def _folder(workspace: Workspace) -> str:
    data = workspace.settings.data
    with tempfile.NamedTemporaryFile(dir=data, prefix=".health-"):
        pass
    free = shutil.disk_usage(data).free
    if free < _LEAST_SPACE:
        raise HealthError(f"{free >> 20} MiB of disk are free: free some, a refresh needs {_LEAST_SPACE >> 20} MiB")
    return f"writable, {free >> 30} GiB free"


def _landing(workspace: Workspace) -> str:
    if not workspace.settings.landing_dir.is_dir():
        raise HealthError("is missing: make it, mount it, or name it by SAFER_LANDING")
    return "there"


def _warehouse(workspace: Workspace) -> str:
    try:
        with workspace.warehouse.snapshot() as snapshot:
            return f"answers, {len(snapshot.stored())} tables"
    finally:
        workspace.warehouse.close()


def _records(workspace: Workspace) -> str:
    import dagster as dg

    settings = workspace.settings
    dagster_environment(settings.data, settings.dagster_url.get_secret_value())
    with dg.DagsterInstance.get() as instance:
        return f"answer, {instance.get_runs_count()} runs"


def _release(workspace: Workspace) -> str:
    name = folder.current_name(workspace.pipeline.releases)
    if not name:
        return "none yet"
    path = workspace.pipeline.releases / name / folder.MANIFEST
    try:
        if json.loads(path.read_bytes())["id"] != name:
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError):
        raise HealthError(f"{name} cannot be read: run safer-outcomes verify") from None
    return name


def _daemon(workspace: Workspace) -> str:
    import dagster as dg

    settings = workspace.settings
    dagster_environment(settings.data, settings.dagster_url.get_secret_value())
    with dg.DagsterInstance.get() as instance:
        beats = instance.get_daemon_heartbeats()
    newest = max((beat.timestamp for beat in beats.values()), default=0.0)
    if datetime.now(UTC) - datetime.fromtimestamp(newest, UTC) > _SILENT:
        raise HealthError("has not reported for five minutes: start or restart it")
    return "alive"
