"""SP05 Vulnerable victims of anti-social behaviour assessed as appropriate for the Victim Champion Service, and engaged.

The Board's decision: "Agreed". Its note: "What defines engagement is to be determined by the Community Safety Team".
Aim: vulnerable victims are found, and take up the help of the ASB Victim Champion.

The rule, in plain words (spec SP05, golden SP05-a and SP05-b):
* Everything is counted in the month of the assessment, so engagement too: conversion can rise for 28 days after.
* assessed = assessments, whatever their outcome (a case of another area is not in the table).
* appropriate = assessments with the outcome appropriate; a person found not vulnerable is none of them. The unit is the
  assessment: two cases of one person in a year are two. appropriate_people = the people behind them, each once.
* consented, engaged = appropriate assessments with consent; with consent, a two-way contact after it within 28 days and a
  support plan. That wording is provisional, and every figure made with it says so.
* conversion = engaged as a percentage of appropriate.
* Compared with the same period one year before.
"""

from collections.abc import Mapping

import pandas as pd

from assets.outcomes.asset import outcome_asset
from assets.outcomes.series import Parts, covered
from assets.outcomes.tidy import Setting, tidy_table
from expectations.outcomes import sp05_vulnerable_victims_engaged as contract

PROVISIONAL = (
    "definition of engagement awaited from the Community Safety Team; provisional wording: consent given,"
    " at least one two-way contact after consent within 28 days, and a support plan opened"
)


def calculate(tables: Mapping[str, pd.DataFrame], setting: Setting) -> pd.DataFrame:
    """The tidy table of SP05 from the clean cases; no row when no month is complete."""
    cases = tables["clean_asb_case"]
    cover = covered(tables["clean_asb_case_completeness"])
    parts, neutral = Parts(cover, setting), Parts(cover, setting.neutral)

    month = cases["assessed_month"]
    assessed = month.notna()
    appropriate = assessed & (cases["outcome"] == "appropriate") & (cases["vulnerable"] != "N")
    consented = appropriate & cases["consent_date"].notna()
    engaged = consented & (cases["engaged"] == "Y")
    lines = [
        neutral.count("assessed", "assessments", month[assessed]),
        parts.count("appropriate", "assessments", month[appropriate]),
        parts.people("appropriate_people", "people", month[appropriate], cases["person_key"]),
        neutral.count("consented", "assessments", month[consented]),
        parts.count("engaged", "assessments", month[engaged], note=PROVISIONAL),
        parts.share("conversion", month, engaged, appropriate, note=PROVISIONAL),
    ]
    return tidy_table("SP05", lines, cover.as_at, baseline_fy=None, against="previous")


outcome_sp05_vulnerable_victims_engaged = outcome_asset("SP05", contract, calculate)
