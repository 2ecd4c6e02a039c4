"""What is done to a server between two cells: its memory given back, a restart by the user's own command."""

import os
import shlex
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from runner.outcome import Outcome
from runner.patience import patiently
from runner.server import Server
from runner.text import plain
from runner.transport import ServerError

_IN_VAIN: Final = 3
_GRACE_S: Final = 5.0  # a server that was told to end may answer for so long
_GIB: Final = 1 << 30
URL_ENV: Final = "INFINITETALK_SWEEP_SERVER_URL"
"""Tells the restart command which server it is about."""
_BY_HAND: Final = "restart ComfyUI, or let server.restart_command do it"


@dataclass(frozen=True)
class Mended:
    """What came of it. ``stop`` is why no further cell may be sent, in words that say what to do.

    ``excused`` is True where the failure was not the cell's own: it had not begun, or the memory that it lacked was
    held by something else. ``away`` is True where the server cannot be reached.
    """

    stop: str | None = None
    excused: bool = False
    away: bool = False


class Mender:
    """Puts a server in order after a failure, as far as that is needed; ``say`` is told of what takes time."""

    def __init__(self, server: Server, say: Callable[[str], None], cancel: threading.Event) -> None:
        self._server, self._say, self._cancel = server, say, cancel
        self._restarts = self._away = 0

    def worked(self) -> None:
        """A cell is done: restarts and waiting are not in vain."""
        self._restarts = self._away = 0

    def mend(self, outcome: Outcome, prompt_id: str | None = None, *, alone: bool = False) -> Mended:
        """Do what ``outcome`` (of ``prompt_id``) asks for before another cell is sent. Never raises for the server.

        ``alone`` is True where no other prompt will run before this one runs again.
        """
        if (outcome.done and not outcome.message) or self._cancel.is_set() or self._server.trouble() is not None:
            return Mended()
        try:
            if outcome.status == "out_of_memory":
                return self._memory()
            if outcome.status == "corrupt" and alone and not outcome.timings.cached:
                patiently(self._server, self._server.client.free, self._cancel)  # or its sampler answers from the cache
            never = outcome.status in ("lost", "stalled") and not outcome.began
            return Mended(self._order(outcome, prompt_id), excused=never)
        except ServerError as error:
            if self._cancel.is_set():
                return Mended()
            return Mended(f"the server is out of reach ({error.message})", away=True)

    def _order(self, outcome: Outcome, prompt_id: str | None) -> str | None:
        if outcome.fault == "worker":
            return self._restart(f"the server's worker is dead; {_BY_HAND}", prompt_id)
        if outcome.fault == "away" and self._server.config.restart_command:
            return self._restart("the server is out of reach")
        if outcome.fault == "away":
            self._away += 1
            if self._away >= _IN_VAIN:
                return f"the server was out of reach {_IN_VAIN} times in a row ({outcome.message})"
            self._say("the server is out of reach; waiting for it once more")
            return self._compare()
        return self._compare() if outcome.status == "lost" or outcome.done else None

    def _memory(self) -> Mended:
        config, before = self._server.config, self._server.idle_vram
        patiently(self._server, self._server.client.free, self._cancel)
        deadline = time.monotonic() + config.free_patience_s
        while True:
            now = patiently(self._server, self._server.vram_free, self._cancel)
            if before is None or now is None or now >= config.free_share * before or self._cancel.is_set():
                return Mended()  # the memory was ours alone: that the cell needs more is a result
            if time.monotonic() > deadline:
                break
            self._cancel.wait(self._server.poll_s)
        if patiently(self._server, self._server.client.queue, self._cancel).running:
            self._say("another job runs on the server: whether its memory came back cannot be seen")
            return Mended(excused=True)
        words = (
            f"after out of memory the server has {now / _GIB:.1f} GiB free of the {before / _GIB:.1f} GiB at the start"
        )
        return Mended(self._restart(f"{words}; {_BY_HAND}", least=config.free_share * before), excused=True)

    def _restart(self, why: str, prompt_id: str | None = None, least: float = 0.0) -> str | None:
        """Run the user's command and wait for the server; None when it is back as it was, else why to stop."""
        config = self._server.config
        if not config.restart_command:
            return why
        if self._restarts >= _IN_VAIN:
            return f"{_IN_VAIN} restarts in a row brought no video; {why.partition(';')[0]}"
        self._restarts += 1
        self._say(f"{why.partition(';')[0]}; running server.restart_command")
        trouble = self._run(config.restart_command)
        if trouble is None:
            trouble = self._answers(prompt_id, least)
        if self._cancel.is_set():
            return None
        if trouble is not None:
            return f"{trouble}; {_BY_HAND.partition(',')[0]}"
        self._say("the server is back")
        return self._compare()

    def _run(self, command: str) -> str | None:
        """The user's command, without a shell; why it failed, in words. What it starts may outlive it."""
        with tempfile.TemporaryFile() as said:
            try:
                process = subprocess.Popen(
                    shlex.split(command),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env=os.environ | {URL_ENV: self._server.client.without_secrets(self._server.url)},
                )
            except (OSError, ValueError) as error:
                return f"server.restart_command did not run: {plain(str(error), 160)}"
            deadline = time.monotonic() + self._server.config.restart_timeout_s
            while process.poll() is None and time.monotonic() < deadline and not self._cancel.wait(0.05):
                pass
            if process.poll() is None:
                process.kill()
                process.wait()
                return f"server.restart_command did not end within {self._server.config.restart_timeout_s:g} s"
            if process.returncode == 0:
                return None
            said.seek(max(0, said.seek(0, os.SEEK_END) - 4000))
            last = said.read().decode("utf-8", "replace").strip().splitlines()[-1:]
            words = f": {plain(self._server.client.without_secrets(last[0]), 200)}" if last else ""
            return f"server.restart_command ended with {process.returncode}{words}"

    def _answers(self, prompt_id: str | None, least: float) -> str | None:
        """Wait until the server answers without the old job and with ``least`` bytes free; else why not, in words.

        One that answers at once may be the old one, about to end.
        """
        patience = self._server.config.restart_answer_s
        began, gone, why = time.monotonic(), False, ""
        while not self._cancel.is_set():
            try:
                free = self._server.vram_free()
                if prompt_id in self._server.client.queue().running:
                    why = "the old job still runs on it"
                elif free is not None and free < least:
                    why = f"{free / _GIB:.1f} GiB are free, {least / _GIB:.1f} are needed"
                elif gone or time.monotonic() - began > min(_GRACE_S, patience / 10):
                    return None
            except ServerError as error:
                gone, why = True, error.message
            if time.monotonic() - began > patience:
                return f"the server was not in order {patience:g} s after server.restart_command: {why}"
            self._cancel.wait(self._server.poll_s)
        return None

    def check(self) -> Mended:
        """Whether a cell may be sent after a pause in which the server had nothing of ours."""
        return self.mend(Outcome("lost"))

    def _compare(self) -> str | None:
        """Read the server anew; why to stop where it is not the environment that the sweep began in."""
        changes = patiently(self._server, self._server.renew, self._cancel)
        if not changes:
            return None
        return f"the server is not the one that the sweep began on ({'; '.join(changes)}): no sweep mixes two"
