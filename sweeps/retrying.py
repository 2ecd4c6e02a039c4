"""Which failed cells are tried again, and when."""

import threading
import time
from collections import Counter, defaultdict
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
        self.back(Again(planned, folder, outcome, counted, self._clock() + wait_s))

    def back(self, one: Again) -> None:
        """Let a cell wait that was taken too early."""
        self._cells.append(one)
        self._cells.sort(key=lambda one: one.due)

    def due(self, may: Callable[[PlannedCell], bool] = lambda _: True) -> Again | None:
        """The next cell of those that ``may`` be sent, where its time has come; it stays until ``take``."""
        now = self._clock()
        return next((one for one in self._cells if one.due <= now and may(one.planned)), None)

    def take(self, one: Again | None = None) -> Again:
        """``one`` of the cells, or the first, waits no longer."""
        return self._cells.pop(0 if one is None else next(at for at, each in enumerate(self._cells) if each is one))

    def any(self, may: Callable[[PlannedCell], bool]) -> bool:
        """Whether a cell waits, due or not, that ``may`` be sent."""
        return any(may(one.planned) for one in self._cells)

    def has(self, name: str) -> bool:
        """Whether the cell of that name waits."""
        return any(one.planned.name == name for one in self._cells)

    def until_due(self) -> float | None:
        """Seconds until the next cell is due; None where none waits."""
        return max(0.0, self._cells[0].due - self._clock()) if self._cells else None


@dataclass
class Retries:
    """Cells of one command that failed or were taken back, whichever server had them. Safe from several threads."""

    waiting: Waiting = field(default_factory=Waiting)
    tries: defaultdict[str, Tries] = field(default_factory=lambda: defaultdict(Tries))
    lock: threading.RLock = field(default_factory=threading.RLock)
    _taken_back: set[str] = field(default_factory=set)

    def sent(self, name: str) -> None:
        """A cell goes to a server."""
        with self.lock:
            self._taken_back.discard(name)

    def taking_back(self, name: str) -> None:
        """A cell is about to be taken off its server: that it ends as cancelled is our own doing."""
        with self.lock:
            self._taken_back.add(name)

    def put_back(self, planned: PlannedCell, folder: Path, why: str) -> None:
        """A cell that had not begun waits to be sent at once, as if it never had been."""
        from runner.outcome import Outcome

        with self.lock:
            self.waiting.put(planned, folder, Outcome("cancelled", "wait", why), counted=False, wait_s=0.0)

    def again(
        self, planned: PlannedCell, folder: Path, outcome: "Outcome", policy: RetriesConfig, *, excused: bool
    ) -> str | None:
        """Let a failed cell wait for another attempt; that attempt in words, None where there is none.

        What a person cancelled is not done again; what was taken back is.
        """
        name = planned.name
        with self.lock:
            tries = self.tries[name]
            if outcome.status == "cancelled":
                wait_s = 0.0 if name in self._taken_back else None
                excused = True
            else:
                before = tries.counts.total()
                wait_s = tries.again(outcome, policy, excused=excused)
                excused = tries.counts.total() == before
            if wait_s is None:
                return None
            self.waiting.put(planned, folder, outcome, counted=not excused, wait_s=wait_s)
            if outcome.timings.cached:
                return "it is rendered afresh"
            which = "another attempt" if excused else tries.shown(policy)
            return f"{which} follows {f'in {wait_s:.0f} s' if wait_s else 'at once'}"
