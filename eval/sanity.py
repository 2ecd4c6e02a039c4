"""Broken first: black, noise, frozen, wrong size or length. No metric judges such a video."""

from dataclasses import dataclass

import cv2
import numpy as np

from eval.series import Bools, Series, known
from eval.view import Image, View

BLACK = 10.0  # mean luma of a frame; legal black is 0 after range expansion, a dark scene above 15
BLACK_SPREAD = 6.0  # and hardly any structure
NOISE = 0.5  # correlation of horizontal neighbours; photographs have more than 0.9
SAME = 0.8  # grey levels: largest change of a block between equal frames, as coders refine a still; talk has above 1
BAD_SHARE = 0.2  # of the frames black or noise: a window or more
FROZEN_SHARE = 0.9  # of the frame pairs
STILL_S = 1.0  # a shorter still stretch is not worth a warning
BLOCKS = 16


@dataclass(frozen=True)
class Expected:
    """What the video should be; None where nothing is expected. ``frames`` counts the whole video."""

    width: int | None = None
    height: int | None = None
    frames: int | None = None


class SanityWatch:
    """Collects mean and spread of luma, neighbour correlation, and change since the last frame."""

    def __init__(self) -> None:
        self.series = Series(("mean", "spread", "neighbour", "change"))
        self._last: Image | None = None

    def update(self, view: View) -> None:
        """Measure one frame."""
        grey = view.grey
        mean, spread = (float(part[0, 0]) for part in cv2.meanStdDev(grey))
        row = {"mean": mean, "spread": spread}
        if view.index % 5 == 0:
            row["neighbour"] = neighbour_correlation(grey)
        if self._last is not None and self._last.shape == grey.shape:
            row["change"] = largest_change(self._last, grey)
        self._last = grey
        self.series.add(**row)


def neighbour_correlation(grey: Image) -> float:
    """Correlation of horizontally neighbouring pixels: near 1 for pictures, near 0 for noise; 1 for a flat frame."""
    a, b = grey[::2, :-1].astype(np.float32), grey[::2, 1:].astype(np.float32)
    if a.size < 2 or float(a.std()) < 1e-3 or float(b.std()) < 1e-3:
        return 1.0
    return float(np.mean((a - a.mean()) * (b - b.mean())) / (a.std() * b.std()))


def largest_change(before: Image, now: Image) -> float:
    """Largest mean absolute difference in a 16 × 16 grid of blocks: a moving mouth shows, coding noise does not."""
    blocks = cv2.resize(cv2.absdiff(before, now).astype(np.float32), (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA)
    return float(blocks.max())


def verdict(series: Series, fps: float) -> tuple[str | None, list[str]]:
    """(why the video is broken or None, warnings) from what :class:`SanityWatch` collected."""
    frames = len(series)
    if frames == 0:
        return "no frames", []
    if frames == 1:
        return "a single frame", []
    black = (series["mean"] < BLACK) & (series["spread"] < BLACK_SPREAD)
    if black.mean() >= BAD_SHARE:
        return f"black ({black.mean():.0%} of the frames)", []
    noise = known(series["neighbour"]) < NOISE
    if noise.mean() >= BAD_SHARE:
        return f"noise ({noise.mean():.0%} of the frames)", []
    still = series["change"][1:] < SAME
    if still.mean() >= FROZEN_SHARE:
        return f"frozen ({still.mean():.0%} of the frames repeat the one before)", []
    return None, [*_some("black", black, frames), *_some("noise", noise, noise.size), *_stretches(still, fps)]


def _some(what: str, bad: Bools, frames: int) -> list[str]:
    return [f"{what} in {bad.sum()} of {frames} frames looked at"] if bad.any() else []


def _stretches(still: Bools, fps: float) -> list[str]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(np.int8), [0]])))
    lengths = edges[1::2] - edges[::2]
    if not lengths.size or lengths.max() < STILL_S * fps:
        return []
    start = edges[::2][int(lengths.argmax())]
    return [f"picture stands still for {lengths.max() / fps:.1f} s from {start / fps:.1f} s on"]


def unexpected(width: int, height: int, frames: int | None, expected: Expected | None) -> str | None:
    """Why size or length are wrong, or None."""
    if expected is None:
        return None
    for name, have, want in (("width", width, expected.width), ("height", height, expected.height)):
        if want is not None and have != want:
            return f"wrong size: {name} is {have}, expected {want}"
    if expected.frames is not None and frames is not None and frames != expected.frames:
        return f"wrong length: {frames} frames, expected {expected.frames}"
    return None
