"""Strict validation: what real servers refuse, and what they accept in silence."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.graph import Graph, default_graph
from workflow.models import server_spelling, suggestions
from workflow.schema import SNAPSHOT, InputSpec, NodeSchema, SchemaError, default_schema
from workflow.validate import validate
from workflow.values import check_value

# The test node of the recorded servers, as their error answers quote it.
LAB = {
    "Source": {"input": {"required": {}}, "output": ["IMAGE"]},
    "LabStep": {
        "input": {
            "required": {
                "images": ["IMAGE", {}],
                "steps": ["INT", {"default": 3, "min": 1, "max": 100}],
                "mode": [["ok", "oom", "err", "exit"], {}],
                "tag": ["STRING", {"default": "x"}],
            },
            "optional": {"flag": ["BOOLEAN", {"default": False}], "weight": ["FLOAT", {"min": 0.0, "step": 0.05}]},
        },
        "output": ["IMAGE"],
    },
    "Save": {"input": {"required": {"images": ["IMAGE"]}}, "output": [], "output_node": True},
}


def newer(info: dict[str, Any]) -> dict[str, Any]:
    """The same schema with combos in the newer form."""
    info = copy.deepcopy(info)
    for entry in info.values():
        for group in entry["input"].values():
            for name, config in group.items():
                if isinstance(config, list) and config and isinstance(config[0], list):
                    more = config[1] if len(config) > 1 else {}
                    group[name] = ["COMBO", {**more, "options": config[0]}]
    return info


def lab_graph(**inputs: Any) -> Graph:
    good = {"images": ["1", 0], "steps": 3, "mode": "ok", "tag": "x"}
    return {
        "1": {"class_type": "Source", "inputs": {}},
        "2": {"class_type": "LabStep", "inputs": {k: v for k, v in (good | inputs).items() if v is not ...}},
        "3": {"class_type": "Save", "inputs": {"images": ["2", 0]}},
    }


def kinds(graph: Graph, schema: NodeSchema) -> list[str]:
    return [problem.kind for problem in validate(graph, schema)]


@pytest.mark.parametrize("form", [lambda info: info, newer], ids=["older combos", "newer combos"])
@pytest.mark.parametrize(
    ("inputs", "kind"),
    [
        ({"mode": "adain"}, "value_not_in_list"),
        ({"steps": ...}, "required_input_missing"),
        ({"steps": 0}, "value_smaller_than_min"),
        ({"steps": 101}, "value_bigger_than_max"),
        ({"steps": "abc"}, "invalid_input_type"),
        ({"tag": ["a", "b", "c"]}, "bad_linked_input"),
        ({"steps": ["1", 0]}, "return_type_mismatch"),
        ({"images": ["77", 0]}, "dangling_link"),
        ({"images": ["1", 1]}, "bad_linked_input"),
        # the rest the server takes in silence
        ({"steps": 2.9}, "invalid_input_type"),
        ({"steps": True}, "invalid_input_type"),
        ({"steps": "3"}, "invalid_input_type"),
        ({"flag": "false"}, "invalid_input_type"),
        ({"flag": 1}, "invalid_input_type"),
        ({"weight": float("nan")}, "invalid_input_type"),
        ({"stps": 3}, "unknown_input"),
        ({"weight": 0.07}, "off_step"),
        ({"images": "a.png"}, "invalid_input_type"),
    ],
)
def test_each_fault_has_the_servers_word_for_it(form: Any, inputs: dict[str, Any], kind: str) -> None:
    problems = validate(lab_graph(**inputs), NodeSchema.from_object_info(form(LAB)))
    assert [problem.kind for problem in problems] == [kind]
    assert problems[0].node == "2"
    assert problems[0].input == next(iter(inputs))
    assert problems[0].input in str(problems[0])


def test_good_values_are_let_through() -> None:
    schema = NodeSchema.from_object_info(LAB)
    assert kinds(lab_graph(steps=3.0, weight=1, flag=True), schema) == []
    assert kinds(lab_graph(weight=0.15000000000000002), schema) == []


def test_all_faults_are_told_at_once() -> None:
    graph = lab_graph(mode="adain", steps=0, tag=5, stps=1)
    graph["9"] = {"class_type": "LabStpe", "inputs": {}}
    problems = validate(graph, NodeSchema.from_object_info(LAB))
    assert sorted(p.kind for p in problems) == sorted(
        ["missing_node_type", "value_smaller_than_min", "value_not_in_list", "invalid_input_type", "unknown_input"]
    )
    by_kind = {problem.kind: problem for problem in problems}
    assert by_kind["missing_node_type"].suggestions == ("LabStep",)
    assert by_kind["unknown_input"].suggestions == ("steps",)
    assert by_kind["value_not_in_list"].allowed == "ok, oom, err, exit"
    assert by_kind["value_smaller_than_min"].allowed == "INT from 1 to 100"


def test_whole_graphs_without_output_or_with_a_loop_are_refused() -> None:
    schema = NodeSchema.from_object_info(LAB)
    graph = lab_graph()
    del graph["3"]
    assert kinds(graph, schema) == ["prompt_no_outputs"]
    assert kinds(lab_graph(images=["2", 0]), schema) == ["dependency_cycle"]


def test_nodes_that_no_output_needs_are_not_checked() -> None:
    graph = lab_graph()
    graph["5"] = {"class_type": "LabStep", "inputs": {}}
    assert kinds(graph, NodeSchema.from_object_info(LAB)) == []


def test_off_step_values_are_warned_not_refused() -> None:
    """The history's v1 uses tiles 1 where the browser steps by 2; servers compute with it."""
    graph = copy.deepcopy(default_graph())
    graph["9"]["inputs"]["tiles"] = 1
    problems = validate(graph, default_schema())
    assert [(p.kind, p.level) for p in problems] == [("off_step", "warned")]


