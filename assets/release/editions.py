"""Editions: releases that a named person approved; only they are public (design section 6).

The log says which there are. `editions/<id>/` is the release with its draft banner replaced by who approved it, when and why,
and `edition.json`. An edition that was retracted stays, and says so. `current` leads to the newest that stands.

Every command first writes the approval or retraction to the log, then the folder, `index.html` and `current`, then a record
that seals them by their hashes. A command that was killed is finished by the next one. What was sealed is never mended: it is
either what the log says, or damaged.

Here: the log's records of editions, their folders, and the proof of both. Not here: proving the release itself (`proof.py`).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from assets.release import folder, words
from assets.release import pages as report
from assets.release.folder import ReleaseError
from resources.log import Log

EDITION = "edition.json"
_APPROVE, _RETRACT, _SEAL = "approve", "retract", "edition"
_TOP = "index.html"
_PHASE = re.compile(rb"<!--phase-->.*?<!--/phase-->", re.DOTALL)
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]*")
_LONGEST = 1000


@dataclass(frozen=True)
class Edition:
    """One edition as the log tells it: the record of its approval, and of its retraction if it was retracted."""

    release: str
    approved: Mapping[str, Any]
    retracted: Mapping[str, Any] | None = None


def log_of(data: Path) -> Log:
    """The partnership's log."""
    return Log(data / "log.jsonl")


def editions(records: Sequence[Mapping[str, Any]]) -> list[Edition]:
    """All editions that the log tells of, in the order of approval."""
    found: dict[str, Edition] = {}
    for record in records:
        if record["what"] == _APPROVE:
            found[record["said"]["release"]] = Edition(record["said"]["release"], record)
        elif record["what"] == _RETRACT:
            name = record["said"]["release"]
            found[name] = Edition(name, found[name].approved, record)
    return list(found.values())


def standing(data: Path) -> Edition | None:
    """The current edition: the newest that was not retracted; None when there is none.

    Raises:
        LogError: the log was changed.
    """
    return _newest(editions(log_of(data).records()))


def unfinished(data: Path) -> bool:
    """Whether a killed command left an approval or retraction that the next one will finish."""
    return bool(_pending(log_of(data).records()))


def approve(data: Path, release: str, by: str, reason: str) -> tuple[Edition, bool]:
    """Make a proven release an edition; approving it again changes nothing.

    Args:
        data: the data folder.
        release: id of the release; the caller has proven it (`proof.py`).
        by: name of the person who approves.
        reason: why, in their words.

    Returns:
        The edition, and whether it is new.

    Raises:
        ReleaseError: it may not be approved, or an edition is damaged; nothing was changed.
        LogError: the log was changed, or cannot be written.
    """
    by, reason = _said(by, "--by"), _said(reason, "--reason")
    with _alone(data):
        made, current = _settled(data)
        held = next((e for e in made if e.release == release), None)
        if held and held.retracted:
            raise ReleaseError(f"edition {release} was retracted: approve a newer release")
        if held:
            return held, False
        opened = _release(data, release)
        wanted = opened.manifest.get("commentary_wanted", {})
        if wanted:
            first = next(iter(wanted))
            more = f" (and of {', '.join(list(wanted)[1:])})" if len(wanted) > 1 else ""
            raise ReleaseError(
                f"release {release} lacks the commentary of {first}{more}: {wanted[first][0]} Write it, and refresh"
            )
        chain = _chain(data / "releases")
        if release not in chain:
            raise ReleaseError(f"release {release} was never current: approve one that safer-outcomes status names")
        if current and current.release not in chain[chain.index(release) :]:
            raise ReleaseError(
                f"release {release} is older than the current edition {current.release}: approve a newer one"
            )
        said = {"release": release, "manifest_sha256": folder.sha256_of(opened.folder / folder.MANIFEST)}
        log_of(data).append(_APPROVE, by, reason, said)
        return _write(data, release), True


def retract(data: Path, release: str, by: str, reason: str) -> tuple[Edition, bool]:
    """Mark an edition as retracted: it stays visible, `current` goes back; doing so again changes nothing.

    Args:
        data: the data folder.
        release: id of the edition.
        by: name of the person who retracts it.
        reason: why, in their words.

    Returns:
        The edition, and whether it was retracted now.

    Raises:
        ReleaseError: there is no such edition, or one is damaged; nothing was changed.
        LogError: the log was changed, or cannot be written.
    """
    by, reason = _said(by, "--by"), _said(reason, "--reason")
    with _alone(data):
        made, _ = _settled(data)
        held = next((e for e in made if e.release == release), None)
        if held is None:
            known = ", ".join(e.release for e in made if not e.retracted)
            raise ReleaseError(f"no edition {release}: {f'those that stand are {known}' if known else 'none stands'}")
        if held.retracted:
            return held, False
        log_of(data).append(_RETRACT, by, reason, {"release": release})
        return _write(data, release), True


