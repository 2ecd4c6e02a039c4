"""The puppet's eyes: lids come down for a moment every few seconds."""

import numpy as np

from runner.standin.stitch import Curve, stitched
from runner.standin.warp import here, moved
from workflow.media.arrays import Picture
from workflow.media.box import Box
from workflow.windows import Windows

EYES = ((0.30, 0.39), (0.70, 0.39))
"""Where eyes lie in OpenCV's frontal face box, as shares of its sides (assumed, not looked for)."""
LID = 0.075  # how far a lid comes down, shares of the box's height
SHAPE = np.array([0.35, 0.85, 1.0, 0.9, 0.6, 0.25], np.float32)  # one blink, frame by frame


def blinks(windows: Windows, fps: float, seed: int) -> Curve:
    """How far the lids are closed, ``[frames]``, 0 … 1: one blink every two to five seconds."""

    def draw(rng: np.random.Generator, first: int, frames: int) -> Curve:
        closed = np.zeros((frames + len(SHAPE), 1), np.float32)
        at = int(rng.uniform(0.4, 2.5) * fps)
        while at < frames:
            closed[at : at + len(SHAPE), 0] = np.maximum(closed[at : at + len(SHAPE), 0], SHAPE)
            at += int(rng.uniform(2, 5) * fps)
        return closed[:frames]

    return stitched(windows, (seed, 4), draw)[:, 0]


class Lids:
    """Draws one face's lids into frames. ``face`` is in pixels of those frames."""

    def __init__(self, face: Box, width: int, height: int) -> None:
        self._eyes = []
        for share_x, share_y in EYES:
            cx, cy = face.x + share_x * face.w, face.y + share_y * face.h
            box = Box(
                round(cx - 0.17 * face.w), round(cy - 0.16 * face.h), round(0.34 * face.w), round(0.28 * face.h)
            ).within(width, height)
            still = here(box.w, box.h)
            xs, ys = still[..., 0], still[..., 1]
            dx, dy = xs - (cx - box.x), ys - (cy - box.y)
            across = np.exp(-((dx / (0.1 * face.w)) ** 4))
            down = LID * face.h * across * np.exp(-(((dy + 0.005 * face.h) / (0.055 * face.h)) ** 4))
            lash = across * np.exp(-(((dy - 0.035 * face.h) / (0.012 * face.h)) ** 2))
            self._eyes.append((box, still, down.astype(np.float32), (0.4 * lash)[..., None].astype(np.float32)))

    def draw(self, frame: Picture, closed: float) -> None:
        """Change ``frame`` in place."""
        if closed < 0.02:
            return
        for box, still, down, lash in self._eyes:
            view = box.cut(frame)
            source = still.copy()
            source[..., 1] -= closed * down
            view[:] = (moved(view, source) * (1 - closed * lash)).astype(np.uint8)
