"""The street engine beside a bare scan of the same files and beside plain pandas.

    python -m benchmarks.street [--forces 5 --months 36 --rows-per-month 13900] [--pairs 3] [--data FOLDER]

The files are invented and lie outside the tree. Each side runs in a process of its own, one after the other and again
(A B C D A B C D …); a ratio is the median of the ratios of each round, of the wall time of whole processes. Results are
compared first: a fast wrong answer is no answer. Exit code 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

GENERATOR = Path(__file__).resolve().parents[2] / "shared" / "tools" / "gen_street.py"
#: Largest ratio, or GB, that meets the goal.
GOALS = {"engine / scan": 4.0, "engine / pandas": 0.35, "one new month / full": 0.5, "peak memory, GB": 0.8}
LABELS = (
    *("Anti-social behaviour", "Bicycle theft", "Burglary", "Criminal damage and arson", "Drugs", "Other crime"),
    *("Other theft", "Possession of weapons", "Public order", "Robbery", "Shoplifting", "Theft from the person"),
    *("Vehicle crime", "Violence and sexual offences"),
)
CATEGORIES = {label: label.lower().replace(" ", "_").replace("-", "_") for label in LABELS}
#: LSOAs of one force that make the partnership's area, as many as Plymouth has.
AREA = 161


def main() -> int:
    """Measure, print one line a ratio, and say by the exit code whether the goals are met."""
    options = _options()
    if options.side:
        return _side(options)
    data = options.data or Path(tempfile.gettempdir()) / "safer-outcomes-benchmark" / (
        f"street-{options.forces}-{options.months}-{options.rows_per_month}"
    )
    _generate(data, options)
    with tempfile.TemporaryDirectory(prefix="safer-outcomes-benchmark-") as folder:
        bench = _Bench(data, Path(folder))
        print(f"{len(_files(data))} files, {sum(path.stat().st_size for _, _, path in _files(data)) / 1e6:.0f} MB")
        if not bench.agree():
            print("engine and pandas do not agree: no timing")
            return 1
        rounds = [bench.round() for _ in range(options.pairs)]
    measured = {name: statistics.median(one[name] for one in rounds) for name in GOALS}
    for name, goal in GOALS.items():
        each = ", ".join(f"{one[name]:.2f}" for one in rounds)
        print(
            f"{name:22} {measured[name]:5.2f}  goal {goal:.2f}  {'met' if measured[name] <= goal else 'MISSED'}  ({each})"
        )
    return 0 if all(measured[name] <= goal for name, goal in GOALS.items()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--forces", type=int, default=5)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--rows-per-month", type=int, default=13_900, help="mean rows of a file")
    parser.add_argument("--pairs", type=int, default=3, help="how often each side runs")
    parser.add_argument("--data", type=Path, help="folder of the generated files; made when absent")
    parser.add_argument("--side", choices=("scan", "engine", "pandas"), help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--without-last-month", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _generate(data: Path, options: argparse.Namespace) -> None:
    if (data / "street").exists():
        return
    part = data.with_name(data.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    sizes = {"forces": options.forces, "months": options.months, "rows-per-month": options.rows_per_month, "seed": 7}
    arguments = [str(item) for name, value in sizes.items() for item in (f"--{name}", value)]
    subprocess.run([sys.executable, str(GENERATOR), *arguments, "--out", str(part)], check=True)
    part.rename(data)


def _files(data: Path) -> list[tuple[str, str, Path]]:
    """Force, month and path of each file."""
    paths = sorted((data / "street").glob("*/*-street.csv"))
    return [(path.name[8 : -len("-street.csv")], path.name[:7], path) for path in paths]


def _area(data: Path) -> list[str]:
    lines = (data / "lookup" / "lsoa_neighbourhood.csv").read_text().splitlines()[1 : AREA + 1]
    return [line.split(",")[0] for line in lines]


# --- the sides: each in its own process, importing only what it needs -------------------------------------------------


def _side(options: argparse.Namespace) -> int:
    {"scan": _scan, "engine": _engine, "pandas": _pandas}[options.side](options)
    print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}))
    return 0


def _scan(options: argparse.Namespace) -> None:
    """Count every column of every file: what reading them costs at the least."""
    import duckdb

    columns = [f"c{number}" for number in range(12)]
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(
            f"SELECT {', '.join(f'count({column})' for column in columns)} FROM read_csv($paths, auto_detect = false,"
            " header = true, delim = ',', quote = '\"', escape = '\"', columns = "
            f"{ {column: 'VARCHAR' for column in columns} })",
            {"paths": [str(path) for _, _, path in _files(options.data)]},
        ).fetchall()


def _engine(options: argparse.Namespace) -> None:
    from assets.clean.street_engine import StreetFile, settle
    from resources.engine import Engine

    # Hashing is the archive's work: a name that is as unique stands in for it.
    files = [
        StreetFile(force, month, hashlib.sha256(path.name.encode()).hexdigest(), path)
        for force, month, path in _files(options.data)
    ]
    if options.without_last_month:
        files = [file for file in files if file.month < max(file.month for file in files)]
    categories = [(label, slug, "2010-12", None) for label, slug in CATEGORIES.items()]
    lookup = [(code, "2021") for code in _area(options.data)]
    made = settle(files, [], categories, lookup, "Devon & Cornwall", Engine(options.cache))
    if options.out:
        pq.write_table(_comparable(made.count), options.out)


def _pandas(options: argparse.Namespace) -> None:
    from benchmarks.pandas_street import settle

    counts, _ = settle(_files(options.data), CATEGORIES, _area(options.data))
    if options.out:
        counts.columns = ["force", "month", "lsoa_code", "category", "counted"]
        pq.write_table(_comparable(pa.Table.from_pandas(counts, preserve_index=False)), options.out)


def _comparable(counts: pa.Table) -> pa.Table:
    text = ("force", "month", "lsoa_code", "category")
    table = counts.cast(pa.schema([*((name, pa.string()) for name in text), ("counted", pa.int64())]))
    return table.replace_schema_metadata().sort_by([(name, "ascending") for name in text]).combine_chunks()


@dataclass(frozen=True)
class _Bench:
    """The files, and a folder to work in."""

    data: Path
    folder: Path

    def run(self, side: str, *more: str) -> tuple[float, float]:
        """Wall seconds of a side's whole process, and its peak memory in GB."""
        command = [sys.executable, "-m", "benchmarks.street", "--side", side, "--data", str(self.data), *more]
        start = time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return time.perf_counter() - start, json.loads(done.stdout)["peak"]

    def engine(self, *more: str) -> tuple[float, float]:
        """The engine on an empty cache."""
        shutil.rmtree(self.folder / "cache", ignore_errors=True)
        return self.run("engine", "--cache", str(self.folder / "cache"), *more)

    def agree(self) -> bool:
        """Are the counts of engine and pandas the same, cell by cell?"""
        one, other = self.folder / "engine.parquet", self.folder / "pandas.parquet"
        self.engine("--out", str(one))
        self.run("pandas", "--out", str(other))
        return bool(pq.read_table(one).equals(pq.read_table(other)))

    def round(self) -> dict[str, float]:
        """Each side once."""
        scan, _ = self.run("scan")
        engine, peak = self.engine()
        pandas, _ = self.run("pandas")
        self.engine("--without-last-month")
        month, _ = self.run("engine", "--cache", str(self.folder / "cache"))
        return {
            "engine / scan": engine / scan,
            "engine / pandas": engine / pandas,
            "one new month / full": month / engine,
            "peak memory, GB": peak,
        }


if __name__ == "__main__":
    sys.exit(main())
