"""Runs prompts one after another in a thread of its own, and tells the client what happens, event by event."""

import logging
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.standin.caching import Cache, Entry, fingerprints, signatures
from runner.standin.classes import NodeClasses
from runner.standin.errors import OUT_OF_MEMORY, OUT_OF_MEMORY_TIP, InterruptedPromptError, NodeError
from runner.standin.faults import Faults
from runner.standin.folders import Folders
from runner.standin.jobs import Job, Prompt, PromptQueue, is_link
from runner.standin.memory import Card
from runner.standin.mishaps import Mishaps
from runner.standin.order import CycleError, Order
from runner.standin.progress import Progress
from runner.standin.run import Node, Run
from runner.standin.sockets import Sockets

log = logging.getLogger(__name__)


class Executor:
    """The worker. ``nodes`` maps class names to node functions; ``pace`` is an artificial least time per prompt."""

    def __init__(
        self,
        queue: PromptQueue,
        sockets: Sockets,
        classes: NodeClasses,
        folders: Folders,
        nodes: Mapping[str, Node],
        pace: float = 0.0,
        faults: Faults | None = None,
    ) -> None:
        self._queue, self._sockets, self._classes, self._folders = queue, sockets, classes, folders
        self._nodes, self._pace = nodes, pace
        self._cache = Cache(_close, late=classes.release.forgets_late)
        self._interrupted = threading.Event()
        self._stopping = threading.Event()
        self.card = Card()
        self._mishaps = Mishaps(faults or Faults(), self.card, self._interrupted)
        self._thread = threading.Thread(target=self._work, name="puppet", daemon=True)

    def start(self) -> None:
        """Begin to take prompts."""
        self._thread.start()

    def interrupt(self) -> None:
        """Stop the running prompt between two frames."""
        self._interrupted.set()

    def stop(self, timeout: float) -> None:
        """End the thread, waiting up to ``timeout`` seconds for the frame at hand."""
        self._stopping.set()
        self._mishaps.ending.set()
        deadline = time.monotonic() + timeout
        while self._thread.is_alive() and time.monotonic() < deadline:
            self._interrupted.set()  # again and again: the worker clears it as a job begins
            self._queue.wake()
            self._thread.join(0.05)
        if not self._thread.is_alive():
            self._cache.clear()

    def _work(self) -> None:
        while not self._stopping.is_set():
            taken = self._queue.get(timeout=0.25)
            if taken is not None and not self._stopping.is_set():
                self._one(*taken)
            flags = self._queue.take_flags()
            if flags:
                self.card.free()
            if flags.get("free_memory"):
                self._cache.clear()

    def _one(self, ticket: int, job: Job) -> None:
        began = time.monotonic()
        client = job.extra.get("client_id")
        self._sockets.running_client = client
        self._interrupted.clear()  # as ComfyUI does, which so forgets an interrupt that came since it took the job
        execution = _Execution(self, job, client)
        self._mishaps.reach("taken")
        success = execution.run()
        self.card.rest()
        status = {"status_str": "success" if success else "error", "completed": success, "messages": execution.messages}
        self._queue.done(ticket, execution.shown(), status, kept=not self._mishaps.forgets())
        # Only this last event comes after the history is written.
        self._sockets.last_node = None
        if client is not None:
            self._sockets.emit("executing", {"node": None, "prompt_id": job.id}, client)
        log.info("stand-in: prompt %s ended after %.2f seconds", job.id, time.monotonic() - began)


