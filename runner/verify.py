"""Is this file the video that was asked for? Every frame is decoded: a full disk leaves files that only look whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.outcome import Stage
from runner.prepare import difference
from runner.text import plain
from workflow.errors import HarnessError
from workflow.inside import prompt_inside


@dataclass(frozen=True)
class Expected:
    """What a render must be: frames as the window arithmetic says, width × height in pixels, the graph inside."""

    frames: int
    width: int
    height: int
    graph: Mapping[str, Any]
    prompt_inside: bool = True


@dataclass(frozen=True)
class Flaw:
    """Why a file is not that video."""

    stage: Stage
    message: str


def flaw_in(path: Path, expected: Expected, on_frame: Callable[[int], None] | None = None) -> Flaw | None:
    """The first flaw of the video at ``path``, None where it is what was asked for."""
    from workflow.media.decode import coded
    from workflow.media.probe import probe

    try:
        found = probe(path)
        count = 0
        for count, frame in enumerate(coded(path), start=1):
            if on_frame is not None:
                on_frame(count)
            size = (frame.width, frame.height)
            if size != (expected.width, expected.height):
                wanted = f"{expected.width}×{expected.height}"
                return Flaw("decode-check", f"the video is {size[0]}×{size[1]}, asked for was {wanted}")
    except HarnessError as error:
        return Flaw("decode-check", f"the video does not decode: {plain(error.message)}")
    if count != expected.frames:
        return Flaw("decode-check", f"the video has {count} frames, the window arithmetic says {expected.frames}")
    return _identity(found.tags, expected) if expected.prompt_inside else None


def _identity(tags: Mapping[str, str], expected: Expected) -> Flaw | None:
    inside = prompt_inside(tags)
    if inside is None:
        return Flaw("sanity", "the video does not carry the graph it was made from")
    other = difference(expected.graph, inside)
    return Flaw("sanity", f"the video was made from another graph: {other}") if other else None
