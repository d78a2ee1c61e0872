"""Faults of partners' deliveries: each changes its source and nothing else, in the way it says and as much as it must."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from assets.setup import UPSTREAM
from expectations.contracts import PARTNERS as CONTRACTS
from expectations.outcomes import measured
from expectations.suites import build_suites
from sample.faults import CANARY, FAULTS
from sample.generator import ALL_FAULTS, Generated, generate
from sample.partner_faults import PARTNER_FAULTS, READ_BY
from sample.partners import PARTNERS
from tests.sample.test_partners import (
    BURGLARY,
    ROBBERY,
    VEHICLE,
    WORKBOOKS,
    allowed,
    as_text,
    days,
    eligible,
    london,
    matched,
    path_of,
    share,
    table,
    tree,
    years,
)

SMALL = 0.04
MEASURES = {f"SP{n:02d}" for n in range(1, 12)}
PRIVATE = {
    "police-crime-surname": "surname",
    "pdas-surname": "surname",
    "dash-work-email": "work_email",
    "asb-case-victim-name": "victim_name",
    "crc-licence-surname": "surname",
    "hate-report-description": "description",
}

Rows = pd.DataFrame


class Planted:
    """The sample with each fault, made when it is first asked for: its own source alone."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._made: dict[str, Generated] = {}

    def made(self, name: str) -> Generated:
        if name not in self._made:
            source = PARTNER_FAULTS[name].source
            self._made[name] = generate(self._base / name, faults=[name], scale=SMALL, sources=[source])
        return self._made[name]

    def files(self, name: str) -> dict[str, bytes]:
        return tree(self.made(name).out)

    def rows(self, name: str, path: str = "") -> Rows:
        source = PARTNER_FAULTS[name].source
        return table(self.made(name).out / (path or path_of(source)), source)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return Planted(tmp_path_factory.mktemp("faulty"))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clean") / "landing"
    generate(out, scale=SMALL, sources=list(PARTNERS))
    return out


def was(clean: Path, name: str) -> Rows:
    """The rows of the fault's source without it."""
    source = PARTNER_FAULTS[name].source
    return table(clean / path_of(source), source)


def named(expected: Callable[[str], bool]) -> list[str]:
    return sorted(name for name, fault in PARTNER_FAULTS.items() if expected(fault.expected))


# The catalogue -------------------------------------------------------------------------------------------------------


def test_every_source_has_several_faults_and_each_is_described() -> None:
    counts = Counter(fault.source for fault in PARTNER_FAULTS.values())
    assert set(counts) == set(PARTNERS)
    assert min(counts.values()) >= 4
    assert len(PARTNER_FAULTS) >= 45
    assert set(ALL_FAULTS) == {*FAULTS, *PARTNER_FAULTS}
    assert len(ALL_FAULTS) == len(FAULTS) + len(PARTNER_FAULTS)
    for name, fault in PARTNER_FAULTS.items():
        assert fault.name == name
        assert fault.what
        assert fault.scope == "partner"
        assert set(fault.measures) <= MEASURES


def test_what_is_expected_is_a_blocking_rule_or_a_known_end() -> None:
    suites = build_suites(defaultdict(lambda: 0.05))
    for name, fault in PARTNER_FAULTS.items():
        kind, _, detail = fault.expected.partition("/")
        if kind in ("none", "quarantined", "x"):
            assert fault.measures == (), name
        elif kind == "refused":
            assert re.fullmatch("[a-z0-9_]+", detail), name
            assert fault.measures == READ_BY[fault.source], name
        else:
            severity = {rule.name: rule.severity for rule in suites[kind].rules}
            assert severity[detail] == "ERROR", name
            assert fault.measures, name


def test_a_source_holds_back_the_measures_made_from_it() -> None:
    def made_from(name: str) -> set[str]:
        return {name}.union(*(made_from(before) for before in UPSTREAM[name]))

    known = {f"SP{name.split('_sp')[1][:2]}": made_from(name) for name in measured()}
    assert len(known) >= 8
    for source in PARTNERS:
        stands_on = {measure for measure, tables in known.items() if f"raw_{source}" in tables}
        assert stands_on == set(READ_BY[source]) & set(known), source


