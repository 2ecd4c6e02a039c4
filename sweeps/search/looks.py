"""Clips as a rung looks at them: the first ones, and the first seconds of their speech."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from sweeps.search.fidelity import Rung
from workflow.cell import Clip

RATE: Final = 16_000
"""What wav2vec hears; a shortened speech is written at it."""
FADE_S: Final = 0.02
"""A cut in the middle of a vowel would click."""


def clips_at(clips: Sequence[Clip], rung: Rung, cache: Path) -> list[Clip]:
    """The clips of ``rung``; shortened speeches are kept in ``cache``. One that is short already stays as it is."""
    chosen = clips if rung.clips is None else clips[: rung.clips]
    return [one if rung.seconds is None else shortened(one, rung.seconds, cache) for one in chosen]


def shortened(clip: Clip, seconds: float, cache: Path) -> Clip:
    """``clip`` with the first ``seconds`` of its speech, called ``name@6s``."""
    if clip.seconds <= seconds:
        return clip
    from workflow.media.sound import write_wav

    content = sha256(clip.speech.read_bytes()).hexdigest()
    path = cache / "short" / f"{content[:16]}-{seconds:g}s.wav"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_wav(path, _cut(clip.speech, seconds), RATE)
    # the user's footage speaks the whole text: nothing to compare a part of it with
    return replace(clip, name=f"{clip.name}@{seconds:g}s", speech=path, seconds=seconds, reference_video=None)


def _cut(speech: Path, seconds: float):  # type: ignore[no-untyped-def]
    import numpy as np

    from workflow.media.sound import speech as read

    samples = read(speech, RATE)[: round(seconds * RATE)].copy()
    fade = min(round(FADE_S * RATE), samples.size)
    samples[samples.size - fade :] = (samples[samples.size - fade :] * np.linspace(1, 0, fade)).astype(np.int16)
    return samples
