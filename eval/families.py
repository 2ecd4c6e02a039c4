"""From what was collected to the values and curves of each family."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval.metric import REGIONS
from eval.metrics import (
    colour,
    envelope,
    flicker,
    likeness,
    lipsync,
    motion,
    mouth,
    seam,
    sharpness,
    stillness,
    tail,
)
from eval.pipeline import Watched
from eval.reference import Reference
from eval.series import Floats, known
from eval.settings import Settings
from eval.value import Value, absent

Answer = tuple[dict[str, Value], dict[str, Floats]]
Samples = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Sums:
    """All that the families are computed from. ``envelope`` None: ``no_speech`` says why. ``samples``: the speech."""

    seen: Watched
    envelope: Floats | None
    no_speech: str
    reference: Reference | None
    fps: float
    seams: tuple[int, ...] | None
    settings: Settings
    samples: Samples | None = None
    speech_s: float | None = None
    video_s: float | None = None
    """By the file's own word."""
    footage: Mapping[str, float] | None = None
    """What the user's own footage is the norm for."""


def compute(sums: Sums) -> tuple[dict[str, Value], dict[str, Floats], dict[str, Floats]]:
    """Values by metric name, curves ``[frames]`` and series ``[windows]``, for the families of the settings."""
    values: dict[str, Value] = {}
    curves: dict[str, Floats] = {}
    for family in (_lipsync_and_mouth, _sharpness, _colour, _motion, _seam, _seam_lpips, _likeness):
        found, drawn = family(sums)
        values |= found
        curves |= drawn
    values |= _tail(sums)
    lips = _syncnet(sums)
    return values | lips.values, curves | lips.curves, lips.per_window


def _syncnet(sums: Sums) -> lipsync.LipSync:
    seen = sums.seen
    if "syncnet" in seen.absent:
        return lipsync.missing(seen.absent["syncnet"])
    if sums.samples is None or sums.envelope is None:
        return lipsync.missing(sums.no_speech)
    if seen.sync is None:
        return lipsync.LipSync({})
    footage = lipsync.Footage(sums.fps, seen.frames, sums.seams)
    return lipsync.judge(seen.sync, footage, sums.settings.min_coverage)


def _lipsync_and_mouth(sums: Sums) -> Answer:
    watch = sums.seen.mouth
    if watch is None:
        return {}, {}
    opened, way = mouth.opened(watch.series, sums.fps)
    curves = {"mouth/aperture": opened}
    if sums.envelope is not None:
        curves["speech/envelope"] = sums.envelope
    lipsync = _lipsync(sums)
    offset = lipsync[envelope.NAMES[0]].value
    lead = 0 if offset is None else round(offset * envelope.FRAME_S * sums.fps)
    parting = mouth.values(opened, sums.envelope, sums.no_speech, sums.fps, lead, (way,))
    return lipsync | parting | mouth.against_real(parting, sums.footage), curves


def _lipsync(sums: Sums) -> dict[str, Value]:
    watch, coverage = sums.seen.mouth, sums.seen.with_face / max(sums.seen.frames, 1)
    if sums.envelope is None:
        return dict.fromkeys(envelope.NAMES, absent(sums.no_speech))
    if watch is None or coverage == 0:
        return dict.fromkeys(envelope.NAMES, absent("no face"))
    if coverage < sums.settings.min_coverage:
        reason = f"face seen in {coverage:.0%} of the frames, {sums.settings.min_coverage:.0%} are needed"
        return dict.fromkeys(envelope.NAMES, absent(reason))
    if sums.fps <= 2 * envelope.SYLLABLES[1] or sums.seen.frames < envelope.SHORTEST_S * sums.fps:
        mouth_signal = np.zeros(sums.seen.frames)
    else:
        dark, row, low = (watch.series[name] for name in ("dark", "row", "low"))
        mouth_signal = envelope.opening(dark, row, low, sums.fps)
    return envelope.values(mouth_signal, sums.envelope, sums.fps, sums.settings.max_offset_s)


def _sharpness(sums: Sums) -> Answer:
    watch = sums.seen.sharpness
    if watch is None:
        return {}, {}
    if sums.reference is None:
        measured, reason = None, "no reference (--reference)"
    else:
        measured = sums.reference.sharpness_beside(watch.size.first)
        reason = "no face in the reference"
    values = sharpness.values(watch.series, measured, reason)
    base = 1.0 if measured is None else max(measured[0], 1e-6)
    return values, {"sharpness/laplacian" + ("_abs" if measured is None else ""): watch.series["laplacian"] / base}


def _colour(sums: Sums) -> Answer:
    watch = sums.seen.colour
    if watch is None:
        return {}, {}
    against = None
    if sums.reference is not None:
        against = watch.of_picture(sums.reference.picture, sums.reference.beside(watch.size.first))
    return colour.values(watch, against, sums.fps, sums.seams or ())


def _motion(sums: Sums) -> Answer:
    if sums.seen.motion is None:
        return {}, {}
    moved = motion.speeds(sums.seen.motion.series, sums.fps)
    values = motion.values(moved, sums.fps)
    if sums.seen.still is not None:
        values |= stillness.values(sums.seen.still.series, moved["head"], sums.fps, sums.seen.absent.get("landmarks"))
    if sums.seen.flicker is not None:
        values |= flicker.values(sums.seen.flicker.series)
    return values, {f"motion/{name}": moved[name] for name in ("head", "background")}


def _seam(sums: Sums) -> Answer:
    seen = sums.seen
    if seen.colour is None or seen.motion is None or seen.sharpness is None:
        return {}, {}
    moved = motion.speeds(seen.motion.series, sums.fps)
    regions = [lab for lab in (seen.colour.lab(region) for region in REGIONS) if known(lab).size]
    sharp = seen.sharpness.series["laplacian"]
    return seam.values(regions, (moved["head_x"], moved["head_y"]), sharp, sums.seams, seen.frames), {}


def _seam_lpips(sums: Sums) -> Answer:
    if "seam/lpips" not in sums.settings.metrics:
        return {}, {}
    like = sums.seen.like
    measured = None if like.seam_lpips is None else like.seam_lpips.jumps()
    return {"seam/lpips": seam.lpips(measured, sums.seams, sums.seen.frames, like.absent.get("lpips"))}, {}


def _likeness(sums: Sums) -> Answer:
    if "likeness" not in sums.settings.families:
        return {}, {}
    like = sums.seen.like
    given, faced = sums.reference is not None, sums.reference is not None and sums.reference.box is not None
    values: dict[str, Value] = {}
    curves: dict[str, Floats] = {}
    if like.lpips is not None:
        curves["likeness/lpips"] = like.lpips.curve()
        values |= likeness.lpips(curves["likeness/lpips"], sums.fps)
    else:
        values |= dict.fromkeys(likeness.LPIPS, likeness.missing(like.absent.get("lpips"), given, faced))
    if like.sface is not None:
        curves["likeness/face"] = like.sface.curve()
        values |= likeness.face(curves["likeness/face"], sums.fps, like.sface.by_landmarks)
    else:
        values |= dict.fromkeys(likeness.FACE, likeness.missing(like.absent.get("sface"), given, faced))
    return values, curves


def _tail(sums: Sums) -> dict[str, Value]:
    seen = sums.seen
    if seen.tail is None:
        return {}
    why = None if sums.speech_s is not None else sums.no_speech
    after = None if seen.ended or sums.video_s is None or sums.speech_s is None else sums.video_s - sums.speech_s
    longer = None if seen.ended else max(after or 0.0, 0.0)
    return tail.values(seen.tail, seen.tail_frames, sums.fps, why, longer)
