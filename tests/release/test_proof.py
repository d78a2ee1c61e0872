"""`verify`: a release that was not touched is proven; whatever was touched, anywhere, is found."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assets.release import editions, folder
from assets.release.folder import ReleaseError
from assets.release.proof import Proof, prove
from tests.campaign import SEED, WHOLE
from tests.release.published import Published

TIMES = 1500 if WHOLE else 16


def proof(at: Published, name: str = "current") -> Proof:
    return prove(at.pipeline, at.archive, name)


def faults(at: Published, name: str = "current") -> str:
    return "; ".join(proof(at, name).faults)


@pytest.fixture(scope="module")
def edition(two: Published, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Two releases, of which the first is an edition that was retracted and the second the current edition."""
    found = two.copy(tmp_path_factory.mktemp("edition") / "data")
    first = json.loads((found.current / "release.json").read_bytes())["parent"]
    editions.approve(found.data, first, "A. Chair", "agreed at the meeting")
    editions.retract(found.data, first, "A. Chair", "wrong population")
    unblocked(found)
    editions.approve(found.data, found.current.name, "A. Chair", "agreed again")
    return found


def unblocked(at: Published) -> None:
    """The second release without the commentary that its revisions demand: as if it had been written."""
    rows = at.outcome("SP01")
    at.change("SP01", rows.assign(value=rows["value"] * 1.0001))
    at.publish()


@pytest.fixture
def own(edition: Published, tmp_path: Path) -> Published:
    return edition.copy(tmp_path / "data")


