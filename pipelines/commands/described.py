"""What every command takes and answers, as `docs/commands.md`; written by `python -m pipelines.commands.described`.

Here: the meaning of each key of the JSON documents, and the page made from it and from the command line itself. Not here: the answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import typer

from pipelines.settings import ROOT

COMMANDS = ROOT / "docs" / "commands.md"

#: Keys that every document has; `error` only if there is one.
COMMON = {
    "command": "name of the command",
    "exit": "exit code of the process",
    "error": "the first error, one line with the remedy; absent when there is none",
    "errors": "all errors, one line each",
    "notes": "what is worth knowing and no fault, one line each",
}

#: Keys of each command's own, where it ended without an error.
KEYS: dict[str, dict[str, str]] = {
    "refresh": {
        "nothing_new": "nothing at all changed since the last refresh; then only `message` follows",
        "message": "which release stands, and what is held",
        "release": "id of the release that stands",
        "new": "whether it was made now",
        "page": "its first page",
        "measures": "by measure: `state`, `reasons`",
        "accepted": "deliveries taken in, by source",
        "refused": "deliveries refused: `source`, `name`, `reason`",
        "made": "tables made anew",
        "checked": "tables of which only the checks were repeated",
    },
    "status": {
        "partnership": "its name",
        "as_of": "date of evaluation",
        "sources": "each with `source`, `owner`, `deliveries` that count, `first_month`, `last_month`, `late`, `state`",
        "release": "id of the current release, or null",
        "page": "its first page",
        "measures": "each with `measure`, `name`, `state`, `as_at`, `reasons`",
        "edition": "the edition that stands: `release`, `by`, `at`, `reason`; or null",
        "commentary_awaited": "by measure: why a commentary is demanded",
        "board_meets": "date of the Board's next meeting, or null",
        "alerts_open": "alerts whose cause still stands: `since`, `subject`",
        "alerts_not_sent": "subjects of alerts that wait",
    },
    "doctor": {
        "checks": "each with `name`, `state` (ok, warning, fault), `said`, `remedy`",
        "well": "whether there is no fault",
    },
    "verify": {
        "release": "id of the release",
        "whole": "whether nothing differs",
        "files": "files proven",
        "deliveries": "archived deliveries proven",
        "releases_before": "releases before it that were proven",
        "editions": "editions that agree with the log",
    },
    "approve": {
        "release": "id of the release",
        "new": "whether it was done now, or before",
        "log_record": "number of the record in the log",
        "current_edition": "the newest edition that stands, or null",
        "index": "page of all editions",
    },
    "explain": {
        "measure": "its id",
        "name": "its name",
        "release": "id of the release",
        "opening": "the Board's decision and the measure's state, in lines",
        "sections": "each with `title`, `columns`, `rows`",
    },
    "sample": {
        "out": "folder of the deliveries",
        "files": "how many were written",
        "planted": "faults planted",
        "faults": "with `--faults list`, and alone: `name`, `what`, `expected`",
    },
    "template": {"source": "its name", "files": "files written"},
    "rejects": {"source": "its name", "rows": "each with `file`, `row` (1 is the first below the header), `reason`"},
    "rekey": {"counts": "counts that are the same under both keys; the keys of `refresh` follow"},
    "purge": {
        "done": "whether it was removed, or only told",
        "removed": "deliveries whose bytes go, by source",
        "contents": "their hashes",
        "analysis": "analysis folders that go",
        "cache": "whether the street cache goes",
        "needed": "hashes of deliveries past their time that tables are made from",
        "in_landing": "files past their time that lie in landing",
    },
    "backup": {"backup": "folder of the backup"},
    "restore": {"data": "the new data folder", "release": "its current release, or empty"},
    "grants": {"roles": "roles that have their rights", "statements": "with `--sql`, and alone: the statements"},
    "health": {"well": "by part: what was found; a part that is not well stands in `errors`"},
    "prune": {"deleted": "runs deleted", "kept": "older runs that stay for their evidence"},
}
KEYS["retract"] = KEYS["approve"]

_HEAD = """# Commands

Written by `python -m pipelines.commands.described`; a test compares it with the command line and with what the commands answer.

Exit codes: 0 done; 3 a measure is held; 1 an error or a refused delivery; 2 a wrong option.

Lines are for people, errors go to standard error. With `--json` a command prints one JSON document on standard output, whatever
happens, and its exit code is the same. Keys are added, and never renamed or taken away. No document holds a value of a row.
"""


def commands() -> str:
    """The page."""
    from pipelines.cli import app

    parts = [_HEAD, _grid(("Key of every document", "Meaning"), ((f"`{k}`", v) for k, v in COMMON.items()))]
    for name, command in sorted(typer.main.get_group(app).commands.items()):
        parts.append(f"\n## {name}\n\n{command.help}\n")
        taken = [(_name(p), getattr(p, "help", None) or "", _default(p)) for p in command.params]
        parts.append(_grid(("Takes", "What", "Unless given"), (row for row in taken if row[0] != "`--json`")))
        parts.append("\n" + _grid(("Key", "Meaning"), ((f"`{k}`", v) for k, v in KEYS[name].items())))
    return "\n".join(parts) + "\n"


def _name(option: Any) -> str:
    return f"`{option.opts[0]}`" if option.opts[0].startswith("-") else f"`{option.opts[0].upper()}`"


def _default(option: Any) -> str:
    shown = getattr(option, "show_default", None)
    if option.required:
        return "needed"
    value = shown if isinstance(shown, str) else option.default
    return "" if value in (None, "", False) or callable(value) else f"`{value}`"


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown; a bar inside a cell is escaped."""
    lines = [tuple(head), ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    COMMANDS.write_text(commands(), encoding="utf-8")
