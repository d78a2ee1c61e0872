"""Rights in PostgreSQL, tried as each role on a real server: every role, every kind of table, reading and writing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pandas as pd
import psycopg
import pytest
import sqlalchemy as sa

from assets.release import published
from expectations.alerting import AlertsFile
from expectations.contracts import TABLES
from resources import roles
from resources.alert_store import Observed
from resources.notifier import Notifier
from resources.warehouse import PUBLISHED, Warehouse
from tests.release.downloaded import written

BASE = "safer_matrix"
COUNT = TABLES["clean_police_street_count"]
#: Kinds of tables by one example each; what the roles may do with them is `MAY`.
KINDS = {
    "raw": "raw_police_street",
    "clean": COUNT.name,
    "clean, of single people": "clean_pdas_referral",
    "quarantine": "clean_pdas_referral_quarantine",
    "outcome": "outcome_sp01_close_the_gap",
    "internal": "_content",
    "alerts": "_alert_message",
    "alerts, what is open": "_alert_case",
    "alerts, who accepted them": "_alert_delivery",
    "of another program": "runs",
    "published": "published.figures",
}
_ANALYST = {"raw", "clean", "clean, of single people", "quarantine", "outcome", "published"}
MAY: dict[str, tuple[set[str], set[str]]] = {
    "pipeline": (set(KINDS) - {"of another program"}, set(KINDS) - {"of another program"}),
    "analyst": (_ANALYST, set()),
    "board": ({"published"}, set()),
}
WRITES = (
    "INSERT INTO {} DEFAULT VALUES",
    "UPDATE {} SET {} = NULL WHERE false",
    "DELETE FROM {} WHERE false",
    "TRUNCATE {}",
)


@pytest.fixture(scope="module")
def base(server: str) -> Iterator[sa.URL]:
    """A database with tables that a log-in of the pipeline made, as its owner sees it; rights were given between the tables."""
    admin = sa.make_url(server)

    def run(*said: str, where: sa.URL = admin) -> None:
        with sa.create_engine(where, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
            for statement in said:
                connection.exec_driver_sql(statement)

    names = [roles.role(BASE, word) for word in MAY]
    run(f"CREATE DATABASE {BASE}")
    own = admin.set(database=BASE)
    run("CREATE TABLE runs (x int)", where=own)
    run(*(f"CREATE ROLE login_{word} LOGIN" for word in (*MAY, "stranger", "second")))
    roles.grant(own, PUBLISHED, TABLES)
    run(*(f"GRANT {roles.role(BASE, word)} TO login_{word}" for word in MAY), f"GRANT {names[0]} TO login_second")
    yield own
    run(f"DROP DATABASE {BASE} WITH (FORCE)")
    run(*(f"DROP ROLE {name}" for name in (*names, *(f"login_{w}" for w in (*MAY, "stranger", "second")))))


@pytest.fixture(scope="module")
def filled(base: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> sa.URL:
    """Every kind of table made by a log-in that is no more than a member of the pipeline's role."""
    fill(base, "login_pipeline")
    warehouse = opened(base, "login_pipeline")
    seen = Observed("check:a/b", bad=True, kind="check_failed", subject="b", body="c")
    Notifier(warehouse, AlertsFile(), lambda _name: ()).tell([seen])
    with published.swapped(warehouse, written(tmp_path_factory.mktemp("releases"))):
        pass
    warehouse.close()
    return base


def opened(base: sa.URL, login: str) -> Warehouse:
    return Warehouse(base.set(username=login).render_as_string(), "marlhaven", "1")


def fill(base: sa.URL, login: str, *names: str) -> None:
    warehouse = opened(base, login)
    wanted = names or [name for name in KINDS.values() if name in TABLES]
    empty = [(TABLES[n], pd.DataFrame({c: [] for c in TABLES[n].column_names}).astype("str")) for n in wanted]
    warehouse.replace(empty, inputs={})
    warehouse.close()


@cache
def engine(base: sa.URL, login: str) -> sa.Engine:
    return sa.create_engine(base.set(username=login))


def refused(base: sa.URL, login: str, statement: str) -> bool:
    """Whether the server refuses a statement for want of a right; any other error is the test's."""
    try:
        with engine(base, login).connect() as connection, connection.begin() as transaction:
            connection.exec_driver_sql(statement)
            transaction.rollback()
    except sa.exc.ProgrammingError as error:
        if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise
        return True
    except sa.exc.IntegrityError:
        return False  # allowed, and only then found wanting
    return False


