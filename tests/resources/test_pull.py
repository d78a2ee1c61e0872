"""Pulls from SQLite and PostgreSQL: the same rows are the same bytes, nothing is written, errors tell nothing."""

from __future__ import annotations

import csv
import io
import random
import sqlite3
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from expectations.contracts.model import Delivery, Field
from resources import pull as module
from resources.landing import DeliveryFault
from resources.pull import Pull, fetch

CANARY = "Canaryvalue"
SECRET = "Pa55word"  # pragma: allowlist secret
DAYS = ("2016-04-01", "2016-06-30")
DELIVERY = Delivery(
    "pdas_referral",
    "",
    "",
    ("ref",),
    "day",
    (
        Field("ref", "key", "", domain="pdas"),
        Field("day", "date", "", nullable=True),
        Field("moment", "timestamp", "", nullable=True),
        Field("score", "int", "", nullable=True),
        Field("yes", "flag", "", nullable=True),
        Field("many", "list", "", nullable=True, allowed=("a", "b")),
    ),
    "",
    "",
    "",
)


def fault(pull: Pull, reason: str = "pull") -> str:
    with pytest.raises(DeliveryFault) as caught:
        fetch(pull, DELIVERY)
    text = caught.value.text
    assert caught.value.reason == reason
    assert "\n" not in text
    assert not {word for word in (CANARY, SECRET, "SELECT", "referral WHERE", "127.0.0.1") if word in text}
    assert ";" in text, "names the remedy"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return text


def table(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


# --- SQLite -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "a partner's #1.sqlite"
    fill(path, [("r2", "2016-04-02", 7), (CANARY, "2016-04-01", None), ('é,"\n', None, 5.0)])
    return path


def fill(path: Path, rows: list[tuple[object, ...]]) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE IF EXISTS referral")
        connection.execute("CREATE TABLE referral (ref, day, score)")
        connection.executemany("INSERT INTO referral VALUES (?, ?, ?)", rows)


def of(path: Path, query: str = "SELECT * FROM referral", coverage_query: str = "") -> Pull:
    return Pull(f"sqlite:///{path}", query, None if coverage_query else DAYS, coverage_query)


def test_rows_come_as_a_sorted_csv(database: Path) -> None:
    data, coverage = fetch(of(database), DELIVERY)
    assert data == f'ref,day,score\n{CANARY},2016-04-01,\nr2,2016-04-02,7\n"é,""\n",,5\n'.encode()
    assert coverage == DAYS


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [(f"r{n % 40}", f"2016-04-{n % 30 + 1:02d}", n % 7) for n in range(200)]
    told = set()
    for seed in range(4):
        fill(tmp_path / "x.sqlite", random.Random(seed).sample(rows, len(rows)))
        told.add(fetch(of(tmp_path / "x.sqlite"), DELIVERY)[0])
    assert len(told) == 1
    _, *lines = table(told.pop())
    assert lines == sorted([ref, day, str(score)] for ref, day, score in rows)  # type: ignore[type-var]


def test_a_query_with_colons_and_percent_signs(database: Path) -> None:
    query = "SELECT ref || ':x %s :y' AS ref FROM referral WHERE ref LIKE 'r%'"
    assert table(fetch(of(database, query), DELIVERY)[0]) == [["ref"], ["r2:x %s :y"]]


def test_no_rows(database: Path) -> None:
    assert fetch(of(database, "SELECT ref FROM referral WHERE 0"), DELIVERY) == (b"ref\n", DAYS)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT '2016-04-01', '2016-06-30'",
        "SELECT '2016-04-01 00:00:00', '2016-06-30T10:00'",
        "SELECT date('2016-03-31', '+1 day'), '2016-06-30' UNION ALL SELECT '2020-01-01', '2020-01-01' ORDER BY 1",
    ],
)
def test_coverage_by_query(database: Path, query: str) -> None:
    assert fetch(of(database, coverage_query=query), DELIVERY)[1] == DAYS


