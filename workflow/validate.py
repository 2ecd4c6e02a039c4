"""Strict validation of a graph against a node schema: everything the server refuses, and what it silently accepts."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from workflow.graph import Graph, is_link, label_of, upstream
from workflow.schema import ClassSpec, InputSpec, NodeSchema
from workflow.values import Fault, check_value


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one input. ``kind`` is the server's own word for it where it has one.

    ``level`` is *refused*, or *warned* for what a server computes with all the same (a value off its step).
    """

    node: str
    title: str
    class_type: str
    input: str
    value: Any
    kind: str
    message: str
    allowed: str = ""
    suggestions: tuple[str, ...] = ()
    level: Literal["refused", "warned"] = "refused"

    def __str__(self) -> str:
        place = f"{self.title}.{self.input}" if self.input else self.title
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        meant = f"; did you mean {' or '.join(self.suggestions)}?" if self.suggestions else ""
        return f"{place}: {self.message}{allowed}{meant}"


def validate(graph: Graph, schema: NodeSchema) -> list[Problem]:
    """Every problem of ``graph``, in its order; empty when there is none.

    As on the server, inputs matter only of nodes that an output node depends on, but a missing class anywhere
    refuses the whole graph. An incomplete schema (a snapshot) is silent about classes and model files it lacks.
    """
    problems: list[Problem] = []
    needed: set[str] = set()
    for node_id, node in graph.items():
        spec = schema.classes.get(node["class_type"])
        if spec is None or spec.output_node:
            needed |= upstream(graph, node_id)
        if spec is None and schema.complete:
            problems.append(_missing_class(graph, node_id, schema))
    if all(
        n["class_type"] in schema.classes and not schema.classes[n["class_type"]].output_node for n in graph.values()
    ):
        problems.append(Problem("", "graph", "", "", None, "prompt_no_outputs", "no node writes an output"))
    for node_id in graph:
        spec = schema.classes.get(graph[node_id]["class_type"])
        if node_id in needed and spec is not None:
            problems += _check_node(graph, node_id, spec, schema)
    problems += [_cycle(graph, node_id) for node_id in _cycles(graph)]
    return problems


def validate_anywhere(graph: Graph, schemas: Sequence[NodeSchema]) -> list[Problem]:
    """What the first of several servers that takes ``graph`` has to say; where none does, what the first has."""
    answers = []
    for schema in schemas:
        answers.append(validate(graph, schema))
        if not refused(answers[-1]):
            return answers[-1]
    return answers[0]


def refused(problems: Iterable[Problem]) -> bool:
    """Whether a server does not take the graph that has these."""
    return any(one.level == "refused" for one in problems)


def _check_node(graph: Graph, node_id: str, spec: ClassSpec, schema: NodeSchema) -> Iterator[Problem]:
    values = graph[node_id]["inputs"]
    inputs = spec.inputs_for(values)
    for name, entry in inputs.items():
        if entry.required and name not in values:
            yield _problem(graph, node_id, name, None, Fault("required_input_missing", "is required and missing"))
    for name, value in values.items():
        found = inputs.get(name)
        if found is None:
            if not _dynamic(name, value, spec):
                near = tuple(get_close_matches(name, inputs, n=3))
                fault = Fault("unknown_input", f"the node has no input of this name (value {value!r})", "", near)
                yield _problem(graph, node_id, name, value, fault)
        elif isinstance(value, list):
            broken = _check_link(graph, value, found, schema)
            if broken is not None:
                yield _problem(graph, node_id, name, value, broken)
        else:
            for fault in check_value(value, _known(found, schema)):
                yield _problem(graph, node_id, name, value, fault)


def _known(entry: InputSpec, schema: NodeSchema) -> InputSpec:
    """The spec without a list of model files that is only a snapshot's."""
    if schema.complete or not entry.lists_models:
        return entry
    return InputSpec(entry.kind, entry.required, default=entry.default)


def _dynamic(name: str, value: Any, spec: ClassSpec) -> bool:
    """Whether an undeclared input belongs to a row that the browser lengthens: ``image_3`` beside ``image_1``."""
    if not isinstance(value, list):
        return False
    stem = re.sub(r"\d+$", "", name)
    return not spec.inputs or (stem != name and any(re.fullmatch(re.escape(stem) + r"\d+", key) for key in spec.inputs))


def _check_link(graph: Graph, value: Any, entry: InputSpec, schema: NodeSchema) -> Fault | None:
    if not is_link(value):
        return Fault("bad_linked_input", f"{value!r} is no link [node id, output slot]")
    source, slot = value
    if source not in graph:
        return Fault("dangling_link", f"links to node #{source}, which the graph does not have")
    spec = schema.classes.get(graph[source]["class_type"])
    if spec is None:
        return None
    if not 0 <= slot < len(spec.outputs):
        return Fault(
            "bad_linked_input", f"links to output {slot} of {label_of(graph, source)}, which has {len(spec.outputs)}"
        )
    given, taken = _types(spec.outputs[slot]), set(entry.kinds)
    if given & taken or "*" in given | taken:
        return None
    what = f"takes {entry.kind}, {label_of(graph, source)} gives {spec.outputs[slot]}"
    return Fault("return_type_mismatch", what, entry.kind)


def _types(text: str) -> set[str]:
    return {part.strip() for part in text.split(",")}


def _problem(graph: Graph, node_id: str, name: str, value: Any, fault: Fault) -> Problem:
    return Problem(
        node_id,
        label_of(graph, node_id),
        graph[node_id]["class_type"],
        name,
        value,
        fault.kind,
        fault.message,
        fault.allowed,
        fault.suggestions,
        fault.level,
    )


def _missing_class(graph: Graph, node_id: str, schema: NodeSchema) -> Problem:
    class_type = graph[node_id]["class_type"]
    near = tuple(get_close_matches(class_type, schema.classes, n=3, cutoff=0.8))
    fault = Fault("missing_node_type", f"the server has no node class {class_type}", "", near)
    return _problem(graph, node_id, "", None, fault)


def _cycle(graph: Graph, node_id: str) -> Problem:
    return _problem(graph, node_id, "", None, Fault("dependency_cycle", "depends on its own output"))


def _cycles(graph: Graph) -> list[str]:
    """One node of each loop of links."""
    sources = {n: {v[0] for v in graph[n]["inputs"].values() if is_link(v) and v[0] in graph} for n in graph}
    while free := [node for node, needs in sources.items() if not needs & sources.keys()]:
        for node in free:
            del sources[node]
    return [node for node in sources if node in set().union(*(upstream(graph, s) for s in sources[node]))][:1]
