"""Invented clean rows of the training register, the domestic abuse service, the ASB Victim Champion and the police.

Here: rows by hand with defaults, and whole tables drawn at random; both in the form the warehouse gives to a measure. Nothing
of the product's clean stage or measures is used.
"""

import hashlib
import random
import tomllib
from datetime import date, timedelta

import pandas as pd

from assets.outcomes.tidy import Setting
from expectations.contracts import PARTNERS, TABLES
from resources.warehouse import canonical
from tests.outcomes.invented import month_texts
from tests.paths import ROOT

DOMAINS = (
    "health_wellbeing",
    "safety",
    "support_networks",
    "housing",
    "finances",
    "legal_issues",
    "children",
    "confidence_self_esteem",
)
DEFAULTS = {
    "clean_dash_training": {
        "course_type": "initial",
        "agency": "police",
        "agency_known": "Y",
        "role_group": "officer",
        "attendance": "attended",
        "conf_3m_in_window": "N",
    },
    "clean_pdas_referral": {
        "source_agency": "police",
        "counted": "Y",
        "first_time": "Y",
        "engaged_28": "N",
        "dash_5": "N",
        "risk_level_faults": "",
        "household_known": "N",
    },
    "clean_police_crime": {
        "ho_code": "8N",
        "status": "recorded",
        "hate_strands": "",
        "ente_window": "unknown",
        "sac_group": "",
        "violence_group": "",
        "sexual_offence": "N",
        "aggravated_hate": "",
    },
    "clean_asb_case": {"outcome": "appropriate", "vulnerable": "Y", "engaged": "N"},
    "clean_asb_star": {"star_tool": "empowerment_star", "scale_max": 10, "scorer": "worker"},
    "clean_asb_survey": {},
    "clean_police_incident": {"category": "hate", "strands": "race"},
    "clean_crc_licence": {
        "local_area": "fernmouth",
        "in_city": "Y",
        "sentence_days": 120,
        "age_band": "25-34",
        "provider": "crc",
        "eligible": "Y",
    },
    "clean_crc_event": {"event_type": "recall_standard", "effect": "failing"},
    "clean_crc_reoffence": {"outcome": "convicted", "breach_only": "N", "proven": "Y"},
    "clean_hate_report": {"channel": "centre", "crime_or_incident": "incident", "strands": "race"},
    "clean_hate_survey": {"scale_id": "police7"},
}
#: Column whose month places a row.
DATED = {
    "clean_dash_training": "event_date",
    "clean_pdas_referral": "received_date",
    "clean_police_crime": "recorded_date",
    "clean_asb_case": "referral_date",
    "clean_asb_star": "reading_date",
    "clean_police_incident": "opened_date",
    "clean_crc_licence": "licence_start",
    "clean_crc_event": "event_date",
    "clean_crc_reoffence": "outcome_date",
    "clean_hate_report": "received_date",
}


def setting(mode="none", polarity="none", **changes):
    return Setting("E06000001", "Fernmouth", ("alpha",), "2013-14", polarity=polarity, assessment_mode=mode, **changes)


def key(name):
    """A pseudonym; None stays none."""
    return None if name is None else hashlib.sha256(str(name).encode()).hexdigest()


def table(name, rows):
    """Clean rows from dictionaries: references become pseudonyms, months follow from dates, defaults fill the rest."""
    contract = TABLES[name]
    made = []
    for number, given in enumerate(rows):
        row = dict.fromkeys(contract.column_names) | DEFAULTS[name] | given
        for column in contract.key:
            if row[column] is None:
                row[column] = f"{name} {number}"
        for column in contract.columns:
            if column.name.endswith("_key"):
                row[column.name] = key(row[column.name])
            elif column.name.endswith("_month") and row[column.name] is None:
                held = row[column.name.replace("_month", "_date")]
                row[column.name] = held and held[:7]
        if name in DATED:
            row["month"] = row[DATED[name]][:7]
        made.append(row)
    return canonical(contract, pd.DataFrame(made, columns=contract.column_names)).to_pandas()


def complete(first, last, missing=()):
    """A completeness table with every month from first to last, those that are missing apart."""
    months = month_texts(tuple(map(int, first.split("-"))), tuple(map(int, last.split("-"))))
    rows = [{"month": month, "received": int(month not in missing)} for month in ["", *months]]
    rows[0]["received"] = 0
    return pd.DataFrame(rows)


def tables(first, last, missing=(), **rows):
    """Clean tables and their completeness by table name, from lists of rows by source."""
    assert set(rows) <= set(PARTNERS)
    held = {f"clean_{source}": table(f"clean_{source}", of) for source, of in rows.items()}
    return held | {f"{name}_completeness": complete(first, last, missing) for name in list(held)}


