import math
from datetime import date, timedelta

import pytest
from scipy import stats

from assets.outcomes import sp06_quality_of_life as measure
from tests.methods.references import golden
from tests.outcomes.services import DOMAINS, draw, is_tidy, one, says_decision, setting, shuffled, tables, values

NAME = "outcome_sp06_quality_of_life"
YEAR = ("fy", "2015-04-01")
#: Names of the specification's cases.
SHORT = dict(zip(("health", "safety", "support", "housing", "finances", "legal", "children", "confidence"), DOMAINS, strict=True))  # fmt: skip
BEGUN, LEFT = "2015-05-04", "2015-11-30"


def after(day, days):
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def client(name="A", **given):
    return {
        "case_key": name,
        "person_key": f"P{name}",
        "referral_date": "2015-04-20",
        "assessed_date": "2015-04-22",
        "consent_date": "2015-04-24",
        "support_plan_date": BEGUN,
        "exit_date": LEFT,
        "engaged": "Y",
    } | given


def star(kind, scores, case="A", day=None, **given):
    """One reading: scores by domain, or a list in the order of the domains."""
    if not isinstance(scores, dict):
        scores = dict(zip(DOMAINS, scores, strict=False))
    day = day or (BEGUN if kind == "entry" else LEFT)
    rows = {"case_key": case, "reading_type": kind, "reading_date": day}
    return [rows | {"domain": SHORT.get(domain, domain), "score": score} | given for domain, score in scores.items()]


def made(cases, stars, first="2015-04", last="2016-03", missing=(), **of):
    return measure.calculate(tables(first, last, missing, asb_case=cases, asb_star=stars), setting(**of))


def ways(outcome):
    """How many clients were matched, improved, same, declined, unmatched, identical in the year."""
    return tuple(values(outcome, *YEAR, "matched", "improved", "same", "declined", "unmatched", "identical"))


MATCHED, UNMATCHED = (1, 1, 0, 0, 0, 0), (0, 0, 0, 0, 1, 0)


def of_one(stars, **given):
    return ways(made([client(**given)], stars))


def test_opens_with_the_words_of_the_board():
    assert says_decision(measure, "SP06")


# Worked answers ----------------------------------------------------------------------------------------------------------


def twelve():
    given = golden("SP06-a")["input"]["clients"]
    stars = [
        row for name, scores in given.items() for kind in ("entry", "exit") for row in star(kind, scores[kind], name)
    ]
    return [client(name) for name in given], stars


def test_case_of_the_specification():
    expect = golden("SP06-a")["expect"]
    outcome = made(*twelve(), mode="baseline_year", polarity="higher_better")
    counts = ("matched", "improved", "same", "declined", "unmatched")
    assert values(outcome, *YEAR, *counts) == [expect[name] for name in counts]
    row = one(outcome, "improved_share", *YEAR)
    assert row[["value", "lower", "upper"]].tolist() == pytest.approx(
        [expect["improved_pct"], expect["wilson_lo"], expect["wilson_hi"]], abs=1e-6
    )
    assert (row["symbols"], row["comparison"], row["note"][:13]) == ("[u]", "", "baseline year")
    assert values(
        outcome, *YEAR, "coverage", "worst_case", "best_case", "median_change", "rank_biserial"
    ) == pytest.approx(
        [
            expect[name]
            for name in ("coverage_pct", "worst_case_pct", "best_case_pct", "median_change", "rank_biserial")
        ],
        abs=1e-6,
    )
    note = one(outcome, "rank_biserial", *YEAR)["note"]
    assert (
        f"n {expect['wilcoxon_n']}, W+ 35, W- {expect['wilcoxon_W_minus']:g}, p {expect['wilcoxon_p']}, exact" in note
    )
    # A02 stayed where it was in every domain; A09 moved and came to the same sum.
    assert values(outcome, *YEAR, "identical") == [1]
    cases, stars = twelve()
    for name, mean in expect["mean_change"].items():
        alone = made([c for c in cases if c["case_key"] == name], [s for s in stars if s["case_key"] == name])
        assert values(alone, *YEAR, "median_change") == pytest.approx([mean], abs=1e-6)


def test_domain_scored_only_at_exit_does_not_count():
    case = golden("SP06-b")
    outcome = made([client()], star("entry", case["input"]["entry"]) + star("exit", case["input"]["exit"]))
    assert ways(outcome) == (1, 0, 0, 1, 0, 0)
    assert values(outcome, *YEAR, case["expect"]["status"]) == [1]
    found = values(outcome, *YEAR, "median_change")
    assert found == [case["expect"]["mean_change"]]
    assert found != [case["expect"]["naive_mean_change_must_not_be_used"]]
    assert one(outcome, "improved_share", *YEAR, breakdown="domain=housing")["symbols"] == "[x]"


