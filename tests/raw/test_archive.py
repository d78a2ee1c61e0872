from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.archive import Archive, ArchiveError, Receipt, Refusal, RowReader, Staged
from resources.landing import DeliveryFault
from tests.raw import CANARY, HEADER, gzipped, street
from tests.raw import zipped as zipped_bytes

NOW = datetime(2016, 5, 10, 6, 30, tzinfo=UTC)


def anything(_header: tuple[str, ...], _rows: list[list[str]]) -> None:
    """A check that refuses nothing."""


def pieces(data: bytes, size: int = 1 << 20) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def read(data: bytes, size: int = 1 << 20) -> RowReader:
    reader = RowReader(anything)
    for piece in pieces(data, size):
        reader.feed(piece)
    reader.finish()
    return reader


def draft(staged: Staged, slot: str = "devon-and-cornwall/2016-04", source: str = "police_street") -> Receipt:
    force, _, month = slot.partition("/")
    return Receipt(
        number=0,
        source=source,
        slot=slot,
        force=force,
        month=month,
        sha256=staged.sha256,
        size=staged.size,
        rows=staged.rows,
        header=staged.header,
        form="csv",
        name=f"police_street/{month}-{force}-street.csv",
        extracted_at=None,
        coverage=("2016-04-01", "2016-04-30"),
        received_at="",
    )


def take(archive: Archive, *contents: bytes) -> list[Receipt]:
    with archive.receiving():
        staged = [archive.stage(pieces(data), anything) for data in contents]
        return archive.accept([(draft(item), item) for item in staged])


def files(archive: Archive) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in archive.root.iterdir() if path.name != ".lock"}


def fault(data: bytes, size: int = 1 << 20) -> DeliveryFault:
    with pytest.raises(DeliveryFault) as caught:
        read(data, size)
    assert "\n" not in caught.value.text
    assert CANARY not in caught.value.text
    return caught.value


# --- reading through --------------------------------------------------------------------------------------------------

FIELD = st.text(alphabet='ab,"\n\r é', max_size=6).map(lambda text: text.replace("\r", "\r\n"))
ROW = st.lists(FIELD, min_size=1, max_size=4)


def outcome(data: bytes, size: int) -> int | str:
    """Rows, or the reason of the refusal."""
    try:
        return read(data, size).rows
    except DeliveryFault as refused:
        return refused.reason


def independent_rows(text: str) -> int:
    """Rows after the header as Python's csv module reads them, blank lines left out."""
    return len([row for row in csv.reader(io.StringIO(text, newline="")) if row]) - 1


@given(
    rows=st.lists(ROW, min_size=2, max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    blank=st.booleans(),
    bom=st.booleans(),
    size=st.integers(3, 40),
)
def test_rows_are_counted_as_the_csv_module_counts_them(
    rows: list[list[str]], end: str, blank: bool, bom: bool, size: int
) -> None:
    out = io.StringIO()
    out.write("a,b" + end)
    for row in rows:
        csv.writer(out, lineterminator=end).writerow(row)
        out.write(end if blank else "")
    text = out.getvalue()
    data = (b"\xef\xbb\xbf" if bom else b"") + text.encode()
    assert read(data, size).rows == independent_rows(text)
    assert read(data).rows == independent_rows(text)
    assert read(data).header == ("a", "b")


@given(text=st.text(alphabet='a",\n', max_size=40), size=st.integers(1, 9))
def test_stray_quotes_are_read_as_the_csv_module_reads_them(text: str, size: int) -> None:
    data = ("h,h\n" + text).encode()
    found = outcome(data, size)
    assert found == outcome(data, 1 << 20), "where the bytes are cut changes nothing"
    assert found in ("truncated", "header_only", independent_rows(data.decode()))
    # Refused only if the last line is not closed, or if there is no row at all.
    if found == "truncated":
        assert not text.endswith("\n") or text.count('"') > 0
    if found == "header_only":
        assert independent_rows(data.decode()) == 0


@given(data=st.binary(max_size=60), size=st.integers(3, 20))
def test_any_bytes_are_read_or_refused(data: bytes, size: int) -> None:
    found = outcome(data, size)
    assert isinstance(found, int) or re.fullmatch(r"[a-z0-9_]+", found)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n\r\n\n", "empty"),
        (b"\na,b\n1,2\n", "header"),
        (f"{HEADER}\n".encode(), "header_only"),
        (HEADER.encode(), "header_only"),
        (f"\ufeff{HEADER}\r\n\r\n".encode(), "header_only"),
        (street("2016-04")[:-5].replace(b"\0", b"") + b"\0", "binary"),
        (bytes(range(256)) * 64, "binary"),
        (gzipped(street("2016-04")), "binary"),
        (zipped_bytes({"a": b"1"}), "binary"),
        (street("2016-04").decode().encode("utf-16"), "not_utf8"),
        (street("2016-04").replace(CANARY.encode(), "Café".encode("latin-1")), "not_utf8"),
        (street("2016-04", end="\r"), "line_ends"),
        (street("2016-04").replace(b"-4.1", b"-4\r1"), "line_ends"),
        (street("2016-04")[:-30], "truncated"),
        (street("2016-04") + b'x,"open', "truncated"),
        (street("2016-04", end="\r\n")[:-100], "truncated"),
    ],
)
def test_bytes_that_are_no_whole_table_are_refused(data: bytes, reason: str) -> None:
    refused = fault(data)
    assert refused.reason == reason
    assert refused.text.count(";") or refused.text.count(":"), "names the remedy"


