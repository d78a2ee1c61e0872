"""A partnership with every table made and every check passed, invented: what a release is decided from.

Counts are drawn by a seeded generator, so that every measure has shown, small and missing figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from assets.outcomes.series import count_figure, share_figure
from assets.outcomes.tidy import Figure, Line, compare_counts, compare_points, compare_rates, compare_shares, tidy_table
from assets.release.compose import Known, decide
from assets.release.disclosure import Hidden
from assets.release.folder import release_id
from assets.release.gate import CheckEvidence, TableEvidence
from assets.release.manifest import manifest
from assets.release.pages import render
from assets.release.shown import analysts_view, release_view
from assets.setup import SOURCES, UPSTREAM, Pipeline, setting
from expectations.contracts import PARTNERS, TABLES
from expectations.register import load_register
from methods.periods import Period, month_range, periods
from methods.rates import rate
from resources.archive import Receipt
from tests.paths import ROOT

FIRST, LAST = "2013-04", "2016-03"
AS_OF = date(2016, 5, 1)
#: A number that occurs nowhere else: it stands in every figure of the measures that the Board has not settled.
SECRET = 9_031_741

#: (part, unit, most of it in a month) of what each measure computes; a share is of another part.
PARTS: dict[str, tuple[tuple[str, str, float], ...]] = {
    "SP03": (("people_trained", "people", 60), ("attendances", "attendances", 70), ("refreshers", "attendances", 6)),
    "SP04": (
        ("referrals", "referrals", 200), ("first_time_referrals", "referrals", 150), ("engaged", "%", 0.8),
        ("marac_heard", "%", 0.1),
    ),
    "SP05": (("appropriate", "assessments", 12), ("engaged", "assessments", 8), ("conversion", "%", 0.7)),
    "SP06": (("improved_share", "%", 0.7), ("coverage", "%", 0.8), ("matched", "clients", 9)),
    "SP07": (("satisfied", "%", 0.9), ("response_rate", "%", 0.5), ("responses", "responses", 6)),
    "SP10": (("reports", "reports", 70), ("crimes", "reports", 40), ("incidents", "reports", 3)),
    "SP11": (("satisfied", "%", 0.8),),
}  # fmt: skip


def pipeline(data: Path, **changed: Any) -> Pipeline:
    """The synthetic partnership; fields of the register may be changed."""
    register = load_register(ROOT / "partnership" / "synthetic").model_copy(update=changed)
    return Pipeline(register, "code", "version", data, AS_OF, b"a key for tests, of 32 bytes or more")


def hash_of(name: str) -> str:
    """Content hash of a table."""
    return hashlib.sha256(name.encode()).hexdigest()


def evidence(made: Pipeline) -> dict[str, TableEvidence]:
    """Every table made from what is there now, every required check passed on it."""
    found = {}
    for place, name in enumerate(TABLES):
        inputs = {parent: hash_of(parent) for parent in UPSTREAM[name]}
        found[name] = TableEvidence(
            hash_read=hash_of(name),
            hash_stored=hash_of(name),
            data_version=hash_of(name),
            storage_id=place,
            inputs=inputs,
            input_versions=inputs,
            code_version=made.version,
            partnership=made.register.slug,
            checks={
                rule: CheckEvidence(
                    finished=True,
                    verdict="passed",
                    content_hash=hash_of(name),
                    suite_version=made.suite_versions[name],
                    partnership=made.register.slug,
                    storage_id=place,
                    figures={"rows": SECRET if name in _SECRET_TABLES else 4711},
                )
                for rule in made.required[name]
            },
        )
    return found


_SECRET_TABLES = (
    {t.name for s in PARTNERS.values() for t in (s.raw, *s.made_together)}
    | {"outcome_sp02_violence", "outcome_sp09_crc_cohort", "outcome_sp05_vulnerable_victims_engaged"}
)  # fmt: skip


def receipts() -> list[Receipt]:
    """One delivery of every source, of the whole time; a street file for every month."""
    found: list[Receipt] = []

    def add(source: str, slot: str, **more: Any) -> None:
        given: dict[str, Any] = {"force": "", "month": "", "size": SECRET, "rows": SECRET, "coverage": None} | more
        found.append(
            Receipt(
                number=len(found) + 1, source=source, slot=slot, sha256=hash_of(f"{source} {slot}"), header=(),
                form="csv", name=f"{source}.csv", extracted_at=None, received_at="", **given,
            )
        )  # fmt: skip

    for source in SOURCES.values():
        if source == "police_street":
            for month in month_range(FIRST, LAST):
                add(source, f"vale-and-moor/{month}", force="vale-and-moor", month=month, size=100, rows=1000)
        elif source in PARTNERS:
            add(source, f"{FIRST}-01_{LAST}-31", coverage=(f"{FIRST}-01", f"{LAST}-31"))
        else:
            add(source, source, size=100, rows=50)
    return found


def outcomes(made: Pipeline, seed: int = 1) -> dict[str, pd.DataFrame]:
    """Internal tables of all measures, at full precision."""
    drawn = np.random.default_rng(seed)
    found = {}
    for measure in made.register.measures.values():
        lines = list(_lines(made, measure.id, drawn))
        found[measure.outcome_table] = tidy_table(measure.id, lines, "2016-03-31", "2013-14", "previous")
    return found


def _lines(made: Pipeline, measure: str, drawn: np.random.Generator) -> Iterator[Line]:
    given = setting(made.register, measure, AS_OF)
    every = [p for p in periods(month_range(FIRST, LAST)) if p.first >= FIRST]
    city = (given.area_code, given.area_name)
    if measure in ("SP02", "SP09"):
        yield Line(
            "kept_share", *city, "%", {p: share_figure(SECRET, 2 * SECRET) for p in every}, compare_shares(given)
        )
        yield Line("cohort", *city, "licences", {p: count_figure(SECRET) for p in every}, compare_counts(given))
        return
    if measure in ("SP01", "SP08"):
        parts = ("gap", "ten", "city") if measure == "SP01" else ("sac", "robbery", "open_data_proxy")
        for part in parts:
            months = {m: int(drawn.integers(80, 160)) for m in month_range(FIRST, LAST)}
            yield Line(part, *city, "offences per 1000", {p: _rate(months, p) for p in every}, compare_rates)
        return
    for part, unit, most in PARTS[measure]:
        if unit == "%":
            of = {m: int(drawn.integers(0, 20)) for m in month_range(FIRST, LAST)}
            months = {m: int(drawn.binomial(n, most)) for m, n in of.items()}
            share = {p: share_figure(_sum(months, p), _sum(of, p)) for p in every}
            yield Line(part, *city, unit, share, compare_shares(given))
        else:
            months = {m: int(drawn.integers(0, most + 1)) for m in month_range(FIRST, LAST)}
            count = {p: count_figure(_sum(months, p), ("of whole months",)) for p in every}
            yield Line(part, *city, unit, count, compare_counts(given))
            yield Line(part, *city, unit, count, compare_counts(given), "agency=police")
    yield Line(
        "median_change", *city, "points", {p: Figure(1.5, numerator=9, denominator=12) for p in every}, compare_points
    )


def _sum(months: Mapping[str, int], period: Period) -> int:
    return sum(months[m] for m in period.months)


def _rate(months: Mapping[str, int], period: Period) -> Figure:
    found = rate(_sum(months, period), 262_700)
    return Figure(found.value, found.lower, found.upper, found.method, _sum(months, period), 262_700)


def release_pages(made: Pipeline, *, analysts: bool = False) -> dict[str, bytes]:
    """Pages of the release of everything, or of what analysts get beside it."""
    base = known(made)
    decided = decide(made, base)
    said = manifest(made, base, decided, parent=None, months={}, figures_sha256="")
    public = release_view(made, base, decided, {**said, "id": release_id(said)})
    return render(analysts_view(made, base, decided, public) if analysts else public)


def known(made: Pipeline, **changed: Any) -> Known:
    """Everything there and passed; fields may be changed."""
    base = Known(
        evidence=evidence(made),
        outcomes=outcomes(made),
        receipts=receipts(),
        late={},
        before={},
        hidden=Hidden(),
        as_of=AS_OF,
        rejects={"pdas_referral": {"value_sex": 3, "key_repeated": 42}, "crc_event": {"blank_event_type": SECRET}},
    )
    return replace(base, **changed)
