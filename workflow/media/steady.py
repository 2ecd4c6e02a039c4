"""A video at a constant rate: its frames by their timestamps, gaps repeated, crowds thinned."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow.media.arrays import Picture
from workflow.media.convert import Size, to_bgr
from workflow.media.decode import coded
from workflow.media.errors import MediaError
from workflow.media.rate import GAP_S

LARGEST = 4_000_000
"""Pixels of a frame that is handed out; larger ones are shrunk by a whole number."""


def shrink_of(width: int, height: int) -> int:
    """By how much a picture is divided in both directions so that it is not above LARGEST.

    >>> shrink_of(1920, 1080), shrink_of(3840, 2160), shrink_of(7680, 4320)
    (1, 2, 3)
    """
    return math.ceil(math.sqrt(max(width * height / LARGEST, 1.0)))


@dataclass
class Clock:
    """What became of the timestamps, counted while frames are drawn.

    ``shown`` frames were given out; ``repeated`` of them are repeats of the one before; ``dropped`` coded frames were
    not shown; ``jumps`` counts timestamps that go back, or ahead by more than GAP_S: the frame follows at once.
    ``resized`` counts frames whose size is not the first one's, and which were scaled to it.
    """

    shown: int = 0
    repeated: int = 0
    dropped: int = 0
    jumps: int = 0
    resized: int = 0


def steady(
    path: Path, fps: float, clock: Clock | None = None, *, stop: int | None = None, threads: int = 0
) -> Iterator[Picture]:
    """Yield ``path`` at exactly ``fps`` frames a second, ``[height, width, 3]`` BGR uint8, at most ``stop`` of them.

    Time starts with the first frame. Tick k shows the latest frame whose timestamp is at most (k + ½)/fps: a file of
    that constant rate comes frame for frame as it is, whatever its container's clock rounds to. The last frame is shown
    for as long as its file says. Where there are no timestamps, frames follow each other at ``fps``. Repeated ticks are
    one array, which is not to be written to. ``clock`` is filled in. Holds one frame; errors are those of ``frames``.
    """
    count = clock or Clock()
    size: Size | None = None
    held: Any = None
    for frame, ticks in shown_for(coded(path, threads=threads), fps, count):
        if size is None:
            factor = shrink_of(frame.width, frame.height)
            whole, size = (frame.width, frame.height), (frame.width // factor, frame.height // factor)
        count.dropped += ticks == 0
        count.resized += (frame.width, frame.height) != whole
        for turn in range(ticks):
            if count.shown == stop:
                return
            held = to_bgr(frame, size) if turn == 0 else held
            count.shown += 1
            count.repeated += turn > 0
            yield held


def shown_for(frames: Iterator[Any], fps: float, count: Clock) -> Iterator[tuple[Any, int]]:
    """Each frame with the number of ticks that it is shown for, known when the next one comes."""
    given, held, at, raw, shift = 0, None, 0.0, 0.0, 0.0
    failed: MediaError | None = None
    for frame in _until(frames):
        if isinstance(frame, MediaError):
            failed = frame
            break
        time = _time(frame)
        if held is None:
            at, raw, shift = 0.0, time or 0.0, -(time or 0.0)
        else:
            expected = at + 1.0 / fps
            step = 1.0 / fps if time is None else time - raw
            raw = raw + step
            if not -1.0 / fps <= step <= GAP_S:
                count.jumps += 1
                shift = expected - raw
            at = max(raw + shift, at)
            ticks = _before(at, fps, given)
            given += ticks
            yield held, ticks
        held = frame
    if held is not None:
        length = float((held.duration or 0) * (held.time_base or 0)) if _time(held) is not None else 0.0
        yield held, _before(at + (length if 0.5 / fps < length <= GAP_S else 1.0 / fps), fps, given)
    if failed is not None:
        raise failed


def _until(frames: Iterator[Any]) -> Iterator[Any]:
    """The frames and, last, the error that ended them: the frame before it is shown before it is raised."""
    try:
        yield from frames
    except MediaError as error:
        yield error


def _before(time: float, fps: float, given: int) -> int:
    """How many ticks after the first ``given`` lie before ``time``: those with (k + ½)/fps < time."""
    return max(math.ceil(time * fps - 0.5 - 1e-6) - given, 0)


def _time(frame: Any) -> float | None:
    ticks = frame.pts if frame.pts is not None else frame.dts
    return None if ticks is None or frame.time_base is None else float(ticks * frame.time_base)
