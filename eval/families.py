"""From what was collected to the values and curves of each family."""

from dataclasses import dataclass

import numpy as np

from eval.metric import REGIONS
from eval.metrics import colour, envelope, motion, mouth, seam, sharpness
from eval.pipeline import Watched
from eval.reference import Reference
from eval.series import Floats, known
from eval.settings import Settings
from eval.value import Value, absent

Answer = tuple[dict[str, Value], dict[str, Floats]]


@dataclass(frozen=True)
class Sums:
    """All that the families are computed from. ``envelope`` None: ``no_speech`` says why."""

    seen: Watched
    envelope: Floats | None
    no_speech: str
    reference: Reference | None
    fps: float
    seams: tuple[int, ...] | None
    settings: Settings


def compute(sums: Sums) -> Answer:
    """Values by metric name and curves ``[frames]`` by curve name, for the families of the settings."""
    values: dict[str, Value] = {}
    curves: dict[str, Floats] = {}
    for family in (_lipsync_and_mouth, _sharpness, _colour, _motion, _seam):
        found, drawn = family(sums)
        values |= found
        curves |= drawn
    return values, curves


def _lipsync_and_mouth(sums: Sums) -> Answer:
    watch = sums.seen.mouth
    if watch is None:
        return {}, {}
    opened = mouth.aperture(watch.series["parted"], sums.fps)
    curves = {"mouth/aperture": opened}
    if sums.envelope is not None:
        curves["speech/envelope"] = sums.envelope
    lipsync = _lipsync(sums)
    offset = lipsync[envelope.NAMES[0]].value
    lead = 0 if offset is None else round(offset * envelope.FRAME_S * sums.fps)
    return lipsync | mouth.values(opened, sums.envelope, sums.no_speech, sums.fps, lead), curves


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
        measured, reason = sums.reference.sharpness, "no face in the reference"
    values = sharpness.values(watch.series, measured, reason)
    base = 1.0 if measured is None else max(measured[0], 1e-6)
    return values, {"sharpness/laplacian" + ("_abs" if measured is None else ""): watch.series["laplacian"] / base}


def _colour(sums: Sums) -> Answer:
    watch = sums.seen.colour
    if watch is None:
        return {}, {}
    against = None
    if sums.reference is not None and watch.first_box is not None:
        against = colour.reference_lab(sums.reference.picture, sums.reference.box, watch.first_box)
    return colour.values(watch, against, sums.fps, sums.seams or ())


def _motion(sums: Sums) -> Answer:
    if sums.seen.motion is None:
        return {}, {}
    moved = motion.speeds(sums.seen.motion.series, sums.fps)
    return motion.values(moved, sums.fps), {f"motion/{name}": moved[name] for name in ("head", "background")}


def _seam(sums: Sums) -> Answer:
    seen = sums.seen
    if seen.colour is None or seen.motion is None or seen.sharpness is None:
        return {}, {}
    moved = motion.speeds(seen.motion.series, sums.fps)
    regions = [lab for lab in (seen.colour.lab(region) for region in REGIONS) if known(lab).size]
    sharp = seen.sharpness.series["laplacian"]
    return seam.values(regions, (moved["head_x"], moved["head_y"]), sharp, sums.seams, seen.frames), {}
