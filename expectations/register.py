"""The register: what a partnership has written down about itself, read from its folder under `partnership/`.

Here: the record types (measures, Board decisions, sources, thresholds, priority set, code tables, waivers), reading and
validation, and the few questions that only the register can answer (which decision or priority set is in force). Not
here: any check of delivered data (`expectations/suites`), any gate (`assets/release`), any content (`partnership/`; its
README explains each key to analysts). Only the standard library and pydantic are imported, so that it loads at once.

Spec sections 0.4, 0.6, 1, 2.1, 2.3, 3.9, 3.10, 5.2; design sections 3 to 5.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import json
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from expectations.alerting import AlertsFile, Meeting, MeetingsFile, Route, alert_problems, meeting_problems
from expectations.contracts import TABLES
from expectations.contracts.crc_event import EVENT_TYPES
from expectations.written import Ring, boundaries, front_matter, kind_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

BoardStatus = Literal[
    "agreed", "agreed_with_review", "proposal_awaited", "under_development", "referred", "position_statement_awaited"
]
AssessmentMode = Literal["target", "direction", "baseline_year", "monitor_only", "none"]

_EVERY_MODE: frozenset[AssessmentMode] = frozenset(get_args(AssessmentMode))
_UNJUDGED: frozenset[AssessmentMode] = frozenset({"monitor_only", "none"})
#: Modes a status allows (spec 0.4). Where the value is public but no RAG is, nothing that judges may be recorded; where
#: a position statement is awaited nothing is public, so the mode binds analysts only (SP09).
ALLOWED_MODES: dict[BoardStatus, frozenset[AssessmentMode]] = {
    "agreed": _EVERY_MODE,
    "agreed_with_review": _EVERY_MODE,
    "proposal_awaited": frozenset({"none"}),
    "under_development": _UNJUDGED,
    "referred": _UNJUDGED,
    "position_statement_awaited": _EVERY_MODE,
}
#: What a measure must say before a decision may give it this status (spec 0.4, "extra text required").
REQUIRED_TEXT: dict[BoardStatus, tuple[str, ...]] = {
    "agreed_with_review": ("review_due", "review_method"),
    "under_development": ("missing",),
    "referred": ("referred_to", "open_questions"),
}

#: Files of a partnership's folder; those that may be absent everywhere are marked False.
FILES: dict[str, bool] = {
    "partnership.toml": True,
    "sources.toml": True,
    "measures.toml": True,
    "decisions.toml": True,
    "priority_set.csv": True,
    "policeuk_category.csv": True,
    "offence_code.csv": True,
    "violence_code.csv": False,
    "sexual_offence_code.csv": False,
    "aggravated_hate_code.csv": False,
    "agency.csv": False,
    "licence_event.csv": False,
    "calendar.csv": False,
    "waivers.toml": False,
    "removed_checks.toml": False,
    "boundaries.geojson": False,
    "alerts.toml": False,
    "board_meetings.toml": False,
}
#: Folder of what people wrote about measures; a partnership's own, never inherited.
COMMENTARY = "commentary"

#: Category of a street row whose label the code table does not hold (contract clean_police_street_count).
UNKNOWN_CATEGORY = "unknown"
#: What English public bodies publish under unless they say otherwise.
OPEN_GOVERNMENT_LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"


class RegisterError(Exception):
    """The register cannot be used. `str()` is one line: `folder/file: key: rule (remedy)`, then how many more.

    `problems` holds every line, in the order of the files.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}")


# --- types of one value -----------------------------------------------------------------------------------------------


def _as_date(value: object) -> object:
    if type(value) is date:  # a TOML date with a time is a datetime, and is refused
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    raise ValueError("must be a date of the calendar written YYYY-MM-DD (correct the date)")


def _as_optional_date(value: object) -> object:
    return None if value in (None, "") else _as_date(value)


def _as_fraction(value: object) -> object:
    if isinstance(value, Fraction):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d+/[1-9]\d*", value.strip()):
        return Fraction(value.strip())
    raise ValueError('must be a fraction in quotes such as "3/4" (it is compared exactly, never rounded)')


def _as_flag(value: object) -> object:
    if value in ("Y", "N"):
        return value == "Y"
    raise ValueError("must be Y or N (correct the value)")


def _matches(pattern: str, words: str) -> AfterValidator:
    def check(value: str) -> str:
        if value and not re.fullmatch(pattern, value):
            raise ValueError(f"must be {words} (correct the value)")
        return value

    return AfterValidator(check)


def _one_select(value: str) -> str:
    if value and not re.fullmatch(r"(?is)(select|with)\b[^;]*;?", value):
        raise ValueError("must be one SELECT statement (a pull reads, and nothing else)")
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """Sorted, so that the order in the file changes nothing."""
    if len(set(values)) < len(values):
        raise ValueError("names the same value twice (remove one)")
    return tuple(sorted(values))


def _is_financial_year(value: str) -> str:
    if re.fullmatch(r"\d{4}-\d{2}", value) and (int(value[:4]) + 1) % 100 == int(value[5:]):
        return value
    raise ValueError("must be a financial year written 2015-16 (correct the value)")


SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
Text = Annotated[str, StringConstraints(min_length=1)]
Date = Annotated[date, BeforeValidator(_as_date)]
OptionalDate = Annotated[date | None, BeforeValidator(_as_optional_date)]
#: Months are text `YYYY-MM`: they sort, and match the `month` columns of the contracts.
Month = Annotated[Text, _matches(r"\d{4}-(0[1-9]|1[0-2])", "a month written YYYY-MM")]
OptionalMonth = Annotated[str, _matches(r"\d{4}-(0[1-9]|1[0-2])", "a month written YYYY-MM, or empty")]
#: A day of the year after 31 March, so that it lies after the financial year that it settles.
MonthDay = Annotated[
    Text,
    _matches(
        r"(04|06|09|11)-(0[1-9]|[12]\d|30)|(05|07|08|10|12)-(0[1-9]|[12]\d|3[01])",
        "a day from April to December written MM-DD",
    ),
]
FinancialYear = Annotated[Text, AfterValidator(_is_financial_year)]
Share = Annotated[StrictFloat, Field(ge=0, le=1)]
Days = Annotated[StrictInt, Field(ge=0, le=3660)]
Sentences = Annotated[tuple[Text, ...], Field(min_length=1)]
Names = Annotated[tuple[Text, ...], Field(min_length=1), AfterValidator(_distinct)]
OptionalNames = Annotated[tuple[Text, ...], AfterValidator(_distinct)]
MeasureId = Annotated[Text, _matches(r"SP\d{2}", "a measure id such as SP01")]
TableName = Annotated[Text, _matches(r"[a-z][a-z0-9_]*", "lower-case letters, digits and underscores")]
Words = Annotated[tuple[TableName, ...], AfterValidator(_distinct)]
Query = Annotated[str, AfterValidator(_one_select)]
Slug = Annotated[Text, _matches(SLUG, "lower-case words joined by hyphens")]
CheckName = Annotated[Text, _matches(r"[a-z0-9_]+/[a-z0-9_]+", "a check written table/rule")]
Email = Annotated[Text, _matches(r"[^@\s]+@[^@\s]+\.[^@\s.]+", "an e-mail address, best of a role and not a person")]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)


