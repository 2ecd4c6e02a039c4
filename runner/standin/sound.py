"""Sound as the stand-in's nodes need it: all channels at their own rate, and 16 kHz of the first for the puppet."""

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from runner.standin.errors import NodeError
from runner.standin.values import Sound

SPEECH_RATE = 16000


def load_sound(path: Path) -> Sound:
    """Decode the first sound stream of a file. Raises NodeError as the real LoadAudio fails, or PyAV's own error."""
    pieces: list[npt.NDArray[np.float32]] = []
    with av.open(str(path), options={"protocol_whitelist": "file"}) as container:
        if not container.streams.audio:
            raise NodeError("ValueError", "No audio stream found in the file.")
        stream = container.streams.audio[0]
        rate = stream.codec_context.sample_rate
        resampler = av.AudioResampler(format="fltp", rate=rate)
        for frame in container.decode(stream):
            pieces.extend(out.to_ndarray().astype(np.float32) for out in resampler.resample(frame))
    if not pieces:
        raise NodeError("RuntimeError", "torch.cat(): expected a non-empty list of Tensors")
    return Sound(np.concatenate(pieces, axis=1), rate)


def first_channel(sound: Sound, rate: int = SPEECH_RATE) -> npt.NDArray[np.float32]:
    """The first channel resampled to ``rate``, ``[n]`` float32: what InfiniteTalk listens to."""
    samples = np.ascontiguousarray(sound.samples[:1])
    if sound.rate == rate or samples.size == 0:
        return np.asarray(samples[0], dtype=np.float32)
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
    frame.sample_rate = sound.rate
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate)
    parts = [out.to_ndarray()[0] for piece in (frame, None) for out in resampler.resample(piece)]
    return np.concatenate(parts).astype(np.float32)
