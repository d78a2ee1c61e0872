"""How a figure, a period, a symbol and a Board decision are said to a reader.

Here: plain words, and the governance rule of spec 0.4: which of them a measure's status and mode allow. Not here: any
markup, any calculation (a number is rounded for display and nothing else).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from assets.release.view import BoardStatus, Figure, MeasureView, Mode, Regime, RevisionView, State, part_title
from methods.periods import PeriodKind, financial_year, quarter
from methods.rounding import half_up

Icon = Literal["improved", "worsened", "no-change", "higher", "lower", "similar", "baseline"]

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

#: Spec 0.3: symbol in the data files, word on the pages, meaning.
SYMBOLS: tuple[tuple[str, str, str], ...] = (
    ("c", "hidden", "Hidden to protect people: the number is small."),
    ("x", "not available", "Not available: missing, which is not zero."),
    ("z", "does not apply", "Does not apply."),
    ("p", "provisional", "Provisional: the period is young and the figure may still change."),
    ("r", "revised", "Revised since it was first published."),
    ("b", "break in series", "Break in the series: do not compare with figures before it."),
    ("u", "low reliability", "Low reliability: fewer than 20 in the denominator."),
    ("low", "rounds to zero", "Rounds to zero but is not zero."),
)
#: Stands on everything that is made from invented data.
SYNTHETIC = "Synthetic data for a fictional city. Not real."
_BRIEF = 3
_SYMBOL_WORDS = {symbol: word for symbol, word, _ in SYMBOLS}

STATUS_WORDS: dict[BoardStatus, str] = {
    "agreed": "Agreed by the Board",
    "agreed_with_review": "Agreed by the Board, with a review",
    "proposal_awaited": "Further proposals awaited",
    "under_development": "In development: the Board has asked for more",
    "referred": "In development: referred by the Board to a named group",
    "position_statement_awaited": "Position statement awaited",
}
MODE_WORDS: dict[Mode, str] = {
    "target": "Assessed against a target",
    "direction": "Direction against the baseline",
    "baseline_year": "Baseline year: this year's figures set the baseline, and nothing is judged",
    "monitor_only": "Levels are monitored, and nothing is judged",
    "none": "Not assessed",
}
STATE_WORDS: dict[State, str] = {
    "published": "Published",
    "held": "Held",
    "in_development": "In development",
    "awaiting_board": "Awaiting the Board",
    "awaiting_data": "Awaiting data",
}
REGIME_WORDS: dict[Regime, str] = {
    "A": "Counts of 1 to 4 are hidden, and others where they would give those away. Totals are shown.",
    "B": "Counts of 1 to 7 are hidden, and all others are rounded to the nearest 5. Percentages are whole numbers.",
}

#: How the figures of a page were rounded, by regime.
ROUNDING: dict[Regime, str] = {
    "A": "Figures are rounded for display only, after every calculation.",
    "B": "Counts are rounded to the nearest 5, 1 to 7 are hidden, and every other figure is worked from the rounded counts.",
}
#: The same beside one figure.
ROUNDED = "Worked from counts rounded to the nearest 5"

#: Statuses that show the public a name and a status line only (spec 0.4).
_NAME_ONLY = frozenset({"proposal_awaited", "position_statement_awaited"})
_IN_DEVELOPMENT = frozenset({"under_development", "referred"})
_AGREED = frozenset({"agreed", "agreed_with_review"})
_NEUTRAL: dict[str, Icon] = {"higher": "higher", "lower": "lower", "similar": "similar"}
#: Which comparison words a mode allows. A mode that is not here compares nothing.
_COMPARISONS: dict[Mode, dict[str, Icon]] = {
    "direction": {"improved": "improved", "worsened": "worsened", "no significant change": "no-change", **_NEUTRAL},
    "monitor_only": _NEUTRAL,
    "target": _NEUTRAL,
}


@dataclass(frozen=True)
class Change:
    """What a change amounts to: the one word that the mode allows with its icon, if there is one, and the sentence.

    `brief` leaves out what the figure is compared with, for a column that says it once.
    """

    word: str
    icon: Icon | None
    brief: str
    sentence: str


# ---- governance (spec 0.4): each gate by itself; a pass on one never overrides a block on the other


def shows_definition(measure: MeasureView) -> bool:
    """False when the Board has settled nothing yet: then the public gets the name and the status line, and no more."""
    return measure.analysts or (measure.board_status not in _NAME_ONLY and measure.state != "awaiting_board")


def shows_values(measure: MeasureView) -> bool:
    """True when both the Board's status and the state of the measure let figures be shown."""
    return measure.analysts or (shows_definition(measure) and measure.state in ("published", "held", "in_development"))


