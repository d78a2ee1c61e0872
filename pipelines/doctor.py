"""Is a set-up as it must be: each check looks at one thing, changes nothing, and says the remedy for what it finds.

Here: the checks. Not here: how they are shown (`commands/doctor.py`). What a check says holds no secret and nothing of a row;
an error that no check foresaw is named by its kind.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipelines.failures import line_of
from pipelines.settings import ROOT, SECRETS, Settings, said

State = Literal["ok", "warning", "fault"]
#: Below this a refresh may not end; below the second it soon will not.
_NEEDED, _COMFORTABLE = 1 << 29, 1 << 31
_SINCE, _BEFORE = (3, 11), (3, 13)
#: A clock may be behind that of whoever wrote a record by so much.
_SLACK = timedelta(minutes=10)
_OTHERS = stat.S_IRWXO
_OWN = "safer-outcomes"


@dataclass(frozen=True)
class Found:
    """What one check found; `remedy` is empty where nothing needs doing."""

    name: str
    state: State
    said: str
    remedy: str = ""


Check = Callable[[Settings], Iterator[Found]]


def examine(settings: Settings) -> list[Found]:
    """Every check, in order; one that cannot be made is a fault and stops none of the others."""
    found: list[Found] = []
    for name, check in CHECKS.items():
        try:
            found += list(check(settings))
        except Exception as error:
            found.append(Found(name, "fault", line_of(error), "correct it, and run safer-outcomes doctor again"))
    return found


def _python(_: Settings) -> Iterator[Found]:
    version = ".".join(map(str, sys.version_info[:3]))
    if not _SINCE <= sys.version_info[:2] < _BEFORE:
        yield Found(
            "python", "fault", f"Python {version}", "use Python 3.11 or 3.12: make clean setup PYTHON=python3.11"
        )
    else:
        yield Found("python", "ok", f"Python {version}")


def _packages(_: Settings) -> Iterator[Found]:
    """Installed packages against the lock; what is locked for development or an extra need not be installed."""
    locked: dict[str, set[str]] = defaultdict(set)
    for package in tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]:
        locked[package["name"]].add(package.get("version", ""))
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    installed = {_canonical(d.metadata["Name"] or ""): d.version for d in metadata.distributions()}
    missing = sorted(name for name in map(_requirement, asked) if name not in installed)
    other = sorted(n for n, v in installed.items() if n in locked and n != _OWN and v not in locked[n])
    for words, names in (("not installed", missing), ("of another version than locked", other)):
        if names:
            yield Found("packages", "fault", f"{words}: {', '.join(names)}", "run make setup")
    if not (missing or other):
        yield Found("packages", "ok", f"{len(set(installed) & set(locked))} packages are those of uv.lock")


def _requirement(text: str) -> str:
    return _canonical("".join(c if c.isalnum() or c in "-_." else " " for c in text).split()[0])


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _time_zone(_: Settings) -> Iterator[Found]:
    try:
        ZoneInfo("Europe/London")
    except (ZoneInfoNotFoundError, OSError):
        yield Found(
            "time zones", "fault", "no time zone database", "install the system's tzdata, or the package tzdata"
        )
    else:
        yield Found("time zones", "ok", "Europe/London is known")


def _register(settings: Settings) -> Iterator[Found]:
    from expectations.register import load_register

    register = load_register(settings.partnership.absolute())
    yield Found(
        "register", "ok", f"{register.name}: {len(register.measures)} measures, {len(register.sources)} sources"
    )


def _data(settings: Settings) -> Iterator[Found]:
    from pipelines.workspace import open_workspace

    data = settings.data
    if not data.is_dir():
        yield Found("data folder", "warning", "not there yet", "safer-outcomes refresh makes it")
        return
    open_workspace(settings)
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield Found("data folder", "fault", "cannot be written", "give it to the user that runs the pipeline")
    else:
        yield Found("data folder", "ok", f"{data.name} belongs to this partnership and can be written")


def _permissions(settings: Settings) -> Iterator[Found]:
    """Whether others than user and group can reach data folder, landing, .env and files of secrets."""
    places = [("data folder", settings.data), ("landing", settings.landing_dir), (".env", Path(".env").absolute())]
    places += [(f"file of SAFER_{n.upper()}", Path(p)) for n in SECRETS if (p := said(f"SAFER_{n.upper()}_FILE"))]
    found: list[Path] = []
    for name, path in places:
        known = any(path.is_relative_to(other) for other in found)
        if path.exists() and not known and _reachable(path) and path.stat().st_mode & _OTHERS:
            found.append(path)
            yield Found("permissions", "fault", f"{name} is open to every user", f"chmod -R o-rwx {_short(path)}")
    if not found:
        yield Found("permissions", "ok", "nothing is open to other users")


def _reachable(path: Path) -> bool:
    """Whether others can get as far as the place."""
    return all(above.stat().st_mode & stat.S_IXOTH for above in path.parents)


def _short(path: Path) -> str:
    """A path as one would type it here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _disk(settings: Settings) -> Iterator[Found]:
    place = next(p for p in (settings.data, *settings.data.parents) if p.exists())
    free = shutil.disk_usage(place).free
    words = f"{free / (1 << 30):.1f} GB free"
    if free < _NEEDED:
        yield Found("disk", "fault", words, "free some space: a refresh needs half a gigabyte")
    elif free < _COMFORTABLE:
        yield Found("disk", "warning", words, "free some space soon")
    else:
        yield Found("disk", "ok", words)


