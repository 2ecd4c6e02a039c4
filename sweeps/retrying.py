"""Which failed cells are tried again, and when."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runner.config import RetriesConfig
from sweeps.plan import PlannedCell

if TYPE_CHECKING:
    from runner.outcome import Outcome

MOST_EXCUSED: Final = 10
"""Attempts of a cell that are not counted because they were not its own doing; with more of them it is."""


@dataclass
class Tries:
    """The attempts at one cell in this command. ``counts`` has those that were its own, by how they ended."""

    counts: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)

    @property
    def number(self) -> int:
        """Which attempt this is, from 1."""
        return self.counts.total() + 1

    def shown(self, policy: RetriesConfig) -> str:
        """``attempt 2 of 3`` for a second one, nothing for a first.

        >>> Tries(Counter(lost=1)).shown(RetriesConfig(lost=2))
        'attempt 2 of 3'
        """
        if not self.counts:
            return ""
        left = max(_allowed(policy, status) - count for status, count in self.counts.items())
        return f"attempt {self.number} of {self.number + max(0, left)}"

    def again(self, outcome: "Outcome", policy: RetriesConfig, *, excused: bool) -> float | None:
        """Note how an attempt ended; seconds until the next one, None where there is none.

        A video from the server's cache, and what was ``excused``, are not the cell's own doing. Out of memory is
        excused once: a cell that needs too much leaves a server without memory each time.
        """
        status = "cached" if outcome.timings.cached and not outcome.done else outcome.status
        free = excused or status == "cached"
        most = 1 if status in ("cached", "out_of_memory") else MOST_EXCUSED
        if free and self.excused[status] < most:
            self.excused[status] += 1
            return _wait(policy, self.excused[status] - 1)
        self.counts[outcome.status] += 1
        if self.counts[outcome.status] > _allowed(policy, outcome.status):
            return None
        return _wait(policy, self.counts.total())


def _allowed(policy: RetriesConfig, status: str) -> int:
    return int(getattr(policy, status, 0))


def _wait(policy: RetriesConfig, k: int) -> float:
    """Seconds before the attempt after ``k`` bad ones: none, then growing, then no longer than the policy says.

    >>> [_wait(RetriesConfig(wait_s=5, longest_wait_s=30), k) for k in range(5)]
    [0.0, 5.0, 10.0, 20.0, 30.0]
    """
    return 0.0 if k < 1 else float(min(policy.wait_s * 2.0 ** min(k - 1, 60), policy.longest_wait_s))


@dataclass(frozen=True)
class Again:
    """A cell that waits for its next attempt: its folder, the failure of the last one, when it is due (monotonic)."""

    planned: PlannedCell
    folder: Path
    outcome: "Outcome"
    counted: bool
    due: float


class Waiting:
    """Cells that wait for another attempt, the one that is due first at the front."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._cells: list[Again] = []

    def __len__(self) -> int:
        return len(self._cells)

    def put(self, planned: PlannedCell, folder: Path, outcome: "Outcome", *, counted: bool, wait_s: float) -> None:
        """Let a cell wait for ``wait_s`` seconds."""
        self._cells.append(Again(planned, folder, outcome, counted, self._clock() + wait_s))
        self._cells.sort(key=lambda one: one.due)

    def due(self) -> Again | None:
        """The next cell, where its time has come; it stays until ``take``."""
        return self._cells[0] if self._cells and self._cells[0].due <= self._clock() else None

    def take(self) -> Again:
        """The next cell, which waits no longer."""
        return self._cells.pop(0)

    def sleep(self, cancel: threading.Event, longest_s: float = 0.5) -> None:
        """Wait until the next cell is due, or a moment."""
        if self._cells:
            cancel.wait(min(longest_s, max(0.0, self._cells[0].due - self._clock())))
