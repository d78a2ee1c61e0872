"""Own rules of the clean table of asb_star (spec 3.6, SP06). One row a case, date, type, domain and scorer is of the contract."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.asb_star import CLEAN
from expectations.suites.figures import ENOUGH, set_aside, share
from expectations.suites.model import Facts, Profile, Rule, at_most, none
from expectations.suites.personal import NO_PERSONAL_PATTERN, personal_patterns

READS = ("clean_asb_star_quarantine",)
#: Whose score stands where several scored one domain: the worker's is the analysis score (spec SP06).
_SCORER_ORDER = {"worker": 0, "joint": 1, "client": 2}


def RULES(limits: Mapping[str, float]) -> tuple[Rule, ...]:
    """The rules, with the thresholds of the partnership's register."""
    return (
        NO_PERSONAL_PATTERN,
        Rule(
            "scores_in_scale",
            "ERROR",
            "validity",
            "every score is a whole number from 1 to the highest point of its own scale; 0 is no score",
            (none("scores_out_of_scale"),),
        ),
        Rule(
            "entry_before_exit",
            "ERROR",
            "validity",
            "in every case the exit reading is later than the entry reading",
            (none("exits_not_later"),),
        ),
        Rule(
            "copied_forward",
            "WARN",
            "accuracy",
            f"at most {limits['star_identical_warn']:.0%} of cases have the same score in every domain at exit as at entry: more"
            " suggests that the entry was copied",
            (at_most("identical_share", limits["star_identical_warn"]),),
            may_not_apply=True,
        ),
    )


def profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    """Counts and shares behind the rules."""
    rows = frames[CLEAN.name]
    first_entry = rows[rows["reading_type"] == "entry"].groupby("case_key")["reading_date"].min()
    last_exit = rows[rows["reading_type"] == "exit"].groupby("case_key")["reading_date"].max()
    both = pd.concat([first_entry.rename("entry"), last_exit.rename("exit")], axis=1, join="inner")
    return {
        **personal_patterns(CLEAN, rows),
        "scores_out_of_scale": set_aside(frames, "asb_star", "score_out_of_range", "value_score", "type_score"),
        "exits_not_later": int((both["exit"] <= both["entry"]).sum()),
        "identical_share": share(_identical(rows), ENOUGH),
    }


def _identical(rows: pd.DataFrame) -> pd.Series:
    """For each case with a domain scored at entry and at exit: whether every such domain has one and the same score."""
    scored = rows[rows["score"].notna()]
    scored = scored.assign(rank=scored["scorer"].map(_SCORER_ORDER)).sort_values("rank", kind="stable")
    ends = []
    for kind, end in (("entry", "min"), ("exit", "max")):
        readings = scored[scored["reading_type"] == kind]
        day = readings.groupby("case_key")["reading_date"].transform(end)
        ends.append(readings[readings["reading_date"] == day].drop_duplicates(["case_key", "domain"]))
    matched = ends[0].merge(ends[1], on=["case_key", "domain", "star_tool", "scale_max"], suffixes=("", "_exit"))
    return (matched["score"] == matched["score_exit"]).groupby(matched["case_key"]).all()
