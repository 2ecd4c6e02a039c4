"""Threads whose errors are not lost."""

import threading
from collections.abc import Callable


class Thread(threading.Thread):
    """A daemon, so that a second Ctrl-C ends the process. ``crashed`` is called when an error ends it; ``result``
    raises that error.
    """

    def __init__(self, work: Callable[[], None], crashed: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._work, self._crashed = work, crashed
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do the work."""
        try:
            self._work()
        except BaseException as error:
            self._error = error
            self._crashed()

    def result(self) -> None:
        """Wait for the end; raise what ended the thread, if something did."""
        self.join()
        if self._error is not None:
            raise self._error
