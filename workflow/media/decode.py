"""A video as a stream of 8-bit BGR frames, upright, in constant memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av.error
import av.video.reformatter
import cv2
import numpy as np

from workflow.media.arrays import Picture
from workflow.media.container import opened, video_stream
from workflow.media.errors import UnreadableMediaError

_SWS = av.video.reformatter.Interpolation
# swscale's default rounding darkens by about one level; with these two flags the bias is below 0.1.
_ACCURATE = _SWS.BILINEAR | _SWS.ACCURATE_RND | _SWS.FULL_CHR_H_INT
_BT601 = {2, 5, 6}  # unspecified, BT.470BG, SMPTE 170M, as AVColorSpace numbers
_AGAIN = "render or export it again"
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG


def frames(path: Path, *, stop: int | None = None, threads: int = 0) -> Iterator[Picture]:
    """Yield the frames of ``path`` as ``[height, width, 3]`` BGR uint8, at most ``stop`` of them.

    A phone's rotation is applied (a mirrored display matrix only as its rotation); 10-bit and other pixel formats
    become 8-bit BGR without tone mapping; frames come as they are coded, a variable frame rate is not resampled.
    Holds one frame at a time. ``threads`` is the decoder's share of the machine, 0 for all of it.

    Raises MissingMediaError, NoVideoError, or UnreadableMediaError when nothing, or not everything, decodes.
    """
    count = 0
    with opened(path, "video") as container:
        stream = video_stream(container, path)
        stream.thread_type, stream.codec_context.thread_count = "AUTO", threads
        if stop is None or stop > 0:
            try:
                for frame in container.decode(stream):
                    yield to_bgr(frame)
                    count += 1
                    if count == stop:
                        return
            except av.error.FFmpegError as error:
                raise UnreadableMediaError(
                    f"video stops decoding after {count} frames: {path} ({error.strerror})", hint=_AGAIN
                ) from error
    if count == 0 and stop != 0:
        raise UnreadableMediaError(f"video has no frame that decodes: {path}", hint=_AGAIN)


def to_bgr(frame: Any) -> Picture:
    """One PyAV frame as upright BGR uint8."""
    # Not frame.side_data: PyAV crashes the process on side data newer than its own list.
    return upright(_unrotated(frame), frame.rotation)


def _unrotated(frame: Any) -> Picture:
    plain = frame.format.name == "yuv420p" and frame.color_range != _FULL_RANGE and frame.colorspace in _BT601
    if plain and frame.width % 2 == 0 and frame.height % 2 == 0:
        # OpenCV's conversion is twice as fast as swscale's and unbiased, but knows BT.601 only.
        return np.asarray(cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420), dtype=np.uint8)
    return np.ascontiguousarray(frame.reformat(format="bgr24", interpolation=int(_ACCURATE)).to_ndarray())


def upright(image: Picture, degrees: int) -> Picture:
    """Turn counterclockwise by ``degrees``, rounded to quarter turns.

    >>> upright(np.arange(6, dtype=np.uint8).reshape(2, 3), 90).tolist()
    [[2, 5], [1, 4], [0, 3]]
    """
    quarters = round(degrees / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarters)) if quarters else image
