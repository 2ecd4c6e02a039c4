"""The speech that a video is judged by, a file or the video's own sound, and what is wrong with it."""

from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eval.metrics.envelope import RATE, is_silent, speech_envelope
from eval.series import Floats
from workflow.media.errors import EmptyAudioError, MediaError, NoAudioError
from workflow.media.probe import Probe
from workflow.media.sound import APART_S, Heard, listen

Samples = npt.NDArray[np.int16]
CLIPPED = 0.001  # share of samples at full scale; peaks of a normalised recording are fewer
LATE_S = 0.5
LEAST_RATE = 16000  # Hz: below, the highest band that SyncNet listens to is empty
PADDING = 8  # largest sample of padding: AAC and dither leave a few steps of 16 bits, a microphone's rest some thirty
PADDED_S = 0.2  # of it, to be padding and no end of a word; a shorter tail has no mouth to judge
RINGS_S = 0.012  # for so long AAC goes on above PADDING after speech that was cut off, at 16 … 48 kHz


@dataclass(frozen=True)
class Sound:
    """The speech: seconds, envelope for each frame it covers, and samples, or why there is none.

    ``dead`` is a silent track in the video. ``remarks`` are warnings.
    """

    seconds: float | None = None
    envelope: Floats | None = None
    missing: str = ""
    dead: bool = False
    samples: Samples | None = None
    remarks: tuple[str, ...] = ()


def hear(video: Path, speech: Path | None, facts: Probe) -> Sound:
    """Listen to ``speech``, or to the video's own sound when that is None. Raises the errors of reading ``speech``.

    The video's own sound ends where padding begins: who combines a video with shorter speech pads it with silence.
    """
    if speech is not None:
        sound = _heard(listen(speech, RATE), facts)
        return _beside_own(sound, video) if facts.has_audio else sound
    if not facts.has_audio:
        return Sound(missing="no speech: the video has no sound (--audio)")
    try:
        heard = listen(video, RATE)
    except (NoAudioError, EmptyAudioError) as error:
        return Sound(missing=f"no speech: {error.message}")
    except MediaError as error:
        return Sound(missing=f"sound cannot be decoded: {error.message}")
    if is_silent(heard.samples):
        return replace(_heard(heard, facts), dead=True)
    end = spoken(heard.samples)
    sound = _heard(replace(heard, samples=heard.samples[:end]), facts)
    if end == heard.samples.size:
        return sound
    said = f"the sound is silent from {end / RATE:.1f} s on, as padding is: what follows is taken for the tail"
    return replace(sound, remarks=(*sound.remarks, f"{said} (--audio gives the speech itself)"))


def spoken(samples: Samples) -> int:
    """How many of the ``samples`` (int16 at 16 kHz) come before padding; all of them where there is none.

    >>> speech = np.tile(np.int16([900, -900]), 8000)
    >>> spoken(np.pad(speech, (0, 16000))), spoken(np.pad(speech, (0, 1600))), spoken(np.zeros(9, np.int16))
    (15808, 17600, 9)
    """
    loud = np.flatnonzero((samples > PADDING) | (samples < -PADDING))
    end = int(loud[-1]) + 1 if loud.size else samples.size
    return samples.size if samples.size - end < PADDED_S * RATE else max(end - round(RINGS_S * RATE), 1)


def _heard(heard: Heard, facts: Probe) -> Sound:
    seconds, said = heard.samples.size / RATE, tuple(_remarks(heard))
    if is_silent(heard.samples):
        return Sound(seconds, None, "the speech is silent", remarks=said)
    envelope = speech_envelope(heard.samples, facts.fps, ceil(seconds * facts.fps))
    return Sound(seconds, envelope, samples=heard.samples, remarks=said)


def _beside_own(sound: Sound, video: Path) -> Sound:
    """What is to be said of the video's own sound, where another one is judged."""
    try:
        return replace(sound, dead=is_silent(listen(video, RATE).samples))
    except EmptyAudioError:
        return replace(sound, dead=True)
    except MediaError as error:
        return replace(sound, remarks=(*sound.remarks, f"the video's own sound cannot be decoded: {error.message}"))


def _remarks(heard: Heard) -> list[str]:
    said = []
    if heard.channel > 0:
        said.append(
            f"the first channel is silent, and InfiniteTalk hears no other: channel {heard.channel + 1} of "
            f"{heard.channels} is judged"
        )
    elif heard.differ:
        said.append(f"the {heard.channels} channels differ: the first is judged, InfiniteTalk hears no other")
    if heard.clipped >= CLIPPED:
        said.append(f"the speech is clipped: {heard.clipped:.1%} of the samples at full scale")
    if 0 < heard.rate < LEAST_RATE:
        said.append(f"the speech is sampled at {heard.rate / 1000:g} kHz: its high sounds are missing")
    if heard.gap_s > 0:
        said.append(f"the sound has pauses without samples, {heard.gap_s:.1f} s in all: taken as silence")
    if abs(heard.late_s) > APART_S:
        said.append(f"the sound's clock is {heard.late_s:.0f} s off the picture's: taken to start together")
    elif heard.late_s > LATE_S:
        said.append(f"the sound starts {heard.late_s:.1f} s after the picture")
    return said


def to_length(values: Floats, frames: int) -> Floats:
    """An envelope cut, or continued with silence, to so many frames."""
    return np.concatenate([values[:frames], np.zeros(max(frames - values.size, 0))])
