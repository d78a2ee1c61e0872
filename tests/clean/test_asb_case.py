"""Victim Champion cases: order of dates, engagement (SP05b), what a case is counted as."""

import pytest

from tests.clean.given import cleaned, given, made, rejected

SOURCE = "asb_case"
DATES = ("referral_date", "assessed_date", "consent_date", "first_contact_date", "support_plan_date", "exit_date")


def _case(*dates: str) -> dict[str, str]:
    return dict(zip(DATES, dates, strict=True))


@pytest.mark.parametrize(
    ("dates", "in_order"),
    [
        (("2015-06-01", "2015-06-01", "2015-06-01", "2015-06-01", "2015-06-01", "2015-06-01"), True),
        (("2015-06-01", "", "", "", "", ""), True),
        (("2015-06-01", "2015-06-02", "2015-06-03", "2015-06-20", "2015-06-10", "2015-07-01"), True),
        (("2015-06-02", "2015-06-01", "", "", "", ""), False),
        (("2015-06-01", "2015-06-03", "2015-06-02", "", "", ""), False),
        (("2015-06-01", "2015-06-03", "2015-06-04", "2015-06-03", "", ""), False),
        (("2015-06-01", "2015-06-03", "2015-06-04", "", "2015-06-03", ""), False),
        (("2015-06-01", "", "2015-06-04", "2015-06-20", "2015-06-10", "2015-06-15"), False),
        (("2015-06-02", "", "", "", "", "2015-06-01"), False),
    ],
)
def test_order_of_dates(dates: tuple[str, ...], in_order: bool) -> None:
    assert rejected(SOURCE, _case(*dates)) == ["" if in_order else "dates_out_of_order"]


@pytest.mark.parametrize(
    ("consent", "contact", "plan", "engaged"),
    [
        ("2015-06-01", "2015-06-01", "2015-06-01", "Y"),
        ("2015-06-01", "2015-06-29", "2015-08-01", "Y"),  # 28 days; the plan may come later
        ("2015-06-01", "2015-06-30", "2015-06-10", "N"),
        ("2015-06-01", "2015-06-10", "", "N"),
        ("2015-06-01", "", "2015-06-10", "N"),
        ("", "2015-06-10", "2015-06-10", "N"),
    ],
)
def test_engaged_needs_consent_contact_in_28_days_and_plan(consent: str, contact: str, plan: str, engaged: str) -> None:
    row = _case("2015-06-01", "2015-06-01", consent, contact, plan, "")
    found = made(SOURCE, row | {"engaged_service_flag": "Y" if engaged == "N" else "N"})
    assert found["engaged"].item() == engaged


def test_out_of_area_is_out_of_scope_and_no_outcome_is_pending() -> None:
    rows = given(SOURCE, {"outcome": "out_of_area"}, {"outcome": ""}, {"outcome": "appropriate"})
    found = cleaned(SOURCE, rows)
    assert found.out_of_scope == {0}
    assert found.rows["outcome"].tolist() == ["pending", "appropriate"]


def test_two_cases_of_one_person_are_two() -> None:
    """As golden SP05-b says: two assessments, one person."""
    row = _case("2015-06-01", "2015-06-10", "", "", "", "") | {"person_key": "P1"}
    found = made(SOURCE, row, row | {"referral_date": "2016-01-05", "assessed_date": "2016-02-01"})
    assert len(found) == 2
    assert found["person_key"].nunique() == 1
    assert found["month"].tolist() == ["2015-06", "2016-01"]
    assert found["assessed_month"].tolist() == ["2015-06", "2016-02"]


def test_months_of_stages_not_reached_are_blank() -> None:
    found = made(SOURCE, {}, {"exit_date": "2016-03-31"})
    assert found["assessed_month"].isna().all()
    assert found["exit_month"].fillna("").tolist() == ["", "2016-03"]
