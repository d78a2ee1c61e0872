"""SP08 Serious Acquisitive Crime: levels only, no judgement.

The Board's decision: "Agreed"; aim: "monitoring updates on the levels … throughout the year".

The rule, in plain words (spec SP08, 2.1, 2.3):
* Serious acquisitive crime is dwelling burglary, robbery, theft of and theft from a vehicle, by offence code, counted by the
  month of record; a crime since cancelled leaves it. Attempts have codes of their own for burglary, and are in the main codes
  otherwise. Vehicle interference, pedal cycles, theft from a person and other burglary are no part of it.
* With the force's restricted extract: sac = the four together; domestic_burglary, robbery, theft_of_vehicle and
  theft_from_vehicle = each, per 1,000 residents; domestic_burglary_households = per 1,000 households, where these are held.
  A month that only the open files cover is not available. open_data_proxy = what the open files would have given, whole and
  by group, for analysts: the two sources are reconciled with it.
* Without the extract open data allows a proxy, never to be called by the measure's name: all burglary, robbery and vehicle
  crime (with interference), which overstates. Every row of it says so. proxy = the three together; burglary, robbery,
  vehicle_crime = each.
* Compared with the same period one year before, in neutral words (higher, lower, similar), since the Board asked for
  levels: never better or worse, never a target.
* The breaks of April 2017 (residential burglary takes in sheds and garages) and April 2023 (split into home and
  unconnected building) move offences between dwelling and other burglary: dwelling burglary and the four together are marked
  `[b]` and never compared across them. The open category holds both, so they do not break the proxy.
"""

from collections.abc import Iterator, Mapping

import pandas as pd

from assets.outcomes import street
from assets.outcomes.asset import outcome_asset
from assets.outcomes.crime import known_crimes, recorded
from assets.outcomes.series import Coverage, covered, spanning
from assets.outcomes.street import CITY, Known, city_line
from assets.outcomes.tidy import Line, Setting, tidy_table
from expectations.contracts.outcome import KEY
from expectations.contracts.police_crime import SAC_GROUPS
from expectations.outcomes import sp08_serious_acquisitive_crime as contract
from methods.periods import Period

RATE = "offences per 1000"
PROXY = "open-data proxy: overstates serious acquisitive crime"
BREAKS = ("2017-04", "2023-04")


def calculate(tables: Mapping[str, pd.DataFrame], setting: Setting) -> pd.DataFrame:
    """The tidy table of SP08 from the clean tables; no row when no month is complete."""
    setting.needs("proxy_groups")
    opened = street.coverage(tables["clean_police_street_completeness"], setting.forces)
    places = (tables["clean_lsoa_neighbourhood"], tables["clean_neighbourhood"])
    people = street.residents(tables["clean_population"], *places, setting.area_code)
    proxy = street.known_periods(proxy_counts(tables, setting), opened, people, setting.population_fallback)
    groups = sorted(set(setting.proxy_groups.values()))
    if "clean_police_crime" not in tables:
        lines = [city_line(part, RATE, proxy, setting) for part in (*groups, "proxy")]
        return _table(lines, opened, setting, PROXY)

    own = covered(tables["clean_police_crime_completeness"])
    # What the extract lacks is not available in every month that either source covers, never left out or made good.
    cover = Coverage(own.complete, spanning(own, opened).months)
    beside = [city_line("open_data_proxy", RATE, proxy, setting, counted="proxy")]
    beside += [city_line("open_data_proxy", RATE, proxy, setting, group, f"group={group}") for group in groups]
    made = [
        _table(list(sac_lines(tables, cover, people, setting)), cover, setting, ""),
        _table(beside, opened, setting, PROXY),
    ]
    return pd.concat(made).sort_values(list(KEY), ignore_index=True)


def proxy_counts(tables: Mapping[str, pd.DataFrame], setting: Setting) -> pd.DataFrame:
    """Offences of the city in the open files by month (index) and group of the proxy (columns), with their sum."""
    lookup = tables["clean_lsoa_neighbourhood"]
    rows = street.rows_in_area(tables["clean_police_street_count"], lookup, setting.forces)
    group = rows["category"].map(setting.proxy_groups).rename("part")
    counts = rows.groupby(["month", group])["counted"].sum().unstack()
    counts = counts.reindex(columns=sorted(set(setting.proxy_groups.values())))
    return counts.assign(proxy=counts.sum(axis=1))


def sac_lines(
    tables: Mapping[str, pd.DataFrame], cover: Coverage, people: pd.DataFrame, setting: Setting
) -> Iterator[Line]:
    """The measure itself from offence codes: the four together, each, and dwelling burglary per household."""
    crimes = recorded(tables["clean_police_crime"])
    groups = {group: crimes["sac_group"] == group for group in SAC_GROUPS}
    parts = {"sac": crimes["sac_group"].isin(SAC_GROUPS), **groups}
    known: dict[Period, Known] = known_crimes(crimes, parts, cover, people, setting)
    for part in parts:
        yield city_line(part, RATE, known, setting, breaks=BREAKS if part in ("sac", "domestic_burglary") else ())
    population = tables["clean_population"]
    homes = population[(population["area_type"] == "city") & (population["area_code"] == setting.area_code)]
    homes = homes.dropna(subset=["households"]).set_index("mid_year")[["households"]]
    if len(homes):
        burgled = {"domestic_burglary_households": groups["domestic_burglary"]}
        known = known_crimes(crimes, burgled, cover, homes.set_axis([CITY], axis=1), setting)
        yield city_line("domestic_burglary_households", f"{RATE} households", known, setting, breaks=BREAKS)


def _table(lines: list[Line], cover: Coverage, setting: Setting, note: str) -> pd.DataFrame:
    """The rows of one source, with its own newest complete month."""
    return tidy_table("SP08", lines, cover.as_at, setting.baseline_fy, against="previous", opening_note=note)


outcome_sp08_serious_acquisitive_crime = outcome_asset("SP08", contract, calculate)
