"""What a release shows: the frozen records that the report pages are made from.

Here: record types and the standard names of a measure's parts. Not here: any wording beyond those names
(`words.py`), any layout (`pages.py`, `templates/`), anything that reads a warehouse or a clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd

from methods.periods import PeriodKind

State = Literal["published", "held", "in_development", "awaiting_board", "awaiting_data"]
BoardStatus = Literal[
    "agreed",
    "agreed_with_review",
    "proposal_awaited",
    "under_development",
    "referred",
    "position_statement_awaited",
]
Mode = Literal["target", "direction", "baseline_year", "monitor_only", "none"]
Regime = Literal["A", "B"]

#: Columns of `MeasureView.figures`: those of `outcomes.csv` (design section 7).
FIGURE_COLUMNS = (
    "measure",
    "part",
    "breakdown",
    "area_code",
    "area_name",
    "period_kind",
    "period_start",
    "period_end",
    "unit",
    "numerator",
    "denominator",
    "value",
    "lower",
    "upper",
    "method",
    "baseline_value",
    "previous_value",
    "change",
    "change_lower",
    "change_upper",
    "comparison",
    "board_status",
    "state",
    "as_at",
    "symbols",
    "note",
)


@dataclass(frozen=True)
class Figure:
    """One row of `MeasureView.figures`, typed: a number is a float or None, never NaN; symbols are without brackets."""

    part: str
    breakdown: str
    area_code: str
    area_name: str
    kind: PeriodKind
    start: date
    end: date
    unit: str
    numerator: float | None
    denominator: float | None
    value: float | None
    lower: float | None
    upper: float | None
    baseline: float | None
    previous: float | None
    change: float | None
    change_lower: float | None
    change_upper: float | None
    comparison: str
    symbols: tuple[str, ...]
    note: str
    method: str = ""


def figures_of(frame: pd.DataFrame, measure: str) -> tuple[Figure, ...]:
    """Rows of the published table of one measure as records, in order of part, breakdown, area and period.

    Raises ValueError, naming columns only, when the table lacks a column of `FIGURE_COLUMNS`.
    """
    missing = [name for name in FIGURE_COLUMNS if name not in frame.columns]
    if missing:
        raise ValueError(
            f"published figures of {measure} lack column(s) {', '.join(missing)}: form them by the outcome contract"
        )
    # Column by column: pandas' own rows cost more than all the rest of a page.
    columns = [frame[name].tolist() for name in FIGURE_COLUMNS]
    rows = (dict(zip(FIGURE_COLUMNS, values, strict=True)) for values in zip(*columns, strict=True))
    return tuple(sorted((_figure(row) for row in rows), key=_place))


def _figure(row: Mapping[str, Any]) -> Figure:
    def there(name: str) -> bool:
        value = row[name]
        return value is not None and value is not pd.NA and value == value  # NaN is not itself

    def number(name: str) -> float | None:
        return float(row[name]) if there(name) else None

    def text(name: str) -> str:
        return str(row[name]) if there(name) else ""

    return Figure(
        part=text("part"),
        breakdown=text("breakdown"),
        area_code=text("area_code"),
        area_name=text("area_name"),
        kind=row["period_kind"],
        start=date.fromisoformat(text("period_start")),
        end=date.fromisoformat(text("period_end")),
        unit=text("unit"),
        numerator=number("numerator"),
        denominator=number("denominator"),
        value=number("value"),
        lower=number("lower"),
        upper=number("upper"),
        baseline=number("baseline_value"),
        previous=number("previous_value"),
        change=number("change"),
        change_lower=number("change_lower"),
        change_upper=number("change_upper"),
        comparison=text("comparison"),
        symbols=tuple(symbol.strip("[]") for symbol in text("symbols").split()),
        note=text("note"),
        method=text("method"),
    )


def _place(figure: Figure) -> tuple[str, str, str, str, date, date]:
    return figure.part, figure.breakdown, figure.area_code, figure.kind, figure.start, figure.end


@dataclass(frozen=True)
class PartView:
    """One part of a measure: its name in `figures`, its name for a reader, and a short one for a column.

    `beside` parts always stand by the headline. With `count_first` the number counted is said before its rate. `charted`
    parts are drawn, as the first of a page always is.
    """

    name: str
    title: str
    short: str
    beside: bool = False
    count_first: bool = False
    charted: bool = False


#: Parts in the order of the page; the first that is there is the headline. A part not listed is named after its column value.
PARTS: Mapping[str, tuple[PartView, ...]] = MappingProxyType(
    {
        "SP01": (
            PartView("gap", "Gap between the ten priority neighbourhoods and the city", "Gap"),
            PartView("relative_gap", "Relative gap, as a share of the city rate", "Relative gap", beside=True),
            PartView("ten", "The ten priority neighbourhoods", "The ten"),
            PartView("city", "The whole city, the ten included", "City"),
            PartView("neighbourhood", "Single neighbourhoods", "Neighbourhood"),
        ),
        "SP03": (
            PartView("people_trained", "People trained", "People trained"),
            PartView(
                "cumulative_people", "People trained since April 2013, each once", "Since April 2013", beside=True
            ),
            PartView("attendances", "Attendances of any course", "Attendances", charted=True),
            PartView("refreshers", "Attendances of refreshers", "Refreshers"),
            PartView("no_shows", "Booked and did not come", "No-shows"),
        ),
        "SP04": (
            PartView("referrals", "Referrals", "Referrals"),
            PartView("first_time_referrals", "First-time referrals", "First-time", beside=True, charted=True),
            PartView("clients", "People referred", "People"),
            PartView("first_time_clients", "People referred for the first time", "First-time people"),
            PartView("first_time_unknown", "Referrals without a client key: first-time not known", "Not known"),
            PartView("on_open_case", "Referrals while a case was open, not counted above", "On open case"),
            PartView("police_da_offences", "Police recorded crimes flagged as domestic abuse", "Police offences"),
            PartView("engaged", "Accepted support within 28 days", "Engaged"),
            PartView("assessed_in_5_days", "DASH score within 5 working days", "Assessed in time"),
            PartView("risk_level", "Level of risk", "Risk"),
            PartView("marac_heard", "High-risk referrals heard at MARAC", "Heard at MARAC"),
            PartView("children_in_household", "With a child under 18 in a known household", "Children"),
            PartView("unborn_in_household", "With an unborn child in a known household", "Unborn"),
            PartView("safeguarding_referral", "Child safeguarding referral made", "Safeguarding"),
            PartView("sexual_violence", "Sexual violence disclosed, of those asked", "Sexual violence"),
            PartView("police_sexual_offences", "Sexual offences among the police's flagged crimes", "Police: sexual"),
        ),
        "SP05": (
            PartView("appropriate", "Assessed as appropriate for the service", "Appropriate"),
            PartView("engaged", "Of these, engaged", "Engaged", beside=True, charted=True),
            PartView("conversion", "Engaged as a share of appropriate", "Conversion", beside=True, charted=True),
            PartView("appropriate_people", "People assessed as appropriate", "People"),
            PartView("assessed", "Assessments made", "Assessed"),
            PartView("consented", "Of those appropriate, consented", "Consented"),
        ),
        "SP06": (
            PartView("improved_share", "Clients whose quality of life improved", "Improved"),
            PartView("coverage", "Clients with a first and a last Star to compare", "Coverage", beside=True),
            PartView("worst_case", "If nobody without a pair of Stars had improved", "Worst case", beside=True),
            PartView("best_case", "If everybody without a pair of Stars had improved", "Best case", beside=True),
            PartView("matched", "Clients with a pair of Stars", "Matched"),
            PartView("improved", "Improved", "Improved"),
            PartView("same", "Neither improved nor declined", "Same"),
            PartView("declined", "Declined", "Declined"),
            PartView("closed", "Clients whose case was closed", "Closed"),
        ),
        "SP07": (
            PartView("satisfied", "Very or fairly satisfied at exit", "Satisfied"),
            PartView("response_rate", "Of those who left, responded", "Response rate", beside=True),
            PartView("valid", "Valid answers", "Valid answers"),
            PartView("responses", "Responses", "Responses"),
            PartView("exited", "Cases closed", "Closed"),
        ),
        "SP08": (
            PartView("sac", "Serious acquisitive crime", "Rate", count_first=True),
            PartView("domestic_burglary", "Domestic burglary", "Domestic burglary", count_first=True),
            PartView("theft_of_vehicle", "Theft of a vehicle", "Theft of vehicle", count_first=True),
            PartView("theft_from_vehicle", "Theft from a vehicle", "Theft from vehicle", count_first=True),
            PartView("proxy", "Burglary, robbery and vehicle crime together", "Rate", count_first=True),
            PartView("burglary", "Burglary", "Burglary", count_first=True),
            PartView("robbery", "Robbery", "Robbery", count_first=True),
            PartView("vehicle_crime", "Vehicle crime", "Vehicle crime", count_first=True),
            PartView("domestic_burglary_households", "Domestic burglary by households", "By households"),
        ),
        "SP10": (
            PartView("reports", "Reports of hate crime and hate incidents", "Reports"),
            PartView("crimes", "Of these, crimes", "Crimes", beside=True, charted=True),
            PartView("incidents", "Of these, incidents that are no crime", "Incidents", beside=True, charted=True),
        ),
        "SP11": (
            PartView("satisfied", "Completely, very or fairly satisfied, on the police's scale", "Satisfied"),
            PartView("satisfied_council5", "Very or fairly satisfied, on the council's scale", "Council's scale"),
        ),
    }
)
#: Parts that only the measure proper has; without one of them what is shown is its open-data stand-in.
MEASURE_PROPER: Mapping[str, tuple[str, ...]] = MappingProxyType({"SP08": ("sac",)})


#: How the part of a figure ends that was computed anew for a year whose out-turn stands (`out_turns.py`).
RECOMPUTED = "_recomputed"


def headline_part(measure: str) -> str:
    """Name of the part that a measure's page begins with; empty text for a measure without a page of its own making."""
    return PARTS[measure][0].name if measure in PARTS else ""


