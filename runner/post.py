"""Sending a prompt exactly once, over a line on which answers get lost."""

import logging
import threading
import time
from typing import Any, Final

from runner.journal import Journal
from runner.outcome import Outcome
from runner.rejection import PromptRejected
from runner.server import Server
from runner.transport import ServerDenied, ServerError

_LOG = logging.getLogger(__name__)
_POSTS: Final = 3
_LOOKS: Final = 3


def post(server: Server, graph: dict[str, Any], journal: Journal, cancel: threading.Event) -> Outcome | None:
    """Queue ``graph`` under the journal's id; None when the server has it. Raises PromptRejected.

    When an answer is lost, the id is looked up in queue and history before it is sent again, under the same id.
    Should both arrive after all, the second is taken off the queue by whoever waits for the first (see ``Waiter``).
    """
    deadline = time.monotonic() + server.config.unreachable_s
    lost_answers = 0
    while True:
        try:
            server.client.submit(graph, journal.prompt_id, journal.client_id)
            return None
        except PromptRejected:
            raise
        except ServerDenied as error:
            return Outcome("rejected", "submit", str(error), began=False, stop=True)
        except ServerError as error:
            lost_answers += error.sent
            if error.sent and arrived(server, journal.prompt_id, cancel):
                return None
            dead = server.trouble()
            if dead or lost_answers >= _POSTS or time.monotonic() > deadline:
                words = dead or f"the server does not take the job: {error.message}"
                return Outcome("lost", "submit", words, began=False, fault="away")
        if cancel.wait(server.poll_s):
            return Outcome("cancelled", "submit", "cancelled before the server had it" + _withdraw(server, journal))


def _withdraw(server: Server, journal: Journal) -> str:
    """Take back what may have arrived after all; words for the outcome where the server cannot be told."""
    try:
        server.client.cancel(journal.prompt_id)
    except ServerError as error:
        return f"; it could not be asked whether it has it: {error.message}"
    return ""


def arrived(server: Server, prompt_id: str, cancel: threading.Event) -> bool:
    """Whether the server has ``prompt_id``, asked several times: it may still be busy reading it."""
    looks, deadline = 0, time.monotonic() + server.config.unreachable_s
    while looks < _LOOKS and time.monotonic() < deadline and server.trouble() is None:
        try:
            if known(server, prompt_id):
                return True
            looks += 1
        except ServerError as error:
            _LOG.debug("no answer to a look-up: %s", error.message)  # and so it was no look
        if cancel.wait(server.poll_s):
            break
    return False


def known(server: Server, prompt_id: str) -> bool:
    """Whether a prompt waits, runs or ended on the server."""
    queue = server.client.queue()
    return prompt_id in queue.running or prompt_id in queue.pending or server.client.history(prompt_id) is not None


def worth_following(server: Server, journal: Journal) -> bool | None:
    """Whether a job of an earlier process waits, runs, or ended by itself: one that was interrupted is done anew.

    None where the server knows nothing of it.
    """
    queue = server.client.queue()
    if journal.prompt_id in queue.running or journal.prompt_id in queue.pending:
        return True
    finished = server.client.history(journal.prompt_id)
    if finished is None:
        return None
    return finished.failure is None or finished.failure.kind != "interrupted"
