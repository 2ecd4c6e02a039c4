"""What a person should know beside the figures: warnings in words, and flags on figures that rest on a small face."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from eval.hearing import Sound
from eval.metric import METRICS
from eval.metrics.sharpness import SMALL_FACE
from eval.metrics.tail import LONGEST_S
from eval.pipeline import Watched
from eval.reference import Reference
from eval.sanity import Expected, off_by
from eval.value import Value
from workflow.media.probe import Probe
from workflow.media.steady import Clock, shrink_of
from workflow.words import counted

MANY = 0.8  # frames dropped for one shown: the rate was halved on purpose


def remarks(
    seen: Watched, sound: Sound, facts: Probe, against: Reference | None, expected: Expected | None
) -> list[str]:
    """Warnings, one line each: of the face, the sound, the file, the reference."""
    return [
        *_of_face(seen),
        *_of_length(seen, sound, facts, expected),
        *sound.remarks,
        *_of_file(facts),
        *_of_clock(seen.clock, facts.fps),
        *(against.remarks if against is not None else ()),
    ]


def flagged(values: Mapping[str, Value], widths: list[int]) -> dict[str, Value]:
    """Every figure that rests on the face says so where the face is below 64 pixels wide (median)."""
    width = float(np.median(widths)) if widths else SMALL_FACE
    if width >= SMALL_FACE:
        return dict(values)
    return {name: _with_flag(name, value, f"small face ({width:.0f} px)") for name, value in values.items()}


def _with_flag(name: str, value: Value, flag: str) -> Value:
    rests = "face" in METRICS[name].needs and value.value is not None
    said = any(one.startswith("small face") for one in value.flags)
    return replace(value, flags=(*value.flags, flag)) if rests and not said else value


def _of_face(seen: Watched) -> list[str]:
    said = []
    if seen.several:
        said.append(f"more than one face in {seen.several / seen.frames:.0%} of the frames: the largest is followed")
    if 0 < seen.with_face < seen.frames:
        said.append(f"face lost in {1 - seen.with_face / seen.frames:.0%} of the frames")
    width = float(np.median(seen.widths)) if seen.widths else SMALL_FACE
    if width < SMALL_FACE:
        said.append(f"the face is small ({width:.0f} px wide): figures of it rest on few pixels")
    return said


def _of_length(seen: Watched, sound: Sound, facts: Probe, expected: Expected | None) -> list[str]:
    said, frames = [], seen.frames + seen.tail_frames
    if sound.seconds is not None and sound.seconds * facts.fps > seen.frames + 1:
        said.append(f"the speech ({sound.seconds:.1f} s) is longer than the video ({seen.frames / facts.fps:.1f} s)")
    if not seen.ended and seen.tail_frames:
        said.append(f"the video goes on after the speech: only {LONGEST_S:g} s of that are looked at, as its tail")
    elif seen.tail_frames:
        said.append(f"{counted(seen.tail_frames, 'frame')} after the speech: in no figure but those of the tail")
    elif facts.frames is not None and facts.frames > frames and not seen.ended:
        said.append(f"{counted(facts.frames - frames, 'frame')} after the speech left out")
    off = off_by(frames if seen.ended else facts.frames, expected)
    if expected is not None and off:
        there = expected.frames + off if expected.frames else off
        said.append(f"{counted(there, 'frame')} where {expected.frames} were asked")
    return said


def _of_file(facts: Probe) -> list[str]:
    said = []
    factor = shrink_of(facts.width, facts.height)
    if factor > 1:
        said.append(f"{facts.width}×{facts.height} is judged at 1/{factor} of its width and height")
    if facts.hdr:
        said.append(f"HDR ({facts.hdr}) is tone-mapped to SDR: colours and sharpness are not those of an SDR file")
    if facts.interlaced:
        said.append("interlaced: its combs count as sharpness and as motion")
    for count, what in ((facts.videos, "video"), (facts.sounds, "sound")):
        if count > 1:
            said.append(f"{count} {what} streams: the first is judged")
    return said


def _of_clock(clock: Clock, fps: float) -> list[str]:
    said = []
    if clock.dropped > MANY * clock.shown and not clock.repeated:
        said.append(f"{clock.shown} of {clock.shown + clock.dropped} frames are judged, {fps:.4g} a second")
    elif clock.repeated or clock.dropped:
        said.append(
            f"variable frame rate: {clock.repeated} of {clock.shown} frames repeated, {clock.dropped} dropped "
            f"to keep {fps:.4g}/s"
        )
    if clock.jumps:
        said.append(f"the timestamps jump {counted(clock.jumps, 'time')}: frames are taken to follow each other")
    if clock.resized:
        scaled = counted(clock.resized, "frame")
        said.append(f"the picture's size changes on the way: {scaled} scaled to the first one's")
    return said
