"""The cache: a node's outputs are kept while the next prompt has the same node with the same ancestors."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from runner.standin.classes import NodeClasses
from runner.standin.folders import Folders
from runner.standin.jobs import Prompt, is_link


def fingerprints(prompt: Prompt, folders: Folders) -> dict[str, str]:
    """SHA-256 of the file that a node names, by node; the real nodes' ``IS_CHANGED``."""
    found = {}
    for node_id, node in prompt.items():
        key = {"LoadImage": "image", "LoadAudio": "audio"}.get(node["class_type"])
        path = folders.uploaded(str(node["inputs"].get(key))) if key else None
        if path is not None and path.is_file():
            found[node_id] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def signatures(prompt: Prompt, classes: NodeClasses, files: Mapping[str, str]) -> dict[str, str]:
    """One hash per node over class, values, the file it names (``files``), and the same of every ancestor."""
    done: dict[str, str] = {}

    def signature(node_id: str) -> str:
        if node_id not in done:
            node = prompt[node_id]
            name = node["class_type"]
            parts: list[Any] = [name, files.get(node_id, "")]
            if classes.knows_its_id(name):
                parts.append(node_id)
            for key, value in sorted(node["inputs"].items()):
                if is_link(value) and value[0] in prompt:
                    parts.append([key, signature(value[0]), value[1]])
                else:
                    parts.append([key, value])
            done[node_id] = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        return done[node_id]

    for node_id in prompt:
        signature(node_id)
    return done


@dataclass
class Entry:
    """What a node left behind: its output slots, and what it showed (``ui``), None for most."""

    outputs: tuple[Any, ...]
    ui: dict[str, Any] | None


class Cache:
    """Entries by node id of the current prompt; anything that prompt does not have is dropped.

    At once, as ComfyUI's classic cache does; or, with ``late``, once one of its nodes has run: its newer cache, which
    makes room after every node, so that a prompt that fails at its first one leaves all as it was.
    """

    def __init__(self, on_drop: Callable[[Entry], None], *, late: bool = False) -> None:
        self._entries: dict[str, Entry] = {}
        self._keys: dict[str, str] = {}
        self._on_drop = on_drop
        self._late = late

    def begin(self, keys: dict[str, str]) -> None:
        """Turn to a new prompt, given its signatures."""
        self._keys = keys
        if not self._late:
            self._drop_others()

    def get(self, node_id: str) -> Entry | None:
        """What this node left behind, or None when it must run."""
        return self._entries.get(self._keys[node_id])

    def set(self, node_id: str, entry: Entry) -> None:
        """Keep what a node left behind."""
        self._entries[self._keys[node_id]] = entry
        self._drop_others()

    def clear(self) -> None:
        """Forget everything (``/free`` with ``free_memory``)."""
        self._drop(list(self._entries))

    def _drop_others(self) -> None:
        present = set(self._keys.values())
        self._drop([key for key in self._entries if key not in present])

    def _drop(self, keys: list[str]) -> None:
        for key in keys:
            self._on_drop(self._entries.pop(key))
