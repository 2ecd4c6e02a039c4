"""Does the brightness jump from frame to frame where nothing moves?

The picture is cut into blocks; a block stands still when, but for its mean, it hardly differs from the frame before.
A frame's flicker is the median over its still blocks of how far their mean moved. VBench's ``temporal_flickering`` is
(255 − mean absolute difference of neighbouring frames)/255 over all pixels: motion and grain lower it as well, and on
talking videos it mostly tells how much the head moves. This one ignores both, and is in grey levels.
"""

import cv2
import numpy as np

from eval.series import Series, known
from eval.value import Value, absent, number
from eval.view import Image, View

NAMES = ("motion/flicker",)
BLOCK = 16  # pixels of the flow's working size
GRAIN = 4.0  # grey levels: root mean square difference within a block that stands still
LEAST = 0.1  # share of the blocks that must stand still
LEAST_FRAMES = 3


class FlickerWatch:
    """Collects the flicker of every frame against the one before, NaN where too little stands still."""

    def __init__(self) -> None:
        self.series = Series(("flicker",))
        self._last: Image | None = None

    def update(self, view: View) -> None:
        """Compare one frame."""
        before, self._last = self._last, view.flow_grey
        self.series.add(flicker=float("nan") if before is None else flicker(before, view.flow_grey))


def flicker(before: Image, now: Image) -> float:
    """Median change of mean luma over the still blocks of two pictures ``[height, width]``; NaN without enough."""
    rows, columns = (max(side // BLOCK, 1) for side in now.shape)
    height, width = min(rows * BLOCK, now.shape[0]), min(columns * BLOCK, now.shape[1])
    change = cv2.subtract(now[:height, :width], before[:height, :width], dtype=cv2.CV_32F)
    mean = np.asarray(cv2.resize(change, (columns, rows), interpolation=cv2.INTER_AREA))
    square = np.asarray(cv2.resize(cv2.multiply(change, change), (columns, rows), interpolation=cv2.INTER_AREA))
    still = square - mean * mean <= GRAIN**2
    return float(np.median(np.abs(mean[still]))) if still.mean() >= LEAST else float("nan")


def values(series: Series) -> dict[str, Value]:
    """Mean flicker over the frames."""
    there = known(series["flicker"])
    if there.size < LEAST_FRAMES:
        return dict.fromkeys(NAMES, absent("nothing stands still" if len(series) > LEAST_FRAMES else "too few frames"))
    return {NAMES[0]: number(float(there.mean()))}
