"""What a refresh costs when nothing is new: the nightly case, and the one that must not start Dagster.

    python -m benchmarks.noop [--data FOLDER] [--runs 7] [-- COMMAND …]

Without a data folder, one is made in a temporary folder from synthetic deliveries. The command is `safer-outcomes
refresh` unless another is given; it runs with SAFER_DATA_DIR set to the folder. Its wall time is compared with that of
the bare interpreter. Exit code 1 when a goal is missed or a heavy library gets imported.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

#: Longest median wall time of the whole process, in seconds.
GOAL = 0.5
HEAVY = ("dagster", "sqlalchemy", "pandas", "duckdb", "great_expectations")
PROGRAM = str(Path(sys.executable).with_name("safer-outcomes"))


def main() -> int:
    """Measure, print, and say by the exit code whether the goal is met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, help="data folder in which everything is done already")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("command", nargs="*", default=[PROGRAM, "refresh"])
    options = parser.parse_args()
    if options.data:
        return _measure(options.command, options.data, options.runs)
    with tempfile.TemporaryDirectory(prefix="safer-outcomes-benchmark-") as folder:
        data = Path(folder)
        _run([PROGRAM, "sample", "--out", str(data / "landing")], data)
        return _measure(options.command, data, options.runs)


def _measure(command: Sequence[str], data: Path, runs: int) -> int:
    first = _run(command, data)
    again = [_run(command, data) for _ in range(runs)]
    bare = [_run([sys.executable, "-c", ""], data) for _ in range(runs)]
    median, interpreter = statistics.median(again), statistics.median(bare)
    imported = _imported(command, data)
    print(f"first run              {first:6.2f} s")
    print(f"nothing new            {median:6.2f} s  goal {GOAL:.2f}  {'met' if median <= GOAL else 'MISSED'}")
    print(f"bare interpreter       {interpreter:6.2f} s  ratio {median / interpreter:.1f}")
    print(f"heavy libraries        {', '.join(imported) or 'none imported'}")
    return 0 if median <= GOAL and not imported else 1


def _run(command: Sequence[str], data: Path) -> float:
    """Wall seconds of a command; it may end with 0, or with 3 when a measure is held."""
    start = time.perf_counter()
    done = subprocess.run(command, env={**os.environ, "SAFER_DATA_DIR": str(data)}, capture_output=True, text=True)
    if done.returncode not in (0, 3):
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return time.perf_counter() - start


def _imported(command: Sequence[str], data: Path) -> list[str]:
    """Heavy libraries that the command imports, as the interpreter itself reports."""
    env = {**os.environ, "SAFER_DATA_DIR": str(data), "PYTHONPROFILEIMPORTTIME": "1"}
    report = subprocess.run(command, env=env, capture_output=True, text=True).stderr
    names = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in report.splitlines() if "import time:" in line}
    return [name for name in HEAVY if name in names]


if __name__ == "__main__":
    sys.exit(main())
