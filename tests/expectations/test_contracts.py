"""Contracts against the specification: columns, types, values, null rules and classes of sections 3.3 to 3.8, data
protection of section 6, and the documents made from them.

What the specification's tables say is read from its text; what they leave open is asserted by rule.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest

from expectations.approvals import Approval, approval_problems, read_approvals, sensitive_columns
from expectations.contracts import PARTNERS, TABLES, Column, Field, Source, Table, words
from expectations.contracts.columns import STRANDS_PATTERN
from expectations.contracts.model import (
    AGE_BANDS,
    DATE_PATTERN,
    KEY_PATTERN,
    MONTH_PATTERN,
    STRANDS,
    ColumnType,
    DataClass,
    Delivery,
    FieldType,
)
from expectations.dictionary import DATA_DICTIONARY, RECORD_OF_PROCESSING, data_dictionary, record_of_processing
from tests.paths import need_spec

SOURCES = [
    "police_crime",
    "police_incident",
    "pdas_referral",
    "dash_training",
    "asb_case",
    "asb_star",
    "asb_survey",
    "crc_licence",
    "crc_event",
    "crc_reoffence",
    "hate_report",
    "hate_survey",
]
EACH = pytest.mark.parametrize("source", PARTNERS.values(), ids=lambda source: source.name)


# --- the specification ------------------------------------------------------------------------------------------------


def _section(number: str) -> str:
    text = (need_spec() / "measures.md").read_text(encoding="utf-8")
    return text.split(f"\n### {number} ")[1].split("\n### ")[0]


def _tabled(number: str) -> list[tuple[str, str, str, str, str]]:
    """Name, type, allowed values, null rule and class of every column in a section's table."""
    found = []
    for line in _section(number).splitlines():
        cells = [re.sub(r"\*\*|`|\[[^\]]*\]", "", cell).strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 5 and cells[0] != "column" and not cells[0].startswith("---"):
            names = [name.strip() for name in cells[0].split(",")]
            found += [(name, *cells[1:]) for name in names]
    return found


TABLED = {"police_crime": "3.3", "pdas_referral": "3.4", "dash_training": "3.5", "crc_licence": "3.7"}
#: Columns written in running text, by section.
LISTED = {
    "police_incident": "3.3",
    "asb_case": "3.6",
    "asb_star": "3.6",
    "asb_survey": "3.6",
    "crc_event": "3.7",
    "crc_reoffence": "3.7",
    "hate_survey": "3.8",
    "hate_report": "3.8",
}


def _listed(source: str) -> str:
    """The line of the specification that lists a source's columns."""
    line = re.search(rf"(?m)^`{source}`[^:]*: (.*)$", _section(LISTED[source]))
    assert line
    return line[1]


@pytest.mark.parametrize(("source", "section"), TABLED.items())
def test_columns_follow_the_table_of_the_specification(source: str, section: str) -> None:
    rows, fields = _tabled(section), PARTNERS[source].delivery.fields
    assert [row[0] for row in rows] == [one.name for one in fields]
    for (name, kind, _, null, data_class), one in zip(rows, fields, strict=True):
        never = not name.endswith("_end") if null.startswith("end may be null") else null.startswith("no")
        assert one.nullable is not never or name == "attendance", name
        said = set(re.findall(r"\b[DPQSC]\b", data_class))
        assert said == set(one.data_class) - {"-"}, name
        keyed = "key" in name and ("keyed" in kind or "key" in name)
        assert (one.type == "key") is keyed, name
        if "flag" in name or kind == "Y/N":
            assert one.type == "flag" or one.allowed == ("Y", "N", "U"), name
        elif kind in ("date", "timestamp", "int", "list"):
            assert one.type == kind, name


def test_attendance_may_be_empty_before_the_event_only() -> None:
    assert PARTNERS["dash_training"].delivery.field("attendance").nullable
    assert not PARTNERS["dash_training"].clean.column("attendance").nullable


@pytest.mark.parametrize("source", LISTED)
def test_columns_follow_the_list_of_the_specification(source: str) -> None:
    said = re.sub(r"\([^)]*\)", "", _listed(source).split("Class")[0].split("One row per")[0].split(" if later")[0])
    listed = set(re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", said))
    listed |= {
        name
        for name in ("strands", "outcome", "edition", "domain", "score", "scorer", "overall", "channel")
        if re.search(rf"\b{name}\b", said)
    }
    listed |= {name for name in ("vulnerable", "category") if re.search(rf"(?:·|,) {name}\b", said)}
    assert listed - {"dont_know"} == set(PARTNERS[source].delivery.field_names)


@pytest.mark.parametrize(
    ("source", "name", "section"),
    [
        ("police_crime", "status", "3.3"),
        ("police_crime", "hate_strands", "3.3"),
        ("pdas_referral", "source_agency", "3.4"),
        ("pdas_referral", "subject_type", "3.4"),
        ("pdas_referral", "risk_level", "3.4"),
        ("dash_training", "course_type", "3.5"),
        ("dash_training", "attendance", "3.5"),
        ("crc_licence", "provider", "3.7"),
    ],
)
def test_values_follow_the_table(source: str, name: str, section: str) -> None:
    (allowed,) = (row[2] for row in _tabled(section) if row[0] == name)
    assert list(PARTNERS[source].delivery.field(name).allowed) == [value.strip() for value in allowed.split(",")]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("asb_case", "outcome"),
        ("asb_case", "exit_reason"),
        ("asb_star", "reading_type"),
        ("asb_star", "scorer"),
        ("crc_event", "event_type"),
        ("crc_reoffence", "outcome"),
        ("hate_survey", "scale_id"),
        ("hate_survey", "overall"),
        ("hate_survey", "strand_group"),
        ("hate_report", "channel"),
    ],
)
def test_values_follow_the_list(source: str, name: str) -> None:
    values = re.search(rf"\b{name}(?: enum)? ?\(([^)]*)\)", _listed(source))
    assert values
    assert list(PARTNERS[source].delivery.field(name).allowed) == [value.strip() for value in values[1].split(",")]


