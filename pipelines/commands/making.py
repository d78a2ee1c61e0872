"""Answers of sample and template: files made for others, without a data folder."""

from __future__ import annotations

from pathlib import Path

from pipelines.commands.answer import Answer, CommandError
from pipelines.settings import Settings


def sample(answer: Answer, out: Path, *, seed: int, months: int, scale: float, faults: str) -> None:
    """Synthetic deliveries, or the list of faults that can be planted."""
    from sample.generator import ALL_FAULTS, generate

    if faults == "list":
        for fault in ALL_FAULTS.values():
            answer.say(f"{fault.name:34} {fault.what} (expected: {fault.expected})")
        answer.give(faults=[{"name": f.name, "what": f.what, "expected": f.expected} for f in ALL_FAULTS.values()])
        return
    names = [name.strip() for name in faults.split(",") if name.strip()]
    made = generate(out, seed=seed, months=months, scale=scale, faults=names)
    planted = f", faults planted: {', '.join(names)}" if names else ""
    answer.say(f"Synthetic deliveries for a fictional city in {out}: {len(made.files)} files{planted}.")
    answer.give(out=out, files=len(made.files), planted=names)


def template(answer: Answer, settings: Settings, source: str, out: Path) -> None:
    """A blank delivery, as workbook and CSV."""
    from expectations.contracts import PARTNERS
    from expectations.register import load_register
    from expectations.templates import csv_template, xlsx_template

    if source not in PARTNERS:
        raise CommandError(f"no template for {source}: choose one of {', '.join(PARTNERS)}")
    record = load_register(settings.partnership.absolute()).sources.get(source)
    delivery, sheet = PARTNERS[source].delivery, record.sheet if record else ""
    out.mkdir(parents=True, exist_ok=True)
    for name, data in ((f"{source}.csv", csv_template(delivery)), (f"{source}.xlsx", xlsx_template(delivery, sheet))):
        (out / name).write_bytes(data)
        answer.say(f"{out / name}")
    answer.give(source=source, files=[out / f"{source}.csv", out / f"{source}.xlsx"])
