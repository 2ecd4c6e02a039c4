"""Prompts that wait, the one that runs, and the history of those that ended; all in memory."""

import copy
import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MAX_HISTORY = 10_000
Prompt = dict[str, dict[str, Any]]


def is_link(value: Any) -> bool:
    """True for ``[node id, slot]``."""
    return (
        isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int | float)
    )


@dataclass(order=True)
class Job:
    """One prompt in the queue; the lowest number runs first."""

    number: float
    id: str
    prompt: Prompt = field(compare=False)
    extra: dict[str, Any] = field(compare=False)
    outputs: list[str] = field(compare=False)

    def as_list(self) -> list[Any]:
        """The five-element form in which ``/queue`` and ``/history`` show it."""
        return [self.number, self.id, self.prompt, self.extra, self.outputs]


class PromptQueue:
    """Thread-safe; ``on_change`` is called after every change with the lock held."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._lock = threading.RLock()
        self._ready = threading.Condition(self._lock)
        self._pending: list[Job] = []
        self._running: dict[int, Job] = {}
        self._history: dict[str, dict[str, Any]] = {}
        self._flags: dict[str, bool] = {}
        self._count = 0
        self._on_change = on_change

    def put(self, job: Job) -> None:
        """Add a job; the same id twice is queued twice, as on ComfyUI."""
        with self._ready:
            heapq.heappush(self._pending, job)
            self._on_change()
            self._ready.notify()

    def get(self, timeout: float) -> tuple[int, Job] | None:
        """Take the next job and mark it running; None when none came, or a flag was set, within ``timeout`` s."""
        with self._ready:
            if not self._pending and not self._flags:
                self._ready.wait(timeout)
            if not self._pending:
                return None
            job = heapq.heappop(self._pending)
            self._count += 1
            self._running[self._count] = copy.deepcopy(job)
            self._on_change()
            return self._count, job

    def wake(self) -> None:
        """Whoever waits for a job looks again now."""
        with self._ready:
            self._ready.notify_all()

    def done(self, ticket: int, result: dict[str, Any], status: dict[str, Any], *, kept: bool = True) -> None:
        """Move a running job into the history; ``kept`` is False where it is forgotten at once."""
        with self._lock:
            job = self._running.pop(ticket)
            if len(self._history) > MAX_HISTORY:
                self._history.pop(next(iter(self._history)))
            if kept:
                self._history[job.id] = {"prompt": job.as_list(), "outputs": {}, "status": status, **result}
            self._on_change()

    def cleared(self, job: Job) -> None:
        """A job joins, and somebody clears what waits before the worker looks."""
        with self._lock:
            self.put(job)
            self.wipe()

    def running_ids(self) -> list[str]:
        """Ids of what runs now."""
        with self._lock:
            return [job.id for job in self._running.values()]

    def state(self) -> dict[str, Any]:
        """What ``GET /queue`` answers; pending in heap order."""
        with self._lock:
            return {
                "queue_running": [job.as_list() for job in self._running.values()],
                "queue_pending": [job.as_list() for job in self._pending],
            }

    def info(self) -> dict[str, Any]:
        """What ``GET /prompt`` answers and ``status`` events carry."""
        with self._lock:
            return {"exec_info": {"queue_remaining": len(self._pending) + len(self._running)}}

    def wipe(self) -> None:
        """Forget everything that waits."""
        with self._lock:
            self._pending = []
            self._on_change()

    def delete(self, prompt_id: str) -> None:
        """Forget the first waiting job of that id."""
        with self._lock:
            for index, job in enumerate(self._pending):
                if job.id == prompt_id:
                    self._pending.pop(index)
                    heapq.heapify(self._pending)
                    self._on_change()
                    return

    def history(
        self, prompt_id: str | None = None, *, max_items: int | None = None, offset: int = -1
    ) -> dict[str, Any]:
        """One entry (``{}`` when unknown, waiting or running), or the last ``max_items`` of all."""
        with self._lock:
            if prompt_id is not None:
                return {prompt_id: self._history[prompt_id]} if prompt_id in self._history else {}
            if offset < 0:
                offset = 0 if max_items is None else max(0, len(self._history) - max_items)
            end = None if max_items is None else offset + max_items
            return dict(list(self._history.items())[offset:end])

    def wipe_history(self) -> None:
        """Forget what ended."""
        with self._lock:
            self._history = {}

    def delete_history(self, prompt_id: str) -> None:
        """Forget one entry."""
        with self._lock:
            self._history.pop(prompt_id, None)

    def set_flag(self, name: str) -> None:
        """Ask the worker for ``unload_models`` or ``free_memory`` between two prompts."""
        with self._ready:
            self._flags[name] = True
            self._ready.notify()

    def take_flags(self) -> dict[str, bool]:
        """What was asked since the last call."""
        with self._lock:
            flags, self._flags = self._flags, {}
            return flags
