"""An invented release for the tests of its pages: every state, status and mode that a measure can have.

The yearly figures of SP01 are those of the worked cases SP01-a to c of the specification; all else is made up.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from assets.release.view import (
    FIGURE_COLUMNS,
    AreaView,
    CheckView,
    DeliveryView,
    FileView,
    MeasureView,
    ReleaseView,
    VersionView,
    WaiverView,
)
from methods.periods import Period, month_range, period_ending

BASELINE = "2013-14"
#: (months) not delivered; every period that holds it is not available.
MISSING = "2014-12"
PROXY = "open-data proxy: overstates"
FIRST, LAST = "2013-04", "2016-03"
PLACES = (
    "Quay",
    "Old Market",
    "Northfield",
    "Hill End",
    "Castle Ward",
    "Millgate",
    "Riverside",
    "St Anne",
    "Union",
    "Docks",
)
OTHERS = ("Parkway", "Southway", "Broom Hill", "Elm Grove", "Longmeadow", "Fernleigh")
PRIORITY = frozenset(f"N{i:02}" for i in range(1, len(PLACES) + 1))
CITY = ("E99999999", "Vale and Moor")


def row(measure: str, part: str, period: Period, value: float | None, unit: str, **more: Any) -> dict[str, Any]:
    """One published figure; without a value it is not available."""
    blank = dict.fromkeys(FIGURE_COLUMNS)
    text = dict.fromkeys(("breakdown", "method", "comparison", "symbols", "note"), "")
    gone = {"symbols": "[x]", "note": f"{MISSING} not delivered"} if value is None else {}
    fixed = {
        "measure": measure,
        "part": part,
        "area_code": CITY[0],
        "area_name": CITY[1],
        "period_kind": period.kind,
        "period_start": period.first_day,
        "period_end": period.last_day,
        "unit": unit,
        "value": value,
        "board_status": "agreed",
        "state": "published",
        "as_at": "2016-03-31",
    }
    return {**blank, **text, **fixed, **gone, **more}


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as the published table."""
    table = pd.DataFrame(rows, columns=list(FIGURE_COLUMNS))
    numbers = ["numerator", "denominator", "value", "lower", "upper", "baseline_value", "previous_value"]
    return table.astype(dict.fromkeys([*numbers, "change", "change_lower", "change_upper"], "float64"))


def ending(kind: Any, month: str) -> Period:
    """The period of a kind that ends with a month."""
    period = period_ending(kind, month)
    assert period is not None
    return period


def close_the_gap() -> list[dict[str, Any]]:
    """SP01 with 2013/14 and 2015/16 of the worked cases, 2014/15 not available, and its neighbourhoods."""
    rate, rows = "crimes per 1000", []
    years = {
        "2014-03": {
            "ten": 127.777778,
            "city": 75.617284,
            "gap": (52.160494, 50.129108, 54.214607),
            "relative": 68.979592,
        },
        "2015-03": {},
        "2016-03": {
            "ten": 116.758242,
            "city": 68.328892,
            "gap": (48.429349, 46.499942, 50.381357),
            "relative": 70.876825,
        },
    }
    for month, known in years.items():
        for kind in ("fy", "ytd"):
            period = ending(kind, month)
            gap, lower, upper = known.get("gap", (None, None, None))
            compared = (
                {"change": -3.731144, "change_lower": -6.549298, "change_upper": -0.913901, "comparison": "improved"}
                if month == "2016-03"
                else {}
            )
            points = {"change": 1.897233} if month == "2016-03" else {}
            rows += [
                row("SP01", "gap", period, gap, rate, lower=lower, upper=upper, baseline_value=52.160494, **compared),
                row("SP01", "relative_gap", period, known.get("relative"), "%", baseline_value=68.979592, **points),
                row("SP01", "ten", period, known.get("ten"), rate, area_code="ten"),
                row("SP01", "city", period, known.get("city"), rate),
            ]
    for step, month in enumerate(month_range("2014-03", LAST)):
        period = ending("r12", month)
        there = MISSING not in period.months
        symbols = {"symbols": "[p]"} if there and month > "2016-01" else {}
        rows.append(row("SP01", "ten", period, 127.8 - step * 0.4 if there else None, rate, area_code="ten", **symbols))
        rows.append(row("SP01", "city", period, 75.6 - step * 0.3 if there else None, rate, **symbols))
    period = ending("fy", LAST)
    for i, name in enumerate((*PLACES, *OTHERS), start=1):
        code = f"N{i:02}"
        if name == "Fernleigh":
            hidden = {"symbols": "[c]", "note": "hidden to protect people"}
            rows.append(row("SP01", "neighbourhood", period, None, rate, area_code=code, area_name=name, **hidden))
            continue
        crimes, people = round(2400 / i), 8000 + i
        rows.append(
            row(
                "SP01", "neighbourhood", period, 1000 * crimes / people, rate, area_code=code, area_name=name,
                numerator=crimes, denominator=people, lower=950 * crimes / people, upper=1060 * crimes / people,
            )
        )  # fmt: skip
    return rows


