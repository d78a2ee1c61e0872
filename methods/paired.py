"""Scores of the same person before and after: who improved, by how much, and whether chance explains it (spec SP06, 4.6).

Here: change over matched domains, median and signed-rank test for ordinal scores, mean with t interval, reliable
change, worst and best case. Not here: which readings count as entry and exit, percentages (`proportions.py`).
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

#: Up to so many changes other than zero the signed-rank test is exact, if no two are of the same size.
EXACT_UP_TO = 25
#: A reliable change index beyond this is reliable. The cut-off is 1.96 by definition (spec 4.6), not a quantile.
RELIABLE_BEYOND = 1.96

Direction = Literal["improved", "same", "declined"]


@dataclass(frozen=True)
class MatchedChange:
    """Change of one person over the domains scored at both ends, in points.

    Attributes:
        domains: the matched domains, in the order of the entry reading.
        total: sum of exit less sum of entry over them.
        mean: the same for each domain; None without a matched domain.
        direction: by the sign of the total; None without a matched domain.
    """

    domains: tuple[str, ...]
    total: int
    mean: Fraction | None
    direction: Direction | None


@dataclass(frozen=True)
class SignedRank:
    """Wilcoxon signed-rank test of changes.

    Attributes:
        n: changes other than zero.
        w_plus: sum of the ranks of rises; ties share the mean of their ranks.
        w_minus: the same of falls.
        p: two-sided; None when n is zero.
        rank_biserial: effect from -1 (all fell) to 1 (all rose); None when n is zero.
        method: how p was found; `none` when n is zero.
    """

    n: int
    w_plus: float
    w_minus: float
    p: float | None
    rank_biserial: float | None
    method: Literal["exact", "normal", "none"]


@dataclass(frozen=True)
class PairedMean:
    """Mean change of n people with t limits, in points."""

    n: int
    value: float
    lower: float
    upper: float
    method: Literal["t"] = "t"


@dataclass(frozen=True)
class ReliableChange:
    """Change over the standard error of a difference, and whether that is more than the measuring error explains."""

    index: float
    reliable: bool


@dataclass(frozen=True)
class OutcomeBounds:
    """Coverage, and the percentage improved if nobody or everybody without a matched reading had improved."""

    worst: float
    best: float
    coverage: float


def matched_change(entry: Mapping[str, int | None], exit: Mapping[str, int | None]) -> MatchedChange:
    """Change over the domains scored in both readings, compared as whole numbers (spec SP06).

    A domain scored at one end only does not count. None, and 0, which is no score, mean not scored.
    """
    domains = tuple(domain for domain, score in entry.items() if score and exit.get(domain))
    total = sum((exit[domain] or 0) - (entry[domain] or 0) for domain in domains)
    if not domains:
        return MatchedChange(domains, total, None, None)
    direction: Direction = "improved" if total > 0 else "declined" if total < 0 else "same"
    return MatchedChange(domains, total, Fraction(total, len(domains)), direction)


def median_change(changes: Sequence[Fraction]) -> Fraction:
    """Median of the changes, zeros among them, exact; ValueError when there are none."""
    if not changes:
        raise ValueError("a median needs a change")
    return Fraction(statistics.median(changes))


def wilcoxon_signed_rank(changes: Sequence[Fraction]) -> SignedRank:
    """Wilcoxon signed-rank test that changes are as likely down as up (spec 4.6).

    Zeros are dropped. Ties are decided on exact fractions. Exact for up to 25 changes if no two are of the same size,
    else the normal approximation, corrected for ties, without continuity correction.
    """
    moved = sorted((Fraction(change) for change in changes if change), key=abs)
    n = len(moved)
    if not n:
        return SignedRank(0, 0.0, 0.0, None, None, "none")
    ranks: dict[Fraction, Fraction] = {}
    below = 0
    sizes = Counter(map(abs, moved))
    for size, count in sizes.items():
        ranks[size] = Fraction(2 * below + count + 1, 2)
        below += count
    signed = [ranks[abs(change)] * (1 if change > 0 else -1) for change in moved]
    plus = sum((rank for rank in signed if rank > 0), Fraction(0))
    minus = Fraction(n * (n + 1), 2) - plus
    exact = n <= EXACT_UP_TO and len(sizes) == n
    # Slow to import, and needed by one measure only.
    from scipy import stats

    # Signed ranks rather than changes: their ties survive as floats.
    p = stats.wilcoxon(
        [float(rank) for rank in signed],
        zero_method="wilcox",
        correction=False,
        method="exact" if exact else "asymptotic",
    ).pvalue
    return SignedRank(
        n, float(plus), float(minus), float(p), float((plus - minus) / (plus + minus)), "exact" if exact else "normal"
    )


def paired_mean(changes: Sequence[float | Fraction], confidence: float = 0.95) -> PairedMean:
    """Mean change with Student's t limits (spec 4.6), for scores that are not merely ordinal.

    Raises:
        ValueError: fewer than two changes, or the confidence is not between 0 and 1.
    """
    n = len(changes)
    if n < 2:
        raise ValueError("a mean with limits needs two changes or more")
    if not 0 < confidence < 1:
        raise ValueError("confidence must lie between 0 and 1, such as 0.95")
    from scipy.special import stdtrit

    exact = [Fraction(change) for change in changes]
    mean = float(statistics.mean(exact))
    side = float(stdtrit(n - 1, (1 + confidence) / 2)) * float(statistics.stdev(exact)) / math.sqrt(n)
    return PairedMean(n, mean, mean - side, mean + side)


def reliable_change(change: float | Fraction, sd_entry: float, reliability: float) -> ReliableChange:
    """Change over SD of entry scores x root 2 x root (1 - reliability); reliable when beyond 1.96 (spec 4.6).

    Raises:
        ValueError: the SD is not above zero, or the reliability of the tool not from 0 to below 1.
    """
    if not (math.isfinite(sd_entry) and sd_entry > 0):
        raise ValueError("the standard deviation of entry scores must be above zero")
    if not 0 <= reliability < 1:
        raise ValueError("the reliability of a tool lies from 0 to below 1")
    index = float(change) / (sd_entry * math.sqrt(2 * (1 - reliability)))
    return ReliableChange(index, abs(index) > RELIABLE_BEYOND)


def outcome_bounds(improved: int, unmatched: int, closed: int) -> OutcomeBounds:
    """Percent improved of all closed, at worst and at best, and percent of them matched (spec SP06).

    Args:
        improved: people with a matched reading who improved.
        unmatched: people without a matched reading.
        closed: all people, matched or not.

    Raises:
        ValueError: nobody closed, a count below zero, or more improved and unmatched than closed.
    """
    if closed <= 0:
        raise ValueError("bounds need at least one closed case")
    if improved < 0 or unmatched < 0 or improved + unmatched > closed:
        raise ValueError("improved and unmatched must be zero or more, and together not more than closed")
    return OutcomeBounds(
        100 * improved / closed, 100 * (improved + unmatched) / closed, 100 * (closed - unmatched) / closed
    )
