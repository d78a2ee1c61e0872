"""Registering partner deliveries: forms, coverage, refusals, precedence by day, and pulls beside files."""

from __future__ import annotations

import csv
import gzip
import io
import random
import re
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.raw import registration
from assets.raw.acceptance import check_days, check_totals, coverage_of
from assets.raw.registration import Terms, counting, delivered_table, previously, register
from expectations.contracts import PARTNERS
from resources.archive import Archive
from resources.landing import Candidate, DeliveryFault, Landing, Manifest
from resources.pull import Pull
from tests.campaign import examples
from tests.raw import CANARY, gzipped, put_manifest, zipped
from tests.raw.test_registration import Scans, only_refusal, sha
from tests.resources.test_workbook import book_of, saved

SOURCE = "pdas_referral"
DELIVERY = PARTNERS[SOURCE].delivery
COLUMNS = [*DELIVERY.mandatory, "client_key", "dash_score"]
Q1 = ("2016-04-01", "2016-06-30")


@pytest.fixture
def scans(tmp_path: Path) -> Scans:
    return Scans(tmp_path)


def rows(*days: str, variant: int = 0) -> list[list[str]]:
    """One referral a day; another variant is another content."""
    given = {
        "source_agency": "police",
        "subject_type": "adult_victim",
        "household_known": "Y",
        "area_in_city": "Y",
        "client_key": CANARY,
        "dash_score": str(10 + variant),
    }
    return [
        [given.get(name) or {"referral_key": f"r{n}", "received_date": day}[name] for name in COLUMNS]
        for n, day in enumerate(days)
    ]


def csv_of(table: Sequence[Sequence[object]], header: Sequence[str] = tuple(COLUMNS)) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([header, *table])
    return out.getvalue().encode()


def excel_of(table: Sequence[Sequence[object]], header: Sequence[str] = tuple(COLUMNS)) -> bytes:
    book = book_of([["Referrals"], [], list(header), *map(list, table)], "Data")
    book.properties.created = book.properties.modified = datetime(2020, 1, 1)
    return saved(book)


APRIL = rows("2016-04-01", "2016-04-30", "2016-05-15")


def name(coverage: tuple[str, str] = Q1, ending: str = ".csv", source: str = SOURCE) -> str:
    return f"{source}_{coverage[0]}_{coverage[1]}{ending}"


def put(scans: Scans, file: str, data: bytes, folder: str = SOURCE, **manifest: object) -> Path:
    path = scans.landing / folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if manifest:
        put_manifest(path, **manifest)
    return path


def raw(scans: Scans, source: str = SOURCE) -> list[tuple[str, ...]]:
    """Content and spans of what counts."""
    frame = delivered_table(scans.archive.receipts(), source)
    return list(frame[["sha256", "spans"]].itertuples(index=False, name=None))


FORMS: dict[str, Callable[[list[list[str]]], tuple[str, bytes]]] = {
    "csv": lambda table: (name(), csv_of(table)),
    "gz": lambda table: (name(ending=".csv.gz"), gzipped(csv_of(table))),
    "xlsx": lambda table: (name(ending=".xlsx"), excel_of(table)),
}


# --- good deliveries --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_taken_in(scans: Scans, form: str) -> None:
    file, data = FORMS[form](APRIL)
    put(scans, f"2016/{file}", data)
    (receipt,) = scans.scan(SOURCE).accepted
    plain = gzip.decompress(data) if form == "gz" else data
    assert (receipt.source, receipt.slot, receipt.coverage) == (SOURCE, "2016-04-01/2016-06-30", Q1)
    assert (receipt.sha256, receipt.size, receipt.rows) == (sha(plain), len(plain), 3)
    assert receipt.header == tuple(COLUMNS)
    assert scans.archive.path(receipt.sha256).read_bytes() == plain
    assert scans.archive.receipts() == [receipt]
    again = scans.scan(SOURCE)
    assert (again.accepted, again.repeated, again.refused, again.notes) == ([], 1, [], [])


def test_flat_and_compressed_are_one_delivery(scans: Scans) -> None:
    for form in ("csv", "gz"):
        put(scans, *FORMS[form](APRIL))
    found = scans.scan(SOURCE)
    assert (len(found.accepted), found.repeated, found.refused) == (1, 1, [])


