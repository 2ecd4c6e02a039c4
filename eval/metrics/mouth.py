"""How far the mouth opens: the lips' parting by optical flow, in per cent of the face's width.

The parting is the downward path of lower lip and chin against the upper lip, summed from frame to frame and let
leak away within a second, so that flow errors do not add up. It needs no threshold on darkness, so light, beards and
teeth do not scale it. Zero is the running mean; "closed" is its 5th percentile.
"""

import numpy as np

from eval.series import Bools, Floats, known
from eval.value import Value, absent, number

LEAK_S = 1.0
CLOSED = 5  # percentile
QUIET = 0.15  # of a loud envelope (95th percentile); the envelope is a square root, so −33 dB
PAUSE_S = 0.12  # shorter gaps are closures inside words
LEAST_QUIET = 8  # frames
NAMES = ("mouth/aperture_p95", "mouth/aperture_sd", "mouth/aperture_silence", "mouth/envelope_slope")


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


def values(opened: Floats, envelope: Floats | None, no_speech: str, fps: float, lead: int = 0) -> dict[str, Value]:
    """The mouth figures from :func:`aperture` and the raw speech envelope (None: ``no_speech`` says why)."""
    there = known(opened)
    if there.size < LEAST_QUIET:
        return dict.fromkeys(NAMES, absent("no face"))
    out = {NAMES[0]: number(float(np.percentile(there, 95))), NAMES[1]: number(float(there.std()))}
    if envelope is None:
        return out | dict.fromkeys(NAMES[2:], absent(no_speech))
    still = opened[quiet(envelope, fps) & np.isfinite(opened)]
    slope = slope_on(envelope, opened, lead)
    out[NAMES[2]] = number(float(still.mean())) if still.size >= LEAST_QUIET else absent("no pause in the speech")
    out[NAMES[3]] = number(slope) if slope is not None else absent("the speech envelope does not move")
    return out
