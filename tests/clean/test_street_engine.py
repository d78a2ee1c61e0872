"""The street engine against a second implementation of its rules, invented files with faults, and the real files."""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.clean import street_engine
from assets.clean.street_engine import StreetFile, StreetTables, settle
from expectations.contracts import police_street as contract
from resources.engine import Engine, EngineError
from tests.campaign import examples
from tests.paths import need_real

HEADER = ",".join(contract.STREET_HEADER)
AREA = "Fairhaven"
CATEGORIES = (
    ("Anti-social behaviour", "anti_social_behaviour", "2010-12", None),
    ("Burglary", "burglary", "2010-12", None),
    ("Robbery", "robbery", "2010-12", None),
    ("Old label", "old", "2010-12", "2020-01"),
)
LOOKUP = (("E01000001", "2011"), ("E01000002", "2021"), ("E01000002", "2011"))
ID = {name: hashlib.sha256(name.encode()).hexdigest() for name in "abcd"}
MONTHS = ("2020-01", "2020-02", "2020-03")
FORCES = ("btp", "fairshire")

TABLES = {
    "rows": contract.ROWS,
    "count": contract.COUNT,
    "completeness": contract.COMPLETENESS,
    "quarantine": contract.QUARANTINE,
}


def deliver(folder: Path, force: str, month: str, content: bytes) -> StreetFile:
    """A file as the archive holds it."""
    sha256 = hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / sha256).write_bytes(content)
    return StreetFile(force, month, sha256, folder / sha256)


def line(month: str, /, **fields: str) -> str:
    """One row of a street file; fields by short name, quoted where they hold a comma."""
    usual = {
        "id": "",
        "month": month,
        "by": "Fairshire Police",
        "within": "Fairshire Police",
        "lon": "-4.1",
        "lat": "50.4",
        "location": "On or near High Street",
        "code": "E01000001",
        "name": f"{AREA} 001A",
        "type": "Burglary",
        "outcome": "",
        "context": "",
    }
    values = {**usual, **fields}.values()
    return ",".join('"' + value.replace('"', '""') + '"' if "," in value else value for value in values)


def content(*lines: str, end: str = "\n") -> bytes:
    return (end.join((HEADER, *lines)) + end).encode()


def listed(tables: StreetTables) -> dict[str, list[tuple[Any, ...]]]:
    """The tables as plain tuples; also checks that they have the columns of their contracts."""
    out = {}
    for name, table in TABLES.items():
        data = getattr(tables, name)
        assert data.column_names == table.column_names
        out[name] = list(zip(*(data[column].to_pylist() for column in data.column_names), strict=True))
    return out


def run(files: Iterable[StreetFile], engine: Engine, previous: Sequence[StreetFile] = ()) -> dict[str, list[Any]]:
    return listed(settle(list(files), previous, CATEGORIES, LOOKUP, AREA, engine))


# --- a second implementation of the rules ----------------------------------------------------------------------------

_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",][^,]*|))(,|$)')


@dataclass(frozen=True)
class Row:
    force: str
    month: str
    id: str
    code: str
    name: str
    type: str
    outcome: str
    location: str
    lon: float | None
    lat: float | None

    def order(self) -> tuple[Any, ...]:
        blank_lowest = tuple((value is not None, value or 0.0) for value in (self.lon, self.lat))
        rest = (self.type, self.outcome, self.location, self.force, *blank_lowest, stray_name(self.name))
        return tuple(part.encode() if isinstance(part, str) else part for part in (self.month, self.code, *rest))


def stray_name(name: str) -> bool:
    return re.fullmatch(rf"{AREA} [0-9]{{3}}[A-Z]", name) is not None


def split(text: str) -> list[str] | None:
    fields, at = [], 0
    while True:
        found = _FIELD.match(text, at)
        if not found or "\r" in (found[2] or ""):
            return None
        fields.append(found[1].replace('""', '"') if found[1] is not None else found[2])
        at = found.end()
        if not found[3]:
            return fields


def number(text: str) -> float | None:
    try:
        return float(text) + 0.0 if text.isascii() else None
    except ValueError:
        return None


