"""Why steps of a run failed, one line each.

Here: what may be said of an error. Not here: who is told (`watch.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

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
