"""Colour drift of regions: CIEDE2000 between the median Lab of cheeks, background and clothes, and the reference's.

Whole-frame statistics cannot see what AdaIN-like colour matching does, as it equalises exactly those; regions can.
"""

from typing import Any

import cv2
import numpy as np

from eval.metric import REGIONS
from eval.regions import Layout, cheeks, layout
from eval.series import Floats, Series, known
from eval.value import Value, absent, number
from eval.view import Image, View
from workflow.media.box import Box

SMALL = 4  # regions are read from a copy of a quarter of the frame's width
LONG_SIDE = 320  # at most, in pixels
ENDS = 0.15  # share of the video compared at each end when its windows are unknown
BASELINE_S = 0.4  # seconds at the start that stand in for a reference
SLOPE_SAMPLES = 400  # Theil–Sen is quadratic; more samples change nothing
LEAST_S = 2.0  # a slope needs that many seconds


class ColourWatch:
    """Collects the median Lab of each region, three columns a region."""

    def __init__(self) -> None:
        self.series = Series([f"{region}_{axis}" for region in REGIONS for axis in "Lab"])
        self.layout: Layout | None = None
        self.first_box: Box | None = None

    def update(self, view: View) -> None:
        """Measure one frame when it is due and a face was seen before."""
        if self.layout is None and view.box is not None:
            self.first_box = view.box
            self.layout = layout(view.box, view.frame.shape[:2], _small_size(view.frame))
        if self.layout is None or not view.due(view.settings.colour_stride):
            self.series.add()
            return
        small = to_lab(_small(view.half, _small_size(view.frame)))
        self.series.add(**medians(small, self.layout, view.box, small.shape[1] / view.frame.shape[1]))

    def lab(self, region: str) -> Floats:
        """Median Lab of a region, ``[frames, 3]``."""
        return np.stack([self.series[f"{region}_{axis}"] for axis in "Lab"], axis=1)


def reference_lab(picture: Image, box: Box | None, first_box: Box) -> dict[str, Floats]:
    """Median Lab of each region of the reference (already at the video's size): background and clothes where the
    video's first face puts them, cheeks at the reference's own face ``box``."""
    half = cv2.resize(
        picture, (max(picture.shape[1] // 2, 1), max(picture.shape[0] // 2, 1)), interpolation=cv2.INTER_AREA
    )
    size = _small_size(picture)
    small = to_lab(_small(np.asarray(half, np.uint8), size))
    row = medians(small, layout(first_box, picture.shape[:2], size), box, size[1] / picture.shape[1])
    found = {region: np.array([row.get(f"{region}_{axis}", np.nan) for axis in "Lab"]) for region in REGIONS}
    return {region: lab for region, lab in found.items() if np.isfinite(lab).all()}


def medians(lab: Any, where: Layout, box: Box | None, scale: float) -> dict[str, float]:
    """Median L, a and b of each region that is there, by column name."""
    pixels: dict[str, Any] = {}
    if box is not None:
        pixels["cheeks"] = np.concatenate([lab[part].reshape(-1, 3) for part in cheeks(box, scale)])
    if where.background is not None:
        pixels["background"] = lab[where.background][::3]
    if where.clothes is not None:
        pixels["clothes"] = lab[where.clothes]
    row: dict[str, float] = {}
    for region, values_ in pixels.items():
        if len(values_):
            middle = np.median(values_, axis=0)
            row |= {f"{region}_{axis}": float(value) for axis, value in zip("Lab", middle, strict=True)}
    return row


def to_lab(bgr: Image) -> Any:
    """CIE Lab (D65) of 8-bit BGR as float32: L 0…100."""
    return cv2.cvtColor(bgr.astype(np.float32) / 255.0, cv2.COLOR_BGR2Lab)


def _small_size(frame: Image) -> tuple[int, int]:
    height, width = frame.shape[:2]
    shrink = max(SMALL, max(height, width) / LONG_SIDE) if max(height, width) > 2 * LONG_SIDE // SMALL else 1
    return max(round(height / shrink), 1), max(round(width / shrink), 1)


def _small(half: Image, size: tuple[int, int]) -> Image:
    method = cv2.INTER_AREA if size[0] <= half.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(half, size[::-1], interpolation=method), np.uint8)


def delta_e(a: Floats, b: Floats) -> Floats:
    """CIEDE2000 between Lab rows ``[..., 3]`` (Sharma et al., 2005), NaN where a row is not known."""
    from skimage.color import deltaE_ciede2000

    formula: Any = deltaE_ciede2000
    with np.errstate(invalid="ignore"):
        return np.asarray(formula(a, b), dtype=np.float64)


def baseline(lab: Floats, fps: float) -> Floats | None:
    """Median of the first known frames, as a reference when there is none."""
    rows = lab[np.isfinite(lab).all(axis=1)][: max(round(BASELINE_S * fps), 1)]
    return np.median(rows, axis=0) if len(rows) else None


def slope_per_minute(distance: Floats, fps: float) -> float | None:
    """Theil–Sen slope of a curve per minute, None below two seconds."""
    from scipy.stats import theilslopes

    at = np.flatnonzero(np.isfinite(distance))
    if at.size < 3 or (at[-1] - at[0]) / fps < LEAST_S:
        return None
    at = at[np.linspace(0, at.size - 1, min(at.size, SLOPE_SAMPLES)).round().astype(int)]
    return float(theilslopes(distance[at], at / fps / 60.0)[0])


def first_last(lab: Floats, seams: tuple[int, ...]) -> float | None:
    """CIEDE2000 between the median colour of the first and of the last window (or 15 % at each end)."""
    inner = [seam for seam in seams if 0 < seam < len(lab)]
    first = inner[0] if inner else max(round(len(lab) * ENDS), 1)
    last = inner[-1] if inner else len(lab) - first
    ends = [part[np.isfinite(part).all(axis=1)] for part in (lab[:first], lab[last:])]
    if not all(len(end) for end in ends):
        return None
    return float(delta_e(np.median(ends[0], axis=0), np.median(ends[1], axis=0)))


def values(
    watch: ColourWatch, reference: dict[str, Floats] | None, fps: float, seams: tuple[int, ...]
) -> tuple[dict[str, Value], dict[str, Floats]]:
    """All colour figures, and the distance curve of each region."""
    out: dict[str, Value] = {}
    curves: dict[str, Floats] = {}
    for region in REGIONS:
        lab = watch.lab(region)
        start = baseline(lab, fps)
        fixed = reference.get(region) if reference is not None else start
        keys = [f"colour/{region}_{what}" for what in ("mean", "max", "slope", "first_last")]
        if start is None or fixed is None:
            seen = "the video" if start is None else "the reference"
            out |= dict.fromkeys(keys, absent(f"no {region} in {seen}" if watch.layout else "no face"))
            continue
        distance = delta_e(lab, np.broadcast_to(fixed, lab.shape))
        flags = () if reference is not None else ("first frames as reference",)
        slope, ends = slope_per_minute(distance, fps), first_last(lab, seams)
        there = known(distance)
        out[keys[0]] = number(float(there.mean()), flags)
        out[keys[1]] = number(float(np.percentile(there, 99)), flags)
        out[keys[2]] = absent("too short for a slope") if slope is None else number(slope, flags)
        out[keys[3]] = absent(f"{region} not seen at both ends") if ends is None else number(ends)
        curves[f"colour/{region}"] = distance
    return out, curves
