"""`outcomes.xlsx`: the release as a workbook that everybody can read, by the government's guidance on accessible spreadsheets. Pure.

Here: which sheets there are and what stands on them: one table a sheet, one row of heads, no merged cell, no meaning by colour,
numbers as numbers, symbols in a column of their own. How such a sheet is written: gptables. How a figure is said: `words.py`.

Numbers are the published ones to the 16 digits that the format holds, shown with the decimals of the pages. The same release gives the
same bytes: the workbook's date is the release's date of evaluation.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

import pandas as pd
from gptables import Cover, GPTable, produce_workbook

from assets.release import words
from assets.release.defused import defused
from assets.release.headline import headline_figure
from assets.release.view import Figure, MeasureView, ReleaseView, figures_of, parts_of

Value = str | float | int | date | None

_DATE = "yyyy-mm-dd"
_COUNT = "#,##0"
_TOTAL = "total"
_TABLE = "This worksheet contains one table."
_EMPTY = (
    f"{_TABLE} An empty cell in a column of numbers means that there is no figure; the column Symbols says why, and the sheet Notes"
    " explains the symbols. Any other empty cell means that there is nothing to say."
)
_KINDS = {
    "month": "Month",
    "quarter": "Quarter",
    "ytd": "Year to date",
    "fy": "Financial year",
    "r12": "12 months",
}
#: What a workbook may not hold: gptables reads a link or a note's mark where a text holds `](` or `$$`.
_MARKS = (("](", "] ("), ("$$", "$ $"))
_SAID = re.compile(r"[A-Za-z0-9]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class Head(NamedTuple):
    """One column of a sheet: its head, its width in characters, and the number format where it has its own."""

    name: str
    width: int = 14
    format: str = ""


@dataclass(frozen=True)
class Sheet:
    """One sheet with its table. `decimals` of each row are those of numbers in columns without a format of their own."""

    label: str
    title: str
    head: tuple[Head, ...]
    rows: Sequence[tuple[Value, ...]]
    subtitles: tuple[str, ...] = ()
    instructions: str = _TABLE
    decimals: Sequence[int] = field(default=())


def workbook_bytes(view: ReleaseView, standing: str) -> bytes:
    """The workbook of a release.

    Args:
        view: the release as its pages show it.
        standing: a sentence that says whether the release was approved.
    """
    sheets = [_notes(), _summary(view), *_measures(view), *_quality(view)]
    title = _titled(view, f"{_text(view.partnership)}: performance measures")
    out = io.BytesIO()
    with warnings.catch_warnings():
        # gptables warns of empty cells, which each sheet explains, and of notes that are not numbered, which ours are not.
        warnings.simplefilter("ignore", UserWarning)
        book = produce_workbook(
            out,
            sheets={sheet.label: _table(view, sheet) for sheet in sheets},
            cover=Cover(title, intro=_intro(view, standing), about=_about(view), contact=[_text(view.partnership)]),
            contentsheet_options={"title": _titled(view, "Contents"), "instructions": _TABLE},
            auto_width=False,
            # No text becomes a formula, a link or a number, and nothing is written to disk.
            workbook_options={"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
        )
    for sheet in sheets:
        page = book.get_worksheet_by_name(sheet.label)
        for place, head in enumerate(sheet.head):
            page.set_column(place, place, head.width)
    contents = book.get_worksheet_by_name("Contents")
    contents.set_column(0, 0, 18)
    contents.set_column(1, 1, 90)
    made = datetime(view.as_of.year, view.as_of.month, view.as_of.day)
    book.set_properties({"title": title, "author": _text(view.partnership), "comments": standing, "created": made})
    book.close()
    return out.getvalue()


# ---- what stands on the sheets


def _intro(view: ReleaseView, standing: str) -> list[str]:
    return [
        *([f"{words.SYNTHETIC}"] if view.synthetic else []),
        _text(standing),
        f"Data as at {words.day(view.as_at)}, evaluated as of {words.day(view.as_of)}. Basis: {_text(view.basis)}.",
        "The sheet Contents lists all sheets, with links. Each sheet has one table, which begins in column A.",
        "There is one sheet for each measure that has published figures, with all of them; Summary says of the others why they"
        " have none.",
    ]


def _about(view: ReleaseView) -> list[str]:
    return [
        *(_text(note) for note in view.notes),
        "Figures are the same as in outcomes.csv and on the pages of the release, and are rounded for display only.",
        "Symbols such as [c] stand in a column of their own. The sheet Notes explains them.",
        f"Release {_text(view.release_id)}.",
        *([f"Licence: {_text(view.licence)}"] if view.licence else []),
    ]


def _notes() -> Sheet:
    rows: list[tuple[Value, ...]] = [(f"[{symbol}]", word, meaning) for symbol, word, meaning in words.SYMBOLS]
    further = (
        ("Interval", "lower and upper 95% limit", "They show how far chance alone could move the figure."),
        ("Rounding", "measures under disclosure regime A", words.ROUNDING["A"]),
        ("Rounding", "measures under disclosure regime B", words.ROUNDING["B"]),
        ("Hidden", "measures under disclosure regime A", words.REGIME_WORDS["A"]),
        ("Hidden", "measures under disclosure regime B", words.REGIME_WORDS["B"]),
        ("Apostrophe", "before = + - or @", "It keeps a spreadsheet from taking a text for a formula."),
    )
    head = (Head("Symbol or term", 18), Head("Word on the pages", 36), Head("Meaning", 110))
    return Sheet("Notes", "Notes: symbols and terms", head, [*rows, *further])


_SUMMARY = (
    Head("Measure", 10), Head("Name", 40), Head("Theme", 22), Head("State", 18), Head("Why", 60), Head("Board", 36),
    Head("What is counted", 44), Head("Period", 48), Head("Unit", 30), Head("Value"), Head("Lower 95% limit"),
    Head("Upper 95% limit"), Head("Symbols", 12), Head("Numerator", 14, _COUNT), Head("Denominator", 14, _COUNT),
    Head("Compared with"), Head("Comparison", 60), Head("Data as at", 14, _DATE), Head("Checks passed", 14, _COUNT),
    Head("Checks not passed", 14, _COUNT),
)  # fmt: skip


def _summary(view: ReleaseView) -> Sheet:
    """Every measure in one row (spec 5.2)."""
    rows, decimals = [], []
    for m in view.measures:
        defined = words.shows_definition(m)
        figures = figures_of(m.figures, m.id) if words.shows_values(m) else ()
        parts = parts_of(m.id, figures)
        chosen = headline_figure(figures, parts[0].name) if parts else None
        said = _headline(m, parts[0].title, chosen[0]) if chosen else (None,) * 11
        as_at = m.held_as_at if m.state == "held" else view.as_at
        passed = sum(1 for c in m.checks if c.verdict == "passed")
        failed = sum(1 for c in m.checks if c.verdict not in ("passed", "not applicable"))
        name, why = m.title if defined else m.name, " ".join(words.status_line(m))
        rows.append(
            (
                *(m.id, name, m.theme, words.state_words(m), why, words.STATUS_WORDS[m.board_status], *said),
                *(as_at if chosen else None, passed if m.checks else None, failed if m.checks else None),
            )
        )
        decimals.append(words.places(chosen[0].unit, m.disclosure) if chosen else 0)
    title = "Summary: the latest figure of every measure"
    return Sheet("Summary", title, _SUMMARY, rows, instructions=_EMPTY, decimals=decimals)


def _headline(m: MeasureView, counted: str, f: Figure) -> tuple[Value, ...]:
    change = words.change(f, m)
    base = f.baseline if words.baseline_year(m) and f.baseline is not None else f.previous
    return (
        *(counted, words.period(f), _unit(f.unit), f.value, f.lower, f.upper, _symbols(f), f.numerator, f.denominator),
        *(base if change else None, change.sentence if change else None),
    )


_FIGURES = (
    Head("What is counted", 44), Head("Part", 20), Head("Breakdown", 24), Head("Area code", 12), Head("Area", 24),
    Head("Kind of period", 16), Head("Period", 48), Head("First day", 12, _DATE), Head("Last day", 12, _DATE), Head("Unit", 30),
    Head("Numerator", 14, _COUNT), Head("Denominator", 14, _COUNT), Head("Value"), Head("Lower 95% limit"),
    Head("Upper 95% limit"), Head("Symbols", 12), Head("Value in the baseline year"), Head("Value a year before"), Head("Change"),
    Head("Change: lower 95% limit"), Head("Change: upper 95% limit"), Head("Comparison", 22), Head("Method of the interval", 14),
    Head("Note", 90),
)  # fmt: skip
#: Columns of figures that are there even when they are empty.
_ALWAYS = ("Value", "Symbols", "Note")


def _measures(view: ReleaseView) -> Iterable[Sheet]:
    """All figures of each measure that has any, in the order of its page."""
    for m in view.measures:
        figures = figures_of(m.figures, m.id)
        if not figures:
            continue
        titles = {part.name: (place, part.title) for place, part in enumerate(parts_of(m.id, figures))}
        figures = tuple(sorted(figures, key=lambda f: titles[f.part][0]))
        head, rows = _filled(_FIGURES, [_row(titles[f.part][1], f) for f in figures])
        yield Sheet(
            m.id,
            f"{m.id} {m.title if words.shows_definition(m) else m.name}: all published figures",
            head,
            rows,
            subtitles=(
                f"{words.state_words(m)}. {' '.join(words.status_line(m))}",
                f"Data as at {words.day(m.held_as_at if m.state == 'held' and m.held_as_at else view.as_at)}."
                f" {words.ROUNDING[m.disclosure]} {words.REGIME_WORDS[m.disclosure]}",
            ),
            instructions=_EMPTY,
            decimals=[words.places(f.unit, m.disclosure) for f in figures],
        )


def _row(title: str, f: Figure) -> tuple[Value, ...]:
    return (
        *(title, f.part, f.breakdown or _TOTAL, f.area_code, f.area_name),
        *(_KINDS[f.kind], words.period(f), f.start, f.end, _unit(f.unit)),
        *(f.numerator, f.denominator, f.value, f.lower, f.upper, _symbols(f)),
        *(f.baseline, f.previous, f.change, f.change_lower, f.change_upper, f.comparison, f.method, f.note),
    )


def _filled(
    head: tuple[Head, ...], rows: Sequence[tuple[Value, ...]]
) -> tuple[tuple[Head, ...], list[tuple[Value, ...]]]:
    """The columns that say something in any row, and those that every sheet of figures has; all totals say nothing."""
    kept = [n for n, h in enumerate(head) if h.name in _ALWAYS or any(row[n] not in (None, "", _TOTAL) for row in rows)]
    return tuple(head[n] for n in kept), [tuple(row[n] for n in kept) for row in rows]


def _quality(view: ReleaseView) -> Iterable[Sheet]:
    """What was delivered, every check and its verdict, what was set aside, and what was revised; each where there is any."""
    found = (_deliveries(view), _checks(view), _rejects(view), _revisions(view))
    return (sheet for sheet in found if sheet.rows)


def _deliveries(view: ReleaseView) -> Sheet:
    head = (
        *(Head("Source", 34), Head("Owner", 34), Head("State", 18), Head("Covers", 26)),
        *(Head("Files", 10, _COUNT), Head("Rows", 14, _COUNT), Head("Note", 70)),
    )
    rows = [(d.source, d.owner, d.state, d.covers, d.files, d.rows, d.note) for d in view.deliveries]
    said = f"{_TABLE} No rows are given where they would be a count of people."
    return Sheet("Deliveries", "Deliveries: what each source sent", head, rows, instructions=said)


def _checks(view: ReleaseView) -> Sheet:
    head = (
        *(Head("Table", 34), Head("Check", 40), Head("Quality dimension", 20), Head("Verdict", 16)),
        *(Head("If not passed", 16), Head("Counts", 50), Head("What is expected, and why", 100)),
    )
    checks = {(c.table, c.rule): c for m in view.measures for c in m.checks}
    rows = [
        (
            *(c.table, c.rule.replace("_", " "), c.dimension, c.verdict),
            *("blocks" if c.severity == "ERROR" else "warns", c.counts, c.reason),
        )
        for _, c in sorted(checks.items())
    ]
    said = f"{_TABLE} An empty cell means that there is nothing to count."
    return Sheet("Checks", "Checks: every check behind the figures", head, rows, instructions=said)


def _rejects(view: ReleaseView) -> Sheet:
    head = (Head("Source", 34), Head("Reason", 60), Head("Rows", 14, _COUNT))
    rows = [(r.source, r.reason.replace("_", " "), r.rows) for r in view.rejects]
    said = f"{_TABLE} An empty cell means that the number is hidden to protect people."
    return Sheet("Rows set aside", "Rows set aside, by source and reason", head, rows, instructions=said)


def _revisions(view: ReleaseView) -> Sheet:
    head = (
        *(Head("Measure", 10), Head("Part", 24), Head("Breakdown", 24), Head("Area", 24), Head("Kind of period", 16)),
        *(Head("First day", 12, _DATE), Head("Last day", 12, _DATE), Head("Unit", 30), Head("Old", 14, "General")),
        *(Head("New", 14, "General"), Head("Scheduled", 12), Head("Reason", 80)),
    )
    rows = [
        (
            *(r.measure, r.part, r.breakdown or _TOTAL, r.area_name, _KINDS[r.kind], r.start, r.end, _unit(r.unit)),
            *(_number(r.old), _number(r.new), "yes" if r.scheduled else "no", r.reason),
        )
        for m in view.measures
        for r in m.revisions
    ]
    said = f"{_TABLE} An empty cell means that there was no figure."
    return Sheet("Revisions", "Revisions: figures that were changed", head, rows, instructions=said)


# ---- how it is said


def _unit(unit: str) -> str:
    return "percent" if unit == "%" else words.unit_words(unit)


def _symbols(figure: Figure) -> str:
    return " ".join(f"[{symbol}]" for symbol in figure.symbols)


def _number(text: str) -> Value:
    """A revised number as a number; anything else, such as a symbol, as it is."""
    plain = text.replace(",", "").replace("−", "-")
    return float(plain) if _NUMBER.fullmatch(plain) else text


def _text(text: str) -> str:
    """A text as a cell may hold it: no formula, nothing that gptables reads as markup, and more than marks alone."""
    for mark, apart in _MARKS:
        text = text.replace(mark, apart)
    return defused(text if _SAID.search(text) else f"text: {text}")


def _titled(view: ReleaseView, title: str) -> str:
    return f"{title}. {words.SYNTHETIC}" if view.synthetic else title


def _cell(value: Value) -> Any:
    """A value as gptables takes it; nothing is None."""
    if isinstance(value, str):
        return _text(value) if value.strip() else None
    return value


def _table(view: ReleaseView, sheet: Sheet) -> GPTable:
    table = pd.DataFrame(
        [[_cell(value) for value in row] for row in sheet.rows],
        columns=[head.name for head in sheet.head],
        dtype=object,
    )
    return GPTable(
        table=table,
        # A name such as SP01 would be taken for a cell.
        table_name="table_" + re.sub(r"\W", "_", sheet.label.lower()),
        title=_text(_titled(view, sheet.title)),
        subtitles=[_text(subtitle) for subtitle in sheet.subtitles],
        instructions=sheet.instructions,
        index_columns={},
        additional_formatting=list(_formats(sheet)),
    )


def _formats(sheet: Sheet) -> Iterable[Mapping[str, Any]]:
    """Number formats: decimals row by row, then those of the columns that have their own."""
    for places in sorted(set(sheet.decimals)):
        rows = [number for number, held in enumerate(sheet.decimals, start=1) if held == places]
        yield {"row": {"rows": rows, "format": {"num_format": _COUNT + ("." + "0" * places if places else "")}}}
    for head in sheet.head:
        if head.format:
            yield {"column": {"columns": [head.name], "format": {"num_format": head.format}}}
