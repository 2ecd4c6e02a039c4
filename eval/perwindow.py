"""A score by windows: one number a window for every curve, so that a fault shows that grows from window to window."""

from collections.abc import Mapping

import numpy as np

from eval.series import Floats, known

INPUTS = ("speech/",)
"""Curves that are no judgement of the video."""


def spans(seams: tuple[int, ...] | None, frames: int) -> list[slice]:
    """The frames of each window, the whole video as one where no seam is known.

    >>> spans((81, 153, 225), 200)
    [slice(0, 81, None), slice(81, 153, None), slice(153, 200, None)]
    """
    starts = [0, *(seam for seam in seams or () if 0 < seam < frames)]
    return [slice(start, stop) for start, stop in zip(starts, [*starts[1:], frames], strict=True)]


def means(curves: Mapping[str, Floats], seams: tuple[int, ...] | None, frames: int) -> dict[str, Floats]:
    """Mean of the known frames of each window, ``[windows]``, NaN where none is known, by curve name."""
    windows = spans(seams, frames)
    found: dict[str, Floats] = {}
    for name, curve in curves.items():
        if not name.startswith(INPUTS) and known(curve).size:
            parts = [known(curve[window]) for window in windows]
            found[name] = np.array([part.mean() if part.size else np.nan for part in parts])
    return found


def merge(*parts: Mapping[str, Floats]) -> dict[str, Floats]:
    """Series of the same windows in one table; of equal names the later part's. Raises ValueError for other lengths."""
    merged = {name: series for part in parts for name, series in part.items()}
    lengths = {name: len(series) for name, series in merged.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"series of different numbers of windows: {lengths}")
    return merged