class _Execution:
    """One prompt on its way."""

    def __init__(self, executor: Executor, job: Job, client: str | None) -> None:
        self._executor, self._job, self._client = executor, job, client
        self._sockets, self._cache = executor._sockets, executor._cache
        self._progress = Progress(self._sockets, job.id, client, slow=executor._classes.release.slows_progress)
        self._mishaps, self._old = executor._mishaps, executor._mishaps.old_answer(job.prompt)
        self._prompt: Prompt = {}
        self._executed: list[str] = []
        self.messages: list[tuple[str, dict[str, Any]]] = []

    def run(self) -> bool:
        """Execute what is not cached; True when every wanted output was reached."""
        prompt = self._job.prompt
        self._say("execution_start", {})
        if self._old is not None:
            self._say("execution_cached", {"nodes": list(prompt)})
            self._say("execution_success", {})
            return True
        try:
            files = fingerprints(prompt, self._executor._folders)
            self._cache.begin(signatures(prompt, self._executor._classes, files))
        except (KeyError, OSError, RecursionError) as error:  # a file that vanished after validation
            node_id = self._job.outputs[0]
            return self._failed(node_id, error, {})
        # What videos carry shows the fingerprint of each file beside its node; the history does not.
        self._prompt = {
            key: {**node, **({"is_changed": [files[key]]} if key in files else {})} for key, node in prompt.items()
        }
        cached = [node_id for node_id in prompt if self._cache.get(node_id)]
        self._say("execution_cached", {"nodes": cached})
        order = Order(prompt, self._is_output, lambda node_id: self._cache.get(node_id) is not None, self._job.outputs)
        while order:
            try:
                node_id = order.pick()
            except CycleError as error:
                return self._failed(error.node_id, error, {})
            if not self._node(node_id):
                return False
            order.done(node_id)
        self._say("execution_success", {})
        self._mishaps.shown(self.shown())
        return True

    def shown(self) -> dict[str, Any]:
        """``outputs`` and ``meta`` for the history: what nodes of this prompt showed, now or when they were cached."""
        if self._old is not None:
            return self._old
        found = {node_id: entry.ui for node_id in self._job.prompt if (entry := self._cache.get(node_id)) and entry.ui}
        if self._client is None and not self._executor._classes.release.shows_cached_to_nobody:
            found = {node_id: ui for node_id, ui in found.items() if node_id in self._executed}
        meta = {
            node_id: {"node_id": node_id, "display_node": node_id, "parent_node": None, "real_node_id": node_id}
            for node_id in found
        }
        return {"outputs": found, "meta": meta}

    def _is_output(self, node_id: str) -> bool:
        return self._executor._classes.is_output(self._job.prompt[node_id]["class_type"])

    def _node(self, node_id: str) -> bool:
        entry = self._cache.get(node_id)
        if entry is not None:
            self._tell_executed(node_id, entry.ui)
            self._progress.finish(node_id)
            return True
        self._progress.start(node_id)
        if self._client is not None:
            self._sockets.last_node = node_id
            data = {"node": node_id, "display_node": node_id, "prompt_id": self._job.id}
            self._sockets.emit("executing", data, self._client)
        inputs = self._inputs(node_id)
        try:
            entry = self._call(node_id, inputs)
        except Exception as error:  # whatever a node raises is an answer to the client
            return self._failed(node_id, error, inputs)
        if entry.ui:
            self._tell_executed(node_id, entry.ui)
        self._cache.set(node_id, entry)
        self._progress.finish(node_id)
        self._executed.append(node_id)
        return True

    def _call(self, node_id: str, inputs: dict[str, Any]) -> Entry:
        executor, name = self._executor, self._job.prompt[node_id]["class_type"]
        if name not in executor._nodes:
            raise NodeError("NotImplementedError", f"the stand-in cannot run {name}")

        def tick(value: int, maximum: int) -> None:
            self._progress.tick(node_id, value, maximum)

        run = Run(
            node_id,
            self._prompt,
            executor._folders,
            tick,
            executor._interrupted,
            executor._pace,
            executor.card,
            self._mishaps.reach,
            executor._classes.release.opens_pictures_with_av,
        )
        run.check()
        result = executor._nodes[name](run, inputs)
        for shown in (result.ui or {}).get("gifs", []):
            self._mishaps.written(Path(shown["fullpath"]))
        return Entry(result.outputs, result.ui)

    def _inputs(self, node_id: str) -> dict[str, Any]:
        values = {}
        for key, value in self._job.prompt[node_id]["inputs"].items():
            source = self._cache.get(value[0]) if is_link(value) else None
            values[key] = source.outputs[int(value[1])] if source else value
        return values

    def _tell_executed(self, node_id: str, output: dict[str, Any] | None) -> None:
        if self._client is not None:
            data = {"node": node_id, "display_node": node_id, "output": output, "prompt_id": self._job.id}
            self._sockets.emit("executed", data, self._client)

    def _say(self, event: str, data: dict[str, Any], *, everyone: bool = False) -> None:
        message = {**data, "prompt_id": self._job.id, "timestamp": int(time.time() * 1000)}
        self.messages.append((event, message))
        if self._client is not None or everyone:
            self._sockets.emit(event, message, self._client)

    def _failed(self, node_id: str, error: Exception, inputs: dict[str, Any]) -> bool:
        about = {
            "node_id": node_id,
            "node_type": self._job.prompt[node_id]["class_type"],
            "executed": list(self._executed),
        }
        if isinstance(error, InterruptedPromptError):
            log.info("stand-in: processing interrupted")
            self._say("execution_interrupted", about, everyone=True)
            return False
        kind = error.kind if isinstance(error, NodeError) else _full_name(type(error))
        tip = OUT_OF_MEMORY_TIP if kind == OUT_OF_MEMORY else ""
        log.error("stand-in: exception in node %s: %s: %s", node_id, kind, error)
        details = {
            "exception_message": f"{error}" if isinstance(error, CycleError) else f"{error}\n{tip}",
            "exception_type": kind,
            "traceback": traceback.format_tb(error.__traceback__),
            "current_inputs": {key: [_shown(value)] for key, value in inputs.items()},
            "current_outputs": list(self._job.prompt),
        }
        self._say("execution_error", {**about, **details})
        return False


def _full_name(kind: type[BaseException]) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _shown(value: Any) -> Any:
    return value if isinstance(value, int | float | bool | str | None) else str(value)[:200]


def _close(entry: Entry) -> None:
    for value in entry.outputs:
        close = getattr(value, "close", None)
        if callable(close):
            close()