@pytest.mark.parametrize("name", PARTNER_FAULTS)
def test_a_fault_changes_its_source_and_says_what_it_did(name: str, clean: Path, planted: Planted) -> None:
    source = PARTNER_FAULTS[name].source
    before = {path: data for path, data in tree(clean).items() if path.split("/")[0] == source}
    after, said = planted.files(name), planted.made(name).faults[name]
    assert {path.split("/")[0] for path in after} == {source}
    assert sorted(said.added) == sorted(after.keys() - before.keys())
    assert sorted(said.removed) == sorted(before.keys() - after.keys())
    assert sorted(said.changed) == sorted(path for path in after.keys() & before.keys() if after[path] != before[path])
    assert said.added or said.changed
    assert said.month == ""


def test_faults_of_all_sources_go_together_and_touch_nothing_else(
    clean: Path, planted: Planted, tmp_path: Path
) -> None:
    first = {fault.source: name for name, fault in reversed(PARTNER_FAULTS.items())}
    made = generate(tmp_path, faults=[*first.values(), "weights-off", "gzipped"], scale=SMALL)
    assert set(made.faults) == {*first.values(), "weights-off", "gzipped"}
    whole = tree(tmp_path)
    for source, name in first.items():
        assert {p: d for p, d in whole.items() if p.split("/")[0] == source} == planted.files(name)


@pytest.mark.campaign("deliveries with faults", sample=16)
@pytest.mark.parametrize("name", [n for n, f in PARTNER_FAULTS.items() if not f.source.startswith("crc")])
def test_a_fault_fits_into_a_year_and_a_half(name: str, tmp_path: Path) -> None:
    source = PARTNER_FAULTS[name].source
    said = generate(tmp_path, months=18, faults=[name], scale=0.03, sources=[source]).faults[name]
    assert said.added or said.changed


# Refused -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRIVATE)
def test_unknown_columns_hold_the_canary_and_change_nothing_else(name: str, clean: Path, planted: Planted) -> None:
    rows, before = planted.rows(name), was(clean, name)
    assert list(rows.columns) == [*before.columns, PRIVATE[name]]
    assert set(rows[PRIVATE[name]]) == {CANARY}
    assert rows[before.columns].equals(before)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("police-incident-missing-column", "category"),
        ("asb-case-missing-column", "person_key"),
        ("crc-event-missing-column", "event_type"),
    ],
)
def test_missing_columns_are_mandatory_ones(name: str, column: str, clean: Path, planted: Planted) -> None:
    rows, before = planted.rows(name), was(clean, name)
    assert rows.equals(before.drop(columns=column))
    assert column in CONTRACTS[PARTNER_FAULTS[name].source].delivery.mandatory


@pytest.mark.parametrize("source", WORKBOOKS)
def test_workbooks_with_totals_or_another_sheet(source: str, clean: Path, planted: Planted) -> None:
    short = {"dash_training": "dash", "asb_case": "asb-case"}[source]
    before = table(clean / path_of(source), source)
    with_totals = planted.rows(f"{short}-totals")
    assert with_totals.iloc[:-1].equals(before)
    assert list(with_totals.iloc[-1])[:2] == ["Total", str(len(before))]
    book = openpyxl.load_workbook(planted.made(f"{short}-sheet-renamed").out / path_of(source))
    assert book.sheetnames == ["Sheet1"]
    rows = [[as_text(cell) for cell in row] for row in book.active.iter_rows(min_row=5, values_only=True)]
    assert rows == before.to_numpy().tolist()


def test_a_header_that_is_missing_and_columns_by_semicolons(clean: Path, planted: Planted) -> None:
    before = was(clean, "dash-no-header")
    rows = planted.rows("dash-no-header")
    assert list(rows.columns)[:2] == list(before.iloc[0])[:2]
    assert len(rows) == len(before) - 1
    data = planted.files("crc-reoffence-semicolons")[path_of("crc_reoffence")]
    assert b"," not in data
    assert pd.read_csv(io.BytesIO(data), dtype=str, sep=";").equals(was(clean, "crc-reoffence-semicolons"))


def test_files_that_do_not_say_which_days_they_cover(clean: Path, planted: Planted) -> None:
    before = tree(clean)
    assert planted.files("asb-star-no-coverage") == {"asb_star/asb_star.csv": before[path_of("asb_star")]}
    turned = "asb_survey/asb_survey_2016-03-31_2013-04-01.csv"
    assert planted.files("asb-survey-dates-turned") == {turned: before[path_of("asb_survey")]}


