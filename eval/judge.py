"""From a file to a score: open, watch once, check sanity, compute the families."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import ceil
from pathlib import Path

from eval import families, perwindow
from eval.embedded import origin
from eval.hearing import Sound, hear, to_length
from eval.metrics.tail import LONGEST_S
from eval.pipeline import Watched, watch
from eval.reference import Reference, load_reference
from eval.remarks import flagged, remarks
from eval.sanity import Expected, unexpected_length, unexpected_size, verdict
from eval.score import Score
from eval.series import curve
from eval.settings import Settings
from eval.value import absent
from workflow.media.errors import MediaError, require_file
from workflow.media.probe import Probe, probe
from workflow.media.rate import LEAST, MOST, enough
from workflow.media.steady import shrink_of
from workflow.windows import FPS, Windows

OTHER_RATE = 0.5  # frames/s off the model's: frames were put in between or resampled, seams lie elsewhere


def judge(
    video: Path,
    speech: Path | None,
    reference: Path | None,
    windows: Windows | None,
    settings: Settings,
    expected: Expected | None,
    on_progress: Callable[[int, int | None], None] | None,
    footage: Mapping[str, float] | None = None,
) -> Score:
    """See :func:`eval.score.score_video`."""
    require_file(video, "video")
    try:
        facts = probe(video)
    except MediaError as error:
        return _broken(f"undecodable: {error.message}", settings)
    wrong = _no_video(facts)
    if wrong:
        return _broken(wrong, settings)
    facts = replace(facts, fps=enough(facts.fps))
    sound = hear(video, speech, facts)
    made = origin(facts.tags, facts.frames)
    known_windows = windows or (made.windows if abs(facts.fps - FPS) < OTHER_RATE else None)
    seams = None if known_windows is None else known_windows.seams
    base = Score("broken", None, {}, {}, 0.0, 0, facts.fps, seams, (), made.stand_in, sound.seconds)
    wrong = unexpected_size(facts.width, facts.height, expected) or unexpected_length(facts.frames, expected)
    wrong = wrong or ("the sound track is silent" if sound.dead else None)
    if wrong:
        return _as_broken(base, wrong, settings)
    factor = shrink_of(facts.width, facts.height)
    size = (facts.width // factor, facts.height // factor)
    against = load_reference(reference, *size, made.crf) if reference is not None else None
    stop = None if sound.seconds is None else max(ceil(sound.seconds * facts.fps - 1e-6), 1)
    limit = None if stop is None else stop + round(LONGEST_S * facts.fps) * ("tail" in settings.families)
    total = min((n for n in (limit, facts.frames) if n is not None), default=None)
    step = None if on_progress is None else lambda n: on_progress(n, total)
    seen = watch(video, facts.fps, stop, settings, step, speech=sound.samples, reference=against, seams=seams)
    return _judged(base, seen, sound, against, settings, facts, expected, footage)


def _no_video(facts: Probe) -> str | None:
    """Why a file that can be read is nothing to be judged, or None."""
    if facts.kind == "image":
        what = f"an animated picture ({facts.codec}), export it as MP4" if facts.animated else "a picture"
        return f"not a video: {what}"
    if facts.kind == "audio":
        return "not a video: sound only"
    if not LEAST <= facts.fps <= MOST:
        told = f"{facts.fps:g} frames/s, a talking video has {LEAST:g} to {MOST:g}" if facts.fps else "none is told"
        return f"no usable frame rate: {told}"
    return None


def _judged(
    base: Score,
    seen: Watched,
    sound: Sound,
    against: Reference | None,
    settings: Settings,
    facts: Probe,
    expected: Expected | None,
    footage: Mapping[str, float] | None,
) -> Score:
    reason, warnings = verdict(seen.sanity.series, facts.fps)
    if seen.error is not None:
        reason = f"undecodable after {seen.frames + seen.tail_frames} frames: {seen.error}"
    elif seen.ended and reason is None:
        reason = unexpected_length(seen.frames + seen.tail_frames, expected)
    if reason is not None:
        return _as_broken(base, reason, settings, frames=seen.frames)
    envelope = None if sound.envelope is None else to_length(sound.envelope, seen.frames)
    sums = families.Sums(
        seen,
        envelope,
        sound.missing,
        against,
        facts.fps,
        base.seams,
        settings,
        sound.samples,
        sound.seconds,
        facts.seconds,
        footage,
    )
    values, columns, windowed = families.compute(sums)
    by_window = perwindow.merge(perwindow.means(columns, base.seams, seen.frames), windowed)
    wanted = settings.metrics
    coverage = seen.with_face / seen.frames
    return Score(
        status="ok" if seen.with_face else "no_face",
        reason=None if seen.with_face else "no frontal face found in any frame",
        values=flagged({name: values.get(name) or absent("not computed") for name in wanted}, list(seen.widths)),
        curves={name: curve(column) for name, column in columns.items()},
        coverage=coverage,
        frames=seen.frames,
        fps=facts.fps,
        seams=base.seams,
        warnings=(*warnings, *remarks(seen, sound, facts, against, expected)),
        stand_in=base.stand_in,
        speech_s=sound.seconds,
        per_window={name: curve(column) for name, column in by_window.items()},
    )


def _broken(reason: str, settings: Settings) -> Score:
    return _as_broken(Score("broken", reason, {}, {}, 0.0, 0, 0.0), reason, settings)


def _as_broken(base: Score, reason: str, settings: Settings, frames: int = 0) -> Score:
    values = dict.fromkeys(settings.metrics, absent(f"broken: {reason}"))
    return Score("broken", reason, values, {}, 0.0, frames, base.fps, base.seams, (), base.stand_in, base.speech_s)
