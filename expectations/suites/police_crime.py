"""Own rules of the clean table of police_crime (spec 3.3, SP02, SP10)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from expectations.contracts.police_crime import CLEAN
from expectations.suites.figures import ENOUGH, set_aside, share
from expectations.suites.model import Facts, Profile, Rule, at_least, at_most, none
from expectations.suites.personal import NO_PERSONAL_PATTERN, personal_patterns

READS = ("clean_police_crime_quarantine",)
#: One in so many is the share that warns, so that a single crime among fewer does not.
_ENOUGH_AGGRAVATED = 50


def RULES(limits: Mapping[str, float]) -> tuple[Rule, ...]:
    """The rules, with the thresholds of the partnership's register."""
    return (
        NO_PERSONAL_PATTERN,
        Rule(
            "hate_has_strand",
            "WARN",
            "completeness",
            "every crime flagged as hate names a strand: without one it is set aside, and hate reports are counted short",
            (none("hate_without_strand"),),
        ),
        Rule(
            "strands_flagged",
            "WARN",
            "consistency",
            "no crime names a strand of hate without the hate flag, by which hate crimes are counted",
            (none("strands_without_flag"),),
        ),
        Rule(
            "aggravated_unflagged",
            "WARN",
            "consistency",
            f"not more than {limits['aggravated_unflagged_warn']:.0%} of racially or religiously aggravated offences lack that"
            " flag: hate crime is counted by its flags",
            (at_most("aggravated_unflagged_share", limits["aggravated_unflagged_warn"]),),
            may_not_apply=True,
        ),
        Rule(
            "alcohol_flag_complete",
            "WARN",
            "completeness",
            f"the alcohol flag is answered for at least {limits['alcohol_flag_complete']:.0%} of violence: below that violence"
            " with alcohol is not shown",
            (at_least("alcohol_flag_share", limits["alcohol_flag_complete"]),),
            may_not_apply=True,
        ),
    )


def profile(frames: Mapping[str, pd.DataFrame], _facts: Facts) -> Profile:
    """Counts and shares behind the rules; shares are of the crimes that stand."""
    rows = frames[CLEAN.name]
    standing = rows[rows["status"] == "recorded"]
    aggravated = standing[standing["aggravated_hate"] != ""]
    flagged = (aggravated["hate_flag"] == "Y") & aggravated["hate_strands"].str.contains("race|religion")
    violence = standing[standing["violence_group"] != ""]
    return {
        **personal_patterns(CLEAN, rows),
        "hate_without_strand": set_aside(frames, "police_crime", "hate_without_strand"),
        "strands_without_flag": int(((rows["hate_strands"] != "") & (rows["hate_flag"] != "Y")).sum()),
        "aggravated_unflagged_share": share(~flagged, _ENOUGH_AGGRAVATED),
        "alcohol_flag_share": share(violence["alcohol_flag"].notna(), ENOUGH),
    }
