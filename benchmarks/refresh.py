"""What a whole refresh of the sample costs beside the least that its orchestration can cost.

    python -m benchmarks.refresh [--rounds 3] [--scale 1.0]

The floor is a process that imports Dagster, pandas and Great Expectations and runs, in process and on the same storage, one
empty asset and one empty multi-check step for every table of the contracts, with as many results as the table has rules
(`--results 2`: with two a table). The refresh is `safer-outcomes refresh` on fresh
synthetic deliveries, the release included. Both are whole processes and take turns; the figure is the median of the ratios.
Exit code 1 when the goal is missed or the refresh released nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: Refresh over floor, at most.
GOAL = 2.5
PROGRAM = str(Path(sys.executable).with_name("safer-outcomes"))

FLOOR = """
import os, sys
import pandas, great_expectations
import dagster as dg
import tomllib
from pathlib import Path

def pair(name, rules):
    @dg.asset(name=name)
    def empty() -> None: ...
    @dg.multi_asset_check(name=f"check_{name}", specs=[dg.AssetCheckSpec(rule, asset=name) for rule in rules])
    def check():
        for rule in rules:
            yield dg.AssetCheckResult(asset_key=name, check_name=rule, passed=True)
    return empty, check

required = tomllib.loads(Path("expectations/required.toml").read_text())
most = int(sys.argv[1])
made = [pair(name, list(rules)[:most]) for name, rules in required.items() if rules]
defs = dg.Definitions(
    assets=[asset for asset, _ in made],
    asset_checks=[check for _, check in made],
    jobs=[dg.define_asset_job("all", selection="*")],
    executor=dg.in_process_executor,
)
with dg.DagsterInstance.get() as instance:
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    assert defs.resolve_job_def("all").execute_in_process(instance=instance, run_config=quiet).success
"""


def main() -> int:
    """Measure, print, and say by the exit code whether the goal is met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--results", type=int, default=99)
    options = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory(prefix="safer-outcomes-benchmark-") as name:
        folder = Path(name)
        landing = folder / "landing"
        subprocess.run(
            [PROGRAM, "sample", "--out", landing, "--scale", str(options.scale)], check=True, capture_output=True
        )
        for number in range(options.rounds):
            floor = _floor(folder / f"floor-{number}", options.results)
            whole = _refresh(folder / f"data-{number}", landing)
            ratios.append(whole / floor)
            print(f"round {number + 1}: floor {floor:5.1f} s, refresh {whole:5.1f} s, ratio {ratios[-1]:.2f}")
    median = statistics.median(ratios)
    print(f"refresh over floor {median:.2f}  goal {GOAL:.1f}  {'met' if median <= GOAL else 'MISSED'}")
    return 0 if median <= GOAL else 1


def _floor(data: Path, results: int) -> float:
    storage = data / "dagster"
    storage.mkdir(parents=True)
    root = Path(__file__).resolve().parent.parent
    own = {"DAGSTER_HOME": str(root), "SAFER_DAGSTER_DIR": str(storage), "GX_ANALYTICS_ENABLED": "false"}
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", FLOOR, str(results)],
        env={**os.environ, **own},
        cwd=root,
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - start


def _refresh(data: Path, landing: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run([PROGRAM, "refresh", "--data", data, "--landing", landing], capture_output=True, text=True)
    taken = time.perf_counter() - start
    if done.returncode != 0:
        raise SystemExit(f"the refresh ended with {done.returncode}: {done.stdout}{done.stderr}")
    states = json.loads((data / "releases" / "current" / "release.json").read_text())["measures"]
    if not any(said["state"] == "published" for said in states.values()):
        raise SystemExit("the refresh published nothing: its time means nothing")
    return taken


if __name__ == "__main__":
    sys.exit(main())
