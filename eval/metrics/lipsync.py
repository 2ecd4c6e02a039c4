"""The ``lipsync/*`` figures of SyncNet, from its points of lips and sound to values, curves and windows.

Offset, confidence and distance are those of :mod:`eval.metrics.syncnet` over every window that a face covers. They are
*SyncNet-compatible*, not LSE: another face detector cuts the crops. Beside them stand what tells how far to trust them:

* the control gap: confidence minus its mean under the clip's own sound, turned in a circle by several lengths. A
  network that rewards lively mouths rewards them under foreign speech too; only the rest is lip-sync.
* the sensitivity to the crop: how much 10 % more or less of crop moves the confidence of the same windows.
* coverage: SyncNet's windows with a face ÷ those of the speech.

One of InfiniteTalk's windows is scored at the clip's offset: median over the shifts of its own mean distances, minus
that at the clip's shift. Its own best shift is only believed where it beats every control in that window.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from eval.cropgeometry import ASSUMED
from eval.lipclock import LipClock
from eval.lippool import on_one_core
from eval.metrics.syncnet import VSHIFT, SyncScores, distances, scores_of
from eval.series import Bools, Floats
from eval.value import Value, absent, number

if TYPE_CHECKING:
    from eval.syncwatch import CropProbe, SyncWatch

Points = npt.NDArray[np.float32]

NAMES = tuple(
    f"lipsync/{name}"
    for name in ("offset", "confidence", "distance", "confidence_min", "control_gap", "crop_sensitivity", "coverage")
)
FRAMEWISE = "lipsync/framewise"
LEAST = 25  # windows, one second, below which no figure is given
BIASED = 100  # windows below which the zeros beyond both ends weigh: 16 % of the sum at 100
CONTROLS = 19  # turns of the sound at most: without any sync, one clip in 20 beats them all
APART = 2 * VSHIFT + 2  # frames between two turns, and from the true place: their searches must not meet
MIDDLE = 2  # a window of frames i…i+4 stands for frame i+2


@dataclass(frozen=True)
class Footage:
    """What is scored: its own frame rate, how many frames, first frames of InfiniteTalk's windows (None: not known)."""

    fps: float
    frames: int
    seams: Sequence[int] | None = None

    @property
    def starts(self) -> list[int]:
        """First frames of the windows after the first that begin before the end."""
        return [seam for seam in self.seams or () if 0 < seam < self.frames]


@dataclass(frozen=True)
class LipSync:
    """Values by metric name, curves ``[frames of the video]``, and series ``[windows of InfiniteTalk]``."""

    values: dict[str, Value]
    curves: dict[str, Floats] = field(default_factory=dict)
    per_window: dict[str, Floats] = field(default_factory=dict)


def missing(reason: str) -> LipSync:
    """Every figure absent for one reason."""
    return LipSync(dict.fromkeys(NAMES, absent(reason)))


def judge(watch: "SyncWatch", video: Footage, min_coverage: float) -> LipSync:
    """Score what ``watch`` collected of a video and its speech, whose first sample is heard with the first frame."""
    (lips, known), spoken = watch.lips(), watch.spoken
    if spoken < LEAST:
        return missing(f"the speech is too short: {LEAST} windows of 0.2 s are needed, it has {spoken}")
    coverage = float(known[:spoken].sum()) / spoken
    share = number(coverage)
    if coverage == 0:
        return _only(share, "no face" if not watch.with_face else "no face stays for half a second")
    if coverage < min_coverage:
        return _only(share, f"face in {coverage:.0%} of the speech, {min_coverage:.0%} are needed")
    if known[:spoken].sum() < LEAST:
        return _only(share, f"too short: {LEAST} windows of 0.2 s are needed, there are {known[:spoken].sum()}")
    sounds, flags = watch.sounds(), _flags(watch, int(known[:spoken].sum()))
    assumed = ("crop assumed, not fitted",) if watch.geometry == ASSUMED else ()
    scored = on_one_core(lambda: figures(lips, known, sounds, video, flags))
    crop = on_one_core(lambda: sensitivity(lips, sounds, watch.probe, assumed))
    return replace(scored, values=scored.values | {NAMES[5]: crop, NAMES[6]: share})


def figures(lips: Points, known: Bools, sounds: Points, video: Footage, flags: tuple[str, ...] = ()) -> LipSync:
    """All but coverage and crop, from points ``[n, 1024]`` and ``[m, 1024]``; ``known [n]``: which lips are there."""
    found = distances(lips, sounds)
    known = known[: len(found)]
    turned = [distances(lips, sounds, shift=shift) for shift in turns(len(found))]
    whole = scores_of(found[known])
    controls = [scores_of(rows[known]).confidence for rows in turned]
    beaten = not controls or whole.confidence > max(controls)
    flags = (*flags, *(() if beaten else ("no evidence: turned sound fits as well",)))
    edge = ("at the edge of the search",) if abs(whole.offset) == VSHIFT else ()
    windows = of_windows(found, known, turned, whole, video)
    values = {
        "lipsync/offset": number(whole.offset, (*edge, *flags)),
        "lipsync/confidence": number(whole.confidence, ("SyncNet-compatible", *flags)),
        "lipsync/distance": number(whole.min_distance, ("SyncNet-compatible", *flags)),
        "lipsync/confidence_min": _worst(windows["lipsync/confidence"], video, flags),
        "lipsync/control_gap": _gap(whole.confidence, controls, len(found), flags),
    }
    return LipSync(values, {FRAMEWISE: framewise(whole, known, video)}, windows)


