"""Do windows join smoothly? The jump at seams over the same jump inside windows, for colour, motion and sharpness."""

import numpy as np

from eval.metrics.colour import delta_e
from eval.series import Floats, Indices
from eval.value import Value, absent, number

Jumps = tuple[Indices, Indices, Floats]
NAMES = ("seam/colour", "seam/motion", "seam/sharpness")
FLOOR_COLOUR = 0.05  # ΔE00: below, a jump is quantisation
FLOOR_MOTION = 0.01  # face widths/s
FLOOR_SHARPNESS = 0.002  # of the mean


def jumps(rows: Floats) -> Jumps:
    """(index before, index after, jump) between successive known rows of ``[n]`` or ``[n, d]`` (Euclidean)."""
    table = rows[:, None] if rows.ndim == 1 else rows
    at = np.flatnonzero(np.isfinite(table).all(axis=1))
    return at[:-1], at[1:], _lengths(np.diff(table[at], axis=0))


def _lengths(rows: Floats) -> Floats:
    return np.asarray(np.linalg.norm(rows, axis=1), dtype=np.float64)


def ratio(before: Indices, after: Indices, jump: Floats, seams: tuple[int, ...], floor: float) -> Value:
    """Mean jump across seams ÷ mean jump within windows (at least ``floor``).

    A seam is the index of the first frame of a window: a pair spans it when before < seam ≤ after. Pairs farther
    apart than the closest pairs are no measure of a jump and are left out, except that they are no seam's either.
    """
    if jump.size == 0:
        return absent("nothing measured")
    gap = after - before
    close = gap == gap.min()
    spans = np.zeros(jump.size, dtype=np.bool_)
    for seam in seams:
        spans |= (before < seam) & (seam <= after)
    across, within = jump[spans & close], jump[~spans & close]
    if across.size == 0:
        return absent("no measured frames on both sides of a seam")
    if within.size == 0:
        return absent("nothing measured inside windows")
    return number(float(across.mean()) / max(float(within.mean()), floor))


def colour_jumps(regions: list[Floats]) -> Jumps:
    """Largest ΔE00 over regions between successive frames in which all of ``regions`` ``[n, 3]`` are known."""
    at = np.flatnonzero(np.all([np.isfinite(lab).all(axis=1) for lab in regions], axis=0))
    steps = [delta_e(lab[at[:-1]], lab[at[1:]]) for lab in regions]
    return at[:-1], at[1:], np.asarray(np.max(steps, axis=0), dtype=np.float64)


def bend(x: Floats, y: Floats) -> Jumps:
    """How far each frame's velocity lies off the mean of its neighbours': what a cut does to a smooth path."""
    at = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    v = np.stack([x[at], y[at]], axis=1)
    if len(v) < 3:
        return at[:0], at[:0], np.zeros(0)
    return at[:-2], at[1:-1], _lengths(v[1:-1] - (v[:-2] + v[2:]) / 2)


def values(
    regions: list[Floats], velocity: tuple[Floats, Floats], sharp: Floats, seams: tuple[int, ...] | None, frames: int
) -> dict[str, Value]:
    """The three ratios from median Lab per region, the head's velocity and Laplacian variances.

    ``seams`` None: the windows are not known. Seams at or beyond ``frames`` are outside the speech.
    """
    if seams is None:
        return dict.fromkeys(NAMES, absent("windows not known (--window, --motion-frame)"))
    inside = tuple(seam for seam in seams if 0 < seam < frames)
    if not inside:
        return dict.fromkeys(NAMES, absent("one window: no seam"))
    seen = [lab for lab in regions if np.isfinite(lab).all(axis=1).sum() >= 3]
    mean = float(np.nanmean(sharp)) if np.isfinite(sharp).any() else 1.0
    return {
        NAMES[0]: ratio(*colour_jumps(seen), inside, FLOOR_COLOUR) if seen else absent("no face"),
        NAMES[1]: ratio(*bend(*velocity), inside, FLOOR_MOTION),
        NAMES[2]: ratio(*jumps(sharp / max(mean, 1e-6)), inside, FLOOR_SHARPNESS),
    }
