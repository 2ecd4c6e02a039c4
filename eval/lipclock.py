"""From a video's frame rate to SyncNet's 25 a second, without drift."""

import math
from fractions import Fraction

RATE = 25
"""Frames a second that SyncNet was trained with."""


class LipClock:
    """Which frame of a video at ``fps`` is shown at each 25th of a second.

    Frame j of the video stands for the time j / fps, frame k of the output for k / 25; output k shows the video's
    frame that is nearest in time, the earlier one of two. Each k is computed from k itself in exact fractions
    (23.976 is 24000/1001), so an error cannot add up.
    """

    def __init__(self, fps: float) -> None:
        if not (math.isfinite(fps) and fps > 0):
            raise ValueError(f"fps must be above 0, got {fps}")
        self._step = Fraction(fps).limit_denominator(100_000) / RATE
        if self._step == 0:
            raise ValueError(f"fps must be above 0.00001, got {fps}")

    def source(self, k: int) -> int:
        """The video's frame that output ``k`` shows."""
        return max(math.ceil(k * self._step - Fraction(1, 2)), 0)

    def first(self, index: int) -> int:
        """The first output that shows the video's frame ``index`` or a later one."""
        return max(math.floor((index - Fraction(1, 2)) / self._step) + 1, 0)

    def shown(self, index: int) -> range:
        """The outputs that show the video's frame ``index``: none, one or several."""
        return range(self.first(index), self.first(index + 1))

    def nearest(self, index: int) -> int:
        """The output that is nearest in time to the video's frame ``index``, the earlier one of two."""
        return max(math.ceil(index / self._step - Fraction(1, 2)), 0)
