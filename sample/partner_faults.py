"""The faults that can be planted in partners' deliveries: what each does, what must become of it, and which measures it holds back.

Here: the catalogue `PARTNER_FAULTS`. Not here: how deliveries are changed (`sample/changes.py`), what a fault is
(`sample/faults.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from sample import changes as c
from sample import forms
from sample.faults import CANARY, Fault

#: Which measures stand on each source, the optional ones too: a check that fails on the source holds back these.
READ_BY: dict[str, tuple[str, ...]] = {
    "police_crime": ("SP02", "SP04", "SP08", "SP10"),
    "police_incident": ("SP10",),
    "pdas_referral": ("SP03", "SP04"),
    "dash_training": ("SP03",),
    "asb_case": ("SP05", "SP06", "SP07"),
    "asb_star": ("SP06",),
    "asb_survey": ("SP07",),
    "crc_licence": ("SP09",),
    "crc_event": ("SP09",),
    "crc_reoffence": ("SP09",),
    "hate_report": ("SP10",),
    "hate_survey": ("SP11",),
}
#: How fault names start where that is not the name of the source.
_SHORT = {"pdas_referral": "pdas", "dash_training": "dash"}

_HEADER, _TOTALS, _SHEET, _CONFLICT = "refused/header", "refused/totals", "refused/sheet", "refused/conflict"
_MANIFEST, _COVERAGE = "refused/manifest", "refused/coverage"
_BAD_ROWS = "clean_{source}_completeness/bad_rows"
_KEYS_UNIQUE = "clean_{source}_completeness/keys_unique"
_NOT_SHRUNK = "clean_{source}_completeness/not_shrunk"
_HARMLESS = ("none", "quarantined", "x")

#: What age bands come back as from a spreadsheet.
_EXCEL_AGES = {"5-10": "05-Oct", "11-15": "Nov-15"}
#: Has the form of a postcode and is none in use: it stands for no fixed abode.
_NO_POSTCODE = "ZZ993VZ"
_PDAS_DATES = ("received_date", "case_opened", "case_closed", "engaged_date", "dash_done_date", "marac_heard_date")
_PDAS_NUMBERS = ("dash_score", "n_children_u18", "n_unborn")


@dataclass(frozen=True)
class _Draft:
    """A fault of a source not yet named; `measures` only where they are not all that stand on the source."""

    name: str
    what: str
    expected: str
    plant: c.ForSource
    measures: tuple[str, ...] | None = None

    def of(self, source: str) -> Fault:
        """The fault of that source."""
        held = READ_BY[source] if self.measures is None else self.measures
        return Fault(
            f"{_SHORT.get(source, source.replace('_', '-'))}-{self.name}",
            self.what,
            self.expected.format(source=source),
            "partner",
            self.plant(source),
            source=source,
            measures=() if self.expected in _HARMLESS else held,
        )


def _scored_high(row: c.Cells) -> bool:
    return row["risk_level"] == "high" and row["professional_judgement"] == "N"


def _third_exit(row: c.Cells) -> bool:
    return row["reading_type"] == "exit" and int(row["case_key"][-2:]) % 3 == 0


def _two_exits_of_three(row: c.Cells) -> bool:
    return row["reading_type"] == "exit" and not _third_exit(row)


def _quarter_first(row: c.Cells) -> str:
    return f"{row['exit_quarter'][7:]} {row['exit_quarter'][:4]}"


_CATALOGUE: dict[str, tuple[_Draft, ...]] = {
    "police_crime": (
        _Draft("surname", "a column 'surname' at the end", _HEADER, c.changed(c.column_added("surname", CANARY))),
        _Draft(
            "codes-as-numbers",
            "codes of digits alone came back from a spreadsheet as '46.0'",
            _BAD_ROWS,
            c.changed(
                c.cells_set("ho_code", lambda row: f"{row['ho_code']}.0", where=lambda row: row["ho_code"].isdigit())
            ),
        ),
        _Draft(
            "ages-as-dates",
            "age bands 5-10 and 11-15 came back from a spreadsheet as dates",
            _BAD_ROWS,
            c.changed(
                *(
                    c.cells_set("victim_age_band", new, where=c.equals("victim_age_band", old))
                    for old, new in _EXCEL_AGES.items()
                )
            ),
        ),
        _Draft(
            "status-date-missing",
            "cancelled and transferred crimes have no date of it",
            _BAD_ROWS,
            c.changed(c.cells_set("status_date", "")),
        ),
        _Draft(
            "hate-without-strand",
            "crimes flagged as hate name no strand",
            _BAD_ROWS,
            c.changed(c.cells_set("hate_strands", "")),
        ),
        _Draft(
            "postcodes",
            "a tenth of the rows hold a postcode in the place of the neighbourhood",
            "clean_{source}/no_personal_pattern",
            c.changed(c.cells_set("neighbourhood_code", _NO_POSTCODE, 0.1, c.filled("neighbourhood_code"))),
        ),
        _Draft(
            "robberies-lost",
            "the extract lost its robberies and half of its dwelling burglaries",
            "outcome_sp08_serious_acquisitive_crime/sources_reconcile",
            c.changed(
                c.rows_left_out(c.equals("ho_code", "34A", "34B")), c.rows_left_out(c.equals("ho_code", "28A"), 0.5)
            ),
            measures=("SP08",),
        ),
        _Draft(
            "month-vanished",
            "a later extract, by its manifest, has no crime of one month",
            "clean_{source}_completeness/no_month_vanished",
            c.redelivered(c.month_left_out),
        ),
        _Draft(
            "few-bad-rows",
            "0.4% of the rows have an LSOA code of the wrong form",
            "quarantined",
            c.changed(c.cells_set("lsoa_code", "E0199", 0.004)),
        ),
        _Draft(
            "no-zone",
            "times are London clock times without a zone",
            "none",
            c.changed(*map(c.without_zone, ("recorded_at", "occurred_from", "occurred_to"))),
        ),
        _Draft("by-year", "one file for each financial year", "none", c.by_year()),
    ),
    "police_incident": (
        _Draft(
            "missing-column", "the column 'category' is not there", _HEADER, c.changed(c.column_left_out("category"))
        ),
        _Draft(
            "hate-without-strand", "hate incidents name no strand", _BAD_ROWS, c.changed(c.cells_set("strands", ""))
        ),
        _Draft(
            "future",
            "2% of the incidents were opened a year after the end of the extract",
            _BAD_ROWS,
            c.changed(c.after_the_end("opened_at", 0.02)),
        ),
        _Draft(
            "shrunk",
            "a later extract, by its manifest, has 20% fewer rows",
            _NOT_SHRUNK,
            c.redelivered(c.rows_left_out(share=0.2)),
        ),
        _Draft("gap", "two files leave a month in the middle uncovered", "x", c.with_gap()),
        _Draft("gzipped", "the file as .csv.gz", "none", c.encoded(forms.gzipped, ".gz")),
    ),
    "pdas_referral": (
        _Draft("surname", "a column 'surname' at the end", _HEADER, c.changed(c.column_added("surname", CANARY))),
        _Draft(
            "level-against-score",
            "3% of the referrals scored 14 or more are of medium risk",
            "clean_{source}/level_matches_score",
            c.changed(c.cells_set("risk_level", "medium", 0.03, _scored_high)),
        ),
        _Draft(
            "client-key-blank",
            "5% of the referrals have no client key",
            "clean_{source}/client_key_complete",
            c.changed(c.cells_set("client_key", "", 0.05)),
        ),
        _Draft(
            "swapped-dates",
            "in 4% of the rows of later days than the 12th day and month of receipt are swapped",
            _BAD_ROWS,
            c.changed(
                c.cells_set(
                    "received_date",
                    c.month_and_day_swapped("received_date"),
                    0.04,
                    lambda row: row["received_date"][8:] > "12",
                )
            ),
        ),
        _Draft(
            "not-applicable",
            "'N/A' stands in 2% of the agencies, where nothing may be left open",
            _BAD_ROWS,
            c.changed(c.cells_set("source_agency", "N/A", 0.02)),
        ),
        _Draft(
            "dates-out-of-order",
            "a tenth of the cases were closed before they were opened",
            _BAD_ROWS,
            c.changed(c.cells_set("case_closed", c.days_after("case_opened", -1), 0.1, c.filled("case_opened"))),
        ),
        _Draft(
            "future",
            "one referral in a hundred was received a year after the end of the extract",
            "clean_{source}/received_in_coverage",
            c.changed(c.after_the_end("received_date", 0.01)),
        ),
        _Draft(
            "repeated-keys",
            "3% of the rows stand there twice, with another answer",
            _KEYS_UNIQUE,
            c.changed(c.rows_again(0.03, sexual_violence="not_asked")),
        ),
        _Draft(
            "ends-earlier",
            "a later extract, by its manifest, ends a month earlier",
            "raw_{source}/coverage_not_shorter",
            c.redelivered(c.ended_earlier(1)),
        ),
        _Draft(
            "conflict",
            "two files of the same days differ, and no manifest says which is later",
            _CONFLICT,
            c.redelivered(c.cells_set("sexual_violence", "not_asked", 0.05), manifests=False),
        ),
        _Draft(
            "few-bad-rows",
            "0.4% of the rows have a DASH score in words",
            "quarantined",
            c.changed(c.cells_set("dash_score", "twelve", 0.004)),
        ),
        _Draft(
            "duplicate-referrals",
            "one referral in a hundred was entered twice under two references: same client, day and agency",
            "none",
            c.changed(c.rows_again(0.01, c.filled("client_key"), referral_key=lambda row: f"{row['referral_key']}/B")),
        ),
        _Draft(
            "null-words",
            "'N/A' stands for dates that are not known, where that is allowed",
            "none",
            c.changed(
                *(c.cells_set(name, "N/A", where=c.equals(name, "")) for name in ("case_closed", "marac_heard_date"))
            ),
        ),
        _Draft("reordered", "columns in another order", "none", c.changed(c.columns_turned_round)),
        _Draft(
            "workbook",
            "a workbook with real dates in the place of CSV",
            "none",
            c.as_workbook(_PDAS_DATES, _PDAS_NUMBERS),
        ),
    ),
    "dash_training": (
        _Draft("work-email", "a column 'work_email'", _HEADER, c.changed(c.column_added("work_email", CANARY))),
        _Draft(
            "attendance-not-coded",
            "3% of the bookings of past events are still called booked",
            "clean_{source}/attendance_coded",
            c.changed(c.cells_set("attendance", "booked", 0.03)),
        ),
        _Draft(
            "repeated-keys",
            "3% of the bookings stand there twice, with another attendance",
            _KEYS_UNIQUE,
            c.changed(c.rows_again(0.03, attendance="cancelled")),
        ),
        _Draft(
            "scores-out-of-range",
            "3% of the confidence scores are of ten points",
            _BAD_ROWS,
            c.changed(c.cells_set("conf_pre", "9", 0.03)),
        ),
        _Draft("totals", "a row of totals at the foot of the sheet", _TOTALS, c.changed(c.with_totals)),
        _Draft("sheet-renamed", "the sheet is not called as agreed", _SHEET, c.sheet_renamed("Sheet1")),
        _Draft("no-header", "the row of column names is missing", _HEADER, c.changed(c.without_header)),
        _Draft("csv", "CSV in the place of a workbook", "none", c.as_csv()),
    ),
    "asb_case": (
        _Draft("victim-name", "a column 'victim_name'", _HEADER, c.changed(c.column_added("victim_name", CANARY))),
        _Draft(
            "missing-column",
            "the column 'person_key' is not there",
            _HEADER,
            c.changed(c.column_left_out("person_key")),
        ),
        _Draft("totals", "a row of totals at the foot of the sheet", _TOTALS, c.changed(c.with_totals)),
        _Draft("sheet-renamed", "the sheet is not called as agreed", _SHEET, c.sheet_renamed("Sheet1")),
        _Draft(
            "dates-out-of-order",
            "one consent in twenty is a month before the assessment",
            "clean_{source}/dates_ordered",
            c.changed(c.cells_set("consent_date", c.days_after("assessed_date", -30), 0.05, c.filled("consent_date"))),
        ),
        _Draft(
            "consent-not-appropriate",
            "one case in ten that consented was not found appropriate",
            "clean_{source}/stages_nested",
            c.changed(c.cells_set("outcome", "not_appropriate", 0.1, c.filled("consent_date"))),
        ),
        _Draft(
            "text-dates",
            "one date of assessment in ten is text written day first",
            _BAD_ROWS,
            c.changed(c.cells_set("assessed_date", c.day_first("assessed_date"), 0.1, c.filled("assessed_date"))),
        ),
    ),
    "asb_star": (
        _Draft(
            "out-of-scale",
            "2% of the scores are 0, which is no score",
            "clean_{source}/scores_in_scale",
            c.changed(c.cells_set("score", "0", 0.02, c.filled("score"))),
        ),
        _Draft(
            "exit-before-entry",
            "one exit reading in three is dated on the first day of all",
            "clean_{source}/entry_before_exit",
            c.changed(c.on_first_day("reading_date", _third_exit)),
        ),
        _Draft(
            "few-exits",
            "only one exit reading in three is there",
            "outcome_sp06_quality_of_life/coverage_enough",
            c.changed(c.rows_left_out(_two_exits_of_three)),
        ),
        _Draft(
            "repeated-keys",
            "2% of the rows stand there twice, with another score",
            _KEYS_UNIQUE,
            c.changed(c.rows_again(0.02, score="5", not_applicable="N")),
        ),
        _Draft(
            "no-coverage",
            "neither name nor manifest says which days the file covers",
            _COVERAGE,
            c.named(lambda one: one.partner.source),
        ),
        _Draft("manifest-mismatch", "the manifest's row count is one too many", _MANIFEST, c.with_wrong_manifest()),
        _Draft("bom-crlf", "byte order mark and CRLF", "none", c.encoded(forms.with_bom_and_crlf)),
    ),
    "asb_survey": (
        _Draft(
            "other-scale",
            "one answer in ten is on a scale of ten points",
            _BAD_ROWS,
            c.changed(c.cells_set("overall", "9", 0.1)),
        ),
        _Draft(
            "repeated-keys",
            "one response in twenty stands there twice, with another answer",
            _KEYS_UNIQUE,
            c.changed(c.rows_again(0.05, overall="1")),
        ),
        _Draft(
            "quarters",
            "one quarter in ten is written 'Q1 2014'",
            _BAD_ROWS,
            c.changed(c.cells_set("exit_quarter", _quarter_first, 0.1)),
        ),
        _Draft(
            "dates-turned",
            "the coverage in the file's name ends before it starts",
            _COVERAGE,
            c.named(lambda one: f"{one.partner.source}_{one.covers[1]}_{one.covers[0]}"),
        ),
        _Draft("header-only", "a file without rows", "clean_{source}/row_floor", c.changed(c.without_rows)),
    ),
    "crc_licence": (
        _Draft("surname", "a column 'surname' at the end", _HEADER, c.changed(c.column_added("surname", CANARY))),
        _Draft(
            "too-long",
            "one licence in fifty is of 300 days",
            "clean_{source}/licence_not_too_long",
            c.changed(c.cells_set("licence_end", c.days_after("licence_start", 300), 0.02)),
        ),
        _Draft(
            "ends-before-start",
            "one licence in fifty ends before it starts",
            "clean_{source}/dates_ordered",
            c.changed(c.cells_set("licence_end", c.days_after("licence_start", -1), 0.02)),
        ),
        _Draft(
            "eligibility",
            "the sender calls one eligible licence in thirty not eligible",
            "clean_{source}/eligibility_agrees",
            c.changed(c.cells_set("sender_eligible_flag", "N", 1 / 30, c.equals("sender_eligible_flag", "Y"))),
        ),
        _Draft(
            "shrunk",
            "a later extract, by its manifest, has 20% fewer rows",
            _NOT_SHRUNK,
            c.redelivered(c.rows_left_out(share=0.2)),
        ),
        _Draft(
            "manifest-stale",
            "the last row was taken out after the manifest was made",
            _MANIFEST,
            c.encoded(lambda data: data[: data.rindex(b"\n", 0, -1) + 1]),
        ),
    ),
    "crc_event": (
        _Draft(
            "without-licence",
            "one recall in ten is of no licence delivered",
            "clean_{source}/event_has_licence",
            c.changed(
                c.cells_set(
                    "licence_key",
                    lambda row: f"X{row['licence_key']}",
                    0.1,
                    c.equals("event_type", "recall_fixed_term"),
                )
            ),
        ),
        _Draft(
            "before-start",
            "one event in ten is dated 200 days before",
            "clean_{source}/event_before_start",
            c.changed(
                c.cells_set(
                    "event_date", c.days_after("event_date", -200), 0.1, lambda row: row["event_date"] > "2015-09"
                )
            ),
        ),
        _Draft(
            "unknown-type",
            "one event in ten is called 'recall'",
            _BAD_ROWS,
            c.changed(c.cells_set("event_type", "recall", 0.1)),
        ),
        _Draft(
            "repeated-keys",
            "one event in ten stands there twice, once without who decided",
            _KEYS_UNIQUE,
            c.changed(c.rows_again(0.1, court_or_executive="")),
        ),
        _Draft(
            "missing-column",
            "the column 'event_type' is not there",
            _HEADER,
            c.changed(c.column_left_out("event_type")),
        ),
    ),
    "crc_reoffence": (
        _Draft(
            "outside",
            "the coverage in the file's name ends three months before its rows do",
            _BAD_ROWS,
            c.changed(c.named_to_end_earlier(3)),
        ),
        _Draft(
            "unknown-outcome",
            "one outcome in ten is 'guilty'",
            _BAD_ROWS,
            c.changed(c.cells_set("outcome", "guilty", 0.1)),
        ),
        _Draft(
            "semicolons",
            "columns are separated by semicolons",
            _HEADER,
            c.encoded(lambda data: data.replace(b",", b";")),
        ),
        _Draft("bom-crlf", "byte order mark and CRLF", "none", c.encoded(forms.with_bom_and_crlf)),
    ),
    "hate_report": (
        _Draft(
            "description",
            "a column 'description' with what happened in words",
            _HEADER,
            c.changed(c.column_added("description", CANARY)),
        ),
        _Draft(
            "without-strand",
            "one report in twenty names no strand",
            "clean_{source}/strand_present",
            c.changed(c.cells_set("strands", "", 0.05)),
        ),
        _Draft(
            "unknown-strand",
            "one report in twenty names a strand that is not in the list",
            "clean_{source}/strands_valid",
            c.changed(c.cells_set("strands", "age", 0.05)),
        ),
        _Draft(
            "conflict",
            "two files of the same days differ, and no manifest says which is later",
            _CONFLICT,
            c.redelivered(c.cells_set("strands", "other", 0.1), manifests=False),
        ),
        _Draft(
            "not-utf8",
            "the file is in Latin-1 with accents",
            "refused/not_utf8",
            c.encoded(lambda data: data.replace(b",council,", b",caf\xe9,")),
        ),
        _Draft("bars", "strands are separated by bars", "none", c.encoded(lambda data: data.replace(b";", b"|"))),
    ),
    "hate_survey": (
        _Draft(
            "scale-mixed",
            "answers of the police's seven points stand under the council's five",
            _BAD_ROWS,
            c.changed(c.cells_set("overall", "completely", 0.2, c.equals("scale_id", "council5"))),
        ),
        _Draft(
            "unknown-answer", "one answer in ten is 'quite'", _BAD_ROWS, c.changed(c.cells_set("overall", "quite", 0.1))
        ),
        _Draft(
            "repeated-keys",
            "one response in ten stands there twice, with another answer",
            _KEYS_UNIQUE,
            c.changed(c.rows_again(0.1, overall="dont_know")),
        ),
        _Draft("empty", "a file of no bytes", "refused/empty", c.encoded(lambda _: b"")),
        _Draft("gzipped", "the file as .csv.gz", "none", c.encoded(forms.gzipped, ".gz")),
    ),
}

#: Every fault of a partner's source by name, in the order in which they are planted.
PARTNER_FAULTS: dict[str, Fault] = {
    fault.name: fault for source, drafts in _CATALOGUE.items() for fault in (draft.of(source) for draft in drafts)
}
