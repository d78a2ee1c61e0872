"""Synthetic street files and reference tables: repeatable, like the real ones in what matters, each fault where it says.

Here too: the arguments and the folder of every sample. Not here: what partners deliver (`test_partners.py`) and its faults
(`test_partner_faults.py`).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import zipfile
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from expectations.contracts import TABLES
from expectations.contracts.police_street import STREET_HEADER, STREET_HEADER_2012
from expectations.contracts.reference import LSOA_NEIGHBOURHOOD, NEIGHBOURHOOD, POPULATION
from expectations.suites import build_suites
from sample.faults import CANARY, FAULTS
from sample.generator import MARKER, Generated, SampleError, generate
from tests.paths import need_real

SMALL = 0.05
TEN = {f"MH-{n:02d}" for n in (3, 7, 9, 12, 15, 18, 21, 26, 30, 34)}
NEIGHBOURHOODS = "reference/neighbourhood/neighbourhood.csv"
LOOKUP = "reference/lsoa_neighbourhood/lsoa_neighbourhood.csv"
POPULATIONS = "reference/population/population.csv"


def deliver(out: Path, **arguments: Any) -> Generated:
    """A sample of the street files and the reference tables alone."""
    return generate(out, **{"sources": ["police_street", "reference"], **arguments})


def street(month: str, folder: str = "police_street") -> str:
    return f"{folder}/{month}/{month}-vale-and-moor-street.csv"


def tree(out: Path) -> dict[str, str]:
    """Hash of every file that is not hidden."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def read(path: Path | io.StringIO) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


# Same arguments, same bytes ------------------------------------------------------------------------------------------


def test_two_runs_give_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        deliver(tmp_path / name, seed=seed, months=3, scale=SMALL)
    a, b, c = (tree(tmp_path / name) for name in "abc")
    assert a == b
    assert (tmp_path / "a" / MARKER).read_bytes() == (tmp_path / "b" / MARKER).read_bytes()
    assert a.keys() == c.keys()
    assert [path for path in a if a[path] == c[path]] == [LOOKUP, NEIGHBOURHOODS]


def test_a_month_depends_on_nothing_but_seed_scale_and_month(tmp_path: Path) -> None:
    deliver(tmp_path / "long", months=6, scale=SMALL)
    deliver(tmp_path / "late", months=2, start="2013-07", scale=SMALL)
    deliver(tmp_path / "faulty", months=6, faults=["bad-rows", "weights-off"], scale=SMALL)
    long, late, faulty = (tree(tmp_path / name) for name in ("long", "late", "faulty"))
    for month in ("2013-07", "2013-08"):
        assert late[street(month)] == long[street(month)]
    assert {path for path in long if long[path] != faulty[path]} == {street("2013-08"), LOOKUP}


def test_the_order_in_which_faults_are_named_changes_nothing(tmp_path: Path) -> None:
    names = ["weights-off", "unmatched-lsoa", "lookup-duplicate", "gzipped", "missing-month"]
    deliver(tmp_path / "a", faults=names, scale=SMALL)
    deliver(tmp_path / "b", faults=[*reversed(names), names[0]], scale=SMALL)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert (tmp_path / "a" / MARKER).read_bytes() == (tmp_path / "b" / MARKER).read_bytes()


# The folder ----------------------------------------------------------------------------------------------------------


def test_the_tree_is_the_published_one(tmp_path: Path) -> None:
    made = deliver(tmp_path / "new" / "landing", months=2, start="2013-12", scale=SMALL)
    expected = {street("2013-12"), street("2014-01"), NEIGHBOURHOODS, LOOKUP, POPULATIONS}
    assert set(tree(made.out)) == expected
    assert {path.relative_to(made.out).as_posix() for path in made.files} == expected
    assert made.files == sorted(made.files)
    assert made.as_of == date(2014, 3, 3)
    assert [p.name for p in made.out.rglob(".*")] == [MARKER]


def test_the_same_arguments_again_repair_and_touch_nothing_else(tmp_path: Path) -> None:
    made = deliver(tmp_path, months=2, scale=SMALL)
    before = tree(tmp_path)
    times = {path: path.stat().st_mtime_ns for path in made.files}
    made.files[-1].unlink()
    again = deliver(tmp_path, months=2, scale=SMALL)
    assert tree(tmp_path) == before
    assert {path: path.stat().st_mtime_ns for path in again.files[:-1]} == {p: times[p] for p in made.files[:-1]}


