"""Damaged deliveries of every source: each ends refused, set aside or correctly counted; no traceback, no hang, no wrong figure.

A few here; 2,100 in `make campaign`. What was accepted is read again by another reader, and held against what was counted.
"""

from __future__ import annotations

import csv
import io
import random
import re
import resource
import signal
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from assets.clean.partner import make
from assets.clean.street_engine import StreetFile, settle
from assets.raw.registration import register
from assets.steps import terms_of
from expectations.contracts import PARTNERS, TABLES
from pipelines.workspace import Workspace
from resources.archive import Archive, Receipt
from resources.landing import Landing
from sample.partners import partner_files
from sample.reference import reference_files
from sample.street import street_file, street_path
from sample.world import build_world, month_number
from tests.campaign import SEED, WHOLE
from tests.e2e.city import City
from tests.raw.mutations import Sent, damaged

_MONTHS = range(month_number("2015-04"), month_number("2016-03") + 1)
_REFERENCE = ("neighbourhood", "lsoa_neighbourhood", "population")
SOURCES = (*PARTNERS, "police_street", *_REFERENCE)
#: A case takes a tenth of a second; one that hangs is a failure, not a wait.
_SECONDS, _MEGABYTES = 60, 1500


@pytest.fixture(scope="module")
def good() -> dict[str, Sent]:
    """A delivery of each source with nothing wrong."""
    world = build_world(7, 0.02)
    files = {source: partner_files(world, _MONTHS, source) for source in PARTNERS}
    files["police_street"] = {street_path("2016-03"): street_file(world, "2016-03")}
    tables = reference_files(world, range(2013, 2016))
    files |= {name: {path: data for path, data in tables.items() if f"/{name}/" in f"/{path}"} for name in _REFERENCE}
    return {
        source: next(Sent(path, data) for path, data in held.items() if not path.endswith(".json"))
        for source, held in files.items()
    }


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return City(tmp_path_factory.mktemp("fuzz") / "data").open()


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    """No case hangs, and none needs more memory than a small machine has."""

    def late(*_: object) -> None:
        raise AssertionError(f"not done after {_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 < _MEGABYTES


@pytest.mark.campaign("mutated deliveries")
@pytest.mark.parametrize("n", range(2112 if WHOLE else len(SOURCES)))
def test_ends_refused_set_aside_or_counted(tmp_path: Path, good: dict[str, Sent], workspace: Workspace, n: int) -> None:
    source = SOURCES[n % len(SOURCES)]
    rng = random.Random(f"{SEED}/{n}")
    sent = damaged(good[source], rng)
    path = tmp_path / "landing" / sent.path
    path.parent.mkdir(parents=True)
    path.write_bytes(sent.data)
    archive = Archive(tmp_path / "archive")
    found = register(
        source, Landing(tmp_path / "landing", ()), archive, tmp_path / "seen.json", terms_of(source, workspace.pipeline)
    )
    for refusal in found.refused:
        assert "\n" not in refusal.message
        assert len(refusal.message) < 1000
        assert not any(cell in refusal.message for cell in _references(good[source]))
    assert path.read_bytes() == sent.data
    accepted = archive.receipts(source)
    # One delivery lay there: it was taken in, refused, or is of no name that anybody delivers under.
    assert bool(accepted) + bool(found.refused) + bool(found.ignored) >= 1
    if not accepted or source in _REFERENCE:
        return
    if source == "police_street":
        _counted_in_the_street(archive, accepted, workspace, tmp_path)
    else:
        _counted(source, archive, accepted, workspace)


def _counted(source: str, archive: Archive, accepted: list[Receipt], workspace: Workspace) -> None:
    """Every delivered row has one fate, and every counted row is one that was delivered, cell by cell."""
    clean = import_module(f"assets.clean.{source}").clean
    made = make(PARTNERS[source], workspace.pipeline, archive, clean, workspace.pipeline.pseudonyms)
    account = made.completeness
    assert set(account["delivered_rows"].dropna() >= 0) <= {True}
    parts = account[["quarantined", "superseded", "repeated", "out_of_scope", "counted"]].sum(axis=1)
    assert (parts == account["delivered_rows"]).all()
    assert len(made.clean) == account["counted"].sum()
    assert len(made.quarantine) == account["quarantined"].sum()
    (receipt,) = {one.sha256: one for one in accepted}.values()
    delivered = _read(archive.path(receipt.sha256).read_bytes(), receipt.form, source)
    assert account["delivered_rows"].sum() == len(delivered)
    fields = {f.name: f for f in PARTNERS[source].delivery.fields}
    same = [
        name
        for name in made.clean.columns
        # Of a case without an outcome the rule says that it is pending.
        if name in fields
        and name != "outcome"
        and name in delivered
        and fields[name].type in ("enum", "flag", "quarter")
        and not fields[name].null_words
    ]
    held = Counter(map(tuple, made.clean[same].fillna("").astype(str).to_numpy().tolist()))
    there = Counter(map(tuple, delivered[same].map(str.strip).to_numpy().tolist()))
    assert not held - there


def _counted_in_the_street(archive: Archive, accepted: list[Receipt], workspace: Workspace, folder: Path) -> None:
    from resources.engine import Engine

    register_of = workspace.register
    made = settle(
        [StreetFile(r.slot.split("/")[0], r.month or "", r.sha256, archive.path(r.sha256)) for r in accepted],
        [],
        [(c.label, c.category, c.valid_from, c.valid_to or None) for c in register_of.categories],
        [],
        register_of.area.lsoa_name_prefix,
        Engine(folder / "engine", "256MB", 1),
    )
    account = made.completeness.to_pandas()
    sums = account[["quarantined", "repeated", "moved", "counted"]].sum(axis=1)
    assert (sums == account["delivered_rows"]).all()
    assert int(account["counted"].sum()) == int(made.count.to_pandas()["counted"].sum())
    for receipt in accepted:
        lines = list(
            csv.reader(
                io.StringIO(archive.path(receipt.sha256).read_bytes().decode("utf-8-sig", "replace"), newline="")
            )
        )
        assert int(account["delivered_rows"].sum()) == len([line for line in lines[1:] if line])


def _read(data: bytes, form: str, source: str) -> pd.DataFrame:
    """The rows of an accepted delivery by another reader than the pipeline's."""
    if form != "xlsx":
        lines = [
            line for line in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) if any(map(str.strip, line))
        ]
        names = [name.strip() for name in lines[0]]
        rows = [[*line, *[""] * (len(names) - len(line))][: len(names)] for line in lines[1:]]
        return pd.DataFrame(rows, columns=names, dtype=object)
    field_names = set(PARTNERS[source].delivery.field_names)
    try:
        book = load_workbook(io.BytesIO(data), data_only=True)
    except Exception:
        pytest.skip("the other reader cannot open this damaged workbook")
    for page in book.worksheets:
        lines = [["" if value is None else str(value) for value in line] for line in page.iter_rows(values_only=True)]
        for at, line in enumerate(lines):
            if len(field_names & {cell.strip().lower() for cell in line}) > 3:
                body = [row for row in lines[at + 1 :] if any(cell.strip() for cell in row)]
                return pd.DataFrame(body, columns=[cell.strip() for cell in line], dtype=object)
    raise AssertionError("an accepted workbook without a header")


def _references(sent: Sent) -> set[str]:
    """References of people and cases in a delivery: what no message may hold. Days and quarters are no secret."""
    if sent.name.endswith(".xlsx"):
        return set()
    rows = list(csv.reader(io.StringIO(sent.data.decode(), newline="")))[1:40]
    return {cell for row in rows for cell in row if re.search(r"[A-Za-z]", cell) and re.search(r"\d{3}$", cell)}


def test_every_source_is_among_them() -> None:
    assert {f"raw_{source}" for source in SOURCES} == {name for name in TABLES if name.startswith("raw_")}
