"""Commands of whoever runs a deployment: backup, restore, grants, health, prune. Here: options and words; `cli.py` puts them in place.

Exit codes are those of `cli.py`; `docs/runbook.md` says what to do about each.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.answer import answering
from pipelines.commands.options import Data, Json, Partnership
from pipelines.settings import read_settings


def backup(
    to: Annotated[Path, typer.Option(help="Folder that gets the backup, as a folder of its own.")],
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Restore it aside at once, prove it, remove it.")
    ] = False,
    data: Data = None,
    partnership: Partnership = None,
    as_json: Json = False,
) -> None:
    """Keep register, archive, warehouse, releases, editions, evidence and log; never the pseudonym key."""
    with answering("backup", as_json) as answer:
        import dagster as dg

        from pipelines import backup as work
        from pipelines.workspace import dagster_environment, open_workspace

        settings = read_settings(data_dir=data, partnership=partnership)
        if not (settings.data / "partnership.json").exists():
            raise work.BackupError(f"{settings.data.name} is no data folder: name one with --data or SAFER_DATA_DIR")
        workspace = open_workspace(settings)
        dagster_environment(settings.data, settings.dagster_url.get_secret_value())
        with dg.DagsterInstance.get() as instance:
            made = work.backup(workspace, to, runs=lambda: work.runs_of(instance))
        workspace.warehouse.close()
        answer.give(backup=made)
        answer.say(f"Backup {made} is whole. SAFER_PSEUDONYM_KEY is not in it: keep that elsewhere.")
        if rehearse:
            done = work.rehearse(workspace.settings, made)
            answer.say(f"Rehearsed: restored aside, release {done.release or 'none yet'} proven, removed again.")


def restore(
    source: Annotated[Path, typer.Option("--from", help="Folder of the backup.")],
    data: Annotated[Path, typer.Option(help="New data folder.")],
    as_json: Json = False,
) -> None:
    """Make a new data folder from a backup, every file and the current release proven; whole or not at all."""
    with answering("restore", as_json) as answer:
        from pipelines import backup as work

        done = work.restore(read_settings(data_dir=data), source)
        for note in done.notes:
            answer.note(note)
        answer.give(data=done.data, release=done.release)
        answer.say(
            f"Restored to {done.data}: release {done.release or 'none yet'} is proven. The register of the backup is in"
            f" {done.data / 'register'}: compare it with yours before the next refresh."
        )


def grants(
    sql: Annotated[bool, typer.Option("--sql", help="Only print the statements, for the database's owner.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make the group roles of a PostgreSQL warehouse and give each exactly its rights; safe to run again."""
    with answering("grants", as_json) as answer:
        import sqlalchemy as sa

        from expectations.contracts import TABLES
        from resources import roles
        from resources.warehouse import PUBLISHED, WarehouseError

        settings = read_settings(data_dir=data)
        owner = settings.admin_url.get_secret_value() or settings.url
        try:
            url = sa.make_url(owner)
        except sa.exc.ArgumentError:
            url = sa.URL.create("none")
        if url.get_backend_name() != "postgresql" or not url.database:
            raise WarehouseError(
                "grants are for PostgreSQL: set SAFER_WAREHOUSE_URL, or SAFER_ADMIN_URL, to postgresql://…"
            )
        try:
            if sql:
                statements = list(roles.statements(url.database, PUBLISHED, TABLES))
                answer.give(statements=statements)
                answer.say("\n".join(f"{said};" for said in statements))
                return
            names = roles.grant(url, PUBLISHED, TABLES)
        except ValueError as error:
            raise WarehouseError(str(error)) from None
        except sa.exc.DBAPIError:
            raise WarehouseError(
                "the server refused: run it as the database's owner with the right to make roles (SAFER_ADMIN_URL), or have the"
                " statements of safer-outcomes grants --sql run; nothing was changed"
            ) from None
        answer.give(roles=list(names))
        answer.say(f"Roles {', '.join(names)} have their rights. Grant each to log-ins: GRANT {names[1]} TO name;")


def health(
    daemon: Annotated[bool, typer.Option("--daemon", help="Dagster's daemon must be alive too.")] = False,
    data: Data = None,
    partnership: Partnership = None,
    as_json: Json = False,
) -> None:
    """Whether all that a refresh needs is there and answers. Exit 1 names what is not."""
    with answering("health", as_json) as answer:
        from pipelines.failures import line_of
        from pipelines.health import checks
        from pipelines.workspace import open_workspace

        workspace = open_workspace(read_settings(data_dir=data, partnership=partnership))
        found: dict[str, str] = {}
        answer.give(well=found)
        for name, check in checks(workspace, daemon=daemon).items():
            try:
                found[name] = str(check())
                answer.say(f"{name}: {found[name]}")
            except Exception as error:
                answer.error(f"{name}: {line_of(error)}")


def prune(
    older_than: Annotated[int, typer.Option(help="Days; younger runs stay.", min=1)] = 180,
    data: Data = None,
    partnership: Partnership = None,
    as_json: Json = False,
) -> None:
    """Delete old runs from Dagster's records, and none in which evidence of a table or check lies."""
    with answering("prune", as_json) as answer:
        from datetime import UTC, datetime, timedelta

        from pipelines.workspace import dagster_environment, one_at_a_time, open_workspace

        settings = read_settings(data_dir=data, partnership=partnership)
        workspace = open_workspace(settings)
        with one_at_a_time(settings.data):
            dagster_environment(settings.data, settings.dagster_url.get_secret_value())
            import dagster as dg

            from pipelines.prune import prune as remove

            with dg.DagsterInstance.get() as instance:
                done = remove(instance, workspace.pipeline.required, timedelta(days=older_than), datetime.now(UTC))
        answer.give(deleted=done.deleted, kept=done.kept)
        answer.say(f"{done.deleted} runs older than {older_than} days deleted; {done.kept} stay, for their evidence.")