@pytest.mark.parametrize(
    "other",
    [{"months": 3}, {"seed": 8}, {"faults": ["weights-off"]}, {"scale": 0.06}, {"sources": ["reference"]}],
)
def test_other_arguments_are_refused_and_change_nothing(tmp_path: Path, other: dict[str, Any]) -> None:
    deliver(tmp_path, months=2, scale=SMALL)
    before = tree(tmp_path)
    with pytest.raises(SampleError, match="not empty and was not made with these arguments"):
        deliver(tmp_path, **{"months": 2, "scale": SMALL, **other})
    assert tree(tmp_path) == before


@pytest.mark.parametrize("marker", [None, "", "[]", "no json", '{"arguments": null}'])
def test_a_folder_of_someone_else_is_refused(tmp_path: Path, marker: str | None) -> None:
    (tmp_path / "police_street").mkdir()
    if marker is not None:
        (tmp_path / MARKER).write_text(marker)
    with pytest.raises(SampleError, match="not empty"):
        deliver(tmp_path, months=1, scale=SMALL)
    assert not list((tmp_path / "police_street").iterdir())


def test_an_empty_folder_with_hidden_files_will_do(tmp_path: Path) -> None:
    (tmp_path / ".gitkeep").touch()
    assert len(deliver(tmp_path, months=1, scale=SMALL).files) == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"months": 0}, "months is 0; give at least 1"),
        ({"seed": -1}, "seed is -1; give a whole number from 0"),
        ({"scale": 0.0}, "give a number from 0.01"),
        ({"scale": float("nan")}, "give a number from 0.01"),
        ({"start": "2013-13"}, "give a month as YYYY-MM"),
        ({"start": "April 2013"}, "give a month as YYYY-MM"),
        ({"start": "2013-03"}, "all must lie from 2013-04"),
        ({"start": "2099-12", "months": 2}, "all must lie from 2013-04 to 2099-12"),
        ({"faults": ["no-such", "gzipped"]}, "unknown fault 'no-such'; known are asb-case-"),
        (
            {"sources": ["police_street", "fire"]},
            "unknown source 'fire'; known are police_street, reference, police_crime",
        ),
        ({"sources": []}, "no source is named; name some of police_street"),
        ({"faults": ["pdas-surname"]}, "fault 'pdas-surname' changes pdas_referral, which is not among the sources"),
        ({"faults": ["gzipped"], "sources": ["reference"]}, "changes police_street, which is not among the sources"),
        (
            {"faults": ["weights-off"], "sources": ["police_street"]},
            "changes reference, which is not among the sources",
        ),
        (
            {"faults": ["asb-case-totals", "asb-case-victim-name"], "sources": None},
            "faults 'asb-case-victim-name' and 'asb-case-totals' both fall in asb_case; ask for one of them",
        ),
        (
            {"faults": ["crc-event-unknown-type"], "sources": None, "scale": 0.02, "months": 12},
            "fault 'crc-event-unknown-type' needs rows of crc_event, and these months have none; ask for more",
        ),
        ({"faults": ["gzipped", "zipped"], "months": 3}, "both fall in 2013-04; ask for 36 months"),
        ({"faults": ["missing-month"], "months": 1}, "would leave no month"),
        ({"faults": ["last-month-missing"], "months": 1}, "would leave no month"),
    ],
)
def test_bad_arguments_get_one_line_and_no_folder(tmp_path: Path, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(SampleError) as raised:
        deliver(tmp_path / "out", **arguments)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way_gets_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SampleError, match="is not a folder"):
        deliver(tmp_path / "file", months=1)
    with pytest.raises(SampleError, match="cannot write deliveries"):
        deliver(tmp_path / "file" / "below", months=1)


# Like the real files in what matters ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("full") / "landing"
    deliver(out)
    return out


@pytest.fixture(scope="module")
def rows(full: Path) -> pd.DataFrame:
    """Every row of the three years, with the month of its file, whether it is the city's, and its neighbourhood."""
    months = sorted((full / "police_street").iterdir())
    assert len(months) == 36
    held = pd.concat([read(full / street(m.name)).assign(file_month=m.name) for m in months], ignore_index=True)
    lookup = read(full / LOOKUP).set_index("lsoa_code")["neighbourhood_code"]
    return held.assign(place=held["LSOA code"].map(lookup), asb=held["Crime type"] == "Anti-social behaviour")


