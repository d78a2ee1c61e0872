"""Secrets from the environment or from files; nothing of them is ever said."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.settings import SECRETS, Settings, SettingsError, keep_to_ourselves, read_settings

SECRET = "hunter2 hunter2 hunter2 hunter2 hunter2"  # pragma: allowlist secret


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No .env and no setting of the machine."""
    monkeypatch.chdir(tmp_path)
    for name in ("PSEUDONYM_KEY", "PSEUDONYM_KEY_NEW", "WAREHOUSE_URL", "ALERT_URLS", "PULL_ASB_CASE"):
        monkeypatch.delenv(f"SAFER_{name}", raising=False)
        monkeypatch.delenv(f"SAFER_{name}_FILE", raising=False)


def value(settings: Settings, name: str) -> str:
    return str(getattr(settings, name).get_secret_value())


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    monkeypatch.setenv(f"SAFER_{name.upper()}_FILE", str(tmp_path / "secret"))
    settings = read_settings()
    assert value(settings, name) == SECRET
    assert SECRET not in repr(settings) + str(settings)
    assert value(read_settings(**{name: "given"}), name) == "given"


def test_the_file_may_be_named_in_dotenv(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / ".env").write_text(f"SAFER_PSEUDONYM_KEY_FILE={tmp_path / 'secret'}\n")
    assert value(read_settings(), "pseudonym_key") == SECRET


def test_address_of_a_pull_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("postgresql://u:p@h/d\n")
    monkeypatch.setenv("SAFER_PULL_ASB_CASE_FILE", str(tmp_path / "secret"))
    assert Settings.pull_url("asb_case") == "postgresql://u:p@h/d"
    assert Settings.pull_url("asb_star") == ""


def test_mistakes_name_the_variable_and_never_the_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFER_PSEUDONYM_KEY_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match="SAFER_PSEUDONYM_KEY_FILE: the file cannot be read"):
        read_settings()
    (tmp_path / "nowhere").write_text(" \n")
    with pytest.raises(SettingsError, match="is empty"):
        read_settings()
    (tmp_path / "nowhere").write_text(SECRET)
    monkeypatch.setenv("SAFER_PSEUDONYM_KEY", SECRET)
    with pytest.raises(SettingsError, match="both set") as caught:
        read_settings()
    assert SECRET not in str(caught.value)


def test_what_is_written_is_closed_to_others(tmp_path: Path) -> None:
    import os

    before = os.umask(0o022)
    try:
        keep_to_ourselves()
        (tmp_path / "file").write_text("x")
        (tmp_path / "folder").mkdir()
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o750
