"""What a prompt is refused for, word for word: the words are those of real servers."""

import copy
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from workflow.graph import load_graph

MakeGraph = Callable[..., dict[str, dict[str, Any]]]
Errors = list[dict[str, Any]]

INT = "Failed to convert an input value to a INT value"
LOW, HIGH, LIST = "value_smaller_than_min", "value_bigger_than_max", "value_not_in_list"
MISMATCH, BAD_TYPE = "return_type_mismatch", "invalid_input_type"
NOT_INT = "invalid literal for int() with base 10: "
COLOURS = "['disabled', 'mkl', 'hm', 'reinhard', 'mvgd', 'hm-mvgd-hm', 'hm-mkl-hm']"
TILES = "Tile width must be larger than the tile stride width."


@pytest.fixture
def refused(raw: Any) -> Callable[..., Errors]:
    """``refused({"10.width": 3})``: the errors of that node in the workflow's own graph, sorted by their details."""

    def ask(changes: dict[str, Any], node: str | None = None) -> Errors:
        graph = copy.deepcopy(load_graph())
        for key, value in changes.items():
            where, name = key.split(".")
            graph[where]["inputs"][name] = value
            if value is KeyError:
                del graph[where]["inputs"][name]
        status, answer = raw.prompt(graph)
        assert status == 400, answer
        found = answer["node_errors"][node or next(iter(changes)).split(".")[0]]
        assert found["class_type"] == graph[node or next(iter(changes)).split(".")[0]]["class_type"]
        assert found["dependent_outputs"] == ["16"]
        names = {key.split(".")[1] for key in changes}
        # A server without the models objects to those too.
        return sorted(
            (e for e in found["errors"] if e["type"] != LIST or e["extra_info"]["input_name"] in names), key=str
        )

    return ask


@pytest.mark.parametrize(
    ("change", "value", "kind", "message", "details"),
    [
        ("10.colormatch", "adain", LIST, "Value not in list", f"colormatch: 'adain' not in {COLOURS}"),
        ("14.scheduler", "nope", LIST, "Value not in list", "scheduler: 'nope' not in (list of length 21)"),
        ("14.steps", 0, LOW, "Value 0 smaller than min of 1", "steps"),
        ("14.cfg", 31, HIGH, "Value 31.0 bigger than max of 30.0", "cfg"),
        ("14.seed", -1, LOW, "Value -1 smaller than min of 0", "seed"),
        ("14.seed", 2**64, HIGH, f"Value {2**64} bigger than max of {2**64 - 1}", "seed"),
        ("12.blocks_to_swap", 99, HIGH, "Value 99 bigger than max of 48", "blocks_to_swap"),
        ("10.width", 63, LOW, "Value 63 smaller than min of 64", "width"),
        ("10.width", "abc", BAD_TYPE, INT, f"width, abc, {NOT_INT}'abc'"),
        ("10.width", "464.0", BAD_TYPE, INT, f"width, 464.0, {NOT_INT}'464.0'"),
        ("8.num_frames", "1e3", BAD_TYPE, INT, f"num_frames, 1e3, {NOT_INT}'1e3'"),
        (
            "14.cfg", None, BAD_TYPE, "Failed to convert an input value to a FLOAT value",
            "cfg, None, float() argument must be a string or a real number, not 'NoneType'",
        ),
        (
            "10.width", ["7", 0], MISMATCH, "Return type mismatch between linked nodes",
            "width, received_type(IMAGE) mismatch input_type(INT)",
        ),
        (
            "2.positive_prompt", ["a", "b", "c"], "bad_linked_input",
            "Bad linked input, must be a length-2 list of [node_id, slot_index]", "positive_prompt",
        ),
    ],
)  # fmt: skip
def test_a_value_is_refused_in_these_words(
    raw: Any, refused: Callable[..., Errors], change: str, value: Any, kind: str, message: str, details: str
) -> None:
    node, name = change.split(".")
    (error,) = refused({change: value})
    assert (error["type"], error["message"], error["details"]) == (kind, message, details)
    class_type = load_graph()[node]["class_type"]
    declared = raw.get(f"/object_info/{class_type}")[class_type]["input"]["required"][name]
    config = None if "list of length" in details else [*declared, {}][:2]
    extra = error["extra_info"]
    assert (extra["input_name"], extra["input_config"]) == (name, config)
    assert extra.get("received_value") == (None if kind == MISMATCH else value)
    assert extra.get("linked_node") == (value if kind == MISMATCH else None)


def test_every_missing_input_is_named(refused: Callable[..., Errors]) -> None:
    errors = refused({"14.steps": KeyError, "14.cfg": KeyError})
    assert [(error["type"], error["message"]) for error in errors] == [
        ("required_input_missing", "Required input is missing")
    ] * 2
    assert [(error["details"], error["extra_info"]) for error in errors] == [
        (name, {"input_name": name}) for name in ("cfg", "steps")
    ]


