"""Pages, workbook and CSV say the same, figure by figure: each is read back by a reader that knows nothing of how it was made."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from html.parser import HTMLParser
from typing import Any

import openpyxl
import pandas as pd
import pytest

from assets.release import view as views
from assets.release.downloads import DRAFT
from assets.release.folder import csv_bytes
from assets.release.pages import render
from assets.release.view import ReleaseView
from assets.release.workbook import workbook_bytes
from tests.release import example
from tests.release.downloaded import everything

#: part, breakdown, area code, kind, last day
Key = tuple[str, str, str, str, str]
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
IN_CSV = ("numerator", "denominator", "value", "lower", "upper", "baseline_value", "previous_value", "change", "change_lower", "change_upper")  # fmt: skip
#: Columns of the CSV by their head in the table of neighbourhoods.
IN_NEIGHBOURHOODS = {"value": "Rate", "interval": "95% interval", "numerator": "Crimes", "denominator": "Residents"}
IN_WORKBOOK = {
    "numerator": "Numerator", "denominator": "Denominator", "value": "Value", "lower": "Lower 95% limit", "upper": "Upper 95% limit",
    "baseline_value": "Value in the baseline year", "previous_value": "Value a year before", "change": "Change",
    "change_lower": "Change: lower 95% limit", "change_upper": "Change: upper 95% limit",
}  # fmt: skip
KINDS = {"Month": "month", "Quarter": "quarter", "Year to date": "ytd", "Financial year": "fy", "12 months": "r12"}
#: Words in place of a figure on a page, and the symbols for them in the files.
ABSENT = {"hidden": "[c]", "not available": "[x]", "does not apply": "[z]"}
FLAGS = {
    "provisional": "[p]",
    "revised": "[r]",
    "break in series": "[b]",
    "low reliability": "[u]",
    "rounds to zero": "[low]",
}
RELEASES = ("everything", "example")


# ---- the CSV


@dataclass(frozen=True)
class Files:
    """One release in its three forms."""

    view: ReleaseView
    rows: dict[str, dict[Key, dict[str, str]]]
    pages: dict[str, str]
    workbook: openpyxl.Workbook


@cache
def release(name: str) -> Files:
    if name == "everything":
        view, figures = everything()
    else:
        view = example.release()
        figures = pd.concat([m.figures for m in view.measures if len(m.figures)])
        figures = figures.fillna({"note": "", "symbols": ""})
    rows: dict[str, dict[Key, dict[str, str]]] = {}
    for row in csv.DictReader(io.StringIO(csv_bytes(figures).decode())):
        key = (row["part"], row["breakdown"], row["area_code"], row["period_kind"], row["period_end"])
        assert key not in rows.setdefault(row["measure"], {})
        rows[row["measure"]][key] = row
    pages = {n: data.decode() for n, data in render(view).items() if n.endswith(".html")}
    return Files(view, rows, pages, openpyxl.load_workbook(io.BytesIO(workbook_bytes(view, DRAFT))))


# ---- the workbook


def sheet(book: openpyxl.Workbook, name: str) -> list[dict[str, Any]]:
    """Rows of the one table of a sheet, by their heads."""
    (only,) = book[name].tables.values()
    head, *rows = ([cell.value for cell in row] for row in book[name][only.ref])
    return [dict(zip(head, row, strict=True)) for row in rows]


def same(text: str, number: float | None) -> bool:
    """A number of the CSV as a workbook holds it, to 16 digits."""
    return number is None if text == "" else number is not None and float(f"{float(text):.16g}") == number


@pytest.mark.parametrize("name", RELEASES)
def test_the_workbook_has_every_figure_of_the_csv(name: str) -> None:
    files = release(name)
    assert files.rows
    for measure, expected in files.rows.items():
        found = sheet(files.workbook, measure)
        assert len(found) == len(expected)
        for row in found:
            kind, breakdown = KINDS[row["Kind of period"]], row.get("Breakdown") or "total"
            key = (
                row["Part"],
                "" if breakdown == "total" else breakdown,
                row["Area code"],
                kind,
                f"{row['Last day']:%Y-%m-%d}",
            )
            said = expected[key]
            for column in IN_CSV:
                assert same(said[column], row.get(IN_WORKBOOK[column])), (measure, key, column)
            for column, head in (
                ("symbols", "Symbols"),
                ("note", "Note"),
                ("comparison", "Comparison"),
                ("area_name", "Area"),
            ):
                assert (row.get(head) or "") == said[column], (measure, key, column)
            assert f"{row['First day']:%Y-%m-%d}" == said["period_start"]
            assert row["Unit"].replace("percent", "%").replace("per 1,000 residents", "per 1000") == said["unit"]


# ---- the pages


@dataclass
class HtmlTable:
    caption: str = ""
    head: list[str] = field(default_factory=list)
    rows: list[list[tuple[str, tuple[str, ...]]]] = field(default_factory=list)


class Reader(HTMLParser):
    """Tables of a page: caption, heads, and of each cell its text and the words that qualify it."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[HtmlTable] = []
        self._place = ""
        self._text = ""
        self._flags: list[str] = []
        self._flag = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append(HtmlTable())
        elif tag == "tr" and self.tables:
            self.tables[-1].rows.append([])
        elif tag in ("caption", "th", "td"):
            self._place, self._text, self._flags = tag, "", []
        elif tag == "span" and "so-flag" in (dict(attrs).get("class") or "") and self._place:
            self._flag = True
            self._flags.append("")

    def handle_endtag(self, tag: str) -> None:
        text = " ".join(self._text.split())
        if tag == "span":
            self._flag = False
        elif tag == "caption":
            self.tables[-1].caption = text
        elif tag in ("th", "td"):
            self.tables[-1].rows[-1].append((text, tuple(" ".join(flag.split()) for flag in self._flags)))
        elif tag == "thead":
            self.tables[-1].head = [text for text, _ in self.tables[-1].rows.pop()]
        self._place = "" if tag in ("caption", "th", "td") else self._place

    def handle_data(self, data: str) -> None:
        if self._flag:
            self._flags[-1] += data
        elif self._place:
            self._text += data


