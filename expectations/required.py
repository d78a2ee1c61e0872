"""Which checks a publication needs: the snapshot `required.toml`, and what the code and the register say beside it.

The list does not come from what happens to be registered in Dagster: a check that was removed, renamed or never run is
missing evidence. `python -m expectations.required` writes the snapshot anew after a rule was added.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from expectations.suites import Suite

SNAPSHOT = Path(__file__).with_name("required.toml")


class RequiredError(Exception):
    """The snapshot cannot be read."""


def required_checks(suites: Mapping[str, Suite], removed: Iterable[str]) -> dict[str, dict[str, str]]:
    """Severity of every check that counts, by table and rule.

    Snapshot and code are joined: a rule that only one of them names counts with it, and the graver severity wins, so
    that neither a deleted rule nor a softened one opens a gate. Only a register entry takes a check off the list.

    Args:
        suites: the suites in the code.
        removed: "table/rule" of checks that the register records as removed.

    Raises:
        RequiredError: the snapshot is not there or not readable.
    """
    try:
        found: dict[str, dict[str, str]] = tomllib.loads(SNAPSHOT.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError):
        raise RequiredError("expectations/required.toml cannot be read: restore it from version control") from None
    joined = {table: dict(rules) for table, rules in found.items()}
    for table, suite in suites.items():
        rules = joined.setdefault(table, {})
        for rule in suite.rules:
            rules[rule.name] = "ERROR" if "ERROR" in (rules.get(rule.name), rule.severity) else rule.severity
    for check in removed:
        table, _, name = check.partition("/")
        joined.get(table, {}).pop(name, None)
    return joined


def snapshot_text(suites: Mapping[str, Suite]) -> str:
    """The snapshot of these suites as TOML."""
    parts = [
        "# Every check and its severity. Made by `python -m expectations.required`; a removal needs a register entry."
    ]
    for table in sorted(suites):
        parts.append(f"\n[{table}]")
        parts.extend(f'{rule.name} = "{rule.severity}"' for rule in suites[table].rules)
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    from expectations.register import Thresholds
    from expectations.suites import build_suites

    SNAPSHOT.write_text(snapshot_text(build_suites(Thresholds().model_dump())), encoding="utf-8")
