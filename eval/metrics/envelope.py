"""Does the mouth move with the speech? Mouth opening against the speech envelope, with an honest *no evidence*.

Mouth opening follows the speech envelope at 2–7 Hz (Chandrasekaran et al., 2009, "The natural statistics of
audiovisual speech"). The envelope is taken from 500–2500 Hz, where open vowels have their first formants. The circular
cross-correlation of both gives a value for every shift; those within ± ``max_offset_s`` are searched for a peak, all
others are the null: speech that does not belong to this mouth.

A rank among circular shifts cannot reach p = 0.05 below 25 s when the search itself takes 1.2 s of shifts. So the null
gives the scale and the speed of wander of the correlation, and the chance of a peak over the search is that of a
stationary Gaussian process (Rice's formula for upcrossings; Davies, 1977).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.series import Floats, filled
from eval.value import Value, absent, number

RATE = 16000  # Hz of the samples
SPEECH_BAND = (500.0, 2500.0)  # Hz
SYLLABLES = (2.0, 7.0)  # Hz
EVIDENCE = 0.05
UNEVEN = 1.15  # pauses and stress make speech less even than a Gaussian process: more high peaks, as measured
SHORTEST_S = 3.0  # below this the null has too few independent shifts
SILENT = 33.0  # root mean square of int16 samples: −60 dB of full scale
FRAME_S = 0.04  # offsets are counted in frames of 25 a second, whatever the video's rate
NAMES = ("lipsync/envelope_offset", "lipsync/envelope_strength", "lipsync/envelope_p")


@dataclass(frozen=True)
class Evidence:
    """``offset_s`` is the audio's lead in seconds (positive: audio comes first), ``strength`` the peak correlation,
    ``p`` the chance of such a peak without any relation."""

    offset_s: float
    strength: float
    p: float


def speech_envelope(samples: npt.NDArray[np.int16], fps: float, frames: int) -> Floats:
    """Loudness per video frame, ``[frames]``: square root of the RMS of the 500–2500 Hz band during the frame.

    ``samples`` is int16 mono at 16 kHz; frames beyond its end are 0. Filtered second by second, in constant memory.
    """
    from scipy.signal import butter, sosfilt

    bank = butter(2, SPEECH_BAND, "bandpass", fs=RATE, output="sos")
    state: Any = np.zeros((bank.shape[0], 2))
    edges = np.minimum((np.arange(frames + 1) * (RATE / fps)).astype(np.int64), samples.size)
    energy = np.zeros(frames)
    for start in range(0, int(edges[-1]), RATE):
        piece, state = sosfilt(bank, samples[start : start + RATE].astype(np.float64), zi=state)
        inside = np.clip(edges - start, 0, piece.size)
        total = np.concatenate([[0.0], np.cumsum(piece * piece)])
        energy += np.diff(total[inside])
    rms = np.sqrt(np.maximum(energy, 0.0) / np.maximum(np.diff(edges), 1))
    return np.asarray(np.sqrt(rms), dtype=np.float64)


def is_silent(samples: npt.NDArray[np.int16]) -> bool:
    """Whether the loudest second stays below −60 dB of full scale."""
    for start in range(0, samples.size, RATE):
        piece = samples[start : start + RATE].astype(np.float64)
        if math.sqrt(float(np.mean(piece * piece))) >= SILENT:
            return False
    return True


def syllable_band(values: Floats, fps: float) -> Floats:
    """The 2–7 Hz part, zero phase, with zero mean; gaps (NaN) are bridged before and zeroed after."""
    from scipy.signal import butter, sosfiltfilt

    there = np.isfinite(values)
    bank = butter(2, SYLLABLES, "bandpass", fs=fps, output="sos")
    whole = filled(values)
    band = sosfiltfilt(bank, whole - whole.mean(), padlen=min(whole.size - 1, round(1.2 * fps)))
    return np.where(there, band, 0.0)


def opening(dark: Floats, row: Floats, low: Floats, fps: float) -> Floats:
    """Mouth opening in the syllable band from :class:`MouthWatch`'s columns: half darkness, half the chin's path.

    The lips' gap by landmarks is no better: over 30 pieces of 4.8 s of 10 real talkers, own sound came before foreign
    (the area under the curve) in 0.69 by the gap, 0.78 by the chin's landmark, 0.85 by this.
    """
    path = np.where(np.isfinite(low), np.cumsum(np.nan_to_num(low)), np.nan)
    shaded = _unit(syllable_band(dark, fps)) + _unit(syllable_band(row, fps))
    return shaded + 2.0 * _unit(syllable_band(path, fps))


def _unit(values: Floats) -> Floats:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros_like(values)


def evidence(mouth: Floats, sound: Floats, fps: float, max_offset_s: float = 0.6) -> Evidence | None:
    """Search the audio lead between two band-limited signals ``[n]`` at ``fps``; None when one of them is flat."""
    mouth, sound = _unit(mouth), _unit(sound)
    n, reach = mouth.size, round(max_offset_s * fps)
    if not mouth.any() or not sound.any() or n < 2 * reach + 3 * fps * 0.5:
        return None
    correlation = np.fft.irfft(np.conj(np.fft.rfft(sound)) * np.fft.rfft(mouth), n) / n
    searched = correlation[np.arange(-reach, reach + 1)]
    best = int(np.argmax(searched))
    null = correlation[reach + 1 : n - reach]
    p = _peak_probability(float(searched[best]), null, 2 * reach)
    return Evidence((best - reach) / fps, float(searched[best]), p)


def _peak_probability(peak: float, null: Floats, search: int) -> float:
    """P(max over ``search`` shifts ≥ ``peak``) for a Gaussian process with the null's scale and mean frequency."""
    from scipy.stats import norm
    from scipy.stats import t as student

    scale = math.sqrt(float(np.mean(null**2)))
    crossings = math.sqrt(float(np.mean(np.diff(null) ** 2))) / scale / (2 * math.pi)
    # The scale is itself estimated, from few independent values: Student's tail, not the normal one. A white null
    # has (ΣP)²/ΣP² = n/4 for its one-sided periodogram P, the correlation of two white signals n/8: four is cautious.
    power = np.abs(np.fft.rfft(null)) ** 2
    freedom = max(4.0 * float(power.sum()) ** 2 / float((power**2).sum()), 3.0)
    z = float(norm.isf(max(float(student.sf(peak / scale, freedom)), 1e-300)))
    expected = float(norm.sf(z)) + search * crossings * math.exp(-z * z / 2)
    return 1.0 - math.exp(-UNEVEN * expected)


def values(mouth: Floats, sound: Floats, fps: float, max_offset_s: float) -> dict[str, Value]:
    """The three figures from :func:`opening` and the raw :func:`speech_envelope`; the offset only with evidence."""
    if fps <= 2 * SYLLABLES[1]:
        return dict.fromkeys(NAMES, absent(f"{fps:g} frames/s are too few: 2–7 Hz needs more than 14"))
    if mouth.size < SHORTEST_S * fps:
        return dict.fromkeys(NAMES, absent(f"{mouth.size / fps:.1f} s are too short: {SHORTEST_S:g} s are needed"))
    found = evidence(mouth, syllable_band(sound, fps), fps, max_offset_s)
    if found is None:
        return dict.fromkeys(NAMES, absent("the mouth or the speech does not move"))
    offset = number(round(found.offset_s / FRAME_S, 2))
    if found.p > EVIDENCE:
        offset = absent(f"no evidence (p={found.p:.2g})")
    return dict(zip(NAMES, (offset, number(found.strength), number(found.p)), strict=True))
