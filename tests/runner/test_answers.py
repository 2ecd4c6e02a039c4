"""Reading answers: laws that hold for any JSON, and the real shapes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runner.answers import read_history, read_queue
from runner.judge import judge
from runner.outcome import Outcome
from runner.rejection import rejection
from runner.transport import ServerBadAnswer
from workflow.timings import Timings

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = ("prompt", "outputs", "status", "messages", "status_str", "completed", "error", "node_errors", "errors", "type")
SHAPED = st.recursive(
    JSON, lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=4) | st.lists(inner, max_size=3)
)


@given(SHAPED)
def test_any_json_is_read_or_is_a_bad_answer(value: Any) -> None:
    for read in (read_queue, lambda answer: read_history(answer, "id")):
        try:
            read(value)
        except ServerBadAnswer:
            continue


@given(SHAPED)
def test_any_history_entry_is_judged(entry: Any) -> None:
    try:
        finished = read_history({"id": entry}, "id")
    except ServerBadAnswer:
        return
    if finished is not None:
        found = judge({"1": {"class_type": "A", "inputs": {}}}, "x/y", finished, Timings())
        assert isinstance(found, Outcome) and not found.done


@given(st.dictionaries(st.sampled_from(KEYS), SHAPED, max_size=4))
def test_any_refusal_is_told_without_control_characters(answer: dict[str, Any]) -> None:
    error = rejection(answer)
    assert error.message and all(ord(char) >= 32 or char == "\n" for char in error.message)


@given(st.lists(st.tuples(st.integers(-50, 50), st.uuids()), unique_by=lambda item: item[1]))
def test_pending_prompts_are_in_the_order_in_which_they_will_run(items: list[tuple[int, Any]]) -> None:
    pending = [[number, str(one), {}, {}, []] for number, one in items]
    queue = read_queue({"queue_running": [[99, "now", {}, {}, []]], "queue_pending": pending})
    numbers = {str(one): number for number, one in items}
    assert [numbers[one] for one in queue.pending] == sorted(numbers.values())
    for place, one in enumerate(queue.pending):
        assert queue.ahead_of(one) == 1 + place


def history(messages: list[Any], status: str = "error", outputs: Any = None) -> dict[str, Any]:
    entry = {
        "prompt": [0, "id", {"1": {"class_type": "A", "inputs": {}}}, {}, []],
        "outputs": outputs or {},
        "status": {"status_str": status, "completed": status == "success", "messages": messages},
    }
    return {"id": entry}


def ended(kind: str, message: str, node_type: str = "WanVideoSampler") -> list[Any]:
    error = {"node_id": "14", "node_type": node_type, "exception_type": kind, "exception_message": message}
    return ["execution_error", error | {"traceback": ["  File a\n", "    b\n"]}]


def outcome_of(answer: dict[str, Any]) -> Outcome:
    finished = read_history(answer, "id")
    assert finished is not None
    found = judge({"1": {"class_type": "A", "inputs": {}}}, "sweep/abc", finished, Timings())
    assert isinstance(found, Outcome)
    return found


def test_out_of_memory_is_known_by_type_and_by_words() -> None:
    for kind, words in (
        ("torch.OutOfMemoryError", "Allocation on device"),
        ("torch.cuda.OutOfMemoryError", "CUDA"),
        ("torch.AcceleratorError", "CUDA error: out of memory"),
        ("RuntimeError", "Allocation on device 0 would exceed allowed memory. (out of memory)"),
    ):
        assert outcome_of(history([ended(kind, words)])).status == "out_of_memory"
    assert outcome_of(history([ended("ValueError", "not a scaled fp8 model")])).status == "node_error"


def test_a_node_error_says_where_and_what_and_keeps_the_traceback() -> None:
    found = outcome_of(
        history([ended("ModuleNotFoundError", "No module named 'sageattention'", "WanVideoModelLoader")])
    )
    assert (found.stage, found.status) == ("load", "node_error")
    assert found.message.startswith("WanVideoModelLoader (node 14): ModuleNotFoundError: No module named")
    assert found.detail == "File a\nb"


def test_success_without_our_file_is_corrupt() -> None:
    old = {"2": {"gifs": [{"filename": "other_00001.mp4", "subfolder": "", "type": "output"}]}}
    for outputs, words in ((None, "no file"), (old, "other_00001.mp4")):
        found = outcome_of(history([], "success", outputs))
        assert found.status == "corrupt" and words in found.message


def test_the_file_with_sound_is_taken() -> None:
    names = ["abc_00001.png", "abc_00001.mp4", "abc_00001-audio.mp4", "abcd_00001.mp4"]
    outputs = {"2": {"gifs": [{"filename": name, "subfolder": "sweep", "type": "output"} for name in names]}}
    finished = read_history(history([], "success", outputs), "id")
    assert finished is not None
    found = judge({"1": {"class_type": "A", "inputs": {}}}, "sweep/abc", finished, Timings())
    assert not isinstance(found, Outcome) and found.filename == "abc_00001-audio.mp4"


def test_a_refusal_lists_every_node_and_what_is_offered() -> None:
    config = [["disabled", "mkl", "reinhard"], {}]
    extra = {"input_name": "colormatch", "input_config": config, "received_value": "adain"}
    steps = {"input_name": "steps", "received_value": 0}
    answer = {
        "error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation"},
        "node_errors": {
            "10": {"class_type": "A", "errors": [{"type": "value_not_in_list", "extra_info": extra}]},
            "14": {
                "class_type": "B",
                "errors": [
                    {
                        "type": "value_smaller_than_min",
                        "message": "Value 0 smaller than min of 1",
                        "details": "steps",
                        "extra_info": steps,
                    }
                ],
            },
        },
    }
    assert rejection(answer).lines == (
        "node 10 A.colormatch: 'adain' is not offered; the server has disabled, mkl, reinhard",
        "node 14 B.steps: Value 0 smaller than min of 1 (sent 0)",
    )
