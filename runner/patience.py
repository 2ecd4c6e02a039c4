"""Asking again while a server is out of reach, for as long as the configuration allows."""

import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from runner.server import Server
from runner.transport import ServerBadAnswer, ServerError, ServerTimedOut, ServerUnreachable

T = TypeVar("T")
_PASSING: Final = (ServerUnreachable, ServerTimedOut, ServerBadAnswer)


def patiently(server: Server, action: Callable[[], T], cancel: threading.Event) -> T:
    """The result of ``action``, which must bear repeating; its last ServerError when the patience is over.

    Only trouble that may pass is waited out: no connection, no answer, a proxy's 502.
    """
    deadline = time.monotonic() + server.config.unreachable_s
    while True:
        try:
            return action()
        except ServerError as error:
            over = time.monotonic() > deadline or server.trouble() is not None
            if not isinstance(error, _PASSING) or over or cancel.wait(server.poll_s):
                raise
