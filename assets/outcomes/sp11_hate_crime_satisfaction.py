"""SP11 Hate crime satisfaction: how satisfied those are who reported hate, with the whole experience.

The Board's decision: "Agreed"; aim: "satisfaction of those reporting"; the council's own indicators are "currently under
discussion as part of a performance review".

The rule, in plain words (spec SP11, golden SP11-a):
* satisfied = completely, very or fairly satisfied as a percentage of the valid answers, on the police's seven-point scale.
  satisfied_council5 = very or fairly satisfied, on the council's five points, once it is used. The two are never pooled.
* valid = every answer but "don't know". By strand_group (race, other) where it is given.
* Without a valid answer, and where the survey was not delivered or has stopped, there is no figure, `[x]`; never 0 and never the
  quarter before.
* The survey knows quarters only, so there are quarters and financial years, compared with the same one year before.
"""

from collections.abc import Iterator, Mapping

import pandas as pd

from assets.outcomes.asset import outcome_asset
from assets.outcomes.series import Parts, covered
from assets.outcomes.tidy import Line, Setting, tidy_table
from expectations.contracts.hate_survey import STRAND_GROUPS
from expectations.outcomes import sp11_hate_crime_satisfaction as contract

#: Part of each scale, and its answers that mean satisfied.
SATISFIED = {
    "police7": ("satisfied", ("completely", "very", "fairly")),
    "council5": ("satisfied_council5", ("very", "fairly")),
}
DONT_KNOW = "dont_know"


def calculate(tables: Mapping[str, pd.DataFrame], setting: Setting) -> pd.DataFrame:
    """The tidy table of SP11 from the clean responses; no row when no quarter's months are complete."""
    survey = tables["clean_hate_survey"]
    cover = covered(tables["clean_hate_survey_completeness"])
    parts, neutral = Parts(cover, setting, cover.quarters), Parts(cover, setting.neutral, cover.quarters)
    return tidy_table("SP11", lines(survey, parts, neutral), cover.as_at, None, against="previous")


def lines(survey: pd.DataFrame, parts: Parts, neutral: Parts) -> Iterator[Line]:
    """The share satisfied on each scale in use, in all and by strand group."""
    month, group = survey["month"], survey["strand_group"]
    for scale, (part, satisfied) in SATISFIED.items():
        on_scale = survey["scale_id"] == scale
        if scale != "police7" and not on_scale.any():
            continue
        valid = on_scale & (survey["overall"] != DONT_KNOW)
        pleased = survey["overall"].isin(satisfied)
        yield parts.share(part, month, pleased, valid)
        for name in STRAND_GROUPS:
            yield neutral.share(part, month, pleased, valid & (group == name), f"strand_group={name}")


outcome_sp11_hate_crime_satisfaction = outcome_asset("SP11", contract, calculate)
