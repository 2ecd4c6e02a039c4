"""Colour drift of regions: CIEDE2000 between the median Lab of cheeks, background and clothes, and the reference's.

Whole-frame statistics cannot see what AdaIN-like colour matching does, as it equalises exactly those; regions can.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from eval.metric import REGIONS
from eval.metrics.colourwatch import ColourWatch
from eval.series import Floats, known
from eval.trend import doubts, slope_per_minute
from eval.value import Value, absent, number

ENDS = 0.15  # share of the video compared at each end when its windows are unknown
BASELINE_S = 0.4  # seconds at the start that stand in for a reference
OWN = ("first frames as reference",)
Answer = tuple[dict[str, Value], dict[str, Floats]]


def delta_e(a: Floats, b: Floats) -> Floats:
    """CIEDE2000 between Lab rows ``[..., 3]`` (Sharma et al., 2005), NaN where a row is not known."""
    from skimage.color import deltaE_ciede2000

    formula: Any = deltaE_ciede2000
    with np.errstate(invalid="ignore"):
        return np.asarray(formula(a, b), dtype=np.float64)


def baseline(rows: Floats, fps: float) -> Floats | None:
    """Median of the first known rows of ``[frames, d]``, as a reference when there is none."""
    there = rows[np.isfinite(rows).all(axis=1)][: max(round(BASELINE_S * fps), 1)]
    return np.median(there, axis=0) if len(there) else None


def first_last(lab: Floats, seams: tuple[int, ...]) -> float | None:
    """CIEDE2000 between the median colour of the first and of the last window (or 15 % at each end)."""
    inner = [seam for seam in seams if 0 < seam < len(lab)]
    first = inner[0] if inner else max(round(len(lab) * ENDS), 1)
    last = inner[-1] if inner else len(lab) - first
    ends = [part[np.isfinite(part).all(axis=1)] for part in (lab[:first], lab[last:])]
    if not all(len(end) for end in ends):
        return None
    return float(delta_e(np.median(ends[0], axis=0), np.median(ends[1], axis=0)))


def values(watch: ColourWatch, reference: Mapping[str, float] | None, fps: float, seams: tuple[int, ...]) -> Answer:
    """All colour figures, and the distance curve of each region.

    ``reference`` is :meth:`ColourWatch.of_picture` of the reference; None: the first frames stand in for it.
    """
    out: dict[str, Value] = {}
    curves: dict[str, Floats] = {}
    for region in REGIONS:
        found, drawn = _region(watch, region, reference, fps, seams)
        out |= found
        curves |= drawn
    return out | {"colour/chroma_ratio": _chroma_ratio(watch, reference, fps)}, curves


def _region(
    watch: ColourWatch, region: str, reference: Mapping[str, float] | None, fps: float, seams: tuple[int, ...]
) -> Answer:
    lab = watch.lab(region)
    start = baseline(lab, fps)
    fixed = start if reference is None else _row(reference, region)
    keys = [f"colour/{region}_{what}" for what in ("mean", "max", "slope", "first_last")]
    if start is None or fixed is None:
        seen = "the video" if start is None else "the reference"
        return dict.fromkeys(keys, absent(f"no {region} in {seen}" if watch.layout else "no face")), {}
    distance = delta_e(lab, np.broadcast_to(fixed, lab.shape))
    flags = () if reference is not None else OWN
    slope, ends, there = slope_per_minute(distance, fps), first_last(lab, seams), known(distance)
    figures = (
        number(float(there.mean()), flags),
        number(float(np.percentile(there, 99)), flags),
        absent("too short for a slope") if slope is None else number(slope, (*flags, *doubts(distance, fps))),
        absent(f"{region} not seen at both ends") if ends is None else number(ends),
    )
    return dict(zip(keys, figures, strict=True)), {f"colour/{region}": distance}


def _row(columns: Mapping[str, float], region: str) -> Floats | None:
    lab = np.array([columns.get(f"{region}_{axis}", np.nan) for axis in "Lab"])
    return lab if np.isfinite(lab).all() else None


def _chroma_ratio(watch: ColourWatch, reference: Mapping[str, float] | None, fps: float) -> Value:
    chroma = watch.series["chroma"]
    start = baseline(chroma[:, None], fps)
    if start is None:
        return absent("no face")
    if reference is not None and "chroma" not in reference:
        return absent("no face in the reference")
    base = float(start[0]) if reference is None else reference["chroma"]
    if base < 1.0:
        return absent("the face has no colour to compare with")
    return number(float(known(chroma).mean()) / base, () if reference is not None else OWN)
