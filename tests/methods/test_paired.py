import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from methods.paired import (
    matched_change,
    median_change,
    outcome_bounds,
    paired_mean,
    reliable_change,
    wilcoxon_signed_rank,
)
from methods.proportions import proportion
from tests.methods.references import golden, phe

CHANGES = st.lists(st.fractions(-9, 9, max_denominator=8), max_size=40)


def test_stars_of_the_specification():
    case = golden("SP06-a")
    domains, clients, expect = case["input"]["domains"], case["input"]["clients"], case["expect"]
    changes = {
        name: matched_change(
            dict(zip(domains, ends["entry"], strict=True)), dict(zip(domains, ends["exit"], strict=True))
        )
        for name, ends in clients.items()
    }
    matched = {name: change for name, change in changes.items() if change.mean is not None}
    directions = [change.direction for change in changes.values()]
    assert len(matched) == expect["matched"]
    for word in ("improved", "same", "declined"):
        assert directions.count(word) == expect[word]
    assert directions.count(None) == expect["unmatched"]
    for name, mean in expect["mean_change"].items():
        assert float(changes[name].mean) == pytest.approx(mean, abs=1e-6)

    share = proportion(expect["improved"], expect["matched"])
    assert share.value == pytest.approx(expect["improved_pct"], abs=1e-6)
    assert (share.lower, share.upper) == pytest.approx((expect["wilson_lo"], expect["wilson_hi"]), abs=1e-6)
    found = outcome_bounds(directions.count("improved"), directions.count(None), len(clients))
    assert found.worst == pytest.approx(expect["worst_case_pct"], abs=1e-6)
    assert found.best == pytest.approx(expect["best_case_pct"], abs=1e-6)
    assert found.coverage == pytest.approx(expect["coverage_pct"], abs=1e-6)

    means = [change.mean for change in matched.values()]
    assert float(median_change(means)) == pytest.approx(expect["median_change"], abs=1e-6)
    test = wilcoxon_signed_rank(means)
    assert test.n == expect["wilcoxon_n"]
    assert test.w_minus == expect["wilcoxon_W_minus"]
    assert test.p == pytest.approx(expect["wilcoxon_p"], abs=1e-6)
    assert test.rank_biserial == pytest.approx(expect["rank_biserial"], abs=1e-6)
    assert test.method == "exact"


def test_a_domain_scored_at_exit_only_does_not_count():
    case = golden("SP06-b")
    change = matched_change(case["input"]["entry"], case["input"]["exit"])
    assert len(change.domains) == case["expect"]["matched_domains"]
    assert float(change.mean) == case["expect"]["mean_change"]
    assert change.direction == case["expect"]["status"]


@pytest.mark.parametrize(
    ("entry", "exit", "domains", "total", "direction"),
    [
        ({"a": 1, "b": 9}, {"a": 9, "b": 1}, ("a", "b"), 0, "same"),
        ({"a": 5, "b": 5}, {"a": 9, "b": 0}, ("a",), 4, "improved"),
        ({"a": 0, "b": 5}, {"a": 9, "b": 4}, ("b",), -1, "declined"),
        ({"a": None, "b": 5}, {"a": 9, "b": None}, (), 0, None),
        ({}, {"a": 9}, (), 0, None),
    ],
)
def test_matched_domains(entry, exit, domains, total, direction):
    change = matched_change(entry, exit)
    assert (change.domains, change.total, change.direction) == (domains, total, direction)
    assert change.mean == (Fraction(total, len(domains)) if domains else None)


def signed_ranks(changes):
    moved = [change for change in changes if change]
    sizes = [abs(change) for change in moved]
    ranks = [sum(b < a for b in sizes) + (sum(b == a for b in sizes) + 1) / 2 for a in sizes]
    return moved, ranks


@given(st.lists(st.integers(1, 60), unique=True, min_size=1, max_size=9), st.data())
def test_exact_p_is_the_share_of_all_sign_patterns(sizes, data):
    changes = [Fraction(size * data.draw(st.sampled_from([-1, 1])), 7) for size in sizes]
    test = wilcoxon_signed_rank(changes)
    n = len(sizes)
    least = min(test.w_plus, test.w_minus)
    sums = [sum(itertools.compress(range(1, n + 1), ups)) for ups in itertools.product([0, 1], repeat=n)]
    p = min(1, 2 * sum(each <= least for each in sums) / 2**n)
    assert test.method == "exact"
    assert test.p == pytest.approx(p)


@given(CHANGES)
def test_ranks_effect_and_normal_p_by_their_formulas(changes):
    test = wilcoxon_signed_rank(changes)
    moved, ranks = signed_ranks(changes)
    n = len(moved)
    assert test.n == n
    assert test.w_plus == pytest.approx(sum(rank for rank, change in zip(ranks, moved, strict=True) if change > 0))
    assert test.w_plus + test.w_minus == n * (n + 1) / 2
    if not n:
        assert (test.p, test.rank_biserial, test.method) == (None, None, "none")
        return
    assert test.rank_biserial == pytest.approx((test.w_plus - test.w_minus) / (n * (n + 1) / 2))
    tied = len({abs(change) for change in moved}) < n
    assert test.method == ("normal" if tied or n > 25 else "exact")
    if test.method == "normal":
        # Variance with ties is a quarter of the sum of the squared ranks.
        z = (test.w_plus - n * (n + 1) / 4) / math.sqrt(sum(rank**2 for rank in ranks) / 4)
        assert test.p == pytest.approx(math.erfc(abs(z) / math.sqrt(2)))


