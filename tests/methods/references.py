"""Expected values from elsewhere: worked cases of the specification, tables of PHEindicatormethods."""

import json
from typing import Any

import openpyxl

from tests.paths import need_real, need_spec


def golden(case_id: str) -> dict[str, Any]:
    """One worked case of `spec/golden.json`."""
    cases = json.loads((need_spec() / "golden.json").read_text(encoding="utf-8"))
    return next(case for case in cases if case["id"] == case_id)


def phe(file: str, sheet: str) -> list[dict[str, Any]]:
    """Rows of one sheet of PHEindicatormethods' own test data."""
    path = need_real() / "stats_checks" / "PHEindicatormethods" / file
    header, *rows = openpyxl.load_workbook(path, read_only=True, data_only=True)[sheet].iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]
