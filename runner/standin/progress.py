"""Progress of one prompt, told to its client: ``progress_state`` for all nodes, ``progress`` for the one that ticks."""

import time
from typing import Any, Final

from runner.standin.sockets import Sockets

_PAUSE_S: Final = 0.1
_LEAST: Final = 0.005
"""A bar that is slowed tells no tick sooner after the last, and none that is no further on by this share."""


class Progress:
    """States of the nodes that have begun. ``slow``: bars do not tell every tick."""

    def __init__(self, sockets: Sockets, prompt_id: str, client: str | None, *, slow: bool = False) -> None:
        self._sockets, self._prompt_id, self._client, self._slow = sockets, prompt_id, client, slow
        self._told: dict[str, tuple[float, int]] = {}
        self._nodes: dict[str, dict[str, Any]] = {}

    def start(self, node_id: str) -> None:
        """A node begins."""
        self._set(node_id, 0.0, 1.0, "running")

    def tick(self, node_id: str, value: int, maximum: int) -> None:
        """A node is at ``value`` of ``maximum``."""
        if self._slow and not self._worth_telling(node_id, value, maximum):
            return
        self._set(node_id, value, maximum, "running")
        data = {"value": value, "max": maximum, "prompt_id": self._prompt_id, "node": node_id}
        self._sockets.emit("progress", data, self._client)

    def _worth_telling(self, node_id: str, value: int, maximum: int) -> bool:
        """As ComfyUI's ``ProgressBar`` decides since 0.27; a value that goes back is a bar of its own."""
        now = time.monotonic()
        at, last = self._told.get(node_id, (0.0, value))
        first = node_id not in self._told or value < last
        if first or value >= maximum or (now - at >= _PAUSE_S and value - last >= _LEAST * maximum):
            self._told[node_id] = (now, value)
            return True
        return False

    def finish(self, node_id: str) -> None:
        """A node is done; one that was cached appears as finished."""
        maximum = self._nodes.get(node_id, {}).get("max", 1)
        self._set(node_id, maximum, maximum, "finished")

    def _set(self, node_id: str, value: float, maximum: float, state: str) -> None:
        self._nodes[node_id] = {
            "value": value,
            "max": maximum,
            "state": state,
            "node_id": node_id,
            "prompt_id": self._prompt_id,
            "display_node_id": node_id,
            "parent_node_id": None,
            "real_node_id": node_id,
        }
        self._sockets.emit("progress_state", {"prompt_id": self._prompt_id, "nodes": dict(self._nodes)}, self._client)
