"""Deliveries for tests of the clean rules: one right row a source, of which a test changes what it is about.

Text goes through the real typing, so that a rule sees what it will see. Not here: any expected value.
"""

from __future__ import annotations

from datetime import date
from importlib import import_module
from typing import Any

import pandas as pd

from assets.clean.cleaned import Cleaned, Known
from assets.clean.typed import to_days, typed
from expectations.contracts import PARTNERS
from expectations.contracts.model import Delivery

CITY, ELSEWHERE = "E06000026", "E06000027"
KNOWN = Known(
    area_code=CITY,
    local_area="plymouth",
    holidays=frozenset({date(2015, 4, 3), date(2015, 4, 6)}),
    offence_codes=(
        ("28A", "domestic_burglary", "2010-04-01", "2017-03-31"),
        ("28E", "domestic_burglary", "2017-04-01", None),
        ("34B", "robbery", "2010-04-01", None),
        ("8N", "", "2010-04-01", None),
        ("8P", "", "2010-04-01", None),
        ("8Q", "", "2015-04-01", None),
        ("4.4", "", "2010-04-01", None),
        ("19C", "", "2010-04-01", None),
        ("46", "", "2010-04-01", None),
    ),
    violence_codes=(
        ("8N", "with_injury", "2010-04-01", None),
        ("8P", "with_injury", "2010-04-01", None),
        ("8Q", "without_injury", "2015-04-01", None),
        ("4.4", "with_injury", "2010-04-01", "2017-03-31"),
        ("4.4", "driving", "2017-04-01", None),
    ),
    sexual_codes=(("19C", "", "2010-04-01", None),),
    aggravated_codes=(("8P", "", "2010-04-01", None),),
    agencies=frozenset({"police", "city_council"}),
    licence_effects={
        "recall_standard": "failing",
        "revoked_good_progress": "not_failing",
        "death": "excluding",
        "pss_breach_proven": "none",
    },
)

#: One row of each source with nothing wrong; columns that are not named are empty.
RIGHT: dict[str, dict[str, str]] = {
    "police_crime": {
        "recorded_at": "2015-06-02T09:00:00",
        "occurred_from": "2015-06-01T22:15:00",
        "ho_code": "46",
        "status": "recorded",
        "csp_code": CITY,
    },
    "police_incident": {"opened_at": "2015-06-02T09:00:00", "category": "asb_nuisance", "csp_code": CITY},
    "pdas_referral": {
        "received_date": "2015-06-02",
        "source_agency": "police",
        "subject_type": "adult_victim",
        "household_known": "N",
        "area_in_city": "Y",
    },
    "dash_training": {
        "event_date": "2015-06-02",
        "course_type": "initial",
        "agency": "police",
        "role_group": "officer",
        "attendance": "attended",
    },
    "asb_case": {"referral_date": "2015-06-02"},
    "asb_star": {
        "reading_date": "2015-06-02",
        "reading_type": "entry",
        "star_tool": "empowerment_star",
        "scale_max": "10",
        "domain": "safety",
        "score": "5",
        "scorer": "joint",
    },
    "asb_survey": {"exit_quarter": "2015-16Q1", "overall": "5"},
    "crc_licence": {
        "local_area": "plymouth",
        "offence_date_earliest": "2015-02-10",
        "sentence_date": "2015-03-02",
        "sentence_days": "120",
        "age_at_halfway": "30",
        "release_date": "2015-05-01",
        "licence_start": "2015-05-01",
        "licence_end": "2015-06-30",
        "provider": "crc",
    },
    "crc_event": {"event_date": "2015-06-02", "event_type": "recall_standard"},
    "crc_reoffence": {
        "index_date": "2015-05-01",
        "offence_date": "2015-08-01",
        "outcome_date": "2015-09-01",
        "outcome": "convicted",
        "breach_only": "N",
    },
    "hate_report": {
        "received_date": "2015-06-02",
        "channel": "council",
        "crime_or_incident": "incident",
        "strands": "race",
    },
    "hate_survey": {"survey_quarter": "2015-16Q1", "scale_id": "police7", "overall": "very"},
}


def given(source: str, *changes: dict[str, Any]) -> pd.DataFrame:
    """Typed rows, one for each change of the right row; keys that a test does not name differ from row to row."""
    delivery = PARTNERS[source].delivery
    keys = [name for name in delivery.key if delivery.field(name).type == "key"]
    texts = [
        {**dict.fromkeys(delivery.field_names, ""), **{name: f"{name}-{number:04d}" for name in keys}}
        | {name: f"{name}-{number:04d}" for name in ("person_key", "offender_key") if name in delivery.field_names}
        | RIGHT[source]
        | {name: "" if value is None else str(value) for name, value in change.items()}
        for number, change in enumerate(changes or ({},))
    ]
    rows, faults = as_typed(delivery, pd.DataFrame(texts, columns=delivery.field_names, dtype="str"))
    assert faults.empty, f"a test gives {source} rows that no rule would see: {sorted(faults)}"
    return rows


def as_typed(delivery: Delivery, text: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Rows as a rule gets them, and the reason of each that no rule would get."""
    rows, faults = typed(delivery.fields, text)
    period = to_days(delivery.field(delivery.period), rows[delivery.period])
    return rows.assign(period_date=period, month=period.str[:7]), faults


def cleaned(source: str, rows: pd.DataFrame, known: Known = KNOWN) -> Cleaned:
    """What the rule of the source makes of the rows; every label is in exactly one of its four parts."""
    made: Cleaned = import_module(f"assets.clean.{source}").clean(rows, known)
    labels = [*made.rows.index, *made.rejected, *made.repeated, *made.out_of_scope]
    assert sorted(labels) == sorted(rows.index)
    assert list(made.rows.columns) == PARTNERS[source].clean.column_names
    return made


def made(source: str, *changes: dict[str, Any], known: Known = KNOWN) -> pd.DataFrame:
    """The clean rows of rows that are all kept, in the order given."""
    found = cleaned(source, given(source, *changes), known)
    assert len(found.rows) == max(len(changes), 1), f"not all kept: {found.rejected}"
    return found.rows.sort_index()


def rejected(source: str, *changes: dict[str, Any], known: Known = KNOWN) -> list[str]:
    """Reason of each row in the order given; empty text where it was not set aside."""
    rows = given(source, *changes)
    return [cleaned(source, rows, known).rejected.get(label, "") for label in rows.index]