def _database(settings: Settings) -> Iterator[Found]:
    import sqlalchemy as sa

    if settings.warehouse_url is None and not (settings.data / "warehouse.sqlite").exists():
        yield Found("database", "warning", "not there yet", "safer-outcomes refresh makes it")
        return
    try:
        engine = sa.create_engine(settings.url, hide_parameters=True)
        with engine.connect() as connection:
            version = ".".join(map(str, engine.dialect.server_version_info or ()))
            connection.execute(sa.text("SELECT 1"))
        engine.dispose()
    except (sa.exc.SQLAlchemyError, ImportError, ValueError):
        yield Found(
            "database", "fault", "the warehouse cannot be reached", "see that its server runs, and SAFER_WAREHOUSE_URL"
        )
        return
    yield Found("database", "ok", f"{engine.dialect.name} {version}".strip())


def _dagster(settings: Settings) -> Iterator[Found]:
    from pipelines.workspace import dagster_environment

    if not settings.data.is_dir():
        yield Found("Dagster", "warning", "no records yet", "safer-outcomes refresh makes them")
        return
    dagster_environment(settings.data, settings.dagster_url.get_secret_value())
    import dagster as dg

    try:
        with dg.DagsterInstance.get() as instance:
            runs = instance.get_runs_count()
            instance.get_asset_keys(limit=1)
    except Exception:
        remedy = "see that the database of SAFER_DAGSTER_URL runs, or restore the folder dagster/ from backup"
        yield Found("Dagster", "fault", "its records cannot be read", remedy)
        return
    yield Found("Dagster", "ok", f"dagster {metadata.version('dagster')}, {runs} runs on record")


def _key(settings: Settings) -> Iterator[Found]:
    from assets.clean.pseudonym import Pseudonyms, same_key
    from expectations.contracts import PARTNERS
    from expectations.register import load_register
    from resources.archive import Archive

    register = load_register(settings.partnership.absolute())
    key = settings.pseudonym_key.get_secret_value().encode()
    Pseudonyms(settings.pseudonym_key_new.get_secret_value().encode())
    if not key and register.synthetic:
        yield Found("pseudonym key", "ok", "none needed: the partnership is synthetic")
        return
    archive = settings.data / "archive"
    people = archive.is_dir() and any(r.source in PARTNERS for r in Archive(archive).receipts())
    if not key:
        state: State = "fault" if people else "warning"
        yield Found("pseudonym key", state, "none is set", "set SAFER_PSEUDONYM_KEY, or SAFER_PSEUDONYM_KEY_FILE")
        return
    made = Pseudonyms(key)
    if (settings.data / "key.json").exists():
        same_key(settings.data, made)
    yield Found("pseudonym key", "ok", "set, and the one that the history was made with")


