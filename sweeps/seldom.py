"""Doing something beside the work no more often than it may cost."""

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, Final

SHARE: Final = 0.01
"""Of the time, what writing MLflow between renders may take."""


class Seldom:
    """Runs tasks on ``executor``, the next one only when those before have cost no more than ``SHARE`` of the time
    since; what is left out is made up for by a later one, since each tells everything.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> now, done = [0.0], []
    >>> with ThreadPoolExecutor(1) as threads:
    ...     seldom = Seldom(threads, clock=lambda: now[0])
    ...     for second in (0, 1, 99, 101):
    ...         now[0] = second
    ...         if task := seldom.run(lambda: (done.append(now[0]), now.__setitem__(0, now[0] + 1.0))):
    ...             task.result()
    >>> done
    [0, 101]
    """

    def __init__(self, executor: Executor, clock: Callable[[], float] = time.monotonic) -> None:
        self._executor, self._clock = executor, clock
        self._free_at = 0.0
        self.last: Future[Any] | None = None

    def run(self, task: Callable[[], object]) -> "Future[Any] | None":
        """Start ``task``, or leave it out: None."""
        if (self.last is not None and not self.last.done()) or self._clock() < self._free_at:
            return None
        self.last = self._executor.submit(self._timed, task)
        return self.last

    def _timed(self, task: Callable[[], object]) -> None:
        begun = self._clock()
        try:
            task()
        finally:
            now = self._clock()
            self._free_at = now + (now - begun) / SHARE