def judge(file: StreetFile, raw: bytes) -> str | Row:
    """The row of one line, or why it is set aside."""
    try:
        fields = split(raw.decode())
    except UnicodeDecodeError:
        return "columns"
    if fields is None or len(fields) != 12:
        return "columns"
    crime_id, month, _, _, lon, lat, location, code, name, kind, outcome, _ = fields
    if month != file.month:
        return "month"
    x, y = number(lon), number(lat)
    if (lon or lat) and not (x is not None and y is not None and -180 <= x <= 180 and -90 <= y <= 90):
        return "coordinate"
    if code and not re.fullmatch(r"[EW]01[0-9]{6}", code):
        return "lsoa_code"
    if crime_id and not re.fullmatch(r"[0-9a-fA-F]{64}", crime_id):
        return "crime_id"
    if not kind:
        return "category_blank"
    return Row(file.force, file.month, crime_id, code, name, kind, outcome, location, x, y)


def read(file: StreetFile) -> list[str | Row]:
    lines = [stripped for raw in file.path.read_bytes().split(b"\n") if (stripped := raw.rstrip(b"\r"))]
    return [judge(file, raw) for raw in lines[1:]]


def months_between(first: str, last: str) -> list[str]:
    out = [first]
    while out[-1] < last:
        year, month = int(out[-1][:4]), int(out[-1][5:])
        out.append(f"{year + month // 12}-{month % 12 + 1:02d}")
    return out


def grid(
    files: Sequence[StreetFile],
    previous: Sequence[StreetFile],
    figures: dict[tuple[str, str], Counter[str]],
    area: Iterable[str],
) -> list[tuple[Any, ...]]:
    """The completeness table: every force in every month."""
    earlier = {(file.force, file.month): read(file) for file in previous}
    received = {(file.force, file.month) for file in files}
    months = months_between(min(month for _, month in received), max(month for _, month in received))
    out: list[tuple[Any, ...]] = []
    for slot in [(force, month) for force in sorted({force for force, _ in received}) for month in months]:
        there = slot in received
        values = [figures[slot][name] if there else None for name in contract.COMPLETENESS.column_names[3:-2]]
        old = earlier.get(slot)
        known = (None, None) if old is None else (len(old), sum(not isinstance(r, str) and r.code in area for r in old))
        out.append((*slot, int(there), *values, *known))
    return out


def expected(files: Sequence[StreetFile], previous: Sequence[StreetFile] = ()) -> dict[str, list[Any]]:
    """The four tables by dictionaries and loops."""
    vintages = {code: " ".join(sorted(v for c, v in LOOKUP if c == code)) for code, _ in LOOKUP}

    def slug(row: Row) -> str:
        valid = [s for label, s, a, b in CATEGORIES if label == row.type and a <= row.month <= (b or "9999-12")]
        return valid[0] if valid else "unknown"

    figures: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    quarantine, settled, by_id = [], [], defaultdict(list)
    for file in files:
        slot = (file.force, file.month)
        judged = read(file)
        figures[slot]["delivered_rows"] = len(judged)
        for place, row in enumerate(judged, start=1):
            if isinstance(row, str):
                quarantine.append((*slot, file.sha256, place, row))
                figures[slot]["quarantined"] += 1
            elif row.id:
                by_id[row.id].append(row)
            else:
                figures[slot]["without_id"] += 1
                settled.append((slot, row))
    for rows in by_id.values():
        winner = max(rows, key=Row.order)
        first = min(row.month for row in rows)
        forces = {row.force for row in rows if row.month == first}
        home = (winner.force if winner.force in forces else max(forces), first)
        settled.append((home, winner))
        for slot, number_of_rows in Counter((row.force, row.month) for row in rows).items():
            figures[slot]["repeated"] += number_of_rows - 1
            figures[slot]["moved"] += slot != home
    counts: Counter[tuple[str, ...]] = Counter()
    placed = []
    for (force, month), row in settled:
        figure = figures[force, month]
        figure["counted"] += 1
        figure["unplaced"] += not row.code
        figure["in_area"] += row.code in vintages
        figure["unmatched"] += stray_name(row.name) and row.code not in vintages
        figure["unknown_category"] += slug(row) == "unknown"
        counts[force, month, row.code, slug(row)] += 1
        if row.code in vintages:
            text = [value or None for value in (row.location, row.outcome)]
            placed.append(
                (month, force, row.id or None, slug(row), row.code, vintages[row.code], row.lon, row.lat, *text)
            )
    placed.sort(key=lambda row: [(value is not None, value) if value is not None else (False,) for value in row])
    return {
        "rows": [(i, *row) for i, row in enumerate(placed, start=1)],
        "count": [(*key, n) for key, n in sorted(counts.items(), key=lambda c: [part.encode() for part in c[0]])],
        "completeness": grid(files, previous, figures, vintages),
        "quarantine": sorted(quarantine),
    }


