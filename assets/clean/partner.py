"""From the deliveries of a partner source that count to its clean table, with an account of every row (spec 3, 6; design 4).

Here: what is the same for all twelve sources: typing, coverage, which delivery counts on which day, repeated keys, the account,
pseudonyms, and the asset. Not here: the rule of a source (one file each), typing (`typed.py`), which delivery counts
(`assets/raw/registration.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
import pandas as pd

from assets.clean.cleaned import Cleaned, Known
from assets.clean.pseudonym import Pseudonyms
from assets.clean.typed import DateOrder, period_dates, to_days, typed
from assets.raw.registration import counting, previously
from assets.setup import Pipeline
from assets.steps import archived, read, write
from expectations.contracts import PARTNERS
from expectations.contracts.model import Delivery
from expectations.contracts.partner import Source
from methods.periods import first_day, last_day, month_range
from resources.archive import Archive
from resources.tabular import read_rows
from resources.warehouse import Warehouse

Clean = Callable[[pd.DataFrame, Known], Cleaned]
Span = tuple[str, str]


@dataclass(frozen=True)
class Part:
    """One delivery that counts: its rows as text, what its cells already showed to be wrong, its days.

    Attributes:
        sha256: hash of the delivered file.
        coverage: first and last day that it covers.
        spans: days on which it is the newest.
        rows: the contract's fields as text, index = data row in the file from 1.
        faults: reason code by row number.
    """

    sha256: str
    coverage: Span
    spans: tuple[Span, ...]
    rows: pd.DataFrame
    faults: Mapping[int, str]


@dataclass(frozen=True)
class Made:
    """The three tables of the clean step."""

    clean: pd.DataFrame
    completeness: pd.DataFrame
    quarantine: pd.DataFrame


def settle(
    source: Source,
    parts: Sequence[Part],
    previous: Mapping[str, int] | None,
    clean: Clean,
    known: Known,
    pseudonyms: Pseudonyms,
    date_order: DateOrder = "YMD",
) -> Made:
    """Turn the deliveries that count into the clean table and account for every row.

    Args:
        source: contracts of the source.
        parts: its deliveries that count, in the order of the raw table.
        previous: rows by month that counted before the newest delivery came; None for a first delivery.
        clean: rule of the source.
        known: what the register says.
        pseudonyms: makes pseudonyms of the contract's keys.
        date_order: how the sender writes dates.

    Raises:
        PseudonymError: the source has keys and there is no key.
    """
    text, origin = _together(source.delivery, parts)
    rows, faults = typed(source.delivery.fields, text, date_order)
    days = to_days(source.delivery.field(source.delivery.period), rows[source.delivery.period])
    rows = rows.assign(period_date=days, month=days.str[:7])
    reasons = origin["fault"].mask(origin["fault"] == "", faults.reindex(text.index).fillna(""))
    outside = (reasons == "") & ((days < origin["first"]) | (days > origin["last"]))
    reasons = reasons.mask(outside, "outside_coverage")
    superseded = (reasons == "") & ~_newest(days, origin["part"], parts)
    repeated_key = _repeated_keys(source.delivery, rows[(reasons == "") & ~superseded])
    reasons.loc[repeated_key] = "key_repeated"

    made = clean(rows[(reasons == "") & ~superseded], known)
    reasons.loc[list(made.rejected)] = list(made.rejected.values())
    fate = pd.Series("counted", index=text.index, dtype="str")
    for name, labels in (("repeated", made.repeated), ("out_of_scope", made.out_of_scope)):
        fate.loc[sorted(labels)] = name
    fate = fate.mask(superseded, "superseded").mask(reasons != "", "quarantined")
    if set(made.rows.index) != set(fate.index[fate == "counted"]):
        raise AssertionError(
            f"clean {source.name}: a row is in none or several of clean, set aside, merged, out of scope"
        )

    wrong = reasons != ""
    bad = origin[wrong].assign(reason=reasons[wrong])
    return Made(
        _keyed(source, made.rows, pseudonyms),
        _account(parts, rows["month"], fate, previous),
        bad[["sha256", "row_number", "reason"]].sort_values(["sha256", "row_number"], ignore_index=True),
    )


def _together(delivery: Delivery, parts: Sequence[Part]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of all parts under running labels, and where each comes from."""
    origins = [
        pd.DataFrame(
            {
                "part": number,
                "sha256": part.sha256,
                "row_number": part.rows.index,
                "first": part.coverage[0],
                "last": part.coverage[1],
                "fault": [part.faults.get(row, "") for row in part.rows.index],
            }
        )
        for number, part in enumerate(parts)
    ]
    empty = pd.DataFrame(columns=delivery.field_names, dtype="str")
    text = pd.concat([empty, *(part.rows for part in parts)], ignore_index=True)[delivery.field_names]
    columns = ["part", "sha256", "row_number", "first", "last", "fault"]
    origin = pd.concat([pd.DataFrame(columns=columns), *origins], ignore_index=True) if origins else None
    if origin is None:
        origin = pd.DataFrame(columns=columns)
    types = {"sha256": "str", "first": "str", "last": "str", "fault": "str", "part": "int64", "row_number": "int64"}
    return text, origin.astype(types)


