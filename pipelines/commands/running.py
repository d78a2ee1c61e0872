"""Answers of refresh, rekey and purge: what runs in the data folder, one at a time.

Light to import: a refresh with nothing new ends here. Not here: the work (`pipelines/refresh.py`, `rekey.py`, `purge.py`).
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

from pipelines import fingerprint
from pipelines.commands.answer import FAILED, HELD, Answer, CommandError
from pipelines.failures import line_of
from pipelines.settings import ROOT, Settings

if TYPE_CHECKING:
    from pipelines.refresh import Refreshed
    from pipelines.workspace import Workspace


def refresh(answer: Answer, settings: Settings) -> None:
    """Nothing, if nothing at all changed; else a whole refresh."""
    note = fingerprint.read_note(settings.data)
    if note is None or note.fingerprint != _fingerprint(settings):
        whole(answer, settings)
        return
    answer.code = note.exit_code
    if note.exit_code == FAILED:
        answer.errors.append(note.message.splitlines()[-1])
    answer.say(f"Nothing new since the last refresh. {note.message}")
    answer.give(nothing_new=True, message=note.message)


def _fingerprint(settings: Settings) -> str:
    """Everything that a refresh reads, and everything that the last one left. Looks at sizes and times of files only."""
    from expectations.register import load_register
    from resources.landing import Landing

    register = load_register(settings.partnership.absolute())
    data = settings.data
    # What a database would give cannot be known without asking it.
    pulled = any(said.pull and settings.pull_url(name) for name, said in register.sources.items())
    as_of = settings.as_of or (datetime.now().date() if register.clock == "today" else "data")
    releases = data / "releases"
    current = releases / "current"
    return fingerprint.fingerprint(
        files=[
            *fingerprint.code_files(ROOT),
            *register.watched(),
            data / "warehouse.sqlite",
            data / "published.sqlite",
            data / "partnership.json",
        ],
        folders=[data / "archive", current],
        words=[
            *(
                f"{name}:{stamp}"
                for name, stamp in sorted(Landing(settings.landing_dir, settings.link_folders).fingerprint().items())
            ),
            str(as_of),
            str(current.readlink() if current.is_symlink() else ""),
            register.content_hash,
            settings.url,
            " ".join(settings.alert_addresses),
            settings.pseudonym_key.get_secret_value(),
            f"pulled at {time.time_ns()}" if pulled else "",
        ],
    )


def whole(answer: Answer, settings: Settings) -> None:
    """A whole refresh, with its words."""
    from pipelines.commands.progress import Progress
    from pipelines.workspace import dagster_environment, one_at_a_time, open_workspace

    workspace = open_workspace(settings)
    if not settings.landing_dir.is_dir():
        raise CommandError(
            f"landing folder {settings.landing_dir.name} is missing: make it and put deliveries in, or name it with --landing"
        )
    with one_at_a_time(settings.data) as killed:
        fingerprint.forget_note(settings.data)
        dagster_environment(settings.data, settings.dagster_url.get_secret_value())
        import dagster as dg

        from pipelines.definitions import build_definitions
        from pipelines.refresh import refresh as run
        from pipelines.watch import tell_killed, tell_stopped

        tell_killed(workspace, killed)
        try:
            with dg.DagsterInstance.get() as instance, Progress() as progress:
                done = run(workspace, build_definitions(workspace), instance, answer.say, progress)
        except Exception as error:
            tell_stopped(workspace, line_of(error))
            raise
        unsent = workspace.notifier.waiting()
        workspace.warehouse.close()
        message = _tell(answer, settings, done)
        # What is unsent is tried again with the next refresh, even where that finds nothing new.
        if not done.failures and not unsent and settings.warehouse_url is None:
            fingerprint.write_note(settings.data, fingerprint.Note(_fingerprint(settings), answer.code, message))


def _tell(answer: Answer, settings: Settings, done: Refreshed) -> str:
    """Say what came of a refresh; give back the line that a later no-op repeats."""
    refused = [(source, refusal) for source, found in done.taken.items() for refusal in found.refused]
    for source, found in done.taken.items():
        for note in found.notes:
            answer.note(note)
        if found.accepted:
            answer.say(f"{source}: {len(found.accepted)} deliveries taken in.")
    for _, refusal in refused:
        answer.error(refusal.message, "refused")
    for failure in done.failures:
        answer.error(failure, "failed")
    released = done.released
    for name, (state, reasons) in released.states.items():
        answer.say(f"{name} {state.replace('_', ' ')}{': ' + ' '.join(reasons) if reasons else ''}")
    page = settings.data / "releases" / "current" / "index.html"
    answer.say(f"{'New release' if released.new else 'Unchanged: release'} {released.release.id}: open {page}")
    answer.give(
        nothing_new=False,
        release=released.release.id,
        new=released.new,
        page=page,
        measures={name: {"state": state, "reasons": list(why)} for name, (state, why) in released.states.items()},
        accepted={source: len(found.accepted) for source, found in done.taken.items() if found.accepted},
        refused=[{"source": source, "name": r.name, "reason": r.reason} for source, r in refused],
        made=list(done.planned.make),
        checked=list(done.planned.check),
    )
    message = f"Release {released.release.id} stands: open {page}"
    if released.held:
        answer.code = HELD
        return f"{message}\nHeld: {', '.join(released.held)}."
    if refused:
        return f"{message}\n{len(refused)} deliveries in landing were refused; see status."
    return message


def rekey(answer: Answer, settings: Settings, by: str, reason: str) -> None:
    """Move the history to the new key, then refresh with it."""
    from pipelines.people import who
    from pipelines.rekey import rekey as move
    from pipelines.workspace import one_at_a_time, open_workspace

    by, reason = who(by, reason)
    workspace = open_workspace(settings)
    with one_at_a_time(settings.data):
        moved = move(workspace, settings.pseudonym_key_new.get_secret_value(), by, reason)
        fingerprint.forget_note(settings.data)
    answer.say(f"New key noted: {len(moved.counts)} counts are the same under both. Set SAFER_PSEUDONYM_KEY to it now.")
    answer.give(counts=dict(moved.counts))
    whole(answer, settings.model_copy(update={"pseudonym_key": settings.pseudonym_key_new}))


def purge(answer: Answer, workspace: Workspace, *, do: bool, counting: bool, cache: bool, by: str, reason: str) -> None:
    """Say what is past its retention, and with `do` remove it."""
    from pipelines import purge as retention
    from pipelines.workspace import one_at_a_time

    with one_at_a_time(workspace.settings.data):
        found = retention.due(workspace, counting=counting, cache=cache)
        if do:
            retention.purge(workspace, found, by, reason)
            fingerprint.forget_note(workspace.settings.data)
    verb = "removed" if do else "would be removed"
    for source, count in found.by_source.items():
        answer.say(f"{source}: the bytes of {count} deliveries past their time {verb}; receipts and hashes stay.")
    if found.analysis:
        answer.say(f"{len(found.analysis)} analysis folders that belong to no release {verb}.")
    if found.cache:
        answer.say(f"The cache of the street files {verb}; the next refresh makes it again.")
    if found.empty:
        answer.say("Nothing is past its time that could be removed.")
    elif not do:
        answer.say("Nothing was removed. To remove it: safer-outcomes purge --do --by NAME --reason TEXT")
    if found.needed:
        answer.note(
            f"{len(found.needed)} deliveries are past their time, and stay because tables are made from them: have their"
            " sources send a newer full extract, or use --counting"
        )
    if found.lying:
        answer.note(
            f"{len(found.lying)} files past their time still lie in landing: nothing there is ever removed by this program,"
            " whoever looks after landing does it"
        )
    answer.give(
        done=do,
        removed=dict(found.by_source),
        contents=sorted(found.remove),
        analysis=list(found.analysis),
        cache=found.cache,
        needed=sorted(found.needed),
        in_landing=list(found.lying),
    )