# --- invented files --------------------------------------------------------------------------------------------------


def _sometimes(usual: Sequence[str], odd: Sequence[str]) -> st.SearchStrategy[str]:
    """Mostly one of the usual values, now and then an odd one."""
    return st.integers(0, 30).flatmap(lambda n: st.sampled_from(odd) if n == 0 else st.sampled_from(usual))


_ROWS = st.fixed_dictionaries(
    {
        "id": _sometimes(("", *ID.values()), (ID["a"].upper(), "g" * 64, "ab12", ID["a"] + "0")),
        "lon": _sometimes(("-4.1", "-4.10", "0", "-0", "4e0"), ("", "181", "nan", "west", "1,5", " 1", "1_0", "٣")),
        "lat": _sometimes(("50.4", "50.5"), ("", "90.01", "inf", "5 0")),
        "location": _sometimes(("", "On or near A", "On or near A, Rear", "Ö"), ('say "x"', '"', "a\rb", "\0")),
        "code": _sometimes(("E01000001", "E01000002", "W01000003", "E01000009", ""), ("95AA01S1", "E0100001")),
        "name": st.sampled_from(
            (f"{AREA} 001A", f"{AREA} 001", f"{AREA}s 001A", f"{AREA} 001a", "Bournemouth, Poole 1", "")
        ),
        "type": _sometimes(("Burglary", "Robbery", "Anti-social behaviour", "Old label"), ("New label", "")),
        "outcome": st.sampled_from(("", "Under investigation", "Local resolution")),
        "month": _sometimes(("",), ("2020-1", "2019-12")),
    }
)
#: A row with one character put in somewhere.
_SPOILED = st.tuples(_ROWS, st.integers(0, 150), st.sampled_from('",\r\0\t é\u2028\udcff'))
_LINES = st.one_of(
    *[_ROWS] * 8,
    _SPOILED,
    st.sampled_from(
        ("", "a,b", ",,,,,,,,,,,,", ",,,,,,,,,,,", '"open', "x", "\r", 'a,"b"c,,,,,,,,,,', "\udcff", "\0\0")
    ),
)


@st.composite
def _deliveries(draw: st.DrawFn) -> list[tuple[str, str, bytes]]:
    """Force, month and bytes of up to six files that share Crime IDs."""
    slots = draw(
        st.lists(st.tuples(st.sampled_from(FORCES), st.sampled_from(MONTHS)), min_size=1, max_size=6, unique=True)
    )
    return [(force, month, draw(_contents(month))) for force, month in slots]


@st.composite
def _contents(draw: st.DrawFn, month: str) -> bytes:
    made = []
    for one in draw(st.lists(_LINES, max_size=8)):
        fields, at, put_in = one if isinstance(one, tuple) else (one, 0, "")
        text = fields if isinstance(fields, str) else line(month, **{**fields, "month": fields["month"] or month})
        made.append(text[:at] + put_in + text[at:])
    ends = draw(st.sampled_from((("\n",), ("\r\n",), ("\n", "\r\n"))))
    text = "".join(row + draw(st.sampled_from(ends)) for row in (HEADER, *made))
    text = draw(st.sampled_from(("", "\ufeff"))) + text
    if draw(st.booleans()):
        text = text.removesuffix("\n").removesuffix("\r")
    return text.encode("utf-8", "surrogateescape")


