"""Looks that compute their figures, in place of renders."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sweeps.search.driver import Verdict
from sweeps.search.fidelity import Rung
from sweeps.search.proposal import Proposal

BASE = {"steps": 4, "cfg": 1.0, "shift": 11.0}


@dataclass
class Computed:
    """A look that computes its figures from the point; it remembers what it was asked."""

    figure: Callable[[Mapping[str, Any], Rung], float]
    bound: Callable[[Mapping[str, Any]], float] | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)
    dies_at: int | None = None

    def __call__(self, proposals: Sequence[Proposal], rung: Rung, at: int) -> Mapping[int, Verdict]:
        if self.dies_at is not None and len(self.asked) >= self.dies_at:
            raise KeyboardInterrupt
        self.asked += [(one.number, at) for one in proposals]
        return {one.number: self._verdict(one.point or BASE, rung) for one in proposals}

    def _verdict(self, point: Mapping[str, Any], rung: Rung) -> Verdict:
        broken = {} if self.bound is None else {"bound": self.bound(point)}
        return Verdict((self.figure(point, rung),), broken)
