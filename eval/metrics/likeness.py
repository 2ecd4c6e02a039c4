"""Does the face stay that of the reference? LPIPS for its look (pose and light move it too), SFace for whose it is.

Means over the measured frames, and the Theil–Sen slope: a face that drifts away grows in LPIPS and falls in cosine.
"""

import numpy as np

from eval.series import Floats, known
from eval.trend import doubts, slope_per_minute
from eval.value import Value, absent, number

LPIPS = ("likeness/lpips", "likeness/lpips_slope")
FACE = ("likeness/face", "likeness/face_p05", "likeness/face_slope")
MODEL = "SFace (Apache-2.0)"
BY_LANDMARKS, BY_BOX = "aligned by landmarks", "aligned by face box"


def missing(unavailable: str | None, reference: bool, faced: bool) -> Value:
    """Why nothing was compared: the network, the reference or its face is not there."""
    if unavailable is not None:
        return absent(unavailable)
    if not reference:
        return absent("no reference (--reference)")
    return absent("not computed" if faced else "no face in the reference")


def lpips(distance: Floats, fps: float) -> dict[str, Value]:
    """Mean and slope per minute of LPIPS to the reference, ``[frames]`` with NaN where it was not measured."""
    there = known(distance)
    if not there.size:
        return dict.fromkeys(LPIPS, absent("no face"))
    return {LPIPS[0]: number(float(there.mean())), LPIPS[1]: _slope(distance, fps, ())}


def face(cosine: Floats, fps: float, by_landmarks: bool) -> dict[str, Value]:
    """Mean, 5th percentile and slope per minute of the cosine to the reference's face, ``[frames]`` likewise."""
    there = known(cosine)
    if not there.size:
        return dict.fromkeys(FACE, absent("no landmarks in the video" if by_landmarks else "no face"))
    flags = (MODEL, BY_LANDMARKS if by_landmarks else BY_BOX)
    return {
        FACE[0]: number(float(there.mean()), flags),
        FACE[1]: number(float(np.percentile(there, 5)), flags),
        FACE[2]: _slope(cosine, fps, flags),
    }


def _slope(curve: Floats, fps: float, flags: tuple[str, ...]) -> Value:
    slope = slope_per_minute(curve, fps)
    return absent("too short for a slope") if slope is None else number(slope, (*doubts(curve, fps), *flags))