@pytest.mark.parametrize(
    ("source", "name", "low", "high"),
    [
        ("pdas_referral", "dash_score", 0, 24),
        ("pdas_referral", "n_children_u18", 0, 12),
        ("pdas_referral", "n_unborn", 0, 3),
        ("dash_training", "conf_pre", 1, 5),
        ("dash_training", "knowledge_post", 0, 10),
        ("dash_training", "referrals_made_3m", 0, None),
        ("asb_case", "vulnerability_score", 0, 40),
        ("asb_star", "score", 1, 10),
        ("asb_star", "scale_max", 5, 10),
        ("asb_survey", "felt_safer", 1, 5),
        ("crc_licence", "sentence_days", 1, None),
    ],
)
def test_ranges(source: str, name: str, low: int, high: int | None) -> None:
    one = PARTNERS[source].delivery.field(name)
    assert (one.minimum, one.maximum) == (low, high)


def test_someone_under_age_is_out_of_the_cohort_and_no_fault() -> None:
    """Spec SP09: "under-18s out". A row set aside would count against the delivery."""
    assert (PARTNERS["crc_licence"].delivery.field("age_at_halfway").minimum or 0) < 18


# --- well formed ------------------------------------------------------------------------------------------------------


def test_sources_and_tables() -> None:
    assert list(PARTNERS) == SOURCES
    stages = [name.split("_")[0] for name in TABLES]
    assert stages == sorted(stages, key=["raw", "clean", "outcome"].index)
    for name in SOURCES:
        tables = [f"raw_{name}", f"clean_{name}", f"clean_{name}_completeness", f"clean_{name}_quarantine"]
        assert [TABLES[table].name for table in tables] == tables
    assert {f"outcome_{sp}" for sp in ("sp01_close_the_gap", "sp08_serious_acquisitive_crime")} <= set(TABLES)


