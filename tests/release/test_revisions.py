"""Revisions: what two releases print, compared; every difference told, and nothing that one of them hides."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.release.out_turns import RECOMPUTED
from assets.release.revisions import (
    COLUMNS,
    NO_LONGER_HIDDEN,
    NOW_HIDDEN,
    Causes,
    Revision,
    causes,
    csv_bytes,
    marked,
    revised,
    views,
)
from tests.campaign import examples
from tests.release.test_out_turns import table, year

WHY = {"SP01": Causes(otherwise="as told")}
HIDDEN = {"symbols": "[c]"}


def told(now: pd.DataFrame, then: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    return [(r.part, r.number, r.old, r.new) for r in revised(now, then, WHY)]


def test_old_new_reason_and_whether_it_was_to_be_expected() -> None:
    then = table(year("gap", 2013, 52.0), year("gap", 2014, 48.5, symbols="[p]"))
    now = table(year("gap", 2013, 52.5), year("gap", 2014, 48.25))
    found = {(r.period_start, r.number): r for r in revised(now, then, WHY)}
    assert set(found) == {(f"{y}-04-01", n) for y in (2013, 2014) for n in ("value", "lower", "upper")}
    final, young = found["2013-04-01", "value"], found["2014-04-01", "value"]
    assert (final.old, final.new, final.reason, final.scheduled) == ("52.0", "52.5", "as told", False)
    assert (young.old, young.new, young.scheduled) == ("48.5", "48.25", True)


def test_the_same_again_and_what_is_new_are_no_revisions() -> None:
    then = table(year("gap", 2013, 52.0), year("gap", 2014, None))
    now = table(year("gap", 2013, 52.0 + 1e-12), year("gap", 2014, 48.0), year("gap", 2015, 47.0))
    assert told(now, then) == []
    assert told(now, table()) == []


def test_a_figure_that_is_no_longer_available_says_so() -> None:
    then, now = table(year("gap", 2013, 52.0)), table(year("gap", 2013, None))
    assert ("gap", "value", "52.0", "[x]") in told(now, then)


def test_what_was_withdrawn_is_not_printed_again() -> None:
    then = table(year("gap", 2013, 52.0), year("ten", 2013, 120.0))
    assert told(table(year("gap", 2013, 52.0)), then) == []


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        (12.0, None, [("ten", "value", "[c]", "[c]")]),
        (None, 12.0, [("ten", "value", "[c]", "12.0")]),
        (None, None, []),
    ],
)
def test_a_hidden_side_is_never_told(then: float | None, now: float | None, expected: list[Any]) -> None:
    def one(value: float | None) -> pd.DataFrame:
        return table(year("ten", 2013, value, **(HIDDEN if value is None else {})))

    assert told(one(now), one(then)) == expected
    for r in revised(one(now), one(then), WHY):
        assert r.reason == (NOW_HIDDEN if now is None else NO_LONGER_HIDDEN)


@given(
    st.lists(
        st.tuples(st.sampled_from([None, 1.0, 52.5, 1234.5]), st.booleans(), st.booleans()), min_size=1, max_size=6
    ),
    st.data(),
)
@settings(max_examples=examples(60), deadline=None)
def test_no_number_of_a_hidden_cell_is_in_the_table(cells: list[tuple[float | None, bool, bool]], data: Any) -> None:
    """Whatever two releases show or hide: of a cell that either hides, no number of the hidden side is told."""
    other = data.draw(st.lists(st.sampled_from([None, 7.25, 1234.5]), min_size=len(cells), max_size=len(cells)))
    then = table(*(year(f"p{i}", 2013, None if h else v, **(HIDDEN if h else {})) for i, (v, h, _) in enumerate(cells)))
    now = table(
        *(
            year(f"p{i}", 2013, None if h else o, **(HIDDEN if h else {}))
            for i, ((_, _, h), o) in enumerate(zip(cells, other, strict=True))
        )
    )
    for r in revised(now, then, WHY):
        _, was, is_now = cells[int(r.part[1:])]
        assert (r.old == "[c]") is (was or is_now)
        assert (r.new == "[c]") is is_now


def test_only_printed_figures_that_moved_are_marked() -> None:
    then = table(year("gap", 2013, 52.0), year("gap", 2014, 48.0, symbols="[p]"), year("ten", 2013, 9.0))
    now = table(
        year("gap", 2013, 52.0, symbols="[r]"),
        year("gap", 2014, 49.0, symbols="[p]"),
        year("ten", 2013, None, **HIDDEN),
    )
    found = marked(now, revised(now, then, WHY))
    assert found["symbols"].tolist() == ["", "[p] [r]", "[c]"]
    pd.testing.assert_frame_equal(found.drop(columns="symbols"), now.drop(columns="symbols"))


def test_a_recomputed_out_turn_is_told_against_the_out_turn_then_against_itself() -> None:
    then = table(year("gap", 2013, 52.0))
    now = table(year("gap", 2013, 52.0), year(f"gap{RECOMPUTED}", 2013, 53.0))
    assert ("gap_recomputed", "value", "52.0", "53.0") in told(now, then)
    assert all(r.reason == "out-turn kept, recomputed beside it; as told" for r in revised(now, then, WHY))
    later = table(year("gap", 2013, 52.0), year(f"gap{RECOMPUTED}", 2013, 54.0))
    assert ("gap_recomputed", "value", "53.0", "54.0") in told(later, now)


def manifest(**more: Any) -> dict[str, Any]:
    measure = {
        "tables": ["outcome", "raw_police_street", "raw_pdas_referral"],
        "state": "published",
        "method_version": "1.0",
    }
    street = {"source": "police_street", "slot": "vale-and-moor/2014-05", "sha256": "a", "counts": True}
    partner = {
        "source": "pdas_referral",
        "slot": "s",
        "sha256": "b",
        "counts": True,
        "coverage": ["2013-04-01", "2014-03-31"],
    }
    crc = {"source": "crc_event", "slot": "s", "sha256": "c", "counts": True, "coverage": ["2013-04-01", "2014-03-31"]}
    base = {
        "register_sha256": "r", "code_version": "c", "as_of": "2014-06-30", "measures": {"SP01": measure},
        "deliveries": [street, partner, crc],
    }  # fmt: skip
    return {**base, **more}


def another(source: str, **more: Any) -> list[dict[str, Any]]:
    return [{**d, **({"sha256": "new", **more} if d["source"] == source else {})} for d in manifest()["deliveries"]]


@pytest.mark.parametrize(
    ("now", "period", "expected"),
    [
        ({}, ("2014-05-01", "2014-05-31"), "cause not recorded"),
        ({"as_of": "2014-07-31"}, ("2014-05-01", "2014-05-31"), "period matured: evaluated on 2014-07-31"),
        ({"register_sha256": "x"}, ("2014-05-01", "2014-05-31"), "register changed"),
        ({"code_version": "x"}, ("2014-05-01", "2014-05-31"), "calculation changed"),
        ({"deliveries": another("police_street")}, ("2014-05-01", "2014-05-31"), "new delivery of Street"),
        ({"deliveries": another("police_street")}, ("2013-04-01", "2013-04-30"), "new delivery of Street"),
        (
            {"deliveries": [*another("police_street")[:1], *another("pdas_referral")[1:]]},
            ("2013-04-01", "2013-06-30"),
            "new delivery of pdas_referral",
        ),
        ({"deliveries": another("crc_event")}, ("2014-05-01", "2014-05-31"), "cause not recorded"),
        ({"deliveries": another("police_street", counts=False)}, ("2014-05-01", "2014-05-31"), "cause not recorded"),
    ],
)
def test_the_reason_names_what_changed_between_the_two(
    now: dict[str, Any], period: tuple[str, str], expected: str
) -> None:
    """A source that the measure is not made from, or a delivery that does not count, is no cause."""
    found = causes(manifest(**now), manifest(), {"police_street": "Street"})
    assert found["SP01"].of(*period) == expected


def test_method_and_register_are_told_together() -> None:
    measure = {**manifest()["measures"]["SP01"], "method_version": "1.1"}
    found = causes(manifest(measures={"SP01": measure}, register_sha256="x"), manifest(), {})
    assert found["SP01"].of("2014-05-01", "2014-05-31") == "method changed from version 1.0 to 1.1; register changed"


def revision(**more: Any) -> Revision:
    base = Revision(
        "SP01",
        "gap",
        "",
        "E1",
        "City",
        "fy",
        "2013-04-01",
        "2014-03-31",
        "crimes per 1000",
        "value",
        "52.0",
        "52.25",
        "why",
        True,
    )
    return replace(base, **more)


def test_the_file_holds_every_number_in_full() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_bytes([revision(reason='a, "b"')]).decode())))
    assert [tuple(row) for row in rows] == [COLUMNS]
    assert (rows[0]["old"], rows[0]["new"], rows[0]["scheduled"], rows[0]["reason"]) == (
        "52.0",
        "52.25",
        "yes",
        'a, "b"',
    )
    assert csv_bytes([]).decode() == ",".join(COLUMNS) + "\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("52.0", "52.25", ("52.0", "52.3")),
        ("52.04", "52.03", ("52.04", "52.03")),
        ("1200.0", "1205.0", ("1,200", "1,205")),
        ("[c]", "[c]", ("[c]", "[c]")),
        ("52.16", "[x]", ("52.2", "[x]")),
    ],
)
def test_readers_see_as_few_decimals_as_tell_the_two_apart(old: str, new: str, said: tuple[str, str]) -> None:
    (found,) = views([revision(old=old, new=new), revision(number="lower", old="1.0", new="2.0")])
    assert (found.old, found.new) == said
    assert (found.start, found.kind, found.scheduled) == (date(2013, 4, 1), "fy", True)