def is_judged(measure: MeasureView) -> bool:
    """True when the Board has agreed the measure and its mode compares; only then a polarity is said."""
    return measure.board_status in _AGREED and measure.assessment_mode in ("direction", "target")


def shows_target(measure: MeasureView) -> bool:
    """True when a target was agreed: a figure, a mode that uses it, and a status that stands."""
    return is_judged(measure) and measure.assessment_mode == "target" and bool(measure.target)


def compares(measure: MeasureView) -> bool:
    """True when the Board has agreed the measure and its mode compares a figure with another at all."""
    return measure.board_status in _AGREED and measure.assessment_mode in _COMPARISONS


def mode_words(measure: MeasureView) -> str:
    """How the Board wants the measure read; empty until it has agreed the measure."""
    if measure.board_status not in _AGREED:
        return ""
    if measure.assessment_mode == "direction" and not baseline_year(measure):
        return "Direction against the year before"
    return MODE_WORDS[measure.assessment_mode]


def baseline_year(measure: MeasureView) -> str:
    """The year that changes are measured from; empty where that is the year before."""
    return measure.baseline if measure.assessment_mode == "direction" else ""


def _sets_baseline(measure: MeasureView) -> bool:
    return measure.assessment_mode == "baseline_year" and measure.board_status in _AGREED


def baseline_words(measure: MeasureView) -> str:
    """What the figures are compared with, where the Board has settled that: the year, else the register's words."""
    if compares(measure):
        return baseline_year(measure) or measure.baseline_text
    return measure.baseline_text if _sets_baseline(measure) else ""


def comparison_icon(measure: MeasureView, comparison: str) -> Icon | None:
    """Icon of a comparison word, or None when the status or the mode does not allow the word."""
    return _COMPARISONS[measure.assessment_mode].get(comparison) if compares(measure) else None


def state_words(measure: MeasureView) -> str:
    """The state in one or two words; a measure in development is never called published."""
    if measure.board_status in _NAME_ONLY:
        return STATE_WORDS["awaiting_board"]
    if measure.state == "published" and measure.board_status in _IN_DEVELOPMENT:
        return STATE_WORDS["in_development"]
    return STATE_WORDS[measure.state]


def status_line(measure: MeasureView) -> tuple[str, ...]:
    """Why a measure shows what it shows: the reasons as given, else the Board's status in words; and what is not judged."""
    said = measure.reasons or (f"{STATUS_WORDS[measure.board_status]}.",)
    unjudged = _sets_baseline(measure)
    return (*said, f"{MODE_WORDS['baseline_year']}.") if unjudged and shows_values(measure) else said


def brief_status(measure: MeasureView) -> tuple[str, ...]:
    """The same for a tile: when there is much to say, the first of it."""
    said = status_line(measure)
    more = len(said) - _BRIEF
    return said if more <= 1 else (*said[:_BRIEF], f"And {more} more reasons, on its page.")


def review_overdue(measure: MeasureView, as_of: date) -> bool:
    """True when the review that the Board asked for was due before the date of evaluation."""
    return (
        measure.board_status == "agreed_with_review" and measure.review_due is not None and measure.review_due <= as_of
    )


