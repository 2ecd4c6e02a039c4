"""One frame as the collectors see it: shared small copies are made once, and only when somebody asks."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from eval.settings import Settings
from workflow.media.box import Box

if TYPE_CHECKING:
    from eval.landmarks import Landmarker, Mesh

Image = npt.NDArray[np.uint8]
FACE_SIDE = 256  # pixels of the aligned face that sharpness is measured on
LOW_PASS = 0.5  # sigma in pixels of the aligned face, or of the frame where that is coarser
CROP_TALL = 1.25  # the mouth crop reaches below the detector's box, where an open mouth's chin goes


@dataclass
class View:
    """Frame ``index`` in BGR ``[H, W, 3]``, its face box in full-frame pixels (None: no face), and the settings."""

    index: int
    frame: Image
    box: Box | None
    settings: Settings
    tail: bool = False
    """After the end of the speech."""
    landmarker: "Landmarker | None" = None
    """Finds points on the face; None: there is none, or nobody needs it."""

    def due(self, stride: int) -> bool:
        """Whether this frame is one of every ``stride``."""
        return self.index % stride == 0

    @cached_property
    def half(self) -> Image:
        """Half-size BGR copy, area-averaged."""
        height, width = self.frame.shape[:2]
        size = (max(width // 2, 1), max(height // 2, 1))
        return np.asarray(cv2.resize(self.frame, size, interpolation=cv2.INTER_AREA), np.uint8)

    @cached_property
    def grey(self) -> Image:
        """Luma of the half-size copy."""
        return np.asarray(cv2.cvtColor(self.half, cv2.COLOR_BGR2GRAY), np.uint8)

    @cached_property
    def flow_grey(self) -> Image:
        """Luma at the width that optical flow works at, or nearest below it at half or full size: never enlarged."""
        height, width = self.grey.shape
        scale = self.settings.flow_width / width
        if scale >= 1:
            return self.grey if scale < 2 else self._full_grey
        return _resized(self.grey, self.settings.flow_width, max(round(height * scale), 1))

    @property
    def _full_grey(self) -> Image:
        return np.asarray(cv2.cvtColor(self.frame, cv2.COLOR_BGR2GRAY), np.uint8)

    @cached_property
    def mouth_crop(self) -> Image | None:
        """Luma of the face down to the chin, ``[1.25·mouth_width, mouth_width]``, None without a face."""
        return None if self.box is None else face_crop(self.frame, self.box, self.settings.mouth_width)

    @cached_property
    def landmarks(self) -> "Mesh | None":
        """468 points ``[468, 3]`` in full-frame pixels, None without a face or a landmarker that sees it."""
        return None if self.box is None or self.landmarker is None else self.landmarker.find(self.frame, self.box)

    @cached_property
    def face(self) -> Image | None:
        """Luma of the face box at 256 × 256, None without a face."""
        return None if self.box is None else aligned_face(self.frame, self.box)


def dense_flow(finest: int = 2) -> Any:
    """A new estimator of dense optical flow: OpenCV's DIS (Kroeger et al., 2016) at its fastest preset.

    ``finest`` is the scale at which it stops, a power of two: 2 is a quarter of the picture's size.
    """
    factory: Any = cv2
    flow = factory.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    flow.setFinestScale(finest)
    return flow


def aligned_face(frame: Image, box: Box) -> Image:
    """Luma of the face box at 256 × 256, with the same low-pass whatever the box's size.

    Interpolation alone blurs by its own phases: a face of exactly 256 pixels would be twice as sharp as one of 254.
    """
    grey = _grey_cut(frame, box, 1.0)
    soft = cv2.GaussianBlur(grey, (0, 0), LOW_PASS * max(grey.shape[1] / FACE_SIDE, 1.0))
    return np.asarray(cv2.resize(soft, (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_CUBIC), np.uint8)


def face_crop(frame: Image, box: Box, width: int) -> Image:
    """Luma of the face down to the chin, ``[1.25·width, width]``."""
    return _resized(_grey_cut(frame, box, CROP_TALL), width, round(width * CROP_TALL))


def face_picture(frame: Image, box: Box, side: int) -> Image:
    """BGR of the face box, ``[side, side, 3]``."""
    return _resized(_cut(frame, box, 1.0), side, side)


def within(frame: Image, longest: int) -> Image:
    """The whole frame with no side longer than ``longest`` pixels and none shorter than a quarter of that."""
    height, width = frame.shape[:2]
    scale = min(longest / max(height, width), 1.0)
    return _resized(frame, *(max(round(side * scale), longest // 4) for side in (width, height)))


def _grey_cut(frame: Image, box: Box, tall: float) -> Image:
    """Luma of :func:`_cut`."""
    return np.asarray(cv2.cvtColor(_cut(frame, box, tall), cv2.COLOR_BGR2GRAY), np.uint8)


def _cut(frame: Image, box: Box, tall: float) -> Image:
    """BGR inside the box (``tall`` times its height); edge pixels are repeated where it leaves the picture."""
    height, width = frame.shape[:2]
    x1, y1 = box.x + box.w, box.y + round(box.h * tall)
    inside = np.ascontiguousarray(frame[max(box.y, 0) : min(y1, height), max(box.x, 0) : min(x1, width)])
    pads = (max(-box.y, 0), max(y1 - height, 0), max(-box.x, 0), max(x1 - width, 0))
    if any(pads):
        return np.asarray(cv2.copyMakeBorder(inside, *pads, cv2.BORDER_REPLICATE), np.uint8)
    return inside


def _resized(image: Image, width: int, height: int) -> Image:
    method = cv2.INTER_AREA if image.shape[1] >= width else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)
