from __future__ import annotations

import gzip
import hashlib
import os
import random
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.raw.registration import (
    RULES,
    Registration,
    Terms,
    current,
    delivered_table,
    previous,
    register,
    unclaimed,
    waiting,
)
from expectations.contracts import TABLES
from resources.archive import Archive, ArchiveError, Receipt, Staged
from resources.landing import Candidate, Landing, LandingError
from tests.campaign import examples
from tests.paths import need_real
from tests.raw import CANARY, HEADER, gzipped, put, put_manifest, street, street_name, zipped

SLOT = "devon-and-cornwall/2016-04"
NAME = street_name("2016-04")


class Scans:
    """A landing folder, an archive and a memory in one folder."""

    def __init__(self, folder: Path, link_roots: Iterable[Path] = ()):
        self.landing = folder / "landing"
        self.seen = folder / "seen.json"
        self.landing.mkdir()
        self._link_roots = list(link_roots)
        self._folder = folder

    @property
    def archive(self) -> Archive:
        return Archive(self._folder / "archive")

    def scan(self, source: str = "police_street", terms: Terms | None = None) -> Registration:
        return register(source, Landing(self.landing, self._link_roots), self.archive, self.seen, terms)

    def waits(self, source: str, terms: Terms | None = None) -> bool:
        return waiting(source, Landing(self.landing, self._link_roots), self.archive, self.seen, terms)

    def now(self) -> dict[str, str]:
        return {slot: receipt.sha256 for slot, receipt in current(self.archive.receipts()).items()}

    def put(self, name: str, data: bytes, **manifest: object) -> Path:
        path = put(self.landing, name, data)
        if manifest:
            put_manifest(path, **manifest)
        return path

    def put_table(self, name: str, text: str) -> Path:
        path = self.landing / "reference" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return path


@pytest.fixture
def scans(tmp_path: Path) -> Scans:
    return Scans(tmp_path)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def only_refusal(found: Registration, reason: str) -> str:
    """The message of the one refusal; fails if it is no single line, lacks the file's name, or tells of a row."""
    assert found.accepted == []
    (refusal,) = found.refused
    assert refusal.reason == reason
    assert "\n" not in refusal.message
    assert refusal.message.startswith(refusal.name)
    assert len(refusal.message) < 500
    assert CANARY not in refusal.message
    return refusal.message


# --- good deliveries --------------------------------------------------------------------------------------------------