def acquisitive_crime(last: str = LAST, missing: str = "2013-12") -> list[dict[str, Any]]:
    """SP08 as the open-data proxy: months, years to date and years; the counts are 100 + the month's number."""
    people, unit, rows = 262700, "offences per 1000", []
    monthly = {m: None if m == missing else 100 + i for i, m in enumerate(month_range(FIRST, last))}
    for month in monthly:
        for kind in ("month", "ytd", "fy"):
            period = period_ending(kind, month)
            if period is None:
                continue
            count, before = _total(monthly, period.months), _total(monthly, period.shifted(-1).months)
            if count is None:
                rows.append(row("SP08", "proxy", period, None, unit, note=f"{PROXY}; {missing} not delivered"))
                continue
            value = 1000 * count / people
            more: dict[str, Any] = {"numerator": count, "denominator": people, "note": PROXY}
            if before is not None:
                change = 1000 * (count - before) / people
                more |= {"previous_value": 1000 * before / people, "change": change, "comparison": "higher"}
            rows.append(row("SP08", "proxy", period, value, unit, lower=value * 0.95, upper=value * 1.05, **more))
            for group, share in (("burglary", 0.4), ("robbery", 0.1), ("vehicle_crime", 0.5)):
                if kind == "fy":
                    part = {"numerator": count * share, "denominator": people, "note": PROXY}
                    rows.append(row("SP08", group, period, value * share, unit, **part))
    return rows


def _total(monthly: dict[str, int | None], months: list[str]) -> int | None:
    counts = [monthly.get(m) for m in months]
    return None if None in counts else sum(c for c in counts if c is not None)


def measure(number: int, name: str, theme: str, **more: Any) -> MeasureView:
    """A measure with what every page needs."""
    given = {
        "id": f"SP{number:02}",
        "name": name,
        "theme": theme,
        "title": name,
        "state": "awaiting_data",
        "board_status": "agreed",
        "assessment_mode": "none",
        "figures": frame([]),
        "board_decision": "Agreed",
        "decision_date": date(2015, 4, 1),
        "minute_reference": "Board paper, item 7",
        **more,
    }
    return MeasureView(**given)


def evidence() -> dict[str, Any]:
    """Checks, versions, files and a waiver."""
    return {
        "checks": (
            CheckView("clean_police_street", "category_known", "ERROR", "passed", "0 unknown of 1,200", "every label is in the code table", "validity"),
            CheckView("clean_police_street", "steady", "WARN", "failed", "1 month", "months move within 30%", "accuracy"),
            CheckView("clean_population", "adds_up", "ERROR", "not applicable", "", "sum of places is the city", "consistency"),
        ),
        "versions": (VersionView("clean_police_street", "ab" * 32, 12345),),
        "files": tuple(FileView("police_street", f"vale-and-moor {m}", f"{i:064x}", 1000 + i) for i, m in enumerate(month_range(FIRST, LAST))),
        "waivers": (WaiverView("clean_police_street", "steady", "known relabelling", "A. Analyst", "B. Chair", date(2016, 9, 30)),),
    }  # fmt: skip


