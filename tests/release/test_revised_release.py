"""A release after the data moved: out-turns stand, what moved is marked and listed, and the next one is no other release."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from typing import Any

import pandas as pd

from assets.release.folder import opened
from tests.release import computed
from tests.release.published import Published


def manifest(at: Published) -> dict[str, Any]:
    return json.loads((at.current / "release.json").read_bytes())


def rows_of(at: Published, release: str) -> pd.DataFrame:
    rows = opened(at.data / "releases" / release).figures()
    return rows[rows["measure"] == "SP01"]


def test_out_turns_stand_and_what_moved_is_marked_and_listed(two: Published) -> None:
    said = manifest(two)
    assert said["compared_with"] == said["parent"]
    assert said["measures"]["SP01"]["out_turns"] == {"2013-14": "2016-05-01", "2014-15": "2016-05-01"}
    was, now = rows_of(two, said["parent"]), rows_of(two, said["id"])

    def value(rows: pd.DataFrame, part: str, start: str) -> float:
        return float(
            rows[(rows["part"] == part) & (rows["period_kind"] == "fy") & (rows["period_start"] == start)][
                "value"
            ].iloc[0]
        )

    for start in ("2013-04-01", "2014-04-01"):
        before = value(was, "gap", start)
        assert value(now, "gap", start) == before
        assert abs(value(now, "gap_recomputed", start) / before - 1.03) < 1e-9
    assert abs(value(now, "gap", "2015-04-01") / value(was, "gap", "2015-04-01") - 1.03) < 1e-9
    key = ["part", "breakdown", "area_code", "period_kind", "period_start", "period_end"]
    marked = now[now["symbols"].str.contains("[r]", regex=False)]
    listed = list(csv.DictReader((two.current / "revisions.csv").open(encoding="utf-8")))
    assert len(listed) == said["revisions"] > 0
    assert {tuple(r) for r in marked[key].itertuples(index=False)} == {tuple(r[k] for k in key) for r in listed}
    finals = now[(now["period_kind"] == "fy") & (now["part"] == "gap") & (now["period_start"] < "2015")]
    assert not finals["symbols"].str.contains("[r]", regex=False).any()
    assert {r["scheduled"] for r in listed if r["period_kind"] == "fy" and r["period_start"] == "2015-04-01"} == {"yes"}
    assert {r["scheduled"] for r in listed if r["part"].endswith("_recomputed")} == {"no"}
    assert not now.duplicated(key).any()


def test_every_number_that_differs_between_the_two_is_listed(two: Published) -> None:
    """By another way: the two files, cell by cell."""
    said = manifest(two)
    key = ["measure", "part", "breakdown", "area_code", "period_kind", "period_start", "period_end"]
    numbers = ["numerator", "denominator", "value", "lower", "upper"]

    def cells(release: str) -> dict[tuple[str, ...], str]:
        rows = csv.DictReader((two.data / "releases" / release / "outcomes.csv").open(encoding="utf-8"))
        return {(*(r[k] for k in key), n): r[n] for r in rows for n in numbers}

    was, now = cells(said["parent"]), cells(said["id"])
    differ = {c for c in was.keys() & now.keys() if was[c] != now[c] and was[c]}
    recomputed = {
        c for c in now.keys() - was.keys() if c[1].endswith("_recomputed") and now[c] and c[-1] != "denominator"
    }
    listed = csv.DictReader((two.current / "revisions.csv").open(encoding="utf-8"))
    assert {(*(r[k] for k in key), r["number"]) for r in listed} == differ | recomputed


def test_the_same_again_is_no_new_release_though_nothing_is_revised_any_more(folder: Published) -> None:
    before = folder.tree("releases")
    assert not folder.publish().new
    assert folder.tree("releases") == before


def test_held_figures_stand_as_they_were_and_are_not_marked_again(folder: Published) -> None:
    said = manifest(folder)
    was = rows_of(folder, said["id"]).reset_index(drop=True)

    def failed(pipeline: Any) -> dict[str, Any]:
        found = dict(computed.evidence(pipeline))
        held = found["outcome_sp01_close_the_gap"]
        checks = {rule: replace(check, verdict="failed") for rule, check in held.checks.items()}
        return {**found, "outcome_sp01_close_the_gap": replace(held, checks=checks)}

    held = replace(folder, evidence=failed)
    assert set(held.publish().held) == {"SP01"}
    later = manifest(held)
    assert later["measures"]["SP01"]["out_turns"] == said["measures"]["SP01"]["out_turns"]
    assert later["revisions"] == 0
    now = rows_of(held, later["id"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(now.drop(columns=["state", "symbols"]), was.drop(columns=["state", "symbols"]))
    assert not now["symbols"].str.contains("[r]", regex=False).any()
    page = (held.current / "evidence-sp01.html").read_text()
    assert f"are of release {said['id']}" in page
    # Open again, with the same figures: nothing was revised meanwhile.
    assert folder.publish().new
    assert manifest(folder)["revisions"] == 0


def test_a_board_that_settles_nothing_any_more_withdraws_the_revisions_too(folder: Published) -> None:
    from tests.release import published

    base = published._base()
    decisions = tuple(
        d.model_copy(update={"board_status": "proposal_awaited", "assessment_mode": "none"})
        if d.measure == "SP01"
        else d
        for d in base.register.decisions
    )
    register = base.register.model_copy(update={"decisions": decisions})
    withdrawn = replace(base, register=register)
    from unittest.mock import patch

    with patch.object(published, "_base", lambda: withdrawn):
        folder.publish()
    assert b"SP01" not in (folder.current / "revisions.csv").read_bytes()
    assert b"SP01" not in (folder.current / "outcomes.csv").read_bytes()
    assert not (folder.current / "evidence-sp01.html").exists()
    (why,) = manifest(folder)["commentary_wanted"]["SP01"]
    assert why.startswith("The Board's status changed from")