FORMS: dict[str, Callable[[str, bytes], tuple[str, bytes]]] = {
    "flat": lambda month, data: (street_name(month), data),
    "tree": lambda month, data: (f"{month}/{street_name(month)}", data),
    "gz": lambda month, data: (f"{street_name(month)}.gz", gzipped(data)),
    "zip": lambda month, data: (f"{month}.zip", zipped({f"{month}/{street_name(month)}": data})),
    "gz in zip": lambda month, data: ("all.zip", zipped({f"{street_name(month)}.gz": gzipped(data)})),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_gives_the_same_receipt(scans: Scans, form: str) -> None:
    data = street("2016-04", 40, end="\r\n")
    scans.put(*FORMS[form]("2016-04", data))
    found = scans.scan()
    (receipt,) = found.accepted
    assert (found.repeated, found.refused, found.ignored, found.notes) == (0, [], 0, [])
    assert (receipt.slot, receipt.force, receipt.month) == (SLOT, "devon-and-cornwall", "2016-04")
    assert (receipt.sha256, receipt.size, receipt.rows) == (sha(data), len(data), 40)
    assert receipt.coverage == ("2016-04-01", "2016-04-30")
    assert receipt.extracted_at is None
    assert scans.archive.path(sha(data)).read_bytes() == data


def test_all_forms_together_are_one_delivery(scans: Scans) -> None:
    data = street("2016-04")
    for form in FORMS.values():
        scans.put(*form("2016-04", data))
    found = scans.scan()
    assert (len(found.accepted), found.repeated, found.refused) == (1, len(FORMS) - 1, [])
    again = scans.scan()
    assert (again.accepted, again.repeated, again.refused) == ([], len(FORMS), [])
    assert len(scans.archive.receipts()) == 1


def test_same_content_in_another_form_later_is_no_new_version(scans: Scans) -> None:
    data = street("2016-04")
    for count, form in enumerate(FORMS.values()):
        scans.put(*form("2016-04", data))
        found = scans.scan()
        assert (len(found.accepted), found.repeated) == ((1, 0) if count == 0 else (0, count + 1))
    assert len(scans.archive.receipts()) == 1


def test_byte_order_mark_and_line_ends_are_part_of_the_content(scans: Scans) -> None:
    scans.put(NAME, b"\xef\xbb\xbf" + street("2016-04", end="\r\n"))
    scans.put(street_name("2016-05"), street("2016-05") + street("2016-05", end="\r\n").split(b"\n", 1)[1])
    found = scans.scan()
    assert [receipt.header for receipt in found.accepted] == [tuple(HEADER.split(","))] * 2
    assert [receipt.rows for receipt in found.accepted] == [3, 6]
    assert found.notes == ["police_street: 1 files mix the line ends CRLF and LF; they are read as they are"]
    assert scans.scan().notes == found.notes


def test_zip_with_other_kinds_of_record(scans: Scans) -> None:
    months = {f"2016-{n:02d}": street(f"2016-{n:02d}") for n in range(1, 13)}
    members = {f"{month}/{street_name(month)}": data for month, data in months.items()}
    members |= {f"{month}/{month}-devon-and-cornwall-outcomes.csv": b"Crime ID\n" for month in months}
    members |= {f"{month}/{month}-devon-and-cornwall-stop-and-search.csv": b"Type\n" for month in months}
    scans.put("latest.zip", zipped(members))
    found = scans.scan()
    assert [(receipt.month, receipt.sha256) for receipt in found.accepted] == [(m, sha(d)) for m, d in months.items()]
    assert (found.refused, found.ignored) == ([], 24)
    again = scans.scan()
    assert (again.accepted, again.repeated, again.ignored) == ([], 12, 24)


def test_one_bad_file_holds_back_no_other(scans: Scans) -> None:
    scans.put(NAME, street("2016-04"))
    scans.put("x.zip", zipped({street_name("2016-05"): street("2016-05"), street_name("2016-06"): b""}))
    found = scans.scan()
    assert [receipt.month for receipt in found.accepted] == ["2016-04", "2016-05"]
    assert [(refusal.name, refusal.reason) for refusal in found.refused] == [
        (f"police_street/x.zip!{street_name('2016-06')}", "empty")
    ]


TABLES_DELIVERED = {
    "neighbourhood": "neighbourhood_code,name\nN1,North\nN2,South\n",
    "lsoa_neighbourhood": "lsoa_code,lsoa_vintage,neighbourhood_code,weight\nE01000001,2011,N1,1\n",
    "population": "area_code,area_type,mid_year,persons,households,vintage\nN1,neighbourhood,2016,10,,mid-2016\n",
}


@pytest.mark.parametrize("source", TABLES_DELIVERED)
def test_reference_tables(scans: Scans, source: str) -> None:
    scans.put_table(f"{source}.csv", TABLES_DELIVERED[source])
    (receipt,) = scans.scan(source).accepted
    assert (receipt.source, receipt.slot, receipt.force, receipt.month) == (source, source, "", "")
    assert receipt.rows == TABLES_DELIVERED[source].count("\n") - 1
    assert scans.scan(source).repeated == 1
    assert scans.scan().accepted == []


def test_reference_columns_come_in_any_order_and_households_may_be_absent(scans: Scans) -> None:
    scans.put_table("population/p.csv", 'vintage,persons,mid_year,area_type,area_code\n"mid-2016, rev",1,2016,city,X\n')
    (receipt,) = scans.scan("population").accepted
    assert receipt.header == ("vintage", "persons", "mid_year", "area_type", "area_code")


# --- bad deliveries ---------------------------------------------------------------------------------------------------

BAD = {
    "no bytes": (b"", "empty", "deliver"),
    "header only": (street("2016-04", 0), "header_only", "no rows"),
    "renamed": (street("2016-04", header=HEADER.replace("Crime type", "Offence")), "header", "'Crime type'.*'Offence'"),
    "extra": (street("2016-04", header=HEADER + ",surname"), "header", "unknown columns 'surname'; remove it"),
    "missing": (street("2016-04", header=HEADER.replace(",Context", "")), "header", "missing columns 'Context'"),
    "twice": (street("2016-04", header=HEADER.replace("Context", "Month")), "header", "repeated columns 'Month'"),
    "reordered": (
        street("2016-04", header=HEADER.replace("Longitude,Latitude", "Latitude,Longitude")),
        "header",
        "columns out of order 'Latitude', 'Longitude'",
    ),
    "no header": (street("2016-04").split(b"\n", 1)[1], "header", "does not begin with the header.*Crime ID, Month"),
    "semicolons": (street("2016-04").replace(b",", b";"), "header", "separated by semicolons"),
    "web page": (b"<!DOCTYPE html>\n<p>Not found</p>\n", "header", "does not begin with the header"),
    "2012": (
        b"Month,Reported by,Falls within,Easting,Northing,Location,Crime type,Context\n"
        + f"2016-04,A,A,1,2,On or near {CANARY},Burglary,\n".encode(),
        "layout_2012",
        "no Crime ID and no LSOA.*nor be placed",
    ),
    "wrong month": (street("2016-03"), "wrong_month", "holds 2016-03 and is named 2016-04"),
    "no month": (street("2016-04").replace(b",2016-04,", b",April,"), "wrong_month", "no month"),
    "binary": (bytes(range(256)) * 64, "binary", "CSV UTF-8"),
    "gzip named csv": (gzipped(street("2016-04")), "binary", "name it rightly"),
    "latin-1": (street("2016-04", 9).replace(b"near", b"n\xe9ar"), "not_utf8", "line 2"),
    "long line": (street("2016-04") + b"x" * (3 << 20), "long_line", "1 MiB"),
    "cut in a row": (street("2016-04", 5)[:-60], "truncated", "middle of row 5"),
    "cr alone": (street("2016-04", end="\r"), "line_ends", "CRLF or LF"),
}


@pytest.mark.parametrize("fault", BAD)
@pytest.mark.parametrize("form", ["flat", "gz", "zip"])
def test_bad_content_is_refused_in_one_line_in_every_form(scans: Scans, fault: str, form: str) -> None:
    data, reason, words = BAD[fault]
    scans.put(*FORMS[form]("2016-04", data))
    message = only_refusal(scans.scan(), reason)
    assert re.search(words, message)
    assert scans.archive.held() == set(), "nothing refused is archived"
    assert CANARY not in (scans.seen.read_text() + (scans.archive.root / "refusals.jsonl").read_text())


@pytest.mark.parametrize(
    ("name", "data", "reason", "words"),
    [
        (f"{NAME}.gz", gzipped(street("2016-04", 900))[:-900], "truncated", "copy the whole file again"),
        ("x.zip", zipped({NAME: street("2016-04", 900)})[:-40], "truncated", "copy the whole file again"),
        ("x.zip", zipped({"more.zip": b""}), "nested", "by itself"),
        ("x.zip", zipped({f"../{NAME}": b""}), "path", "without it"),
        (f"{NAME}.gz", gzipped(street("2016-04") + b"," * (12 << 20)), "long_line", "1 MiB"),
        (f"{NAME}.gz", gzipped(street("2016-04", 2) + (b"y" * 99_999 + b"\n") * 300), "bomb", "unpacked"),
        ("2016-04.xlsx", b"PK", "xlsx", "save it as CSV"),
        ("April.csv", street("2016-04"), "name", "YYYY-MM-<force>-street.csv"),
        (f"{NAME}.manifest.json", b"{}", "manifest", "no data file"),
    ],
)
def test_bad_files_are_refused_in_one_line(scans: Scans, name: str, data: bytes, reason: str, words: str) -> None:
    scans.put(name, data)
    assert words in only_refusal(scans.scan(), reason)


def test_bytes_of_one_month_under_the_name_of_another(scans: Scans) -> None:
    scans.put(NAME, street("2016-04"))
    scans.put(street_name("2016-05"), street("2016-04"))
    found = scans.scan()
    assert [receipt.month for receipt in found.accepted] == ["2016-04"]
    assert [(refusal.reason, refusal.slot) for refusal in found.refused] == [
        ("wrong_month", "devon-and-cornwall/2016-05")
    ]


@pytest.mark.parametrize("first", [b"broken,row\n", street("2016-03", 1).split(b"\n", 1)[1]])
def test_single_bad_rows_are_left_to_the_quarantine(scans: Scans, first: bytes) -> None:
    header, rows = street("2016-04").split(b"\n", 1)
    scans.put(NAME, header + b"\n" + first + rows)
    assert [receipt.rows for receipt in scans.scan().accepted] == [4]


def test_file_names_cannot_break_the_line(scans: Scans) -> None:
    scans.put("a\nb\x1b[31m.csv", b"x")
    os.rename(scans.put("c.csv", b"x"), os.fsencode(scans.landing) + b"/police_street/\xff.csv")  # noqa: PTH104
    for refusal in scans.scan().refused:
        assert refusal.message.isprintable()
        refusal.message.encode("utf-8")
    assert [refusal.known for refusal in scans.scan().refused] == [True, True]


@pytest.mark.parametrize(
    ("source", "text", "words"),
    [
        (
            "population",
            "area_code,area_type,mid_year,persons,vintage,surname\n1,2,3,4,5,6\n",
            "unknown columns 'surname'",
        ),
        ("population", "area_code,area_type,mid_year,persons\n1,2,3,4\n", "missing columns 'vintage'"),
        (
            "population",
            "area_code,area_type,mid_year,persons,vintage,persons\n1,2,3,4,5,6\n",
            "repeated columns 'persons'",
        ),
        ("neighbourhood", "code,title\nN1,North\n", "does not begin with the header"),
        ("neighbourhood", "neighbourhood_code\tname\nN1\tNorth\n", "separated by tabs"),
    ],
)
def test_reference_headers(scans: Scans, source: str, text: str, words: str) -> None:
    scans.put_table(f"{source}.csv", text)
    assert words in only_refusal(scans.scan(source), "header")


def test_unknown_columns_are_named_in_short(scans: Scans) -> None:
    names = ",".join(f"column {n} {'x' * 100}" for n in range(30))
    scans.put(NAME, street("2016-04", header=f"{HEADER},{names}"))
    assert "and 25 more" in only_refusal(scans.scan(), "header")


def test_missing_landing(tmp_path: Path) -> None:
    with pytest.raises(LandingError):
        register("police_street", Landing(tmp_path / "no"), Archive(tmp_path / "archive"), tmp_path / "seen.json")


def test_links(tmp_path: Path) -> None:
    published = tmp_path / "published"
    published.mkdir()
    (published / NAME).write_bytes(street("2016-04"))
    (tmp_path / "elsewhere.csv").write_bytes(street("2016-05"))
    scans = Scans(tmp_path, [published])
    (scans.landing / "police_street").symlink_to(published)
    (published / street_name("2016-05")).symlink_to(tmp_path / "elsewhere.csv")
    found = scans.scan()
    assert [receipt.month for receipt in found.accepted] == ["2016-04"]
    assert [refusal.reason for refusal in found.refused] == ["symlink"]


def test_strays_and_registers(scans: Scans) -> None:
    scans.put_table("priority_set.csv", "x\n")
    (scans.landing / "crime.csv").write_text("x\n")
    found = unclaimed(Landing(scans.landing), scans.archive)
    assert [(refusal.name, refusal.reason, refusal.known) for refusal in found.refused] == [
        ("crime.csv", "name", False)
    ]
    assert found.ignored == 1
    assert found.notes[0].startswith("reference/priority_set.csv: is a register")
    assert unclaimed(Landing(scans.landing), scans.archive).refused[0].known


# --- manifests --------------------------------------------------------------------------------------------------------


def test_manifest_is_verified_and_kept(scans: Scans) -> None:
    data = street("2016-04")
    scans.put(
        NAME,
        data,
        source="police_street",
        sha256=sha(data),
        row_count=3,
        extracted_at="2016-05-10T06:00:00Z",
        coverage_start="2016-01-01",
        coverage_end="2016-04-30",
    )
    (receipt,) = scans.scan().accepted
    assert receipt.extracted_at == "2016-05-10T06:00:00.000000Z"
    assert receipt.coverage == ("2016-04-01", "2016-04-30")


def test_hash_may_be_of_the_delivered_or_of_the_uncompressed_bytes(scans: Scans) -> None:
    april, may = street("2016-04"), street("2016-05")
    scans.put(f"{NAME}.gz", gzipped(april), sha256=sha(april))
    scans.put(f"{street_name('2016-05')}.gz", gzipped(may), sha256=sha(gzipped(may)))
    packed = zipped({f"2016-{n:02d}-a-street.csv": street(f"2016-{n:02d}", 5) for n in (6, 7)})
    scans.put("x.zip", packed, sha256=sha(packed), row_count=10, extracted_at="2016-09-01")
    found = scans.scan()
    assert found.refused == []
    assert [receipt.extracted_at for receipt in found.accepted] == ["2016-09-01T00:00:00.000000Z"] * 2 + [None] * 2


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ({"sha256": "0" * 64}, "another sha256"),
        ({"row_count": 4}, "has 3 rows and its manifest says 4"),
        ({"source": "pdas_referral"}, "another source than police_street"),
        ({"coverage_start": "2016-04-01", "coverage_end": "2016-04-29"}, "leaves out part of 2016-04"),
        ({"full_or_delta": "delta"}, "only full extracts"),
    ],
)
@pytest.mark.parametrize("form", ["flat", "gz", "zip"])
def test_manifest_that_disagrees(scans: Scans, manifest: dict[str, object], words: str, form: str) -> None:
    name, data = FORMS[form]("2016-04", street("2016-04"))
    scans.put(name, data, **manifest)
    assert words in only_refusal(scans.scan(), "manifest")
    assert scans.archive.held() == set()


