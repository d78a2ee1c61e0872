"""Secrets in the project's files: a line for each that the baseline does not know, and exit code 1.

    python .ci/secret_scan.py [FILE …]

Looks at every file that git knows or would add. A false alarm is marked with `pragma: allowlist secret` on its line, or taken
into the baseline: `detect-secrets scan --baseline .ci/secrets.baseline`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

BASELINE = Path(__file__).with_name("secrets.baseline")


def main(files: Sequence[str]) -> int:
    """Scan these files, or all of the project; exit code."""
    from detect_secrets import SecretsCollection
    from detect_secrets.settings import transient_settings

    known = json.loads(BASELINE.read_text(encoding="utf-8"))
    accepted = {(name, one["hashed_secret"]) for name, found in known["results"].items() for one in found}
    paths = list(files) or _tracked()
    secrets = SecretsCollection()
    with transient_settings({"plugins_used": known["plugins_used"], "filters_used": known["filters_used"]}):
        secrets.scan_files(*paths, num_processors=2 if len(paths) > 1 else 1)
    found = [one for name, one in secrets if (name, one.secret_hash) not in accepted]
    for one in sorted(found, key=lambda secret: (secret.filename, secret.line_number)):
        print(
            f"secret: {one.filename}:{one.line_number}: looks like {one.type}: take it out, and change it where it is used"
        )
    if not found:
        print(f"secrets: none in {len(paths)} files")
    return 1 if found else 0


def _tracked() -> list[str]:
    """Text files of the project; data tables and the lock's hashes are no place for a secret."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split("\0")  # noqa: S603
    skipped = ("uv.lock", ".ci/secrets.baseline")
    return [n for n in names if n and n not in skipped and not n.endswith((".csv", ".geojson")) and Path(n).is_file()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
