"""The puppet's head: it sways, turns and nods a little, and jumps at seams when the overlap is torn."""

import cv2
import numpy as np
import numpy.typing as npt

from runner.standin.mechanisms import Mechanics
from runner.standin.stitch import Curve, stitched, wander
from runner.standin.warp import here, moved
from workflow.media.arrays import Picture
from workflow.media.box import Box
from workflow.windows import Windows

SWAY, NOD, TURN, NEAR = 0.016, 0.011, 0.011, 0.006
"""Deviations at gain 1: sideways and up-down in face widths, rotation in radians, scale."""
GRID = 8  # the field of displacements is smooth: it is computed on every eighth pixel
SETTLE = 10.0  # frames after which a jump has faded to a third


def head_motion(windows: Windows, fps: float, seed: int, how: Mechanics, loudness: Curve) -> Curve:
    """``[frames, 4]``: x and y in face widths, rotation in radians, scale as a difference from 1; zero at frame 0."""
    scale = np.array([SWAY, NOD, TURN, NEAR], np.float32) * how.head_gain

    def draw(rng: np.random.Generator, first: int, frames: int) -> Curve:
        return wander(rng, frames, 4, 0.45 * how.tempo, fps) * scale

    motion = stitched(windows, (seed, 2), draw)
    slow = np.convolve(np.pad(loudness, 6, mode="edge"), np.full(13, 1 / 13), mode="valid")
    motion[:, 1] += (0.018 * how.head_gain * (slow - slow[0])).astype(np.float32)
    motion *= np.minimum(1, np.arange(len(motion), dtype=np.float32) / 15)[:, None]
    rng = np.random.default_rng([seed, 3])
    for seam in windows.seams:
        angle, after = rng.uniform(0, 2 * np.pi), np.arange(len(motion) - seam)
        jump = how.seam_jump * np.exp(-after / SETTLE)
        motion[seam:, 0] += (jump * np.cos(angle)).astype(np.float32)
        motion[seam:, 1] += (jump * np.sin(angle)).astype(np.float32)
    return motion


class HeadWarp:
    """Moves what lies under a soft mask around the face; the picture outside ``region`` never changes."""

    def __init__(self, face: Box, width: int, height: int) -> None:
        cx, cy = face.centre
        cy -= 0.05 * face.h
        self.region = Box(
            round(cx - 1.3 * face.w), round(cy - 1.45 * face.h), round(2.6 * face.w), round(2.9 * face.h)
        ).within(width, height)
        self._face = face
        box = self.region
        xs = (np.arange(0, box.w + GRID, GRID, dtype=np.float32) + box.x)[None, :]
        ys = (np.arange(0, box.h + GRID, GRID, dtype=np.float32) + box.y)[:, None]
        radius = np.hypot((xs - cx) / (1.25 * face.w), (ys - cy) / (1.4 * face.h))
        soft = np.clip((1 - radius) / 0.5, 0, 1)
        mask = soft * soft * (3 - 2 * soft)
        # A neck turns about its foot: rotation and scale are about a point below the chin.
        self._fields = np.stack(
            [
                np.stack([mask * face.w, mask * 0], axis=-1),
                np.stack([mask * 0, mask * face.w], axis=-1),
                np.stack([-mask * (ys - (cy + 0.9 * face.h)), mask * (xs - cx)], axis=-1),
                np.stack([mask * (xs - cx), mask * (ys - cy)], axis=-1),
            ]
        ).astype(np.float32)
        self._here = here(box.w, box.h)

    def apply(self, region: Picture, motion: npt.NDArray[np.float32]) -> Picture:
        """The region, moved by one row of :func:`head_motion`."""
        coarse = np.tensordot(motion, self._fields, axes=1)
        rows, columns = coarse.shape[:2]
        # Node i of the grid lies on pixel GRID·i: an affine warp keeps it there, where a resize would shift it.
        matrix = np.array([[1 / GRID, 0, 0], [0, 1 / GRID, 0]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        fine = cv2.warpAffine(coarse.reshape(rows, columns, 2), matrix, (self.region.w, self.region.h), flags=flags)
        return moved(region, np.asarray(cv2.subtract(self._here, fine), dtype=np.float32))
