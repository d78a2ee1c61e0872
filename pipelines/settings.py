"""Settings: the environment with prefix SAFER_ (and .env), read once. Light to import: the no-op refresh uses it."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from dotenv import dotenv_values
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from expectations.alerting import EVERYONE

ROOT = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """A setting is wrong; the text names it and the rule, never its value."""


class Settings(BaseSettings):
    """Where things are and how much may be used; a command's options override the environment."""

    model_config = SettingsConfigDict(
        env_prefix="SAFER_", env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data_dir: Path = Path("data")
    landing: Path | None = None
    partnership: Path = ROOT / "partnership" / "synthetic"
    warehouse_url: SecretStr | None = None
    #: PostgreSQL database of Dagster's own records; else SQLite in the data folder.
    dagster_url: SecretStr = SecretStr("")
    #: The warehouse as its database's owner, for `grants` alone.
    admin_url: SecretStr = SecretStr("")
    #: Secret behind the pseudonyms of people and cases: long, random, kept outside repository and data.
    pseudonym_key: SecretStr = SecretStr("")
    #: The secret that `rekey` moves to.
    pseudonym_key_new: SecretStr = SecretStr("")
    #: Apprise addresses, separated by spaces or commas.
    alert_urls: SecretStr = SecretStr("")
    #: Where people open the Dagster UI: what links in alerts begin with.
    ui_url: str = "http://127.0.0.1:3000"
    #: Folders that a symbolic link in landing may lead to, separated by colons.
    link_roots: str = str(ROOT.parent / "shared" / "data")
    #: Evaluation date for lateness, provisional labels and waivers; else the partnership's clock.
    as_of: date | None = None
    #: What DuckDB may hold in memory before it spills to disk.
    memory_limit: str = "512MB"
    threads: int = 2

    @property
    def data(self) -> Path:
        """The data folder, absolute."""
        return self.data_dir.absolute()

    @property
    def landing_dir(self) -> Path:
        """Where partners deliver."""
        return (self.landing or self.data / "landing").absolute()

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the warehouse."""
        return (
            self.warehouse_url.get_secret_value()
            if self.warehouse_url
            else f"sqlite:///{self.data / 'warehouse.sqlite'}"
        )

    @property
    def alert_addresses(self) -> tuple[str, ...]:
        """Where alerts go that no route of the register takes elsewhere."""
        return _addresses(self.alert_urls.get_secret_value())

    def addresses_in(self, name: str) -> tuple[str, ...]:
        """Apprise addresses that a variable named by a route of the register holds; none when it is not set."""
        if name == EVERYONE:
            return self.alert_addresses
        return _addresses(secret(name))

    @staticmethod
    def pull_url(source: str) -> str:
        """Database of a source that is pulled and not delivered (SAFER_PULL_<SOURCE>); empty text when none is set.

        Raises:
            SettingsError: the file that SAFER_PULL_<SOURCE>_FILE names cannot be read.
        """
        return secret(f"SAFER_PULL_{source.upper()}")

    @property
    def link_folders(self) -> tuple[Path, ...]:
        """Where links in landing may lead."""
        return tuple(Path(part).absolute() for part in self.link_roots.split(":") if part)


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


#: Settings that are secrets: each may stand in a file instead, which SAFER_<NAME>_FILE names (systemd credentials, Docker secrets).
SECRETS = ("pseudonym_key", "pseudonym_key_new", "warehouse_url", "dagster_url", "admin_url", "alert_urls")


def said(name: str) -> str:
    """A variable of the environment or of .env; empty text when it is not set."""
    return os.environ.get(name) or dotenv_values(".env").get(name) or ""


def secret(name: str) -> str:
    """A secret by the name of its variable: from the file that `<name>_FILE` names, else from the variable itself.

    Raises:
        SettingsError: the file cannot be read, is empty, or both are set.
    """
    path, value = said(f"{name}_FILE"), said(name)
    if not path:
        return value
    if value:
        raise SettingsError(f"{name} and {name}_FILE are both set: set one of them")
    try:
        found = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        raise SettingsError(f"{name}_FILE: the file cannot be read: name one that this user may read") from None
    if not found:
        raise SettingsError(f"{name}_FILE: the file is empty: put the secret into it, or unset {name}_FILE")
    return found


def keep_to_ourselves() -> None:
    """What this process writes is read by its user and group, and by nobody else."""
    os.umask(os.umask(0o027) | 0o027)


def read_settings(**options: object) -> Settings:
    """Settings from the environment, with options that are not None on top.

    Raises:
        SettingsError: one line that names the setting and the rule, never its value.
    """
    given = {name: value for name, value in options.items() if value is not None}
    for name in SECRETS:
        if name not in given and said(f"SAFER_{name.upper()}_FILE"):
            given[name] = secret(f"SAFER_{name.upper()}")
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "SAFER_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"{name}: {first['msg']}: correct it in the environment or in .env") from None
