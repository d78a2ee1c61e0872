"""Writes synthetic deliveries for the invented city to a landing folder, with the faults asked for.

Here: arguments, folder, files. Not here: what the files hold (`sample/street.py`, `sample/reference.py`), what a fault
does (`sample/faults.py`).
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
from sample.reference import reference_files
from sample.street import street_file, street_path
from sample.world import World, build_world, month_number, month_text

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

    `month` is empty text for a fault of every month or of the reference tables.
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
) -> Generated:
    """Write deliveries of the police street file and the reference tables below `out`.

    The bytes depend on the arguments alone, those of a month only on seed, scale and month. Files appear whole or not
    at all, and one that is there already with the same bytes is left alone.

    Args:
        out: landing folder; absent, empty, or made before with the same arguments.
        seed: any number from 0.
        months: how many months, from 1.
        start: first month, `YYYY-MM`, from 2013-04.
        scale: multiplies rows and residents alike; 1 is about 9,000 rows a month and 260,000 residents.
        faults: names in `FAULTS`, in any order.

    Raises:
        SampleError: an argument is out of range, the folder holds something else, or it cannot be written.
    """
    _check_numbers(seed, months, scale)
    first = _first_month(start, months)
    names = [month_text(first + n) for n in range(months)]
    chosen = _chosen(faults, names)
    world = build_world(seed, scale)
    arguments = {"seed": seed, "months": months, "start": start, "scale": float(scale), "faults": list(chosen)}
    year, month = int(names[-1][:4]), int(names[-1][5:])
    as_of = date(year, month, monthrange(year, month)[1]) + timedelta(days=_AS_OF_DAYS)
    made = Generated(out, as_of)
    try:
        _claim(out, arguments)
        for name in names:
            here = [f for f in chosen.values() if f.scope == "every month" or _month_of(f, names) == name]
            _write(made, _plant({street_path(name): street_file(world, name)}, here, world, name, made.faults))
        here = [f for f in chosen.values() if f.scope == "reference"]
        _write(made, _plant(reference_files(world, _mid_years(names)), here, world, "", made.faults))
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


def _chosen(asked: Sequence[str], months: list[str]) -> dict[str, Fault]:
    """The faults asked for, in the order of the catalogue; no two in one month, and some month left."""
    unknown = sorted(set(asked) - set(FAULTS))
    if unknown:
        raise SampleError(f"unknown fault {', '.join(map(repr, unknown))}; known are {', '.join(sorted(FAULTS))}")
    chosen = {name: fault for name, fault in FAULTS.items() if name in asked}
    taken: dict[str, str] = {}
    for name, fault in chosen.items():
        month = _month_of(fault, months)
        if month in taken:
            raise SampleError(
                f"faults {taken[month]!r} and {name!r} both fall in {month}; ask for 36 months, or for one of them"
            )
        if month:
            taken[month] = name
        if len(months) == 1 and name in ("missing-month", "last-month-missing"):
            raise SampleError(f"fault {name!r} would leave no month; ask for at least 2 months")
    return chosen


def _month_of(fault: Fault, months: list[str]) -> str:
    """The month that the fault falls in; empty text when it is not a month's fault."""
    return months[fault.month_index(len(months))] if fault.scope in ("month", "last month") else ""


def _mid_years(months: list[str]) -> range:
    """The year in which each financial year delivered starts; three at least."""
    first, last = ((month_number(month) - 3) // 12 for month in (months[0], months[-1]))
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