def parts_of(measure: str, figures: Sequence[Figure]) -> tuple[PartView, ...]:
    """The parts that figures are there of, in the order of the page; those not listed come last, named as they are."""
    there = {figure.part for figure in figures}
    listed = tuple(part for part in PARTS.get(measure, ()) if part.name in there)
    further = sorted(there - {part.name for part in listed})
    return (*listed, *(PartView(name, part_title(measure, name), part_title(measure, name)) for name in further))


def part_title(measure: str, name: str) -> str:
    """A part's name for a reader, also of one that is not listed, or of a recomputed one."""
    own = name.removesuffix(RECOMPUTED)
    titles = {part.name: part.title for part in PARTS.get(measure, ())}
    return titles.get(own, own.replace("_", " ").capitalize()) + (", recomputed" if own != name else "")


@dataclass(frozen=True)
class CheckView:
    """One required check and its verdict on exactly the data shown; `counts` is text made of counts and shares only."""

    table: str
    rule: str
    severity: Literal["ERROR", "WARN"]
    verdict: Literal["passed", "failed", "not applicable", "crashed", "missing", "stale"]
    counts: str
    reason: str
    dimension: str = ""
    #: Source that the table is made from alone, as the register labels it; empty for a measure's own table.
    source: str = ""


@dataclass(frozen=True)
class VersionView:
    """One table behind a measure, by the hash of its content; sealed, and without its rows, where that would tell counts."""

    table: str
    content_hash: str
    rows: int | None


