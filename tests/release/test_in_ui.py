"""What the UI shows of a release is what the release shows: verdict, reason, counts, its own charts; nothing hostile passes."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from assets.clean.police_street import _forget
from assets.outcomes.asset import _told
from assets.release import folder, in_ui
from tests.e2e.city import City, open_city
from tests.release import computed


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return open_city(tmp_path_factory)


def test_verdicts_reasons_counts_and_charts(city: City) -> None:
    released = folder.current(city.data / "releases")
    assert released
    states: Mapping[str, tuple[str, tuple[str, ...]]] = {
        name: (said["state"], tuple(said["reasons"])) for name, said in released.manifest["measures"].items()
    }
    states = {**states, "SP08": ("held", ("Check 'a|b' failed.",))}
    said = in_ui.metadata(released, True, states)
    assert (said["release"], said["new"], said["held"]) == (released.id, True, 1)
    verdicts, reasons, charts = (str(said[name].value) for name in ("verdicts", "reasons", "charts"))  # type: ignore[union-attr]
    figures = len(city.figures("SP01"))
    assert f"| SP01 Close the Gap | published | 2014-05-31 | {figures} |" in verdicts
    # The UI hides what is longer behind a click.
    assert len(verdicts) < 1000
    assert r"| held | Check 'a\|b' failed. |" in reasons
    drawn = dict(re.findall(r"!\[(SP\d\d) as published\]\(data:image/svg\+xml;base64,([^)]+)\)", charts))
    assert set(drawn) == {"SP01", "SP08"}
    for name, data in drawn.items():
        assert base64.b64decode(data) == (released.folder / "charts" / f"{name.lower()}-years.svg").read_bytes()


def test_an_evaluation_date_is_a_date_or_refused(tmp_path: Path) -> None:
    pipeline = replace(computed.pipeline(tmp_path), as_of=date(2015, 1, 1))
    assert in_ui.evaluated(pipeline, in_ui.ReleaseConfig()) is pipeline
    assert in_ui.evaluated(pipeline, in_ui.ReleaseConfig(as_of="2016-04-30")).as_of == date(2016, 4, 30)
    with pytest.raises(dg.Failure, match="write it like 2016-04-30"):
        in_ui.evaluated(pipeline, in_ui.ReleaseConfig(as_of="soon"))


def test_an_outcome_tells_counts_and_dates_and_no_figure() -> None:
    rows = pd.DataFrame({"value": [3.25, None], "period_end": ["2015-03-31", "2016-03-31"]})
    assert _told(rows) == {"figures": 2, "figures with a value": 1, "newest day covered": "2015-03-31"}
    assert _told(rows.iloc[:0])["newest day covered"] == "none"


def test_only_months_that_count_are_parsed_again(city: City) -> None:
    context = dg.build_asset_context()
    engine = city.open().engine
    with pytest.raises(dg.Failure, match="delivered are 2014-01 to 2014-02"):
        _forget(context, ["2031-01"], {"2014-01", "2014-02"}, engine)  # type: ignore[arg-type]
