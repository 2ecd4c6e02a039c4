"""What viewers see after the speech has ended and no score looks: how long it is, whether the mouth still moves."""

from collections import deque
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from eval.metrics import mouth
from eval.metrics.mouthwatch import MouthWatch
from eval.series import Floats, known
from eval.value import Value, absent, number
from eval.view import Image, View

NAMES = ("tail/seconds", "tail/mouth", "tail/face_change")
LONGEST_S = 10.0
"""Seconds of tail that are decoded; a render has at most 2.8."""

END = 5  # frames whose mean face stands for an end of the tail: noise and one syllable weigh less
SIDE, RIM = 128, 16  # pixels at which faces are compared, and of their rim, which another box cuts elsewhere
STEPS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 60, 1e-5)
LEAST = 5  # frames of tail below which its mouth is not judged

Luma = npt.NDArray[np.float32]


class TailWatch:
    """Keeps the last views of the speech and, from the tail, the lips' parting and the last faces."""

    wants_tail = True

    def __init__(self) -> None:
        self._before: deque[View] = deque(maxlen=END)
        self._after: deque[Image] = deque(maxlen=END)
        self._mouth: MouthWatch | None = None
        self.speech_end: Luma | None = None

    def update(self, view: View) -> None:
        """Take one frame, of the speech or of the tail."""
        if not view.tail:
            self._before.append(view)
            return
        if self._mouth is None:
            self._mouth = MouthWatch()
            if self._before:
                self._mouth.update(self._before[-1])  # the first frame of the tail has a neighbour
            self.speech_end = _mean([one.face for one in self._before if one.face is not None])
            self._before.clear()
        self._mouth.update(view)
        if view.face is not None:
            self._after.append(view.face)

    @property
    def end(self) -> Luma | None:
        """Mean of the last faces of the tail, luma ``[256, 256]``; None: none was seen."""
        return _mean(list(self._after))

    def opened(self, fps: float, frames: int) -> tuple[Floats, str]:
        """The lips' parting in the ``frames`` of the tail, in % of the face's width, NaN without a face; and the way
        it was measured."""
        if self._mouth is None or frames == 0:
            return np.zeros(0), ""
        opened, way = mouth.opened(self._mouth.series, fps)
        return opened[-frames:], way


def _mean(faces: list[Image]) -> Luma | None:
    return np.mean(np.stack(faces), axis=0, dtype=np.float32) if faces else None


def values(watch: TailWatch, frames: int, fps: float, no_speech: str | None, longer: float | None) -> dict[str, Value]:
    """The three figures of a tail of ``frames`` that were looked at.

    ``no_speech`` says why nothing is known to end. ``longer``: the seconds of tail by the file's own word, where only
    its beginning was looked at (0: it does not tell).
    """
    if no_speech is not None:
        return dict.fromkeys(NAMES, absent(no_speech))
    if frames == 0:
        return {NAMES[0]: number(0.0), **dict.fromkeys(NAMES[1:], absent("the video ends with the speech"))}
    flags = () if longer is None else (f"only its first {frames / fps:.1f} s were looked at",)
    seconds = frames / fps if longer is None else max(longer, frames / fps)
    return {
        NAMES[0]: number(seconds, flags),
        NAMES[1]: _mouth(*watch.opened(fps, frames), flags),
        NAMES[2]: _change(watch, flags),
    }


def _mouth(opened: Floats, way: str, flags: tuple[str, ...]) -> Value:
    there = known(opened)
    if there.size >= LEAST:
        return number(float(there.std()), (way, *flags))
    if opened.size < LEAST:
        return absent(f"the tail has {opened.size} frames, {LEAST} are needed")
    return absent("no face in the tail")


def _change(watch: TailWatch, flags: tuple[str, ...]) -> Value:
    """Mean absolute change of luma over the face."""
    if watch.speech_end is None:
        return absent("no face at the end of the speech")
    if watch.end is None:
        return absent("no face in the tail")
    return number(change(watch.speech_end, watch.end), flags)


def change(before: Luma, after: Luma) -> float:
    """Mean absolute difference of two square faces in luma levels, the second one laid on the first.

    Boxes of one still face differ by some per cent, which at edges is a change of several levels: the affine map that
    correlates best (ECC, Evangelidis and Psarakis, 2008; brightness does not matter to it) is undone first. Where
    none is found, the faces are too different to be laid on each other, and are compared as they are.
    """
    one, other = (cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for face in (before, after))
    still: Any = np.eye(2, 3, dtype=np.float32)
    aligned: Any = cv2.findTransformECC  # its mask may be None, which the stubs do not know
    try:
        _, warp = aligned(one, other, still, cv2.MOTION_AFFINE, STEPS, None, 5)
    except cv2.error:
        warp = still
    laid = cv2.warpAffine(
        other, warp, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return float(np.abs(np.asarray(laid) - np.asarray(one))[RIM:-RIM, RIM:-RIM].mean())
