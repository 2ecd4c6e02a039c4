"""When a distortion acts, and clips that repeat, skip or go on."""

from math import cos, pi, sin

import numpy as np

from eval.calibrate.scene import Scene

SWAY_HZ = 1.5  # of a shaking head or camera
SWING_HZ = 3.0  # of a jaw that goes on after the speech
QUIET = 0.15  # loudness below which nobody speaks
SOFT_S = 0.06  # sigma in seconds of a jaw's fall
FREEZE_AT = 0.4  # of the speech, where a standing picture begins
MINUTE = 60.0

Frames = list[int]
"""For each frame of the changed clip the frame of the cut that it shows; never decreasing."""


def every(scene: Scene) -> Frames:
    """The clip as it is."""
    return list(range(scene.frames))


def later(scene: Scene, by: int) -> Frames:
    """The same length, beginning ``by`` frames later."""
    return list(range(by, scene.frames + by))


def dropped(scene: Scene, percent: float) -> Frames:
    """About ``percent`` of the frames, evenly spread, show the frame before once more."""
    if percent <= 0:
        return every(scene)
    period = max(round(100 / percent), 2)
    return [index - 1 if index % period == period - 1 else index for index in range(scene.frames)]


def standing(scene: Scene, seconds: float) -> Frames:
    """The picture stands still for ``seconds`` in the middle of the speech; then it jumps to where it would be."""
    first = round(FREEZE_AT * scene.spoken)
    last = first + round(seconds * scene.fps)
    return [first if first <= index < last else index for index in range(scene.frames)]


def longer(scene: Scene, seconds: float) -> Frames:
    """The tail goes on for ``seconds`` more."""
    return list(range(scene.frames + round(seconds * scene.fps)))


def minutes(index: int, scene: Scene) -> float:
    """Time of a frame in minutes: what a drift is multiplied by."""
    return index / scene.fps / MINUTE


def odd_window(index: int, scene: Scene) -> float:
    """1 in every second window, 0 in the others, so that each seam is a jump."""
    return float(scene.window(index) % 2)


def swing_in_tail(index: int, scene: Scene) -> float:
    """0 in the speech, then between 0 and 1 at SWING_HZ, without a jump."""
    return (1 - cos(2 * pi * SWING_HZ * max(index - scene.spoken, 0) / scene.fps)) / 2


def pauses(scene: Scene) -> list[float]:
    """For every frame of the clip 1 where nobody speaks, 0 where somebody does, without jumps; 0 in the tail."""
    from scipy.ndimage import gaussian_filter1d

    quiet = np.array([scene.loud(index) < QUIET and index < scene.spoken for index in range(scene.frames)], np.float64)
    return [float(value) for value in gaussian_filter1d(quiet, SOFT_S * scene.fps)]


def along_tail(index: int, scene: Scene) -> float:
    """0 up to the end of the speech, rising to 1 at the last frame."""
    return max(index - scene.spoken + 1, 0) / max(scene.tail, 1)


def sway(index: int, scene: Scene) -> float:
    """A sine of SWAY_HZ over time: its mean speed is 4 × SWAY_HZ amplitudes a second."""
    return sin(2 * pi * SWAY_HZ * index / scene.fps)
