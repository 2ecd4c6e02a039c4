"""The puppet: animates one picture by one speech on the CPU. It knows no model; it imitates the shape of an answer."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from runner.standin.eyes import Lids, blinks
from runner.standin.head import HeadWarp, head_motion
from runner.standin.lips import Lips
from runner.standin.look import Colours, treated
from runner.standin.mechanisms import Knobs, mechanics
from runner.standin.speech import mouth
from workflow.media.arrays import Picture
from workflow.media.facebox import Box, detect
from workflow.windows import Windows

HOLD = 5  # frames for which the colours stand still


@dataclass(frozen=True)
class Take:
    """One performance: the reference frame at the video's size, the speech (``[n]`` float32 at 16 kHz), and how."""

    picture: Picture
    speech: npt.NDArray[np.float32]
    windows: Windows
    seed: int
    knobs: Knobs
    fps: float = 25.0


def perform(take: Take) -> Iterator[Picture]:
    """Yield ``take.windows.frames`` frames, ``[height, width, 3]`` BGR uint8; equal takes give equal pixels.

    Without a frontal face in the picture nothing speaks: only the colours move.
    """
    cv2.setNumThreads(2)
    how, windows, fps = mechanics(take.knobs), take.windows, take.fps
    seed = _own_seed(take)
    height, width = take.picture.shape[:2]
    face = find_face(take.picture)
    colours = Colours(treated(take.picture, how, face, seed), how, face, windows.frames / fps)
    if face is None:
        for index in range(windows.frames):
            yield colours.at(index // HOLD * HOLD / fps)
        return
    said = mouth(take.speech, windows, fps, seed, gain=how.mouth_gain, lag=how.mouth_lag)
    moves = head_motion(windows, fps, seed, how, said.loudness)
    closed = blinks(windows, fps, seed)
    lips, lids, warp = Lips(face, take.picture), Lids(face, width, height), HeadWarp(face, width, height)
    ground = colours.at(0)
    for index in range(windows.frames):
        if index % HOLD == 0:
            ground = colours.at(index / fps)
        frame = ground.copy()
        lids.draw(frame, float(closed[index]))
        lips.draw(frame, float(said.opening[index]), float(said.spread[index]))
        region = warp.region.cut(frame)
        region[:] = warp.apply(region, moves[index])
        yield frame


def _own_seed(take: Take) -> int:
    """The seed, and which speech it is (whatever its loudness): two clips of one seed do not nod alike."""
    words = np.packbits(take.speech > 0).tobytes()
    return int.from_bytes(hashlib.sha256(words + str(take.seed).encode()).digest()[:8], "big")


def find_face(picture: Picture) -> Box | None:
    """The largest frontal face, or None."""
    faces = detect(picture)
    return faces[0] if faces else None
