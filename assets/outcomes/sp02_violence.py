"""SP02 Violence related: candidates for analysts, none of them a measure yet.

The Board's decision: "Further proposals to be brought back identifying control measures and activity types which would enable
the Board to track progress".
Aim: the Evening and Night Time Economy and Alcohol harm reduction group looks for a new indicator. Until the Board agrees one
nothing but the status line is public.

The rule, in plain words (spec SP02, 2.2, golden SP02-a):
* Recorded crimes of violence against the person by offence code and month of record; a crime since cancelled leaves it, and
  sexual offences are no part. All as a rate per 1,000 residents, compared with the same period one year before, never judged.
* with_injury, without_injury, homicide, driving = its four groups; violence_total = all four. In April 2017 deaths and injuries
  by unlawful driving left violence with injury for a group of their own: both are marked `[b]` and never compared across it.
* violence_without_da = without crimes flagged as domestic abuse.
* alcohol_flagged = flagged for alcohol; `[x]` while the flag is answered for fewer than 80% of the offences.
  alcohol_flag_completeness = the percentage answered, always beside it.
* ente_window = inside the area of the evening and night-time economy, begun Friday 20:00 to Saturday 05:59 or Saturday 20:00 to
  Sunday 05:59; ente_time_unknown = inside the area, start unknown: counted apart.
* A flag that is answered for no offence at all was not filled in, so what rests on it is `[x]`; how many answers lack is said.
* Recording of violence has improved: every figure says that a rise may be better recording.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

import pandas as pd

from assets.outcomes import street
from assets.outcomes.asset import outcome_asset
from assets.outcomes.crime import known_crimes, recorded
from assets.outcomes.series import Coverage, Parts, covered
from assets.outcomes.street import CITY, Known, city_line
from assets.outcomes.tidy import Figure, Line, Setting, compare_rates, tidy_table
from expectations.contracts.police_crime import VIOLENCE_GROUPS
from expectations.outcomes import sp02_violence as contract

RATE = "offences per 1000"
NOTE = "recording of violence has improved: a rise may be better recording"
TOTAL = "violence_total"
#: Since when deaths and injuries by unlawful driving are a group of their own, and whose series that breaks (spec 2.2).
BREAKS = {"with_injury": ("2017-04",), "driving": ("2017-04",)}
#: Candidates that rest on a flag: its column, and what it is called.
FLAGS = {
    "violence_without_da": ("da_flag", "domestic abuse"),
    "alcohol_flagged": ("alcohol_flag", "alcohol"),
    "ente_window": ("ente_area_flag", "night-time economy area"),
    "ente_time_unknown": ("ente_area_flag", "night-time economy area"),
}


def calculate(tables: Mapping[str, pd.DataFrame], setting: Setting) -> pd.DataFrame:
    """The tidy table of SP02 from the clean tables; no row when no month is complete."""
    crimes = recorded(tables["clean_police_crime"])
    violence = crimes[crimes["violence_group"] != ""]
    cover = covered(tables["clean_police_crime_completeness"])
    return tidy_table("SP02", lines(violence, cover, tables, setting.neutral), cover.as_at, None, "previous", NOTE)


def lines(
    violence: pd.DataFrame, cover: Coverage, tables: Mapping[str, pd.DataFrame], setting: Setting
) -> Iterator[Line]:
    """Every candidate."""
    groups = {group: violence["violence_group"] == group for group in VIOLENCE_GROUPS}
    inside = violence["ente_area_flag"] == "Y"
    candidates = {
        "violence_without_da": violence["da_flag"] != "Y",
        "alcohol_flagged": violence["alcohol_flag"] == "Y",
        "ente_window": inside & (violence["ente_window"] == "in"),
        "ente_time_unknown": inside & (violence["ente_window"] == "unknown"),
    }
    answered = {flag: violence[flag].notna() for flag, _ in FLAGS.values()}
    everything = {TOTAL: violence["violence_group"] != ""}
    places = (tables["clean_lsoa_neighbourhood"], tables["clean_neighbourhood"])
    people = street.residents(tables["clean_population"], *places, setting.area_code)
    known = known_crimes(violence, {**everything, **groups, **candidates, **answered}, cover, people, setting)

    for part in (TOTAL, *VIOLENCE_GROUPS):
        yield city_line(part, RATE, known, setting, breaks=BREAKS.get(part, ()))
    for part in candidates:
        least = Fraction(str(setting.alcohol_flag_complete)) if part == "alcohol_flagged" else Fraction(0)
        figures = {period: flagged(found, part, least) for period, found in known.items()}
        yield Line(part, setting.area_code, setting.area_name, RATE, figures, compare_rates)
    every = violence["month"].notna()
    yield Parts(cover, setting).share("alcohol_flag_completeness", violence["month"], answered["alcohol_flag"], every)


def flagged(known: Known, part: str, least: Fraction) -> Figure:
    """Rate of a candidate that rests on a flag; not available below the least share of offences with an answer."""
    figure = known.rate([part], [CITY])
    if not figure.known:
        return figure
    column, name = FLAGS[part]
    asked, answered = int(known.counts[TOTAL]), int(known.counts[column])
    if answered < least * asked or (asked and not answered):
        return Figure(notes=(*figure.notes, f"{name} flag answered for {answered} of {asked} offences only"))
    blanks = f"{name} flag not answered for {asked - answered} of {asked} offences" if answered < asked else ""
    return replace(figure, notes=(*figure.notes, blanks))


outcome_sp02_violence = outcome_asset("SP02", contract, calculate)
