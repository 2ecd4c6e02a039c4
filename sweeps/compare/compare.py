"""Two sides compared metric by metric, and the gate that the primary metrics decide."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from eval.metric import METRICS
from sweeps.aggregate import metric_names, value_of
from sweeps.compare.rule import Margin, Verdict, holm, judge, more_clips, outside, power
from sweeps.compare.sides import Side
from sweeps.results import SettingResult
from sweeps.statistics import Interval, interval, over_seeds

FAULT = ("failed", "impossible")
"""How a cell ends that has no video: the candidate's count as failures of every metric."""
MOST_PRIMARIES = 4


@dataclass(frozen=True)
class Row:
    """One metric: means of both sides over the clips that both have, the difference with its interval, a verdict.

    ``steps`` are the differences by clip. ``lost`` says, by clip, why the candidate lacks what the baseline has.
    ``noise`` is how far two sides of the same setting differ by seed alone (95 %), None without repeats. ``verdict``
    is None for a metric without a margin: it informs.
    """

    metric: str
    unit: str
    baseline: float | None
    candidate: float | None
    difference: Interval | None
    steps: Mapping[str, float]
    clips: int
    lost: Mapping[str, str] = field(default_factory=dict)
    margin: float | None = None
    verdict: Verdict | None = None
    primary: bool = False
    noise: float | None = None
    more: int | None = None
    power: float | None = None

    @property
    def n(self) -> int:
        """Clips that both sides have."""
        return len(self.steps)


@dataclass(frozen=True)
class Comparison:
    """All rows, primary ones first; ``invalid`` says why nothing may be concluded, ``notes`` what else is to know."""

    baseline: Side
    candidate: Side
    rows: tuple[Row, ...]
    invalid: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def primaries(self) -> tuple[Row, ...]:
        """What decides."""
        return tuple(row for row in self.rows if row.primary)

    @property
    def regressions(self) -> tuple[Row, ...]:
        """The primary metrics that got worse."""
        return tuple(row for row in self.primaries if row.verdict == "worse")


def compare(
    baseline: Side, candidate: Side, margins: Mapping[str, Margin], primaries: Sequence[str], only: Sequence[str] = ()
) -> Comparison:
    """Hold ``candidate`` against ``baseline``; ``only`` names the metrics to show, all that both have by default.

    Seeds are averaged inside a clip, over the seeds that both sides have. Primary metrics without a margin are
    refused by the config, not here.
    """
    names = [one for one in metric_names((*baseline.setting.cells, *candidate.setting.cells)) if one in METRICS]
    names = [one for one in names if not only or one in only or one in primaries]
    pairs = {one: _paired(candidate.setting, baseline.setting, one, margins.get(one)) for one in names}
    gated = holm({one: pairs[one].steps for one in primaries if one in pairs and pairs[one].steps})
    rows = [
        _row(baseline, candidate, name, pairs[name], margins.get(name), gated.get(name), primary=name in primaries)
        for name in names
    ]
    rows.sort(key=lambda row: primaries.index(row.metric) if row.primary else len(primaries))
    return Comparison(baseline, candidate, tuple(rows))


def _row(
    baseline: Side,
    candidate: Side,
    metric: str,
    pairs: "_Pairs",
    margin: Margin | None,
    gated: Interval | None,
    *,
    primary: bool,
) -> Row:
    """One metric's row; ``gated`` is the interval that a primary metric is judged by."""
    lost = lost_clips(baseline.setting, candidate.setting, metric)
    row = Row(
        metric=metric,
        unit=METRICS[metric].unit,
        baseline=_mean(pairs.theirs),
        candidate=_mean(pairs.ours),
        difference=gated or interval(pairs.steps),
        steps=dict(zip(pairs.ours, pairs.steps, strict=True)),
        clips=len(baseline.setting.clips),
        lost=lost,
        primary=primary,
        noise=noise_floor(baseline.setting, metric, margin),
    )
    if margin is None:
        return row
    size = margin.of(row.baseline or 0.0)
    # what is missing counts as a failure: leaving it out would make a bad release look better
    verdict = "worse" if lost else judge(row.difference, size, margin.side)
    return replace(
        row,
        margin=size,
        verdict=verdict,
        more=more_clips(pairs.steps, size, margin.side) if verdict == "not enough evidence" else None,
        power=power(pairs.steps, size) if primary else None,
    )


@dataclass(frozen=True)
class _Pairs:
    """The values by clip of both sides, over clips and seeds that both have."""

    ours: Mapping[str, float]
    theirs: Mapping[str, float]

    @property
    def steps(self) -> list[float]:
        """The differences, clip by clip."""
        return [value - self.theirs[clip] for clip, value in self.ours.items()]


def _paired(candidate: SettingResult, baseline: SettingResult, metric: str, margin: Margin | None) -> _Pairs:
    mine, theirs = _values(candidate, metric, margin), _values(baseline, metric, margin)
    both = [key for key in mine if key in theirs]
    return _Pairs(_by_clip(mine, both), _by_clip(theirs, both))


def _values(setting: SettingResult, metric: str, margin: Margin | None) -> dict[tuple[str, int], float]:
    """Each cell's value; how far it lies outside the target, where that is what counts."""
    found: dict[tuple[str, int], float] = {}
    for cell in setting.cells:
        value = value_of(cell, metric)[0]
        if value is not None:
            aimed = margin is not None and margin.side == "target"
            found[cell.clip, cell.seed] = outside(value, METRICS[metric].target) if aimed else value
    return found


def _by_clip(values: Mapping[tuple[str, int], float], keys: Sequence[tuple[str, int]]) -> dict[str, float]:
    seeds: dict[str, list[float]] = {}
    for clip, seed in keys:
        seeds.setdefault(clip, []).append(values[clip, seed])
    return over_seeds(seeds)


def _mean(values: Mapping[str, float]) -> float | None:
    return math.fsum(values.values()) / len(values) if values else None


def lost_clips(baseline: SettingResult, candidate: SettingResult, metric: str) -> dict[str, str]:
    """Why the candidate has no value on clips of its own where the baseline has one; a model's cost may lack some.

    The first cell after a reload has no cost, whoever renders it: that is no failure.
    """
    there = {cell.clip for cell in baseline.cells if value_of(cell, metric)[0] is not None}
    found: dict[str, str] = {}
    for cell in candidate.cells:
        value, why = value_of(cell, metric)
        soft = metric.startswith("cost/") and cell.state not in FAULT
        if value is None and cell.clip in there and not soft:
            found.setdefault(cell.clip, why or "missing")
    return found


def noise_floor(setting: SettingResult, metric: str, margin: Margin | None = None) -> float | None:
    """How far the means of two such sides differ by seeds alone, in 19 of 20 cases; None where no clip has two seeds.

    The pooled variance s² of seeds inside clips gives 1.96 · √(2 s² / (clips · seeds)).
    """
    seeds: dict[str, list[float]] = {}
    for (clip, _), value in _values(setting, metric, margin).items():
        seeds.setdefault(clip, []).append(value)
    free = sum(len(one) - 1 for one in seeds.values())
    if free <= 0:
        return None
    squares = math.fsum((value - math.fsum(one) / len(one)) ** 2 for one in seeds.values() for value in one)
    per_mean = math.fsum(1 / len(one) for one in seeds.values()) / len(seeds) ** 2
    return 1.96 * math.sqrt(2 * squares / free * per_mean)
