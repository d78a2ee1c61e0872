"""Headlines of SP02 and SP08 to SP11 a second time, in plain SQL (SQLite) on the clean tables; no code of the product.

`HEADLINES_B` maps `measure/part` to a query that gives period_kind (month, quarter, fy), period_start and value of every
period whose months were all delivered; value is null where the figure is not available for another reason. Figures of SP09 are
those of the whole CRC. SP10 is for the case that the police's own records are delivered. Residents are the city's own row of the
population, the newest mid-year not after the year's start.
"""

from tests.outcomes.headlines_sql_a import _each, _periods

_RESIDENTS = """
(select persons from clean_population where area_type = 'city' and mid_year <=
  substr(w.period_start, 1, 4) - (substr(w.period_start, 6, 2) < '04') order by mid_year desc limit 1)
"""
_RATE = f"1000.0 * count(r.month) / {_RESIDENTS}"
_CRIME = _periods("police_crime")
_RECORDED = "select month from clean_police_crime where status = 'recorded' and {}"

_LICENCES = (
    _periods("crc_licence", "crc_event")
    + """
, mine as (select * from clean_crc_licence where eligible = 'Y'),
during as (
  select e.licence_key, e.event_date, e.effect from clean_crc_event e join mine using (licence_key)
  where e.event_date >= licence_start and (licence_end is null or e.event_date <= licence_end)
), fate as (
  select m.*,
    (select min(event_date) from during d where d.licence_key = m.licence_key and effect = 'failing') as failing,
    (select min(event_date) from during d where d.licence_key = m.licence_key and effect = 'excluding') as excluding,
    licence_end is not null and (
      select count(*) from delivered d where d.month between substr(licence_start, 1, 7) and substr(licence_end, 1, 7)
    ) = (substr(licence_end, 1, 4) - substr(licence_start, 1, 4)) * 12
      + substr(licence_end, 6, 2) - substr(licence_start, 6, 2) + 1 as ended
  from mine m
), cohort as (
  select month, offender_key, substr(licence_end, 1, 7) as end_month, substr(failing, 1, 7) as fail_month,
    failing is not null as failed, failing is null and ended as kept
  from fate where not (excluding is not null and (failing is null or excluding < failing))
)
"""
)
_COHORT = "select month, offender_key, failed, kept from cohort"
_TERMINATED = "select iif(failed, fail_month, end_month) as month, kept from cohort where failed or kept"
#: Null unless the months of every licence that can have terminated were delivered.
_ALL_STARTS = """
case when not exists (
  with recursive m(month) as (
    select max('2015-02', strftime('%Y-%m', date(w.period_start, '-274 days')))
    union all select strftime('%Y-%m', date(month || '-01', '+1 month')) from m where month < substr(w.period_start, 1, 7)
  ) select 1 from m where month < substr(w.period_start, 1, 7) and month not in (select month from delivered)
) then 100.0 * sum(r.kept) / nullif(count(r.month), 0) end
"""
#: Null unless outcomes are known from the period on to 18 months after it, or to the newest month, which is not before its end.
_REOFFENDED = """
case when not exists (
  with recursive m(month) as (
    select substr(w.period_start, 1, 7)
    union all select strftime('%Y-%m', date(month || '-01', '+1 month')) from m where month < max(
      (select max(s2.month) from span s2 where s2.period_kind = w.period_kind and s2.period_start = w.period_start),
      min(
        (select strftime('%Y-%m', date(max(s2.month) || '-01', '+18 months')) from span s2
          where s2.period_kind = w.period_kind and s2.period_start = w.period_start),
        (select max(month) from clean_crc_reoffence_completeness where received = 1)))
  ) select 1 from m where month not in (select month from clean_crc_reoffence_completeness where received = 1)
) then 100.0 * (
  select count(distinct p.offender_key) from clean_crc_reoffence p
  join span s3 on s3.month = substr(p.index_date, 1, 7)
    and s3.period_kind = w.period_kind and s3.period_start = w.period_start
  where p.proven = 'Y' and p.offender_key in (
    select offender_key from cohort c join span s4 on s4.month = c.month
      and s4.period_kind = w.period_kind and s4.period_start = w.period_start)
) / nullif(count(distinct r.offender_key), 0) end
"""

