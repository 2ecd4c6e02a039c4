"""Changes that no metric should answer to: what it answers all the same is its repeat noise."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from eval.calibrate import picture, sounds, timeline
from eval.calibrate.distortion import BASE_CRF
from eval.calibrate.scene import Scene
from eval.calibrate.sounds import Speech
from eval.calibrate.timeline import Frames
from workflow.media.arrays import Picture, Samples

EDGE = 2  # pixels cut away on each side: even, as 4:2:0 needs


@dataclass(frozen=True)
class Harmless:
    """A change of the same content. ``picture`` is done to the frames, to the reference too where ``both``."""

    name: str
    summary: str
    picture: Callable[[Picture], Picture] | None = None
    both: bool = False
    frames: Callable[[Scene], Frames] | None = None
    sound: Callable[[Speech], Samples] | None = None
    crf: int = BASE_CRF
    preset: str = "ultrafast"


def _mirrored(frame: Picture) -> Picture:
    return np.ascontiguousarray(cv2.flip(frame, 1), np.uint8)


def _cropped(frame: Picture) -> Picture:
    return np.ascontiguousarray(frame[EDGE:-EDGE, EDGE:-EDGE])


def _later(speech: Speech) -> Samples:
    return speech.cut(sounds.FRAME)


_ROWS = [
    Harmless("crf18_fast", "encoded at CRF 18, preset veryfast", crf=18, preset="veryfast"),
    Harmless("crf18_medium", "encoded at CRF 18, preset medium", crf=18, preset="medium"),
    Harmless("right", "moved right by a pixel", lambda frame: picture.moved(frame, 1, 0)),
    Harmless("down", "moved down by a pixel", lambda frame: picture.moved(frame, 0, 1)),
    Harmless("crop", f"{EDGE} pixels cut off on each side", _cropped, both=True),
    Harmless("mirror", "left and right exchanged", _mirrored, both=True),
    Harmless("later", "cut a frame later", frames=lambda scene: timeline.later(scene, 1), sound=_later),
    Harmless("quieter", "speech 6 dB lower", sound=lambda speech: sounds.quieter(speech, 6)),
]

HARMLESS: dict[str, Harmless] = {row.name: row for row in _ROWS}
"""Every harmless change by name."""

QUICK = ("crf18_fast", "right", "mirror", "later")
"""Those of a quick calibration."""
