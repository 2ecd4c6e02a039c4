"""What the page shows, as plain JSON: settings, cells with scores and curves, tables. Nothing here knows HTML."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from eval.metric import METRICS
from eval.plot import PANELS
from sweeps.aggregate import difference, flags_of, metric_names, summarise, unfinished, value_of
from sweeps.report.costs import costs
from sweeps.results import CellResult, SettingResult, SweepResult
from sweeps.settings import short
from sweeps.summary_view import HEADLINE, view

POINTS: Final = 600
"""Points of a curve, at most: more than a screen has columns for it."""
DIGITS: Final = 4


def page_data(result: SweepResult, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """All that the page shows of ``result`` but its videos. ``extra`` joins it: what a search came to, a story."""
    table = view(result)
    names = [one for one in metric_names(result.cells) if one in METRICS]
    clips = list(dict.fromkeys(cell.clip for cell in result.cells))
    return {
        "title": result.title or result.experiment,
        "sweep": result.sweep_id,
        "mark": result.mark,
        "note": result.note,
        "started": result.started.isoformat(timespec="seconds"),
        "plan": result.plan_hash[:12],
        "baseline": result.baseline,
        "parameters": differing(result.settings),
        "settings": [_setting(one) for one in result.settings],
        "clips": clips,
        "seeds": list(dict.fromkeys(exact(cell.seed) for cell in result.cells)),
        "metrics": [_metric(name) for name in names],
        "headline": [name for name in HEADLINE if name in names],
        "panels": [{"name": name, "label": label, "curves": list(curves)} for name, label, curves in PANELS],
        "cells": [cell_data(cell, at, names) for at, one in enumerate(result.settings) for cell in one.cells],
        "summary": {name: _over_settings(result, name) for name in names},
        "table": {
            "columns": [[one.metric, one.unit, one.doubt] for one in table.columns],
            "rows": [[one.setting, one.clips, [list(entry.lines) for entry in one.entries]] for one in table.lines],
            "under": [*table.missing, table.legend, table.not_measured],
        },
        "costs": costs(result),
        "failures": [f"{one.name}: {why}" for one in result.settings for why in unfinished(one.cells)],
        "notes": [f"{one.name}: {note}" for one in result.settings for note in one.notes],
        "stamp": dict(result.stamp),
        "config": result.config_yaml,
        **(extra or {}),
    }


def differing(settings: Sequence[SettingResult]) -> list[str]:
    """The parameters that not all settings have alike, in the order in which they come."""
    names = dict.fromkeys(name for one in settings for name in one.values)
    return [name for name in names if any(one.values.get(name) != settings[0].values.get(name) for one in settings[1:])]


def _setting(setting: SettingResult) -> dict[str, Any]:
    plain = {name: value if isinstance(value, int | float) else short(value, 60) for name, value in _told(setting)}
    return {"name": setting.name, "description": setting.description, "values": plain}


def _told(setting: SettingResult) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in setting.values.items() if value is not None]


def _metric(name: str) -> dict[str, Any]:
    one = METRICS[name]
    return {"name": name, "unit": one.unit, "better": one.better, "target": list(one.target), "says": one.summary}


def cell_data(cell: CellResult, setting: int, names: Sequence[str]) -> dict[str, Any]:
    """One cell: how it ended, every value that it has, why others are missing, its curves."""
    found = {name: value_of(cell, name) for name in names}
    score = cell.score or {}
    return {
        "setting": setting,
        "clip": cell.clip,
        "seed": exact(cell.seed),
        "state": cell.state,
        "why": cell.why if cell.state != "done" or cell.reason else "",
        "attempts": cell.attempts,
        "values": {name: rounded(value) for name, (value, _) in found.items() if value is not None},
        "missing": {name: why for name, (_, why) in found.items() if why},
        "flags": {name: sorted(flags) for name in names if (flags := flags_of([cell], name))},
        "fps": score.get("fps"),
        "frames": score.get("frames"),
        "seams": list(score.get("seams") or ()),
        "curves": {name: curve(points) for name, points in (score.get("curves") or {}).items() if name in _PLOTTED},
        "status": score.get("status"),
    }


_PLOTTED: Final = frozenset(name for _, _, curves in PANELS for name in curves)


def curve(points: Sequence[float | None], most: int = POINTS) -> list[float | None]:
    """A curve with ``most`` points at most, each the mean of as many neighbours; None where all of them are missing.

    >>> curve([1.0, 3.0, None, None, 5.0, 7.0], most=3)
    [2.0, None, 6.0]
    """
    width = max(1, math.ceil(len(points) / most))
    parts = (points[at : at + width] for at in range(0, len(points), width))
    there = ([one for one in part if one is not None] for part in parts)
    return [rounded(math.fsum(part) / len(part)) if part else None for part in there]


def exact(seed: int) -> int | str:
    """A seed that a browser does not round: numbers there have 53 bits, seeds 64.

    >>> exact(7), exact(2**53 + 1)
    (7, '9007199254740993')
    """
    return seed if abs(seed) < 2**53 else str(seed)


def rounded(value: float) -> float:
    """A figure as short as eyes need it."""
    return float(f"{value:.{DIGITS}g}")


def _over_settings(result: SweepResult, metric: str) -> list[dict[str, Any] | None]:
    """Mean, interval and difference to the baseline of every setting; None where a setting has no value at all."""
    base = result.setting(result.baseline)
    return [_summary(one, base, metric) for one in result.settings]


def _summary(setting: SettingResult, base: SettingResult | None, metric: str) -> dict[str, Any] | None:
    found = summarise(setting, metric)
    if found.mean is None:
        return None
    step = None if base is None or base.name == setting.name else difference(setting, base, metric).interval
    told = {"mean": found.mean, "low": found.low, "high": found.high}
    if step is not None:
        told |= {"step": step.mean, "step_low": step.low, "step_high": step.high}
    return {name: None if value is None else rounded(value) for name, value in told.items()} | {
        "n": found.n,
        "of": found.total,
    }
