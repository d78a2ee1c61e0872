"""What the Board's page says beyond figures: what needs a decision, and of each measure a "so what" in one sentence.

Here: those sentences, and the rule which of them is said. A sentence follows from the Board's status and mode, the comparison,
the process chart and the polarity, or is the first of a commentary that speaks of the figures shown. Not here: the words for
figures and changes (`words.py`), layout (`templates/`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from assets.release import words
from assets.release.process import Verdict
from assets.release.view import CommentaryView, MeasureView, ReleaseView
from assets.release.written import first_sentence

#: A review is announced this long before it is due.
_AHEAD = timedelta(days=92)
_WANTED = {"lower_better": "down", "higher_better": "up"}


@dataclass(frozen=True)
class Item:
    """One thing for the Board to decide or to ask about: what it is in two or three words, of which measure, and why."""

    what: str
    measure: MeasureView
    why: str


def commentary_of(measure: MeasureView) -> CommentaryView | None:
    """The commentary on exactly the figures that are shown; None where there is none."""
    return next((c for c in measure.commentary if c.kind == "commentary" and c.as_at == measure.as_at), None)


def position_of(measure: MeasureView) -> CommentaryView | None:
    """The position statement, as soon as the Board lets more than a name and a status line be seen (spec 0.4)."""
    if not words.shows_definition(measure):
        return None
    return next((c for c in measure.commentary if c.kind == "position"), None)


def so_what(measure: MeasureView, change: words.Change | None, verdict: Verdict | None, *, figure: bool) -> str:
    """What a figure means for the Board, in one sentence; `figure`: whether any is shown."""
    if not words.shows_definition(measure):
        return ""  # a name and a status line, and no more
    written = commentary_of(measure)
    if written and figure and measure.state != "held":
        return first_sentence(written.text)
    if not figure:
        return "Nothing to read: no figure has been delivered yet."
    if measure.state == "held":
        return "An earlier figure: the newest delivery is being mended, so draw nothing new from it."
    if measure.board_status in ("under_development", "referred"):
        return "A count only: nothing follows from it until the Board has settled what it wants to know."
    if measure.assessment_mode == "baseline_year":
        return "Where the service starts from: this year's figure is what later years are measured by."
    if measure.assessment_mode in ("monitor_only", "none"):
        if verdict is None:
            return "A level to watch: nothing is judged."
        return (
            "A level to ask about: its newest point is not what its own past would lead one to expect."
            if verdict.signal
            else "A level to watch: its newest point is what its own past would lead one to expect."
        )
    return _judged(measure, change, verdict)


def _judged(measure: MeasureView, change: words.Change | None, verdict: Verdict | None) -> str:
    wanted = _WANTED.get(measure.polarity, "")
    way, goal = (f" ({wanted})", f": the Board wants it {wanted}") if wanted else ("", "")
    match change.word if change else "":
        case "Improved":
            said = f"Going the way the Board wants{way}, by more than chance explains."
        case "Worsened":
            said = f"Going the other way, by more than chance explains{goal}. Ask what lies behind it."
        case "No significant change" if verdict and verdict.signal:
            said = "Over the period no change beyond chance, but the newest point is unusual: ask about it."
        case "No significant change":
            said = f"No change beyond what chance explains{goal}."
        case "Higher" | "Lower" | "Similar":
            said = f"Compared, and not judged{goal}."
        case _:
            said = f"Nothing yet to compare it with{goal}."
    return f"{said} {measure.reading}".strip()


def agenda(view: ReleaseView, verdicts: dict[str, Verdict | None]) -> tuple[Item, ...]:
    """What needs a decision or a question, the most pressing first; in each kind in the order of the register."""
    kinds = (
        lambda m: _held(m),
        lambda m: _reviews(m, view.as_of),
        lambda m: _awaited(m),
        lambda m: _signals(m, verdicts.get(m.id)),
        lambda m: (Item("Commentary awaited", m, why) for why in m.commentary_wanted),
        lambda m: _goals(m),
        lambda m: _developed(m),
    )
    return tuple(item for kind in kinds for m in view.measures for item in kind(m))


def _held(m: MeasureView) -> Iterator[Item]:
    if m.state == "held" and words.shows_definition(m):
        since = f"Figures stay as at {words.day(m.held_as_at)}" if m.held_as_at else "No good figure yet"
        shut = [reason for reason in m.reasons if not reason.startswith("Agreed")]
        yield Item("Held back", m, f"{since}. {' '.join(shut[:1] or m.reasons[:1])}")


def _reviews(m: MeasureView, as_of: date) -> Iterator[Item]:
    due = m.review_due
    if m.board_status != "agreed_with_review" or due is None or as_of < due - _AHEAD:
        return
    how = f": {m.review_method}" if m.review_method else ""
    overdue = words.review_overdue(m, as_of)
    yield Item(
        "Review overdue" if overdue else "Review due", m, f"The review was asked for before {words.day(due)}{how}."
    )


def _awaited(m: MeasureView) -> Iterator[Item]:
    if m.board_status == "proposal_awaited":
        yield Item(
            "Measure to be chosen", m, "Further proposals are to come back to the Board; until then nothing is public."
        )
    elif m.board_status == "position_statement_awaited":
        written = next((c for c in m.commentary if c.kind == "position"), None)
        there = f"It was written on {words.day(written.written)}." if written else "It has not been written yet."
        yield Item("Position statement", m, f"To be considered before the measure is settled. {there}")


def _signals(m: MeasureView, verdict: Verdict | None) -> Iterator[Item]:
    if verdict and verdict.signal and m.state != "held":
        there = "" if commentary_of(m) else " No commentary on it yet."
        yield Item("Unusual figure", m, f"{verdict.sentence.removeprefix('Unusual: ')}.{there}")


def _goals(m: MeasureView) -> Iterator[Item]:
    if words.is_judged(m) and m.assessment_mode == "target" and not m.target:
        yield Item("Target to be set", m, "It is to be assessed against a target, and none is recorded.")


def _developed(m: MeasureView) -> Iterator[Item]:
    if m.board_status in ("under_development", "referred"):
        yield Item("In development", m, m.reasons[0] if m.reasons else f"{words.STATUS_WORDS[m.board_status]}.")
