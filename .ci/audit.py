"""Known vulnerabilities of the installed packages: a line for each, and exit code 1.

    python .ci/audit.py [options of pip-audit]

When the vulnerability service cannot be asked this is said in one line, and passes; with SAFER_AUDIT_REQUIRED=1 it fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

#: What pip-audit says when it was not the packages that were at fault.
_UNASKED = ("connection", "timed out", "timeout", "max retries", "service", "resolve", "proxy")


def main(arguments: Sequence[str]) -> int:
    """Audit the environment, or what the options say; exit code."""
    program = str(Path(sys.executable).with_name("pip-audit"))
    chosen = list(arguments) or ["--local"]
    command = [program, *chosen, "--skip-editable", "--progress-spinner", "off", "--format", "json", "--desc", "off"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return _unasked(done.stderr)
    found = [(p["name"], p["version"], flaw) for p in packages for flaw in p.get("vulns", [])]
    for name, version, flaw in found:
        fixed = ", ".join(flaw["fix_versions"]) or "no version yet"
        print(f"audit: {name} {version} has {flaw['id']}: fixed by {fixed}")
    if not found:
        print(f"audit: no known vulnerability in {len(packages)} packages")
    return 1 if found else 0


def _unasked(said: str) -> int:
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "no answer")
    if not any(word in said.lower() for word in _UNASKED):
        print(f"audit: pip-audit failed: {last}")
        return 1
    if os.environ.get("SAFER_AUDIT_REQUIRED"):
        print("audit: the vulnerability service cannot be reached, and SAFER_AUDIT_REQUIRED asks for it")
        return 1
    print("audit: the vulnerability service cannot be reached: packages were not audited")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
