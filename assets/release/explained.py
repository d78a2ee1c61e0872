"""From a published figure back to what it was made from: the same account in the terminal and as a page. Pure.

Everything comes from a release's own manifest and figures, so it says nothing that is not public, and can be told of any past
release. Here: what is told. Not here: whether the archive still holds the files (the terminal asks it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assets.release import pages as report
from assets.release import words
from assets.release.compose import SHOWN
from assets.release.folder import Released
from assets.release.view import ReleaseView
from expectations.contracts import PARTNERS
from methods.periods import last_day

#: Rows of figures that are told when no period is asked for: years of the whole area.
_ALONE = ("fy",)
_KINDS = {"month": "month", "quarter": "quarter", "ytd": "year to date", "fy": "financial year", "r12": "12 months"}


@dataclass(frozen=True)
class Asked:
    """Which figures are meant: a month `YYYY-MM` (last of the period), a year `YYYY-YY` or a quarter `YYYY-YYQn`; all if empty."""

    period: str = ""
    part: str = ""
    breakdown: str = ""


@dataclass(frozen=True)
class Section:
    """One table of the account; with `hashes` its last column is one."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    hashes: bool = False


@dataclass(frozen=True)
class Explained:
    """The account of one measure in one release; `files` are the hashes of the delivered files in the order of their section."""

    measure: str
    name: str
    opening: tuple[str, ...]
    sections: tuple[Section, ...]
    files: tuple[str, ...]


def page_name(measure: str) -> str:
    """File name of the page, such as `evidence-sp05.html`."""
    return f"evidence-{measure.lower()}.html"


def pages(
    view: ReleaseView, said: Mapping[str, Any], figures: pd.DataFrame, opened: Callable[[str], Released]
) -> dict[str, bytes]:
    """A page for every measure that shows figures.

    Args:
        view: the release for readers.
        said: its manifest.
        figures: its published rows.
        opened: gives an earlier release by its id: that whose figures a held measure shows.
    """
    template = report._environment().get_template("evidence.html")
    found = {}
    for measure, record in said["measures"].items():
        if record["state"] in SHOWN:
            source = opened(record["held_from"]).manifest if record["held_from"] else said
            told = explain(said, source, figures, measure)
            found[page_name(measure)] = template.render(view=view, words=words, e=told).encode()
    return found


def explain(
    said: Mapping[str, Any],
    source: Mapping[str, Any],
    figures: pd.DataFrame,
    measure: str,
    asked: Asked | None = None,
) -> Explained:
    """What is behind the figures of a measure.

    Args:
        said: manifest of the release.
        source: manifest of the release that its figures are from: the same, unless the measure is held.
        figures: published rows of the release.
        measure: its id.
        asked: which figures are meant.
    """
    asked = asked or Asked()
    record, made = said["measures"][measure], source["measures"][measure]
    tables = set(made["tables"])
    rows = _chosen(figures[figures["measure"] == measure], measure, asked)
    files = [
        d
        for d in source["deliveries"]
        if d["counts"] and f"raw_{d['source']}" in tables and _touches(d, rows if asked.period else None)
    ]
    return Explained(
        measure,
        record["name"],
        tuple(_opening(said, record)),
        (
            Section("The Board's decision", ("What", "Record"), tuple(_decision(record))),
            Section("Figures", ("Figure", "Period", "Value", "Made of", "Symbols and notes"), tuple(_figures(rows))),
            Section("Checks", ("Check", "Verdict", "If not passed"), tuple(_checks(source, tables))),
            Section(
                "Tables, from the figure down",
                ("Table", "Made from", "Content hash"),
                tuple(_tables(source, made)),
                True,
            ),
            Section(
                "Delivered files, kept in the archive under their hash",
                ("Source", "Covers", "Rows", "SHA-256"),
                tuple((d["source"], d["slot"], _count(d["rows"]), d["sha256"]) for d in files),
                True,
            ),
            Section("Versions", ("What", "Version"), tuple(_versions(said, source, record)), True),
        ),
        tuple(d["sha256"] for d in files),
    )


