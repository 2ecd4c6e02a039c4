"""The cells of a sweep that are on one server, in its order."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.plan import PlannedCell
from sweeps.retrying import Retries

if TYPE_CHECKING:
    from runner.outcome import Outcome
    from runner.progress import Progress
    from runner.render import Submitted
    from runner.server import Server

AHEAD = 2
"""Prompts on the server at a time: one that runs, one that waits, so that the card is never idle between cells."""


@dataclass(frozen=True)
class Sent:
    """A cell on the server: what was planned, its job, its folder in the store."""

    planned: PlannedCell
    submitted: "Submitted"
    folder: Path


@dataclass
class Lane:
    """Cells go in at the back by ``send`` and come out at the front by ``next``, as the server runs them.

    ``retries`` has those that are to be sent again, here or to another server.
    """

    server: "Server"
    cancel: threading.Event
    retries: Retries
    ahead: deque[Sent] = field(default_factory=deque)
    """Cells that were sent and are not followed yet."""
    followed: Sent | None = None
    """The cell that is followed now, and ``since`` when (monotonic)."""
    since: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def full(self) -> bool:
        """Whether the server has enough to do."""
        return len(self.ahead) >= AHEAD

    @property
    def cells(self) -> list[PlannedCell]:
        """What the server was given, in its order."""
        with self._lock:
            return [one.planned for one in ([self.followed] if self.followed else []) + list(self.ahead)]

    @property
    def waits(self) -> list[PlannedCell]:
        """What was sent and is not followed yet."""
        with self._lock:
            return [one.planned for one in self.ahead]

    def send(self, planned: PlannedCell, folder: Path, counted: bool = True) -> None:
        """Queue a cell, or take up again the job that ``folder`` knows of."""
        from runner.render import submit

        self.retries.sent(planned.name)
        sent = submit(self.server, planned.job[0], folder, cancel=self.cancel, counted=counted)
        with self._lock:
            self.ahead.append(Sent(planned, sent, folder))

    def next(self) -> Sent | None:
        """The cell that the server ends first, which is now to be followed; None where it has none."""
        with self._lock:
            self.followed, self.since = (self.ahead.popleft() if self.ahead else None), time.monotonic()
            return self.followed

    def follow(
        self, sent: Sent, on_progress: Callable[["Progress"], None], on_rendered: Callable[[], None]
    ) -> "Outcome":
        """See one cell to its end."""
        from runner.render import follow

        return follow(
            self.server,
            sent.submitted,
            on_progress=on_progress,
            on_rendered=on_rendered,
            cancel=self.cancel,
            on_cancel=self._recall,
        )

    def _recall(self) -> None:
        """What waits on the server does not begin when the one before it is taken back."""
        from runner.render import recall

        for sent in self.ahead:
            recall(self.server, sent.submitted)

    def again(self, sent: Sent, outcome: "Outcome", *, excused: bool) -> str | None:
        """Let a failed cell wait for another attempt; that attempt in words, None where there is none."""
        policy = self.server.config.retries
        return self.retries.again(sent.planned, sent.folder, outcome, policy, excused=excused)

    def take_back(self, why: str, *, last: bool = False) -> bool:
        """Take back the cells that wait on the server, or the ``last`` of them, to be sent again in the same order.

        False where a cell could not be taken back, or there is none.
        """
        from runner.render import withdraw

        with self._lock:
            taken = [self.ahead.pop() for _ in range(min(1, len(self.ahead)) if last else len(self.ahead))]
        kept = deque[Sent]()
        for sent in reversed(taken):
            self.retries.taking_back(sent.planned.name)
            if withdraw(self.server, sent.submitted, why):
                self.retries.put_back(sent.planned, sent.folder, why)
            else:
                kept.append(sent)
        with self._lock:
            self.ahead.extend(kept)
        return bool(taken) and not kept

    def let_go(self, why: str, *, away: bool) -> None:
        """Follow nothing more; what a server that is ``away`` still has, the next command takes up."""
        from runner.render import withdraw

        for sent in self.ahead:
            if not away:
                withdraw(self.server, sent.submitted, why, patience_s=5.0)
        self.ahead.clear()

    def hand_over(self, why: str, *, away: bool) -> list[tuple[str, str]]:
        """Leave the cells that wait here to other servers; the prompts that this one may still have, and their cells.

        One that is ``away`` cannot be asked: what it has of ours is taken off it when it is back.
        """
        from runner.render import withdraw

        left = []
        with self._lock:
            taken = [self.ahead.popleft() for _ in range(len(self.ahead))]
        for sent in taken:
            gone = not away and withdraw(self.server, sent.submitted, why, patience_s=5.0)
            if not gone and sent.submitted.journal is not None:
                left.append((sent.submitted.journal.prompt_id, sent.planned.name))
            self.retries.put_back(sent.planned, sent.folder, why)
        return left
