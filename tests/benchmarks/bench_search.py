"""What a search costs: asking and telling, and generated seconds until the best setting, with cheap looks and without.

    python tests/benchmarks/bench_search.py [--trials 1000] [--seeds 20]

Cheap looks are shown on published multi-fidelity test functions, with noise: Currin's and Park's (Xiong, Qian and Wu
2013), Branin with crossing ranks (Perdikaris et al. 2017) and Borehole (Moon, Dean and Santner 2012), each as a grid.
A point is searched by looks at a short speech and at the whole one, which costs so many generated seconds; found is the
first whole look whose true value lies within 1 % of the grid's range of its best. The whole grid is every point, whole.
Beside it, in the same run: Optuna's sampler alone, every look a whole one.
"""

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from measure import figure, heading

from sweeps.search.aims import Objective
from sweeps.search.book import Book
from sweeps.search.driver import Driver, Verdict
from sweeps.search.fidelity import Ladder, Rung
from sweeps.search.proposal import Proposal
from sweeps.search.samplers import make_sampler
from sweeps.search.space import Space, key_of, space_of

AIM = Objective("cost/window_s", maximise=False)
WHOLE_S, SHORT_S = 54.0, 6.0
"""Generated seconds of a whole look (six clips of nine seconds) and of a short one (one clip of six seconds)."""


def currin(x: Sequence[float], high: bool) -> float:
    """Currin's exponential function, negated to be made small; its cheap form averages four neighbours."""

    def true(a: float, b: float) -> float:
        first = 1.0 if b <= 0 else 1 - math.exp(-1 / (2 * b))
        return first * (2300 * a**3 + 1900 * a**2 + 2092 * a + 60) / (100 * a**3 + 500 * a**2 + 4 * a + 20)

    if high:
        return -true(x[0], x[1])
    return -sum(true(x[0] + da, max(0.0, x[1] + db)) for da in (0.05, -0.05) for db in (0.05, -0.05)) / 4


def branin(x: Sequence[float], high: bool) -> float:
    """Branin of Perdikaris et al.: the cheap form bends the dear one, and its ranks cross."""
    a, b = -5 + 15 * x[0], 15 * x[1]

    def plain(a: float, b: float) -> float:
        return (-1.275 * a**2 / math.pi**2 + 5 * a / math.pi + b - 6) ** 2 + (10 - 5 / (4 * math.pi)) * math.cos(a) + 10

    def middle(a: float, b: float) -> float:
        return 10 * math.sqrt(max(0.0, plain(a - 2, b - 2))) + 2 * (a - 0.5) - 3 * (3 * b - 1) - 1

    return plain(a, b) if high else middle(1.2 * (a + 2), 1.2 * (b + 2))


def park(x: Sequence[float], high: bool) -> float:
    """Park's first function in four dimensions."""
    a, b, c, d = (max(1e-3, one) for one in x)
    true = a / 2 * (math.sqrt(1 + (b + c**2) * d / a**2) - 1) + (a + 3 * d) * math.exp(1 + math.sin(c))
    return true if high else (1 + math.sin(a) / 10) * true - 2 * a + b**2 + c**2 + 0.5


def borehole(x: Sequence[float], high: bool) -> float:
    """Flow through a borehole, in four of its eight dimensions, negated; the cheap form leaves a factor out."""
    radius, upper, length, conductivity = 0.05 + 0.1 * x[0], 990 + 120 * x[1], 1120 + 560 * x[2], 9855 + 2190 * x[3]
    far, lower, above, below = 25_050.0, 760.0, 89_335.0, 89.55
    ratio = math.log(far / radius)
    part = 2 * length * above / (ratio * radius**2 * conductivity)
    two, one = (2 * math.pi, 1.0) if high else (5.0, 1.5)
    return -two * above * (upper - lower) / (ratio * (one + part + above / below))


@dataclass
class Function:
    """A function on a grid of ``levels`` values a dimension."""

    name: str
    of: Callable[[Sequence[float], bool], float]
    dimensions: int
    levels: int
    true: dict[str, float] = field(default_factory=dict)
    space: Space = field(init=False)

    def __post_init__(self) -> None:
        names = ["steps", "cfg", "shift", "motion_frame"][: self.dimensions]
        whole = {"low": 0, "high": self.levels - 1}
        self.space = space_of(
            {
                name: whole
                if name in ("steps", "motion_frame")
                else {"low": 0.0, "high": float(self.levels - 1), "step": 1.0}
                for name in names
            }
        )
        for point in self.space.points() or []:
            self.true[key_of(point)] = self.of(self.unit(point), True)

    def unit(self, point: Mapping[str, Any]) -> list[float]:
        """A point in the unit cube."""
        return [float(point[name]) / (self.levels - 1) for name in self.space.names]

    @property
    def spread(self) -> float:
        """From the grid's best to its worst."""
        return max(self.true.values()) - min(self.true.values())

    def found(self, point: Mapping[str, Any]) -> bool:
        """Whether ``point`` is within 1 % of the best."""
        return self.true[key_of(point)] <= min(self.true.values()) + 0.01 * self.spread


