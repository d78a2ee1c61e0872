"""Asks the OSV service whether a locked package has a known vulnerability, by pip-audit.

    python .ci/audit.py [REQUIREMENTS]

Without a file of pinned requirements: everything in uv.lock. Exit code 1 names each vulnerability and the version that mends it. Where
the service cannot be reached that is said in one line, with exit code 0: a check must pass on a machine without network; with
SAFER_AUDIT_REQUIRED=1 it does not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
_BIN = Path(sys.executable).parent
#: Vulnerabilities that do not concern us, each with the reason; none is let by without one.
ACCEPTED: dict[str, str] = {}
#: How pip-audit ends when it got no answer, or none that it can read.
_UNREACHED = ("ConnectionError", "Timeout", "ProxyError", "SSLError", "ServiceError", "Could not connect")


def main(arguments: list[str]) -> int:
    """Audit, say what was found, and give back the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(arguments[0]) if arguments else _locked(Path(folder))
        command = [_BIN / "pip-audit", "-r", asked, "--disable-pip", "--no-deps", "-s", "osv", "--format", "json"]
        ignored = [part for name in ACCEPTED for part in ("--ignore-vuln", name)]
        done = subprocess.run(  # noqa: S603
            [*map(str, command), "--progress-spinner", "off", "--cache-dir", folder, *ignored],
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return _unanswered(done.stderr)
    found = [_line(package, fault) for package in packages for fault in package.get("vulns", ())]
    for line in found:
        sys.stderr.write(f"{line}\n")
    if not found:
        sys.stdout.write(f"Known vulnerabilities: none in {len(packages)} locked packages.\n")
    return 1 if found else 0


def _locked(folder: Path) -> Path:
    """Everything that the lock file pins, extras and development too."""
    path = folder / "requirements.txt"
    parts = ("export", "--quiet", "--frozen", "--all-extras", "--no-emit-project", "--no-header", "--output-file")
    subprocess.run([str(_BIN / "uv"), *parts, str(path)], cwd=_ROOT, stdout=subprocess.DEVNULL, check=True)  # noqa: S603
    return path


def _line(package: dict[str, Any], fault: dict[str, Any]) -> str:
    mended = " or ".join(fault["fix_versions"])
    remedy = f"mended in {mended}: uv lock --upgrade-package {package['name']}" if mended else "no version mends it yet"
    return f"vulnerable: {package['name']} {package['version']}: {fault['id']}, {remedy}"


def _unanswered(said: str) -> int:
    """Whether it is the network, which passes, or pip-audit itself, which does not."""
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "no answer")
    if any(word in said for word in _UNREACHED):
        sys.stdout.write("Known vulnerabilities: not asked, the OSV service cannot be reached from here.\n")
        return 1 if os.environ.get("SAFER_AUDIT_REQUIRED") else 0
    sys.stderr.write(f"pip-audit failed: {last}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
