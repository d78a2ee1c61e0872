"""From a figure back to its files: everything named is in the release's own manifest, and page and terminal say the same."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from assets.release.explained import Asked, Explained, explain, is_year
from tests.release import computed
from tests.release.published import Published


def figures(at: Published) -> pd.DataFrame:
    from assets.release.folder import opened

    return opened(at.current).figures()


def said(at: Published) -> dict[str, Any]:
    return json.loads((at.current / "release.json").read_bytes())


def told(at: Published, measure: str, **asked: str) -> Explained:
    return explain(said(at), said(at), figures(at), measure, Asked(**asked))


def rows(found: Explained, title: str) -> list[tuple[str, ...]]:
    return next(list(s.rows) for s in found.sections if s.title.startswith(title))


def test_the_whole_way(two: Published) -> None:
    found, manifest = told(two, "SP01", period="2014-15", part="gap"), said(two)
    assert [row[0] for row in rows(found, "Figures")] == ["gap Marlhaven"]
    (figure,) = rows(found, "Figures")
    assert figure[1] == "financial year, 2014-04-01 to 2015-03-31"
    checks = {row[0] for row in rows(found, "Checks")}
    assert "outcome_sp01_close_the_gap/priority_set_is_ten" in checks
    assert {row[1] for row in rows(found, "Checks")} == {"passed"}
    tables = rows(found, "Tables")
    assert tables[0][0] == "outcome_sp01_close_the_gap" and tables[-1][1] == "delivered files"
    assert tables[0][2] == manifest["tables"]["outcome_sp01_close_the_gap"]["sha256"]
    files = rows(found, "Delivered files")
    assert {row[1] for row in files if row[0] == "police_street"} == {f"vale-and-moor/{m}" for m in _months()}
    assert set(found.files) <= {d["sha256"] for d in manifest["deliveries"]}
    decision = dict(rows(found, "The Board"))
    assert decision["Decision, word for word"].startswith("Agreed to retain existing 10")
    versions = dict(rows(found, "Versions"))
    assert versions["Register"] == manifest["register_sha256"] and versions["Code"] == manifest["code_version"]


def _months() -> list[str]:
    from methods.periods import month_range

    return month_range("2014-04", "2015-03")


@pytest.mark.parametrize(
    ("asked", "kinds"),
    [
        ({"period": "2014-15"}, {"financial year"}),
        ({"period": "2014-15Q4"}, {"quarter"}),
        ({"period": "2014-06"}, {"month", "quarter", "year to date", "12 months"}),
        ({}, {"financial year"}),
        ({"period": "2030-01"}, set()),
    ],
)
def test_the_period_that_is_asked_for(two: Published, asked: dict[str, str], kinds: set[str]) -> None:
    assert {row[1].partition(",")[0] for row in rows(told(two, "SP01", **asked), "Figures")} == kinds


def test_breakdown(two: Published) -> None:
    whole = figures(two)
    police = whole[whole["measure"] == "SP05"].assign(breakdown="agency=police")
    both = pd.concat([whole, police], ignore_index=True)
    found = rows(explain(said(two), said(two), both, "SP05", Asked(breakdown="agency=police")), "Figures")
    assert found and all("agency=police" in row[0] for row in found)
    assert not any("agency=police" in row[0] for row in rows(explain(said(two), said(two), both, "SP05"), "Figures"))


def test_of_a_source_about_people_no_count_and_no_bare_hash(two: Published) -> None:
    found = told(two, "SP05")
    assert {row[2] for row in rows(found, "Delivered files")} == {"not shown"}
    for row in rows(found, "Tables"):
        assert row[2].endswith(" (sealed)") and computed.hash_of(row[0]) not in row[2]
    assert str(computed.SECRET) not in str(found).replace(",", "")


def test_a_page_for_each_measure_with_figures_and_it_says_the_same(two: Published) -> None:
    pages = {p.name for p in two.current.glob("evidence-*.html")}
    assert pages == {"evidence-sp01.html", "evidence-sp05.html"}
    text = (two.current / "evidence-sp05.html").read_text()
    found = told(two, "SP05")
    for section in found.sections:
        assert section.title.replace("'", "&#39;") in text
        for row in section.rows:
            for cell in row:
                assert (
                    cell.replace("&", "&amp;")
                    .replace("'", "&#39;")
                    .replace('"', "&#34;")
                    .replace("<", "&lt;")
                    .replace(">", "&gt;")
                    in text
                )


def test_year_or_month() -> None:
    assert is_year("2016-17") and is_year("2099-00")
    assert not is_year("2016-09") and not is_year("2016-17Q2")