def test_place_of_a_bad_character_and_of_the_cut() -> None:
    lines = street("2016-04", 5).split(b"\n")
    lines[4] = lines[4].replace(CANARY.encode(), b"Caf\xe9")
    assert "line 5" in fault(b"\n".join(lines)).text
    assert "line 5" in fault(b"\n".join(lines), 200).text
    assert "row 5" in fault(street("2016-04", 5)[:-30]).text


def test_last_row_may_lack_its_line_end() -> None:
    whole = read(street("2016-04", 4))
    without = read(street("2016-04", 4)[:-1])
    half = read(street("2016-04", 4, end="\r\n")[:-1])
    assert whole.rows == without.rows == half.rows == 4
    assert [whole.mixed_line_ends, without.mixed_line_ends, half.mixed_line_ends] == [False] * 3


def test_mixed_line_ends_are_read_and_told() -> None:
    lf, crlf = street("2016-04", 3), street("2016-04", 3, end="\r\n")
    mixed = read(lf + crlf.split(b"\n", 1)[1])
    assert (mixed.rows, mixed.mixed_line_ends) == (6, True)
    assert (read(crlf).rows, read(crlf).mixed_line_ends) == (3, False)


def test_long_lines_are_measured_exactly() -> None:
    limit = 1 << 20
    for shift in (0, 7, 500_000):  # wherever the pieces are cut
        before = b"a,b\n" + b"1,2\n" * (shift // 4)
        assert read(before + b"1," + b"x" * (limit - 3) + b"\n").rows == shift // 4 + 1
        assert fault(before + b"1," + b"x" * (limit - 2) + b"\n").reason == "long_line"
    assert fault(b'a,b\n1,"' + b"x\n" * limit).reason == "long_line"
    assert fault(b"a" * (limit + 2)).reason == "long_line"


def test_check_sees_header_and_first_rows_once(tmp_path: Path) -> None:
    seen: list[tuple[tuple[str, ...], list[list[str]]]] = []
    data = "\ufeff".encode() + street("2016-04", 250)
    reader = RowReader(lambda header, rows: seen.append((header, rows)))
    for piece in pieces(data, 100):
        reader.feed(piece)
    reader.finish()
    ((header, rows),) = seen
    assert header == tuple(HEADER.split(","))
    assert rows[0][1] == "2016-04"


def test_a_three_gigabyte_line_costs_no_memory(tmp_path: Path) -> None:
    """A gzip file of 48 parts of 64 MiB, each the letter a: refused at its second MiB."""
    path = tmp_path / "2016-04-a-street.csv.gz"
    path.write_bytes(gzipped(b"a" * (64 << 20)) * 48)
    code = """
        import resource, sys
        from pathlib import Path
        from resources.archive import Archive
        from resources.landing import Candidate, DeliveryFault
        path = Path(sys.argv[1])
        size = path.stat().st_size
        candidate = Candidate("a", "police_street", path, size, 0, "gz")
        archive = Archive(path.parent / "archive")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with archive.receiving():
            for _, pieces in candidate.read(candidate.contents()):
                try:
                    archive.stage(pieces, lambda header, rows: None)
                except DeliveryFault as fault:
                    print(fault.reason, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(path)], capture_output=True, text=True, check=True
    )
    reason, kibibytes = done.stdout.split()
    assert reason == "long_line"
    assert int(kibibytes) < 16 * 1024


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    code = """
        import resource, sys
        from resources.archive import Archive
        archive = Archive(sys.argv[1])
        block = b"1,2,3,4,5,6,7,8,9,10,11,12\\n" * 38_000
        def pieces(n):
            for _ in range(n):
                yield block
        with archive.receiving():
            archive.stage(pieces(2), lambda header, rows: None)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            staged = archive.stage(pieces(150), lambda header, rows: None)
            print(staged.rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], capture_output=True, text=True, check=True
    )
    rows, kibibytes = map(int, done.stdout.split())
    assert rows == 150 * 38_000 - 1
    assert kibibytes < 8 * 1024


