"""Backup and restore: the same bytes again on another place and database, every harm seen, never another key, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.storage.tags import GRPC_INFO_TAG

from assets.release import editions
from expectations.contracts import TABLES
from pipelines.backup import BackupError, backup, rehearse, restore, runs_of
from pipelines.refresh import look
from pipelines.workspace import WorkspaceError, one_at_a_time
from resources import dagster_backup, roles
from resources.alert_store import Observed
from resources.warehouse import PUBLISHED, Content
from tests.database import has_published
from tests.e2e.city import City, open_city

NOW = datetime(2026, 5, 3, 1, 2, 3, tzinfo=UTC)
KEPT = ("releases", "analysis", "editions", "evidence", "archive", "log.jsonl", "partnership.json")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """The city of open data with an edition and an alert that nobody was told yet."""
    made = City(tmp_path_factory.mktemp("kept") / "data")
    shutil.copytree(open_city(tmp_path_factory).data, made.data, symlinks=True)
    current = (made.data / "releases" / "current").readlink().name
    editions.approve(made.data, current, "A. Chair", "Agreed")
    workspace = made.open()
    workspace.notifier.tell(
        [Observed("late:population", True, kind="delivery_late", subject="subject", body="body", identity="one")]
    )
    workspace.warehouse.close()
    return made


@pytest.fixture(scope="module")
def kept(city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return backup(city.open(), tmp_path_factory.mktemp("backups"), NOW)


def tree(data: Path) -> dict[str, tuple[int, bytes | str]]:
    """Every file and link that a backup keeps as it is, with its mode."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for top in KEPT:
        for path in sorted([data / top, *(data / top).rglob("*")]):
            name, mode = path.relative_to(data).as_posix(), path.lstat().st_mode if path.exists() else 0
            if path.is_symlink():
                found[name] = mode, f"-> {path.readlink()}"
            elif path.is_file() and path.name != ".lock":
                found[name] = mode, path.read_bytes()
            elif path.is_dir():
                found[name] = mode, ""
    return found


def contents(city: City) -> dict[str, tuple[Content, str | None]]:
    """What every table is said to hold, and the hash of what it holds."""
    warehouse = city.open().warehouse
    with warehouse.snapshot() as snapshot:
        found = {name: (said, snapshot.hash(TABLES[name])) for name, said in snapshot.stored().items()}
    warehouse.close()
    return found


def test_what_is_restored_is_the_same_to_the_byte_and_needs_no_refresh(city: City, kept: Path, tmp_path: Path) -> None:
    again = City(tmp_path / "new" / "data", landing=city.data / "landing")
    done = restore(again.settings, kept)
    assert kept.name == "marlhaven-20260503T010203Z" and done.notes == ()
    assert done.release == (city.data / "releases" / "current").readlink().name
    assert tree(again.data) == tree(city.data)
    assert again.release_files() == city.release_files()
    assert [alert.event for alert in again.open().notifier.unsent()] == ["late:population#1"]
    assert editions.faults_of(again.data) == []
    register = again.data / "register" / "synthetic"
    assert (register / "partnership.toml").read_bytes() == (city.partnership / "partnership.toml").read_bytes()
    # Nothing is made anew: evidence and tables still belong together, and the register beside the data serves as well.
    done_again = replace(again, partnership=register).refresh()
    assert done_again.planned.empty and not done_again.released.new
    assert has_published(again.data)


def test_nobody_else_may_read_it_and_the_key_is_not_in_it(kept: Path, city: City) -> None:
    assert kept.stat().st_mode & 0o777 == 0o700
    key = city.open().key
    assert not any(key in path.read_bytes() for path in kept.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "part", ["data/log.jsonl", "data/archive/receipts.jsonl", "warehouse/content.json", "register/common/measures.toml"]
)
def test_a_changed_lost_or_added_file_is_seen_before_anything_is_made(kept: Path, tmp_path: Path, part: str) -> None:
    for number, harm in enumerate(("change", "lose", "add")):
        copy = shutil.copytree(kept, tmp_path / f"b{number}", symlinks=True)
        path = copy / part
        if harm == "change":
            path.write_bytes(path.read_bytes()[:-1] + b"!")
        elif harm == "lose":
            path.unlink()
        else:
            path.with_name("more").write_text("x")
        with pytest.raises(BackupError, match="the backup is damaged"):
            restore(City(tmp_path / "data").settings, copy)
        assert sorted(p.name for p in tmp_path.iterdir()) == [f"b{n}" for n in range(number + 1)]


