"""Reading the evidence: what was not asked for is left aside, what was never recorded is not there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import dagster as dg

from assets.release.evidence import read_evidence
from expectations.contracts import TABLES

ASKED, OTHER = "clean_asb_case", "clean_asb_star"


def instance(recorded: dict[dg.AssetCheckKey, Any]) -> Any:
    storage = SimpleNamespace(get_latest_asset_check_execution_by_key=lambda keys: recorded)
    return SimpleNamespace(get_asset_records=lambda keys: [], event_log_storage=storage)


def test_a_check_that_a_table_no_longer_has_is_left_aside() -> None:
    """Dagster gives every pair of an asset and a check name that were asked for, also pairs that were not."""
    unread = SimpleNamespace(event=None)
    asked = {dg.AssetCheckKey(dg.AssetKey(ASKED), "columns"): unread}
    found = read_evidence(
        instance({**asked, dg.AssetCheckKey(dg.AssetKey(OTHER), "columns"): unread}),
        SimpleNamespace(stored=dict, hash=lambda table: None),  # type: ignore[arg-type]
        [TABLES[ASKED], TABLES[OTHER]],
        {ASKED: ["columns"], OTHER: ["rows"]},
    )
    assert set(found[ASKED].checks) == {"columns"}
    assert not found[ASKED].checks["columns"].finished
    assert found[OTHER].checks == {}
    assert found[OTHER].hash_read is None and found[OTHER].data_version is None