FUNCTIONS = (
    ("Currin, 2-D", currin, 2, 21),
    ("Branin, crossing, 2-D", branin, 2, 21),
    ("Park, 4-D", park, 4, 6),
    ("Borehole, 4-D", borehole, 4, 6),
)


def until_found(function: Function, ladder: Ladder, seed: int, folder: Path, noise: float = 0.02) -> float:
    """Generated seconds until a whole look at one of the best points; all of the grid's where it never came."""
    draw = np.random.default_rng(seed)
    spent, at = 0.0, math.inf
    noise_of = noise * function.spread

    def look(proposals: Sequence[Proposal], rung: Rung, _: int) -> Mapping[int, Verdict]:
        nonlocal spent, at
        verdicts = {}
        for one in proposals:
            true = function.of(function.unit(one.point), rung.whole)
            spent += WHOLE_S if rung.whole else SHORT_S
            verdicts[one.number] = Verdict((true + draw.normal(0, noise_of * (1 if rung.whole else 2)),))
            if rung.whole and function.found(one.point):
                at = min(at, spent)
        return verdicts

    points = function.space.points() or []
    start = points[int(draw.integers(len(points)))]
    book = Book("inmemory", f"s{seed}", function.space, (AIM,), lambda begun: make_sampler("tpe", {}, seed, begun))
    book.open(start)
    Driver(book, ladder, look, len(points), 4, stopped=lambda: "found" if at < math.inf else None).run()
    return min(at, len(points) * WHOLE_S)


def asking(trials: int) -> tuple[float, float]:
    """Milliseconds of one ask and tell: the median of the last hundred, and of all."""
    space = space_of(
        {
            "steps": {"low": 2, "high": 40},
            "cfg": {"low": 1.0, "high": 3.0},
            "shift": {"low": 1.0, "high": 13.0},
            "motion_frame": {"low": 5, "high": 60},
            "audio_scale": {"low": 0.5, "high": 2.0},
        }
    )
    took: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        book = Book(
            f"sqlite:///{folder}/optuna.db", "s", space, (AIM,), lambda begun: make_sampler("tpe", {}, 0, begun)
        )
        book.open({"steps": 4, "cfg": 1.0, "shift": 11.0, "motion_frame": 9, "audio_scale": 1.5})
        for _ in range(trials):
            begin = time.perf_counter()
            (one,) = book.ask(1)
            book.report(one, 0, float(one.point["steps"]))
            book.complete(one, [float(one.point["steps"])], {"bound": -1.0})
            took.append(1000 * (time.perf_counter() - begin))
    return statistics.median(took[-100:]), statistics.median(took)


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=20)
    args = parser.parse_args()
    heading(f"{args.seeds} searches each; generated seconds until found, as a share of the whole grid's")
    for name, of, dimensions, levels in FUNCTIONS:
        function = Function(name, of, dimensions, levels)
        grid = WHOLE_S * len(function.true)
        ladders = {
            "halving": Ladder((Rung(6.0, 1), Rung()), 3),
            "hyperband": Ladder((Rung(6.0, 1), Rung()), 3, hyperband=True),
            "whole looks only": Ladder(),
        }
        for how, ladder in ladders.items():
            shares = [until_found(function, ladder, seed, Path()) / grid for seed in range(args.seeds)]
            goal = 0.2 if how != "whole looks only" else None
            low, high = np.percentile(shares, [25, 75])
            more = f"quarters {low:.3f} … {high:.3f}, {len(function.true)} points"
            figure(f"{name}: {how}", statistics.median(shares), "of the grid", goal, more)
    if args.trials:
        heading(f"asking and telling on sqlite, {args.trials} trials")
        last, middle = asking(args.trials)
        figure("ask and tell, the last hundred", last, "ms", 50.0)
        figure("… all", middle, "ms")


if __name__ == "__main__":
    main()
