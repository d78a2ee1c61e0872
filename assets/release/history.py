"""What all earlier releases published and hid, for a release must not give away what one of them hid (spec 4.8).

Here: following the parents of a release, reading its rows, and the exact counts behind them from what analysts got beside it.
Not here: proving a folder (`folder.py`), what follows for the next release (`disclosure.py`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from assets.release.defused import restored
from assets.release.folder import FIGURES, Released, opened
from assets.release.out_turns import as_computed
from assets.release.relations import PERIOD_KINDS

_KINDS = tuple(f",{kind}," for kind in PERIOD_KINDS)


@dataclass(frozen=True)
class Earlier:
    """The rows of one measure in an earlier release.

    Attributes:
        published: as they were published.
        exact: as they were computed, for analysts; None where these are no longer there.
    """

    published: pd.DataFrame
    exact: pd.DataFrame | None = None


@dataclass(frozen=True)
class Hidden:
    """Everything that earlier releases published, by measure, oldest first: whatever they hid stays hidden."""

    earlier: Mapping[str, tuple[Earlier, ...]] = field(default_factory=dict)

    def of(self, measure: str) -> tuple[Earlier, ...]:
        """What earlier releases published of one measure."""
        return self.earlier.get(measure, ())


def hidden(published: pd.DataFrame) -> Hidden:
    """What one release published, from its rows alone."""
    return Hidden({str(name): (Earlier(rows),) for name, rows in published.groupby("measure", sort=False)})


def ancestry(releases: Path, newest: Released | None) -> list[Released]:
    """A release and all before it, oldest first, each proven against its manifest.

    Raises:
        ReleaseError: one is damaged or missing: nothing may be built on it.
    """
    chain = [newest] if newest else []
    while chain and chain[-1].manifest["parent"]:
        chain.append(opened(releases / str(chain[-1].manifest["parent"])))
    return chain[::-1]


def read(chain: list[Released], analysis: Path) -> Hidden:
    """What these releases published of each measure; what stands twice is read once.

    Args:
        chain: the releases, oldest first.
        analysis: folder of what analysts got beside each.
    """
    found: dict[str, dict[tuple[str, str], None]] = {}
    for release in chain:
        published = _by_measure(release.folder / FIGURES)
        exact = _by_measure(analysis / release.id / FIGURES)
        for name, said in published.items():
            # A held measure shows rows of a release before, which is read itself.
            if release.manifest["measures"].get(name, {}).get("state") != "held":
                found.setdefault(name, {})[said, exact.get(name, "")] = None
    return Hidden(
        {
            name: tuple(Earlier(_frame(said), _frame(exact) if exact else None) for said, exact in pairs)
            for name, pairs in found.items()
        }
    )


def _by_measure(path: Path) -> dict[str, str]:
    """The lines of a file of figures by measure, each with the header; nothing where the file is not there.

    Only those of quarters and years: in other periods nothing is ever hidden.
    """
    try:
        header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return {}
    found: dict[str, list[str]] = {}
    for line in lines:
        if any(kind in line for kind in _KINDS):
            found.setdefault(line.partition(",")[0], [header]).append(line)
    return {name: "".join(mine) for name, mine in found.items()}


def _frame(text: str) -> pd.DataFrame:
    """Rows of a file of figures as they were computed; the counts as numbers, all else as the figures have it."""
    header, *lines = csv.reader(io.StringIO(text))
    rows = pd.DataFrame(lines, columns=header, dtype=str)
    for name in ("numerator", "denominator"):
        rows[name] = pd.to_numeric(rows[name].where(rows[name] != ""))
    texts = rows.select_dtypes(exclude="number").columns
    rows[texts] = rows[texts].map(restored)
    return as_computed(rows)
