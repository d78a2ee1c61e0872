"""The tables of the quality page: checks by dimension, every source on six dimensions, and the grade of each measure.

Here: counting verdicts into words (spec 5.2: the six dimensions of the Government Data Quality Framework). Not here: the
checks themselves, lateness, layout.
"""

from __future__ import annotations

from collections.abc import Sequence

from assets.release import words
from assets.release.grade import grade, passed
from assets.release.tables import Cell, Table
from assets.release.view import CheckView, DeliveryView, ReleaseView

DIMENSIONS = ("completeness", "uniqueness", "consistency", "timeliness", "validity", "accuracy")


def _checks(view: ReleaseView) -> list[CheckView]:
    """Every check of the release once: several measures may stand on the same."""
    return list({(c.table, c.rule): c for m in view.measures for c in m.checks}.values())


def by_dimension(view: ReleaseView) -> Table:
    """Verdicts of the distinct checks of the release by quality dimension."""
    checks = _checks(view)
    rows = []
    for name in sorted({c.dimension for c in checks}):
        mine = [c for c in checks if c.dimension == name]
        counts = (
            sum(c.verdict == "passed" for c in mine),
            sum(not passed(c) and c.severity == "ERROR" for c in mine),
            sum(not passed(c) and c.severity == "WARN" for c in mine),
            sum(c.verdict == "not applicable" for c in mine),
        )
        rows.append((Cell(name.capitalize() or "Not named"), *(Cell(f"{n:,}") for n in counts)))
    head = ("Passed", "Not passed, blocking", "Not passed, warning", "Not applicable")
    return Table("Checks by quality dimension", (("Dimension", False), *((text, True) for text in head)), tuple(rows))


def by_source(view: ReleaseView) -> Table:
    """Each source on the six dimensions, in words."""
    checks = _checks(view)
    rows = tuple(
        (Cell(d.source), *(Cell(_said(d, dimension, checks)) for dimension in DIMENSIONS)) for d in view.deliveries
    )
    head = (("Source", False), *((name.capitalize(), False) for name in DIMENSIONS))
    return Table("Each source on six dimensions of quality", head, rows, _untold(view, checks))


def grades(view: ReleaseView) -> Table:
    """The grade of the data behind each measure, and why."""
    rows = []
    for m in view.measures:
        found = grade(m, view.deliveries)
        shown = found or None
        why = shown.why if shown else "nothing is shown of it" if not words.shows_definition(m) else "no data"
        rows.append(
            (Cell(f"{m.id} {m.name}"), Cell(shown.word if shown else "Not graded"), Cell(f"{why[:1].upper()}{why[1:]}"))
        )
    head = (("Measure", False), ("Grade", False), ("Why", False))
    return Table("Data quality of each measure", head, tuple(rows))


def _said(delivery: DeliveryView, dimension: str, checks: Sequence[CheckView]) -> str:
    if delivery.state in ("never delivered", "not expected"):
        return delivery.state
    mine = [c for c in checks if c.source == delivery.source and c.dimension == dimension]
    if dimension == "timeliness" and not mine:
        return "late" if delivery.state == "late" else "on time"
    applied = [c for c in mine if c.verdict != "not applicable"]
    failed = [c for c in applied if c.verdict != "passed"]
    if not mine:
        return "no such check" if any(c.source == delivery.source for c in checks) else "not told"
    if not applied:
        return "not applicable"
    if not failed:
        return f"passed ({len(applied)})"
    blocking = sum(c.severity == "ERROR" for c in failed)
    warning = len(failed) - blocking
    said = [f"{blocking} blocking" if blocking else "", f"{warning} warning" if warning else ""]
    return f"{' and '.join(s for s in said if s)} of {len(applied)} not passed"


def _untold(view: ReleaseView, checks: Sequence[CheckView]) -> tuple[str, ...]:
    told = {c.source for c in checks}
    if all(d.source in told for d in view.deliveries if d.state in ("received", "late")):
        return ()
    return (
        "Not told: no figure made from the source is published, so a release says no more of it than that it came.",
    )