@pytest.mark.parametrize("source", PARTNERS)
def test_every_source_takes_in_its_own_header(scans: Scans, source: str) -> None:
    data = csv_of([], PARTNERS[source].delivery.field_names)
    put(scans, name(source=source), data, source)
    (receipt,) = scans.scan(source).accepted
    assert (receipt.source, receipt.rows) == (source, 0)
    frame = delivered_table(scans.archive.receipts(), source)
    assert list(frame.columns) == PARTNERS[source].raw.column_names
    assert frame["delivered_rows"].tolist() == [0]


def test_blank_rows_are_no_rows(scans: Scans) -> None:
    blank = ["", " ", *[""] * (len(COLUMNS) - 2)]
    put(scans, name(), csv_of([APRIL[0], blank, APRIL[1], blank, blank]), row_count=2)
    assert [receipt.rows for receipt in scans.scan(SOURCE).accepted] == [2]


def test_a_manifest_says_coverage_and_time_of_extraction(scans: Scans) -> None:
    path = put(scans, "June.csv", csv_of(APRIL), coverage_start=Q1[0], coverage_end=Q1[1], row_count=3)
    (receipt,) = scans.scan(SOURCE).accepted
    assert (receipt.coverage, receipt.extracted_at) == (Q1, None)
    put_manifest(path, coverage_start=Q1[0], coverage_end=Q1[1], extracted_at="2016-07-05T06:00:00+01:00")
    assert scans.scan(SOURCE).repeated == 1


def test_name_and_manifest_that_agree(scans: Scans) -> None:
    put(scans, name(), csv_of(APRIL), coverage_start=Q1[0], coverage_end=Q1[1], source=SOURCE)
    assert [receipt.coverage for receipt in scans.scan(SOURCE).accepted] == [Q1]


def test_the_sheet_that_the_register_names(scans: Scans) -> None:
    book = book_of([["nothing"]], "Notes")
    sheet = book.create_sheet("Extract")
    for row in [COLUMNS, *APRIL]:
        sheet.append(row)
    put(scans, name(ending=".xlsx"), saved(book))
    assert "2 sheets and not one that is called pdas_referral" in only_refusal(scans.scan(SOURCE), "sheet")
    (receipt,) = scans.scan(SOURCE, Terms(sheet="extract")).accepted
    assert receipt.rows == 3


# --- bad deliveries ---------------------------------------------------------------------------------------------------

TOTALS: dict[str, list[object]] = {
    "first cell": ["Total", *[""] * 7],
    "in capitals": ["TOTALS:", *[""] * 7],
    "grand total": ["Grand total", *[""] * 6, "33"],
    "sum": ["sum", *[""] * 7],
    "another cell": ["", "", "", "Total 3", "", "", "", ""],
    "numbers alone": ["", "", "", "", "", "", "", "33"],
    "amounts": ["", "", "", "", "", "", "3", "1,033.50"],
}


@pytest.mark.parametrize("what", TOTALS)
@pytest.mark.parametrize("form", FORMS)
def test_a_row_of_totals_is_refused(scans: Scans, what: str, form: str) -> None:
    put(scans, *FORMS[form]([*APRIL, TOTALS[what]]))  # type: ignore[list-item]
    assert "remove that row" in only_refusal(scans.scan(SOURCE), "totals")
    assert scans.archive.held() == set()
    assert list(scans.archive.root.glob(".incoming-*")) == []


@pytest.mark.parametrize(
    "last",
    [
        ["total-7", "2016-04-01", *APRIL[0][2:]],
        ["totally", "2016-04-01", *APRIL[0][2:]],
        ["summary", "2016-04-01", *APRIL[0][2:]],
        ["", "2016-04-01", *APRIL[0][2:]],
        ["7", "", "", "", "", "", "", "7"],
        APRIL[0],
    ],
)
def test_other_last_rows_are_rows(last: list[str]) -> None:
    frame = registration.read_rows(DELIVERY, csv_of([*APRIL, last]), "csv").rows
    check_totals(DELIVERY, frame)
    check_totals(DELIVERY, frame.iloc[:0])


