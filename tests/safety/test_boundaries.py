"""What nobody may loosen unseen: the UI's address, SQL without values in its text, names from files as plain words."""

from __future__ import annotations

import ast
import io
import re
import subprocess
from pathlib import Path

import pytest
from rich.table import Table
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.commands.answer import Answer
from pipelines.commands.progress import Progress
from tests.e2e.city import City
from tests.paths import ROOT

CODE = ("pipelines", "assets", "methods", "resources", "expectations", "sample")


def test_the_ui_listens_on_loopback_only(tmp_path: Path) -> None:
    said = subprocess.run(
        ["make", "-n", "ui", f"SAFER_DATA_DIR={tmp_path}"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert re.findall(r"--host (\S+)", said) == ["127.0.0.1"]
    # Only this recipe starts a server, and no file of the project names another address to listen on.
    assert (ROOT / "Makefile").read_text().count("dagster dev") == 1
    known = {"0." + "0.0.0", "::"}
    for name in ("Makefile", "dagster.yaml", "workspace.yaml", ".ci/run"):
        assert not known & set((ROOT / name).read_text().split())


#: What may stand in SQL text besides constants: names of tables and columns from contracts, question marks; never a value.
NAMES = {
    "assets/clean/street_engine.py": {"table", "_KEY", "name", "made"},
    "pipelines/commands/deployed.py": {"', '.join(names)", "names[1]"},
    "resources/roles.py": {
        "pipeline",
        "board",
        "_quoted(table)",
        "_text(name)",
        "_text(names[PIPELINE])",
        "_text(published)",
        "schema",
        "PIPELINE",
        "listed",
        "_quoted(str(name))",
        "base",
        "analyst",
        "_text(names[ANALYST])",
        "_quoted(name)",
    },
    "resources/warehouse.py": {"names", "table.name", "marks", "PUBLISHED"},
}
_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|DROP|ALTER|COPY|GRANT|SET)\s+\S", re.ASCII)


def test_sql_is_never_built_from_values() -> None:
    """Ruff's S608 looks at the commonest forms; this at every text with a gap in it that reads like SQL."""
    found: dict[str, set[str]] = {}
    for path in (path for top in CODE for path in sorted((ROOT / top).rglob("*.py"))):
        said = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(said)) if _SQL.search(said) or "text(" in said else ():
            gaps = _gaps(node)
            if gaps:
                found.setdefault(path.relative_to(ROOT).as_posix(), set()).update(gaps)
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("sa.text", "text", "sqlalchemy.text"):
                assert not any(isinstance(one, ast.JoinedStr | ast.BinOp) for one in node.args), path
    assert found == NAMES


def _gaps(node: ast.AST) -> set[str]:
    """What is put into a text that reads like SQL, as written."""
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        if _SQL.search(text):
            return {ast.unparse(part.value) for part in node.values if isinstance(part, ast.FormattedValue)}
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mod, ast.Add)):
        left = node.left
        if isinstance(left, ast.Constant) and isinstance(left.value, str) and _SQL.search(left.value):
            return {ast.unparse(node.right)}
    is_format = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
    if is_format and isinstance(node.func, ast.Attribute):  # type: ignore[attr-defined]
        value = node.func.value  # type: ignore[attr-defined]
        if isinstance(value, ast.Constant) and _SQL.search(str(value.value)):
            return {"format"}
    return set()


#: A terminal would be told to clear itself, a page to run a script, rich to colour.
HOSTILE = "\x1b[2J<img src=x onerror=alert(1)>[red]bold.csv"


@pytest.fixture
def city(tmp_path: Path) -> City:
    city = City(tmp_path / "data")
    place = city.data / "landing" / "asb_case"
    place.mkdir(parents=True)
    (place / HOSTILE).write_text("a,b\n1,2\n")
    return city


def test_a_hostile_file_name_is_one_harmless_line(city: City) -> None:
    done = CliRunner().invoke(app, ["refresh", "--data", str(city.data)])
    lines = [line for line in done.stderr.splitlines() if line.startswith("refused: ")]
    assert len(lines) == 1 and "\x1b" not in done.output and "onerror" in lines[0]
    for page in (city.data / "releases").rglob("*.html"):
        assert "onerror" not in page.read_text()


def test_names_in_tables_are_plain_words(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("file")
    table.add_row("[red]x[/red].csv")
    Answer("rejects").show(table)
    assert "[red]x[/red].csv" in capsys.readouterr().out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_and_nothing_in_a_pipe() -> None:
    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        said: list[str] = []
        with Progress(stream) as progress:
            progress.stage("Tables and checks", 2)
            progress.step("clean_asb_case")
            progress.aside(said.append)("a line")
            progress.step()
            progress.stage("Release", 1)
        assert said == ["a line"]
        assert ("clean_asb_case" in stream.getvalue()) is shown
        assert bool(stream.getvalue()) is shown
