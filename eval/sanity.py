"""Broken first: black, noise, frozen, wrong size or length. No metric judges such a video.

Noise is a picture that is nothing like itself a fifth of a second ago and does not hold together in space either.
Either alone happens to real video, at cuts or on gravel. In space white noise shows at neighbouring pixels; what an
untrained or derailed network decodes is smooth at the scale of its latents and shows at neighbouring cells of a coarse
grid, on which grain and darkness average out.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from eval.series import Bools, Series
from eval.view import Image, View

Cells = npt.NDArray[np.float32]

BLACK = 10.0  # mean luma of a frame; legal black is 0 after range expansion, a dark scene above 15
BLACK_SPREAD = 6.0  # and hardly any structure
NOISE = 0.5  # correlation of horizontal neighbours; photographs have more than 0.9
NOISE_EVERY = 0.2  # seconds between two looks for noise
CELLS = 10  # along the shorter side, of the grid on which a picture holds together or does not
HOLDS = 0.4  # correlation of neighbouring cells; talking people measured 0.45 … 0.8, decoded noise −0.1 … 0.35
LASTS = 0.3  # correlation with the look before; talking people measured above 0.9, cuts and noise near 0
FAINT = 4.0  # grey levels of spread over the pixels, below which noise is a coder's or a scanner's
FLAT = 1.0  # grey levels of spread over the cells, below which a picture has nothing to correlate
SAME = 0.8  # grey levels: largest change of a block between equal frames, as coders refine a still; talk has above 1
BAD_SHARE = 0.2  # of the frames black or noise: a window or more
FROZEN_SHARE = 0.9  # of the frame pairs
FEWEST = 5  # frames, below which a still picture is no wonder
STILL_S = 1.0  # a shorter still stretch is not worth a warning
BLOCKS = 16
FRAMES_OFF = 1  # encoders and trimming lose or add a frame; nobody sees 40 ms, and a window less is many


@dataclass(frozen=True)
class Expected:
    """What the video should be; None where nothing is expected. ``frames`` counts the whole video."""

    width: int | None = None
    height: int | None = None
    frames: int | None = None


class SanityWatch:
    """Collects mean and spread of luma, change since the last frame, and five times a second the correlations of
    neighbouring pixels, of neighbouring cells, and of the cells with those of the look before."""

    def __init__(self, fps: float = 25.0) -> None:
        self.series = Series(("mean", "spread", "change", "neighbour", "holds", "lasts", "face"))
        self._every = max(round(NOISE_EVERY * fps), 1)
        self._last: Image | None = None
        self._cells: Cells | None = None

    def update(self, view: View) -> None:
        """Measure one frame."""
        grey = view.grey
        mean, spread = (float(part[0, 0]) for part in cv2.meanStdDev(grey))
        row = {"mean": mean, "spread": spread}
        if view.index % self._every == 0:
            cells = coarse(grey)
            row["neighbour"], row["holds"] = neighbour_correlation(grey), hold(cells)
            if self._cells is not None and self._cells.shape == cells.shape:
                row["lasts"] = correlation(self._cells, cells, FLAT, flat_is=0.0)
            row["face"] = float(view.box is not None)
            self._cells = cells
        if self._last is not None and self._last.shape == grey.shape:
            row["change"] = largest_change(self._last, grey)
        self._last = grey
        self.series.add(**row)


def neighbour_correlation(grey: Image) -> float:
    """Correlation of horizontally neighbouring pixels: near 1 for pictures, near 0 for noise; 1 for a flat frame."""
    return correlation(grey[::2, :-1].astype(np.float32), grey[::2, 1:].astype(np.float32), FAINT)


def coarse(grey: Image) -> Cells:
    """Mean luma of square cells, about ten along the shorter side."""
    height, width = grey.shape
    cell = max(min(height, width) / CELLS, 1.0)
    size = (max(round(width / cell), 1), max(round(height / cell), 1))
    return np.asarray(cv2.resize(grey.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)


def hold(cells: Cells) -> float:
    """Mean correlation of horizontally and of vertically neighbouring cells; 1 for a flat picture."""
    across = correlation(cells[:, :-1], cells[:, 1:], FLAT)
    return (across + correlation(cells[:-1], cells[1:], FLAT)) / 2


def correlation(a: Cells, b: Cells, flat: float, flat_is: float = 1.0) -> float:
    """Pearson's r of two arrays, ``flat_is`` where one of them spreads less than ``flat``."""
    if a.size < 2 or float(a.std()) < flat or float(b.std()) < flat:
        return flat_is
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
    noise = _noise(series)
    if noise.mean() >= BAD_SHARE:
        return f"noise ({noise.mean():.0%} of the frames)", []
    still = series["change"][1:] < SAME
    if still.mean() >= FROZEN_SHARE and frames >= FEWEST:
        return f"frozen ({still.mean():.0%} of the frames repeat the one before)", []
    return None, [*_some("black", black, frames), *_some("noise", noise, noise.size), *_stretches(still, fps)]


def _noise(series: Series) -> Bools:
    """Which of the looks saw noise, and no face. The first has no look before it and takes the one after."""
    looked = np.isfinite(series["neighbour"])
    neighbour, holds, lasts = (series[name][looked] for name in ("neighbour", "holds", "lasts"))
    lasts[:1] = lasts[1:2] if lasts.size > 1 else 0.0
    faceless = series["face"][looked] == 0
    return np.asarray(faceless & (lasts < LASTS) & ((neighbour < NOISE) | (holds < HOLDS)), dtype=np.bool_)


def _some(what: str, bad: Bools, frames: int) -> list[str]:
    return [f"{what} in {bad.sum()} of {frames} frames looked at"] if bad.any() else []


def _stretches(still: Bools, fps: float) -> list[str]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(np.int8), [0]])))
    lengths = edges[1::2] - edges[::2]
    if not lengths.size or lengths.max() < STILL_S * fps:
        return []
    start = edges[::2][int(lengths.argmax())]
    return [f"picture stands still for {lengths.max() / fps:.1f} s from {start / fps:.1f} s on"]


def unexpected_size(width: int, height: int, expected: Expected | None) -> str | None:
    """Why the size in pixels is wrong, or None."""
    if expected is None:
        return None
    wanted = (expected.width or width, expected.height or height)
    if wanted == (width, height):
        return None
    return f"wrong size: {width}×{height} where {wanted[0]}×{wanted[1]} was asked"


def unexpected_length(frames: int | None, expected: Expected | None) -> str | None:
    """Why the number of frames is wrong, or None; unknown lengths and one frame more or less pass."""
    off = off_by(frames, expected)
    if expected is None or abs(off) <= FRAMES_OFF:
        return None
    return f"wrong length: {frames} frames where {expected.frames} were asked"


def off_by(frames: int | None, expected: Expected | None) -> int:
    """Frames too many (or, negative, too few); 0 where nothing is known or expected."""
    if expected is None or expected.frames is None or frames is None:
        return 0
    return frames - expected.frames
