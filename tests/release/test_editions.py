"""Editions: what may be approved, what a reader sees of it, and that one command, two, or a killed one end in the same."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from assets.release import editions
from assets.release.folder import ReleaseError
from resources.log import LogError
from tests.campaign import WHOLE
from tests.release.killed import Point, killed_at, points
from tests.release.published import Published

WHO = ("A. Chair", "agreed at the meeting of 3 May")


@pytest.fixture
def first(two: Published) -> str:
    """The first release, which demands no commentary."""
    return str(json.loads((two.current / "release.json").read_bytes())["parent"])


def edition_files(at: Published, name: str) -> dict[str, bytes]:
    root = at.data / "editions" / name
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def later(at: Published, by: float = 1.0001) -> str:
    """Another release, whose figures moved by too little to demand a commentary."""
    rows = at.outcome("SP01")
    at.change("SP01", rows.assign(value=rows["value"] * by))
    return at.publish().release.id


def test_an_edition_is_its_release_and_says_who_when_and_why(folder: Published, first: str) -> None:
    made, new = editions.approve(folder.data, first, *WHO)
    assert new and made.retracted is None
    draft = folder.data / "releases" / first
    files = edition_files(folder, first)
    for path in draft.rglob("*"):
        if path.is_file() and path.suffix != ".html":
            assert files.pop(path.relative_to(draft).as_posix()) == path.read_bytes()
    said = json.loads(files.pop("edition.json"))
    assert (said["approved"]["by"], said["approved"]["reason"], said["retracted"]) == (*WHO, None)
    assert said["approved"]["hash"] == editions.log_of(folder.data).records()[0]["hash"]
    assert {name for name in files if not name.startswith("evidence-")} == {"index.html"}
    for page in files.values():
        text = page.decode()
        assert "Draft" not in text and "Approved by A. Chair on" in text and "agreed at the meeting of 3 May" in text
    listed = (folder.data / "editions" / "index.html").read_text()
    assert f'href="{first}/index.html"' in listed and "A. Chair" in listed and "Current" in listed
    assert (folder.data / "editions" / "current").readlink() == Path(first)
    assert editions.faults_of(folder.data) == []


def test_text_of_a_person_is_no_markup(folder: Published, first: str) -> None:
    editions.approve(folder.data, first, "A. <script>alert(1)</script>", 'so "agreed" & <b>done</b>')
    pages = [page for name, page in edition_files(folder, first).items() if name.endswith(".html")]
    for page in (*pages, (folder.data / "editions" / "index.html").read_bytes()):
        assert b"done" in page and b"<script" not in page and b"<b>" not in page


def test_approving_again_changes_nothing(folder: Published, first: str) -> None:
    editions.approve(folder.data, first, *WHO)
    before = folder.tree("editions"), (folder.data / "log.jsonl").read_bytes()
    made, new = editions.approve(folder.data, first, "Somebody else", "another reason")
    assert not new and made.approved["by"] == "A. Chair"
    assert (folder.tree("editions"), (folder.data / "log.jsonl").read_bytes()) == before


def test_the_newest_that_stands_is_current_and_retracted_ones_stay_visible(folder: Published, first: str) -> None:
    editions.approve(folder.data, first, *WHO)
    second = later(folder)
    assert json.loads((folder.current / "release.json").read_bytes())["compared_with"] == first
    third = folder.current.name
    assert second == third
    # The revisions since the edition demand a commentary; with the register's own the next release would have none.
    with pytest.raises(ReleaseError, match="lacks the commentary of SP01: A revision moved"):
        editions.approve(folder.data, second, *WHO)


def test_retract_goes_back_and_says_so_on_every_page(folder: Published, first: str) -> None:
    second = later(folder)
    editions.approve(folder.data, first, *WHO)
    editions.approve(folder.data, second, *WHO)
    assert (folder.data / "editions" / "current").readlink() == Path(second)
    made, new = editions.retract(folder.data, second, "B. Officer", "population of another year")
    assert new and made.retracted
    assert (folder.data / "editions" / "current").readlink() == Path(first)
    for name, page in edition_files(folder, second).items():
        if name.endswith(".html"):
            assert (
                b"Retracted by B. Officer" in page
                and b"population of another year" in page
                and b"Approved by A. Chair" in page
            )
    listed = (folder.data / "editions" / "index.html").read_text()
    assert "Retracted by B. Officer" in listed and f'href="{second}/index.html"' in listed
    assert editions.faults_of(folder.data) == []
    assert not editions.retract(folder.data, second, "C", "again")[1]
    with pytest.raises(ReleaseError, match="was retracted: approve a newer"):
        editions.approve(folder.data, second, *WHO)
    editions.retract(folder.data, first, "B. Officer", "and this one")
    assert not (folder.data / "editions" / "current").exists()
    assert "None stands at present" in (folder.data / "editions" / "index.html").read_text()
    assert editions.standing(folder.data) is None
    assert editions.faults_of(folder.data) == []


@pytest.mark.parametrize(("by", "reason"), [("", "x"), ("x", " \n"), ("x", "y" * 1001), ("x\x1b[0m", "y")])
def test_a_name_and_a_reason_are_needed(folder: Published, first: str, by: str, reason: str) -> None:
    with pytest.raises(ReleaseError, match=r"--(by|reason) is empty"):
        editions.approve(folder.data, first, by, reason)
    assert not (folder.data / "log.jsonl").exists()


def test_what_may_not_be_approved(folder: Published, first: str) -> None:
    second = later(folder)
    for name in ("2001-01-abc", "current", f"../analysis/{first}", f"../releases/{first}", ""):
        with pytest.raises(ReleaseError, match="no release"):
            editions.approve(folder.data, name, *WHO)
    editions.approve(folder.data, second, *WHO)
    with pytest.raises(ReleaseError, match=f"older than the current edition {second}"):
        editions.approve(folder.data, first, *WHO)
    with pytest.raises(ReleaseError, match="no edition"):
        editions.retract(folder.data, first, *WHO)
    assert len(editions.editions(editions.log_of(folder.data).records())) == 1


def test_a_damaged_release_and_one_beside_the_chain(folder: Published, first: str) -> None:
    import shutil

    from assets.release.folder import json_bytes, release_id

    said = json.loads((folder.data / "releases" / first / "release.json").read_bytes())
    said["as_of"] = "2016-05-02"
    said["id"] = release_id(said)
    shutil.copytree(folder.data / "releases" / first, folder.data / "releases" / said["id"])
    manifest = folder.data / "releases" / said["id"] / "release.json"
    manifest.chmod(0o644)
    manifest.write_bytes(json_bytes(said))
    with pytest.raises(ReleaseError, match="never current"):
        editions.approve(folder.data, said["id"], *WHO)
    page = folder.data / "releases" / first / "index.html"
    page.chmod(0o644)
    page.write_bytes(b"!")
    with pytest.raises(ReleaseError, match=r"index\.html was changed"):
        editions.approve(folder.data, first, *WHO)
    assert not (folder.data / "log.jsonl").exists()


def test_nothing_is_approved_on_damaged_editions_and_nothing_is_mended(folder: Published, first: str) -> None:
    editions.approve(folder.data, first, *WHO)
    second = later(folder, 1.000001)
    page = folder.data / "editions" / first / "index.html"
    page.chmod(0o644)
    page.write_bytes(page.read_bytes() + b"!")
    for command in (editions.approve, editions.retract):
        with pytest.raises(ReleaseError, match="restore the editions from backup"):
            command(folder.data, second, *WHO)
    log = folder.data / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(b"A. Chair", b"B. Chair"))
    with pytest.raises(LogError, match="changed at record"):
        editions.approve(folder.data, second, *WHO)


def test_revisions_are_told_against_the_edition_while_drafts_pass_by(folder: Published, first: str) -> None:
    editions.approve(folder.data, first, *WHO)
    rows = folder.outcome("SP01")
    compared = set()
    for _ in range(2):
        later(folder, 1.00001)
        compared.add(json.loads((folder.current / "release.json").read_bytes())["compared_with"])
    assert compared == {first}
    folder.change("SP01", rows)
    folder.publish()
    assert not folder.publish().new


def test_approving_makes_no_new_release(folder: Published) -> None:
    current = later(folder)
    editions.approve(folder.data, current, *WHO)
    assert not folder.publish().new


def test_two_approvals_at_once(folder: Published, first: str) -> None:
    second = later(folder)
    said: list[str] = []

    def approve(name: str) -> None:
        try:
            said.append(f"{name} {editions.approve(folder.data, name, *WHO)[1]}")
        except ReleaseError as error:
            said.append(f"{name} {str(error)[-20:]}")

    threads = [threading.Thread(target=approve, args=(n,)) for n in (first, second, first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(line == f"{second} True" for line in said) == 1
    assert (folder.data / "editions" / "current").readlink() == Path(second)
    assert editions.faults_of(folder.data) == []


@pytest.mark.campaign("kill points")
@pytest.mark.parametrize("command", ["approve", "retract"])
def test_killed_at_any_point_the_next_command_ends_in_the_same(
    folder: Published, first: str, tmp_path: Path, command: str
) -> None:
    """The time of the approval apart, everything is as if nothing had happened; and a reader sees an old or a new page."""
    if command == "retract":
        editions.approve(folder.data, first, *WHO)

    def run(at: Published) -> None:
        getattr(editions, command)(at.data, first, *WHO)

    expected = folder.copy(tmp_path / "expected")
    run(expected)
    counted = folder.copy(tmp_path / "counted")
    count = points(lambda: run(counted), counted.data)
    assert count >= 30
    for n in Point.drawn(count, count if WHOLE else 6):
        at = folder.copy(tmp_path / f"at{n}")
        killed_at(n, lambda at=at: run(at), at.data)
        for page in at.tree("editions").values():
            assert page, "a reader sees an old file or a new one, whole"
        run(at)
        assert editions.faults_of(at.data) == [], n
        assert set(at.tree("editions")) == set(expected.tree("editions")), n
        assert at.tree("editions")["editions/current"] == f"-> {first}" if command == "approve" else True
        assert len(editions.editions(editions.log_of(at.data).records())) == 1
