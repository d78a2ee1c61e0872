"""Who may read and write what in a PostgreSQL warehouse: three group roles of each database, and the rights that they have.

| role | may |
|---|---|
| `<database>_pipeline` | everything: it owns the tables and the schema of what is published |
| `<database>_analyst` | read raw, clean and outcome tables and what is published |
| `<database>_board` | read what is published, and nothing else |

None of them can log in and none has a password: whoever runs the server grants them to log-ins. Everyone else has no right at
all, not even to connect. Raw and quarantine tables hold hashes, row numbers and reason codes only, so analysts read them too;
tables of the pipeline itself (their names begin with `_`) are for the pipeline alone. Here: the statements, and what the pipeline
does so that a new table has its rights at once. Not here: connecting (`resources/warehouse.py`).
"""

# ruff: noqa: S608 (names are quoted here, and nothing else is put in)
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

#: Rights by role are said by these words; the names of the roles begin with that of the database, for roles belong to a whole server.
PIPELINE, ANALYST, BOARD = "pipeline", "analyst", "board"
#: Longest name that PostgreSQL keeps whole.
_LONGEST = 63
_quoted = postgresql.dialect().identifier_preparer.quote_identifier


def role(database: str, word: str) -> str:
    """Name of a group role of a database.

    Raises:
        ValueError: the name would be cut by PostgreSQL.
    """
    name = f"{database}_{word}"
    if len(name.encode()) > _LONGEST:
        raise ValueError(f"database name {database[:20]}… is too long for its roles: choose a shorter one")
    return name


def statements(database: str, published: str, tables: Iterable[str]) -> list[str]:
    """SQL that makes the roles and gives them exactly their rights, however often it runs; no statement holds a secret.

    Run it as owner of the database with the right to make roles. Rights that any of the roles had beyond these are taken away.

    Args:
        database: name of the warehouse's database.
        published: schema of what is published.
        tables: names of all tables that analysts may read, whether they are there yet or not.
    """
    base, schema = _quoted(database), _quoted(published)
    names = {word: role(database, word) for word in (PIPELINE, ANALYST, BOARD)}
    pipeline, analyst, board = (_quoted(name) for name in names.values())
    listed = ", ".join(_text(name) for name in sorted(tables))
    return [
        *(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {_text(name)}) THEN"
            f" CREATE ROLE {_quoted(name)} NOLOGIN; END IF; END $$"
            for name in names.values()
        ),
        # Whoever makes the pipeline's role the owner of something must be a member of it.
        f"DO $$ BEGIN IF NOT pg_has_role({_text(names[PIPELINE])}, 'MEMBER') THEN"
        f" GRANT {pipeline} TO CURRENT_USER; END IF; END $$",
        f"REVOKE ALL ON DATABASE {base} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {base} TO {pipeline}, {analyst}, {board}",
        f"REVOKE ALL ON SCHEMA public FROM PUBLIC, {analyst}, {board}",
        f"GRANT USAGE, CREATE ON SCHEMA public TO {pipeline}",
        f"GRANT USAGE ON SCHEMA public TO {analyst}",
        f"CREATE SCHEMA IF NOT EXISTS {schema}",
        f"ALTER SCHEMA {schema} OWNER TO {pipeline}",
        f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC, {analyst}, {board}",
        f"GRANT USAGE ON SCHEMA {schema} TO {analyst}, {board}",
        # What an earlier log-in made belongs to the pipeline's role from now on; tables of others (Dagster's) are left alone.
        "DO $$ DECLARE one record; BEGIN FOR one IN SELECT schemaname, tablename FROM pg_tables"
        f" WHERE (schemaname = {_text(published)} OR schemaname = 'public' AND (left(tablename, 1) = '_' OR tablename IN"
        f" ({listed}))) AND tableowner <> {_text(names[PIPELINE])} LOOP"
        " EXECUTE 'ALTER TABLE ' || quote_ident(one.schemaname) || '.' || quote_ident(one.tablename) || ' OWNER TO ' ||"
        f" quote_ident({_text(names[PIPELINE])}); END LOOP; END $$",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public, {schema} FROM PUBLIC, {analyst}, {board}",
        "DO $$ DECLARE one record; BEGIN FOR one IN SELECT tablename FROM pg_tables"
        f" WHERE schemaname = 'public' AND tablename IN ({listed}) LOOP"
        " EXECUTE 'GRANT SELECT ON public.' || quote_ident(one.tablename) || ' TO ' ||"
        f" quote_ident({_text(names[ANALYST])}); END LOOP; END $$",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {analyst}, {board}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {pipeline} IN SCHEMA {schema} GRANT SELECT ON TABLES TO {analyst}, {board}",
    ]


def grant(url: sa.URL, published: str, tables: Iterable[str]) -> list[str]:
    """Run the statements, all or none.

    Args:
        url: the warehouse, as whoever may make roles in it.
        published: schema of what is published.
        tables: names of all tables that analysts may read.

    Returns:
        Names of the three roles.

    Raises:
        sqlalchemy.exc.DBAPIError: the server refuses, or cannot be reached; nothing was changed.
    """
    engine = sa.create_engine(url, hide_parameters=True, poolclass=sa.NullPool)
    with engine.begin() as connection:
        database = str(connection.scalar(sa.text("SELECT current_database()")))
        for statement in statements(database, published, tables):
            connection.exec_driver_sql(statement.replace("%", "%%"))
    return [role(database, word) for word in (PIPELINE, ANALYST, BOARD)]


def act_as_pipeline(raw: Any, _record: Any) -> None:
    """Let a fresh connection work as the pipeline's role where its log-in is a member, so that tables belong to no single log-in."""
    raw.execute(
        "SELECT set_config('role', rolname, false) FROM pg_roles"
        f" WHERE rolname = current_database() || '_{PIPELINE}' AND pg_has_role(session_user, oid, 'MEMBER')"
    )
    raw.commit()


def share(connection: sa.Connection, table: str) -> None:
    """Let analysts read a table that was just made, where the database has that role."""
    names = "SELECT rolname FROM pg_roles WHERE rolname = current_database() || :word"
    for name in connection.scalars(sa.text(names), {"word": f"_{ANALYST}"}).all():
        connection.exec_driver_sql(f"GRANT SELECT ON {_quoted(table)} TO {_quoted(str(name))}")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