def one(outcome, part, kind, start, breakdown=""):
    """The one row of a part, kind and first day."""
    rows = outcome[
        (outcome["part"] == part)
        & (outcome["period_kind"] == kind)
        & (outcome["period_start"] == start)
        & (outcome["breakdown"] == breakdown)
    ]
    assert len(rows) == 1, f"{len(rows)} rows of {part} {kind} {start} {breakdown}"
    return rows.iloc[0]


def values(outcome, kind, start, *parts):
    """Values of parts in one period."""
    return [one(outcome, part, kind, start)["value"] for part in parts]


def decision(measure):
    """What the Board decided on a measure, word for word, from the register."""
    held = tomllib.loads((ROOT / "partnership" / "common" / "decisions.toml").read_text(encoding="utf-8"))
    (found,) = [record["verbatim"] for record in held["decision"] if record["measure"] == measure]
    return found


def says_decision(module, measure):
    """Whether a measure's file opens with the Board's words on it."""
    return f'The Board\'s decision: "{decision(measure)}"' in " ".join(module.__doc__.split())


def shuffled(held, seed=3):
    """The same tables with their rows in another order."""
    return {name: frame.sample(frac=1, random_state=seed, ignore_index=True) for name, frame in held.items()}


def is_tidy(outcome, name):
    """Whether an outcome table is in the form of its contract: columns, order, key, allowed values."""
    contract = TABLES[name]
    assert list(outcome.columns) == contract.column_names
    assert not outcome.duplicated(list(contract.key)).any()
    pd.testing.assert_frame_equal(outcome, outcome.sort_values(list(contract.key), ignore_index=True))
    canonical(contract, outcome)
    for column in contract.columns:
        held = outcome[column.name].dropna()
        assert column.nullable or len(held) == len(outcome)
        assert not column.allowed or set(held) <= set(column.allowed)
        assert column.minimum is None or (held >= column.minimum).all()
    return True


# Drawn at random ------------------------------------------------------------------------------------------------------

FIRST, LAST, GAP = "2011-04", "2016-07", "2016-05"


class Draw:
    """Chance, and the days that rows are spread over."""

    def __init__(self, seed, scale):
        self.chance = random.Random(seed)
        self.pick, self.whole = self.chance.choice, self.chance.randint
        self.scale = scale
        self.start = date.fromisoformat(f"{FIRST}-01")
        self.days = (date.fromisoformat(f"{LAST}-28") - self.start).days

    def day(self, after=None, longest=None, least=0):
        base = date.fromisoformat(after) if after else self.start
        return (base + timedelta(days=self.chance.randrange(least, longest or self.days))).isoformat()

    def maybe(self, value, share=0.7):
        return value if self.chance.random() < share else None

    def number(self, many):
        return max(1, round(many * self.scale))


def draw(seed=1, scale=1.0):
    """All tables that SP03 to SP07 read, with blanks, odd values and a month that was not delivered."""
    d = Draw(seed, scale)
    cases, stars = drawn_cases(d)
    rows = {
        "dash_training": drawn_training(d),
        "pdas_referral": [drawn_referral(d) for _ in range(d.number(2500))],
        "police_crime": [drawn_crime(d) for _ in range(d.number(2000))],
        "asb_case": cases,
        "asb_star": stars,
    }
    rows = {
        source: [row for row in of if not row[DATED[f"clean_{source}"]].startswith(GAP)] for source, of in rows.items()
    }
    return tables(FIRST, LAST, (GAP,), **rows, asb_survey=[drawn_response(d) for _ in range(d.number(160))])


def drawn_training(d):
    rows = {}
    for _ in range(d.number(900)):
        when, agency = d.day(least=150), d.pick(["police", "housing_association", "fire", "somewhere"])
        row = {
            "event_date": when,
            "event_key": f"E{when}",
            "attendee_key": f"A{d.chance.randrange(d.number(300))}",
            "course_type": d.pick(["initial", "initial", "refresher", "train_the_trainer"]),
            "agency": agency,
            "agency_known": "N" if agency == "somewhere" else "Y",
            "role_group": d.pick(["officer", "manager"]),
            "attendance": d.pick(["attended", "attended", "attended", "partial", "dna", "cancelled"]),
            "conf_pre": d.maybe(d.whole(1, 5), 0.9),
            "conf_post": d.maybe(d.whole(1, 5), 0.85),
            "conf_3m": d.maybe(d.whole(1, 5)),
            "conf_3m_in_window": d.pick("YN"),
            "knowledge_pre": d.maybe(d.whole(0, 10)),
            "knowledge_post": d.maybe(d.whole(0, 10)),
            "dash_completed_3m": d.maybe(d.whole(0, 9)),
        }
        rows[row["event_key"], row["attendee_key"]] = row
    return list(rows.values())