def test_a_row_of_totals_in_numbers_of_excel(scans: Scans) -> None:
    put(scans, name(ending=".xlsx"), excel_of([*APRIL, [None] * 7 + [33]]))  # type: ignore[list-item]
    only_refusal(scans.scan(SOURCE), "totals")


BAD: dict[str, tuple[bytes, str, str]] = {
    "no bytes": (b"", "empty", "deliver"),
    "unknown column": (csv_of([[*row, CANARY] for row in APRIL], [*COLUMNS, "surname"]), "header", "'surname'"),
    "missing column": (csv_of([row[1:] for row in APRIL], COLUMNS[1:]), "header", "missing columns 'referral_key'"),
    "column twice": (csv_of(APRIL, [*COLUMNS[:-1], COLUMNS[0]]), "header", "repeated columns"),
    "no header": (csv_of(APRIL[1:], APRIL[0]), "header", "does not begin with the header"),
    "semicolons": (csv_of(APRIL).replace(b",", b";"), "header", "separated by semicolons"),
    "tabs": (csv_of(APRIL).replace(b",", b"\t"), "header", "separated by tabs"),
    "UTF-16": (csv_of(APRIL).decode().encode("utf-16"), "not_utf8", "CSV UTF-8"),
    "latin-1": (csv_of(APRIL).replace(b"police", b"polic\xe9"), "not_utf8", "line 2"),
    "binary": (bytes(range(256)) * 64, "binary", "CSV UTF-8"),
    "gzip named csv": (gzipped(csv_of(APRIL)), "binary", "name it rightly"),
    "workbook named csv": (excel_of(APRIL), "binary", "name it rightly"),
    "cut": (csv_of(APRIL)[:-20], "truncated", "whole file"),
    "CR alone": (csv_of(APRIL).replace(b"\n", b"\r"), "line_ends", "CRLF or LF"),
    "long line": (csv_of(APRIL) + b"x" * (3 << 20), "long_line", "1 MiB"),
    "days of another year": (csv_of(rows("2015-04-01", "2015-05-01")), "coverage", "no row of the days"),
}


@pytest.mark.parametrize("fault", BAD)
@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_bad_csv_is_refused_in_one_line_and_never_archived(scans: Scans, fault: str, ending: str) -> None:
    data, reason, words = BAD[fault]
    put(scans, name(ending=ending), gzipped(data) if ending == ".csv.gz" else data)
    assert re.search(words, only_refusal(scans.scan(SOURCE), reason))
    assert scans.archive.held() == set()
    assert list(scans.archive.root.glob(".incoming-*")) == []
    assert CANARY not in (scans.seen.read_text() + (scans.archive.root / "refusals.jsonl").read_text())
    (refusal,) = scans.scan(SOURCE).refused
    assert refusal.known


BAD_WORKBOOKS: dict[str, tuple[bytes, str, str]] = {
    "unknown column": (excel_of([[*row, CANARY] for row in APRIL], [*COLUMNS, "surname"]), "header", "'surname'"),
    "missing column": (excel_of([row[1:] for row in APRIL], COLUMNS[1:]), "header", "missing columns 'referral_key'"),
    "values beside the table": (excel_of([[*row, CANARY] for row in APRIL]), "header", "without a name"),
    "no header": (excel_of(APRIL[1:], APRIL[0]), "header", "does not begin with the header"),
    "not a workbook": (csv_of(APRIL), "workbook", "no Excel workbook"),
    "encrypted": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(999), "workbook", "password"),
    "cut": (excel_of(APRIL)[:-40], "workbook", "no Excel workbook"),
    "a zip of CSV": (zipped({name(): csv_of(APRIL)}), "workbook", "of the kind .xlsx"),
    "days of another year": (excel_of(rows("2015-04-01")), "coverage", "no row of the days"),
}


