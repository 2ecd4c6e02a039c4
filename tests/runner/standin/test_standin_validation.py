"""Refusals in the words of ComfyUI 0.3.64, as recorded from a real server."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

Graph = Callable[..., dict[str, Any]]
FAILED = {
    "type": "prompt_outputs_failed_validation",
    "message": "Prompt outputs failed validation",
    "details": "",
    "extra_info": {},
}
STEPS = ["INT", {"default": 30, "min": 1}]
BLOCKS = ["INT", {"default": 20, "min": 0, "max": 48, "step": 1}]


def refused(standin: Any, prompt: Any, node: str) -> dict[str, Any]:
    answer = standin.post(prompt)
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert body["error"] == FAILED
    assert body["node_errors"][node]["dependent_outputs"] == ["16"]
    assert body["node_errors"][node]["class_type"] == prompt[node]["class_type"]
    assert len(body["node_errors"][node]["errors"]) == 1
    return dict(body["node_errors"][node]["errors"][0])


def test_value_not_in_list(standin: Any, graph: Graph) -> None:
    options = ["disabled", "mkl", "hm", "reinhard", "mvgd", "hm-mvgd-hm", "hm-mkl-hm"]
    error = refused(standin, graph({"10.colormatch": "adain"}), "10")
    assert error["type"] == "value_not_in_list"
    assert error["message"] == "Value not in list"
    assert error["details"] == f"colormatch: 'adain' not in {options}"
    assert error["extra_info"]["received_value"] == "adain"
    assert error["extra_info"]["input_config"][0] == options


def test_required_input_missing(standin: Any, graph: Graph) -> None:
    prompt = graph()
    del prompt["14"]["inputs"]["steps"]
    assert refused(standin, prompt, "14") == {
        "type": "required_input_missing",
        "message": "Required input is missing",
        "details": "steps",
        "extra_info": {"input_name": "steps"},
    }


@pytest.mark.parametrize(
    ("change", "node", "expected"),
    [
        ({"14.steps": 0}, "14", ("value_smaller_than_min", "Value 0 smaller than min of 1", "steps", STEPS, 0)),
        (
            {"12.blocks_to_swap": 49}, "12",
            ("value_bigger_than_max", "Value 49 bigger than max of 48", "blocks_to_swap", BLOCKS, 49),
        ),
    ],
)  # fmt: skip
def test_out_of_range(standin: Any, graph: Graph, change: dict[str, Any], node: str, expected: tuple[Any, ...]) -> None:
    kind, message, name, config, value = expected
    assert refused(standin, graph(change), node) == {
        "type": kind,
        "message": message,
        "details": name,
        "extra_info": {"input_name": name, "input_config": config, "received_value": value},
    }


def test_wrong_type(standin: Any, graph: Graph) -> None:
    words = "invalid literal for int() with base 10: 'abc'"
    assert refused(standin, graph({"14.steps": "abc"}), "14") == {
        "type": "invalid_input_type",
        "message": "Failed to convert an input value to a INT value",
        "details": f"steps, abc, {words}",
        "extra_info": {
            "input_name": "steps", "input_config": STEPS, "received_value": "abc", "exception_message": words,
        },
    }  # fmt: skip


def test_bad_links(standin: Any, graph: Graph) -> None:
    error = refused(standin, graph({"14.steps": ["a", "b", "c"]}), "14")
    assert error["type"] == "bad_linked_input"
    assert error["message"] == "Bad linked input, must be a length-2 list of [node_id, slot_index]"
    error = refused(standin, graph({"14.steps": ["7", 0]}), "14")
    assert error["type"] == "return_type_mismatch"
    assert error["details"] == "steps, received_type(IMAGE) mismatch input_type(INT)"
    assert error["extra_info"]["linked_node"] == ["7", 0]
    error = refused(standin, graph({"15.samples": ["77", 0]}), "15")
    assert error["type"] == "exception_during_inner_validation"
    assert error["details"] == "'77'"
    assert error["extra_info"]["exception_type"] == "KeyError"
    assert error["extra_info"]["linked_node"] == ["15", 0]


def test_a_file_that_is_not_there(standin: Any, graph: Graph) -> None:
    assert refused(standin, graph({"7.image": "nope.png"}), "7") == {
        "type": "custom_validation_failed",
        "message": "Custom validation failed for node",
        "details": "image - Invalid image file: nope.png",
        "extra_info": {"input_name": "image"},
    }
    assert refused(standin, graph({"6.audio": "../../secret.wav"}), "6")["type"] == "custom_validation_failed"


def test_whole_prompt_errors(standin: Any, graph: Graph) -> None:
    def answer(prompt: Any) -> tuple[str, str, str]:
        reply = standin.post(prompt)
        assert reply.status_code == 400 and reply.json()["node_errors"] == {}
        error = reply.json()["error"]
        return error["type"], error["message"], error["details"]

    missing = {**graph(), "9": {"class_type": "NoSuchNode", "inputs": {}}}
    message = "Cannot execute because node NoSuchNode does not exist."
    assert answer(missing) == ("invalid_prompt", message, "Node ID '#9'")
    message = "Cannot execute because a node is missing the class_type property."
    assert answer({**graph(), "9": {"inputs": {}}}) == ("invalid_prompt", message, "Node ID '#9'")
    assert answer({"nodes": [], "links": [], "version": 0.4}) == ("invalid_prompt", message, "Node ID '#nodes'")
    prompt = graph()
    del prompt["16"]
    assert answer(prompt) == ("prompt_no_outputs", "Prompt has no outputs", "")
    assert answer(None) == ("no_prompt", "No prompt provided", "No prompt provided")


def test_no_json_is_a_500(standin: Any) -> None:
    answer = requests.post(f"{standin.url}/prompt", data="xx", timeout=5)
    assert answer.status_code == 500
    assert answer.text == "500 Internal Server Error\n\nServer got itself in trouble"


def test_a_bad_output_branch_is_dropped_and_the_rest_runs(standin: Any, graph: Graph) -> None:
    prompt = graph({"14.seed": 200})
    prompt["4b"] = {"class_type": "VHS_VideoCombine", "inputs": {**prompt["16"]["inputs"], "format": "video/xx"}}
    answer = standin.post(prompt)
    assert answer.status_code == 200
    assert list(answer.json()["node_errors"]) == ["4b"]
    entry = standin.wait(answer.json()["prompt_id"])
    assert list(entry["outputs"]) == ["16"] and entry["prompt"][4] == ["16"]


def test_what_the_server_is_silent_about(standin: Any, graph: Graph) -> None:
    prompt = graph({"14.seed": 201, "14.stepz": 9, "14.steps": 2.9, "10.tiled_vae": "false", "16.crf": 500})
    entry = standin.render(prompt)
    assert entry["status"]["status_str"] == "success"
    ran = entry["prompt"][2]
    assert ran["14"]["inputs"]["steps"] == 2
    assert ran["14"]["inputs"]["stepz"] == 9
    assert ran["10"]["inputs"]["tiled_vae"] is True


def test_a_circle_ends_in_a_refusal(standin: Any, graph: Graph) -> None:
    prompt = graph()
    prompt["11"]["inputs"]["prev_lora"] = ["11", 0]
    assert standin.post(prompt).status_code == 400
    assert standin.get("/prompt")["exec_info"]["queue_remaining"] == 0
