"""Drift over a video: the Theil–Sen slope of a curve, per minute (Theil 1950; Sen 1968)."""

import numpy as np

from eval.series import Floats

SLOPE_SAMPLES = 400  # Theil–Sen is quadratic; more samples change nothing
LEAST_S = 2.0  # a slope needs that many seconds
SHORT_S = 30.0  # a person who leans over in 10 s gives 8 ΔE00/min on real footage; a longer video evens that out


def slope_per_minute(curve: Floats, fps: float) -> float | None:
    """Median of the slopes of all pairs of known frames, in the curve's unit per minute; None below two seconds.

    ``curve`` is ``[frames]`` with NaN where nothing is known; up to 29 % of outliers do not move the result.

    >>> round(slope_per_minute(np.arange(100) / 25 / 60 * 3, fps=25.0), 6)
    3.0
    """
    from scipy.stats import theilslopes

    at = np.flatnonzero(np.isfinite(curve))
    if at.size < 3 or (at[-1] - at[0]) / fps < LEAST_S:
        return None
    at = at[np.linspace(0, at.size - 1, min(at.size, SLOPE_SAMPLES)).round().astype(int)]
    return float(theilslopes(curve[at], at / fps / 60.0)[0])


def doubts(curve: Floats, fps: float) -> tuple[str, ...]:
    """Flags for a slope: the seconds that it was read from, where they are few.

    >>> doubts(np.zeros(250), fps=25.0)
    ('from 10 s',)
    """
    at = np.flatnonzero(np.isfinite(curve))
    seconds = (at[-1] - at[0] + 1) / fps if at.size else 0.0
    return (f"from {seconds:.0f} s",) if seconds < SHORT_S else ()
