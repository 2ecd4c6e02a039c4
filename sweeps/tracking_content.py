"""What MLflow is told of a setting, as plain values: parameters, metrics, tags, tables. MLflow itself is not here."""

import hashlib
import json
import math
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from eval.trust import remark
from sweeps.aggregate import flags_of, metric_names, summaries, unfinished, value_of
from sweeps.inert import inert
from sweeps.results import CellResult, SettingResult, State, SweepResult

PARAM_LENGTH = 250
"""Longest parameter value; MLflow's own limit differs between its stores, the whole value is in parameters.json."""
TOLD: tuple[State, ...] = ("failed", "impossible", "collapsed")
"""How a cell may have ended so that a run's description gives its reason."""
PLACE = "place"
"""Tag of a setting's run: where it stands in the sweep, as digits that sort; by name 9 would come after 25."""
FORMAT = 6
"""Raised when what is logged of a setting changes, so that old runs are written again."""


def safe_name(name: str) -> str:
    """A metric or parameter name that MLflow takes: letters, digits, ``_ - . : /`` and spaces; others become ``_``.

    >>> safe_name("KSampler (2).steps"), safe_name("/a//b/../c")
    ('KSampler _2_.steps', 'a/c')
    """
    cleaned = posixpath.normpath(re.sub(r"[^/\w.\- :]", "_", name)).lstrip("/.")
    return cleaned[:PARAM_LENGTH] or "_"


def as_text(value: Any) -> str:
    """A parameter's value in one line: text as it is, everything else as JSON.

    >>> as_text("三秒"), as_text(2.5), as_text(True), as_text([9, 13])
    ('三秒', '2.5', 'true', '[9, 13]')
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def parameters(setting: SettingResult) -> tuple[dict[str, str], list[str]]:
    """Short parameters by name, and the names of those that were cut. None values (left to the graph) are left out."""
    short: dict[str, str] = {}
    cut: list[str] = []
    for name, value in {"setting": setting.name, **setting.values}.items():
        if value is None:
            continue
        key, text = _free(safe_name(name), short), as_text(value)
        if len(text) > PARAM_LENGTH:
            text = text[: PARAM_LENGTH - 1] + "…"
            cut.append(key)
        short[key] = text
    return short, cut


def _free(name: str, taken: Mapping[str, str]) -> str:
    """``name``, or ``name 2``, ``name 3`` … where cleaning made two names one."""
    return next(one for one in (name, *(f"{name} {k}" for k in range(2, 1000))) if one not in taken)


def metrics(setting: SettingResult) -> dict[str, float]:
    """The mean of each metric, with ``.low``, ``.high`` (95 % interval) and ``.n`` (clips with a value) beside it.

    A dot sorts the four side by side in MLflow's tables. A metric that no clip has a value of is absent, never 0: the
    table by clip has the reasons. The counts come last, as MLflow sorts by name: N of "n of N" is ``total/clips``.
    """
    found: dict[str, float] = {}
    for name, one in summaries(setting).items():
        if one.mean is None:
            continue
        key = safe_name(name)
        for suffix, value in (("", one.mean), (".low", one.low), (".high", one.high), (".n", one.n)):
            if value is not None and math.isfinite(value):
                found[f"{key}{suffix}"] = float(value)
    return {**found, **counts([setting]), "total/clips": float(len(setting.clips))}


def counts(settings: Sequence[SettingResult]) -> dict[str, float]:
    """How many cells there are, and how they ended."""
    ended = {f"total/cells_{state}": float(sum(one.count(state) for one in settings)) for state in get_args(State)}
    return {**ended, "total/cells": float(sum(len(one.cells) for one in settings))}


def overall(setting: SettingResult) -> str:
    """One word for a setting: ``done``, ``partial``, ``failed``, ``impossible``, ``collapsed`` or ``pending``."""
    states = {cell.state for cell in setting.cells}
    return next(iter(states)) if len(states) == 1 else "partial"


def run_status(setting: SettingResult) -> str:
    """MLflow's word for how a setting ended. What is impossible, or failed as declared, is a result: FINISHED."""
    return "FAILED" if any(cell.failed_badly for cell in setting.cells) else "FINISHED"


def note(sweep: SweepResult, setting: SettingResult | None = None) -> str:
    """The description MLflow shows above a run, as Markdown."""
    lines = [f"*{sweep.note}*"] if sweep.note else []
    if setting is None:
        lines += [sweep.title and f"**{sweep.title}**", sweep.description, "Tables: artifact `summary.md`."]
    else:
        lines += [setting.description, *(f"- {inert(one)}" for one in setting.notes)]
        lines += [inert(one) for one in unfinished(setting.cells, TOLD)]
    return "\n\n".join(line for line in lines if line)


def per_clip_table(setting: SettingResult) -> dict[str, Any]:
    """One row a cell: how it ended, every metric, why values are missing and which are not to be relied on.

    ``{"columns": …, "data": …}`` is the layout of ``mlflow.log_table``, so that MLflow's table view compares it across
    runs.
    """
    names = metric_names(setting.cells)
    known = {name for name in names if any(value_of(cell, name)[0] is not None for cell in setting.cells)}
    names = tuple(sorted(names, key=lambda name: name not in known))  # MLflow shows the first few columns
    rows = []
    for cell in setting.cells:
        values = [value_of(cell, name) for name in names]
        missing = "; ".join(f"{name}: {why}" for name, (_, why) in zip(names, values, strict=True) if why)
        there = [name for name, (value, _) in zip(names, values, strict=True) if value is not None]
        facts = [cell.reason, cell.attempts, cell.reused, cell.recipe, cell.environment]
        figures = [value for value, _ in values]
        rows.append([cell.clip, cell.seed, cell.state, *figures, missing, _doubts(cell, there), *facts])
    facts_of = ["reason", "attempts", "reused", "recipe", "environment"]
    return {"columns": ["clip", "seed", "state", *names, "missing", "remark", *facts_of], "data": rows}


def _doubts(cell: CellResult, names: Iterable[str]) -> str:
    """Which of a cell's metrics are experimental, which not calibrated."""
    doubted: dict[str, list[str]] = {}
    for name in names:
        if doubt := remark(name, flags_of([cell], name)):
            doubted.setdefault(doubt, []).append(name)
    return "; ".join(f"{doubt}: {', '.join(metrics)}" for doubt, metrics in doubted.items())


def digest(sweep: SweepResult, setting: SettingResult) -> str:
    """A hash of what a setting's run is made from: the same digest, nothing to write again.

    Whether a render was reused, and the stamp, are left out: the environment's hash says what matters of it, and the
    same command again must find nothing to do.
    """
    cells = [
        [one.clip, one.seed, one.state, one.why, one.recipe, one.environment, one.score, dict(one.cost)]
        for one in setting.cells
    ]
    told = [FORMAT, sweep.stand_in, setting.name, dict(setting.values), setting.notes, setting.description, cells]
    told.append([_doubts(one, metric_names([one])) for one in setting.cells])  # another calibration may be installed
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
