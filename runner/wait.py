"""Following a prompt to its end: the queue first, then the history; the socket only wakes us up."""

import threading
import time
from collections.abc import Callable
from typing import Final

from runner.answers import Finished
from runner.journal import Journal
from runner.outcome import Fault, Outcome
from runner.progress import Progress
from runner.server import Server
from runner.text import plain
from runner.transport import ServerError
from runner.watch import Watch

OnProgress = Callable[[Progress], None]
_LET_GO_S: Final = 30.0
"""How long a node may take to look at an interrupt before its worker counts as dead: a step of a large video."""


class Waiter:
    """Waits for one prompt. Lost is a prompt absent from the queue and then from the history, twice."""

    def __init__(
        self,
        server: Server,
        journal: Journal,
        watch: Watch,
        on_progress: OnProgress | None,
        cancel: threading.Event,
        on_cancel: Callable[[], None] = lambda: None,
    ) -> None:
        self._server, self._journal, self._watch = server, journal, watch
        self._on_progress, self._cancel, self._on_cancel = on_progress, cancel, on_cancel
        self._missed = 0
        self._gone_since: float | None = None
        self._still_since: float | None = None
        self._others: tuple[str, ...] = ()
        self._others_since: float | None = None
        self._began = False
        self._trouble = ""

    def wait(self) -> Finished | Outcome:
        """The history's entry, or the outcome where there will be none."""
        while True:
            if self._cancel.is_set():
                return self._take_back()
            dead = self._server.trouble()
            if dead:
                return self._lost(dead, "away")
            found = self._look()
            if found is not None:
                return found
            progress = self._watch.take()
            if progress is not None:
                self._tell(progress)
            self._watch.wait(self._server.poll_s)

    def _look(self) -> Finished | Outcome | None:
        now = time.monotonic()
        try:
            found = self._ask(now)
        except ServerError as error:
            self._gone_since = self._gone_since or now
            self._trouble = error.message
            patience = self._server.config.unreachable_s
            if now - self._gone_since > patience:
                return self._lost(f"no word from the server for {patience:g} s: {self._trouble}", "away")
            self._tell(Progress("out of reach"))
            return None
        if self._gone_since is not None:  # while nobody could hear anything, nothing was silent
            self._still_since = now if self._still_since is not None else None
            self._others_since = now if self._others_since is not None else None
        self._gone_since = None
        return found or (self._stalled(now) if not self._missed else None)

    def _ask(self, now: float) -> Finished | Outcome | None:
        prompt_id, client = self._journal.prompt_id, self._server.client
        queue = client.queue()
        if (*queue.running, *queue.pending).count(prompt_id) > 1:
            client.delete(prompt_id)  # sent twice, as an answer was lost: the copy that waits is taken off
        if prompt_id in queue.running:
            self._missed, self._began, self._others_since = 0, True, None
            self._still_since = self._still_since or now
        elif prompt_id in queue.pending:
            self._missed = 0
            if (finished := client.history(prompt_id)) is not None:
                self._give_up(0.0)  # sent twice, as an answer was lost: this copy would be rendered once more
                return finished
            # Nothing runs and we wait: the server's worker is dead. Somebody else's job runs: we are patient.
            self._still_since = None if queue.running else (self._still_since or now)
            if queue.running != self._others or self._others_since is None:
                self._others, self._others_since = queue.running, now
            self._tell(Progress("waiting", value=queue.ahead_of(prompt_id)))
        else:
            finished = client.history(prompt_id)
            if finished is not None:
                return finished
            self._missed += 1
            if self._missed > 1:
                return self._lost("the server knows this job no more: it was restarted, or its queue cleared")
        return None

    def _stalled(self, now: float) -> Outcome | None:
        config, waits = self._server.config, self._others_since is not None
        if waits and self._others and now - (self._others_since or now) > config.silent_timeout_s:
            self._give_up()  # it waits: nothing to be patient with
            words = f"the same job ran before this one for {config.silent_timeout_s:g} s: the server's worker is dead"
            return Outcome("stalled", "wait", words, began=False, fault="worker")
        if self._still_since is None:
            return None
        heard = self._watch.last
        hears = heard is not None and self._server.events.hears(self._journal.client_id)
        limit = config.stall_timeout_s if hears else config.silent_timeout_s
        quiet = now - max(self._still_since, heard or self._still_since)
        if quiet <= limit:
            return None
        dead = not self._give_up(min(_LET_GO_S, limit)) or waits
        words = f"the job is in the queue and nothing was heard of it for {quiet:.0f} s"
        words += "; the server's worker is dead" if dead else ""
        return Outcome("stalled", "wait", words, began=not waits, fault="worker" if dead else "")

    def _lost(self, words: str, fault: Fault = "") -> Outcome:
        return Outcome("lost", "wait", words, began=self._began or self._watch.last is not None, fault=fault)

    def _tell(self, progress: Progress) -> None:
        if self._on_progress is not None:
            self._on_progress(progress)

    def _take_back(self) -> Outcome:
        self._on_cancel()
        stopped = self._give_up(5.0)
        return Outcome("cancelled", "wait", "cancelled" if stopped else f"cancelled; {self._trouble}")

    def _give_up(self, patience_s: float = 2.0) -> bool:
        try:
            stopped = self._server.client.cancel(self._journal.prompt_id, patience_s)
            self._trouble = "the server has not let go of the job yet"
        except ServerError as error:
            self._trouble = f"the server could not be told: {plain(error.message)}"
            return False
        return stopped