def test_a_class_that_looks_itself_names_all_it_looked_at(refused: Callable[..., Errors]) -> None:
    errors = refused({"15.tile_x": 64})
    assert [(e["type"], e["message"], e["details"], e["extra_info"]) for e in errors] == [
        ("custom_validation_failed", "Custom validation failed for node", f"{name} - {TILES}", {"input_name": name})
        for name in ("tile_stride_x", "tile_stride_y", "tile_x", "tile_y")
    ]
    (error,) = refused({"6.audio": "no such.wav"})
    assert error["details"] == "audio - Invalid audio file: no such.wav"


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        (
            {"15.tile_x": KeyError}, "TypeError",
            "WanVideoDecode.VALIDATE_INPUTS() missing 1 required positional argument: 'tile_x'",
        ),
        ({"15.tile_x": ["7", 0]}, "TypeError", "'<=' not supported between instances of 'NoneType' and 'int'"),
        ({"6.audio": 3}, "AttributeError", "'int' object has no attribute 'endswith'"),
    ],
)  # fmt: skip
def test_what_a_class_s_own_check_raises_is_the_answer(
    refused: Callable[..., Errors], changes: dict[str, Any], kind: str, words: str
) -> None:
    (error,) = refused(changes)
    assert (error["type"], error["message"], error["details"]) == (
        "exception_during_inner_validation", "Exception when validating inner node", words,
    )  # fmt: skip
    extra = error["extra_info"]
    assert (extra["exception_type"], extra["exception_message"]) == (kind, words)
    assert isinstance(extra["traceback"], list) and extra["linked_node"] == [next(iter(changes)).split(".")[0], 0]


@pytest.mark.parametrize(
    ("link", "kind", "words"),
    [
        (["77", 0], "KeyError", "'77'"),
        ([1, 0], "KeyError", "1"),
        (["1", 9], "IndexError", "tuple index out of range"),
        (["1", "0"], "TypeError", "tuple indices must be integers or slices, not str"),
    ],
)
def test_a_link_that_leads_nowhere(raw: Any, make_graph: MakeGraph, link: list[Any], kind: str, words: str) -> None:
    status, answer = raw.prompt(make_graph(str(uuid.uuid4()), images=link))
    assert status == 400
    assert answer["error"] == {
        "type": "prompt_outputs_failed_validation",
        "message": "Prompt outputs failed validation",
        "details": f"Exception when validating node: {words}",
        "extra_info": {},
    }
    (error,) = answer["node_errors"]["2"]["errors"]
    assert (error["type"], error["message"]) == ("exception_during_validation", "Exception when validating node")
    assert (error["details"], error["extra_info"]["exception_type"]) == (words, kind)


def test_every_output_that_depends_on_a_bad_node_is_named(raw: Any, make_graph: MakeGraph) -> None:
    graph = make_graph("x")
    graph["1"]["inputs"]["image"], graph["3"] = "nope.png", copy.deepcopy(graph["2"])
    status, answer = raw.prompt(graph)
    assert (status, answer["error"]["details"]) == (400, "")
    assert list(answer["node_errors"]) == ["1"]
    assert sorted(answer["node_errors"]["1"]["dependent_outputs"]) == ["2", "3"]


def test_a_node_without_class_and_one_of_an_unknown_class(raw: Any, make_graph: MakeGraph) -> None:
    unknown, unnamed = make_graph("x"), make_graph("x")
    unknown["9"], unnamed["9"] = {"class_type": "NoSuchNode", "inputs": {}}, {"inputs": {}}
    newer = raw.since(0, 12, 0)
    for graph, old, new in (
        (
            unknown,
            "Cannot execute because node NoSuchNode does not exist.",
            "Node 'NoSuchNode' not found. The custom node may not be installed.",
        ),
        (
            unnamed,
            "Cannot execute because a node is missing the class_type property.",
            "Node 'ID #9' has no class_type. The workflow may be corrupted or a custom node is missing.",
        ),
    ):
        status, answer = raw.prompt(graph)
        kind = "missing_node_type" if newer else "invalid_prompt"
        assert (status, answer["node_errors"]) == (400, {})
        assert (answer["error"]["type"], answer["error"]["message"]) == (kind, new if newer else old)
        assert answer["error"]["details"] == "Node ID '#9'"


def test_what_is_no_prompt_at_all(raw: Any, make_graph: MakeGraph) -> None:
    nothing = {"type": "no_prompt", "message": "No prompt provided", "details": "No prompt provided", "extra_info": {}}
    assert raw.body("/prompt", "{}") == (400, {"error": nothing, "node_errors": {}})
    outputs = {"type": "prompt_no_outputs", "message": "Prompt has no outputs", "details": "", "extra_info": {}}
    assert raw.prompt({}) == (400, {"error": outputs, "node_errors": {}})
    graph = make_graph("x")
    assert raw.prompt({"1": graph["1"]}) == (400, {"error": outputs, "node_errors": {}})
    trouble = (500, "500 Internal Server Error\n\nServer got itself in trouble")
    assert raw.body("/prompt", "{") == trouble
    assert raw.body("/prompt", '{"prompt": null}') == trouble
    drawn = {"nodes": [], "links": [], "version": 0.4}  # what the editor saves, which is no API format
    status, answer = raw.prompt(drawn)
    if raw.since(0, 12, 0):
        assert (status, answer) == trouble
    else:
        assert (status, answer["error"]["details"]) == (400, "Node ID '#nodes'")


def test_an_id_that_is_no_uuid(raw: Any, make_graph: MakeGraph) -> None:
    status, answer = raw.prompt(make_graph("contract/id"), prompt_id="run-001")
    if raw.since(0, 25, 0):
        assert (status, answer["error"]["type"]) == (400, "invalid_prompt_id")
        assert answer["error"]["message"] == "prompt_id must be a valid UUID"
    else:
        assert (status, answer["prompt_id"]) == (200, "run-001")
