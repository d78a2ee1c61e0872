"""The whole way on synthetic deliveries: a release, no work the second time, the same bytes whatever the form."""

from __future__ import annotations

import gzip
import shutil
import zipfile
from datetime import date
from pathlib import Path

import pytest

from assets.release.folder import faults_of
from assets.release.shown import DOWNLOADS
from tests.database import lose
from tests.e2e.city import City, open_city

pytestmark = pytest.mark.campaign("the whole way", sample=5)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> City:
    return open_city(tmp_path_factory)


def test_first_release_says_what_stands_and_what_waits(released: City) -> None:
    measures = released.manifest()["measures"]
    states = {name: said["state"] for name, said in measures.items()}
    assert states == {
        "SP01": "published",
        "SP02": "awaiting_board",
        "SP03": "awaiting_data",
        "SP04": "awaiting_data",
        "SP05": "awaiting_data",
        "SP06": "awaiting_data",
        "SP07": "awaiting_data",
        "SP08": "published",
        "SP09": "awaiting_board",
        "SP10": "awaiting_data",
        "SP11": "awaiting_data",
    }
    assert faults_of((released.data / "releases" / "current").resolve()) == []
    files = released.release_files()
    pages = {f"sp{n:02}.html" for n in range(1, 12)} | {"index.html"}
    assert pages | {download.file for download in DOWNLOADS} <= set(files)
    for name, data in files.items():
        if name.endswith(".html"):
            assert b"Synthetic data for a fictional city" in data, name


def test_the_city_rate_is_what_the_deliveries_hold(released: City) -> None:
    """A plain count over the delivered files, by another way than the engine's."""
    import csv

    crimes: dict[str, tuple[str, str]] = {}
    lookup = {
        row["lsoa_code"]
        for row in csv.DictReader(
            (released.data / "landing/reference/lsoa_neighbourhood/lsoa_neighbourhood.csv").open(encoding="utf-8")
        )
    }
    for path in sorted((released.data / "landing/police_street").rglob("*-street.csv")):
        rows = list(csv.DictReader(path.open(encoding="utf-8-sig")))
        rows.sort(key=lambda r: (r["LSOA code"], r["Crime type"], r["Last outcome category"], r["Location"]))
        for row in rows:
            if row["Crime ID"]:
                first = crimes.get(row["Crime ID"], (row["Month"], ""))[0]
                crimes[row["Crime ID"]] = (first, row["LSOA code"])
    counted = sum(1 for month, lsoa in crimes.values() if "2013-04" <= month <= "2014-03" and lsoa in lookup)
    figures = released.figures("SP01")
    city = figures[(figures["part"] == "city") & (figures["period_kind"] == "fy")]
    assert list(city["numerator"]) == [str(counted)]


def test_nothing_new_does_nothing_and_a_lost_warehouse_gives_the_same_bytes(released: City, tmp_path: Path) -> None:
    shutil.copytree(released.data, tmp_path / "data", symlinks=True)
    city = City(tmp_path / "data")
    before = city.release_files()
    done = city.refresh()
    assert done.planned.empty and not done.released.new
    assert city.release_files() == before
    lose(city.data)
    done = city.refresh()
    assert len(done.planned.make) == 13
    assert not done.released.new
    assert city.release_files() == before


@pytest.mark.parametrize("form", ["gzip", "zip", "flat"])
def test_any_form_of_the_same_files_gives_the_same_release(released: City, tmp_path: Path, form: str) -> None:
    city = City(tmp_path / "data")
    landing = city.data / "landing"
    shutil.copytree(released.data / "landing" / "reference", landing / "reference")
    files = sorted((released.data / "landing" / "police_street").rglob("*-street.csv"), reverse=True)
    street = landing / "police_street"
    street.mkdir(parents=True)
    if form == "zip":
        with zipfile.ZipFile(street / "download.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for path in files:
                archive.write(path, f"{path.name[:7]}/{path.name}")
    for path in files if form != "zip" else ():
        if form == "gzip":
            (street / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        else:
            shutil.copy(path, street / path.name)
    city.refresh()
    assert city.release_files() == released.release_files()


def test_missing_month_is_not_available_and_holds_nothing(tmp_path: Path) -> None:
    city = City(tmp_path / "data")
    city.deliver(months=15)
    missing = city.data / "landing/police_street/2013-09/2013-09-vale-and-moor-street.csv"
    missing.unlink()
    assert not city.refresh().released.held
    rows = city.figures("SP01")
    year = rows[(rows["period_kind"] == "fy") & (rows["part"] == "gap")]
    assert list(year["symbols"]) == ["[x]"] and list(year["value"]) == [""]
    assert "2013-09 not delivered" in year["note"].iloc[0]
    quarter = rows[(rows["period_kind"] == "quarter") & (rows["part"] == "city")].set_index("period_start")["symbols"]
    assert "[x]" in quarter["2013-07-01"] and "[x]" not in quarter["2013-04-01"]


def test_a_later_file_is_picked_up_behind_an_unchanged_root(tmp_path: Path) -> None:
    city = City(tmp_path / "data")
    city.deliver(months=13)
    last = sorted((city.data / "landing/police_street").rglob("*-street.csv"))[-1]
    kept = last.read_bytes()
    last.unlink()
    city.refresh()
    assert city.manifest()["as_at"] == "2014-03-31"
    last.write_bytes(kept)
    done = city.refresh()
    assert "raw_police_street" in done.planned.make and "raw_population" not in done.planned.make
    assert city.manifest()["as_at"] == "2014-04-30"
    assert city.manifest()["parent"] is not None


def test_newest_month_due_but_missing_holds_a_required_source(tmp_path: Path) -> None:
    city = City(tmp_path / "data", as_of=date(2014, 12, 31))
    city.deliver(months=13)
    done = city.refresh()
    assert set(done.released.held) == {"SP01", "SP08"}
    assert "2014-11, was not delivered" in city.reasons("SP01")