def test_manifests_that_are_wrong(clean: Path, planted: Planted) -> None:
    files = planted.files("asb-star-manifest-mismatch")
    data = files[path_of("asb_star")]
    said = json.loads(files[f"{path_of('asb_star')}.manifest.json"])
    assert data == tree(clean)[path_of("asb_star")]
    assert said["sha256"] == hashlib.sha256(data).hexdigest()
    assert said["row_count"] == len(was(clean, "asb-star-manifest-mismatch")) + 1

    files = planted.files("crc-licence-manifest-stale")
    data, said = files[path_of("crc_licence")], json.loads(files[f"{path_of('crc_licence')}.manifest.json"])
    assert said["sha256"] != hashlib.sha256(data).hexdigest()
    assert said["row_count"] == len(planted.rows("crc-licence-manifest-stale")) + 1


@pytest.mark.parametrize("name", ["pdas-conflict", "hate-report-conflict"])
def test_conflicts_cover_the_same_days_and_nothing_tells_which_is_later(name: str, planted: Planted) -> None:
    source = PARTNER_FAULTS[name].source
    second = path_of(source).replace("/", "/redelivered/")
    assert set(planted.files(name)) == {path_of(source), second}
    first, other = planted.rows(name), planted.rows(name, second)
    assert len(first) == len(other)
    assert first.columns[(first != other).any()].tolist() == [
        {"pdas_referral": "sexual_violence"}.get(source, "strands")
    ]


def test_files_that_cannot_be_read(planted: Planted) -> None:
    assert set(planted.files("hate-survey-empty").values()) == {b""}
    data = planted.files("hate-report-not-utf8")[path_of("hate_report")]
    with pytest.raises(UnicodeDecodeError):
        data.decode()
    assert len(data.decode("latin-1").splitlines()) > 20
    assert len(planted.files("asb-survey-header-only")[path_of("asb_survey")].splitlines()) == 1


# Rows out of contract ------------------------------------------------------------------------------------------------


def known_codes() -> set[str]:
    with (Path(__file__).parents[2] / "partnership/common/offence_code.csv").open(newline="") as file:
        return {row["code"] for row in csv.DictReader(file)}


#: Rows that a rule of their source sets aside although every cell is what its field says.
BAD_BY_RULE: Mapping[str, Callable[[Rows], pd.Series]] = {
    "police-crime-codes-as-numbers": lambda r: ~r["ho_code"].isin(known_codes()),
    "police-crime-status-date-missing": lambda r: (r["status"] != "recorded") & (r["status_date"] == ""),
    "police-crime-hate-without-strand": lambda r: (r["hate_flag"] == "Y") & (r["hate_strands"] == ""),
    "police-incident-hate-without-strand": lambda r: (r["category"] == "hate") & (r["strands"] == ""),
    "police-incident-future": lambda r: r["opened_at"] > "2016-04",
    "pdas-dates-out-of-order": lambda r: (r["case_closed"] != "") & (r["case_closed"] < r["case_opened"]),
    "crc-reoffence-outside": lambda r: r["outcome_date"] > "2015-12-31",
    "hate-survey-scale-mixed": lambda r: (r["scale_id"] == "council5") & (r["overall"] == "completely"),
}


def bad(name: str, rows: Rows) -> pd.Series:
    """Rows with a cell that its field does not allow, or that a rule sets aside."""
    found = pd.Series(False, index=rows.index)
    for one in CONTRACTS[PARTNER_FAULTS[name].source].delivery.fields:
        fits = {text: safely_allowed(one, text) for text in rows[one.name].unique()}
        found |= ~rows[one.name].map(fits).astype(bool)
    return found | BAD_BY_RULE[name](rows) if name in BAD_BY_RULE else found


def safely_allowed(one: object, text: str) -> bool:
    try:
        return allowed(one, text)  # type: ignore[arg-type]
    except ValueError:
        return False


