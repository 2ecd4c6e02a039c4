"""Failures that the real workflow is known for."""

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.standin.errors import OUT_OF_MEMORY, NodeError
from runner.standin.memory import check_memory, check_size, needed_gib

Graph = Callable[..., dict[str, Any]]
FP8 = "I2V/Wan2_1-I2V-14B-480p_fp8_e4m3fn_scaled_KJ.safetensors"
FP8_TALK = "InfiniteTalk/Wan2_1-InfiniteTalk-Single_fp8_e4m3fn_scaled_KJ.safetensors"


def failed(standin: Any, prompt: dict[str, Any]) -> dict[str, Any]:
    entry = standin.render(prompt)
    assert entry["status"]["status_str"] == "error" and entry["status"]["completed"] is False
    name, data = entry["status"]["messages"][-1]
    assert name == "execution_error"
    assert entry["outputs"] == {}
    assert {"prompt_id", "node_id", "executed", "traceback", "current_inputs", "current_outputs"} <= set(data)
    return dict(data)


@pytest.mark.parametrize(("width", "height"), [(1080, 1920), (1072, 1920)])
def test_the_largest_sizes_run_out_of_memory(standin: Any, graph: Graph, width: int, height: int) -> None:
    change = {"10.width": width, "10.height": height, "10.frame_window_size": 81, "10.motion_frame": 9}
    data = failed(standin, graph(change))
    assert data["exception_type"] == "torch.OutOfMemoryError"
    assert data["node_type"] == "WanVideoSampler"
    assert "(out of memory)" in data["exception_message"]
    assert data["exception_message"].endswith("accidentally set the batch_size to a large number.")


def test_a_size_not_divisible_by_16_fails_in_the_sampler(standin: Any, graph: Graph) -> None:
    change = {"10.width": 1080, "10.height": 1080, "10.frame_window_size": 81, "10.motion_frame": 9}
    data = failed(standin, graph(change))
    assert data["exception_type"] == "RuntimeError"
    # Word for word what a real server said.
    assert data["exception_message"] == "shape '[20, 4489, 5120]' is invalid for input of size 466908160\n"
    assert data["node_id"] == "14"


def test_sizes_that_ran_on_the_real_card_run() -> None:
    for width, height, swapped in ((464, 832, 0), (464, 832, 20), (624, 624, 20), (720, 1280, 20)):
        check_memory(needed_gib(width, height, 81, swapped))
        check_size(width, height, 81)
    with pytest.raises(NodeError) as caught:
        check_memory(needed_gib(1072, 1920, 81, 20))
    assert caught.value.kind == OUT_OF_MEMORY


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"13.quantization": "fp8_e4m3fn"}, "ValueError", "Quantization should be disabled when loading GGUF models."),
        ({"11.merge_loras": True}, "ValueError", "GGUF models do not support LoRA merging"),
        ({"13.model": FP8}, "ValueError", "Multitalk/InfiniteTalk model is a GGUF model, main model also has to be"),
        (
            {"13.model": FP8, "5.model": FP8_TALK, "13.quantization": "fp8_e4m3fn_scaled_fast"},
            "NotImplementedError",
            "fp8_fast is not supported with unmerged LoRAs",
        ),
        ({"10.motion_frame": 21}, "ZeroDivisionError", "integer division or modulo by zero"),
    ],
)
def test_refused_combinations(standin: Any, graph: Graph, change: dict[str, Any], kind: str, words: str) -> None:
    data = failed(standin, graph(change))
    assert data["exception_type"] == kind
    assert data["exception_message"].startswith(words)


def test_fp8_files_run_together(standin: Any, graph: Graph) -> None:
    entry = standin.render(graph({"13.model": FP8, "5.model": FP8_TALK, "14.seed": 300}))
    assert entry["status"]["status_str"] == "success"


def test_files_that_are_not_what_their_name_says(standin: Any, graph: Graph, tmp_path: Path) -> None:
    words = tmp_path / "words.png"
    words.write_text("not a picture", encoding="utf-8")
    standin.upload(words)
    assert failed(standin, graph({"7.image": "words.png"}))["exception_type"] == "PIL.UnidentifiedImageError"
    words.rename(tmp_path / "words.wav")
    standin.upload(tmp_path / "words.wav")
    data = failed(standin, graph({"6.audio": "words.wav"}))
    assert data["node_type"] == "LoadAudio" and data["exception_type"].startswith("av.")
    silence = tmp_path / "empty.wav"
    with wave.open(str(silence), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
    standin.upload(silence)
    assert failed(standin, graph({"6.audio": "empty.wav"}))["node_type"] == "LoadAudio"


def test_the_server_goes_on_after_a_failure(standin: Any, graph: Graph) -> None:
    failed(standin, graph({"10.width": 200}))
    assert standin.render(graph({"14.seed": 301}))["status"]["status_str"] == "success"
