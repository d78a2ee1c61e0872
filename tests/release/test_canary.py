"""A hidden count stands nowhere in a release: not in figures, pages, charts, their texts, evidence or hashes, nor in a later release."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from assets.outcomes.tidy import Line, compare_rates, tidy_table
from assets.release import history
from assets.release import release as step
from assets.release.folder import Released, ReleaseError
from assets.release.gate import TableEvidence
from assets.release.release import publish
from assets.setup import Pipeline, setting
from expectations.contracts import TABLES
from methods.periods import Period, month_range, periods
from methods.rates import rate
from resources.warehouse import Warehouse
from tests.database import url_of
from tests.release import computed

TABLE = "outcome_sp08_serious_acquisitive_crime"
RESIDENTS = 262_700
MONTHS = month_range(computed.FIRST, computed.LAST)
#: Share of the check that measures the largest move; with the figures that show, it would tell the one that is hidden.
MOVE = 0.123456789
GROUPS = ("domestic_burglary", "theft_of_vehicle", "theft_from_vehicle")


def monthly(seed: int) -> dict[str, dict[str, int]]:
    """Offences by group and month: in the thousands, so that each number is itself; robbery one a month now and then."""
    drawn = np.random.default_rng(seed)
    found = {group: {m: int(drawn.integers(30_000, 90_000)) for m in MONTHS} for group in GROUPS}
    found["robbery"] = {m: 1 if m < "2014-04" else 60_003 + 17 * place for place, m in enumerate(MONTHS)}
    return found


def count(months: dict[str, int], period: Period) -> int:
    return sum(months[m] for m in period.months)


def table(made: Pipeline, counts: dict[str, dict[str, int]]) -> pd.DataFrame:
    given = setting(made.register, "SP08", computed.AS_OF)
    every = [p for p in periods(MONTHS) if p.first >= computed.FIRST]
    whole = {m: sum(group[m] for group in counts.values()) for m in MONTHS}
    lines = []
    for part, months in {**counts, "sac": whole}.items():
        figures = {}
        for period in every:
            found = rate(count(months, period), RESIDENTS)
            figures[period] = computed._rate(months, period)
            assert figures[period].value == found.value
        lines.append(Line(part, given.area_code, given.area_name, "offences per 1000", figures, compare_rates))
    return tidy_table("SP08", lines, "2016-03-31", "2013-14", "previous")


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    return computed.pipeline(tmp_path)


@pytest.fixture
def run(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[pd.DataFrame], Released]]:
    """Publish with this table of SP08."""
    warehouse = Warehouse(url_of(pipeline.data), pipeline.register.slug, pipeline.version)

    def evidence(*_: object) -> dict[str, TableEvidence]:
        found = computed.evidence(pipeline)
        checks = {rule: replace(c, figures={"worst_move": MOVE}) for rule, c in found[TABLE].checks.items()}
        return {**found, TABLE: replace(found[TABLE], checks=checks)}

    real = step.render

    def render(view: Any) -> dict[str, bytes]:
        # What analysts get is exact, and no matter here.
        return {} if "exact" in view.downloads[0].label else real(view)

    monkeypatch.setattr(step, "render", render)
    monkeypatch.setattr(step, "read_evidence", evidence)
    monkeypatch.setattr(step, "_COUNTS", ())
    monkeypatch.setattr(step, "_REJECTS", {})

    def once(rows: pd.DataFrame) -> Released:
        tables = {**computed.outcomes(pipeline), TABLE: rows}
        warehouse.replace([(TABLES[name], made) for name, made in tables.items()], inputs={})
        archive, notifier = SimpleNamespace(receipts=computed.receipts), SimpleNamespace(tell=lambda *_, **__: None)
        return publish(pipeline, archive, warehouse, notifier, None).release  # type: ignore[arg-type]

    yield once
    warehouse.close()


def texts(released: Released) -> dict[str, str]:
    """Every file as text with its name; commas of thousands out."""
    found = {}
    for path in sorted(released.folder.rglob("*")):
        if path.is_file():
            said = (
                pq.read_table(path).to_pandas().to_csv(index=False)
                if path.suffix == ".parquet"
                else path.read_bytes().decode(errors="ignore")
            )
            name = path.relative_to(released.folder).as_posix()
            found[name] = f"{name} {said.replace(',', ' ' if path.suffix in ('.csv', '.parquet') else '')}"
    return found


def hidden_periods(rows: pd.DataFrame) -> list[tuple[str, str, str]]:
    mine = rows[(rows["measure"] == "SP08") & rows["symbols"].str.contains("[c]", regex=False)]
    return list(zip(mine["part"], mine["period_kind"], mine["period_start"], strict=True))


def told(released: Released, *counts: dict[str, dict[str, int]]) -> list[tuple[str, str]]:
    """Files in which the exact number of a hidden count stands, or its rate."""
    every = {(p.kind, p.first_day): p for p in periods(MONTHS)}
    files = texts(released)
    found = []
    for part, kind, start in hidden_periods(released.figures()):
        for data in counts:
            number = count(data[part], every[kind, start])  # type: ignore[index]
            if number < 1000:  # small numbers stand everywhere
                continue
            exact = re.compile(rf"(?<![\d.]){number}(?!\d)|{re.escape(repr(rate(number, RESIDENTS).value)[:12])}")
            found += [(name, str(number)) for name, text in files.items() if exact.search(text)]
    return found


def test_a_hidden_count_stands_nowhere(pipeline: Pipeline, run: Callable[[pd.DataFrame], Released]) -> None:
    first, second = monthly(1), monthly(1)
    # Robbery of the first year turns out to be many: it rises above what is small, and stays hidden.
    second["robbery"] |= {m: 70_001 + 13 * place for place, m in enumerate(MONTHS) if m < "2014-04"}
    one = run(table(pipeline, first))
    assert len({part for part, *_ in hidden_periods(one.figures())}) >= 2
    assert told(one, first) == []
    assert not [name for name, text in texts(one).items() if str(MOVE) in text or computed.hash_of(TABLE) in text]
    assert one.manifest["tables"][TABLE]["sealed"]
    other = run(table(pipeline, second))
    assert other.id != one.id
    assert set(hidden_periods(one.figures())) <= set(hidden_periods(other.figures()))
    assert told(other, first, second) == []


@pytest.fixture
def unrendered(monkeypatch: pytest.MonkeyPatch, run: object) -> None:
    monkeypatch.setattr(step, "render", lambda view: {"index.html": b""})


@pytest.mark.usefixtures("unrendered")
def test_where_nothing_is_hidden_the_evidence_is_open(
    pipeline: Pipeline, run: Callable[[pd.DataFrame], Released]
) -> None:
    data = monthly(1)
    data["robbery"] = {m: 60_003 + 17 * place for place, m in enumerate(MONTHS)}
    released = run(table(pipeline, data))
    assert hidden_periods(released.figures()) == []
    assert released.manifest["tables"][TABLE] == {
        "sha256": computed.hash_of(TABLE),
        "inputs": released.manifest["tables"][TABLE]["inputs"],
    }
    assert str(MOVE) in texts(released)["release.json"]


@pytest.mark.usefixtures("unrendered")
def test_every_earlier_release_is_read_and_a_damaged_one_stops_publication(
    pipeline: Pipeline, run: Callable[[pd.DataFrame], Released]
) -> None:
    made = [run(table(pipeline, monthly(seed))) for seed in (1, 2)]
    chain = history.ancestry(pipeline.releases, made[-1])
    assert [released.id for released in chain] == [released.id for released in made]
    read = history.read(chain, pipeline.data / "analysis")
    assert len(read.of("SP08")) == 2
    assert len(read.of("SP05")) == 1  # the same in both
    assert read.of("SP02") == ()
    # Without what analysts got the hidden counts are taken for unrevised.
    shutil.rmtree(pipeline.data / "analysis" / made[0].id)
    assert [one.exact is None for one in history.read(chain, pipeline.data / "analysis").of("SP08")] == [
        True,
        False,
    ]
    assert set(hidden_periods(made[0].figures())) <= set(hidden_periods(run(table(pipeline, monthly(4))).figures()))
    path = made[0].folder / "outcomes.csv"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(
        ReleaseError, match=f"release {made[0].id}: outcomes.csv was changed: restore the folder from backup"
    ):
        run(table(pipeline, monthly(5)))
    assert json.loads((pipeline.releases / "current" / "release.json").read_text())["parent"] == made[-1].id
