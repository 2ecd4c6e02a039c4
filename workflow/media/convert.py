"""One decoded frame as an upright 8-bit BGR picture: colour spaces, HDR, transparency, rotation, size."""

from functools import cache
from typing import Any

import av.video.format
import av.video.reformatter
import cv2
import numpy as np

from workflow.media.arrays import Picture
from workflow.media.hdr import TRANSFERS, tone_mapped
from workflow.media.picture import GREY

_SWS = av.video.reformatter.Interpolation
# swscale's default rounding darkens by about one level; with these two flags the bias is below 0.1.
_ACCURATE = _SWS.BILINEAR | _SWS.ACCURATE_RND | _SWS.FULL_CHR_H_INT
_SHRINKING = _SWS.AREA | _SWS.ACCURATE_RND | _SWS.FULL_CHR_H_INT
_BT601 = {2, 5, 6}  # unspecified, BT.470BG, SMPTE 170M, as AVColorSpace numbers
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG

Size = tuple[int, int]
"""Width and height as coded, before rotation."""


def to_bgr(frame: Any, size: Size | None = None) -> Picture:
    """One PyAV frame as upright BGR uint8, scaled to ``size`` where that is given and other than its own.

    HDR (PQ, HLG) is tone-mapped to SDR, transparent parts are laid on mid grey as in pictures.
    """
    # Not frame.side_data: PyAV crashes the process on side data newer than its own list.
    return upright(_unrotated(frame, size or (frame.width, frame.height)), frame.rotation)


def _unrotated(frame: Any, size: Size) -> Picture:
    same = size == (frame.width, frame.height)
    plain = frame.format.name == "yuv420p" and frame.color_range != _FULL_RANGE and frame.colorspace in _BT601
    transfer = TRANSFERS.get(frame.color_trc)
    if plain and same and transfer is None and frame.width % 2 == 0 and frame.height % 2 == 0:
        # OpenCV's conversion is twice as fast as swscale's and unbiased, but knows BT.601 only.
        return np.asarray(cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420), dtype=np.uint8)
    if transfer is not None:
        return tone_mapped(_reformatted(frame, size, "rgb48le"), transfer)
    if _has_alpha(frame.format.name):
        return _on_grey(_reformatted(frame, size, "bgra"))
    return np.ascontiguousarray(_reformatted(frame, size, "bgr24"))


def _reformatted(frame: Any, size: Size, pixel_format: str) -> Any:
    how = _ACCURATE if size == (frame.width, frame.height) else _SHRINKING
    return frame.reformat(*size, format=pixel_format, interpolation=int(how)).to_ndarray()


@cache
def _has_alpha(pixel_format: str) -> bool:
    """Palettes count: theirs may have transparent entries."""
    kind = av.video.format.VideoFormat(pixel_format)
    return bool(kind.has_palette or any(part.is_alpha for part in kind.components))


def _on_grey(bgra: Any) -> Picture:
    alpha = bgra[..., 3:].astype(np.uint16)
    if alpha.min() == 255:
        return np.ascontiguousarray(bgra[..., :3])
    mixed = (bgra[..., :3] * alpha + GREY * (255 - alpha) + 127) // 255
    return np.asarray(mixed, dtype=np.uint8)


def upright(image: Picture, degrees: int) -> Picture:
    """Turn counterclockwise by ``degrees``, rounded to quarter turns.

    >>> upright(np.arange(6, dtype=np.uint8).reshape(2, 3), 90).tolist()
    [[2, 5], [1, 4], [0, 3]]
    """
    quarters = round(degrees / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarters)) if quarters else image
