"""Whether a delivery may be taken in: header, month, coverage, manifest, totals rows (design section 4, spec 2.3, 3.1, 3.9).

Here: the rules, each a function that raises DeliveryFault with what is wrong and the remedy. Not here: reading files
(`resources/`), which accepted delivery counts (`precedence.py`), what a row says (`assets/clean`).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, timedelta

import pandas as pd

from assets.raw.precedence import Span
from expectations.contracts import PARTNERS, TABLES
from expectations.contracts.model import Delivery
from expectations.contracts.police_street import STREET_HEADER
from resources.archive import Check, Staged
from resources.landing import STREET_SOURCE, Content, DeliveryFault, Manifest, no_coverage
from resources.tabular import check_header, header_fault

_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")
_MONTH_COLUMN = STREET_HEADER.index("Month")
_TOTAL = re.compile(r"\s*(?:grand[\s-]+total|totals?|sum)(?![A-Za-z0-9_-])", re.IGNORECASE)
_AMOUNT = re.compile(r"[£$€]?[+-]?\d[\d,. ]*%?")


def content_check(source: str, month: str) -> Check:
    """What header and first rows of a delivery must be; raises DeliveryFault."""
    if source == STREET_SOURCE:
        return lambda header, rows: _check_street(header, rows, month)
    if source in PARTNERS:
        return lambda header, _: check_header(PARTNERS[source].delivery, header)
    return lambda header, _: _check_reference(header, source)


def _check_street(header: tuple[str, ...], rows: list[list[str]], month: str) -> None:
    if header != STREET_HEADER:
        if {"Easting", "Northing"} <= set(header):
            raise DeliveryFault(
                "layout_2012",
                "has the layout used until 2012: no Crime ID and no LSOA, so its rows can neither be counted once nor "
                "be placed; deliver the file as published since 2013, or remove it",
            )
        raise header_fault(header, STREET_HEADER, STREET_HEADER)
    if not rows:
        return
    # Refused only if none of the first rows is of the file's month: single bad rows are a matter for the quarantine.
    values = (row[_MONTH_COLUMN] for row in rows if len(row) == len(STREET_HEADER))
    months = Counter(value for value in values if _MONTH.fullmatch(value))
    if not months:
        raise DeliveryFault("wrong_month", f"has no month in its first {len(rows)} rows; deliver the published file")
    if month not in months:
        held = max(sorted(months), key=lambda value: months[value])
        raise DeliveryFault(
            "wrong_month", f"holds {held} and is named {month}; give it its right name or deliver the right file"
        )


def expected_columns(source: str) -> tuple[str, ...]:
    """The columns that a delivery of this source may have; a street file must have them all, in this order."""
    if source == STREET_SOURCE:
        return STREET_HEADER
    if source in PARTNERS:
        return tuple(PARTNERS[source].delivery.field_names)
    return tuple(TABLES[f"clean_{source}"].column_names)


def _check_reference(header: tuple[str, ...], source: str) -> None:
    names = expected_columns(source)
    mandatory = tuple(column.name for column in TABLES[f"clean_{source}"].columns if not column.nullable)
    if len(set(header)) < len(header) or not set(mandatory) <= set(header) <= set(names):
        raise header_fault(header, names, mandatory)


def check_manifest(
    manifest: Manifest, source: str, delivered_sha256: str, contents: Sequence[tuple[Content, Staged]]
) -> None:
    """Compare what the manifest declares with what came (spec 3.1); raises DeliveryFault.

    A zip's manifest speaks for all its contents together. `delivered_sha256` is of the file as delivered; the hash of
    the uncompressed bytes will do as well.
    """
    remedy = "correct the manifest or deliver the right file"
    if manifest.source is not None and manifest.source != source:
        raise DeliveryFault("manifest", f"its manifest names another source than {source}; {remedy}")
    hashes = {delivered_sha256, *([contents[0][1].sha256] if len(contents) == 1 else [])}
    if manifest.sha256 is not None and manifest.sha256 not in hashes:
        raise DeliveryFault("manifest", f"its bytes have another sha256 than its manifest says; {remedy}")
    rows = sum(staged.rows for _, staged in contents)
    if manifest.row_count is not None and manifest.row_count != rows:
        raise DeliveryFault("manifest", f"it has {rows} rows and its manifest says {manifest.row_count}; {remedy}")
    if manifest.coverage is not None:
        for month in sorted({content.month for content, _ in contents if content.month}):
            first, last = days_of(month)
            if not (manifest.coverage[0] <= first and last <= manifest.coverage[1]):
                raise DeliveryFault("manifest", f"the coverage in its manifest leaves out part of {month}; {remedy}")


def days_of(month: str) -> Span:
    """First and last day of a month."""
    year, number = int(month[:4]), int(month[5:])
    return f"{month}-01", f"{month}-{monthrange(year, number)[1]:02d}"


# --- partner sources --------------------------------------------------------------------------------------------------


def coverage_of(source: str, named: Span | None, manifest: Manifest | None, today: str) -> Span:
    """The days that a partner's delivery covers, as its name, its manifest or both declare; never inferred from its rows."""
    declared = manifest.coverage if manifest else None
    if named and declared and named != declared:
        raise DeliveryFault("manifest", "its name and its manifest declare other days; correct the one that is wrong")
    coverage = declared or named
    if coverage is None:
        raise DeliveryFault("coverage", no_coverage(source))
    # A day's grace, as the clock of the sender may be ahead.
    if coverage[1] > (date.fromisoformat(today) + timedelta(days=1)).isoformat():
        raise DeliveryFault("coverage", f"is declared to cover days after {today}, which nobody can know; correct them")
    return coverage


def check_days(coverage: Span, days: Collection[str]) -> None:
    """Refuse a file of which no row lies in the days it is declared to cover: name or manifest speak of another file.

    `days` are those of its rows that can be read. Single rows outside are a matter for the quarantine.
    """
    if days and not any(coverage[0] <= day <= coverage[1] for day in days):
        raise DeliveryFault(
            "coverage",
            f"has no row of the days it is declared to cover ({coverage[0]} to {coverage[1]}); correct its name or manifest, "
            "or deliver the right file",
        )


def check_totals(delivery: Delivery, rows: pd.DataFrame) -> None:
    """Refuse a table that ends with a row of totals: it would be read as one more case."""
    if rows.empty:
        return
    last = rows.iloc[-1]
    filled = [cell.strip() for cell in last if cell.strip()]
    keyless = all(not last[name].strip() for name in delivery.key)
    if any(map(_TOTAL.match, filled)) or (keyless and all(map(_AMOUNT.fullmatch, filled))):
        raise DeliveryFault("totals", "ends with a row of totals; remove that row and deliver the file again")
