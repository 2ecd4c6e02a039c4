"""From speech to the puppet's mouth: loudness and voicing at the video's rate, and an articulation of its own."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runner.standin.stitch import Curve, stitched, wander
from workflow.windows import Windows

RATE = 16000
SPAN = 1024  # samples looked at for one frame, 64 ms
QUIET_DB, LOUD_DB = -48.0, -17.0


@dataclass(frozen=True)
class Mouth:
    """Per frame: ``opening`` 0 … about 1.3, ``spread`` −1 (rounded) … 1 (broad), ``loudness`` 0 … 1."""

    opening: Curve
    spread: Curve
    loudness: Curve


@dataclass(frozen=True)
class Features:
    """Per frame, each 0 … 1: ``loudness`` over 31 dB, ``voicing``, ``vowel`` (close … open), ``bright`` (dark … s)."""

    loudness: Curve
    voicing: Curve
    vowel: Curve
    bright: Curve


def features(speech: npt.NDArray[np.float32], frames: int, fps: float) -> Features:
    """What is heard around the middle of each frame of ``speech``, ``[n]`` float32 at 16 kHz; silent past its end.

    Voicing is the highest autocorrelation between 70 and 400 Hz. A vowel counts as open when its power below 1.1 kHz
    lies above 500 Hz (its first formant); a sound is bright when its power lies above 1.5 kHz.
    """
    centres = ((np.arange(frames) + 0.5) * RATE / fps).astype(int)
    padded = np.zeros(max(int(frames * RATE / fps), speech.size) + 2 * SPAN, np.float32)
    padded[SPAN : SPAN + speech.size] = speech
    pieces = np.stack([padded[c + SPAN // 2 : c + SPAN // 2 + SPAN] for c in centres]) * np.hanning(SPAN)
    loudness = np.square(pieces).mean(axis=1) / 0.375  # the window's own power
    loudness = np.clip((10 * np.log10(loudness + 1e-9) - QUIET_DB) / (LOUD_DB - QUIET_DB), 0, 1)
    power = np.square(np.abs(np.fft.rfft(pieces, 2 * SPAN, axis=1)))
    correlation = np.fft.irfft(power, axis=1)
    peak = correlation[:, RATE // 400 : RATE // 70].max(axis=1)
    voicing = np.clip(1.15 * peak / (correlation[:, 0] + 1e-9), 0, 1)
    low, middle, high = (_band(power, *band) for band in ((120, 500), (500, 1100), (1500, 8000)))
    vowel = np.sqrt(middle / (low + middle + 1e-9))
    bright = high / (low + middle + high + 1e-9)
    return Features(*(curve.astype(np.float32) for curve in (loudness, voicing, vowel, bright)))


def _band(power: npt.NDArray[np.float64], low: float, high: float) -> npt.NDArray[np.float64]:
    per_hertz = 2 * SPAN / RATE
    return np.asarray(power[:, int(low * per_hertz) : int(high * per_hertz)].sum(axis=1))


def mouth(speech: npt.NDArray[np.float32], windows: Windows, fps: float, seed: int, *, gain: float, lag: int) -> Mouth:
    """Opening follows loudness, voicing and vowel, but each performance has heights and closures of its own."""
    heard = features(speech, windows.frames, fps)
    own = stitched(windows, (seed, 1), lambda rng, _first, frames: _articulation(rng, frames, fps))
    drive = heard.loudness**1.3 * (0.3 + 0.7 * heard.voicing)
    opening = _smooth(drive * (0.45 + 0.75 * heard.vowel) * own[:, 0]) * gain
    opening = 1.3 * np.tanh(opening / 1.3)
    spread = _smooth((0.7 * own[:, 1] + 0.6 * heard.bright) * np.minimum(1, 2 * drive))
    return Mouth(_later(opening, lag), _later(np.clip(spread, -1, 1), lag), heard.loudness)


def _articulation(rng: np.random.Generator, frames: int, fps: float) -> Curve:
    """Two columns: height of the opening (about 1, less in brief closures), and spread."""
    noise = wander(rng, frames, 2, 2.6, fps)
    height = 1 + 0.27 * np.clip(noise[:, 0], -1.6, 1.6)
    for at in np.flatnonzero(rng.random(frames) < 1.1 / fps):
        height[at : at + 2] *= 0.2  # a b, p or m of its own: what follows the envelope alone never closes
    return np.stack([height, np.clip(0.6 * noise[:, 1], -1, 1)], axis=1).astype(np.float32)


def _smooth(curve: Curve) -> Curve:
    kernel = np.array([0.2, 0.6, 0.2], np.float32)
    return np.convolve(np.pad(curve, 1, mode="edge"), kernel, mode="valid").astype(np.float32)


def _later(curve: Curve, frames: int) -> Curve:
    return np.concatenate([np.zeros(frames, np.float32), curve])[: len(curve)] if frames else curve
