"""Each planted fault ends as the catalogue of the sample says: refused, not available, held by the check that claims it, or harmless."""

from __future__ import annotations

from pathlib import Path

import pytest

from sample.faults import FAULTS
from tests.campaign import drawn
from tests.e2e.city import City

MONTHS = 36
SCALE = 0.05


@pytest.mark.campaign("planted faults")
@pytest.mark.parametrize("name", drawn(list(FAULTS), 2))
def test_fault_ends_as_the_catalogue_says(tmp_path: Path, name: str) -> None:
    fault = FAULTS[name]
    city = City(tmp_path / "data")
    city.deliver(months=MONTHS, scale=SCALE, faults=[name])
    done = city.refresh()
    refused = {refusal.reason for found in done.taken.values() for refusal in found.refused}
    held = set(done.released.held)
    failed = {
        f"{check['table']}/{check['rule']}"
        for check in city.manifest()["checks"]
        if check["severity"] == "ERROR" and check["verdict"] not in ("passed", "not applicable")
    }
    if fault.expected.startswith("refused/"):
        assert fault.expected.removeprefix("refused/") in refused
        assert held == set()
        assert "surname" not in "".join(
            f.read_text() for f in (city.data / "archive").iterdir() if f.suffix != ".jsonl"
        )
    elif "/" in fault.expected:
        assert fault.expected in failed
        assert "SP01" in held
        assert fault.expected.split("/")[1].replace("_", " ") in city.reasons("SP01")
    else:
        assert failed == set()
        assert held == set()
        assert refused == set()
    missing = city.figures("SP01").query("period_kind == 'month'")["symbols"].str.contains("[x]", regex=False).any()
    if not held:
        assert missing == (fault.expected == "x" or fault.expected.startswith("refused/"))