@pytest.mark.parametrize("name", named(lambda expected: expected.endswith("/bad_rows")))
def test_more_than_one_row_in_a_hundred_is_bad(name: str, clean: Path, planted: Planted) -> None:
    path = path_of(PARTNER_FAULTS[name].source)
    if name == "crc-reoffence-outside":
        path = path_of("crc_reoffence", "2015-02-01_2015-12-31")
        assert share(planted.rows(name, path)["outcome_date"] <= "2015-12-31") > 0.05
    else:
        assert not bad(name, was(clean, name)).any()
    assert bad(name, planted.rows(name, path)).mean() > 0.01


@pytest.mark.parametrize("name", named(lambda expected: expected == "quarantined"))
def test_fewer_than_one_row_in_a_hundred_is_bad(name: str, planted: Planted) -> None:
    assert 0 < bad(name, planted.rows(name)).mean() < 0.01


@pytest.mark.parametrize("name", named(lambda expected: expected.endswith("/keys_unique")))
def test_repeated_keys_say_something_else_the_second_time(name: str, clean: Path, planted: Planted) -> None:
    rows, before = planted.rows(name), was(clean, name)
    key = list(CONTRACTS[PARTNER_FAULTS[name].source].delivery.key)
    again = rows.duplicated(key)
    assert again.sum() >= 1
    assert rows[~again].reset_index(drop=True).equals(before)
    assert not rows.duplicated().all()
    assert rows[rows.duplicated(key, keep=False)].drop_duplicates().duplicated(key).any()


def test_swapped_dates_and_dates_in_words_are_those_of_the_days(clean: Path, planted: Planted) -> None:
    rows, before = planted.rows("pdas-swapped-dates"), was(clean, "pdas-swapped-dates")
    changed = rows["received_date"] != before["received_date"]
    pairs = zip(rows["received_date"][changed], before["received_date"][changed], strict=True)
    assert all((f"{a[:5]}{a[8:]}-{a[5:7]}", a) == (b, a) for a, b in pairs)
    rows, before = planted.rows("asb-case-text-dates"), was(clean, "asb-case-text-dates")
    changed = rows["assessed_date"] != before["assessed_date"]
    assert changed.any()
    read = pd.to_datetime(rows["assessed_date"][changed], format="%d/%m/%Y").dt.strftime("%Y-%m-%d")
    assert (read == before["assessed_date"][changed]).all()


# Caught by a rule of the source --------------------------------------------------------------------------------------


def test_pdas_rows_that_rules_catch(planted: Planted) -> None:
    rows = planted.rows("pdas-level-against-score")
    low = (rows["dash_score"] != "") & (pd.to_numeric(rows["dash_score"]) >= 14) & (rows["risk_level"] != "high")
    assert low.sum() >= 2
    assert 0.04 < share(planted.rows("pdas-client-key-blank")["client_key"] == "") < 0.08
    late = planted.rows("pdas-future")["received_date"] > "2016-03-31"
    assert 0.005 < share(late) < 0.02


def test_training_and_hate_rows_that_rules_catch(planted: Planted) -> None:
    assert 0.01 < share(planted.rows("dash-attendance-not-coded")["attendance"] == "booked") < 0.06
    assert 0.02 < share(planted.rows("hate-report-without-strand")["strands"] == "") < 0.1
    assert 0.02 < share(planted.rows("hate-report-unknown-strand")["strands"] == "age") < 0.1
    postcode = planted.rows("police-crime-postcodes")["neighbourhood_code"].str.fullmatch(r"[A-Z]{2}\d{2}\d[A-Z]{2}")
    assert 0.05 < share(postcode) < 0.15


def test_asb_rows_that_rules_catch(clean: Path, planted: Planted) -> None:
    cases = planted.rows("asb-case-dates-out-of-order")
    early = (cases["consent_date"] != "") & (cases["consent_date"] < cases["assessed_date"])
    assert early.sum() >= 1
    cases = planted.rows("asb-case-consent-not-appropriate")
    assert ((cases["consent_date"] != "") & (cases["outcome"] != "appropriate")).sum() >= 2
    stars = planted.rows("asb-star-out-of-scale")
    assert 0.01 < share(stars["score"] == "0") < 0.03
    stars = planted.rows("asb-star-exit-before-entry")
    first, last = (
        stars[stars["reading_type"] == kind].groupby("case_key")["reading_date"] for kind in ("entry", "exit")
    )
    assert (last.max() < first.min().reindex(last.max().index)).any()
    held = {"asb_case": table(clean / path_of("asb_case"), "asb_case"), "asb_star": planted.rows("asb-star-few-exits")}
    found = matched(held)
    pairs = found["entry_sum"].notna()
    assert pairs.mean() < 0.5
    assert pairs[found["exit"] > "2015-03-31"].mean() < 0.5


