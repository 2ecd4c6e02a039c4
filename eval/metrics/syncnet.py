"""SyncNet's figures of lip-sync, to the letter of joonson/syncnet_python.

The network gives a point for the picture and one for the sound of each window of 5 frames. Their distances under
−15…+15 frames of shift, averaged over the clip, have their minimum where picture and sound fit best:

    m_k = mean_i ‖ lips_i − sounds_{i+k−15} + 10⁻⁶ ‖₂    (no sound: zeros)
    min distance = min m_k     offset = 15 − argmin m_k     confidence = median(m_k) − min m_k

Offset is in frames of 25 a second; positive: the sound comes first. Source: Chung and Zisserman (2016) and their
implementation. Min distance and confidence are what others call LSE-D and LSE-C. Torch is imported when called.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from workflow.errors import HarnessError

if TYPE_CHECKING:
    import torch

    from eval.nets.folded import Folded
    from eval.nets.syncnet import SyncNet

VSHIFT = 15  # frames searched to each side
SMOOTHED = 9  # windows of the median filter over frame-wise confidence
ROWS = 8  # windows whose differences are held at a time: 1 MB, which stays in a processor's cache

Floats = npt.NDArray[np.float64]
Points = npt.NDArray[np.float32]


class TooShortError(HarnessError, ValueError):
    """Fewer frames or samples than one window of SyncNet."""

    code: ClassVar[str] = "syncnet-too-short"


@dataclass(frozen=True, eq=False)
class SyncScores:
    """What SyncNet says of one clip."""

    offset: int
    """Frames of 40 ms by which the sound leads."""
    min_distance: float
    """Mean distance at the best shift; lower is better."""
    confidence: float
    """Median over the shifts minus the minimum; higher is better."""
    mean_distances: Floats
    """m_k, one for each of the 31 shifts: index k is an offset of 15 − k."""
    framewise_confidence: Floats
    """For each window: median of ``mean_distances`` minus its own distance at the best shift, median filter of 9."""
    windows: int
    """How many windows were scored: min(frames, ⌊samples / 640⌋) − 5."""


def sync_scores(
    frames: npt.NDArray[np.uint8],
    audio: npt.NDArray[np.int16],
    model: "SyncNet | Folded",
    *,
    dtype: "str | torch.dtype" = "float32",
    batch: int | None = None,
) -> SyncScores:
    """Score a clip: face crops ``[T, 224, 224, 3]`` uint8 BGR at 25 fps, sound int16 mono ``[S]`` at 16 kHz.

    ``model`` is a :class:`~eval.nets.syncnet.SyncNet` on the device that shall compute, or what
    :func:`~eval.nets.folded.fold` made of one (then ``dtype`` is its own). ``batch`` windows go at a time; None: as
    many as suit the device. Frames or sound beyond the shorter of both do not count. TooShortError below 6 frames.

    float32 agrees with the reference to 1e-4, mostly 1e-6 (confidence under a thousandth of the distance: to a few
    units of the distance's last place). bfloat16 takes about half the time where the processor or card knows it. It
    was off by 0.2 % in min distance (at most 0.5 %), 0.5 % in confidence (1 %) and 2.5 % of the largest value in
    frame-wise confidence, offset the same: 60 windows of a real talker, 8 sets of random weights with batch-norm
    fitted to it (``tests/benchmarks/bench_syncnet.py --errors 8 --frames 65``). On trained weights it is not known.
    """
    from eval.nets.embed import SAMPLES, check_audio, check_frames, lip_embeddings, sound_embeddings
    from eval.nets.folded import Folded, fold

    frames, audio = np.asarray(frames), np.asarray(audio)
    check_frames(frames)
    check_audio(audio)
    common = min(len(frames), audio.size // SAMPLES)
    if common < 6:
        raise TooShortError(
            f"SyncNet needs 6 frames and 3840 samples, got {len(frames)} frames and {audio.size} samples",
            hint="give it a quarter of a second of picture and sound, better four",
        )
    folded = model if isinstance(model, Folded) else fold(model, dtype)
    lips = lip_embeddings(folded, frames[:common], batch=batch)
    return scores_from(lips, sound_embeddings(folded, audio[: common * SAMPLES], batch=batch))


def scores_from(lips: Points, sounds: Points, *, vshift: int = VSHIFT, shift: int = 0) -> SyncScores:
    """Scores of points ``[n, 1024]`` of pictures and ``[m, 1024]`` of sound, first min(n, m) windows of each."""
    return scores_of(distances(lips, sounds, vshift=vshift, shift=shift))


def distances(lips: Points, sounds: Points, *, vshift: int = VSHIFT, shift: int = 0) -> Points:
    """``[n, 2·vshift + 1]``: distance of window i's picture from the sound of window i + k − vshift (zeros outside).

    ``shift`` turns the sound by so many windows in a circle before, as a control: foreign speech of the same voice.
    Some rows of the result, given to :func:`scores_of`, score that part of the clip with its true neighbours in sound.
    """
    import torch
    import torch.nn.functional as F  # noqa: N812  # the name it has everywhere

    lips, sounds = _points("lips", lips), _points("sounds", sounds)
    if vshift < 0:
        raise ValueError(f"vshift must be at least 0, got {vshift}")
    if lips.shape[1] != sounds.shape[1]:
        raise ValueError(f"lips and sounds must be equally wide, got {lips.shape[1]} and {sounds.shape[1]}")
    count, shifts = min(len(lips), len(sounds)), 2 * vshift + 1
    found = torch.empty(count, shifts)
    for start in range(0, count, ROWS):
        rows = torch.from_numpy(lips[start : min(start + ROWS, count)].copy())
        heard = torch.from_numpy(_heard(sounds, np.arange(start - vshift, start + len(rows) + vshift), count, shift))
        found[start : start + len(rows)] = F.pairwise_distance(rows[:, None], heard.unfold(0, shifts, 1).mT)
    return np.asarray(found.numpy())


def _heard(sounds: Points, places: npt.NDArray[np.int64], count: int, shift: int) -> Points:
    """The sound at these windows after turning the first ``count`` in a circle; zeros outside of them."""
    heard = np.zeros((len(places), sounds.shape[1]), np.float32)
    inside = (places >= 0) & (places < count)
    heard[inside] = sounds[(places[inside] - shift) % count]
    return heard


def scores_of(found: Points) -> SyncScores:
    """Scores of a matrix of :func:`distances`, or of some of its rows.

    In float32 and torch's order of summation, as the reference: where confidence is a small difference of large
    distances, its last digits are rounding, and these are the same.
    """
    import torch

    if found.ndim != 2 or found.shape[1] % 2 == 0:
        raise ValueError(f"distances must be [windows, odd number of shifts], got {list(found.shape)}")
    if len(found) == 0:
        raise TooShortError("no window to score: SyncNet needs 6 frames of picture and of sound")
    means = torch.from_numpy(np.ascontiguousarray(found.T, dtype=np.float32)).mean(1)
    least, place = torch.min(means, 0)
    median, best = torch.median(means), int(place)
    return SyncScores(
        offset=found.shape[1] // 2 - best,
        min_distance=float(least),
        confidence=float(median - least),
        mean_distances=means.numpy().astype(np.float64),
        framewise_confidence=_median_filter(median.numpy() - found[:, best]),
        windows=len(found),
    )


def _median_filter(values: Points) -> Floats:
    """As scipy.signal.medfilt, which warns about short clips: zeros beyond the ends."""
    reach = SMOOTHED // 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, reach), SMOOTHED)
    return np.asarray(np.median(windows, axis=1), dtype=np.float64)


def _points(name: str, points: npt.NDArray[Any]) -> Points:
    if points.ndim != 2 or points.dtype != np.float32:
        raise ValueError(f"{name} must be float32 [windows, numbers], got {points.dtype} {list(points.shape)}")
    return points
