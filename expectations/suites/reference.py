"""Suites of the delivered reference tables (spec 3.9, SP01 blocking checks on lookup and population)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts import reference as contract
from expectations.suites.generic import contract_rules, contract_suite
from expectations.suites.model import Facts, Profile, Rule, Suite, at_most, none

#: Which census vintage the codes of an LSOA area type are of.
VINTAGE_OF_TYPE = {"lsoa01": "2001", "lsoa11": "2011", "lsoa21": "2021"}


def suites(limits: Mapping[str, float]) -> tuple[Suite, ...]:
    """The suites, with the thresholds of the partnership's register."""
    raw = tuple(
        contract_suite(table)
        for table in (contract.RAW_NEIGHBOURHOOD, contract.RAW_LSOA_NEIGHBOURHOOD, contract.RAW_POPULATION)
    )
    return (
        *raw,
        Suite(contract.NEIGHBOURHOOD.name, contract_rules(contract.NEIGHBOURHOOD)),
        _lookup(),
        _population(limits),
    )


def _lookup() -> Suite:
    rules = (
        *contract_rules(contract.LSOA_NEIGHBOURHOOD),
        Rule(
            "weights_sum",
            "ERROR",
            "consistency",
            "the weights of each LSOA sum to 1, so that a crime is counted once",
            (none("lsoas_off"),),
        ),
        Rule(
            "vintages_agree",
            "ERROR",
            "consistency",
            "a code that two census vintages share lies in the same neighbourhoods in both",
            (none("codes_that_moved"),),
        ),
    )

    def profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
        lookup = frames[contract.LSOA_NEIGHBOURHOOD.name]
        totals = lookup.groupby(["lsoa_vintage", "lsoa_code"])["weight"].sum()
        places = lookup.sort_values("neighbourhood_code").groupby(["lsoa_code", "lsoa_vintage"])
        lists = places.apply(
            lambda g: tuple(zip(g["neighbourhood_code"], g["weight"], strict=True)), include_groups=False
        )
        moved = lists.groupby("lsoa_code").nunique() > 1
        return {"lsoas_off": int(((totals - 1).abs() > 1e-9).sum()), "codes_that_moved": int(moved.sum())}

    return Suite(contract.LSOA_NEIGHBOURHOOD.name, rules, profile=profile)


def _population(limits: Mapping[str, float]) -> Suite:
    rules = (
        *contract_rules(contract.POPULATION),
        Rule(
            "every_neighbourhood_peopled",
            "ERROR",
            "completeness",
            "in every year given, every neighbourhood of the lookup has residents and every LSOA a population",
            (none("neighbourhoods_without_population"), none("lsoas_without_population")),
        ),
        Rule(
            "city_agrees",
            "ERROR",
            "consistency",
            f"the neighbourhoods sum to the independent city population within {limits['city_population_tolerance']:.1%}",
            (at_most("worst_city_difference", limits["city_population_tolerance"]),),
            may_not_apply=True,
        ),
    )

    def profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
        population, lookup = frames[contract.POPULATION.name], frames[contract.LSOA_NEIGHBOURHOOD.name]
        known = set(frames[contract.NEIGHBOURHOOD.name]["neighbourhood_code"])
        empty_places = missing_lsoas = 0
        differences: list[float] = []
        cities = population[population["area_type"] == "city"].groupby("mid_year")["persons"].sum()
        for (area_type, year), areas in population.groupby(["area_type", "mid_year"]):
            # An area that stands twice fails as such (`key_unique`).
            persons = areas.drop_duplicates("area_code").set_index("area_code")["persons"]
            if area_type in VINTAGE_OF_TYPE:
                part = lookup[lookup["lsoa_vintage"] == VINTAGE_OF_TYPE[area_type]]
                residents = part["lsoa_code"].map(persons)
                missing_lsoas += int(residents.isna().sum())
                by_place = (residents.fillna(0) * part["weight"]).groupby(part["neighbourhood_code"]).sum()
            elif area_type == "neighbourhood":
                by_place = persons.reindex(sorted(known)).fillna(0)
            else:
                continue
            # A neighbourhood of the city that this year's areas do not reach has nobody: that is a fault too.
            by_place = by_place.reindex(sorted(known | set(by_place.index))).fillna(0)
            empty_places += int((by_place <= 0).sum())
            if year in cities:
                differences.append(abs(float(by_place.sum()) / cities[year] - 1) if cities[year] else 1.0)
        return {
            "neighbourhoods_without_population": empty_places,
            "lsoas_without_population": missing_lsoas,
            "worst_city_difference": max(differences) if differences else None,
        }

    reads = (contract.LSOA_NEIGHBOURHOOD.name, contract.NEIGHBOURHOOD.name)
    return Suite(contract.POPULATION.name, rules, reads=reads, profile=profile)