@dataclass(frozen=True)
class FileView:
    """One delivered file behind a measure, by the hash of its bytes; `slot` is what it covers, such as a force and month."""

    source: str
    slot: str
    sha256: str
    rows: int | None


@dataclass(frozen=True)
class WaiverView:
    """A recorded waiver: two names, a reason and an expiry (design section 5)."""

    table: str
    rule: str
    reason: str
    by: str
    second: str
    expires: date


@dataclass(frozen=True)
class DeliveryView:
    """One source: whether it was delivered and what its deliveries cover; `note` says what a reader must know."""

    source: str
    owner: str
    state: Literal["received", "late", "never delivered", "not expected"]
    covers: str
    files: int
    rows: int | None
    note: str = ""
    known_faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class RejectView:
    """Rows of a source that were set aside for one reason; None where the count is hidden."""

    source: str
    reason: str
    rows: int | None


@dataclass(frozen=True)
class RevisionView:
    """A published number that differs from the one that the release compared with had: old, new, and why (spec 4.9).

    `scheduled` is true where the period was provisional when it was first published, so that a change was to be expected.
    """

    measure: str
    part: str
    breakdown: str
    area_name: str
    kind: PeriodKind
    start: date
    end: date
    unit: str
    old: str
    new: str
    reason: str
    scheduled: bool


