"""Smooth local changes of the face's geometry: a mouth that opens more or less, a head that shakes, another shape.

All are built from one map of a line onto itself that is exactly linear inside, the identity outside, and smooth and
without folds between. Lengths are in widths of the face box, from its top left corner.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np

from eval.calibrate.scene import Place
from eval.series import Floats
from workflow.media.arrays import Picture


class Zone(NamedTuple):
    """Where a change holds fully (``low`` … ``high``) and where it has ended (``start`` and ``end``)."""

    start: float
    low: float
    high: float
    end: float


# Lips and chin; the anchor is the line between the lips, which stays where it is.
MOUTH_ROWS, MOUTH_COLUMNS, MOUTH_LINE = Zone(0.50, 0.64, 1.0, 1.45), Zone(0.04, 0.24, 0.76, 0.96), 0.75
# Lower lip and chin alone, as a falling jaw carries them; the mouth between the lips is what stretches.
JAW_ROWS = Zone(0.66, 0.83, 1.0, 1.45)
# The head with its hair; the change has ended where the background begins to be measured.
HEAD_ROWS, HEAD_COLUMNS = Zone(-0.65, -0.25, 1.0, 1.40), Zone(-0.42, -0.08, 1.08, 1.42)
MIDDLE = 0.5
SMEAR, SHRINK = 0.25, 4  # sigma in face widths, and how much smaller it is computed


def weight(at: Floats, zone: Zone) -> Floats:
    """1 inside the zone, 0 outside, smooth between.

    >>> weight(np.array([0.0, 0.5, 1.0]), Zone(0.0, 0.4, 0.6, 1.0)).tolist()
    [0.0, 1.0, 0.0]
    """
    rise = np.clip((at - zone.start) / (zone.low - zone.start), 0, 1)
    fall = np.clip((zone.end - at) / (zone.end - zone.high), 0, 1)
    ramp = np.minimum(rise, fall)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float64)


def stretched_from(at: Floats, gain: float, anchor: float, zone: Zone) -> Floats:
    """Where each place ``at`` of a line comes from whose ``zone`` was stretched ``gain`` times about ``anchor``.

    Raises ValueError for a gain with which the line would fold.
    """
    return _inverted(at, zone, lambda line: (gain - 1) * (line - anchor) * weight(line, zone))


def shifted_from(at: Floats, shift: float, zone: Zone) -> Floats:
    """Where each place of a line comes from whose ``zone`` was moved by ``shift``. Raises ValueError likewise."""
    return _inverted(at, zone, lambda line: shift * weight(line, zone))


def _inverted(at: Floats, zone: Zone, moved: Callable[[Floats], Floats]) -> Floats:
    line = np.linspace(zone.start - 0.01, zone.end + 0.01, 2001)
    there = line + moved(line)
    if np.any(np.diff(there) <= 0):
        raise ValueError("so large a change folds the picture")
    inside = (at > there[0]) & (at < there[-1])
    return np.asarray(np.where(inside, np.interp(at, there, line), at), np.float64)


def mouth_gain(picture: Picture, place: Place, percent: float) -> Picture:
    """Lips' parting, and all vertical motion of lips and chin, ``percent`` larger (negative: smaller).

    A stretch of lips and chin about the mouth's line that is the same in every frame: whatever the opening is, it
    becomes exactly (1 + percent/100) times as large, whoever measures it. It holds for an upright face; of a head
    inclined by φ, cos²φ of the gain lies along the face's own axis. Lips become thicker by the same factor.
    """
    if percent == 0:
        return picture

    def source(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        moved = stretched_from(y, 1 + percent / 100, MOUTH_LINE, MOUTH_ROWS) - y
        return x + np.zeros_like(moved), y + moved * weight(x, MOUTH_COLUMNS)

    return _warped(picture, place, MOUTH_COLUMNS, MOUTH_ROWS, source)


def jaw_lowered(picture: Picture, place: Place, amount: float) -> Picture:
    """Lower lip and chin ``amount`` face widths lower, the upper lip where it was: that much more aperture."""
    if amount == 0:
        return picture

    def source(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        moved = shifted_from(y, amount, JAW_ROWS) - y
        return x + np.zeros_like(moved), y + moved * weight(x, MOUTH_COLUMNS)

    return _warped(picture, place, MOUTH_COLUMNS, MOUTH_ROWS, source)


def face_shape(picture: Picture, place: Place, percent: float) -> Picture:
    """The head ``percent`` wider about its middle: another face in the same picture."""
    if percent == 0:
        return picture

    def source(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        moved = stretched_from(x, 1 + percent / 100, MIDDLE, HEAD_COLUMNS) - x
        return x + moved * weight(y, HEAD_ROWS), y + np.zeros_like(moved)

    return _warped(picture, place, HEAD_COLUMNS, HEAD_ROWS, source)


def head_moved(picture: Picture, place: Place, dx: float) -> Picture:
    """The head moved right by ``dx`` face widths while the background stands still."""
    if dx == 0:
        return picture

    def source(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        share = weight(x, HEAD_COLUMNS) * weight(y, HEAD_ROWS)
        return x - dx * share, y + np.zeros_like(share)

    return _warped(picture, place, HEAD_COLUMNS, HEAD_ROWS, source)


def face_hidden(picture: Picture, place: Place, share: float) -> Picture:
    """The head smeared until, at a ``share`` of 1, nothing of a face is left; the background stays."""
    if share <= 0:
        return picture
    columns, rows = (np.arange(size, dtype=np.float64) for size in (picture.shape[1], picture.shape[0]))
    across, down = weight((columns - place.x) / place.w, HEAD_COLUMNS), weight((rows - place.y) / place.w, HEAD_ROWS)
    mask = (share * across[None, :, None] * down[:, None, None]).astype(np.float32)
    small = cv2.resize(picture, None, fx=1 / SHRINK, fy=1 / SHRINK, interpolation=cv2.INTER_AREA)
    smeared = cv2.GaussianBlur(small, (0, 0), SMEAR * place.w / SHRINK)
    smeared = cv2.resize(smeared, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(np.rint(picture * (1 - mask) + smeared * mask), 0, 255), np.uint8)


def _warped(picture: Picture, place: Place, columns: Zone, rows: Zone, source: Any) -> Picture:
    """``source`` gives, for x ``[1, w]`` and y ``[h, 1]`` of the changed face, where the pixels come from."""
    height, width = picture.shape[:2]
    left, right = (int(np.floor(place.x + edge * place.w)) for edge in (columns.start, columns.end))
    top, bottom = (int(np.floor(place.y + edge * place.w)) for edge in (rows.start, rows.end))
    left, right, top, bottom = max(left, 0), min(right + 2, width), max(top, 0), min(bottom + 2, height)
    if left >= right or top >= bottom:
        return picture
    x = (np.arange(left, right)[None, :] - place.x) / place.w
    y = (np.arange(top, bottom)[:, None] - place.y) / place.w
    from_x, from_y = source(x, y)
    shape = (bottom - top, right - left)
    map_x = np.broadcast_to(from_x * place.w + place.x, shape).astype(np.float32)
    map_y = np.broadcast_to(from_y * place.w + place.y, shape).astype(np.float32)
    out = picture.copy()
    out[top:bottom, left:right] = cv2.remap(picture, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return out
