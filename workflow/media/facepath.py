"""Pure arithmetic of a face's path: gaps bridged, jitter smoothed, positions between two looks."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import fmean, median

from workflow.media.box import Box

Corner = tuple[float, float, float, float]
"""A box as left, top, width, height with fractions of a pixel."""

Path = list[Corner | None]
"""One entry for each look, None where no face was seen."""


def corner(box: Box | None) -> Corner | None:
    """A box as floats."""
    return None if box is None else (float(box.x), float(box.y), float(box.w), float(box.h))


def boxed(value: Corner | None, width: int, height: int) -> Box | None:
    """The nearest whole-pixel box inside a picture of that size."""
    return None if value is None else Box(*(round(part) for part in value)).within(width, height)


def bridged(path: Sequence[Corner | None], patience: int) -> Path:
    """Fill gaps of up to ``patience`` looks between two that saw the face, linearly.

    >>> bridged([(0, 0, 9, 9), None, (4, 2, 9, 9), None], patience=1)
    [(0, 0, 9, 9), (2.0, 1.0, 9.0, 9.0), (4, 2, 9, 9), None]
    """
    filled = list(path)
    seen = [i for i, value in enumerate(path) if value is not None]
    for left, right in pairwise(seen):
        if right - left <= patience + 1:
            for i in range(left + 1, right):
                filled[i] = between(path[left], path[right], (i - left) / (right - left))
    return filled


def smoothed(path: Sequence[Corner | None]) -> Path:
    """A median of 3 against single bad looks, then a mean of 3 against jitter; gaps stay and are not crossed."""
    return _filtered(_filtered(path, median), fmean)


def _filtered(path: Sequence[Corner | None], middle: Callable[[list[float]], float]) -> Path:
    result: Path = []
    for i, value in enumerate(path):
        around = [path[j] for j in (i - 1, i, i + 1) if 0 <= j < len(path)]
        known = [near for near in around if near is not None]
        if value is None or len(known) < 3:
            result.append(value)
        else:
            x, y, w, h = (middle([near[k] for near in known]) for k in range(4))
            result.append((x, y, w, h))
    return result


def between(a: Corner | None, b: Corner | None, share: float) -> Corner | None:
    """The position ``share`` (0 … 1) of the way from ``a`` to ``b``; where one is missing, the nearer one."""
    if a is None or b is None:
        return a if share <= 0.5 else b
    x, y, w, h = (p + (q - p) * share for p, q in zip(a, b, strict=True))
    return (x, y, w, h)