_SEARCH = settings(
    max_examples=examples(20), deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@_SEARCH
@given(deliveries=_deliveries(), replaced=_deliveries(), data=st.data())
def test_the_engine_agrees_with_a_second_implementation(tmp_path_factory, deliveries, replaced, data):
    """Whatever is cached, in whatever order and batches files come, with keys that collide, on one thread or two."""
    folder = tmp_path_factory.mktemp("street")
    files = [deliver(folder / "archive", *delivery) for delivery in deliveries]
    previous = [deliver(folder / "archive", *delivery) for delivery in replaced]
    engine = Engine(folder / "cache", threads=data.draw(st.sampled_from((1, 2))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(street_engine, "_KEY", data.draw(st.sampled_from(("hash(crime_id)", "hash(crime_id) % 2"))))
        patch.setattr(street_engine, "_BATCH_BYTES", data.draw(st.sampled_from((1, 1 << 27))))
        some = data.draw(st.permutations(files))[: data.draw(st.integers(1, len(files)))]
        assert run(some, engine) == expected(some), "some of the files"
        assert run(data.draw(st.permutations(files)), engine, previous) == expected(files, previous), "some were cached"
    shutil.rmtree(folder)


def _completeness(tables: dict[str, list[Any]], force: str, month: str) -> dict[str, Any]:
    (row,) = [row for row in tables["completeness"] if row[:2] == (force, month)]
    return dict(zip(contract.COMPLETENESS.column_names, row, strict=True))


def test_one_crime_id_counts_in_its_first_month_as_its_last_row_says(tmp_path):
    """Reclassified and relocated a month later, then found in a third file of another force: one offence."""
    files = [
        deliver(tmp_path, "fairshire", "2020-01", content(line("2020-01", id=ID["a"]), line("2020-01", id=ID["b"]))),
        deliver(
            tmp_path, "fairshire", "2020-02", content(line("2020-02", id=ID["a"], type="Robbery", code="E01000002"))
        ),
        deliver(
            tmp_path, "btp", "2020-03", content(line("2020-03", id=ID["b"], code="W01000003", name="Elsewhere 001A"))
        ),
    ]
    made = run(files, Engine(tmp_path / "cache"))
    assert made["count"] == [
        ("fairshire", "2020-01", "E01000002", "robbery", 1),
        ("fairshire", "2020-01", "W01000003", "burglary", 1),
    ]
    assert [row[1:6] for row in made["rows"]] == [("2020-01", "fairshire", ID["a"], "robbery", "E01000002")]
    assert _completeness(made, "fairshire", "2020-02")["moved"] == 1
    assert _completeness(made, "btp", "2020-03")["counted"] == 0
    assert _completeness(made, "btp", "2020-01")["delivered_rows"] is None


def test_identical_rows_without_a_crime_id_are_separate_incidents(tmp_path):
    row = line("2020-01", type="Anti-social behaviour")
    made = run([deliver(tmp_path, "fairshire", "2020-01", content(row, row, row))], Engine(tmp_path / "cache"))
    assert made["count"] == [("fairshire", "2020-01", "E01000001", "anti_social_behaviour", 3)]


def test_bad_rows_are_set_aside_by_number_and_spoil_no_other(tmp_path):
    """Numbers are of data rows, whatever lies above: an open quote takes its own line only, an empty line is none."""
    good = line("2020-01", location="On or near A, Rear")
    lines = (
        *(good, "a,b,c", good, good.replace('"', "", 1), "", line("2020-02"), line("2020-01", lon="")),
        *(
            line("2020-01", lat="91"),
            line("2020-01", code="95AA01S1"),
            line("2020-01", id="12"),
            line("2020-01", type=""),
        ),
        *(line("2020-01") + ",", good),
    )
    for end in ("\n", "\r\n"):
        made = run([deliver(tmp_path, "fairshire", "2020-01", content(*lines, end=end))], Engine(tmp_path / "cache"))
        assert [row[3:] for row in made["quarantine"]] == [
            *((2, "columns"), (4, "columns"), (5, "month"), (6, "coordinate"), (7, "coordinate"), (8, "lsoa_code")),
            *((9, "crime_id"), (10, "category_blank"), (11, "columns")),
        ]
        assert _completeness(made, "fairshire", "2020-01")["delivered_rows"] == 12
        assert sum(row[4] for row in made["count"]) == 3


def test_many_files_read_at_once_keep_their_own_bad_rows(tmp_path):
    """Large enough that DuckDB reads them with both threads."""
    files = []
    for number, month in enumerate(months_between("2015-01", "2019-12")):
        rows = [line(month, id=hashlib.sha256(f"{month}{i}".encode()).hexdigest()) for i in range(200)]
        if number % 7 == 3:
            rows[number] = rows[number][:-1]
        files.append(deliver(tmp_path, "fairshire", month, content(*rows, end="\r\n" if number % 2 else "\n")))
    made = run(files, Engine(tmp_path / "cache"))
    assert [(row[1], row[3]) for row in made["quarantine"]] == [
        (file.month, number + 1) for number, file in enumerate(files) if number % 7 == 3
    ]
    assert sum(row[4] for row in made["count"]) == 60 * 200 - len(made["quarantine"])


def test_only_files_that_are_not_cached_are_read(tmp_path):
    first = deliver(tmp_path, "fairshire", "2020-01", content(line("2020-01", id=ID["a"]), "a,b"))
    engine = Engine(tmp_path / "cache")
    run([first], engine)
    first.path.unlink()
    second = deliver(tmp_path, "fairshire", "2020-02", content(line("2020-02", id=ID["b"])))
    made = run([first, second], engine)
    first.path.write_bytes(content(line("2020-01", id=ID["a"]), "a,b"))
    assert made == expected([first, second])


@pytest.mark.parametrize(
    ("change", "categories", "in_area", "unmatched"),
    [
        ({"categories": [*CATEGORIES[:3], ("Old label", "old", "2010-12", "2019-12")]}, ["burglary", "unknown"], 4, 0),
        ({"categories": [*CATEGORIES, ("New label", "new", "2020-01", None)]}, ["burglary", "new", "old"], 4, 0),
        ({"lookup": LOOKUP[1:]}, ["burglary", "old", "unknown"], 1, 3),
        ({"area_name": "Elsewhere", "lookup": ()}, ["burglary", "old", "unknown"], 0, 0),
    ],
)
def test_a_changed_code_table_or_area_does_not_meet_an_old_cache(tmp_path, change, categories, in_area, unmatched):
    """Old label ends a month earlier; a label is added; the area loses an LSOA; it is another area."""
    rows = [line("2020-01", type=label) for label in ("Old label", "New label", "Burglary")]
    file = deliver(tmp_path, "fairshire", "2020-01", content(*rows, line("2020-01", code="E01000002")))
    usual = {"categories": CATEGORIES, "lookup": LOOKUP, "area_name": AREA, "engine": Engine(tmp_path / "cache")}
    settle([file], [], **usual)
    made = listed(settle([file], [], **{**usual, **change}))
    row = _completeness(made, "fairshire", "2020-01")
    assert sorted({row[3] for row in made["count"]}) == categories
    assert (row["in_area"], row["unmatched"]) == (in_area, unmatched)


def test_a_folder_named_like_a_pattern_is_a_folder(tmp_path):
    odd = tmp_path / "[a-z] 1=2 *"
    files = [deliver(odd, "fairshire", month, content(line(month, id=ID["a"]), line(month))) for month in MONTHS]
    assert run(files, Engine(odd / "cache")) == expected(files)


def test_nothing_delivered_makes_empty_tables(tmp_path):
    assert run([], Engine(tmp_path / "cache")) == {name: [] for name in TABLES}


def test_a_replaced_version_is_compared_and_counts_in_nothing(tmp_path):
    old = deliver(tmp_path, "fairshire", "2020-01", content(*[line("2020-01", id=ID[name]) for name in "abc"], "x"))
    now = deliver(tmp_path, "fairshire", "2020-01", content(line("2020-01", id=ID["a"])))
    made = run([now], Engine(tmp_path / "cache"), [old])
    assert made == expected([now], [old])
    row = _completeness(made, "fairshire", "2020-01")
    assert (row["counted"], row["repeated"], row["moved"]) == (1, 0, 0)
    assert (row["previous_rows"], row["previous_in_area"]) == (4, 3)


def test_two_versions_of_one_month_are_refused(tmp_path):
    both = [deliver(tmp_path, "fairshire", "2020-01", content(*rows)) for rows in ((), (line("2020-01"),))]
    with pytest.raises(ValueError, match="two files for fairshire 2020-01"):
        run(both, Engine(tmp_path / "cache"))


@pytest.mark.parametrize("damage", [b"", b"no database", None])
def test_a_damaged_cache_is_made_again(tmp_path, damage):
    files = [deliver(tmp_path, "fairshire", m, content(*[line(m, id=ID["a"])] * 2000)) for m in MONTHS]
    engine = Engine(tmp_path / "cache")
    made = run(files, engine)
    database = engine.cache / "engine.duckdb"
    whole = database.read_bytes()
    # None: the head is whole and the rest is not, which shows only when it is read.
    database.write_bytes(damage if damage is not None else whole[:12288].ljust(len(whole), b"x"))
    assert run(files, engine) == made


def test_a_cache_in_use_is_one_clear_line(tmp_path):
    held = Engine(tmp_path / "cache", threads=1)
    with held.connect(), pytest.raises(EngineError, match="another process is using it") as error:
        run([], Engine(tmp_path / "cache", threads=2))
    assert error.value.code == "locked"


def test_a_lost_file_is_named_without_its_rows(tmp_path):
    file = deliver(tmp_path, "fairshire", "2020-01", content(line("2020-01", id=ID["a"])))
    file.path.unlink()
    with pytest.raises(
        EngineError, match=r"^street file of fairshire 2020-01: .*: restore [0-9a-f]{64} to the archive$"
    ):
        run([file], Engine(tmp_path / "cache"))


def test_what_duckdb_says_of_a_row_is_not_repeated(tmp_path):
    with pytest.raises(EngineError) as error, Engine(tmp_path).connect() as db:
        db.execute("SELECT 'secret place'::INTEGER")
    assert error.value.code == "failed"
    assert "secret" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


# --- real files ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Real:
    files: dict[str, StreetFile]
    categories: list[tuple[str, str, str, str | None]]
    lookup: list[tuple[str, str]]
    engine: Engine

    def settle(self, files: Iterable[StreetFile], previous: Sequence[StreetFile] = ()) -> dict[str, list[Any]]:
        return listed(settle(list(files), previous, self.categories, self.lookup, "Plymouth", self.engine))


def _unpacked(folder: Path, into: Path) -> dict[str, StreetFile]:
    out = {}
    for path in sorted(folder.glob("*-street.csv.gz")):
        month, force = path.name[:7], path.name[8 : -len("-street.csv.gz")]
        out[f"{force} {month}"] = deliver(into, force, month, gzip.decompress(path.read_bytes()))
    return out


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    data = need_real()
    folder = tmp_path_factory.mktemp("real")
    with (data / "plymouth_open/reference/lsoa_neighbourhood.csv").open(newline="") as file:
        lookup = [(row["lsoa_code"], row["lsoa_vintage"]) for row in csv.DictReader(file)]
    files = _unpacked(data / "police_street", folder / "archive")
    labels = sorted({"Anti-social behaviour", *(label for label, _ in _years(data))})
    categories = [(label, label.lower(), "2010-12", None) for label in labels]
    yield Real(files, categories, lookup, Engine(folder / "cache"))
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def plymouth(real):
    """The whole series of Devon and Cornwall."""
    return real.settle(real.files.values())


def _tables(data: Path, heading: str) -> list[list[str]]:
    """Cells of the table below a heading of SOURCES.md, its head left out."""
    below = (data / "SOURCES.md").read_text().split(f"### {heading}\n")[1]
    table = next(block for block in below.strip().split("\n\n") if block.startswith("|"))
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


def _years(data: Path) -> list[tuple[str, list[int]]]:
    rows = _tables(data, "Plymouth rows by whole financial year")
    return [(row[0], [int(cell) for cell in row[1:]]) for row in rows if row[0] != "total"]


@pytest.mark.real
def test_real_year_as_worked_out_independently(plymouth):
    """2016/17: 17,889 crimes and 10,222 incidents in the 161 LSOAs (README of plymouth_open, SOURCES.md)."""
    year = [row for row in plymouth["rows"] if "2016-04" <= row[1] <= "2017-03"]
    incidents = [row for row in year if row[4] == "anti-social behaviour"]
    assert (len(year) - len(incidents), len(incidents)) == (17889, 10222)


@pytest.mark.real
def test_real_years_by_crime_type(plymouth):
    """As counted file by file in SOURCES.md; two offences that stand in two months each count once here."""
    spans = (("2016-04", "2017-03"), ("2018-04", "2019-03"), ("2019-04", "2020-03"))
    merged = {("Public order", 1): 1, ("Violence and sexual offences", 2): 1}
    for label, numbers in _years(need_real()):
        for year, ((first, last), number_of_rows) in enumerate(zip(spans, numbers, strict=True)):
            found = sum(row[4] == label.lower() and first <= row[1] <= last for row in plymouth["rows"])
            assert found == number_of_rows - merged.get((label, year), 0), (label, year)


@pytest.mark.real
def test_real_months_account_for_every_row(plymouth):
    """Rows, repeated IDs and rows without LSOA of every month as in SOURCES.md."""
    unlike = {}
    for month, rows, _, _, types, repeated, blank, *_ in _tables(need_real(), "Per month"):
        row = _completeness(plymouth, "devon-and-cornwall", month)
        assert (row["delivered_rows"], row["repeated"], row["quarantined"]) == (int(rows), int(repeated), 0)
        assert row["counted"] + row["moved"] + row["repeated"] == int(rows)
        assert (row["unmatched"], row["unknown_category"]) == (0, 0)
        held = {category for force, at, _, category, _ in plymouth["count"] if at == month}
        assert len(held) == int(types)
        if row["unplaced"] != int(blank):
            unlike[month] = row["unplaced"] - int(blank)
    # Offences whose Crime ID came again: without a place in this month, and with one (or not again) in the later row.
    assert unlike == {"2018-06": -1, "2019-08": -1, "2020-11": -2}


@pytest.mark.real
def test_real_ids_in_several_months_are_found(real, plymouth):
    """As many as reading every file and holding every ID finds."""
    months: dict[str, Counter[str]] = defaultdict(Counter)
    for file in real.files.values():
        for raw in file.path.read_bytes().splitlines()[1:]:
            crime_id = raw.split(b",", 1)[0]
            if crime_id:
                months[crime_id.decode()][file.month] += 1
    several = [found for found in months.values() if len(found) > 1]
    assert sum(row[6] for row in plymouth["completeness"] if row[2]) == sum(len(found) - 1 for found in several) == 6
    repeated = sum(sum(found.values()) - len(found) for found in months.values())
    assert sum(row[5] for row in plymouth["completeness"] if row[2]) == repeated == 7


@pytest.mark.real
def test_real_codes_of_2021_are_placed(plymouth):
    """From 2024 the files carry the codes of 2021, six of which no earlier census has."""
    vintages = Counter(row[6] for row in plymouth["rows"] if row[1] >= "2024-01")
    codes = {row[5] for row in plymouth["rows"] if row[6] == "2021"}
    assert set(vintages) == {"2021", "2011 2021"}
    assert len(codes) == 6


@pytest.mark.real
def test_real_files_of_other_forces_break_no_rule(real):
    """Also those without LSOA (Northern Ireland) or without Crime ID (transport police); rows as in SOURCES.md."""
    others = _unpacked(need_real() / "police_other", real.engine.cache.parent / "others")
    made = Real(others, real.categories, real.lookup, Engine(real.engine.cache / "others")).settle(others.values())
    received = {f"{row[0]} {row[1]}": row for row in made["completeness"] if row[2]}
    sources = (need_real() / "SOURCES.md").read_text()
    known = re.findall(r"\| police_other/(\d{4}-\d{2})-([a-z-]+)-street\.csv\.gz \|.*\| (\d+) \| other force", sources)
    rows = {f"{force} {month}": int(number_of_rows) for month, force, number_of_rows in known}
    assert {slot: row[3] for slot, row in received.items()} == {slot: rows[slot] for slot in others}
    assert made["quarantine"] == []
    assert received["northern-ireland 2014-01"][9] == 11904
    assert received["btp 2024-02"][8] == 6237


@pytest.mark.real
def test_real_month_downloaded_twice_counts_the_same(real):
    """Other order of rows, other outcomes: the same counts, but for two rows of 2018-03 that moved (SOURCES.md)."""
    other = _unpacked(need_real() / "police_street_other_download", real.engine.cache.parent / "again")
    twice = Real(other, real.categories, real.lookup, Engine(real.engine.cache / "again"))

    def counts(files: Iterable[StreetFile]) -> Counter[tuple[str, ...]]:
        return Counter({tuple(key): n for *key, n in twice.settle(files)["count"]})

    first, again = counts(real.files[slot] for slot in other), counts(other.values())
    assert sum(first.values()) == sum(again.values())
    assert sum((first - again).values()) == 2
    assert {key[1] for key in (first - again) + (again - first)} == {"2018-03"}


def test_months_that_are_parsed_again_heal_what_was_kept_of_them(tmp_path: Path) -> None:
    engine = Engine(tmp_path / "cache")
    assert street_engine.parse_again({"2020-01"}, engine) == 0
    files = [
        deliver(tmp_path / "archive", "fairshire", month, content(line(month, id=ID["a"]), line(month)))
        for month in MONTHS[:2]
    ]
    before = run(files, engine)
    with engine.connect() as db:
        db.execute("UPDATE cell SET counted = counted + 7")
    assert run(files, engine) != before
    assert street_engine.parse_again(set(MONTHS), engine) == 2
    assert run(files, engine) == before
