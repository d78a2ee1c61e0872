"""Jobs of the UI that are acts of a person: approve a release, purge by retention, move to another pseudonym key.

Here: run config with the person's name and reason, and one clear line for a refusal. Not here: the work, which the command line
does in the same way. No secret is ever run config: keys come from the environment of the UI's process.
"""

import dagster as dg
from pydantic import Field

from pipelines import purge as retention
from pipelines.editions import approve_proven
from pipelines.failures import line_of
from pipelines.people import who
from pipelines.rekey import rekey as move
from pipelines.workspace import Workspace, one_at_a_time


class Person(dg.Config):
    """Who does it, and why: both go to the partnership's log."""

    by: str = Field(description="Name of the person who does it. It goes to the log, and on the pages of an edition.")
    reason: str = Field(description="Why, in one line. It goes to the log, and on the pages of an edition.")


class Approval(Person):
    """Which release to approve."""

    release: str = Field(description="Id of the release that was read, such as 2016-03-0a1b2c3d4e5f; never `current`.")


class Purge(Person):
    """How far to go."""

    do: bool = Field(default=False, description="Remove; otherwise only tell what would be removed.")
    counting: bool = Field(
        default=False,
        description="Also deliveries past their time that count: their tables stay, but cannot be made anew before the source"
        " delivers again.",
    )
    cache: bool = Field(default=False, description="Also the cache of the street files, which can be made again.")


def _refused(error: Exception) -> dg.Failure:
    return dg.Failure(line_of(error), allow_retries=False)


@dg.op(name="approve_release", tags={"kind": "log"})
def approve_release(context: dg.OpExecutionContext, config: Approval, workspace: dg.ResourceParam[Workspace]) -> None:
    """Make a draft an edition, for the public, once it is proven. Refused if it is damaged or lacks a commentary."""
    try:
        done = approve_proven(workspace, config.release, config.by, config.reason)
    except Exception as error:
        raise _refused(error) from None
    if done.faults:
        raise dg.Failure(f"release {done.release} is not approved: {done.faults[0]}", allow_retries=False)
    context.log.info(f"{done.line} Current edition: {done.current or 'none'}.")
    context.add_output_metadata({"edition": done.release, "record of the log": done.record, "new": done.new})


@dg.op(name="purge_by_retention", tags={"kind": "log"})
def purge_by_retention(context: dg.OpExecutionContext, config: Purge, workspace: dg.ResourceParam[Workspace]) -> None:
    """Remove archived bytes that are past the retention of their source and that no table is made from."""
    try:
        who(config.by, config.reason)
        with one_at_a_time(workspace.settings.data):
            found = retention.due(workspace, counting=config.counting, cache=config.cache)
            if config.do:
                retention.purge(workspace, found, config.by, config.reason)
    except Exception as error:
        raise _refused(error) from None
    rows = "\n".join(f"| {name} | {count} |" for name, count in found.by_source.items())
    context.add_output_metadata(
        {
            "removed": config.do,
            "deliveries": dg.MetadataValue.md(f"| source | deliveries |\n|---|---|\n{rows}" if rows else "none"),
            "analysis folders": len(found.analysis),
            "cache": found.cache,
            "past their time, but needed": len(found.needed),
            "past their time in landing": len(found.lying),
        }
    )


@dg.op(name="rekey_history", tags={"kind": "log"})
def rekey_history(context: dg.OpExecutionContext, config: Person, workspace: dg.ResourceParam[Workspace]) -> None:
    """Note the key in SAFER_PSEUDONYM_KEY_NEW as the partnership's, after proving that no count changes."""
    try:
        by, reason = who(config.by, config.reason)
        with one_at_a_time(workspace.settings.data):
            moved = move(workspace, workspace.settings.pseudonym_key_new.get_secret_value(), by, reason)
    except Exception as error:
        raise _refused(error) from None
    context.log.info(
        "New key noted. Stop the UI, set SAFER_PSEUDONYM_KEY to it, and run safer-outcomes refresh: until then nothing is taken in."
    )
    context.add_output_metadata({"counts that are the same under both keys": len(moved.counts)})


@dg.job(name="approve", description="A named person makes a draft release an edition, for the public.")
def approve() -> None:
    """Job of one step."""
    approve_release()


@dg.job(
    name="purge",
    description="Removes what is past its retention. Without `do: true` it only tells what it would remove.",
)
def purge() -> None:
    """Job of one step."""
    purge_by_retention()


@dg.job(
    name="rekey",
    description="Moves the history to another pseudonym key, which stands in the environment and never in run config.",
)
def rekey() -> None:
    """Job of one step."""
    rekey_history()


JOBS = [approve, purge, rekey]
