"""SP04 Referrals to domestic abuse services, with first-time referrals to PDAS.

The Board's decision: "Further consideration to be given to how sexual crime within DA is dealt with and the effects of DA on
young people in the household. A proper risk assessment approach is required and clarity on what expectations are. Refer to
Violence Related Harm Group."

The rule, in plain words (spec SP04, golden SP04-a):
* referrals = referrals of adult victims received, each once, by who referred too. One that comes while the client's case is
  open is no part of them: on_open_case. clients = the people behind the referrals, as far as a client key is given.
* first_time_referrals, first_time_clients = those without a referral of the client in the look-back (24 months). Where a month
  of the look-back was not delivered nobody can know, so `[x]`. first_time_unknown = referrals without a client key.
* Of referrals, as percentages: sexual_violence (disclosed, of those asked and answered); children_in_household,
  unborn_in_household (at least one, of the households known with their number given: unknown is not none);
  safeguarding_referral (made, of the households with a child born or unborn, where answered); assessed_in_5_days (a DASH score
  within 5 working days); risk_level (standard, medium, high, of those with a level); marac_heard (of high risk); engaged
  (support accepted within 28 days; not known counts as not).
* Beside them, never summed with them: police_da_offences, recorded crimes with the domestic abuse flag, and
  police_sexual_offences, the sexual offences among these. The flag is a national return since April 2015: nothing earlier.
* No target until the contract sets one, and no judgement: more referrals can mean more awareness or more abuse.
"""

from collections.abc import Iterator, Mapping

import pandas as pd

from assets.outcomes.asset import outcome_asset
from assets.outcomes.series import Coverage, Parts, covered
from assets.outcomes.tidy import Line, Setting, tidy_table
from expectations.contracts.pdas_referral import SOURCE_AGENCIES
from expectations.outcomes import sp04_domestic_abuse_referrals as contract
from methods.periods import Period, add_months

RISK_LEVELS = ("standard", "medium", "high")
POLICE_FLAG_SINCE = "2015-04"


def calculate(tables: Mapping[str, pd.DataFrame], setting: Setting) -> pd.DataFrame:
    """The tidy table of SP04 from the clean referrals and, where delivered, crimes; no row when no month is complete."""
    referrals = tables["clean_pdas_referral"]
    cover = covered(tables["clean_pdas_referral_completeness"])
    parts = Parts(cover, setting.neutral)

    counted = referrals[referrals["counted"] == "Y"]
    month, source, first = counted["month"], counted["source_agency"], counted["first_time"]
    new = month[first == "Y"]

    def untold(period: Period) -> str:
        start = add_months(period.first, -setting.lookback_months)
        why = cover.why_not(Period(period.kind, start, period.last))
        return f"look-back of {setting.lookback_months} months: {why}" if why else ""

    lines = [
        parts.count("referrals", "referrals", month),
        *(parts.count("referrals", "referrals", month[source == s], f"source={s}") for s in SOURCE_AGENCIES),
        parts.count("on_open_case", "referrals", referrals["month"][referrals["counted"] == "on_open_case"]),
        parts.people("clients", "people", month, counted["client_key"]),
        parts.count("first_time_referrals", "referrals", new, unless=untold),
        parts.people("first_time_clients", "people", new, counted["client_key"], unless=untold),
        parts.count("first_time_unknown", "referrals", month[first == "unknown"]),
        *of_referrals(parts, counted),
        *of_police(tables, cover, setting),
    ]
    return tidy_table("SP04", lines, cover.as_at, baseline_fy=None, against="previous")


def of_referrals(parts: Parts, counted: pd.DataFrame) -> Iterator[Line]:
    """What part of the counted referrals: disclosure, household, risk, support."""
    month = counted["month"]
    everyone = month.notna()
    violence, level = counted["sexual_violence"], counted["risk_level"]
    known = counted["household_known"] == "Y"
    born, unborn = counted["n_children_u18"], counted["n_unborn"]
    a_child = known & ((born >= 1) | (unborn >= 1))
    made = counted["child_safeguarding_referral"]

    yield parts.share("sexual_violence", month, violence == "Y", violence.isin(["Y", "N"]))
    yield parts.share("children_in_household", month, born >= 1, known & born.notna())
    yield parts.share("unborn_in_household", month, unborn >= 1, known & unborn.notna())
    yield parts.share("safeguarding_referral", month, made == "Y", a_child & made.notna())
    yield parts.share("assessed_in_5_days", month, counted["dash_5"] == "Y", everyone)
    for risk in RISK_LEVELS:
        yield parts.share("risk_level", month, level == risk, level.notna(), f"risk={risk}")
    yield parts.share("marac_heard", month, counted["marac_heard_date"].notna(), level == "high")
    yield parts.share("engaged", month, counted["engaged_28"] == "Y", everyone)


def of_police(tables: Mapping[str, pd.DataFrame], cover: Coverage, setting: Setting) -> Iterator[Line]:
    """Recorded crimes with the domestic abuse flag, and the share of sexual offences among them, for the same periods."""
    held = "clean_police_crime" in tables
    police = covered(tables["clean_police_crime_completeness"]) if held else covered()
    crimes = (
        tables["clean_police_crime"] if held else pd.DataFrame(columns=["month", "status", "da_flag", "sexual_offence"])
    )
    parts = Parts(police, setting.neutral, cover.periods)

    def unflagged(period: Period) -> str:
        return "the police flag is a national return only since April 2015" if period.first < POLICE_FLAG_SINCE else ""

    flagged = crimes[(crimes["status"] == "recorded") & (crimes["da_flag"] == "Y")]
    month, sexual = flagged["month"], flagged["sexual_offence"] == "Y"
    note = "police recorded crime"
    yield parts.count("police_da_offences", "offences", month, note=note, unless=unflagged)
    yield parts.share("police_sexual_offences", month, sexual, month.notna(), note=note, unless=unflagged)


outcome_sp04_domestic_abuse_referrals = outcome_asset("SP04", contract, calculate)
