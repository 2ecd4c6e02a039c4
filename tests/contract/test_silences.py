"""What a server takes without a word, and what it makes of it."""

import io
import json
from collections.abc import Callable
from typing import Any

import av
import pytest

MakeGraph = Callable[..., dict[str, dict[str, Any]]]


def test_values_are_made_to_fit_and_nobody_is_told(raw: Any, make_graph: MakeGraph) -> None:
    odd = {"loop_count": 2.9, "pingpong": "false", "frame_rate": "25", "no_such_input": [1, 2, 3], "crf": 500}
    entry = raw.run(make_graph(raw.unique(), **odd))
    assert entry["status"]["status_str"] == "success"
    ran = entry["prompt"][2]["2"]["inputs"]
    assert (ran["loop_count"], ran["pingpong"], ran["frame_rate"]) == (2, True, 25.0)
    assert (ran["no_such_input"], ran["crf"]) == ([1, 2, 3], 500), "what the schema does not have is not touched"


def test_no_step_is_kept(raw: Any, make_graph: MakeGraph) -> None:
    graph = make_graph(raw.unique(), frame_rate=12.5)
    assert (
        raw.get("/object_info/VHS_VideoCombine")["VHS_VideoCombine"]["input"]["required"]["frame_rate"][1]["step"] == 1
    )
    entry = raw.run(graph)
    assert entry["status"]["status_str"] == "success"
    assert entry["outputs"]["2"]["gifs"][0]["frame_rate"] == 12.5


@pytest.mark.parametrize(("name", "value"), [("crf", "nineteen"), ("crf", None), ("crf", -5), ("pix_fmt", "nope")])
def test_a_format_widget_that_ffmpeg_refuses_is_a_success_without_a_file(
    raw: Any, make_graph: MakeGraph, name: str, value: object
) -> None:
    entry = raw.run(make_graph(raw.unique(), **{name: value}))
    assert entry["status"]["status_str"] == "success"
    assert raw.view(entry).status_code == 404


@pytest.mark.parametrize(("value", "embedded"), [("false", True), (0, True), (False, False), (KeyError, True)])
def test_metadata_is_left_out_for_false_alone(raw: Any, make_graph: MakeGraph, value: object, embedded: bool) -> None:
    graph = make_graph(raw.unique(), save_metadata=value)
    if value is KeyError:
        del graph["2"]["inputs"]["save_metadata"]  # the node fills in its own default
    entry = raw.run(graph)
    with av.open(io.BytesIO(raw.view(entry).content)) as video:
        assert ("prompt" in video.metadata) == embedded


def test_the_prompt_inside_a_video_is_the_one_that_ran_with_its_files_fingerprints(
    raw: Any, make_graph: MakeGraph
) -> None:
    entry = raw.run(make_graph(raw.unique()))
    with av.open(io.BytesIO(raw.view(entry).content)) as video:
        inside = json.loads(video.metadata["prompt"])
    (digest,) = inside["1"].pop("is_changed")
    assert len(digest) == 64
    assert inside == entry["prompt"][2]


def test_an_odd_size_grows_by_a_pixel(raw: Any, make_graph: MakeGraph) -> None:
    graph = make_graph(raw.unique())
    graph["1"]["inputs"]["image"] = raw.picture(63, 95)
    with av.open(io.BytesIO(raw.view(raw.run(graph)).content)) as video:
        assert (video.streams.video[0].width, video.streams.video[0].height) == (64, 96)


def test_a_folder_passes_for_a_picture_until_it_is_read(raw: Any, make_graph: MakeGraph) -> None:
    graph = make_graph(raw.unique())
    graph["1"]["inputs"]["image"] = "."
    entry = raw.run(graph)
    name, data = entry["status"]["messages"][-1]
    assert (name, data["exception_type"]) == (
        "execution_error",
        "av.error.IsADirectoryError" if raw.since(0, 27) else "IsADirectoryError",
    )
