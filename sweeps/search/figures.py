"""The figures that a search goes by: a setting's objectives and bounds, on the clips that the baseline has too."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sweeps.aggregate import value_of
from sweeps.results import OF_A_MODEL, CellResult, SettingResult, SweepResult
from sweeps.search.aims import Bound, Objective
from sweeps.statistics import over_seeds
from workflow.files import read_json


@dataclass(frozen=True)
class Figure:
    """One metric of a setting: its mean over clips, the baseline's over the same clips; or why there is none."""

    value: float | None
    baseline: float | None = None
    why: str = ""


def figure(setting: SettingResult, baseline: SettingResult, metric: str) -> Figure:
    """The mean over the clips for which the baseline has a value, seeds averaged inside each first.

    A clip that the setting alone lacks makes it missing: the others would be another test. Only cost may lack clips:
    the first cell after a reload has none, and seconds a window do not depend on the clip.
    """
    bad = next((cell for cell in setting.cells if cell.state in ("failed", "impossible")), None)
    if bad is not None:
        return Figure(None, why=f"{bad.clip}: {bad.why}")
    ours, theirs = _by_clip(setting, metric), _by_clip(baseline, metric)
    both = [clip for clip in theirs if clip in ours]
    lacking = [clip for clip in theirs if clip not in ours and clip in setting.clips]
    if not theirs:
        return Figure(None, why=f"the baseline has no {metric}: {_reason(baseline, metric)}")
    if not both or (lacking and not metric.startswith("cost/")):
        return Figure(None, why=f"no {metric} of {', '.join(lacking[:3])}: {_reason(setting, metric)}")
    return Figure(_mean([ours[clip] for clip in both]), _mean([theirs[clip] for clip in both]))


def objectives(
    setting: SettingResult, baseline: SettingResult, wanted: Sequence[Objective]
) -> tuple[tuple[float, ...] | None, str]:
    """The values of all objectives; or None, and why one has none."""
    found = [figure(setting, baseline, one.metric) for one in wanted]
    values = [one.value for one in found if one.value is not None]
    if len(values) < len(found):
        return None, next(one.why for one in found if one.value is None)
    return tuple(values), ""


def violations(
    setting: SettingResult, baseline: SettingResult, bounds: Sequence[Bound]
) -> tuple[dict[str, float], dict[str, str]]:
    """By how much each bound is broken, and why others cannot be told."""
    broken: dict[str, float] = {}
    unknown: dict[str, str] = {}
    for bound in bounds:
        found = figure(setting, baseline, bound.metric)
        by = None if found.value is None else bound.violation(found.value, found.baseline)
        if by is None:
            unknown[bound.shown] = found.why or "the baseline is 0, against which there is no ratio"
        else:
            broken[bound.shown] = by
    return broken, unknown


def pretended(sweep: SweepResult) -> SweepResult:
    """For searching on the stand-in: with the cost of its puppet, which tables do not show as it is no model's."""
    if not sweep.stand_in:
        return sweep
    settings = [
        replace(one, cells=tuple(replace(cell, cost={**cell.cost, **_raw(cell)}) for cell in one.cells))
        for one in sweep.settings
    ]
    return replace(sweep, settings=tuple(settings))


def _raw(cell: CellResult) -> Mapping[str, Mapping[str, object]]:
    from eval.metrics.cost import cost_values

    record = read_json(cell.folder / "render.json") if cell.folder else None
    if not isinstance(record, dict):
        return {}
    values = cost_values(record.get("timings"), generated_s=None, memory=None, flags=("stand-in",))
    return {name: values[name].to_json() for name in OF_A_MODEL if name in values}


def _by_clip(setting: SettingResult, metric: str) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for cell in setting.cells:
        value = value_of(cell, metric)[0]
        if value is not None:
            found.setdefault(cell.clip, []).append(value)
    return over_seeds(found)


def _reason(setting: SettingResult, metric: str) -> str:
    reasons = (value_of(cell, metric)[1] for cell in setting.cells)
    return next((one for one in reasons if one), "no cell has one")


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
