"""Cells: the graph to send, its files, windows and recipe."""

import copy
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from workflow.binding import bind
from workflow.build import ComputedValueError, InputFileError, build_cell, clip_files, input_file
from workflow.cell import Cell, Clip
from workflow.graph import Graph, default_graph
from workflow.schema import default_schema
from workflow.validate import validate
from workflow.windows import WindowError


def cell(clip: Clip, values: dict[str, Any] | None = None, graph: Graph | None = None, seed: int = 2) -> Cell:
    graph = graph or default_graph()
    return build_cell(
        bind(graph),
        graph,
        setting="v2",
        values=values or {},
        inputs={},
        clip=clip,
        seed=seed,
        files=clip_files(clip),
    )


def test_a_cell_is_a_valid_graph_with_the_clip_in_it(clip: Clip) -> None:
    made = cell(clip, {"motion_frame": 13})
    assert validate(made.graph, default_schema()) == []
    frame, face, speech = made.files
    assert made.graph["7"]["inputs"]["image"] == frame.name
    assert made.graph["17"]["inputs"]["image"] == face.name
    assert made.graph["6"]["inputs"]["audio"] == speech.name
    assert made.graph["8"]["inputs"]["num_frames"] == 151
    assert made.graph["14"]["inputs"]["seed"] == 2
    assert made.windows.requested == 150
    assert made.values["motion_frame"] == 13
    assert made.name == "v2/anna/2"


def test_the_clips_size_holds_unless_a_value_says_otherwise(clip: Clip) -> None:
    small = dataclasses.replace(clip, width=320, height=576)
    assert cell(small).values["width"] == 320
    assert cell(small, {"width": 480, "height": 864}).values["height"] == 864


def test_a_clips_prompt_replaces_the_positive_one(clip: Clip) -> None:
    made = cell(dataclasses.replace(clip, prompt="她在笑"), {"positive_prompt": "x"})
    assert made.values["positive_prompt"] == "她在笑"


def test_an_unused_close_up_is_neither_sent_nor_counted(clip: Clip) -> None:
    before = cell(clip, {"second_image": "frame"})
    clip.face.write_bytes(b"another")
    after = cell(clip, {"second_image": "frame"})
    assert len(before.files) == 2
    assert before.recipe == after.recipe
    assert cell(clip).recipe != before.recipe


def test_the_recipe_follows_values_seed_and_bytes(clip: Clip) -> None:
    base = cell(clip).recipe
    assert cell(clip, {"motion_frame": 9, "audio_scale": 1.5}).recipe == base
    assert cell(clip, {"motion_frame": 13}).recipe != base
    assert cell(clip, seed=3).recipe != base
    clip.speech.write_bytes(b"other speech")
    assert cell(clip).recipe != base


def test_the_recipe_does_not_follow_where_files_lie(clip: Clip, tmp_path: Path) -> None:
    moved = tmp_path / "另一个 文件夹" / "FRAME.PNG"
    moved.parent.mkdir()
    moved.write_bytes(clip.frame.read_bytes())
    assert cell(dataclasses.replace(clip, frame=moved)).recipe == cell(clip).recipe
    assert input_file(moved).name.isascii()


def test_a_users_graph_makes_cells_too(clip: Clip, exported: Graph) -> None:
    made = cell(clip, {"motion_frame": 13}, exported)
    assert made.graph["245"]["inputs"]["value"] == 464
    assert made.graph["270"]["inputs"]["value"] == 151
    assert len(made.files) == 2
    assert any("Max frames" in note for note in made.notes)


def test_windows_that_cannot_be_generated_are_an_error(clip: Clip) -> None:
    with pytest.raises(WindowError, match="motion_frame 90"):
        cell(clip, {"motion_frame": 90})


def test_a_window_size_only_the_server_computes_is_an_error(clip: Clip, shipped: Graph) -> None:
    shipped["20"] = {"class_type": "MathExpression", "inputs": {"expression": "a*4+1", "a": 20}}
    shipped["10"]["inputs"]["frame_window_size"] = ["20", 0]
    with pytest.raises(ComputedValueError, match="frame_window_size"):
        cell(clip, graph=shipped)
    assert cell(clip, {"frame_window_size": 81}, shipped).windows.width == 81


def test_an_unreadable_file_is_one_clear_error(clip: Clip, tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="absent"):
        clip_files(dataclasses.replace(clip, speech=tmp_path / "absent.wav"))


def test_another_frame_rate_still_covers_the_whole_speech(clip: Clip) -> None:
    graph = copy.deepcopy(default_graph())
    graph["8"]["inputs"]["fps"] = graph["16"]["inputs"]["frame_rate"] = 30
    made = cell(clip, graph=graph)
    assert made.fps == 30
    assert made.graph["8"]["inputs"]["num_frames"] == round(clip.seconds * 30) + 1
    assert made.windows.requested == int(clip.seconds * 30)
    assert made.windows.frames / made.fps >= clip.seconds


def test_a_frame_rate_is_read_through_a_constant_and_refused_where_it_is_computed(clip: Clip) -> None:
    graph = copy.deepcopy(default_graph())
    graph["30"] = {"class_type": "FloatConstant", "inputs": {"value": 24.0}}
    graph["8"]["inputs"]["fps"] = graph["16"]["inputs"]["frame_rate"] = ["30", 0]
    assert cell(clip, graph=graph).fps == 24
    graph["30"] = {"class_type": "MathExpression", "inputs": {"expression": "12*2", "a": ["7", 0]}}
    with pytest.raises(ComputedValueError, match="fps"):
        cell(clip, graph=graph)
