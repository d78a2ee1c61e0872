"""Dagster's own records as files, and back: SQLite by its backup interface, PostgreSQL by pg_dump and pg_restore.

They are kept because they are the evidence that the gate reads: without them every table and check would have to be made again,
which is not possible where delivered bytes were purged. Passwords reach the programs by the environment, never as an argument.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from resources.dagster_storage import StorageError, postgres_url

#: What of a kept folder is Dagster's: a folder of SQLite files, or one file of pg_dump.
FILES = "dagster"
DUMPED = "dagster.pgdump"


def keep(data: Path, url: str, folder: Path) -> None:
    """Write Dagster's records into a folder.

    Args:
        data: the data folder.
        url: `SAFER_DAGSTER_URL`; empty where the records are in SQLite.
        folder: where `FILES` or `DUMPED` is to appear.

    Raises:
        StorageError: the database cannot be read, or PostgreSQL's programs are not there.
        OSError: the files cannot be written.
    """
    if url:
        _run("pg_dump", url, "--format=custom", "--no-owner", "--no-acl", f"--file={folder / DUMPED}")
        return
    for path in sorted((data / FILES).rglob("*.db")):
        target = folder / FILES / path.relative_to(data / FILES)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with (
                closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as one,
                closing(sqlite3.connect(target)) as other,
            ):
                one.backup(other)
                # One file, whatever the journal of the original: it is hashed and copied as it is.
                other.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error:
            raise StorageError(f"Dagster's records ({path.name}) cannot be read: run safer-outcomes refresh") from None


def put_back(folder: Path, url: str, data: Path) -> bool:
    """Put kept records where the settings want them; False where they are of the other kind of database and stay out.

    Args:
        folder: what `keep` wrote.
        url: `SAFER_DAGSTER_URL`; empty where the records go to SQLite.
        data: the data folder that is being made.

    Raises:
        StorageError: the database is not empty, cannot be used, or PostgreSQL's programs are not there.
        OSError: the files cannot be written.
    """
    if url:
        if not (folder / DUMPED).exists():
            return False
        _refuse_full(url)
        _run(
            "pg_restore", url, "--no-owner", "--no-acl", "--single-transaction", "--exit-on-error", str(folder / DUMPED)
        )
        return True
    if (folder / FILES).is_dir():
        shutil.copytree(folder / FILES, data / FILES, copy_function=shutil.copyfile)
    return not (folder / DUMPED).exists()


def listed(folder: Path) -> bool:
    """Whether what pg_dump wrote can be read; True where there is none."""
    path = folder / DUMPED
    done = path.exists() and subprocess.run([_program("pg_restore"), "--list", path], capture_output=True, check=False)  # noqa: S603
    return not done or done.returncode == 0


def _refuse_full(url: str) -> None:
    engine = sa.create_engine(postgres_url(url), hide_parameters=True, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            full = sa.inspect(connection).has_table("event_logs")
    except sa.exc.SQLAlchemyError:
        raise StorageError(
            "the database of SAFER_DAGSTER_URL cannot be used: check server, name and password"
        ) from None
    if full:
        raise StorageError("the database of SAFER_DAGSTER_URL holds Dagster's records already: name an empty one")


def _run(program: str, url: str, *arguments: str) -> None:
    address = sa.make_url(postgres_url(url)).set(drivername="postgresql")
    environment = {**os.environ, **({"PGPASSWORD": str(address.password)} if address.password else {})}
    target = address.set(password=None).render_as_string()
    done = subprocess.run(  # noqa: S603
        [_program(program), f"--dbname={target}", *arguments], env=environment, capture_output=True, check=False
    )
    if done.returncode:
        raise StorageError(
            f"{program} failed: check that it is as new as the server, the rights of SAFER_DAGSTER_URL's log-in, and the disk"
        )


def _program(name: str) -> str:
    """A program of PostgreSQL's: the newest that Debian has, else the one on the path.

    Raises:
        StorageError: there is none.
    """
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    found = str(versions[-1]) if versions else shutil.which(name)
    if not found:
        raise StorageError(
            f"{name} is not on this machine: install postgresql-client, of the server's version or newer"
        )
    return found
