"""The command as its users run it: exit codes, one clear line for each bad input, no traceback, nothing heavy when nothing is new."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.campaign import drawn
from tests.database import ON_POSTGRESQL, environment_of
from tests.e2e.city import SYNTHETIC, open_city
from tests.paths import skip_or_fail

SAFER = Path(sys.executable).parent / "safer-outcomes"


def safer(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("SAFER_", "DAGSTER_"))} | environment
    if "--data" in arguments:
        env |= environment_of(Path(arguments[arguments.index("--data") + 1]))
    return subprocess.run([str(SAFER), *map(str, arguments)], env=env, capture_output=True, text=True, check=False)


def one_line(done: subprocess.CompletedProcess[str], code: int = 1) -> str:
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_city(tmp_path_factory).data


def test_nothing_new_is_said_without_dagster_or_sqlalchemy(data: Path, tmp_path: Path) -> None:
    if ON_POSTGRESQL:
        pytest.skip("only the database itself can say whether it was changed")
    copy = tmp_path / "data"
    shutil.copytree(data, copy, symlinks=True)
    assert safer("refresh", "--data", copy).returncode == 0
    code = (
        "import sys; sys.argv = ['safer-outcomes', 'refresh', '--data', sys.argv[1]]\n"
        "from pipelines.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as stop:\n    assert not stop.code\n"
        "heavy = {'dagster', 'sqlalchemy', 'pandas', 'duckdb', 'great_expectations'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(copy)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Nothing new since the last refresh" in done.stdout


def test_status_verify_explain(data: Path) -> None:
    said = safer("status", "--data", data)
    assert said.returncode == 0, said.stderr
    assert "SP01 Close the Gap" in said.stdout and "never delivered" not in said.stdout
    assert "is whole" in safer("verify", "--data", data).stdout
    explained = safer("explain", "sp01", "--period", "2013-14", "--data", data).stdout
    assert "gap Marlhaven  financial year, 2013-04-01 to 2014-03-31" in explained
    assert "outcome_sp01_close_the_gap/priority_set_is_ten  passed  blocks" in explained
    sha = next(line for line in explained.splitlines() if line.endswith("in archive")).split()[-3]
    assert (data / "archive" / sha).is_file()


def test_verify_finds_a_flipped_byte_and_a_lost_delivery(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy, symlinks=True)
    archived = next(p for p in sorted((copy / "archive").iterdir()) if len(p.name) == 64)
    archived.unlink()
    assert "is missing" in one_line(safer("verify", "--data", copy))
    page = (copy / "releases" / "current").resolve() / "sp01.html"
    page.chmod(0o644)
    page.write_bytes(page.read_bytes()[:-2] + b"!\n")
    assert "sp01.html was changed" in one_line(safer("verify", "--data", copy))
    # Nothing is built on a damaged release.
    assert "restore the folder from backup" in one_line(safer("refresh", "--data", copy))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--landing", "nowhere"], "landing folder nowhere is missing"),
        (["--partnership", "nowhere"], "nowhere"),
    ],
)
def test_bad_folders(tmp_path: Path, arguments: list[str], words: str) -> None:
    assert words in one_line(safer("refresh", "--data", tmp_path / "data", *arguments))


def test_typo_in_the_register(tmp_path: Path) -> None:
    shutil.copytree(SYNTHETIC.parent, tmp_path / "partnership")
    path = tmp_path / "partnership" / "common" / "measures.toml"
    path.write_text(path.read_text().replace("polarity =", "polarty =", 1))
    line = one_line(
        safer("refresh", "--data", tmp_path / "data", "--partnership", tmp_path / "partnership" / "synthetic")
    )
    assert "common/measures.toml: SP01.polarty" in line and "did you mean polarity" in line


def test_second_partnership_in_one_data_folder(data: Path) -> None:
    line = one_line(safer("refresh", "--data", data, "--partnership", SYNTHETIC.parent / "plymouth_open"))
    assert "belongs to partnership marlhaven, not plymouth-open" in line


def test_bad_setting_names_the_variable_and_not_its_value(tmp_path: Path) -> None:
    line = one_line(safer("refresh", "--data", tmp_path / "data", SAFER_THREADS="s3cret"))
    assert "SAFER_THREADS" in line and "s3cret" not in line


#: What is wrong with a file, and words that the one line about it has.
BAD_FILES: tuple[tuple[Callable[[bytes], bytes], str], ...] = (
    (lambda _: b"", "empty"),
    (lambda text: text.splitlines(keepends=True)[0], "no rows"),
    (lambda text: text.replace(b"Crime type", b"Offence", 1), "Offence"),
    (lambda text: text.replace(b"Context", b"Context,surname", 1), "surname"),
    (lambda text: re.sub(rb",20(13|14)-", b",2009-", text), "2009-"),
    (lambda _: bytes(range(256)) * 40, ""),
    (lambda text: text.replace(b"On or near", b"On or n\xe9ar"), "UTF-8"),
    (lambda text: text[: len(text) - 30], ""),
)


def test_each_bad_file_is_one_line_and_nothing_is_lost(data: Path, tmp_path: Path) -> None:
    bad = BAD_FILES
    copy = tmp_path / "data"
    shutil.copytree(data, copy, symlinks=True)
    before = (copy / "releases" / "current" / "outcomes.csv").read_bytes()
    paths = sorted((copy / "landing/police_street").rglob("*.csv"))[-len(bad) :]
    for path, (spoil, _) in zip(paths, bad, strict=True):
        path.write_bytes(spoil(path.read_bytes()))
    done = safer("refresh", "--data", copy)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == len(bad)
    for path, (_, words) in zip(paths, bad, strict=True):
        (line,) = [line for line in lines if path.name in line]
        assert line.startswith("refused: ")
        assert words.lower() in line.lower()
    assert (copy / "releases" / "current" / "outcomes.csv").read_bytes() == before


def test_held_measure_ends_with_three(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy, symlinks=True)
    path = copy / "landing/police_street/2014-04/2014-04-vale-and-moor-street.csv"
    path.write_bytes(path.read_bytes().replace(b",Burglary,", b",Burgalry,"))
    done = safer("refresh", "--data", copy)
    assert done.returncode == 3
    assert "SP01 held: " in done.stdout and "Check 'category known'" in done.stdout
    again = safer("refresh", "--data", copy)
    assert again.returncode == 3
    assert ("SP01 held: " if ON_POSTGRESQL else "Held: SP01, SP08") in again.stdout


def test_unknown_fault_name(tmp_path: Path) -> None:
    assert "missing-month" in one_line(safer("sample", "--out", tmp_path / "x", "--faults", "no-such"))


def _long_line(path: Path) -> None:
    """1.5 GB in one line, 1.5 MB as delivered."""
    import zlib

    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    piece = b"a" * (1 << 20)
    with path.open("wb") as target:
        for _ in range(1500):
            target.write(packer.compress(piece))
        target.write(packer.flush())


def _bomb(path: Path) -> None:
    """Rows without end: 300 MB of text in under a megabyte."""
    import gzip

    with gzip.open(path, "wb", compresslevel=9) as target:
        target.write(b"Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,")
        target.write(b"Crime type,Last outcome category,Context\n")
        row = b",2014-07,V,V,,,No Location,,,Anti-social behaviour,,\n" * 20_000
        for _ in range(300):
            target.write(row)


def _not_a_file(path: Path) -> None:
    path.symlink_to("/nowhere/at-all.csv.gz")


def test_each_hostile_file_is_one_line_and_takes_no_memory(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy, symlinks=True)
    makers = {"2014-06": _long_line, "2014-07": _bomb, "2014-08": _not_a_file}
    for month, make in makers.items():
        make(copy / f"landing/police_street/{month}-vale-and-moor-street.csv.gz")
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 2 << 30)); from pipelines.cli import main; main()"
    environment = {**os.environ, **environment_of(copy)}
    command = [sys.executable, "-c", limited, "refresh", "--data", str(copy)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == len(makers)
    assert all(line.startswith("refused: ") for line in lines)
    assert all(any(month in line for line in lines) for month in makers)
    assert safer("verify", "--data", copy).returncode == 0


@pytest.mark.campaign("disk full")
@pytest.mark.parametrize("size", drawn(["1m", "2m", "3m", "4m", "5m", "6m"], 1))
def test_disk_full_publishes_nothing_wrong_and_the_next_run_converges(data: Path, tmp_path: Path, size: str) -> None:
    full = tmp_path / "full"
    full.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", full], capture_output=True, check=False
    ).returncode:
        skip_or_fail("no right to mount a small disk")
    try:
        arguments = ("refresh", "--landing", data / "landing", "--data", full / "data")
        line = one_line(safer(*arguments))
        assert "space" in line
        current = full / "data" / "releases" / "current"
        assert not current.exists() or safer("verify", "--data", full / "data").returncode == 0
        subprocess.run(["mount", "-o", "remount,size=200m", full], check=True)
        assert safer(*arguments).returncode == 0
        assert (current / "release.json").read_bytes() == (data / "releases" / "current" / "release.json").read_bytes()
    finally:
        subprocess.run(["umount", full], check=True)
