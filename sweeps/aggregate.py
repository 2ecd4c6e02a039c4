"""From cells to one line a setting: a metric's mean over clips, its interval, and why values are missing."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sweeps.results import CellResult, SettingResult, State
from sweeps.statistics import Difference, interval, over_seeds, paired


@dataclass(frozen=True)
class MetricSummary:
    """One metric of one setting: mean and 95 % interval over clips, in the metric's unit.

    ``n`` of ``total`` clips have a value, ``cells`` of ``cells_total`` videos. ``missing`` counts the reasons of the
    videos without one; a clip where some seeds are missing counts in ``n`` and its reasons are still here.
    ``by_clip`` holds each clip's mean over seeds.
    """

    name: str
    mean: float | None
    low: float | None
    high: float | None
    n: int
    total: int
    cells: int
    cells_total: int
    missing: Mapping[str, int]
    by_clip: Mapping[str, float]

    @property
    def half_width(self) -> float | None:
        """Half the interval's length, None below two clips."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


def metric_names(cells: Iterable[CellResult]) -> tuple[str, ...]:
    """Every metric that a score or a cost of these cells names, also where its value is missing; scores first."""
    scores: dict[str, None] = {}
    costs: dict[str, None] = {}
    for cell in cells:
        scores.update(dict.fromkeys((cell.score or {}).get("values", {})))
        costs.update(dict.fromkeys(cell.cost))
    return tuple(dict.fromkeys((*scores, *costs)))


def value_of(cell: CellResult, metric: str) -> tuple[float | None, str | None]:
    """A cell's value of one metric, or None and the reason why it is missing."""
    record = _record(cell, metric)
    if record is None:
        return None, _why_absent(cell, metric)
    if cell.other_card and metric.startswith("cost/"):
        return None, f"of another card ({cell.card}), see the table by card"
    number = record.get("value")
    if number is None:
        return None, str(record.get("missing") or "no value, no reason given")
    if not math.isfinite(number):
        return None, f"not a finite number ({number})"
    return float(number), None


def flags_of(cells: Iterable[CellResult], metric: str) -> frozenset[str]:
    """What qualifies a metric's values in any of the cells."""
    records = [_record(cell, metric) or {} for cell in cells]
    return frozenset(str(flag) for record in records for flag in record.get("flags") or ())


def summarise(setting: SettingResult, metric: str) -> MetricSummary:
    """One metric over all cells of a setting: seeds averaged inside each clip first, then the clips."""
    seeds: dict[str, list[float]] = {clip: [] for clip in setting.clips}
    missing: Counter[str] = Counter()
    for cell in setting.cells:
        value, reason = value_of(cell, metric)
        if value is None:
            missing[reason or ""] += 1
        else:
            seeds[cell.clip].append(value)
    by_clip = over_seeds(seeds)
    found = interval(list(by_clip.values()))
    return MetricSummary(
        name=metric,
        mean=found.mean if found else None,
        low=found.low if found else None,
        high=found.high if found else None,
        n=len(by_clip),
        total=len(setting.clips),
        cells=sum(map(len, seeds.values())),
        cells_total=len(setting.cells),
        missing=dict(missing),
        by_clip=by_clip,
    )


def summaries(setting: SettingResult, metrics: Iterable[str] | None = None) -> dict[str, MetricSummary]:
    """Every metric of a setting, or the ones named."""
    names = metric_names(setting.cells) if metrics is None else metrics
    return {name: summarise(setting, name) for name in names}


BySeed = Mapping[str, Mapping[int, float]]
"""Values of one setting: by clip, then by seed."""


@dataclass(frozen=True)
class Pairs:
    """The clips that two sides have: each one's mean over its seeds, and how many those are on either side."""

    ours: Mapping[str, float]
    theirs: Mapping[str, float]
    seeds: Mapping[str, tuple[int, int]]

    @property
    def steps(self) -> list[float]:
        """The differences, clip by clip."""
        return [value - self.theirs[clip] for clip, value in self.ours.items()]


def by_seed(setting: SettingResult, metric: str) -> dict[str, dict[int, float]]:
    """Every value that ``setting`` has of ``metric``."""
    found: dict[str, dict[int, float]] = {}
    for cell in setting.cells:
        value = value_of(cell, metric)[0]
        if value is not None:
            found.setdefault(cell.clip, {})[cell.seed] = value
    return found


def pair(ours: BySeed, theirs: BySeed) -> Pairs:
    """Both sides clip by clip: over the seeds that both have of a clip, over all of either where they share none.

    Pairing inside the seed keeps one that a side lacks from moving the clip's mean.

    >>> pair({"a": {1: 2.0, 2: 9.0}, "b": {1: 4.0}}, {"a": {1: 1.0}, "b": {7: 2.0, 8: 4.0}}).steps
    [1.0, 1.0]
    """
    mine, other, counts = dict[str, list[float]](), dict[str, list[float]](), dict[str, tuple[int, int]]()
    for clip, seeds in ours.items():
        if clip in theirs:
            both = [seed for seed in seeds if seed in theirs[clip]]
            mine[clip] = [seeds[seed] for seed in both or seeds]
            other[clip] = [theirs[clip][seed] for seed in both or theirs[clip]]
            counts[clip] = len(mine[clip]), len(other[clip])
    return Pairs(over_seeds(mine), over_seeds(other), counts)


def difference(setting: SettingResult, baseline: SettingResult, metric: str) -> Difference:
    """Setting minus baseline for one metric, paired by clip as :func:`pair` does."""
    pairs = pair(by_seed(setting, metric), by_seed(baseline, metric))
    return paired(pairs.ours, pairs.theirs)


def unfinished(cells: Iterable[CellResult], states: Iterable[State] = ("failed", "impossible")) -> list[str]:
    """One line for each distinct reason of the cells in ``states``, with the cells it holds for."""
    reasons: dict[str, list[str]] = {}
    told = set(states)
    for cell in cells:
        if cell.state in told:
            reasons.setdefault(cell.why, []).append(f"{cell.clip}/{cell.seed}")
    return [f"{why} ({_names(names)})" for why, names in reasons.items()]


def _names(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} cells: {names[0]} … {names[-1]}"


def _record(cell: CellResult, metric: str) -> Mapping[str, Any] | None:
    values: Mapping[str, Mapping[str, Any]] = (cell.score or {}).get("values", {})
    return values.get(metric, cell.cost.get(metric))


def _why_absent(cell: CellResult, metric: str) -> str:
    """Why a cell has nothing at all under this name."""
    if cell.state != "done" and not (cell.state == "collapsed" and cell.score is not None):
        return cell.why
    if metric.startswith("cost/"):
        return "no timings"
    if cell.score is None:
        return cell.reason or "not scored"
    if cell.score.get("status", "ok") != "ok":
        reason = cell.score.get("reason")
        return f"{cell.score['status']}: {reason}" if reason else str(cell.score["status"])
    return "not among the metrics scored"