@pytest.mark.parametrize(
    ("entry", "exit", "way"),
    [
        (
            {"health": 5, "safety": 5, "housing": 5},
            {"health": 9, "safety": 3, "housing": 2},
            "declined",
        ),  # one domain up
        ({"health": 5, "safety": 5}, {"health": 9, "safety": 1}, "same"),
        ({"health": 5, "safety": 5}, {"health": 6, "safety": 5}, "improved"),
        ({"health": 5, "safety": 9}, {"health": 6}, "improved"),  # scored at entry only
        ({"health": 5, "children": None}, {"health": 6, "children": 1}, "improved"),
        ({"health": 5}, {"health": 5}, "same"),
        ({"health": 5, "safety": None}, {"health": None, "safety": 5}, "unmatched"),
        ({"health": None}, {"health": None}, "unmatched"),
    ],
)
def test_sum_over_matched_domains(entry, exit, way):
    outcome = made([client()], star("entry", entry) + star("exit", exit))
    counts = ("improved", "same", "declined", "unmatched")
    assert dict(zip(counts, values(outcome, *YEAR, *counts), strict=True)) == dict.fromkeys(counts, 0) | {way: 1}


def test_not_applicable_is_not_missing():
    stars = star("entry", {"health": 5}) + star("exit", {"health": 6})
    stars += star("entry", {"children": None}, not_applicable="Y") + star(
        "exit", {"children": None}, not_applicable="Y"
    )
    outcome = made([client()], stars)
    assert ways(outcome) == MATCHED
    assert one(outcome, "improved_share", *YEAR, breakdown="domain=children")["symbols"] == "[x]"
    assert one(outcome, "improved_share", *YEAR, breakdown="domain=health_wellbeing")["value"] == 100


# Which Stars -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "matched"), [(-43, False), (-42, True), (0, True), (42, True), (43, False)])
def test_window_of_entry(days, matched):
    stars = star("entry", [4] * 8, day=after(BEGUN, days)) + star("exit", [5] * 8)
    assert of_one(stars) == (MATCHED if matched else UNMATCHED)


@pytest.mark.parametrize(("days", "matched"), [(-43, False), (-42, True), (0, True), (28, True), (29, False)])
def test_window_of_exit(days, matched):
    stars = star("entry", [4] * 8) + star("exit", [5] * 8, day=after(LEFT, days))
    assert of_one(stars) == (MATCHED if matched else UNMATCHED)


@pytest.mark.parametrize(("days", "matched"), [(13, False), (14, True)])
def test_days_between_entry_and_exit(days, matched):
    stars = star("entry", [4] * 8) + star("exit", [5] * 8, day=after(BEGUN, days))
    assert of_one(stars, exit_date=after(BEGUN, days)) == (MATCHED if matched else UNMATCHED)


@pytest.mark.parametrize(
    ("dates", "start"),
    [
        ({}, BEGUN),
        ({"support_plan_date": None, "consent_date": "2015-06-20"}, "2015-06-20"),
        ({"support_plan_date": None, "consent_date": None, "assessed_date": "2015-06-20"}, "2015-06-20"),
    ],
)
def test_start_of_support(dates, start):
    for days, expected in ((42, MATCHED), (43, UNMATCHED)):
        assert of_one(star("entry", [4] * 8, day=after(start, days)) + star("exit", [5] * 8), **dates) == expected


def test_first_entry_and_last_exit_count():
    stars = star("entry", [4] * 8) + star("entry", [9] * 8, day=after(BEGUN, 20))
    stars += star("exit", [9] * 8, day=after(LEFT, -30)) + star("exit", [5] * 8)
    outcome = made([client()], stars)
    assert values(outcome, *YEAR, "median_change") == [1]
    # Readings out of their windows are passed over.
    stars += star("entry", [1] * 8, day=after(BEGUN, -60)) + star("exit", [1] * 8, day=after(LEFT, 40))
    assert values(made([client()], stars), *YEAR, "median_change") == [1]


def test_review_is_neither_entry_nor_exit():
    assert of_one(star("entry", [4] * 8) + star("review", [9] * 8)) == UNMATCHED
    assert of_one(star("review", [4] * 8, day=BEGUN) + star("exit", [9] * 8)) == UNMATCHED
    stars = star("entry", [4] * 8) + star("exit", [3] * 8, day=after(LEFT, -10)) + star("review", [9] * 8)
    assert of_one(stars) == (1, 0, 0, 1, 0, 0)


