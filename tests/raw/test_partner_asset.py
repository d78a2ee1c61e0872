"""The raw step of a partner source, as Dagster runs it: table written, refusals told to the owner, nothing of a row anywhere."""

from __future__ import annotations

import importlib
import json
import sqlite3
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest

from assets.steps import terms_of
from expectations.alerting import AlertsFile
from expectations.contracts import PARTNERS
from resources.landing import Landing
from resources.notifier import Notifier
from resources.pull import Pull
from resources.warehouse import Warehouse
from tests.raw import CANARY
from tests.raw.test_partner_registration import APRIL, COLUMNS, Q1, SOURCE, Database, Scans, csv_of, name, put


class Data:
    """A data folder with the resources of a raw step, and a register that knows one partner source."""

    def __init__(self, folder: Path, **record: object):
        self.scans = Scans(folder)
        self.warehouse = Warehouse(f"sqlite:///{folder / 'w.sqlite'}", "somewhere", "v1")
        self.notifier = Notifier(self.warehouse, AlertsFile(), lambda _name: ())
        said = {"kind": "partner", "sheet": "", "date_order": "YMD", "pull": None} | record
        self.pipeline = SimpleNamespace(
            register=SimpleNamespace(sources={SOURCE: SimpleNamespace(**said)}, alerts=AlertsFile()),
            ui_url="http://127.0.0.1:3000",
            seen=self.scans.seen,
            owner=lambda source: f"owner of {source}",
            measures_of=lambda table: ["SP04"] if table == f"raw_{SOURCE}" else [],
            pull_url=lambda source: f"sqlite:///{folder / 'partner.sqlite'}",
        )

    def run(self) -> dg.ExecuteInProcessResult:
        asset = importlib.import_module(f"assets.raw.{SOURCE}").raw_pdas_referral
        return dg.materialize(
            [asset],
            resources={
                "pipeline": self.pipeline,
                "landing": Landing(self.scans.landing),
                "archive": self.scans.archive,
                "warehouse": self.warehouse,
                "notifier": self.notifier,
            },
        )

    def rows(self) -> list[tuple[object, ...]]:
        with self.warehouse.snapshot() as snapshot:
            frame = snapshot.frame(PARTNERS[SOURCE].raw)
        return list(frame[["delivered_rows", "spans"]].itertuples(index=False, name=None))


@pytest.mark.parametrize("source", PARTNERS)
def test_every_source_has_its_asset(source: str) -> None:
    module = importlib.import_module(f"assets.raw.{source}")
    asset = vars(module)[f"raw_{source}"]
    assert isinstance(asset, dg.AssetsDefinition)
    assert asset.key == dg.AssetKey(f"raw_{source}")
    assert asset.required_resource_keys >= {"pipeline", "landing", "archive", "warehouse", "notifier"}


def test_the_step_writes_its_table_and_tells_of_refusals(tmp_path: Path) -> None:
    data = Data(tmp_path)
    put(data.scans, name(), csv_of(APRIL))
    put(data.scans, "surnames.csv", csv_of([[*row, CANARY] for row in APRIL], [*COLUMNS, "surname"]))
    put(
        data.scans, name(("2016-07-01", "2016-07-31")), csv_of([[*row, CANARY] for row in APRIL], [*COLUMNS, "surname"])
    )
    result = data.run()
    assert result.success
    assert data.rows() == [(3, "2016-04-01/2016-06-30")]
    (made,) = result.asset_materializations_for_node(f"raw_{SOURCE}")
    counts = {key: value.value for key, value in made.metadata.items()}
    assert (counts["accepted"], counts["refused"], counts["repeated"], counts["ignored"]) == (1, 2, 0, 0)
    alerts = data.notifier.unsent()
    assert sorted(alert.subject for alert in alerts) == [
        "Delivery refused: pdas_referral (coverage)",
        "Delivery refused: pdas_referral (header)",
    ]
    told = "".join(alert.body for alert in alerts)
    assert "unknown columns 'surname'; remove it from landing" in told
    assert "owner of pdas_referral" in told
    assert "SP04" in told
    assert CANARY not in told + json.dumps(counts, default=str)
    data.run()
    assert len(data.notifier.unsent()) == 2, "told once"
    data.warehouse.close()


def test_a_pull_of_the_register(tmp_path: Path) -> None:
    said = SimpleNamespace(
        query="SELECT * FROM referral",
        coverage_query="SELECT '2016-04-01', '2016-06-30'",
        coverage_start=None,
        coverage_end=None,
    )
    data = Data(tmp_path, pull=said)
    database = Database(tmp_path)
    assert data.run().success
    assert data.rows() == [(3, "2016-04-01/2016-06-30")]
    with sqlite3.connect(database.path) as connection:
        connection.execute("DROP TABLE referral")
    assert data.run().success, "a pull that fails stops no step"
    assert data.rows() == [(3, "2016-04-01/2016-06-30")]
    assert [alert.subject for alert in data.notifier.unsent()] == ["Delivery refused: pdas_referral (pull)"]
    data.warehouse.close()


def test_terms_of_the_register(tmp_path: Path) -> None:
    days = {"coverage_start": date(2016, 4, 1), "coverage_end": date(2016, 6, 30)}
    data = Data(tmp_path, sheet="Extract", date_order="DMY", pull=SimpleNamespace(query="q", coverage_query="", **days))
    terms = terms_of(SOURCE, data.pipeline)  # type: ignore[arg-type]
    assert (terms.sheet, terms.date_order) == ("Extract", "DMY")
    assert terms.pull == Pull(f"sqlite:///{tmp_path / 'partner.sqlite'}", "q", Q1, "")
    assert terms_of("population", data.pipeline).pull is None  # type: ignore[arg-type]
    data.warehouse.close()
