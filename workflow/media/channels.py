"""Sound frame by frame: one channel kept at the wished rate, and what all of them are like."""

from typing import Any

import av
import numpy as np
import numpy.typing as npt

from workflow.media.arrays import Samples

FULL = 0.992
"""From here on a sample counts as full scale: 127 of 128 in 8-bit sound."""

SILENT = 1e-3
"""−60 dB: a channel whose loudest second stays below is silent."""

DIFFERENT = 0.2
"""Share of a channel's loudness over time that the first channel's, at its best gain, does not explain. Two
microphones in a room stay below; other speech or music is near a half."""

HEARABLE = 0.03
"""Share of the first channel's energy below which another's does not matter (−15 dB)."""

BLOCK_S = 0.02  # loudness is that of such pieces: spaced microphones hear the same speech at other moments

GAP_S, FILLED_S = 0.05, 600.0
"""Pauses in the timestamps from which silence is put in, and the most that is put in: beyond, the clock is broken."""

Floats = npt.NDArray[np.float32]


class Channels:
    """Takes decoded sound frames; keeps ``channel`` at ``rate`` Hz as int16, in two bytes a sample.

    After :meth:`finish`: ``count`` channels, ``first`` time in seconds (None: the container has no times), ``differ``,
    ``clipped`` share, ``filled`` samples of silence, and ``instead``: the loudest channel where this one is silent.
    """

    def __init__(self, rate: int, channel: int = 0) -> None:
        self.count, self.filled, self.clipped, self.differ = 0, 0, 0.0, False
        self.first: float | None = None
        self.instead: int | None = None
        self._rate, self._channel = rate, channel
        self._pieces: list[Samples] = []
        self._length = 0
        self._resampler: Any = None
        self._input: tuple[Any, ...] = ()
        self._second: list[Floats] = []
        self._loudness: list[Any] = []
        self._full = self._seen = 0
        self._next: float | None = None

    def add(self, frame: Any) -> None:
        """Take one PyAV audio frame; its layout and rate may change on the way."""
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._input:
            self._flush()
            self._resampler, self._input = av.AudioResampler(format="fltp", rate=self._rate), kind
        self._follow(frame)
        self._count_full(frame)
        for out in self._resampler.resample(frame):
            self._keep(out.to_ndarray())

    def finish(self) -> Samples:
        """All of the channel, ``[n]`` int16."""
        self._flush()
        self._judge()
        return np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.int16)

    def _flush(self) -> None:
        if self._resampler is not None:
            for out in self._resampler.resample(None):
                self._keep(out.to_ndarray())

    def _follow(self, frame: Any) -> None:
        """Fill pauses in the timestamps with silence."""
        if frame.pts is None or frame.time_base is None:
            return
        now = float(frame.pts * frame.time_base)
        if self.first is None:
            self.first = now
        gap = 0.0 if self._next is None else now - self._next
        if GAP_S < gap <= FILLED_S - self.filled / self._rate:
            self._flush()
            self._resampler = av.AudioResampler(format="fltp", rate=self._rate)
            silence = round(gap * self._rate)
            self._pieces.append(np.zeros(silence, np.int16))
            self.filled += silence
        self._next = now + frame.samples / frame.sample_rate

    def _count_full(self, frame: Any) -> None:
        data = frame.to_ndarray()
        width = frame.layout.nb_channels
        channel = min(self._channel, width - 1)
        own = data[channel] if frame.format.is_planar else data.reshape(-1)[channel::width]
        if own.dtype.kind == "f":
            level = np.abs(own)
        elif own.dtype == np.uint8:
            level = np.abs(own.astype(np.float32) - 128) / 128
        else:
            level = np.abs(own.astype(np.float32)) / -float(np.iinfo(own.dtype).min)
        self._full += int((level >= FULL).sum())
        self._seen += level.size

    def _keep(self, block: Floats) -> None:
        self.count = max(self.count, len(block))
        own = block[min(self._channel, len(block) - 1)]
        self._pieces.append(np.asarray(np.clip(np.rint(own * 32768.0), -32768, 32767), dtype=np.int16))
        if self._second and len(self._second[0]) != len(block):
            self._end_of_second()
        self._second.append(block)
        if sum(part.shape[1] for part in self._second) >= self._rate:
            self._end_of_second()

    def _end_of_second(self) -> None:
        """Note the loudness of each block of the last second, ``[blocks, channels]``."""
        if not self._second:
            return
        second, self._second = np.concatenate(self._second, axis=1), []
        size = max(round(BLOCK_S * self._rate), 1)
        blocks = second[:, : second.shape[1] // size * size].reshape(len(second), -1, size)
        self._loudness.append(np.sqrt((blocks.astype(np.float64) ** 2).mean(axis=2)).T)

    def _judge(self) -> None:
        self._end_of_second()
        self.clipped = self._full / max(self._seen, 1)
        seconds = [part for part in self._loudness if part.shape[1] == self.count and len(part)]
        if not seconds:
            return
        loudest = np.sqrt(np.max([(part**2).mean(axis=0) for part in seconds], axis=0))
        own = min(self._channel, self.count - 1)
        if loudest[own] < SILENT <= loudest.max():
            self.instead = int(loudest.argmax())
        loudness = np.concatenate(seconds)
        self.differ = any(_differs(loudness[:, 0], loudness[:, other]) for other in range(1, self.count))


def _differs(first: Any, other: Any) -> bool:
    """Whether the second channel's loudness ``[blocks]`` is something else than the first one's."""
    energy, base = float(other @ other), float(first @ first)
    if energy <= HEARABLE * base or energy == 0:
        return False
    explained = float(first @ other) ** 2 / (base * energy) if base > 0 else 0.0
    return 1.0 - explained > DIFFERENT
