"""Progress of one prompt, told to its client: ``progress_state`` for all nodes, ``progress`` for the one that ticks."""

from typing import Any

from runner.standin.sockets import Sockets


class Progress:
    """States of the nodes that have begun."""

    def __init__(self, sockets: Sockets, prompt_id: str, client: str | None) -> None:
        self._sockets, self._prompt_id, self._client = sockets, prompt_id, client
        self._nodes: dict[str, dict[str, Any]] = {}

    def start(self, node_id: str) -> None:
        """A node begins."""
        self._set(node_id, 0.0, 1.0, "running")

    def tick(self, node_id: str, value: int, maximum: int) -> None:
        """A node is at ``value`` of ``maximum``."""
        self._set(node_id, value, maximum, "running")
        data = {"value": value, "max": maximum, "prompt_id": self._prompt_id, "node": node_id}
        self._sockets.emit("progress", data, self._client)

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
