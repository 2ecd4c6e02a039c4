"""Finding the nodes of an InfiniteTalk graph by class, by the links that lead to them and by title; never by id."""

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass, field

from workflow.graph import Graph, is_link, label_of, links_of, nodes_of, title_of, upstream

SAMPLER, SPEECH, I2V = "WanVideoSampler", "MultiTalkWav2VecEmbeds", "WanVideoImageToVideoMultiTalk"
CLIP_VISION, MODEL, COMBINE = "WanVideoClipVisionEncode", "WanVideoModelLoader", "VHS_VideoCombine"
LORA, BLOCK_SWAP, TALK_MODEL = "WanVideoLoraSelect", "WanVideoBlockSwap", "MultiTalkModelLoader"
TEXT = ("WanVideoTextEncodeCached", "WanVideoTextEncode")
FRAME_TITLE, FACE_TITLE = "Reference frame", "Face close-up"
_AUDIO_LOADERS = {"LoadAudio": "audio", "VHS_LoadAudioUpload": "audio"}
_UPSCALES = ("upscale", "flashvsr", "seedvr", "supir")
_RECOUNTS = re.compile(
    r"\bvfi\b|rife|interpolat|gimm|every_?nth|(repeat|duplicate|merge|split|select|loop|reverse)[_ ]?images?"
    r"|images?[_ ]?from[_ ]?batch|image[_ ]?range|image[_ ]?batch|rebatch|batch[_ ]?images",
    re.I,
)
"""Classes that put frames in, take them out or turn them round: RIFE and its kin, batches of pictures."""


@dataclass
class Finder:
    """Looks nodes up in one graph and keeps every miss, so that all can be told at once."""

    graph: Graph
    misses: list[str] = field(default_factory=list)

    def one(self, what: str, classes: Iterable[str], scope: Set[str], title: str = "") -> tuple[str | None, str]:
        """The one node of ``classes`` within ``scope``, by ``title`` where several stand; or None and why."""
        classes = tuple(classes)
        everywhere = nodes_of(self.graph, *classes)
        inside = [node for node in everywhere if node in scope]
        titled = [node for node in inside if title and title_of(self.graph, node).casefold() == title.casefold()]
        if len(inside) == 1 or len(titled) == 1:
            return (titled or inside)[0], ""
        if len(inside) > 1:
            names = ", ".join(label_of(self.graph, node) for node in inside)
            hint = f"; give the one that is meant the title {title!r}" if title else ""
            return None, f"{what}: {len(inside)} nodes of class {classes[0]} could be meant: {names}{hint}"
        if everywhere:
            return None, f"{what}: {label_of(self.graph, everywhere[0])} stands there, but the video does not need it"
        near = [node for node in self.graph if any(_stem(c) in self.graph[node]["class_type"] for c in classes)]
        seen = f" ({label_of(self.graph, near[0])} is another class)" if near else ""
        return None, f"{what}: the graph has no {' or '.join(classes)}{seen}"

    def need(self, what: str, classes: Iterable[str], scope: Set[str], title: str = "") -> str | None:
        """As :meth:`one`, keeping the miss."""
        node, why = self.one(what, classes, scope, title)
        if node is None:
            self.misses.append(why)
        return node

    def behind(self, node: str | None, name: str) -> set[str]:
        """Everything that the input ``node.name`` depends on."""
        value = self.graph[node]["inputs"].get(name) if node is not None else None
        return upstream(self.graph, value[0]) if is_link(value) and value[0] in self.graph else set()


def _stem(class_type: str) -> str:
    return class_type.removesuffix("Cached")


def find_sampler(finder: Finder) -> str | None:
    """The sampler that a speech drives."""
    graph = finder.graph
    driven = {
        node
        for node in nodes_of(graph, SAMPLER)
        if is_link(graph[node]["inputs"].get("multitalk_embeds")) or _has_class(finder, node, I2V)
    }
    if driven:
        return finder.need("sampler", (SAMPLER,), driven, "Sampler")
    finder.misses.append(f"sampler: the graph has no {SAMPLER} that a speech drives (by multitalk_embeds or {I2V})")
    present = {node["class_type"] for node in graph.values()}
    finder.misses += [f"the graph has no {name}" for name in (I2V, SPEECH, COMBINE) if name not in present]
    return None