def _not_before(info: ValidationInfo, earlier: str, value: Any) -> Any:
    """`value`, if it is not before the already validated field `earlier`; an empty value is open-ended."""
    start = info.data.get(earlier)
    if value and start and value < start:
        raise ValueError(f"must not be before {earlier} (correct one of the two)")
    return value


class _Dated(_Record):
    """A record in force on the days from `valid_from` to `valid_to` (inclusive, empty = open)."""

    valid_from: Date
    valid_to: OptionalDate

    @field_validator("valid_to")
    @classmethod
    def _ordered(cls, value: date | None, info: ValidationInfo) -> date | None:
        return _not_before(info, "valid_from", value)


# --- records ----------------------------------------------------------------------------------------------------------


class Area(_Record):
    """The area served: ONS code, name, the police forces whose files cover it, and how its LSOA names start.

    `local_area` is its name in the extract of the probation company; left out, the name in lower case with hyphens.
    """

    code: Annotated[Text, _matches(r"[EW]\d{8}", "an ONS area code: E or W and eight digits")]
    name: Text
    forces: Annotated[tuple[Slug, ...], Field(min_length=1), AfterValidator(_distinct)]
    lsoa_name_prefix: Text
    local_area: Annotated[str, _matches(SLUG, "lower-case words joined by hyphens")] = Field(
        default="", validate_default=True
    )

    @field_validator("local_area")
    @classmethod
    def _named_after_the_area(cls, value: str, info: ValidationInfo) -> str:
        return value or re.sub(r"[^a-z0-9]+", "-", str(info.data.get("name", "")).lower()).strip("-")


class Baseline(_Record):
    """Baseline year of the partnership, and a note where it is not the year the Board set."""

    financial_year: FinancialYear
    note: str = ""


class Population(_Record):
    """What to do when no estimate at or before the wanted mid-year is held: nothing, or the oldest one after it."""

    fallback: Literal["none", "oldest_after"]


def _contrasts_with_white(value: str) -> str:
    if re.fullmatch(r"#[0-9a-fA-F]{6}", value) and contrast(value, "#ffffff") < TEXT_CONTRAST:
        raise ValueError(f"must have a contrast of {TEXT_CONTRAST}:1 with white (choose a darker colour: WCAG 2.2 AA)")
    return value


#: Least contrast of text with what is behind it (WCAG 2.2 AA, 1.4.3); of graphics it is 3.
TEXT_CONTRAST = 4.5


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours written #rrggbb, from 1 to 21, as WCAG 2.2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


class Brand(_Record):
    """Look of the pages: one colour, on white and behind white, so it must be dark enough for both."""

    colour: Annotated[
        Text, _matches(r"#[0-9a-fA-F]{6}", "a colour written #rrggbb"), AfterValidator(_contrasts_with_white)
    ]


class Thresholds(_Record):
    """Every number a check or a clean rule compares with; shares are of 1.

    A number left out of `partnership.toml` is the specification's: sections 1 (the measure named here), 2.3, 3.1, 3.3,
    3.7, 3.10, 4.8. Those that a partnership sets have their reason beside them there.
    """

    unallocated_block: Share = 0.05
    unallocated_warn: Share = Field(default=0.02, validate_default=True)
    unmatched_block: Share = 0.005
    bad_rows_block: Share = 0.01
    shrink_block: Share = 0.05
    city_population_tolerance: Share = 0.001
    neighbourhood_change_warn: Annotated[StrictFloat, Field(ge=0, le=100)] = 0.30
    repeated_id_block: Share = 0.05
    mandatory_completeness: Share = 0.98
    small_count: Annotated[StrictInt, Field(ge=3)] = 5  # below three a hidden count can be guessed
    # SP02: with fewer answers the alcohol flag says nothing, and what is made from it is [x].
    alcohol_flag_complete: Share = 0.8
    # SP03: so few answer both forms that the change is theirs alone.
    match_rate_warn: Share = 0.6
    # SP04: referrals that cannot be told first-time or not; what was not asked; the service's view against the rule.
    client_key_missing_block: Share = 0.02
    household_unknown_warn: Share = 0.20
    sexual_violence_unknown_warn: Share = 0.20
    first_time_disagreement_warn: Share = 0.05
    #: Months before a referral in which an earlier one makes it no first-time referral: the same in every period.
    lookback_months: Annotated[StrictInt, Field(ge=1, le=120)] = 24
    #: Days within which accepted support (SP04f), or a contact after consent (SP05b), counts as engaged.
    engaged_days: Days = 28
    #: Working days after a referral within which a DASH score is in time (SP04e).
    dash_working_days: Annotated[StrictInt, Field(ge=1, le=60)] = 5
    # SP05: assessments that were made and have no outcome.
    assessment_without_outcome_warn: Share = 0.05
    # SP06: closed clients with matched Stars; clients whose scores are copied forward in every domain.
    star_coverage_block: Share = 0.5
    star_coverage_warn: Share = Field(default=0.7, validate_default=True)
    star_identical_warn: Share = 0.3
    # SP07: those who answer are too few to speak for the rest.
    response_rate_warn: Share = 0.3
    # SP08, 3.10: the open files against the restricted extract, crimes of the same months.
    reconcile_block: Share = 0.15
    reconcile_warn: Share = Field(default=0.05, validate_default=True)
    # SP09: the sender's view of the cohort against the dates; licences longer than half of a short sentence can be;
    # transfers out just before an event; dates heaped on the last day of a quarter, as a multiple of the usual share.
    eligibility_disagreement_block: Share = 0.01
    licence_days_block: Days = 274
    licence_days_warn: Days = Field(default=184, validate_default=True)
    transfer_before_event_days: Days = 14
    quarter_end_heaping_warn: Annotated[StrictFloat, Field(ge=1, le=100)] = 3.0
    # SP10: aggravated offences by their code that carry no flag of race or religion.
    aggravated_unflagged_warn: Share = 0.02

    @field_validator("unallocated_warn", "reconcile_warn", "licence_days_warn")
    @classmethod
    def _warns_before_it_blocks(cls, value: float, info: ValidationInfo) -> float:
        block = str(info.field_name).replace("_warn", "_block")
        if value > info.data.get(block, value):
            raise ValueError(f"must not be above {block} (a warning comes first)")
        return value

    @field_validator("star_coverage_warn")
    @classmethod
    def _warns_above_the_floor(cls, value: float, info: ValidationInfo) -> float:
        if value < info.data.get("star_coverage_block", value):
            raise ValueError("must not be below star_coverage_block (a warning comes first)")
        return value


