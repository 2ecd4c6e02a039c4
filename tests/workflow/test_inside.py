"""The graph inside a video: in every form in which it was ever written, and what is said where there is none."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflow.binding import bind
from workflow.graph import Graph, GraphError, UiFormatError
from workflow.inside import LARGEST, NoGraphInside, graph_of, prompt_inside
from workflow.media.errors import MediaError

Tagged = Callable[..., Path]
GRAPH = {"1": {"class_type": "A", "inputs": {"text": "你好 \U0001f600"}}}
TEXT = json.dumps(GRAPH, ensure_ascii=False)


def test_the_graph_is_found_in_every_form_in_which_it_was_ever_written() -> None:
    graph = {"1": {"class_type": "A", "inputs": {}}}
    text = json.dumps(graph)
    for tags in (
        {"prompt": text},
        {"PROMPT": text},
        {"prompt": json.dumps(text)},
        {"comment": json.dumps({"prompt": text, "workflow": "{}"})},
        {"comment": json.dumps(json.dumps({"prompt": text}))},
        {"comment": json.dumps({"prompt": graph})},
        {"prompt": "damaged {", "comment": json.dumps({"prompt": graph})},
    ):
        assert prompt_inside(tags) == graph
    for tags in ({}, {"prompt": "no json"}, {"comment": "made on a Sunday"}, {"prompt": "3"}, {"comment": "[1]"}):
        assert prompt_inside(tags) is None


def test_the_prompt_s_own_tag_comes_before_the_comment() -> None:
    other = json.dumps({"prompt": {"2": {"class_type": "B", "inputs": {}}}})
    assert prompt_inside({"comment": other, "prompt": TEXT}) == GRAPH


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, " " * (LARGEST + 1) + TEXT, '{"1": 1e', ""])
def test_a_hostile_tag_holds_no_graph_and_does_no_harm(text: str) -> None:
    assert prompt_inside({"prompt": text}) is None
    assert prompt_inside({"comment": text}) is None
    assert prompt_inside({"comment": json.dumps({"prompt": text})}) is None


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm", "A.MP4", "动 作.mp4"])
@pytest.mark.parametrize("older", [False, True])
def test_a_video_of_any_container_gives_its_graph_back(tagged: Tagged, name: str, older: bool) -> None:
    tags = {"comment": json.dumps({"prompt": TEXT, "workflow": {}})} if older else {"prompt": TEXT}
    assert graph_of(tagged(tags, name)) == GRAPH


def test_a_real_comfyui_s_video_holds_what_stands_in_its_bytes(comfyui_output: Path) -> None:
    """The tag is found in the file without a demuxer, and read by json alone."""
    raw = comfyui_output.read_bytes().decode("latin-1")
    at = next(at for at in range(len(raw)) if raw.startswith('{"', at) and raw[at : at + 4000].count("class_type") > 9)
    expected, _ = json.JSONDecoder().raw_decode(raw, at)
    found = graph_of(comfyui_output)
    assert {one: (node["class_type"], node["inputs"]) for one, node in found.items()} == {
        one: (node["class_type"], {k: v for k, v in node["inputs"].items() if k not in ("upload", "audioUI")})
        for one, node in expected.items()
    }
    assert bind(found).read(found, "audio_scale") == 2.0


def test_a_json_file_is_a_graph_whatever_case_its_name_has(tmp_path: Path, shipped: Graph) -> None:
    path = tmp_path / "Graph.JSON"
    path.write_text(json.dumps(shipped), encoding="utf-8")
    assert graph_of(path) == shipped


@pytest.mark.parametrize("name", ["talking_frontal", "portrait_profile", "speech_wav"])
def test_media_that_comfyui_did_not_write_say_so(name: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(NoGraphInside, match="does not carry the graph") as caught:
        graph_of(request.getfixturevalue(name))
    assert "save_metadata" in caught.value.hint


CANVAS = json.dumps({"nodes": [], "links": []})


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({"title": "holiday"}, "no graph of ComfyUI"),
        ({"comment": "made on a Sunday"}, "no graph of ComfyUI"),
        ({"workflow": CANVAS}, "only the canvas's workflow"),
        ({"comment": json.dumps({"workflow": json.loads(CANVAS)})}, "only the canvas's workflow"),
        ({"prompt": TEXT[:-9], "workflow": CANVAS}, "damaged"),
        ({"comment": json.dumps({"prompt": "[1, 2]"})}, "damaged"),
        ({"prompt": " " * LARGEST + TEXT}, "too large"),
    ],
)
def test_what_a_video_has_instead_of_a_prompt_is_said(tagged: Tagged, tags: dict[str, str], why: str) -> None:
    with pytest.raises(NoGraphInside) as caught:
        graph_of(tagged(tags))
    assert why in caught.value.message


FOREIGN: dict[str, Any] = {
    "no nodes": {},
    "a node that is a number": {"1": 3},
    "no class": {"1": {"inputs": {}}},
    "a class that is a list": {"1": {"class_type": [], "inputs": {}}},
    "inputs that are a list": {"1": {"class_type": "A", "inputs": []}},
    "a canvas": {"nodes": [], "links": []},
    "automatic1111": {"steps": 20, "sampler": "Euler"},
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_foreign_prompt_is_no_graph(tagged: Tagged, what: str) -> None:
    with pytest.raises(NoGraphInside) as caught:
        graph_of(tagged({"prompt": json.dumps(FOREIGN[what])}))
    assert "video.mp4" in caught.value.message and "damaged" in caught.value.hint


@pytest.mark.parametrize("what", FOREIGN)
def test_nor_is_a_file_that_holds_one(tmp_path: Path, what: str) -> None:
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(FOREIGN[what]), encoding="utf-8")
    with pytest.raises(UiFormatError if what == "a canvas" else GraphError) as caught:
        graph_of(path)
    assert "graph.json" in caught.value.message and caught.value.hint


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole: a terabyte that takes no room
    with pytest.raises(GraphError, match="too large"):
        graph_of(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.mp4", None), ("a.mp4", b""), ("a.mp4", b"<html>no video</html>"), ("a.json", None), ("a.json", b"\xff\xfe")],
)
def test_no_file_and_no_video_are_told_by_their_own_errors(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GraphError if name.endswith("json") else MediaError, match=name) as caught:
        graph_of(path)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["a.mp4", "a.json"])
def test_a_folder_is_neither(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises((GraphError, MediaError)):
        graph_of(tmp_path / name)
