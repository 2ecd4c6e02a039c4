"""What colour is watched in every frame: the median Lab of cheeks, background and clothes, and the face's chroma.

Background and clothes are places of the picture. A hand or a swaying lapel that covers a little of one moves the median
of several colours by their distance (on a real jacket ΔE 5.8 from one frame to the next) with no fault in it. So each
pixel is compared with itself: a region's colour is the median that it had in the first frame with a face, plus the
median of what its pixels changed by since. For a colour cast both are the same.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from eval.metric import REGIONS
from eval.regions import BAND, Layout, layout
from eval.series import Floats, Indices, Series
from eval.steadysize import SteadySize
from eval.view import Image, View
from workflow.media.box import Box

SMALL = 4  # places are read from a copy of a quarter of the frame's width
LONG_SIDE = 320  # at most, in pixels
PIXELS = 4000  # of a region at most, evenly taken
FACE = 64  # pixels of the face that its colour is read from
WHOLE_FACE = (0.2, 0.2, 0.8, 0.9)  # left, top, right, bottom of the box


@dataclass(frozen=True)
class Places:
    """Where a region lies in the small copy (flat indices), its first Lab ``[n, 3]``, and the median of that."""

    at: Indices
    first: Any
    middle: Any


class ColourWatch:
    """Collects the median Lab of each region, three columns a region, and ``chroma``, the face's mean."""

    def __init__(self) -> None:
        self.series = Series([*(f"{region}_{axis}" for region in REGIONS for axis in "Lab"), "chroma"])
        self.layout: Layout | None = None
        self.size = SteadySize()
        self._places: dict[str, Places] = {}
        self._size = (1, 1)

    def update(self, view: View) -> None:
        """Measure one frame when it is due and a face was seen before."""
        if self.layout is None and view.box is not None:
            self._start(view.frame, view.half, view.box)
        if self.layout is None or not view.due(view.settings.colour_stride):
            self.series.add()
            return
        box = None if view.box is None else self.size.of(view.box)
        self.series.add(**self._row(view.frame, view.half, box))

    def lab(self, region: str) -> Floats:
        """Median Lab of a region, ``[frames, 3]``."""
        return np.stack([self.series[f"{region}_{axis}"] for axis in "Lab"], axis=1)

    def of_picture(self, picture: Image, box: Box | None) -> dict[str, float]:
        """The same columns for a picture of the video's size with a face ``box``: what is not there is left out.

        Empty before a face was seen, as nobody knows then where the regions are.
        """
        return {} if self.layout is None else self._row(picture, halved(picture), box)

    def _start(self, frame: Image, half: Image, box: Box) -> None:
        self._size = _small_size(frame)
        small = _small(half, self._size)
        self.layout = layout(box, frame.shape[:2], small.shape[:2])
        for region, mask in (("background", self.layout.background), ("clothes", self.layout.clothes)):
            if mask is not None:
                at = np.flatnonzero(mask)
                at = at[:: -(-at.size // PIXELS)]
                first = to_lab(small.reshape(-1, 3)[at])
                self._places[region] = Places(at, first, np.median(first, axis=0))

    def _row(self, frame: Image, half: Image, box: Box | None) -> dict[str, float]:
        found = {} if box is None else face_colour(frame, box)
        pixels = _small(half, self._size).reshape(-1, 3)
        for region, places in self._places.items():
            found |= _columns(region, median_at(places, to_lab(pixels[places.at])))
        return found


def median_at(places: Places, now: Any) -> Any:
    """Lab ``[3]`` of a region whose pixels are ``now`` ``[n, 3]``; what covers less than half of it does not count."""
    return places.middle + np.median(now - places.first, axis=0)


def face_colour(frame: Image, box: Box) -> dict[str, float]:
    """Median Lab of the band from cheek to cheek and mean chroma √(a² + b²) of the face, by column name.

    Of the band the lighter half is read: hair, eyes, nostrils and shadows that a turning head brings in are darker.
    """
    face = box.cut(frame)
    method = cv2.INTER_AREA if face.shape[1] >= FACE else cv2.INTER_LINEAR
    lab = to_lab(np.asarray(cv2.resize(face, (FACE, FACE), interpolation=method), np.uint8).reshape(-1, 3))
    square = lab.reshape(FACE, FACE, 3)
    band, whole = (square[_part(part)].reshape(-1, 3) for part in (BAND, WHOLE_FACE))
    chroma = float(np.hypot(whole[:, 1], whole[:, 2]).mean())
    skin = band[band[:, 0] >= np.median(band[:, 0])]
    return {**_columns("cheeks", np.median(skin, axis=0)), "chroma": chroma}


def _part(part: tuple[float, float, float, float]) -> tuple[slice, slice]:
    left, top, right, bottom = (round(edge * FACE) for edge in part)
    return slice(top, bottom), slice(left, right)


def _columns(region: str, lab: Any) -> dict[str, float]:
    return {f"{region}_{axis}": float(value) for axis, value in zip("Lab", lab, strict=True)}


def to_lab(bgr: Image) -> Any:
    """CIE Lab (D65) of 8-bit BGR pixels ``[n, 3]`` as float32: L 0…100."""
    return cv2.cvtColor(bgr[None].astype(np.float32) / 255.0, cv2.COLOR_BGR2Lab)[0]


def halved(picture: Image) -> Image:
    """Half-size copy, area-averaged, as :attr:`eval.view.View.half`."""
    size = (max(picture.shape[1] // 2, 1), max(picture.shape[0] // 2, 1))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _small_size(frame: Image) -> tuple[int, int]:
    height, width = frame.shape[:2]
    shrink = max(SMALL, max(height, width) / LONG_SIDE) if max(height, width) > 2 * LONG_SIDE // SMALL else 1
    return max(round(width / shrink), 1), max(round(height / shrink), 1)


def _small(half: Image, size: tuple[int, int]) -> Image:
    method = cv2.INTER_AREA if size[1] <= half.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(half, size, interpolation=method), np.uint8)