def tables(page: str) -> list[HtmlTable]:
    reader = Reader()
    reader.feed(page)
    return reader.tables


def number(text: str) -> Decimal | None:
    """The number at the beginning of a text as it is printed; None where there is none."""
    found = re.match(r"−?[\d,]+(\.\d+)?", text)
    return Decimal(found[0].replace(",", "").replace("−", "-")) if found else None


def printed(text: str, places: int) -> Decimal:
    """A number of the CSV as it is printed with so many decimals."""
    return Decimal(repr(float(text))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def agrees(text: str, said: str) -> bool:
    """Whether what is printed is that number of the CSV."""
    shown = number(text)
    return shown is not None and shown == printed(said, max(0, -int(shown.as_tuple().exponent)))


def last_day(year: int, month: int) -> str:
    ends = date(year + (month == 12), month % 12 + 1, 1)
    return date.fromordinal(ends.toordinal() - 1).isoformat()


def period(kind: str, text: str) -> str:
    """Last day of the period that the head of a row says."""
    if kind == "fy":
        return last_day(int(text[:4]) + 1, 3)
    if kind == "quarter":
        quarter = int(text[1])
        return last_day(int(text[3:7]) + (quarter == 4), quarter * 3 + 3 if quarter < 4 else 3)
    month, year = text.split()[-2:]
    return last_day(int(year), MONTHS.index(month) + 1)


def cells(files: Files, measure: str) -> Iterator[tuple[Key, str, str, tuple[str, ...]]]:
    """Every figure on a measure's page that is told by a table of a known kind: what it is of, column of the CSV, text, flags."""
    of = next(m for m in files.view.measures if m.id == measure)
    parts = views.parts_of(measure, views.figures_of(of.figures, measure))
    short = {part.short: part.name for part in parts}
    area = {}
    for part, breakdown, code, _, _ in files.rows[measure]:
        if not breakdown:
            area[part] = code
    kinds = {"Financial years:": "fy", "Year to date,": "ytd", "Quarters:": "quarter"}
    for one in tables(files.pages[f"{measure.lower()}.html"]):
        kind = next((k for start, k in kinds.items() if one.caption.startswith(start)), "")
        if kind:
            yield from _by_period(one, kind, short, area, parts[0].name)
        elif one.head[1:] == ["Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar"]:
            yield from _by_month(one, short, area, parts[0].name)
        elif one.caption.startswith("Single neighbourhoods, "):
            ends = period("fy", one.caption.removeprefix("Single neighbourhoods, "))
            codes = {
                r["area_name"]: r["area_code"] for r in files.rows[measure].values() if r["part"] == "neighbourhood"
            }
            for row in one.rows:
                told = dict(zip(one.head, row, strict=True))
                key = ("neighbourhood", "", codes[told["Neighbourhood"][0]], "fy", ends)
                for column, head in IN_NEIGHBOURHOODS.items():
                    yield (key, column, *told[head])


def _by_period(one: HtmlTable, kind: str, short: dict[str, str], area: dict[str, str], first: str) -> Iterator[Any]:
    """One row a period; the first part of the table with its interval, the others beside it."""
    names = [re.sub(r" \((per [\d,]+|%|[a-z].*)\)$", "", head) for head in one.head]
    leading = next((short[name] for name in names if name in short), first)
    for row in one.rows:
        ends = period(kind, row[0][0])
        for name, (text, flags) in zip(names[1:], row[1:], strict=True):
            if name in short:
                yield (short[name], "", area[short[name]], kind, ends), "value", text, flags
            elif name == "95% interval":
                yield (leading, "", area[leading], kind, ends), "interval", text, flags
            elif name == "Offences" and name not in short:
                yield (leading, "", area[leading], kind, ends), "numerator", text, flags


def _by_month(one: HtmlTable, short: dict[str, str], area: dict[str, str], first: str) -> Iterator[Any]:
    """Financial years down, months across."""
    monthly, counts = "in each month" in one.caption, one.caption == "Offences in each month"
    for row in one.rows:
        year, _, name = row[0][0].partition(" ")
        part = short.get(name, first)
        for place, (text, flags) in enumerate(row[1:]):
            month = (place + 3) % 12 + 1
            ends = last_day(int(year[:4]) + (month < 4), month)
            if text != "–":
                kind = "month" if monthly else "r12"
                yield (part, "", area[part], kind, ends), "numerator" if counts else "value", text, flags


@pytest.mark.parametrize("name", RELEASES)
def test_the_pages_have_the_figures_of_the_csv(name: str) -> None:
    files = release(name)
    for measure, rows in files.rows.items():
        seen = set()
        for key, column, text, flags in cells(files, measure):
            said = rows.get(key)
            if said is None:
                assert text == "not available", (measure, key)  # no row: a period before the data begin
                continue
            symbols = said["symbols"].split()
            if column == "interval":
                if " to " in text:
                    low, high = text.split(" to ")
                    assert agrees(low, said["lower"]) and agrees(high, said["upper"]), (measure, key, text)
                else:
                    assert said["lower"] == "" or said["upper"] == ""
                continue
            if text in ABSENT:
                assert said[column] == "" and (ABSENT[text] in symbols or text == "not available"), (measure, key)
            else:
                assert agrees(text, said[column]), (measure, key, column, text, said[column])
                assert {FLAGS[flag] for flag in flags} == set(symbols) & set(FLAGS.values()), (measure, key)
            seen.add(key)
        assert len(seen) >= min(14, len(rows)), measure
        years = {key for key in rows if key[3] == "fy" and not key[1] and key[0] in {part for part, *_ in seen}}
        assert years and years <= seen | {key for key in years if key[0] == "neighbourhood"}, measure


@pytest.mark.parametrize("name", RELEASES)
def test_the_summary_has_the_figures_of_the_index(name: str) -> None:
    files = release(name)
    glance = next(t for t in tables(files.pages["index.html"]) if t.caption == "All measures at a glance")
    summary = {row["Measure"]: row for row in sheet(files.workbook, "Summary")}
    assert len(glance.rows) == len(summary) == len(files.view.measures)
    value, state, interval, when = (glance.head.index(h) for h in ("Value", "State", "95% interval", "Period"))
    shown = 0
    for row in glance.rows:
        said = summary[row[0][0].split()[0]]
        assert row[state][0] == said["State"]
        if row[value][0] == "not shown":
            assert said["Value"] is said["Period"] is None
            continue
        assert set(re.findall(r"\d{4}(?:-\d\d)?", row[when][0])) <= set(re.findall(r"\d{4}(?:-\d\d)?", said["Period"]))
        if number(row[value][0]) is None:
            assert said["Value"] is None and ABSENT[row[value][0]] in said["Symbols"]
            continue
        shown += 1
        assert agrees(row[value][0], str(said["Value"])) or agrees(row[value][0], str(said["Numerator"]))
        if " to " in row[interval][0]:
            low, high = row[interval][0].split(" to ")
            assert agrees(low, str(said["Lower 95% limit"])) and agrees(high, str(said["Upper 95% limit"]))
    assert shown >= 2


def test_a_figure_that_differs_is_found() -> None:
    assert agrees("2,172", "2172") and not agrees("2,173", "2172")
    assert agrees("−3.7", "-3.731144") and not agrees("3.7", "-3.731144")
    assert agrees("70.9%", "70.876825") and agrees("0.3", "0.25") and not agrees("0.2", "0.25")
    assert same("0.30000000000000004", 0.3) and same("", None) and not same("", 0.0) and not same("0.3", None)
