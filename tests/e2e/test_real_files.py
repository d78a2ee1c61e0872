"""The open-data partnership on the real files of Devon & Cornwall Police: the worked answer, every month, new LSOAs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.browser import axe
from tests.campaign import drawn
from tests.e2e.city import City, shared_city
from tests.paths import ROOT, need_real, skip_or_fail

pytestmark = pytest.mark.real
PLYMOUTH = ROOT / "partnership" / "plymouth_open"


def link(landing: Path, real: Path, months: str = "*") -> None:
    street = landing / "police_street"
    street.mkdir(parents=True, exist_ok=True)
    for path in sorted((real / "police_street").glob(f"{months}-devon-and-cornwall-street.csv.gz")):
        if not (street / path.name).exists():
            (street / path.name).symlink_to(path)


@pytest.fixture(scope="module")
def plymouth(tmp_path_factory: pytest.TempPathFactory) -> City:
    real = need_real()

    def make(city: City) -> None:
        for year in ("2014", "2016", "2017", "2018", "2019", "2020"):
            link(city.data / "landing", real, f"{year}-*")
        (city.data / "landing" / "reference").symlink_to(real / "plymouth_open" / "reference")
        done = replace(city, partnership=PLYMOUTH).refresh()
        assert not done.released.held
        assert not done.failures

    return replace(shared_city(tmp_path_factory, "plymouth", make), partnership=PLYMOUTH)


def figure(city: City, measure: str, part: str, start: str, kind: str = "fy") -> dict[str, str]:
    rows = city.figures(measure)
    found = rows[(rows["part"] == part) & (rows["period_kind"] == kind) & (rows["period_start"] == start)]
    assert len(found) == 1
    return {str(name): str(value) for name, value in found.iloc[0].items()}


def test_the_worked_answer_of_2016_17(plymouth: City) -> None:
    ten = figure(plymouth, "SP01", "ten", "2016-04-01")
    assert (ten["numerator"], ten["denominator"]) == ("10894", "90029")
    assert float(ten["value"]) == pytest.approx(121.005454, abs=1e-6)
    city = figure(plymouth, "SP01", "city", "2016-04-01")
    assert (city["numerator"], city["denominator"]) == ("17889", "263070")
    assert float(city["value"]) == pytest.approx(68.00091230470977, abs=1e-9)
    assert city["note"] == "population mid-2017: no earlier estimate held"
    assert float(figure(plymouth, "SP01", "gap", "2016-04-01")["value"]) == pytest.approx(53.0045414935108, abs=1e-9)
    relative = figure(plymouth, "SP01", "relative_gap", "2016-04-01")
    assert float(relative["value"]) == pytest.approx(77.946809, abs=1e-6)
    assert figure(plymouth, "SP08", "proxy", "2016-04-01")["numerator"] == "2172"


def test_2017_18_is_not_available(plymouth: City) -> None:
    gap = figure(plymouth, "SP01", "gap", "2017-04-01")
    assert (gap["value"], gap["symbols"], gap["note"]) == ("", "[x]", "2017-12 not delivered")


def test_every_month_is_counted(plymouth: City) -> None:
    held = need_real() / "police_street"
    months = {p.name[:7] for p in held.glob("*.csv.gz") if not p.name.startswith("2024")}
    assert set(plymouth.manifest()["months"]["devon-and-cornwall"]) == months


def test_states_and_no_synthetic_banner(plymouth: City) -> None:
    states = {name: said["state"] for name, said in plymouth.manifest()["measures"].items()}
    assert states["SP01"] == states["SP08"] == "published"
    assert {states[f"SP{n:02}"] for n in (3, 4, 5, 6, 7, 10, 11)} == {"awaiting_data"}
    assert "Synthetic data" not in plymouth.release_files()["index.html"].decode()


@pytest.mark.browser
@pytest.mark.campaign("pages by axe")
def test_axe_finds_nothing_on_any_page_of_the_real_release(plymouth: City, tmp_path: Path) -> None:
    if not axe.CHROMIUM.exists():
        skip_or_fail("no Chromium on this machine (/usr/bin/chromium)")
    for name, data in plymouth.release_files().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert (tmp_path / "charts" / "sp01-map.svg").exists()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(axe.CHROMIUM), args=list(axe.FLAGS))
        for path in drawn(axe.pages_of(tmp_path), 6):
            for width in axe.WIDTHS:
                assert axe.violations(browser, path, width) == [], path.name
        browser.close()


def test_2024_files_and_second_downloads(plymouth: City, tmp_path: Path) -> None:
    """2021 LSOAs are placed; a second download of old months changes no figure that it should not."""
    real = need_real()
    shutil.copytree(plymouth.data, tmp_path / "data", symlinks=True)
    plymouth = replace(plymouth, data=tmp_path / "data")
    before = plymouth.figures("SP01").query("period_end < '2017-01-01'").drop(columns="as_at").reset_index(drop=True)
    link(plymouth.data / "landing", real, "2024-*")
    other = plymouth.data / "landing" / "police_street" / "second"
    other.mkdir()
    for path in (real / "police_street_other_download").glob("2016-*.csv.gz"):
        (other / path.name).symlink_to(path)
    done = plymouth.refresh()
    assert not done.released.held
    april = figure(plymouth, "SP01", "city", "2024-04-01", "month")
    # SOURCES.md: 2,437 Plymouth rows in 2024-04, 420 of them anti-social behaviour; one Crime ID can merge a row.
    assert float(april["numerator"]) == pytest.approx(2437 - 420, abs=3)
    after = plymouth.figures("SP01").query("period_end < '2017-01-01'").drop(columns="as_at").reset_index(drop=True)
    assert after.equals(before)
    slots = [d for d in plymouth.manifest()["deliveries"] if d["slot"].startswith("devon-and-cornwall/2016")]
    assert len(slots) == 24
    assert sum(d["counts"] for d in slots) == 12
