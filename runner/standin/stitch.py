"""Curves that are drawn window by window and blended where windows overlap, as the long video is."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from workflow.windows import Windows

Curve = npt.NDArray[np.float32]
Draw = Callable[[np.random.Generator, int, int], Curve]


def stitched(windows: Windows, seed: tuple[int, ...], draw: Draw) -> Curve:
    """``draw(rng, first frame, frames)`` gives ``[frames, c]`` for one window; the whole is ``[windows.frames, c]``.

    Each window has a generator of its own from ``seed`` and its number. In the ``motion_frame`` frames that a window
    shares with the one before, one fades smoothly into the other.
    """
    width, overlap = windows.width, windows.motion_frame
    share = np.arange(1, overlap + 1, dtype=np.float32) / (overlap + 1)
    fade = (share**3 * (share * (6 * share - 15) + 10))[:, None]  # without a jolt at either end
    whole: Curve | None = None
    for number in range(windows.count):
        first = number * windows.stride
        part = draw(np.random.default_rng([*seed, number]), first, width).astype(np.float32)
        if whole is None:
            whole = part
            continue
        tail = whole[-overlap:]
        whole = np.concatenate([whole[:-overlap], tail * (1 - fade) + part[:overlap] * fade, part[overlap:]])
    if whole is None or len(whole) != windows.frames:
        raise RuntimeError(f"stitching gave {None if whole is None else len(whole)} frames, not {windows.frames}")
    return np.asarray(whole, dtype=np.float32)


def wander(rng: np.random.Generator, frames: int, channels: int, hertz: float, fps: float) -> Curve:
    """Smooth noise of about unit deviation and a given tempo, ``[frames, channels]``: a sum of four sines each."""
    time = np.arange(frames, dtype=np.float64)[:, None] / fps
    total = np.zeros((frames, channels))
    for _ in range(4):
        frequency = hertz * rng.uniform(0.4, 1.6, channels)
        total += np.sin(2 * np.pi * (frequency * time + rng.uniform(0, 1, channels)))
    return np.asarray(total / np.sqrt(2), dtype=np.float32)
