"""Where tests find shared data, and the one way to skip when it is absent: a plain line, and never in CI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_DEFAULT = ROOT.parent / "shared" / "data"
_NAMED = Path(os.environ.get("SAFER_REAL_DATA", str(_DEFAULT)))
REAL: Path | None = _NAMED if (_NAMED / "SOURCES.md").exists() else None
SHARED: Path | None = REAL.parent if REAL else None


def skip_or_fail(why: str) -> None:
    """Skip the test with one plain line; with CI=true fail it instead: nothing may be skipped there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"may not skip in CI: {why}")
    pytest.skip(why)


def need_real() -> Path:
    """Folder of the real data, or skip."""
    if REAL is None:
        skip_or_fail("no real data beside the project (../shared/data or SAFER_REAL_DATA)")
    assert REAL is not None
    return REAL


def need_spec() -> Path:
    """Folder of the specification with golden.json, or skip."""
    folder = need_real().parent / "spec"
    if not (folder / "golden.json").exists():
        skip_or_fail("no spec/golden.json beside the real data")
    return folder