@EACH
def test_a_delivery_can_be_told_apart_and_placed_in_time(source: Source) -> None:
    delivery = source.delivery
    assert len(set(delivery.field_names)) == len(delivery.fields)
    assert set(delivery.mandatory) >= {*delivery.key, delivery.period}
    assert delivery.field(delivery.period).type in ("date", "timestamp", "quarter")
    assert delivery.purpose
    assert delivery.lawful_basis
    assert delivery.retention
    assert delivery.volume


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_table_can_be_told_apart(table: Table) -> None:
    assert len(set(table.column_names)) == len(table.columns)
    assert table.key
    assert {column.name for column in table.columns if not column.nullable} >= set(table.key)
    assert table.purpose
    assert table.lawful_basis
    assert table.retention


PERIODS = dict(
    zip(
        SOURCES,
        [
            "recorded_at",
            "opened_at",
            "received_date",
            "event_date",
            "referral_date",
            "reading_date",
            "exit_quarter",
            "licence_start",
            "event_date",
            "outcome_date",
            "received_date",
            "survey_quarter",
        ],
        strict=True,
    )
)


@EACH
def test_the_clean_table_keeps_the_key_and_the_month(source: Source) -> None:
    clean, delivery = source.clean, source.delivery
    assert delivery.period == PERIODS[source.name]
    assert clean.name == f"clean_{source.name}"
    assert clean.key == delivery.key
    assert clean.column("month").pattern == MONTH_PATTERN
    assert not clean.column("month").nullable


#: Delivered empty, and something in clean: by a rule that the clean table's meaning tells.
FILLED = {
    ("police_crime", "hate_strands"),
    ("police_incident", "strands"),
    ("dash_training", "attendance"),
    ("asb_case", "outcome"),
}


@EACH
def test_a_column_keeps_its_class_and_its_blanks(source: Source) -> None:
    delivered = {one.name: one for one in source.delivery.fields}
    for column in source.clean.columns:
        if one := delivered.get(column.name):
            assert column.data_class == one.data_class, column.name
            assert column.nullable is (one.nullable and (source.name, column.name) not in FILLED), column.name
            assert (column.minimum, column.maximum, column.unit) == (one.minimum, one.maximum, one.unit), column.name
            if one.type in ("enum", "flag"):
                assert set(column.allowed) <= set(one.allowed or ("Y", "N")), column.name


def test_the_other_tables_are_the_same_for_every_source() -> None:
    for kind in ("raw", "completeness", "quarantine"):
        shapes = {
            tuple((c.name, c.type, c.nullable, c.pattern, c.allowed) for c in getattr(source, kind).columns)
            for source in PARTNERS.values()
        }
        assert len(shapes) == 1, kind
    for source in PARTNERS.values():
        assert {
            c.data_class for table in (source.raw, source.completeness, source.quarantine) for c in table.columns
        } == {"-"}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("race", True),
        ("disability;race", True),
        ("other;race;religion", True),
        ("", False),
        ("race;", False),
        ("race, religion", False),
        ("gender", False),
    ],
)
def test_strands_pattern(text: str, fits: bool) -> None:
    assert bool(re.fullmatch(STRANDS_PATTERN, text)) is fits


# --- data protection (spec section 6) ---------------------------------------------------------------------------------

#: Requirement 2: one key for each agency domain, and no other column crosses.
DOMAINS = {
    "police_crime": "police",
    "police_incident": "police",
    "pdas_referral": "pdas",
    "dash_training": "training",
    "asb_case": "asb",
    "asb_star": "asb",
    "asb_survey": "asb_survey",
    "crc_licence": "crc",
    "crc_event": "crc",
    "crc_reoffence": "crc",
    "hate_report": "hate",
    "hate_survey": "hate_survey",
}


@EACH
def test_keys_are_of_the_agencys_domain(source: Source) -> None:
    domains = {one.name: one.domain for one in source.delivery.fields if one.type == "key"}
    crossing = {"police_key": "police"} if source.name == "hate_report" else {}
    assert domains == dict.fromkeys(domains, DOMAINS[source.name]) | crossing


