"""Which server does what next, and when there is nothing left to do."""

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sweeps.limits import Limits
from sweeps.plan import PlannedCell
from sweeps.progress import Progress
from sweeps.retrying import Again, Retries
from sweeps.work import Work

if TYPE_CHECKING:
    from sweeps.site import Site

_STEAL: Final = 0.8
"""A cell that waits on a server is taken off it where another ends it within this share of the time."""


@dataclass(frozen=True)
class Job:
    """A cell to send: the first time, or ``again``."""

    planned: PlannedCell
    folder: Path
    counted: bool = True
    again: Again | None = None


@dataclass
class Dispatch:
    """Hands the cells of ``work`` and those that wait for another attempt to the ``sites``, one question at a time.

    ``begin`` makes a cell's folder, None where nothing needs to be sent; ``skip`` says why a cell is not worth it.
    """

    work: Work
    retries: Retries
    limits: Limits
    progress: Progress
    cancel: threading.Event
    begin: Callable[[PlannedCell], Job | None]
    skip: Callable[[PlannedCell], str | None]
    max_failures: int | None = None
    sites: Sequence["Site"] = ()
    _closed: bool = False
    _stuck_since: float | None = None

    def stop(self, why: str, *, closed: bool = True) -> None:
        """Start no further cell of the plan; where ``closed``, try none again either."""
        with self.retries.lock:
            self.progress.stopped = self.progress.stopped or why
            self._closed = self._closed or closed

    def crash(self) -> None:
        """A thread ended by an error of ours: the others see through what they have."""
        self._closed = True

    @property
    def several(self) -> bool:
        """Whether there are other servers, here or away, that could take cells over."""
        return len(self.sites) > 1

    def over(self, site: "Site") -> bool:
        """Whether ``site`` can end its thread: nothing is left for it, nor will be."""
        with self.retries.lock:
            if site.busy:
                return False
            if self.cancel.is_set():
                self.stop("interrupted")
            if self._closed:
                return True
            if any(one.busy for one in self.sites):
                self._stuck_since = None
                return False
            if not self.retries.waiting and (not self.work or self.progress.stopped is not None):
                return True
            return not any(one.here and self._can(one) for one in self.sites) and self._stuck()

    def _can(self, site: "Site") -> bool:
        self._stuck_since = None
        begins = self.progress.stopped is None and not site.rests
        return self.retries.waiting.any(site.may) or (begins and self.work.any(site))

    def _stuck(self) -> bool:
        """No server that is here can do what is left: the others are waited for, as long as a single one would be."""
        now = time.monotonic()
        self._stuck_since = self._stuck_since or now
        if now - self._stuck_since > max(one.member.config.unreachable_s for one in self.sites):
            lacks = "has not all that the cells name"
            out = "; ".join(f"{one.member.name}: {lacks if one.here else one.why}" for one in self.sites)
            self.stop(f"no server is left for what is to be done ({out})")
        return self._closed

    def waits(self, name: str) -> bool:
        """Whether a cell is still to be begun, for the first time or again."""
        with self.retries.lock:
            return self.retries.waiting.has(name) or self.work.has(name)

    def next(self, site: "Site") -> Job | None:
        """What ``site`` is to send now: a cell whose next attempt is due, or the plan's next for it."""
        with self.retries.lock:
            while not self._closed:
                again = self.retries.waiting.due(site.may)
                others = [one for one in self.sites if one.here and one is not site]
                planned = again.planned if again else self.work.peek(site, others)
                if planned is None:
                    return None
                if again is None and (why := self.skip(planned)):
                    self.progress.skipped[planned.name] = why
                    self.work.drop(planned)
                    continue
                if not self._may_start(site, planned, again is not None):
                    return None
                if again is not None:
                    job: Job | None = Job(planned, again.folder, again.counted, self.retries.waiting.take(again))
                else:
                    job = self.begin(self.work.take(planned, site.group))
                if job is not None:
                    site.sending = True
                    return job
            return None

    def put_off(self, again: Again) -> None:
        """A cell that was to be sent waits on."""
        with self.retries.lock:
            self.retries.waiting.back(again)

    def steal(self, site: "Site") -> bool:
        """Take a cell that waits on a slower server for ``site``, which has nothing to do; True where one came."""
        with self.retries.lock:
            slower = [one for one in self.sites if one is not site and one.here and self._better(site, one)]
        victim = max(slower, key=lambda one: one.free_in(), default=None)
        if victim is None or victim.lane is None:
            return False
        return victim.lane.take_back(f"{site.member.name} is free for it", last=True)

    def _better(self, site: "Site", other: "Site") -> bool:
        waits = other.lane.waits if other.lane is not None else []
        return bool(waits) and site.may(waits[-1]) and site.cost(waits[-1]) < _STEAL * other.free_in()

    def pause(self) -> None:
        """Nothing to do: wait until that may have changed."""
        due = self.retries.waiting.until_due()
        self.cancel.wait(0.2 if due is None else min(0.2, max(0.02, due)))

    def _may_start(self, site: "Site", planned: PlannedCell, again: bool) -> bool:
        if self.cancel.is_set():
            self.stop("interrupted")
        elif self.max_failures is not None and self._bad() > self.max_failures:
            self.stop(f"more than sweep.max_failures={self.max_failures} cells failed")
        elif again or not (self.progress.stopped or site.rests):
            elsewhere = sum(one.queued_s for one in self.sites if one is not site)
            why = self.limits.forbids(planned.seconds, site.queued_s, elsewhere, again=again, pace=site.pace)
            if why:
                site.rests = f"{planned.name} was not started{' again' if again else ''}: {why}"
                if again or all(one.rests or not one.here for one in self.sites):
                    self.stop(site.rests, closed=again)
        return not self._closed and (again or not (self.progress.stopped or site.rests))

    def _bad(self) -> int:
        return sum(not failure.expected for failure in self.progress.failures.values())

    def pace_of(self, site: "Site") -> float:
        """What a site's renders take against their forecasts: its own, else as others', else as forecast; no less than
        its present one has taken already.
        """
        known = [one.pace for one in self.sites if one.pace is not None]
        usual = site.pace if site.pace is not None else statistics.median(known) if known else 1.0
        return max(usual, site.at_least)
