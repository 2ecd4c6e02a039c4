"""Asks a server for its memory now and then while it renders, in a thread of its own that no render waits for."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from runner.durable import save_json
from runner.memory import NAME, Memory, Sample, read_over, sample_of
from runner.transport import ServerError

SHARE: Final = 0.2
"""Of the time a question of ours may be open at most so much: a slow answer is followed by a longer pause."""
KEPT: Final = 4 * 3600
"""Samples that are kept: some hours at one a second."""
LONGEST_PAUSE_S: Final = 30.0
NEAR: Final = 5.0
"""Seconds within which a sample still counts as just before or just after; three periods where those are longer."""
MOMENT_S: Final = 0.5
"""Longest wait for a sample that is wanted at once."""
Moment = float | None


class Poller:
    """One thread that asks ``/system_stats`` some times a second while any prompt is on its way, and keeps the answers.

    ``hz`` 0 asks never. It holds no render up: nothing waits for it longer than a moment, and what it could not ask is
    missing, with the reason.
    """

    def __init__(
        self, ask: Callable[[], Mapping[str, Any]], hz: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask, self._hz, self._clock = ask, hz, clock
        self._samples: deque[Sample] = deque(maxlen=KEPT)
        self._held: set[str] = set()
        self._changed = threading.Condition()
        self._asked = float("-inf")
        self._wanted = self._stopping = False
        self._trouble = ""
        self._thread: threading.Thread | None = None

    def hold(self, prompt_id: str, wait_s: float = MOMENT_S) -> float:
        """Ask from now on, until :meth:`release`; the clock now.

        Where nothing was asked before, it waits a moment for the first answer, so that there is a *before*.
        """
        with self._changed:
            idle = not self._held
            self._held.add(prompt_id)
        if idle:
            self.nudge(wait_s)
        return self._clock()

    def release(self, prompt_id: str) -> None:
        """This prompt needs no more samples."""
        with self._changed:
            self._held.discard(prompt_id)

    def nudge(self, wait_s: float = MOMENT_S) -> None:
        """Have a sample taken now, and wait up to ``wait_s`` for it."""
        if self._hz > 0:
            with self._changed:
                now, self._wanted = self._clock(), True
                if self._thread is None and not self._stopping:
                    self._thread = threading.Thread(target=self._run, name="comfyui-memory", daemon=True)
                    self._thread.start()
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._asked >= now or self._stopping, wait_s)

    def stop(self) -> None:
        """End the thread; a question on its way is not waited for."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def keep(self, folder: Path, prompt_id: str, span: tuple[Moment, Moment], since: float) -> None:
        """Write down what was seen of a prompt that ended, beside its attempt, until the record takes it in.

        ``span`` are the clocks of its beginning and end as far as events told them, ``since`` is when it was followed:
        with its beginning not told, only what came after that is surely its own. Raises OSError.
        """
        begin, ended = span
        ended = self._clock() if ended is None else ended
        self.nudge()
        found = self.over(begin if begin is not None else since, ended, whole=begin is not None)
        save_json(folder / NAME, {"prompt_id": prompt_id, **found.to_json()})

    def over(self, begin: float, end: float, *, whole: bool = True) -> Memory:
        """What was seen from ``begin`` to ``end``, clocks as the samples have them."""
        with self._changed:
            samples, why = tuple(self._samples), self._trouble
        if self._hz <= 0:
            return read_over((), begin, end, whole=whole, near=NEAR, why="memory is not watched (server.memory_hz=0)")
        return read_over(samples, begin, end, whole=whole, near=max(NEAR, 3 / self._hz), why=why)

    def _run(self) -> None:
        pause = 0.0
        while self._wait(pause):
            began = self._clock()
            sample, trouble = None, ""
            try:
                stats = self._ask()
                sample = sample_of(stats, self._clock())
            except ServerError as error:
                trouble = f"the server did not tell it: {error.message}"
            with self._changed:
                self._trouble = trouble
                if sample is not None:
                    self._samples.append(sample)
                self._asked = began
                self._changed.notify_all()
            pause = max(1 / self._hz, min((self._clock() - began) / SHARE, LONGEST_PAUSE_S))

    def _wait(self, pause: float) -> bool:
        """Until the next sample is due or wanted; False at the end of the session."""
        with self._changed:
            self._changed.wait_for(lambda: self._wanted or self._stopping, pause)
            self._changed.wait_for(lambda: bool(self._held) or self._wanted or self._stopping)
            self._wanted = False
            return not self._stopping
