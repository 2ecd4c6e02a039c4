"""What a video says of its own making, believed only as far as it can be."""

import json
from pathlib import Path
from typing import Any

import pytest
from olden import graph_of

from sweeps.adopt.inputs import Input, Inputs, NoInputs, below
from sweeps.adopt.made import NotAdopted, Source, made_by
from workflow.binding import bind

MARK = "stand-in 1: rendered by a CPU puppet, not by InfiniteTalk"


def test_parameters_seed_clip_and_windows_are_read_from_the_graph(write: Any, tmp_path: Path) -> None:
    graph = graph_of(
        seed=2**63, speech="sub/你好.wav [input]", values={"motion_frame": 5, "frame_window_size": 13, "cfg": 2.0}
    )
    made = made_by(write(tmp_path / "a.mp4", graph, frames=29))
    assert dict(made.values) == bind(graph).values(graph)
    assert (made.seed, made.speech, made.picture) == (2**63, Source("sub/你好.wav"), Source("anna.png"))
    assert made.face == Source("face.png")
    assert made.windows is not None and made.windows.seams == (13, 21)
    assert not made.stand_in and made.computed == ()


def test_content_is_known_where_comfyui_wrote_it_down_and_its_nan_is_no_trouble(write: Any, tmp_path: Path) -> None:
    graph = graph_of()
    graph["6"]["is_changed"], graph["7"]["is_changed"] = ["a" * 64], [float("nan")]
    made = made_by(write(tmp_path / "a.mp4", graph, comment=MARK))
    assert (made.speech.sha256, made.picture.sha256) == ("a" * 64, None)
    assert made.stand_in
    assert json.dumps(made.graph, allow_nan=False)


@pytest.mark.parametrize(("fps", "known"), [(25, True), (30, False)])
def test_a_video_at_another_rate_than_its_graph_wrote_has_no_known_seams(
    write: Any, tmp_path: Path, fps: int, known: bool
) -> None:
    graph = graph_of(values={"motion_frame": 5, "frame_window_size": 13})
    assert (made_by(write(tmp_path / "a.mp4", graph, fps=fps)).windows is not None) is known
    graph["16"]["inputs"]["frame_rate"] = 30
    assert (made_by(write(tmp_path / "b.mp4", graph, fps=fps)).windows is not None) is not known


def test_a_value_that_the_server_computed_is_not_known_and_said(write: Any, tmp_path: Path) -> None:
    graph = graph_of()
    graph["90"] = {"class_type": "SimpleMath+", "inputs": {"value": "a*2"}}
    graph["14"]["inputs"]["steps"] = ["90", 0]
    made = made_by(write(tmp_path / "a.mp4", graph))
    assert "steps" not in made.values and made.computed == ("steps",)
    assert "steps: not known, only the server could tell" in made.notes


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def without(*nodes: str) -> Any:
    return {key: node for key, node in graph_of().items() if key not in nodes}


def changed(node: str, name: str, value: Any) -> Any:
    graph = graph_of()
    graph[node]["inputs"][name] = value
    return graph


