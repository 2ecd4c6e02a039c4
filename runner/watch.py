"""What the socket told of one prompt: its progress now, and the times of what happened."""

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from runner.progress import Progress, Shape
from workflow.timings import StepSeconds, Timings, slow_steps

_OVER = frozenset({"execution_success", "execution_error", "execution_interrupted"})


class Watch:
    """Collects the events of one prompt; written by the listener's thread, read by the one that follows.

    Everything here is advisory: a silent socket leaves it empty and the render is none the worse.
    """

    def __init__(self, shape: Shape, clock: Callable[[], float] = time.monotonic) -> None:
        self._shape, self._clock = shape, clock
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._over = threading.Event()
        self._progress: Progress | None = None
        self._last: float | None = None
        self._started: float | None = None
        self._ended: float | None = None
        self._nodes: list[tuple[str, float]] = []
        self._steps: dict[tuple[int, int], float] = {}
        self._weights: float | None = None

    @property
    def last(self) -> float | None:
        """Clock of the last event, None before the first."""
        return self._last

    @property
    def span(self) -> tuple[float | None, float | None]:
        """Clocks at which the prompt began and ended, each None where no event told it."""
        return self._started, self._ended

    def wait(self, seconds: float) -> None:
        """Sleep, but wake early when an event says that the prompt is over."""
        if self._changed.wait(seconds):
            self._changed.clear()

    def settle(self, seconds: float) -> None:
        """Wait a moment for the last events: polling can see the end before the socket has told all of it."""
        self._over.wait(seconds)

    def take(self) -> Progress | None:
        """The newest progress since the last call, if any."""
        with self._lock:
            progress, self._progress = self._progress, None
            return progress

    def event(self, kind: str, data: Mapping[str, Any]) -> None:
        """One message of the socket, already filtered by prompt id."""
        now = self._clock()
        with self._lock:
            self._last = now
            if kind == "execution_start":
                self._started = now
            elif kind == "executing":
                self._node(data.get("node"), now)
            elif kind == "progress":
                self._count(str(data.get("node", "")), data.get("value"), data.get("max"), now)
            elif kind in _OVER:
                self._ended = now
        if kind in _OVER or (kind == "executing" and data.get("node") is None):
            self._changed.set()
            self._over.set()

    def _node(self, node: Any, now: float) -> None:
        if not isinstance(node, str):
            self._ended = self._ended or now
            return
        self._nodes.append((node, now))
        self._progress = Progress("node", node, self._shape.classes.get(node, ""))

    def _count(self, node: str, value: Any, maximum: Any, now: float) -> None:
        if not isinstance(value, int | float) or not isinstance(maximum, int | float):
            return
        name, shape = self._shape.classes.get(node, ""), self._shape
        if node != shape.sampler:
            self._progress = Progress("node", node, name, value, maximum)
            return
        place = shape.step_of(value, maximum)
        if place is None:
            if not self._steps:
                self._weights = now
            self._progress = Progress("loading", node, name, value, maximum)
            return
        self._steps.setdefault(place, now)
        self._progress = Progress(
            "sampling", node, name, value, maximum, place[0], shape.windows, place[1], shape.steps
        )

    def timings(self, *, posted: float | None, cached: frozenset[str] | None, seconds: float | None) -> Timings:
        """What is known when the prompt is over; None where no event told it.

        ``posted`` is the clock when it was sent, ``cached`` the nodes that the server did not run and ``seconds``
        its own measure of the whole. Load ends, and the first window begins, where the first step began: one
        median step before it was reported. A window lasts from the last step before it to its own last step, so
        that steady windows carry the decode and encode between them.
        """
        with self._lock:
            shape, begin, steps = self._shape, self._begin_of_steps(), self._step_seconds()
            node_at = dict(reversed(self._nodes))
            sampler_at = node_at.get(shape.sampler or "")
            load_from = node_at.get(shape.loader or "", sampler_at)
            whole = self._ended - self._started if self._ended is not None and self._started is not None else None
            return Timings(
                queue_s=None if posted is None or self._started is None else round(max(0.0, self._started - posted), 4),
                load_s=None if begin is None or load_from is None else round(max(0.0, begin - load_from), 4),
                sample_s=self._seconds_of(shape.sampler),
                total_s=seconds if seconds is not None else whole,
                node_s=self._node_seconds(),
                window_s=self._window_seconds(begin),
                step_s=steps,
                slow=slow_steps(steps),
                cached=None if cached is None or shape.sampler is None else shape.sampler in cached,
                cold=None if cached is None or shape.loader is None else shape.loader not in cached,
            )

    def _begin_of_steps(self) -> float | None:
        if not self._steps:
            return None
        first = min(self._steps.values())
        gaps = sorted(
            at - self._steps[window, step - 1]
            for (window, step), at in self._steps.items()
            if (window, step - 1) in self._steps
        )
        known = max((at for at in (self._weights, self._at(self._shape.sampler)) if at is not None), default=first)
        return max(known, first - gaps[len(gaps) // 2]) if gaps else known

    def _at(self, node: str | None) -> float | None:
        return next((at for name, at in self._nodes if name == node), None)

    def _window_seconds(self, begin: float | None) -> tuple[float, ...]:
        steps = self._shape.steps
        ends = [self._steps.get((window, steps or 0)) for window in range(1, self._shape.windows + 1)]
        if begin is None or any(end is None for end in ends):
            return ()
        marks = [begin, *(end for end in ends if end is not None)]
        return tuple(round(after - before, 4) for before, after in itertools.pairwise(marks))

    def _step_seconds(self) -> StepSeconds:
        """From one step's end to the next one's. The VAE works between windows: a window's first step is unknown."""
        if not self._steps or not self._shape.steps:
            return ()
        at, steps = self._steps, range(2, self._shape.steps + 1)
        return tuple(
            (None, *(_gap(at.get((window, step - 1)), at.get((window, step))) for step in steps))
            for window in range(1, self._shape.windows + 1)
        )

    def _node_seconds(self) -> tuple[tuple[str, float], ...]:
        ends = [*(at for _, at in self._nodes[1:]), self._ended]
        return tuple(
            (f"{node} {self._shape.classes.get(node, '?')}", round(end - at, 4))
            for (node, at), end in zip(self._nodes, ends, strict=False)
            if end is not None
        )

    def _seconds_of(self, node: str | None) -> float | None:
        return next((seconds for name, seconds in self._node_seconds() if name.partition(" ")[0] == node), None)


def _gap(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else round(after - before, 4)
