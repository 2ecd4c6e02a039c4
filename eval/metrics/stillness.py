"""Does the face ever rest, and does it ever live? Stillness of the head, of head and eyes together, and blinks.

A frozen face and one that never rests are both faults. Still frames are those whose head is slower than 0.03 face
widths a second: on 10 real talkers 2 … 60 % of the frames, on a woman who stands without speaking 84 %, on a frozen
face with living lips and grain 100 %.

The longest still time looks at what lies above the nose: the head's outline, brows, eyes. It lasts as long as next to
no block of it differs from its first frame, which slow motion does sooner or later and coding noise does not. The real
talkers stay below 0.2 s, the standing woman at 0.3 s; a frozen face with living lips lasts as long as the video at
every coding quality that was tried (CRF 12 … 28).
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

from eval.mesh import eye_aspect
from eval.series import Bools, Floats, Series, filled, known
from eval.value import Value, absent, number
from eval.view import Image, View
from workflow.media.box import Box

NAMES = ("motion/stillness", "motion/longest_still", "motion/blinks")
STILL = 0.03  # face widths a second
UPPER = (0.05, 0.12, 0.90, 0.42)  # left, top, width, height in widths of the face box
BLOCKS = (24, 12)  # the upper face is compared by the means of so many blocks, in which grain averages out
SAME = 2.0  # grey levels: coding and grain change a block's mean by less, the slightest real motion by more
MOST = 98  # percentile of the blocks that must be the same; closing eyes alone change a tenth of them

CLOSED = 0.75  # of the open eye's aspect ratio; real blinks reach 0.4 … 0.7
AROUND_S = 3.0  # the eye is as open as its median over this time
LONGEST_S = 0.6  # a longer closure is no blink
LEAST_S = 10.0  # seconds of eyes in sight: real talkers blink every 1 … 6 s
LEAST_FPS = 12.0  # at fewer frames a second a blink falls between two

Blocks = npt.NDArray[np.float32]


class StillWatch:
    """Collects, for each frame with a face, whether the upper face is the same as at the start of its still time
    (``same``: 1 or 0; the first frame of each is 0), and the eyes' aspect ratio (``eyes``, NaN without landmarks)."""

    def __init__(self) -> None:
        self.series = Series(("same", "eyes"))
        self._start: tuple[Box, Blocks] | None = None

    def update(self, view: View) -> None:
        """Look at one frame."""
        if view.box is None:
            self._start = None
            self.series.add()
            return
        eyes = math.nan if view.landmarks is None else eye_aspect(view.landmarks)
        # By the box of the start: a box that steps is no motion.
        same = self._start is not None and alike(self._start[1], upper_face(view.frame, self._start[0]))
        if not same:
            self._start = view.box, upper_face(view.frame, view.box)
        self.series.add(same=float(same), eyes=eyes)


def upper_face(frame: Image, box: Box) -> Blocks:
    """Mean luma of the blocks ``[12, 24]`` of what lies above the nose."""
    left, top, width, height = (round(share * box.w) for share in UPPER)
    part = Box(box.x + left, box.y + top, width, height).cut(frame)
    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_BGR2GRAY), np.float32)
    return np.asarray(cv2.resize(grey, BLOCKS, interpolation=cv2.INTER_AREA), np.float32)


def alike(before: Blocks, now: Blocks) -> bool:
    """Whether next to no block changed by more than noise does."""
    return float(np.percentile(np.abs(now - before), MOST)) <= SAME


def longest_still(same: Floats, fps: float) -> float:
    """Seconds of the longest run of frames that equal its first, from the column ``same``.

    >>> longest_still(np.array([0, 1, 1, 0, 0, 1]), 10.0)
    0.3
    """
    longest = run = 0
    for one in np.nan_to_num(same).tolist():
        run = run + 1 if one else 0
        longest = max(longest, run + 1 if run else 0)
    return longest / fps


def blinks(aspect: Floats, fps: float) -> int:
    """How often the eyes close for at most 0.6 s, from their aspect ratio ``[frames]`` (NaN: not seen)."""
    from scipy.ndimage import median_filter

    open_eye = median_filter(filled(aspect), size=round(AROUND_S * fps) | 1, mode="nearest")
    closed: Bools = np.isfinite(aspect) & (filled(aspect) < CLOSED * open_eye)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], closed.astype(np.int8), [0]])))
    return int(np.sum(edges[1::2] - edges[::2] <= LONGEST_S * fps))


def values(series: Series, head: Floats, fps: float, no_landmarks: str | None) -> dict[str, Value]:
    """The three figures; ``head`` is the head's speed in face widths a second, ``no_landmarks`` why there are none."""
    speed = known(head)
    if speed.size < 3:
        return dict.fromkeys(NAMES, absent("no face"))
    return {
        NAMES[0]: number(float(np.mean(speed < STILL))),
        NAMES[1]: number(longest_still(series["same"], fps)),
        NAMES[2]: _blinks(series["eyes"], fps, no_landmarks),
    }


def _blinks(eyes: Floats, fps: float, no_landmarks: str | None) -> Value:
    seconds = known(eyes).size / fps
    if no_landmarks is not None:
        return absent(no_landmarks)
    if fps < LEAST_FPS:
        return absent(f"{fps:g} frames/s are too few to see blinks: {LEAST_FPS:g} are needed")
    if seconds < LEAST_S:
        return absent(f"{seconds:.1f} s with eyes in sight are too few: {LEAST_S:g} s are needed")
    count = blinks(eyes, fps)
    return number(60 * count / seconds, (f"{count} in {seconds:.0f} s",))