def _newest(days: pd.Series, part: pd.Series, parts: Sequence[Part]) -> pd.Series:
    """Whether each row's own delivery is the newest on the row's day."""
    found = pd.Series(False, index=days.index)
    for number, one in enumerate(parts):
        for first, last in one.spans:
            found |= (part == number) & (days >= first) & (days <= last)
    return found


def _repeated_keys(delivery: Delivery, rows: pd.DataFrame) -> pd.Index:
    """Labels of rows whose key another row bears; of each key the first by all its values stays, whatever the order."""
    key = list(delivery.key)
    again = rows[rows.duplicated(key, keep=False)]
    if again.empty:
        return again.index
    order = again.astype("str").fillna("").sort_values([*key, *(n for n in delivery.field_names if n not in key)])
    return order.index[order.duplicated(key)]


def _keyed(source: Source, rows: pd.DataFrame, pseudonyms: Pseudonyms) -> pd.DataFrame:
    """The clean rows with references as pseudonyms, sorted by the contract's key."""
    keyed = rows.copy()
    for one in source.delivery.fields:
        if one.type == "key" and one.name in keyed:
            keyed[one.name] = pseudonyms.of(one.domain, keyed[one.name])
    return keyed[source.clean.column_names].sort_values(list(source.clean.key), ignore_index=True)


def _account(
    parts: Sequence[Part], months: pd.Series, fate: pd.Series, previous: Mapping[str, int] | None
) -> pd.DataFrame:
    """The completeness table: for every month what was received and what became of its rows."""
    days = [day for part in parts for span in part.spans for day in span]
    whole = month_range(min(days)[:7], max(days)[:7]) if days else []
    counted = pd.crosstab(months.fillna(""), fate)
    known = {*whole, *counted.index, *(previous or {})}
    table = counted.reindex(index=sorted(known)).fillna(0).astype("int64").rename_axis("month").reset_index()
    for name in ("quarantined", "superseded", "repeated", "out_of_scope", "counted"):
        if name not in table:
            table[name] = 0
    spans = [span for part in parts for span in part.spans]
    table["received"] = [int(bool(month) and _covers(spans, month)) for month in table["month"]]
    table["delivered_rows"] = table[["quarantined", "superseded", "repeated", "out_of_scope", "counted"]].sum(axis=1)
    then = pd.Series([None if previous is None else previous.get(month, 0) for month in table["month"]])
    table["previous_rows"] = then.astype("Int64").set_axis(table.index)
    return table


def _covers(spans: Sequence[Span], month: str) -> bool:
    """Whether the spans together hold every day of a month; they do not overlap."""
    first, last = first_day(month), last_day(month)
    inside = sorted((max(a, first), min(b, last)) for a, b in spans if a <= last and b >= first)
    held = sum((pd.Timestamp(b) - pd.Timestamp(a)).days + 1 for a, b in inside)
    return held == int(last[8:])


def rows_by_month(delivery: Delivery, parts: Sequence[Part], date_order: DateOrder) -> dict[str, int]:
    """How many rows of deliveries fall in each month on the days on which they count."""
    found: dict[str, int] = {}
    for number, part in enumerate(parts):
        days = period_dates(delivery, part.rows, date_order)
        counts = days[_newest(days, pd.Series(number, index=days.index), parts)].str[:7].value_counts()
        for month, rows in counts.items():
            found[str(month)] = found.get(str(month), 0) + int(rows)
    return found


def load(source: Source, archive: Archive, counted: Sequence[object], sheet: str) -> list[Part]:
    """The rows of these deliveries (as `counting` gives them), each proven against its hash."""
    parts = []
    for one in counted:
        receipt, spans = one.receipt, one.spans  # type: ignore[attr-defined]
        found = read_rows(source.delivery, archived(archive, receipt.sha256), receipt.form, sheet)
        parts.append(Part(receipt.sha256, receipt.coverage, tuple(spans), found.rows, found.faults))
    return sorted(parts, key=lambda part: (part.coverage[0], part.sha256))


def make(source: Source, pipeline: Pipeline, archive: Archive, clean: Clean, pseudonyms: Pseudonyms) -> Made:
    """The three clean tables of a source from what the archive holds."""
    record = pipeline.register.sources[source.name]
    receipts = archive.receipts(source.name)
    parts = load(source, archive, counting(receipts), record.sheet)
    before = previously(receipts)
    earlier = (
        rows_by_month(source.delivery, load(source, archive, before, record.sheet), record.date_order)
        if before
        else None
    )
    return settle(source, parts, earlier, clean, pipeline.known, pseudonyms, record.date_order)


def clean_asset(name: str, clean: Clean) -> dg.AssetsDefinition:
    """The clean step of a partner source: its clean table, its completeness and its quarantine together."""
    source = PARTNERS[name]

    @dg.multi_asset(
        name=f"clean_{name}", specs=[dg.AssetSpec(t.name, deps=[source.raw.name]) for t in source.made_together]
    )
    def step(
        pipeline: dg.ResourceParam[Pipeline], archive: dg.ResourceParam[Archive], warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.MaterializeResult]:
        _, inputs = read(warehouse, source.raw.name)
        made = make(source, pipeline, archive, clean, pipeline.pseudonyms)
        tables = (made.clean, made.completeness, made.quarantine)
        yield from write(warehouse, list(zip(source.made_together, tables, strict=True)), inputs)

    return step
