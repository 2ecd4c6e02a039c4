"""The graph that is sent, and whether it is the graph that ran."""

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runner.prepare import difference, prefix_for, prepare
from workflow.graph import load_graph

GRAPH = load_graph()
VALUES = st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=4) | st.booleans()


def test_files_models_and_prefix_are_the_servers() -> None:
    graph = copy.deepcopy(GRAPH)
    graph["7"]["inputs"]["image"] = "hash.png"
    model = graph["13"]["inputs"]["model"]
    windows = model.replace("/", "\\")
    schema = {"WanVideoModelLoader": {"input": {"required": {"model": [["other.gguf", windows], {}]}}}}
    before = copy.deepcopy(graph)
    ready = prepare(graph, names={"hash.png": "hash (1).png"}, prefix="a/b", schema=schema)
    assert ready["7"]["inputs"]["image"] == "hash (1).png"
    assert ready["13"]["inputs"]["model"] == windows
    assert ready["16"]["inputs"]["filename_prefix"] == "a/b"
    assert graph == before, "the cell's graph is left alone"


def test_a_model_that_the_server_lacks_is_sent_as_it_is_and_left_to_validation() -> None:
    ready = prepare(GRAPH, names={}, prefix="x", schema={})
    assert ready["13"]["inputs"]["model"] == GRAPH["13"]["inputs"]["model"]


@given(st.uuids(), st.uuids())
def test_no_two_attempts_share_a_prefix(one: Any, other: Any) -> None:
    recipe = "ab" * 32
    assert one.hex[:8] == other.hex[:8] or prefix_for(recipe, one.hex) != prefix_for(recipe, other.hex)


def test_what_the_server_adds_and_turns_into_decimals_is_no_difference() -> None:
    ran = json.loads(json.dumps(GRAPH))
    ran["14"]["inputs"]["cfg"] = float(ran["14"]["inputs"]["cfg"])
    ran["14"]["inputs"]["steps"] = float(ran["14"]["inputs"]["steps"])
    ran["7"]["is_changed"] = ["5a47"]
    ran["7"]["_meta"] = {"title": "other"}
    assert difference(GRAPH, ran) is None


@given(st.sampled_from(sorted(GRAPH)), st.data(), VALUES)
def test_any_other_value_is_a_difference_that_names_node_and_input(node: str, data: Any, value: Any) -> None:
    ran = copy.deepcopy(GRAPH)
    key = data.draw(st.sampled_from(sorted(ran[node]["inputs"])))
    same = ran[node]["inputs"][key] == value and isinstance(ran[node]["inputs"][key], bool) == isinstance(value, bool)
    ran[node]["inputs"][key] = value
    found = difference(GRAPH, ran)
    assert (found is None) == same
    assert found is None or f"node {node} {GRAPH[node]['class_type']}.{key}" in found


def test_a_missing_or_further_node_or_input_is_a_difference() -> None:
    for node, key in (("14", "seed"), ("16", None)):
        ran = copy.deepcopy(GRAPH)
        if key:
            del ran[node]["inputs"][key]
        else:
            del ran[node]
        assert difference(GRAPH, ran) and difference(ran, GRAPH)
    for nothing in (None, [], {}, {"1": 3}):
        assert difference(GRAPH, nothing)
