"""Feeding a sound file into a container that is being written, in step with its pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av

from workflow.media.container import audio_stream, opened

_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)


class AudioFeed:
    """AAC from a sound file, one or two channels, at the file's own rate where AAC has it (else 44.1 kHz)."""

    def __init__(self, stream: Any, source: Any, container: Any) -> None:
        self._rate = int(stream.rate) if stream.rate in _AAC_RATES else 44100
        layout = "mono" if stream.channels == 1 else "stereo"
        self._container = container
        self._stream = container.add_stream("aac", rate=self._rate, layout=layout)
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=self._rate)
        self._frames = _resampled(source, stream, resampler)
        self._fifo: Any = av.AudioFifo()
        self._sent = 0

    @classmethod
    @contextmanager
    def opened(cls, sound: Path, container: Any) -> Iterator[Self]:
        """Open ``sound`` for the length of the block. Raises the errors of reading a sound."""
        with opened(sound, "sound") as source:
            yield cls(audio_stream(source, sound), source, container)

    def advance(self, until: Fraction) -> None:
        """Encode and mux the sound up to ``until`` seconds, or to its end."""
        wanted = int(until * self._rate) - self._sent
        while self._fifo.samples < wanted and (frame := next(self._frames, None)) is not None:
            frame.pts = None
            self._fifo.write(frame)
        piece = self._fifo.read(wanted, partial=True) if wanted > 0 else None
        if piece is not None:
            piece.pts, piece.time_base = self._sent, Fraction(1, self._rate)
            self._sent += piece.samples
            self._container.mux(self._stream.encode(piece))

    def finish(self) -> None:
        """Flush the encoder."""
        self._container.mux(self._stream.encode(None))


def _resampled(source: Any, stream: Any, resampler: Any) -> Iterator[Any]:
    for frame in source.decode(stream):
        yield from resampler.resample(frame)
    yield from resampler.resample(None)
