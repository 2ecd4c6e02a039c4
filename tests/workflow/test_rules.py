"""What is known before submitting."""

import dataclasses
from typing import Any

import pytest

from workflow.binding import bind
from workflow.cell import Clip
from workflow.graph import default_graph
from workflow.rules import Finding, check, check_axes
from workflow.windows import windows_for

GGUF_TALK = {"infinitetalk_model": "InfiniteTalk/talk.safetensors"}
FP8 = GGUF_TALK | {"i2v_model": "I2V/i2v_fp8_e4m3fn_scaled_KJ.safetensors"}


def findings(
    values: dict[str, Any], clip: Clip | None = None, inputs: dict[str, Any] | None = None
) -> dict[str, Finding]:
    binding = bind(default_graph())
    graph = binding.patch(default_graph(), values, inputs).graph
    windows = None
    if clip is not None:
        now = binding.values(graph)
        windows = windows_for(now["frame_window_size"], now["motion_frame"], 9999, speech_seconds=clip.seconds)
    found = check(binding, graph, clip=clip, windows=windows)
    return {finding.code: finding for finding in found if finding.level != "inert"}


def test_the_tuned_values_bring_nothing_but_needs(clip: Clip) -> None:
    found = findings({}, clip)
    assert {finding.level for finding in found.values()} == {"needs"}
    assert set(found) == {"sageattention", "pyloudnorm"}


@pytest.mark.parametrize(
    ("values", "code", "level"),
    [
        ({"width": 1080, "height": 1080}, "size-not-16", "refused"),
        ({"quantization": "fp8_e4m3fn"}, "gguf-quantized", "refused"),
        ({"merge_loras": True}, "gguf-merged", "refused"),
        (FP8 | {"quantization": "fp8_e4m3fn_scaled_fast"}, "fast-unmerged", "refused"),
        (FP8 | {"i2v_model": "a_bf16.safetensors", "quantization": "fp8_e5m2_scaled"}, "not-scaled", "refused"),
        (FP8 | {"i2v_model": "a_fp8.safetensors", "quantization": "fp8_e5m2_scaled"}, "not-scaled", "warned"),
        ({"i2v_model": "I2V/a_fp8.safetensors"}, "talk-gguf", "refused"),
        (GGUF_TALK, "talk-not-gguf", "warned"),
        ({"motion_frame": 15}, "motion-not-4n1", "warned"),
        ({"motion_frame": 81}, "motion-too-long", "refused"),
        ({"frame_window_size": 80}, "window-not-4n1", "warned"),
        ({"positive_prompt": "she talks | she smiles"}, "prompt-split", "warned"),
        ({"colormatch": "mkl"}, "color-matcher", "needs"),
        ({"colormatch": "adain"}, "colormatch-adain", "warned"),
    ],
)
def test_each_rule_speaks_where_it_applies(values: dict[str, Any], code: str, level: str) -> None:
    assert findings(values)[code].level == level
    assert code not in findings({})


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (FP8, "not-scaled"),
        (FP8 | {"quantization": "fp8_e4m3fn_scaled"}, "not-scaled"),
        ({"merge_loras": True, "loras": []}, "gguf-merged"),
        (FP8 | {"merge_loras": True}, "gguf-merged"),
        (FP8 | {"quantization": "fp8_e4m3fn_scaled_fast", "merge_loras": True}, "fast-unmerged"),
        ({"attention_mode": "sdpa"}, "sageattention"),
        ({"normalize_loudness": False}, "pyloudnorm"),
        ({"motion_frame": 13}, "motion-not-4n1"),
    ],
)
def test_no_rule_speaks_where_it_does_not_apply(values: dict[str, Any], code: str) -> None:
    assert code not in findings(values)


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"Speech embeds.add_noise_floor": True}, "noise-unseeded"),
        ({"Windows.output_path": "frames"}, "output-path"),
        ({"Windows.mode": "multitalk"}, "not-infinitetalk"),
        ({"Video.trim_to_audio": True}, "trimmed"),
        ({"Video.save_metadata": False}, "no-metadata"),
        ({"Video.pingpong": True}, "pingpong"),
        ({"Video.loop_count": 2}, "looped"),
        ({"Video.frame_rate": 30}, "frame-rate-apart"),
        ({"Speech embeds.fps": 30}, "frame-rate-apart"),
        ({"Speech embeds.fps": 30, "Video.frame_rate": 30}, "frame-rate"),
    ],
)
def test_raw_inputs_have_rules_too(inputs: dict[str, Any], code: str) -> None:
    assert code in findings({}, inputs=inputs)


def test_mode_auto_is_told_by_the_file_name() -> None:
    auto = {"Windows.mode": "auto"}
    assert "not-infinitetalk" not in findings({}, inputs=auto)
    assert "not-infinitetalk" in findings({"infinitetalk_model": "MultiTalk.gguf"}, inputs=auto)


def test_short_speech_and_stretched_pictures_are_warned(clip: Clip) -> None:
    assert "speech-short" in findings({}, dataclasses.replace(clip, seconds=2.0))
    assert "aspect-stretched" in findings({"width": 832, "height": 464}, clip)
    assert "aspect-stretched" not in findings({"width": 928, "height": 1664}, clip)
    assert "long-video" in findings({}, dataclasses.replace(clip, seconds=90.0))


def test_an_inert_parameter_is_named() -> None:
    binding = bind(default_graph())
    inert = {finding.parameter for finding in check(binding, default_graph()) if finding.level == "inert"}
    assert "negative_prompt" in inert


def test_decoder_inputs_are_never_swept() -> None:
    keys = ["Decode.tile_x", "WanVideoDecode.normalization", "Sampler.end_step"]
    assert [finding.level for finding in check_axes(default_graph(), keys)] == ["refused", "refused"]
