"""Where to write a value when the input that takes it is a link: at the constant it comes from, or over the link."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflow.graph import Graph, is_link, label_of, links_of

InputRef = tuple[str, str]
"""(node id, input name)."""
Path = tuple[InputRef, ...]
"""The inputs a value passes on its way up from the input that reads it; the last one is where it stands."""

_PICTURES = {"image", "images", "pixels", "IMAGE"}
_CONSTANT_NAMES = ("value", "int", "float", "number", "seed", "string", "text", "boolean")
_COMPUTES = re.compile(r"math|expression|calc|arith|operat|switch|random|compare|convert|concat|add|sub|mul|div", re.I)


@dataclass(frozen=True)
class Place:
    """One input to write a value into, with what there is to say about it (empty where nothing is)."""

    node: str
    input: str
    note: str = ""


def follow(graph: Graph, node: str, name: str, kind: str, wanted: str | None = None) -> Path:
    """The path of the value of ``node.name``: up to its one constant, or the input alone where there is none.

    Followed are reroutes, constant nodes, and for ``width`` and ``height`` the nodes a picture passes until one has
    an input of that name. Not followed is whatever computes: a value set before a subtraction would come out
    changed. ``kind`` is the type of the constant to look for, ``wanted`` the name of the value (default: ``name``).
    """
    wanted = wanted or name
    path: list[InputRef] = [(node, name)]
    while True:
        value = graph[path[-1][0]]["inputs"].get(path[-1][1])
        if not is_link(value):
            return tuple(path)
        step = _source_input(graph, value[0], kind, wanted) if value[0] in graph else None
        if step is None or step in path:
            return ((node, name),)
        path.append(step)


def _source_input(graph: Graph, source: str, kind: str, wanted: str) -> InputRef | None:
    """The input of ``source`` that decides the value it hands on."""
    if wanted in ("width", "height"):
        return _size_input(graph, source, wanted)
    inputs, class_type = graph[source]["inputs"], graph[source]["class_type"]
    if "reroute" in class_type.lower() and len(inputs) == 1:
        return source, next(iter(inputs))
    return _constant(source, class_type, inputs, kind, wanted)


def _size_input(graph: Graph, source: str, wanted: str) -> InputRef | None:
    """Width or height as ``source`` has it, or as the nodes have it whose picture it measures."""
    seen: set[str] = set()
    while source not in seen:
        seen.add(source)
        inputs, class_type = graph[source]["inputs"], graph[source]["class_type"]
        for name in (wanted, f"custom_{wanted}", f"target_{wanted}"):
            if name in inputs:
                return source, name
        constant = _constant(source, class_type, inputs, "INT", wanted)
        if constant is not None:
            return constant
        if "reroute" in class_type.lower() and len(inputs) == 1:
            return source, next(iter(inputs))
        pictures = {origin for name, origin, _ in links_of(graph, source) if name in _PICTURES}
        if len(pictures) != 1:
            return None
        source = pictures.pop()
    return None


def _constant(source: str, class_type: str, inputs: Mapping[str, Any], kind: str, wanted: str) -> InputRef | None:
    """The one plain value of a node that only holds it."""
    if _COMPUTES.search(class_type) or any(is_link(value) for value in inputs.values()):
        return None
    fitting = [name for name, value in inputs.items() if _fits(value, kind)]
    if len(inputs) == 1 and fitting:
        return source, fitting[0]
    named = [name for name in (wanted, *_CONSTANT_NAMES) if name in fitting]
    return (source, named[0]) if named else None


def _fits(value: Any, kind: str) -> bool:
    if kind == "BOOLEAN":
        return isinstance(value, bool)
    if kind in ("INT", "FLOAT"):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str)


def places(graph: Graph, paths: Mapping[str, tuple[Path, ...]]) -> dict[str, tuple[Place, ...]]:
    """Where each named value is written: as far up its paths as it can be without moving another one.

    Two values that come from one constant (a square width and height) are set apart where their paths part.
    """
    result: dict[str, tuple[Place, ...]] = {}
    for name, own in paths.items():
        others = {ref for other, theirs in paths.items() if other != name for path in theirs for ref in path}
        chosen: dict[InputRef, Place] = {}
        for path in own:
            ref = next((ref for ref in reversed(path) if ref not in others), path[0])
            chosen.setdefault(ref, Place(*ref, note=_note(graph, name, path, ref)))
        result[name] = tuple(chosen.values())
    return result


def _note(graph: Graph, name: str, path: Path, ref: InputRef) -> str:
    value = graph[ref[0]]["inputs"].get(ref[1])
    if is_link(value):
        source = label_of(graph, value[0]) if value[0] in graph else f"missing node #{value[0]}"
        return f"{name}: the link from {source} to {label_of(graph, ref[0])}.{ref[1]} is replaced by the value."
    if ref != path[0]:
        return f"{name} is set at {label_of(graph, ref[0])}.{ref[1]}, which {label_of(graph, path[0][0])} reads."
    return ""
