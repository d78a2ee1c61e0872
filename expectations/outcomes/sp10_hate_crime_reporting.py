"""Reports of hate crime and hate incident to the police, the council and third-party centres, each report once.

Here: the outcome table of SP10, what it is made from, and its checks (spec section 1). Not here: the rules of the sources, such as
aggravated offences without a flag (`expectations/suites/police_crime.py`, `hate_report.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.model import STRANDS
from expectations.contracts.outcome import outcome_table
from expectations.suites.model import Facts, Profile, Rule, Suite, none
from expectations.suites.outcome import outcome_profile, outcome_rules

TABLE = outcome_table(__name__, __doc__)
_REPORTS, _CRIMES, _INCIDENTS = "clean_hate_report", "clean_police_crime", "clean_police_incident"
READS: tuple[str, ...] = (_REPORTS, f"{_REPORTS}_completeness")
#: The police's own records, with which reports to others are told once.
OPTIONAL: tuple[str, ...] = (_CRIMES, f"{_CRIMES}_completeness", _INCIDENTS, f"{_INCIDENTS}_completeness")
_PERIOD = ["period_kind", "period_start", "period_end"]


def suite(_limits: Mapping[str, float]) -> Suite:
    """The suite; it has no threshold of its own."""
    rules = (
        *outcome_rules(TABLE),
        Rule(
            "kinds_and_channels_sum",
            "ERROR",
            "consistency",
            "crimes and incidents, and the channels, sum to the reports in every period",
            (none("periods_kinds_differ"), none("periods_channels_differ")),
        ),
        Rule(
            "every_report_has_strand",
            "ERROR",
            "completeness",
            "every report has a strand of the six: strands sum to no less than the reports, and none alone to more",
            (none("reports_without_strand"), none("periods_strands_short"), none("strands_beyond_reports")),
        ),
        Rule(
            "within_sources",
            "ERROR",
            "consistency",
            "in every month there are at least the hate crimes that the police recorded, and at most what all sources hold",
            (none("months_below_police"), none("months_above_sources")),
        ),
        Rule(
            "says_what_a_rise_means",
            "ERROR",
            "validity",
            "every figure says that a rise can also be more hate",
            (none("figures_without_caution"),),
        ),
    )
    return Suite(TABLE.name, rules, reads=(_REPORTS,), profile=_profile, reads_if_there=(_CRIMES, _INCIDENTS))


def _profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    held = frames[TABLE.name]
    # A figure that stands twice fails `key_unique`, and must not keep the other rules from being judged.
    rows = held.drop_duplicates(list(TABLE.key))
    counted = rows[rows["numerator"].notna()]
    total = counted[(counted["part"] == "reports") & (counted["breakdown"] == "")].set_index(_PERIOD)["numerator"]
    kinds = counted[counted["part"].isin(["crimes", "incidents"])].groupby(_PERIOD)["numerator"].sum()
    channels = _broken_down(counted, "channel=").groupby(_PERIOD)["numerator"].sum()
    strands = _broken_down(counted, "strand=").set_index(_PERIOD)["numerator"]
    summed = strands.groupby(level=_PERIOD).sum()
    return {
        **outcome_profile(held),
        "periods_kinds_differ": _differ(total, kinds),
        "periods_channels_differ": _differ(total, channels),
        "periods_strands_short": int((~(summed.reindex(total.index) >= total)).sum()),
        "strands_beyond_reports": int((~(strands <= total.reindex(strands.index).to_numpy())).sum()),
        "figures_without_caution": int((~rows["note"].str.contains("can also be more hate", regex=False)).sum()),
        **_sources(frames, counted),
    }


def _broken_down(counted: pd.DataFrame, dimension: str) -> pd.DataFrame:
    return counted[(counted["part"] == "reports") & counted["breakdown"].str.startswith(dimension)]


def _differ(total: pd.Series, parts: pd.Series) -> int:
    """In how many periods the parts do not sum to the total."""
    both = pd.concat([total.rename("total"), parts.rename("parts")], axis=1).fillna(-1)
    return int((both["total"] != both["parts"]).sum())


def _sources(frames: Mapping[str, pd.DataFrame], counted: pd.DataFrame) -> Profile:
    """The monthly figures against the rows of the sources; formed without the measure."""
    sent = frames[_REPORTS]
    nobody = pd.Series(dtype="str")
    crimes = incidents = pd.DataFrame({"month": nobody, "strands": nobody})
    if _CRIMES in frames:
        rows = frames[_CRIMES]
        rows = rows[(rows["hate_flag"] == "Y") & (rows["status"] == "recorded")]
        crimes = rows.assign(strands=rows["hate_strands"])
    if _INCIDENTS in frames:
        incidents = frames[_INCIDENTS][frames[_INCIDENTS]["category"] == "hate"]
    named = pd.concat([source["strands"] for source in (sent, crimes, incidents)]).fillna("")
    months = counted[(counted["period_kind"] == "month") & (counted["breakdown"] == "")]
    months = months.assign(month=months["period_start"].str[:7]).set_index("month")
    reports = months[months["part"] == "reports"]["numerator"]
    as_crime = months[months["part"] == "crimes"]["numerator"]

    def number(*sources: pd.DataFrame) -> pd.Series:
        return pd.concat([source["month"] for source in sources]).value_counts().reindex(reports.index).fillna(0)

    return {
        "reports_without_strand": sum(not set(text.split(";")) <= set(STRANDS) for text in named),
        "months_below_police": int((as_crime.reindex(reports.index) < number(crimes)).sum()),
        "months_above_sources": int((reports > number(sent, crimes, incidents)).sum()),
    }
