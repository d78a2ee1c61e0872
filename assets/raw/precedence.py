"""Which delivery counts: one a slot for street files and reference tables, one a day for partner sources (design section 4).

Here: pure functions of receipts. Not here: which deliveries are accepted (`registration.py`, `acceptance.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from resources.archive import Receipt
from resources.landing import PARTNER_SOURCES

Span = tuple[str, str]


@dataclass(frozen=True)
class Counting:
    """A partner's delivery that is the newest for at least one day.

    `spans`: those days, first and last, in order. `replaces_until`: the last day covered by any delivery that it replaced from
    that delivery's first day on, as a later full extract does; None if there was none. (A correction of some days inside an
    older delivery replaces no more than those days.)
    """

    receipt: Receipt
    spans: tuple[Span, ...]
    replaces_until: str | None


def current(receipts: Iterable[Receipt]) -> dict[str, Receipt]:
    """The receipt that counts for each slot of one source.

    In the order of arrival each receipt replaces the one before it, unless both declare when they were extracted and
    its own extraction is the earlier (design section 4). A partner's slot counts only if it is the newest for some day.
    """
    given = list(receipts)
    by_slot = {slot: winner for slot, (winner, _) in _fold(r for r in given if r.source not in PARTNER_SOURCES).items()}
    for source in {receipt.source for receipt in given} & set(PARTNER_SOURCES):
        found = counting(receipt for receipt in given if receipt.source == source)
        by_slot |= {one.receipt.slot: one.receipt for one in sorted(found, key=lambda one: one.receipt.number)}
    return dict(sorted(by_slot.items()))


def previous(receipts: Iterable[Receipt]) -> dict[str, Receipt]:
    """For each slot whose current content replaced another: the receipt that was replaced."""
    return {slot: replaced for slot, (_, replaced) in _fold(receipts).items() if replaced}


def _fold(receipts: Iterable[Receipt]) -> dict[str, tuple[Receipt, Receipt | None]]:
    result: dict[str, tuple[Receipt, Receipt | None]] = {}
    for receipt in sorted(receipts, key=lambda receipt: receipt.number):
        winner, replaced = result.get(receipt.slot, (None, None))
        if winner is None or replaces(receipt.extracted_at, winner.extracted_at):
            same = winner is None or winner.sha256 == receipt.sha256
            result[receipt.slot] = (receipt, replaced if same else winner)
    return dict(sorted(result.items()))


def replaces(new: str | None, old: str | None) -> bool:
    """Whether what arrives with this time of extraction replaces what is there."""
    return new is None or old is None or new >= old


# --- one a day --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Held:
    """Days, as ordinals, on which a receipt is the newest so far."""

    first: int
    last: int
    receipt: Receipt


def counting(receipts: Iterable[Receipt]) -> list[Counting]:
    """The deliveries of one partner source that count, each with the days on which it is the newest.

    Every delivery is a full extract of its coverage: on each day the rule of `current` holds between the deliveries that cover
    it. So a later extract replaces an earlier one for its own days only, a delivery in two parts is the same as the whole, and
    the same delivery again changes nothing.

    The same bytes with another coverage are a correction of what was declared: the later declaration holds, the earlier one
    counts for no day. A file without rows says of its days that nothing happened: such files are alike and each stands for
    itself, but of two with one first day the later holds.

    Returns:
        By first day that counts.
    """
    held: list[_Held] = []
    until: dict[tuple[str, str], str] = {}
    for receipt in _declared_last(receipts):
        first, last = _days(receipt)
        kept: list[_Held] = []
        free = first
        for part in held:  # in order of days
            if part.last < first or part.first > last:
                kept.append(part)
                continue
            if not replaces(receipt.extracted_at, part.receipt.extracted_at):
                if part.first > free:
                    kept.append(_Held(free, part.first - 1, receipt))
                kept.append(part)
                free = part.last + 1
                continue
            _note_replaced(until, receipt, part.receipt)
            if part.first < first:
                kept.append(_Held(part.first, first - 1, part.receipt))
            if part.last > last:
                kept.append(_Held(last + 1, part.last, part.receipt))
        if free <= last:
            kept.append(_Held(free, last, receipt))
        held = sorted(kept, key=lambda part: part.first)
    return _by_receipt(held, until)


def previously(receipts: Iterable[Receipt]) -> list[Counting]:
    """What counted before the newest deliveries came: those that one scan accepted together."""
    given = sorted(receipts, key=lambda receipt: receipt.number)
    return counting(receipt for receipt in given if receipt.received_at != given[-1].received_at)


def needed(receipts: Iterable[Receipt]) -> set[str]:
    """Contents that tables are made from: the deliveries that count, and those that they are compared with."""
    given = list(receipts)
    found: set[str] = set()
    for source in {receipt.source for receipt in given}:
        mine = [receipt for receipt in given if receipt.source == source]
        found |= {receipt.sha256 for receipt in current(mine).values()}
        if source in PARTNER_SOURCES:
            found |= {one.receipt.sha256 for one in previously(mine)}
        else:
            found |= {receipt.sha256 for receipt in previous(mine).values()}
    return found


def overlap(first: Span | None, second: Span | None) -> bool:
    """Whether two coverages share a day."""
    return first is not None and second is not None and first[0] <= second[1] and second[0] <= first[1]


def _declared_last(receipts: Iterable[Receipt]) -> list[Receipt]:
    """Receipts in the order of arrival, without declarations of coverage that a later one of the same bytes corrects."""
    given = sorted((r for r in receipts if r.coverage is not None), key=lambda receipt: receipt.number)
    holds: dict[tuple[str, str], Receipt] = {}
    for receipt in given:
        name = _same_bytes(receipt)
        if name not in holds or replaces(receipt.extracted_at, holds[name].extracted_at):
            holds[name] = receipt
    return [receipt for receipt in given if holds[_same_bytes(receipt)].coverage == receipt.coverage]


def _same_bytes(receipt: Receipt) -> tuple[str, str]:
    return receipt.sha256, "" if receipt.rows or receipt.coverage is None else receipt.coverage[0]


def _days(receipt: Receipt) -> tuple[int, int]:
    assert receipt.coverage is not None
    first, last = receipt.coverage
    return date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal()


def _content(receipt: Receipt) -> tuple[str, str]:
    """What a delivery says, whenever it came: its coverage and its bytes."""
    return receipt.slot, receipt.sha256


def _note_replaced(until: dict[tuple[str, str], str], new: Receipt, old: Receipt) -> None:
    assert new.coverage is not None
    assert old.coverage is not None
    if _content(new) != _content(old) and new.coverage[0] <= old.coverage[0]:
        until[_content(new)] = max(until.get(_content(new), ""), old.coverage[1])


def _by_receipt(held: Sequence[_Held], until: dict[tuple[str, str], str]) -> list[Counting]:
    """The days gathered by content; adjoining ones as one span."""
    spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
    newest: dict[tuple[str, str], Receipt] = {}
    for part in held:
        content = _content(part.receipt)
        mine = spans.setdefault(content, [])
        if mine and mine[-1][1] + 1 == part.first:
            mine[-1] = (mine[-1][0], part.last)
        else:
            mine.append((part.first, part.last))
        newest[content] = max(newest.get(content, part.receipt), part.receipt, key=lambda receipt: receipt.number)
    return [
        Counting(newest[content], tuple((_day(a), _day(b)) for a, b in mine), until.get(content))
        for content, mine in spans.items()
    ]


def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()
