"""Known changes of the speech: shifted, foreign, louder. Samples are int16 mono at 16 kHz."""

from dataclasses import dataclass

import numpy as np

from eval.metrics.envelope import FRAME_S, RATE
from workflow.media.arrays import Samples

FRAME = round(FRAME_S * RATE)  # samples of one frame of 40 ms
FOREIGN = 4  # draws of foreign speech
FADE = RATE // 100  # samples over which one speech goes over into another


@dataclass(frozen=True)
class Speech:
    """``samples`` of the clip and its surroundings: the clip's own start at ``margin`` and are ``length`` long."""

    samples: Samples
    margin: int
    length: int

    def cut(self, start: int = 0) -> Samples:
        """``length`` samples from ``start`` of the clip on (negative: before it); silence where nothing is known."""
        out = np.zeros(self.length, np.int16)
        first = self.margin + start
        known = self.samples[max(first, 0) : max(first + self.length, 0)]
        out[max(-first, 0) : max(-first, 0) + known.size] = known
        return out


def shifted(speech: Speech, frames: float, _: int = 0) -> Samples:
    """Speech that comes ``frames`` of 40 ms before the lips (negative: after them)."""
    return speech.cut(round(frames * FRAME))


def foreign(speech: Speech, percent: float, draw: int = 0) -> Samples:
    """The last ``percent`` of the speech replaced by the same speech backwards: equal in all but its time.

    Another ``draw`` begins at another quarter of it: whether foreign speech happens to suit the lips is chance.
    """
    own = speech.cut()
    if percent <= 0:
        return own
    other = np.roll(own[::-1], draw * own.size // FOREIGN)
    start = round(own.size * (1 - percent / 100))
    share = np.clip((np.arange(own.size) - start) / FADE, 0, 1)
    return np.asarray(np.rint(own * (1 - share) + other * share), np.int16)


def quieter(speech: Speech, decibel: float) -> Samples:
    """The speech ``decibel`` lower."""
    return np.asarray(np.rint(speech.cut() * 10 ** (-decibel / 20)), np.int16)
