"""What a release shows: the frozen records that the report pages are made from.

Here: record types and the standard names of a measure's parts. Not here: any wording beyond those names
(`words.py`), any layout (`pages.py`, `templates/`), anything that reads a warehouse or a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
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


def figures_of(frame: pd.DataFrame, measure: str) -> tuple[Figure, ...]:
    """Rows of the published table of one measure as records, in order of part, breakdown, area and period.

    Raises ValueError, naming columns only, when the table lacks a column of `FIGURE_COLUMNS`.
    """
    missing = [name for name in FIGURE_COLUMNS if name not in frame.columns]
    if missing:
        raise ValueError(
            f"published figures of {measure} lack column(s) {', '.join(missing)}: form them by the outcome contract"
        )
    rows = frame.loc[:, list(FIGURE_COLUMNS)].astype(object).where(frame.loc[:, list(FIGURE_COLUMNS)].notna(), None)
    return tuple(sorted((_figure(row) for row in rows.to_dict("records")), key=_place))


def _figure(row: Mapping[Any, Any]) -> Figure:
    def number(name: str) -> float | None:
        return None if row[name] is None else float(row[name])

    def text(name: str) -> str:
        return "" if row[name] is None else str(row[name])

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
    )


def _place(figure: Figure) -> tuple[str, str, str, str, date, date]:
    return figure.part, figure.breakdown, figure.area_code, figure.kind, figure.start, figure.end


@dataclass(frozen=True)
class PartView:
    """One part of a measure: its name in `figures`, its name for a reader, and a short one for a column.

    `beside` parts always stand by the headline. With `count_first` the number counted is said before its rate.
    """

    name: str
    title: str
    short: str
    beside: bool = False
    count_first: bool = False


#: Parts in the order of the page; the first is the headline. A part not listed is named after its column value.
PARTS: Mapping[str, tuple[PartView, ...]] = MappingProxyType(
    {
        "SP01": (
            PartView("gap", "Gap between the ten priority neighbourhoods and the city", "Gap"),
            PartView("relative_gap", "Relative gap, as a share of the city rate", "Relative gap", beside=True),
            PartView("ten", "The ten priority neighbourhoods", "The ten"),
            PartView("city", "The whole city, the ten included", "City"),
            PartView("neighbourhood", "Single neighbourhoods", "Neighbourhood"),
        ),
        "SP08": (
            PartView("proxy", "Burglary, robbery and vehicle crime together", "Rate", count_first=True),
            PartView("burglary", "Burglary", "Burglary", count_first=True),
            PartView("robbery", "Robbery", "Robbery", count_first=True),
            PartView("vehicle_crime", "Vehicle crime", "Vehicle crime", count_first=True),
        ),
    }
)


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


@dataclass(frozen=True)
class VersionView:
    """One table behind a measure, by the hash of its content."""

    table: str
    content_hash: str
    rows: int


@dataclass(frozen=True)
class FileView:
    """One delivered file behind a measure, by the hash of its bytes; `slot` is what it covers, such as a force and month."""

    source: str
    slot: str
    sha256: str
    rows: int


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
    rows: int
    note: str = ""


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
    to mark among single neighbourhoods (SP01). `baseline` is a financial year such as `2013-14`, or empty. `disclosure` is the regime
    of spec 4.8. Text fields come from the register and are escaped wherever they are printed.
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
    board_wording: str = ""
    board_decision: str = ""
    decision_date: date | None = None
    minute_reference: str = ""
    review_due: date | None = None
    polarity: str = ""
    unit: str = ""
    baseline: str = ""
    target: str | None = None
    rationale: str = ""
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
    incentives: tuple[str, ...] = ()
    first_published: str = ""
    method_version: str = ""
    disclosure: Regime = "A"
    priority_areas: frozenset[str] = frozenset()
    checks: tuple[CheckView, ...] = ()
    versions: tuple[VersionView, ...] = ()
    files: tuple[FileView, ...] = ()
    waivers: tuple[WaiverView, ...] = ()


@dataclass(frozen=True, eq=False)
class ReleaseView:
    """One release: who, as at when, on what basis, and its measures in the order of the register.

    `as_at` is the newest complete period in the data, `as_of` the date of evaluation (design section 4). `refused` are
    one-line reasons for deliveries that were refused. `parent` is the id of the release before.
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
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    downloads: tuple[DownloadView, ...] = ()