def faults_of(data: Path) -> list[str]:
    """Every way in which the editions are not what the log says; none when they are, or when there are none.

    Raises:
        LogError: the log was changed.
    """
    root, records = data / "editions", log_of(data).records()
    made = editions(records)
    if not made:
        extra = sorted(p.name for p in root.iterdir() if p.name != ".lock") if root.is_dir() else []
        return [f"editions/{name} is in no record of the log" for name in extra]
    if _pending(records):
        return ["an approval or retraction was not finished: run the same command again"]
    seals = _seals(records)
    faults = []
    for edition in made:
        where = f"editions/{edition.release}"
        faults += [f"{where}: {fault}" for fault in _folder_faults(data, edition, seals[edition.release])]
    newest = _newest(made)
    own = {f"{e.release}/" for e in made}
    listed: Mapping[str, str] = next(r["said"]["top"] for r in reversed(records) if r["what"] == _SEAL)
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        inside = any(f"{name}/".startswith(one) for one in own)
        if not inside and name not in ("current", ".lock") and name not in listed and not _holds(name, listed):
            faults.append(f"editions/{name} is in no record of the log")
    faults += [f"editions/{n} was changed" for n, sha in listed.items() if not _is(root / n, sha)]
    try:
        current = folder.current_name(root)
    except ReleaseError:
        current = "?"
    if current != (newest.release if newest else ""):
        faults.append(f"editions/current does not lead to {newest.release if newest else 'nothing'}")
    return faults


# ---- what the log says


def _newest(made: Sequence[Edition]) -> Edition | None:
    return next((e for e in reversed(made) if not e.retracted), None)


def _pending(records: Sequence[Mapping[str, Any]]) -> str:
    """Edition whose approval or retraction is in the log and not sealed; empty text when all are."""
    name = ""
    for record in records:
        if record["what"] in (_APPROVE, _RETRACT):
            name = record["said"]["release"]
        elif record["what"] == _SEAL:
            name = ""
    return name


