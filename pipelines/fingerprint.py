"""Has anything changed since the last refresh? Answered from sizes and times of files alone, before anything heavy loads.

Here: the fingerprint of all inputs and of what the last refresh left, and the note that holds it. Not here: what to do
when something changed (`planner.py`). Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: Folders whose files make the figures; a change in any of them makes everything anew.
CODE_FOLDERS = ("methods", "expectations", "resources", "assets")
_CODE_ENDINGS = (".py", ".toml", ".html", ".css", ".jinja", ".csv", ".txt", ".json")
_NOTE = "refresh.json"


@dataclass(frozen=True)
class Note:
    """What the last refresh ended with."""

    fingerprint: str
    exit_code: int
    message: str


def code_files(root: Path) -> list[Path]:
    """Every file of the code that can change a figure or a page, and the lock file."""
    found = [
        Path(folder) / name
        for top in CODE_FOLDERS
        for folder, _, names in os.walk(root / top)
        for name in names
        if name.endswith(_CODE_ENDINGS) and "__pycache__" not in folder
    ]
    return sorted([*found, root / "uv.lock"])


def code_version(root: Path) -> str:
    """Hash of the contents of the code files: the same on every clone."""
    digest = hashlib.sha256()
    for path in code_files(root):
        digest.update(f"{path.relative_to(root).as_posix()}|".encode())
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()[:16]


def fingerprint(files: Iterable[Path], folders: Iterable[Path], words: Iterable[str]) -> str:
    """Hash of name, size and time of these files, of every file in these folders, and of these words."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(_stat(path, path))
    for folder in folders:
        for entry in sorted(_walk(folder)):
            digest.update(entry)
    for word in words:
        digest.update(f"{word}|".encode())
    return digest.hexdigest()


def _walk(folder: Path) -> Iterable[bytes]:
    for top, _, names in os.walk(folder):
        for name in names:
            path = Path(top) / name
            yield _stat(path, path.relative_to(folder))


def _stat(path: Path, name: Path) -> bytes:
    try:
        found = path.stat()
    except OSError:
        return f"{name}:gone|".encode()
    return f"{name}:{found.st_size}:{found.st_mtime_ns}|".encode()


def read_note(data: Path) -> Note | None:
    """The note of the last refresh; None when there is none or it cannot be read."""
    try:
        return Note(**json.loads((data / _NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_note(data: Path, note: Note) -> None:
    """Keep the note, whole or not at all."""
    temporary = data / f".{_NOTE}.{os.getpid()}"
    temporary.write_text(json.dumps(note.__dict__), encoding="utf-8")
    temporary.replace(data / _NOTE)


def forget_note(data: Path) -> None:
    """Remove the note: a refresh that is under way, or ended in an error, leaves nothing to rely on."""
    (data / _NOTE).unlink(missing_ok=True)
