"""An attacker who has the release folders and nothing else of the pipeline: no code of the disclosure step is used here.

He reads `outcomes.csv` of every release, takes every count that is printed or follows from a printed rate or comparison, writes
down every sum he knows of, and asks by linear programming how small and how large each hidden count can be (spec 4.8). Whether a
count was revised between two releases he is told (`Truth`): that makes him stronger than anybody outside.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import lil_array

Row = dict[str, str]
#: measure, name of the count, breakdown, area, kind of period, first day.
Cell = tuple[str, str, str, str, str, str]
#: The exact number of a cell in a release, by the place of the release.
Truth = Callable[[int, Cell], float | None]
REGIME_A = ("SP01", "SP08")
GROUPS = {
    "sac": ["domestic_burglary", "robbery", "theft_of_vehicle", "theft_from_vehicle"],
    "proxy": ["burglary", "robbery", "vehicle_crime"],
}
WHOLES = {
    "SP06": {"closed": ["matched", "unmatched"], "matched": ["improved", "same", "declined"]},
    "SP10": {"reports": ["crimes", "incidents"]},
}
NESTED = {
    "SP04": [("clients", "referrals"), ("first_time_referrals", "referrals"), ("first_time_clients", "first_time_referrals")],
    "SP05": [("appropriate", "assessed"), ("consented", "appropriate"), ("engaged", "consented"),
             ("appropriate_people", "appropriate")],
    "SP07": [("valid", "responses"), ("responses", "exited")],
}  # fmt: skip
PERCENTAGES = {
    ("SP05", "conversion"): ("engaged", "appropriate"),
    ("SP06", "improved_share"): ("improved", "matched"),
    ("SP06", "coverage"): ("matched", "closed"),
    ("SP06", "worst_case"): ("improved", "closed"),
    ("SP07", "response_rate"): ("responses", "exited"),
    ("SP07", "satisfied"): ("pleased", "valid"),
    ("SP04", "engaged"): ("supported", "referrals"),
}
#: Counts that are published whatever they are.
TOTALS = {"SP01": ("city", "ten"), "SP08": ("sac", "proxy")}
DIFFERENT_PEOPLE = {"clients", "first_time_clients", "appropriate_people"}
HUGE = 1e6


def rows_of(folder: Path) -> list[Row]:
    """Rows of a release's figures, of quarters and years."""
    with (folder / "outcomes.csv").open(encoding="utf-8", newline="") as handle:
        return [row for row in csv.DictReader(handle) if row["period_kind"] in ("quarter", "fy")]


def at(row: Row) -> tuple[str, str, str]:
    return row["area_code"], row["period_kind"], row["period_start"]


def read(rows: Sequence[Row]) -> tuple[dict[Cell, float], set[Cell]]:
    """What one release prints of counts, in whatever column, and which counts it hides."""
    printed: dict[Cell, float] = {}
    hidden: set[Cell] = set()
    residents: dict[tuple[str, str], float] = {}
    for row in rows:
        if row["denominator"] and row["measure"] in REGIME_A:
            residents[row["area_code"], financial_year(row["period_start"])] = float(row["denominator"])
    for row in rows:
        measure, part = row["measure"], row["part"]
        place = (row["breakdown"], *at(row))
        cells: list[tuple[Cell, str]] = []
        if measure in REGIME_A:
            if row["unit"] != "%" and part != "gap":
                same = "domestic_burglary" if part == "domestic_burglary_households" else part
                cells = [((measure, same, *place), row["numerator"])]
                if part != "domestic_burglary_households":
                    compared(row, (measure, same, *place), residents, printed)
        elif row["unit"] == "%":
            some, every = PERCENTAGES.get((measure, part), (f"{part} some", f"{part} all"))
            cells = [((measure, some, *place), row["numerator"]), ((measure, every, *place), row["denominator"])]
        else:
            cells = [((measure, part, *place), row["numerator"])]
        for cell, number in cells:
            if number:
                printed[cell] = float(number)
            elif "[c]" in row["symbols"]:
                hidden.add(cell)
    return printed, hidden - set(printed)


