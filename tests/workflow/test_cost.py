"""First guesses of cost: against the figures that were measured, and the laws that any guess must keep."""

import copy
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.cost import (
    BLOCKS,
    GIB,
    Shape,
    Span,
    disk,
    passes,
    ram,
    seconds,
    stand_in_seconds,
    vram,
    weight_of,
)
from workflow.graph import default_graph
from workflow.loader import loader_key

BASE = Shape(windows=1, frames=81, steps=4, passes=1, width=464, height=832)
shapes = st.builds(
    Shape,
    windows=st.integers(1, 30),
    frames=st.sampled_from([33, 49, 81]),
    steps=st.integers(1, 40),
    passes=st.integers(1, 3),
    width=st.integers(4, 120).map(lambda n: 16 * n),
    height=st.integers(4, 120).map(lambda n: 16 * n),
    swapped=st.integers(0, BLOCKS),
    weight=st.floats(0.4, 2),
)
larger = [
    lambda one: replace(one, windows=one.windows + 1),
    lambda one: replace(one, steps=one.steps + 1),
    lambda one: replace(one, passes=one.passes + 1),
    lambda one: replace(one, width=one.width + 16),
    lambda one: replace(one, height=one.height + 16),
]


@pytest.mark.parametrize(
    ("changes", "sampler_s"),
    [
        ({}, 28.7),
        ({"swapped": 0}, 24.3),
        ({"swapped": 40}, 35.5),
        ({"steps": 8}, 40.3),
        ({"windows": 2}, 51.5),
        ({"windows": 2, "passes": 2}, 83.7),
        ({"windows": 3}, 70.2),
        ({"width": 624, "height": 624}, 25.2),
        ({"width": 720, "height": 1280}, 66.2),
    ],
)
def test_the_first_guess_is_near_what_the_measured_machine_took(changes: dict[str, int], sampler_s: float) -> None:
    outside = 4.5  # 3.5 to 5.5 s
    assert seconds(replace(BASE, **changes)).whole == pytest.approx(sampler_s + outside, rel=0.15)


@pytest.mark.parametrize(
    ("changes", "allocated", "reserved"),
    [
        ({}, 14.5, 16.1),
        ({"swapped": 0}, 24.0, 24.9),
        ({"swapped": 40}, 4.9, 6.5),
        ({"width": 624, "height": 624}, 14.5, 15.9),
        ({"width": 720, "height": 1280}, 20.5, 24.3),
    ],
)
def test_the_cards_memory_is_near_what_was_measured(changes: dict[str, int], allocated: float, reserved: float) -> None:
    need = vram(replace(BASE, **changes))
    assert need.low / GIB == pytest.approx(allocated, abs=0.2)
    assert need.mid / GIB == pytest.approx(reserved, rel=0.05)


def test_what_ran_out_of_memory_is_forecast_to_and_what_ran_is_not() -> None:
    assert vram(replace(BASE, width=1072, height=1920)).low > 32 * GIB
    assert vram(replace(BASE, width=720, height=1280)).high < 32 * GIB


@given(shapes, st.sampled_from(larger))
def test_more_windows_steps_passes_or_pixels_never_take_less(shape: Shape, grow: object) -> None:
    more: Shape = grow(shape)  # type: ignore[operator]
    assert seconds(more).whole > seconds(shape).whole
    assert stand_in_seconds(more).whole > stand_in_seconds(shape).whole
    for need in (vram, ram, disk):
        assert all(there >= here for here, there in zip(need(shape), need(more), strict=True))


@given(shapes)
def test_a_range_is_in_order_and_swapping_gives_memory_for_time(shape: Shape) -> None:
    for need in (vram, ram, disk):
        low, mid, high = need(shape)
        assert 0 < low <= mid <= high
    if shape.swapped < BLOCKS:
        more = replace(shape, swapped=shape.swapped + 1)
        assert vram(more).mid < vram(shape).mid and seconds(more).whole > seconds(shape).whole


@given(shapes)
def test_a_shape_comes_back_from_a_record(shape: Shape) -> None:
    assert Shape.from_json(json.loads(json.dumps(shape.to_json()))) == shape


def test_a_shape_of_an_older_record_has_the_shipped_swap_and_weights() -> None:
    old = {"windows": 2, "frames": 81, "steps": 4, "passes": 1, "width": 464, "height": 832}
    assert Shape.from_json(old) == Shape(2, 81, 4, 1, 464, 832, swapped=20, weight=1.0, total=None)
    with pytest.raises(TypeError):
        Shape.from_json({"windows": 2})


@pytest.mark.parametrize(("cfg", "audio_cfg", "expected"), [(1.0, 1.0, 1), (2.0, 1.0, 2), (1.0, 4.0, 2), (2.0, 4.0, 3)])
def test_passes_follow_the_two_guidances(cfg: float, audio_cfg: float, expected: int) -> None:
    assert passes(cfg, audio_cfg) == expected


def test_finer_weights_weigh_more() -> None:
    names = ["m-Q4_K_M.gguf", "m-Q6_K.gguf", "m_fp8_e4m3fn_scaled.safetensors", "m-Q8_0.gguf", "m-BF16.gguf"]
    weights = [weight_of({"i2v_model": name}) for name in names]
    assert weights == sorted(weights)
    assert weight_of({"i2v_model": "m_bf16.safetensors", "quantization": "fp8_e4m3fn"}) < 1


@given(st.lists(st.floats(0, 1e6), min_size=3, max_size=3).map(sorted), st.floats(0, 100))
def test_spans_stay_in_order(ends: list[float], factor: float) -> None:
    span = Span(*ends)
    assert list(span.times(factor)) == sorted(span.times(factor))
    assert list(span.plus(span)) == list(span.times(2))


def test_what_the_loader_depends_on_reloads_it_and_nothing_else_does() -> None:
    key = loader_key(default_graph())
    for node, name in (("12", "blocks_to_swap"), ("11", "strength"), ("5", "model"), ("13", "rms_norm_function")):
        graph = copy.deepcopy(default_graph())
        graph[node]["inputs"][name] = 3
        assert loader_key(graph) != key, name
    for node, name in (("14", "steps"), ("14", "seed"), ("8", "audio_scale"), ("10", "motion_frame"), ("2", "device")):
        graph = copy.deepcopy(default_graph())
        graph[node]["inputs"][name] = 3
        assert loader_key(graph) == key, name
    assert loader_key({}) == loader_key({"1": {"class_type": "LoadImage", "inputs": {}}})