@pytest.mark.parametrize(("n", "method"), [(25, "exact"), (26, "normal")])
def test_exact_up_to_25(n, method):
    changes = [Fraction(size) for size in range(1, n + 1)]
    test = wilcoxon_signed_rank(changes)
    assert test.method == method
    assert test.rank_biserial == 1


def test_ties_are_decided_on_exact_fractions():
    # As floats 3 x 0.1 and 0.3 differ; as fractions they tie.
    tied = wilcoxon_signed_rank([Fraction(1, 10) * 3, Fraction(-3, 10), Fraction(1, 2)])
    assert (tied.method, tied.w_plus, tied.w_minus) == ("normal", 4.5, 1.5)
    # As floats these tie; as fractions they do not.
    third = Fraction(1, 3)
    apart = wilcoxon_signed_rank([third, -third - Fraction(1, 10**30), Fraction(1, 2)])
    assert (apart.method, apart.w_plus, apart.w_minus) == ("exact", 4, 2)


def test_one_change_says_nothing():
    assert wilcoxon_signed_rank([Fraction(2)]).p == 1


@given(st.lists(st.fractions(-9, 9, max_denominator=8), min_size=1))
def test_median_has_half_on_each_side(changes):
    median = median_change(changes)
    assert 2 * sum(change < median for change in changes) <= len(changes)
    assert 2 * sum(change > median for change in changes) <= len(changes)


def test_no_median_of_nothing():
    with pytest.raises(ValueError, match="needs a change"):
        median_change([])


def test_means_of_the_public_health_package():
    rows = [row for row in phe("testdata_Mean.xlsx", "testdata_Mean") if row["area"]]
    results = phe("testdata_Mean.xlsx", "testdata_Mean_results")
    assert len(results) == 3
    for expect in results:
        values = [row["values"] for row in rows if expect["area"] in (row["area"], "No grouping")]
        for confidence, name in [(0.95, "95_0"), (0.998, "99_8")]:
            found = paired_mean(values, confidence)
            assert found.n == expect["value_count"]
            assert found.value == pytest.approx(expect["value"], rel=1e-12)
            assert found.lower == pytest.approx(expect[f"lower{name}cl"], rel=1e-10)
            assert found.upper == pytest.approx(expect[f"upper{name}cl"], rel=1e-10)


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=50), st.sampled_from([0.9, 0.95, 0.998]))
def test_mean_of_another_implementation(changes, confidence):
    found = paired_mean([Fraction(change) for change in changes], confidence)
    lower, upper = DescrStatsW([float(change) for change in changes]).tconfint_mean(1 - confidence)
    assert (found.lower, found.upper) == pytest.approx((lower, upper), abs=1e-9)
    assert found.lower <= found.value <= found.upper


def test_mean_of_pairs_is_the_paired_t_interval():
    before, after = [2, 3, 2, 4, 1], [3, 5, 2, 5, 4]
    found = paired_mean([b - a for a, b in zip(before, after, strict=True)])
    interval = stats.ttest_rel(after, before).confidence_interval()
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize("changes", [[], [Fraction(1)]])
def test_no_interval_of_fewer_than_two(changes):
    with pytest.raises(ValueError, match="two changes"):
        paired_mean(changes)


def test_confidence_of_a_mean_is_a_share():
    with pytest.raises(ValueError, match="between 0 and 1"):
        paired_mean([1, 2], 95)


@pytest.mark.parametrize(
    ("change", "index", "reliable"), [(2.0, 1.976, True), (1.0, 0.988, False), (-2, -1.976, True), (1.983, 1.96, False)]
)
def test_reliable_change_of_the_specification(change, index, reliable):
    found = reliable_change(change, 1.6, 0.8)
    assert found.index == pytest.approx(index, abs=5e-4)
    assert found.reliable is reliable


@pytest.mark.parametrize(
    ("sd", "reliability", "why"),
    [(0, 0.8, "deviation"), (math.nan, 0.8, "deviation"), (1, 1, "reliability"), (1, -0.1, "reliability")],
)
def test_no_reliable_change_without_a_measure_of_error(sd, reliability, why):
    with pytest.raises(ValueError, match=why):
        reliable_change(1, sd, reliability)


@given(st.integers(1, 500), st.data())
def test_bounds_hold_what_the_unmatched_could_have_been(closed, data):
    improved = data.draw(st.integers(0, closed))
    unmatched = data.draw(st.integers(0, closed - improved))
    better = data.draw(st.integers(0, unmatched))
    found = outcome_bounds(improved, unmatched, closed)
    assert 0 <= found.worst <= 100 * (improved + better) / closed <= found.best <= 100
    assert found.best - found.worst == pytest.approx(100 - found.coverage)


@pytest.mark.parametrize(
    ("figures", "why"), [((0, 0, 0), "one closed"), ((-1, 0, 5), "zero or more"), ((3, 3, 5), "not more than closed")]
)
def test_impossible_bounds_are_refused(figures, why):
    with pytest.raises(ValueError, match=why):
        outcome_bounds(*figures)