def compared(row: Row, cell: Cell, residents: Mapping[tuple[str, str], float], printed: dict[Cell, float]) -> None:
    """Counts that follow from the rate a row is compared with: a comparison says what another row hides."""
    then = (*cell[:5], f"{int(cell[5][:4]) - 1}{cell[5][4:]}")
    people = residents.get((row["area_code"], financial_year(then[5])))
    if people:
        if row["previous_value"]:
            printed.setdefault(then, round(float(row["previous_value"]) * people / 1000))
        if row["value"] and row["change"] and cell[0] == "SP08":
            printed.setdefault(then, round((float(row["value"]) - float(row["change"])) * people / 1000))
    base = (*cell[:5], f"{2014 if cell[5][5:7] < '04' else 2013}{cell[5][4:]}")
    people = residents.get((row["area_code"], financial_year(base[5])))
    if people and row["baseline_value"]:
        printed.setdefault(base, round(float(row["baseline_value"]) * people / 1000))
    if people and row["value"] and row["change"] and cell[0] == "SP01":
        printed.setdefault(base, round((float(row["value"]) - float(row["change"])) * people / 1000))


def financial_year(start: str) -> str:
    return str(int(start[:4]) - (start[5:7] < "04"))


Sum = tuple[list[tuple[Cell, float]], bool]