def drawn_referral(d):
    client = d.maybe(f"C{d.chance.randrange(d.number(500))}", 0.97)
    return {
        "received_date": d.day(),
        "client_key": client,
        "source_agency": d.pick(["police", "self", "health_gp", "housing", "probation"]),
        "counted": d.pick(["Y", "Y", "Y", "Y", "on_open_case"]),
        "first_time": d.pick(["Y", "Y", "N"]) if client else "unknown",
        "engaged_28": d.pick(["Y", "Y", "N", "unknown"]),
        "dash_5": d.pick("YN"),
        "risk_level": d.maybe(d.pick(["standard", "medium", "high"])),
        "marac_referred": d.maybe(d.pick("YN")),
        "marac_heard_date": d.maybe("2015-06-01", 0.3),
        "household_known": d.pick("YYN"),
        "n_children_u18": d.maybe(d.whole(0, 3)),
        "n_unborn": d.maybe(d.pick([0, 0, 0, 1])),
        "child_safeguarding_referral": d.maybe(d.pick("YN")),
        "sexual_violence": d.maybe(d.pick(["Y", "N", "not_asked"])),
    }


def drawn_crime(d):
    return {
        "recorded_date": d.day(),
        "status": d.pick(["recorded", "recorded", "recorded", "cancelled"]),
        "da_flag": d.maybe(d.pick("YNN")),
        "sexual_offence": d.pick("YNNN"),
    }


def drawn_cases(d):
    cases, stars = [], []
    for index in range(d.number(500)):
        referred = d.day()
        assessed = d.maybe(d.day(referred, 20), 0.95)
        consent = d.maybe(d.day(assessed, 10), 0.85) if assessed else None
        plan = d.maybe(d.day(consent, 20), 0.95) if consent else None
        left = d.maybe(d.day(plan or referred, 250, 10), 0.9)
        cases.append(
            {
                "referral_date": referred,
                "case_key": f"K{index}",
                "person_key": f"P{d.chance.randrange(d.number(400))}",
                "assessed_date": assessed,
                "outcome": d.pick(["appropriate"] * 4 + ["declined", "not_appropriate"]),
                "vulnerable": d.pick(["Y", "Y", "Y", "Y", "N", None]),
                "consent_date": consent,
                "support_plan_date": plan,
                "engaged": "Y" if plan and d.chance.random() < 0.9 else "N",
                "exit_date": left,
            }
        )
        stars += drawn_stars(d, f"K{index}", plan or referred, left)
    return cases, stars


def drawn_stars(d, case, begun, left):
    """Readings in and out of the windows, by several scorers, now and then of another tool."""
    rows = {}
    usual = d.pick([("empowerment_star", 10)] * 9 + [("other", 10), ("independence_star", 5)])
    for kind, near, least, most in (
        ("entry", begun, -46, 46),
        ("entry", begun, 10, 60),
        ("review", left, -60, 0),
        ("exit", left, -46, 32),
        ("exit", left, -30, 40),
    ):
        if not near or d.chance.random() < 0.2:
            continue
        when = d.day(near, most, least)
        tool, top = usual if d.chance.random() < 0.95 else ("homelessness_star", 10)
        for scorer in sorted({d.pick(["worker", "joint", "client"]) for _ in range(2)}):
            for domain in DOMAINS:
                score = d.maybe(d.whole(1, top), 0.8)
                rows[when, kind, domain, scorer] = {
                    "reading_date": when,
                    "case_key": case,
                    "reading_type": kind,
                    "star_tool": tool,
                    "scale_max": top,
                    "domain": domain,
                    "score": score,
                    "not_applicable": "Y" if score is None and d.chance.random() < 0.3 else None,
                    "scorer": scorer,
                }
    return list(rows.values())


def drawn_response(d):
    year, number = d.whole(2011, 2015), d.whole(1, 4)
    return {
        "quarter": f"{year}-{(year + 1) % 100:02d}Q{number}",
        "month": f"{year}-{3 + 3 * number:02d}" if number < 4 else f"{year + 1}-03",
        "overall": d.maybe(d.pick(["1", "2", "3", "4", "5", "4", "5", "dont_know", "prefer_not"]), 0.95),
        "felt_safer": d.maybe(d.whole(1, 5)),
        "would_recommend": d.maybe(d.whole(1, 5)),
    }