@pytest.mark.parametrize("other", [{"star_tool": "other"}, {"scale_max": 5}])
def test_other_tool_or_scale_is_unmatched(other):
    stars = star("entry", [4] * 8) + star("exit", [5] * 8, **other)
    assert of_one(stars) == UNMATCHED
    # The last Star decides, even where an earlier one would match.
    assert of_one(stars + star("exit", [5] * 8, day=after(LEFT, -5))) == UNMATCHED
    # Two on the last day: the one that matches is there.
    assert of_one(stars + star("exit", [5] * 8, scorer="joint")) == MATCHED


@pytest.mark.parametrize(
    ("scores", "counts"),
    [
        ({"worker": 6, "client": 2}, 6),
        ({"client": 2, "joint": 7}, 7),
        ({"joint": 7, "worker": 3, "client": 9}, 3),
        ({"client": 8}, 8),
        ({"worker": None, "client": 8}, 8),
    ],
)
def test_whose_score_counts(scores, counts):
    stars = star("entry", {"health": 5})
    for scorer, score in scores.items():
        stars += star("exit", {"health": score}, scorer=scorer)
    assert values(made([client()], stars), *YEAR, "median_change") == [counts - 5]


def test_scorer_is_chosen_domain_by_domain():
    stars = star("entry", {"health": 5, "safety": 5}) + star("exit", {"health": 6}, scorer="worker")
    stars += star("exit", {"health": 1, "safety": 9}, scorer="client")
    assert values(made([client()], stars), *YEAR, "median_change") == [2.5]
    # A domain that in the worker's view does not apply is not scored by the client either.
    stars += star("exit", {"safety": None}, scorer="worker", not_applicable="Y")
    assert values(made([client()], stars), *YEAR, "median_change") == [1]


# Which cases -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "closed"),
    [
        ({}, 1),
        ({"vulnerable": "N"}, 0),
        ({"vulnerable": None}, 0),
        ({"engaged": "N"}, 0),
        ({"engaged": "N", "engaged_service_flag": "Y"}, 0),
        ({"exit_date": None}, 0),
        ({"exit_date": "2016-04-02"}, 0),
        ({"exit_reason": "disengaged"}, 1),
    ],
)
def test_who_is_closed(given, closed):
    assert values(made([client(**given)], []), *YEAR, "closed", "unmatched") == [closed, closed]


def test_episodes_of_one_person_are_never_paired_across():
    cases = [
        client("A", person_key="P"),
        client("B", person_key="P", support_plan_date="2015-12-01", exit_date="2016-02-10"),
    ]
    outcome = made(cases, star("entry", [4] * 8, "A") + star("exit", [9] * 8, "B", day="2016-02-10"))
    assert ways(outcome) == (0, 0, 0, 0, 2, 0)
    stars = star("entry", [4] * 8, "A") + star("exit", [5] * 8, "A") + star("entry", [4] * 8, "B", day="2015-12-01")
    outcome = made(cases, stars + star("exit", [3] * 8, "B", day="2016-02-10"))
    assert ways(outcome) == (2, 1, 0, 1, 0, 0)


def test_counts_in_the_month_of_closure():
    outcome = made([client(exit_date="2015-12-01")], star("entry", [4] * 8) + star("exit", [5] * 8))
    assert values(outcome, "month", "2015-11-01", "matched", "closed") == [0, 0]
    assert values(outcome, "month", "2015-12-01", "matched", "improved_share") == [1, 100]
    assert one(outcome, "improved_share", "month", "2015-11-01")["symbols"] == "[x]"


def many(number, rise=1, **of):
    cases = [client(f"C{index}") for index in range(number)]
    stars = [
        row
        for index in range(number)
        for row in star("entry", [4] * 8, f"C{index}") + star("exit", [4 + rise] * 8, f"C{index}")
    ]
    return made(cases, stars, **of)


@pytest.mark.parametrize(("number", "symbol"), [(19, "[u]"), (20, "")])
def test_low_reliability_below_twenty(number, symbol):
    outcome = many(number)
    parts = ("improved_share", "median_change", "rank_biserial", "coverage", "worst_case", "best_case")
    assert {one(outcome, part, *YEAR)["symbols"] for part in parts} == {symbol}


def test_nobody_moved():
    outcome = many(3, rise=0)
    assert ways(outcome) == (3, 0, 3, 0, 0, 3)
    assert values(outcome, *YEAR, "improved_share", "median_change", "worst_case") == [0, 0, 0]
    assert one(outcome, "rank_biserial", *YEAR)["symbols"] == "[x]"


def test_points_of_two_scales_are_never_pooled():
    stars = star("entry", [4] * 8, "A") + star("exit", [7] * 8, "A")
    stars += star("entry", [2] * 8, "B", scale_max=5) + star("exit", [3] * 8, "B", scale_max=5)
    outcome = made([client("A"), client("B")], stars)
    assert values(outcome, *YEAR, "matched", "improved_share") == [2, 100]
    row = one(outcome, "median_change", *YEAR)
    assert (row["symbols"], "more than one scale" in row["note"]) == ("[x]", True)
    assert [one(outcome, "median_change", *YEAR, breakdown=f"scale={scale}")["value"] for scale in (5, 10)] == [1, 3]
    assert one(outcome, "median_change", *YEAR, breakdown="domain=housing")["symbols"] == "[x]"
    assert one(outcome, "improved_share", *YEAR, breakdown="domain=housing")["value"] == 100


