"""SP09 CRC cohort: more than 1 day, less than 12 months; and levels of reoffending. For analysts and the CRC lead only.

The Board's decision: "Position statement to be included on future agenda and considered prior to performance measure being
finalised".
Aim: at least 75% of the cohort "do not go back to court for revocation of an order at any time"; below that, £1.5M a quarter.

The rule, in plain words (spec SP09, golden SP09-a to e):
* The unit is the licence; offenders stand beside. The cohort is the eligible licences by quarter of licence start, for the whole
  of the CRC (area `crc`) and for the city, whose licences alone never settle the contract.
* failed = with a failing event from the licence's first to its last day, once however many. excluded = died, deported or
  transferred before any failing event: no part of the cohort. kept = ended without failing. open = not ended in the data, or
  not followed without a gap. cohort = failed + kept + open. Which events fail is the register's list. An event after the end
  changes nothing. offenders, offenders_failed = the people.
* While a licence is open the share is unknown. lower_bound = kept of the cohort, upper_bound = not failed of the cohort, with a
  verdict against the target on whole numbers; never the share of closed cases. kept_share = the share once all have ended.
* penalty_exposure = £1.5M for each quarter missed, whole quarters of the whole CRC only, and only once it is settled.
* terminating_kept = of the licences that failed or ended in the quarter, the share kept: the contract's style, beside it.
* reoffending = offenders with a proven reoffence counted from a day in the quarter, of the cohort's offenders;
  reoffence_frequency = reoffences for each of them. Interim until the outcomes of 18 months after the quarter are delivered.
* There is no baseline: the cohort exists only since 1 February 2015.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

import numpy as np
import pandas as pd

from assets.outcomes.asset import outcome_asset
from assets.outcomes.series import (
    LOW_RELIABILITY,
    RELIABLE_FROM,
    Coverage,
    Monthly,
    Parts,
    count_figure,
    covered,
    share_figure,
    spanning,
)
from assets.outcomes.tidy import (
    Change,
    Figure,
    Line,
    Setting,
    compare_counts,
    compare_nothing,
    compare_shares,
    tidy_table,
)
from expectations.outcomes import sp09_crc_cohort as contract
from methods.cohort import TARGET, bounds, display_enough
from methods.periods import Period, add_months, last_day
from methods.rounding import percent_text

PENALTY = 1_500_000
COHORT_SINCE = "2015-02"
#: No licence of the clean table is longer (spec SP09, checks).
LONGEST_DAYS = 274
#: A reoffence counts when committed within 12 months and proven within these.
PROVEN_MONTHS = 18
PROVISIONAL = "[p]"
NOBODY = "no eligible licence started"
CITY_ALONE = "the city alone never settles the contract"
_NEVER = "9999-12-31"


@dataclass(frozen=True)
class Cohort:
    """Licences of a cohort by what became of them, exclusions taken out."""

    failed: int
    kept: int
    open: int

    @property
    def size(self) -> int:
        """All of them."""
        return self.failed + self.kept + self.open

    def verdict(self, target: Fraction) -> str:
        """What the cohort settles already, in the words of the method."""
        return bounds(self.size, self.failed, self.kept, target).verdict


def calculate(tables: Mapping[str, pd.DataFrame], setting: Setting) -> pd.DataFrame:
    """The tidy table of SP09 from licences, events and, where delivered, reoffences; no row when no month is complete."""
    cover = spanning(*(covered(tables[f"clean_crc_{name}_completeness"]) for name in ("licence", "event")))
    licences = followed(tables["clean_crc_licence"], tables["clean_crc_event"], cover)
    whole = replace(setting, area_code=contract.CRC, area_name="Whole of the CRC")
    lines = []
    for area, rows in ((whole, licences), (setting, licences[licences["in_city"] == "Y"])):
        lines += [*cohort_lines(rows, cover, area), *reoffending_lines(rows, cover, tables, area)]
    return tidy_table("SP09", lines, cover.as_at, baseline_fy=None, against="previous")


def followed(licences: pd.DataFrame, events: pd.DataFrame, cover: Coverage) -> pd.DataFrame:
    """Eligible licences with their `state` (failed, kept, open, excluded) and, of the first two, the month they terminated."""
    rows = licences[licences["eligible"] == "Y"].reset_index(drop=True)
    end = rows["licence_end"].fillna(_NEVER)
    beside = events.merge(rows.assign(end=end)[["licence_key", "licence_start", "end"]], on="licence_key")
    within = beside[(beside["event_date"] >= beside["licence_start"]) & (beside["event_date"] <= beside["end"])]

    def first(effect: str) -> pd.Series:
        found = within[within["effect"] == effect].groupby("licence_key")["event_date"].min()
        return rows["licence_key"].map(found).fillna(_NEVER).astype("str")

    failing, excluding = first("failing"), first("excluding")
    until: dict[str, str] = {}
    for month in reversed(cover.months):
        if month in cover.complete:
            # Without a gap since the start: a failure in a month not delivered would go unseen.
            until[month] = until.get(add_months(month, 1), last_day(month))
    ended = end <= rows["month"].map(until).fillna("").astype("str")
    states = [excluding < failing, failing < _NEVER, ended]
    state = pd.Series(np.select(states, ["excluded", "failed", "kept"], "open"), index=rows.index, dtype="str")
    terminated = failing.where(state == "failed", end).str[:7]
    return rows.assign(state=state, terminated=terminated.where(state.isin(["failed", "kept"])))


def cohort_lines(rows: pd.DataFrame, cover: Coverage, setting: Setting) -> Iterator[Line]:
    """Counts, bounds and share of the cohorts of one area, and for the whole CRC what its contract would cost."""
    parts, neutral = Parts(cover, setting, cover.quarters), Parts(cover, setting.neutral, cover.quarters)
    month, state, keys = rows["month"], rows["state"], rows["offender_key"]
    states = Monthly(cover, month, state)
    target, note = setting.target, "" if setting.area_code == contract.CRC else CITY_ALONE

    def cohort(period: Period) -> Cohort:
        return Cohort(*(int(states.of(period, name) or 0) for name in ("failed", "kept", "open")))

    def provisional(line: Line) -> Line:
        """The line marked, and not compared, while licences are open: it can still change."""
        marked = {
            period: replace(found, symbols=(PROVISIONAL,)) if found.known and cohort(period).open else found
            for period, found in line.figures.items()
        }
        return replace(line, figures=marked, compare=compare_nothing)

    yield neutral.line("cohort", "licences", lambda p: count_figure(cohort(p).size), compare_counts(setting.neutral))
    for name in ("failed", "kept", "open"):
        yield provisional(neutral.count(name, "licences", month[state == name]))
    yield neutral.count("excluded", "licences", month[state == "excluded"])
    yield neutral.people("offenders", "offenders", month[state != "excluded"], keys)
    yield provisional(neutral.people("offenders_failed", "offenders", month[state == "failed"], keys))
    yield parts.line("lower_bound", "%", lambda p: bound(cohort(p), "lower", target), compare_nothing, note=note)
    yield parts.line("upper_bound", "%", lambda p: bound(cohort(p), "upper", target), compare_nothing, note=note)
    yield parts.line("kept_share", "%", lambda p: kept_share(cohort(p), target), compare_shares(setting), note=note)
    yield neutral.share(
        "terminating_kept",
        rows["terminated"],
        state == "kept",
        rows["terminated"].notna(),
        unless=lambda p: earlier_starts(p, cover),
    )
    if setting.area_code == contract.CRC and target is not None:
        yield parts.line(
            "penalty_exposure",
            "£",
            lambda p: exposure([cohort(Period("quarter", m, add_months(m, 2))) for m in p.months[::3]], target),
            compare_nothing,
        )


def bound(cohort: Cohort, end: Literal["lower", "upper"], target: Fraction | None) -> Figure:
    """Least or greatest share that can be kept in the end, with the verdict; it is no estimate and has no limits."""
    if not cohort.size:
        return Figure(notes=(NOBODY,))
    found = bounds(cohort.size, cohort.failed, cohort.kept, target or TARGET)
    value, counted = (found.lower, cohort.kept) if end == "lower" else (found.upper, cohort.size - cohort.failed)
    symbols = ([LOW_RELIABILITY] if cohort.size < RELIABLE_FROM else []) + ([PROVISIONAL] if cohort.open else [])
    said = (_against(target, found.verdict), f"{cohort.open} of {cohort.size} licences open" if cohort.open else "")
    return Figure(value, numerator=counted, denominator=cohort.size, notes=said, symbols=tuple(symbols))


def kept_share(cohort: Cohort, target: Fraction | None) -> Figure:
    """Share kept once every licence has ended; before that only bounds are known."""
    if not cohort.size:
        return Figure(notes=(NOBODY,))
    if cohort.open:
        return Figure(notes=(f"{cohort.open} of {cohort.size} licences open: only bounds are known",))
    shown = f"{display_enough(cohort.kept, cohort.size, target or TARGET)}% kept"
    return share_figure(cohort.kept, cohort.size, (shown, _against(target, cohort.verdict(target or TARGET))))


def exposure(quarters: Sequence[Cohort], target: Fraction) -> Figure:
    """What the contract would cost for these quarters, each whole and never in proportion (spec SP09, penalty)."""
    verdicts = [cohort.verdict(target) for cohort in quarters if cohort.size]
    if not verdicts:
        return Figure(notes=(NOBODY,))
    missed, unsettled = sum("miss" in each for each in verdicts), verdicts.count("not yet determinable")
    if unsettled:
        return Figure(notes=(f"{unsettled} of {len(verdicts)} quarters not yet determinable, {missed} missed",))
    return Figure(float(PENALTY * missed), numerator=missed, denominator=len(verdicts), notes=("quarters missed",))


def earlier_starts(period: Period, cover: Coverage) -> str:
    """Why nobody can know all licences that terminated in a period: those that may have started before are not all held."""
    earliest = date.fromisoformat(period.first_day) - timedelta(days=LONGEST_DAYS)
    first = max(COHORT_SINCE, f"{earliest:%Y-%m}")
    why = cover.why_not(Period(period.kind, first, period.last)) if first < period.first else ""
    return f"licences that started since {first}: {why}" if why else ""


def reoffending_lines(
    rows: pd.DataFrame, cover: Coverage, tables: Mapping[str, pd.DataFrame], setting: Setting
) -> Iterator[Line]:
    """Proven reoffending of the cohort's offenders: how many of them, and how often."""
    held = "clean_crc_reoffence" in tables
    seen = covered(tables["clean_crc_reoffence_completeness"]) if held else Coverage(frozenset(), ())
    columns = ["offender_key", "index_date", "proven"]
    proven = tables["clean_crc_reoffence"] if held else pd.DataFrame(columns=columns, dtype="str")
    proven = proven[proven["proven"] == "Y"].assign(counted_from=lambda f: f["index_date"].str[:7])
    cohort = rows[rows["state"] != "excluded"]

    def found(period: Period) -> tuple[int, int, int]:
        people = cohort.loc[cohort["month"].isin(period.months), "offender_key"]
        again = proven[proven["counted_from"].isin(period.months) & proven["offender_key"].isin(people)]
        return people.nunique(), again["offender_key"].nunique(), len(again)

    def unseen(period: Period) -> str:
        last = min(add_months(period.last, PROVEN_MONTHS), max(seen.months, default=""))
        why = seen.why_not(Period(period.kind, period.first, max(last, period.last)))
        return f"outcomes of reoffences: {why}" if why else ""

    def labelled(period: Period, figure: Figure) -> Figure:
        last = add_months(period.last, PROVEN_MONTHS)
        if not figure.known or last in seen.months:
            return figure
        said = f"interim: final with the outcomes to {last}"
        return replace(figure, symbols=(*figure.symbols, PROVISIONAL), notes=(*figure.notes, said))

    def binary(period: Period) -> Figure:
        people, reoffenders, _ = found(period)
        return labelled(period, share_figure(reoffenders, people) if people else Figure(notes=(NOBODY,)))

    def frequency(period: Period) -> Figure:
        _, reoffenders, offences = found(period)
        if not reoffenders:
            return Figure(notes=("nobody reoffended",))
        symbols = (LOW_RELIABILITY,) if reoffenders < RELIABLE_FROM else ()
        rate = offences / reoffenders
        return labelled(period, Figure(rate, numerator=offences, denominator=reoffenders, symbols=symbols))

    parts, compare = Parts(cover, setting.neutral, cover.quarters), compare_shares(setting.neutral)

    def final(now: Figure, then: Figure) -> Change:
        return Change() if PROVISIONAL in (*now.symbols, *then.symbols) else compare(now, then)

    yield parts.line("reoffending", "%", binary, final, unless=unseen)
    yield parts.line("reoffence_frequency", "reoffences per reoffender", frequency, compare_nothing, unless=unseen)


def _against(target: Fraction | None, verdict: str) -> str:
    return f"against {percent_text(target.numerator, target.denominator)}%: {verdict}" if target is not None else ""


outcome_sp09_crc_cohort = outcome_asset("SP09", contract, calculate)
