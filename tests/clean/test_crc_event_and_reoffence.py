"""Events take their effect from the register; reoffences are proven by the national definition."""

import pytest

from tests.clean.given import made, rejected


def test_effect_is_the_registers() -> None:
    kinds = ["recall_standard", "revoked_good_progress", "death", "pss_breach_proven", "transfer_area"]
    found = made("crc_event", *({"event_type": kind} for kind in kinds))
    assert found["effect"].tolist() == ["failing", "not_failing", "excluding", "none", "none"]


@pytest.mark.parametrize(
    ("offence", "outcome", "breach", "proven"),
    [
        ("2015-05-01", "2015-05-01", "N", "Y"),
        ("2015-04-30", "2015-06-01", "N", "N"),  # before the index date
        ("2016-05-01", "2016-06-01", "N", "Y"),
        ("2016-05-02", "2016-06-01", "N", "N"),
        ("2016-04-30", "2016-11-01", "N", "Y"),  # 18 months after the index date
        ("2016-04-30", "2016-11-02", "N", "N"),
        ("2015-06-01", "2015-07-01", "Y", "N"),
    ],
)
def test_proven(offence: str, outcome: str, breach: str, proven: str) -> None:
    row = {"offence_date": offence, "outcome_date": outcome, "breach_only": breach}
    assert made("crc_reoffence", row)["proven"].item() == proven


def test_follow_up_from_the_last_day_of_february() -> None:
    row = {"index_date": "2016-02-29", "outcome_date": "2017-05-01"}
    found = made("crc_reoffence", *(row | {"offence_date": day} for day in ("2017-02-28", "2017-03-01")))
    assert found["proven"].tolist() == ["Y", "N"]


def test_outcome_is_not_before_the_offence() -> None:
    row = {"offence_date": "2015-06-02", "outcome_date": "2015-06-01"}
    assert rejected("crc_reoffence", row, row | {"outcome_date": "2015-06-02"}) == ["dates_out_of_order", ""]
