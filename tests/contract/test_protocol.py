"""What the runner relies on, asked of the stand-in and, with COMFYUI_URL set, of a real server."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from runner.answers import FileRef, Finished
from runner.client import ComfyClient, OutputMissing
from runner.events import Listener
from runner.prepare import difference
from runner.progress import Shape
from runner.rejection import PromptRejected
from runner.stamp import read_stamp
from runner.verify import Expected, flaw_in
from runner.watch import Watch

MakeGraph = Callable[..., dict[str, dict[str, Any]]]
COMBINE = "VHS_VideoCombine"


def unique() -> str:
    return f"contract/{uuid.uuid4().hex[:12]}"


def send(comfy: ComfyClient, graph: dict[str, Any], client_id: str | None = None) -> str:
    prompt_id = str(uuid.uuid4())
    comfy.submit(graph, prompt_id, client_id or uuid.uuid4().hex)
    return prompt_id


def finish(comfy: ComfyClient, prompt_id: str) -> Finished:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        queue = comfy.queue()
        if prompt_id not in queue.running + queue.pending:
            found = comfy.history(prompt_id)
            assert found is not None, "absent from queue and then from history"
            return found
        time.sleep(0.05)
    raise AssertionError("it does not end")


def video_of(finished: Finished, node: str = "2") -> FileRef:
    assert finished.success, finished.failure
    (ref,) = finished.outputs[node]
    return ref


def test_system_stats_tell_version_flags_and_a_device(comfy: ComfyClient) -> None:
    stats = comfy.system_stats()
    stamp = read_stamp(stats, {}, (), {})
    assert stamp.comfyui and stamp.python and stamp.gpu
    assert stamp.vram_total and stamp.ram_total
    assert isinstance(stats["system"]["argv"], list)


def test_object_info_of_one_class_is_its_part_of_the_whole(comfy: ComfyClient) -> None:
    assert comfy.object_info(COMBINE)[COMBINE].keys() == comfy.object_info()[COMBINE].keys()
    assert comfy.object_info("NoSuchNode") == {}


def test_the_classes_of_the_workflow_are_there(comfy: ComfyClient) -> None:
    from workflow.graph import load_graph

    assert {node["class_type"] for node in load_graph().values()} <= comfy.object_info().keys()


def test_an_upload_keeps_its_name_for_equal_bytes_and_loses_it_for_others(comfy: ComfyClient, tmp_path: Path) -> None:
    one, other, name = tmp_path / "one", tmp_path / "other", f"{uuid.uuid4().hex}.wav"
    one.write_bytes(uuid.uuid4().bytes)
    other.write_bytes(uuid.uuid4().bytes)
    assert comfy.upload(one, name) == name
    assert comfy.upload(one, name) == name
    assert comfy.upload(other, name) != name


def test_a_picture_becomes_a_video_that_carries_its_graph(
    comfy: ComfyClient, make_graph: MakeGraph, tmp_path: Path
) -> None:
    graph = make_graph(unique())
    finished = finish(comfy, send(comfy, graph))
    ref, path = video_of(finished), tmp_path / "video.mp4"
    assert difference(graph, dict(finished.prompt)) is None
    assert ref.filename.startswith(graph["2"]["inputs"]["filename_prefix"].split("/")[1] + "_")
    assert (ref.subfolder, ref.kind) == ("contract", "output")
    assert comfy.view(ref, path) == path.stat().st_size
    assert flaw_in(path, Expected(frames=1, width=64, height=96, graph=graph)) is None
    assert finished.seconds is not None and finished.cached is not None


def test_a_new_prefix_runs_only_the_combine_node_again(comfy: ComfyClient, make_graph: MakeGraph) -> None:
    finish(comfy, send(comfy, make_graph(unique())))
    assert finish(comfy, send(comfy, make_graph(unique()))).cached == {"1"}


def test_the_same_prompt_again_answers_with_the_old_file(comfy: ComfyClient, make_graph: MakeGraph) -> None:
    graph = make_graph(unique())
    first, again = (finish(comfy, send(comfy, graph)) for _ in range(2))
    assert video_of(first) == video_of(again)
    assert again.cached == {"1", "2"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "video/xx"}, "VHS_VideoCombine.format: 'video/xx' is not offered; the server has "),
        ({"frame_rate": -1}, "VHS_VideoCombine.frame_rate: Value -1.0 smaller than min of 1 (sent -1.0)"),
        ({"loop_count": 101}, "VHS_VideoCombine.loop_count: Value 101 bigger than max of 100 (sent 101)"),
        ({"frame_rate": "fast"}, "VHS_VideoCombine.frame_rate: Failed to convert an input value to a FLOAT value"),
        ({"images": ["1", 1]}, "VHS_VideoCombine.images: Return type mismatch between linked nodes"),
        ({"loop_count": [1, 2, 3]}, "Bad linked input, must be a length-2 list of [node_id, slot_index]"),
    ],
)
def test_a_bad_value_is_refused_and_named(
    comfy: ComfyClient, make_graph: MakeGraph, change: dict[str, object], words: str
) -> None:
    with pytest.raises(PromptRejected) as refused:
        send(comfy, make_graph(unique(), **change))
    assert words in str(refused.value)
    assert "node 2" in refused.value.lines[0]


def test_a_missing_input_a_missing_file_and_a_missing_node_are_named(comfy: ComfyClient, make_graph: MakeGraph) -> None:
    graph = make_graph(unique())
    del graph["2"]["inputs"]["frame_rate"]
    with pytest.raises(PromptRejected, match="frame_rate: required, and not sent"):
        send(comfy, graph)
    graph = make_graph(unique())
    graph["1"]["inputs"]["image"] = "no such file.png"
    with pytest.raises(PromptRejected, match=r"no such file\.png") as refused:
        send(comfy, graph)
    assert refused.value.types & {"custom_validation_failed", "value_not_in_list"}
    graph = make_graph(unique())
    graph["1"]["class_type"] = "NoSuchNode"
    with pytest.raises(PromptRejected, match="NoSuchNode"):
        send(comfy, graph)


def test_a_graph_without_output_is_refused(comfy: ComfyClient, make_graph: MakeGraph) -> None:
    graph = make_graph(unique())
    del graph["2"]
    with pytest.raises(PromptRejected, match="Prompt has no outputs"):
        send(comfy, graph)


def test_a_graph_of_which_only_a_part_would_run_is_taken_back(comfy: ComfyClient, make_graph: MakeGraph) -> None:
    graph = make_graph(unique())
    graph["3"] = {"class_type": COMBINE, "inputs": {**graph["2"]["inputs"], "format": "video/xx"}}
    with pytest.raises(PromptRejected, match="only a part"):
        send(comfy, graph)
    queue = comfy.queue()
    assert queue.pending == ()


def test_unknown_inputs_are_passed_over_in_silence(comfy: ComfyClient, make_graph: MakeGraph) -> None:
    graph = make_graph(unique(), no_such_input=1)
    assert finish(comfy, send(comfy, graph)).success


def test_nobody_knows_an_unknown_prompt(comfy: ComfyClient) -> None:
    assert comfy.history(str(uuid.uuid4())) is None
    assert comfy.cancel(str(uuid.uuid4())) is True
    comfy.interrupt(str(uuid.uuid4()))
    comfy.delete(str(uuid.uuid4()))


def test_files_outside_the_server_folders_are_not_to_be_had(comfy: ComfyClient, tmp_path: Path) -> None:
    for ref in (FileRef("nope.mp4", "", "output"), FileRef("../x", "", "output"), FileRef("x", "", "zzz")):
        with pytest.raises(OutputMissing):
            comfy.view(ref, tmp_path / "x")


def test_another_origin_is_turned_away_and_ours_sends_none(contract_url: str) -> None:
    route = f"{contract_url}/system_stats"
    assert requests.get(route, headers={"Origin": "http://elsewhere.example"}, timeout=10).status_code == 403
    assert requests.get(route, timeout=10).status_code == 200


@pytest.fixture
def listener(comfy: ComfyClient) -> Iterator[Listener]:
    made = Listener(comfy.url, comfy.headers)
    made.start()
    yield made
    made.stop()


def test_events_come_for_the_prompts_of_the_connection_and_no_others(
    comfy: ComfyClient, make_graph: MakeGraph, listener: Listener
) -> None:
    assert listener.hears(listener.client_id)
    shape = Shape("2", "1", 1, 1, {"1": "LoadImage", "2": COMBINE}, frozenset({1}))
    mine, other, ids = Watch(shape), Watch(shape), [str(uuid.uuid4()) for _ in range(2)]
    for prompt_id, watch, client_id in zip(ids, (mine, other), (listener.client_id, uuid.uuid4().hex), strict=True):
        listener.watch(prompt_id, watch)
        comfy.submit(make_graph(unique()), prompt_id, client_id)
        finish(comfy, prompt_id)
    mine.settle(5)
    timings = mine.timings(posted=None, cached=frozenset({"1"}), seconds=None)
    assert timings.total_s is not None and [name for name, _ in timings.node_s] == [f"2 {COMBINE}"]
    assert other.last is None


def test_a_running_prompt_can_be_interrupted_and_a_waiting_one_deleted(
    comfy: ComfyClient, long_graph: MakeGraph
) -> None:
    ids = [send(comfy, long_graph(unique())) for _ in range(2)]
    deadline = time.monotonic() + 20
    while ids[0] not in comfy.queue().running:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert comfy.queue().pending == (ids[1],)
    assert comfy.cancel(ids[1]) and comfy.history(ids[1]) is None
    comfy.interrupt(ids[1])
    assert ids[0] in comfy.queue().running, "an interrupt names its prompt"
    assert comfy.cancel(ids[0], patience_s=20)
    ended = comfy.history(ids[0])
    assert ended is not None and ended.failure is not None and ended.failure.kind == "interrupted"


def test_many_threads_may_share_a_client(comfy: ComfyClient) -> None:
    answers: list[str] = []

    def ask() -> None:
        answers.append(comfy.system_stats()["system"]["comfyui_version"])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8 and len(set(answers)) == 1