def _has_class(finder: Finder, node: str, class_type: str) -> bool:
    return any(finder.graph[n]["class_type"] == class_type for n in finder.behind(node, "image_embeds"))


def find_combine(finder: Finder, sampler: str) -> str | None:
    """The node that writes the sampler's video; the one with sound, then the one that saves, where several do."""
    graph = finder.graph
    writers = {node for node in nodes_of(graph, COMBINE) if sampler in finder.behind(node, "images")}
    for wanted in ("audio", "save_output"):
        preferred = {node for node in writers if graph[node]["inputs"].get(wanted)}
        writers = preferred if len(writers) > 1 and preferred else writers
    return finder.need("video output", (COMBINE,), writers, "Video")


def find_frames(finder: Finder, i2v: str | None, clip: str | None) -> tuple[str, ...]:
    """The LoadImage nodes that give the reference frame (to the windows, and to the image encoder if another one)."""
    start = finder.need("reference frame", ("LoadImage",), finder.behind(i2v, "start_image"), FRAME_TITLE)
    first, _ = finder.one("image_1", ("LoadImage",), finder.behind(clip, "image_1"), FRAME_TITLE)
    return tuple(dict.fromkeys(node for node in (start, first) if node is not None))


def find_face(finder: Finder, clip: str | None, frames: tuple[str, ...]) -> str | None:
    """The LoadImage node of the close-up, None where image_2 is not there or is the reference frame again."""
    scope = finder.behind(clip, "image_2")
    if not scope or scope & set(frames):
        return None
    return finder.need("face close-up", ("LoadImage",), scope, FACE_TITLE)


def find_speech(finder: Finder, embeds: str | None) -> tuple[str, str] | None:
    """The node that loads the speech, and its file input."""
    node = finder.need("speech", tuple(_AUDIO_LOADERS), finder.behind(embeds, "audio_1"), "Speech")
    return None if node is None else (node, _AUDIO_LOADERS[finder.graph[node]["class_type"]])


def unsupported(finder: Finder, sampler: str, combine: str | None, embeds: str | None) -> list[str]:
    """What the graph does that this product does not: several speakers, video to video, upscaling, other frames."""
    graph, found = finder.graph, []
    if embeds is not None:
        extra = [name for name, _, _ in links_of(graph, embeds) if name in ("audio_2", "audio_3", "audio_4")]
        if extra:
            found.append(f"more than one speaker ({label_of(graph, embeds)}.{', '.join(extra)})")
    if is_link(graph[sampler]["inputs"].get("samples")):
        found.append(f"video to video ({label_of(graph, sampler)}.samples is linked)")
    videos = [n for n in upstream(graph, sampler) if "LoadVideo" in graph[n]["class_type"]]
    found += [f"video to video ({label_of(graph, node)} feeds the sampler)" for node in sorted(videos)]
    after = upstream(graph, combine) - upstream(graph, sampler) if combine is not None else set()
    for node in sorted(after):
        class_type = graph[node]["class_type"]
        if any(word in class_type.lower() for word in _UPSCALES):
            found.append(f"upscaling after the sampler ({label_of(graph, node)})")
        elif _RECOUNTS.search(class_type):
            found.append(f"other frames than the sampler's in the video, as of interpolation ({label_of(graph, node)})")
    return found


def find_resizes(finder: Finder, i2v: str | None, frames: tuple[str, ...]) -> list[str]:
    """Nodes that the reference frame passes on its way to the windows and that set its width and height."""
    graph, passed = finder.graph, finder.behind(i2v, "start_image")
    return [
        node
        for node in graph
        if node in passed
        and {"width", "height"} <= graph[node]["inputs"].keys()
        and upstream(graph, node) & set(frames)
    ]