def test_shipped_graph_is_valid_in_both_combo_forms() -> None:
    info = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    for form in (info, newer(info)):
        assert validate(default_graph(), NodeSchema.from_object_info(form)) == []


def test_colormatch_adain_names_what_the_server_offers() -> None:
    graph = copy.deepcopy(default_graph())
    graph["10"]["inputs"]["colormatch"] = "adain"
    (problem,) = validate(graph, default_schema())
    assert problem.level == "refused"
    assert "disabled, mkl, hm, reinhard" in str(problem)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("crf", 500, "value_bigger_than_max"),
        ("crf", "19", "invalid_input_type"),
        ("pix_fmt", "rgb24", "value_not_in_list"),
        ("bitrate", 10, "unknown_input"),
    ],
)
def test_format_widgets_follow_the_formats_own_table(shipped: Graph, name: str, value: Any, kind: str) -> None:
    shipped["16"]["inputs"][name] = value
    assert kinds(shipped, default_schema()) == [kind]


def test_uploaded_files_are_not_looked_for_in_the_servers_list(shipped: Graph) -> None:
    shipped["7"]["inputs"]["image"] = "0123abcd.png"
    info = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert validate(shipped, NodeSchema.from_object_info(info)) == []


def test_a_snapshot_is_silent_about_files_and_classes_it_cannot_know(shipped: Graph) -> None:
    shipped["13"]["inputs"]["model"] = "mine/other.gguf"
    shipped["30"] = {"class_type": "PreviewAny", "inputs": {"source": ["8", 2]}}
    assert validate(shipped, default_schema()) == []


def test_a_users_export_passes_the_snapshot(exported: Graph) -> None:
    for node in exported.values():
        for leftover in ("audioUI", "upload"):
            node["inputs"].pop(leftover, None)
    assert [p for p in validate(exported, default_schema()) if p.level == "refused"] == []


def test_a_file_in_another_folder_is_offered() -> None:
    graph = copy.deepcopy(default_graph())
    graph["13"]["inputs"]["model"] = "I2V/wan2.1-i2v-14b-480p-Q8_0.gguf"
    live = NodeSchema(default_schema().classes)
    (problem,) = validate(graph, live)
    assert problem.suggestions == ("WanVideo/I2V/wan2.1-i2v-14b-480p-Q8_0.gguf",)


def test_a_windows_servers_spelling_is_the_same_name() -> None:
    info = json.loads(SNAPSHOT.read_text(encoding="utf-8").replace("WanVideo/I2V/", "WanVideo\\\\I2V\\\\"))
    schema = NodeSchema.from_object_info(info)
    assert validate(default_graph(), schema) == []


def test_rows_of_inputs_that_grow_are_known_by_their_stem() -> None:
    info = LAB | {
        "Concat": {"input": {"required": {"image_1": ["IMAGE"], "image_2": ["IMAGE"]}}, "output": ["IMAGE"]},
    }
    graph = lab_graph(images=["4", 0])
    row = {f"image_{k}": ["1", 0] for k in (1, 2, 3)}
    graph["4"] = {"class_type": "Concat", "inputs": row | {"images": ["1", 0]}}
    assert kinds(graph, NodeSchema.from_object_info(info)) == ["unknown_input"]


@pytest.mark.parametrize("info", [None, {}, [], {"A": 5}, {"A": {}}])
def test_what_is_no_node_information_is_refused(info: Any) -> None:
    with pytest.raises(SchemaError):
        NodeSchema.from_object_info(info)


def test_an_output_may_give_several_types() -> None:
    info = LAB | {"Any": {"input": {"required": {}}, "output": ["*"]}}
    graph = lab_graph(images=["4", 0])
    graph["4"] = {"class_type": "Any", "inputs": {}}
    assert kinds(graph, NodeSchema.from_object_info(info)) == []


@given(st.integers(0, 2**64 - 1))
def test_every_seed_is_a_seed(seed: int) -> None:
    spec = default_schema().input("WanVideoSampler", "seed")
    assert spec is not None
    assert not list(check_value(seed, spec))


@given(st.integers(-50, 50), st.integers(1, 20), st.integers(0, 40))
def test_multiples_of_the_step_above_the_minimum_are_on_it(low: int, step: int, k: int) -> None:
    spec = InputSpec("INT", min=low, step=step)
    assert not list(check_value(low + k * step, spec))
    off = [fault.kind for fault in check_value(low + k * step + 1, spec)]
    assert off == ([] if step == 1 else ["off_step"])


def test_names_are_compared_with_plain_slashes_and_near_misses_found() -> None:
    options = ["a\\b.gguf", "c/b.gguf", "model-Q8.gguf"]
    assert server_spelling("a/b.gguf", options) == "a\\b.gguf"
    assert server_spelling("A/b.gguf", options) is None
    assert suggestions("b.gguf", options) == ("a/b.gguf", "c/b.gguf")
    assert suggestions("model-Q6.gguf", options) == ("model-Q8.gguf",)
