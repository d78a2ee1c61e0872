"""What the register means to assets and checks: settings of a measure, facts for suites, lineage of tables.

Here: turning register records into the plain values that pure functions take. Not here: reading or writing anything but
the last release's manifest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from assets.outcomes.tidy import Setting
from assets.release.gate import Wanted, lineage
from expectations.contracts import TABLES, outcome, police_street, reference
from expectations.register import Decision, Register, RegisterError
from expectations.required import required_checks
from expectations.suites import Facts, Suite, build_suites

_STREET = tuple(
    t.name for t in (police_street.ROWS, police_street.COUNT, police_street.COMPLETENESS, police_street.QUARANTINE)
)
_PLACES = (reference.NEIGHBOURHOOD.name, reference.LSOA_NEIGHBOURHOOD.name, reference.POPULATION.name)
_MEASURED = (police_street.COUNT.name, police_street.COMPLETENESS.name, *_PLACES)
#: Source behind each raw table.
SOURCES = {f"raw_{source}": source for source in ("neighbourhood", "lsoa_neighbourhood", "population", "police_street")}
#: What each table is made from. Every table of a street step is made from the same two.
UPSTREAM: dict[str, tuple[str, ...]] = {
    **{raw: () for raw in SOURCES},
    reference.NEIGHBOURHOOD.name: (reference.RAW_NEIGHBOURHOOD.name,),
    reference.LSOA_NEIGHBOURHOOD.name: (reference.RAW_LSOA_NEIGHBOURHOOD.name,),
    reference.POPULATION.name: (reference.RAW_POPULATION.name,),
    **{name: (police_street.RAW.name, reference.LSOA_NEIGHBOURHOOD.name) for name in _STREET},
    outcome.SP01.name: _MEASURED,
    outcome.SP08.name: _MEASURED,
}
#: Tables that one step makes together.
STEPS: dict[str, tuple[str, ...]] = {name: _STREET if name in _STREET else (name,) for name in UPSTREAM}


@dataclass(frozen=True)
class Pipeline:
    """Register, versions and folders, as assets and checks see them.

    `version` is of code and register together, `code_version` of the code alone; `as_of` overrides the clock.
    """

    register: Register
    code_version: str
    version: str
    data: Path
    as_of: date | None = None

    @cached_property
    def limits(self) -> dict[str, float]:
        """Thresholds of the register by name."""
        return self.register.thresholds.model_dump()

    @cached_property
    def suites(self) -> dict[str, Suite]:
        """Every suite, by table."""
        return build_suites(self.limits)

    @cached_property
    def suite_versions(self) -> dict[str, str]:
        """Version of every suite, by table."""
        return {name: suite.version(self.version) for name, suite in self.suites.items()}

    @cached_property
    def required(self) -> dict[str, dict[str, str]]:
        """Severity of every required check, by table and rule."""
        return required_checks(self.suites, [removed.check for removed in self.register.removed_checks])

    @cached_property
    def wanted(self) -> Wanted:
        """What evidence must agree with: for the planner and the gate alike."""
        return Wanted(
            required=self.required,
            suite_versions=self.suite_versions,
            may_not_apply=frozenset(
                f"{name}/{rule.name}"
                for name, suite in self.suites.items()
                for rule in suite.rules
                if rule.may_not_apply
            ),
            code_version=self.version,
            partnership=self.register.slug,
            upstream=UPSTREAM,
        )

    @property
    def seen(self) -> Path:
        """What earlier scans of landing made of each file; may be lost."""
        return self.data / "seen.json"

    @property
    def releases(self) -> Path:
        """Folder of the releases."""
        return self.data / "releases"

    def owner(self, source: str) -> str:
        """Role that owns a source."""
        found = self.register.sources.get(source)
        return found.owner if found else "the partnership's analyst"

    def measures_of(self, table: str) -> list[str]:
        """Measures whose figures come from this table."""
        return [
            measure.id
            for measure in self.register.measures.values()
            if measure.outcome_table and table in lineage(measure.outcome_table, UPSTREAM)
        ]

    def source_of(self, table: str) -> str:
        """The source that a person would look at first for a fault in this table."""
        for source in ("police_street", "lsoa_neighbourhood", "population", "neighbourhood"):
            if source in table:
                return source
        return "police_street"

    def facts(self) -> Facts:
        """What the suites look at besides tables."""
        sets: dict[str, list[str]] = {}
        for member in self.register.priority_set:
            sets.setdefault(member.priority_set_id, []).append(member.neighbourhood_code)
        return Facts(
            thresholds=self.limits,
            forces=self.register.area.forces,
            priority_sets={name: tuple(codes) for name, codes in sets.items()},
            crime_categories=crime_categories(self.register),
            months_released=months_released(self.releases),
        )


def sources_of(table: str) -> set[str]:
    """Sources whose deliveries a table needs."""
    return {SOURCES[name] for name in lineage(table, UPSTREAM) if name in SOURCES}


def crime_categories(register: Register) -> tuple[str, ...]:
    """Slugs that count as crime; a label that no table holds counts too (and its check fails)."""
    return (*sorted({c.category for c in register.categories if c.counts_as_crime}), "unknown")


def decision_in_force(register: Register, measure: str, as_of: date) -> Decision | None:
    """The Board's newest decision on a measure by that date; None when it had not decided yet."""
    try:
        return register.decision(measure, as_of)
    except RegisterError:
        return None


def setting(register: Register, measure: str, as_of: date) -> Setting:
    """What `calculate` of a measure needs from the register."""
    record = register.measures[measure]
    return Setting(
        area_code=register.area.code,
        area_name=register.area.name,
        forces=register.area.forces,
        baseline_fy=register.baseline_financial_year,
        population_fallback=register.population_fallback,
        priority_set=tuple(
            (
                member.priority_set_id,
                member.neighbourhood_code,
                member.valid_from.isoformat(),
                member.valid_to.isoformat() if member.valid_to else None,
            )
            for member in register.priority_set
        ),
        crime_categories=crime_categories(register),
        proxy_groups={c.category: c.sp08_group for c in register.categories if c.sp08_group},
        polarity=record.polarity,
        assessment_mode=decided.assessment_mode if (decided := decision_in_force(register, measure, as_of)) else "none",
    )


def months_released(releases: Path) -> Mapping[str, tuple[str, ...]]:
    """Months that the current release had rows for, by force; empty before the first release."""
    try:
        held = json.loads((releases / "current" / "release.json").read_text(encoding="utf-8"))
        return {force: tuple(months) for force, months in held["months"].items()}
    except (OSError, ValueError, KeyError):
        return {}


assert set(UPSTREAM) == set(TABLES), "a contract without lineage, or lineage without a contract"