@pytest.mark.parametrize(("survey", "agency"), [("asb_survey", "asb"), ("hate_survey", "hate")])
def test_answers_to_a_survey_can_be_joined_to_nothing(survey: str, agency: str) -> None:
    """Spec SP07: responses "cannot be linked to Star results: never try"."""
    others = {one.domain for source in PARTNERS.values() if source.name != survey for one in source.delivery.fields}
    assert DOMAINS[survey] not in others
    assert agency in others


@EACH
def test_a_reference_is_a_pseudonym_beyond_raw(source: Source) -> None:
    keys = {one.name for one in source.delivery.fields if one.type == "key"}
    for column in source.clean.columns:
        assert (column.pattern == KEY_PATTERN) is (column.name in keys), column.name
        if {"P", "C"} >= set(column.data_class) and "P" in column.data_class:
            assert column.pattern == KEY_PATTERN, column.name


_PERSONAL = re.compile(
    r"name|surname|address|postcode|street|house|birth|dob|phone|mobile|mail|nhs|nino|note|comment|text|descri|narrat|remark"
)
_HARMLESS = {"household_known", "child_in_household"}


@EACH
def test_no_identifier_and_no_free_text(source: Source) -> None:
    """Requirement 1: every text has a list of values or a pattern in which no sentence fits."""
    for one in source.delivery.fields:
        assert not _PERSONAL.search(one.name) or one.name in _HARMLESS, one.name
        assert one.data_class != "D"
        if one.type == "string":
            assert one.pattern, one.name
            assert not re.fullmatch(one.pattern, "Ann Example, 12 Long Street, seen on Monday"), one.name
        if one.type in ("enum", "list"):
            assert one.allowed, one.name


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_no_direct_identifier_in_the_warehouse(table: Table) -> None:
    assert "D" not in {column.data_class for column in table.columns}


@EACH
def test_clean_text_is_of_a_list_or_a_form(source: Source) -> None:
    for column in source.clean.columns:
        if column.type == "string":
            assert column.allowed or column.pattern, column.name


def _ages(columns: tuple[Column, ...] | tuple[Field, ...]) -> list[str]:
    return [c.name for c in columns if re.search(r"(^|_)age(_|$)|age_band|born|years", c.name)]


@EACH
def test_ages_only_as_bands(source: Source) -> None:
    """Requirement 7. Unborn children are counted, and have no age."""
    for name in _ages(source.clean.columns):
        column = source.clean.column(name)
        assert name == "n_unborn" or set(column.allowed) <= set(AGE_BANDS), name
        assert name == "n_unborn" or column.allowed, name


def test_the_test_of_ages_sees_an_age() -> None:
    assert _ages(PARTNERS["crc_licence"].delivery.fields) == ["age_at_halfway"]
    assert "age_band" in _ages(PARTNERS["asb_case"].clean.columns)


_PLACE = re.compile(r"lsoa|neighbourhood|ward|postcode|longitude|latitude|easting|northing|place|location|street|area")


@EACH
def test_places_below_the_city_are_the_polices_alone(source: Source) -> None:
    """Requirements 7 and 15: an LSOA only for police, no place at all for the domestic abuse service, nor with strands."""
    places = {c.name for c in source.clean.columns if _PLACE.search(c.name)}
    expected = {
        "police_crime": {"lsoa_code", "lsoa_vintage", "neighbourhood_code", "ente_area_flag"},
        "police_incident": {"lsoa_code"},
        "crc_licence": {"local_area"},
    }
    assert places == expected.get(source.name, set())
    if source.name == "pdas_referral":
        delivered = {one.name for one in source.delivery.fields if _PLACE.search(one.name)}
        assert delivered == {"area_in_city"}


def test_nothing_about_a_child_but_counts() -> None:
    """Requirement 15: no child-level output; a child referred is no row of the clean table."""
    clean = PARTNERS["pdas_referral"].clean
    about = {c.name: c for c in clean.columns if re.search(r"child|unborn|u18", c.name)}
    assert set(about) == {"n_children_u18", "n_unborn", "child_safeguarding_referral"}
    assert about["n_children_u18"].type == about["n_unborn"].type == "int"
    assert not {"0-4", "5-10", "11-15"} & set(clean.column("age_band").allowed)


