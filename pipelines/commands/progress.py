"""A bar while something long runs: on a terminal only, on standard error, gone when it has ended; nothing in pipes and logs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


class Progress:
    """Told of stages and their steps by whoever works; shows them, or not."""

    def __init__(self, file: TextIO | None = None) -> None:
        # Kept now: what runs may put another stream in its place.
        self._file = file or sys.stderr
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if self._file.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(file=self._file),
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def stage(self, text: str, total: int) -> None:
        """A new stage of so many steps; the one before has ended."""
        if self._bar:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(text, total=total)

    def step(self, text: str = "") -> None:
        """One step of the stage has ended."""
        if self._bar and self._task is not None:
            self._bar.update(self._task, advance=1, **({"description": text} if text else {}))  # type: ignore[arg-type]

    def aside(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """`say`, with the bar out of the way of the line."""

        def said(line: str) -> None:
            if self._bar:
                self._bar.stop()
            say(line)
            if self._bar:
                self._bar.start()

        return said
