"""The units of `deploy/systemd` as this machine can run them: read, their paths moved to this project and a folder of the test."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from tests.paths import ROOT

UNITS = ROOT / "deploy" / "systemd"
#: As they stand in the units, and what they are here.
INSTALLED, STATE, SETTINGS = "/opt/safer-outcomes", "/var/lib/safer-outcomes", "/etc/safer-outcomes"
SERVICES = ("code", "web", "viewer", "daemon")


def path_of(service: str) -> Path:
    return UNITS / f"safer-outcomes-{service}.service"


def values(path: Path, key: str) -> list[str]:
    """Every value of a key, in order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{key}=")]


def moved(text: str, state: Path) -> str:
    """Text of a unit or of its settings with the paths of this machine."""
    text = text.replace(f"{INSTALLED}/.venv/bin", str(Path(sys.executable).parent))
    return text.replace(INSTALLED, str(ROOT)).replace(STATE, str(state))


def command(service: str, state: Path) -> list[str]:
    """What a service starts."""
    (said,) = values(path_of(service), "ExecStart")
    return shlex.split(moved(said, state))


def environment(service: str, state: Path, given: dict[str, str]) -> dict[str, str]:
    """The settings that a service is given by its own files and no others: the examples, with what a test fills in."""
    found: dict[str, str] = {"PATH": "/usr/bin:/bin"}
    for file in values(path_of(service), "EnvironmentFile"):
        example = UNITS / f"{Path(file.lstrip('-')).name}.example"
        for line in example.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.partition("=")
                found[name] = given.get(name, moved(value, state))
    return found
