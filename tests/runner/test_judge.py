"""What a history entry means: where it failed, and whose video it names."""

from typing import Any

import pytest

from runner.answers import Finished, read_history
from runner.judge import judge, stage_of
from runner.outcome import Outcome
from workflow.graph import default_graph
from workflow.timings import Timings

GRAPH = default_graph()
PREFIX = "infinitetalk-sweep/aaaa-bbbb"
FILE = {"filename": "aaaa-bbbb_00001-audio.mp4", "subfolder": "infinitetalk-sweep", "type": "output"}


def finished(*messages: tuple[str, dict[str, Any]], status: str = "error", files: Any = ()) -> Finished:
    """What ``/history`` says, read as it is read from a server."""
    entry = {
        "prompt": [1, "p", GRAPH, {}, []],
        "outputs": {"16": {"gifs": list(files)}},
        "status": {"status_str": status, "completed": status == "success", "messages": [list(one) for one in messages]},
    }
    found = read_history({"p": entry}, "p")
    assert found is not None
    return found


def error(class_type: str, kind: str, message: str) -> tuple[str, dict[str, Any]]:
    told = {"node_id": "9", "node_type": class_type, "exception_type": kind, "exception_message": message}
    return "execution_error", told


def test_every_class_of_the_shipped_graph_has_a_stage() -> None:
    stages = {node["class_type"]: stage_of(node["class_type"]) for node in GRAPH.values()}
    assert "node" not in stages.values(), stages


@pytest.mark.parametrize(
    ("class_type", "stage"),
    [
        ("WanVideoModelLoader", "load"),
        ("WanVideoVAELoader", "load"),
        ("WanVideoTextEncodeCached", "load"),
        ("WanVideoClipVisionEncode", "load"),
        ("MultiTalkWav2VecEmbeds", "load"),
        ("WanVideoSampler", "sample"),
        ("WanVideoDecode", "decode"),
        ("VHS_VideoCombine", "encode"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("torch.OutOfMemoryError", "Allocation on device 0 would exceed allowed memory. (out of memory)"),
        ("torch.cuda.OutOfMemoryError", "CUDA out of memory. Tried to allocate 6.44 GiB."),
        ("torch.AcceleratorError", "CUDA error: out of memory"),
        ("RuntimeError", "[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_out_of_memory_has_the_stage_of_its_node(class_type: str, stage: str, kind: str, message: str) -> None:
    outcome = judge(GRAPH, PREFIX, finished(error(class_type, kind, message)), Timings(total_s=3.0))
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.stage, outcome.timings.total_s) == ("out_of_memory", stage, 3.0)
    assert class_type in outcome.message and kind in outcome.message


def test_another_error_is_no_out_of_memory() -> None:
    outcome = judge(GRAPH, PREFIX, finished(error("WanVideoSampler", "RuntimeError", "shape is invalid")), Timings())
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.stage) == ("node_error", "sample")


def test_a_cached_sampler_is_refused_unless_the_file_of_this_attempt_was_cached_too() -> None:
    everything = ("execution_cached", {"nodes": list(GRAPH)})
    but_the_file = ("execution_cached", {"nodes": [node for node in GRAPH if node != "16"]})
    cached = Timings(cached=True)
    ours = judge(GRAPH, PREFIX, finished(everything, status="success", files=[FILE]), cached)
    assert not isinstance(ours, Outcome) and ours.filename == FILE["filename"]
    washed = judge(GRAPH, PREFIX, finished(but_the_file, status="success", files=[FILE]), cached)
    assert isinstance(washed, Outcome) and washed.status == "corrupt"
    old = judge(GRAPH, PREFIX, finished(everything, status="success", files=[{**FILE, "filename": "old.mp4"}]), cached)
    assert isinstance(old, Outcome) and old.stage == "download"


@pytest.mark.parametrize(
    "file",
    [
        {"filename": "../../../etc/passwd"},
        {"filename": "aaaa-bbbb_00001.mp4.exe"},
        {"filename": "/aaaa-bbbb_00001.mp4"},
        {"filename": "aaaa-bbbb_/../../x_00001.mp4"},
        {"filename": "x" * 5000},
        {"filename": "_00001.mp4"},
        {"subfolder": "infinitetalk-sweep/../.."},
        {"subfolder": ""},
    ],
)
def test_a_file_that_is_not_this_attempts_is_no_video(file: dict[str, str]) -> None:
    found = judge(GRAPH, PREFIX, finished(status="success", files=[{**FILE, **file}]), Timings())
    assert isinstance(found, Outcome)
    assert (found.status, found.stage) == ("corrupt", "download")
    assert len(found.message) < 1000