HOSTILE = {
    "no graph": None,
    "html": "<script>alert(1)</script>",
    "a list": "[1, 2]",
    "deep text": "[" * 100_000 + "]" * 100_000,
    "nodes that are none": json.dumps({"1": 5}),
    "a canvas": json.dumps({"nodes": [], "links": []}),
    "another model's": json.dumps({"1": {"class_type": "KSampler", "inputs": {"seed": 1}}}),
    "no sampler": without("14"),
    "nested": changed("14", "steps", nested(60)),
    "huge": "{" + " " * 8_100_000 + "}",
    "seed is a link": changed("14", "seed", ["90", 0]),
    "seed is a list": changed("14", "seed", [1, 2, 3]),
    "seed is endless": changed("14", "seed", 10**400),
    "speech is a link": changed("6", "audio", ["90", 0]),
    "links to themselves": changed("14", "seed", ["14", 0]),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_metadata_that_tells_nothing_useful_costs_its_own_file_and_is_told_in_one_line(
    write: Any, tmp_path: Path, what: str
) -> None:
    path = write(tmp_path / "a.mp4", HOSTILE[what], frames=6)
    with pytest.raises(NotAdopted) as refused:
        made_by(path)
    assert refused.value.message and len(refused.value.message) <= 300
    assert refused.value.message.isprintable() and str(tmp_path) not in refused.value.message


def test_a_video_that_was_cut_short_is_told_in_a_whole_sentence(write: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", graph_of(), frames=6)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(NotAdopted, match=r"^file was cut short: it has lost its index"):
        made_by(path)
    path.write_bytes(b"")
    with pytest.raises(NotAdopted, match=r"^file is empty \(0 bytes\)$"):
        made_by(path)


@pytest.mark.parametrize(
    ("node", "name", "value"),
    [
        ("14", "steps", "<b>4</b>"),
        ("14", "steps", 10**400),
        ("14", "cfg", float("inf")),
        ("14", "cfg", {"a": [1]}),
        ("11", "strength", "much"),
        ("11", "strength", None),
        ("8", "normalize_loudness", "yes"),
        ("2", "positive_prompt", 5),
        ("10", "motion_frame", True),
    ],
)
def test_values_of_a_wrong_kind_are_not_known(write: Any, tmp_path: Path, node: str, name: str, value: Any) -> None:
    made = made_by(write(tmp_path / "a.mp4", changed(node, name, value), frames=6))
    assert {"strength": "loras"}.get(name, name) in made.computed


def test_text_that_is_half_a_character_can_be_written_again(write: Any, tmp_path: Path) -> None:
    made = made_by(write(tmp_path / "a.mp4", changed("2", "positive_prompt", "a\ud800b"), frames=6))
    assert str(made.values["positive_prompt"]).encode("utf-8") == b"a?b"


@pytest.mark.parametrize("data", [b"", b"\x00\x00\x00\x18ftypmp42", b"<html></html>", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_video_is_told_without_its_path(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    with pytest.raises(NotAdopted) as refused:
        made_by(path)
    assert str(tmp_path) not in refused.value.message


def test_a_video_cut_off_in_the_middle_of_writing_is_not_adopted(write: Any, tmp_path: Path) -> None:
    whole = write(tmp_path / "a.mp4", graph_of()).read_bytes()
    (tmp_path / "b.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NotAdopted):
        made_by(tmp_path / "b.mp4")


@pytest.mark.parametrize(
    "name", ["../secret.wav", "/etc/hostname", "..\\secret.wav", "sub/../../secret.wav", "x" * 5000, "a\x00b", ".."]
)
def test_names_in_graphs_lead_nowhere_but_into_their_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.wav").write_bytes(b"x")
    (tmp_path / "in").mkdir()
    assert below(tmp_path / "in", name) is None
    (tmp_path / "in" / "link.wav").symlink_to(tmp_path / "secret.wav")
    assert below(tmp_path / "in", "link.wav") is None


def test_speech_is_found_by_name_and_taken_only_if_it_is_what_was_spoken(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "你好.wav").write_bytes(b"x")
    inputs = Inputs(tmp_path, "--audio-dir")
    found = inputs.find(Source("sub\\你好.wav"))
    assert isinstance(found, Input) and found.path.samefile(tmp_path / "sub" / "你好.wav")
    assert isinstance(inputs.find(Source("sub/你好.wav", found.sha256)), Input)
    assert "not what the video was made with" in str(inputs.find(Source("sub/你好.wav", "0" * 64)))
    assert "not in --audio-dir" in str(inputs.find(Source("none.wav")))
    assert "no --audio-dir" in str(Inputs(None, "--audio-dir").find(Source("none.wav")))
    with pytest.raises(NoInputs):
        Inputs(tmp_path / "none", "--audio-dir")
