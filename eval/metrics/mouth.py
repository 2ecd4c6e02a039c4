"""How far the mouth opens, in per cent of the face's width: by landmarks where there are any, else by its geometry.

By landmarks: the gap between the inner lips. By geometry, the *parting*: the downward path of the chin against the
upper lip by optical flow, summed from frame to frame and let leak away within a second, so that flow errors do not add
up; zero is its 5th percentile. It needs no threshold on darkness, so light, beards and teeth do not scale it, but it
follows the jaw, not the lips. On 10 real talkers the two correlate by 0.70 (0.45 … 0.88; at 2–7 Hz 0.83, 0.62 … 0.95),
and the 95th percentile of the parting is 0.75 of the gap's swing, 0.5 … 1.5 from face to face: compare figures of one
way, and of one face.
"""

from collections.abc import Mapping

import numpy as np

from eval.series import Bools, Floats, Series, known
from eval.value import Value, absent, number

LEAK_S = 1.0
CLOSED = 5  # percentile
QUIET = 0.15  # of a loud envelope (95th percentile); the envelope is a square root, so −33 dB
PAUSE_S = 0.12  # shorter gaps are closures inside words
LEAST_QUIET = 8  # frames
LEAST_REAL = 0.1  # % of the face's width: below, footage is no norm
NAMES = ("mouth/aperture_p95", "mouth/aperture_sd", "mouth/aperture_silence", "mouth/envelope_slope")
REAL = ("mouth/aperture_p95_real", "mouth/aperture_sd_real")
BY_LANDMARKS, BY_GEOMETRY = "by landmarks", "by face geometry"
NORM = "mouth/by_landmarks"
"""In the figures of a user's footage: 1 where they were measured by landmarks."""

MOST = 0.5  # share of the faces in which landmarks must be found


def opened(series: Series, fps: float) -> tuple[Floats, str]:
    """(aperture ``[frames]`` in % of the face's width, NaN where it was not seen; the way it was measured)."""
    gap, parted = series["gap"], series["parted"]
    if known(gap).size and known(gap).size >= MOST * known(parted).size:
        return gap, BY_LANDMARKS
    return aperture(parted, fps), BY_GEOMETRY


def aperture(parted: Floats, fps: float) -> Floats:
    """Parting above the closed mouth in % of the face's width, ``[frames]``, NaN where no face was."""
    keep = float(np.exp(-1.0 / (LEAK_S * fps)))
    path = np.empty(parted.size)
    level = 0.0
    for i, step in enumerate(np.nan_to_num(parted).tolist()):
        level = level * keep + step
        path[i] = level
    path = np.where(np.isfinite(parted), path * 100.0, np.nan)
    there = known(path)
    return path - np.percentile(there, CLOSED) if there.size else path


def quiet(envelope: Floats, fps: float) -> Bools:
    """Frames ``[n]`` inside pauses: the envelope stays below 15 % of loud for at least 0.12 s."""
    loud = float(np.percentile(envelope, 95)) if envelope.size else 0.0
    low = envelope < QUIET * loud
    edges = np.flatnonzero(np.diff(np.concatenate([[0], low.astype(np.int8), [0]])))
    out = np.zeros(envelope.size, dtype=np.bool_)
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start >= PAUSE_S * fps:
            out[start:stop] = True
    return out


def slope_on(envelope: Floats, opened: Floats, lead: int) -> float | None:
    """Least-squares slope of the aperture on the envelope (1 = its 95th percentile), ``lead`` frames earlier."""
    loud = float(np.percentile(envelope, 95)) if envelope.size else 0.0
    if loud <= 0:
        return None
    shifted = np.roll(envelope / loud, lead)
    inside = np.ones(envelope.size, dtype=np.bool_)
    if lead > 0:
        inside[:lead] = False
    elif lead < 0:
        inside[lead:] = False
    use = inside & np.isfinite(opened)
    if use.sum() < LEAST_QUIET or float(shifted[use].std()) < 1e-6:
        return None
    return float(np.cov(shifted[use], opened[use])[0, 1] / shifted[use].var(ddof=1))


def values(
    opened: Floats, envelope: Floats | None, no_speech: str, fps: float, lead: int = 0, flags: tuple[str, ...] = ()
) -> dict[str, Value]:
    """The mouth figures from the aperture and the raw speech envelope (None: ``no_speech`` says why)."""
    there = known(opened)
    if there.size < LEAST_QUIET:
        return dict.fromkeys(NAMES, absent("no face"))
    out = {NAMES[0]: number(float(np.percentile(there, 95)), flags), NAMES[1]: number(float(there.std()), flags)}
    if envelope is None:
        return out | dict.fromkeys(NAMES[2:], absent(no_speech))
    still = opened[quiet(envelope, fps) & np.isfinite(opened)]
    slope = slope_on(envelope, opened, lead)
    enough = still.size >= LEAST_QUIET
    out[NAMES[2]] = number(float(still.mean()), flags) if enough else absent("no pause in the speech")
    out[NAMES[3]] = number(slope, flags) if slope is not None else absent("the speech envelope does not move")
    return out


def norm(values: Mapping[str, Value]) -> dict[str, float]:
    """What a user's own footage is the norm for, from its :func:`values`; empty where they are missing."""
    found = {name: value for name, value in values.items() if name in NAMES[:2] and value.value is not None}
    way = any(BY_LANDMARKS in value.flags for value in found.values())
    return {name: float(value.value or 0.0) for name, value in found.items()} | {NORM: float(way)} if found else {}


def against_real(values: Mapping[str, Value], footage: Mapping[str, float] | None) -> dict[str, Value]:
    """p95 and deviation over those of the ``footage`` (:func:`norm` of it), measured the same way."""
    if not footage:
        return dict.fromkeys(REAL, absent("no footage of your own (--footage)"))
    return {name: _ratio(values[base], footage.get(base), footage) for name, base in zip(REAL, NAMES, strict=False)}


def _ratio(value: Value, real: float | None, footage: Mapping[str, float]) -> Value:
    if value.value is None:
        return value
    if real is None or real < LEAST_REAL:
        return absent("the mouth of your footage hardly moves")
    there, here = (BY_LANDMARKS if by else BY_GEOMETRY for by in (footage.get(NORM), BY_LANDMARKS in value.flags))
    if there != here:
        return absent(f"your footage was measured {there}, this video {here}")
    return number(value.value / real, value.flags)
