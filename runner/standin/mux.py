"""Adding sound to a finished video without encoding its pictures again."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from runner.standin.values import Sound
from workflow.media.files import replacing

BLOCK = 1024
AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)


def add_sound(silent: Path, sound: Sound, seconds: float, path: Path, tags: Mapping[str, str]) -> None:
    """Copy the pictures of ``silent`` up to ``seconds`` and mux ``sound`` as AAC, padded with silence or cut to that.

    As VideoHelperSuite does it: all channels, at the sound's own rate (the nearest that AAC knows above it).
    """
    with replacing(path) as temporary, av.open(str(silent)) as source:
        options = {"movflags": "use_metadata_tags+faststart"}
        with av.open(str(temporary), "w", format="mp4", options=options) as target:
            target.metadata.update(dict(tags))
            pictures = source.streams.video[0]
            copied = target.add_stream_from_template(pictures)
            channels = 2 if sound.samples.shape[0] >= 2 else 1
            rate = min((known for known in AAC_RATES if known >= sound.rate), default=AAC_RATES[0])
            layout = "stereo" if channels == 2 else "mono"
            voice = target.add_stream("aac", rate=rate, layout=layout)
            for packet in source.demux(pictures):
                if packet.dts is None or packet.pts is None or packet.pts * packet.time_base >= seconds - 1e-6:
                    continue
                packet.stream = copied
                target.mux(packet)
            resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate, frame_size=BLOCK)
            for frame in resampler.resample(_whole(sound, channels, layout, seconds)):
                target.mux(voice.encode(frame))
            for frame in resampler.resample(None):
                target.mux(voice.encode(frame))
            target.mux(voice.encode(None))


def _whole(sound: Sound, channels: int, layout: str, seconds: float) -> av.AudioFrame:
    length = round(seconds * sound.rate)
    samples = np.zeros((channels, length), np.float32)
    given = sound.samples[:channels, :length]
    samples[:, : given.shape[1]] = given
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = sound.rate, 0, Fraction(1, sound.rate)
    return frame
