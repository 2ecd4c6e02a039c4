"""Setting parameters and raw inputs in a graph, copying only the nodes that change."""

import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from workflow.binding import OWNED, Binding, Patched
from workflow.errors import HarnessError
from workflow.find import FACE_TITLE
from workflow.graph import Graph, is_link, label_of, links_of, title_of
from workflow.loras import chain_changes, new_id
from workflow.models import canonical
from workflow.parameters import ALIASES, lora_specs
from workflow.schema import default_schema


class ParameterError(HarnessError):
    """Parameter values or raw inputs that the graph cannot take."""

    code = "parameter-value"


class Draft:
    """A graph being changed: shares nodes with the original until they are written."""

    def __init__(self, graph: Graph) -> None:
        self.graph: Graph = dict(graph)
        self._copied: set[str] = set()

    def set(self, node: str, name: str, value: Any) -> None:
        """Write one input."""
        self._inputs(node)[name] = value

    def drop(self, node: str, name: str) -> None:
        """Take one input away."""
        self._inputs(node).pop(name, None)

    def put(self, node_id: str, node: dict[str, Any]) -> None:
        """Add or replace a node, whose inputs must be nobody else's."""
        self.graph[node_id] = node
        self._copied.add(node_id)

    def remove_unread(self, node: str) -> None:
        """Remove a node if nothing reads it any more."""
        read = any(source == node for other in self.graph for _, source, _ in links_of(self.graph, other))
        if not read:
            self.graph.pop(node, None)

    def _inputs(self, node: str) -> dict[str, Any]:
        if node not in self._copied:
            old = self.graph[node]
            self.graph[node] = old | {"inputs": dict(old["inputs"])}
            self._copied.add(node)
        inputs: dict[str, Any] = self.graph[node]["inputs"]
        return inputs


def patch(binding: Binding, graph: Graph, values: Mapping[str, Any], inputs: Mapping[str, Any]) -> Patched:
    """See :meth:`workflow.binding.Binding.patch`."""
    draft, notes, problems = Draft(graph), list(binding.notes), list[str]()
    face = binding.face
    wanted = {name: value for name, value in values.items() if value is not None}
    if "loras" in wanted:  # before merge_loras, which writes to every node of the chain
        _set_loras(binding, draft, wanted.pop("loras"), notes, problems)
    for name, value in wanted.items():
        if name not in ALIASES:
            problems.append(f"there is no parameter {name!r}{_near(name, ALIASES)}")
        elif name == "merge_loras":
            _set_merge(binding, draft, value, problems)
        elif name in binding.missing:
            problems.append(f"{name} = {value!r} cannot be set: {binding.missing[name]}")
        elif name == "second_image":
            face = _set_second_image(binding, draft, value, notes, problems)
        else:
            try:
                plain = coerced(name, value)
            except ValueError as error:
                problems.append(str(error))
                continue
            for place in binding.slots[name]:
                draft.set(place.node, place.input, plain)
                notes += [place.note] if place.note else []
    for key, value in inputs.items():
        _set_raw(binding, draft, key, value, notes, problems)
    if problems:
        raise ParameterError(
            "These values cannot be set:\n" + "\n".join(f"  - {problem}" for problem in problems),
            hint="A parameter left out (null) keeps what the graph has.",
        )
    return Patched(draft.graph, tuple(dict.fromkeys(notes)), face)


def coerced(name: str, value: Any) -> Any:
    """A parameter's value as its kind has it (13.0 is 13 for an INT, model names with ``/``), or a ValueError."""
    kind = ALIASES[name].kind
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind == "INT" and number and value == int(value):
        return int(value)
    if kind == "FLOAT" and number:
        return value
    if kind == "BOOLEAN" and isinstance(value, bool):
        return value
    if kind == "COMBO" and isinstance(value, str):
        return canonical(value) if name.endswith("_model") else value
    if kind == "STRING" and isinstance(value, str):
        return value
    words = {"INT": "a whole number", "FLOAT": "a number", "BOOLEAN": "true or false"}.get(kind, "text")
    raise ValueError(f"{name} takes {words}, got {value!r}")


def _set_loras(binding: Binding, draft: Draft, value: Any, notes: list[str], problems: list[str]) -> None:
    chain = binding.loras
    if chain.head is None:
        problems.append(f"loras cannot be set: {chain.why}")
        return
    try:
        specs = lora_specs(value)
    except (TypeError, KeyError, ValueError, AttributeError):
        problems.append(f"loras takes a list of name and strength, got {value!r}")
        return
    nodes, head, gone = chain_changes(draft.graph, chain, specs)
    for node_id, node in nodes.items():
        node["inputs"]["lora"] = canonical(node["inputs"]["lora"])
        draft.put(node_id, node)
    if head:
        draft.set(*chain.head, head["link"])
    else:
        draft.drop(*chain.head)
    for node_id in reversed(gone):
        draft.remove_unread(node_id)
    if chain.note:
        notes.append(chain.note)


