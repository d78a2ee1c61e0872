"""SP07 Service-user satisfaction (ASB Victim Champion), at exit.

The Board's decision: "Agreed". Aim: "People asked at the point of exit about the impact of the service".

The rule, in plain words (spec SP07, golden SP07-a and SP07-c):
* satisfied = responses very or fairly satisfied (5 or 4 of 5) as a percentage of the valid answers to the overall question.
  valid = answers 1 to 5. Blank, "don't know" and "prefer not to say" are no valid answers, but they are responses.
* responses = all responses; exited = cases closed in the same quarters: who leaves two cases is asked twice.
  response_rate = responses as a percentage of exited. Below 30% the share satisfied is of low reliability, `[u]`.
* Without a valid answer there is no figure, `[x]`; never 0 and never the quarter before.
* felt_safer, would_recommend = how the valid answers to these questions spread over 1 to 5, for analysts.
* Responses are anonymous: they are counted beside the cases, never joined to one.
* The survey knows quarters only, so there are quarters and financial years. In the baseline year nothing is judged.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd

from assets.outcomes.asset import outcome_asset
from assets.outcomes.series import LOW_RELIABILITY, Monthly, Parts, covered, share_figure
from assets.outcomes.tidy import Figure, Line, Setting, compare_shares, tidy_table
from expectations.outcomes import sp07_service_user_satisfaction as contract

VALID = ("1", "2", "3", "4", "5")
SATISFIED = ("4", "5")
LOW_RESPONSE = 30
LOW_RESPONSE_NOTE = f"fewer than {LOW_RESPONSE}% of those who left responded"


def calculate(tables: Mapping[str, pd.DataFrame], setting: Setting) -> pd.DataFrame:
    """The tidy table of SP07 from the clean responses and cases; no row when no quarter's months are complete."""
    survey, exits = tables["clean_asb_survey"], tables["clean_asb_case"]["exit_month"].dropna()
    answered = covered(tables["clean_asb_survey_completeness"])
    closed = covered(tables["clean_asb_case_completeness"])
    both = covered(tables["clean_asb_survey_completeness"], tables["clean_asb_case_completeness"])
    wanted, month = answered.quarters, survey["month"]
    valid = survey["overall"].isin(VALID)

    responses, left = Monthly(both, month), Monthly(both, exits)
    rate = Parts(both, setting.neutral, wanted).line(
        "response_rate",
        "%",
        lambda period: response_rate(responses.of(period) or 0, left.of(period) or 0),
        compare_shares(setting.neutral),
    )
    parts, neutral = Parts(answered, setting, wanted), Parts(answered, setting.neutral, wanted)
    satisfied = parts.share("satisfied", month, survey["overall"].isin(SATISFIED), valid)
    lines = [
        replace(
            satisfied, figures={p: as_reliable(figure, rate.figures[p]) for p, figure in satisfied.figures.items()}
        ),
        neutral.count("valid", "responses", month[valid]),
        neutral.count("responses", "responses", month),
        Parts(closed, setting.neutral, wanted).count("exited", "cases", exits),
        rate,
        *spread(neutral, survey, "felt_safer"),
        *spread(neutral, survey, "would_recommend"),
    ]
    note = "baseline year" if setting.wordless else ""
    return tidy_table("SP07", lines, answered.as_at, None, against="previous", opening_note=note)


def response_rate(responses: float, exited: float) -> Figure:
    """Responses as a percentage of the cases closed; not available when there are more responses than that."""
    if responses > exited:
        return Figure(notes=("more responses than cases closed",))
    return share_figure(responses, exited)


def as_reliable(satisfied: Figure, rate: Figure) -> Figure:
    """The share satisfied, of low reliability where too few responded, and saying so where nobody knows how many did."""
    if not satisfied.known:
        return satisfied
    if not rate.known:
        return replace(satisfied, notes=(*satisfied.notes, "response rate not known"))
    if rate.numerator * 100 >= LOW_RESPONSE * rate.denominator:
        return satisfied
    symbols = tuple(dict.fromkeys((*satisfied.symbols, LOW_RELIABILITY)))
    return replace(satisfied, symbols=symbols, notes=(*satisfied.notes, LOW_RESPONSE_NOTE))


def spread(parts: Parts, survey: pd.DataFrame, question: str) -> Iterator[Line]:
    """Share of each answer, 1 to 5, among the valid answers to a question."""
    given = survey[question].notna()
    for answer in range(1, 6):
        yield parts.share(question, survey["month"], survey[question] == answer, given, f"answer={answer}")


outcome_sp07_service_user_satisfaction = outcome_asset("SP07", contract, calculate)
