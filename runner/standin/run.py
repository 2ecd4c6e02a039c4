"""What a node function may use while it runs, and what it gives back."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from runner.standin.errors import InterruptedPromptError
from runner.standin.folders import Folders
from runner.standin.jobs import Prompt
from runner.standin.memory import Card


@dataclass(frozen=True)
class Result:
    """A node's output slots, and what it shows in history (``ui``)."""

    outputs: tuple[Any, ...]
    ui: dict[str, Any] | None = None


@dataclass
class Run:
    """One execution of one node. ``pace`` is an artificial least time in seconds that the sampler's steps take.

    ``reach`` is called where something may go wrong: ``sampling``, ``encoding`` and ``written``. ``pictures_with_av``:
    a file that is no picture is named by PyAV, not by Python.
    """

    node_id: str
    prompt: Prompt
    folders: Folders
    tick: Callable[[int, int], None]
    interrupted: threading.Event
    pace: float = 0.0
    card: Card = field(default_factory=Card)
    reach: Callable[[str], None] = lambda stage: None
    pictures_with_av: bool = False

    def check(self) -> None:
        """Raise InterruptedPromptError if the prompt was asked to stop."""
        if self.interrupted.is_set():
            raise InterruptedPromptError

    def wait_until(self, share: float, began: float) -> None:
        """Sleep until ``share`` (0 … 1) of the pace has passed since ``began``; wakes for an interrupt."""
        left = began + self.pace * share - time.monotonic()
        if left > 0:
            self.interrupted.wait(left)
        self.check()


Node = Callable[[Run, dict[str, Any]], Result]
"""A node function: its context and its inputs, links already resolved to values."""