# --- the store --------------------------------------------------------------------------------------------------------


def test_contents_are_stored_by_hash_and_read_only(tmp_path: Path) -> None:
    data = street("2016-04", 1000)
    archive = Archive(tmp_path / "archive", now=lambda: NOW)
    (receipt,) = take(archive, data)
    sha256 = hashlib.sha256(data).hexdigest()
    assert (receipt.sha256, receipt.size, receipt.rows, receipt.number) == (sha256, len(data), 1000, 1)
    assert receipt.received_at == "2016-05-10T06:30:00.000000Z"
    assert receipt.header == tuple(HEADER.split(","))
    assert files(archive)[sha256] == data
    assert archive.path(sha256).stat().st_mode & 0o777 == 0o400
    assert archive.held() == {sha256}
    assert Archive(tmp_path / "archive").receipts() == [receipt]
    assert Archive(tmp_path / "archive").receipts("population") == []
    assert json.loads((tmp_path / "archive" / "receipts.jsonl").read_text())["rows"] == 1000


def test_verify(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    (receipt,) = take(archive, street("2016-04"))
    assert archive.verify(receipt.sha256) == "ok"
    path = archive.path(receipt.sha256)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b" ")
    assert archive.verify(receipt.sha256) == "corrupted"
    path.unlink()
    assert archive.verify(receipt.sha256) == "missing"