def _log(settings: Settings) -> Iterator[Found]:
    from assets.release.editions import log_of

    records = log_of(settings.data).records()
    yield Found("log", "ok", f"{len(records)} records, none changed")


def _landing(settings: Settings) -> Iterator[Found]:
    from resources.landing import Landing

    landing = settings.landing_dir
    if not landing.is_dir():
        yield Found("landing", "fault", "not there", "make the folder, or name it in SAFER_LANDING")
        return
    closed = [p for p in (landing, *landing.rglob("*")) if not os.access(p, os.R_OK | (os.X_OK if p.is_dir() else 0))]
    if closed:
        name = closed[0].relative_to(landing.parent)
        yield Found(
            "landing",
            "fault",
            f"{len(closed)} places cannot be read",
            f"give the pipeline's user the right to read {name}",
        )
        return
    files = Landing(landing, settings.link_folders).fingerprint()
    yield Found("landing", "ok", f"{len(files)} files can be read")


def _clock(settings: Settings) -> Iterator[Found]:
    """Whether anything on record is in the future by this machine's clock."""
    from assets.release.editions import log_of
    from resources.archive import Archive

    now = datetime.now(UTC)
    times = [datetime.fromisoformat(record["at"]) for record in log_of(settings.data).records()]
    if (settings.data / "archive").is_dir():
        times += [datetime.fromisoformat(r.received_at) for r in Archive(settings.data / "archive").receipts()]
    ahead = max((time for time in times if time > now + _SLACK), default=None)
    if ahead:
        yield Found("clock", "fault", f"it is before {ahead:%Y-%m-%d}, which is on record", "set the machine's clock")
    else:
        yield Found("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC, after everything on record")


def _alerts(settings: Settings) -> Iterator[Found]:
    """Whether everyone whom the register names can be told; a route without its own address is told through SAFER_ALERT_URLS."""
    from expectations.register import load_register

    routes = load_register(settings.partnership.absolute()).alerts.route
    silent = sorted({name for route in routes for name in route.addresses if not settings.addresses_in(name)})
    if settings.alert_addresses:
        words = f"{len(settings.alert_addresses)} addresses"
        yield Found("alerts", "ok", f"{words}, also for those of {', '.join(silent)}" if silent else words)
    else:
        also = f", nor {', '.join(silent)}" if silent else ""
        yield Found(
            "alerts", "warning", f"SAFER_ALERT_URLS is not set{also}: not everyone is told", "set SAFER_ALERT_URLS"
        )


def _retention(settings: Settings) -> Iterator[Found]:
    from pipelines.purge import due
    from pipelines.workspace import open_workspace

    if not settings.data.is_dir():
        return
    found = due(open_workspace(settings))
    if found.remove:
        yield Found("retention", "fault", f"{len(found.remove)} deliveries are past their time", "safer-outcomes purge")
    elif found.needed or found.lying:
        words = f"{len(found.needed)} deliveries that count and {len(found.lying)} files in landing are past their time"
        yield Found("retention", "warning", words, "have newer extracts sent; see safer-outcomes purge")
    else:
        yield Found("retention", "ok", "nothing is past its time")


CHECKS: dict[str, Check] = {
    "python": _python,
    "packages": _packages,
    "time zones": _time_zone,
    "clock": _clock,
    "disk": _disk,
    "register": _register,
    "data folder": _data,
    "permissions": _permissions,
    "landing": _landing,
    "pseudonym key": _key,
    "database": _database,
    "Dagster": _dagster,
    "log": _log,
    "retention": _retention,
    "alerts": _alerts,
}
