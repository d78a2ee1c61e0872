"""What of the evidence is public: verdicts and hashes, and no count that disclosure control would have rounded or hidden."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from assets.release import folder
from assets.release.compose import Decided, Known, decide
from assets.release.manifest import PERSONAL, manifest, public_count
from assets.release.pages import render
from assets.release.shown import analysts_view, release_view
from assets.release.shown import computed as rows_of
from assets.setup import Pipeline
from expectations.contracts import PARTNERS
from tests.release import computed

SECRET = str(computed.SECRET)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return computed.pipeline(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def known(pipeline: Pipeline) -> Known:
    return computed.known(pipeline)


@pytest.fixture(scope="module")
def decided(pipeline: Pipeline, known: Known) -> list[Decided]:
    return decide(pipeline, known)


def said_of(pipeline: Pipeline, known: Known, decided: list[Decided]) -> dict[str, Any]:
    said = manifest(pipeline, known, decided, parent=None, months={}, figures_sha256="")
    return {**said, "id": folder.release_id(said)}


@pytest.fixture(scope="module")
def said(pipeline: Pipeline, known: Known, decided: list[Decided]) -> dict[str, Any]:
    return said_of(pipeline, known, decided)


@pytest.fixture(scope="module")
def files(pipeline: Pipeline, known: Known, decided: list[Decided], said: dict[str, Any]) -> dict[str, bytes]:
    """Everything that lies in the release folder."""
    figures = b"".join(folder.csv_bytes(d.figures) for d in decided)
    manifest_file = json.dumps(said, ensure_ascii=False).encode()
    return {
        **render(release_view(pipeline, known, decided, said)),
        folder.FIGURES: figures,
        folder.MANIFEST: manifest_file,
    }


def plain(data: bytes) -> str:
    """Text with the commas of thousands taken out."""
    return data.decode().replace(",", "")


def test_no_number_of_what_the_board_has_not_settled_is_in_any_file(files: dict[str, bytes]) -> None:
    """SP02 and SP09 are computed with one number in every figure, and it is the row count of every personal table too."""
    assert [name for name, data in files.items() if SECRET in plain(data)] == []
    page = plain(files["sp09.html"])
    assert "position statement awaited" in page
    assert "licences" not in page
    assert "%" not in page


def test_analysts_get_what_the_public_does_not(
    pipeline: Pipeline, known: Known, decided: list[Decided], said: dict[str, Any]
) -> None:
    public = release_view(pipeline, known, decided, said)
    made = render(analysts_view(pipeline, known, decided, public))
    for name, data in made.items():
        if name.endswith(".html"):
            assert "For analysts only: not for publication" in data.decode(), name
    assert SECRET in plain(made["sp09.html"])
    assert "Evidence gate: open" in plain(made["sp09.html"])
    assert SECRET in plain(made["quality.html"])
    exact = {d.measure.id: rows_of(known, d) for d in decided}
    assert set(exact["SP05"]["period_kind"]) == {"month", "quarter", "ytd", "fy", "r12"}
    assert (exact["SP09"]["state"] == "awaiting_board").all()


def test_the_gates_verdict_stands_with_what_analysts_see(pipeline: Pipeline, known: Known) -> None:
    held = known.evidence["outcome_sp09_crc_cohort"]
    worse = replace(known, evidence={**known.evidence, "outcome_sp09_crc_cohort": replace(held, hash_stored="other")})
    decided = decide(pipeline, worse)
    said = said_of(pipeline, worse, decided)
    made = render(analysts_view(pipeline, worse, decided, release_view(pipeline, worse, decided, said)))
    assert "Evidence gate: shut: the rows of outcome_sp09_crc_cohort are not those" in plain(made["sp09.html"])


def test_checks_of_personal_tables_say_their_verdict_alone(said: dict[str, Any]) -> None:
    personal = [c for c in said["checks"] if c["table"] in PERSONAL or c["table"].startswith("outcome_sp05")]
    assert personal
    assert all(c["verdict"] == "passed" and c["figures"] == {} for c in personal)
    street = [c for c in said["checks"] if c["table"] == "clean_police_street_count"]
    assert street
    assert all(c["figures"] == {"rows": 4711} for c in street)


def test_sources_of_unsettled_measures_alone_have_no_check_in_the_release(said: dict[str, Any]) -> None:
    tables = {c["table"] for c in said["checks"]}
    assert not [name for name in tables if "crc_" in name or "sp02" in name]
    assert said["measures"]["SP09"]["tables"] == []


def test_bare_hashes_are_of_open_tables_only(said: dict[str, Any]) -> None:
    """Whoever guesses the few counts behind a bare hash can prove the guess."""
    for name, table in said["tables"].items():
        guarded = name in PERSONAL or (name.startswith(("outcome_sp0", "outcome_sp1")) and not name.startswith(
            ("outcome_sp01", "outcome_sp08")
        ))  # fmt: skip
        assert (table["sha256"] == computed.hash_of(name)) is not guarded, name
        assert ("sealed" in table) is guarded, name
        for parent, sealed in table["inputs"].items():
            assert (sealed == computed.hash_of(parent)) is (parent not in PERSONAL), parent


def test_a_seal_holds_while_content_and_key_do(pipeline: Pipeline, known: Known, decided: list[Decided]) -> None:
    name = "outcome_sp05_vulnerable_victims_engaged"
    first = said_of(pipeline, known, decided)
    assert said_of(pipeline, known, decided) == first
    other = said_of(replace(pipeline, key=b"another key for tests, 32 bytes or so"), known, decided)
    assert other["tables"][name] != first["tables"][name]
    changed = {**known.evidence, name: replace(known.evidence[name], hash_read="0" * 64)}
    moved = said_of(pipeline, replace(known, evidence=changed), decided)
    assert moved["tables"][name] != first["tables"][name]
    assert moved["id"] != first["id"]


def test_deliveries_of_personal_sources_say_neither_rows_nor_size(said: dict[str, Any]) -> None:
    for delivery in said["deliveries"]:
        personal = delivery["source"] in PARTNERS
        assert (delivery["rows"] is None) is personal
        assert (delivery["size"] is None) is personal
        assert not personal or delivery["coverage"] == ["2013-04-01", "2016-03-31"]
        assert delivery["counts"]
    assert len(said["deliveries"]) == len(computed.receipts())


def test_rejects_are_rounded_and_only_of_sources_that_something_shown_is_made_from(
    said: dict[str, Any], files: dict[str, bytes]
) -> None:
    assert said["rejects"] == {"pdas_referral": {"key_repeated": 40, "value_sex": None}}
    page = plain(files["quality.html"])
    assert (
        "key repeated" in page and "hidden" in page and "42" not in page.split("Rows set aside")[1].split("</table>")[0]
    )


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (1, None), (7, None), (8, 10), (12, 10), (13, 15)])
def test_public_count(count: int, shown: int | None) -> None:
    assert public_count(count) == shown


def test_evidence_that_only_analysts_see_changes_the_id_all_the_same(
    pipeline: Pipeline, known: Known, decided: list[Decided]
) -> None:
    name = "outcome_sp09_crc_cohort"
    held = known.evidence[name]
    failed = {rule: replace(check, verdict="failed") for rule, check in held.checks.items()}
    worse = replace(known, evidence={**known.evidence, name: replace(held, checks=failed)})
    assert said_of(pipeline, worse, decide(pipeline, worse))["id"] != said_of(pipeline, known, decided)["id"]


def test_the_proper_measure_has_its_own_title_and_the_stand_in_another(
    pipeline: Pipeline, known: Known, decided: list[Decided], said: dict[str, Any]
) -> None:
    table = "outcome_sp08_serious_acquisitive_crime"
    open_data = known.outcomes[table].assign(part=known.outcomes[table]["part"].replace({"sac": "proxy"}))
    other = replace(known, outcomes={**known.outcomes, table: open_data})
    proxied = decide(pipeline, other)
    for found, proper in (
        (release_view(pipeline, known, decided, said), True),
        (release_view(pipeline, other, proxied, said_of(pipeline, other, proxied)), False),
    ):
        (sp08,) = (m for m in found.measures if m.id == "SP08")
        assert (sp08.title == "Serious Acquisitive Crime") is proper
        assert any("overstates" in line for line in sp08.limitations) is not proper
