"""A command's answer: lines for people, or with `--json` one JSON document, and the exit code of both.

Here: what all answers have in common. Not here: what is answered. Light to import: the refresh with nothing new uses it.

The document's keys: `command`; `exit`; `error`, if there is one; `errors`; `notes`; then those of the command (`described.py`).
Keys are added, and never renamed or taken away.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipelines.failures import is_foreseen, line_of
from pipelines.settings import SettingsError

if TYPE_CHECKING:
    from rich.console import RenderableType

DONE, FAILED, WRONG_OPTION, HELD = 0, 1, 2, 3


class CommandError(Exception):
    """A command cannot do what was asked; one line with the remedy."""


@dataclass
class Answer:
    """What a command has to say; it is said line by line, or at the end as one document."""

    command: str
    as_json: bool = False
    code: int = DONE
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)

    def say(self, text: str = "") -> None:
        """A line for people; a program gets what it says by `give`."""
        if not self.as_json:
            typer.echo(text)

    def show(self, what: RenderableType) -> None:
        """A table or text for people, drawn by rich; words in it are taken as they are."""
        if not self.as_json:
            from rich.console import Console

            Console(soft_wrap=True, highlight=False, markup=False).print(what)

    def note(self, text: str) -> None:
        """Something worth knowing that is no fault."""
        self.notes.append(text)
        self.say(f"note: {text}")

    def error(self, text: str, label: str = "error") -> None:
        """A fault: the exit code is 1, unless a held measure already says 3."""
        self.code = self.code or FAILED
        self.errors.append(text)
        if not self.as_json:
            typer.echo(f"{label}: {text}", err=True)

    def give(self, **said: Any) -> None:
        """Add keys to the document."""
        self.said |= said

    def document(self) -> str:
        """The answer as JSON; dates and paths as text."""
        whole = {
            "command": self.command,
            "exit": self.code,
            **({"error": self.errors[0]} if self.errors else {}),
            "errors": self.errors,
            "notes": self.notes,
            **self.said,
        }
        return json.dumps(whole, ensure_ascii=False, indent=2, default=str)


@contextmanager
def answering(command: str, as_json: bool) -> Iterator[Answer]:
    """Answer a command: every error is one line and an exit code; an unforeseen one is named by kind only, for it may hold data.

    Raises:
        typer.Exit: always, with the exit code.
    """
    answer = Answer(command, as_json)
    try:
        yield answer
    except (typer.BadParameter, KeyboardInterrupt):
        raise
    except SettingsError as error:
        answer.error(str(error))
    except Exception as error:
        if os.environ.get("SAFER_DEBUG") and not is_foreseen(error):
            raise
        answer.code = FAILED
        answer.error(line_of(error))
    if as_json:
        typer.echo(answer.document())
    raise typer.Exit(answer.code)


def typed(path: Path) -> str:
    """A path as one would type it here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def wrong_option(words: list[str], message: str, code: int) -> None:
    """Print the document of a command line that could not be understood."""
    name = next((word for word in words if not word.startswith("-")), "")
    answer = Answer(name, as_json=True, code=code, errors=[" ".join(message.split())])
    sys.stdout.write(answer.document() + "\n")