@pytest.mark.parametrize(
    "query",
    [
        "SELECT '2016-04-01'",
        "SELECT '2016-04-01', '2016-04-02', 1",
        "SELECT NULL, NULL",
        "SELECT '2016-04-01', NULL",
        f"SELECT '{CANARY}', '2016-06-30'",
        "SELECT 20160401, 20160631",
        "SELECT '2016-06-30', '2016-04-01'",
        "SELECT '2016-04-01', '2016-06-30' WHERE 0",
    ],
)
def test_coverage_that_is_not_said(database: Path, query: str) -> None:
    assert "coverage_query" in fault(of(database, coverage_query=query), "coverage")
    assert "coverage_query" in fault(Pull(f"sqlite:///{database}", "SELECT * FROM referral"), "coverage")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT ref, 1 AS surname FROM referral", "unknown columns 'surname'"),
        ("SELECT ref, ref FROM referral", "repeated columns 'ref'"),
        ("SELECT day, score FROM referral", "missing columns 'ref'"),
    ],
)
def test_columns_are_checked_before_any_row_is_read(
    database: Path, monkeypatch: pytest.MonkeyPatch, query: str, words: str
) -> None:
    monkeypatch.setattr(module, "_text", lambda _: pytest.fail("a row was read"))
    assert words in fault(of(database, query), "header")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (f"SELECT '{CANARY}' FROM nowhere", "OperationalError"),
        ("SELEC", "OperationalError"),
        ("DELETE FROM referral", "OperationalError"),
        ("INSERT INTO referral VALUES (1, 2, 3) RETURNING ref", "OperationalError"),
        ("PRAGMA cache_size = 100", "no table"),
        ("SELECT 1 AS ref; SELECT 2 AS ref", "ProgrammingError"),
        (f"SELECT json_extract('{CANARY}', '$.a') AS ref", "OperationalError"),
        (f"SELECT CAST('{CANARY}' AS BLOB) AS ref", "convert them in its query"),
    ],
)
def test_queries_that_fail(database: Path, query: str, words: str) -> None:
    before = database.read_bytes()
    assert words in fault(of(database, query))
    assert database.read_bytes() == before


def test_nothing_is_written_beside_the_database(database: Path) -> None:
    fetch(of(database), DELIVERY)
    assert [path.name for path in database.parent.iterdir()] == [database.name]


