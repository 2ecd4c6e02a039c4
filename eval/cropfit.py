"""Crop geometry for those who have the reference detector's boxes, or SyncNet's weights and clips in sync."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median

from eval.cropgeometry import ASSUMED, CropGeometry
from workflow.errors import HarnessError
from workflow.media.box import Box

Corners = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels, as the reference writes its boxes."""

SCALES = (0.8, 0.9, 1.0, 1.1, 1.2)
SHIFTS = (-0.1, -0.05, 0.0, 0.05, 0.1)


class NoBoxesError(HarnessError):
    """There is nothing to fit a crop geometry to."""

    code = "no-boxes"


def fit_geometry(ours: Sequence[Box], theirs: Sequence[Corners]) -> CropGeometry:
    """The geometry that brings our boxes to another detector's, from pairs of boxes of the same faces.

    In closed form: the medians of the ratio of the larger sides and of the centres' distances in our larger sides, so
    that a few faces that were confused do not count. Raises NoBoxesError without pairs, ValueError for lists of
    different length or boxes without area.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"boxes must come in pairs, got {len(ours)} and {len(theirs)}")
    if not ours:
        raise NoBoxesError("no pair of boxes to fit the crop to", hint="give clips in which both detectors see a face")
    scales, across, down = [], [], []
    for box, (left, top, right, bottom) in zip(ours, theirs, strict=True):
        if right <= left or bottom <= top:
            raise ValueError(f"a box must reach from left, top to right, bottom, got {(left, top, right, bottom)}")
        side = max(box.w, box.h)
        scales.append(max(right - left, bottom - top) / side)
        across.append(((left + right) / 2 - box.centre[0]) / side)
        down.append(((top + bottom) / 2 - box.centre[1]) / side)
    return CropGeometry(median(scales), median(across), median(down))


def search_geometry(
    confidence: Callable[[CropGeometry], float],
    scales: Iterable[float] = SCALES,
    shifts: Iterable[float] = SHIFTS,
) -> tuple[CropGeometry, Mapping[CropGeometry, float]]:
    """The geometry with the highest ``confidence``, and all that was tried: scales first, then vertical shifts.

    ``confidence`` scores clips that are known to be in sync, for example their mean ``lipsync/confidence``. ``scales``
    are relative to the assumed scale. Horizontally faces are symmetric: no shift is searched.
    """
    tried: dict[CropGeometry, float] = {}

    def best(candidates: Iterable[CropGeometry]) -> CropGeometry:
        for candidate in candidates:
            if candidate not in tried:
                tried[candidate] = confidence(candidate)
        return max(tried, key=tried.__getitem__)

    scale = best(CropGeometry(round(ASSUMED.scale * factor, 4)) for factor in scales).scale
    return best(CropGeometry(scale, 0.0, shift) for shift in shifts), tried
