"""The Board's page: what needs a decision, what a figure means, how good the data are; commentary; quality by source."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import pytest

from assets.release import board, quality, words
from assets.release.grade import grade
from assets.release.pages import render
from assets.release.process import Verdict
from assets.release.view import CheckView, CommentaryView, DeliveryView, MeasureView, ReleaseView, RevisionView
from assets.release.written import first_sentence, rendered
from tests.release import example
from tests.release.test_pages import Text

USUAL, UNUSUAL = Verdict("Nothing unusual", False), Verdict("Unusual: May is above the upper limit", True)
WRITTEN = CommentaryView(
    "commentary", "The *gap* narrowed by 3.7. More [here](sp08.html).", "Analyst", date(2016, 5, 3), date(2016, 3, 31)
)
POSITION = CommentaryView("position", "What counts as revoked.", "CRC performance lead", date(2016, 5, 3))
PASSED = CheckView("clean_x", "there", "ERROR", "passed", "", "", "completeness", "Source X")


def release(*measures: MeasureView, **more: Any) -> ReleaseView:
    return dataclasses.replace(example.release(), measures=measures, **more)


def change(word: str) -> words.Change:
    return words.Change(word, None, word, word)


@pytest.mark.parametrize(
    ("mode", "status", "word", "verdict", "said"),
    [
        ("direction", "agreed", "Improved", USUAL, "Going the way the Board wants (down)"),
        ("direction", "agreed", "Worsened", USUAL, "the Board wants it down. Ask what lies behind it"),
        ("direction", "agreed", "No significant change", USUAL, "No change beyond what chance explains"),
        ("direction", "agreed", "No significant change", UNUSUAL, "the newest point is unusual: ask about it"),
        ("direction", "agreed", "", None, "Nothing yet to compare it with"),
        ("monitor_only", "agreed", "Higher", USUAL, "A level to watch"),
        ("monitor_only", "agreed", "Higher", UNUSUAL, "A level to ask about"),
        ("baseline_year", "agreed", "", UNUSUAL, "Where the service starts from"),
        ("none", "referred", "", UNUSUAL, "A count only"),
        ("none", "proposal_awaited", "", None, ""),
    ],
)
def test_so_what_follows_from_status_mode_comparison_and_process(
    mode: Any, status: Any, word: str, verdict: Verdict | None, said: str
) -> None:
    measure = example.sp01(assessment_mode=mode, board_status=status)
    told = board.so_what(measure, change(word) if word else None, verdict, figure=True)
    assert said in told
    assert bool(told) == bool(said)


def test_so_what_is_the_first_sentence_of_a_commentary_on_the_figures_shown_and_of_no_other() -> None:
    current = example.sp01(commentary=(WRITTEN,), as_at=date(2016, 3, 31))
    assert board.so_what(current, change("Improved"), None, figure=True) == "The gap narrowed by 3.7."
    newer = dataclasses.replace(current, as_at=date(2016, 4, 30))
    assert "Going the way" in board.so_what(newer, change("Improved"), None, figure=True)
    held = dataclasses.replace(current, state="held")
    assert "An earlier figure" in board.so_what(held, None, None, figure=True)


def test_a_reading_in_two_ways_stands_beside_the_comparison() -> None:
    measure = example.sp01(reading="More reports can mean more confidence to report, or more hate crime.")
    assert "more confidence to report" in board.so_what(measure, change("Improved"), None, figure=True)


def test_what_needs_a_decision_is_named_with_its_reason() -> None:
    nine = example.measure(
        9,
        "CRC",
        "Reoffending",
        board_status="position_statement_awaited",
        state="awaiting_board",
        commentary=(POSITION,),
    )
    asked = dataclasses.replace(example.sp01(), commentary_wanted=("the headline moved by 2%",))
    items = board.agenda(release(asked, nine), {"SP01": UNUSUAL})
    assert [item.what for item in items] == [
        "Review overdue", "Position statement", "Unusual figure", "Commentary awaited",
    ]  # fmt: skip
    assert items[1].why.endswith("It was written on 3 May 2016.")
    assert "above the upper limit. No commentary on it yet." in items[2].why
    early = dataclasses.replace(release(example.sp01()), as_of=date(2015, 6, 1))
    assert board.agenda(early, {}) == ()
    soon = dataclasses.replace(early, as_of=date(2016, 2, 1))
    assert [item.what for item in board.agenda(soon, {})] == ["Review due"]


def test_a_position_statement_awaits_the_board_before_it_is_seen() -> None:
    awaited = example.measure(
        9,
        "CRC",
        "Reoffending",
        board_status="position_statement_awaited",
        state="awaiting_board",
        commentary=(POSITION,),
    )
    made = render(release(awaited))
    assert b"What counts as revoked" not in b"".join(made.values())
    settled = dataclasses.replace(awaited, board_status="agreed", state="awaiting_data")
    assert "What counts as revoked" in Text(render(release(settled))["sp09.html"]).text
    analysts = dataclasses.replace(awaited, analysts=True)
    assert "What counts as revoked" in Text(render(release(analysts, analysts=True))["sp09.html"]).text


def test_commentary_says_by_whom_and_on_which_figures() -> None:
    measure = example.sp01(commentary=(WRITTEN,), as_at=date(2016, 3, 31))
    said = Text(render(release(measure, example.sp08()))["sp01.html"])
    assert "Analyst, written on 3 May 2016 for data as at 31 March 2016." in said.text
    assert {"href": "sp08.html"} in said.all("a")
    older = dataclasses.replace(measure, as_at=date(2016, 4, 30))
    assert "for data as at 31 March 2016, not for the figures above" in Text(render(release(older))["sp01.html"]).text


def test_no_markup_of_a_commentary_but_the_plain_kind_reaches_a_page() -> None:
    hostile = (
        "# Head\n\n<script>alert(1)</script> <b onclick=x>y</b> ![i](http://a.b/c.png) [x](javascript:alert(1))"
        " [y](https://elsewhere.example) [z](sp01.html)\n\n```\ncode\n```\n\n* one\n* **two**\n\n[ref]: http://a.b"
    )
    made = str(rendered(hostile, frozenset({"sp01.html"})))
    read = Text(made.encode())
    assert {name for name, _ in read.tags} == {"p", "a", "ul", "li", "strong"}
    assert read.all("a") == [{"href": "sp01.html"}]
    assert "<script>" not in made
    assert first_sentence("One **bold** [link](http://x) 3.5 up.\nTwo.") == "One bold link 3.5 up."
    assert first_sentence("") == ""
    assert first_sentence("word " * 100).endswith(" …")


def graded(*checks: CheckView, late: bool = False, **more: Any) -> str:
    measure = example.sp01(**{"checks": checks, "waivers": (), "sources": ("Source X",), **more})
    found = grade(measure, (DeliveryView("Source X", "Owner", "late" if late else "received", "", 1, 1),))
    return found.word if found else "none"


def test_the_grade_follows_from_verdicts_and_timeliness_alone() -> None:
    warned = dataclasses.replace(PASSED, rule="steady", severity="WARN", verdict="failed")
    failed = dataclasses.replace(PASSED, rule="whole", verdict="failed")
    waived = example.evidence()["waivers"][0]
    assert graded(PASSED) == "Good"
    assert graded(PASSED, dataclasses.replace(warned, verdict="not applicable")) == "Good"
    assert graded(PASSED, warned) == "Use with care"
    assert graded(PASSED, late=True) == "Use with care"
    assert graded(PASSED, failed) == "Poor"
    assert graded(PASSED, dataclasses.replace(failed, verdict="missing")) == "Poor"
    let = dataclasses.replace(waived, table="clean_x", rule="whole")
    assert graded(PASSED, failed, waivers=(let,)) == "Use with care"
    assert graded(PASSED, state="held") == "Poor"
    assert graded() == "none"
    assert graded(PASSED, board_status="proposal_awaited") == "none"


def test_each_source_stands_on_six_dimensions_in_words() -> None:
    checks = (
        PASSED,
        dataclasses.replace(PASSED, rule="valid", verdict="failed", dimension="validity"),
        dataclasses.replace(PASSED, rule="usual", verdict="failed", severity="WARN", dimension="accuracy"),
        dataclasses.replace(PASSED, rule="adds", verdict="not applicable", dimension="consistency"),
    )
    deliveries = (
        DeliveryView("Source X", "Owner", "late", "", 1, 1, known_faults=("Rows come twice.",)),
        DeliveryView("Source Y", "Owner", "never delivered", "", 0, 0),
        DeliveryView("Source Z", "Owner", "received", "", 1, 1),
    )
    view = release(example.sp01(checks=checks), deliveries=deliveries)
    rows = [[cell.text for cell in row] for row in quality.by_source(view).rows]
    assert rows[0] == [
        "Source X", "passed (1)", "no such check", "not applicable", "late", "1 blocking of 1 not passed",
        "1 warning of 1 not passed",
    ]  # fmt: skip
    assert rows[1][1:] == ["never delivered"] * 6
    assert rows[2][4] == "on time"
    assert "Rows come twice." in Text(render(view)["quality.html"]).text


def test_what_changed_is_told_and_that_nothing_did() -> None:
    figure = example.ending("fy", "2015-03")
    start, end = date.fromisoformat(figure.first_day), date.fromisoformat(figure.last_day)
    revised = RevisionView(
        "SP01", "gap", "", "City", "fy", start, end, "crimes per 1000", "50.1", "49.9", "late rows", True
    )
    said = Text(render(release(example.sp01(revisions=(revised,)), compared_with="2015-id"))["sp01.html"]).text
    assert "50.1 49.9 crimes per 1000 late rows yes" in said
    same = Text(render(release(example.sp01(), compared_with="2015-id"))["sp01.html"]).text
    assert "Nothing: no figure shown differs from release 2015-id" in same
    assert "there is no earlier release" in Text(render(release(example.sp01()))["sp01.html"]).text


def test_the_definition_sheet_has_every_item_of_the_specification() -> None:
    measure = example.sp01(
        known_biases=("Recording differs.",),
        incentives=("Choosing anew.",),
        maturity="Two months.",
        review_method="risk register",
    )
    said = Text(render(release(measure))["sp01.html"]).text
    for item in (
        "Id SP01", "Board wording", "Board decision", "Formula", "Unit", "Counted", "Baseline", "Polarity", "First published",
        "Next review before 1 April 2016", "Caveats", "Known biases Recording differs.", "Perverse incentives", "Provisional and final",
    ):  # fmt: skip
        assert item in said, item


def test_a_map_is_never_alone_and_hidden_areas_are_hatched_and_named() -> None:
    made = render(release(example.sp01()))
    drawn = made["charts/sp01-map.svg"].decode()
    assert "hidden to protect people" in drawn
    assert "sp01-map-wide-hidden" in drawn
    page = made["sp01.html"].decode()
    assert page.index("sp01-map-wide") < page.index("sp01-neighbourhoods-wide")
    assert "Squares, invented." in Text(made["sp01.html"]).text
    without = render(release(example.sp01(areas=())))
    assert "charts/sp01-map.svg" not in without
    assert "charts/sp01-neighbourhoods.svg" in without
    other = render(release(example.sp01(areas=example.squares()[1:])))
    assert "do not agree on 1 code(s), such as N01" in Text(other["sp01.html"]).text
    assert "charts/sp01-map.svg" not in other


def test_the_partnerships_colour_is_in_a_style_of_its_own() -> None:
    made = render(release(example.sp01(), brand="#4b2e83"))
    assert made["static/brand.css"] == b":root { --so-brand: #4b2e83; }\n"
    assert b"static/brand.css" in made["index.html"]
    assert b"static/brand.css" not in render(release(example.sp01()))["index.html"]
