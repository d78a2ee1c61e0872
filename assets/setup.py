"""What the register means to assets and checks: settings of a measure, facts for suites, lineage of tables.

Here: turning register records into the plain values that pure functions take. Not here: reading or writing anything but
the last release's manifest.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from assets.clean.cleaned import DatedCode, Known
from assets.clean.pseudonym import Pseudonyms, same_key
from assets.outcomes.tidy import Setting
from assets.release.gate import Wanted, lineage
from expectations.contracts import PARTNERS, TABLES, police_street, reference
from expectations.outcomes import measured
from expectations.register import Decision, Register, RegisterError
from expectations.required import required_checks
from expectations.suites import Facts, Suite, build_suites
from resources.archive import Receipt

_STREET = tuple(
    t.name for t in (police_street.ROWS, police_street.COUNT, police_street.COMPLETENESS, police_street.QUARANTINE)
)
_REFERENCE = ("neighbourhood", "lsoa_neighbourhood", "population")
#: Source behind each raw table.
SOURCES = {f"raw_{source}": source for source in (*_REFERENCE, police_street.RAW.name.removeprefix("raw_"), *PARTNERS)}
_MADE_TOGETHER = (_STREET, *(tuple(t.name for t in source.made_together) for source in PARTNERS.values()))
#: What each table cannot be made without. Every table of one step is made from the same.
NEEDS: dict[str, tuple[str, ...]] = {
    **{raw: () for raw in SOURCES},
    **{f"clean_{source}": (f"raw_{source}",) for source in _REFERENCE},
    **{name: (police_street.RAW.name, reference.LSOA_NEIGHBOURHOOD.name) for name in _STREET},
    **{t.name: (source.raw.name,) for source in PARTNERS.values() for t in source.made_together},
    **{name: measure.READS for name, measure in measured().items()},
}
#: What it is made from as well, where the source was ever delivered.
OPTIONAL: dict[str, tuple[str, ...]] = {name: measure.OPTIONAL for name, measure in measured().items()}
#: Everything that a table may be made from.
UPSTREAM: dict[str, tuple[str, ...]] = {name: (*needs, *OPTIONAL.get(name, ())) for name, needs in NEEDS.items()}
#: Tables that one step makes together.
STEPS: dict[str, tuple[str, ...]] = {
    name: next((together for together in _MADE_TOGETHER if name in together), (name,)) for name in UPSTREAM
}


@dataclass(frozen=True)
class Pipeline:
    """Register, versions and folders, as assets and checks see them.

    `version` is of code, register and pseudonym key together, `code_version` of the code alone; `as_of` overrides the clock;
    `key` is the secret behind pseudonyms, empty when none is set;
    `pull_urls` the databases of the sources that are pulled; `ui_url` where the Dagster UI is, for links in alerts.
    """

    register: Register
    code_version: str
    version: str
    data: Path
    as_of: date | None = None
    key: bytes = field(default=b"", repr=False)
    pull_urls: Mapping[str, str] = field(default_factory=dict, repr=False)
    ui_url: str = "http://127.0.0.1:3000"

    @cached_property
    def limits(self) -> dict[str, float]:
        """Thresholds of the register by name."""
        return self.register.thresholds.model_dump()

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """What turns references into pseudonyms, with the key that this data folder's history was made with."""
        return same_key(self.data, Pseudonyms(self.key))

    def pull_url(self, source: str) -> str:
        """Database that a source is pulled from; empty text when none is set."""
        return self.pull_urls.get(source, "")

    @cached_property
    def known(self) -> Known:
        """What the clean rules of partner sources need of the register."""
        return known(self.register)

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

    def wanted(self, delivered: Collection[str]) -> Wanted:
        """What evidence must agree with, for the planner and the gate alike, given the sources ever delivered."""
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
            upstream={name: upstream_of(name, delivered) for name in UPSTREAM},
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
        """The source that a person would look at first for a fault in this table: the nearest, deliveries before reference."""
        found = [SOURCES[name] for name in lineage(table, NEEDS) if name in SOURCES]
        return next((source for source in found if source not in _REFERENCE), found[0])

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
    """Sources without whose deliveries a table cannot be made."""
    return {SOURCES[name] for name in lineage(table, NEEDS) if name in SOURCES}


def delivered_sources(receipts: Iterable[Receipt]) -> set[str]:
    """Sources of which anything was ever accepted."""
    return {receipt.source for receipt in receipts}


def upstream_of(table: str, delivered: Collection[str]) -> tuple[str, ...]:
    """What a table is made from, given the sources ever delivered: what it needs, and of the optional what can be there."""
    return (*NEEDS[table], *(name for name in OPTIONAL.get(table, ()) if sources_of(name) <= set(delivered)))


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
        target=record.target,
        alcohol_flag_complete=register.thresholds.alcohol_flag_complete,
        lookback_months=register.thresholds.lookback_months,
        assessment_mode=decided.assessment_mode if (decided := decision_in_force(register, measure, as_of)) else "none",
    )


def known(register: Register) -> Known:
    """What the clean rules of partner sources need of the register."""

    def dated(codes: Iterable[Any], said: str = "") -> tuple[DatedCode, ...]:
        return tuple(
            (c.code, getattr(c, said) if said else "", c.valid_from.isoformat(), c.valid_to and c.valid_to.isoformat())
            for c in codes
        )

    limits = register.thresholds
    return Known(
        area_code=register.area.code,
        local_area=register.area.local_area,
        lookback_months=limits.lookback_months,
        engaged_days=limits.engaged_days,
        dash_working_days=limits.dash_working_days,
        holidays=frozenset(day.date for day in register.calendar),
        offence_codes=dated(register.offence_codes, "sac_group"),
        violence_codes=dated(register.violence_codes, "violence_group"),
        sexual_codes=dated(register.sexual_offence_codes),
        aggravated_codes=dated(register.aggravated_hate_codes),
        agencies=frozenset(agency.agency for agency in register.agencies),
        licence_effects={event.event_type: event.effect for event in register.licence_events},
    )


def months_released(releases: Path) -> Mapping[str, tuple[str, ...]]:
    """Months that the current release had rows for, by force; empty before the first release."""
    try:
        held = json.loads((releases / "current" / "release.json").read_text(encoding="utf-8"))
        return {force: tuple(months) for force, months in held["months"].items()}
    except (OSError, ValueError, KeyError):
        return {}


assert set(UPSTREAM) == set(TABLES), "a contract without lineage, or lineage without a contract"