def sums(cells: set[Cell], ten: Sequence[str], complete: bool) -> Iterator[Sum]:  # noqa: C901
    """Sums that hold between counts: (terms that make zero, True), or at most zero (False).

    Args:
        cells: the counts there are.
        ten: codes of the priority neighbourhoods.
        complete: whether it is known how many crimes of the city lie in no neighbourhood.
    """
    by_column: dict[tuple[str, ...], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell[:2] == ("SP01", "neighbourhood"):
            by_column[cell[4:]].append(cell)
    for cell in cells:
        measure, name, breakdown, area, kind, start = cell
        place = (breakdown, area, kind, start)
        if kind == "fy" and name != "cumulative_people":
            year = int(start[:4])
            firsts = (f"{year}-04-01", f"{year}-07-01", f"{year}-10-01", f"{year + 1}-01-01")
            quarters = [(measure, name, breakdown, area, "quarter", first) for first in firsts]
            if all(quarter in cells for quarter in quarters):
                if name in DIFFERENT_PEOPLE:
                    yield [(cell, 1.0), *((quarter, -1.0) for quarter in quarters)], False
                    yield from (([(quarter, 1.0), (cell, -1.0)], False) for quarter in quarters)
                else:
                    yield [*((quarter, 1.0) for quarter in quarters), (cell, -1.0)], True
        if measure == "SP01" and name == "city" and by_column[kind, start]:
            yield [*((one, 1.0) for one in by_column[kind, start]), (cell, -1.0)], complete
        if measure == "SP01" and name == "ten":
            yield [*((one, 1.0) for one in by_column[kind, start] if one[3] in ten), (cell, -1.0)], True
        parts = GROUPS.get(name, []) if measure == "SP08" else WHOLES.get(measure, {}).get(name, [])
        members = [(measure, part, *place) for part in parts]
        if members and all(member in cells for member in members):
            yield [*((member, 1.0) for member in members), (cell, -1.0)], True
        for some, every in NESTED.get(measure, ()):
            if name == every and (measure, some, *place) in cells:
                yield [((measure, some, *place), 1.0), (cell, -1.0)], False
        if (measure, name) == ("SP07", "valid") and (measure, "pleased", *place) in cells:
            yield [((measure, "pleased", *place), 1.0), (cell, -1.0)], False


def cells_of_city(terms: Sequence[tuple[Cell, float]]) -> bool:
    return any(cell[:2] == ("SP01", "city") for cell, _ in terms)


def interval(cell: Cell, printed: float | None, small: bool) -> tuple[float, float]:
    """How small and large a count can be, from what is printed of it alone."""
    if cell[0] in REGIME_A:
        return (1.0, HUGE) if printed is None else (printed, printed)
    if printed is None:
        return 1.0, 7.0 if small else HUGE
    return (0.0, 0.0) if printed == 0 else (max(8.0, printed - 2), printed + 2)


def attack(
    folders: Sequence[Path],
    truth: Truth,
    ten: Sequence[str] = (),
    *,
    linked: bool = True,
    complete: bool = False,
    zeros: bool = True,
    bare: bool = False,
) -> dict[tuple[Cell, float], int]:
    """How many values each hidden count can still take, from all releases, oldest first.

    Args:
        folders: the release folders.
        truth: exact numbers, used only to tell which counts were revised, and which of regime B are hidden for being small.
        ten: codes of the priority neighbourhoods.
        linked: whether he believes that a count which was shown once and is hidden now was not revised, where that is so.
        complete: whether he knows how many crimes of the city lie in no neighbourhood.
        bare: as if the newest release had hidden all it could: what he finds even so, no choice of its could have kept from him.
        zeros: whether he knows of a count that stays hidden that it is zero by now; else he takes it for 1 at least.
    """
    column: dict[object, int] = {}
    low: list[float] = []
    high: list[float] = []
    targets: dict[int, tuple[Cell, float]] = {}
    known: set[int] = set()
    equations: dict[tuple[tuple[int, float], ...], tuple[bool, float]] = {}
    for number, folder in enumerate(folders):
        printed, hidden = read(rows_of(folder))
        if bare and folder == folders[-1]:
            hideable = {cell for cell in printed if printed[cell] and cell[1] not in TOTALS.get(cell[0], ())}
            printed, hidden = {c: n for c, n in printed.items() if c not in hideable}, hidden | hideable
        for cell in {*printed, *hidden}:
            exact = truth(number, cell)
            if cell in hidden and exact is None:
                continue
            name = (cell, exact, "" if linked or cell in printed else "hidden")
            bounds = interval(cell, printed.get(cell), exact is not None and 1 <= exact <= 7)
            if cell in hidden and exact == 0 and zeros:
                bounds = (0.0, bounds[1])
            if name not in column:
                column[name] = len(low)
                low.append(-HUGE)
                high.append(HUGE)
            place = column[name]
            low[place], high[place] = max(low[place], bounds[0]), min(high[place], bounds[1])
            if cell in hidden:
                assert exact is not None
                targets[place] = (cell, exact)
            else:
                known.add(place)

        def at_column(cell: Cell, number: int = number, printed: Mapping[Cell, float] = printed) -> int | None:
            return column.get((cell, truth(number, cell), "" if linked or cell in printed else "hidden"))

        for terms, equal in sums({*printed, *hidden}, ten, complete):
            placed = [(at_column(cell), factor) for cell, factor in terms]
            if any(place is None for place, _ in placed):
                continue
            exactly = [(truth(number, cell), factor) for cell, factor in terms]
            total = sum((value or 0) * factor for value, factor in exactly)
            rest = total if complete and cells_of_city(terms) else 0.0
            if (equal and abs(total - rest) < 1e-6) or (not equal and total < 1e-6):
                equations[tuple(sorted((p, f) for p, f in placed if p is not None))] = equal, rest
    return _values(low, high, {p: t for p, t in targets.items() if p not in known}, equations)


def _values(
    low: list[float],
    high: list[float],
    targets: Mapping[int, tuple[Cell, float]],
    equations: Mapping[tuple[tuple[int, float], ...], tuple[bool, float]],
) -> dict[tuple[Cell, float], int]:
    size = len(low)
    tables: dict[bool, lil_array] = {}
    right: dict[bool, np.ndarray] = {}
    for equal in (True, False):
        mine = [terms for terms, how in equations.items() if how[0] == equal]
        right[equal] = np.array([rest for how, rest in equations.values() if how == equal])
        table = lil_array((len(mine), size))
        for number, terms in enumerate(mine):
            for place, factor in terms:
                table[number, place] += factor
        tables[equal] = table.tocsr()
    bounds = np.column_stack([low, high])

    def reach(place: int, sign: float) -> float:
        weights = np.zeros(size)
        weights[place] = sign
        exact, at_most = tables[True], tables[False]
        found = linprog(
            weights,
            A_eq=exact if exact.shape[0] else None,
            b_eq=right[True] if exact.shape[0] else None,
            A_ub=at_most if at_most.shape[0] else None,
            b_ub=right[False] if at_most.shape[0] else None,
            bounds=bounds,
            method="highs",
        )
        # A system without solution says that what he believes is not so: he has learned nothing.
        return math.inf * -sign if found.x is None else float(found.x[place])

    found = {}
    for place, target in targets.items():
        least, most = reach(place, 1.0), reach(place, -1.0)
        wide = most - least
        found[target] = int(min(wide, 1e6) + 1 + 1e-6) if math.isfinite(wide) else 1_000_000
    return found