# ---- dates and periods (spec 0.1)


def day(value: date) -> str:
    """31 March 2016."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def month(value: date) -> str:
    """March 2016."""
    return f"{MONTHS[value.month - 1]} {value.year}"


def year_of(value: date) -> str:
    """Financial year that a day lies in, as 2015-16."""
    return financial_year(f"{value:%Y-%m}")


def _span(start: date, end: date) -> str:
    if (start.year, start.month) == (end.year, end.month):
        return month(end)
    first = MONTHS[start.month - 1] if start.year == end.year else month(start)
    return f"{first} to {month(end)}"


def period(figure: Figure) -> str:
    """The period in full words, such as 'Financial year 2015-16 (April 2015 to March 2016)'."""
    return period_words(figure.kind, figure.start, figure.end)


def period_words(kind: PeriodKind, start: date, end: date) -> str:
    """The same of a period that is no figure's."""
    span = _span(start, end)
    match kind:
        case "fy":
            return f"Financial year {year_of(end)} ({span})"
        case "ytd":
            return f"Year to date (not annualised), {span}"
        case "r12":
            return f"12 months to {month(end)}"
        case "quarter":
            return f"Quarter, {span}"
        case _:
            return span


def short_period(figure: Figure) -> str:
    """The period for a table row: '2015-16', 'Q3 2015-16, October to December' or 'April to December 2015'."""
    match figure.kind:
        case "fy":
            return year_of(figure.end)
        case "quarter":
            return f"{quarter(f'{figure.end:%Y-%m}')[-2:]} {year_of(figure.end)}, {MONTHS[figure.start.month - 1]} to {MONTHS[figure.end.month - 1]}"
        case _:
            return period(figure).removeprefix("Year to date (not annualised), ")


def in_period(figure: Figure) -> str:
    """The period inside a sentence: 'in 2015-16', 'from April to December 2015', 'in the 12 months to March 2016'."""
    span = _span(figure.start, figure.end)
    match figure.kind:
        case "r12":
            return f"in the 12 months to {month(figure.end)}"
        case "fy":
            return f"in {year_of(figure.end)}"
        case _:
            return f"from {span}" if " to " in span else f"in {span}"


def revised(measure: MeasureView, revision: RevisionView) -> str:
    """Which figure was revised: part, breakdown, area where it is not the first, and period."""
    title = part_title(measure.id, revision.part)
    kinds = {"fy": "financial year", "ytd": "year to date", "r12": "12 months"}
    when = f"{kinds.get(revision.kind, revision.kind)} {_span(revision.start, revision.end)}"
    where = revision.area_name if revision.part.startswith("neighbourhood") else ""
    return ", ".join(text for text in (title, revision.breakdown.replace("=", ": "), where, when) if text)


# ---- numbers (spec 0.5)


def number(value: float, places: int) -> str:
    """Rounded half up for display, thousands set off by a comma, with a true minus sign."""
    text = half_up(value, places)
    whole, _, fraction = text.lstrip("-").partition(".")
    return f"{'−' if text.startswith('-') else ''}{int(whole):,}{'.' + fraction if fraction else ''}"


def places(unit: str, regime: Regime) -> int:
    """Decimal places of a unit: rates and percentages 1 (percentages 0 in regime B), counts 0."""
    if unit == "%":
        return 0 if regime == "B" else 1
    return 1 if " per " in unit else 0


def unit_words(unit: str) -> str:
    """The unit said in full: 'crimes per 1000' is 'crimes per 1,000 residents'."""
    return unit.replace("per 1000", "per 1,000 residents") if unit.endswith("per 1000") else unit


def quantity(value: float, unit: str, regime: Regime) -> str:
    """A number with its unit: '48.4 crimes per 1,000 residents', '70.9%', '1 offence'."""
    text = number(value, places(unit, regime))
    if unit == "%":
        return f"{text}%"
    words = unit_words(unit)
    return f"{text} {words[:-1] if text == '1' and ' per ' not in words and words.endswith('s') else words}"


