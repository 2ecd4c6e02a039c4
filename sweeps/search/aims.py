"""What a search is after: objectives with their directions, and bounds that a setting must keep."""

import difflib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.metric import METRICS
from sweeps.config import BoundConfig
from workflow.errors import HarnessError

Kind = Literal["value", "change", "ratio"]


class AimError(HarnessError):
    """An objective or a bound that no search can have."""

    code = "search-aim"


@dataclass(frozen=True)
class Objective:
    """One metric to make small, or large."""

    metric: str
    maximise: bool

    @property
    def shown(self) -> str:
        """``cost/window_s ↓``."""
        return f"{self.metric} {'↑' if self.maximise else '↓'}"


@dataclass(frozen=True)
class Bound:
    """A metric that must stay inside ``low`` … ``high``: its value, its change or its ratio against the baseline."""

    metric: str
    kind: Kind
    low: float | None = None
    high: float | None = None

    @property
    def shown(self) -> str:
        """``lipsync/confidence − baseline ≥ -1``."""
        unit = METRICS[self.metric].unit if self.kind != "ratio" else ""
        name = {"value": self.metric, "change": f"{self.metric} − baseline", "ratio": f"{self.metric} ÷ baseline"}
        head = f"{self.low:g} ≤ " if self.low is not None and self.high is not None else ""
        tail = f" ≤ {self.high:g}" if self.high is not None else f" ≥ {self.low:g}"
        return f"{head}{name[self.kind]}{tail}{f' {unit}' if unit else ''}"

    @property
    def relative(self) -> bool:
        """Whether it needs the baseline's value."""
        return self.kind != "value"

    def measured(self, value: float, baseline: float | None) -> float | None:
        """What is compared with the ends; None where it cannot be known."""
        if not self.relative:
            return value
        if baseline is None or (self.kind == "ratio" and baseline == 0):
            return None
        return value - baseline if self.kind == "change" else value / baseline

    def violation(self, value: float, baseline: float | None = None) -> float | None:
        """By how much ``value`` lies outside, in shares of the end that it passes; 0 and less is inside.

        A share, so that bounds on different metrics can be added up, as samplers do. None where it cannot be known.

        >>> Bound("mouth/aperture_p95", "ratio", 0.8, 1.25).violation(30.0, 20.0)
        0.2
        """
        found = self.measured(value, baseline)
        if found is None or not math.isfinite(found):
            return None
        parts = [(self.low - found) / _scale(self.low)] if self.low is not None else []
        parts += [(found - self.high) / _scale(self.high)] if self.high is not None else []
        return max(parts)


def _scale(end: float) -> float:
    return abs(end) or 1.0


def objectives_of(names: Sequence[str], produced: Collection[str]) -> tuple[Objective, ...]:
    """The objectives by name; ``produced`` are the metrics that the scoring profile gives.

    Raises:
        AimError: none, one twice, an unknown metric, one that is not produced, one without a better side.
    """
    if not names:
        raise AimError("search.objectives is empty", hint="for one: search.objectives=[cost/window_s]")
    found: list[Objective] = []
    for name in names:
        metric = METRICS[_known(name, produced, "search.objectives")]
        if metric.better not in ("higher", "lower"):
            why = "both of its sides are faults" if metric.better == "band" else "it only informs"
            raise AimError(
                f"search.objectives: {name} has no better side, {why}",
                hint="hold it by a bound in search.bounds, and search for the least cost/window_s",
            )
        if name in {one.metric for one in found}:
            raise AimError(f"search.objectives has {name} twice", hint="once is enough")
        found.append(Objective(name, metric.better == "higher"))
    return tuple(found)


def bounds_of(given: Sequence[BoundConfig], produced: Collection[str]) -> tuple[Bound, ...]:
    """The bounds as an experiment file has them, one for each pair of ends.

    Raises:
        AimError: no end, ends the wrong way round, a metric that is unknown or not produced.
    """
    found: list[Bound] = []
    for at, one in enumerate(given):
        _known(one.metric, produced, f"search.bounds[{at}]")
        pairs: dict[Kind, tuple[float | None, float | None]] = {
            "value": (one.min, one.max),
            "change": (one.min_change, one.max_change),
            "ratio": (one.min_ratio, one.max_ratio),
        }
        ends = {kind: pair for kind, pair in pairs.items() if pair != (None, None)}
        if not ends:
            raise AimError(
                f"search.bounds[{at}] on {one.metric} has no end",
                hint="min, max; against the baseline min_change, max_change, min_ratio, max_ratio",
            )
        for kind, (low, high) in ends.items():
            if low is not None and high is not None and low > high:
                raise AimError(
                    f"search.bounds[{at}] on {one.metric}: {low:g} is above {high:g}", hint="min comes first"
                )
            found.append(Bound(one.metric, kind, low, high))
    shown = [one.shown for one in found]
    if twice := next((one for one in shown if shown.count(one) > 1), None):
        raise AimError(f"search.bounds has {twice} twice", hint="once is enough")
    return tuple(found)


def _known(name: str, produced: Collection[str], at: str) -> str:
    if name not in METRICS:
        near = difflib.get_close_matches(name, METRICS, 3)
        raise AimError(f"{at}: there is no metric {name}", hint=f"did you mean {', '.join(near or list(METRICS)[:4])}?")
    if name not in produced:
        family = METRICS[name].family
        raise AimError(
            f"{at}: {name} is not among the metrics that are scored",
            hint=f"scoring=full has all; or add {family} to scoring.families, its network to scoring.networks",
        )
    return name


def total_violation(violations: Mapping[str, float]) -> float:
    """The violations of a setting in one figure; 0 where it keeps every bound."""
    return sum(max(0.0, one) for one in violations.values())
