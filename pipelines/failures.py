"""Why steps of a run, or commands, failed: one line each, which may be shown to anyone.

Here: what may be said of an error. Not here: who is told (`watch.py`). Light to import: the command line uses it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg


def step_failures(events: Iterable[dg.DagsterEvent]) -> tuple[tuple[str, str], ...]:
    """Name and one line of each step that failed."""
    return tuple(
        (event.step_key or "", _plain(event.step_failure_data.error)) for event in events if event.is_step_failure
    )


def _plain(error: object) -> str:
    """One line of a failed step: our own errors say what to do; of any other only its kind is told."""
    cause = error
    while getattr(cause, "cause", None) is not None:
        cause = cause.cause  # type: ignore[attr-defined]
    name = str(getattr(cause, "cls_name", "") or "error")
    ours = name in _OUR_ERRORS
    text = str(getattr(cause, "message", "")).strip().splitlines()
    return text[0].partition(": ")[2].strip() if ours and text else f"stopped by {name}: see the run in the Dagster UI"


_OUR_ERRORS = {
    "ArchiveError",
    "DeliveryFault",
    "EngineError",
    "LandingError",
    "PseudonymError",
    "ReferenceError",
    "ReleaseError",
    "WarehouseError",
}


def is_foreseen(error: Exception) -> bool:
    """Whether it is an error of our own, or one of the disk."""
    return _is_ours(error) or _is_full(error) or isinstance(error, OSError)


def line_of(error: Exception) -> str:
    """What to say of an error: our own say what to do; of others only the kind is told, for they may hold data."""
    kind = type(error).__name__
    if _is_ours(error):
        return str(error).splitlines()[0]
    if _is_full(error):
        return "no space left: free some disk and run again; nothing half-made was published, nothing received is lost"
    if isinstance(error, OSError):
        return f"{error.strerror or kind}: check the disk, the folder and its rights, then run again"
    return f"stopped by an unforeseen {kind}; set SAFER_DEBUG=1 on synthetic data to see where"


def _is_ours(error: Exception) -> bool:
    return type(error).__module__.split(".")[0] in ("pipelines", "assets", "resources", "expectations", "sample")


def _is_full(error: Exception) -> bool:
    """Whether the disk is full, as the system or a database (Dagster's own records lie in SQLite) says it."""
    text = str(error).lower()
    in_database = type(error).__name__ == "OperationalError" and ("disk" in text or "full" in text)
    return in_database or (isinstance(error, OSError) and error.errno == errno.ENOSPC)