def test_a_query_without_end_is_stopped(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUERY_SECONDS", 0.2)
    query = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS ref FROM n"
    assert "seconds" in fault(of(database, query))


def test_a_table_without_end_is_stopped(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PULL_LIMIT", 1 << 20)
    query = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS ref FROM n"
    assert "fewer days" in fault(of(database, query), "size")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hello",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////nowhere/at/all.sqlite",
        f"nosuchdatabase://user:{SECRET}@127.0.0.1/x",
        f"mssql+pyodbc://user:{SECRET}@127.0.0.1/x",
        f"postgresql://user:{SECRET}@127.0.0.1:1/x",
        f"postgresql://user:{SECRET}@127.0.0.1:port/x",
    ],
)
def test_databases_that_are_not_there(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = fault(Pull(url, f"SELECT '{CANARY}'", DAYS))
    assert "SAFER_PULL_PDAS_REFERRAL" in text or "SQLite database" in text
    assert list(tmp_path.iterdir()) == []


def test_a_pull_does_not_show_itself() -> None:
    assert not {SECRET, CANARY} & set(repr(Pull(f"postgresql://u:{SECRET}@h/x", CANARY, DAYS, CANARY)).split())
    assert repr(Pull(SECRET, CANARY, DAYS, CANARY)) == f"Pull(coverage={DAYS!r})"


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


@pytest.fixture
def postgres(server: str) -> str:
    engine = sa.create_engine(server)
    with engine.begin() as connection:
        for statement in (
            "DROP TABLE IF EXISTS referral",
            "DROP SEQUENCE IF EXISTS counter",
            "CREATE SEQUENCE counter",
            "CREATE TABLE referral (ref text, day date, moment timestamptz, score numeric(5, 2), yes boolean, many text[])",
            f"INSERT INTO referral VALUES ('r2', '2016-04-02', '2016-04-02 10:30:15.25+01', 7.00, true, ARRAY['b', 'a']),"
            f" ('{CANARY}', '2016-04-01', '2016-12-01 00:00:00+00', 7.50, false, ARRAY[]::text[]),"
            " ('r3', NULL, NULL, NULL, NULL, NULL)",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    return server


@pytest.mark.postgres
@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg2", "postgresql+psycopg"])
def test_values_of_postgresql(postgres: str, driver: str) -> None:
    url = postgres.replace("postgresql", driver, 1)
    data, coverage = fetch(
        Pull(url, "SELECT * FROM referral", None, "SELECT DATE '2016-04-01', TIMESTAMP '2016-06-30 10:00'"), DELIVERY
    )
    assert coverage == DAYS
    assert table(data) == [
        ["ref", "day", "moment", "score", "yes", "many"],
        [CANARY, "2016-04-01", "2016-12-01T00:00:00+00:00", "7.50", "N", ""],
        ["r2", "2016-04-02", "2016-04-02T09:30:15.250000+00:00", "7", "Y", "a;b"],
        ["r3", "", "", "", "", ""],
    ]


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("WITH gone AS (DELETE FROM referral RETURNING ref) SELECT ref FROM gone", "FeatureNotSupported"),
        ("SELECT nextval('counter')::text AS ref", "ReadOnlySqlTransaction"),
        ("SELECT 'x' AS ref; DELETE FROM referral", "SyntaxError"),
        ("SELECT ref::int::text AS ref FROM referral", "InvalidTextRepresentation"),
        ("SELECT nothing AS ref FROM referral", "UndefinedColumn"),
        ("SELECT 'infinity'::date::text AS ref, 'infinity'::date AS day", "DataError"),
    ],
)
def test_queries_that_fail_in_postgresql(postgres: str, query: str, words: str) -> None:
    assert words in fault(Pull(postgres, query, DAYS))
    engine = sa.create_engine(postgres)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM referral").scalar() == 3
        assert connection.exec_driver_sql("SELECT is_called FROM counter").scalar() is False
    engine.dispose()


@pytest.mark.postgres
def test_a_long_query_is_stopped_in_postgresql(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUERY_SECONDS", 1)
    assert "QueryCanceled" in fault(Pull(postgres, "SELECT pg_sleep(20)::text AS ref", DAYS))


@pytest.mark.postgres
def test_options_of_the_address_are_kept(postgres: str) -> None:
    url = f"{postgres}?options=-c%20application_name%3Dsafer"
    data, _ = fetch(Pull(url, "SELECT current_setting('application_name') AS ref", DAYS), DELIVERY)
    assert table(data) == [["ref"], ["safer"]]
    data, _ = fetch(Pull(url, "SELECT current_setting('transaction_read_only') AS ref", DAYS), DELIVERY)
    assert table(data) == [["ref"], ["on"]]


@pytest.mark.postgres
def test_many_rows_of_postgresql_come_in_parts(postgres: str) -> None:
    query = "SELECT n::text AS ref, DATE '2016-04-01' AS day FROM generate_series(1, 20000) AS n"
    lines = table(fetch(Pull(postgres, query, DAYS), DELIVERY)[0])
    assert lines[1:] == sorted([str(n), "2016-04-01"] for n in range(1, 20001))


def test_values_in_words() -> None:
    from decimal import Decimal
    from uuid import UUID

    told = {
        "": None,
        "Y": True,
        "N": False,
        "5": 5.0,
        "-5": Decimal("-5.000"),
        "5.25": Decimal("5.25"),
        "nan": float("nan"),
        "inf": float("inf"),
        "2016-04-01": date(2016, 4, 1),
        "2016-04-01T10:30:00": datetime(2016, 4, 1, 10, 30),
        "a;b": {"b", "a"},
        "00000000-0000-0000-0000-000000000001": UUID(int=1),
        "100000000000000000000": Decimal("1E20"),
    }
    assert {text: module._text(value) for text, value in told.items()} == {text: text for text in told}
    for value in (b"x", object(), 1j, {"a": 1}):
        with pytest.raises(DeliveryFault):
            module._text(value)
