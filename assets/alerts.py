"""The words of an alert: what was expected, what came, which measures it holds, what to do.

Here: pure text from counts and names. Not here: sending (`resources/notifier.py`). Never a value of a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from expectations.suites import Verdict
from resources.notifier import Alert


def check_failed(
    table: str, verdict: Verdict, *, source: str, owner: str, content_hash: str, measures: Sequence[str]
) -> Alert:
    """One alert for a failed or crashed required check of one content of a table."""
    rule = verdict.rule
    told = "could not be evaluated" if verdict.outcome == "crashed" else "failed"
    name = rule.name.replace("_", " ")
    return Alert(
        event=f"check:{table}/{rule.name}:{verdict.outcome}:{content_hash}",
        subject=f"Check {told}: {name} ({source})",
        body="\n".join(
            (
                f"To: {owner}, owner of {source}",
                f"Check: {name} of {table}: {told}.",
                f"Expected: {rule.reason}.",
                f"Found: {figures_text(verdict.figures)}.",
                f"Held until it passes: {', '.join(measures) or 'no measure'}. The last good figures stay on display.",
                "What to do: correct the delivery and send it again; the next refresh runs the check again by itself.",
            )
        ),
    )


def delivery_refused(
    *, source: str, owner: str, name: str, reason: str, message: str, identity: str, measures: Sequence[str]
) -> Alert:
    """One alert for a delivery that was not accepted."""
    return Alert(
        event=f"refused:{source}:{name}:{reason}:{identity}",
        subject=f"Delivery refused: {source} ({reason.replace('_', ' ')})",
        body="\n".join(
            (
                f"To: {owner}, owner of {source}",
                f"Refused: {message}",
                "Nothing of it was taken in; what was delivered before still counts.",
                f"Measures that use this source: {', '.join(measures) or 'none'}.",
                "What to do: correct the file, or take it out of the landing folder, and send it again.",
            )
        ),
    )


def figures_text(figures: Mapping[str, float]) -> str:
    """Counts and shares in words: '3 unknown category; 0.0120 worst bad share; 84 rows'."""
    return "; ".join(
        f"{value:,.0f} {name.replace('_', ' ')}"
        if float(value).is_integer()
        else f"{value:.4f} {name.replace('_', ' ')}"
        for name, value in figures.items()
    )
