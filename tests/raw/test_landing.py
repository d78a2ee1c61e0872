from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from expectations.contracts import PARTNERS
from resources.landing import PARTNER_SOURCES, Candidate, Content, DeliveryFault, Landing, LandingError, shown
from tests.raw import gzipped, put, put_manifest, street, street_name, zipped


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "landing"
    root.mkdir()
    return root


def reasons(root: Path, source: str = "police_street", link_roots: tuple[Path, ...] = ()) -> dict[str, str]:
    return {candidate.name: candidate.reason for candidate in Landing(root, link_roots).candidates(source)}


def only(root: Path) -> Candidate:
    (candidate,) = Landing(root).candidates("police_street")
    return candidate


def read(candidate: Candidate) -> dict[str, bytes]:
    return {content.name: b"".join(pieces) for content, pieces in candidate.read(candidate.contents())}


def fault_of(candidate: Candidate) -> DeliveryFault:
    with pytest.raises(DeliveryFault) as caught:
        read(candidate)
    assert "\n" not in caught.value.text
    return caught.value


# --- what lies there --------------------------------------------------------------------------------------------------


def test_every_published_form_gives_the_same_bytes(root: Path) -> None:
    data = street("2016-04")
    name = street_name("2016-04")
    put(root, name, data)
    put(root, f"2016-04/{name}", data)
    put(root, f"packed/{name}.gz", gzipped(data))
    put(root, "latest.zip", zipped({f"2016-04/{name}": data, f"{name}.gz": gzipped(data)}))
    found = {}
    for candidate in Landing(root).candidates("police_street"):
        assert candidate.reason == ""
        for content, pieces in candidate.read(candidate.contents()):
            assert (content.slot, content.month) == ("devon-and-cornwall/2016-04", "2016-04")
            found[content.name] = b"".join(pieces)
    assert set(found) == {
        f"police_street/{name}",
        f"police_street/2016-04/{name}",
        f"police_street/latest.zip!2016-04/{name}",
        f"police_street/latest.zip!{name}.gz",
        f"police_street/packed/{name}.gz",
    }
    assert set(found.values()) == {data}


def test_forces_and_months_are_told_by_name(root: Path) -> None:
    for name in ("2014-06-btp-street.csv", "2016-12-avon-and-somerset-street.csv.gz"):
        put(root, name, b"")
    found = [(c.force, c.month, c.form) for c in Landing(root).candidates("police_street")]
    assert found == [("btp", "2014-06", "csv"), ("avon-and-somerset", "2016-12", "gz")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("2016-13-devon-and-cornwall-street.csv", "name"),
        ("2016-04-Devon-street.csv", "name"),
        ("2016-04-devon-and-cornwall-street (1).csv", "name"),
        ("2016-04-devon-and-cornwall-street.csv.csv", "name"),
        ("notes.txt", "name"),
        ("2016-04-devon-and-cornwall-street.xlsx", "xlsx"),
        ("2016-04-devon-and-cornwall-street.XLS", "xlsx"),
        ("2016-04-devon-and-cornwall-outcomes.csv", "ignored"),
        ("2016-04/2016-04-devon-and-cornwall-stop-and-search.csv.gz", "ignored"),
    ],
)
def test_other_names_are_refused_or_left_aside(root: Path, name: str, reason: str) -> None:
    put(root, name, b"x")
    candidate = only(root)
    assert candidate.reason == reason
    if reason == "name":
        assert "YYYY-MM-<force>-street.csv" in candidate.text
    if reason == "xlsx":
        assert "CSV" in candidate.text


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "._2016-04-x-street.csv",
        "~$2016-04.xlsx",
        "a.tmp",
        "2016-04-x-street.csv.part",
        "a.zip.crdownload",
        ".hidden/2016-04-x-street.csv",
        "Thumbs.db",
    ],
)
def test_hidden_and_partial_files_are_not_deliveries(root: Path, name: str) -> None:
    put(root, name, b"x")
    assert reasons(root) == {}
    assert Landing(root).fingerprint() == {}


