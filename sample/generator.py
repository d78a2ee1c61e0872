"""Writes synthetic deliveries for the invented city to a landing folder, with the faults asked for.

Here: arguments, folder, files. Not here: what the files hold (`sample/street.py`, `sample/reference.py`,
`sample/partners.py`), what a fault does (`sample/faults.py`, `sample/partner_faults.py`).
"""

from __future__ import annotations

import json
import math
import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from sample.faults import FAULTS, Fault, Files
from sample.partner_faults import PARTNER_FAULTS
from sample.partners import PARTNERS, partner_files
from sample.reference import reference_files
from sample.street import street_file, street_path
from sample.world import World, build_world, financial_year, month_number, month_text

#: Every fault by name, in the order in which they are planted.
ALL_FAULTS = FAULTS | PARTNER_FAULTS
#: Every source; the reference tables count as one.
STREET, REFERENCE = "police_street", "reference"
SOURCES = (STREET, REFERENCE, *PARTNERS)
#: Hidden, so that it is no delivery: says which arguments made the folder.
MARKER = ".sample.json"

_FIRST_START, _LAST_END = "2013-04", "2099-12"
_LARGEST_SCALE = 100.0
_AS_OF_DAYS = 31


class SampleError(Exception):
    """The deliveries cannot be made; the message is one line that says why and what to do."""


@dataclass(frozen=True)
class Planted:
    """What one fault did: the files it added, changed and took away, as paths below the folder.

    `month` is empty text for a fault of every month, of the reference tables or of a partner's source.
    """

    month: str
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Generated:
    """What was made: every file of the folder but the marker, sorted; and what each fault did.

    `as_of` is 31 days after the end of the last month asked for, delivered or not: a date of evaluation by which every
    month was due.
    """

    out: Path
    as_of: date
    files: list[Path] = field(default_factory=list)
    faults: dict[str, Planted] = field(default_factory=dict)


def generate(
    out: Path,
    seed: int = 7,
    months: int = 36,
    start: str = "2013-04",
    scale: float = 1.0,
    faults: Sequence[str] = (),
    sources: Sequence[str] | None = None,
) -> Generated:
    """Write deliveries of the police street file, the reference tables and the partners' sources below `out`.

    The bytes depend on the arguments alone: those of a street file only on seed, scale and month, those of a partner's
    source on seed, scale, start and months. Files appear whole or not at all, and one that is there already with the same
    bytes is left alone.

    Args:
        out: landing folder; absent, empty, or made before with the same arguments.
        seed: any number from 0.
        months: how many months, from 1.
        start: first month, `YYYY-MM`, from 2013-04.
        scale: multiplies rows and residents alike; 1 is about 9,000 rows a month and 260,000 residents.
        faults: names in `ALL_FAULTS`, in any order.
        sources: names in `SOURCES`, in any order; all when None. A source without rows in the months has no file.

    Raises:
        SampleError: an argument is out of range, the folder holds something else, or it cannot be written.
    """
    _check_numbers(seed, months, scale)
    first = _first_month(start, months)
    names = [month_text(first + n) for n in range(months)]
    wanted = _wanted(sources)
    chosen = _chosen(faults, names, wanted)
    world = build_world(seed, scale)
    span = range(first, first + months)
    for fault in chosen.values():
        if fault.source and not partner_files(world, span, fault.source):
            raise SampleError(
                f"fault {fault.name!r} needs rows of {fault.source}, and these months have none; ask for more"
            )
    arguments = {
        "seed": seed,
        "months": months,
        "start": start,
        "scale": float(scale),
        "faults": list(chosen),
        "sources": wanted,
    }
    year, month = int(names[-1][:4]), int(names[-1][5:])
    as_of = date(year, month, monthrange(year, month)[1]) + timedelta(days=_AS_OF_DAYS)
    made = Generated(out, as_of)
    try:
        _claim(out, arguments)
        for name in names if STREET in wanted else ():
            here = [f for f in chosen.values() if f.scope == "every month" or _month_of(f, names) == name]
            _write(made, _plant({street_path(name): street_file(world, name)}, here, world, name, made.faults))
        if REFERENCE in wanted:
            here = [f for f in chosen.values() if f.scope == "reference"]
            _write(made, _plant(reference_files(world, _mid_years(span)), here, world, "", made.faults))
        for source in PARTNERS:
            if source in wanted:
                here = [f for f in chosen.values() if f.source == source]
                _write(made, _plant(partner_files(world, span, source), here, world, "", made.faults))
    except OSError as error:
        raise SampleError(f"cannot write deliveries to {out}: {error.strerror or type(error).__name__}") from None
    made.files.sort()
    return made


