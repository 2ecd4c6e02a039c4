"""The recipe: the identity of what is asked of a server, known before anything runs."""

import hashlib
from collections.abc import Mapping
from typing import Any

from workflow.graph import Graph, canonical_json
from workflow.models import canonical, is_model_file

FORMAT_VERSION = 1
"""Counts up when the same graph must no longer count as the same recipe."""

VOLATILE = frozenset({"filename_prefix", "save_output"})
"""Inputs that say where a video goes, not what it is."""


def recipe_hash(graph: Graph, files: Mapping[str, str], seed: int) -> str:
    """64 hex digits of what decides the video, as far as the graph says it.

    Covered are every node's class and inputs except :data:`VOLATILE` ones (2 and 2.0 are one value, model names are
    compared with ``/``), the content of each input file (``files``: name in the graph → SHA-256; the name itself
    does not count), the seed, and :data:`FORMAT_VERSION`. Titles and the order of nodes and inputs do not count.
    """
    nodes = {
        node_id: [
            node["class_type"],
            {name: _identity(value, files) for name, value in node["inputs"].items() if name not in VOLATILE},
        ]
        for node_id, node in graph.items()
    }
    text = canonical_json({"format": FORMAT_VERSION, "graph": nodes, "seed": seed})
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _identity(value: Any, files: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        if value in files:
            return {"sha256": files[value]}
        if "\\" in value and is_model_file(value):
            return canonical(value)
    return value
