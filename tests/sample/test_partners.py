"""Synthetic deliveries of partners: repeatable, of one story in all sources, with the volumes and shares of spec section 3.

At scale 1 and at a scale so small that no share may be left to luck.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from expectations.contracts import PARTNERS as CONTRACTS
from expectations.contracts.model import Field
from sample.generator import SOURCES, generate
from sample.partners import PARTNERS
from tests.paths import ROOT

SMALL = 0.03
CITY, LOOKUP = "E06999999", "reference/lsoa_neighbourhood/lsoa_neighbourhood.csv"
WORKBOOKS = {"asb_case": "Cases", "dash_training": "Register"}
COVERS = dict.fromkeys(PARTNERS, "2013-04-01_2016-03-31") | {
    "pdas_referral": "2011-04-01_2016-03-31",
    "crc_licence": "2015-02-01_2016-03-31",
    "crc_event": "2015-02-01_2016-03-31",
    "crc_reoffence": "2015-02-01_2016-03-31",
}
BURGLARY = ["28A", "28B", "28C", "28D", "29", "30A", "30B", "31"]
ROBBERY = ["34A", "34B"]
VEHICLE = ["45", "48", "37.2", "126"]
SAC = ["28A", "28B", "28C", "28D", "29", "34A", "34B", "45", "48", "37.2"]

Frames = dict[str, pd.DataFrame]


def path_of(source: str, covers: str = "") -> str:
    return f"{source}/{source}_{covers or COVERS[source]}.{'xlsx' if source in WORKBOOKS else 'csv'}"


def table(path: Path, source: str) -> pd.DataFrame:
    """A delivered file as text."""
    if source not in WORKBOOKS:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    sheet = openpyxl.load_workbook(path)[WORKBOOKS[source]]
    header, *rows = [[as_text(cell) for cell in row] for row in sheet.iter_rows(min_row=4, values_only=True)]
    return pd.DataFrame(rows, columns=header)


def as_text(value: object) -> str:
    return "" if value is None else value.date().isoformat() if isinstance(value, datetime) else str(value)


def tables(out: Path) -> Frames:
    return {source: table(out / path_of(source), source) for source in PARTNERS}


def tree(out: Path) -> dict[str, bytes]:
    return {
        p.relative_to(out).as_posix(): p.read_bytes()
        for p in sorted(out.rglob("*"))
        if p.is_file() and p.name[0] != "."
    }


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The whole sample at scale 1 and at the smallest."""
    base = tmp_path_factory.mktemp("whole")
    for name, scale in (("full", 1.0), ("small", SMALL)):
        generate(base / name, scale=scale)
    return {name: base / name for name in ("full", "small")}


@pytest.fixture(scope="module")
def both(folders: dict[str, Path]) -> dict[str, Frames]:
    return {name: tables(out) for name, out in folders.items()}


@pytest.fixture(scope="module")
def full(both: dict[str, Frames]) -> Frames:
    return both["full"]


@pytest.fixture(params=["full", "small"])
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def held(both: dict[str, Frames], size: str) -> Frames:
    return both[size]


def days(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts.where(texts != ""), format="%Y-%m-%d")


def london(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts.where(texts != ""), utc=True).dt.tz_convert("Europe/London").dt.tz_localize(None)


def years(dates: pd.Series) -> pd.Series:
    """Year in which the financial year starts."""
    return dates.dt.year - (dates.dt.month < 4)


def share(condition: Iterable[bool]) -> float:
    return float(pd.Series(condition).mean())


# Files ---------------------------------------------------------------------------------------------------------------


def test_every_source_is_one_file_that_names_its_days(folders: dict[str, Path], size: str) -> None:
    made = {path for path in tree(folders[size]) if path.split("/")[0] in PARTNERS}
    manifest = f"{path_of('crc_licence')}.manifest.json"
    assert made == {manifest, *map(path_of, PARTNERS)}
    assert list(PARTNERS) == list(CONTRACTS)
    assert set(SOURCES) == {"police_street", "reference", *CONTRACTS}


def test_two_runs_give_the_same_bytes_and_another_seed_does_not(folders: dict[str, Path], tmp_path: Path) -> None:
    generate(tmp_path / "again", scale=SMALL)
    generate(tmp_path / "other", scale=SMALL, seed=8)
    again, other, small = tree(tmp_path / "again"), tree(tmp_path / "other"), tree(folders["small"])
    assert again == small
    assert other.keys() == small.keys()
    same = {path for path in small if small[path] == other[path]}
    assert {path.split("/")[0] for path in same} == {"reference"}