def rewrite(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def changed(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Edit a JSON file, in the form that it is written in."""
    said = json.loads(path.read_bytes())
    change(said)
    rewrite(path, folder.json_bytes(said))


def test_what_was_not_touched_is_proven(own: Published) -> None:
    before = own.tree("releases", "editions", "evidence", "archive", "analysis")
    found = proof(own)
    assert found.faults == () and found.notes == ()
    assert (found.files, found.before) == (len(json.loads((own.current / "release.json").read_bytes())["files"]), 2)
    first = json.loads((own.current / "release.json").read_bytes())["parent"]
    assert faults(own, first) == ""
    assert own.tree("releases", "editions", "evidence", "archive", "analysis") == before


def places(at: Published) -> list[Path]:
    """Every file that stands behind the current release and the editions."""
    current = at.current.name
    found = [
        *(at.data / "editions").rglob("*"),
        *(at.data / "archive").glob("*"),
        *(at.data / "analysis" / current).rglob("*"),
    ]
    found += [*at.current.rglob("*"), *(at.data / "releases").glob("*/release.json")]
    found += [at.data / "evidence" / f"{current}.json", at.data / "log.jsonl"]
    kept = [p for p in found if p.is_file() and p.name not in (".lock", "refusals.jsonl", "receipts.jsonl")]
    return sorted({p for p in kept if not any(one.is_symlink() for one in (p, *p.parents))})


@pytest.mark.campaign("flipped bytes")
def test_one_flipped_bit_anywhere_is_found(own: Published, record_property: Callable[[str, object], None]) -> None:
    record_property("cases", TIMES)
    draw = random.Random(SEED)
    every = places(own)
    kinds = {p.relative_to(own.data).parts[0] for p in every}
    assert kinds == {"editions", "archive", "analysis", "releases", "evidence", "log.jsonl"}
    draw.shuffle(every)
    for n in range(TIMES):
        path = every[n % len(every)] if n < len(every) else draw.choice(every)
        kept, mode = path.read_bytes(), path.stat().st_mode
        at, bit = draw.randrange(len(kept)), 1 << draw.randrange(8)
        flipped = kept[:at] + bytes([kept[at] ^ bit]) + kept[at + 1 :]
        rewrite(path, flipped)
        assert faults(own), f"seed {SEED}: bit {bit} of byte {at} of {path.relative_to(own.data)}"
        rewrite(path, kept)
        path.chmod(mode)
    assert faults(own) == ""


@pytest.mark.parametrize("top", ["releases", "editions"])
def test_missing_extra_and_linked_files(own: Published, top: str) -> None:
    place = own.data / top / own.current.name
    for name in ("outcomes.csv", "index.html", "release.json", "charts/a.svg"):
        kept = (place / name).read_bytes()
        (place / name).unlink()
        assert "missing" in faults(own) or "gone" in faults(own), name
        (place / name).write_bytes(kept)
    (place / "notes.html").write_text("extra")
    assert "notes.html does not belong to it" in faults(own)
    (place / "notes.html").unlink()
    (place / "empty").mkdir()
    assert "empty does not belong to it" in faults(own)
    (place / "empty").rmdir()
    elsewhere = own.data / "elsewhere.csv"
    shutil.move(place / "outcomes.csv", elsewhere)
    (place / "outcomes.csv").symlink_to(elsewhere)
    assert "outcomes.csv is a link" in faults(own)
    (place / "outcomes.csv").unlink()
    shutil.move(elsewhere, place / "outcomes.csv")
    assert faults(own) == ""


def test_a_file_changed_together_with_its_hash_in_the_manifest(own: Published) -> None:
    """The id does not cover pages, so their hashes can be forged in the manifest; evidence, edition and log then disagree."""
    page = own.current / "index.html"
    rewrite(page, page.read_bytes() + b"!")
    changed(own.current / "release.json", lambda said: said["files"].update({"index.html": folder.sha256_of(page)}))
    assert folder.faults_of(own.current) == []
    found = faults(own)
    assert "is the evidence of another release, or release.json was changed" in found
    assert "its release is gone or was changed since" in found
    # The forger puts the new hash into the evidence too, but has no key to seal it.
    now = folder.sha256_of(own.current / "release.json")
    changed(own.data / "evidence" / f"{own.current.name}.json", lambda body: body.update(manifest_sha256=now))
    assert f"evidence/{own.current.name}.json was changed" in faults(own)


def test_an_older_release_changed_with_its_hashes_is_told_by_the_release_after_it(own: Published) -> None:
    said = json.loads((own.current / "release.json").read_bytes())
    before = own.data / "releases" / said["parent"]
    page = before / "index.html"
    rewrite(page, page.read_bytes() + b"!")
    changed(before / "release.json", lambda old: old["files"].update({"index.html": folder.sha256_of(page)}))
    assert f"the release before it, {before.name}, was changed" in faults(own)
    assert f"release.json is not the one that release {own.current.name} was made after" in faults(own, before.name)


def test_a_figure_changed_with_all_hashes_is_told_by_the_id(own: Published) -> None:
    figures = own.current / "outcomes.csv"
    rewrite(figures, figures.read_bytes().replace(b"SP01,city", b"SP01,cite", 1))
    sha = folder.sha256_of(figures)
    changed(own.current / "release.json", lambda said: said["files"].update({"outcomes.csv": sha}))
    assert "outcomes.csv is not what the id stands for" in faults(own)
    changed(own.current / "release.json", lambda said: said.update(figures_sha256=sha))
    assert "release.json was changed" in faults(own)


def test_an_edited_manifest_under_its_new_id_has_no_evidence(own: Published) -> None:
    said = json.loads((own.current / "release.json").read_bytes())
    said["measures"]["SP01"]["reasons"] = ["All is well."]
    said["id"] = folder.release_id(said)
    forged = own.data / "releases" / said["id"]
    shutil.copytree(own.current, forged)
    rewrite(forged / "release.json", folder.json_bytes(said))
    folder.point(own.data / "releases", said["id"])
    assert folder.faults_of(forged) == []
    assert f"evidence/{said['id']}.json is missing or cannot be read" in faults(own)


def test_evidence_of_another_release(own: Published) -> None:
    said = json.loads((own.current / "release.json").read_bytes())
    other = own.data / "evidence" / f"{said['parent']}.json"
    mine = own.data / "evidence" / f"{own.current.name}.json"
    shutil.copy(other, mine)
    assert "is the evidence of another release" in faults(own)
    mine.unlink()
    assert "is missing or cannot be read" in faults(own)


def test_evidence_with_other_tables_needs_the_key(own: Published) -> None:
    mine = own.data / "evidence" / f"{own.current.name}.json"
    changed(mine, lambda body: body["tables"].update(outcome_sp01_close_the_gap="0" * 64))
    assert "was changed" in faults(own)
    stranger = replace(own.pipeline, key=b"a stranger's key, long enough for it")
    assert "is sealed with another key" in "; ".join(prove(stranger, own.archive, "current").faults)


def test_after_a_rekey_an_older_seal_is_noted_and_no_fault(own: Published) -> None:
    editions.log_of(own.data).append("rekey", "Custodian", "yearly", {"counts": {}})
    found = prove(replace(own.pipeline, key=b"the next key of the partnership, long"), own.archive, "current")
    assert found.faults == ()
    assert any("sealed with an earlier key" in note for note in found.notes)


def test_current_that_leads_elsewhere(own: Published, tmp_path: Path) -> None:
    link = own.data / "releases" / "current"
    name, said = own.current.name, json.loads((own.current / "release.json").read_bytes())
    link.unlink()
    link.symlink_to(said["parent"])
    assert f"but {name} came after it" in faults(own)
    link.unlink()
    shutil.copytree(own.data / "releases" / name, tmp_path / name)
    link.symlink_to(tmp_path / name)
    with pytest.raises(ReleaseError, match="leads elsewhere"):
        proof(own)
    link.unlink()
    with pytest.raises(ReleaseError, match="no release"):
        proof(own)
    # Nothing is built on a history whose end was taken away.
    with pytest.raises(ReleaseError, match="current is gone"):
        own.publish()
    folder.point(own.data / "releases", name)
    public = own.data / "editions" / "current"
    public.unlink()
    public.symlink_to(said["parent"])
    assert "editions/current does not lead to" in faults(own)


def test_archive_lost_corrupted_purged_or_without_receipt(own: Published) -> None:
    archive = own.archive
    said = json.loads((own.current / "release.json").read_bytes())["deliveries"]
    lost, kept = said[0]["sha256"], said[1]["sha256"]
    bytes_of = archive.path(lost).read_bytes()
    archive.path(lost).unlink()
    assert f"archived delivery {lost[:12]}" in faults(own) and "is missing" in faults(own)
    archive.path(lost).write_bytes(bytes_of + b"!")
    assert "is corrupted" in faults(own)
    archive.path(lost).write_bytes(bytes_of)
    assert archive.purge([kept, "f" * 64]) == [kept]
    found = proof(own)
    assert found.faults == ()
    assert any(f"{kept[:12]}" in n and "bytes purged on 2" in n and n.endswith("hash proven") for n in found.notes)
    receipts = own.data / "archive" / "receipts.jsonl"
    receipts.write_text("".join(receipts.read_text().splitlines(keepends=True)[1:]))
    assert "has no receipt" in faults(own)


def test_a_corrupted_delivery_is_not_purged_as_if_it_were_proven(own: Published) -> None:
    from resources.archive import ArchiveError

    archive = own.archive
    sha = json.loads((own.current / "release.json").read_bytes())["deliveries"][0]["sha256"]
    archive.path(sha).write_bytes(b"other")
    with pytest.raises(ArchiveError, match="corrupted"):
        archive.purge([sha])
    assert archive.path(sha).exists() and archive.purged() == {}


def test_log_edited_shortened_or_emptied(own: Published) -> None:
    log = own.data / "log.jsonl"
    kept = log.read_bytes()
    lines = kept.splitlines(keepends=True)
    for tampered in (
        kept.replace(b"A. Chair", b"B. Chair", 1),
        b"".join(lines[1:]),
        b"".join([lines[1], lines[0], *lines[2:]]),
    ):
        log.write_bytes(tampered)
        assert "log.jsonl was changed at record" in faults(own)
    # A shorter log is a whole chain; the editions then tell that records are gone.
    for short in range(len(lines)):
        log.write_bytes(b"".join(lines[:short]))
        assert faults(own), short
    log.write_bytes(kept)
    assert faults(own) == ""


def test_log_written_anew_with_all_its_hashes(own: Published) -> None:
    log = editions.log_of(own.data)
    records = log.records()
    log.path.unlink()
    for record in records:  # the same, by another name: the chain is whole, and the published editions disagree
        log.append(record["what"], record["by"].replace("A.", "B."), record["reason"], record["said"])
    assert "edition.json does not say what the log says" in faults(own)


def test_unknown_release(own: Published) -> None:
    for name in ("2001-01-abcdef", "../analysis", "editions/x", ""):
        with pytest.raises(ReleaseError, match="there is no release"):
            proof(own, name)
