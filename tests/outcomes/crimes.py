"""Invented places, and whole tables of crimes, licences and reports of hate drawn at random; how a suite judges them.

Here: what the tests of SP02 and SP08 to SP11 share. Not here: clean rows by hand (`services.py`), street data (`invented.py`).
"""

import pandas as pd

from expectations.contracts import TABLES
from expectations.gx import run_suite
from expectations.register import Thresholds
from expectations.suites import Facts
from resources.warehouse import canonical
from tests.outcomes.invented import CRIMES
from tests.outcomes.services import FIRST, GAP, LAST, Draw, tables

LIMITS = Thresholds().model_dump()
FACTS = Facts(LIMITS, ("alpha",), crime_categories=(*CRIMES, "unknown"))
AREA = "E06000001"
#: Offence codes with their group of acquisitive crime and of violence on any day of the tests.
CODES = [
    ("28A", "domestic_burglary", ""),
    ("34B", "robbery", ""),
    ("48", "theft_of_vehicle", ""),
    ("45", "theft_from_vehicle", ""),
    ("30A", "", ""),
    ("126", "", ""),
    ("46", "", ""),
    ("8N", "", "with_injury"),
    ("105A", "", "without_injury"),
    ("1", "", "homicide"),
    ("4.4", "", "driving"),
]
STRANDS = ["race", "race;religion", "disability", "sexual_orientation;transgender", "other", "religion"]


def frame(name, rows):
    """Rows of a table in the form the warehouse gives to a measure; columns that are left out are empty."""
    made = pd.DataFrame(rows, columns=TABLES[name].column_names)
    return canonical(TABLES[name], made).to_pandas()


def places(residents, households=None):
    """A city of one neighbourhood and one LSOA with residents by mid-year, as the three reference tables."""
    homes = households or {}
    people = [
        {"area_code": code, "area_type": kind, "mid_year": year, "persons": number, "vintage": "test"}
        | ({"households": homes.get(year)} if kind == "city" else {})
        for year, number in residents.items()
        for code, kind in ((AREA, "city"), ("E01000001", "lsoa11"))
    ]
    lookup = {"lsoa_code": "E01000001", "lsoa_vintage": "2011", "neighbourhood_code": "N1", "weight": 1.0}
    return {
        "clean_population": frame("clean_population", people),
        "clean_lsoa_neighbourhood": frame("clean_lsoa_neighbourhood", [lookup]),
        "clean_neighbourhood": frame("clean_neighbourhood", [{"neighbourhood_code": "N1", "name": "Ash"}]),
    }


def street(first_to_last, counts):
    """Open street files of the one force: months, and {(month, category): crimes} in the city's one LSOA."""
    rows = [
        {"force": "alpha", "month": month, "lsoa_code": "E01000001", "category": category, "counted": number}
        for (month, category), number in counts.items()
    ]
    return {
        "clean_police_street_count": pd.DataFrame(rows, columns=["force", "month", "lsoa_code", "category", "counted"]),
        "clean_police_street_completeness": pd.DataFrame(
            [("alpha", month, 1) for month in first_to_last], columns=["force", "month", "received"]
        ),
    }


def verdicts(contract, frames, facts=FACTS):
    """Outcome of every rule of a measure's suite, by its name."""
    return {verdict.rule.name: verdict.outcome for verdict in run_suite(contract.suite(LIMITS), frames, facts)}


def failing(contract, frames, facts=FACTS):
    """Names of the rules that did not pass, without those that do not apply."""
    return {rule for rule, outcome in verdicts(contract, frames, facts).items() if outcome in ("failed", "crashed")}


def out_of_bounds(contract, frames, facts=FACTS):
    """Names of the rules whose figures are not within their bounds, told without Great Expectations: for many tables."""
    suite = contract.suite(LIMITS)
    found = suite.profile(frames, facts)
    bounds = [
        (rule.name, found[expect.arguments["column"]], expect.arguments)
        for rule in suite.rules
        for expect in rule.expects
        if expect.on == "profile"
    ]
    assert len(bounds) > 3
    return {
        name
        for name, figure, limits in bounds
        if figure is None or not limits.get("min_value", figure) <= figure <= limits.get("max_value", figure)
    }


def spoiled(outcome, column, value, **where):
    """The outcome with one cell of its first row of that kind changed (a number: added to it)."""
    rows = outcome[outcome["value"].notna()]
    for name, wanted in where.items():
        rows = rows[rows[name] == wanted]
    changed = outcome.copy()
    label = rows.index[0]
    changed.loc[label, column] = value if isinstance(value, str) else changed.loc[label, column] + value
    return changed


# Drawn at random ------------------------------------------------------------------------------------------------------


