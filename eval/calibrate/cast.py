"""Colour changes of an exactly known CIEDE2000, pixel by pixel.

A shift of Lab by one vector is another ΔE00 for every colour. Two directions can be solved for each colour: with
lightness held, ΔE00 depends on a and b alone (Sharma et al., 2005), so the shift along b comes from a table over both;
with a and b held it depends on lightness alone. What leaves the gamut of sRGB is clipped and moves less.
"""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from eval.calibrate.picture import clipped
from eval.series import Floats
from workflow.media.arrays import Picture

SPAN = 110  # of a and b in sRGB
STEP = 1  # of the table: the shift has a kink at grey
STEEPEST = 8.0  # of b or L for one ΔE00, at the gamut's edge
HALVINGS = 16
GRID = 0.5  # ΔE00 between two tables
FINE = 1000  # steps of the table over lightness


def warmed(picture: Picture, distance: float) -> Picture:
    """Every pixel moved towards yellow (+b) until it lies ``distance`` ΔE00 from where it was."""
    if distance == 0:
        return picture
    lab = _lab(picture)
    lab[..., 2] += yellow_shift(lab, distance)
    return _bgr(lab)


def darkened(picture: Picture, distance: float) -> Picture:
    """Every pixel made darker until it lies ``distance`` ΔE00 from where it was; black stays black."""
    if distance == 0:
        return picture
    lab = _lab(picture)
    lab[..., 0] -= light_drop(lab, distance)
    return _bgr(lab)


def saturated(picture: Picture, percent: float) -> Picture:
    """Chroma ``percent`` larger (negative: smaller) at the same lightness and hue."""
    if percent == 0:
        return picture
    lab = _lab(picture)
    lab[..., 1:] *= 1 + percent / 100
    return _bgr(lab)


def yellow_shift(lab: Any, distance: float) -> Any:
    """How far each colour of ``lab`` ``[h, w, 3]`` float32 is to be moved along b to lie ``distance`` ΔE00 away."""
    where = [np.ascontiguousarray((lab[..., axis] + SPAN) / STEP) for axis in (2, 1)]  # columns are b, rows are a
    return cv2.remap(_table(distance), where[0], where[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def light_drop(lab: Any, distance: float) -> Any:
    """How much lightness each colour of ``lab`` is to lose to lie ``distance`` ΔE00 away."""
    drop = _drop(np.linspace(0.0, 100.0, FINE + 1), distance).astype(np.float32)[None, :]
    where = np.ascontiguousarray(lab[..., 0] * (FINE / 100))
    return cv2.remap(drop, where, np.zeros_like(where), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _lab(picture: Picture) -> Any:
    return cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_BGR2Lab)


def _bgr(lab: Any) -> Picture:
    return clipped(np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2BGR), np.float32) * 255)


def _table(distance: float) -> Any:
    """The shift along b by (a, b): between two solved tables in a straight line."""
    below = int(distance / GRID)
    share = np.float32(distance / GRID - below)
    return _solved(below) * (1 - share) + _solved(below + 1) * share


@lru_cache(maxsize=256)
def _solved(number: int) -> Any:
    from skimage.color import deltaE_ciede2000

    formula: Any = deltaE_ciede2000
    grid = np.arange(-SPAN, SPAN + STEP, STEP, dtype=np.float64)
    a, b = np.meshgrid(grid, grid, indexing="ij")
    here = np.stack([np.full_like(a, 50.0), a, b], axis=-1)

    def reached(shift: Floats) -> Floats:
        there = here.copy()
        there[..., 2] += shift
        return np.asarray(formula(here, there), np.float64)

    return _bisected(reached, np.full_like(a, number * GRID)).astype(np.float32)


def _drop(lightness: Floats, distance: float) -> Floats:
    """Lightness to take away; ΔE00 of a pure change of lightness is |ΔL| ÷ S_L at the mean of both."""

    def reached(drop: Floats) -> Floats:
        middle = lightness - drop / 2 - 50
        return drop / (1 + 0.015 * middle**2 / np.sqrt(20 + middle**2))

    return np.minimum(_bisected(reached, np.full_like(lightness, distance)), lightness)


def _bisected(reached: Any, wanted: Floats) -> Floats:
    low, high = np.zeros_like(wanted), STEEPEST * wanted
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        short = reached(middle) < wanted
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return np.asarray((low + high) / 2, np.float64)
