"""Inputs that a node does not read as the graph stands, and the graph with all of them set alike.

Two graphs that become equal give the same video for the same seed and files; a plan renders one of them. Only what
the wrapper's source shows is listed here: a wrong entry would report one setting's video as another's.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflow.graph import Graph, is_link, links_of
from workflow.recipe import recipe_hash
from workflow.windows import Windows

_TILE_DEFAULTS = {"tile_x": 272, "tile_y": 272, "tile_stride_x": 144, "tile_stride_y": 128}


@dataclass(frozen=True)
class Inert:
    """An input whose value cannot matter: ``neutral`` is what :func:`effective` writes there."""

    node: str
    input: str
    neutral: Any
    why: str


def inert_inputs(graph: Graph, windows: Windows | None = None) -> list[Inert]:
    """Every input of ``graph`` that is known not to be read; with ``windows``, also for a render of that length."""
    found: list[Inert] = []
    readers: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for node_id in graph:
        for name, source, slot in links_of(graph, node_id):
            readers[source].append((node_id, name, slot))
    for node_id, node in graph.items():
        rule = _RULES.get(node["class_type"])
        if rule is not None:
            own = rule(graph, node_id, node["inputs"], readers[node_id], windows)
            found += [item for item in own if item.input in node["inputs"]]
    return found


def effective(graph: Graph, windows: Windows | None = None) -> Graph:
    """``graph`` with every inert input at its neutral value; shares the nodes that stay as they are."""
    result = dict(graph)
    for item in inert_inputs(graph, windows):
        node = result[item.node]
        result[item.node] = node | {"inputs": node["inputs"] | {item.input: item.neutral}}
    return result


def collapse_key(graph: Graph, files: Mapping[str, str], seed: int, windows: Windows | None = None) -> str:
    """The recipe of the effective graph: cells with the same key cannot differ."""
    return recipe_hash(effective(graph, windows), files, seed)


_Readers = list[tuple[str, str, int]]
_Inputs = Mapping[str, Any]


def _text(graph: Graph, node: str, inputs: _Inputs, readers: _Readers, windows: Windows | None) -> Iterator[Inert]:
    """The negative prompt is encoded but only passed to the model when there is guidance."""
    if readers and all(slot == 0 and name == "text_embeds" and _unguided(graph, to) for to, name, slot in readers):
        yield Inert(node, "negative_prompt", "", "at cfg 1 the negative prompt is never read")


def _unguided(graph: Graph, sampler: str) -> bool:
    inputs = graph[sampler]["inputs"]
    cfg, batched = inputs.get("cfg"), inputs.get("batched_cfg", False)
    plain = isinstance(cfg, int | float) and not isinstance(cfg, bool)
    return graph[sampler]["class_type"] == "WanVideoSampler" and plain and math.isclose(cfg, 1.0) and batched is False


def _clip(graph: Graph, node: str, inputs: _Inputs, readers: _Readers, windows: Windows | None) -> Iterator[Inert]:
    """One picture gives one embedding, but two when it is also cut into more than one tile: those are combined."""
    tiles = inputs.get("tiles", 0)
    if not isinstance(tiles, int) or tiles > 1:
        return
    yield Inert(node, "ratio", 0.5, "ratio weighs tiles against the whole picture, and there is no more than one tile")
    if not is_link(inputs.get("image_2")):
        yield Inert(node, "combine_embeds", "average", "there is no image_2 to combine with")
        yield Inert(node, "strength_2", 1, "there is no image_2")


def _windows(graph: Graph, node: str, inputs: _Inputs, readers: _Readers, windows: Windows | None) -> Iterator[Inert]:
    if windows is not None and windows.count == 1 and not is_link(inputs.get("motion_frame")):
        yield Inert(node, "motion_frame", 1, "the whole speech fits one window, nothing overlaps")


def _speech(graph: Graph, node: str, inputs: _Inputs, readers: _Readers, windows: Windows | None) -> Iterator[Inert]:
    if not any(is_link(inputs.get(f"audio_{k}")) for k in (2, 3, 4)):
        yield Inert(node, "multi_audio_type", "para", "there is one speaker")


def _lora(graph: Graph, node: str, inputs: _Inputs, readers: _Readers, windows: Windows | None) -> Iterator[Inert]:
    if inputs.get("merge_loras") is False:
        yield Inert(node, "low_mem_load", False, "low_mem_load is about merging, and merge_loras is off")


def _decode(graph: Graph, node: str, inputs: _Inputs, readers: _Readers, windows: Windows | None) -> Iterator[Inert]:
    if inputs.get("enable_vae_tiling") is False:
        for name, neutral in _TILE_DEFAULTS.items():
            yield Inert(node, name, neutral, "VAE tiling is off")


_RULES = {
    "WanVideoTextEncodeCached": _text,
    "WanVideoTextEncode": _text,
    "WanVideoClipVisionEncode": _clip,
    "WanVideoImageToVideoMultiTalk": _windows,
    "MultiTalkWav2VecEmbeds": _speech,
    "WanVideoLoraSelect": _lora,
    "WanVideoDecode": _decode,
}
