"""MLflow beside a sweep: begun while the first cell renders, told now and then, made up for at the end."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from sweeps.results import SweepResult
from sweeps.seldom import Seldom
from sweeps.store import REFUSED
from sweeps.tracking import Tracker
from sweeps.tracking_client import TrackingError

AWAY_S: Final = 120.0
"""How long the end of a sweep waits for a tracking server that was there before."""
_AGAIN_S: Final = 3.0


class Logbook:
    """Writes to ``tracker`` in a thread of its own: MLflow takes seconds to start, and that is not the sweep's time.

    A server that goes away holds nothing up: it is said once, and what it missed is written when it is back.
    """

    def __init__(self, tracker: Tracker, say: Callable[[str], None]) -> None:
        self.tracker, self._say = tracker, say
        self._thread = ThreadPoolExecutor(1)
        self._seldom = Seldom(self._thread)
        self._begun: Future[Any] | None = None
        self._away = False

    def __enter__(self) -> "Logbook":
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def begin(self, result: SweepResult) -> None:
        """Begin the sweep's run, or go on with it; once."""
        if self._begun is None:
            self._begun = self._thread.submit(self._told, lambda: self._start(result))

    def so_far(self, result: SweepResult) -> None:
        """Write what is known of every setting, without pictures, unless too little time went by since the last."""
        self._seldom.run(lambda: self._told(lambda: self._write(result)))

    def settle(self, result: SweepResult) -> TrackingError | None:
        """Wait for what is being written; why MLflow has no run of the sweep, where even now it cannot be begun."""
        for future in (self._begun, self._seldom.last):
            if future is not None:
                future.result()
        try:
            self._start(result)
        except TrackingError as error:
            return error
        return None

    def _start(self, result: SweepResult) -> None:
        if self.tracker.run_id is None:
            self.tracker.start(result)

    def _write(self, result: SweepResult) -> None:
        self._start(result)
        for setting in result.settings:
            self.tracker.log_setting(result, setting, pictures=False)

    def _told(self, write: Callable[[], None]) -> None:
        try:
            write()
        except TrackingError as error:
            if not self._away:
                self._say(f"{error.message}; rendering goes on")
            self._away = True
        else:
            self._away = False


def patiently(write: Callable[[], Any], say: Callable[[str], None], cancel: threading.Event) -> None:
    """``write`` to a server that was there before: while it is away, again and again for two minutes.

    Raises TrackingError where it stays away, on ``cancel``, and at once where it is a disk of ours that refuses.
    """
    deadline, said = time.monotonic() + AWAY_S, False
    while True:
        try:
            write()
            return
        except TrackingError as error:
            ours = isinstance(error.__cause__, OSError) and error.__cause__.errno in REFUSED
            if ours or time.monotonic() > deadline or cancel.is_set():
                raise
            if not said:
                say(f"{error.message}; waiting for it, {AWAY_S:.0f} s at most")
            said = True
        cancel.wait(_AGAIN_S)
