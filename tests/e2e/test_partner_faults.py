"""Each fault planted in a partner's delivery ends as the catalogue says, and holds back exactly the measures downstream of it.

The faults are planted several at a time, one a source, in fresh cities with every source: for each fault what is said of its own
source and of its own check is looked at, so one cannot hide behind another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from assets.release.gate import lineage
from assets.setup import NEEDS, SOURCES, UPSTREAM
from expectations.contracts import PARTNERS
from expectations.outcomes import measured
from pipelines.refresh import Refreshed
from sample.faults import Fault
from sample.generator import ALL_FAULTS
from tests.e2e.city import City, full_city

MONTHS, SCALE = 36, 0.05
PARTNER_FAULTS = [fault for fault in ALL_FAULTS.values() if fault.source]
#: Held back by the Board's status whatever the data: nothing of them is ever public.
NEVER_PUBLIC = {"SP02", "SP09"}


def batches() -> list[list[Fault]]:
    """One fault of each source in a city, as long as there are any."""
    waiting: dict[str, list[Fault]] = defaultdict(list)
    for fault in PARTNER_FAULTS:
        waiting[fault.source].append(fault)
    found = []
    while any(waiting.values()):
        found.append([faults.pop(0) for faults in waiting.values() if faults])
    return found


BATCHES = batches()


@dataclass(frozen=True)
class Seen:
    """A city after one refresh."""

    city: City
    done: Refreshed | None
    manifest: dict[str, Any]

    def failed(self, source: str) -> set[str]:
        """Blocking checks that failed, on the tables that only this source is behind and on outcomes."""
        own = {f"raw_{source}", *(table.name for table in PARTNERS[source].made_together)}
        return {
            f"{check['table']}/{check['rule']}"
            for check in self.manifest["checks"]
            if check["severity"] == "ERROR"
            and check["verdict"] not in ("passed", "not applicable")
            and (check["table"] in own or check["table"].startswith("outcome_"))
        }

    def table(self, name: str) -> str:
        return str(self.manifest["tables"][name]["sha256"])


def see(data: Path, faults: list[str]) -> Seen:
    city = City(data)
    city.deliver(months=MONTHS, scale=SCALE, faults=faults, sources=None)
    done = city.refresh()
    return Seen(city, done, city.manifest())


@cache
def measure_ids() -> dict[str, str]:
    """Outcome table by measure id."""
    return {f"SP{name[10:12]}": name for name in measured()}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    city = full_city(tmp_path_factory)
    return Seen(city, None, city.manifest())


def test_a_clean_sample_publishes_all_that_the_board_allows(clean: Seen) -> None:
    states = {name: said["state"] for name, said in clean.manifest["measures"].items()}
    assert states == {
        "SP01": "published",
        "SP02": "awaiting_board",
        "SP03": "in_development",
        "SP04": "in_development",
        "SP05": "published",
        "SP06": "published",
        "SP07": "published",
        "SP08": "published",
        "SP09": "awaiting_board",
        "SP10": "published",
        "SP11": "published",
    }
    bad = [
        c
        for c in clean.manifest["checks"]
        if c["severity"] == "ERROR" and c["verdict"] not in ("passed", "not applicable")
    ]
    assert bad == []


def test_the_catalogue_is_large_and_claims_checks_that_exist() -> None:
    required = {f"{c}" for c in _required()}
    assert len(ALL_FAULTS) >= 40
    assert {fault.source for fault in PARTNER_FAULTS} == set(PARTNERS)
    for fault in PARTNER_FAULTS:
        if "/" in fault.expected and not fault.expected.startswith("refused/"):
            assert fault.expected in required, fault.name


def _required() -> list[str]:
    import tomllib

    from expectations.required import SNAPSHOT

    said = tomllib.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return [f"{table}/{rule}" for table, rules in said.items() for rule in rules]


@pytest.mark.campaign("planted faults", sample=0)
@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_faults_end_as_the_catalogue_says(
    number: int, clean: Seen, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    faults = BATCHES[number]
    record_property("cases", len(faults))
    seen = see(tmp_path / "data", [fault.name for fault in faults])
    assert seen.done
    held: set[str] = set()
    without: set[str] = set()
    for fault in faults:
        refused = {r.reason for r in seen.done.taken[fault.source].refused}
        failed = seen.failed(fault.source)
        if fault.expected.startswith("refused/"):
            assert fault.expected.removeprefix("refused/") in refused, fault.name
            without |= {m for m, table in measure_ids().items() if f"raw_{fault.source}" in lineage(table, NEEDS)}
        elif "/" in fault.expected:
            assert refused == set(), fault.name
            assert fault.expected in failed, (fault.name, failed)
            held |= _held_by(seen, fault)
        else:
            assert refused == set(), fault.name
            own = {check for check in failed if fault.source in check}
            assert own == set(), fault.name
            _unchanged(seen, clean, fault)
    states = {name: said["state"] for name, said in seen.manifest["measures"].items()}
    assert {m for m, state in states.items() if state == "held"} == held - NEVER_PUBLIC - without
    assert {m for m, state in states.items() if state == "awaiting_data"} == without - NEVER_PUBLIC


def _held_by(seen: Seen, fault: Fault) -> set[str]:
    """Measures whose reasons name this fault's check: exactly those that the catalogue says, where they could be public."""
    table, rule = fault.expected.split("/")
    said = f"'{rule.replace('_', ' ')}' of {table} failed"
    naming = {
        measure
        for measure, told in seen.manifest["measures"].items()
        if said.lower() in " ".join(told["reasons"]).lower()
    }
    states = {name: told["state"] for name, told in seen.manifest["measures"].items()}
    possible = {m for m in fault.measures if states[m] == "held"}
    assert naming == possible, fault.name
    downstream = {m for m, outcome in measure_ids().items() if table in lineage(outcome, UPSTREAM)}
    assert downstream == set(fault.measures), fault.name
    return set(fault.measures)


def _unchanged(seen: Seen, clean: Seen, fault: Fault) -> None:
    """Harmless forms give the very table; a few bad rows are set aside; a gap is not available and not zero."""
    name = PARTNERS[fault.source].clean.name
    if fault.expected == "none":
        assert seen.table(name) == clean.table(name), fault.name
    elif fault.expected == "quarantined":
        quarantine = PARTNERS[fault.source].quarantine.name
        assert seen.table(quarantine) != clean.table(quarantine), fault.name
    else:
        assert fault.expected == "x"
        touched = [m for m, t in measure_ids().items() if f"raw_{fault.source}" in lineage(t, UPSTREAM)]
        shown = {m for m in touched if seen.city.figures(m)["symbols"].str.contains("[x]", regex=False).any()}
        assert shown - {
            m for m in touched if clean.city.figures(m)["symbols"].str.contains("[x]", regex=False).any()
        } or (seen.table(f"clean_{fault.source}_completeness") != clean.table(f"clean_{fault.source}_completeness"))


def test_every_source_has_faults_that_are_refused_harmless_and_held() -> None:
    kinds: dict[str, set[str]] = defaultdict(set)
    for fault in PARTNER_FAULTS:
        kind = "refused" if fault.expected.startswith("refused/") else "held" if "/" in fault.expected else "harmless"
        kinds[fault.source].add(kind)
    assert all("held" in found and len(found) > 1 for found in kinds.values()), kinds
    assert set(SOURCES.values()) >= set(kinds)
