"""What a distortion may know of the clip that it changes: rate, lengths, seams, and where the face is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from eval.series import Floats, filled
from workflow.media.arrays import Picture
from workflow.media.box import Box

FrameChange = Callable[[Picture, int], Picture]
"""(frame, its index) to the changed frame. Called in order, once a frame; it may remember earlier frames."""

STEADY_S = 0.2  # seconds over which the face track is smoothed: a place to change, not a measurement


class Place(NamedTuple):
    """A face box in pixels, with fractions: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True)
class Scene:
    """A clip as it is cut: ``frames`` at ``fps`` of which ``spoken`` lie in the speech and ``tail`` after it, and more.

    ``places`` has one face a frame. ``seams`` are the first frames of the windows after the first. ``loudness`` is the
    speech's envelope in each of its frames, 1 where it is loud.
    """

    fps: float
    spoken: int
    tail: int
    places: tuple[Place, ...]
    seams: tuple[int, ...]
    loudness: tuple[float, ...] = ()

    @property
    def frames(self) -> int:
        """Frames of the undistorted clip."""
        return self.spoken + self.tail

    @property
    def face_width(self) -> float:
        """Median width of the face in pixels."""
        return float(np.median([place.w for place in self.places]))

    def loud(self, index: int) -> float:
        """Loudness during a frame, 0 after the speech."""
        return self.loudness[index] if index < min(self.spoken, len(self.loudness)) else 0.0

    def window(self, index: int) -> int:
        """Number of the window that frame ``index`` belongs to, from 0."""
        return sum(index >= seam for seam in self.seams)


def steady_places(boxes: list[Box | None], fps: float) -> tuple[Place, ...]:
    """One smooth place a frame from a face track; gaps are bridged. Raises ValueError when no frame has a face."""
    from scipy.ndimage import gaussian_filter1d

    table = np.array([(b.x, b.y, b.w, b.h) if b else (np.nan,) * 4 for b in boxes], dtype=np.float64)
    if not np.isfinite(table).any():
        raise ValueError("a track without any face has no place")
    smooth: list[Floats] = [gaussian_filter1d(filled(column), STEADY_S * fps, mode="nearest") for column in table.T]
    return tuple(Place(*(float(value) for value in row)) for row in np.stack(smooth, axis=1))
