"""SP06 Percentage of vulnerable ASB victims whose quality-of-life score improved (Outcomes/Empowerment Star).

The Board's decision: "Agreed"; "As a new indicator 2015/16 will be used as a baseline setting year".
Aim: quality of life has risen by the time vulnerable victims leave the Victim Champion Service.

The rule, in plain words (spec SP06, 4.6, golden SP06-a to SP06-c):
* closed = cases of vulnerable victims who engaged, in the month they were closed. The unit is the case (a client's episode):
  two of one client are two, and readings are never paired across them.
* Entry = the first entry Star within 42 days of the start of support (the day the support plan was opened, else of consent, else
  of the assessment), before or after it. Exit = the last exit Star from 42 days before to 28 days after closure, and 14 days
  or more after entry. Review Stars are neither. Both must be of one tool and scale. Where several people scored a domain on
  that day the worker's score counts, else the joint one, else the client's; a domain that does not apply has none.
* matched = at least one domain scored at both ends; else unmatched. improved, same, declined = whether the exit scores of the
  matched domains sum higher than the entry scores, on whole numbers. identical = no matched domain moved.
* improved_share = improved as a percentage of matched, the headline, always with coverage (matched of closed) and its bounds:
  worst_case as if nobody unmatched had improved, best_case as if all had.
* Points are ordinal. median_change = median of each client's mean change over matched domains; rank_biserial = effect of the
  Wilcoxon signed-rank test, whose n, W and p stand in the note. Both for one scale at a time: by scale, and in total only
  where all Stars of a period have one. By domain: improved_share and median_change of that domain alone.
* In the baseline year nothing is judged. Below 20 matched clients a figure is of low reliability, `[u]`; below 10 the release
  hides it.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import pandas as pd

from assets.outcomes.asset import outcome_asset
from assets.outcomes.series import LOW_RELIABILITY, RELIABLE_FROM, Coverage, Monthly, Parts, covered
from assets.outcomes.tidy import Figure, Line, Setting, compare_points, tidy_table
from expectations.contracts.asb_star import DOMAINS
from expectations.outcomes import sp06_quality_of_life as contract
from methods.paired import MatchedChange, matched_change, median_change, outcome_bounds, wilcoxon_signed_rank
from methods.periods import Period

ENTRY_WITHIN = pd.Timedelta(days=42)
EXIT_BEFORE = pd.Timedelta(days=42)
EXIT_AFTER = pd.Timedelta(days=28)
APART = pd.Timedelta(days=14)
#: Whose score of a domain counts, best first.
SCORERS = ("worker", "joint", "client")
_STAR = ["case_key", "reading_date", "reading_type", "star_tool", "scale_max"]


def calculate(tables: Mapping[str, pd.DataFrame], setting: Setting) -> pd.DataFrame:
    """The tidy table of SP06 from the clean cases and readings; no row when no month is complete."""
    cover = covered(tables["clean_asb_case_completeness"], tables["clean_asb_star_completeness"])
    cases = episodes(tables["clean_asb_case"], tables["clean_asb_star"])
    parts, neutral = Parts(cover, setting), Parts(cover, setting.neutral)
    month, direction = cases["month"], cases["direction"]
    matched = direction != ""

    lines = [
        neutral.count("closed", "clients", month),
        neutral.count("matched", "clients", month[matched]),
        neutral.count("unmatched", "clients", month[~matched]),
        *(neutral.count(way, "clients", month[direction == way]) for way in ("improved", "same", "declined")),
        neutral.count("identical", "clients", month[cases["identical"]]),
        parts.share("improved_share", month, direction == "improved", matched),
        neutral.share("coverage", month, matched, month.notna()),
        *bounds(cover, neutral, month, direction),
        *distance(cover, setting, cases[matched]),
    ]
    note = "baseline year" if setting.wordless else ""
    return tidy_table("SP06", lines, cover.as_at, None, against="previous", opening_note=note)


@dataclass(frozen=True)
class Star:
    """One reading of one Star: day, entry or exit, tool and scale, the score of each domain."""

    day: pd.Timestamp
    kind: str
    tool: str
    scale: int
    scores: Mapping[str, int]


@dataclass(frozen=True)
class Matched:
    """What became of a client between entry and exit, in points of a scale."""

    scale: int
    change: MatchedChange
    #: Change of each matched domain.
    points: Mapping[str, int]


def stars_of(readings: pd.DataFrame) -> dict[str, list[Star]]:
    """The Stars of each case, every domain by the scorer who counts; one without any score is none."""
    said = readings[readings["score"].notna() | (readings["not_applicable"] == "Y")]
    ranked = said.assign(rank=said["scorer"].map({name: rank for rank, name in enumerate(SCORERS)}))
    chosen = ranked.sort_values("rank", kind="stable").drop_duplicates([*_STAR, "domain"])
    chosen = chosen[chosen["score"].notna() & (chosen["not_applicable"] != "Y")]
    found: dict[str, list[Star]] = {}
    for (case, day, kind, tool, scale), rows in chosen.groupby(_STAR):
        scores = {str(domain): int(score) for domain, score in zip(rows["domain"], rows["score"], strict=True)}
        found.setdefault(case, []).append(Star(pd.Timestamp(day), kind, tool, int(scale), scores))
    return found


def pair(start: pd.Timestamp, closed: pd.Timestamp, stars: Sequence[Star]) -> Matched | None:
    """Entry and exit of one case compared over their matched domains; None where there is no such pair."""
    entries = [star for star in stars if star.kind == "entry" and abs(star.day - start) <= ENTRY_WITHIN]
    exits = [star for star in stars if star.kind == "exit" and closed - EXIT_BEFORE <= star.day <= closed + EXIT_AFTER]
    if not (entries and exits):
        return None
    first, last = min(star.day for star in entries), max(star.day for star in exits)
    if last - first < APART:
        return None
    # Sorted, so that of two tools on the same two days the choice does not hang on the order of rows.
    for entry in sorted((star for star in entries if star.day == first), key=lambda star: (star.tool, star.scale)):
        for leaving in exits:
            if (leaving.day, leaving.tool, leaving.scale) == (last, entry.tool, entry.scale):
                change = matched_change(entry.scores, leaving.scores)
                if change.direction:
                    points = {domain: leaving.scores[domain] - entry.scores[domain] for domain in change.domains}
                    return Matched(entry.scale, change, points)
    return None


def episodes(cases: pd.DataFrame, readings: pd.DataFrame) -> pd.DataFrame:
    """Closed cases of vulnerable victims who engaged: month of closure, the pair of Stars, which way it points."""
    closed = cases[(cases["vulnerable"] == "Y") & (cases["engaged"] == "Y") & cases["exit_month"].notna()]
    start = closed["support_plan_date"].fillna(closed["consent_date"]).fillna(closed["assessed_date"])
    stars = stars_of(readings[readings["case_key"].isin(closed["case_key"])])
    pairs = [
        pair(begun, ended, stars.get(case, []))
        for case, begun, ended in zip(
            closed["case_key"], pd.to_datetime(start), pd.to_datetime(closed["exit_date"]), strict=True
        )
    ]
    return pd.DataFrame(
        {
            "month": closed["exit_month"].to_numpy(),
            "pair": pd.Series(pairs, dtype=object),
            "direction": pd.Series([one.change.direction if one else "" for one in pairs], dtype="str"),
            "identical": pd.Series([one is not None and not any(one.points.values()) for one in pairs], dtype=bool),
        }
    )


def bounds(cover: Coverage, parts: Parts, month: pd.Series, direction: pd.Series) -> Iterator[Line]:
    """Improved as a percentage of all closed, as if nobody or everybody unmatched had improved; bounds have no interval."""
    every, improved = Monthly(cover, month), Monthly(cover, month[direction == "improved"])
    unmatched = Monthly(cover, month[direction == ""])

    def bound(period: Period, best: bool) -> Figure:
        closed, rose, lost = (int(counted.of(period) or 0) for counted in (every, improved, unmatched))
        if not closed:
            return Figure(notes=("nobody in the denominator",))
        found = outcome_bounds(rose, lost, closed)
        symbols = (LOW_RELIABILITY,) if closed < RELIABLE_FROM else ()
        value, counted = (found.best, rose + lost) if best else (found.worst, rose)
        return Figure(value, numerator=counted, denominator=closed, method="bound", symbols=symbols)

    yield parts.line("worst_case", "%", lambda period: bound(period, best=False), compare_points)
    yield parts.line("best_case", "%", lambda period: bound(period, best=True), compare_points)


def distance(cover: Coverage, setting: Setting, matched: pd.DataFrame) -> Iterator[Line]:
    """How far clients travelled: median change and effect in total, by scale and by domain; share improved by domain."""
    held: dict[str, list[Matched]] = {
        str(month): list(pairs) for month, pairs in matched["pair"].groupby(matched["month"])
    }
    parts, neutral = Parts(cover, setting), Parts(cover, setting.neutral)
    quarters = Parts(cover, setting.neutral, cover.quarters)

    def pooled(
        change: Callable[[Matched], Fraction | None], figure: Callable[[list[Fraction], int], Figure]
    ) -> Callable[[Period], Figure]:
        def found(period: Period) -> Figure:
            clients = [one for month in period.months for one in held.get(month, ())]
            moved = [(one.scale, by) for one in clients if (by := change(one)) is not None]
            if len({scale for scale, _ in moved}) > 1:
                return Figure(notes=("Stars of more than one scale, whose points cannot be pooled",))
            return figure([by for _, by in moved], len(clients))

        return found

    for part, unit, figure in (("median_change", "points", median_figure), ("rank_biserial", "effect", rank_figure)):
        yield neutral.line(part, unit, pooled(lambda one: one.change.mean, figure), compare_points)
        for scale in sorted({one.scale for one in matched["pair"]}):
            of_scale = pooled(partial(_mean_on, scale), figure)
            yield quarters.line(part, unit, of_scale, compare_points, f"scale={scale}")
    points = pd.DataFrame(
        [(month, domain, by) for month, pairs in held.items() for one in pairs for domain, by in one.points.items()],
        columns=["month", "domain", "points"],
    )
    for domain in DOMAINS:
        here = points["domain"] == domain
        yield parts.share("improved_share", points["month"], points["points"] > 0, here, f"domain={domain}")
        of_domain = pooled(partial(_points_in, domain), median_figure)
        yield quarters.line("median_change", "points", of_domain, compare_points, f"domain={domain}")


def _mean_on(scale: int, one: Matched) -> Fraction | None:
    return one.change.mean if one.scale == scale else None


def _points_in(domain: str, one: Matched) -> Fraction | None:
    return Fraction(one.points[domain]) if domain in one.points else None


def median_figure(changes: list[Fraction], matched: int) -> Figure:
    """Median of clients' changes; numerator the clients with one, denominator all matched clients."""
    if not changes:
        return Figure(notes=("no matched client",))
    symbols = (LOW_RELIABILITY,) if len(changes) < RELIABLE_FROM else ()
    value = float(median_change(changes))
    return Figure(value, method="median", numerator=len(changes), denominator=matched, symbols=symbols)


def rank_figure(changes: list[Fraction], matched: int) -> Figure:
    """Rank-biserial effect of clients' changes, with its test in the note; numerator the clients whose score changed."""
    test = wilcoxon_signed_rank(changes)
    if test.rank_biserial is None:
        return Figure(notes=("no matched client whose score changed",))
    symbols = (LOW_RELIABILITY,) if len(changes) < RELIABLE_FROM else ()
    said = f"Wilcoxon signed-rank: n {test.n}, W+ {test.w_plus:g}, W- {test.w_minus:g}, p {test.p:.6f}, {test.method}"
    return Figure(test.rank_biserial, math.nan, math.nan, f"wilcoxon {test.method}", test.n, matched, (said,), symbols)


outcome_sp06_quality_of_life = outcome_asset("SP06", contract, calculate)
