"""A partnership's data folder under test: deliveries in, refreshes run in this process, releases read back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from filelock import FileLock

from pipelines.definitions import build_definitions
from pipelines.refresh import Refreshed, refresh
from pipelines.settings import Settings
from pipelines.workspace import Workspace, dagster_environment, open_workspace
from sample.generator import generate
from tests.database import setting_of
from tests.paths import ROOT

#: Sources of open data: what a city needs for SP01 and the proxy of SP08.
OPEN = ("police_street", "reference")
SYNTHETIC = ROOT / "partnership" / "synthetic"


@dataclass
class City:
    """One data folder."""

    data: Path
    partnership: Path = SYNTHETIC
    as_of: date | None = None
    landing: Path | None = None
    alert_urls: str = ""
    warehouse_url: str | None = None
    pseudonym_key: str = ""
    dagster_url: str = ""

    @property
    def settings(self) -> Settings:
        return Settings(
            data_dir=self.data,
            landing=self.landing or self.data / "landing",
            partnership=self.partnership,
            as_of=self.as_of,
            warehouse_url=self.warehouse_url or setting_of(self.data),  # type: ignore[arg-type]
            alert_urls=self.alert_urls,  # type: ignore[arg-type]
            pseudonym_key=self.pseudonym_key,  # type: ignore[arg-type]
            dagster_url=self.dagster_url,  # type: ignore[arg-type]
            _env_file=None,  # type: ignore[call-arg]
        )

    def deliver(
        self,
        months: int = 15,
        scale: float = 0.04,
        faults: Sequence[str] = (),
        sources: Sequence[str] | None = OPEN,
    ) -> None:
        """Synthetic deliveries: of the open data alone, unless sources are named; None is every source."""
        generate(self.data / "landing", months=months, scale=scale, faults=faults, sources=sources)

    def open(self) -> Workspace:
        self.data.mkdir(parents=True, exist_ok=True)
        return open_workspace(self.settings)

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        before = {name: os.environ.get(name) for name in ("DAGSTER_HOME", "SAFER_DAGSTER_DIR", "SAFER_DAGSTER_URL")}
        dagster_environment(self.data, self.dagster_url)
        try:
            with dg.DagsterInstance.get() as instance:
                yield instance
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def refresh(self) -> Refreshed:
        workspace = self.open()
        with self.instance() as instance:
            done = refresh(workspace, build_definitions(workspace), instance, lambda _line: None)
        workspace.warehouse.close()
        return done

    def manifest(self) -> dict[str, Any]:
        return json.loads((self.data / "releases" / "current" / "release.json").read_text())

    def state(self, measure: str) -> str:
        return self.manifest()["measures"][measure]["state"]

    def reasons(self, measure: str) -> str:
        return " ".join(self.manifest()["measures"][measure]["reasons"])

    def figures(self, measure: str = "") -> pd.DataFrame:
        rows = pd.read_csv(self.data / "releases" / "current" / "outcomes.csv", keep_default_na=False, dtype=str)
        return rows[rows["measure"] == measure] if measure else rows

    def release_files(self) -> dict[str, bytes]:
        folder = (self.data / "releases" / "current").resolve()
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def shared_city(factory: pytest.TempPathFactory, name: str, make: Callable[[City], object]) -> City:
    """A city that is made once for all tests of a run, whatever worker they run on: to be read or copied, never changed."""
    shared = factory.getbasetemp().parent if os.environ.get("PYTEST_XDIST_WORKER") else factory.getbasetemp()
    city = City(shared / name)
    with FileLock(shared / f"{name}.lock"):
        if not (shared / f"{name}.made").exists():
            make(city)
            (shared / f"{name}.made").touch()
    return city


def full_city(factory: pytest.TempPathFactory) -> City:
    """A small city with every source and no fault, refreshed."""

    def make(city: City) -> None:
        city.deliver(months=36, scale=0.05, sources=None)
        city.refresh()

    return shared_city(factory, "full-city", make)


def open_city(factory: pytest.TempPathFactory) -> City:
    """A small city of open data alone, refreshed."""

    def make(city: City) -> None:
        city.deliver(months=14, scale=0.03)
        city.refresh()
        assert city.state("SP01") == "published"

    return shared_city(factory, "open-city", make)