def test_files_have_the_published_form(full: Path, rows: pd.DataFrame) -> None:
    for path in (full / "police_street").rglob("*.csv"):
        data = path.read_bytes()
        assert data.isascii()
        assert b"\r" not in data
        assert data.endswith(b"\n")
        assert next(csv.reader([data.split(b"\n", 1)[0].decode()])) == list(STREET_HEADER)
    assert (rows["Month"] == rows["file_month"]).all()
    assert (rows["Context"] == "").all()
    assert set(rows["Reported by"]) == set(rows["Falls within"]) == {"Vale and Moor Police"}
    assert ((rows["Crime ID"] == "") == rows["asb"]).all()
    assert ((rows["Last outcome category"] == "") == rows["asb"]).all()
    assert rows.loc[~rows["asb"], "Crime ID"].str.fullmatch("[0-9a-f]{64}").all()
    placed = rows["LSOA code"] != ""
    assert rows.loc[placed, "LSOA code"].str.fullmatch(r"[EW]01\d{6}").all()
    assert (rows.loc[~placed, "Location"] == "No Location").all()
    assert (rows.loc[~placed, ["Longitude", "Latitude", "LSOA name"]] == "").all(axis=None)


def test_volumes_are_those_of_a_city_and_its_force(rows: pd.DataFrame) -> None:
    months = 36
    city = rows[rows["place"].notna()]
    assert 8_700 < len(rows) / months < 9_300
    assert 1_450 < (~city["asb"]).sum() / months < 1_550
    assert 850 < city["asb"].sum() / months < 950
    unplaced = (rows["LSOA code"] == "").groupby(rows["file_month"]).mean()
    assert unplaced.between(0.03, 0.09).all()
    assert abs(unplaced.mean() - 0.05) < 0.005
    outside = rows["LSOA code"].str.startswith(("E01992", "W01992"))
    assert 36 < outside.sum() < 36 * 7


def test_summers_are_busier_and_asb_the_more_so(rows: pd.DataFrame) -> None:
    city = rows[rows["place"].notna()]
    month = city["file_month"].str[5:]
    for asb, least in ((False, 1.05), (True, 1.3)):
        held = city["asb"] == asb
        assert (month[held].isin(["06", "07", "08"])).sum() > least * (month[held].isin(["12", "01", "02"])).sum()


def test_identical_asb_rows_and_quoted_commas_occur_in_every_month(rows: pd.DataFrame, full: Path) -> None:
    asb = rows[rows["asb"]]
    repeated = asb.duplicated(list(STREET_HEADER)).groupby(asb["file_month"]).sum()
    assert (repeated > 100).all()
    assert rows["Location"].str.contains(",").groupby(rows["file_month"]).any().all()
    assert b'"On or near ' in (full / street("2014-02")).read_bytes()


def test_crime_types_are_those_published_and_april_2013_has_the_old_labels(rows: pd.DataFrame) -> None:
    old = set(rows.loc[rows["file_month"] == "2013-04", "Crime type"])
    assert {"Violent crime", "Public disorder and weapons"} < old
    assert not old & {"Violence and sexual offences", "Public order", "Possession of weapons", "Bicycle theft"}
    assert len(old) == 11
    later = rows[rows["file_month"] > "2013-04"]
    assert (later.groupby("file_month")["Crime type"].nunique() == 14).all()
    assert not set(later["Crime type"]) & {"Violent crime", "Public disorder and weapons"}


@pytest.mark.real
def test_crime_types_have_the_shares_and_names_of_the_real_files(rows: pd.DataFrame) -> None:
    with gzip.open(need_real() / "police_street" / "2014-04-devon-and-cornwall-street.csv.gz", "rt") as file:
        real = pd.read_csv(file, dtype=str, keep_default_na=False)
    ours = rows[rows["file_month"] > "2013-04"]
    assert set(ours["Crime type"]) == set(real["Crime type"])
    assert set(ours["Last outcome category"]) < set(real["Last outcome category"])
    left, right = (r.loc[r["Crime ID"] != "", "Crime type"].value_counts(normalize=True) for r in (ours, real))
    assert ((left - right).abs() < 0.03).all()
    assert not set(ours["LSOA code"]) & (set(real["LSOA code"]) - {""})


def test_a_few_crime_ids_come_back(rows: pd.DataFrame) -> None:
    crimes = rows[~rows["asb"]]
    by_id = crimes.groupby("Crime ID")
    months = by_id["file_month"].nunique()
    assert 0.0003 < (months > 1).mean() < 0.0008
    several = crimes[crimes["Crime ID"].isin(months[months > 1].index)].groupby("Crime ID")
    assert several["Crime type"].nunique().gt(1).any()
    assert several["LSOA code"].nunique().gt(1).any()
    inside = crimes.duplicated(["Crime ID", "file_month"])
    assert 5 < inside.sum() < 60
    doubles = crimes[crimes["Crime ID"].isin(crimes.loc[inside, "Crime ID"])].groupby(["Crime ID", "file_month"])
    assert set(doubles["Crime type"].nunique()) == {1, 2}


