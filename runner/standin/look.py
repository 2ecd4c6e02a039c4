"""How the puppet's picture looks before anything moves: blur, sharpness, contrast, grain; and where its colours go."""

import cv2
import numpy as np
import numpy.typing as npt

from runner.standin.mechanisms import Mechanics
from workflow.media.arrays import Picture
from workflow.media.box import Box

FACE = 180  # pixels, the face width for which blur is stated
WARM = np.array([0.25, 0.55, 0.8], np.float32)  # the direction of the drift in Lab
COOL = np.array([0.35, -0.55, -0.75], np.float32)  # and that of colour matching


def treated(picture: Picture, how: Mechanics, face: Box | None, seed: int) -> Picture:
    """The reference frame as this setting would have drawn it, still."""
    sigma = how.blur * (face.w if face else FACE) / FACE
    image = picture.astype(np.float32)
    if sigma > 0.05:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), dtype=np.float32)
    if how.sharpen > 0.001:
        image += how.sharpen * (image - cv2.GaussianBlur(image, (0, 0), 1.2))
    if how.contrast != 1:
        image = (image - 128) * how.contrast + 128
    if how.chroma != 1:
        grey = image.mean(axis=2, keepdims=True)
        image = grey + (image - grey) * how.chroma
    noise = np.random.default_rng([how.texture_seed, seed]).standard_normal(image.shape[:2], dtype=np.float32)
    image += (how.grain * noise)[..., None]
    return np.asarray(np.clip(image + 0.5, 0, 255), dtype=np.uint8)


class Colours:
    """The picture's colours over time: between the treated frame and one whose colours have gone astray."""

    def __init__(self, still: Picture, how: Mechanics, face: Box | None, seconds: float) -> None:
        self._still, self._seconds, self._regional = still, max(seconds, 1.0), how.regional
        shift = WARM * how.drift * self._seconds
        field: npt.NDArray[np.float32] = np.broadcast_to(shift, still.shape).astype(np.float32)
        if how.regional:
            field = field + _away_from(face, still.shape[1], still.shape[0])[..., None] * COOL * how.regional
        lab = cv2.cvtColor(still.astype(np.float32) / 255, cv2.COLOR_BGR2Lab) + field
        astray = cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_Lab2BGR)
        self._astray = np.clip(astray * 255 + 0.5, 0, 255).astype(np.uint8)

    def at(self, second: float) -> Picture:
        """A frame of its own that may be drawn on."""
        share = min(second / self._seconds, 1.0)
        return np.asarray(cv2.addWeighted(self._still, 1 - share, self._astray, share, 0), dtype=np.uint8)


def _away_from(face: Box | None, width: int, height: int) -> npt.NDArray[np.float32]:
    """1 in the background, a third (and of the other sign) in the face: matched as a whole, regions trade colours."""
    if face is None:
        return np.ones((height, width), np.float32)
    (cx, cy), xs, ys = face.centre, np.arange(width)[None, :], np.arange(height)[:, None]
    inside = np.exp(-(np.hypot((xs - cx) / (0.9 * face.w), (ys - cy) / face.h) ** 4))
    return np.asarray(1 - 1.35 * inside, dtype=np.float32)
