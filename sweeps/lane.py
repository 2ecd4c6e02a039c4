"""The cells of a sweep that are on the server, in its order, and those that wait to go there again."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.plan import PlannedCell
from sweeps.retrying import Tries, Waiting

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
    """Cells go in at the back by ``send`` and come out at the front by ``next``, as the server runs them."""

    server: "Server"
    cancel: threading.Event
    waiting: Waiting = field(default_factory=Waiting)
    """Cells that are to be sent again."""
    ahead: deque[Sent] = field(default_factory=deque)
    """Cells that were sent and are not followed yet."""
    tries: defaultdict[str, Tries] = field(default_factory=lambda: defaultdict(Tries))
    _taken_back: set[str] = field(default_factory=set)

    @property
    def full(self) -> bool:
        """Whether the server has enough to do."""
        return len(self.ahead) >= AHEAD

    @property
    def queued_s(self) -> float:
        """Forecast of what was sent and is not followed yet."""
        return sum(one.planned.seconds for one in self.ahead)

    def send(self, planned: PlannedCell, folder: Path, counted: bool = True) -> None:
        """Queue a cell, or take up again the job that ``folder`` knows of."""
        from runner.render import submit

        self._taken_back.discard(planned.name)
        sent = submit(self.server, planned.job[0], folder, cancel=self.cancel, counted=counted)
        self.ahead.append(Sent(planned, sent, folder))

    def next(self) -> Sent:
        """The cell that the server ends first."""
        return self.ahead.popleft()

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

    def attempt(self, name: str) -> str:
        """``attempt 2 of 3``, or nothing for a first one."""
        return self.tries[name].shown(self.server.config.retries)

    def again(self, sent: Sent, outcome: "Outcome", *, excused: bool) -> str | None:
        """Let a failed cell wait for another attempt; that attempt in words, None where there is none.

        What a person cancelled is not done again; what ``take_back`` interrupted is.
        """
        name = sent.planned.name
        if outcome.status == "cancelled":
            wait_s = 0.0 if name in self._taken_back else None
            excused = True
        else:
            before = self.tries[name].counts.total()
            wait_s = self.tries[name].again(outcome, self.server.config.retries, excused=excused)
            excused = self.tries[name].counts.total() == before
        if wait_s is None:
            return None
        self.waiting.put(sent.planned, sent.folder, outcome, counted=not excused, wait_s=wait_s)
        if outcome.timings.cached:
            return "it is rendered afresh"
        which = "another attempt" if excused else self.attempt(name)
        return f"{which} follows {f'in {wait_s:.0f} s' if wait_s else 'at once'}"

    def take_back(self, why: str) -> None:
        """Take back the cells that wait on the server, to be sent again in the same order."""
        from runner.outcome import Outcome
        from runner.render import withdraw

        kept: deque[Sent] = deque()
        for sent in self.ahead:
            self._taken_back.add(sent.planned.name)
            if withdraw(self.server, sent.submitted, why):
                gone = Outcome("cancelled", "wait", why)
                self.waiting.put(sent.planned, sent.folder, gone, counted=False, wait_s=0.0)
            else:
                kept.append(sent)
        self.ahead = kept

    def let_go(self, why: str, *, away: bool) -> None:
        """Follow nothing more; what a server that is ``away`` still has, the next command takes up."""
        from runner.render import withdraw

        for sent in self.ahead:
            if not away:
                withdraw(self.server, sent.submitted, why, patience_s=5.0)
        self.ahead.clear()