def squares() -> tuple[AreaView, ...]:
    """A square for every neighbourhood, in rows of four."""
    corners = ((0, 0), (0, 1), (1, 1), (1, 0), (0, 0))
    return tuple(
        AreaView(f"N{i + 1:02}", (tuple((-7 + 0.01 * (x + i % 4), 49 - 0.01 * (y + i // 4)) for x, y in corners),))
        for i in range(len(PLACES) + len(OTHERS))
    )


def sp01(**more: Any) -> MeasureView:
    """Close the Gap, agreed with a review, in mode direction."""
    given = {
        "title": "Close the Gap (open-data demonstration)",
        "state": "published",
        "board_status": "agreed_with_review",
        "assessment_mode": "direction",
        "figures": frame(close_the_gap()),
        "reasons": ("Agreed, with a review before 1 April 2016: risk register approach.",),
        "board_wording": "reduce the gap between the city rate per 1,000 and the rate for the ten priority neighbourhoods",
        "board_decision": "Agreed to retain existing 10 but to review before 16/17",
        "review_due": date(2016, 4, 1),
        "polarity": "lower_better",
        "unit": "rate difference per 1,000",
        "baseline": BASELINE,
        "formula": "R10 − Rcity",
        "inclusions": ("All recorded crime.",),
        "limitations": ("Resident population is a poor denominator for a city centre.",),
        "priority_areas": PRIORITY,
        "areas": squares(),
        "areas_source": "Squares, invented.",
        **evidence(),
        **more,
    }
    return measure(1, "Close the Gap", "Neighbourhoods", **given)


def sp08(**more: Any) -> MeasureView:
    """The proxy of serious acquisitive crime, held at the release before."""
    given = {
        "title": "Open-data proxy: burglary, robbery and vehicle crime",
        "state": "held",
        "assessment_mode": "monitor_only",
        "figures": frame(acquisitive_crime("2016-02")),
        "reasons": ("Held: the check 'category known' on police street crime failed (12 rows of 41,200).",),
        "held_from": "2016-02-0a1b2c3d4e5f",
        "held_as_at": date(2016, 2, 29),
        "unit": "offence",
        **evidence(),
        **more,
    }
    return measure(8, "Serious Acquisitive Crime", "Acquisitive crime", **given)


def release(*, partnership: str = "Vale and Moor", **replaced: MeasureView) -> ReleaseView:
    """The whole release; a measure given by its id in lower case takes the place of the example's."""
    further = {"state": "awaiting_board", "reasons": ("Awaiting the Board: further proposals awaited.",)}
    pdas = {"reasons": ("No delivery received from PDAS.",)}
    asb = {"reasons": ("No delivery received from the ASB Victim Champion service.",)}
    measures = (
        sp01(),
        measure(2, "Violence related", "Violence", board_status="proposal_awaited", **further),
        measure(3, "DASH-trained professionals and impact", "Domestic abuse", board_status="under_development", **pdas),
        measure(4, "Domestic abuse referrals, first-time PDAS referrals", "Domestic abuse", board_status="referred", **pdas),
        measure(5, "Vulnerable ASB victims assessed as appropriate, and engaged", "Anti-social behaviour", assessment_mode="direction", **asb),
        measure(6, "Vulnerable ASB victims with improved quality of life", "Anti-social behaviour", assessment_mode="baseline_year", **asb),
        measure(7, "Service-user satisfaction at exit", "Anti-social behaviour", assessment_mode="baseline_year", **asb),
        sp08(),
        measure(9, "CRC cohort kept; levels of reoffending", "Reoffending", board_status="position_statement_awaited", assessment_mode="target",
                target="75% kept", state="awaiting_board", reasons=("Awaiting the Board: position statement awaited.",)),
        measure(10, "Hate crime reporting", "Hate crime", assessment_mode="direction", reasons=("No delivery received from the police.",)),
        measure(11, "Hate crime satisfaction", "Hate crime", assessment_mode="direction", reasons=("No delivery received from the police.",)),
    )  # fmt: skip
    return ReleaseView(
        release_id="2016-03-4b099710e4de",
        partnership=partnership,
        synthetic=True,
        as_at=date(2016, 3, 31),
        as_of=date(2016, 5, 1),
        parent="2016-02-0a1b2c3d4e5f",
        basis="synthetic deliveries",
        code_version="0.1.0",
        measures=tuple(replaced.get(m.id.lower(), m) for m in measures),
        deliveries=(
            DeliveryView(
                "Police street crime",
                "Vale Police",
                "received",
                "2013-04 to 2016-03",
                35,
                41200,
                "2014-12 not delivered",
            ),
            DeliveryView("PDAS referrals", "PDAS", "never delivered", "", 0, 0),
        ),
        refused=("asb_case: one unknown column; ask the owner to remove it and send the file again.",),
    )