def test_names_codes_and_places_are_of_the_invented_world(full: Path, rows: pd.DataFrame) -> None:
    lookup, names, population = (read(full / path) for path in (LOOKUP, NEIGHBOURHOODS, POPULATIONS))
    assert list(names["neighbourhood_code"]) == [f"MH-{n:02d}" for n in range(1, 40)]
    assert names["name"].nunique() == 39
    assert list(lookup["lsoa_code"]) == [f"E0199{n:04d}" for n in range(1, 157)]
    assert set(lookup["lsoa_vintage"]) == {"2011"}
    assert set(lookup["weight"]) == {"1"}
    assert (lookup["neighbourhood_code"].value_counts() == 4).all()
    assert set(lookup["neighbourhood_code"]) == set(names["neighbourhood_code"])
    assert set(population["area_code"]) == {*lookup["lsoa_code"], "E06999999"}
    for frame, contract in ((lookup, LSOA_NEIGHBOURHOOD), (names, NEIGHBOURHOOD), (population, POPULATION)):
        assert list(frame.columns) == contract.column_names
    by_code = rows[rows["LSOA code"] != ""].groupby("LSOA code")["LSOA name"]
    assert (by_code.nunique() == 1).all()
    districts = by_code.first().str.replace(r" \d{3}[A-E]$", "", regex=True)
    assert (districts[lookup["lsoa_code"]] == "Marlhaven").all()
    others = districts.drop(lookup["lsoa_code"])
    assert "Marlhaven" not in set(others)
    assert others[others.index.str.startswith("E01991")].nunique() == 3
    # Open sea: south-west of the last islands (49.86 north, 6.45 west).
    placed = rows[rows["Longitude"] != ""]
    assert placed["Longitude"].astype(float).between(-7.7, -7.0).all()
    assert placed["Latitude"].astype(float).between(49.1, 49.5).all()


def test_populations_sum_to_the_city(full: Path) -> None:
    population = read(full / POPULATIONS).astype({"persons": int, "households": int})
    assert set(population["mid_year"]) == {"2013", "2014", "2015"}
    for _, year in population.groupby("mid_year"):
        lsoas, city = year[year["area_type"] == "lsoa11"], year[year["area_type"] == "city"]
        assert len(lsoas) == 156
        assert len(city) == 1
        assert lsoas["persons"].sum() == city["persons"].item()
        assert lsoas["households"].sum() == city["households"].item()
        assert 250_000 < city["persons"].item() < 270_000
        assert (lsoas["persons"] > 0).all()


def test_the_ten_are_clearly_worse_and_their_gap_narrows(full: Path, rows: pd.DataFrame) -> None:
    crimes = rows[~rows["asb"] & rows["place"].notna()].drop_duplicates("Crime ID")
    starts = pd.PeriodIndex(crimes["file_month"], freq="Q-MAR").qyear - 1
    counted = crimes.groupby([starts, "place"]).size()
    population = read(full / POPULATIONS).merge(read(full / LOOKUP), left_on="area_code", right_on="lsoa_code")
    residents = (
        population.astype({"persons": int, "mid_year": int})
        .groupby(["mid_year", "neighbourhood_code"])["persons"]
        .sum()
    )
    gaps = []
    for year in (2013, 2014, 2015):
        n, people = counted.xs(year), residents.xs(year)
        ten = n.index.isin(TEN)
        assert (1000 * n / people)[ten].min() > (1000 * n / people)[~ten].max()
        gaps.append(1000 * n[ten].sum() / people[people.index.isin(TEN)].sum() - 1000 * n.sum() / people.sum())
    assert gaps == sorted(gaps, reverse=True)
    assert all(45 < gap < 56 for gap in gaps)
    assert 1 < gaps[0] - gaps[-1] < 8


def test_scale_multiplies_rows_and_residents_alike(tmp_path: Path) -> None:
    deliver(tmp_path / "one", months=3)
    deliver(tmp_path / "tenth", months=3, scale=0.1)
    sizes = [len(read(tmp_path / name / street("2013-05"))) for name in ("one", "tenth")]
    people = [read(tmp_path / name / POPULATIONS)["persons"].astype(int).sum() for name in ("one", "tenth")]
    assert 9 < sizes[0] / sizes[1] < 11
    assert 9.9 < people[0] / people[1] < 10.1


