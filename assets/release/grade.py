"""How good the data behind a figure are: one of three grades in words, from recorded checks and timeliness alone.

| grade | when |
|---|---|
| Good | every check that applies passed, and every source was on time |
| Use with care | nothing that blocks failed, but a warning did, a source is late, or a blocking check was waived |
| Poor | a blocking check is not passed on the newest data: what is shown, if anything, is an earlier figure |

Here: that rule. No opinion enters it and no colour carries it. Not here: the checks (`expectations/`), lateness
(`timeliness.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assets.release import words
from assets.release.view import CheckView, DeliveryView, MeasureView

Word = Literal["Good", "Use with care", "Poor"]


@dataclass(frozen=True)
class Grade:
    """The grade of the data behind a measure, and what it stands on."""

    word: Word
    why: str


def passed(check: CheckView) -> bool:
    """Whether a check holds against nothing: it passed, or cannot apply."""
    return check.verdict in ("passed", "not applicable")


def grade(measure: MeasureView, deliveries: Sequence[DeliveryView]) -> Grade | None:
    """The grade; None where nothing was checked, or the Board has settled nothing yet."""
    if not measure.checks or not words.shows_definition(measure):
        return None
    waived = {(w.table, w.rule) for w in measure.waivers}
    failed = [c for c in measure.checks if not passed(c)]
    shut = [c for c in failed if c.severity == "ERROR" and (c.table, c.rule) not in waived]
    let_through = [c for c in failed if c.severity == "ERROR" and (c.table, c.rule) in waived]
    warned = [c for c in failed if c.severity == "WARN"]
    late = [d.source for d in deliveries if d.state == "late" and d.source in measure.sources]
    applied = sum(c.verdict != "not applicable" for c in measure.checks)
    found = (
        _counted(shut, "blocking check not passed", "blocking checks not passed"),
        _counted(let_through, "blocking check waived", "blocking checks waived"),
        _counted(warned, "warning", "warnings"),
        f"late: {', '.join(late)}" if late else "",
    )
    why = "; ".join(text for text in found if text)
    if shut or measure.state == "held":
        return Grade("Poor", f"{why or 'the evidence is not complete'}, of {applied} checks")
    if why:
        return Grade("Use with care", f"{why}, of {applied} checks")
    return Grade("Good", f"all {applied} checks passed, every source on time")


def _counted(checks: Sequence[CheckView], one: str, many: str) -> str:
    if not checks:
        return ""
    names = ", ".join(sorted({c.rule.replace("_", " ") for c in checks})[:3])
    return f"{len(checks)} {one if len(checks) == 1 else many} ({names})"
