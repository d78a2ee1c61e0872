"""What the pages of a release cost beside the drawing of their charts: eleven measures with three years of figures.

    python -m benchmarks.pages [--rounds 5]

The release is the invented one that the tests use. *Charts alone* draws every chart of it again, in both widths and two at a
time as the pages do. The sides take turns; the figure is the median of the ratios. Exit code 1 when the goal is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from assets.release import pages
from assets.release.compose import decide
from assets.release.folder import release_id
from assets.release.manifest import manifest
from assets.release.shown import release_view
from assets.release.view import ReleaseView
from tests.release import computed

#: Wall time of building all pages, their charts among them, as a multiple of drawing the charts alone.
GOAL = 1.5


def main() -> int:
    """Measure, print, and say by the exit code whether the goal is met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="safer-outcomes-benchmark-") as folder:
        view = _release(Path(folder))
    drawn = _recorded(view)
    rounds = [(_pages(view), _charts(drawn)) for _ in range(options.rounds)]
    ratios = [whole / charts for (whole, _), charts in rounds]
    ratio = statistics.median(ratios)
    whole, python, charts = (statistics.median(n) for n in zip(*((w, p, c) for (w, p), c in rounds), strict=True))
    start = time.perf_counter()
    for draw in drawn:
        draw()
    print(f"pages with charts      {whole:6.2f} s  {len(view.measures)} measures, {len(drawn)} drawings")
    print(
        f"charts alone           {charts:6.2f} s  two at a time; one after the other {time.perf_counter() - start:.2f} s"
    )
    print(f"of the pages: figures, words and templates {python:.2f} s of CPU, beside the drawing")
    print(f"pages / charts         {ratio:6.2f}    goal {GOAL}  {'met' if ratio <= GOAL else 'MISSED'}", end="")
    print(f"  (rounds {', '.join(f'{r:.2f}' for r in ratios)})")
    return 0 if ratio <= GOAL else 1


def _release(data: Path) -> ReleaseView:
    made = computed.pipeline(data)
    known = computed.known(made)
    decided = decide(made, known)
    said = manifest(made, known, decided, parent=None, months={}, figures_sha256="")
    return release_view(made, known, decided, {**said, "id": release_id(said)})


def _recorded(view: ReleaseView) -> list[Callable[[], str]]:
    """Every drawing of the release, to be drawn again. Building the pages once warms both sides up."""
    found: list[Callable[[], str]] = []
    of = pages.Drawing.of

    def record(label: object, draw: Callable[[bool], str], *key: str) -> pages.Drawing:
        found.extend((lambda: draw(False), lambda: draw(True)))
        return of(label, draw, *key)  # type: ignore[arg-type]

    pages.Drawing.of = record  # type: ignore[assignment, method-assign]
    try:
        pages.render(view)
    finally:
        pages.Drawing.of = of  # type: ignore[method-assign]
    return found


def _pages(view: ReleaseView) -> tuple[float, float]:
    """Wall seconds of building the pages, and CPU seconds of the thread that writes them: charts are drawn in others."""
    start, busy = time.perf_counter(), time.thread_time()
    pages.render(view)
    return time.perf_counter() - start, time.thread_time() - busy


def _charts(drawn: list[Callable[[], str]]) -> float:
    with ThreadPoolExecutor(2) as pool:
        start = time.perf_counter()
        list(pool.map(lambda draw: draw(), drawn))
        return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
