"""A harness in a process of its own that kills itself at a chosen moment, as ``kill -9`` would."""

import functools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from small_sweep import config, make_cells, sweep

from runner import deliver, durable, render
from runner.client import ComfyClient
from runner.journal import Journal
from runner.server import open_server
from sweeps import store as stores
from sweeps.store import Store
from workflow.cell import Clip


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _before(place: Any, name: str) -> None:
    """Die when ``place.name`` is called."""
    getattr(place, name)  # one that was renamed is an error, not a stage that is never reached
    setattr(place, name, lambda *args, **more: _die())


def _after(place: Any, name: str, when: Callable[..., bool] = lambda result, *args: True) -> None:
    """Die when ``place.name`` has done its work; ``when`` looks at its result and arguments first."""
    real = getattr(place, name)

    @functools.wraps(real)
    def dying(*args: Any, **more: Any) -> Any:
        result = real(*args, **more)
        if when(result, *args):
            _die()
        return result

    setattr(place, name, dying)


def _half(size: int, client: Any, ref: Any, into: Path, *rest: Any) -> bool:
    """Half the download is on the disk."""
    with into.open("rb+") as file:
        file.truncate(size // 2)
    return True


def _runs(queue: Any, *rest: Any) -> bool:
    return len(queue.running) == len(queue.pending) == 1


def _posted(result: Any, journal: Journal, *rest: Any) -> bool:
    return journal.state == "posted"


MOMENTS: dict[str, Callable[[], None]] = {
    "as the first file is uploaded": lambda: _after(ComfyClient, "upload"),
    "before the journal is written": lambda: _before(render, "begin"),
    "journal written, nothing sent": lambda: _before(ComfyClient, "submit"),
    "sent, the answer not read": lambda: _after(ComfyClient, "submit"),
    "answer read, noted": lambda: _after(Journal, "save", _posted),
    "two sent, waiting": lambda: _after(ComfyClient, "queue", _runs),
    "rendered, before the download": lambda: _before(ComfyClient, "view"),
    "half of the download": lambda: _after(ComfyClient, "view", _half),
    "downloaded, before it is verified": lambda: _before(deliver, "flaw_in"),
    "verified, before it is renamed": lambda: _before(durable, "publish"),
    "renamed, before the record": lambda: _after(durable, "publish"),
    "recorded, before the store has it": lambda: _before(Store, "commit"),
    "in the store's own rename": lambda: _before(stores, "sync_folder"),
    "as the second one is begun": lambda: _after(Store, "commit"),
}
"""Every stage of a render, in its order."""


def harness(url: str, root: Path, clip: Clip, count: int, first_seed: int, moment: str) -> None:
    """One command over ``count`` cells; ``moment`` is when to die, "" for never."""
    if moment:
        MOMENTS[moment]()
    with open_server(config(url), root) as server:
        progress = sweep(server, make_cells(clip, count, first_seed), Store(root / "store"))
    if progress.failures or progress.stopped:
        raise SystemExit(f"{progress}")