def test_reference_tables_lie_in_a_folder_or_beside_it(root: Path) -> None:
    for name in (
        "population.csv",
        "population/2017/lsoa.csv.gz",
        "population/notes.txt",
        "population.xlsx",
        "neighbourhood.csv",
        "population_old.csv",
    ):
        path = root / "reference" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert reasons(root, "population") == {
        "reference/population.csv": "",
        "reference/population.xlsx": "xlsx",
        "reference/population/2017/lsoa.csv.gz": "",
        "reference/population/notes.txt": "name",
    }
    assert {c.slot for c in Landing(root).candidates("population") if not c.reason} == {"population"}
    assert reasons(root, "neighbourhood") == {"reference/neighbourhood.csv": ""}
    assert [(c.name, c.reason) for c in Landing(root).unclaimed()] == [("reference/population_old.csv", "name")]


def test_register_tables_are_left_aside_and_strays_are_refused(root: Path) -> None:
    for name in ("reference/priority_set.csv", "reference/measures/x.csv", "crime.csv", "pdas/2016.csv"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    found = {c.name: (c.reason, c.text) for c in Landing(root).unclaimed()}
    assert {name: reason for name, (reason, _) in found.items()} == {
        "crime.csv": "name",
        "pdas/2016.csv": "name",
        "reference/measures/x.csv": "ignored",
        "reference/priority_set.csv": "ignored",
    }
    assert "partnership folder" in found["reference/priority_set.csv"][1]
    for place in ("police_street/", "reference/population/", *(f"{source}/" for source in PARTNERS)):
        assert place in found["crime.csv"][1]
    assert reasons(root) == {}


def test_unknown_source(root: Path) -> None:
    with pytest.raises(KeyError):
        Landing(root).candidates("crime")


@pytest.mark.parametrize("make_file", [False, True])
def test_missing_landing_is_one_line(tmp_path: Path, make_file: bool) -> None:
    if make_file:
        (tmp_path / "landing").write_text("")
    for ask in (Landing.fingerprint, lambda landing: landing.candidates("population")):
        with pytest.raises(LandingError) as caught:
            ask(Landing(tmp_path / "landing"))
        assert "SAFER_LANDING" in str(caught.value)
        assert "\n" not in str(caught.value)


# --- partner sources --------------------------------------------------------------------------------------------------

NAMED = "pdas_referral_2016-04-01_2016-06-30"


def test_every_partner_source_has_its_folder() -> None:
    assert sorted(PARTNER_SOURCES) == sorted(PARTNERS)


def put_partner(root: Path, name: str, data: bytes = b"x", source: str = "pdas_referral") -> Path:
    path = root / source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("folder", ["", "2016/", "2016/june/"])
@pytest.mark.parametrize(
    ("ending", "form"), [(".csv", "csv"), (".csv.gz", "gz"), (".xlsx", "xlsx"), (".CSV", "csv"), (".XLSX", "xlsx")]
)
def test_forms_and_coverage_of_a_partners_file_by_its_name(root: Path, folder: str, ending: str, form: str) -> None:
    put_partner(root, f"{folder}{NAMED}{ending}")
    (candidate,) = Landing(root).candidates("pdas_referral")
    assert (candidate.reason, candidate.form) == ("", form)
    assert candidate.coverage == candidate.contents()[0].coverage == ("2016-04-01", "2016-06-30")
    assert candidate.contents()[0].gzipped == (form == "gz")
    assert Landing(root).unclaimed() == []


@pytest.mark.parametrize(
    ("name", "reason", "words"),
    [
        ("extract.csv", "coverage", "pdas_referral_<first day>_<last day>.csv.*manifest.json.*coverage_start"),
        ("pdas_referral.xlsx", "coverage", "manifest.json"),
        ("crc_event_2016-04-01_2016-06-30.csv", "coverage", "pdas_referral_<first day>"),
        (f"{NAMED} (1).csv", "coverage", "which days it covers"),
        (f"old_{NAMED}.csv", "coverage", "which days it covers"),
        ("pdas_referral_2016-04-01_2016-02-30.csv", "coverage", "no|not both days of the calendar"),
        ("pdas_referral_2016-06-30_2016-04-01.xlsx", "coverage", "end before they start"),
        (f"{NAMED}.xls", "workbook", "save it as .xlsx"),
        (f"{NAMED}.ods", "workbook", "save it as .xlsx"),
        (f"{NAMED}.xlsm", "workbook", "save it as .xlsx"),
        (f"{NAMED}.XLSB", "workbook", "save it as .xlsx"),
        (f"{NAMED}.txt", "name", ".csv, .csv.gz, .xlsx"),
        (f"{NAMED}.xlsx.gz", "name", ".csv, .csv.gz, .xlsx"),
        (f"{NAMED}.zip", "name", ".csv, .csv.gz, .xlsx"),
        ("notes.pdf", "name", ".csv, .csv.gz, .xlsx"),
    ],
)
def test_other_files_of_a_partner_are_refused(root: Path, name: str, reason: str, words: str) -> None:
    put_partner(root, name)
    (candidate,) = Landing(root).candidates("pdas_referral")
    assert candidate.reason == reason
    assert re.search(words, candidate.text)
    assert "\n" not in candidate.text


def test_a_manifest_may_say_the_coverage_of_a_file_of_any_name(root: Path) -> None:
    path = put_partner(root, "extract of June.xlsx")
    put_manifest(path, coverage_start="2016-04-01", coverage_end="2016-06-30")
    (candidate,) = Landing(root).candidates("pdas_referral")
    assert (candidate.reason, candidate.form, candidate.coverage) == ("", "xlsx", None)
    manifest = candidate.manifest()
    assert manifest is not None
    assert manifest.coverage == ("2016-04-01", "2016-06-30")
    path.unlink()
    assert reasons(root, "pdas_referral") == {"pdas_referral/extract of June.xlsx.manifest.json": "manifest"}


def test_a_folder_with_the_name_of_a_workbook(root: Path) -> None:
    (root / "pdas_referral" / f"{NAMED}.xlsx").mkdir(parents=True)
    assert set(reasons(root, "pdas_referral").values()) == {"unreadable"}


# --- fingerprint ------------------------------------------------------------------------------------------------------


def test_fingerprint_sees_every_kind_of_change(root: Path) -> None:
    path = put(root, "2016-04/a.csv", b"123")
    before = Landing(root).fingerprint()
    status = path.stat()
    assert before == {"police_street/2016-04/a.csv": (3, status.st_mtime_ns)}
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    touched = Landing(root).fingerprint()
    path.with_name("b.csv").write_bytes(b"")
    added = Landing(root).fingerprint()
    path.unlink()
    assert len({str(f) for f in (before, touched, added, Landing(root).fingerprint())}) == 4


def test_fingerprint_follows_links_to_files_that_change(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "published"
    outside.mkdir()
    (outside / "2016-04-x-street.csv").write_bytes(b"1")
    (root / "police_street").symlink_to(outside)
    landing = Landing(root, [outside])
    before = landing.fingerprint()
    (outside / "2016-04-x-street.csv").write_bytes(b"12")
    assert list(before) == ["police_street/2016-04-x-street.csv"]
    assert landing.fingerprint() != before


def test_import_loads_nothing_heavy() -> None:
    code = (
        "import sys, resources.landing; print(*(m for m in ('pandas','dagster','duckdb','numpy') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# --- links and odd entries --------------------------------------------------------------------------------------------


def test_links_are_followed_only_to_allowed_places(root: Path, tmp_path: Path) -> None:
    name = street_name("2016-04")
    inside = put(root, f"store/{name}", b"inside")
    allowed, other = tmp_path / "allowed", tmp_path / "allowed-not"
    for folder in (allowed, other):
        folder.mkdir()
        (folder / name).write_bytes(b"outside")
    (root / "police_street" / "a").mkdir()
    (root / "police_street" / "a" / name).symlink_to(inside)
    (root / "police_street" / "b").symlink_to(allowed)
    (root / "police_street" / "c").symlink_to(other)
    (root / "police_street" / street_name("2016-05")).symlink_to(other / name)
    assert reasons(root, link_roots=(allowed,)) == {
        f"police_street/{street_name('2016-05')}": "symlink",
        f"police_street/a/{name}": "",
        f"police_street/b/{name}": "",
        "police_street/c": "symlink",
        f"police_street/store/{name}": "",
    }
    assert reasons(root)["police_street/b"] == "symlink"


def test_a_link_inside_an_allowed_folder_cannot_lead_out(root: Path, tmp_path: Path) -> None:
    allowed, secret = tmp_path / "allowed", tmp_path / "secret.csv"
    allowed.mkdir()
    secret.write_bytes(b"x")
    (allowed / street_name("2016-04")).symlink_to(secret)
    (root / "police_street").symlink_to(allowed)
    assert reasons(root, link_roots=(allowed,)) == {f"police_street/{street_name('2016-04')}": "symlink"}


def test_loops_end(root: Path) -> None:
    put(root, street_name("2016-04"), b"x")
    (root / "police_street" / "again").symlink_to(root / "police_street")
    (root / "police_street" / "self.csv").symlink_to(root / "police_street" / "self.csv")
    found = reasons(root)
    assert found[f"police_street/{street_name('2016-04')}"] == ""
    assert found["police_street/again"] == "symlink"
    assert found["police_street/self.csv"] == "unreadable"
    assert len(found) == 3


def test_what_is_no_file_is_refused_unopened(root: Path) -> None:
    folder = root / "police_street"
    folder.mkdir()
    (folder / street_name("2016-04")).mkdir()
    (folder / street_name("2016-05")).symlink_to(folder / "nowhere.csv")
    os.mkfifo(folder / street_name("2016-06"))
    assert set(reasons(root).values()) == {"unreadable"}
    assert len(reasons(root)) == 3


def test_folder_that_cannot_be_listed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "2016-04/x.csv", b"")
    scandir = os.scandir

    def refuse(path: str | Path) -> object:
        if str(path).endswith("2016-04"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    candidate = only(root)
    assert (candidate.name, candidate.reason) == ("police_street/2016-04", "unreadable")
    assert str(root) not in candidate.text


def test_file_that_cannot_be_opened(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, street_name("2016-04"), street("2016-04"))
    candidate = only(root)

    def refuse(path: Path, *_: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    fault = fault_of(candidate)
    assert fault.reason == "unreadable"
    assert "permission denied" in fault.text
    assert str(root) not in fault.text


def test_folders_too_deep(root: Path) -> None:
    put(root, "/".join("d" * 20) + "/" + street_name("2016-04"), b"x")
    assert set(reasons(root).values()) == {"path"}


def test_names_fit_on_one_line() -> None:
    assert shown("a\nb\x1b[2J\udcff é") == "a\\nb\\x1b[2J\\udcff é"


# --- compressed files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.6, 0.999])
def test_gzip_cut_short(root: Path, share: float) -> None:
    packed = gzipped(street("2016-04", 500))
    put(root, street_name("2016-04") + ".gz", packed[: int(len(packed) * share)])
    assert fault_of(only(root)).reason == "truncated"


def test_gzip_with_a_flipped_bit_or_no_gzip_at_all(root: Path) -> None:
    packed = bytearray(gzipped(street("2016-04", 500)))
    packed[-6] ^= 1  # in the checksum
    put(root, street_name("2016-04") + ".gz", bytes(packed))
    put(root, street_name("2016-05") + ".gz", street("2016-05"))
    assert {fault_of(c).reason for c in Landing(root).candidates("police_street")} == {"truncated"}


def test_gzip_of_several_parts_is_read_to_its_end(root: Path) -> None:
    data = street("2016-04", 50)
    put(root, street_name("2016-04") + ".gz", gzipped(data[:1000]) + gzipped(data[1000:]))
    assert list(read(only(root)).values()) == [data]


def test_bombs(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dense = b"a" * (12 << 20)
    put(root, street_name("2016-04") + ".gz", gzipped(dense))
    put(root, "x.zip", zipped({street_name("2016-05"): dense}))
    gz, packed = Landing(root).candidates("police_street")
    assert fault_of(gz).reason == "bomb"
    assert fault_of(packed).reason == "bomb"
    monkeypatch.setattr("resources.landing.RATIO_LIMIT", 2000)
    assert len(next(iter(read(gz).values()))) == len(dense)
    monkeypatch.setattr("resources.landing.MEMBER_LIMIT", len(dense) - 1)
    assert fault_of(gz).reason == "bomb"


def test_small_files_may_be_dense_and_flat_files_large(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, street_name("2016-04") + ".gz", gzipped(b"a" * (9 << 20)))  # over 200 times, under 10 MiB
    assert len(next(iter(read(only(root)).values()))) == 9 << 20
    monkeypatch.setattr("resources.landing.MEMBER_LIMIT", 10)
    put(root, street_name("2016-04") + ".gz", b"").unlink()
    put(root, street_name("2016-04"), b"a" * 1000)
    assert len(next(iter(read(only(root)).values()))) == 1000


# --- zips -------------------------------------------------------------------------------------------------------------


def zip_contents(root: Path, data: bytes) -> list[Content]:
    put(root, "x.zip", data)
    return only(root).contents()


def test_zip_members_are_judged_by_their_entries(root: Path) -> None:
    link = zipfile.ZipInfo("2016-04/2016-04-b-street.csv")
    link.external_attr = 0o120777 << 16
    method = zipfile.ZipInfo("2016-04-d-street.csv")
    path = root / "police_street" / "x.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2016-04/", b"")
        archive.writestr("2016-04/2016-04-a-street.csv", b"good")
        archive.writestr(link, b"/etc/hosts")
        archive.writestr("./2016-04-g-street.csv", b"good as well")
        archive.writestr("../2016-04-c-street.csv", b"x")
        archive.writestr("/abs/2016-04-c-street.csv", b"x")
        archive.writestr("C:\\2016-04-c-street.csv", b"x")
        archive.writestr("a\\..\\..\\2016-04-c-street.csv", b"x")
        archive.writestr("more.zip", b"x")
        archive.writestr("readme.txt", b"x")
        archive.writestr("2016-04\\2016-04-f-street.csv", b"good too")
        archive.writestr("2016-04/2016-04-a-outcomes.csv", b"x")
        archive.writestr("2016-04/2016-04-a-stop-and-search.csv", b"x")
        archive.writestr("__MACOSX/._2016-04-a-street.csv", b"x")
        archive.writestr("2016-04-a-street.csv.manifest.json", b"{}")
        archive.writestr(method, b"x", zipfile.ZIP_BZIP2)
    contents = {c.name.removeprefix("police_street/x.zip!"): c for c in only(root).contents()}
    assert {name: c.reason for name, c in contents.items()} == {
        "2016-04/2016-04-a-street.csv": "",
        "2016-04/2016-04-b-street.csv": "symlink",
        "../2016-04-c-street.csv": "path",
        "/abs/2016-04-c-street.csv": "path",
        "C:/2016-04-c-street.csv": "path",
        "a/../../2016-04-c-street.csv": "path",
        "./2016-04-g-street.csv": "",
        "more.zip": "nested",
        "readme.txt": "name",
        "2016-04/2016-04-f-street.csv": "",
        "2016-04/2016-04-a-outcomes.csv": "ignored",
        "2016-04/2016-04-a-stop-and-search.csv": "ignored",
        "2016-04-a-street.csv.manifest.json": "manifest",
        "2016-04-d-street.csv": "compression",
    }
    good = [c for c in contents.values() if not c.reason]
    assert [b"".join(pieces) for _, pieces in only(root).read(good)] == [b"good as well", b"good", b"good too"]
    for content in contents.values():
        assert "\n" not in content.text
        assert bool(content.text) == (content.reason not in ("", "ignored"))


def test_encrypted_member(root: Path) -> None:
    packed = bytearray(zipped({street_name("2016-04"): street("2016-04")}))
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    (content,) = zip_contents(root, bytes(packed))
    assert content.reason == "encrypted"
    assert "password" in content.text


def test_same_name_twice_in_a_zip(root: Path) -> None:
    path = root / "police_street" / "x.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(street_name("2016-04"), b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(street_name("2016-04"), b"2")
    assert [c.reason for c in only(root).contents()] == ["name", "name"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04 no more", "truncated"),
        (zipped({street_name("2016-04"): street("2016-04", 500)})[:-30], "truncated"),
        (zipped({}), "empty"),
    ],
)
def test_zip_that_cannot_be_listed(root: Path, data: bytes, reason: str) -> None:
    with pytest.raises(DeliveryFault) as caught:
        zip_contents(root, data)
    assert caught.value.reason == reason


def test_zip_with_a_damaged_member_spares_the_others(root: Path) -> None:
    first, second = street("2016-04", 500), street("2016-05", 500)
    packed = bytearray(zipped({street_name("2016-04"): first, street_name("2016-05"): second}))
    packed[200] ^= 0xFF  # inside the first member's data
    put(root, "x.zip", bytes(packed))
    candidate = only(root)
    bad, good = candidate.contents()
    with pytest.raises(DeliveryFault) as caught:
        [b"".join(pieces) for _, pieces in candidate.read([bad])]
    assert caught.value.reason == "truncated"
    assert [b"".join(pieces) for _, pieces in candidate.read([good])] == [second]


def test_too_many_members(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resources.landing.ZIP_MEMBERS_LIMIT", 2)
    with pytest.raises(DeliveryFault) as caught:
        zip_contents(root, zipped({f"2016-0{n}-a-street.csv": b"" for n in range(1, 4)}))
    assert caught.value.reason == "bomb"


# --- manifests --------------------------------------------------------------------------------------------------------


def test_manifest_is_read_with_its_file(root: Path) -> None:
    path = put(root, street_name("2016-04"), street("2016-04"))
    put_manifest(
        path,
        source="police_street",
        extracted_at="2016-05-10T07:00:00+01:00",
        coverage_start="2016-04-01",
        coverage_end="2016-04-30",
        row_count=3,
        sha256="A" * 64,
        full_or_delta="full",
    )
    manifest = only(root).manifest()
    assert manifest is not None
    assert manifest.extracted_at == "2016-05-10T06:00:00.000000Z"
    assert manifest.coverage == ("2016-04-01", "2016-04-30")
    assert (manifest.row_count, manifest.sha256, manifest.source) == (3, "a" * 64, "police_street")
    assert len(only(root).stamp) == 4


def test_times_without_offset_are_utc(root: Path) -> None:
    path = put(root, street_name("2016-04"), street("2016-04"))
    put_manifest(path, extracted_at="2016-07-10T06:00:00")
    manifest = only(root).manifest()
    assert manifest is not None
    assert manifest.extracted_at == "2016-07-10T06:00:00.000000Z"


@pytest.mark.parametrize(
    "fields",
    [
        {"extracted_at": "yesterday"},
        {"extracted_at": 20160510},
        {"row_count": "3"},
        {"row_count": True},
        {"sha256": "abc"},
        {"source": ["police_street"]},
        {"coverage_start": "2016-04-01"},
        {"coverage_start": "2016-04-30", "coverage_end": "2016-04-01"},
        {"coverage_start": "1 April", "coverage_end": "30 April"},
        {"full_or_delta": "delta"},
    ],
)
def test_manifest_that_says_something_impossible(root: Path, fields: dict[str, object]) -> None:
    put_manifest(put(root, street_name("2016-04"), street("2016-04")), **fields)
    with pytest.raises(DeliveryFault) as caught:
        only(root).manifest()
    assert caught.value.reason == "manifest"
    assert "\n" not in caught.value.text


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 200_000, b" " * ((1 << 20) + 1)])
def test_manifest_that_is_no_json_object(root: Path, data: bytes) -> None:
    path = put(root, street_name("2016-04"), street("2016-04"))
    path.with_name(path.name + ".manifest.json").write_bytes(data)
    with pytest.raises(DeliveryFault) as caught:
        only(root).manifest()
    assert caught.value.reason == "manifest"


def test_manifest_alone_and_manifest_that_leads_out(root: Path, tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text("{}")
    put(root, street_name("2016-04") + ".manifest.json", b"{}")
    path = put(root, street_name("2016-05"), street("2016-05"))
    path.with_name(path.name + ".manifest.json").symlink_to(tmp_path / "out.json")
    assert reasons(root) == {
        f"police_street/{street_name('2016-04')}.manifest.json": "manifest",
        f"police_street/{street_name('2016-05')}": "manifest",
        f"police_street/{street_name('2016-05')}.manifest.json": "symlink",
    }


def test_a_change_of_file_or_manifest_is_noticed(root: Path) -> None:
    path = put(root, street_name("2016-04"), street("2016-04"))
    put_manifest(path, row_count=3)
    candidate = only(root)
    assert candidate.unchanged()
    put_manifest(path, row_count=33)
    assert not candidate.unchanged()
    candidate = only(root)
    path.write_bytes(b"")
    assert not candidate.unchanged()
    path.unlink()
    assert not candidate.unchanged()