_HATE = (
    _periods("hate_report", "police_crime", "police_incident")
    + """
, hate_crime as (select * from clean_police_crime where hate_flag = 'Y' and status = 'recorded'),
hate_incident as (select * from clean_police_incident where category = 'hate'),
known as (
  select crime_key as reference from hate_crime union select incident_key from hate_incident
  union select crime_key from hate_incident where crime_key is not null
), held as (select crime_key as reference from clean_police_crime union select incident_key from clean_police_incident),
sent as (
  select *, row_number() over (partition by police_key order by received_date, report_key) as place from clean_hate_report
  where (police_key is null or police_key not in known)
    and not (channel = 'police' and (police_key is null or police_key in held))
), report as (
  select month, 'crime' as kind, hate_strands as strands from hate_crime
  union all
  select month, 'incident', strands from hate_incident
  where crime_key is null or crime_key not in (select crime_key from hate_crime)
  union all
  select month, crime_or_incident, strands from sent where police_key is null or place = 1
)
"""
)
_SURVEY = _periods("hate_survey")
_ANSWERS = "select month, overall from clean_hate_survey where scale_id = '{}' and overall <> 'dont_know'"

HEADLINES_B = {
    "SP02/with_injury": _CRIME + _each(_RATE, _RECORDED.format("violence_group = 'with_injury'")),
    "SP02/violence_total": _CRIME + _each(_RATE, _RECORDED.format("violence_group <> ''")),
    "SP02/violence_without_da": _CRIME
    + _each(
        "iif(count(r.month) = 0 or count(r.da_flag) > 0,"
        f" 1000.0 * count(iif(coalesce(r.da_flag, '') <> 'Y', r.month, null)) / {_RESIDENTS}, null)",
        "select month, da_flag from clean_police_crime where status = 'recorded' and violence_group <> ''",
    ),
    "SP02/alcohol_flagged": _CRIME
    + _each(
        "iif(5 * count(r.alcohol_flag) >= 4 * count(r.month) and (count(r.month) = 0 or count(r.alcohol_flag) > 0),"
        f" 1000.0 * coalesce(sum(r.alcohol_flag = 'Y'), 0) / {_RESIDENTS}, null)",
        "select month, alcohol_flag from clean_police_crime where status = 'recorded' and violence_group <> ''",
    ),
    "SP08/sac": _CRIME + _each(_RATE, _RECORDED.format("sac_group <> ''")),
    "SP08/domestic_burglary": _CRIME + _each(_RATE, _RECORDED.format("sac_group = 'domestic_burglary'")),
    "SP09/cohort": _LICENCES + _each("count(r.month)", _COHORT),
    "SP09/failed": _LICENCES + _each("coalesce(sum(r.failed), 0)", _COHORT),
    "SP09/kept": _LICENCES + _each("coalesce(sum(r.kept), 0)", _COHORT),
    "SP09/offenders": _LICENCES + _each("count(distinct r.offender_key)", _COHORT),
    "SP09/lower_bound": _LICENCES + _each("100.0 * sum(r.kept) / nullif(count(r.month), 0)", _COHORT),
    "SP09/upper_bound": _LICENCES + _each("100.0 * sum(not r.failed) / nullif(count(r.month), 0)", _COHORT),
    "SP09/kept_share": _LICENCES
    + _each("iif(sum(r.kept or r.failed) = count(r.month), 100.0 * sum(r.kept) / count(r.month), null)", _COHORT),
    "SP09/terminating_kept": _LICENCES + _each(_ALL_STARTS, _TERMINATED),
    "SP09/reoffending": _LICENCES + _each(_REOFFENDED, _COHORT),
    "SP10/reports": _HATE + _each("count(r.month)", "select month from report"),
    "SP10/crimes": _HATE + _each("count(r.month)", "select month from report where kind = 'crime'"),
    "SP10/incidents": _HATE + _each("count(r.month)", "select month from report where kind = 'incident'"),
    "SP11/satisfied": _SURVEY
    + _each(
        "100.0 * sum(r.overall in ('completely', 'very', 'fairly')) / nullif(count(r.month), 0)",
        _ANSWERS.format("police7"),
    ),
    "SP11/satisfied_council5": _SURVEY
    + _each("100.0 * sum(r.overall in ('very', 'fairly')) / nullif(count(r.month), 0)", _ANSWERS.format("council5")),
}