@pytest.mark.postgres
@pytest.mark.parametrize("word", MAY)
@pytest.mark.parametrize("kind", KINDS)
def test_matrix(filled: sa.URL, word: str, kind: str) -> None:
    reads, writes = MAY[word]
    login, table = f"login_{word}", KINDS[kind] if "." in KINDS[kind] else f"public.{KINDS[kind]}"
    assert refused(filled, login, f"SELECT * FROM {table}") is (kind not in reads)
    schema, _, name = table.rpartition(".")
    with sa.create_engine(filled).connect() as connection:
        column = sa.inspect(connection).get_columns(name, schema=schema or None)[0]["name"]
    for statement in WRITES:
        assert refused(filled, login, statement.format(table, column)) is (kind not in writes), statement
    if kind != "of another program":
        assert refused(filled, login, f"DROP TABLE {table} CASCADE") is (kind not in writes)


@pytest.mark.postgres
@pytest.mark.parametrize("word", MAY)
@pytest.mark.parametrize("schema", ["public", PUBLISHED])
def test_only_the_pipeline_makes_tables(filled: sa.URL, word: str, schema: str) -> None:
    made = refused(filled, f"login_{word}", f"CREATE TABLE {schema}.mine (x int)")
    assert made is (word != "pipeline")
    assert refused(filled, f"login_{word}", "CREATE SCHEMA mine")
    assert refused(filled, f"login_{word}", "CREATE TEMPORARY TABLE mine (x int)")


@pytest.mark.postgres
def test_who_has_no_role_cannot_even_connect(filled: sa.URL) -> None:
    with pytest.raises(sa.exc.OperationalError, match="permission denied for database"):
        engine(filled, "login_stranger").connect()


@pytest.mark.postgres
def test_rights_stay_when_rows_are_replaced_and_come_with_a_new_table(filled: sa.URL) -> None:
    fill(filled, "login_second")  # another log-in of the pipeline replaces what the first one made
    for kind in _ANALYST - {"published"}:
        assert not refused(filled, "login_analyst", f"SELECT * FROM public.{KINDS[kind]}"), kind
    with sa.create_engine(filled).begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {COUNT.name} ADD COLUMN odd text")
    fill(filled, "login_second", COUNT.name, "clean_population")  # one is made anew, one for the first time
    for name in (COUNT.name, "clean_population"):
        assert not refused(filled, "login_analyst", f"SELECT * FROM public.{name}"), name
        assert refused(filled, "login_board", f"SELECT * FROM public.{name}"), name
        assert refused(filled, "login_analyst", f"DELETE FROM public.{name}"), name


@pytest.mark.postgres
def test_given_again_the_rights_are_the_same_and_no_more(filled: sa.URL) -> None:
    def held() -> list[tuple[object, ...]]:
        with sa.create_engine(filled, poolclass=sa.NullPool).connect() as connection:
            said = "SELECT relname, relowner, relacl::text FROM pg_class WHERE relkind = 'r' AND relacl IS NOT NULL"
            return sorted(tuple(row) for row in connection.exec_driver_sql(said))

    roles.grant(filled, PUBLISHED, TABLES)
    before = held()
    with sa.create_engine(filled).begin() as connection:
        connection.exec_driver_sql(f"GRANT ALL ON {COUNT.name}, _content TO {BASE}_board, {BASE}_analyst, PUBLIC")
    assert held() != before and not refused(filled, "login_analyst", "DELETE FROM public._content WHERE false")
    roles.grant(filled, PUBLISHED, TABLES)
    assert held() == before


@pytest.mark.postgres
def test_tables_made_before_there_were_roles_get_their_rights(server: str) -> None:
    url = sa.make_url(server)
    with sa.create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE safer_old")
    own = url.set(database="safer_old")
    fill(own, "safer", COUNT.name)
    with sa.create_engine(own, poolclass=sa.NullPool).begin() as connection:
        connection.exec_driver_sql("CREATE ROLE late LOGIN")
    names = roles.grant(own, PUBLISHED, TABLES)
    with sa.create_engine(own, poolclass=sa.NullPool).begin() as connection:
        connection.exec_driver_sql(f"GRANT {names[1]} TO late")
    assert not refused(own, "late", f"SELECT * FROM public.{COUNT.name}")
    assert refused(own, "late", "SELECT * FROM public._content")
    with sa.create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("DROP DATABASE safer_old WITH (FORCE)")
        for name in ("late", *names):
            connection.exec_driver_sql(f"DROP ROLE {name}")


def test_statements_hold_no_secret_and_give_no_log_in() -> None:
    said = roles.statements("safer", PUBLISHED, TABLES)
    assert not any(word in statement.upper() for statement in said for word in ("PASSWORD", " LOGIN"))
    with pytest.raises(ValueError, match="too long"):
        roles.statements("x" * 60, PUBLISHED, TABLES)