def turns(count: int) -> list[int]:
    """By how many windows the sound of ``count`` windows is turned for the controls: evenly, at least 32 apart.

    >>> turns(63), turns(100), len(turns(371)), len(turns(7495))
    ([], [33, 67], 10, 19)
    """
    parts = min(CONTROLS + 1, count // APART)
    return [round(count * part / parts) for part in range(1, parts)]


def places(count: int, video: Footage) -> npt.NDArray[np.int64]:
    """In which window of InfiniteTalk the middle of each of SyncNet's ``count`` windows lies, ``[count]``.

    Where no windows are known, all lie in one.
    """
    clock = LipClock(video.fps)
    shown = np.array([clock.source(i + MIDDLE) for i in range(count)], dtype=np.int64)
    return np.asarray(np.searchsorted(video.starts, shown, side="right"), np.int64)


def of_windows(
    found: Points, known: Bools, turned: Sequence[Points], whole: SyncScores, video: Footage
) -> dict[str, Floats]:
    """Confidence, distance and offset in each of InfiniteTalk's windows; NaN below 25 of SyncNet's."""
    place, count = places(len(found), video), len(video.starts) + 1
    names = ("lipsync/confidence", "lipsync/distance", "lipsync/offset")
    series = {name: np.full(count, np.nan) for name in names}
    best = VSHIFT - whole.offset
    for window in range(count):
        rows = known & (place == window)
        if rows.sum() < LEAST:
            continue
        own = scores_of(found[rows])
        means = own.mean_distances
        series["lipsync/confidence"][window] = np.median(means) - means[best]
        series["lipsync/distance"][window] = means[best]
        if turned and own.confidence > max(scores_of(other[rows]).confidence for other in turned):
            series["lipsync/offset"][window] = own.offset
    return series


def framewise(whole: SyncScores, known: Bools, video: Footage) -> Floats:
    """SyncNet's frame-wise confidence at the video's own frames, ``[frames]``; NaN where there is none."""
    windows = np.full(known.size, np.nan)
    windows[known] = whole.framewise_confidence
    clock = LipClock(video.fps)
    at = np.array([clock.nearest(index) - MIDDLE for index in range(video.frames)], dtype=np.int64)
    inside = (at >= 0) & (at < known.size)
    curve = np.full(video.frames, np.nan)
    curve[inside] = windows[at[inside]]
    return curve


def sensitivity(lips: Points, sounds: Points, probe: "CropProbe", flags: tuple[str, ...] = ()) -> Value:
    """Largest change of confidence over the probe's windows when their crop is 10 % smaller or larger."""
    count = min(len(lips), len(sounds))
    rows = [row for row in probe.windows if row < count]
    if len(rows) < LEAST:
        return absent("too short: 33 frames in a row with a face are needed")
    reach = min(max(rows) + 1 + VSHIFT, count)  # the sound of later windows is not heard by these

    def confidence(points: Points) -> float:
        other = np.zeros((reach, lips.shape[1]), np.float32)
        other[rows] = points
        return scores_of(distances(other, sounds[:reach])[rows]).confidence

    right = confidence(lips[rows])
    changes = [abs(confidence(np.concatenate(parts)[: len(rows)]) - right) for parts in probe.points]
    return number(max(changes), (f"on {len(rows)} windows", *flags))


def _worst(confidence: Floats, video: Footage, flags: tuple[str, ...]) -> Value:
    there = confidence[np.isfinite(confidence)]
    if not there.size:
        return absent(f"no window holds {LEAST} of SyncNet's")
    return number(float(there.min()), (*flags, *(("windows not known",) if video.seams is None else ())))


def _gap(confidence: float, controls: Sequence[float], count: int, flags: tuple[str, ...]) -> Value:
    if not controls:
        return absent(f"too short to turn the sound: {count} windows, {2 * APART} are needed")
    return number(confidence - float(np.mean(controls)), flags)


def _only(coverage: Value, reason: str) -> LipSync:
    return LipSync(missing(reason).values | {"lipsync/coverage": coverage})


def _flags(watch: "SyncWatch", windows: int) -> tuple[str, ...]:
    said = [f"short ({windows} windows): padding biases"] if windows < BIASED else []
    return (*said, *(["bfloat16"] if watch.dtype == "bfloat16" else []))