def test_populations_reach_as_far_as_the_months(tmp_path: Path) -> None:
    deliver(tmp_path, months=40, start="2014-02", scale=0.01)
    assert set(read(tmp_path / POPULATIONS)["mid_year"]) == {"2013", "2014", "2015", "2016", "2017"}


# Faults --------------------------------------------------------------------------------------------------------------

#: fault: (added, changed, removed) in 36 months from 2013-04.
TOUCHED: dict[str, tuple[list[str], list[str], list[str]]] = {
    "bom-crlf": ([], [street("2014-01")], []),
    "gzipped": ([street("2014-02") + ".gz"], [], [street("2014-02")]),
    "zipped": (["police_street/2014-03.zip"], [], [street("2014-03")]),
    "truncated-file": ([street("2014-05") + ".gz"], [], [street("2014-05")]),
    "truncated-csv": ([], [street("2014-06")], []),
    "renamed-column": ([], [street("2014-07")], []),
    "extra-column": ([], [street("2014-08")], []),
    "reordered-columns": ([], [street("2014-09")], []),
    "layout-2012": ([], [street("2014-10")], []),
    "empty-file": ([], [street("2014-11")], []),
    "header-only": ([], [street("2014-12")], []),
    "not-utf8": ([], [street("2015-01")], []),
    "binary": ([], [street("2015-02")], []),
    "wrong-month": ([], [street("2015-03")], []),
    "mixed-month": ([], [street("2015-04")], []),
    "conflicting-versions": ([street("2015-05", "police_street/redelivered")], [], []),
    "manifest-mismatch": ([street("2015-06") + ".manifest.json"], [], []),
    "bad-rows": ([], [street("2015-07")], []),
    "few-bad-rows": ([], [street("2015-08")], []),
    "missing-month": ([], [], [street("2015-09")]),
    "unknown-category": ([], [street("2015-10")], []),
    "duplicate-ids": ([], [street("2015-11")], []),
    "shrunk-month": (
        [
            street("2015-12") + ".manifest.json",
            street("2015-12", "police_street/redelivered"),
            street("2015-12", "police_street/redelivered") + ".manifest.json",
        ],
        [],
        [],
    ),
    "vanished-month": (
        [
            street("2016-01") + ".manifest.json",
            street("2016-01", "police_street/redelivered"),
            street("2016-01", "police_street/redelivered") + ".manifest.json",
        ],
        [],
        [],
    ),
    "last-month-missing": ([], [], [street("2016-03")]),
    "unmatched-lsoa": ([], [street(f"{2013 + n // 12}-{n % 12 + 1:02d}") for n in range(3, 39)], []),
    "unallocated": ([], [LOOKUP], []),
    "weights-off": ([], [LOOKUP], []),
    "lookup-duplicate": ([], [LOOKUP], []),
    "neighbourhood-missing": ([], [NEIGHBOURHOODS], []),
    "population-missing": ([], [POPULATIONS], []),
    "population-mismatch": ([], [POPULATIONS], []),
}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clean") / "landing"
    deliver(out, scale=SMALL)
    return out


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A landing folder of 36 months for each fault."""
    base = tmp_path_factory.mktemp("faulty")
    for name in FAULTS:
        deliver(base / name, faults=[name], scale=SMALL)
    return {name: base / name for name in FAULTS}


def test_every_fault_is_described_and_expected_somewhere() -> None:
    assert set(TOUCHED) == set(FAULTS)
    suites = build_suites(defaultdict(lambda: 0.05))
    for name, fault in FAULTS.items():
        assert fault.name == name
        assert fault.what
        kind, _, detail = fault.expected.partition("/")
        if kind in TABLES:
            severity = {rule.name: rule.severity for rule in suites[kind].rules}
            assert severity[detail] == "ERROR", name
        elif kind == "refused":
            assert re.fullmatch("[a-z0-9_]+", detail)
        else:
            assert fault.expected in {"none", "quarantined", "x", "late"}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_touches_the_files_it_says_and_no_other(
    name: str, clean: Path, faulty: dict[str, Path], tmp_path: Path
) -> None:
    before, after = tree(clean), tree(faulty[name])
    added, changed, removed = (sorted(paths) for paths in TOUCHED[name])
    assert sorted(after.keys() - before.keys()) == added
    assert sorted(path for path in after.keys() & before.keys() if after[path] != before[path]) == changed
    assert sorted(before.keys() - after.keys()) == removed
    made = deliver(faulty[name], faults=[name], scale=SMALL)
    planted = made.faults[name]
    assert (sorted(planted.added), sorted(planted.changed), sorted(planted.removed)) == (added, changed, removed)
    assert {path.relative_to(made.out).as_posix() for path in made.files} == set(after)


def test_all_faults_of_months_fit_into_three_years(tmp_path: Path) -> None:
    made = deliver(tmp_path, faults=list(FAULTS), scale=SMALL)
    assert set(made.faults) == set(FAULTS)
    months = [planted.month for planted in made.faults.values() if planted.month]
    assert len(months) == len(set(months)) == 25
    assert all(planted.added or planted.changed or planted.removed for planted in made.faults.values())


@pytest.mark.campaign("deliveries with faults", sample=8)
@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_fault_fits_into_two_months(name: str, tmp_path: Path) -> None:
    planted = deliver(tmp_path, months=2, faults=[name], scale=0.02).faults[name]
    assert planted.added or planted.changed or planted.removed


def plain(clean: Path, month: str) -> bytes:
    return (clean / street(month)).read_bytes()


def fault_rows(faulty: dict[str, Path], name: str, month: str, folder: str = "police_street") -> pd.DataFrame:
    return read(faulty[name] / street(month, folder))


def test_harmless_faults_hold_the_same_rows(clean: Path, faulty: dict[str, Path]) -> None:
    marked = (faulty["bom-crlf"] / street("2014-01")).read_bytes()
    assert marked.startswith(b"\xef\xbb\xbf")
    assert marked.count(b"\r\n") == marked.count(b"\n")
    decoded = list(csv.reader(io.StringIO(marked.decode("utf-8-sig"), newline="")))
    assert decoded == list(csv.reader(io.StringIO(plain(clean, "2014-01").decode(), newline="")))

    packed = (faulty["gzipped"] / f"{street('2014-02')}.gz").read_bytes()
    assert gzip.decompress(packed) == plain(clean, "2014-02")

    with zipfile.ZipFile(faulty["zipped"] / "police_street/2014-03.zip") as archive:
        assert archive.namelist() == ["2014-03/2014-03-vale-and-moor-street.csv"]
        assert archive.read(archive.namelist()[0]) == plain(clean, "2014-03")


def test_truncated_files_cannot_be_read_to_the_end(clean: Path, faulty: dict[str, Path]) -> None:
    with pytest.raises(EOFError):
        gzip.decompress((faulty["truncated-file"] / f"{street('2014-05')}.gz").read_bytes())
    cut = (faulty["truncated-csv"] / street("2014-06")).read_bytes()
    assert plain(clean, "2014-06").startswith(cut)
    assert 0.5 < len(cut) / len(plain(clean, "2014-06")) < 0.7
    assert not cut.endswith(b"\n")
    assert 1 <= len(next(csv.reader([cut.rsplit(b"\n", 1)[1].decode()]))) < len(STREET_HEADER)


def test_headers_that_are_not_the_published_one(clean: Path, faulty: dict[str, Path]) -> None:
    rows = fault_rows(faulty, "renamed-column", "2014-07")
    assert list(rows.columns) == ["Offence type" if c == "Crime type" else c for c in STREET_HEADER]
    rows = fault_rows(faulty, "extra-column", "2014-08")
    assert list(rows.columns) == [*STREET_HEADER, "surname"]
    assert set(rows["surname"]) == {CANARY}
    assert rows[list(STREET_HEADER)].equals(read(clean / street("2014-08")))
    rows = fault_rows(faulty, "reordered-columns", "2014-09")
    assert list(rows.columns) != list(STREET_HEADER)
    assert rows[list(STREET_HEADER)].equals(read(clean / street("2014-09")))
    rows = fault_rows(faulty, "layout-2012", "2014-10")
    assert tuple(rows.columns) == STREET_HEADER_2012
    assert len(rows) == len(read(clean / street("2014-10")))
    assert rows["Easting"].str.fullmatch(r"\d*").all()
    assert rows["Easting"].str.fullmatch(r"\d+").mean() > 0.9


def test_files_that_hold_no_rows_of_text(clean: Path, faulty: dict[str, Path]) -> None:
    assert (faulty["empty-file"] / street("2014-11")).read_bytes() == b""
    assert (faulty["header-only"] / street("2014-12")).read_text().split("\n") == [",".join(STREET_HEADER), ""]
    latin = (faulty["not-utf8"] / street("2015-01")).read_bytes()
    with pytest.raises(UnicodeDecodeError):
        latin.decode("utf-8")
    assert len(read(io.StringIO(latin.decode("latin-1")))) == len(read(clean / street("2015-01")))
    assert b"\0" in (faulty["binary"] / street("2015-02")).read_bytes()


def test_months_that_are_not_the_file_s(clean: Path, faulty: dict[str, Path]) -> None:
    assert (faulty["wrong-month"] / street("2015-03")).read_bytes() == plain(clean, "2015-02")
    months = fault_rows(faulty, "mixed-month", "2015-04")["Month"]
    assert set(months) == {"2015-04", "2015-03"}
    assert 0.025 < (months == "2015-03").mean() < 0.035


def test_versions_of_a_month(clean: Path, faulty: dict[str, Path]) -> None:
    first = read(clean / street("2015-05"))
    second = fault_rows(faulty, "conflicting-versions", "2015-05", "police_street/redelivered")
    assert len(second) == len(first)
    differs = (first != second).any()
    assert list(differs[differs].index) == ["Last outcome category"]

    first = read(clean / street("2015-12"))
    shorter = fault_rows(faulty, "shrunk-month", "2015-12", "police_street/redelivered")
    assert 0.19 < 1 - len(shorter) / len(first) < 0.21
    assert not (Counter(shorter.itertuples(index=False, name=None)) - Counter(first.itertuples(index=False, name=None)))

    first = read(clean / street("2016-01"))
    emptied = fault_rows(faulty, "vanished-month", "2016-01", "police_street/redelivered")
    assert len(emptied) == len(first)
    city = set(read(clean / LOOKUP)["lsoa_code"])
    assert first["LSOA code"].isin(city).sum() > 50
    assert not emptied["LSOA code"].isin(city).any()
    assert not emptied["LSOA name"].str.startswith("Marlhaven").any()
    elsewhere = ~first["LSOA code"].isin(city)
    assert emptied[elsewhere].equals(first[elsewhere])


@pytest.mark.parametrize(
    ("name", "month", "wrong_rows"),
    [("shrunk-month", "2015-12", 0), ("vanished-month", "2016-01", 0), ("manifest-mismatch", "2015-06", 1)],
)
def test_manifests_say_what_they_should(name: str, month: str, wrong_rows: int, faulty: dict[str, Path]) -> None:
    manifests = {}
    for path in sorted(faulty[name].rglob("*.manifest.json")):
        said = json.loads(path.read_text())
        data = path.with_name(path.name.removesuffix(".manifest.json"))
        assert list(said) == [
            "source", "contract_version", "extract_id", "extracted_at", "coverage_start", "coverage_end", "row_count",
            "sha256", "sender_role", "full_or_delta",
        ]  # fmt: skip
        assert said["source"] == "police_street"
        assert said["sha256"] == hashlib.sha256(data.read_bytes()).hexdigest()
        assert said["row_count"] == len(read(data)) + wrong_rows
        assert said["coverage_start"] == f"{month}-01"
        assert said["coverage_end"] == str(pd.Period(month).end_time.date())
        assert said["full_or_delta"] == "full"
        manifests["redelivered" in data.parts] = said
    assert set(manifests) == ({False} if wrong_rows else {False, True})
    if not wrong_rows:
        assert manifests[False]["extracted_at"] < manifests[True]["extracted_at"]
        assert manifests[False]["extract_id"] != manifests[True]["extract_id"]


@pytest.mark.parametrize(
    ("name", "month", "least", "most"), [("bad-rows", "2015-07", 0.01, 0.03), ("few-bad-rows", "2015-08", 0, 0.01)]
)
def test_rows_out_of_contract(
    name: str, month: str, least: float, most: float, clean: Path, faulty: dict[str, Path]
) -> None:
    def bad(rows: pd.DataFrame) -> pd.Series:
        number = rows[["Longitude", "Latitude"]].apply(pd.to_numeric, errors="coerce")
        blank = rows[["Longitude", "Latitude"]] == ""
        outside = ~(number["Longitude"].between(-180, 180) & number["Latitude"].between(-90, 90))
        return ~rows["LSOA code"].str.fullmatch(r"([EW]01\d{6})?") | (outside & ~blank.all(axis=1))

    assert not bad(read(clean / street(month))).any()
    assert least < bad(fault_rows(faulty, name, month)).mean() < most


def test_types_and_ids_of_a_month(clean: Path, faulty: dict[str, Path]) -> None:
    types = fault_rows(faulty, "unknown-category", "2015-10")["Crime type"]
    known = set(read(clean / street("2013-05"))["Crime type"]) | set(read(clean / street("2014-01"))["Crime type"])
    assert (~types.isin(known)).sum() >= 2
    assert types[~types.isin(known)].nunique() == 1
    twice = fault_rows(faulty, "duplicate-ids", "2015-11")
    once = read(clean / street("2015-11"))
    assert len(twice) == 2 * len(once)
    with_id = twice["Crime ID"] != ""
    assert twice.loc[with_id, "Crime ID"].duplicated().mean() > 0.05


def test_unmatched_rows_bear_the_city_s_name_and_a_code_of_no_lookup(full: Path, tmp_path: Path) -> None:
    deliver(tmp_path, months=2, faults=["unmatched-lsoa"])
    known = set(read(full / LOOKUP)["lsoa_code"])
    for month in ("2013-04", "2013-05"):
        city = read(tmp_path / street(month)).loc[lambda r: r["LSOA name"].str.fullmatch(r"Marlhaven \d{3}[A-Z]")]
        assert 0.01 < (~city["LSOA code"].isin(known)).mean() < 0.015


def test_unallocated_crimes_are_in_the_city_and_in_no_neighbourhood(
    rows: pd.DataFrame, full: Path, faulty: dict[str, Path]
) -> None:
    lookup = read(faulty["unallocated"] / LOOKUP)
    known = set(read(faulty["unallocated"] / NEIGHBOURHOODS)["neighbourhood_code"])
    lost = set(lookup.loc[~lookup["neighbourhood_code"].isin(known), "lsoa_code"])
    # Every neighbourhood keeps most of its LSOAs, so nothing but the share of crimes gives the fault away.
    assert lookup.loc[lookup["neighbourhood_code"].isin(known), "neighbourhood_code"].value_counts().min() == 3
    assert set(lookup["lsoa_code"]) == set(read(full / LOOKUP)["lsoa_code"])
    crimes = rows[~rows["asb"] & rows["place"].notna()]
    years = pd.PeriodIndex(crimes["file_month"], freq="Q-MAR").qyear
    shares = crimes["LSOA code"].isin(lost).groupby(years).mean()
    assert shares.between(0.055, 0.075).all()


def test_faults_of_the_reference_tables(clean: Path, faulty: dict[str, Path]) -> None:
    def sums(name: str) -> pd.Series:
        return read(faulty[name] / LOOKUP).astype({"weight": float}).groupby("lsoa_code")["weight"].sum()

    assert sorted(sums("weights-off"))[:2] == [0.9, 1]
    assert sorted(sums("lookup-duplicate"))[-2:] == [1, 2]
    assert read(faulty["lookup-duplicate"] / LOOKUP).duplicated().sum() == 1

    names, lookup = read(faulty["neighbourhood-missing"] / NEIGHBOURHOODS), read(clean / LOOKUP)
    missing = set(lookup["neighbourhood_code"]) - set(names["neighbourhood_code"])
    assert len(missing) == 1
    assert missing < TEN

    def differences(name: str) -> tuple[pd.DataFrame, list[float]]:
        population = read(faulty[name] / POPULATIONS).astype({"persons": int})
        lsoas, city = (population[population["area_type"] == kind].groupby("mid_year") for kind in ("lsoa11", "city"))
        return population, list(city["persons"].sum() / lsoas["persons"].sum() - 1)

    population, off = differences("population-missing")
    assert (population["area_type"] == "lsoa11").groupby(population["mid_year"]).sum().eq(155).all()
    assert off == [0, 0, 0]
    population, off = differences("population-mismatch")
    assert off == pytest.approx([0.01] * 3, abs=1e-4)
    assert len(population) == 157 * 3


def test_an_interrupted_run_leaves_no_half_file_and_can_be_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tmp_path / "whole"
    deliver(whole, months=3, scale=SMALL)
    replace = Path.replace
    done: list[Path] = []

    def full_disk(self: Path, target: Path) -> Path:
        if len(done) == 3:
            raise OSError(28, "No space left on device")
        done.append(target)
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full_disk)
        with pytest.raises(SampleError, match=r"cannot write deliveries to .*: No space left on device$"):
            deliver(tmp_path / "part", months=3, scale=SMALL)
    part = tree(tmp_path / "part")
    assert part
    assert part.items() < tree(whole).items()
    deliver(tmp_path / "part", months=3, scale=SMALL)
    assert tree(tmp_path / "part") == tree(whole)
    assert [p.name for p in (tmp_path / "part").rglob(".*")] == [MARKER]
