"""Do windows join smoothly? The jump at seams over the same jump inside windows, for colour, motion and sharpness.

Faces jump by themselves, and a short video has one seam or two: a ratio of means alone exceeds 2 at one seam in ten of
real footage cut into windows that it does not have. So the divisor also covers chance, see :func:`ratio`.
"""

import numpy as np

from eval.metrics.colour import delta_e
from eval.series import Floats, Indices
from eval.value import Value, absent, number

Jumps = tuple[Indices, Indices, Floats]
NAMES = ("seam/colour", "seam/motion", "seam/sharpness")
FLOOR_COLOUR = 0.15  # ΔE00: four of these at once are hardly seen yet
FLOOR_MOTION = 0.01  # face widths/s
FLOOR_SHARPNESS = 0.002  # of S
FLOOR_LPIPS = 0.0001  # pictures that stand still leave nothing to divide by
SIDE = 4  # frames on each side whose median sharpness is compared: single frames differ by how they were coded
DRAWS = 4000
CHANCE = 98.5  # percentile: on real footage without seams, ratios above 2 then stay below one in twenty


def jumps(rows: Floats) -> Jumps:
    """(index before, index after, jump) between successive known rows of ``[n]`` or ``[n, d]`` (Euclidean)."""
    table = rows[:, None] if rows.ndim == 1 else rows
    at = np.flatnonzero(np.isfinite(table).all(axis=1))
    return at[:-1], at[1:], _lengths(np.diff(table[at], axis=0))


def _lengths(rows: Floats) -> Floats:
    return np.asarray(np.linalg.norm(rows, axis=1), dtype=np.float64)


def ratio(before: Indices, after: Indices, jump: Floats, seams: tuple[int, ...], floor: float, reach: int = 0) -> Value:
    """Mean jump across seams ÷ mean jump within windows, or ÷ half of what chance gives where that is more.

    Chance is the 98.5th percentile of the mean over as many jumps, drawn from within windows: a ratio above 2 is more
    than that too. ``floor`` is the least divisor. A seam is the index of the first frame of a window: a pair spans it
    when before < seam ≤ after. Pairs farther apart than the closest pairs are no measure of a jump and are left out;
    so are those within ``reach`` frames of a seam that do not span it, where a jump's own trace would count as within.
    """
    if jump.size == 0:
        return absent("nothing measured")
    close = after - before == (after - before).min()
    spans, near = np.zeros((2, jump.size), dtype=np.bool_)
    for seam in seams:
        spans |= (before < seam) & (seam <= after)
        near |= (seam - reach <= after) & (after < seam + reach)
    across, within = jump[spans & close], jump[~(spans | near) & close]
    if across.size == 0:
        return absent("no measured frames on both sides of a seam")
    if within.size == 0:
        return absent("nothing measured inside windows")
    usual = max(float(within.mean()), chance(within, across.size) / 2, floor)
    return number(float(across.mean()) / usual)


def chance(within: Floats, count: int) -> float:
    """98.5th percentile of the mean of ``count`` jumps drawn from ``within``; the draws are always the same."""
    draws = np.random.default_rng(0).choice(within, (DRAWS, count))
    return float(np.percentile(draws.mean(axis=1), CHANCE))


def colour(regions: list[Floats], seams: tuple[int, ...]) -> Value:
    """The largest ratio of ΔE00 between successive frames over ``regions`` of Lab ``[frames, 3]``.

    Each region by its own measure: a wall that jumps would hide behind cheeks that turn to the light.
    """
    ratios = [ratio(*_colour_jumps(lab), seams, FLOOR_COLOUR) for lab in regions]
    there = [one for one in ratios if one.value is not None]
    return max(there, key=lambda one: one.value or 0.0) if there else (*ratios, absent("no face"))[0]


def _colour_jumps(lab: Floats) -> Jumps:
    at = np.flatnonzero(np.isfinite(lab).all(axis=1))
    return at[:-1], at[1:], delta_e(lab[at[:-1]], lab[at[1:]])


def bend(x: Floats, y: Floats) -> Jumps:
    """How far each frame's velocity lies off the mean of its neighbours': what a cut does to a smooth path."""
    at = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    v = np.stack([x[at], y[at]], axis=1)
    if len(v) < 3:
        return at[:0], at[:0], np.zeros(0)
    return at[:-2], at[1:-1], _lengths(v[1:-1] - (v[:-2] + v[2:]) / 2)


def level_steps(curve: Floats, side: int = SIDE) -> Jumps:
    """|ln| of the ratio of the medians of ``side`` known values after and before each place of a positive curve."""
    at = np.flatnonzero(np.isfinite(curve) & (curve > 0))
    if at.size < 2 * side:
        return at[:0], at[:0], np.zeros(0)
    levels = np.median(np.lib.stride_tricks.sliding_window_view(np.log(curve[at]), side), axis=1)
    return at[side - 1 : -side], at[side : at.size - side + 1], np.abs(levels[side:] - levels[:-side])


def values(
    regions: list[Floats], velocity: tuple[Floats, Floats], sharp: Floats, seams: tuple[int, ...] | None, frames: int
) -> dict[str, Value]:
    """The three ratios from median Lab per region, the head's velocity and Laplacian variances.

    ``seams`` None: the windows are not known. Seams at or beyond ``frames`` are outside the speech.
    """
    inside, why = _inside(seams, frames)
    if why is not None:
        return dict.fromkeys(NAMES, absent(why))
    return {
        NAMES[0]: colour(regions, inside),
        NAMES[1]: ratio(*bend(*velocity), inside, FLOOR_MOTION, reach=2),
        NAMES[2]: ratio(*level_steps(sharp), inside, FLOOR_SHARPNESS, reach=SIDE),
    }


def lpips(measured: Jumps | None, seams: tuple[int, ...] | None, frames: int, no_network: str | None) -> Value:
    """LPIPS of adjacent frames at seams over that within windows. ``no_network`` says why nothing was ``measured``."""
    inside, why = _inside(seams, frames)
    if no_network is not None or why is not None:
        return absent(no_network or why or "")
    return absent("nothing measured") if measured is None else ratio(*measured, inside, FLOOR_LPIPS)


def _inside(seams: tuple[int, ...] | None, frames: int) -> tuple[tuple[int, ...], str | None]:
    """The seams inside the speech, or why there is none to look at."""
    if seams is None:
        return (), "windows not known (--window, --motion-frame)"
    inside = tuple(seam for seam in seams if 0 < seam < frames)
    return inside, None if inside else "one window: no seam"
