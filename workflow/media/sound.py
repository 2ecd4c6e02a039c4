"""Speech as 16-bit mono samples, from any sound or video file."""

import wave
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from workflow.media.arrays import Samples
from workflow.media.channels import Channels
from workflow.media.container import audio_stream, is_moving, missing_end, opened, video_stream
from workflow.media.errors import EmptyAudioError, UnreadableMediaError
from workflow.media.files import replacing
from workflow.media.wavfile import pcm_seconds

APART_S = 600.0
"""Sound and picture that start farther apart have a broken clock: they are taken to start together."""


@dataclass(frozen=True)
class Heard:
    """What was listened to: ``samples`` ``[n]`` int16 mono at the rate that was asked for, and what was noticed.

    ``channel`` of ``channels`` is the one listened to, from 0; ``differ`` when another one holds something else.
    ``clipped`` is the share of the channel's own samples at full scale, ``rate`` its sampling rate. ``gap_s`` is the
    silence put in where the file's sound pauses without samples, ``late_s`` when the sound starts in video time.
    """

    samples: Samples
    channel: int = 0
    channels: int = 1
    differ: bool = False
    clipped: float = 0.0
    rate: int = 0
    gap_s: float = 0.0
    late_s: float = 0.0


def speech(path: Path, rate: int = 16000) -> Samples:
    """Read the speech of ``path`` as ``[n]`` int16 mono at ``rate`` Hz; see :func:`listen`."""
    return listen(path, rate).samples


def listen(path: Path, rate: int = 16000) -> Heard:
    """Read the first sound stream of ``path`` as mono at ``rate`` Hz.

    The first channel is taken, as InfiniteTalk hears no other: averaging would mix in what the lips never followed,
    such as music on the other side. Only where the first is silent and another is not, the loudest is taken.
    Sample 0 is the moment of a video's first frame: a sound that starts later is padded with silence, one that
    starts earlier is cut, and pauses without samples are filled, so that index / rate is always video time.

    Raises MissingMediaError, UnreadableMediaError, NoAudioError, EmptyAudioError.
    """
    heard, other = _listen(path, rate, 0)
    return heard if other is None else replace(_listen(path, rate, other)[0], differ=True)


def _listen(path: Path, rate: int, channel: int) -> tuple[Heard, int | None]:
    """One channel, and the one to take instead (None: this one)."""
    with opened(path, "sound") as container:
        stream = audio_stream(container, path)
        origin = _start(video_stream(container, path)) if is_moving(container) else None
        taken = Channels(rate, channel)
        last, count = None, 0
        for frame in container.decode(stream):
            taken.add(frame)
            last, count = frame, count + 1
        samples = taken.finish()
        # A plain sound's header is often written before its length is known; what is there counts.
        short = None if last is None or not is_moving(container) else missing_end(stream, last, count)
        if short is not None:
            raise UnreadableMediaError(
                f"sound is cut short: {path} ends at {short[0]:.1f} s, it announces {short[1]:.1f} s",
                hint="copy or export it again",
            )
        sampled = int(stream.rate or 0)
    if samples.size == 0:
        raise EmptyAudioError(f"sound of zero length: {path}", hint="record or export it again")
    late = 0.0 if origin is None or taken.first is None else taken.first - origin
    together = -samples.size < late * rate <= APART_S * rate
    heard = Heard(
        samples=_shifted(samples, round(late * rate)) if together else samples,
        channel=channel,
        channels=taken.count,
        differ=taken.differ,
        clipped=taken.clipped,
        rate=sampled,
        gap_s=taken.filled / rate,
        late_s=late,
    )
    return heard, taken.instead


def _start(stream: Any) -> float | None:
    if stream.start_time is None or stream.time_base is None:
        return None
    return float(stream.start_time * stream.time_base)


def _shifted(samples: Samples, shift: int) -> Samples:
    if shift >= 0:
        return np.concatenate([np.zeros(shift, np.int16), samples])
    return samples[min(-shift, samples.size - 1) :].copy()  # a view would keep the rest in memory


def write_wav(path: Path, samples: Samples, rate: int) -> None:
    """Write ``[n]`` int16 mono samples as a PCM WAV, in one step."""
    with replacing(path) as temporary, wave.open(str(temporary), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.ascontiguousarray(samples, dtype="<i2").tobytes())


def seconds(path: Path) -> float:
    """The exact length of a sound file, or of a video's sound, in seconds. Raises the errors of ``speech``."""
    return pcm_seconds(path) or len(speech(path)) / 16000
