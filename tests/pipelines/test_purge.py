"""Retention: what is past its time goes, what tables are made from stays unless asked for, and nothing comes back by itself."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from assets.raw.precedence import needed
from assets.release.proof import prove
from assets.steps import archived, take_in
from pipelines.purge import Due, due, past, purge
from pipelines.refresh import look
from pipelines.workspace import Workspace, WorkspaceError
from resources.archive import ArchiveError, Receipt
from resources.log import Log
from tests.e2e.city import City

TODAY = date(2016, 5, 31)


def receipt(number: int, source: str, sha: str, day: str, slot: str = "2015-04-01/2016-03-31") -> Receipt:
    first, _, last = slot.partition("/")
    return Receipt(
        number,
        source,
        slot,
        "",
        "",
        sha,
        1,
        1,
        ("a",),
        "csv",
        f"{source}/{sha}.csv",
        None,
        (first, last),
        f"{day}T09:00:00Z",
    )


@pytest.mark.parametrize(("day", "gone"), [("2016-04-30", True), ("2016-05-01", False), ("2016-05-31", False)])
def test_thirty_days_after_acceptance(day: str, gone: bool) -> None:
    """Accepted on 1 May, kept for 30 days: still there on the 31st, gone on 1 June."""
    found = past([receipt(1, "asb_case", "a", day)], {"asb_case": 30}, {"a"}, TODAY)
    assert found == ({"a": "asb_case"} if gone else {})


def test_what_has_no_limit_or_is_shared_with_what_has_none_stays() -> None:
    two = [receipt(1, "asb_case", "a", "2015-01-01"), receipt(2, "police_street", "a", "2015-01-01")]
    assert past(two, {"asb_case": 30}, {"a"}, TODAY) == {}
    twice = [receipt(1, "asb_case", "a", "2015-01-01"), receipt(2, "asb_case", "a", "2016-05-20")]
    assert past(twice, {"asb_case": 30}, {"a"}, TODAY) == {}
    assert past(twice[:1], {"asb_case": 30}, set(), TODAY) == {}


def test_the_newest_extract_and_the_one_it_is_compared_with_are_needed() -> None:
    three = [receipt(n, "asb_case", sha, f"2016-0{n}-01") for n, sha in enumerate("abc", 1)]
    assert needed(three) == {"b", "c"}
    other_days = [*three, receipt(4, "asb_case", "d", "2016-04-02", "2016-04-01/2016-04-30")]
    assert needed(other_days) == {"c", "d"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> City:
    """A city with one personal source, released."""
    city = City(tmp_path_factory.mktemp("purge") / "data")
    city.deliver(months=36, scale=0.02, sources=("hate_survey",))
    done = city.refresh()
    assert done.failures == ()
    return city


@pytest.fixture
def city(made: City, tmp_path: Path) -> City:
    shutil.copytree(made.data, tmp_path / "data", symlinks=True)
    return replace(made, data=tmp_path / "data")


def take(city: City, extra: str = "") -> Workspace:
    """What lies in landing is taken in, after a later extract of the same days was sent."""
    if extra:
        (sent,) = [p for p in (city.data / "landing" / "hate_survey").iterdir() if p.suffix == ".csv"]
        text = sent.read_text().splitlines(keepends=True)
        sent.write_text("".join([text[0], *text[1 : -len(extra)]]))
    workspace = city.open()
    take_in("hate_survey", workspace.pipeline, workspace.landing, workspace.archive, workspace.notifier)
    return workspace


def later(days: int = 31) -> date:
    return datetime.now(UTC).date() + timedelta(days=days)


def contents(workspace: Workspace) -> list[str]:
    return [r.sha256 for r in workspace.archive.receipts("hate_survey")]


def test_superseded_bytes_go_and_their_receipt_and_proof_stay(city: City) -> None:
    take(city, "x")
    workspace = take(city, "x")
    first, second, third = contents(workspace)
    assert due(workspace, today=later(29)).empty
    found = due(workspace, today=later())
    assert (found.remove, set(found.needed)) == ({first: "hate_survey"}, {second, third})
    assert len(found.lying) == 1

    purge(workspace, found, "Custodian", "monthly purge")
    assert workspace.archive.held() == {second, third}
    assert contents(workspace) == [first, second, third]
    (record,) = Log(city.data / "log.jsonl").records()
    assert (record["what"], record["by"], record["reason"]) == ("purge", "Custodian", "monthly purge")
    assert record["said"]["deliveries"] == {"hate_survey": 1} and record["said"]["kept_because_needed"] == 2
    proof = prove(workspace.pipeline, workspace.archive, "current")
    assert proof.faults == ()
    assert any(f"{first[:12]} (hate_survey" in n and "hash proven" in n for n in proof.notes)
    assert due(workspace, today=later()).empty


def test_what_was_purged_does_not_come_back_from_landing_unless_it_counts(city: City) -> None:
    landing = city.data / "landing" / "hate_survey"
    (sent,) = [p for p in landing.iterdir() if p.suffix == ".csv"]
    old = sent.read_bytes()
    take(city, "x")
    workspace = take(city, "x")
    first = contents(workspace)[0]
    purge(workspace, due(workspace, today=later()), "Custodian", "monthly")
    beside = landing / f"again-{sent.name}"
    beside.write_bytes(old)
    workspace = take(city)
    assert first not in workspace.archive.held()


def test_what_counts_goes_only_when_asked_for_and_when_landing_would_not_bring_it_back(city: City) -> None:
    workspace = city.open()
    (only,) = contents(workspace)
    assert due(workspace, today=later()).remove == {}
    assert due(workspace, counting=True, today=later()).remove == {}, "it lies in landing"
    sent = next((city.data / "landing" / "hate_survey").iterdir())
    good = sent.read_bytes()
    sent.unlink()
    found = due(workspace, counting=True, today=later())
    assert found.remove == {only: "hate_survey"}
    purge(workspace, found, "Custodian", "agreed with the service")
    workspace.warehouse.close()

    # Nothing changed, so nothing must be made anew, and the release is whole.
    workspace = city.open()
    with city.instance() as instance:
        assert look(workspace, instance).empty
    assert prove(workspace.pipeline, workspace.archive, "current").faults == ()
    with pytest.raises(ArchiveError, match=r"was purged on \d{4}-\d\d-\d\d, and its table must be made anew"):
        archived(workspace.archive, only)
    # A table that must be made anew says what to do, in one line, and its measures are held.
    with sqlite3.connect(city.data / "warehouse.sqlite") as connection:
        connection.execute("DELETE FROM clean_hate_survey WHERE rowid = 1")
    workspace.warehouse.close()
    done = city.refresh()
    (failure,) = [line for line in done.failures if line.startswith("clean_hate_survey")]
    assert "was purged on" in failure and "have it sent again" in failure and "\n" not in failure
    assert set(done.released.held) == {"SP11"}
    # Sent again, the bytes are there again.
    sent.write_bytes(good)
    assert only in take(city).archive.held()


def test_orphaned_folders_and_an_unused_cache(city: City) -> None:
    workspace = city.open()
    released = (city.data / "releases" / "current").readlink().name
    (city.data / "analysis" / "2001-01-orphan").mkdir()
    cache = workspace.engine.cache / "engine.duckdb"
    cache.parent.mkdir(exist_ok=True)
    cache.write_bytes(b"")
    found = due(workspace)
    assert (found.analysis, found.cache) == (("2001-01-orphan",), False)
    assert due(workspace, cache=True).cache
    long_ago = datetime.now(UTC).timestamp() - 31 * 86_400
    os.utime(cache, (long_ago, long_ago))
    found = due(workspace)
    assert found.cache
    purge(workspace, found, "Engineer", "tidy")
    assert not cache.exists()
    assert [p.name for p in (city.data / "analysis").iterdir() if not p.name.startswith(".")] == [released]
    assert json.loads((city.data / "log.jsonl").read_text())["said"]["analysis"] == ["2001-01-orphan"]


def test_without_a_name_nothing_is_removed(city: City) -> None:
    workspace = city.open()
    (only,) = contents(workspace)
    with pytest.raises(WorkspaceError, match="--by is empty"):
        purge(workspace, Due(remove={only: "hate_survey"}, needed={}), " ", "x")
    assert only in workspace.archive.held()
    assert not (city.data / "log.jsonl").exists()
