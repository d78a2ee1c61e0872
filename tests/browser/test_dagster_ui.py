"""The analyst's way in a real browser: remake a measure in the Dagster UI, see its checks, see what the release makes of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.browser.axe import CHROMIUM, FLAGS
from tests.e2e.city import City, open_city
from tests.paths import ROOT, skip_or_fail

pytestmark = [pytest.mark.browser, pytest.mark.campaign("Dagster UI", sample=0)]

BIN = Path(sys.executable).parent
SLOW = 300
expect.set_options(timeout=60_000)
_RUNS = "{runsOrError{... on Runs{results{runId jobName status}}}}"


@dataclass
class UI:
    """The UI with its daemon, as `make ui` starts them, and the data folder behind it."""

    url: str
    city: City

    def runs(self) -> list[dict[str, str]]:
        request = urllib.request.Request(
            f"{self.url}/graphql", json.dumps({"query": _RUNS}).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return list(json.load(answer)["data"]["runsOrError"]["results"])

    def wait(self, page: Page, run: str = "", job: str = "", after: frozenset[str] = frozenset()) -> dict[str, str]:
        """The run whose id begins so, or the newest of a job that was not there before, when it has ended."""
        for _ in range(SLOW):
            found = [r for r in self.runs() if r["runId"].startswith(run) and r["runId"] not in after]
            found = [r for r in found if not job or r["jobName"] == job]
            if found and found[0]["status"] in ("SUCCESS", "FAILURE", "CANCELED"):
                return found[0]
            page.wait_for_timeout(1000)
        pytest.fail(f"no run {run} of {job or 'any job'} ended within {SLOW} s")


@pytest.fixture
def ui(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UI]:
    data = tmp_path / "data"
    shutil.copytree(open_city(tmp_path_factory).data, data, symlinks=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("SAFER_", "DAGSTER_"))} | {
        "DAGSTER_HOME": str(ROOT),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "GX_ANALYTICS_ENABLED": "false",
        "SAFER_DATA_DIR": str(data),
        "SAFER_DAGSTER_DIR": str(data / "dagster"),
    }
    # As in the Makefile, with a port of its own.
    command = [BIN / "dagster", "dev", "--workspace", "workspace.yaml", "--host", "127.0.0.1", "--port", str(port)]
    log = (tmp_path / "ui.log").open("wb")
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        found = UI(f"http://127.0.0.1:{port}", City(data))
        for _ in range(SLOW):
            try:
                urllib.request.urlopen(f"{found.url}/server_info", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, (tmp_path / "ui.log").read_text()[-2000:]
                time.sleep(1)
        yield found
    finally:
        # It may outlive SIGTERM, and its children with it.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            log.close()


@pytest.fixture
def page() -> Iterator[Page]:
    if not CHROMIUM.exists():
        skip_or_fail("no Chromium on this machine (/usr/bin/chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        opened = chromium.new_page(viewport={"width": 1400, "height": 1200})
        opened.set_default_timeout(60_000)
        yield opened
        chromium.close()


def test_a_measure_remade_in_the_ui_is_let_out_only_past_its_checks(ui: UI, page: Page) -> None:
    figures = ui.city.figures("SP01")
    held = ui.city.data / "landing/police_street/2014-04/2014-04-vale-and-moor-street.csv"
    good = held.read_bytes()
    held.write_bytes(good.replace(b",Burglary,", b",Burgalry,"))

    remake(ui, page)
    page.goto(f"{ui.url}/assets/clean_police_street_completeness?view=checks")
    check = page.get_by_text("category_known", exact=True).first
    check.click()
    expect(page.get_by_text("Failed").first).to_be_visible()
    # The analyst sees what was found as counts; no row, and not what the row said.
    assert "Burgalry" not in page.inner_text("body")

    # By hand, past the failed check: refused, and the reader is told why.
    page.goto(f"{ui.url}/assets/release")
    launch(ui, page, "Materialize", "Confirm")
    page.goto(f"{ui.url}/assets/release")
    expect(verdict(page, "SP01 Close the Gap")).to_have_text("held")
    page.get_by_text("[Show Markdown]").first.click()
    expect(page.get_by_role("dialog").get_by_text("Check 'category known'").first).to_be_visible()
    assert ui.city.figures("SP01")[["period_end", "value"]].equals(figures[["period_end", "value"]])

    # A corrected file is sent, and the same clicks let it out; the release follows by itself. Its rows come in another order,
    # for the very bytes of an earlier delivery would count again only with a manifest that says so.
    head, *rows = good.splitlines(keepends=True)
    held.write_bytes(b"".join([head, *rows[::-1]]))
    remake(ui, page)
    for _ in range(SLOW):
        if ui.city.state("SP01") == "published":
            break
        page.wait_for_timeout(1000)
    page.goto(f"{ui.url}/assets/release")
    expect(verdict(page, "SP01 Close the Gap")).to_have_text("published")
    assert ui.city.figures("SP01")[["period_end", "value"]].equals(figures[["period_end", "value"]])


def remake(ui: UI, page: Page) -> None:
    """One measure with all that it is made from."""
    page.goto(f"{ui.url}/locations/pipelines.definitions/jobs/measure_sp01")
    assert launch(ui, page, "Materialize all")["jobName"] == "measure_sp01"


def launch(ui: UI, page: Page, *buttons: str) -> dict[str, str]:
    """Click, and wait until the run that the page says it launched has ended well.

    Dagster asks for a confirmation where tables above were never made: those of measures whose sources never came.
    """
    for button in buttons:
        page.get_by_role("button", name=button).first.click()
    told = page.get_by_text(re.compile("Launched run [0-9a-f]{8}")).first
    expect(told).to_be_visible()
    found = ui.wait(page, run=told.inner_text().split()[2])
    assert found["status"] == "SUCCESS"
    return found


def verdict(page: Page, measure: str) -> Locator:
    """State of a measure, as the page of the release asset says it."""
    return page.locator("tr", has=page.get_by_text(measure, exact=True)).last.locator("td").nth(1)