@EACH
def test_no_time_of_day_and_no_day_of_a_survey_is_kept(source: Source) -> None:
    """Requirement 7: dates only where a rule needs them."""
    delivered = {one.name: one.type for one in source.delivery.fields}
    assert not [c.name for c in source.clean.columns if delivered.get(c.name) in ("timestamp", "quarter")]
    assert all(re.fullmatch(c.pattern, "2015-04-01") for c in source.clean.columns if c.name.endswith("_date"))
    if source.name.endswith("_survey"):
        assert not [c.name for c in source.clean.columns if c.pattern == DATE_PATTERN]


@pytest.mark.parametrize("table", [t for t in TABLES.values() if t.name.startswith("outcome_")], ids=lambda t: t.name)
def test_an_outcome_keeps_periods_and_nobodys_key(table: Table) -> None:
    """Requirements 4 and 7: aggregates of periods only."""
    assert {column.data_class for column in table.columns} == {"-"}
    assert not [column.name for column in table.columns if column.pattern == KEY_PATTERN]
    assert {column.name for column in table.columns if "date" in column.name} == set()


# --- approvals (requirement 12) ---------------------------------------------------------------------------------------


def test_every_column_of_class_s_or_c_is_approved() -> None:
    assert approval_problems(read_approvals()) == []
    assert {
        ("pdas_referral", "dash_score"),
        ("clean_crc_event", "event_type"),
        ("clean_police_street", "crime_id"),
    } <= set(sensitive_columns())


def test_a_column_without_approval_and_an_approval_without_column_are_named() -> None:
    approvals = {table: dict(columns) for table, columns in read_approvals().items()}
    moved = approvals["pdas_referral"].pop("dash_score")
    approvals["clean_pdas_referral"]["eye_colour"] = moved
    missing, stale = approval_problems(approvals)
    assert missing.startswith("pdas_referral.dash_score: has no approval")
    assert stale.startswith("clean_pdas_referral.eye_colour: is approved and is no column")


@pytest.mark.parametrize(
    "record",
    [
        'dash_score = { approved_by = "", date = 2016-01-01, reason = "x" }',
        'dash_score = { approved_by = "dpo", reason = "x" }',
        'dash_score = { approved_by = "dpo", date = 2016-01-01 }',
        'dash_score = { approved_by = "dpo", date = 2016-01-01, reason = "x", until = 2017-01-01 }',
        "dash_score = ",
    ],
)
def test_a_record_that_lacks_something_is_refused(tmp_path, record: str) -> None:
    path = tmp_path / "approvals.toml"
    path.write_text(f"[pdas_referral]\n{record}\n", encoding="utf-8")
    with pytest.raises(ValueError):
        read_approvals(path)


# --- documents made from the contracts --------------------------------------------------------------------------------

_REMAKE = "stale: run `python -m expectations.dictionary`"


def test_documents_are_up_to_date() -> None:
    assert DATA_DICTIONARY.read_text(encoding="utf-8") == data_dictionary(), _REMAKE
    assert RECORD_OF_PROCESSING.read_text(encoding="utf-8") == record_of_processing(read_approvals()), _REMAKE


