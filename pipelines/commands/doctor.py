"""Answer of doctor: a line a check, with the remedy below what needs one; exit code 1 for a fault."""

from __future__ import annotations

from dataclasses import asdict

from pipelines.commands.answer import FAILED, Answer
from pipelines.doctor import examine
from pipelines.settings import Settings


def doctor(answer: Answer, settings: Settings) -> None:
    """Every check with what it found; warnings are no faults."""
    found = examine(settings)
    for one in found:
        answer.say(f"{one.state:8}{one.name:15}{one.said}")
        if one.remedy:
            answer.say(f"{'':23}-> {one.remedy}")
    faults = [one for one in found if one.state == "fault"]
    answer.give(checks=[asdict(one) for one in found], well=not faults)
    if faults:
        answer.code = FAILED
        answer.errors = [f"{one.name}: {one.said}: {one.remedy}" for one in faults]
        answer.say(f"{len(faults)} of {len(found)} need doing.")
