"""Where cheeks, background and clothes lie, from a face box. Lengths are in widths and heights of the box."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workflow.media.box import Box

Mask = npt.NDArray[np.bool_]
LEAST_SHARE = 0.005  # of the frame; smaller regions are not measured
ENOUGH = 0.03  # of the frame; a smaller background is looked for closer to the person
HEAD_ROOM = ((0.95, 0.7), (0.72, 0.4))  # (beside its middle, above the box): with any hair, and in a tight picture
SHOULDERS = 1.9  # beside the middle, below the chin: seated, with arms and wide clothes
BAND = (0.22, 0.375, 0.78, 0.655)
"""Left, top, right, bottom in the box: cheeks with the nose between them, from the eyes to the lips. One band, as a
turning head takes one of two patches onto hair or out of the light; the lighter half of its pixels is skin in light."""


@dataclass(frozen=True)
class Layout:
    """Region masks ``[height, width]`` of a small copy; None where the region is not in the picture."""

    background: Mask | None
    clothes: Mask | None


def layout(box: Box, frame: tuple[int, int], small: tuple[int, int]) -> Layout:
    """Background and clothes for a face ``box`` in a frame (height, width), as masks of a copy of size ``small``.

    Background is what lies beside and above a column around the person: wide enough for any hair where that leaves
    enough, closer to the head in a tight picture. Clothes lie below chin and neck, one and a half face widths wide; the
    shoulders stand in where the picture ends above them. Both stay where the first face was, as the reference frame
    has no other places to compare with.
    """
    scale_y, scale_x = small[0] / frame[0], small[1] / frame[1]
    down = (np.arange(small[0])[:, None] / scale_y - box.y) / box.h
    aside = np.abs(np.arange(small[1])[None, :] / scale_x - box.x - box.w / 2) / box.w
    background = np.zeros(small, dtype=np.bool_)
    for beside, above in HEAD_ROOM:
        background = ((aside > beside) & (down < 0.9)) | (aside > SHOULDERS) | (down < -above)
        if background.mean() >= ENOUGH:
            break
    torso = (aside < 0.75) & (down > 1.45) & (down < 2.4)
    shoulders = (aside > 0.5) & (aside < 1.0) & (down > 1.2) & (down < 1.7)
    clothes = _large_enough(torso)
    return Layout(_large_enough(background), clothes if clothes is not None else _large_enough(shoulders))


def _large_enough(mask: Mask) -> Mask | None:
    return mask if mask.mean() >= LEAST_SHARE else None
