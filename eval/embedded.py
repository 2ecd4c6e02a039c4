"""What a video says about its own making: the API prompt that ComfyUI embeds, and whether the stand-in made it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflow.inside import prompt_inside
from workflow.windows import WindowError, Windows

MULTITALK = "WanVideoImageToVideoMultiTalk"
COMBINE = "VHS_VideoCombine"
H264 = "video/h264-mp4"
LARGEST_CRF = 51
WORDS = ("stand-in", "stand_in", "standin")


@dataclass(frozen=True)
class Origin:
    """``windows`` None where the tags do not tell; ``stand_in`` True when the stand-in's puppet made the video.

    ``crf`` is the quality that H.264 was asked for, None where the tags do not tell.
    """

    windows: Windows | None = None
    stand_in: bool = False
    crf: int | None = None


def origin(tags: Mapping[str, str], frames: int | None) -> Origin:
    """Read a container's tags; whatever is damaged, hostile or linked is treated as not told."""
    graph = prompt_inside(tags) or {}
    return Origin(_windows(graph, frames), _by_stand_in(tags), _crf(graph))


def _inputs(graph: Mapping[str, Any], class_type: str) -> Iterator[dict[str, Any]]:
    """The inputs of every node of a class."""
    for node in graph.values():
        inputs = node.get("inputs") if isinstance(node, dict) and node.get("class_type") == class_type else None
        if isinstance(inputs, dict):
            yield inputs


def _crf(graph: Mapping[str, Any]) -> int | None:
    for inputs in _inputs(graph, COMBINE):
        crf = inputs.get("crf")
        if inputs.get("format") == H264 and type(crf) is int and 0 <= crf <= LARGEST_CRF:
            return crf
    return None


def _windows(graph: Mapping[str, Any], frames: int | None) -> Windows | None:
    for inputs in _inputs(graph, MULTITALK):
        window, motion = inputs.get("frame_window_size"), inputs.get("motion_frame")
        if type(window) is int and type(motion) is int and frames:
            return windows_of(window, motion, frames)
    return None


def windows_of(window: int, motion_frame: int, frames: int) -> Windows | None:
    """The windows of a finished video of ``frames``; None for sizes with which nothing can be generated."""
    try:
        return Windows(window, motion_frame, frames)
    except WindowError:
        return None


def _by_stand_in(tags: Mapping[str, str]) -> bool:
    for key, text in tags.items():
        if key in ("prompt", "workflow"):
            continue
        if any(word in key.lower() or word in text[:1000].lower() for word in WORDS):
            return True
    return False
