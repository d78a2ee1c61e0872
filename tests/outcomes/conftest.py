"""The real tables of Plymouth, made here with one plain query: nothing of the product cleans them."""

import duckdb
import pandas as pd
import pytest

from assets.outcomes.tidy import Setting
from tests.outcomes.invented import month_texts
from tests.paths import need_real

#: One Crime ID is one offence: earliest month, place and kind of the greatest row of the latest (spec 2.3).
_COUNT = """
with street as (
  select "Crime ID" as id, "Month" as month, coalesce("LSOA code", '') as lsoa, coalesce("Crime type", '') as kind,
    coalesce("Last outcome category", '') as outcome, coalesce("Location", '') as location
  from read_csv($files, all_varchar = true, header = true, delim = ',', quote = '"')
), ranked as (
  select month, lsoa, kind, id, min(month) over one as first_month,
    row_number() over (one order by month desc, lsoa desc, kind desc, outcome desc, location desc) as place
  from street where id is not null window one as (partition by id)
)
select 'devon-and-cornwall' as force, month, lsoa as lsoa_code,
  trim(regexp_replace(lower(kind), '[^a-z0-9]+', '_', 'g'), '_') as category, count(*)::bigint as counted
from (select first_month as month, lsoa, kind from ranked where place = 1
  union all select month, lsoa, kind from street where id is null)
group by all
"""


@pytest.fixture(scope="session")
def plymouth():
    folder = need_real()
    files = sorted((folder / "police_street").glob("201[67]-*.csv.gz"))
    files += sorted((folder / "police_street").glob("2018-0[1-4]*.csv.gz"))
    reference = folder / "plymouth_open" / "reference"
    with duckdb.connect() as engine:
        count = engine.execute(_COUNT, {"files": [str(file) for file in files]}).df()
    delivered = {file.name[:7] for file in files}
    months = month_texts((2016, 1), (2018, 4))
    priority = pd.read_csv(reference / "priority_set.csv").itertuples(index=False)
    return {
        "count": count,
        "completeness": pd.DataFrame(
            {"force": "devon-and-cornwall", "month": months, "received": [int(month in delivered) for month in months]}
        ),
        "lookup": pd.read_csv(reference / "lsoa_neighbourhood.csv", dtype={"lsoa_vintage": str}),
        "neighbourhood": pd.read_csv(reference / "neighbourhood.csv"),
        "population": pd.read_csv(reference / "population.csv"),
        "setting": Setting(
            area_code="E06000026",
            area_name="Plymouth",
            forces=("devon-and-cornwall",),
            baseline_fy="2016-17",
            population_fallback="oldest_after",
            priority_set=tuple((row[0], row[1], row[2], None) for row in priority),
            crime_categories=tuple(sorted(set(count["category"]) - {"anti_social_behaviour"})),
            polarity="lower_better",
            assessment_mode="direction",
        ),
    }
