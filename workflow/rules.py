"""What can be known of a graph before it is submitted, beyond the node schema: refused, warned, inert, needed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from workflow.binding import Binding
from workflow.cell import Clip
from workflow.effective import inert_inputs
from workflow.graph import Graph, label_of, title_of
from workflow.rates import Rates, rates_of
from workflow.windows import FPS, Windows

Level = Literal["refused", "warned", "inert", "needs"]

_LONG = 2000  # frames; whole videos are held in host memory, and servers have died of 90-second ones
_DECODERS = ("WanVideoDecode", "WanVideoPassImagesFromSamples")


@dataclass(frozen=True)
class Finding:
    """One thing known beforehand.

    ``level``: *refused* will fail or give no evidence, *warned* runs but may not mean what it says, *inert* is a
    value that is not read, *needs* is a Python package whose absence on the server shows only while it runs.
    ``parameter`` is the tunable parameter it is about, empty for other inputs.
    """

    level: Level
    code: str
    message: str
    parameter: str = ""


def check(binding: Binding, graph: Graph, *, clip: Clip | None = None, windows: Windows | None = None) -> list[Finding]:
    """All findings of a patched graph; with ``clip`` and ``windows`` also those about its length and shape."""
    values = binding.values(graph)
    found = [*_size(values, clip), *_models(values), *_windows(values, clip, windows), *_prompt(values)]
    found += [*_nodes(binding, graph, values), *_needs(values)]
    places = {(place.node, place.input): name for name, own in binding.slots.items() for place in own}
    found += [
        Finding(
            "inert",
            "inert-input",
            f"{label_of(graph, item.node)}.{item.input}: {item.why}.",
            places.get((item.node, item.input), ""),
        )
        for item in inert_inputs(graph, windows)
    ]
    return found


def check_axes(graph: Graph, keys: Iterable[str]) -> list[Finding]:
    """Findings about raw inputs ("Node title.input" or "Class.input") that a sweep varies."""
    decoders = {name for node in graph if graph[node]["class_type"] in _DECODERS for name in (title_of(graph, node),)}
    decoders |= set(_DECODERS)
    return [
        Finding(
            "refused",
            "decode-swept",
            f"{key}: decoding a cached sampler again washes the video out; never sweep what only the decoder reads.",
        )
        for key in keys
        if key.rsplit(".", 1)[0] in decoders
    ]


def _size(values: dict[str, Any], clip: Clip | None) -> Iterator[Finding]:
    width, height = values.get("width"), values.get("height")
    for name, size in (("width", width), ("height", height)):
        if isinstance(size, int) and size % 16:
            yield Finding(
                "refused",
                "size-not-16",
                f"{name} {size} is not divisible by 16 (nearest: "
                f"{size // 16 * 16} and {size // 16 * 16 + 16}); the sampler fails on it.",
                name,
            )
    if clip is not None and isinstance(width, int) and isinstance(height, int) and height and clip.height:
        stretch = (width / height) / (clip.width / clip.height)
        if max(stretch, 1 / stretch) > 1.02:
            yield Finding(
                "warned",
                "aspect-stretched",
                f"the reference frame is cropped for {clip.width}×{clip.height} "
                f"and will be stretched to {width}×{height}.",
                "width",
            )


def _models(values: dict[str, Any]) -> Iterator[Finding]:
    main, talk = str(values.get("i2v_model", "")).lower(), str(values.get("infinitetalk_model", "")).lower()
    quantization, merged = str(values.get("quantization", "disabled")), values.get("merge_loras") is True
    loras = bool(values.get("loras"))
    gguf = main.endswith(".gguf")
    if gguf and quantization != "disabled":
        yield Finding(
            "refused",
            "gguf-quantized",
            f"quantization {quantization} cannot be used with the GGUF model "
            f"{values['i2v_model']}; it must be disabled.",
            "quantization",
        )
    if gguf and loras and merged:
        yield Finding("refused", "gguf-merged", "LoRAs cannot be merged into a GGUF model.", "merge_loras")
    if "fast" in quantization and loras and not merged:
        yield Finding(
            "refused",
            "fast-unmerged",
            f"quantization {quantization} does not work with unmerged LoRAs.",
            "quantization",
        )
    if main and not gguf and "scaled" in quantization and "scaled" not in main:
        level: Level = "warned" if "fp8" in main else "refused"
        yield Finding(
            level,
            "not-scaled",
            f"quantization {quantization} needs a scaled fp8 file, and "
            f"{values['i2v_model']} is not named as one; disabled detects it.",
            "quantization",
        )
    if talk.endswith(".gguf") and main and not gguf:
        yield Finding(
            "refused",
            "talk-gguf",
            f"a GGUF InfiniteTalk model needs a GGUF main model, got {values['i2v_model']}.",
            "infinitetalk_model",
        )
    if gguf and talk and not talk.endswith(".gguf"):
        yield Finding(
            "warned",
            "talk-not-gguf",
            f"{values['infinitetalk_model']} beside a GGUF main model is meant to "
            "be refused by the wrapper but slips through.",
            "infinitetalk_model",
        )


def _windows(values: dict[str, Any], clip: Clip | None, windows: Windows | None) -> Iterator[Finding]:
    size, motion = values.get("frame_window_size"), values.get("motion_frame")
    if isinstance(motion, int) and isinstance(size, int) and motion >= 4 * ((size - 1) // 4) + 1:
        yield Finding(
            "refused",
            "motion-too-long",
            f"motion_frame {motion} leaves no new frame in a window of {size}.",
            "motion_frame",
        )
    if isinstance(motion, int) and motion % 4 != 1:
        whole = max(1, 4 * ((motion - 1) // 4) + 1)
        yield Finding(
            "warned",
            "motion-not-4n1",
            f"motion_frame {motion} encodes {whole} overlap frames while the "
            f"output is cut at {motion}; only 4n+1 values ({whole}, {whole + 4}) are encoded whole.",
            "motion_frame",
        )
    if isinstance(size, int) and size % 4 != 1:
        yield Finding(
            "warned",
            "window-not-4n1",
            f"frame_window_size {size} is rounded down to {4 * ((size - 1) // 4) + 1}.",
            "frame_window_size",
        )
    if clip is not None and windows is not None and clip.seconds * FPS < windows.width:
        yield Finding(
            "warned",
            "speech-short",
            f"the speech ({clip.seconds:.2f} s) is shorter than one window "
            f"({windows.width / FPS:.2f} s): its last sound is repeated.",
        )
    if windows is not None and windows.frames > _LONG:
        yield Finding(
            "warned",
            "long-video",
            f"{windows.frames} frames are held in the server's memory at once; "
            "videos of this length have killed servers.",
        )


def _prompt(values: dict[str, Any]) -> Iterator[Finding]:
    if "|" in str(values.get("positive_prompt", "")):
        yield Finding(
            "warned", "prompt-split", "the prompt has a |: each part counts for one window.", "positive_prompt"
        )


def _nodes(binding: Binding, graph: Graph, values: dict[str, Any]) -> Iterator[Finding]:
    """Inputs that are not tunable parameters."""
    speech, i2v, combine = (graph[binding.nodes[role]]["inputs"] for role in ("speech_embeds", "windows", "combine"))
    if speech.get("add_noise_floor"):
        yield Finding(
            "refused", "noise-unseeded", "add_noise_floor adds noise without a seed: two renders of one cell differ."
        )
    if i2v.get("output_path"):
        yield Finding("refused", "output-path", "output_path makes the wrapper write pictures and return no video.")
    talk = str(values.get("infinitetalk_model", "infinite")).lower()
    mode = i2v.get("mode", "multitalk")
    if mode == "multitalk" or (mode == "auto" and "infinite" not in talk):
        yield Finding("warned", "not-infinitetalk", f"mode {mode} with this model runs MultiTalk, not InfiniteTalk.")
    if combine.get("trim_to_audio"):
        yield Finding("warned", "trimmed", "trim_to_audio has been seen to drop the last frame.")
    if combine.get("save_metadata") is False:
        yield Finding("warned", "no-metadata", "save_metadata is off: the video cannot prove which graph made it.")
    if combine.get("pingpong"):
        yield Finding("refused", "pingpong", "pingpong plays the video backwards again: no lip can follow the speech.")
    if isinstance(combine.get("loop_count"), int) and combine["loop_count"] > 0:
        yield Finding("refused", "looped", "loop_count repeats the video: its frames are no more than the first round.")
    yield from _rates(rates_of(graph, binding.nodes["speech_embeds"], binding.nodes["combine"]))


def _rates(rates: Rates) -> Iterator[Finding]:
    """Frames a second: of the speech embeds, and of the video."""
    if not rates.in_step:
        yield Finding(
            "refused",
            "frame-rate-apart",
            f"the speech is cut into {rates.speech:g} frames a second and the video plays {rates.video:g}: "
            "no lip can follow it; set both alike.",
        )
    elif not rates.trained:
        told = sorted({rate for rate in (rates.speech, rates.video) if rate is not None})
        shown = ", ".join(f"{rate:g}" for rate in told)
        yield Finding("warned", "frame-rate", f"{shown} frames a second: InfiniteTalk is trained at {FPS:g}.")
    if rates.video is None:
        yield Finding("warned", "frame-rate-computed", "the video's frame rate is computed on the server.")


def _needs(values: dict[str, Any]) -> Iterator[Finding]:
    attention, colour = str(values.get("attention_mode", "")), str(values.get("colormatch", "disabled"))
    if "sage" in attention:
        yield Finding(
            "needs",
            "sageattention",
            f"attention_mode {attention} needs the package sageattention; without it loading the model fails.",
            "attention_mode",
        )
    if colour != "disabled":
        yield Finding(
            "needs",
            "color-matcher",
            f"colormatch {colour} needs the package color_matcher, imported only after the first window.",
            "colormatch",
        )
    if colour == "adain":
        yield Finding(
            "warned",
            "colormatch-adain",
            "no known wrapper version offers colormatch adain; reinhard is the nearest equivalent.",
            "colormatch",
        )
    if values.get("normalize_loudness"):
        yield Finding(
            "needs",
            "pyloudnorm",
            "normalize_loudness needs the package pyloudnorm, imported only when the speech is encoded.",
            "normalize_loudness",
        )
