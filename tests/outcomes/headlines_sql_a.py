"""Headlines of SP03 to SP07 a second time, in plain SQL (SQLite) on the clean tables; no code of the product.

`HEADLINES_A` maps `measure/part` to a query that gives period_kind (month, quarter, fy), period_start and value of every
period whose months were all delivered; value is null where the figure is not available for another reason.
"""


def _periods(*sources):
    """Months that all these sources delivered, the periods they lie in, and those periods that are whole."""
    month = " intersect ".join(
        f"select month from clean_{source}_completeness where received = 1 and month <> ''" for source in sources
    )
    return f"""
with delivered as ({month}),
span as (
  select month, 'month' as period_kind, month || '-01' as period_start, 1 as need from delivered
  union all
  select month, 'quarter', printf('%s-%02d-01', substr(month, 1, 4), (substr(month, 6, 2) - 1) / 3 * 3 + 1), 3
  from delivered
  union all
  select month, 'fy', printf('%d-04-01', substr(month, 1, 4) - (substr(month, 6, 2) < '04')), 12 from delivered
),
whole as (select period_kind, period_start from span group by period_kind, period_start, need having count(*) = need)
"""


def _each(value, rows):
    """One value a whole period, over the rows (with their month) that lie in it."""
    return f"""
select w.period_kind, w.period_start, {value} as value
from whole w join span s using (period_kind, period_start) left join ({rows}) r on r.month = s.month
group by w.period_kind, w.period_start
"""


_TRAINED = """
select month, attendee_key from clean_dash_training where course_type = 'initial' and attendance = 'attended'
"""
_REFERRED = "select month, client_key, first_time from clean_pdas_referral where counted = 'Y'"
#: Null unless the 24 months before the period were all delivered.
_LOOKED_BACK = """
case when (select count(*) from delivered d where d.month < substr(w.period_start, 1, 7)
  and d.month >= strftime('%Y-%m', date(w.period_start, '-24 months'))) = 24 then {} end
"""
_ASSESSED = """
select assessed_month as month, person_key, consent_date is not null and engaged = 'Y' as engaged from clean_asb_case
where assessed_date is not null and outcome = 'appropriate' and coalesce(vulnerable, '') <> 'N'
"""
_PAIRS = """
, ranked as (
  select *, row_number() over (
    partition by case_key, reading_date, reading_type, star_tool, scale_max, domain
    order by case scorer when 'worker' then 1 when 'joint' then 2 else 3 end) as place
  from clean_asb_star where score is not null or not_applicable = 'Y'
), star as (
  select * from ranked where place = 1 and score is not null and coalesce(not_applicable, 'N') = 'N'
), closed as (
  select case_key, exit_month as month, julianday(exit_date) as ended,
    julianday(coalesce(support_plan_date, consent_date, assessed_date)) as begun
  from clean_asb_case where vulnerable = 'Y' and engaged = 'Y' and exit_date is not null
), came as (
  select case_key, min(reading_date) as day from closed join star using (case_key)
  where reading_type = 'entry' and abs(julianday(reading_date) - begun) <= 42 group by case_key
), went as (
  select case_key, max(reading_date) as day from closed join star using (case_key)
  where reading_type = 'exit' and julianday(reading_date) - ended between -42 and 28 group by case_key
), moved as (
  select c.case_key, sum(x.score - e.score) as points,
    row_number() over (partition by c.case_key order by e.star_tool, e.scale_max) as place
  from came c join went w on w.case_key = c.case_key and julianday(w.day) - julianday(c.day) >= 14
  join star e on e.case_key = c.case_key and e.reading_type = 'entry' and e.reading_date = c.day
  join star x on x.case_key = c.case_key and x.reading_type = 'exit' and x.reading_date = w.day
    and x.star_tool = e.star_tool and x.scale_max = e.scale_max and x.domain = e.domain
  group by c.case_key, e.star_tool, e.scale_max
)
"""
_MOVED = "select month, closed.case_key, points from closed left join moved on moved.case_key = closed.case_key and place = 1"
_ANSWERED = "select month, overall from clean_asb_survey"

_TRAINING, _PDAS, _CASE = _periods("dash_training"), _periods("pdas_referral"), _periods("asb_case")
_STAR, _SURVEY = _periods("asb_case", "asb_star") + _PAIRS, _periods("asb_survey")

HEADLINES_A = {
    "SP03/people_trained": _TRAINING + _each("count(distinct r.attendee_key)", _TRAINED),
    "SP04/referrals": _PDAS + _each("count(r.month)", _REFERRED),
    "SP04/clients": _PDAS + _each("count(distinct r.client_key)", _REFERRED),
    "SP04/first_time_referrals": _PDAS
    + _each(_LOOKED_BACK.format("count(iif(r.first_time = 'Y', 1, null))"), _REFERRED),
    "SP04/first_time_clients": _PDAS
    + _each(_LOOKED_BACK.format("count(distinct iif(r.first_time = 'Y', r.client_key, null))"), _REFERRED),
    "SP05/appropriate": _CASE + _each("count(r.month)", _ASSESSED),
    "SP05/appropriate_people": _CASE + _each("count(distinct r.person_key)", _ASSESSED),
    "SP05/engaged": _CASE + _each("coalesce(sum(r.engaged), 0)", _ASSESSED),
    "SP05/conversion": _CASE + _each("100.0 * sum(r.engaged) / nullif(count(r.month), 0)", _ASSESSED),
    "SP06/closed": _STAR + _each("count(r.case_key)", _MOVED),
    "SP06/matched": _STAR + _each("count(r.points)", _MOVED),
    "SP06/improved_share": _STAR + _each("100.0 * sum(r.points > 0) / nullif(count(r.points), 0)", _MOVED),
    "SP06/coverage": _STAR + _each("100.0 * count(r.points) / nullif(count(r.case_key), 0)", _MOVED),
    "SP07/satisfied": _SURVEY
    + _each("100.0 * sum(r.overall in ('4', '5')) / nullif(sum(r.overall in ('1', '2', '3', '4', '5')), 0)", _ANSWERED),
    "SP07/responses": _SURVEY + _each("count(r.month)", _ANSWERED),
}
