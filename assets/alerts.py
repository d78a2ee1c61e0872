"""The words of alerts: what was expected, what came, how many rows, which measures are held, what to do, where to look.

Here: turning what was seen into `Observed`, pure text from counts and names. Not here: whether it is news and sending it
(`resources/`), seeing it (`assets/checks.py`, `assets/steps.py`, `assets/release/release.py`, `pipelines/watch.py`).
Never a value of a row. Every kind stands in `docs/runbook.md`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from assets.release.timeliness import Late
from assets.setup import UPSTREAM, Pipeline
from expectations.alerting import Kind
from expectations.suites import Verdict
from resources.alert_store import Case, News, Observed, Turn

_KEPT = "The last good figures stay on display."


def _to(pipeline: Pipeline, *sources: str) -> tuple[str, ...]:
    """Who is told of something about these sources: their owners, and the analyst of everything."""
    return tuple(dict.fromkeys([*(pipeline.owner(source) for source in sources), pipeline.register.alerts.analyst]))


def _message(roles: Sequence[str], *lines: str) -> str:
    return "\n".join([f"To: {'; '.join(roles)}", *(line for line in lines if line)])


def _named(measures: Collection[str]) -> str:
    return ", ".join(measures) or "none"


def day(when: date) -> str:
    """A day in words: '9 May 2016'."""
    return f"{when.day} {when:%B %Y}"


# --- checks -------------------------------------------------------------------------------------------------------------


def of_checks(
    pipeline: Pipeline, table: str, verdicts: Sequence[Verdict], content_hash: str, rows: int
) -> list[Observed]:
    """What the required checks of a table found: errors are told at once, warnings in the digest."""
    source = pipeline.source_of(table)
    roles = _to(pipeline, source)
    found = []
    for verdict in verdicts:
        severity = pipeline.required[table].get(verdict.rule.name)
        if severity is None:
            continue
        name, error = verdict.rule.name.replace("_", " "), severity == "ERROR"
        bad = verdict.outcome in ("failed", "crashed")
        told = {"failed": "failed", "crashed": "could not be evaluated"}.get(verdict.outcome, verdict.outcome)
        link = f"See: {pipeline.ui_url}/assets/{table}?view=checks&checkDetail={verdict.rule.name}"
        figures = figures_text({name: value for name, value in verdict.figures.items() if name != "rows"})
        what = (
            f"Check: {name} of {table} ({source}): {told}.",
            f"Expected: {verdict.rule.reason}.",
            f"Found: {figures}{'; ' if figures else ''}{rows:,} rows in {table}.",
        )
        if not bad:
            body = _message(roles, what[0], what[2], "What to do: nothing.", link)
        elif error:
            body = _message(
                roles,
                *what,
                f"Held until it passes: {_named(pipeline.measures_of(table))}. {_KEPT}",
                _what_to_do(verdict),
                link,
            )
        else:
            body = _message(
                roles,
                *what,
                f"Measures that use it: {_named(pipeline.measures_of(table))}; none is held for this.",
                "What to do: see whether the delivery is as it should be; the quality page shows the note until it is.",
                link,
            )
        found.append(
            Observed(
                case=f"check:{table}/{verdict.rule.name}",
                bad=bad,
                kind="check_failed" if error else "check_warned",
                roles=roles,
                subject=f"Check {told if bad else 'failed'}: {name} ({source})",
                body=body,
                identity=content_hash,
                collected=not error,
            )
        )
    return found


def _what_to_do(verdict: Verdict) -> str:
    if verdict.outcome == "crashed":
        return "What to do: the analyst runs the refresh again; if it stays so, see the run in the Dagster UI."
    return "What to do: correct the delivery and send it again; the next refresh runs the check again by itself."


def no_longer_required(pipeline: Pipeline, cases: Sequence[Case]) -> list[Observed]:
    """Open cases of checks that are not required any more: nobody will ever see them pass."""
    roles = _to(pipeline)
    known = {f"check:{table}/{rule}" for table, rules in pipeline.required.items() for rule in rules}
    return [
        Observed(case.name, bad=False, roles=roles, body=_message(roles, "This check is not required any more."))
        for case in cases
        if case.name not in known
    ]


# --- deliveries -----------------------------------------------------------------------------------------------------------


def of_refusals(pipeline: Pipeline, source: str, refused: Sequence[tuple[str, str, str, str]]) -> list[Observed]:
    """Deliveries that lie in landing and were not accepted, each as name, reason, message and identity."""
    roles = _to(pipeline, *([source] if source else []))
    measures = pipeline.measures_of(f"raw_{source}") if source else []
    label = source or "no source"
    return [
        Observed(
            case=f"refused:{source}:{name}",
            bad=True,
            kind="delivery_refused",
            roles=roles,
            subject=f"Delivery refused: {label} ({reason.replace('_', ' ')})",
            body=_message(
                roles,
                f"Expected: a file of {source} as agreed."
                if source
                else "Expected: every file in a folder of a source.",
                f"Came: {message}",
                "Rows taken in: 0. What was delivered before still counts.",
                f"Measures that use this source: {_named(measures)}.",
                "What to do: correct the file, or take it out of the landing folder, and send it again.",
                f"See: {pipeline.ui_url}/assets/raw_{source}" if source else "",
            ),
            identity=f"{reason}:{identity}",
        )
        for name, reason, message, identity in refused
    ]


def no_longer_refused(pipeline: Pipeline, source: str, cases: Sequence[Case], rows: int) -> list[Observed]:
    """Refused deliveries that do not lie in landing any more, or were accepted since."""
    roles = _to(pipeline, *([source] if source else []))
    said = f"The refused file was corrected or taken away. Rows of {source} that count now: {rows:,}."
    body = _message(roles, said if source else "The file was taken away.", "What to do: nothing.")
    return [Observed(case.name, bad=False, roles=roles, body=body) for case in cases]


def of_lateness(
    pipeline: Pipeline, source: str, late: Late | None, held: Sequence[str], rows: int, meeting: date | None
) -> Observed:
    """Whether the newest delivery due of a source is there.

    Args:
        pipeline: register and versions.
        source: whose delivery.
        late: what is missing; None when nothing is.
        held: measures that are held because of it.
        rows: rows of the source that count now.
        meeting: the Board's next meeting, if it is near.
    """
    roles, case = _to(pipeline, source), f"late:{source}"
    link = f"See: {pipeline.ui_url}/assets/raw_{source}"
    if late is None:
        said = f"The delivery of {source} that was due has come. Rows of it that count now: {rows:,}."
        return Observed(case, bad=False, roles=roles, body=_message(roles, said, "What to do: nothing.", link))
    measures = pipeline.measures_of(f"raw_{source}")
    board = (
        f"The Board meets on {day(meeting)}: without the delivery it sees no newer figures of {_named(measures)}."
        if meeting
        else ""
    )
    return Observed(
        case=case,
        bad=True,
        kind="delivery_late_before_meeting" if meeting else "delivery_late",
        roles=roles,
        subject=f"Urgent before the Board of {day(meeting)}: delivery late: {source}"
        if meeting
        else f"Delivery late: {source}",
        body=_message(
            roles,
            f"Expected: the {late.period} of {source}, by {day(late.due)}.",
            f"Came: nothing for it{late.whose}. Rows of {source} that count now: {rows:,}"
            f"{f', up to {late.reached}' if late.reached else ''}.",
            f"Measures that use this source: {_named(measures)}. Held for it: {_named(held)}. {_KEPT}",
            board,
            f"What to do: deliver it {'today' if meeting else 'as soon as possible'}, or tell the analyst when it comes.",
            link,
        ),
        identity=late.period,
        stage=meeting.isoformat() if meeting else "",
    )


# --- runs and releases ----------------------------------------------------------------------------------------------------


def run_failed(
    pipeline: Pipeline,
    *,
    identity: str,
    what: str,
    failures: Sequence[tuple[str, str]],
    run_id: str = "",
    job: str = "refresh",
) -> Observed:
    """A run that did not end well: the steps that failed with one line each, or none when the whole of it was ended."""
    tables = [step for step, _ in failures if step in UPSTREAM]
    roles = _to(pipeline, *(pipeline.source_of(table) for table in tables))
    measures = sorted({measure for table in tables for measure in pipeline.measures_of(table)})
    shown = [f"{step}: {line}" if step else line for step, line in failures[:10]]
    return Observed(
        case=f"run:{'release' if job == 'release' else 'refresh'}",
        bad=True,
        kind="run_failed",
        roles=roles,
        subject=f"Run failed: {job.removeprefix('__').replace('_', ' ').lower()}",
        body=_message(
            roles,
            f"Expected: the {'release' if job == 'release' else 'refresh'} runs to its end.",
            f"Came: {what}",
            *shown,
            f"and {len(failures) - 10} more" if len(failures) > 10 else "",
            f"Tables not made: {len(tables)}. Measures that need them: {_named(measures)}. {_KEPT}",
            "What to do: mend what the lines above name, then run safer-outcomes refresh; nothing received is lost.",
            f"See: {pipeline.ui_url}/runs/{run_id}" if run_id else f"See: {pipeline.ui_url}/runs",
        ),
        identity=identity,
        once=True,
    )


def run_well(pipeline: Pipeline, job: str = "refresh", run_id: str = "") -> Observed:
    """A run that ended well."""
    roles = _to(pipeline)
    kind = "release" if job == "release" else "refresh"
    link = f"See: {pipeline.ui_url}/runs/{run_id}" if run_id else ""
    body = _message(roles, f"The {kind} has run to its end since.", "What to do: nothing.", link)
    return Observed(f"run:{kind}", bad=False, roles=roles, body=body)


def of_measure(pipeline: Pipeline, measure: str, state: str, reasons: Sequence[str]) -> Observed:
    """Whether a measure is held; its body is the part of the message that is about it."""
    record = pipeline.register.measures[measure]
    held = state == "held"
    lines = [f"{measure} {record.name} is {'held' if held else state.replace('_', ' ')}."]
    lines += [f"  {reason[:1].upper()}{reason[1:]}." for reason in dict.fromkeys(reasons if held else ())]
    return Observed(
        case=f"held:{measure}",
        bad=held,
        kind="release_held",
        roles=tuple(dict.fromkeys([record.owner, pipeline.register.alerts.analyst])),
        subject=f"Release held: {measure}",
        body="\n".join(lines),
        identity=hashlib.sha256("\n".join(reasons).encode()).hexdigest()[:16],
    )


def release_words(pipeline: Pipeline, release: str, turn: Turn, news: Sequence[News]) -> tuple[Kind, str, str]:
    """One message of all measures that changed to held, or are not held any more."""
    names = _named([one.seen.case.partition(":")[2] for one in news])
    roles = list(dict.fromkeys(role for one in news for role in one.seen.roles))
    parts = [one.seen.body for one in news]
    link = f"See: {pipeline.ui_url}/assets/release"
    if turn == "over":
        since = [f"{one.case.name.partition(':')[2]} since {one.case.since[:10]}" for one in news if one.case]
        first = f"Told before, as held: {', '.join(since)}."
        said = f"In release {release}, not held any more: {names}."
        return "resolved", f"Resolved: release held: {names}", _message(roles, said, *parts, first, link)
    body = _message(
        roles,
        f"Expected: every measure published. Came: release {release}, in which {len(news)} of"
        f" {len(pipeline.register.measures)} are {'held' if turn == 'new' else 'still held, for other reasons'}.",
        *parts,
        f"{_KEPT} The pages say so and why.",
        "What to do: see to what the reasons name; nothing else opens the gate. The next refresh publishes by itself.",
        link,
    )
    return "release_held", f"{'Release held' if turn == 'new' else 'Still: release held'}: {names}", body


def figures_text(figures: Mapping[str, float]) -> str:
    """Counts and shares in words: '3 unknown category; 0.0120 worst bad share; 84 rows'."""
    return "; ".join(
        f"{value:,.0f} {name.replace('_', ' ')}"
        if float(value).is_integer()
        else f"{value:.4f} {name.replace('_', ' ')}"
        for name, value in figures.items()
    )