def test_domains_on_their_own():
    cases, stars = twelve()
    outcome = made(cases, stars)
    given = golden("SP06-a")["input"]["clients"]
    for place, domain in enumerate(DOMAINS):
        moved = [c["exit"][place] - c["entry"][place] for c in given.values() if c["entry"][place] and c["exit"][place]]
        row = one(outcome, "improved_share", *YEAR, breakdown=f"domain={domain}")
        assert (row["numerator"], row["denominator"]) == (sum(by > 0 for by in moved), len(moved))
        row = one(outcome, "median_change", *YEAR, breakdown=f"domain={domain}")
        assert (row["value"], row["numerator"], row["denominator"]) == (
            stats.scoreatpercentile(moved, 50),
            len(moved),
            10,
        )


def test_undelivered_month_of_either_source_is_not_zero():
    held = tables("2015-04", "2016-03", asb_case=[client()], asb_star=star("entry", [4] * 8))
    held["clean_asb_star_completeness"].loc[lambda f: f["month"] == "2015-08", "received"] = 0
    row = one(measure.calculate(held, setting()), "improved_share", *YEAR)
    assert (row["symbols"], row["note"]) == ("[x]", "2015-08 not delivered")


def test_only_the_share_is_judged_once_the_baseline_year_is_over():
    def year(begin, number, rise, tag):
        moved = {
            "support_plan_date": begin,
            "exit_date": after(begin, 100),
            "referral_date": begin,
            "assessed_date": begin,
        }
        cases = [client(f"{tag}{index}", **moved | {"consent_date": begin}) for index in range(number)]
        stars = []
        for index in range(number):
            ends = 5 if index < rise else 3
            stars += star("entry", [4] * 8, f"{tag}{index}", day=begin)
            stars += star("exit", [ends] * 8, f"{tag}{index}", day=after(begin, 100))
        return cases, stars

    (cases, stars), (later, more) = year("2014-05-01", 30, 8, "A"), year("2015-05-01", 90, 80, "B")
    outcome = made(cases + later, stars + more, first="2014-04", mode="direction", polarity="higher_better")
    assert one(outcome, "improved_share", *YEAR)["comparison"] == "improved"
    assert one(outcome, "declined", *YEAR)["comparison"] == "lower"
    assert one(outcome, "median_change", *YEAR)["comparison"] == ""
    quiet = made(cases + later, stars + more, first="2014-04", mode="baseline_year", polarity="higher_better")
    assert set(quiet["comparison"]) == {""}
    assert quiet["note"].str.startswith("baseline year").all()


def test_effect_agrees_with_scipy_on_drawn_readings():
    held = draw()
    outcome = measure.calculate(held, setting())
    episodes = measure.episodes(held["clean_asb_case"], held["clean_asb_star"])
    seen = 0
    for row in outcome[(outcome["part"] == "rank_biserial") & (outcome["breakdown"] == "scale=10")].itertuples():
        inside = episodes[episodes["month"].between(row.period_start[:7], row.period_end[:7])]
        moved = [sum(pair.points.values()) / len(pair.points) for pair in inside["pair"].dropna() if pair.scale == 10]
        moved = [round(by, 9) for by in moved if by]
        if math.isnan(row.value) or len(moved) < 5:
            continue
        ranks = stats.rankdata([abs(by) for by in moved])
        plus = sum(rank for rank, by in zip(ranks, moved, strict=True) if by > 0)
        assert row.value == pytest.approx((2 * plus - ranks.sum()) / ranks.sum())
        seen += 1
    assert seen > 5


def test_table_is_that_of_the_contract_whatever_the_order_of_rows():
    held = draw(scale=0.5)
    outcome = measure.calculate(held, setting())
    assert is_tidy(outcome, NAME)
    assert measure.calculate(shuffled(held), setting()).equals(outcome)


def test_nothing_delivered_gives_no_row_and_no_case_gives_zeros():
    assert made([], [], missing=["2015-04"], last="2015-04").empty
    outcome = made([], [])
    assert is_tidy(outcome, NAME)
    assert values(outcome, *YEAR, "closed", "matched", "unmatched", "improved") == [0, 0, 0, 0]
    parts = ("improved_share", "coverage", "worst_case", "best_case", "median_change", "rank_biserial")
    assert {one(outcome, part, *YEAR)["symbols"] for part in parts} == {"[x]"}
