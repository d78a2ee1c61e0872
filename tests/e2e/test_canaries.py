"""Nobody identifiable past the landing zone: what is planted in deliveries is found nowhere after a run (spec 6, 4 and 5).

Names, e-mail addresses, telephone and National Insurance numbers, postcodes and references are put where senders put them: in key
columns, in cells of the wrong kind, in columns that nobody agreed. Then every byte of what the run left is searched: warehouse,
archive index, Dagster's records, releases, analysis, caches, and all that the commands print. The delivered bytes themselves
(landing and archive objects) may hold them.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

from sample.generator import generate
from tests.database import ON_POSTGRESQL, as_sqlite, environment_of
from tests.paths import ROOT

PLANTED = (
    "Wilhelmina Canarybird",
    "wilhelmina.canary@canaries.example",
    "07700 900461",
    "QQ123456C",
    "ZZ99 3CY",
    "CANARY-REFERENCE-4711",
)
#: Cells that take them: source, column, and whether the value is a reference (which becomes a pseudonym) or a fault.
CELLS = (
    ("pdas_referral", "client_key"),
    ("pdas_referral", "dash_score"),
    ("pdas_referral", "case_opened"),
    ("asb_survey", "response_key"),
    ("asb_star", "edition"),
    ("asb_star", "domain"),
    ("crc_licence", "offender_key"),
    ("crc_event", "event_type"),
    ("hate_report", "police_key"),
    ("hate_report", "strands"),
    ("hate_survey", "overall"),
    ("police_crime", "crime_key"),
    ("police_crime", "ho_code"),
    ("police_incident", "category"),
    ("police_incident", "opened_at"),
)


def plant(landing: Path) -> list[str]:
    """Put the canaries into deliveries; give back everything that must not be found."""
    sought = [*PLANTED]
    for source, column in CELLS:
        (path,) = (landing / source).glob("*.csv")
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        place = header.index(column)
        sought += [row[place] for row in rows[20:24] if column.endswith("_key") and row[place]]
        for n, value in enumerate(PLANTED):
            rows[n * 3][place] = f"{value}{n}" if column.endswith("_key") else value
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])
        for manifest in path.parent.glob("*.manifest.json"):
            text = re.sub(r'"(sha256|row_count)": [^\n]*\n', "", manifest.read_text())
            manifest.write_text(re.sub(r",(\s*})", r"\1", text))
    extra = landing / "hate_survey" / "hate_survey_2016-04-01_2016-06-30.csv"
    extra.write_text(f"response_key,surname,e_mail\nR1,{PLANTED[0]},{PLANTED[1]}\n")
    return sought


#: The commands one after another in one process, each to its end.
PROGRAM = """
import sys
from pipelines.cli import main
for words in sys.argv[1:]:
    sys.argv = ["safer-outcomes", *words.split()]
    try:
        main()
    except SystemExit:
        pass
    print("ended:", words, flush=True)
"""


def run(data: Path, *commands: str) -> bytes:
    environment = {**os.environ, "SAFER_DATA_DIR": str(data), "GX_ANALYTICS_ENABLED": "false", **environment_of(data)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *commands], env=environment, cwd=ROOT, capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr
    assert done.stdout.count(b"ended: ") == len(commands)
    return done.stdout + done.stderr


def forms(value: str) -> set[bytes]:
    """How a value might have been written."""
    encoded = {value.encode(how) for how in ("utf-8", "utf-16-le")}
    return encoded | {value.lower().encode(), value.upper().encode(), value.replace(" ", "").encode()}


def test_no_canary_past_the_landing_zone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    generate(data / "landing", months=36, scale=0.05)
    sought = plant(data / "landing")
    assert len(sought) > 20
    said = run(
        data,
        *("refresh", "status", "verify", "explain SP10"),
        *("rejects pdas_referral", "rejects hate_report", "rejects police_crime"),
    )
    assert b"refused" in said

    places = {"what the commands print": said}
    for path in sorted(data.rglob("*")):
        kept = path.relative_to(data).parts
        delivered = kept[0] == "landing" or (kept[0] == "archive" and re.fullmatch(r"[0-9a-f]{64}", path.name))
        if path.is_file() and not delivered:
            places["/".join(kept)] = path.read_bytes()
    if ON_POSTGRESQL:
        places["warehouse.sqlite"] = "\n".join(as_sqlite(data).iterdump()).encode()
    assert any(name.startswith("dagster/") for name in places)
    assert {"warehouse.sqlite", "archive/receipts.jsonl"} <= set(places)
    found = [
        (value, name)
        for value in sought
        for name, content in places.items()
        for form in forms(value)
        if form in content
    ]
    assert found == []
    # The search itself finds what is there: the delivered bytes hold every canary.
    held = b"".join(path.read_bytes() for path in (data / "landing").rglob("*.csv"))
    assert all(value.encode() in held for value in PLANTED)
