"""Who does something, and why: the two lines that the partnership's log keeps of every act of a person."""

from __future__ import annotations

from pipelines.workspace import WorkspaceError

_LONGEST = 1000


def who(by: str, reason: str) -> tuple[str, str]:
    """Name and reason, each in one line.

    Raises:
        WorkspaceError: one is empty, or too long to be read.
    """
    lines = " ".join(by.split()), " ".join(reason.split())
    for line, option in zip(lines, ("by", "reason"), strict=True):
        if not line or len(line) > _LONGEST or not line.isprintable():
            raise WorkspaceError(f"--{option} is empty or longer than {_LONGEST} letters: say who, and why")
    return lines