def test_manifest_that_is_no_json(scans: Scans) -> None:
    path = scans.put(NAME, street("2016-04"))
    manifest = path.with_name(f"{NAME}.manifest.json")
    manifest.write_text("{")
    only_refusal(scans.scan(), "manifest")
    manifest.write_text("{}")
    assert len(scans.scan().accepted) == 1


def test_coverage_of_a_reference_table_is_what_its_manifest_says(scans: Scans) -> None:
    path = scans.put_table("neighbourhood.csv", TABLES_DELIVERED["neighbourhood"])
    put_manifest(path, coverage_start="2015-04-01", coverage_end="2016-03-31")
    (receipt,) = scans.scan("neighbourhood").accepted
    assert receipt.coverage == ("2015-04-01", "2016-03-31")


# --- versions ---------------------------------------------------------------------------------------------------------


def test_changed_content_is_a_new_version_and_the_old_one_stays(scans: Scans) -> None:
    first, second = street("2016-04"), street("2016-04", variant=1)
    path = scans.put(NAME, first)
    scans.scan()
    path.write_bytes(second)
    found = scans.scan()
    assert [receipt.number for receipt in found.accepted] == [2]
    assert scans.now() == {SLOT: sha(second)}
    assert previous(scans.archive.receipts())[SLOT].sha256 == sha(first)
    assert scans.archive.held() == {sha(first), sha(second)}


