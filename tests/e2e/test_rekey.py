"""Pseudonym keys: a real partnership without one takes in nothing of people; rotation moves history and changes no figure."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.rekey import rekey
from pipelines.settings import Settings
from pipelines.workspace import open_workspace
from resources.log import Log
from sample.generator import generate
from tests.database import as_sqlite
from tests.e2e.city import SYNTHETIC, City

ONE = "the first long enough secret of this partnership"
TWO = "the second long enough secret of this partnership"


@pytest.fixture
def real(tmp_path: Path) -> City:
    """The sample city, registered as if it were no invention."""
    folder = tmp_path / "partnership" / "realtown"
    folder.mkdir(parents=True)
    for path in SYNTHETIC.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    said = (folder / "partnership.toml").read_text().replace("synthetic = true", "synthetic = false")
    lines = [line for line in said.splitlines() if not line.startswith("decisions_from")]
    lines = [line.replace("../common", str(SYNTHETIC.parent / "common")) for line in lines]
    (folder / "partnership.toml").write_text("\n".join(lines))
    generate(tmp_path / "data" / "landing", months=36, scale=0.03, sources=["pdas_referral", "hate_survey"])
    return City(tmp_path / "data", partnership=folder)


def keyed(city: City, key: str) -> City:
    return replace(city, pseudonym_key=key)


def clients(city: City) -> set[str]:
    with closing(as_sqlite(city.data)) as connection:
        return {
            key
            for (key,) in connection.execute("SELECT client_key FROM clean_pdas_referral WHERE client_key IS NOT NULL")
        }


def test_without_a_key_nothing_of_people_is_taken_in(real: City) -> None:
    done = real.refresh()
    assert any("SAFER_PSEUDONYM_KEY" in failure for failure in done.failures)
    with closing(as_sqlite(real.data)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert "clean_pdas_referral" not in tables
    assert real.state("SP04") == "held"


def test_rotation_moves_the_history_and_changes_no_figure(real: City) -> None:
    first = keyed(real, ONE)
    first.refresh()
    before, figures = clients(first), first.figures("SP04")
    assert first.state("SP04") == "in_development"

    refused = keyed(real, TWO).refresh()
    assert any("rekey" in failure for failure in refused.failures)
    assert clients(first) == before

    workspace = open_workspace(first.settings)
    moved = rekey(workspace, TWO, "Custodian", "yearly rotation")
    assert moved.counts["pdas_referral.first_time"] > 0
    assert moved.counts["pdas_referral.client_key"] == len(before)
    second = keyed(real, TWO)
    done = second.refresh()
    assert done.failures == ()
    assert clients(second).isdisjoint(before)
    assert len(clients(second)) == len(before)
    assert second.figures("SP04").equals(figures)
    (record,) = Log(real.data / "log.jsonl").records()
    assert (record["what"], record["by"], record["reason"]) == ("rekey", "Custodian", "yearly rotation")
    assert any("rekey" in failure for failure in keyed(real, ONE).refresh().failures)


@pytest.mark.parametrize("new", ["", "short", ONE])
def test_a_new_key_that_is_none_weak_or_the_same_is_refused(real: City, new: str) -> None:
    workspace = open_workspace(Settings(**keyed(real, ONE).settings.model_dump()))
    with pytest.raises(Exception, match=r"key|KEY"):
        rekey(workspace, new, "Custodian", "why")
    assert not (real.data / "log.jsonl").exists()