def _set_merge(binding: Binding, draft: Draft, value: Any, problems: list[str]) -> None:
    if not isinstance(value, bool):
        problems.append(f"merge_loras takes true or false, got {value!r}")
        return
    if binding.loras.head is None:
        problems.append(f"merge_loras cannot be set: {binding.loras.why}")
        return
    for node_id in binding.loras.walk(draft.graph):
        draft.set(node_id, "merge_loras", value)


def _set_second_image(
    binding: Binding, draft: Draft, value: Any, notes: list[str], problems: list[str]
) -> tuple[str, str] | None:
    clip = binding.nodes["clip_vision"]
    if value == "frame":
        draft.set(clip, "image_2", list(draft.graph[clip]["inputs"]["image_1"]))
        if binding.face is not None:
            draft.remove_unread(binding.face[0])
        return None
    if value != "face":
        problems.append(f"second_image is 'face' or 'frame', got {value!r}")
        return binding.face
    if binding.face is None:
        node = new_id(draft.graph)
        draft.put(node, {"class_type": "LoadImage", "inputs": {"image": ""}, "_meta": {"title": FACE_TITLE}})
        draft.set(clip, "image_2", [node, 0])
        notes.append(f"second_image: a LoadImage node {FACE_TITLE!r} (#{node}) is added for image_2.")
        return node, "image"
    return binding.face


def _set_raw(binding: Binding, draft: Draft, key: str, value: Any, notes: list[str], problems: list[str]) -> None:
    """One of the user's own ``Node title.input`` or ``Class.input``."""
    graph = draft.graph
    if isinstance(value, list | dict) or value is None:
        problems.append(f"{key} takes a plain value, got {value!r}")
        return
    splits = [(key[:dot], key[dot + 1 :]) for dot in range(len(key)) if key[dot] == "."]
    named = [(node, name) for who, name in splits for node in _named(graph, who)]
    fitting = [(node, name) for node, name in named if _takes(graph, node, name)]
    if not named:
        names = [title_of(graph, node) for node in graph] + [graph[node]["class_type"] for node in graph]
        problems.append(f"{key}: no node has that title or class{_near(splits[0][0] if splits else key, names)}")
    elif not fitting:
        node, name = named[0]
        known = [*graph[node]["inputs"], *_class_inputs(graph, node)]
        problems.append(f"{key}: {label_of(graph, node)} has no input {name!r}{_near(name, known)}")
    elif len(fitting) > 1:
        several = ", ".join(label_of(graph, node) for node, _ in fitting)
        problems.append(f"{key} could be any of {several}: write the title instead of the class, or give one")
    elif owner := _owner(binding, *fitting[0]):
        problems.append(f"{key} is {owner.replace('_', ' ')}, which the sweep sets itself")
    else:
        node, name = fitting[0]
        link = graph[node]["inputs"].get(name)
        if is_link(link):
            source = label_of(graph, link[0]) if link[0] in graph else f"missing node #{link[0]}"
            notes.append(f"{key}: the link from {source} is replaced by the value.")
        draft.set(node, name, value)


def _takes(graph: Graph, node: str, name: str) -> bool:
    return name in graph[node]["inputs"] or name in _class_inputs(graph, node)


def _class_inputs(graph: Graph, node: str) -> Iterable[str]:
    """Inputs the node's class has, as far as it is known here, whether the graph sends them or not."""
    spec = default_schema().classes.get(graph[node]["class_type"])
    return spec.inputs_for(graph[node]["inputs"]) if spec is not None else ()


def _named(graph: Graph, who: str) -> list[str]:
    titled = [node for node in graph if title_of(graph, node) == who]
    return titled or [node for node in graph if graph[node]["class_type"] == who]


def _owner(binding: Binding, node: str, name: str) -> str | None:
    for slot in OWNED:
        if any((place.node, place.input) == (node, name) for place in binding.slots[slot]):
            return slot
    return "face close-up" if binding.face == (node, name) else None


def _near(name: str, known: Any) -> str:
    near = get_close_matches(name, list(dict.fromkeys(known)), n=3)
    return f"; did you mean {', '.join(near)}?" if near else ""