def test_a_new_content_beside_a_known_one_is_a_new_version(scans: Scans) -> None:
    scans.put(NAME, street("2016-04"))
    scans.scan()
    scans.put(f"again/{NAME}", street("2016-04", variant=1))
    found = scans.scan()
    assert (len(found.accepted), found.repeated, found.refused) == (1, 1, [])
    assert scans.now() == {SLOT: sha(street("2016-04", variant=1))}
    assert scans.scan().accepted == []


def test_two_new_contents_without_a_time_are_both_refused(scans: Scans) -> None:
    scans.put(f"a/{NAME}", street("2016-04"))
    scans.put(f"b/{NAME}.gz", gzipped(street("2016-04", variant=1)))
    scans.put(street_name("2016-05"), street("2016-05"))
    found = scans.scan()
    assert [receipt.month for receipt in found.accepted] == ["2016-05"]
    (refusal,) = found.refused
    assert (refusal.reason, refusal.slot, refusal.known) == ("conflict", SLOT, False)
    for word in (f"police_street/a/{NAME}", f"police_street/b/{NAME}.gz", SLOT, "keep one", "extracted_at"):
        assert word in refusal.message
    assert found.repeated == 0
    assert scans.archive.held() == {sha(street("2016-05"))}

    again = scans.scan()
    assert [refusal.known for refusal in again.refused] == [True]
    assert (again.accepted, again.repeated) == ([], 1)

    (scans.landing / "police_street" / "a" / NAME).unlink()
    assert [receipt.sha256 for receipt in scans.scan().accepted] == [sha(street("2016-04", variant=1))]


