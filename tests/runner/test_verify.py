"""The check of a finished video, on one that a real ComfyUI wrote."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from runner.verify import Expected, flaw_in
from workflow.media.probe import probe


@pytest.fixture
def expected(comfyui_output: Path) -> Expected:
    graph = json.loads(probe(comfyui_output).tags["prompt"])
    return Expected(frames=81, width=64, height=96, graph=graph)


def test_a_real_output_is_what_was_asked_for(comfyui_output: Path, expected: Expected) -> None:
    counted: list[int] = []
    assert flaw_in(comfyui_output, expected, counted.append) is None
    assert counted == list(range(1, 82))


def test_other_frames_size_or_graph_are_flaws(comfyui_output: Path, expected: Expected) -> None:
    graph = json.loads(json.dumps(expected.graph))
    graph["8"]["inputs"]["audio_scale"] = 1.5
    for other, stage, words in (
        (replace(expected, frames=153), "decode-check", "81 frames"),
        (replace(expected, width=96, height=64), "decode-check", "64×96"),
        (replace(expected, graph=graph), "sanity", "audio_scale: sent 1.5, ran 2.0"),
    ):
        flaw = flaw_in(comfyui_output, other)
        assert flaw is not None and flaw.stage == stage and words in flaw.message


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95])
def test_a_file_cut_short_is_a_flaw(comfyui_output: Path, expected: Expected, tmp_path: Path, share: float) -> None:
    whole, path = comfyui_output.read_bytes(), tmp_path / "video.mp4"
    path.write_bytes(whole[: int(len(whole) * share)])
    flaw = flaw_in(path, expected)
    assert flaw is not None and flaw.stage == "decode-check"


def test_a_video_without_its_graph_is_a_flaw_unless_none_was_wanted(talking_frontal: Path, expected: Expected) -> None:
    bare = Expected(frames=375, width=458, height=458, graph=expected.graph)
    flaw = flaw_in(talking_frontal, bare)
    assert flaw is not None and "does not carry the graph" in flaw.message
    assert flaw_in(talking_frontal, replace(bare, prompt_inside=False)) is None
