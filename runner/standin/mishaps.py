"""What goes wrong in the worker and with its videos, when ``faults`` says so."""

import errno
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from runner.standin.errors import NodeError
from runner.standin.faults import Fault, Faults
from runner.standin.memory import Card, out_of_memory

MUX_FAILED = (
    "An error occured in the ffmpeg subprocess:\n[in#0 @ 0x55d0c8e0b300] moov atom not found\n"
    "[in#0 @ 0x55d0c8e0af80] Error opening input: Invalid data found when processing input\n"
    "Error opening input file {path}.\nError opening input files: Invalid data found when processing input\n"
)
"""What VideoHelperSuite said when the silent video did not fit the disk whole and the sound was to be added."""


class WorkerDied(BaseException):
    """Ends the worker's thread; nothing that handles a node's errors may hold it."""


class Mishaps:
    """The worker's faults. ``interrupted`` is what stops a prompt between two frames."""

    def __init__(self, faults: Faults, card: Card, interrupted: threading.Event) -> None:
        self._faults, self._card, self._interrupted = faults, card, interrupted
        self._last: dict[str, Any] | None = None
        self.ending = threading.Event()

    def reach(self, stage: str) -> None:
        """A prompt is ``taken``, at a step of ``sampling``, at a frame of ``encoding``, or its video is ``written``."""
        if self._faults.strike("died", when=stage):
            _die()
        if self._faults.strike("worker-dead", when=stage):
            raise WorkerDied
        if stuck := self._faults.strike("worker-stuck", when=stage):
            self.ending.wait(stuck.number("seconds"))
        if self._faults.strike("interrupted", when=stage):
            self._interrupted.set()
        if stage == "taken":  # no node runs yet that could fail
            return
        if full := self._faults.strike("out-of-memory", when=stage):
            if full.number("keeps"):
                self._card.lose()
            raise out_of_memory()
        if raised := self._faults.strike("node-error", when=stage):
            raise NodeError(raised.text("kind"), raised.text("message"))
        if stage == "encoding" and self._disk_full("error"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def written(self, path: Path) -> None:
        """A video has its name: now it may be spoilt."""
        if self._disk_full("mux"):
            path.unlink()
            raise NodeError("Exception", MUX_FAILED.format(path=str(path).replace("-audio", "")))
        if self._disk_full("truncated"):
            _cut(path, 0.7)
        if short := self._faults.strike("output-truncated"):
            _cut(path, short.number("share"))
        if self._faults.strike("output-garbage"):
            path.write_bytes(np.random.default_rng(1).bytes(path.stat().st_size))
        if self._faults.strike("output-foreign"):
            path.write_bytes(_with_another_seed(path.read_bytes()))
        if self._faults.strike("output-missing"):
            path.unlink()
        self.reach("written")

    def old_answer(self, prompt: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the last prompt showed, if this one is to be answered with that; a prompt of other nodes never is."""
        if self._last is None or not self._last["outputs"].keys() <= prompt.keys():
            return None
        return self._last if self._faults.strike("output-cached") else None

    def shown(self, result: dict[str, Any]) -> None:
        """Remember what a prompt that ended well showed."""
        self._last = result

    def forgets(self) -> bool:
        """Whether the prompt that ends now is not to be in the history."""
        return self._faults.strike("history-evicted") is not None

    def _disk_full(self, how: str) -> Fault | None:
        return self._faults.strike("disk-full", how=how)


def _die() -> None:
    """End at once, without a word to anybody."""
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(10)  # the signal is on its way
    os._exit(9)


def _cut(path: Path, share: float) -> None:
    with path.open("rb+") as file:
        file.truncate(int(path.stat().st_size * share))


def _with_another_seed(video: bytes) -> bytes:
    """The same video with another digit at the end of the seed in the prompt it carries."""
    mark = b'"seed": '
    end = video.index(mark) + len(mark)
    while video[end : end + 1].isdigit():
        end += 1
    other = str((int(video[end - 1 : end]) + 1) % 10).encode()
    return video[: end - 1] + other + video[end:]