def test_a_conflict_beside_an_accepted_version_leaves_that_version(scans: Scans) -> None:
    scans.put(NAME, street("2016-04"))
    scans.scan()
    scans.put(f"b/{NAME}", street("2016-04", variant=1))
    scans.put(f"c/{NAME}", street("2016-04", variant=2))
    found = scans.scan()
    assert [refusal.reason for refusal in found.refused] == ["conflict"]
    assert found.repeated == 1
    assert scans.now() == {SLOT: sha(street("2016-04"))}


@pytest.mark.parametrize(
    ("first", "second", "accepted"),
    [("2016-05-10", "2016-06-10", 2), ("2016-05-10", None, 0), ("2016-05-10T01:00:00+01:00", "2016-05-10", 0)],
)
def test_times_of_extraction_settle_it_only_if_all_differ(
    scans: Scans, first: str, second: str | None, accepted: int
) -> None:
    scans.put(f"z/{NAME}", street("2016-04"), extracted_at=first)
    scans.put(f"a/{NAME}", street("2016-04", variant=1), extracted_at=second)
    found = scans.scan()
    assert len(found.accepted) == accepted
    assert len(found.refused) == (0 if accepted else 1)
    if accepted:
        assert scans.now() == {SLOT: sha(street("2016-04", variant=1))}
        assert previous(scans.archive.receipts())[SLOT].sha256 == sha(street("2016-04"))


def test_of_two_copies_the_one_with_the_later_extraction_speaks(scans: Scans) -> None:
    scans.put(f"a/{NAME}", street("2016-04"), extracted_at="2016-05-10")
    scans.put(f"b/{NAME}", street("2016-04"), extracted_at="2016-06-10")
    scans.put(f"c/{NAME}", street("2016-04"))
    found = scans.scan()
    assert [receipt.name for receipt in found.accepted] == [f"police_street/b/{NAME}"]
    assert (found.accepted[0].extracted_at, found.repeated) == ("2016-06-10T00:00:00.000000Z", 2)


def test_receipts_of_one_scan_are_numbered_by_time_of_extraction(scans: Scans) -> None:
    scans.put(f"a/{NAME}", street("2016-04"), extracted_at="2016-05-10")
    scans.put(f"b/{NAME}", street("2016-04"), extracted_at="2016-07-10")
    scans.put(f"c/{NAME}", street("2016-04", variant=1), extracted_at="2016-06-10")
    assert [receipt.extracted_at for receipt in scans.scan().accepted] == [
        "2016-06-10T00:00:00.000000Z",
        "2016-07-10T00:00:00.000000Z",
    ]


def test_an_earlier_extract_that_arrives_later_does_not_count(scans: Scans) -> None:
    scans.put(f"a/{NAME}", street("2016-04"), extracted_at="2016-06-10")
    scans.scan()
    scans.put(f"b/{NAME}", street("2016-04", variant=1), extracted_at="2016-05-10")
    assert len(scans.scan().accepted) == 1
    assert scans.now() == {SLOT: sha(street("2016-04"))}
    assert previous(scans.archive.receipts()) == {}


def test_an_older_content_holds_again_only_if_a_later_extract_says_so(scans: Scans) -> None:
    old, new = street("2016-04"), street("2016-04", variant=1)
    scans.put(f"a/{NAME}", old, extracted_at="2016-05-10")
    scans.scan()
    scans.put(f"b/{NAME}", new, extracted_at="2016-06-10")
    scans.scan()
    scans.put(f"c/{NAME}", old)
    assert scans.scan().accepted == [], "an old file that still lies there says nothing"
    assert scans.now() == {SLOT: sha(new)}
    scans.put(f"d/{NAME}", old, extracted_at="2016-07-10")
    assert [receipt.sha256 for receipt in scans.scan().accepted] == [sha(old)]
    assert scans.now() == {SLOT: sha(old)}
    assert previous(scans.archive.receipts())[SLOT].sha256 == sha(new)
    assert scans.scan().accepted == []


def test_a_later_extract_of_the_same_content_keeps_its_place(scans: Scans) -> None:
    same, other = street("2016-04"), street("2016-04", variant=1)
    scans.put(f"a/{NAME}", same, extracted_at="2016-05-10")
    scans.scan()
    scans.put(f"b/{NAME}", same, extracted_at="2016-07-10")
    found = scans.scan()
    assert (found.accepted, found.repeated) == ([], 2)
    scans.put(f"c/{NAME}", other, extracted_at="2016-06-10")
    scans.scan()
    assert scans.now() == {SLOT: sha(same)}


def receipt(number: int, content: str, extracted_at: str | None, slot: str = SLOT) -> Receipt:
    return Receipt(number, "police_street", slot, "", "", content, 1, 1, (), "csv", "", extracted_at, None, "")


def test_precedence_worked_by_hand() -> None:
    receipts = [
        receipt(1, "a", None),
        receipt(2, "b", "2016-05"),
        receipt(3, "c", "2016-04"),  # extracted before b: never counts
        receipt(4, "d", "2016-05"),  # a tie: the later arrival
        receipt(5, "x", None, "other/2016-04"),
        receipt(6, "e", None),
        receipt(7, "e", "2016-01"),  # the same content again
        receipt(8, "f", "2015-12"),  # extracted before the receipt that counts
    ]
    expected = ["a", "b", "b", "d", "d", "e", "e", "e"]
    before = [None, "a", "a", "b", "b", "d", "d", "d"]
    for count in range(1, len(receipts) + 1):
        for some in (receipts[:count], receipts[:count][::-1]):
            assert current(some)[SLOT].sha256 == expected[count - 1]
            replaced = previous(some).get(SLOT)
            assert (replaced.sha256 if replaced else None) == before[count - 1]
    assert current(receipts)["other/2016-04"].sha256 == "x"
    assert "other/2016-04" not in previous(receipts)


