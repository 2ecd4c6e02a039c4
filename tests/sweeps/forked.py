"""A stand-in in a process that is forked from one that has its libraries loaded: they take half a second each time."""

import multiprocessing
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PRELOADED = ["runner.standin.cli", "runner.standin.app"]


def serve(words: Sequence[str], log: str, environment: dict[str, str]) -> None:
    """The life of a stand-in as ``python -m runner`` has it: its own session, its log for all that it says."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    opened = os.open(log, os.O_WRONLY | os.O_APPEND)
    for number in (1, 2):
        os.dup2(opened, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    from runner.__main__ import main

    raise SystemExit(main(list(words)))


class Forked:
    """What ``runner.embedded`` needs of ``subprocess.Popen``."""

    def __init__(self, command: Sequence[str], *, stdout: Any, env: dict[str, str], cwd: Path, **_: Any) -> None:
        words = command[command.index("runner") + 1 :]
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        self._process = context.Process(target=serve, args=(words, stdout.name, env), daemon=True)
        self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("stand-in", timeout or 0.0)
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()