def draw_b(seed=1, scale=1.0):
    """All tables that SP02 and SP08 to SP11 read, with a month that was not delivered."""
    d = Draw(seed, scale)
    crimes = [crime(d, number) for number in range(d.number(6000))]
    licences, events, reoffences = drawn_licences(d)
    held = {
        "police_crime": crimes,
        "police_incident": [incident(d, number, crimes) for number in range(d.number(500))],
        "hate_report": [report(d, number) for number in range(d.number(700))],
        "crc_licence": licences,
        "crc_event": events,
        "crc_reoffence": reoffences,
    }
    dated = ("recorded_date", "opened_date", "received_date", "licence_start", "event_date", "outcome_date")
    held = {
        source: [row for row in rows if not row[day].startswith(GAP)]
        for (source, rows), day in zip(held.items(), dated, strict=True)
    }
    answers = [answer(d) for _ in range(d.number(400))]
    return tables(FIRST, LAST, (GAP,), **held, hate_survey=answers) | places(
        {2010: 240000, 2012: 250000, 2015: 262700}, {2012: 110000}
    )


def crime(d, number):
    code, sac, violence = d.pick(CODES)
    hate = d.pick(["Y", "N", "N", "N", "N", None])
    return {
        "crime_key": f"CR{number}",
        "recorded_date": d.day(),
        "ho_code": code,
        "sac_group": sac,
        "violence_group": violence,
        "status": d.pick(["recorded"] * 9 + ["cancelled", "transferred"]),
        "hate_flag": hate,
        "hate_strands": d.pick(STRANDS) if hate == "Y" else "",
        "da_flag": d.maybe(d.pick("YNN"), 0.9),
        "alcohol_flag": d.maybe(d.pick("YNN"), 0.82),
        "ente_area_flag": d.maybe(d.pick("YNN"), 0.95),
        "ente_window": d.pick(["in", "out", "unknown"]),
    }


def incident(d, number, crimes):
    return {
        "incident_key": f"IN{number}",
        "opened_date": d.day(),
        "category": d.pick(["hate", "hate", "asb_nuisance"]),
        "strands": d.pick(STRANDS),
        "crime_key": d.maybe(d.pick(crimes)["crime_key"], 0.3),
    }


def report(d, number):
    """A report: two in five with a reference of the police, of which some are held by nobody."""
    reference = d.pick([f"CR{d.whole(0, 200)}", f"IN{d.whole(0, 100)}", f"XX{d.whole(0, 30)}"])
    return {
        "report_key": f"R{number}",
        "received_date": d.day(),
        "channel": d.pick(["police", "council", "centre", "online"]),
        "crime_or_incident": d.pick(["crime", "incident"]),
        "strands": d.pick(STRANDS),
        "police_key": d.maybe(reference, 0.4),
    }


def drawn_licences(d):
    licences, events, reoffences = [], {}, {}
    for number in range(d.number(900)):
        start = d.day()
        open_one = d.chance.random() < 0.02
        end = None if open_one else d.day(start, 200)
        offender = f"O{d.chance.randrange(d.number(600))}"
        licences.append(
            {
                "licence_key": f"L{number}",
                "offender_key": offender,
                "licence_start": start,
                "licence_end": end,
                "in_city": d.pick("YNNN"),
                "eligible": d.pick("YYYYN"),
            }
        )
        for _ in range(d.pick([0, 0, 0, 1, 1, 2])):
            kind, effect = d.pick(
                [
                    ("recall_standard", "failing"),
                    ("recall_fixed_term", "failing"),
                    ("revoked_good_progress", "not_failing"),
                    ("death", "excluding"),
                    ("transfer_area", "excluding"),
                    ("pss_breach_proven", "none"),
                ]
            )
            # Now and then the day before the start or after the end, on the first or on the last day.
            day = d.pick([d.day(start, 220, -2), start, end or start])
            events[f"L{number}", day, kind] = {
                "licence_key": f"L{number}",
                "event_date": day,
                "event_type": kind,
                "effect": effect,
            }
        if d.chance.random() < 0.3:
            when = d.day(start, 300)
            reoffences[offender, start, when] = {
                "offender_key": offender,
                "index_date": start,
                "offence_date": when,
                "outcome_date": d.day(when, 120),
                "proven": d.pick("YYN"),
            }
    return licences, list(events.values()), list(reoffences.values())


def answer(d):
    year, number = d.whole(2011, 2015), d.whole(1, 4)
    scale = d.pick(["police7", "police7", "council5"])
    answers = ["very", "fairly", "neither", "fairly_dis", "very_dis", "dont_know"]
    return {
        "quarter": f"{year}-{(year + 1) % 100:02d}Q{number}",
        "month": f"{year}-{3 + 3 * number:02d}" if number < 4 else f"{year + 1}-03",
        "scale_id": scale,
        "overall": d.pick([*answers, "completely", "completely_dis"] if scale == "police7" else answers),
        "strand_group": d.maybe(d.pick(["race", "other"])),
    }
