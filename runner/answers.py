"""What a server's answers say, read with suspicion: any shape may come, only known shapes pass."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runner.text import plain, plain_block
from runner.transport import ServerBadAnswer

_OUT_OF_MEMORY_TYPES = ("OutOfMemoryError",)
_OUT_OF_MEMORY_WORDS = ("out of memory", "would exceed allowed memory", "can't allocate memory")


@dataclass(frozen=True)
class Queue:
    """Prompt ids that run and that wait, the waiting ones in the order in which they will run."""

    running: tuple[str, ...]
    pending: tuple[str, ...]

    def ahead_of(self, prompt_id: str) -> int:
        """How many prompts run before ``prompt_id``, which must be pending."""
        return len(self.running) + self.pending.index(prompt_id)


@dataclass(frozen=True)
class FileRef:
    """A file on the server as it names it: used only to ask for it again, never as a path here."""

    filename: str
    subfolder: str
    kind: str

    def params(self) -> dict[str, str]:
        """The query of ``/view``."""
        return {"filename": self.filename, "subfolder": self.subfolder, "type": self.kind}


@dataclass(frozen=True)
class Failure:
    """Why a prompt ended without success: ``kind`` is error, out_of_memory or interrupted."""

    kind: str
    node: str = ""
    class_type: str = ""
    message: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class Finished:
    """One entry of ``/history``. ``seconds`` is the server's own execution time, where its messages tell it."""

    success: bool
    prompt: Mapping[str, Any]
    outputs: Mapping[str, tuple[FileRef, ...]]
    cached: frozenset[str] | None
    failure: Failure | None = None
    seconds: float | None = None


def read_queue(answer: Any) -> Queue:
    """``/queue``; pending comes in heap order and is sorted by number."""
    if not isinstance(answer, dict):
        raise ServerBadAnswer("/queue answered no object")
    return Queue(
        tuple(item[1] for item in _items(answer.get("queue_running"))),
        tuple(item[1] for item in sorted(_items(answer.get("queue_pending")), key=lambda item: item[0])),
    )


def _items(value: Any) -> Iterator[tuple[float, str]]:
    if not isinstance(value, list):
        raise ServerBadAnswer("/queue answered no lists")
    for item in value:
        if isinstance(item, list) and len(item) > 1 and isinstance(item[0], int | float) and isinstance(item[1], str):
            yield item[0], item[1]


def read_history(answer: Any, prompt_id: str) -> Finished | None:
    """``/history/{id}``, None where the server does not (or no longer) know it."""
    if not isinstance(answer, dict):
        raise ServerBadAnswer("/history answered no object")
    entry = answer.get(prompt_id)
    if entry is None:
        return None
    if not isinstance(entry, dict):
        raise ServerBadAnswer(f"/history answered no object for {prompt_id}")
    status = entry.get("status")
    status = status if isinstance(status, dict) else {}
    messages = list(_messages(status.get("messages")))
    prompt = entry.get("prompt")
    graph = prompt[2] if isinstance(prompt, list) and len(prompt) > 2 and isinstance(prompt[2], dict) else {}
    failure = _failure(messages)
    success = status.get("status_str") == "success" and status.get("completed") is True and failure is None
    if not success and failure is None:
        failure = Failure("error", message=f"the server's history says {plain(status.get('status_str'), 60)!r}")
    return Finished(success, graph, _outputs(entry.get("outputs")), _cached(messages), failure, _seconds(messages))


def _messages(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in value if isinstance(value, list) else []:
        if isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) and isinstance(item[1], dict):
            yield item[0], item[1]


def _failure(messages: list[tuple[str, dict[str, Any]]]) -> Failure | None:
    for name, data in messages:
        if name not in ("execution_error", "execution_interrupted"):
            continue
        node, class_type = plain(data.get("node_id", ""), 60), plain(data.get("node_type", ""), 120)
        if name == "execution_interrupted":
            return Failure("interrupted", node, class_type)
        kind, words = str(data.get("exception_type", "")), str(data.get("exception_message", ""))
        lines = data.get("traceback")
        trace = plain_block("".join(map(str, lines))) if isinstance(lines, list) else ""
        oom = kind.endswith(_OUT_OF_MEMORY_TYPES) or any(part in words.lower() for part in _OUT_OF_MEMORY_WORDS)
        message = f"{plain(kind, 120)}: {plain(words, 400)}"
        return Failure("out_of_memory" if oom else "error", node, class_type, message, trace)
    return None


def _cached(messages: list[tuple[str, dict[str, Any]]]) -> frozenset[str] | None:
    for name, data in messages:
        if name == "execution_cached" and isinstance(data.get("nodes"), list):
            return frozenset(str(node) for node in data["nodes"])
    return None


def _seconds(messages: list[tuple[str, dict[str, Any]]]) -> float | None:
    at = {name: data.get("timestamp") for name, data in messages}
    start = at.get("execution_start")
    end = at.get("execution_success", at.get("execution_error"))
    if isinstance(start, int | float) and isinstance(end, int | float) and end >= start:
        return (end - start) / 1000.0
    return None


def _outputs(value: Any) -> dict[str, tuple[FileRef, ...]]:
    found: dict[str, tuple[FileRef, ...]] = {}
    for node, output in value.items() if isinstance(value, dict) else ():
        lists = output.values() if isinstance(output, dict) else ()
        refs = [_ref(item) for entries in lists if isinstance(entries, list) for item in entries]
        found[str(node)] = tuple(ref for ref in refs if ref is not None)
    return found


def _ref(item: Any) -> FileRef | None:
    if not isinstance(item, dict):
        return None
    name, subfolder, kind = item.get("filename"), item.get("subfolder", ""), item.get("type", "output")
    if not (isinstance(name, str) and isinstance(subfolder, str) and isinstance(kind, str)) or len(name) > 1024:
        return None
    return FileRef(name, subfolder, kind)
