"""Two sides compared metric by metric, and the gate that the primary metrics decide."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from eval.metric import METRICS
from sweeps.aggregate import BySeed, Pairs, by_seed, metric_names, pair, value_of
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
    is None for a metric without a margin: it informs. ``band``: a change to either side is a fault.
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
    band: bool = False

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

    Seeds are averaged inside a clip, over those that both sides have of it, if any. Primary metrics without a margin
    are refused by the config, not here.
    """
    names = [one for one in metric_names((*baseline.setting.cells, *candidate.setting.cells)) if one in METRICS]
    names = [one for one in names if not only or one in only or one in primaries]
    values = {one: _values(baseline.setting, one, margins.get(one)) for one in names}
    pairs = {one: pair(_values(candidate.setting, one, margins.get(one)), values[one]) for one in names}
    gated = holm({one: pairs[one].steps for one in primaries if one in pairs and pairs[one].steps})
    rows = []
    for name in names:
        row = _row(baseline, candidate, name, pairs[name], gated.get(name))
        row = replace(row, noise=noise_floor(values[name], pairs[name]), primary=name in primaries)
        rows.append(_judged(row, margins[name], len(gated)) if name in margins else row)
    rows.sort(key=lambda row: primaries.index(row.metric) if row.primary else len(primaries))
    return Comparison(baseline, candidate, tuple(rows))


def _row(baseline: Side, candidate: Side, metric: str, pairs: Pairs, gated: Interval | None) -> Row:
    """One metric's row without a verdict; ``gated`` is the interval that a primary metric is judged by."""
    return Row(
        metric=metric,
        unit=METRICS[metric].unit,
        baseline=_mean(pairs.theirs),
        candidate=_mean(pairs.ours),
        difference=gated or interval(pairs.steps),
        steps=dict(zip(pairs.ours, pairs.steps, strict=True)),
        clips=len(baseline.setting.clips),
        lost=lost_clips(baseline.setting, candidate.setting, metric),
    )


def _judged(row: Row, margin: Margin, gated: int) -> Row:
    """The row with its verdict; ``gated`` primary metrics are judged together."""
    size = margin.of(row.baseline or 0.0)
    # what is missing counts as a failure: leaving it out would make a bad release look better
    verdict = "worse" if row.lost else judge(row.difference, size, margin.side)
    steps = list(row.steps.values())
    more = None
    if row.difference is not None and verdict == "not enough evidence":
        more = more_clips(steps, size, margin.side, row.difference.level)
    chance = power(steps, size, gated) if row.primary else None
    known = None if margin.relative and row.baseline is None else size
    return replace(row, margin=known, verdict=verdict, more=more, power=chance, band=margin.side == "band")


def _values(setting: SettingResult, metric: str, margin: Margin | None) -> BySeed:
    """Every value; how far it lies outside the target, where that is what counts."""
    found = by_seed(setting, metric)
    if margin is None or margin.side != "target":
        return found
    target = METRICS[metric].target
    return {clip: {seed: outside(one, target) for seed, one in seeds.items()} for clip, seeds in found.items()}


def _mean(values: Mapping[str, float]) -> float | None:
    return math.fsum(values.values()) / len(values) if values else None


def lost_clips(baseline: SettingResult, candidate: SettingResult, metric: str) -> dict[str, str]:
    """Why the candidate has no value on clips of its own where the baseline has one; a model's cost may lack some.

    A seed that the baseline rendered too is lost only where the baseline has a value of it: two equal sides lose
    nothing. The first cell after a reload has no cost, whoever renders it: that is no failure.
    """
    there = by_seed(baseline, metric)
    bare = {(cell.clip, cell.seed) for cell in baseline.cells if cell.seed not in there.get(cell.clip, {})}
    found: dict[str, str] = {}
    for cell in candidate.cells:
        value, why = value_of(cell, metric)
        soft = metric.startswith("cost/") and cell.state not in FAULT
        if value is None and cell.clip in there and (cell.clip, cell.seed) not in bare and not soft:
            found.setdefault(cell.clip, why or "missing")
    return found


def noise_floor(values: BySeed, pairs: Pairs) -> float | None:
    """How far two sides of the setting of ``values``, paired as these are, differ by seeds alone in 19 of 20 cases.

    From the pooled variance s² of seeds inside clips: 1.96 · √(s² · mean(1/seeds + 1/seeds of the other) / clips).
    None where no clip has two seeds.
    """
    free = sum(len(seeds) - 1 for seeds in values.values())
    if free <= 0 or not pairs.seeds:
        return None
    means = over_seeds({clip: list(seeds.values()) for clip, seeds in values.items()})
    squares = math.fsum((one - means[clip]) ** 2 for clip, seeds in values.items() for one in seeds.values())
    share = math.fsum(1 / ours + 1 / theirs for ours, theirs in pairs.seeds.values()) / len(pairs.seeds) ** 2
    return 1.96 * math.sqrt(squares / free * share)