def _grid_rows(text: str, heading: str) -> list[list[str]]:
    block = re.split(r"\n#+ ", text.split(f"{heading}\n")[1])[0]
    lines = [line for line in block.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


@EACH
def test_the_dictionary_describes_every_column(source: Source) -> None:
    text = data_dictionary()
    delivered = _grid_rows(text, f"\n### `{source.name}`")
    assert [(row[0], row[5]) for row in delivered] == [(one.name, one.data_class) for one in source.delivery.fields]
    clean = _grid_rows(text, f"\n### `clean_{source.name}`")
    assert [row[0] for row in clean] == source.clean.column_names
    assert all(len(row) == 7 and row[1] and row[4] and row[6] for row in delivered + clean)


def test_the_dictionary_describes_every_table() -> None:
    text = data_dictionary()
    shared = {f"raw_{name}" for name in SOURCES} | {
        f"clean_{name}_{kind}" for name in SOURCES for kind in ("completeness", "quarantine")
    }
    for name in set(TABLES) - shared:
        assert f"`{name}`" in text or f"| {name} |" in text, name
    for name in ("raw_<source>", "clean_<source>_completeness", "clean_<source>_quarantine"):
        assert _grid_rows(text, f"\n### `{name}`"), name


@EACH
def test_the_record_gives_class_purpose_basis_and_approval(source: Source) -> None:
    text = record_of_processing(read_approvals())
    rows = {row[0]: row for row in _grid_rows(text, f"\n## `{source.name}`")}
    assert set(rows) == set(source.delivery.field_names) | set(source.clean.column_names)
    assert source.delivery.lawful_basis in text
    for one in source.delivery.fields:
        name, sent, kept, what, approved = rows[one.name]
        assert sent == one.data_class
        assert kept == (source.clean.column(name).data_class if name in source.clean.column_names else "not kept")
        assert what
        assert bool(approved) is bool(set(one.data_class) & {"S", "C"}), name


def test_words_cover_every_type_and_class() -> None:
    assert set(words.TYPES) == set(get_args(FieldType)) | set(get_args(ColumnType))
    assert set(words.CLASSES) == set(get_args(DataClass))


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (Field("a", "enum", "", allowed=("x", "y")), "x, y"),
        (Field("a", "list", "", allowed=("x", "y")), "x, y; several separated by ;"),
        (Field("a", "int", "", minimum=0, maximum=24), "0 to 24"),
        (Field("a", "int", "", minimum=0), "0 or more"),
        (Field("a", "int", "", maximum=9), "9 or less"),
        (Field("a", "int", ""), ""),
        (Field("a", "date", ""), "YYYY-MM-DD"),
        (Field("a", "string", "", pattern="^x$"), "pattern ^x$"),
        (Column("a", "string", "", allowed=("", "x")), "(empty text), x"),
    ],
)
def test_allowed_in_words(one: Field | Column, said: str) -> None:
    assert words.allowed(one) == said


def test_null_rule_in_words() -> None:
    assert words.null_rule(Field("a", "int", "")) == "never empty"
    assert "left out" in words.null_rule(Field("a", "int", "", nullable=True))
    assert "N/A" in words.null_rule(Field("a", "int", "", nullable=True, null_words=("N/A",)))
    assert words.null_rule(Column("a", "int", "", nullable=True)) == "may be empty"


@EACH
def test_every_pattern_of_a_delivery_has_words(source: Source) -> None:
    for one in source.delivery.fields:
        assert not words.allowed(one).startswith("pattern"), one.name


# --- the model --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "more"),
    [("key", {}), ("string", {"domain": "pdas"}), ("enum", {}), ("list", {})],
)
def test_a_field_that_could_not_be_read_or_keyed_is_refused(kind: FieldType, more: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="a:"):
        Field("a", kind, "", **more)  # type: ignore[arg-type]


def test_unknown_columns_have_no_field() -> None:
    delivery: Delivery = PARTNERS["asb_case"].delivery
    with pytest.raises(KeyError, match="asb_case has no column surname"):
        delivery.field("surname")
    with pytest.raises(KeyError, match="clean_asb_case has no column surname"):
        PARTNERS["asb_case"].clean.column("surname")
    assert delivery.mandatory == ["case_key", "person_key", "referral_date"]


def test_an_approval_cannot_be_changed() -> None:
    approval: Approval = read_approvals()["pdas_referral"]["dash_score"]
    with pytest.raises(ValueError, match="frozen"):
        approval.reason = "another"


def test_contracts_cannot_be_changed() -> None:
    delivery = PARTNERS["asb_case"].delivery
    with pytest.raises(AttributeError):
        delivery.source = "x"  # type: ignore[misc]
    assert replace(delivery, source="x").source == "x"
    assert STRANDS[-1] == "other"
