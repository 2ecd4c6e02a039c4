"""A mouth that stands still in a face that moves on."""

from typing import Any

import cv2
import numpy as np

from eval.calibrate.picture import clipped
from eval.calibrate.scene import FrameChange, Place, Scene
from workflow.media.arrays import Picture

LOOK = 112  # pixels of the face's width at which the head's motion is followed
UPPER = (0.12, 0.88, 0.10, 0.58)  # left, right, top, bottom in face widths: what the mouth does not move
PATCH = (0.5, 0.84, 0.30, 0.27)  # centre and radii of what is held: lips and chin
SOFT = 0.35  # share of the radius over which the patch fades
STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)


def frozen_mouth(share: float, scene: Scene) -> FrameChange:
    """Hold lips and chin of one frame through the last ``share`` (0 … 1) of the speech.

    The held patch rides on the head: its turn and shift since the held frame are found by aligning the upper face
    (enhanced correlation, Evangelidis & Psarakis 2008), so that only the mouth's own motion is gone.
    """
    first = round(scene.spoken * (1 - share))
    held = _Held(scene)

    def change(picture: Picture, index: int) -> Picture:
        return picture if share <= 0 or not first <= index < scene.spoken else held.onto(picture, index)

    return change


class _Held:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._picture: Picture | None = None
        self._upper: Any = None
        self._mask: Any = None
        self._scale = LOOK / scene.face_width
        self._matrix: Any = np.eye(2, 3, dtype=np.float32)  # from the held frame to the present one, at LOOK's scale

    def onto(self, picture: Picture, index: int) -> Picture:
        """The picture with the held mouth; the first call holds its own."""
        small = self._small(picture)
        if self._picture is None:
            self._picture = picture
            self._upper, self._mask = small, self._areas(small.shape, self._scene.places[index], picture.shape)
            return picture
        self._follow(small)
        matrix = self._matrix.copy()
        matrix[:, 2] /= self._scale
        size = (picture.shape[1], picture.shape[0])
        patch = cv2.warpAffine(self._picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        alpha = cv2.warpAffine(self._mask[1], matrix, size, flags=cv2.INTER_LINEAR)[..., None]
        return clipped(np.asarray(picture * (1 - alpha) + patch * alpha, np.float32))

    def _small(self, picture: Picture) -> Any:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        return cv2.resize(grey, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_AREA)

    def _follow(self, small: Any) -> None:
        try:
            _, self._matrix = cv2.findTransformECC(
                self._upper, small, self._matrix, cv2.MOTION_EUCLIDEAN, STEPS, self._mask[0], 5
            )
        except cv2.error:
            self._matrix = self._matrix.copy()  # the two no longer look alike: the patch stays where it was last

    def _areas(self, small: tuple[int, ...], place: Place, frame: tuple[int, ...]) -> tuple[Any, Any]:
        upper = np.zeros(small, np.uint8)
        left, right = (round((place.x + edge * place.w) * self._scale) for edge in UPPER[:2])
        top, bottom = (round((place.y + edge * place.w) * self._scale) for edge in UPPER[2:])
        upper[max(top, 0) : bottom, max(left, 0) : right] = 255
        x = (np.arange(frame[1])[None, :] - place.x) / place.w
        y = (np.arange(frame[0])[:, None] - place.y) / place.w
        distance = np.hypot((x - PATCH[0]) / PATCH[2], (y - PATCH[1]) / PATCH[3])
        return upper, np.clip((1 - distance) / SOFT, 0, 1).astype(np.float32)
