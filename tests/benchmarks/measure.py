"""Running a command and watching what it takes; printing a figure beside its goal. Shared by the benchmarks."""

import os
import shlex
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from sweeps.app import App

ROOT = Path(__file__).resolve().parents[2]
MB = 1024 * 1024
_SAMPLE_S = 0.05


@dataclass(frozen=True)
class Usage:
    """What one command took: seconds on the clock, seconds of CPU (children included), peak memory in MB.

    ``tree_mb`` is the largest sum over all its processes at one moment (resident, so shared pages count for each of
    them), ``largest_mb`` the largest single process.
    """

    wall_s: float
    cpu_s: float
    tree_mb: float
    largest_mb: float
    output: str


class _Watcher(threading.Thread):
    """Samples the memory of a process and its children until it ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self.ended = threading.Event()
        self.tree = self.largest = 0

    def run(self) -> None:
        while not self.ended.wait(_SAMPLE_S):
            sizes = self._sizes()
            self.tree = max(self.tree, sum(sizes))
            self.largest = max(self.largest, max(sizes, default=0))

    def _sizes(self) -> list[int]:
        try:
            processes = [self._process, *self._process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
        sizes = []
        for one in processes:
            try:
                sizes.append(one.memory_info().rss)
            except psutil.NoSuchProcess:
                continue  # it ended between the listing and the question
        return sizes


def sweep_command(*arguments: str) -> list[str]:
    """``python sweep.py`` with these arguments, as a whole process."""
    return [sys.executable, str(ROOT / "sweep.py"), *arguments]


@contextmanager
def app_of(words: Sequence[str], **more: Any) -> Iterator["App"]:
    """The command that a user would give with these ``words``; what it prints goes to standard error."""
    from hydra import compose, initialize_config_dir
    from rich.console import Console

    from sweeps import config
    from sweeps.app import App
    from sweeps.compose import Composer, typed

    config.register()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        composed = compose("config", list(words), return_hydra_config=True)
        made = typed(composed, composed.hydra.runtime.choices)
        yield App(made, Composer(tuple(words)), Console(file=sys.stderr), **more)


def run(command: Sequence[str]) -> Usage:
    """Run ``command`` from another folder; SystemExit with its output where it fails."""
    from time import perf_counter

    before, start = os.times(), perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT.parent)
    watcher = _Watcher(process.pid)
    watcher.start()
    raw, _ = process.communicate()
    wall, after = perf_counter() - start, os.times()
    watcher.ended.set()
    watcher.join()
    output = raw.decode("utf-8", errors="replace")
    if process.returncode:
        raise SystemExit(f"{shlex.join(command)} ended with {process.returncode}:\n{output}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Usage(wall, cpu, watcher.tree / MB, watcher.largest / MB, output)


def median_of(command: Sequence[str], times: int) -> Usage:
    """The run of median wall time of ``times``, after one that only warms the disk's cache."""
    run(command)
    runs = sorted((run(command) for _ in range(times)), key=lambda usage: usage.wall_s)
    return runs[(times - 1) // 2]


def figure(name: str, value: float, unit: str, goal: float | None = None, more: str = "") -> None:
    """Print one figure, its goal (an upper limit) and whether it is reached."""
    verdict = "" if goal is None else f"  goal ≤ {goal:g} {unit}: {'reached' if value <= goal else 'MISSED'}"
    print(f"  {name:44s} {value:8.2f} {unit}{verdict}{'  ' + more if more else ''}", flush=True)


def heading(text: str) -> None:
    """Print what is measured, and how busy the machine is: figures of a busy one say little."""
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores" if hasattr(os, "getloadavg") else ""
    print(f"{text}  [{load}]", flush=True)


def shown(command: Sequence[str]) -> str:
    """A command as a person would type it."""
    words = ["python", *(Path(word).name if word.endswith("sweep.py") else word for word in command[1:])]
    return shlex.join(words)


def median(values: Sequence[float]) -> float:
    """The middle of ``values``."""
    return statistics.median(values)
