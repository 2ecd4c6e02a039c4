"""One rule for all: a difference is better or worse, the same within the margin, or there is not enough evidence.

*Better* and *worse* need both: an interval that excludes 0 and an effect beyond the margin. *Same* needs the whole
interval inside the margin. All else is not enough evidence, which is no synonym of *same*.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sweeps.statistics import LEVEL, Interval, interval

Side = Literal["higher", "lower", "floor", "band", "target"]
"""Which side is good. ``floor``: less is worse, more is not better. ``band``: a change to either side is a fault.
``target``: the metric's own target band; what counts is how far a value lies outside."""
Verdict = Literal["better", "worse", "same", "not enough evidence"]
MOST_CLIPS: Final = 1000
"""No advice asks for more."""


@dataclass(frozen=True)
class Margin:
    """The smallest change of a metric that matters, in its unit, or as a share of the baseline; and the reason."""

    size: float
    side: Side
    relative: bool = False
    why: str = ""

    def of(self, baseline: float) -> float:
        """The margin in the metric's unit."""
        return abs(self.size * baseline) if self.relative else self.size


def outside(value: float, target: tuple[float | None, float | None]) -> float:
    """How far a value lies outside its target band, 0 inside.

    >>> outside(2.0, (-3, 1)), outside(0.0, (-3, 1)), outside(-5.0, (-3, None))
    (1.0, 0.0, 2.0)
    """
    low, high = target
    return max(0.0, low - value if low is not None else 0.0, value - high if high is not None else 0.0)


def judge(found: Interval | None, margin: float, side: Side) -> Verdict:
    """What a difference (candidate minus baseline) with its interval says.

    >>> judge(Interval(0.4, 0.2, 0.6, 9), 0.1, "lower"), judge(Interval(0.4, -0.2, 1.0, 9), 0.1, "lower")
    ('worse', 'not enough evidence')
    >>> judge(Interval(0.4, 0.2, 0.6, 9), 0.1, "floor"), judge(Interval(0.02, 0.01, 0.03, 9), 0.1, "band")
    ('same', 'same')
    """
    if found is None or found.low is None or found.high is None:
        return "not enough evidence"
    rose, fell = moved(found, margin)
    bad = {"lower": rose, "target": rose, "higher": fell, "floor": fell, "band": rose or fell}[side]
    good = {"lower": fell, "target": fell, "higher": rose, "floor": False, "band": False}[side]
    if bad or good:
        return "worse" if bad else "better"
    if found.low >= -margin and (found.high <= margin or side == "floor"):
        return "same"
    return "not enough evidence"


def moved(found: Interval, margin: float) -> tuple[bool, bool]:
    """Whether a difference rose, and whether it fell: its interval excludes 0, and the effect is beyond the margin."""
    if found.low is None or found.high is None:
        return False, False
    return found.low > 0 and found.mean > margin, found.high < 0 and found.mean < -margin


def more_clips(steps: Sequence[float], margin: float, side: Side, level: float = LEVEL) -> int | None:
    """About how many clips more would decide, if they spread as these do around the same effect; None: too many.

    The half-width of n clips must fall below the effect where that is beyond the margin, else below what is left of
    the margin. Student's t throughout, at the ``level`` of the interval that is judged.
    """
    from scipy.special import stdtrit

    n = len(steps)
    if n < 2:
        return None
    mean = math.fsum(steps) / n
    spread = math.sqrt(math.fsum((one - mean) ** 2 for one in steps) / (n - 1))
    effect = max(0.0, -mean) if side == "floor" else abs(mean)
    room = effect if effect > margin else margin + (mean if side == "floor" else -effect)
    if room <= 0:
        return None
    for wanted in range(n + 1, MOST_CLIPS):
        if float(stdtrit(wanted - 1, 0.5 + level / 2)) * spread / math.sqrt(wanted) < room:
            return wanted - n
    return None


def p_value(steps: Sequence[float]) -> float:
    """Two-sided p of the one-sample t-test of the differences against 0 (scipy); 1 below two clips.

    >>> p_value([1.0, 1.0, 1.0]), p_value([0.0, 0.0]), p_value([3.0])
    (0.0, 1.0, 1.0)
    """
    import numpy as np
    from scipy.stats import ttest_1samp

    if len(steps) < 2:
        return 1.0
    if np.ptp(steps) <= 1e-12 * max(map(abs, steps)):  # the statistic would divide by zero, or by rounding errors
        return 1.0 if steps[0] == 0 else 0.0
    return float(ttest_1samp(steps, 0.0).pvalue)


def level_of(count: int) -> float:
    """The coverage of the interval that the first of ``count`` metrics is judged by."""
    return 1 - (1 - LEVEL) / count


def holm(steps: Mapping[str, Sequence[float]]) -> dict[str, Interval | None]:
    """The interval by which each primary metric is judged, Holm's step-down over all of them (Holm 1979).

    The smallest p is held against 5 % ÷ the number of metrics, the next against 5 % ÷ one less, and so on: each
    interval has that coverage. From the first that does not exclude 0 on, none does: those keep its level.
    """
    order = sorted(steps, key=lambda name: p_value(steps[name]))
    found: dict[str, Interval | None] = {}
    count = len(order)
    level = LEVEL
    stopped = False
    for rank, name in enumerate(order):
        if not stopped:
            level = level_of(count - rank)
        found[name] = one = interval(steps[name], level)
        stopped = stopped or one is None or one.low is None or one.high is None or one.low <= 0 <= one.high
    return found


def power(steps: Sequence[float], margin: float, primaries: int = 1, draws: int = 2000) -> float | None:
    """How probably the gate would call a true change of twice the margin, by so many clips that spread as these do.

    The change is this metric's alone, so that Holm holds it against 5 % ÷ the number of ``primaries``. By simulation
    of normal differences; None below two clips or where they do not spread at all.
    """
    import numpy as np
    from scipy.special import stdtrit

    n = len(steps)
    if n < 2 or margin <= 0 or np.ptp(steps) == 0:
        return None
    drawn = np.random.default_rng(0).normal(2 * margin, np.std(steps, ddof=1), (draws, n))
    means, errors = drawn.mean(axis=1), drawn.std(axis=1, ddof=1) / math.sqrt(n)
    needed = np.maximum(margin, stdtrit(n - 1, 0.5 + level_of(primaries) / 2) * errors)
    return float(np.mean(means > needed))
