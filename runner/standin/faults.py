"""Faults that the stand-in commits when it is told to: which there are, and where they wait for their moment.

A real server has them of itself; the stand-in has these switches so that a harness can be tried against every one of
them. None is on unless asked for, by ``--fault`` or ``POST /stand_in/faults``.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from workflow.errors import HarnessError

Value = str | float


class BadFault(HarnessError):
    """A fault that there is not, or a setting that it does not have."""

    code: ClassVar[str] = "bad-fault"


@dataclass(frozen=True)
class Kind:
    """One kind of fault: in words, how often it happens (0: for ever), and its further settings with their defaults."""

    says: str
    times: int = 1
    values: Mapping[str, Value] = field(default_factory=dict)


_WHEN: Final[Mapping[str, Value]] = {"when": "sampling"}
KINDS: Final[Mapping[str, Kind]] = {
    # answers
    "refused": Kind("connections are refused for a while", values={"seconds": 1.0, "path": ""}),
    "slow": Kind("an answer takes its time", times=0, values={"seconds": 0.5, "path": ""}),
    "http-500": Kind("an answer is the server's own 500", values={"path": ""}),
    "http-502": Kind("an answer is a proxy's 502, in HTML", values={"path": ""}),
    "http-truncated": Kind("an answer ends in its middle; how=body|connection", values={"path": "", "how": "body"}),
    "post-lost": Kind(
        "a prompt is taken (taken=1) or not (0), and the answer is lost; how=drop|hang",
        values={"taken": 1, "how": "drop", "seconds": 60.0},
    ),
    "post-late": Kind("the connection breaks, and the prompt arrives later all the same", values={"seconds": 0.5}),
    "upload-refused": Kind("an upload is too large: 413"),
    "upload-disk-full": Kind("an upload finds no room on the server's disk: 500"),
    "graph-altered": Kind("the prompt that runs is not the one that was sent"),
    "queue-cleared": Kind("somebody clears the queue in the moment a prompt joins it"),
    # events
    "socket-refused": Kind("the websocket's handshake is refused", times=0),
    "socket-silent": Kind("the websocket stays open and says nothing any more", times=0),
    "socket-closed": Kind("every websocket is closed"),
    # the worker; when=taken|sampling|encoding|written
    "died": Kind("the process is killed", values=_WHEN),
    "worker-dead": Kind("the worker thread dies, HTTP goes on", values=_WHEN),
    "worker-stuck": Kind("a node hangs and heeds no interrupt", values={**_WHEN, "seconds": 3600.0}),
    "interrupted": Kind("somebody interrupts the prompt", values=_WHEN),
    "out-of-memory": Kind(
        "the card is full; keeps=1: its memory does not come back until a restart", values={**_WHEN, "keeps": 0}
    ),
    "node-error": Kind(
        "a node raises",
        values={**_WHEN, "kind": "ModuleNotFoundError", "message": "No module named 'color_matcher'"},
    ),
    "history-evicted": Kind("what ended is not in the history any more"),
    # the video; disk-full: how=error|mux|truncated
    "disk-full": Kind("the server's disk is full", values={"how": "error"}),
    "output-truncated": Kind("the video is cut off", values={"share": 0.6}),
    "output-garbage": Kind("the video does not decode"),
    "output-foreign": Kind("the video carries another prompt"),
    "output-missing": Kind("the video is gone"),
    "output-cached": Kind("an older file is the answer, at once, as if all had been cached"),
}


@dataclass
class Fault:
    """One fault that waits: it lets ``after`` occasions pass and then happens ``times`` times (0: for ever)."""

    name: str
    times: int
    after: int
    values: Mapping[str, Value]
    seen: int = 0
    struck: int = 0

    def text(self, key: str) -> str:
        """A setting as words."""
        return str(self.values[key])

    def number(self, key: str) -> float:
        """A setting as a number."""
        return float(self.values[key])

    def to_json(self) -> dict[str, Any]:
        """What ``GET /stand_in/faults`` shows: ``struck`` tells whether and how often it happened."""
        counted = {"seen": self.seen, "struck": self.struck}
        return {"name": self.name, "times": self.times, "after": self.after, **self.values, **counted}


def fault(name: str, settings: Mapping[str, Any]) -> Fault:
    """A fault of that name; raises BadFault for a name or setting that there is not, or no number where one must be."""
    kind = KINDS.get(name)
    if kind is None:
        raise BadFault(f"there is no fault {name!r}", hint=f"one of {', '.join(KINDS)}")
    known: dict[str, Value] = {"times": kind.times, "after": 0, **kind.values}
    for key, value in settings.items():
        if key not in known:
            raise BadFault(f"the fault {name} has no setting {key!r}", hint=f"it has {', '.join(known)}")
        try:
            known[key] = str(value) if isinstance(known[key], str) else float(value)
        except (TypeError, ValueError):
            raise BadFault(f"{name}:{key}={value} is no number") from None
    times, after = (int(float(known.pop(key))) for key in ("times", "after"))
    return Fault(name, times, after, known)


def read_fault(words: str) -> Fault:
    """A fault as the command line spells it: ``NAME[:key=value,…]``.

    >>> read_fault("http-500:times=3,path=/queue").values["path"]
    '/queue'
    """
    name, _, rest = words.partition(":")
    pairs = [part.partition("=") for part in rest.split(",")] if rest else []
    return fault(name.strip(), {key.strip(): value for key, _, value in pairs})


class Faults:
    """The faults of one stand-in; asked from any thread."""

    def __init__(self, *faults: Fault) -> None:
        self._lock = threading.Lock()
        self._faults = list(faults)

    def add(self, one: Fault) -> None:
        """Let one more wait."""
        with self._lock:
            self._faults.append(one)

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._faults.clear()

    def listing(self) -> list[dict[str, Any]]:
        """All of them, also those whose times are over."""
        with self._lock:
            return [one.to_json() for one in self._faults]

    def strike(self, name: str, *, path: str = "", **asked: Value) -> Fault | None:
        """The fault ``name`` if this is its occasion: ``path`` begins as it wants, its settings are as ``asked``."""
        with self._lock:
            for one in self._faults:
                elsewhere = not path.startswith(str(one.values.get("path", "")))
                if one.name != name or elsewhere or any(one.values[key] != value for key, value in asked.items()):
                    continue
                if one.times and one.struck >= one.times:
                    continue
                one.seen += 1
                if one.seen > one.after:
                    one.struck += 1
                    return one
        return None
