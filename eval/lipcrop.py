"""The face crop that SyncNet looks at, by the arithmetic of joonson/syncnet_python's ``run_pipeline.py``.

Each box becomes a centre (x, y) and a half size s = max(w, h) / 2, all smoothed by a median of 13 frames. The crop
reaches from y − s to y + 1.8 s and from x − 1.4 s to x + 1.4 s, with 110 where it leaves the picture, and is resized
to 224 × 224. The reference then writes the crop as an XVID video and reads it back as JPEG: that loss is left out here.

Its boxes come from S3FD. Ours come from a Haar cascade, and a :class:`~eval.cropgeometry.CropGeometry` brings them to
S3FD's place and size.
"""

from collections import deque
from collections.abc import Iterator

import cv2
import numpy as np

from eval.cropgeometry import Place
from workflow.media.arrays import Picture

SIDE = 224
MARGIN = 0.4  # crop_scale of the reference
GREY = 110  # beyond the picture
MEDIAN = 13  # frames
REACH = MEDIAN // 2


class Smoother:
    """Places in, each with its frame; the same frames out with places smoothed by a median of 13, 6 frames later.

    Beyond both ends zeros count, as in the reference's ``scipy.signal.medfilt``: a run needs 13 frames at least.
    """

    def __init__(self) -> None:
        self._places: deque[Place] = deque([Place(0.0, 0.0, 0.0)] * MEDIAN, maxlen=MEDIAN)
        self._frames: deque[Picture] = deque()

    def push(self, frame: Picture, place: Place) -> Iterator[tuple[Picture, Place]]:
        """Take the next frame of the run; gives the one of 6 frames ago, once there is one."""
        self._frames.append(frame)
        self._places.append(place)
        if len(self._frames) > REACH:
            yield self._frames.popleft(), self._middle()

    def finish(self) -> Iterator[tuple[Picture, Place]]:
        """The frames that are still held."""
        for missing in range(REACH, 0, -1):
            self._places.append(Place(0.0, 0.0, 0.0))
            if len(self._frames) >= missing:
                yield self._frames.popleft(), self._middle()

    def _middle(self) -> Place:
        return Place(*(sorted(values)[REACH] for values in zip(*self._places, strict=True)))


def cut(frame: Picture, place: Place) -> Picture:
    """The crop ``[224, 224, 3]`` of a BGR ``frame`` ``[H, W, 3]``, pixel for pixel that of the reference."""
    height, width = frame.shape[:2]
    half, long, wide = place.s, place.s * (1 + 2 * MARGIN), place.s * (1 + MARGIN)
    pad = int(long)  # the reference pads the whole picture by this and rounds down in the padded one
    x, y = place.x + pad, place.y + pad
    top, bottom = _span(y - half, y + long, pad, height)
    left, right = _span(x - wide, x + wide, pad, width)
    inside = frame[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    edges = (max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0))
    if any(edges):
        inside = np.asarray(cv2.copyMakeBorder(inside, *edges, cv2.BORDER_CONSTANT, value=(GREY, GREY, GREY)), np.uint8)
    return np.asarray(cv2.resize(inside, (SIDE, SIDE)), np.uint8)


def _span(start: float, stop: float, pad: int, length: int) -> tuple[int, int]:
    """Pixels from … to of a cut in the padded picture, in the picture's own numbers, at least one."""
    first = min(max(int(start), 0), length + 2 * pad - 1)
    return first - pad, max(min(int(stop), length + 2 * pad), first + 1) - pad
