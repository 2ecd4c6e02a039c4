"""Where cheeks, background and clothes lie, from a face box."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workflow.media.box import Box

Mask = npt.NDArray[np.bool_]
LEAST_SHARE = 0.005  # of the frame; smaller regions are not measured


@dataclass(frozen=True)
class Layout:
    """Region masks ``[height, width]`` of a small copy; None where the region is not in the picture."""

    background: Mask | None
    clothes: Mask | None


def layout(box: Box, frame: tuple[int, int], small: tuple[int, int]) -> Layout:
    """Background and clothes for a face ``box`` in a frame (height, width), as masks of a copy of size ``small``.

    A seated person fits into a column three face widths wide, the head with its hair into one of two; what lies beside
    them, or above the head, is background.
    Clothes lie below the chin and neck, one and a half face widths wide. Both stay where the first face was, as the
    reference frame has no other places to compare with.
    """
    scale_y, scale_x = small[0] / frame[0], small[1] / frame[1]
    rows, columns = np.arange(small[0])[:, None] / scale_y, np.arange(small[1])[None, :] / scale_x
    middle = box.x + box.w / 2
    beside_head = (np.abs(columns - middle) > 0.95 * box.w) & (rows < box.y + 0.9 * box.h)
    beside = beside_head | (np.abs(columns - middle) > 1.5 * box.w)
    above = rows < box.y - 0.7 * box.h
    shirt = (np.abs(columns - middle) < 0.75 * box.w) & (rows > box.y + 1.45 * box.h) & (rows < box.y + 2.4 * box.h)
    return Layout(_large_enough(beside | above), _large_enough(shirt))


def _large_enough(mask: Mask) -> Mask | None:
    return mask if mask.mean() >= LEAST_SHARE else None


def cheeks(box: Box, scale: float) -> list[tuple[slice, slice]]:
    """The two cheeks of a face as (rows, columns) of a copy ``scale`` times the frame's size."""
    top, bottom = (box.y + share * box.h for share in (0.48, 0.64))
    found = []
    for left, right in ((0.21, 0.35), (0.65, 0.79)):
        rows = _span(top * scale, bottom * scale)
        columns = _span((box.x + left * box.w) * scale, (box.x + right * box.w) * scale)
        found.append((rows, columns))
    return found


def _span(start: float, stop: float) -> slice:
    first = max(int(start), 0)
    return slice(first, max(round(stop), first + 1))
