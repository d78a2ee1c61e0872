"""The long campaigns of faults, fuzz and attacks: whole by `make campaign`, a seeded sample of each in `make test`.

A test that belongs to one is marked `campaign("name")`, and with `sample=n` only so many of a file's run in `make test`; one that
tries many cases in itself says how many by `record_property("cases", n)`.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
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


def examples(whole: int) -> int:
    """How many examples a property is tried on: all in a campaign, else a quarter, and 4 at least."""
    return whole if WHOLE else max(4, whole // 4)


def sampled(items: Sequence[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The tests of a run, and those of campaigns that are not drawn: of a file no more than the `sample` of its marker."""
    groups: dict[tuple[str, str], list[pytest.Item]] = defaultdict(list)
    for item in items:
        mark = item.get_closest_marker("campaign")
        if mark and "sample" in mark.kwargs:
            groups[item.nodeid.partition("::")[0], mark.args[0]].append(item)
    left = set()
    for group in groups.values():
        mark = group[0].get_closest_marker("campaign")
        assert mark
        chosen = set(map(id, drawn(group, mark.kwargs["sample"])))
        left |= {id(item) for item in group} - chosen
    return [item for item in items if id(item) not in left], [item for item in items if id(item) in left]


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
            before = self.report.read_text(encoding="utf-8") if self.report.exists() else ""
            self.report.write_text(text(self.counts, before), encoding="utf-8")


def text(counts: dict[str, dict[str, float]], before: str = "") -> str:
    """The report: a row a campaign; what was not run this time stays as it was."""
    rows = {line.split("|")[1].strip(): line for line in before.splitlines() if line.startswith("| ")}
    rows.pop("Campaign", None)
    today = f"{date.today():%d %B %Y}".lstrip("0")
    for name, count in counts.items():
        figures = f"{count['cases']:.0f} | {count['failed']:.0f} | {count['seconds'] / 60:.0f}"
        rows[name] = f"| {name} | {today} | {SEED} | {figures} |"
    lines = (
        "# Campaigns",
        "",
        "The last whole run of each campaign (`make campaign`, or one alone by all its test files). `make test` runs a seeded sample of each.",
        "",
        "| Campaign | Run on | Seed | Cases | Failed | Minutes of one core |",
        "|---|---|---|---|---|---|",
        *(rows[name] for name in sorted(rows)),
    )
    return "\n".join(lines) + "\n"
