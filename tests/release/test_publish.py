"""Publishing: the release, and beside it what analysts get; nothing of the second in the first, and both or neither."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from assets.release import published
from assets.release import release as step
from assets.release.folder import ReleaseError, faults_of
from assets.release.release import Outcome, publish
from assets.setup import Pipeline
from expectations.contracts import PARTNERS, TABLES, Table, police_street
from methods.periods import month_range
from resources.warehouse import Warehouse
from tests.database import has_published, lose_published, url_of
from tests.release import computed

MONTHS = month_range(computed.FIRST, computed.LAST)


def counted(source: str) -> pd.DataFrame:
    """Completeness of a partner's source: all months received but one; one row without a date."""
    months = ["", *MONTHS]
    numbers = dict.fromkeys(("delivered_rows", "quarantined", "superseded", "repeated", "out_of_scope", "counted"), 0)
    missing = "2014-02" if source == "asb_case" else ""
    rows = [{"month": m, "received": int(m not in ("", missing)), "previous_rows": None, **numbers} for m in months]
    return pd.DataFrame(rows).astype({"previous_rows": "Int64"})


def rejected(source: str) -> pd.DataFrame:
    reasons = ["value_sex"] * 3 + ["key_repeated"] * 42 if source == "pdas_referral" else []
    rows = {"sha256": "a" * 64, "row_number": range(1, len(reasons) + 1), "reason": reasons}
    return pd.DataFrame(rows).astype({"sha256": "str", "reason": "str"})


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    return computed.pipeline(tmp_path)


@pytest.fixture
def warehouse(pipeline: Pipeline) -> Iterator[Warehouse]:
    """The tables that a release reads itself: outcomes, months received, rows set aside."""
    made = Warehouse(url_of(pipeline.data), pipeline.register.slug, pipeline.version)
    tables: list[tuple[Table, Any]] = [(TABLES[n], rows) for n, rows in computed.outcomes(pipeline).items()]
    for name, source in PARTNERS.items():
        tables += [(source.completeness, counted(name)), (source.quarantine, rejected(name))]
    street = {
        c.name: [0] * len(MONTHS) if c.type != "string" else [""] * len(MONTHS)
        for c in police_street.COMPLETENESS.columns
    }
    tables.append(
        (police_street.COMPLETENESS, pd.DataFrame({**street, "force": "vale-and-moor", "month": MONTHS, "in_area": 9}))
    )
    made.replace(tables, inputs={})
    yield made
    made.close()


@pytest.fixture
def run(pipeline: Pipeline, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Publish once, with all evidence good."""
    monkeypatch.setattr(step, "read_evidence", lambda *_: computed.evidence(pipeline))
    archive = SimpleNamespace(receipts=computed.receipts)
    notifier = SimpleNamespace(tell=lambda *_, **__: None)

    def once(**changed: Any) -> Outcome:
        return publish(pipeline, archive, warehouse, notifier, None)  # type: ignore[arg-type]

    return once


def files(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_analysts_get_everything_and_the_public_nothing_of_it(pipeline: Pipeline, run: Any) -> None:
    released = run().release
    public = files(released.folder)
    own = files(pipeline.data / "analysis" / released.id)
    secret = str(computed.SECRET)
    assert [name for name, data in public.items() if secret in data.decode(errors="ignore").replace(",", "")] == []
    assert secret.encode() in own["outcomes.csv"]
    assert {"index.html", "quality.html", "outcomes.csv", *(f"sp{n:02}.html" for n in range(1, 12))} <= set(own)
    assert set(released.manifest["files"]) == set(public) - {"release.json"}
    assert faults_of(released.folder) == []
    assert not any("analysis" in name for name in public)
    rows = own["outcomes.csv"].decode().splitlines()
    assert rows[0] == public["outcomes.csv"].decode().splitlines()[0]
    assert len(rows) - 1 == sum(len(table) for table in computed.outcomes(pipeline).values())
    assert stat.S_IMODE((pipeline.data / "analysis" / released.id).stat().st_mode) == 0o700


def test_the_same_again_writes_nothing_but_published_tables_that_were_lost(
    pipeline: Pipeline, warehouse: Warehouse, run: Any
) -> None:
    first = run()
    assert published.agrees(warehouse, first.release)
    lose_published(pipeline.data)
    before = {
        p: p.stat().st_mtime_ns for p in pipeline.data.rglob("*") if "releases" in p.parts or "analysis" in p.parts
    }
    again = run()
    assert first.new and not again.new
    assert published.agrees(warehouse, first.release)
    assert again.release.id == first.release.id
    after = {
        p: p.stat().st_mtime_ns for p in pipeline.data.rglob("*") if "releases" in p.parts or "analysis" in p.parts
    }
    assert after == before


def test_without_what_analysts_get_there_is_no_release(
    pipeline: Pipeline, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*_: Any) -> None:
        raise ReleaseError("the release cannot be written (No space left on device): nothing was published")

    with monkeypatch.context() as full:
        full.setattr(step.folder, "write_analysis", no_space)
        with pytest.raises(ReleaseError, match="nothing was published"):
            run()
    assert [p.name for p in pipeline.releases.iterdir()] == [".lock"]
    assert not has_published(pipeline.data)
    assert run().new


def test_months_and_rejects_of_partners_stand_in_the_manifest(run: Any) -> None:
    said = run().release.manifest
    assert said["months"]["vale-and-moor"] == MONTHS
    assert said["months"]["pdas_referral"] == MONTHS
    assert said["months"]["asb_case"] == [m for m in MONTHS if m != "2014-02"]
    assert said["rejects"]["pdas_referral"] == {"key_repeated": 40, "value_sex": None}


def test_exact_hashes_lie_beside_the_release(pipeline: Pipeline, run: Any) -> None:
    released = run().release
    noted = json.loads((pipeline.data / "evidence" / f"{released.id}.json").read_text())
    name = "outcome_sp05_vulnerable_victims_engaged"
    assert noted["tables"][name] == computed.hash_of(name)
    assert noted["tables"][name] != released.manifest["tables"][name]["sha256"]


def test_a_cell_once_hidden_stays_hidden_in_the_next_release(
    pipeline: Pipeline, warehouse: Warehouse, run: Any
) -> None:
    table = "outcome_sp05_vulnerable_victims_engaged"

    def hidden(outcome: Outcome) -> set[tuple[str, ...]]:
        rows = outcome.release.figures()
        mine = rows[(rows["measure"] == "SP05") & rows["symbols"].str.contains("[c]", regex=False)]
        return set(zip(mine["part"], mine["period_kind"], mine["period_end"], strict=True))

    before = hidden(run())
    assert before
    rows = computed.outcomes(pipeline)[table]
    counts = rows["unit"] != "%"
    more = {name: rows[name].where(~counts, rows[name] + 50) for name in ("value", "numerator")}
    warehouse.replace([(TABLES[table], rows.assign(**more))], inputs={})
    later = run()
    assert later.new
    assert before <= hidden(later)