# --- order ------------------------------------------------------------------------------------------------------------

MONTHS = ("2016-04", "2016-05")
DELIVERY = st.tuples(
    st.sampled_from(MONTHS), st.integers(0, 2), st.sampled_from([None, "2016-06-01", "2016-06-02", "2016-06-03"])
)


def deliver(scans: Scans, number: str, delivery: tuple[str, int, str | None], form: str) -> None:
    month, variant, extracted_at = delivery
    name, data = FORMS[form](month, street(month, 2, variant))
    scans.put(f"{number}/{name}", data, **({"extracted_at": extracted_at} if extracted_at else {}))


@settings(max_examples=examples(40), deadline=None)
@given(
    before=st.lists(DELIVERY, max_size=3),
    deliveries=st.lists(DELIVERY, min_size=1, max_size=6),
    seed=st.integers(0, 10_000),
)
def test_order_names_and_forms_in_one_scan_change_nothing(
    before: list[tuple[str, int, str | None]], deliveries: list[tuple[str, int, str | None]], seed: int
) -> None:
    chance = random.Random(seed)
    results = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            scans = Scans(Path(folder))
            for number, delivery in enumerate(before):
                deliver(scans, f"before-{number}", delivery, "flat")
            scans.scan()
            numbers = chance.sample(range(100), len(deliveries))
            for number, delivery in zip(numbers, chance.sample(deliveries, len(deliveries)), strict=True):
                deliver(scans, str(number), delivery, chance.choice(list(FORMS)))
            found = scans.scan()
            receipts = [(r.number, r.slot, r.sha256, r.extracted_at) for r in scans.archive.receipts()]
            results.append((scans.now(), receipts, found.repeated, sorted((r.slot, r.reason) for r in found.refused)))
    assert results[0] == results[1]


@settings(max_examples=examples(15), deadline=None)
@given(st.permutations(range(4)), st.integers(0, 3))
def test_declared_times_count_whatever_the_order_of_arrival(order: list[int], together: int) -> None:
    """Four extracts of a month, the third with the bytes of the first; arriving one by one, or some in one scan."""
    with tempfile.TemporaryDirectory() as folder:
        scans = Scans(Path(folder))
        for place, number in enumerate(order):
            data = street("2016-04", 2, variant=0 if number == 2 else number)
            scans.put(f"{number}/{NAME}", data, extracted_at=f"2016-06-0{number + 1}")
            if place >= together:
                scans.scan()
        scans.scan()
        assert scans.now() == {SLOT: sha(street("2016-04", 2, variant=3))}


def test_current_of_declared_receipts_is_the_latest_extract() -> None:
    times = ["2016-05", "2016-06", "2016-07", "2016-08"]
    for order in permutations(range(4)):
        receipts = [receipt(n, f"content {index}", times[index]) for n, index in enumerate(order, 1)]
        assert current(receipts)[SLOT].sha256 == "content 3"


# --- memory -----------------------------------------------------------------------------------------------------------


def messy(scans: Scans) -> None:
    scans.put(NAME, street("2016-04"), extracted_at="2016-05-10")
    scans.put(
        "x.zip", zipped({street_name("2016-05"): street("2016-05"), "2016-05-a-outcomes.csv": b"", "readme": b""})
    )
    scans.put("2016-07-a-outcomes.csv", b"x")
    scans.put(street_name("2016-06"), street("2016-03"))
    scans.put("notes.txt", b"x")
    scans.put(f"a/{street_name('2016-08')}", street("2016-08") + street("2016-08", end="\r\n").split(b"\n", 1)[1])
    scans.put(f"b/{street_name('2016-08')}", street("2016-08", variant=1))


@pytest.mark.parametrize("damage", ["lost", "not json", "another shape", "old rules"])
def test_lost_memory_changes_nothing(scans: Scans, damage: str) -> None:
    messy(scans)
    first = scans.scan()
    assert [refusal.known for refusal in first.refused] == [False] * 4
    remembered = scans.scan()
    assert remembered.refused == [replace(refusal, known=True) for refusal in first.refused]
    if damage == "lost":
        scans.seen.unlink()
    elif damage == "not json":
        scans.seen.write_bytes(b'{"police_street": ')
    elif damage == "another shape":
        scans.seen.write_text('{"police_street": {"rules": [], "files": [1, 2]}, "population": 3}')
    else:
        older = scans.seen.read_text().replace(f'"rules":[{RULES},', '"rules":[0,')
        assert older != scans.seen.read_text()
        scans.seen.write_text(older)
    assert scans.scan() == remembered
    assert len(scans.archive.receipts()) == 2


