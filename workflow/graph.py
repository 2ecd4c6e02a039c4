"""Graphs in ComfyUI's API format: reading them, and the few questions everything else asks of them."""

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

from workflow.errors import HarnessError

Node = dict[str, Any]
Graph = dict[str, Node]
"""Node id → ``{"class_type": str, "inputs": {name: value or [node id, output slot]}, "_meta": {"title": str}}``."""

DEFAULT_GRAPH = Path(__file__).with_name("workflow_api.json")
_EXPORT = (
    "In ComfyUI open the workflow and choose Workflow > Export (API); older versions: Settings > enable dev mode "
    "options, then Save (API Format)."
)
# What the browser's widgets leave in an export; no node reads them.
_LEFTOVERS = {"LoadAudio": ("audioUI", "upload"), "LoadImage": ("upload",), "VHS_VideoCombine": ("videopreview",)}


class GraphError(HarnessError):
    """A file that holds no graph in API format."""

    code = "graph-unreadable"


class UiFormatError(GraphError):
    """A workflow saved for ComfyUI's canvas instead of for its API."""

    code = "graph-ui-format"


def is_link(value: Any) -> TypeGuard[list[Any]]:
    """Whether an input's value is a link ``[node id, output slot]``; ComfyUI takes every list for one."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], int)
        and not isinstance(value[1], bool)
    )


def links_of(graph: Graph, node_id: str) -> Iterator[tuple[str, str, int]]:
    """Each linked input of a node as (input name, source node id, source slot), dangling ones left out."""
    for name, value in graph[node_id]["inputs"].items():
        if isinstance(value, list) and is_link(value) and value[0] in graph:
            yield name, value[0], value[1]


def nodes_of(graph: Graph, *class_types: str) -> list[str]:
    """Ids of the nodes of these classes, in the graph's order."""
    return [node_id for node_id, node in graph.items() if node["class_type"] in class_types]


def title_of(graph: Graph, node_id: str) -> str:
    """The title a person sees on the node; its class where it has none."""
    meta = graph[node_id].get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    return title if isinstance(title, str) and title else str(graph[node_id]["class_type"])


def label_of(graph: Graph, node_id: str) -> str:
    """How messages name a node: its title, its class where the title does not tell it, and its id."""
    title, class_type = title_of(graph, node_id), graph[node_id]["class_type"]
    return f"{title!r} (#{node_id})" if title == class_type else f"{title!r} ({class_type}, #{node_id})"


def upstream(graph: Graph, start: str) -> set[str]:
    """``start`` and every node it depends on, directly or not; safe on cycles."""
    seen, todo = {start}, [start]
    while todo:
        for _, source, _ in links_of(graph, todo.pop()):
            if source not in seen:
                seen.add(source)
                todo.append(source)
    return seen


def canonical_json(obj: Any) -> str:
    """One text for equal values: sorted keys, no spaces, 2.0 as 2, text as it is; NaN and infinity are a ValueError.

    >>> canonical_json({"b": 2.0, "a": [True, 0.5, "é"]})
    '{"a":[true,0.5,"é"],"b":2}'
    """
    return json.dumps(_plain(obj), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


_NOT_PLAIN = (float, dict, list, tuple)  # asked before the call: most of a graph is text and whole numbers


def _plain(obj: Any) -> Any:
    if isinstance(obj, float):
        return int(obj) if math.isfinite(obj) and obj == int(obj) else obj
    if isinstance(obj, dict):
        return {key: _plain(value) if isinstance(value, _NOT_PLAIN) else value for key, value in obj.items()}
    if isinstance(obj, list | tuple):
        return [_plain(value) if isinstance(value, _NOT_PLAIN) else value for value in obj]
    return obj


def load_graph(path: Path | str | None = None) -> Graph:
    """The graph in a file (the shipped one for None). Raises :class:`GraphError` with the place of the first fault."""
    path = DEFAULT_GRAPH if path is None else Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        hint = "workflow.graph names a JSON file; a relative path starts where the command was started"
        raise GraphError(f"Cannot read the graph {path}: {error.strerror or error}.", hint=hint) from error
    except UnicodeDecodeError as error:
        raise GraphError(f"{path} is not UTF-8 text, so it is no workflow: {error.reason}.", hint=_EXPORT) from error
    return parse_graph(text, str(path))


@cache
def default_graph() -> Graph:
    """The shipped graph. One shared object: copy before changing it."""
    return load_graph(None)


def parse_graph(text: str, source: str = "graph") -> Graph:
    """The graph in a JSON text; ``source`` names it in messages. A body of ``POST /prompt`` is unwrapped."""
    try:
        data = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except RecursionError as error:
        raise GraphError(f"{source} is nested too deeply to be a workflow.", hint=_EXPORT) from error
    except ValueError as error:
        raise GraphError(f"{source} is not valid JSON: {error}.", hint=_EXPORT) from error
    return check_graph(data, source)


def check_graph(data: Any, source: str = "graph") -> Graph:
    """``data`` as a graph, browser leftovers removed, or :class:`GraphError`."""
    if not isinstance(data, dict) or not data:
        raise GraphError(f"{source} holds no JSON object with nodes.", hint=_EXPORT)
    if isinstance(data.get("nodes"), list):
        raise UiFormatError(f"{source} is a workflow saved for the canvas, not in API format.", hint=_EXPORT)
    if isinstance(data.get("prompt"), dict) and "class_type" not in data["prompt"]:
        data = data["prompt"]
    graph: Graph = {}
    for node_id, node in data.items():
        if not isinstance(node, dict) or not isinstance(node.get("class_type"), str):
            raise GraphError(f"{source}: entry {node_id!r} is no node, it has no class_type.", hint=_EXPORT)
        inputs = node.get("inputs")
        if not isinstance(inputs, dict):
            raise GraphError(f"{source}: node {node_id!r} ({node['class_type']}) has no inputs object.", hint=_EXPORT)
        leftovers = _LEFTOVERS.get(node["class_type"], ())
        graph[node_id] = node | {"inputs": {name: value for name, value in inputs.items() if name not in leftovers}}
    if not graph:
        raise GraphError(f"{source} holds no nodes.", hint=_EXPORT)
    return graph


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return result


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON number")
