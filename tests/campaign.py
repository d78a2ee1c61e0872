"""The long campaigns of faults, fuzz and attacks: whole by `make campaign`, a seeded sample of each in `make test`.

A test that belongs to one is marked `campaign("name")`; one that tries many cases in itself says how many by
`record_property("cases", n)`.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from tests.paths import ROOT

WHOLE = bool(os.environ.get("SAFER_CAMPAIGN"))
SEED = int(os.environ.get("SAFER_SEED", "0"))
REPORT = ROOT / "docs" / "campaigns.md"

T = TypeVar("T")


def drawn(cases: Sequence[T], number: int) -> list[T]:
    """All cases in a campaign, else so many of them by the seed, in their order."""
    if WHOLE or len(cases) <= number:
        return list(cases)
    chosen = random.Random(SEED).sample(range(len(cases)), number)
    return [cases[n] for n in sorted(chosen)]


class Reporter:
    """Counts of a campaign, gathered where the run is steered, written to docs/ when it ends."""

    def __init__(self, report: Path) -> None:
        self.report = report
        self.counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add one finished case; a case that fails in its set-up failed."""
        said = dict(report.user_properties)
        if "campaign" not in said:
            return
        count = self.counts[str(said["campaign"])]
        count["seconds"] += report.duration
        if report.when == "call" or report.failed:
            count["cases"] += float(str(said.get("cases", 1)))
            count["failed"] += report.failed

    def pytest_sessionfinish(self) -> None:
        """Write the report."""
        if self.counts:
            self.report.write_text(text(self.counts), encoding="utf-8")


def text(counts: dict[str, dict[str, float]]) -> str:
    """The report: a row a campaign."""
    rows = [
        f"| {name} | {count['cases']:.0f} | {count['failed']:.0f} | {count['seconds'] / 60:.0f} |"
        for name, count in sorted(counts.items())
    ]
    lines = (
        "# Campaigns",
        "",
        f"The last whole run of `make campaign`, seed {SEED}. `make test` runs a seeded sample of each.",
        "",
        "| Campaign | Cases | Failed | Minutes of one core |",
        "|---|---|---|---|",
        *rows,
    )
    return "\n".join(lines) + "\n"
