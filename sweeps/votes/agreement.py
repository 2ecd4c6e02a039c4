"""Choices joined to scores: wins of each setting, and how often each metric's better side is the picked one."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from eval.metric import METRICS, Metric
from sweeps.aggregate import metric_names, value_of
from sweeps.compare.rule import outside
from sweeps.report.data import rounded
from sweeps.results import CellResult, SweepResult
from sweeps.votes.ballot import Choice

UNSEEN: Final = "cost/"
"""Nobody sees in a video what it cost."""


@dataclass(frozen=True)
class Tally:
    """One setting: pairs that it won and lost, and those where nobody saw a difference; what was ticked, how often."""

    setting: str
    wins: int
    losses: int
    alike: int
    ticks: Mapping[str, int]


@dataclass(frozen=True)
class Agreement:
    """One metric: in ``agreed`` of ``n`` decided pairs the side that it calls better was picked."""

    metric: str
    agreed: int
    n: int


def tallies(choices: Iterable[Choice], settings: Sequence[str]) -> list[Tally]:
    """One row for each of ``settings`` that was shown at all, in their order."""
    wins: Counter[str] = Counter()
    losses: Counter[str] = Counter()
    alike: Counter[str] = Counter()
    ticks: dict[str, Counter[str]] = {}
    for one in choices:
        for at, name in enumerate(one.shown, start=1):
            (alike if one.choice == 0 else wins if one.choice == at else losses)[name] += 1
            ticks.setdefault(name, Counter()).update(one.ticks[at - 1])
    shown = [name for name in settings if name in ticks]
    return [Tally(name, wins[name], losses[name], alike[name], dict(ticks[name])) for name in shown]


def agreement(choices: Iterable[Choice], result: SweepResult) -> list[Agreement]:
    """One row for each metric that tells the two videos of any decided pair apart, in the order of the scores.

    Left out: pairs without a difference to the person, or to the metric (both inside its target band, or alike to the
    four digits that the page has), pairs where one side has no value, metrics without a better side, and cost.
    """
    cells = {(cell.setting, cell.clip, cell.seed): cell for cell in result.cells}
    decided = [one for one in choices if one.choice]
    found = []
    for name in metric_names(result.cells):
        if name not in METRICS or name.startswith(UNSEEN):
            continue
        sides = [(one.choice, _side(METRICS[name], one, cells)) for one in decided]
        told = [picked == side for picked, side in sides if side]
        if told:
            found.append(Agreement(name, sum(told), len(told)))
    return found


def _side(metric: Metric, one: Choice, cells: Mapping[tuple[str, str, int], CellResult]) -> int | None:
    values = [value_of(cells[name, one.clip, one.seed], metric.name)[0] for name in one.shown]
    first, second = (None if value is None else rounded(value) for value in values)
    return better_side(metric, first, second)


def better_side(metric: Metric, first: float | None, second: float | None) -> int | None:
    """1 or 2: the side that ``metric`` calls better; 0: alike to it; None: it cannot say.

    Higher and lower are as declared; of a band, what lies outside it less is better, and inside all are alike.

    >>> better_side(METRICS["sharpness/laplacian"], 1.5, 0.6), better_side(METRICS["sharpness/laplacian"], 1.1, 0.8)
    (2, 0)
    """
    if first is None or second is None or metric.better == "none":
        return None
    if metric.better == "band":
        if metric.target == (None, None):
            return None
        first, second = (outside(value, metric.target) for value in (first, second))
    elif metric.better == "higher":
        first, second = -first, -second
    return 0 if first == second else 1 if first < second else 2


def wilson(count: int, n: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a share; ``n`` is at least 1.

    >>> tuple(round(one, 3) for one in wilson(7, 9))
    (0.453, 0.937)
    """
    from scipy.stats import binomtest

    found = binomtest(count, n).proportion_ci(confidence_level=0.95, method="wilson")
    return float(found.low), float(found.high)