def _check_numbers(seed: int, months: int, scale: float) -> None:
    if seed < 0:
        raise SampleError(f"seed is {seed}; give a whole number from 0")
    if months < 1:
        raise SampleError(f"months is {months}; give at least 1")
    if not (math.isfinite(scale) and 0.01 <= scale <= _LARGEST_SCALE):
        raise SampleError(f"scale is {scale}; give a number from 0.01 to {_LARGEST_SCALE:g}")


def _first_month(start: str, months: int) -> int:
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", start):
        raise SampleError(f"start is {start!r}; give a month as YYYY-MM, such as {_FIRST_START}")
    first = month_number(start)
    if start < _FIRST_START or first + months - 1 > month_number(_LAST_END):
        raise SampleError(f"start is {start} with {months} months; all must lie from {_FIRST_START} to {_LAST_END}")
    return first


def _wanted(asked: Sequence[str] | None) -> list[str]:
    """The sources asked for, in the order of `SOURCES`."""
    unknown = sorted(set(asked or ()) - set(SOURCES))
    if unknown:
        raise SampleError(f"unknown source {', '.join(map(repr, unknown))}; known are {', '.join(SOURCES)}")
    if asked is not None and not asked:
        raise SampleError(f"no source is named; name some of {', '.join(SOURCES)}")
    return [source for source in SOURCES if asked is None or source in asked]


def _chosen(asked: Sequence[str], months: list[str], sources: list[str]) -> dict[str, Fault]:
    """The faults asked for, in the order of the catalogue; no two in one month or one partner's source, some month left."""
    unknown = sorted(set(asked) - set(ALL_FAULTS))
    if unknown:
        raise SampleError(f"unknown fault {', '.join(map(repr, unknown))}; known are {', '.join(sorted(ALL_FAULTS))}")
    chosen = {name: fault for name, fault in ALL_FAULTS.items() if name in asked}
    taken: dict[str, str] = {}
    for name, fault in chosen.items():
        source = fault.source or (REFERENCE if fault.scope == "reference" else STREET)
        if source not in sources:
            raise SampleError(f"fault {name!r} changes {source}, which is not among the sources; name it, or all")
        place = _month_of(fault, months) or fault.source
        if place in taken:
            remedy = "one of them" if fault.source else "36 months, or for one of them"
            raise SampleError(f"faults {taken[place]!r} and {name!r} both fall in {place}; ask for {remedy}")
        if place:
            taken[place] = name
        if len(months) == 1 and name in ("missing-month", "last-month-missing"):
            raise SampleError(f"fault {name!r} would leave no month; ask for at least 2 months")
    return chosen


def _month_of(fault: Fault, months: list[str]) -> str:
    """The month that the fault falls in; empty text when it is not a month's fault."""
    return months[fault.month_index(len(months))] if fault.scope in ("month", "last month") else ""


def _mid_years(months: range) -> range:
    """The year in which each financial year delivered starts; three at least."""
    first, last = financial_year(months[0]), financial_year(months[-1])
    return range(first, max(first + 3, last + 1))


def _plant(files: Files, faults: list[Fault], world: World, month: str, planted: dict[str, Planted]) -> Files:
    """The files with the faults in them; adds to `planted` what each did."""
    for fault in faults:
        before, files = files, fault.plant(files, world, month)
        sofar = planted.get(fault.name, Planted("" if fault.scope == "every month" else month))
        planted[fault.name] = Planted(
            sofar.month,
            (*sofar.added, *sorted(files.keys() - before.keys())),
            (*sofar.changed, *sorted(path for path in files.keys() & before.keys() if files[path] != before[path])),
            (*sofar.removed, *sorted(before.keys() - files.keys())),
        )
    return files


def _claim(out: Path, arguments: dict[str, object]) -> None:
    """Make the folder ours: write the marker, unless something else is in there."""
    marker = out / MARKER
    if out.exists():
        if not out.is_dir():
            raise SampleError(f"{out} is not a folder; give another")
        occupied = any(not path.name.startswith(".") for path in out.iterdir())
        if occupied and _made_with(marker) != arguments:
            raise SampleError(
                f"{out} is not empty and was not made with these arguments; empty it, or give another folder"
            )
    text = json.dumps(
        {"about": "synthetic deliveries: no real place, person or crime", "arguments": arguments}, indent=2
    )
    _replace(marker, text.encode() + b"\n")


def _made_with(marker: Path) -> object:
    """The arguments in the marker; None when there is none that can be read."""
    try:
        content = json.loads(marker.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return content.get("arguments") if isinstance(content, dict) else None


def _write(made: Generated, files: Files) -> None:
    for name, data in files.items():
        _replace(made.out / name, data)
        made.files.append(made.out / name)


def _replace(path: Path, data: bytes) -> None:
    """Put the file there whole; a hidden name until then, which no one reads as a delivery."""
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