def test_licences_and_events_that_rules_catch(clean: Path, planted: Planted) -> None:
    def length(rows: Rows) -> pd.Series:
        return (days(rows["licence_end"]) - days(rows["licence_start"])).dt.days

    assert (length(planted.rows("crc-licence-too-long")) > 274).any()
    assert (length(planted.rows("crc-licence-ends-before-start")) < 0).any()
    licences = planted.rows("crc-licence-eligibility")
    flagged = licences[licences["sender_eligible_flag"] != ""]
    assert share((flagged["sender_eligible_flag"] == "Y") != eligible(flagged)) > 0.01
    starts = table(clean / path_of("crc_licence"), "crc_licence").set_index("licence_key")["licence_start"]
    events = planted.rows("crc-event-without-licence")
    lost = events[~events["licence_key"].isin(starts.index)]
    assert set(lost["event_type"]) == {"recall_fixed_term"}
    events = planted.rows("crc-event-before-start")
    assert (events["event_date"] < events["licence_key"].map(starts)).any()


def test_the_extract_that_lost_robberies_agrees_in_total_and_not_in_kind(clean: Path, planted: Planted) -> None:
    rows, before = planted.rows("police-crime-robberies-lost"), was(clean, "police-crime-robberies-lost")
    assert not rows["ho_code"].isin(ROBBERY).any()
    proxy = [*BURGLARY, *ROBBERY, *VEHICLE]
    lost = pd.DataFrame({"all": before["ho_code"] != "", "proxy": before["ho_code"].isin(proxy)})
    lost = lost.groupby(years(london(before["recorded_at"]))).sum()
    left = pd.DataFrame({"all": rows["ho_code"] != "", "proxy": rows["ho_code"].isin(proxy)})
    left = left.groupby(years(london(rows["recorded_at"]))).sum()
    difference = 1 - left / lost
    assert (difference["all"] < 0.06).all()
    assert (difference["proxy"] > 0.15).all()


# Later extracts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("police-crime-month-vanished", ""),
        ("police-incident-shrunk", ""),
        ("crc-licence-shrunk", ""),
        ("pdas-ends-earlier", "2016-02-29"),
    ],
)
def test_later_extracts_are_later_by_their_manifests(name: str, end: str, clean: Path, planted: Planted) -> None:
    source, files = PARTNER_FAULTS[name].source, planted.files(name)
    first = path_of(source)
    second = first.replace("/", "/redelivered/").replace("2016-03-31", end or "2016-03-31")
    assert set(files) == {path + ending for path in (first, second) for ending in ("", ".manifest.json")}
    assert files[first] == tree(clean)[first]
    said = [json.loads(files[f"{path}.manifest.json"]) for path in (first, second)]
    for path, manifest in zip((first, second), said, strict=True):
        assert manifest["sha256"] == hashlib.sha256(files[path]).hexdigest()
        assert manifest["row_count"] == len(planted.rows(name, path))
        assert (manifest["coverage_start"], manifest["coverage_end"]) == tuple(path[:-4].split("_")[-2:])
    assert said[0]["extracted_at"] < said[1]["extracted_at"]
    assert said[0]["extract_id"] != said[1]["extract_id"]
    before, after = planted.rows(name), planted.rows(name, second)
    assert set(after.itertuples(index=False)) < set(before.itertuples(index=False))
    lost = 1 - len(after) / len(before)
    if name.endswith("shrunk"):
        assert 0.15 < lost < 0.25
    elif end:
        assert after["received_date"].max() <= end < before["received_date"].max()
    else:
        gone = set(london(before["recorded_at"]).dt.strftime("%Y-%m")) - set(
            london(after["recorded_at"]).dt.strftime("%Y-%m")
        )
        assert gone == {"2015-10"}
        assert lost < 0.05