def _opening(said: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[str]:
    yield f"State: {record['state'].replace('_', ' ')}. Data as at {record['as_at'] or 'no date'}, evaluated as of {said['as_of']}."
    yield from record["reasons"]
    if record["held_from"]:
        yield f"The figures, and all that stands here of checks, tables and files, are of release {record['held_from']}."


def _decision(record: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    yield "Decision, word for word", record["decision"]
    yield "Date and minute", f"{record['decision_date']}, {record['minute_reference']}"
    yield "Status", record["board_status"].replace("_", " ")
    yield "How it is read", record["assessment_mode"].replace("_", " ")
    for w in record["waivers"]:
        yield (
            f"Waiver of {w['check']}",
            f"{w['reason']}: {w['requested_by']} and {w['approved_by']}, until {w['expires']}",
        )


def _chosen(rows: pd.DataFrame, measure: str, asked: Asked) -> pd.DataFrame:
    if asked.part:
        rows = rows[rows["part"] == asked.part]
    if asked.breakdown:
        rows = rows[rows["breakdown"].str.startswith(asked.breakdown)]
    if asked.period:
        return rows[
            rows["period_end"].str[:7].isin(_last_months(asked.period)) & rows["period_kind"].isin(_kinds(asked.period))
        ]
    rows = rows[rows["period_kind"].isin(_ALONE)]
    single = measure == "SP01" and not asked.part
    whole = (rows["breakdown"] == "") & ~(single & (rows["part"] == "neighbourhood"))
    return rows if asked.breakdown else rows[whole]


def _last_months(period: str) -> list[str]:
    """Last month of the period that is named."""
    year = f"{int(period[:4]) + 1}"
    if "Q" in period:
        return [
            {"1": f"{period[:4]}-06", "2": f"{period[:4]}-09", "3": f"{period[:4]}-12", "4": f"{year}-03"}[period[-1]]
        ]
    return [f"{year}-03"] if is_year(period) else [period]


def _kinds(period: str) -> tuple[str, ...]:
    return ("quarter",) if "Q" in period else ("fy",) if is_year(period) else tuple(_KINDS)


def is_year(period: str) -> bool:
    """Whether a text is a financial year such as 2016-17 and not a month; 2011-12 is the year, as no month is asked so late."""
    return len(period) == len("2016-17") and int(period[5:7]) == (int(period[:4]) + 1) % 100


def _figures(rows: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    for row in rows.to_dict("records"):
        value = "" if row["value"] != row["value"] else f"{row['value']!r} {row['unit']}"
        made = [] if row["numerator"] != row["numerator"] else [f"{row['numerator']:,.0f}"]
        made += [] if row["denominator"] != row["denominator"] else [f"{row['denominator']:,.0f}"]
        named = " ".join(t for t in (row["part"], row["breakdown"], row["area_name"]) if t)
        period = f"{_KINDS[row['period_kind']]}, {row['period_start']} to {row['period_end']}"
        yield named, period, value or "none", " of ".join(made), " ".join(t for t in (row["symbols"], row["note"]) if t)


def _checks(source: Mapping[str, Any], tables: Iterable[str]) -> Iterator[tuple[str, ...]]:
    for check in source["checks"]:
        if check["table"] in tables:
            shut = "blocks" if check["severity"] == "ERROR" else "warns"
            yield f"{check['table']}/{check['rule']}", check["verdict"], shut


def _tables(source: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name in made["tables"]:
        if name in source["tables"]:
            table = source["tables"][name]
            sealed = " (sealed)" if "sealed" in table else ""
            yield name, ", ".join(sorted(table["inputs"])) or "delivered files", f"{table['sha256']}{sealed}"


def _versions(
    said: Mapping[str, Any], source: Mapping[str, Any], record: Mapping[str, Any]
) -> Iterator[tuple[str, ...]]:
    yield "Method", record.get("method_version", "")
    yield "Code", source["code_version"]
    yield "Register", source["register_sha256"]
    yield "Release before", said["parent"] or "none"
    yield "Compared with", said.get("compared_with") or "none"
    for year, since in record.get("out_turns", {}).items():
        yield f"Out-turn {year}", f"final since {since}"


def _touches(delivery: Mapping[str, Any], rows: pd.DataFrame | None) -> bool:
    """Whether a delivery covers days of these figures; one without days always does."""
    if rows is None or rows.empty:
        return True
    first, last = min(rows["period_start"]), max(rows["period_end"])
    if delivery["source"] in PARTNERS and delivery.get("coverage"):
        start, end = delivery["coverage"]
        return bool(start <= last and end >= first)
    force, _, month = delivery["slot"].rpartition("/")
    return not force or (f"{month}-01" <= last and last_day(month) >= first)


def _count(rows: int | None) -> str:
    return "not shown" if rows is None else f"{rows:,}"
