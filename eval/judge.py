"""From a file to a score: open, watch once, check sanity, compute the families."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eval import families
from eval.embedded import origin
from eval.metric import names_of
from eval.metrics.envelope import RATE, is_silent, speech_envelope
from eval.pipeline import Watched, watch
from eval.reference import Reference, load_reference
from eval.sanity import Expected, unexpected, verdict
from eval.score import Score
from eval.series import Floats, curve
from eval.settings import Settings
from eval.value import absent
from workflow.media.errors import EmptyAudioError, MediaError, NoAudioError, require_file
from workflow.media.probe import Probe, probe
from workflow.media.sound import speech as read_speech
from workflow.windows import Windows

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Sound:
    """The speech: seconds and envelope for each frame it covers, or why there is none. ``dead`` is a silent track."""

    seconds: float | None = None
    envelope: Floats | None = None
    missing: str = ""
    dead: bool = False


def judge(
    video: Path,
    speech: Path | None,
    reference: Path | None,
    windows: Windows | None,
    settings: Settings,
    expected: Expected | None,
    on_progress: Callable[[int, int | None], None] | None,
) -> Score:
    """See :func:`eval.score.score_video`."""
    require_file(video, "video")
    try:
        facts = probe(video)
    except MediaError as error:
        return _broken(f"undecodable: {error.message}", settings)
    if facts.kind != "video" or facts.fps <= 0:
        return _broken(f"not a video: {'a picture' if facts.kind == 'image' else 'sound only'}", settings)
    sound = _sound(video, speech, facts)
    made = origin(facts.tags, facts.frames)
    known_windows = windows or made.windows
    seams = None if known_windows is None else known_windows.seams
    base = Score("broken", None, {}, {}, 0.0, 0, facts.fps, seams, (), made.stand_in, sound.seconds)
    wrong = unexpected(facts.width, facts.height, facts.frames, expected)
    wrong = wrong or ("the sound track is silent" if sound.dead else None)
    if wrong:
        return _as_broken(base, wrong, settings)
    against = load_reference(reference, facts.width, facts.height, settings) if reference is not None else None
    stop = None if sound.seconds is None else max(ceil(sound.seconds * facts.fps - 1e-6), 1)
    total = min((n for n in (stop, facts.frames) if n is not None), default=None)
    seen = watch(video, facts.fps, stop, settings, None if on_progress is None else lambda n: on_progress(n, total))
    return _judged(base, seen, sound, against, settings, facts)


def _judged(
    base: Score, seen: Watched, sound: Sound, against: Reference | None, settings: Settings, facts: Probe
) -> Score:
    reason, warnings = verdict(seen.sanity.series, facts.fps)
    if seen.error is not None:
        reason = f"undecodable after {seen.frames} frames: {seen.error}"
    if reason is not None:
        return _as_broken(base, reason, settings, frames=seen.frames)
    envelope = None if sound.envelope is None else _to_length(sound.envelope, seen.frames)
    sums = families.Sums(seen, envelope, sound.missing, against, facts.fps, base.seams, settings)
    values, columns = families.compute(sums)
    wanted = names_of(settings.families)
    coverage = seen.with_face / seen.frames
    return Score(
        status="ok" if seen.with_face else "no_face",
        reason=None if seen.with_face else "no frontal face found in any frame",
        values={name: values.get(name) or absent("not computed") for name in wanted},
        curves={name: curve(column) for name, column in columns.items()},
        coverage=coverage,
        frames=seen.frames,
        fps=facts.fps,
        seams=base.seams,
        warnings=(*warnings, *_remarks(seen, sound, facts, against)),
        stand_in=base.stand_in,
        speech_s=sound.seconds,
    )


def _sound(video: Path, speech: Path | None, facts: Probe) -> Sound:
    """The speech that the video is judged by; its own track when none is given."""
    if speech is not None:
        samples = read_speech(speech, RATE)
        sound = _heard(samples, facts)
        return Sound(sound.seconds, sound.envelope, sound.missing, facts.has_audio and _own_is_silent(video))
    if not facts.has_audio:
        return Sound(missing="no speech: the video has no sound (--audio)")
    try:
        samples = read_speech(video, RATE)
    except (NoAudioError, EmptyAudioError) as error:
        return Sound(missing=f"no speech: {error.message}")
    except MediaError as error:
        return Sound(missing=f"sound cannot be decoded: {error.message}", dead=False)
    sound = _heard(samples, facts)
    return Sound(sound.seconds, sound.envelope, sound.missing, sound.envelope is None)


def _heard(samples: Samples, facts: Probe) -> Sound:
    seconds = samples.size / RATE
    if is_silent(samples):
        return Sound(seconds, None, "the speech is silent")
    return Sound(seconds, speech_envelope(samples, facts.fps, ceil(seconds * facts.fps)))


def _own_is_silent(video: Path) -> bool:
    try:
        return is_silent(read_speech(video, RATE))
    except MediaError:
        return True


def _to_length(values: Floats, frames: int) -> Floats:
    return np.concatenate([values[:frames], np.zeros(max(frames - values.size, 0))])


def _remarks(seen: Watched, sound: Sound, facts: Probe, against: Reference | None) -> list[str]:
    said = []
    if seen.several:
        said.append(f"more than one face in {seen.several / seen.frames:.0%} of the frames: the largest is followed")
    if 0 < seen.with_face < seen.frames:
        said.append(f"face lost in {1 - seen.with_face / seen.frames:.0%} of the frames")
    if sound.seconds is not None and sound.seconds * facts.fps > seen.frames + 1:
        said.append(f"the speech ({sound.seconds:.1f} s) is longer than the video ({seen.frames / facts.fps:.1f} s)")
    if facts.frames is not None and facts.frames > seen.frames:
        said.append(f"{facts.frames - seen.frames} frames after the speech are left out")
    if against is not None and against.box is None:
        said.append("no face in the reference")
    return said


def _broken(reason: str, settings: Settings) -> Score:
    return _as_broken(Score("broken", reason, {}, {}, 0.0, 0, 0.0), reason, settings)


def _as_broken(base: Score, reason: str, settings: Settings, frames: int = 0) -> Score:
    values = dict.fromkeys(names_of(settings.families), absent(f"broken: {reason}"))
    return Score("broken", reason, values, {}, 0.0, frames, base.fps, base.seams, (), base.stand_in, base.speech_s)
