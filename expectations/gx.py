"""The one file that imports Great Expectations: it runs a suite on frames and gives back counts, never values.

Great Expectations by itself passes on empty tables, returns offending values, calls a suite failed for a mere warning and
turns its own errors into failures. So here: BOOLEAN_ONLY results, a verdict per rule with our own severity, and an
expectation that raised is told from one that was not met.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import pandas as pd

from expectations.suites.model import Expect, Facts, Suite, Verdict

_BOUNDS = {"column", "min_value", "max_value"}
Outcome = Literal["passed", "failed", "not applicable", "crashed"]


def run_suite(suite: Suite, frames: Mapping[str, pd.DataFrame], facts: Facts) -> list[Verdict]:
    """Evaluate every rule of a suite.

    Args:
        suite: the rules.
        frames: rows of the suite's table and of the tables it reads, by table name.
        facts: thresholds, forces, priority sets, what the last release held.

    Returns:
        One verdict a rule, in the suite's order. A profile that cannot be formed makes its rules "crashed", which the
        gate treats as no evidence; no exception leaves with a value of a row in it.
    """
    profile: dict[str, float | None] | None = {}
    if suite.profile is not None:
        try:
            profile = dict(suite.profile(frames, facts))
        except (KeyError, ValueError, TypeError, AttributeError, IndexError, ArithmeticError):
            profile = None
    wanted = [(expect, rule.name) for rule in suite.rules for expect in rule.expects]
    rows_met = _validate(suite.table, frames[suite.table], [e for e, _ in wanted if e.on == "rows"])
    # What is not a number is no figure: Great Expectations would leave it out and call the rest good.
    shown = {k: v for k, v in (profile or {}).items() if v is not None and not math.isnan(v)}
    profile_met = _bounded(suite.table, shown, [e for e, _ in wanted if e.on == "profile" and _column(e) in shown])
    verdicts = []
    for rule in suite.rules:
        outcomes: list[Outcome] = []
        for expect in rule.expects:
            if expect.on == "rows":
                outcomes.append(rows_met[_key(expect)])
            elif profile is None:
                outcomes.append("crashed")
            elif _column(expect) not in shown:
                outcomes.append("not applicable" if rule.may_not_apply else "failed")
            else:
                outcomes.append(profile_met[_key(expect)])
        figures = {c: float(shown[c]) for c in map(_column, rule.expects) if c in shown}
        verdicts.append(Verdict(rule, _worst(outcomes), figures | {"rows": float(len(frames[suite.table]))}))
    return verdicts


def _worst(outcomes: list[Outcome]) -> Outcome:
    order: tuple[Outcome, ...] = ("crashed", "failed", "not applicable", "passed")
    # A rule without expectations checks nothing, so it has not passed.
    return next((outcome for outcome in order if outcome in outcomes), "failed")


def _column(expect: Expect) -> str:
    return str(expect.arguments.get("column", ""))


def _key(expect: Expect) -> str:
    return f"{expect.expectation}:{sorted(expect.arguments.items(), key=str)}"


@cache
def _frames() -> Any:
    """What takes a frame, made once: making it anew for every table cost a sixth of the checks."""
    import great_expectations as gx

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return (
        context.data_sources.add_pandas("frames")
        .add_dataframe_asset("frame")
        .add_batch_definition_whole_dataframe("whole")
    )


def _validate(name: str, frame: pd.DataFrame, expects: list[Expect]) -> dict[str, Outcome]:
    """Outcome of each expectation on one frame."""
    if not expects:
        return {}
    import great_expectations as gx

    batch = _frames().get_batch({"dataframe": frame})
    unique = {_key(e): e for e in expects}
    # The key comes back with the result: results are not in the suite's order.
    met = [getattr(gx.expectations, e.expectation)(**e.arguments, meta={"key": key}) for key, e in unique.items()]
    suite = gx.ExpectationSuite(name=name, expectations=met)
    result = batch.validate(suite, result_format="BOOLEAN_ONLY")
    found: dict[str, Outcome] = {}
    for item in result.results:
        raised = _raised(item.exception_info)
        found[item.expectation_config.meta["key"]] = "crashed" if raised else "passed" if item.success else "failed"
    return {key: found.get(key, "crashed") for key in unique}


def _bounded(name: str, figures: Mapping[str, float], expects: list[Expect]) -> dict[str, Outcome]:
    """Outcome of each expectation on a figure of the profile.

    All figures are held against their bounds in one frame first; only if one of them is out, or that ended in an exception, is
    each asked for itself. An expectation costs 20 ms to prepare, and nearly every table passes.
    """
    if not expects:
        return {}
    frame = pd.DataFrame(
        {
            "least": [e.arguments.get("min_value", -math.inf) for e in expects],
            "figure": [figures[_column(e)] for e in expects],
            "most": [e.arguments.get("max_value", math.inf) for e in expects],
        },
        dtype=float,
    )
    together = [
        Expect("ExpectColumnPairValuesAToBeGreaterThanB", {"column_A": high, "column_B": low, "or_equal": True})
        for high, low in (("figure", "least"), ("most", "figure"))
    ]
    plain = all(e.expectation == "ExpectColumnValuesToBeBetween" and not set(e.arguments) - _BOUNDS for e in expects)
    if plain and set(_validate(name, frame, together).values()) == {"passed"}:
        return {_key(e): "passed" for e in expects}
    return _validate(name, pd.DataFrame([figures]), expects)


def _raised(info: Any) -> bool:
    """Whether an expectation ended in an exception; the information has two shapes."""
    if not info:
        return False
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(bool(part.get("raised_exception")) for part in info.values() if isinstance(part, dict))
