"""Setting parameters, LoRAs, the second image and raw inputs."""

import copy
from typing import Any

import pytest

from workflow.binding import bind
from workflow.graph import Graph, default_graph, is_link
from workflow.parameters import ALIASES, LoraSpec
from workflow.patch import ParameterError


def patch(values: dict[str, Any], inputs: dict[str, Any] | None = None, graph: Graph | None = None) -> Graph:
    graph = graph or default_graph()
    return bind(graph).patch(graph, values, inputs).graph


def chain(graph: Graph) -> list[tuple[str, float, bool]]:
    """The LoRAs as the server would gather them, following the links from the loader."""
    result, link = [], graph["13"]["inputs"].get("lora")
    while is_link(link):
        inputs = graph[link[0]]["inputs"]
        result.append((inputs["lora"], inputs["strength"], inputs["merge_loras"]))
        link = inputs.get("prev_lora")
    return result[::-1]


def test_patching_leaves_the_original_alone_and_copies_only_what_changes() -> None:
    graph = default_graph()
    before = copy.deepcopy(graph)
    patched = patch({"motion_frame": 13, "loras": [], "second_image": "frame"}, {"Sampler.end_step": 3})
    assert graph == before
    assert patched["10"] is not graph["10"]
    assert patched["2"] is graph["2"]


SET = {
    "positive_prompt": "一个人在说话",
    "negative_prompt": "x",
    "audio_scale": 2.0,
    "audio_cfg_scale": 2.0,
    "normalize_loudness": False,
    "combine_embeds": "average",
    "tiles": 2,
    "ratio": 0.25,
    "second_image": "frame",
    "width": 480,
    "height": 640,
    "frame_window_size": 77,
    "motion_frame": 17,
    "colormatch": "mkl",
    "steps": 8,
    "cfg": 2.0,
    "shift": 5.0,
    "scheduler": "euler",
    "loras": [{"name": "a.safetensors", "strength": 0.5}],
    "merge_loras": True,
    "block_swap": 0,
    "i2v_model": "I2V/other.gguf",
    "base_precision": "fp16",
    "quantization": "fp8_e4m3fn",
    "attention_mode": "sdpa",
    "infinitetalk_model": "other.gguf",
}


@pytest.mark.parametrize("name", sorted(ALIASES))
def test_every_parameter_reads_back_what_was_set_and_moves_no_other(name: str) -> None:
    binding, graph = bind(default_graph()), default_graph()
    before = binding.values(graph)
    after = binding.values(binding.patch(graph, {name: SET[name]}).graph)
    assert after == before | {name: SET[name]}
    assert after != before


def test_none_leaves_what_the_graph_has() -> None:
    assert patch(dict.fromkeys(ALIASES)) == default_graph()


def test_whole_floats_are_taken_for_integers() -> None:
    assert patch({"motion_frame": 13.0})["10"]["inputs"]["motion_frame"] == 13


def test_windows_paths_become_plain_slashes() -> None:
    assert patch({"i2v_model": "I2V\\a.gguf"})["13"]["inputs"]["model"] == "I2V/a.gguf"


def test_all_values_that_cannot_be_set_are_told_at_once() -> None:
    bad = {"motion_frme": 9, "steps": 2.9, "normalize_loudness": "false", "cfg": True, "scheduler": 5, "width": 1e400}
    with pytest.raises(ParameterError) as caught:
        patch(bad | {"second_image": "both", "loras": [5], "merge_loras": 1})
    for part in ("'motion_frme'; did you mean motion_frame", "2.9", "'false'", "True", "5", "inf", "'both'", "[5]"):
        assert part in caught.value.message


def test_loras_are_chained_in_order() -> None:
    specs = [LoraSpec("a", 1.0), LoraSpec("b", 0.5), LoraSpec("c", -1.0)]
    graph = patch({"loras": specs, "merge_loras": True})
    assert chain(graph) == [("a", 1.0, True), ("b", 0.5, True), ("c", -1.0, True)]


def test_a_longer_chain_can_be_made_shorter_and_empty() -> None:
    long = patch({"loras": [{"name": "a"}, {"name": "b"}, {"name": "c"}]})
    short = patch({"loras": [{"name": "z"}]}, graph=long)
    assert chain(short) == [("z", 1.0, False)]
    assert len(short) == 17
    empty = patch({"loras": []}, graph=long)
    assert chain(empty) == []
    assert not [node for node in empty.values() if node["class_type"] == "WanVideoLoraSelect"]


def test_a_chain_is_made_where_there_was_none() -> None:
    graph = patch({"loras": []})
    assert chain(patch({"loras": [{"name": "a"}]}, graph=graph)) == [("a", 1.0, False)]


def test_second_image_frame_reads_the_reference_frame() -> None:
    graph = patch({"second_image": "frame"})
    assert graph["9"]["inputs"]["image_2"] == graph["9"]["inputs"]["image_1"]
    assert "17" not in graph


def test_second_image_face_adds_a_loader_where_there_is_none(exported: Graph) -> None:
    patched = bind(exported).patch(exported, {"second_image": "face"})
    assert patched.face is not None
    assert patched.graph["237"]["inputs"]["image_2"] == [patched.face[0], 0]
    assert any("added" in note for note in patched.notes)


def test_raw_inputs_are_found_by_title_and_by_class() -> None:
    graph = patch({}, {"Sampler.end_step": 3, "VHS_VideoCombine.crf": 10, "WanVideoBlockSwap.prefetch_blocks": 2})
    assert graph["14"]["inputs"]["end_step"] == 3
    assert graph["16"]["inputs"]["crf"] == 10
    assert graph["12"]["inputs"]["prefetch_blocks"] == 2


def test_raw_inputs_may_be_ones_the_graph_leaves_out(shipped: Graph) -> None:
    del shipped["14"]["inputs"]["end_step"]
    assert patch({}, {"Sampler.end_step": 3}, shipped)["14"]["inputs"]["end_step"] == 3


def test_titles_may_have_dots(shipped: Graph) -> None:
    shipped["14"]["_meta"]["title"] = "Wan 2.1 sampler"
    assert patch({}, {"Wan 2.1 sampler.steps": 3}, shipped)["14"]["inputs"]["steps"] == 3


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("Sampler.end_stp", 3, "did you mean end_step"),
        ("Samplr.steps", 3, "did you mean Sampler"),
        ("LoadImage.image", "a.png", "could be any of"),
        ("Sampler.seed", 3, "seed, which the sweep sets itself"),
        ("Reference frame.image", "a.png", "reference frame, which the sweep sets itself"),
        ("Face close-up.image", "a.png", "face close-up, which the sweep sets itself"),
        ("Speech embeds.num_frames", 3, "num frames, which the sweep sets itself"),
        ("Sampler.steps", ["2", 0], "plain value"),
        ("Sampler", 3, "no node"),
    ],
)
def test_raw_inputs_that_cannot_be_set_say_why(key: str, value: Any, part: str) -> None:
    with pytest.raises(ParameterError, match=part):
        patch({}, {key: value})


def test_a_replaced_link_is_said() -> None:
    graph = default_graph()
    patched = bind(graph).patch(graph, {}, {"Video.audio": "none"})
    assert any("link from 'Speech'" in note for note in patched.notes)
