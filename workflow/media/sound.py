"""Speech as 16-bit mono samples, from any sound or video file."""

import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from workflow.media.arrays import Samples
from workflow.media.container import is_moving, opened, video_stream
from workflow.media.errors import EmptyAudioError, NoAudioError
from workflow.media.files import replacing
from workflow.media.wavfile import pcm_seconds


def speech(path: Path, rate: int = 16000) -> Samples:
    """Read the first sound stream of ``path`` as ``[n]`` int16 mono at ``rate`` Hz.

    Channels are averaged, which is what scoring wants; note that InfiniteTalk itself listens to the first channel
    only. Sample 0 is the moment of a video's first frame: a sound that starts later is padded with silence, one that
    starts earlier is cut, so that index / rate is always video time.

    Raises MissingMediaError, UnreadableMediaError, NoAudioError, EmptyAudioError.
    """
    with opened(path, "sound") as container:
        if not container.streams.audio:
            raise NoAudioError(f"no sound in {path}", hint="give a file with a sound stream, for example a WAV")
        stream = container.streams.audio[0]
        origin = _start(video_stream(container, path)) if is_moving(container) else None
        samples, first = _decoded(container, stream, rate)
    if samples.size == 0:
        raise EmptyAudioError(f"sound of zero length: {path}", hint="record or export it again")
    if origin is not None and first is not None:
        samples = _shifted(samples, round((first - origin) * rate))
    return np.asarray(np.clip(np.rint(samples * 32768.0), -32768, 32767), dtype=np.int16)


def _decoded(container: Any, stream: Any, rate: int) -> tuple[npt.NDArray[np.float32], float | None]:
    """Mono floats at ``rate``, and the time of the first one in seconds (None when the container has no times)."""
    resampler = av.AudioResampler(format="fltp", rate=rate)
    pieces: list[npt.NDArray[np.float32]] = []
    first: float | None = None
    for frame in container.decode(stream):
        if first is None and frame.pts is not None:
            first = float(frame.time)
        pieces.extend(out.to_ndarray().mean(axis=0) for out in resampler.resample(frame))
    if pieces:
        pieces.extend(out.to_ndarray().mean(axis=0) for out in resampler.resample(None))
    joined = np.concatenate(pieces) if pieces else np.zeros(0)
    return joined.astype(np.float32), first


def _start(stream: Any) -> float | None:
    if stream.start_time is None or stream.time_base is None:
        return None
    return float(stream.start_time * stream.time_base)


def _shifted(samples: npt.NDArray[np.float32], shift: int) -> npt.NDArray[np.float32]:
    if shift >= 0:
        return np.concatenate([np.zeros(shift, np.float32), samples])
    return samples[min(-shift, samples.size - 1) :]


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
