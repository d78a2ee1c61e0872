"""SP03 DASH-trained professionals, and the impact of the training.

The Board's decision: "Needs to reflect impact of training and how the impact of the training can be measured".
Aim: professionals who know the Domestic Abuse, Stalking and Honour-based violence checklist recognise risk and refer.

The rule, in plain words (spec SP03, golden SP03-a and SP03-c):
* people_trained = different people with an initial course attended in full in the period, by agency and by role too (years
  only). Neither a booking, a part of a course nor a refresher makes one. cumulative_people = the same since 1 April 2013.
  attendances = all courses attended in full; refreshers = those of that kind; no_shows = booked and did not come.
* The impact parts are proposals, for analysts until the Board agrees them. They are made from courses attended in full, and
  from pairs of answers of one attendance only: no answer is no zero.
  - confidence_change, knowledge_change = mean of after less before; confidence_improved = pairs that rose, in percent;
    match_rate = pairs in percent of the answers before.
  - retention_change = mean of three months later less after; lasting_change = three months later less before;
    retention_response_rate = answers 60 to 120 days after, in percent of attendances. Only courses whose 120 days are over.
  - Behaviour of each agency that the register lists, in the quarter of its first course: its referrals to PDAS (by all whom the
    service books under that agency), and those of them referred to MARAC, in the 90 days before and the 90 days after,
    without the day itself; and the DASH checklists that those at the first course say they completed in the three months
    after (nothing is known of those before). An association: it does not show that the training caused a change.
* Compared with the same period one year before.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta

import pandas as pd

from assets.outcomes.asset import outcome_asset
from assets.outcomes.series import LOW_RELIABILITY, RELIABLE_FROM, Coverage, Monthly, Parts, count_figure, covered
from assets.outcomes.tidy import (
    Figure,
    Line,
    Setting,
    compare_estimates,
    compare_points,
    tidy_table,
)
from expectations.outcomes import sp03_dash_training as contract
from methods.change import mover_difference
from methods.paired import paired_mean
from methods.periods import Period

SINCE = "2013-04"
NOT_LISTED = "not_listed"
WINDOW_DAYS = 90
RESPONSE_DAYS = 120
ASSOCIATION = "association only: 90 days after against 90 days before the agency's first course in the register"
SELF_REPORT = "own account at three months of those at the agency's first course; nothing is known of the time before"


def calculate(tables: Mapping[str, pd.DataFrame], setting: Setting) -> pd.DataFrame:
    """The tidy table of SP03 from the clean register and, where delivered, referrals; no row when no month is complete."""
    register = tables["clean_dash_training"]
    cover = covered(tables["clean_dash_training_completeness"])
    parts, neutral = Parts(cover, setting), Parts(cover, setting.neutral)
    attended = register[register["attendance"] == "attended"]
    trained = attended[attended["course_type"] == "initial"]

    lines = [
        parts.people("people_trained", "people", trained["month"], trained["attendee_key"]),
        cumulative(cover, setting, trained),
        *breakdowns(Parts(cover, setting.neutral, [p for p in cover.periods if p.kind == "fy"]), trained),
        neutral.count("attendances", "attendances", attended["month"]),
        neutral.count("refreshers", "attendances", attended["month"][attended["course_type"] == "refresher"]),
        neutral.count("no_shows", "bookings", register["month"][register["attendance"] == "dna"]),
        *impact(parts, cover, setting, attended),
        *behaviour(cover, setting, attended, tables),
    ]
    return tidy_table("SP03", lines, cover.as_at, baseline_fy=None, against="previous")


def cumulative(cover: Coverage, setting: Setting, trained: pd.DataFrame) -> Line:
    """People trained from April 2013 to the end of each period, each once; not known if a month since is not."""
    wanted = [period for period in cover.periods if period.last >= SINCE]
    first_month = trained[trained["month"] >= SINCE].groupby("attendee_key")["month"].min()

    def figure(period: Period) -> Figure:
        return count_figure(int((first_month <= period.last).sum()))

    def unless(period: Period) -> str:
        return cover.why_not(Period(period.kind, SINCE, period.last))

    # The later count holds the earlier one, so no interval of their difference is right.
    return Parts(cover, setting, wanted).line("cumulative_people", "people", figure, compare_points, unless=unless)


def breakdowns(parts: Parts, trained: pd.DataFrame) -> Iterator[Line]:
    """People trained by agency and by role; agencies that the register does not list are one."""
    agency = trained["agency"].where(trained["agency_known"] == "Y", NOT_LISTED)
    for dimension, values in (("agency", agency), ("role", trained["role_group"])):
        for value in sorted(values.unique()):
            rows = trained[values == value]
            breakdown = f"{dimension}={value}"
            yield parts.people("people_trained", "people", rows["month"], rows["attendee_key"], breakdown)


def impact(parts: Parts, cover: Coverage, setting: Setting, attended: pd.DataFrame) -> Iterator[Line]:
    """Confidence, retention and knowledge from pairs of answers."""
    month, before, after = attended["month"], attended["conf_pre"], attended["conf_post"]
    pairs = before.notna() & after.notna()
    over = pd.to_datetime(attended["event_date"]) + pd.Timedelta(days=RESPONSE_DAYS) <= pd.Timestamp(
        cover.as_at or "1900"
    )
    later = attended["conf_3m"].where(over & (attended["conf_3m_in_window"] == "Y"))

    def change(part: str, first: pd.Series, second: pd.Series) -> Line:
        figure = mean_changes(cover, month, first, second)
        return parts.line(part, "points", figure, compare_estimates(setting))

    yield change("confidence_change", before, after)
    yield parts.share("confidence_improved", month, after > before, pairs)
    yield parts.share("match_rate", month, pairs, before.notna())
    yield change("retention_change", after.where(over), later)
    yield change("lasting_change", before.where(over), later)
    yield parts.share("retention_response_rate", month, later.notna(), over)
    yield change("knowledge_change", attended["knowledge_pre"], attended["knowledge_post"])


def mean_changes(cover: Coverage, month: pd.Series, first: pd.Series, second: pd.Series) -> Callable[[Period], Figure]:
    """Figure of each period: mean of second less first over the pairs, of all who gave the first answer."""
    changes = (second - first).dropna()
    of_month = {str(name): group.tolist() for name, group in changes.groupby(month)}
    asked = Monthly(cover, month[first.notna()])

    def figure(period: Period) -> Figure:
        return mean_figure([change for m in period.months for change in of_month.get(m, ())], asked.of(period) or 0)

    return figure


def mean_figure(changes: Sequence[float], asked: float) -> Figure:
    """Mean of paired changes with t limits; numerator the pairs, denominator those who gave the first answer."""
    n = len(changes)
    if n == 0:
        return Figure(notes=("no pair of answers",))
    symbols = (LOW_RELIABILITY,) if n < RELIABLE_FROM else ()
    if n == 1:
        return Figure(changes[0], numerator=1, denominator=asked, notes=("one pair, so no limits",), symbols=symbols)
    found = paired_mean(changes)
    return Figure(found.value, found.lower, found.upper, found.method, n, asked, symbols=symbols)


#: Which referral source of the service stands for an agency of the register's list: agency, source, first and last day. The
#: service has no source for mental health, fire and rescue, or others; probation was split on 1 June 2014, and the service books
#: both its parts as it did before.
REFERS_AS: tuple[tuple[str, str, str, str], ...] = (
    ("police", "police", "", ""),
    ("council_housing", "housing", "", ""),
    ("housing_association", "housing", "", ""),
    ("council_adult_social_care", "adult_social_care", "", ""),
    ("council_children_social_care", "children_social_care", "", ""),
    ("health_acute", "health_ed", "", ""),
    ("health_gp", "health_gp", "", ""),
    ("health_midwifery", "health_midwifery", "", ""),
    ("probation", "probation", "", ""),
    ("nps", "probation", "2014-06-01", ""),
    ("crc", "probation", "2014-06-01", ""),
    ("voluntary", "voluntary", "", ""),
    ("education", "education", "", ""),
)


def sources_of(agency: str, day: str) -> set[str]:
    """Referral sources that stand for an agency on a day."""
    return {source for held, source, first, last in REFERS_AS if held == agency and first <= day <= (last or "9999")}


def behaviour(
    cover: Coverage, setting: Setting, attended: pd.DataFrame, tables: Mapping[str, pd.DataFrame]
) -> Iterator[Line]:
    """What each listed agency did before and after its first course, in the quarter of that course."""
    held = "clean_pdas_referral" in tables
    service = covered(tables["clean_pdas_referral_completeness"]) if held else covered()
    referrals = tables["clean_pdas_referral"] if held else None
    quarters = {month: period for period in cover.quarters if period.kind == "quarter" for month in period.months}
    for agency, rows in attended[attended["agency_known"] == "Y"].groupby("agency"):
        day = rows["event_date"].min()
        if (period := quarters.get(day[:7])) is None:
            continue
        said = rows.loc[rows["event_date"] == day, "dash_completed_3m"]
        figures = referred(sources_of(str(agency), day), day, referrals, service) | {
            "dash_checklists_after": checklists(said)
        }
        for part, figure in figures.items():
            unit = "checklists" if part == "dash_checklists_after" else "referrals"
            area = (setting.area_code, setting.area_name)
            yield Line(part, *area, unit, {period: figure}, compare_points, f"agency={agency}")


def checklists(said: pd.Series) -> Figure:
    """Sum of what people say that they completed; not available when nobody said anything."""
    if said.notna().sum() == 0:
        return Figure(notes=(SELF_REPORT, "nobody answered"))
    return Figure(float(said.sum()), numerator=float(said.sum()), notes=(SELF_REPORT,))


def referred(
    sources: Collection[str], day: str, referrals: pd.DataFrame | None, service: Coverage
) -> dict[str, Figure]:
    """Referrals by these sources in the days before and after a day, those to MARAC among them, and how both changed."""
    course, window = date.fromisoformat(day), timedelta(days=WINDOW_DAYS)
    start, end = str(course - window), str(course + window)
    why = service.why_not(Period("month", start[:7], end[:7]))
    if referrals is None:
        why = "referrals to the service were never delivered"
    elif not sources:
        why = "no referral source of the service stands for this agency"
    figures: dict[str, Figure] = {}
    for what in ("pdas", "marac"):
        names = [f"{what}_referrals_{which}" for which in ("before", "after", "change")]
        if why or referrals is None:
            figures |= dict.fromkeys(names, Figure(notes=(ASSOCIATION, why)))
            continue
        mine = referrals[referrals["source_agency"].isin(list(sources))]
        received = mine["received_date"][(mine["marac_referred"] == "Y") | (what == "pdas")]
        before = count_figure(int(((received >= start) & (received < day)).sum()), [ASSOCIATION])
        after = count_figure(int(((received > day) & (received <= end)).sum()), [ASSOCIATION])
        change = mover_difference(after, before)
        difference = Figure(change.value, change.lower, change.upper, "mover", notes=(ASSOCIATION,))
        figures |= dict(zip(names, (before, after, difference), strict=True))
    return figures


outcome_sp03_dash_training = outcome_asset("SP03", contract, calculate)
