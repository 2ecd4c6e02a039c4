"""Binding by class, link and title: on the shipped graph, on a user's own, and on graphs that cannot be bound."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflow.binding import BindingError, UnsupportedGraphError, bind
from workflow.errors import HarnessError
from workflow.graph import Graph, default_graph, is_link, title_of
from workflow.parameters import ALIASES
from workflow.rules import check
from workflow.schema import default_schema
from workflow.validate import validate


def renumbered(graph: Graph, order: list[str], ids: list[int]) -> tuple[Graph, dict[str, str]]:
    """The same graph with its nodes in another order and under other ids."""
    new = {old: str(number) for old, number in zip(order, ids, strict=True)}

    def value(old: Any) -> Any:
        return [new[old[0]], old[1]] if is_link(old) else old

    return {
        new[old]: graph[old] | {"inputs": {k: value(v) for k, v in graph[old]["inputs"].items()}} for old in order
    }, new


def places(graph: Graph) -> dict[str, Any]:
    """A binding in terms of titles instead of ids."""
    binding = bind(graph)
    slots = {k: {(title_of(graph, p.node), p.input) for p in own} for k, own in binding.slots.items()}
    return slots | {"face": binding.face and title_of(graph, binding.face[0]), "values": binding.values(graph)}


@given(st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_binding_survives_other_ids_and_another_order(exported: Graph, data: st.DataObject) -> None:
    for graph in (default_graph(), exported):
        order = data.draw(st.permutations(list(graph)))
        ids = data.draw(st.lists(st.integers(1, 10_000), min_size=len(order), max_size=len(order), unique=True))
        other, _ = renumbered(graph, order, ids)
        assert places(other) == places(graph)


def test_every_parameter_has_its_place_in_the_shipped_graph() -> None:
    binding = bind(default_graph())
    assert not binding.missing
    assert not binding.notes
    assert set(binding.values(default_graph())) == set(ALIASES)


def test_pictures_are_told_apart_by_the_links_that_read_them(shipped: Graph) -> None:
    shipped["7"]["_meta"]["title"] = shipped["17"]["_meta"]["title"] = "Load Image"
    binding = bind(shipped)
    assert [place.node for place in binding.slots["reference_frame"]] == ["7"]
    assert binding.face == ("17", "image")


def test_pictures_are_told_apart_by_title_where_links_do_not(shipped: Graph) -> None:
    shipped["20"] = {"class_type": "ImageBatch", "inputs": {"image1": ["7", 0], "image2": ["17", 0]}}
    shipped["10"]["inputs"]["start_image"] = ["20", 0]
    assert bind(shipped).slots["reference_frame"][0].node == "7"
    shipped["7"]["_meta"]["title"] = "portrait"
    with pytest.raises(BindingError, match="2 nodes of class LoadImage could be meant"):
        bind(shipped)


def test_a_users_export_is_bound_through_its_links(exported: Graph) -> None:
    binding = bind(exported)
    where = {name: [(place.node, place.input) for place in own] for name, own in binding.slots.items()}
    assert where["width"] == [("245", "value")]
    assert where["height"] == [("246", "value")]
    assert where["num_frames"] == [("270", "value")]
    assert where["reference_frame"] == [("284", "image")]
    assert where["speech"] == [("125", "audio")]
    assert binding.face is None
    assert not binding.missing
    assert binding.values(exported)["loras"] == [{"name": "WanVideo/lightx2v.safetensors", "strength": 1}]
    for name in ("width", "num_frames"):
        assert "INTConstant" in binding.slots[name][0].note


def test_one_constant_for_width_and_height_is_set_apart_where_they_part(exported: Graph) -> None:
    exported["281"]["inputs"]["height"] = ["245", 0]
    patched = bind(exported).patch(exported, {"width": 464, "height": 832}).graph
    assert (patched["281"]["inputs"]["width"], patched["281"]["inputs"]["height"]) == (464, 832)
    assert patched["245"]["inputs"]["value"] == 640


def test_a_resize_with_a_size_of_its_own_follows_the_windows_size(shipped: Graph) -> None:
    """Else the picture would be cropped to one shape and stretched to another."""
    shipped["20"] = {
        "class_type": "ImageScale",
        "inputs": {"image": ["7", 0], "width": 640, "height": 640, "upscale_method": "lanczos", "crop": "center"},
        "_meta": {"title": "Resize"},
    }
    shipped["10"]["inputs"]["start_image"] = ["20", 0]
    patched = bind(shipped).patch(shipped, {"width": 480, "height": 832})
    assert (patched.graph["20"]["inputs"]["width"], patched.graph["20"]["inputs"]["height"]) == (480, 832)
    assert patched.graph["10"]["inputs"]["width"] == 480


def test_a_computed_frame_count_is_overridden_and_said(shipped: Graph) -> None:
    shipped["20"] = {"class_type": "INTConstant", "inputs": {"value": 500}, "_meta": {"title": "Frames"}}
    shipped["21"] = {
        "class_type": "easy mathInt",
        "inputs": {"a": ["20", 0], "b": 1, "operation": "subtract"},
        "_meta": {"title": "minus one"},
    }
    shipped["8"]["inputs"]["num_frames"] = ["21", 0]
    place = bind(shipped).slots["num_frames"][0]
    assert (place.node, place.input) == ("8", "num_frames")
    assert "minus one" in place.note
    assert "replaced" in place.note


@pytest.mark.parametrize(
    ("name", "class_type", "inputs", "alias"),
    [
        ("steps", "PrimitiveInt", {"value": 4}, "steps"),
        ("cfg", "FloatConstant", {"value": 1.0}, "cfg"),
        ("seed", "Seed (rgthree)", {"seed": 7}, "seed"),
        ("seed", "PrimitiveInt", {"value": 7, "control_after_generate": "fixed"}, "seed"),
        ("scheduler", "PrimitiveString", {"value": "unipc"}, "scheduler"),
    ],
)
def test_constants_are_set_where_they_stand(
    shipped: Graph, name: str, class_type: str, inputs: dict[str, Any], alias: str
) -> None:
    shipped["20"] = {"class_type": class_type, "inputs": inputs}
    shipped["21"] = {"class_type": "Reroute", "inputs": {"": ["20", 0]}}
    shipped["14"]["inputs"][name] = ["21", 0]
    assert bind(shipped).slots[alias][0].node == "20"


def test_a_loop_of_links_is_no_hang(shipped: Graph) -> None:
    shipped["20"] = {"class_type": "Reroute", "inputs": {"a": ["21", 0]}}
    shipped["21"] = {"class_type": "Reroute", "inputs": {"a": ["20", 0]}}
    shipped["10"]["inputs"]["width"] = ["20", 0]
    assert bind(shipped).slots["width"][0].node == "10"


def test_all_misses_are_told_at_once(shipped: Graph) -> None:
    del shipped["10"]["inputs"]["start_image"]
    del shipped["16"]
    shipped["8"]["inputs"]["audio_1"] = ["4", 0]
    with pytest.raises(BindingError) as caught:
        bind(shipped)
    for miss in ("reference frame", "video output", "speech"):
        assert miss in caught.value.message


def test_a_foreign_graph_is_told_what_it_lacks() -> None:
    graph = {"3": {"class_type": "KSampler", "inputs": {"seed": 1}}}
    with pytest.raises(BindingError) as caught:
        bind(graph)
    for name in ("WanVideoSampler", "WanVideoImageToVideoMultiTalk", "MultiTalkWav2VecEmbeds", "VHS_VideoCombine"):
        assert name in caught.value.message


def test_a_node_the_video_does_not_depend_on_is_not_bound(shipped: Graph) -> None:
    """Setting it would change nothing, silently."""
    del shipped["13"]["inputs"]["block_swap_args"]
    assert "does not need" in bind(shipped).missing["block_swap"]


def test_the_video_output_is_the_one_with_sound(shipped: Graph) -> None:
    preview = copy.deepcopy(shipped["16"])
    del preview["inputs"]["audio"]
    shipped["30"] = preview
    assert bind(shipped).nodes["combine"] == "16"


def _two_speakers(graph: Graph) -> None:
    graph["8"]["inputs"]["audio_2"] = ["6", 0]


def _video_to_video(graph: Graph) -> None:
    graph["30"] = {"class_type": "VHS_LoadVideo", "inputs": {"video": "a.mp4"}}
    graph["14"]["inputs"]["samples"] = ["30", 0]


def _upscaled(graph: Graph) -> None:
    graph["30"] = {"class_type": "ImageUpscaleWithModel", "inputs": {"image": ["15", 0]}}
    graph["16"]["inputs"]["images"] = ["30", 0]


@pytest.mark.parametrize(
    "class_type",
    ["RIFE VFI", "FILM VFI", "GMFSS Fortuna VFI", "FrameInterpolator", "VHS_SelectEveryNthImage", "RepeatImageBatch",
     "ImageFromBatch", "GetImageRangeFromBatch", "VHS_DuplicateImages", "RebatchImages", "ReverseImageBatch"],
)  # fmt: skip
def test_nodes_that_change_the_frames_after_the_sampler_are_refused(shipped: Graph, class_type: str) -> None:
    shipped["30"] = {"class_type": class_type, "inputs": {"images": ["15", 0], "multiplier": 2}}
    shipped["16"]["inputs"]["images"] = ["30", 0]
    with pytest.raises(UnsupportedGraphError, match=f"other frames than the sampler's .*{class_type}"):
        bind(shipped)


@pytest.mark.parametrize("class_type", ["ColorMatch", "ImageSharpen", "ProPostFilmGrain", "GetImageSizeAndCount"])
def test_nodes_that_leave_every_frame_are_not(shipped: Graph, class_type: str) -> None:
    shipped["30"] = {"class_type": class_type, "inputs": {"image": ["15", 0]}}
    shipped["16"]["inputs"]["images"] = ["30", 0]
    assert bind(shipped).nodes["combine"] == "16"


@pytest.mark.parametrize(
    ("change", "reason"),
    [(_two_speakers, "more than one speaker"), (_video_to_video, "video to video"), (_upscaled, "upscaling")],
)
def test_what_is_not_supported_is_refused(shipped: Graph, change: Callable[[Graph], None], reason: str) -> None:
    change(shipped)
    with pytest.raises(UnsupportedGraphError, match=reason):
        bind(shipped)


def test_files_outside_the_clip_and_foreign_sound_are_noted(shipped: Graph) -> None:
    shipped["30"] = {"class_type": "LoadImageMask", "inputs": {"image": "mask.png"}}
    shipped["8"]["inputs"]["ref_target_masks"] = ["30", 0]
    shipped["31"] = {"class_type": "LoadAudio", "inputs": {"audio": "music.wav"}}
    shipped["16"]["inputs"]["audio"] = ["31", 0]
    notes = "\n".join(bind(shipped).notes)
    assert "LoadImageMask" in notes
    assert "another sound" in notes


_JUNK = st.sampled_from([None, True, 5, "x", [], ["1"], ["14", 0], ["99", 0], ["8", 99], [8, 0], {"a": 1}])


@given(st.data())
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mangled_graph_is_bound_or_refused_but_never_breaks(exported: Graph, data: st.DataObject) -> None:
    graph = copy.deepcopy(data.draw(st.sampled_from([default_graph(), exported])))
    for node in data.draw(st.lists(st.sampled_from(list(graph)), max_size=4)):
        inputs = graph[node]["inputs"] if node in graph else {}
        if not inputs or data.draw(st.booleans()):
            graph.pop(node, None)
        else:
            inputs[data.draw(st.sampled_from(list(inputs)))] = data.draw(_JUNK)
    validate(graph, default_schema())
    try:
        binding = bind(graph)
        values = data.draw(st.sampled_from([{"motion_frame": 13, "width": 480}, {"second_image": "face", "loras": []}]))
        patched = binding.patch(graph, values)
        check(binding, patched.graph)
    except HarnessError as error:
        assert str(error)