def _seals(records: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """What was sealed last of each edition."""
    return {record["said"]["release"]: record["said"] for record in records if record["what"] == _SEAL}


def _said(text: str, option: str) -> str:
    """A name or reason in one line.

    Raises:
        ReleaseError: it is empty, or too long to be read.
    """
    line = " ".join(text.split())
    if not line or len(line) > _LONGEST or not line.isprintable():
        raise ReleaseError(f"{option} is empty or longer than {_LONGEST} letters: say who, and why")
    return line


def _release(data: Path, name: str) -> folder.Released:
    known = folder.current_name(data / "releases") or "none yet"
    if not _NAME.fullmatch(name) or name == "current" or not (data / "releases" / name).is_dir():
        raise ReleaseError(
            f"no release {name}: name it by its id, so that it is the one you have read; the newest is {known}"
        )
    return folder.opened(data / "releases" / name)


def _chain(releases: Path) -> list[str]:
    """Ids from the current release back to the first."""
    found, name = [], folder.current_name(releases)
    while name and name not in found:
        found.append(name)
        try:
            name = json.loads((releases / name / folder.MANIFEST).read_bytes())["parent"] or ""
        except (OSError, ValueError, KeyError, TypeError):
            raise ReleaseError(f"release {name} is damaged: restore the folder from backup") from None
    return found


# ---- writing


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Hold the editions for one command; leftovers of a killed one are removed."""
    root = data / "editions"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with (root / ".lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            for one in (root, *(p for p in root.rglob("*") if p.is_dir() and not p.is_symlink())):
                folder.clear_leftovers(one)
            yield
    except OSError as error:
        raise ReleaseError(f"the editions cannot be written ({error.strerror}): run the same command again") from None


def _settled(data: Path) -> tuple[list[Edition], Edition | None]:
    """All editions and the current one, after finishing what a killed command began.

    Raises:
        ReleaseError: an edition is damaged.
    """
    records = log_of(data).records()
    if pending := _pending(records):
        _write(data, pending)
    elif faults := faults_of(data):
        raise ReleaseError(f"{faults[0]}: restore the editions from backup")
    made = editions(log_of(data).records())
    return made, _newest(made)


def _write(data: Path, release: str) -> Edition:
    """Write one edition as the log tells it, the list of all, and `current`; then seal them."""
    root, log = data / "editions", log_of(data)
    made = editions(log.records())
    edition = next(e for e in made if e.release == release)
    files = _files(_release(data, release), edition)
    if not (root / release).exists():
        folder.write_whole(root, release, files)
    for name, content in files.items():
        folder.write_file(root / release / name, content)
    top = _top(data, made)
    for name, content in top.items():
        folder.write_file(root / name, content)
    newest = _newest(made)
    if newest:
        folder.point(root, newest.release)
    else:
        (root / "current").unlink(missing_ok=True)
    last = edition.retracted or edition.approved
    said = {
        "release": release,
        "edition_sha256": hashlib.sha256(files[EDITION]).hexdigest(),
        "top": {name: hashlib.sha256(content).hexdigest() for name, content in top.items()},
    }
    log.append(_SEAL, str(last["by"]), f"written after record {last['number']}", said)
    return edition


def _files(release: folder.Released, edition: Edition) -> dict[str, bytes]:
    """Everything in an edition's folder; `edition.json` is last, so that it never speaks of files that are not there yet."""
    banner = _banner(edition)
    files = {}
    for name in (*release.manifest["files"], folder.MANIFEST):
        content = (release.folder / name).read_bytes()
        if name.endswith(".html"):
            content, replaced = _PHASE.subn(lambda _: banner, content)
            if replaced != 1:
                raise ReleaseError(
                    f"{name} of release {release.id} has no draft banner: refresh, and approve the new one"
                )
        files[name] = content
    said = {
        "edition": edition.release,
        **_statement(edition),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    return {**files, EDITION: folder.json_bytes(said)}


def _statement(edition: Edition) -> dict[str, Any]:
    """Who approved which manifest, when and why, and who retracted it: as the log has it."""
    return {
        "manifest_sha256": edition.approved["said"]["manifest_sha256"],
        "approved": _record(edition.approved),
        "retracted": _record(edition.retracted) if edition.retracted else None,
    }


def _record(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in ("by", "reason", "at", "number", "hash")}


def _banner(edition: Edition) -> bytes:
    a, r = edition.approved, edition.retracted
    tag = "Retracted" if r else "Edition"
    text = f"Approved by {a['by']} on {_day(a)}: {a['reason']}"
    if r:
        text = f"Retracted by {r['by']} on {_day(r)}: {r['reason']}. Do not use these figures. {text}"
    page = report._environment().get_template("edition-banner.html").render(tag=tag, text=text)
    return b"<!--phase-->" + page.strip().encode() + b"<!--/phase-->"


def _day(record: Mapping[str, Any]) -> str:
    return words.day(date.fromisoformat(str(record["at"])[:10]))


def _top(data: Path, made: Sequence[Edition]) -> dict[str, bytes]:
    """What lies beside the editions: the list of all, and its styles."""
    newest = _newest(made)
    manifests = {e.release: _release(data, e.release).manifest for e in made}
    partnership = manifests[made[-1].release]["partnership"]
    rows = [
        {
            "release": e.release,
            "as_at": manifests[e.release]["as_at"],
            "state": f"Retracted by {e.retracted['by']} on {_day(e.retracted)}: {e.retracted['reason']}"
            if e.retracted
            else "Current"
            if e is newest
            else "Superseded",
            "approved": f"{e.approved['by']}, {_day(e.approved)}",
            "reason": e.approved["reason"],
        }
        for e in reversed(made)
    ]
    page = (
        report._environment()
        .get_template("editions.html")
        .render(
            partnership=partnership["name"],
            synthetic=partnership["synthetic"],
            current=newest.release if newest else "",
            rows=rows,
        )
    )
    newest_files = _release(data, made[-1].release)
    styles = {
        n: (newest_files.folder / n).read_bytes() for n in newest_files.manifest["files"] if n.startswith("static/")
    }
    return {_TOP: page.encode(), **styles}


# ---- proving


def _folder_faults(data: Path, edition: Edition, seal: Mapping[str, Any]) -> list[str]:
    place, release = data / "editions" / edition.release, data / "releases" / edition.release
    if not _is(place / EDITION, seal["edition_sha256"]):
        return [f"{EDITION} is missing or was changed"]
    said = json.loads((place / EDITION).read_bytes())
    faults = folder.differences(place, said["files"], {EDITION})
    if {name: said[name] for name in ("approved", "retracted", "manifest_sha256")} != _statement(edition):
        faults.append(f"{EDITION} does not say what the log says")
    if not _is(release / folder.MANIFEST, said["manifest_sha256"]):
        return [*faults, "its release is gone or was changed since"]
    for name in said["files"] if not faults else ():
        own, draft = (place / name).read_bytes(), (release / name).read_bytes()
        if _PHASE.sub(b"", own) != _PHASE.sub(b"", draft):
            faults.append(f"{name} differs from its release")
    return faults


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and not path.is_symlink() and folder.sha256_of(path) == sha256


def _holds(name: str, listed: Mapping[str, str]) -> bool:
    return any(file.startswith(f"{name}/") for file in listed)
