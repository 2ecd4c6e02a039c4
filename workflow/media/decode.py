"""A video as a stream of 8-bit BGR frames, upright, in constant memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av.error

from workflow.media.arrays import Picture
from workflow.media.container import missing_end, opened, video_stream
from workflow.media.convert import to_bgr
from workflow.media.errors import UnreadableMediaError

_AGAIN = "render or export it again"


def frames(path: Path, *, stop: int | None = None, threads: int = 0) -> Iterator[Picture]:
    """Yield the frames of ``path`` as ``[height, width, 3]`` BGR uint8, at most ``stop`` of them.

    A phone's rotation is applied (a mirrored display matrix only as its rotation); 10-bit and other pixel formats
    become 8-bit BGR, HDR is tone-mapped; frames come as they are coded, a variable frame rate is not resampled (see
    ``steady`` for that). Holds one frame at a time. ``threads`` is the decoder's share of the machine, 0 for all of it.

    Raises MissingMediaError, NoVideoError, or UnreadableMediaError when nothing, or not everything, decodes.
    """
    for frame in coded(path, stop=stop, threads=threads):
        yield to_bgr(frame)


def coded(path: Path, *, stop: int | None = None, threads: int = 0) -> Iterator[Any]:
    """The PyAV frames behind :func:`frames`, with its errors."""
    count, last = 0, None
    with opened(path, "video") as container:
        stream = video_stream(container, path)
        stream.thread_type, stream.codec_context.thread_count = "AUTO", threads
        if stop is None or stop > 0:
            try:
                for frame in container.decode(stream):
                    yield frame
                    count, last = count + 1, frame
                    if count == stop:
                        return
            except av.error.FFmpegError as error:
                raise UnreadableMediaError(
                    f"video stops decoding after {count} frames: {path} ({error.strerror})", hint=_AGAIN
                ) from error
        if last is not None:
            _check_end(stream, last, count, path)
    if count == 0 and stop != 0:
        raise UnreadableMediaError(f"video has no frame that decodes: {path}", hint=_AGAIN)


def _check_end(stream: Any, last: Any, count: int, path: Path) -> None:
    found = missing_end(stream, last, count)
    if found is not None:
        raise UnreadableMediaError(
            f"video is cut short: {path} ends at {found[0]:.1f} s, it announces {found[1]:.1f} s",
            hint="copy or export it again",
        )