def test_a_manifest_that_was_made_to_fit_is_refused(kept: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(kept, tmp_path / "b", symlinks=True)
    said = json.loads((copy / "backup.json").read_text())
    said["links"]["releases/current"] = "elsewhere"
    (copy / "backup.json").write_text(json.dumps(said))
    with pytest.raises(BackupError, match=r"backup.json was changed"):
        restore(City(tmp_path / "data").settings, copy)
    with pytest.raises(BackupError, match="is no backup"):
        restore(City(tmp_path / "data").settings, tmp_path)


def test_another_key_and_a_folder_that_is_not_empty_are_refused(kept: Path, city: City, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="another SAFER_PSEUDONYM_KEY"):
        restore(City(tmp_path / "data", pseudonym_key="another secret that is long enough for it").settings, kept)
    with pytest.raises(BackupError, match="not empty"):
        restore(city.settings, kept)
    assert list(tmp_path.iterdir()) == []


def test_no_backup_while_a_refresh_runs_of_a_damaged_folder_or_into_itself(city: City, tmp_path: Path) -> None:
    with one_at_a_time(city.data), pytest.raises(WorkspaceError, match="another refresh"):
        backup(city.open(), tmp_path / "to")
    with pytest.raises(BackupError, match="inside the data folder"):
        backup(city.open(), city.data / "backups")
    harmed = City(tmp_path / "data")
    shutil.copytree(city.data, harmed.data, symlinks=True)
    page = harmed.data / "releases" / "current" / "index.html"
    page.chmod(0o644)
    page.write_text("changed")
    with pytest.raises(BackupError, match=r"damaged.*restore it from an earlier backup"):
        backup(harmed.open(), tmp_path / "to")
    assert not list((tmp_path / "to").iterdir())


def test_no_backup_while_a_run_of_the_daemon_writes_and_a_killed_command_is_none(city: City, tmp_path: Path) -> None:
    own = City(tmp_path / "data")
    shutil.copytree(city.data, own.data, symlinks=True)
    told = {GRPC_INFO_TAG: "{}"}
    with own.instance() as instance:
        look_at = partial(runs_of, instance)

        def add(tags: dict[str, str]) -> None:
            started = dg.DagsterRun("refresh", status=dg.DagsterRunStatus.STARTED, tags=tags)
            instance.run_storage.add_run(started)

        add({})  # of a command that was killed: nobody else can end it
        assert backup(own.open(), tmp_path / "to", NOW, look_at).is_dir()
        asked: list[object] = []

        def one_begins() -> object:
            asked.append(None)
            if len(asked) == 2:
                add(told)
            return look_at()

        with pytest.raises(BackupError, match="a run began meanwhile"):
            backup(own.open(), tmp_path / "to", runs=one_begins)  # type: ignore[arg-type]
        with pytest.raises(BackupError, match="a run is under way"):
            backup(own.open(), tmp_path / "to", runs=look_at)
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["marlhaven-20260503T010203Z"]


def test_killed_or_full_while_restoring_nothing_stands_there(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BackupError, match="No space left"):
        restore(City(tmp_path / "data").settings, kept)
    assert list(tmp_path.iterdir()) == []


def test_rehearsed_a_backup_leaves_nothing_behind(kept: Path, city: City) -> None:
    before = sorted(kept.parent.iterdir())
    assert rehearse(city.settings, kept).release == (city.data / "releases" / "current").readlink().name
    assert sorted(kept.parent.iterdir()) == before


@pytest.mark.postgres
def test_from_one_database_into_the_other_and_back(kept: Path, city: City, server: str, tmp_path: Path) -> None:
    urls = {}
    with sa.create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
        for name in ("kept_one", "kept_two", "kept_dagster", "kept_dagster_two"):
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
            urls[name] = sa.make_url(server).set(database=name).render_as_string()

    def at(name: str, warehouse: str, dagster: str) -> City:
        return City(
            tmp_path / name, landing=city.data / "landing", warehouse_url=urls[warehouse], dagster_url=urls[dagster]
        )

    first = at("first", "kept_one", "kept_dagster")
    done = restore(first.settings, kept)
    assert done.notes == (
        "Dagster's records are of another database: the next refresh makes and checks every table anew",
    )
    assert tree(first.data) == tree(city.data) and not (first.data / "warehouse.sqlite").exists()
    with sa.create_engine(urls["kept_one"], poolclass=sa.NullPool).connect() as connection:
        held = connection.exec_driver_sql(f"SELECT release_id FROM {PUBLISHED}.releases").scalar()
    assert held == done.release
    assert contents(first) == contents(city)
    with first.instance() as instance:
        assert look(first.open(), instance).make
        run = dg.materialize([dg.AssetsDefinition.from_op(dg.op(name="thing")(lambda: None))], instance=instance).run_id

    second = at("second", "kept_two", "kept_dagster_two")
    again = backup(first.open(), tmp_path / "backups")
    assert rehearse(second.settings, again).release == done.release
    assert restore(second.settings, again).notes == ()
    assert contents(second) == contents(city) and second.release_files() == city.release_files()
    with second.instance() as instance:
        assert [record.run_id for record in instance.get_runs()] == [run]
    back = City(tmp_path / "back")
    assert len(restore(back.settings, again).notes) == 1
    assert contents(back) == contents(city)
    with pytest.raises(Exception, match="holds tables already"):
        restore(at("third", "kept_two", "kept_dagster").settings, again)
    assert not (tmp_path / "third").exists()


@pytest.mark.postgres
def test_restored_as_the_runbook_tells_each_role_has_its_rights_again(
    kept: Path, city: City, server: str, tmp_path: Path
) -> None:
    """Fresh databases, `grants`, then `restore` by a log-in that is no more than a member of the pipeline's role."""
    admin = sa.make_url(server)
    roles_made = [roles.role("again", word) for word in (roles.PIPELINE, roles.ANALYST, roles.BOARD)]
    logins = [f"again_login_{number}" for number in range(3)]
    with sa.create_engine(admin, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect() as connection:
        for login in logins:
            connection.exec_driver_sql(f"CREATE ROLE {login} LOGIN")
        connection.exec_driver_sql("CREATE DATABASE again")
        for name in ("again_dagster", "again_dagster_two"):
            connection.exec_driver_sql(f"CREATE DATABASE {name} OWNER {logins[0]}")
        roles.grant(admin.set(database="again"), PUBLISHED, TABLES)
        for role, login in zip(roles_made, logins, strict=True):
            connection.exec_driver_sql(f"GRANT {role} TO {login}")

        def address(database: str, login: str = logins[0]) -> str:
            return admin.set(database=database, username=login).render_as_string(hide_password=False)

        try:
            first = City(tmp_path / "first", warehouse_url=address("again"), dagster_url=address("again_dagster"))
            assert restore(first.settings, kept).release == (city.data / "releases" / "current").readlink().name
            assert contents(first) == contents(city)
            may = {login: set(readable(address("again", login))) for login in logins[1:]}
            known = set(contents(city))
            assert may == {logins[1]: known | {"releases", "measures", "figures"},
                           logins[2]: {"releases", "measures", "figures"}}  # fmt: skip
            # Dagster's records go from one database to the next by their owner alone.
            with first.instance() as instance:
                run = dg.materialize([dg.asset(name="thing")(lambda: None)], instance=instance).run_id
            dagster_backup.keep(first.data, address("again_dagster"), tmp_path)
            assert dagster_backup.put_back(tmp_path, address("again_dagster_two"), first.data)
            with City(first.data, dagster_url=address("again_dagster_two")).instance() as instance:
                assert [record.run_id for record in instance.get_runs()] == [run]
        finally:
            for name in ("again", "again_dagster", "again_dagster_two"):
                connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
            for name in (*logins, *roles_made):
                connection.exec_driver_sql(f"DROP ROLE {name}")


def readable(address: str) -> list[str]:
    """Tables that a log-in may read, by the server's own account of it."""
    said = (
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname IN"
        " ('public', 'published') AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')"
    )
    with sa.create_engine(address, poolclass=sa.NullPool).connect() as connection:
        return [str(name) for name in connection.exec_driver_sql(said).scalars()]
