"""What is watched at the mouth in every frame: darkness between the lips, and how the lips part.

Three measures of opening that fail differently: the darkest tenth of the mouth's pixels (teeth hide it), the darkest
row of its middle (beards shift it), and the chin's path by optical flow with the head's own motion taken away (blind
to what appears from nowhere). Lips to chin lie at fixed places of the detector's face box. With landmarks the gap
between the lips is measured as well.
"""

import math
from typing import Any

import numpy as np

from eval.mesh import lip_gap
from eval.series import Series
from eval.view import Image, View, dense_flow, face_crop

# Regions as (left, right, top, bottom) in widths of the face box.
MOUTH = (0.30, 0.70, 0.61, 0.93)
MOUTH_MIDDLE = (0.39, 0.61, 0.61, 0.93)
SKIN = (0.23, 0.77, 0.42, 0.57)
UPPER_FACE = (0.23, 0.77, 0.15, 0.56)
LOWER_LIP = (0.34, 0.66, 0.76, 0.94)
UPPER_LIP = (0.40, 0.62, 0.62, 0.74)
CHIN = (0.40, 0.62, 0.88, 1.04)
DARKEST = 0.1  # share of the mouth's pixels


class MouthWatch:
    """Collects, for each frame with a face:

    ``dark``   1 − mean of the mouth's darkest tenth ÷ median skin, the opening as darkness
    ``row``    1 − darkest row of the mouth's middle ÷ median skin
    ``low``    downward motion of the lower lip against the upper face since the last frame, in face widths
    ``parted`` the same of the chin against the upper lip
    ``gap``    distance of the lips by landmarks in % of the face's width, NaN without a landmarker
    """

    def __init__(self) -> None:
        self.series = Series(("dark", "row", "low", "parted", "gap"))
        self._flow = dense_flow(finest=1)
        self._last: Image | None = None

    def update(self, view: View) -> None:
        """Measure one frame."""
        crop = view.mouth_crop
        if crop is None or view.box is None:
            self.series.add()
        else:
            dark, row = darkness(crop)
            low, parted = 0.0, 0.0
            if self._last is not None:
                # The frame before, cut by this frame's box: a box that steps or breathes is no motion of the mouth.
                low, parted = self._parting(face_crop(self._last, view.box, crop.shape[1]), crop)
            gap = math.nan if view.landmarks is None else lip_gap(view.landmarks)
            self.series.add(dark=dark, row=row, low=low, parted=parted, gap=gap)
        self._last = view.frame if crop is not None else None

    def _parting(self, before: Image, now: Image) -> tuple[float, float]:
        down = np.asarray(self._flow.calc(before, now, None))[..., 1]
        width = now.shape[1]
        lower = float(_part(down, LOWER_LIP).mean())
        upper_face = float(np.median(_part(down, UPPER_FACE)[::2, ::2]))
        parted = float(_part(down, CHIN).mean()) - float(_part(down, UPPER_LIP).mean())
        return (lower - upper_face) / width, parted / width


def darkness(crop: Image) -> tuple[float, float]:
    """(dark, row) of a face crop ``[1.25·W, W]`` luma, both relative to the skin, so that exposure cancels."""
    skin = max(float(np.median(_part(crop, SKIN))), 1.0)
    mouth = _part(crop, MOUTH).ravel()
    count = max(int(mouth.size * DARKEST), 1)
    darkest = np.partition(mouth, count)[:count]
    rows = _part(crop, MOUTH_MIDDLE).mean(axis=1)
    return 1.0 - float(darkest.mean()) / skin, 1.0 - float(rows.min()) / skin


def _part(image: Any, region: tuple[float, float, float, float]) -> Any:
    width = image.shape[1]
    left, right, top, bottom = (int(edge * width) for edge in region)
    return image[top:bottom, left:right]