@dataclass(frozen=True)
class CommentaryView:
    """What a named person wrote about a measure, in Markdown: a commentary on one period, or a position statement."""

    kind: Literal["commentary", "position"]
    text: str
    by: str
    written: date
    as_at: date | None = None


@dataclass(frozen=True)
class AreaView:
    """Outlines of one area, as rings of longitude and latitude."""

    code: str
    rings: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True)
class DownloadView:
    """Another file of the same release folder that the index links to."""

    file: str
    label: str


@dataclass(frozen=True, eq=False)
class MeasureView:
    """One measure as the release shows it.

    `figures` holds the published rows, or for a held measure those of its last good release: hidden cells are empty
    and `symbols` says why. `reasons` are plain sentences for anything not shown. `priority_areas` are the area codes
    to mark among single neighbourhoods (SP01). `baseline` is the financial year that changes are measured from, such as
    `2013-14`, or empty where that is the year before; `baseline_text` what the register says of it. `disclosure` is the regime
    of spec 4.8. `reading` always stands beside a comparison. `chart_from` is the first month of a process chart of months,
    `areas` the outlines of single neighbourhoods, and `areas_source` whom to name for them. `analysts`: exact and whole, whatever the Board decided; never published. Text fields come from the register
    and are escaped wherever they are printed.
    """

    id: str
    name: str
    theme: str
    title: str
    state: State
    board_status: BoardStatus
    assessment_mode: Mode
    figures: pd.DataFrame
    reasons: tuple[str, ...] = ()
    held_from: str | None = None
    held_as_at: date | None = None
    as_at: date | None = None
    board_wording: str = ""
    board_decision: str = ""
    decision_date: date | None = None
    minute_reference: str = ""
    review_due: date | None = None
    review_method: str = ""
    polarity: str = ""
    reading: str = ""
    unit: str = ""
    baseline: str = ""
    baseline_text: str = ""
    target: str | None = None
    target_set_by: str = ""
    rationale: str = ""
    definition: str = ""
    numerator: str = ""
    denominator: str = ""
    formula: str = ""
    inclusions: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    owner: str = ""
    frequency: str = ""
    time_basis: str = ""
    interval_method: str = ""
    limitations: tuple[str, ...] = ()
    known_biases: tuple[str, ...] = ()
    incentives: tuple[str, ...] = ()
    first_published: str = ""
    method_version: str = ""
    disclosure: Regime = "A"
    maturity: str = ""
    priority_areas: frozenset[str] = frozenset()
    areas: tuple[AreaView, ...] = ()
    areas_source: str = ""
    chart_from: str = ""
    checks: tuple[CheckView, ...] = ()
    versions: tuple[VersionView, ...] = ()
    files: tuple[FileView, ...] = ()
    waivers: tuple[WaiverView, ...] = ()
    commentary: tuple[CommentaryView, ...] = ()
    #: Why a commentary is demanded that is not there yet, in sentences.
    commentary_wanted: tuple[str, ...] = ()
    revisions: tuple[RevisionView, ...] = ()
    #: File that walks from the figures back to checks, tables and files; empty where there is none.
    explained: str = ""
    analysts: bool = False


@dataclass(frozen=True, eq=False)
class ReleaseView:
    """One release: who, as at when, on what basis, and its measures in the order of the register.

    `compared_with` is the edition, or else the release before, that `revisions` of the measures are told against.
    `as_at` is the newest complete period in the data, `as_of` the date of evaluation (design section 4). `refused` are
    one-line reasons for deliveries that were refused. `parent` is the id of the release before. `analysts`: what lies beside
    the release for analysts, marked so on every page. `brand` is the partnership's colour, empty for the pages' own.
    """

    release_id: str
    partnership: str
    synthetic: bool
    as_at: date
    as_of: date
    parent: str | None
    basis: str
    code_version: str
    measures: tuple[MeasureView, ...]
    deliveries: tuple[DeliveryView, ...] = ()
    rejects: tuple[RejectView, ...] = ()
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    #: Web address of the licence of the published figures.
    licence: str = ""
    downloads: tuple[DownloadView, ...] = ()
    brand: str = ""
    compared_with: str | None = None
    analysts: bool = False
