"""SP10 Hate crime reporting: reports of hate crime and hate incident, each once.

The Board's decision: "Agreed"; aim: "increase in reporting"; the council's own indicators are "currently under discussion as
part of a performance review".

The rule, in plain words (spec SP10, golden SP10-a):
* reports = crimes + incidents received in the period: recorded crimes with the hate flag, by the month of record; hate incidents
  of the police that are none of these crimes; reports to the council and to third-party centres. Each once: a report with the
  reference of one that counts already is the same, and of several with one reference the first counts.
* The police speak for their own channel: a report of theirs without a reference, or with one that they hold, counts only where
  their source was never delivered. Then every figure says that their records are missing.
* reports by strand and by channel. A report with several strands counts in each, so strands sum to more than the total, and
  strand_share, the percentage of the reports, to more than 100.
* A period that one of the delivered sources does not cover is `[x]`: half the reports would read as a fall.
* Compared with the same period one year before; only reports is judged: by the Board's policy more are better. A rise can also
  be more hate, and every figure says so.
"""

from collections.abc import Iterator, Mapping

import pandas as pd

from assets.outcomes.asset import outcome_asset
from assets.outcomes.crime import recorded
from assets.outcomes.series import Parts, covered, spanning
from assets.outcomes.tidy import Line, Setting, tidy_table
from expectations.contracts.hate_report import CHANNELS, KINDS
from expectations.contracts.model import STRANDS
from expectations.outcomes import sp10_hate_crime_reporting as contract

CAUTION = "more reports are read as better, yet a rise can also be more hate"
COLUMNS = ["month", "kind", "channel", "strands"]
#: What the police hold of each kind of report.
POLICE = {"crime": "clean_police_crime", "incident": "clean_police_incident"}


def calculate(tables: Mapping[str, pd.DataFrame], setting: Setting) -> pd.DataFrame:
    """The tidy table of SP10 from the reports and, where delivered, the police's records; no row when no month is complete."""
    held = [name for name in ("clean_hate_report", *POLICE.values()) if name in tables]
    cover = spanning(*(covered(tables[f"{name}_completeness"]) for name in held))
    missing = [f"hate {kind}s of the police not delivered" for kind, name in POLICE.items() if name not in tables]
    made = lines(each_once(tables), Parts(cover, setting), Parts(cover, setting.neutral))
    return tidy_table("SP10", made, cover.as_at, None, against="previous", opening_note="; ".join([CAUTION, *missing]))


def each_once(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every report that counts: month, kind (crime or incident), channel, strands."""
    counted, known, held = of_police(tables)
    sent = tables["clean_hate_report"].sort_values(["received_date", "report_key"])
    reference, police = sent["police_key"], sent["channel"] == "police"
    delivered = sent["crime_or_incident"].isin([kind for kind, name in POLICE.items() if name in tables])
    theirs = police & (reference.isin(held) | (reference.isna() & delivered))
    sent = sent[~reference.isin(known) & ~theirs]
    sent = sent[sent["police_key"].isna() | ~sent["police_key"].duplicated()]
    return pd.concat([counted, sent.rename(columns={"crime_or_incident": "kind"})[COLUMNS]], ignore_index=True)


def of_police(tables: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, set[str], set[str]]:
    """The police's own reports of hate, the references of those, and every reference that the police hold."""
    counted, known, held = [pd.DataFrame(columns=COLUMNS, dtype="str")], set[str](), set[str]()
    if "clean_police_crime" in tables:
        crimes = tables["clean_police_crime"]
        held |= set(crimes["crime_key"])
        crimes = recorded(crimes[crimes["hate_flag"] == "Y"])
        known |= set(crimes["crime_key"])
        counted.append(crimes.assign(kind="crime", channel="police", strands=crimes["hate_strands"])[COLUMNS])
    if "clean_police_incident" in tables:
        incidents = tables["clean_police_incident"]
        held |= set(incidents["incident_key"])
        incidents = incidents[incidents["category"] == "hate"]
        # One since recorded as a hate crime counts as that crime.
        counted.append(
            incidents[~incidents["crime_key"].isin(known)].assign(kind="incident", channel="police")[COLUMNS]
        )
        known |= set(incidents["incident_key"]) | set(incidents["crime_key"].dropna())
    return pd.concat(counted), known, held


def lines(reports: pd.DataFrame, parts: Parts, neutral: Parts) -> Iterator[Line]:
    """Total, crimes and incidents, channels and strands."""
    month = reports["month"]
    yield parts.count("reports", "reports", month)
    for kind in KINDS:
        yield neutral.count(f"{kind}s", "reports", month[reports["kind"] == kind])
    for channel in CHANNELS:
        yield neutral.count("reports", "reports", month[reports["channel"] == channel], f"channel={channel}")
    named = reports["strands"].str.split(";").map(set)
    for strand in STRANDS:
        of_strand = named.map(lambda names, strand=strand: strand in names).astype(bool)
        yield neutral.count("reports", "reports", month[of_strand], f"strand={strand}")
        yield neutral.share("strand_share", month, of_strand, month.notna(), f"strand={strand}")


outcome_sp10_hate_crime_reporting = outcome_asset("SP10", contract, calculate)
