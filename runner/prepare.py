"""From a cell's graph to the graph that one server is sent, and back: is what ran what was sent?"""

import copy
from collections.abc import Mapping
from typing import Any, Final

from runner.combo import choices, inputs_of
from runner.text import plain
from workflow.graph import Graph, canonical_json
from workflow.models import is_model_file, server_spelling

OUTPUT_FOLDER: Final = "infinitetalk-sweep"


def prefix_for(recipe: str, attempt: str) -> str:
    """A ``filename_prefix`` that no other attempt has: recipe and attempt, in a folder of our own on the server."""
    return f"{OUTPUT_FOLDER}/{recipe[:12]}-{attempt[:8]}"


def prepare(graph: Graph, *, names: Mapping[str, str], prefix: str, schema: Mapping[str, Any]) -> Graph:
    r"""A copy of ``graph`` with files under the server's names, models as it spells them, and ``prefix``.

    ``names`` maps the content-hashed name of an input file to the name that the upload returned; ``schema`` is
    ``/object_info``: a server on Windows lists its models with ``\`` and matches them exactly.
    """
    ready = copy.deepcopy(graph)
    for node in ready.values():
        specs = inputs_of(schema, str(node["class_type"]))
        inputs = node["inputs"]
        for key, value in inputs.items():
            if key == "filename_prefix":
                inputs[key] = prefix
            elif isinstance(value, str) and value in names:
                inputs[key] = names[value]
            elif is_model_file(value):
                inputs[key] = server_spelling(value, choices(specs.get(key)) or ()) or value
    return ready


def difference(sent: Mapping[str, Any], ran: Any) -> str | None:
    """The first way in which the graph that ran is not the graph that was sent; None where they mean the same.

    Classes and inputs count, titles and a server's own additions do not; 2 and 2.0 are one.
    """
    if not isinstance(ran, dict):
        return "there is no graph to compare"
    for node in [*sent, *(extra for extra in ran if extra not in sent)]:
        here, there = sent.get(node), ran.get(node)
        if not isinstance(here, dict) or not isinstance(there, dict):
            return f"node {plain(node, 40)} is only in the graph that was {'sent' if here else 'run'}"
        if here.get("class_type") != there.get("class_type"):
            return f"node {plain(node, 40)}: sent {here.get('class_type')}, ran {plain(there.get('class_type'), 80)}"
        found = _input_difference(here.get("inputs"), there.get("inputs"))
        if found:
            return f"node {plain(node, 40)} {here.get('class_type')}.{found}"
    return None


def _input_difference(here: Any, there: Any) -> str | None:
    if not isinstance(here, dict) or not isinstance(there, dict):
        return "inputs: not an object"
    for key in [*here, *(extra for extra in there if extra not in here)]:
        if key not in here or key not in there or not _equal(here[key], there[key]):
            return f"{plain(key, 80)}: sent {plain(repr(here.get(key)), 80)}, ran {plain(repr(there.get(key)), 80)}"
    return None


def _equal(here: Any, there: Any) -> bool:
    try:
        return canonical_json(here) == canonical_json(there)
    except (ValueError, RecursionError):  # NaN and infinity are equal to nothing
        return False