def test_a_gap_leaves_one_month_uncovered(clean: Path, planted: Planted) -> None:
    first, second = (
        f"police_incident/police_incident_{d}.csv" for d in ("2013-04-01_2014-09-30", "2014-11-01_2016-03-31")
    )
    assert set(planted.files("police-incident-gap")) == {first, second}
    rows = pd.concat([planted.rows("police-incident-gap", path) for path in (first, second)])
    before = was(clean, "police-incident-gap")
    month = london(before["opened_at"]).dt.strftime("%Y-%m")
    assert sorted(rows["incident_key"]) == sorted(before.loc[month != "2014-10", "incident_key"])
    assert london(planted.rows("police-incident-gap", first)["opened_at"]).max() < pd.Timestamp("2014-10-01")


# Harmless ------------------------------------------------------------------------------------------------------------


def held_as_text(data: bytes, path: str, source: str) -> Rows:
    """Rows of a file in whatever form."""
    if path.endswith(".gz"):
        data = gzip.decompress(data)
    if path.endswith(".xlsx"):
        sheet = openpyxl.load_workbook(io.BytesIO(data)).active
        header, *rows = [[as_text(cell) for cell in row] for row in sheet.iter_rows(min_row=4, values_only=True)]
        return pd.DataFrame(rows, columns=header)
    return pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, encoding="utf-8-sig")


HARMLESS = {
    "police-crime-no-zone": ".csv",
    "police-crime-by-year": ".csv",
    "police-incident-gzipped": ".csv.gz",
    "pdas-null-words": ".csv",
    "pdas-reordered": ".csv",
    "pdas-workbook": ".xlsx",
    "dash-csv": ".csv",
    "asb-star-bom-crlf": ".csv",
    "crc-reoffence-bom-crlf": ".csv",
    "hate-report-bars": ".csv",
    "hate-survey-gzipped": ".csv.gz",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_faults_say_the_same(name: str, clean: Path, planted: Planted) -> None:
    source, before = PARTNER_FAULTS[name].source, was(clean, name)
    files = planted.files(name)
    assert all(path.endswith(HARMLESS[name]) for path in files)
    rows = pd.concat([held_as_text(files[path], path, source) for path in sorted(files)], ignore_index=True)
    if name == "police-crime-no-zone":
        for column in ("recorded_at", "occurred_from", "occurred_to"):
            wall = pd.to_datetime(rows[column].where(rows[column] != ""), format="%Y-%m-%dT%H:%M:%S")
            assert wall.equals(london(before[column]).astype(wall.dtype))
            rows[column] = before[column]
    rows = rows.replace("N/A", "") if name == "pdas-null-words" else rows
    rows["strands"] = rows["strands"].str.replace("|", ";") if name == "hate-report-bars" else rows.get("strands")
    assert rows[before.columns].equals(before)
    data = next(iter(files.values()))
    if name.endswith("bom-crlf"):
        assert data.startswith(b"\xef\xbb\xbf")
        assert data.count(b"\r\n") == data.count(b"\n") == len(before) + 1
    assert (list(rows.columns[: len(before.columns)]) == list(before.columns)) is (name != "pdas-reordered")


def test_harmless_faults_are_all_looked_at() -> None:
    assert {*HARMLESS, "pdas-duplicate-referrals"} == set(named(lambda expected: expected == "none"))


def test_years_are_divided_at_midnight_in_london(planted: Planted) -> None:
    parts = sorted(planted.files("police-crime-by-year"))
    assert [path[-25:-4] for path in parts] == [f"{y}-04-01_{y + 1}-03-31" for y in (2013, 2014, 2015)]
    for path in parts:
        moments = london(planted.rows("police-crime-by-year", path)["recorded_at"])
        assert moments.between(path[-25:-15], f"{path[-14:-4]} 23:59:59").all()


def test_duplicate_referrals_differ_in_their_reference_alone(clean: Path, planted: Planted) -> None:
    rows, before = planted.rows("pdas-duplicate-referrals"), was(clean, "pdas-duplicate-referrals")
    added = rows.iloc[len(before) :]
    assert 1 <= len(added) < 0.02 * len(before)
    others = [name for name in before.columns if name != "referral_key"]
    assert added[others].merge(before[others], how="inner").drop_duplicates().shape[0] == len(added)
    assert rows["referral_key"].is_unique
    assert (added["client_key"] != "").all()