@pytest.mark.parametrize("fault", BAD_WORKBOOKS)
def test_bad_workbooks_are_refused_in_one_line_and_never_archived(
    scans: Scans, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    data, reason, words = BAD_WORKBOOKS[fault]
    put(scans, name(ending=".xlsx"), data)
    if reason != "coverage":
        monkeypatch.setattr(Archive, "stage_workbook", lambda *_: pytest.fail("written before it was judged"))
    assert re.search(words, only_refusal(scans.scan(SOURCE), reason))
    assert scans.archive.held() == set()
    assert CANARY not in (scans.seen.read_text() + (scans.archive.root / "refusals.jsonl").read_text())


@pytest.mark.parametrize(
    ("file", "manifest", "reason", "words"),
    [
        ("June.csv", {}, "coverage", "manifest.json"),
        ("June.csv", {"row_count": 3}, "coverage", "pdas_referral_<first day>_<last day>"),
        (name(), {"coverage_start": Q1[0], "coverage_end": "2016-06-29"}, "manifest", "name and its manifest"),
        (name(), {"coverage_start": Q1[0]}, "manifest", "not both days"),
        (name(), {"row_count": 4}, "manifest", "has 3 rows and its manifest says 4"),
        (name(), {"sha256": "0" * 64}, "manifest", "another sha256"),
        (name(), {"source": "crc_event"}, "manifest", "another source than pdas_referral"),
        (name(), {"full_or_delta": "delta"}, "manifest", "only full extracts"),
        (name(("2016-04-01", "2099-12-31")), {}, "coverage", "which nobody can know"),
        (name(("2016-05-16", "2016-06-30")), {}, "coverage", "no row of the days"),
    ],
)
def test_coverage_and_manifests_that_are_refused(
    scans: Scans, file: str, manifest: dict[str, object], reason: str, words: str
) -> None:
    put(scans, file, csv_of(APRIL), **manifest)
    assert words in only_refusal(scans.scan(SOURCE), reason)
    assert scans.archive.held() == set()


def test_coverage_is_declared_and_never_inferred() -> None:
    said = Manifest(None, None, Q1, None, None)
    assert coverage_of(SOURCE, Q1, None, "2016-07-01") == coverage_of(SOURCE, None, said, "2016-07-01") == Q1
    assert coverage_of(SOURCE, Q1, said, "2016-06-29") == Q1, "a sender's clock may be a day ahead"
    with pytest.raises(DeliveryFault, match="after 2016-06-28"):
        coverage_of(SOURCE, Q1, said, "2016-06-28")
    check_days(Q1, frozenset())
    check_days(Q1, {"2016-03-31", "2016-06-30"})
    with pytest.raises(DeliveryFault, match="no row of the days"):
        check_days(Q1, {"2016-03-31", "2016-07-01"})


def test_dates_in_the_order_of_the_register(scans: Scans) -> None:
    put(scans, name(("2016-04-01", "2016-04-30")), csv_of(rows("02/04/2016")))
    only_refusal(scans.scan(SOURCE, Terms(date_order="MDY")), "coverage")
    assert len(scans.scan(SOURCE, Terms(date_order="DMY")).accepted) == 1


def test_a_partners_file_has_a_limit_of_size(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "PARTNER_LIMIT", 200)
    for form in FORMS:
        put(scans, *FORMS[form](rows(*["2016-04-01"] * 9)))
    refused = scans.scan(SOURCE).refused
    assert [refusal.reason for refusal in refused] == ["size"] * 3
    assert scans.archive.held() == set()
    monkeypatch.undo()
    monkeypatch.setattr(registration, "ROWS_LIMIT", 8)
    put(scans, name(ending=".csv.gz"), gzipped(csv_of(rows(*["2016-04-01"] * 9, variant=1))))
    put(scans, name(), csv_of(rows(*["2016-04-01"] * 8)))
    found = scans.scan(SOURCE)
    assert [receipt.rows for receipt in found.accepted if receipt.form == "csv"] == [8]
    assert [refusal.message.partition(": ")[2] for refusal in found.refused if "rows" in refusal.message] == [
        "holds more than 8 rows; deliver it in parts, each for its own days"
    ]


def test_one_bad_file_holds_back_no_other(scans: Scans) -> None:
    put(scans, name(), csv_of(APRIL))
    put(scans, name(("2015-04-01", "2015-06-30")), b"x")
    put(scans, "notes.txt", b"x")
    found = scans.scan(SOURCE)
    assert (len(found.accepted), sorted(refusal.reason for refusal in found.refused)) == (1, ["header", "name"])


# --- precedence -------------------------------------------------------------------------------------------------------


def test_a_later_full_extract_replaces_and_the_older_one_stays_archived(scans: Scans) -> None:
    first, second = csv_of(APRIL), csv_of(rows("2016-04-01", "2016-07-02"))
    put(scans, name(), first)
    scans.scan(SOURCE)
    put(scans, name(("2016-04-01", "2016-07-31")), second)
    assert [receipt.sha256 for receipt in scans.scan(SOURCE).accepted] == [sha(second)]
    assert raw(scans) == [(sha(second), "2016-04-01/2016-07-31")]
    assert scans.archive.held() == {sha(first), sha(second)}
    row = delivered_table(scans.archive.receipts(), SOURCE).iloc[0]
    assert (row["versions"], row["replaces_until"], row["form"]) == (2, "2016-06-30", "csv")
    assert [one.receipt.sha256 for one in previously(scans.archive.receipts())] == [sha(first)]
    again = scans.scan(SOURCE)
    assert (again.accepted, again.repeated) == ([], 2)


def test_a_correction_of_a_month(scans: Scans) -> None:
    whole, may = csv_of(APRIL), excel_of(rows("2016-05-16"))
    put(scans, name(), whole)
    scans.scan(SOURCE)
    put(scans, name(("2016-05-01", "2016-05-31"), ".xlsx"), may)
    scans.scan(SOURCE)
    assert raw(scans) == [
        (sha(whole), "2016-04-01/2016-04-30 2016-06-01/2016-06-30"),
        (sha(may), "2016-05-01/2016-05-31"),
    ]
    frame = delivered_table(scans.archive.receipts(), SOURCE)
    assert frame["form"].tolist() == ["csv", "xlsx"]
    assert frame["replaces_until"].isna().all()
    assert frame.dtypes.equals(delivered_table([], SOURCE).dtypes)


def test_two_contents_for_the_same_days_without_a_time_are_both_refused(scans: Scans) -> None:
    put(scans, f"a/{name()}", csv_of(APRIL))
    put(scans, f"b/{name(('2016-06-30', '2016-07-31'), '.xlsx')}", excel_of(rows("2016-07-01")))
    put(scans, name(("2016-08-01", "2016-08-31")), csv_of(rows("2016-08-01")))
    found = scans.scan(SOURCE)
    assert [receipt.slot for receipt in found.accepted] == ["2016-08-01/2016-08-31"]
    (refusal,) = found.refused
    assert (refusal.reason, refusal.known) == ("conflict", False)
    for word in ("a/pdas", "b/pdas", "days of 2016-04-01 to 2016-07-31", "keep one", "extracted_at"):
        assert word in refusal.message
    again = scans.scan(SOURCE)
    assert ([refusal.known for refusal in again.refused], again.repeated) == ([True], 1)
    (scans.landing / SOURCE / "a" / name()).unlink()
    assert [receipt.slot for receipt in scans.scan(SOURCE).accepted] == ["2016-06-30/2016-07-31"]


def test_a_conflict_of_many_names_five(scans: Scans) -> None:
    for number in range(9):
        put(scans, f"{number}/{name()}", csv_of(rows("2016-04-01", variant=number)))
    message = only_refusal(scans.scan(SOURCE), "conflict")
    assert "4/pdas_referral" in message
    assert "5/pdas_referral" not in message
    assert "and 4 more" in message


@pytest.mark.parametrize(
    ("first", "second", "accepted"),
    [("2016-08-01", "2016-08-02", 2), ("2016-08-01", None, 0), ("2016-08-01", "2016-08-01T00:00:00Z", 0)],
)
def test_times_of_extraction_settle_it_only_if_they_differ(
    scans: Scans, first: str, second: str | None, accepted: int
) -> None:
    old, new = csv_of(APRIL), csv_of(rows("2016-05-01", variant=1))
    put(scans, f"z/{name()}", old, extracted_at=first)
    put(scans, f"a/{name(('2016-05-01', '2016-06-30'))}", new, extracted_at=second)
    found = scans.scan(SOURCE)
    assert (len(found.accepted), len(found.refused)) == (accepted, 0 if accepted else 1)
    if accepted:
        assert raw(scans) == [(sha(old), "2016-04-01/2016-04-30"), (sha(new), "2016-05-01/2016-06-30")]


def test_the_same_bytes_declared_anew_correct_the_coverage(scans: Scans) -> None:
    data = csv_of(APRIL)
    put(scans, name(), data)
    scans.scan(SOURCE)
    put(scans, name(("2016-04-01", "2016-05-31")), data)
    (receipt,) = scans.scan(SOURCE).accepted
    assert receipt.coverage == ("2016-04-01", "2016-05-31")
    assert raw(scans) == [(sha(data), "2016-04-01/2016-05-31")]
    scans.seen.unlink()
    assert scans.scan(SOURCE).accepted == [], "the older file that still lies there says nothing"
    assert raw(scans) == [(sha(data), "2016-04-01/2016-05-31")]


def test_the_same_bytes_with_two_coverages_at_once_are_a_conflict(scans: Scans) -> None:
    put(scans, name(("2016-04-01", "2016-05-14")), csv_of(APRIL))
    put(scans, name(("2016-05-15", "2016-06-30")), csv_of(APRIL))
    only_refusal(scans.scan(SOURCE), "conflict")


def test_files_without_rows_say_that_nothing_happened(scans: Scans) -> None:
    data = csv_of([])
    months = [("2016-04-01", "2016-04-30"), ("2016-05-01", "2016-05-31")]
    for month in months:
        put(scans, name(month), data)
    assert len(scans.scan(SOURCE).accepted) == 2
    assert raw(scans) == [(sha(data), "/".join(month)) for month in months]
    put(scans, name(("2016-05-01", "2016-05-30")), data)
    put(scans, name(("2016-05-01", "2016-05-29")), data)
    assert [refusal.reason for refusal in scans.scan(SOURCE).refused] == ["conflict"]


def test_an_older_content_holds_again_only_if_a_later_extract_says_so(scans: Scans) -> None:
    old, new = csv_of(APRIL), csv_of(rows("2016-04-01", variant=1))
    put(scans, f"a/{name()}", old, extracted_at="2016-07-10")
    scans.scan(SOURCE)
    put(scans, f"b/{name()}", new, extracted_at="2016-07-20")
    scans.scan(SOURCE)
    put(scans, f"c/{name()}", old)
    assert scans.scan(SOURCE).accepted == []
    assert raw(scans) == [(sha(new), "2016-04-01/2016-06-30")]
    put(scans, f"d/{name()}", old, extracted_at="2016-07-30")
    assert [receipt.sha256 for receipt in scans.scan(SOURCE).accepted] == [sha(old)]
    assert raw(scans) == [(sha(old), "2016-04-01/2016-06-30")]
    assert scans.scan(SOURCE).accepted == []


# --- order ------------------------------------------------------------------------------------------------------------

SPAN = st.tuples(st.integers(0, 4), st.integers(0, 3))
TIME = st.sampled_from([None, "2016-09-01", "2016-09-02", "2016-09-03"])
DRAWN = st.tuples(SPAN, st.integers(0, 2), TIME)


def deliver(scans: Scans, folder: str, drawn: tuple[tuple[int, int], int, str | None], form: str) -> None:
    (first, length), variant, extracted_at = drawn
    start = date(2016, 4, 1) + timedelta(weeks=first)
    coverage = (start.isoformat(), (start + timedelta(days=7 * length + 6)).isoformat())
    data = csv_of(rows(coverage[0], coverage[1], variant=variant))
    file, data = (name(coverage, ".csv.gz"), gzipped(data)) if form == "gz" else (name(coverage), data)
    put(scans, f"{folder}/{file}", data, **({"extracted_at": extracted_at} if extracted_at else {}))


@settings(max_examples=examples(15), deadline=None)
@given(before=st.lists(DRAWN, max_size=2), drawn=st.lists(DRAWN, min_size=1, max_size=5), seed=st.integers(0, 10_000))
def test_order_names_and_forms_in_one_scan_change_nothing(
    before: list[tuple[tuple[int, int], int, str | None]],
    drawn: list[tuple[tuple[int, int], int, str | None]],
    seed: int,
) -> None:
    chance = random.Random(seed)
    results = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            scans = Scans(Path(folder))
            for number, one in enumerate(before):
                deliver(scans, f"before-{number}", one, "csv")
                scans.scan(SOURCE)
            numbers = chance.sample(range(100), len(drawn))
            for number, one in zip(numbers, chance.sample(drawn, len(drawn)), strict=True):
                deliver(scans, str(number), one, chance.choice(["csv", "gz"]))
            found = scans.scan(SOURCE)
            receipts = [(r.number, r.slot, r.sha256, r.extracted_at) for r in scans.archive.receipts()]
            refused = sorted((r.slot, r.reason) for r in found.refused)
            results.append((raw(scans), receipts, found.repeated, refused))
            scans.seen.unlink()
            again = scans.scan(SOURCE)
            assert (again.accepted, len(scans.archive.receipts())) == ([], len(receipts)), "nothing new the next time"
    assert results[0] == results[1]


# --- memory -----------------------------------------------------------------------------------------------------------


def test_unchanged_files_are_not_read_again_and_none_waits(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not scans.waits(SOURCE)
    put(scans, *FORMS["xlsx"](APRIL))
    put(scans, name(("2015-04-01", "2015-06-30")), csv_of(APRIL))
    assert scans.waits(SOURCE)
    first = scans.scan(SOURCE)
    assert not scans.waits(SOURCE)
    assert scans.waits(SOURCE, Terms(sheet="Data")), "what the register says of the file has changed"
    monkeypatch.setattr(Candidate, "contents", lambda _: pytest.fail("read again"))
    second = scans.scan(SOURCE)
    assert (second.accepted, second.repeated) == ([], 1)
    assert second.refused == [replace(refusal, known=True) for refusal in first.refused]


def test_lost_memory_and_lost_bytes(scans: Scans) -> None:
    put(scans, *FORMS["xlsx"](APRIL))
    (receipt,) = scans.scan(SOURCE).accepted
    scans.archive.path(receipt.sha256).unlink()
    assert scans.waits(SOURCE)
    scans.seen.unlink()
    found = scans.scan(SOURCE)
    assert (found.accepted, found.repeated) == ([], 1)
    assert scans.archive.verify(receipt.sha256) == "ok"


def test_receipts_of_earlier_versions_are_read(scans: Scans) -> None:
    old = (
        '{"number":1,"source":"neighbourhood","slot":"neighbourhood","force":"","month":"","sha256":"ab","size":1,"rows":1,'
        '"header":["a"],"form":"csv","name":"reference/neighbourhood.csv","extracted_at":null,"coverage":null,'
        '"received_at":"2016-05-10T06:30:00.000000Z"}\n'
    )
    (scans.archive.root / "receipts.jsonl").write_text(old)
    put(scans, name(), csv_of(APRIL))
    assert [receipt.number for receipt in scans.scan(SOURCE).accepted] == [2]
    assert len(delivered_table(scans.archive.receipts(), "neighbourhood")) == 1


# --- pulls ------------------------------------------------------------------------------------------------------------


class Database:
    """A SQLite database of a partner's, and the terms under which it is pulled."""

    def __init__(self, folder: Path):
        self.path = folder / "partner.sqlite"
        self.fill(APRIL)

    def fill(self, table: list[list[str]], header: Sequence[str] = tuple(COLUMNS)) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute("DROP TABLE IF EXISTS referral")
            connection.execute(f"CREATE TABLE referral ({', '.join(header)})")
            connection.executemany(f"INSERT INTO referral VALUES ({', '.join('?' * len(header))})", table)

    def terms(self, query: str = "SELECT * FROM referral", coverage: tuple[str, str] | None = Q1) -> Terms:
        return Terms(pull=Pull(f"sqlite:///{self.path}", query, coverage))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path)


def test_a_pull_is_a_delivery(scans: Scans, database: Database) -> None:
    (receipt,) = scans.scan(SOURCE, database.terms()).accepted
    assert (receipt.name, receipt.form, receipt.coverage, receipt.rows) == (f"pull:{SOURCE}", "csv", Q1, 3)
    assert receipt.extracted_at is not None
    assert receipt.extracted_at <= receipt.received_at
    assert scans.archive.path(receipt.sha256).read_bytes() == csv_of(sorted(APRIL))
    assert raw(scans) == [(receipt.sha256, "2016-04-01/2016-06-30")]


def test_a_pull_that_brings_the_same_is_no_delivery(scans: Scans, database: Database) -> None:
    scans.scan(SOURCE, database.terms())
    database.fill(APRIL[::-1])
    for _ in range(2):
        again = scans.scan(SOURCE, database.terms())
        assert (again.accepted, again.repeated, again.refused) == ([], 1, [])
    assert len(scans.archive.receipts()) == 1
    database.fill(APRIL[:2])
    (receipt,) = scans.scan(SOURCE, database.terms()).accepted
    assert (receipt.rows, len(scans.archive.receipts())) == (2, 2)
    database.fill(APRIL)
    assert [receipt.rows for receipt in scans.scan(SOURCE, database.terms()).accepted] == [3], "it holds again"
    assert [one.receipt.rows for one in counting(scans.archive.receipts())] == [3]


def test_files_and_pulls_take_turns(scans: Scans, database: Database) -> None:
    scans.scan(SOURCE, database.terms())
    put(scans, name(("2016-05-01", "2016-05-31")), csv_of(rows("2016-05-02")))
    scans.scan(SOURCE, database.terms())
    assert [spans for _, spans in raw(scans)] == [
        "2016-04-01/2016-04-30 2016-06-01/2016-06-30",
        "2016-05-01/2016-05-31",
    ]
    database.fill(rows("2016-04-01", variant=1))
    scans.scan(SOURCE, database.terms())
    assert [spans for _, spans in raw(scans)] == ["2016-04-01/2016-06-30"]


def test_a_failed_pull_is_a_refusal_and_holds_back_no_file(scans: Scans, database: Database) -> None:
    put(scans, name(), csv_of(APRIL))
    terms = database.terms(f"SELECT '{CANARY}' FROM nowhere")
    found = scans.scan(SOURCE, terms)
    assert len(found.accepted) == 1
    (refusal,) = found.refused
    assert (refusal.name, refusal.source, refusal.reason, refusal.known) == (f"pull:{SOURCE}", SOURCE, "pull", False)
    assert CANARY not in refusal.message
    assert "\n" not in refusal.message
    assert [refusal.known for refusal in scans.scan(SOURCE, terms).refused] == [True], "told once a day"
    tomorrow = Archive(scans.archive.root, now=lambda: datetime.now(UTC) + timedelta(days=1))
    later = register(SOURCE, Landing(scans.landing), tomorrow, scans.seen, terms)
    assert [refusal.known for refusal in later.refused] == [False]


@pytest.mark.parametrize(
    ("table", "header", "coverage", "reason", "words"),
    [
        ([[*row, CANARY] for row in APRIL], [*COLUMNS, "surname"], Q1, "header", "'surname'; correct the query"),
        ([row[1:] for row in APRIL], COLUMNS[1:], Q1, "header", "missing columns 'referral_key'; correct the query"),
        (rows("2015-04-01"), COLUMNS, Q1, "coverage", "no row of the days"),
        (APRIL, COLUMNS, ("2016-04-01", "2099-01-01"), "coverage", "nobody can know"),
        ([["Total", *[""] * 7]], COLUMNS, Q1, "totals", "row of totals"),
    ],
)
def test_a_pull_is_judged_as_a_file(
    scans: Scans,
    database: Database,
    table: list[list[str]],
    header: list[str],
    coverage: tuple[str, str],
    reason: str,
    words: str,
) -> None:
    database.fill(table, header)
    assert words in only_refusal(scans.scan(SOURCE, database.terms(coverage=coverage)), reason)
    assert scans.archive.held() == set()


def test_a_pull_and_a_file_for_the_same_days_in_one_scan(scans: Scans, database: Database) -> None:
    path = put(scans, name(), csv_of(rows("2016-04-02")))
    only_refusal(scans.scan(SOURCE, database.terms()), "conflict")
    put_manifest(path, extracted_at="2016-07-10")
    found = scans.scan(SOURCE, database.terms())
    assert (len(found.accepted), found.refused) == (2, [])
    assert [one.receipt.name for one in counting(scans.archive.receipts())] == [f"pull:{SOURCE}"]


def test_a_query_never_shows(scans: Scans, database: Database) -> None:
    assert "referral" not in repr(database.terms().pull)
    assert "sqlite" not in repr(database.terms())