def test_unchanged_files_are_not_read_again(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    scans.put(NAME, street("2016-04"))
    scans.put("x.zip", zipped({street_name("2016-05"): street("2016-05")}))
    scans.put(street_name("2016-06"), street("2016-03"))
    first = scans.scan()

    def fail(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(Candidate, "contents", fail)
    second = scans.scan()
    assert (second.accepted, second.repeated) == ([], 2)
    assert second.refused == [replace(refusal, known=True) for refusal in first.refused]
    path = scans.put(NAME, street("2016-04", variant=1))
    os.utime(path, ns=(0, 0))
    with pytest.raises(AssertionError, match="read again"):
        scans.scan()


def test_new_rules_judge_every_file_again(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    scans.put(NAME, street("2016-03"))
    assert scans.scan().refused[0].slot == SLOT
    monkeypatch.setattr("assets.raw.registration.RULES", RULES + 1)
    monkeypatch.setattr("assets.raw.registration.content_check", lambda *_: lambda *_: None)
    found = scans.scan()
    assert (len(found.accepted), found.refused) == (1, [])


def test_a_new_file_under_a_refused_name_is_a_new_refusal(scans: Scans) -> None:
    path = scans.put(NAME, street("2016-03"))
    scans.scan()
    path.write_bytes(street("2016-02"))
    os.utime(path, ns=(0, 0))
    (refusal,) = scans.scan().refused
    assert not refusal.known
    assert "2016-02" in refusal.message


def test_memory_of_sources_is_kept_apart(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    scans.put(NAME, street("2016-04"))
    scans.put_table("neighbourhood.csv", TABLES_DELIVERED["neighbourhood"])
    scans.scan()
    scans.scan("neighbourhood")
    monkeypatch.setattr(Candidate, "contents", lambda _: pytest.fail("read again"))
    assert scans.scan().repeated == scans.scan("neighbourhood").repeated == 1


def test_memory_without_archive_is_not_believed(scans: Scans, tmp_path: Path) -> None:
    scans.put(NAME, street("2016-04"))
    scans.scan()
    shutil.rmtree(tmp_path / "archive")
    assert len(scans.scan().accepted) == 1


def test_lost_bytes_are_put_back_from_landing(scans: Scans) -> None:
    scans.put(NAME, street("2016-04"))
    (receipt,) = scans.scan().accepted
    scans.archive.path(receipt.sha256).unlink()
    found = scans.scan()
    assert (found.accepted, found.repeated) == ([], 1)
    assert scans.archive.verify(receipt.sha256) == "ok"


def test_memory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    scans = Scans(tmp_path)
    scans.seen = tmp_path / "no folder" / "seen.json"
    scans.put(NAME, street("2016-04"))
    found = scans.scan()
    assert len(found.accepted) == 1
    assert found.notes == [
        "seen.json cannot be written (no such file or directory): the next refresh reads all files anew"
    ]


def test_a_file_that_changes_while_it_is_read_is_tried_again(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    path = scans.put(NAME, street("2016-04"))
    stage = Archive.stage

    def grow(archive: Archive, pieces: Iterable[bytes], check: Callable[..., None]) -> Staged:
        staged = stage(archive, pieces, check)
        with path.open("ab") as file:
            file.write(street("2016-04", 1, variant=9).split(b"\n", 1)[1])
        return staged

    monkeypatch.setattr(Archive, "stage", grow)
    assert "tried again" in only_refusal(scans.scan(), "changing")
    assert scans.archive.held() == set()
    monkeypatch.undo()
    assert [receipt.rows for receipt in scans.scan().accepted] == [4]


def test_an_unreadable_file_is_tried_again(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    path = scans.put(NAME, street("2016-04"))
    open_path = Path.open

    def refuse(self: Path, *args: object, **kwargs: object) -> object:
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return open_path(self, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    assert "permission denied" in only_refusal(scans.scan(), "unreadable")
    assert scans.scan().refused[0].known
    monkeypatch.undo()
    assert len(scans.scan().accepted) == 1


def test_disk_full_loses_nothing_and_the_next_scan_goes_on(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    scans.put(NAME, street("2016-04"))
    kept = scans.scan().accepted
    for month in MONTHS[1:]:
        scans.put(street_name(month), street(month))

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device", str(scans.landing))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArchiveError) as caught:
        scans.scan()
    assert "\n" not in str(caught.value)
    monkeypatch.undo()
    assert scans.archive.receipts() == kept
    assert [receipt.month for receipt in scans.scan().accepted] == ["2016-05"]


# --- the raw table ----------------------------------------------------------------------------------------------------


def test_delivered_table(scans: Scans) -> None:
    versions = [street("2016-05", 2, variant) for variant in range(3)]
    for data in versions:
        scans.put(street_name("2016-05"), data)
        scans.scan()
        (scans.landing / "police_street" / street_name("2016-05")).unlink()
    scans.put(f"{NAME}.gz", gzipped(street("2016-04", 5)))
    scans.put("2016-04-btp-street.csv", street("2016-04", 7))
    scans.scan()
    scans.put_table("neighbourhood.csv", TABLES_DELIVERED["neighbourhood"])
    scans.scan("neighbourhood")
    receipts = scans.archive.receipts()

    frame = delivered_table(receipts[::-1], "police_street")
    assert list(frame.columns) == TABLES["raw_police_street"].column_names
    assert frame.drop(columns=["previous_sha256"]).values.tolist() == [
        ["btp", "2016-04", sha(street("2016-04", 7)), len(street("2016-04", 7)), 7, 1],
        ["devon-and-cornwall", "2016-04", sha(street("2016-04", 5)), len(street("2016-04", 5)), 5, 1],
        ["devon-and-cornwall", "2016-05", sha(versions[2]), len(versions[2]), 2, 3],
    ]
    assert frame["previous_sha256"].isna().tolist() == [True, True, False]
    assert frame["previous_sha256"].iloc[2] == sha(versions[1])

    table = delivered_table(receipts, "neighbourhood")
    assert list(table.columns) == TABLES["raw_neighbourhood"].column_names
    assert table[["source", "delivered_rows", "versions"]].values.tolist() == [["neighbourhood", 2, 1]]


def test_delivered_table_of_nothing_has_its_columns_and_types() -> None:
    empty = delivered_table([], "police_street")
    full = delivered_table([replace(receipt(1, "a", None), force="btp", month="2016-04")], "police_street")
    assert len(empty) == 0
    assert empty.dtypes.equals(full.dtypes)


# --- the real files ---------------------------------------------------------------------------------------------------


def rows_by_month(real: Path) -> dict[str, int]:
    """The table `Per month` of SOURCES.md."""
    lines = (real / "SOURCES.md").read_text(encoding="utf-8").split("### Per month")[1].split("###")[0].splitlines()
    return {line.split("|")[1].strip(): int(line.split("|")[2]) for line in lines if re.match(r"\| \d{4}-\d\d ", line)}


@pytest.mark.real
def test_the_whole_register_of_real_months(tmp_path: Path) -> None:
    real = need_real()
    scans = Scans(tmp_path, [real])
    (scans.landing / "police_street").symlink_to(real / "police_street")
    found = scans.scan()
    assert (found.refused, found.ignored, found.repeated) == ([], 0, 0)
    assert {r.month: r.rows for r in found.accepted} == rows_by_month(real)
    for month in ("2014-01", "2016-04", "2018-08", "2024-04"):
        data = gzip.decompress((real / "police_street" / f"{street_name(month)}.gz").read_bytes())
        assert scans.now()[f"devon-and-cornwall/{month}"] == sha(data)


@pytest.mark.real
def test_real_files_of_other_forces_and_kinds(tmp_path: Path) -> None:
    real = need_real()
    scans = Scans(tmp_path, [real])
    folder = scans.landing / "police_street"
    folder.mkdir()
    (folder / "other").symlink_to(real / "police_other")
    sample = "sample_2012-04-avon-and-somerset-easting-northing.csv"
    (folder / "2012-04-avon-and-somerset-street.csv").symlink_to(real / "police_other" / sample)
    found = scans.scan()
    rows = {(receipt.force, receipt.month): receipt.rows for receipt in found.accepted}
    stated = re.findall(
        r"^\| police_other/(\d{4}-\d\d)-(\S+)-street\.csv\.gz \|(?:[^|]*\|){3} (\d+) \|", sources(real), re.M
    )
    told = {(force, month): int(count) for month, force, count in stated}
    assert rows == {slot: told[slot] for slot in rows}
    assert {("btp", "2014-06"), ("northern-ireland", "2014-01")} <= set(rows)
    assert len(rows) == len(list((real / "police_other").glob("*-street.csv.gz")))
    assert found.ignored >= 1
    refused = {refusal.name: refusal for refusal in found.refused}
    assert refused["police_street/2012-04-avon-and-somerset-street.csv"].reason == "layout_2012"
    assert refused[f"police_street/other/{sample}"].reason == "name"


def sources(real: Path) -> str:
    return (real / "SOURCES.md").read_text(encoding="utf-8")


@pytest.mark.real
def test_a_later_download_of_a_real_month_is_a_new_version(tmp_path: Path) -> None:
    real = need_real()
    scans = Scans(tmp_path, [real])
    name = f"{street_name('2016-01')}.gz"
    for folder in ("police_street", "police_street_other_download"):
        target = scans.landing / "police_street" / folder
        target.mkdir(parents=True)
        (target / name).symlink_to(real / folder / name)
        assert len(scans.scan().accepted) == 1
    first, second = (
        sha(gzip.decompress((real / folder / name).read_bytes()))
        for folder in ("police_street", "police_street_other_download")
    )
    assert first != second
    row = delivered_table(scans.archive.receipts(), "police_street").iloc[0]
    assert (row["sha256"], row["previous_sha256"], row["versions"]) == (second, first, 2)


@pytest.mark.real
def test_two_real_downloads_at_once_are_a_conflict(tmp_path: Path) -> None:
    real = need_real()
    scans = Scans(tmp_path, [real])
    (scans.landing / "police_street").mkdir()
    for folder in ("police_street", "police_street_other_download"):
        (scans.landing / "police_street" / folder).symlink_to(real / folder)
    found = scans.scan()
    both = {path.name for path in (real / "police_street_other_download").glob("*.gz")}
    assert len(both) > 10
    assert {refusal.reason for refusal in found.refused} == {"conflict"}
    assert len(found.refused) == len(both & {path.name for path in (real / "police_street").glob("*.gz")})


@pytest.mark.real
def test_real_reference_tables(tmp_path: Path) -> None:
    real = need_real()
    scans = Scans(tmp_path, [real])
    (scans.landing / "reference").symlink_to(real / "plymouth_open" / "reference")
    rows = {source: scans.scan(source).accepted[0].rows for source in TABLES_DELIVERED}
    assert rows["neighbourhood"] == 32  # plymouth_open/README.md
    assert rows["lsoa_neighbourhood"] == 161 + 164
    assert unclaimed(Landing(scans.landing, [real]), scans.archive).ignored == 1
