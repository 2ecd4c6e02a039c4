"""Moving pixels: the one call that mouth, lids and head share."""

import cv2
import numpy as np
import numpy.typing as npt

from workflow.media.arrays import Picture

Field = npt.NDArray[np.float32]
"""Where each pixel comes from: ``[height, width, 2]``, x and y."""

_NO_SECOND_MAP = np.empty(0, np.float32)


def here(width: int, height: int) -> Field:
    """The field that moves nothing."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)


def moved(picture: Picture, source: Field) -> Picture:
    """Each pixel from its place in ``source``, bilinear; the rim is repeated outwards."""
    mode = cv2.BORDER_REPLICATE
    return np.asarray(cv2.remap(picture, source, _NO_SECOND_MAP, cv2.INTER_LINEAR, borderMode=mode), dtype=np.uint8)