class Pull(_Record):
    """How a source is read from a partner's database instead of a file: the query, and which days it covers.

    Coverage is a query of one row (first day, last day), or two fixed days; never guessed from the newest date. Where
    the database is and who reads it is no matter of the register: the environment says it (`Source.pull_setting`).
    """

    query: Annotated[Text, AfterValidator(_one_select)]
    coverage_query: Query = ""
    coverage_start: OptionalDate = None
    coverage_end: OptionalDate = Field(default=None, validate_default=True)

    @field_validator("coverage_end")
    @classmethod
    def _covers_days_said_once(cls, value: date | None, info: ValidationInfo) -> date | None:
        if not {"coverage_query", "coverage_start"} <= info.data.keys():
            return value  # said already
        start, query = info.data["coverage_start"], info.data["coverage_query"]
        if (start is None) is not (value is None):
            raise ValueError("must stand with coverage_start, and never without (add the other)")
        if bool(query) is (value is not None):
            raise ValueError("must be given, or coverage_query instead, and not both (say once which days are covered)")
        return _not_before(info, "coverage_start", value)


class Source(_Record):
    """One source: who delivers it, when it is due, and what its absence does (design section 4).

    `name` is its folder in landing. `expected = False`: no agreement to deliver yet. `required`: the newest month due
    by the evaluation date must be there. Days are calendar days after the period ends. `sheet` is the worksheet of a
    workbook, `date_order` how a date is written that is not written YYYY-MM-DD. `known_faults` are sentences that the
    quality page prints.
    """

    name: TableName
    label: Text
    owner: Text
    owner_email: Email
    kind: Literal["police_street", "reference", "partner"]
    expected: StrictBool = True
    expected_days_after_period: Days | None = Field(default=None, validate_default=True)
    required: StrictBool
    late_blocks: StrictBool
    raw_retention_days: Days | None = Field(default=None, validate_default=True)
    sheet: str = ""
    date_order: Literal["YMD", "DMY", "MDY"] = "YMD"
    known_faults: tuple[Text, ...] = ()
    pull: Pull | None = None

    @property
    def pull_setting(self) -> str:
        """Environment variable that holds the address of the database to pull from."""
        return f"SAFER_PULL_{self.name.upper()}"

    @field_validator("sheet", "date_order", "pull")
    @classmethod
    def _of_a_partner(cls, value: Any, info: ValidationInfo) -> Any:
        if info.data.get("kind", "partner") != "partner" and value not in ("", "YMD", None):
            raise ValueError("is for a source of kind partner only (remove it)")
        return value

    @field_validator("expected_days_after_period")
    @classmethod
    def _street_files_fall_due(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is None and info.data.get("kind") == "police_street":
            raise ValueError("must be given for a source of kind police_street (add it: police 10)")
        return value

    @field_validator("required", "late_blocks")
    @classmethod
    def _only_if_expected(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("expected") is False:
            raise ValueError("must be false where expected = false (or set expected = true)")
        return value

    @field_validator("late_blocks")
    @classmethod
    def _late_needs_a_due_date(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("expected_days_after_period") is None:
            raise ValueError("must be false without expected_days_after_period (add that key)")
        return value

    @field_validator("raw_retention_days")
    @classmethod
    def _personal_sources_are_purged(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is None and info.data.get("kind") == "partner":
            raise ValueError("must be given for a source of kind partner (add it: 30 for personal data, spec 6)")
        return value


class Measure(_Record):
    """One measure of the Board: the record of spec 0.6 and the metadata sheet of spec 5.2.

    `target` is an exact fraction and present only where the Board set one. `review_due` is the first day on which a
    review is overdue. `maturity_months` and `maturity_days` count from the period's end; neither: no fixed time.
    `optional_sources` are used where delivered, and never waited for. `public_parts`: the parts that a release may ever
    show (None: all of them); all others are for analysts. `public_breakdowns`: the dimensions that it may show. `reading`: a
    sentence that always stands beside a comparison, where its direction can be read in two ways.
    """

    id: MeasureId
    name: Text
    theme: Text
    board_title: Text
    board_aim: str = ""
    board_notes: tuple[Text, ...] = ()
    rationale: Text
    definition: Text
    unit: Text
    formula: Text
    numerator: Text
    denominator: Text
    inclusions: Sentences
    exclusions: Sentences
    limitations: Sentences
    known_biases: Sentences
    perverse_incentives: Sentences
    open_data_title: str = ""
    open_data_note: str = ""
    sources: Names
    optional_sources: OptionalNames = ()
    outcome_table: str = ""
    public_parts: Words | None = None
    public_breakdowns: Words = ()
    owner: Text
    frequency: Text
    time_basis: Text
    baseline: Text
    polarity: Literal["lower_better", "higher_better", "none"]
    polarity_note: Text
    reading: str = ""
    target: Annotated[Fraction, BeforeValidator(_as_fraction), PlainSerializer(str)] | None = None
    target_text: str = Field(default="", validate_default=True)
    target_set_by: str = Field(default="", validate_default=True)
    interval_method: Text
    disclosure_regime: Literal["A", "B"]
    maturity: Text
    maturity_months: Annotated[StrictInt, Field(ge=0, le=60)] | None = None
    maturity_days: Days | None = None
    method_version: Text
    valid_from: Date
    valid_to: OptionalDate = None
    first_published: OptionalDate = None
    review_due: OptionalDate = None
    review_method: str = ""
    missing: str = ""
    referred_to: str = ""
    open_questions: str = ""

    @field_validator("outcome_table")
    @classmethod
    def _table_has_a_contract(cls, value: str) -> str:
        if value and not (value.startswith("outcome_") and value in TABLES):
            raise ValueError("must be an outcome table of expectations/contracts (or leave it out: not computed)")
        return value

    @field_validator("target_text", "target_set_by")
    @classmethod
    def _with_a_target(cls, value: str, info: ValidationInfo) -> str:
        if "target" in info.data and bool(value) is (info.data["target"] is None):
            raise ValueError("must stand with target, and never without (no target that nobody set)")
        return value

    @field_validator("valid_to")
    @classmethod
    def _ordered(cls, value: date | None, info: ValidationInfo) -> date | None:
        return _not_before(info, "valid_from", value)


class Decision(_Record):
    """What the Board decided about one measure, word for word, and what that allows from its date on (spec 0.4)."""

    measure: MeasureId
    date: Date
    minute_reference: Text
    recorded_by: Text
    verbatim: Text
    board_status: BoardStatus
    assessment_mode: AssessmentMode
    note: str = ""

    @field_validator("assessment_mode")
    @classmethod
    def _allowed_by_status(cls, value: AssessmentMode, info: ValidationInfo) -> AssessmentMode:
        status = info.data.get("board_status")
        if status and value not in ALLOWED_MODES[status]:
            allowed = " or ".join(sorted(ALLOWED_MODES[status]))
            raise ValueError(f"must be {allowed} while board_status is {status} (spec 0.4)")
        return value


class Commentary(_Record):
    """What a named role wrote about one measure, in Markdown: a commentary on figures as at a day, or a position statement."""

    measure: MeasureId
    kind: Literal["commentary", "position"]
    by: Text
    written: Date
    as_at: OptionalDate = Field(default=None, validate_default=True)
    text: Text

    @field_validator("as_at")
    @classmethod
    def _of_a_commentary(cls, value: date | None, info: ValidationInfo) -> date | None:
        if "kind" in info.data and (value is None) is (info.data["kind"] == "commentary"):
            need = "given for a commentary (the last day of the figures it speaks of)"
            raise ValueError(f"must be {need if value is None else 'left out of a position statement (remove it)'}")
        return value


class Boundary(_Record):
    """Outlines of one neighbourhood, as rings of longitude and latitude."""

    code: Text
    rings: tuple[Ring, ...]


class PriorityArea(_Dated):
    """One neighbourhood of one priority set."""

    priority_set_id: Slug
    neighbourhood_code: Text


class PrioritySet(_Record):
    """The priority set of a period: its id and the codes that belong to it on every day of the period, sorted."""

    priority_set_id: str
    neighbourhood_codes: tuple[str, ...]


class Category(_Record):
    """One crime type label of the street files and the months it is valid in (inclusive, empty `valid_to` = open).

    `superset` joins labels that replaced each other; `sp08_group` names the part of the open-data proxy it counts in.
    """

    label: Text
    category: TableName
    superset: TableName
    counts_as_crime: Annotated[bool, BeforeValidator(_as_flag)]
    sp08_group: Literal["burglary", "robbery", "vehicle_crime", ""]
    valid_from: Month
    valid_to: OptionalMonth

    @field_validator("category")
    @classmethod
    def _not_reserved(cls, value: str) -> str:
        if value == UNKNOWN_CATEGORY:
            raise ValueError("must not be 'unknown' (that marks a label this table does not hold)")
        return value

    @field_validator("valid_to")
    @classmethod
    def _ordered(cls, value: str, info: ValidationInfo) -> str:
        return _not_before(info, "valid_from", value)


class OffenceCode(_Dated):
    """One Home Office offence code and the days it is valid on; not serious acquisitive crime without `sac_group`."""

    code: Text
    label: Text
    sac_group: Literal["domestic_burglary", "robbery", "theft_of_vehicle", "theft_from_vehicle", ""]


class ViolenceCode(_Dated):
    """One offence code of violence against the person, and its group on those days (spec 2.2)."""

    code: Text
    label: Text
    violence_group: Literal["with_injury", "without_injury", "homicide", "driving"]


class SexualOffenceCode(_Dated):
    """One offence code of a sexual offence (spec SP04c)."""

    code: Text
    label: Text


class AggravatedHateCode(_Dated):
    """One offence code that is racially or religiously aggravated: only a part of hate crime (spec 2.2)."""

    code: Text
    label: Text


class Agency(_Dated):
    """One agency whose staff are trained, under the code that the training register uses."""

    agency: TableName
    label: Text


class LicenceEvent(_Dated):
    """What one kind of event does to the licence it happens to, until a position statement settles it (spec SP09)."""

    event_type: Text
    effect: Literal["failing", "not_failing", "excluding", "none"]

    @field_validator("event_type")
    @classmethod
    def _is_delivered(cls, value: str) -> str:
        if value not in EVENT_TYPES:
            raise ValueError("must be an event type of the contract crc_event (correct the value)")
        return value


class Holiday(_Record):
    """A bank holiday in England, which is no working day."""

    date: Date
    name: Text


class Waiver(_Record):
    """One failed check that may let one measure through: two names, a reason, a last day (design section 5)."""

    measure: MeasureId
    check: CheckName
    requested_by: Text
    approved_by: Text
    reason: Text
    granted: Date
    expires: Date

    @field_validator("approved_by")
    @classmethod
    def _two_people(cls, value: str, info: ValidationInfo) -> str:
        if " ".join(value.split()).casefold() == " ".join(info.data.get("requested_by", "").split()).casefold():
            raise ValueError("must be another person than requested_by (two people open a gate)")
        return value

    @field_validator("expires")
    @classmethod
    def _ordered(cls, value: date, info: ValidationInfo) -> date:
        return _not_before(info, "granted", value)

    def in_force(self, as_of: date) -> bool:
        """Whether the waiver holds on `as_of`; its first and last day count."""
        return self.granted <= as_of <= self.expires


class RemovedCheck(_Record):
    """A required check taken off the list: which, by whom, when and why."""

    check: CheckName
    by: Text
    date: Date
    reason: Text


class _PartnershipFile(_Record):
    name: Text
    slug: Slug
    synthetic: StrictBool
    clock: Literal["today", "data"]
    inherits: Text | None = None
    decisions_from: OptionalDate = None
    caveats: tuple[Text, ...] = ()
    licence: Annotated[Text, _matches(r"https?://\S+", "the web address of a licence")] = OPEN_GOVERNMENT_LICENCE
    area: Area
    baseline: Baseline
    population: Population
    thresholds: Thresholds = Thresholds()
    brand: Brand | None = None
    out_turns_final: MonthDay = "05-31"


class _DecisionsFile(_Record):
    decision: Annotated[tuple[Decision, ...], Field(min_length=1)]


class _WaiversFile(_Record):
    waiver: tuple[Waiver, ...] = ()


class _RemovedChecksFile(_Record):
    removed_check: tuple[RemovedCheck, ...] = ()


class Register(_Record):
    """All that a partnership has registered, validated as a whole. Made by `load_register`.

    Every collection is in a settled order (measures and sources by name, the rest by key), whatever the files' order.
    """

    name: str
    slug: str
    synthetic: bool
    clock: Literal["today", "data"]
    caveats: tuple[str, ...]
    licence: str
    area: Area
    baseline_financial_year: str
    baseline_note: str
    population_fallback: Literal["none", "oldest_after"]
    thresholds: Thresholds
    brand: Brand | None
    sources: dict[str, Source]
    measures: dict[str, Measure]
    decisions: tuple[Decision, ...]
    decisions_from: date | None
    priority_set: tuple[PriorityArea, ...]
    categories: tuple[Category, ...]
    offence_codes: tuple[OffenceCode, ...]
    violence_codes: tuple[ViolenceCode, ...]
    sexual_offence_codes: tuple[SexualOffenceCode, ...]
    aggravated_hate_codes: tuple[AggravatedHateCode, ...]
    agencies: tuple[Agency, ...]
    licence_events: tuple[LicenceEvent, ...]
    calendar: tuple[Holiday, ...]
    waivers: tuple[Waiver, ...]
    removed_checks: tuple[RemovedCheck, ...]
    commentary: tuple[Commentary, ...] = ()
    boundaries: tuple[Boundary, ...] = ()
    boundaries_attribution: str = ""
    out_turns_final: str
    alerts: AlertsFile = AlertsFile()
    board_meetings: MeetingsFile = MeetingsFile()
    folder: Path
    read_from: tuple[Path, ...]

    @cached_property
    def content_hash(self) -> str:
        """sha256 of what the register says of figures; comments, line ends, order and place of the files change nothing.

        Who is told, and when the Board meets, changes no figure: a new address must not make every table anew.
        """
        said = self.model_dump(mode="json", exclude={"folder", "read_from", "alerts", "board_meetings"})
        return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @cached_property
    def bank_holidays(self) -> frozenset[date]:
        """Days that are no working days although no weekend."""
        return frozenset(holiday.date for holiday in self.calendar)

    def decision(self, measure_id: str, as_of: date) -> Decision:
        """The Board's decision in force on `as_of`: the newest one dated on or before it.

        From `decisions_from` on (a synthetic partnership's), the first decision holds before its own date too.

        Raises:
            RegisterError: none is in force yet, or there is no such measure.
        """
        in_force = [d for d in self.decisions if d.measure == measure_id and d.date <= as_of]
        if not in_force and self.decisions_from and self.decisions_from <= as_of:
            in_force = sorted((d for d in self.decisions if d.measure == measure_id), key=lambda d: d.date)[:1]
        if not in_force:
            raise RegisterError(
                [
                    f"{self.folder.name}/decisions.toml: {measure_id}: has no decision in force on {as_of} "
                    "(record the one that was, or evaluate at a later date)"
                ]
            )
        return max(in_force, key=lambda d: d.date)

    def status_text(self, measure_id: str, as_of: date) -> str:
        """The extra text that the status in force requires beside the measure (spec 0.4); empty when `agreed`."""
        measure, status = self.measures[measure_id], self.decision(measure_id, as_of).board_status
        if status == "agreed_with_review":
            due = measure.review_due
            assert due is not None  # settled by the cross-file rules
            return f"Agreed, with a review before {due.day} {due:%B} {due.year}: {measure.review_method}"
        texts: dict[BoardStatus, str] = {
            "agreed": "",
            "proposal_awaited": "Further proposals awaited",
            "under_development": f"In development; missing: {measure.missing}",
            "referred": f"In development; referred to {measure.referred_to}; open: {measure.open_questions}",
            "position_statement_awaited": "Position statement awaited",
        }
        return texts[status]

    def priority_set_for(self, start: date, end: date) -> PrioritySet | None:
        """The priority set valid on every day from `start` to `end` (inclusive); None if there is none.

        A member valid for a part of the period only is left out, so the count of ten (a check of SP01) shows it.
        """
        valid = [a for a in self.priority_set if a.valid_from <= start and (a.valid_to is None or a.valid_to >= end)]
        if not valid:
            return None
        codes = tuple(sorted(area.neighbourhood_code for area in valid))
        return PrioritySet(priority_set_id=valid[0].priority_set_id, neighbourhood_codes=codes)

    def files(self) -> list[Path]:
        """Every file that was read."""
        return list(self.read_from)

    def watched(self) -> list[Path]:
        """What to stat to know that nothing changed: the files, and their folders, where a new file would show."""
        there = [folder for folder in (self.folder / COMMENTARY,) if folder.is_dir()]
        return [*self.read_from, *sorted({self.folder, *there, *(path.parent for path in self.read_from)})]


# --- reading ----------------------------------------------------------------------------------------------------------

_RecordT = TypeVar("_RecordT", bound=BaseModel)

_MODELS: tuple[type[BaseModel], ...] = (
    _PartnershipFile, _DecisionsFile, _WaiversFile, _RemovedChecksFile, Area, Baseline, Population, Brand, Thresholds,
    Source, Pull, Measure, Decision, PriorityArea, Category, OffenceCode, ViolenceCode, SexualOffenceCode,
    AggravatedHateCode, Agency, LicenceEvent, Holiday, Waiver, RemovedCheck, Commentary,
    AlertsFile, Route, MeetingsFile, Meeting,
)  # fmt: skip
_KNOWN_KEYS = sorted({key for model in _MODELS for key in model.model_fields})

#: What pydantic's errors mean in the words of someone who edits TOML.
_RULES = {
    "missing": "is missing (add it)",
    "string_type": "must be text (put it in quotes)",
    "string_too_short": "must not be empty (fill it in)",
    "too_short": "must not be empty (fill it in)",
    "bool_type": "must be true or false (without quotes)",
    "int_type": "must be a whole number (without quotes)",
    "float_type": "must be a number (without quotes)",
    "tuple_type": "must be a list (put it in square brackets)",
    "model_type": "must be a table (with its keys below its name in square brackets)",
}


def _rule(error: ErrorDetails) -> str:
    """The rule that was broken and its remedy, in words; never the value."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "extra_forbidden":
        return f"is not a known key ({_did_you_mean(str(error['loc'][-1]), _KNOWN_KEYS)})"
    if error["type"] in _RULES:
        return _RULES[error["type"]]
    return error["msg"].replace("Input should be", "must be") + " (correct the value)"


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)
    return f"did you mean {near[0]}?" if near else "remove it; partnership/README.md lists what is known"


def _key(loc: Iterable[int | str]) -> str:
    """`decision[3].date`: entries of a list are counted from 1, as people do."""
    key = ""
    for part in loc:
        key += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return key.removeprefix(".")


class _Reader:
    """Reads the files of one folder and of the one it inherits from, gathering every problem on the way."""

    def __init__(self, folder: Path) -> None:
        self.folders = [folder]
        self.problems: list[str] = []
        self.read_from: list[Path] = []

    def say(self, path: Path, key: str, rule: str) -> None:
        self.problems.append(f"{path.parent.name}/{path.name}: {key}: {rule}")

    def find(self, name: str) -> Path | None:
        """The file of the first folder that has it."""
        for folder in self.folders:
            if (folder / name).exists():
                return folder / name
        if FILES[name]:
            remedy = "write it, or inherit it from a folder that has it"
            if name == "partnership.toml":
                remedy = "choose the folder of a partnership, or write this file first"
            self.say(self.folders[0] / name, "file", f"is missing ({remedy})")
        return None

    def refuse_strays(self) -> None:
        """A misspelled optional or inherited file would otherwise be passed over in silence."""
        for folder in self.folders:
            for path in sorted(folder.iterdir()):
                if path.suffix in {".toml", ".csv"} and path.name not in FILES and path.name[0] not in "~.":
                    self.say(path, "file", f"is not a file of the register ({_did_you_mean(path.name, FILES)})")

    def text(self, path: Path) -> str | None:
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            self.say(path, "file", "must be UTF-8 text (save it with that encoding)")
        except OSError:
            self.say(path, "file", "cannot be read (check that it is a file and may be read)")
        else:
            self.read_from.append(path)
            return text
        return None

    def record(self, path: Path, model: type[_RecordT], raw: object, prefix: tuple[str, ...] = ()) -> _RecordT | None:
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            # A misspelled key is also a missing one: say first what helps.
            for one in sorted(found, key=lambda e: e["type"] != "extra_forbidden"):
                self.say(path, _key((*prefix, *one["loc"])), _rule(one))
            return None

    def toml(self, path: Path) -> dict[str, Any] | None:
        text = self.text(path)
        if text is None:
            return None
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            said = re.fullmatch(r"(?s)(.*) \(at (.*)\)", str(error))
            what, where = said.groups() if said else (str(error), "file")
            self.say(path, where, f"is not valid TOML: {what} (mend that line)")
            return None

    def toml_file(self, name: str, model: type[_RecordT]) -> _RecordT | None:
        """A file that is one record; an absent optional file is the empty record."""
        path = self.find(name)
        if path is None:
            return None if FILES[name] else model()
        raw = self.toml(path)
        return None if raw is None else self.record(path, model, raw)

    def toml_tables(self, name: str, model: type[_RecordT], key_field: str) -> dict[str, _RecordT]:
        """A file of named tables, each a record whose `key_field` is the table's name; sorted by name."""
        path = self.find(name)
        records: dict[str, _RecordT] = {}
        for key, table in sorted((self.toml(path) or {}).items()) if path else ():
            assert path is not None
            if not isinstance(table, dict):
                self.say(path, key, "must be a table (with its keys below its name in square brackets)")
            elif key_field in table:
                self.say(path, f"{key}.{key_field}", "is not a known key (the table's name says it; remove it)")
            elif record := self.record(path, model, {**table, key_field: key}, (key,)):
                records[key] = record
        return records

    def csv_file(self, name: str, model: type[_RecordT], minimum_rows: int = 1) -> list[_RecordT]:
        """A file of rows, columns by name in any order; wholly empty lines are passed over."""
        path = self.find(name)
        text = self.text(path) if path else None
        if path is None or text is None:
            return []
        columns = list(model.model_fields)
        records, rows, reader = [], 0, csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            header = [cell.strip() for cell in next(reader, [])]
            if sorted(header) != sorted(columns):
                self.say(path, "header", _header_rule(header, columns))
                return []
            for raw in reader:
                cells = [cell.strip() for cell in raw]
                if not any(cells):
                    continue
                rows += 1
                line = f"line {reader.line_num}"
                if len(cells) != len(header):
                    rule = f"has {len(cells)} values for {len(header)} columns (quote a value that holds a comma)"
                    self.say(path, line, rule)
                elif record := self.record(path, model, dict(zip(header, cells, strict=True)), (line,)):
                    records.append(record)
        except csv.Error:
            self.say(path, f"line {reader.line_num}", "is not valid CSV (look for a quote that is not closed)")
            return []
        if rows < minimum_rows:
            self.say(path, "rows", f"has {rows} rows, needs at least {minimum_rows} (fill it in)")
        return records

    def commentary(self) -> list[Commentary]:
        """What people wrote about measures, of the partnership itself; by measure and kind."""
        there = self.folders[0] / COMMENTARY
        found = []
        for path in sorted(there.iterdir()) if there.is_dir() else ():
            if path.name[0] in "~." or path.name.casefold() == "readme.md":
                continue
            stands_for = kind_of(path.name)
            if stands_for is None:
                self.say(
                    path, "file", "must be named like SP05.md or SP09-position.md (rename it, or move it elsewhere)"
                )
                continue
            text = self.text(path)
            if text is None:
                continue
            try:
                said, body = front_matter(text)
            except ValueError as error:
                self.say(path, "file", str(error))
                continue
            measure, kind = stands_for
            for key in sorted({"measure", "kind", "text"} & said.keys()):
                self.say(path, key, "is not a known key (the file's name and what stands below say it; remove it)")
                said = {}
            if said and (
                one := self.record(path, Commentary, {**said, "measure": measure, "kind": kind, "text": body})
            ):
                found.append(one)
            elif not said:
                self.say(path, "by", "is missing (add it)")
        return found

    def boundaries(self) -> tuple[list[Boundary], str]:
        """Outlines of the neighbourhoods and whom to name for them; nothing where the file is absent."""
        path = self.find("boundaries.geojson")
        text = self.text(path) if path else None
        if path is None or text is None:
            return [], ""
        try:
            attribution, areas = boundaries(text)
        except ValueError as error:
            self.say(path, "file", str(error))
            return [], ""
        # Thousands of corners that were just read one by one: checking each again would be felt by every command.
        return [Boundary.model_construct(code=code, rings=rings) for code, rings in areas], attribution


def _header_rule(header: list[str], columns: list[str]) -> str:
    for column in header:
        if column not in columns:
            return f"{column or 'a column without name'} is not a known column ({_did_you_mean(column, columns)})"
    for column, times in Counter(header).items():
        if times > 1:
            return f"{column} stands {times} times (remove all but one)"
    missing = [column for column in columns if column not in header]
    return f"{missing[0]} is missing (the columns are {', '.join(columns)})"


# --- rules that span records ------------------------------------------------------------------------------------------


def _overlap(spans: Iterable[tuple[Any, Any]]) -> bool:
    """Whether any two (from, to) spans share a day; an empty `to` is open."""
    ordered = sorted(spans, key=lambda span: span[0])
    return any(not end or start <= end for (_, end), (start, _) in pairwise(ordered))


def _spans(records: Iterable[Any], *key: str) -> dict[tuple[Hashable, ...], list[tuple[Any, Any]]]:
    """(valid_from, valid_to) of the records, by the named fields."""
    spans: dict[tuple[Hashable, ...], list[tuple[Any, Any]]] = defaultdict(list)
    for record in records:
        spans[tuple(getattr(record, name) for name in key)].append((record.valid_from, record.valid_to))
    return spans


def _decision_problems(decisions: Sequence[Decision], measures: dict[str, Measure]) -> Iterator[tuple[str, str]]:
    for number, decision in enumerate(decisions, start=1):
        here, measure = f"decision[{number}]", measures.get(decision.measure)
        if measure is None:
            yield f"{here}.measure", f"{decision.measure} is not in measures.toml (correct it, or add the measure)"
            continue
        if decision.assessment_mode == "target" and measure.target is None:
            yield (
                f"{here}.assessment_mode",
                f"target needs a target, and {measure.id} has none (add it only if the Board set one)",
            )
        if decision.assessment_mode == "direction" and measure.polarity == "none":
            yield f"{here}.assessment_mode", f"direction needs a polarity, and {measure.id} has none (choose another)"
        for field in REQUIRED_TEXT.get(decision.board_status, ()):
            if not getattr(measure, field):
                yield (
                    f"{here}.board_status",
                    f"{decision.board_status} needs {measure.id}.{field} in measures.toml (add it: spec 0.4)",
                )
    for (measure_id, day), times in Counter((d.measure, d.date) for d in decisions).items():
        if times > 1:
            yield measure_id, f"has {times} decisions dated {day} (one decision a day: merge them)"
    for measure_id in sorted(measures.keys() - {d.measure for d in decisions}):
        yield measure_id, "has no decision (add a [[decision]]; without one nothing may be published)"


def _measure_problems(measures: dict[str, Measure], sources: dict[str, Source]) -> Iterator[tuple[str, str]]:
    for measure in measures.values():
        for source in measure.sources:
            if source not in sources:
                yield f"{measure.id}.sources", f"{source} is not in sources.toml ({_did_you_mean(source, sources)})"
        for source in measure.optional_sources:
            key = f"{measure.id}.optional_sources"
            if source not in sources:
                yield key, f"{source} is not in sources.toml ({_did_you_mean(source, sources)})"
            elif source in measure.sources:
                yield key, f"{source} stands in sources too (a source is needed, or it is not: remove one)"


def _priority_problems(areas: Sequence[PriorityArea]) -> Iterator[tuple[str, str]]:
    for key, spans in sorted(_spans(areas, "priority_set_id", "neighbourhood_code").items()):
        if _overlap(spans):
            yield str(key[1]), f"stands twice in set {key[0]} on the same days (remove one)"
    whole = [
        (min(a for a, _ in s), max((b or date.max) for _, b in s)) for s in _spans(areas, "priority_set_id").values()
    ]
    if _overlap(whole):
        yield "priority_set_id", "two sets are valid on the same days (end one with valid_to before the next begins)"


def _commentary_problems(commentary: Sequence[Commentary], measures: dict[str, Measure]) -> Iterator[tuple[str, str]]:
    for one in commentary:
        if one.measure not in measures:
            yield one.measure, "has a commentary and is not in measures.toml (rename the file, or add the measure)"


def _boundary_problems(areas: Sequence[Boundary], priority: Sequence[PriorityArea]) -> Iterator[tuple[str, str]]:
    drawn = {area.code for area in areas}
    for code in sorted({area.neighbourhood_code for area in priority} - drawn) if areas else ():
        yield code, "is in priority_set.csv and has no feature here (add its outline, or correct the code)"


def _category_problems(categories: Sequence[Category]) -> Iterator[tuple[str, str]]:
    for (label,), spans in sorted(_spans(categories, "label").items()):
        if _overlap(spans):
            yield (
                str(label),
                "has months that overlap (a label means one thing in a month: correct valid_from, valid_to)",
            )
    meanings = defaultdict(set)
    for row in categories:
        meanings[row.category].add((row.superset, row.counts_as_crime, row.sp08_group))
    for category, said in sorted(meanings.items()):
        if len(said) > 1:
            rule = "has rows that differ in superset, counts_as_crime or sp08_group (make them agree)"
            yield category, rule


def _code_problems(records: Sequence[_Dated], key: str = "code") -> Iterator[tuple[str, str]]:
    for (code,), spans in sorted(_spans(records, key).items()):
        if _overlap(spans):
            yield str(code), "has days that overlap (a code means one thing on a day: correct valid_from, valid_to)"


def _licence_event_problems(events: Sequence[LicenceEvent]) -> Iterator[tuple[str, str]]:
    yield from _code_problems(events, "event_type")
    for missing in EVENT_TYPES if events else ():
        if missing not in {event.event_type for event in events}:
            yield missing, "is missing (add it: every kind of event needs an effect, none included)"


def _calendar_problems(holidays: Sequence[Holiday]) -> Iterator[tuple[str, str]]:
    for day, times in sorted(Counter(holiday.date for holiday in holidays).items()):
        if times > 1:
            yield day.isoformat(), f"stands {times} times (remove all but one)"


def _waiver_problems(waivers: Sequence[Waiver], measures: dict[str, Measure]) -> Iterator[tuple[str, str]]:
    for number, waiver in enumerate(waivers, start=1):
        if waiver.measure not in measures:
            yield f"waiver[{number}].measure", f"{waiver.measure} is not in measures.toml (correct it)"


# --- loading ----------------------------------------------------------------------------------------------------------


def load_register(folder: Path) -> Register:
    """The register of the partnership in `folder`, validated as a whole.

    A file that the folder does not have is taken from the one named by `inherits` in its `partnership.toml`.

    Raises:
        RegisterError: anything at all is wrong; its text names file, key, rule and remedy, never a path of the machine.
    """
    folder = Path(folder).resolve()
    try:
        return _load(folder)
    except OSError:
        raise RegisterError([f"{folder.name}: folder: cannot be read (check its permissions)"]) from None


def _load(folder: Path) -> Register:
    reader = _Reader(folder)
    head = reader.toml_file("partnership.toml", _PartnershipFile)
    if head is None:
        raise RegisterError(reader.problems)
    if head.inherits:
        parent = (folder / head.inherits).resolve()
        if parent == folder or not parent.is_dir():
            reader.say(folder / "partnership.toml", "inherits", "must name another folder that exists (correct it)")
            raise RegisterError(reader.problems)
        reader.folders.append(parent)
    reader.refuse_strays()

    sources = reader.toml_tables("sources.toml", Source, "name")
    measures = reader.toml_tables("measures.toml", Measure, "id")
    decisions = reader.toml_file("decisions.toml", _DecisionsFile)
    priority_set = reader.csv_file("priority_set.csv", PriorityArea, minimum_rows=0)
    categories = reader.csv_file("policeuk_category.csv", Category)
    offence_codes = reader.csv_file("offence_code.csv", OffenceCode)
    violence_codes = reader.csv_file("violence_code.csv", ViolenceCode)
    sexual_offence_codes = reader.csv_file("sexual_offence_code.csv", SexualOffenceCode)
    aggravated_hate_codes = reader.csv_file("aggravated_hate_code.csv", AggravatedHateCode)
    agencies = reader.csv_file("agency.csv", Agency)
    licence_events = reader.csv_file("licence_event.csv", LicenceEvent)
    calendar = reader.csv_file("calendar.csv", Holiday)
    waivers = reader.toml_file("waivers.toml", _WaiversFile)
    removed_checks = reader.toml_file("removed_checks.toml", _RemovedChecksFile)
    alerts = reader.toml_file("alerts.toml", AlertsFile)
    meetings = reader.toml_file("board_meetings.toml", MeetingsFile)
    commentary = reader.commentary()
    areas, attribution = reader.boundaries()
    if reader.problems or decisions is None or waivers is None or removed_checks is None:
        raise RegisterError(reader.problems)
    if alerts is None or meetings is None:
        raise RegisterError(reader.problems)

    rules = {
        "measures.toml": _measure_problems(measures, sources),
        "decisions.toml": _decision_problems(decisions.decision, measures),
        "priority_set.csv": _priority_problems(priority_set),
        "policeuk_category.csv": _category_problems(categories),
        "offence_code.csv": _code_problems(offence_codes),
        "violence_code.csv": _code_problems(violence_codes),
        "sexual_offence_code.csv": _code_problems(sexual_offence_codes),
        "aggravated_hate_code.csv": _code_problems(aggravated_hate_codes),
        "agency.csv": _code_problems(agencies, "agency"),
        "licence_event.csv": _licence_event_problems(licence_events),
        "calendar.csv": _calendar_problems(calendar),
        "waivers.toml": _waiver_problems(waivers.waiver, measures),
        "boundaries.geojson": _boundary_problems(areas, priority_set),
        "alerts.toml": alert_problems(
            alerts, {s.owner for s in sources.values()} | {m.owner for m in measures.values()}
        ),
        "board_meetings.toml": meeting_problems(meetings.meeting),
    }
    for name, problems in rules.items():
        for key, rule in problems:
            reader.say(reader.find(name) or folder / name, key, rule)
    for key, rule in _commentary_problems(commentary, measures):
        reader.say(folder / COMMENTARY, key, rule)
    if head.decisions_from and not head.synthetic:
        reader.say(folder / "partnership.toml", "decisions_from", "is for a synthetic partnership only (remove it)")
    if reader.problems:
        raise RegisterError(reader.problems)

    return Register(
        name=head.name,
        slug=head.slug,
        synthetic=head.synthetic,
        clock=head.clock,
        caveats=head.caveats,
        licence=head.licence,
        area=head.area,
        baseline_financial_year=head.baseline.financial_year,
        baseline_note=head.baseline.note,
        population_fallback=head.population.fallback,
        thresholds=head.thresholds,
        brand=head.brand,
        sources=sources,
        measures=measures,
        decisions=tuple(sorted(decisions.decision, key=lambda d: (d.measure, d.date))),
        decisions_from=head.decisions_from,
        priority_set=tuple(sorted(priority_set, key=lambda a: (a.priority_set_id, a.neighbourhood_code, a.valid_from))),
        categories=tuple(sorted(categories, key=lambda c: (c.label, c.valid_from))),
        offence_codes=tuple(sorted(offence_codes, key=lambda c: (c.code, c.valid_from))),
        violence_codes=tuple(sorted(violence_codes, key=lambda c: (c.code, c.valid_from))),
        sexual_offence_codes=tuple(sorted(sexual_offence_codes, key=lambda c: (c.code, c.valid_from))),
        aggravated_hate_codes=tuple(sorted(aggravated_hate_codes, key=lambda c: (c.code, c.valid_from))),
        agencies=tuple(sorted(agencies, key=lambda a: (a.agency, a.valid_from))),
        licence_events=tuple(sorted(licence_events, key=lambda e: (e.event_type, e.valid_from))),
        calendar=tuple(sorted(calendar, key=lambda h: h.date)),
        waivers=tuple(sorted(waivers.waiver, key=lambda w: (w.measure, w.check, w.granted, w.model_dump_json()))),
        removed_checks=tuple(
            sorted(removed_checks.removed_check, key=lambda r: (r.check, r.date, r.model_dump_json()))
        ),
        commentary=tuple(sorted(commentary, key=lambda c: (c.measure, c.kind))),
        boundaries=tuple(areas),
        boundaries_attribution=attribution,
        out_turns_final=head.out_turns_final,
        alerts=alerts,
        board_meetings=meetings,
        folder=folder,
        read_from=tuple(reader.read_from),
    )