def test_no_file_tells_when_it_was_written(folders: dict[str, Path]) -> None:
    for source in WORKBOOKS:
        with zipfile.ZipFile(folders["small"] / path_of(source)) as packed:
            assert {info.date_time for info in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            times = re.findall(rb"<dcterms:\w+[^>]*>([^<]+)", packed.read("docProps/core.xml"))
        assert times == [b"2016-01-01T00:00:00Z"] * 2


def test_only_the_sources_asked_for_are_made_and_they_do_not_depend_on_the_others(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    small = tree(folders["small"])
    asked = ["hate_report", "asb_survey", "crc_event"]
    generate(tmp_path, scale=SMALL, sources=asked)
    assert tree(tmp_path) == {path_of(source): small[path_of(source)] for source in asked}


def test_histories_start_where_they_must_and_a_source_without_rows_has_no_file(tmp_path: Path) -> None:
    def made(name: str, start: str, months: int) -> set[str]:
        generate(tmp_path / name, start=start, months=months, scale=SMALL, sources=list(PARTNERS))
        return {path for path in tree(tmp_path / name) if not path.endswith(".json")}

    early = made("early", "2013-12", 2)
    assert path_of("pdas_referral", "2011-12-01_2014-01-31") in early
    assert path_of("hate_survey", "2013-12-01_2014-01-31") in early
    assert {path.split("/")[0] for path in early}.isdisjoint({"crc_licence", "crc_event", "crc_reoffence"})
    quarter = table(tmp_path / "early" / path_of("hate_survey", "2013-12-01_2014-01-31"), "hate_survey")
    assert set(quarter["survey_quarter"]) == {"2013-14Q3"}
    assert not {path for path in made("between", "2014-01", 2) if "survey" in path}
    late = made("late", "2016-01", 3)
    assert path_of("crc_licence", "2015-02-01_2016-03-31") in late
    licences = table(tmp_path / "late" / path_of("crc_licence", "2015-02-01_2016-03-31"), "crc_licence")
    assert licences["licence_start"].min() < "2015-03-10"


@pytest.mark.parametrize("source", WORKBOOKS)
def test_workbooks_have_a_banner_real_dates_and_numbers_and_no_totals(source: str, folders: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(folders["small"] / path_of(source))
    assert book.sheetnames == [WORKBOOKS[source]]
    rows = list(book.active.iter_rows(values_only=True))
    assert [bool(row[0]) for row in rows[:4]] == [True, True, False, True]
    assert "Marlhaven (synthetic)" in rows[0][0]
    kinds = {one.name: one.type for one in CONTRACTS[source].delivery.fields}
    seen = set()
    for row in rows[4:]:
        for name, value in zip(rows[3], row, strict=True):
            wanted = {"date": datetime, "int": int}.get(kinds[name], str)
            assert value is None or type(value) is wanted
            seen.add(wanted)
    assert seen == {datetime, int, str}
    assert rows[-1][0].startswith(("ASB/", "DASH/"))


def test_the_manifest_says_what_the_file_is(folders: dict[str, Path]) -> None:
    path = folders["full"] / path_of("crc_licence")
    said = json.loads(path.with_name(f"{path.name}.manifest.json").read_text())
    assert said["source"] == "crc_licence"
    assert said["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert said["row_count"] == len(table(path, "crc_licence"))
    assert (said["coverage_start"], said["coverage_end"]) == ("2015-02-01", "2016-03-31")
    assert said["extracted_at"] == "2016-04-08T06:00:00Z"
    assert said["full_or_delta"] == "full"


# Every source --------------------------------------------------------------------------------------------------------


def allowed(one: Field, text: str) -> bool:
    """Whether a cell is what its field says: a second, plain reading of the contract."""
    if text == "":
        return one.nullable
    if one.type == "list":
        return set(text.split(";")) <= set(one.allowed)
    if one.type == "flag":
        return text in ("Y", "N")
    if one.type == "int":
        number = int(text)
        return (one.minimum is None or number >= one.minimum) and (one.maximum is None or number <= one.maximum)
    if one.type == "date":
        return date.fromisoformat(text).isoformat() == text
    if one.type == "timestamp":
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ") is not None
    if one.type == "quarter":
        return re.fullmatch(r"(2013-14|2014-15|2015-16)Q[1-4]", text) is not None
    return (not one.allowed or text in one.allowed) and (not one.pattern or re.fullmatch(one.pattern, text) is not None)


@pytest.mark.parametrize("source", PARTNERS)
def test_rows_are_as_the_contract_says(source: str, held: Frames) -> None:
    rows, contract = held[source], CONTRACTS[source].delivery
    assert set(rows.columns) == set(contract.field_names)
    for one in contract.fields:
        wrong = [text for text in rows[one.name].unique() if not allowed(one, text)]
        assert wrong == [], one.name
    assert not rows.duplicated(list(contract.key)).any()
    first, last = COVERS[source].split("_")
    if source in ("police_crime", "police_incident"):
        received = london(rows[contract.period]).dt.strftime("%Y-%m-%d")
    elif source in ("asb_survey", "hate_survey"):
        received = rows[contract.period].map(
            lambda q: str(pd.Period(f"{int(q[:4]) + 1}Q{q[-1]}", "Q-MAR").end_time.date())
        )
    else:
        received = rows[contract.period]
    assert received.between(first, last).all()
    assert received.max()[:7] == "2016-03"


@pytest.mark.parametrize("source", PARTNERS)
def test_nothing_names_a_person_or_a_place(source: str, folders: dict[str, Path], full: Frames) -> None:
    data = (folders["full"] / path_of(source)).read_bytes()
    if source not in WORKBOOKS:
        assert data.isascii()
        assert b"@" not in data
    cells = {text for name in full[source] for text in full[source][name].unique()}
    assert not [text for text in cells if re.search(r"plymouth|devon|cornwall|torbay|dorset|@", text, re.IGNORECASE)]
    assert not [
        text
        for text in cells
        if re.search(r"[A-Z][a-z]+ [A-Z][a-z]+|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|\b0\d{9,}", text)
    ]


def test_codes_are_in_the_register_on_their_day(full: Frames) -> None:
    def register(name: str) -> list[dict[str, str]]:
        with (ROOT / "partnership" / "common" / name).open(newline="") as file:
            return list(csv.DictReader(file))

    spans = [(r["code"], r["valid_from"], r["valid_to"] or "9999") for r in register("offence_code.csv")]
    crimes = full["police_crime"]
    recorded = london(crimes["recorded_at"]).dt.strftime("%Y-%m-%d")
    for code, on in recorded.groupby(crimes["ho_code"]):
        assert any(code == known and first <= on.min() and on.max() <= last for known, first, last in spans), code
    agencies = {r["agency"] for r in register("agency.csv")}
    assert set(full["dash_training"]["agency"]) <= agencies
    events = {r["event_type"] for r in register("licence_event.csv")}
    assert set(full["crc_event"]["event_type"]) <= events


# Police --------------------------------------------------------------------------------------------------------------


def in_the_city(crimes: pd.DataFrame) -> pd.DataFrame:
    city = crimes[(crimes["csp_code"] == CITY) & (crimes["status"] == "recorded")]
    return city.assign(month=london(city["recorded_at"]).dt.strftime("%Y-%m"))


def test_the_extract_has_the_crimes_of_the_street_files(folders: dict[str, Path], size: str, held: Frames) -> None:
    lookup = set(pd.read_csv(folders[size] / LOOKUP, dtype=str)["lsoa_code"])
    street = pd.concat(
        pd.read_csv(p, dtype=str, keep_default_na=False) for p in (folders[size] / "police_street").rglob("*.csv")
    )
    # One Crime ID is one offence, in its first month (spec 2.3).
    open_data = street[street["LSOA code"].isin(lookup) & (street["Crime ID"] != "")].sort_values("Month")
    open_data = open_data.drop_duplicates("Crime ID")
    crimes = in_the_city(held["police_crime"])
    totals = pd.DataFrame({"open": open_data["Month"].value_counts(), "restricted": crimes["month"].value_counts()})
    assert len(totals) == 36
    assert totals.notna().all(axis=None)
    assert ((totals["restricted"] / totals["open"] - 1).abs() <= 0.05).all()
    by_type = open_data["Crime type"].value_counts()
    placed = crimes[crimes["lsoa_code"] != ""]["ho_code"]
    for name, codes in (("Burglary", BURGLARY), ("Robbery", ROBBERY), ("Vehicle crime", VEHICLE)):
        assert placed.isin(codes).sum() == pytest.approx(by_type[name], rel=0.01, abs=2), name


def test_volumes_and_shares_are_those_of_a_city(full: Frames) -> None:
    crimes = full["police_crime"]
    city = in_the_city(crimes)
    assert city["month"].value_counts().between(1_300, 1_750).all()
    sac = city[city["ho_code"].isin(SAC)].groupby(years(london(city["recorded_at"]))).size()
    assert sac.between(1_700, 2_100).all()
    assert 0.08 < share(crimes["csp_code"] != CITY) < 0.12
    assert set(crimes["csp_code"]) == {CITY, "E06999998", "E06999997", "E06999996"}


def test_flags_and_states_are_filled_as_they_are_in_life(held: Frames) -> None:
    crimes = held["police_crime"]
    here, city = crimes[crimes["csp_code"] == CITY], in_the_city(crimes)
    assert 0.03 < share(here["status"] != "recorded") < 0.05
    assert ((crimes["status"] != "recorded") == (crimes["status_date"] != "")).all()
    changed = crimes[crimes["status_date"] != ""]
    assert (changed["status_date"] >= london(changed["recorded_at"]).dt.strftime("%Y-%m-%d")).all()
    assert changed["status_date"].max() <= "2016-03-31"
    assert 0.10 < share(city["da_flag"] == "Y") < 0.14
    assert 0.10 < share(city["alcohol_flag"] == "Y") < 0.15
    assert 0.005 < share(city["lsoa_code"] == "") < 0.03
    violence = city["ho_code"].isin(["8N", "5D", "105A", "105B", "8P", "8L", "8M", "3B", "104"])
    assert share(city.loc[violence, "alcohol_flag"] != "") >= 0.9
    assert (
        0.05 < share(city.loc[city["da_flag"] == "Y", "ho_code"].isin(["17A", "19C", "19D", "20A", "22B", "88C"])) < 0.2
    )


def test_times_are_in_order_and_turn_with_the_clocks(held: Frames) -> None:
    crimes = held["police_crime"]
    recorded, began, ended = (
        pd.to_datetime(crimes[n].where(crimes[n] != ""), utc=True)
        for n in ("recorded_at", "occurred_from", "occurred_to")
    )
    assert ((began <= ended) | ended.isna()).all()
    assert ((began <= recorded) | began.isna()).all()
    assert ((ended <= recorded) | ended.isna()).all()
    assert 0.05 < share((recorded - began).dt.days > 30) < 0.08
    for source, column in (("police_crime", "recorded_at"), ("police_incident", "opened_at")):
        texts = held[source][column]
        # Half past midnight on the first of a summer month is the month before by UTC, and not in London.
        turned = texts[texts.str[11:] == "23:30:00Z"]
        turned = turned[turned.str[:7] != london(turned).dt.strftime("%Y-%m")]
        assert set(london(turned).dt.strftime("%m-%d")) == {f"{month:02d}-01" for month in range(4, 11)}
    night = london(crimes["occurred_from"])[crimes["ente_area_flag"] == "Y"]
    late = ((night.dt.dayofweek.isin([4, 5])) & (night.dt.hour >= 20)) | (
        (night.dt.dayofweek.isin([5, 6])) & (night.dt.hour < 6)
    )
    elsewhere = london(crimes["occurred_from"])[crimes["ente_area_flag"] == "N"]
    others = ((elsewhere.dt.dayofweek.isin([4, 5])) & (elsewhere.dt.hour >= 20)) | (
        (elsewhere.dt.dayofweek.isin([5, 6])) & (elsewhere.dt.hour < 6)
    )
    assert share(late) > 1.5 * share(others)


def test_places_are_those_of_the_world(folders: dict[str, Path], full: Frames) -> None:
    lookup = pd.read_csv(folders["full"] / LOOKUP, dtype=str).set_index("lsoa_code")["neighbourhood_code"]
    crimes = full["police_crime"]
    placed = crimes[(crimes["lsoa_code"] != "") & (crimes["csp_code"] == CITY)]
    assert (placed["lsoa_code"].map(lookup) == placed["neighbourhood_code"]).all()
    assert set(placed["lsoa_vintage"]) == {"2011"}
    elsewhere = crimes[crimes["csp_code"] != CITY]
    assert not set(elsewhere["lsoa_code"]) & set(lookup.index)
    assert set(crimes.loc[crimes["lsoa_code"] == "", "lsoa_vintage"]) == {""}


def test_aggravated_offences_are_flagged_as_hate_of_race_or_religion(held: Frames) -> None:
    crimes = held["police_crime"]
    aggravated = crimes[crimes["ho_code"].isin(["8P", "105B", "8M", "9B", "58J"])]
    assert len(aggravated) >= 10
    assert (aggravated["hate_flag"] == "Y").all()
    assert aggravated["hate_strands"].isin(["race", "religion", "race;religion"]).all()
    assert ((crimes["hate_flag"] == "Y") == (crimes["hate_strands"] != "")).all()


def test_incidents_are_those_of_the_street_files_and_some_become_crimes(held: Frames, full: Frames) -> None:
    asb = full["police_incident"].loc[lambda r: (r["category"] != "hate") & (r["csp_code"] == CITY)]
    assert 850 < len(asb) / 36 < 950
    incidents, crimes = held["police_incident"], held["police_crime"].set_index("crime_key")
    assert ((incidents["category"] == "hate") == (incidents["strands"] != "")).all()
    crimed = incidents[incidents["crime_key"] != ""]
    assert len(crimed) >= 5
    assert crimed["crime_key"].is_unique
    became = crimes.loc[crimed["crime_key"]]
    assert (became["csp_code"] == CITY).all()
    assert (became["status"] == "recorded").all()
    assert ((became["hate_flag"] == "Y").to_numpy() == (crimed["category"] == "hate").to_numpy()).all()
    assert (became["recorded_at"].to_numpy() >= crimed["opened_at"].to_numpy()).all()


# Hate ----------------------------------------------------------------------------------------------------------------


def hate_by_police(held: Frames) -> pd.DataFrame:
    """Crimes and incidents of hate in the city, an incident that became a crime once."""
    crimes, incidents = in_the_city(held["police_crime"]), held["police_incident"]
    crimes = crimes[crimes["hate_flag"] == "Y"]
    incidents = incidents[(incidents["category"] == "hate") & (incidents["crime_key"] == "")]
    return pd.DataFrame(
        {
            "key": [*crimes["crime_key"], *incidents["incident_key"]],
            "day": [*london(crimes["recorded_at"]), *london(incidents["opened_at"])],
            "strands": [*crimes["hate_strands"], *incidents["strands"]],
            "kind": ["crime"] * len(crimes) + ["incident"] * len(incidents),
        }
    )


def test_reports_of_hate_sum_to_the_volume_of_a_city(full: Frames) -> None:
    police, reports = hate_by_police(full), full["hate_report"]
    alone = reports[(reports["police_key"] == "") & (reports["channel"] != "police")]
    yearly = years(police["day"]).value_counts() + years(days(alone["received_date"])).value_counts()
    yearly = yearly.sort_index()
    assert list(yearly.index) == [2013, 2014, 2015]
    assert yearly.is_monotonic_increasing
    assert 660 < yearly[2015] < 725
    assert yearly[2013] > 580


def test_reports_refer_to_what_the_police_hold(held: Frames) -> None:
    police, reports = hate_by_police(held).set_index("key"), held["hate_report"]
    referred = reports[reports["police_key"] != ""]
    assert 0.4 < len(referred) / len(reports) < 0.7
    assert referred["police_key"].is_unique
    theirs = police.loc[referred["police_key"]]
    assert (theirs["kind"].to_numpy() == referred["crime_or_incident"].to_numpy()).all()
    assert (theirs["strands"].to_numpy() == referred["strands"].to_numpy()).all()
    assert set(reports["channel"]) == {"police", "council", "centre", "online"}
    assert share(reports.loc[reports["channel"] == "police", "police_key"] != "") > 0.75
    assert share(reports["strands"].str.contains(";")) > 0.01


def test_the_survey_has_two_scales_that_are_not_mixed(held: Frames, size: str) -> None:
    rows = held["hate_survey"]
    police, council = (rows[rows["scale_id"] == scale] for scale in ("police7", "council5"))
    assert set(council["overall"]) <= {"very", "fairly", "neither", "fairly_dis", "very_dis", "dont_know"}
    assert "completely" in set(police["overall"])
    assert rows["survey_quarter"].nunique() == 12
    for answers in (police, council):
        valid = answers[answers["overall"] != "dont_know"]
        assert 0.8 < share(valid["overall"].isin(["completely", "very", "fairly"])) < 0.95
    if size == "full":
        assert 30 <= len(council) / 3 < len(police) / 3 <= 120


# Domestic abuse ------------------------------------------------------------------------------------------------------


def counted(held: Frames) -> pd.DataFrame:
    """Referrals of adult victims of the city, exact duplicates once, with what the 24 months before them hold."""
    rows = held["pdas_referral"]
    rows = rows[(rows["subject_type"] == "adult_victim") & (rows["area_in_city"] == "Y")]
    rows = rows.assign(
        day=days(rows["received_date"]), opened=days(rows["case_opened"]), closed=days(rows["case_closed"])
    )
    known = rows[rows["client_key"] != ""].drop_duplicates(["client_key", "received_date", "source_agency"])
    rows = pd.concat([known, rows[rows["client_key"] == ""]]).assign(repeat=False, on_open=False)
    for _, mine in known[known["client_key"].duplicated(keep=False)].groupby("client_key"):
        for label, day in mine["day"].items():
            earlier = mine[mine["day"] < day]
            rows.loc[label, "repeat"] = bool((earlier["day"] >= day - pd.DateOffset(months=24)).any())
            is_open = earlier["opened"].notna() & (earlier["opened"] < day) & ~(earlier["closed"] < day)
            rows.loc[label, "on_open"] = bool(is_open.any())
    return rows.sort_values(["day", "referral_key"])


@pytest.fixture(scope="module")
def referrals(both: dict[str, Frames]) -> dict[str, pd.DataFrame]:
    return {name: counted(frames) for name, frames in both.items()}


def test_referrals_come_back_and_the_service_knows(referrals: dict[str, pd.DataFrame], size: str) -> None:
    rows = referrals[size]
    since = rows[rows["day"] >= "2013-04-01"]
    assert 0.08 < share(since["repeat"]) < 0.14
    assert 0.005 < share(since["on_open"]) < 0.04
    told = since[(since["service_first_time_flag"] != "") & (since["client_key"] != "") & ~since["on_open"]]
    assert share((told["service_first_time_flag"] == "Y") == ~told["repeat"]) >= 0.97
    assert len(told) > 0.9 * len(since)
    again = rows[(rows["client_key"] != "") & ~rows["repeat"] & rows["client_key"].duplicated()]
    assert len(again) >= 1, "some come back after more than 24 months and are first again"


def test_referral_volumes_and_scope(held: Frames, size: str) -> None:
    rows = held["pdas_referral"]
    if size == "full":
        assert years(days(rows["received_date"])).value_counts().between(1_200, 2_000).all()
    assert days(rows["received_date"]).dt.strftime("%Y-%m").nunique() == 60
    assert 0.005 < share(rows["client_key"] == "") <= 0.015
    out = (rows["subject_type"] != "adult_victim") | (rows["area_in_city"] == "N")
    assert 0.05 < share(out) < 0.12
    same = rows[(rows["client_key"] != "") & ~out]
    assert 1 <= same.duplicated(["client_key", "received_date", "source_agency"]).sum() < 0.02 * len(rows)
    assert (
        set(rows["source_agency"]) == set(CONTRACTS["pdas_referral"].delivery.field("source_agency").allowed)
        or size == "small"
    )


def test_what_follows_a_referral(referrals: dict[str, pd.DataFrame], size: str) -> None:
    rows = referrals[size][lambda r: ~r["on_open"]]
    engaged = days(rows["engaged_date"])
    assert ((rows["engaged"] == "Y") == engaged.notna()).all()
    assert 0.78 < share(rows["engaged"] == "Y") < 0.85
    assert share((engaged - rows["day"]).dt.days.dropna() <= 28) > 0.9
    assert not ((rows["opened"] < rows["day"]) | (rows["closed"] < rows["opened"])).any()
    assert max(rows["case_closed"].max(), rows["marac_heard_date"].max(), rows["engaged_date"].max()) <= "2016-03-31"
    assert rows["closed"].isna().any()
    assert share(rows["household_known"] == "N") < 0.2
    known = rows[rows["household_known"] == "Y"]
    assert 0.55 < share(known["n_children_u18"].astype(int) > 0) < 0.65
    assert (rows.loc[rows["household_known"] == "N", "n_children_u18"] == "").all()
    assert share(~rows["sexual_violence"].isin(["Y", "N"])) < 0.2


def test_risk_levels_agree_with_scores(referrals: dict[str, pd.DataFrame], size: str) -> None:
    rows = referrals[size]
    scored = rows[rows["dash_score"] != ""]
    assert share(rows["dash_score"] != "") > 0.88
    score = scored["dash_score"].astype(int)
    band = pd.cut(score, [0, 9, 13, 24], labels=["standard", "medium", "high"]).astype(str)
    raised = scored["professional_judgement"] == "Y"
    assert (scored.loc[~raised, "risk_level"] == band[~raised]).all()
    assert (scored.loc[raised, "risk_level"] == "high").all()
    assert (score[raised] < 14).all()
    assert raised.sum() >= 5
    assert 0.25 < share(scored["risk_level"] == "high") < 0.4
    done = days(scored["dash_done_date"])
    working = [len(pd.bdate_range(a, b)) - (a.dayofweek < 5) for a, b in zip(scored["day"], done, strict=True)]
    assert share(pd.Series(working) <= 5) > 0.9
    assert 0.7 < share(scored.loc[scored["risk_level"] == "high", "marac_heard_date"] != "") < 0.9


def test_training_is_that_of_a_city(held: Frames, size: str) -> None:
    rows = held["dash_training"].assign(day=lambda r: days(r["event_date"]))
    attended = rows[rows["attendance"] == "attended"]
    initial = attended[attended["course_type"] == "initial"]
    if size == "full":
        assert rows.groupby(years(rows["day"]))["event_key"].nunique().between(20, 30).all()
        assert initial.groupby(years(initial["day"]))["attendee_key"].nunique().between(360, 460).all()
    assert 0.15 < share(rows["attendance"].isin(["dna", "cancelled"])) < 0.25
    assert not rows["attendance"].isin(["booked", ""]).any()
    assert (rows["day"].dt.dayofweek < 5).all()
    people = rows.groupby("attendee_key")[["agency", "role_group"]].nunique()
    assert (people == 1).all(axis=None)
    trained = initial.groupby("attendee_key")["day"].min()
    refreshed = rows[rows["course_type"] == "refresher"]
    assert len(refreshed) >= 10
    assert (refreshed["attendee_key"].map(trained) < refreshed["day"]).all()
    pairs = (initial["conf_pre"] != "") & (initial["conf_post"] != "")
    assert share(pairs) >= 0.7
    change = initial.loc[pairs, "conf_post"].astype(int) - initial.loc[pairs, "conf_pre"].astype(int)
    assert 0.6 < change.mean() < 1.5
    long_ago = initial[initial["day"] < "2015-10-01"]
    assert 0.38 < share(long_ago["conf_3m"] != "") < 0.5
    after = (days(initial["conf_3m_date"]) - initial["day"]).dt.days.dropna()
    assert share(after.between(60, 120)) > 0.9
    assert (rows.loc[rows["attendance"].isin(["dna", "cancelled"]), "conf_pre"] == "").all()


# ASB -----------------------------------------------------------------------------------------------------------------

STEPS = ["referral_date", "assessed_date", "consent_date", "first_contact_date", "exit_date"]


def engaged(cases: pd.DataFrame) -> pd.Series:
    """Consent, a contact within 28 days, a plan (SP05)."""
    wait = (days(cases["first_contact_date"]) - days(cases["consent_date"])).dt.days
    return wait.between(0, 28) & (cases["support_plan_date"] != "")


def test_cases_are_in_order_and_of_the_volume_of_a_city(held: Frames, size: str) -> None:
    cases = held["asb_case"]
    if size == "full":
        assert years(days(cases["referral_date"])).value_counts().between(60, 150).all()
        exits = years(days(cases["exit_date"]).dropna()).value_counts()
        assert exits[[2014, 2015]].between(50, 100).all()
    for column in [*STEPS[1:], "support_plan_date"]:
        before = cases[[c for c in STEPS[: STEPS.index(column)] if c in STEPS]] if column in STEPS else cases[STEPS[:3]]
        filled = cases[column] != ""
        assert (before.max(axis=1)[filled] <= cases.loc[filled, column]).all(), column
        assert cases[column].max() <= "2016-03-31"
    assert (
        cases.loc[cases["exit_date"] != "", "support_plan_date"] <= cases.loc[cases["exit_date"] != "", "exit_date"]
    ).all()
    assert 0.7 < share(cases["outcome"] == "appropriate") < 0.82
    appropriate = cases[cases["outcome"] == "appropriate"]
    assert (appropriate["vulnerable"] == "Y").all()
    assert (appropriate["assessed_date"] != "").all()
    assert 0.62 < share(engaged(appropriate)) < 0.78
    assert not engaged(cases[cases["outcome"] != "appropriate"]).any()
    assert (cases.loc[cases["consent_date"] != "", "outcome"] == "appropriate").all()
    assert ((cases["exit_date"] == "") == (cases["exit_reason"] == "")).all()
    assert cases["person_key"].duplicated().sum() >= 3
    assert share(cases.loc[cases["assessed_date"] != "", "outcome"] == "pending") <= 0.05


def matched(held: Frames) -> pd.DataFrame:
    """For each closed engaged case, in order of exit: sums over matched domains at both ends (SP06), missing if unmatched."""
    cases = held["asb_case"]
    closed = cases[engaged(cases) & (cases["exit_date"] != "")].sort_values(["exit_date", "case_key"])
    stars = held["asb_star"].loc[
        lambda r: (r["domain"] != "work_learning") & (r["score"] != "") & (r["scorer"] != "client")
    ]
    found = []
    for case in closed.itertuples():
        mine = stars[stars["case_key"] == case.case_key].assign(score=lambda r: r["score"].astype(int))
        entry, exit_ = (mine[mine["reading_type"] == kind] for kind in ("entry", "exit"))
        on = ["domain", "star_tool", "scale_max"]
        pairs = entry.merge(exit_, on=on, suffixes=("", "_exit"))
        sums = (pairs["score"].sum(), pairs["score_exit"].sum()) if len(pairs) else (None, None)
        same = len(pairs) > 0 and (pairs["score"] == pairs["score_exit"]).all()
        apart = (days(exit_["reading_date"]).min() - days(entry["reading_date"]).max()).days if len(pairs) else None
        near = (days(exit_["reading_date"]).max() - pd.Timestamp(case.exit_date)).days if len(pairs) else None
        start = (days(entry["reading_date"]).min() - pd.Timestamp(case.assessed_date)).days if len(pairs) else None
        found.append((case.case_key, case.exit_date, *sums, same, apart, near, start))
    return pd.DataFrame(found, columns=["case", "exit", "entry_sum", "exit_sum", "same", "apart", "near", "start"])


def test_stars_match_at_both_ends_for_most_and_mostly_rise(held: Frames) -> None:
    found = matched(held)
    pairs = found[found["entry_sum"].notna()]
    assert len(found) >= 25
    assert 0.7 < len(pairs) / len(found) < 0.95
    # Unmatched cases never come in a heap, so that no stretch of exits falls below half.
    assert (found["entry_sum"].notna().rolling(3).sum().dropna() >= 2).all()
    assert 0.55 < share(pairs["exit_sum"] > pairs["entry_sum"]) < 0.8
    assert (pairs["exit_sum"] < pairs["entry_sum"]).sum() >= 2
    assert share(pairs["same"]) < 0.2
    assert (pairs["apart"] >= 14).all()
    assert pairs["near"].between(-42, 28).all()
    assert pairs["start"].between(0, 42).all()


def test_star_readings_are_of_engaged_cases_and_whole(held: Frames) -> None:
    stars, cases = held["asb_star"], held["asb_case"]
    assert set(stars["case_key"]) <= set(cases.loc[engaged(cases), "case_key"])
    assert set(stars["scale_max"]) == {"10"}
    reading = ["case_key", "reading_date", "reading_type", "scorer"]
    assert (stars.groupby(reading)["domain"].nunique() == 9).all()
    assert (stars.loc[stars["not_applicable"] == "Y", "domain"] == "children").all()
    assert (stars.loc[stars["not_applicable"] == "Y", "score"] == "").all()
    assert {"entry", "review", "exit"} == set(stars["reading_type"])
    assert {"joint", "worker", "client"} == set(stars["scorer"])
    left_out = stars[(stars["score"] == "") & (stars["not_applicable"] == "N")]
    assert 0 < len(left_out) < 0.1 * len(stars)


def test_survey_answers_are_as_many_as_exits_allow(held: Frames, size: str) -> None:
    survey = held["asb_survey"]
    left = days(held["asb_case"]["exit_date"]).dropna()
    exits = left.dt.to_period("Q-MAR").map(lambda q: f"{q.qyear - 1}-{q.qyear % 100:02d}Q{q.quarter}").value_counts()
    answers = survey["exit_quarter"].value_counts()
    assert (answers <= exits.reindex(answers.index).fillna(0)).all()
    assert 0.6 < len(survey) / len(left) < 0.85
    if size == "full":
        assert answers.groupby(answers.index.str[:7]).sum()[["2014-15", "2015-16"]].between(40, 70).all()
    valid = survey[survey["overall"].isin(list("12345"))]
    assert 0.7 < share(valid["overall"].isin(["4", "5"])) < 0.95
    assert not set(survey["response_key"]) & set(held["asb_case"]["case_key"])


# Probation -----------------------------------------------------------------------------------------------------------


def days_in_12_months(sentence: date) -> int:
    return (pd.Timestamp(sentence) + pd.DateOffset(years=1) - pd.Timestamp(sentence)).days


def eligible(licences: pd.DataFrame) -> pd.Series:
    """Adults, more than a day and less than 12 months, for offences since February 2015, with the company (SP09)."""
    sentence = licences["sentence_days"].astype(int)
    longest = licences["sentence_date"].map(lambda text: days_in_12_months(date.fromisoformat(text)))
    return (
        (sentence > 1)
        & (sentence < longest)
        & (licences["age_at_halfway"].astype(int) >= 18)
        & (licences["provider"] == "crc")
        & (licences["offence_date_earliest"] >= "2015-02-01")
    )


def test_licences_ramp_up_and_the_sender_knows_who_belongs(held: Frames, size: str) -> None:
    licences = held["crc_licence"]
    quarters = days(licences["licence_start"]).dt.to_period("Q-MAR").astype(str)
    belongs = eligible(licences)
    if size == "full":
        by_quarter = belongs.groupby(quarters).sum()
        assert by_quarter.is_monotonic_increasing
        assert 300 <= by_quarter.iloc[-1] <= 600
        assert 40 <= (belongs & (licences["local_area"] == "marlhaven")).groupby(quarters).sum().iloc[-1] <= 90
        assert by_quarter.iloc[0] < 60
    assert licences["local_area"].nunique() == 5
    assert 0.02 < share(~belongs) < 0.08
    flagged = licences["sender_eligible_flag"] != ""
    assert share(flagged) > 0.97
    assert share((licences["sender_eligible_flag"] == "Y")[flagged] == belongs[flagged]) >= 0.995
    start, end = days(licences["licence_start"]), days(licences["licence_end"])
    assert (end - start).dt.days.between(0, 183).all()
    assert (end > "2016-03-31").any()
    assert (licences["offence_date_earliest"] <= licences["sentence_date"]).all()
    assert (licences["sentence_date"] <= licences["licence_start"]).all()


def test_two_licences_of_one_offender_do_not_overlap(full: Frames) -> None:
    licences = full["crc_licence"].sort_values(["offender_key", "licence_start"])
    again = licences["offender_key"] == licences["offender_key"].shift()
    assert 0.02 < share(again) < 0.1
    assert (licences["sentence_date"] > licences["licence_end"].shift())[again].all()
    assert (licences["local_area"] == licences["local_area"].shift())[again].all()


def test_events_lie_on_their_licences(held: Frames) -> None:
    licences = held["crc_licence"].set_index("licence_key")
    events = held["crc_event"].join(licences, on="licence_key")
    assert events["licence_start"].notna().all()
    assert (events["event_date"] >= events["licence_start"]).all()
    supervision = events["event_type"].str.startswith("pss")
    assert (events.loc[~supervision, "event_date"] <= events.loc[~supervision, "licence_end"]).all()
    assert (events.loc[supervision, "event_date"] > events.loc[supervision, "licence_end"]).all()
    failing = ["recall_fixed_term", "recall_standard", "revoked_breach", "revoked_reoffence"]
    ended = licences[licences["licence_end"] <= "2016-03-31"]
    failed = set(events.loc[events["event_type"].isin(failing), "licence_key"])
    assert 0.1 < share(ended.index.isin(failed)) < 0.3
    moved = events[events["event_type"].isin(["transfer_area", "transfer_nps", "death", "deportation"])]
    assert not failed & set(moved["licence_key"])


def test_reoffences_follow_the_start_of_a_licence(held: Frames) -> None:
    rows, licences = held["crc_reoffence"], held["crc_licence"]
    starts = set(zip(licences["offender_key"], licences["licence_start"], strict=True))
    assert set(zip(rows["offender_key"], rows["index_date"], strict=True)) <= starts
    index, offence, outcome = (days(rows[name]) for name in ("index_date", "offence_date", "outcome_date"))
    assert ((offence - index).dt.days.between(1, 365)).all()
    assert ((outcome - offence).dt.days > 0).all()
    assert set(rows["outcome"]) == {"convicted", "caution"}
    assert set(rows["breach_only"]) == {"Y", "N"}
    assert 0.05 < rows["offender_key"].nunique() / licences["offender_key"].nunique() < 0.4