def test_numbers_go_on_and_one_content_is_stored_once(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    first = take(archive, street("2016-04"), street("2016-04", variant=1))
    second = take(archive, street("2016-04", variant=2), street("2016-04"))
    assert [receipt.number for receipt in first + second] == [1, 2, 3, 4]
    assert len(archive.held()) == 3


def test_what_is_staged_and_not_accepted_leaves_no_trace(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    empty = files(archive)
    with archive.receiving():
        archive.stage(pieces(street("2016-04")), anything)
        with pytest.raises(DeliveryFault):
            archive.stage(pieces(street("2016-04")[:-30]), anything)
    assert files(archive) == empty


def test_nothing_is_written_before_the_check(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    written: list[bytes] = []

    def check(_header: tuple[str, ...], _rows: list[list[str]]) -> None:
        written.extend(path.read_bytes() for path in archive.root.glob(".incoming-*"))
        raise DeliveryFault("header", "no")

    wide = street("2016-04", header=f"{HEADER},{'x' * 50_000}")  # more than a file object holds back
    with archive.receiving(), pytest.raises(DeliveryFault):
        archive.stage(pieces(wide, 20_000), check)
    assert written == [b""]


# --- the disk fails ---------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Room for 1 MiB in this folder: a file system of that size, or where none may be mounted a limit on each file."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode == 0:
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
    else:
        with file_size_limit():
            yield


@contextmanager
def file_size_limit() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_disk_full_while_staging(tmp_path: Path) -> None:
    with small_disk(tmp_path / "archive"):
        archive = Archive(tmp_path / "archive")
        (receipt,) = take(archive, street("2016-04"))
        before = files(archive)
        with pytest.raises(ArchiveError) as caught:
            take(archive, street("2016-05", 20_000))
        assert "free some space" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert CANARY not in str(caught.value)
        assert files(archive) == before
        assert archive.receipts() == [receipt]
        assert archive.verify(receipt.sha256) == "ok"


def test_file_limit_is_told_as_a_full_disk(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    with file_size_limit(), pytest.raises(ArchiveError, match="free some space"):
        take(archive, street("2016-05", 20_000))
    assert archive.held() == set()


@pytest.mark.parametrize("failing_call", [1, 2, 3, 4])
def test_disk_full_at_any_moment_of_acceptance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing_call: int
) -> None:
    """The calls of fsync are: content, content, folder, receipts."""
    archive = Archive(tmp_path / "archive")
    kept = take(archive, street("2016-04"))
    before = files(archive)
    calls = 0
    fsync = os.fsync

    def full(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing_call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArchiveError, match="no space left on device"):
        take(archive, street("2016-04", variant=1), street("2016-04", variant=2))
    monkeypatch.undo()
    assert files(archive) == before
    again = take(archive, street("2016-04", variant=1), street("2016-04", variant=2))
    assert [receipt.number for receipt in again] == [2, 3]
    assert archive.receipts() == kept + again


def test_archive_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError) as caught:
        Archive(tmp_path / "file" / "archive")
    assert "\n" not in str(caught.value)


# --- killed, torn, damaged --------------------------------------------------------------------------------------------


def test_leftovers_of_a_killed_run_are_cleaned_at_the_next_open(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    receipts = take(archive, street("2016-04"))
    before = files(archive)
    (archive.root / ".incoming-123-4").write_bytes(b"half")
    for log in ("receipts.jsonl", "refusals.jsonl"):
        with (archive.root / log).open("ab") as file:
            file.write(b'{"number":2,"source":"pol')
    assert archive.receipts() == receipts, "a reader leaves a torn line out"
    assert files(Archive(archive.root)) == before


def test_leftovers_are_left_alone_while_another_process_receives(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    with archive.receiving():
        staged = archive.stage(pieces(street("2016-04")), anything)
        Archive(archive.root)
        assert staged.path.exists()


@pytest.mark.parametrize("line", ["{}", "[]", "12", "{not json", '{"number": 1}', ""])
def test_a_damaged_line_inside_a_log_is_told_in_one_line(tmp_path: Path, line: str) -> None:
    archive = Archive(tmp_path / "archive")
    take(archive, street("2016-04"))
    log = archive.root / "receipts.jsonl"
    log.write_text(line + "\n" + log.read_text())
    with pytest.raises(ArchiveError, match="damaged at line 1: put the file back from a backup"):
        Archive(archive.root).receipts()


@pytest.mark.parametrize("moment", ["stage", "rename", "receipt", "half a receipt"])
def test_killed_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    archive = Archive(tmp_path / "archive")
    kept = take(archive, street("2016-04"))

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def die_in_a_receipt(path: Path, _records: object) -> None:
        with path.open("ab") as file:
            file.write(b'{"number":2,')
            file.flush()
            die()

    process = os.fork()
    if process == 0:
        try:
            if moment == "stage":
                monkeypatch.setattr(RowReader, "finish", die)
            elif moment == "rename":
                monkeypatch.setattr(Path, "rename", die)
            elif moment == "receipt":
                monkeypatch.setattr(archive, "_append", die)
            else:
                monkeypatch.setattr(archive, "_append", die_in_a_receipt)
            take(archive, street("2016-04", 30_000, variant=1))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL

    after = Archive(tmp_path / "archive")
    assert after.receipts() == kept
    assert not list(after.root.glob(".incoming-*"))
    assert all(after.verify(sha256) == "ok" for sha256 in after.held())
    (receipt,) = take(after, street("2016-04", 30_000, variant=1))
    assert receipt.number == 2
    assert after.verify(receipt.sha256) == "ok"


def test_processes_receive_one_after_the_other(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    children = []
    for variant in range(6):
        process = os.fork()
        if process == 0:
            take(Archive(tmp_path / "archive"), street("2016-04", 2000, variant=variant))
            os._exit(0)
        children.append(process)
    assert [os.waitpid(process, 0)[1] for process in children] == [0] * 6
    assert [receipt.number for receipt in archive.receipts()] == [1, 2, 3, 4, 5, 6]
    assert {archive.verify(receipt.sha256) for receipt in archive.receipts()} == {"ok"}


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_refusal_is_logged_once_for_each_delivery(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive", now=lambda: NOW)
    refusal = Refusal("police_street/x.csv", "police_street", "name", "x.csv: no", "", (10, 20))
    again = Refusal("police_street/x.csv", "police_street", "name", "x.csv: no", "", (10, 21))
    with archive.receiving():
        assert [found.known for found in archive.refuse([refusal])] == [False]
    with archive.receiving():
        assert [found.known for found in archive.refuse([refusal, again])] == [True, False]
    log = [json.loads(line) for line in (archive.root / "refusals.jsonl").read_text().splitlines()]
    assert [(line["reason"], line["stamp"], line["refused_at"]) for line in log] == [
        ("name", [10, 20], "2016-05-10T06:30:00.000000Z"),
        ("name", [10, 21], "2016-05-10T06:30:00.000000Z"),
    ]