def bare(value: float, unit: str, regime: Regime) -> str:
    """A number without its unit, but with the sign that a percentage cannot do without."""
    return number(value, places(unit, regime)) + ("%" if unit == "%" else "")


def absent(figure: Figure) -> str:
    """Why a figure has no value, in a word: hidden, does not apply, or not available."""
    return next((_SYMBOL_WORDS[symbol] for symbol in ("c", "z") if symbol in figure.symbols), _SYMBOL_WORDS["x"])


def flags(figure: Figure) -> tuple[str, ...]:
    """Symbols that qualify a figure that is shown, as words."""
    if figure.value is None:
        return ()
    return tuple(word for symbol, word, _ in SYMBOLS if symbol in figure.symbols and symbol not in ("c", "x", "z"))


def interval(figure: Figure, regime: Regime) -> str:
    """The 95% interval as '46.5 to 50.4', or 'not given'."""
    if figure.lower is None or figure.upper is None:
        return absent(figure) if figure.value is None else "not given"
    return f"{bare(figure.lower, figure.unit, regime)} to {bare(figure.upper, figure.unit, regime)}"


def counted(figure: Figure) -> str:
    """What a rate or percentage is made of, such as '2,172 offences among 263,070 residents'; empty when not given."""
    if figure.numerator is None or figure.denominator is None or figure.value is None:
        return ""
    top, bottom = number(figure.numerator, 0), number(figure.denominator, 0)
    noun, per, _ = figure.unit.partition(" per ")
    if per:
        return f"{top} {noun} among {bottom} residents"
    return f"{top} of {bottom}" if figure.unit == "%" else ""


# ---- comparison (spec 0.5, 4.5)


def change(figure: Figure, measure: MeasureView) -> Change | None:
    """What became of a figure, as far as the mode allows it to be said; None when there is nothing to say.

    The base is the same period of the baseline year, where the measure has one, else the same period a year before. A figure without
    a comparison word (a relative gap has none) gets the sentence alone; one whose word the mode forbids gets nothing.
    """
    icon = comparison_icon(measure, figure.comparison)
    against_baseline = bool(baseline_year(measure)) and figure.baseline is not None
    base = figure.baseline if against_baseline else figure.previous
    if not compares(measure) or (figure.comparison and icon is None):
        return None
    if figure.value is None or figure.change is None or base is None:
        return None
    when = _baseline_when(figure, measure.baseline) if against_baseline else _previous_when(figure)
    against = f"{bare(base, figure.unit, measure.disclosure)} {when}"
    size, direction = _size(figure, measure.disclosure), "higher" if figure.change > 0 else "lower"
    word = figure.comparison.capitalize()
    if figure.comparison == direction and figure.change:
        brief, than = f"{word} by {size}", "than"
    else:
        moved, than = (f"{size} {direction}", "than") if figure.change else ("the same", "as")
        brief = f"{word}: {moved}" if word else moved[0].upper() + moved[1:]
    return Change(word, icon, brief, f"{brief} {than} {against}")


def _size(figure: Figure, regime: Regime) -> str:
    """Size of a change as displayed; one that rounds to zero is said to be less than the last place shown."""
    decimals = places(figure.unit, regime)
    text = number(abs(figure.change or 0), decimals)
    if not text.strip("0."):
        text = f"less than {number(10**-decimals, decimals)}"
    return f"{text} percentage points" if figure.unit == "%" else text


def _baseline_when(figure: Figure, baseline: str) -> str:
    return f"in the {'' if figure.kind in ('fy', 'r12') else 'same months of the '}baseline year, {baseline}"


def _previous_when(figure: Figure) -> str:
    match figure.kind:
        case "fy":
            return "in the year before"
        case "r12":
            return "in the 12 months before those"
        case "month":
            return "in the same month a year before"
        case _:
            return "in the same months a year before"
