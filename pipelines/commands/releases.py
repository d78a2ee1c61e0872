"""Answers of verify, approve, retract and explain; every number comes from a manifest or the log."""

from __future__ import annotations

from collections.abc import Callable

from assets.release import editions, folder
from assets.release.explained import Asked, explain
from assets.release.folder import ReleaseError
from assets.release.proof import prove
from pipelines import editions as acts
from pipelines.commands.answer import Answer
from pipelines.workspace import Workspace


def verify(answer: Answer, workspace: Workspace, name: str) -> None:
    """Whether a release is what its manifest, archive, evidence, neighbours and the log say."""
    proof = prove(workspace.pipeline, workspace.archive, name)
    for note in proof.notes:
        answer.note(note)
    for fault in proof.faults:
        answer.error(f"release {proof.release}: {fault}")
    answer.give(
        release=proof.release,
        whole=not proof.faults,
        files=proof.files,
        deliveries=proof.deliveries,
        releases_before=proof.before,
    )
    if proof.faults:
        return
    made = editions.editions(editions.log_of(workspace.pipeline.data).records())
    answer.give(editions=len(made))
    answer.say(
        f"Release {proof.release} is whole: {proof.files} files, {proof.deliveries} archived deliveries, its evidence and"
        f" {proof.before} releases before it agree with its manifest; {len(made)} editions agree with the log."
    )


def approve(answer: Answer, workspace: Workspace, name: str, by: str, reason: str) -> None:
    """Make a release an edition, once it is proven."""
    done = acts.approve_proven(workspace, name, by, reason)
    for fault in done.faults:
        answer.error(f"release {done.release} is not approved: {fault}")
    if not done.faults:
        _told(answer, workspace, done)


def retract(answer: Answer, workspace: Workspace, name: str, by: str, reason: str) -> None:
    """Mark an edition as retracted."""
    _told(answer, workspace, acts.retract(workspace, name, by, reason))


def _told(answer: Answer, workspace: Workspace, done: acts.Done) -> None:
    index = workspace.pipeline.data / "editions" / "index.html"
    answer.say(done.line)
    answer.say(f"Current edition: {done.current or 'none'}. All editions: {index}")
    answer.give(
        release=done.release, new=done.new, log_record=done.record, current_edition=done.current or None, index=index
    )


def explained(answer: Answer, workspace: Workspace, measure: str, asked: Asked) -> None:
    """What is behind the figures of a measure: decision, checks, table versions, files and whether the archive has them."""
    releases = workspace.pipeline.releases
    released = folder.current(releases)
    if released is None:
        raise ReleaseError("no release yet: run safer-outcomes refresh")
    said = released.manifest
    if measure not in said["measures"]:
        raise ReleaseError(f"no measure {measure}: known are {', '.join(said['measures'])}")
    held_from = said["measures"][measure]["held_from"]
    source = folder.opened(releases / held_from).manifest if held_from else said
    told = explain(said, source, released.figures(), measure, asked)
    kept = _kept(workspace)
    answer.say(f"{told.measure} {told.name}, release {released.id}")
    for line in told.opening:
        answer.say(line)
    sections = []
    for section in told.sections:
        states = [kept(row[-1]) if section.head[-1] == "SHA-256" else "" for row in section.rows]
        answer.say(f"\n{section.title}: {'' if section.rows else 'none'}")
        for row, state in zip(section.rows, states, strict=True):
            answer.say(f"  {'  '.join(cell for cell in row if cell)}{f'  {state}' if state else ''}")
        head = [*section.head, *(["bytes"] if any(states) else [])]
        rows = [[*row, *([state] if any(states) else [])] for row, state in zip(section.rows, states, strict=True)]
        sections.append({"title": section.title, "columns": head, "rows": rows})
    answer.give(
        measure=told.measure, name=told.name, release=released.id, opening=list(told.opening), sections=sections
    )


def _kept(workspace: Workspace) -> Callable[[str], str]:
    """Says whether the archive holds a delivery's bytes."""
    held, purged = workspace.archive.held(), workspace.archive.purged()
    return lambda sha: "in archive" if sha in held else f"purged on {purged[sha][:10]}" if sha in purged else "missing"
