"""The puppet's mouth: the jaw drops, lips part, and a dark inside with a row of teeth shows."""

import numpy as np
import numpy.typing as npt

from runner.standin.warp import here, moved
from workflow.media.arrays import Picture
from workflow.media.box import Box

MOUTH_X, MOUTH_Y = 0.5, 0.785
"""Where a mouth lies in OpenCV's frontal face box, as shares of its sides (assumed, not looked for)."""
HALF_WIDTH = 0.17
GAPE = 0.14  # height of the opening at 1, shares of the box's height
UPPER = 0.15  # share of the opening that the upper lip gives


class Lips:
    """Draws one face's mouth into frames. ``face`` is in pixels of those frames."""

    def __init__(self, face: Box, picture: Picture) -> None:
        height, width = picture.shape[:2]
        self.region = Box(
            round(face.x + 0.08 * face.w), round(face.y + 0.52 * face.h), round(0.84 * face.w), round(0.68 * face.h)
        ).within(width, height)
        box = self.region
        self._gape = GAPE * face.h
        self._half = HALF_WIDTH * face.w
        self._here = here(box.w, box.h)
        xs, ys = self._here[..., 0], self._here[..., 1]
        self._dx = xs - (face.x + MOUTH_X * face.w - box.x)
        self._dy = ys - (face.y + MOUTH_Y * face.h - box.y)
        self._down, self._aside = self._fields(face)
        self._inside = self._colours(picture)

    def _fields(self, face: Box) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Displacement per pixel of opening (down), and per unit of spread (aside)."""
        across, v = self._dx / self._half, self._dy / face.h
        lips = np.sqrt(np.clip(1 - across**2, 0, 1))
        jaw = np.exp(-((self._dx / (0.3 * face.w)) ** 2))
        low = np.clip(v / 0.16, 0, 1)
        shape = lips * (1 - low) + jaw * low
        edge = np.clip((0.34 - v) / 0.2, 0, 1)
        below = (1 - UPPER) * shape * edge * edge * (3 - 2 * edge)
        lip = np.clip(1 + v / 0.12, 0, 1)
        above = -UPPER * lips * lip * lip * (3 - 2 * lip)
        down = np.where(self._dy >= 0, below, above)
        near = np.exp(-((self._dx / (0.26 * face.w)) ** 2) - (self._dy / (0.14 * face.h)) ** 2)
        return down.astype(np.float32), (0.12 * self._dx * near).astype(np.float32)

    def _colours(self, picture: Picture) -> npt.NDArray[np.float32]:
        """Inside of the mouth in the light of this face, BGR: dark throat, teeth, tongue."""
        around = self.region.cut(picture)[np.hypot(self._dx / self._half, self._dy / self._half) < 1]
        light = float(around.mean()) / 128 if around.size else 1.0
        return np.array([[24, 18, 44], [178, 188, 196], [70, 62, 128]], np.float32) * min(max(light, 0.4), 1.3)

    def draw(self, frame: Picture, opening: float, spread: float) -> None:
        """Change ``frame`` in place. ``opening`` 0 … 1.3, ``spread`` −1 … 1."""
        if opening < 0.01:
            return
        gape = opening * self._gape
        source = self._here.copy()
        source[..., 0] -= spread * self._aside
        source[..., 1] -= gape * self._down
        view = self.region.cut(frame)
        view[:] = moved(view, source)
        self._hole(view, gape, spread)

    def _hole(self, view: Picture, gape: float, spread: float) -> None:
        half = self._half * (0.86 + 0.12 * spread)
        centre, radius = gape * (0.5 - UPPER), gape / 2
        rows = slice(*_span(self._dy[:, 0], centre - radius - 2, centre + radius + 2))
        columns = slice(*_span(self._dx[0], -half - 2, half + 2))
        dx, dy = self._dx[rows, columns], self._dy[rows, columns] - centre
        # Distance to the ellipse's rim in pixels, roughly: a soft edge of two pixels at any size.
        q = np.hypot(dx / half, dy / max(radius, 0.5))
        alpha = np.clip((1 - q) * min(radius, half) / 1.6 + 0.5, 0, 1) * min(1.0, gape / 2)
        depth = dy / max(radius, 0.5)
        teeth = np.clip((-0.2 - depth) * 4, 0, 1) * np.clip((0.8 - np.abs(dx / half)) * 4, 0, 1) * min(1, gape / 8)
        tongue = np.clip((depth - 0.25) * 2, 0, 1) * 0.7
        throat, white, red = self._inside
        colour = throat + (white - throat) * (0.75 * teeth)[..., None] + (red - throat) * tongue[..., None]
        patch = view[rows, columns].astype(np.float32)
        patch += (colour - patch) * alpha[..., None]
        view[rows, columns] = np.clip(patch + 0.5, 0, 255).astype(np.uint8)


def _span(values: npt.NDArray[np.float32], low: float, high: float) -> tuple[int, int]:
    return int(np.searchsorted(values, low)), int(np.searchsorted(values, high))
