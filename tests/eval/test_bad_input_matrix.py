"""Every kind of bad input: what must be there, what must be missing and why, and what must be said of it."""

import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from eval.metric import METRICS
from eval.score import DEFAULT, score_video

FILES = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("bad_input_files.py"))))
PLAIN = replace(DEFAULT, networks=())
LIPSYNC, SHARP, MOUTH = "lipsync/envelope_p", "sharpness/laplacian_abs", "mouth/aperture_sd"
HEAD, CHEEKS, TAIL = "motion/head_mean", "colour/cheeks_mean", "tail/mouth"
OF_THE_FACE = (SHARP, MOUTH, HEAD, CHEEKS)
Make = Callable[[Any], Path]
"""Writes a file of a ``FILES.Kit``."""


@pytest.fixture(scope="module")
def kit(bench, film, tmp_path_factory):
    pictures = []
    for picture in bench.pictures[:76]:
        small = cv2.resize(picture, (FILES.WIDTH, FILES.HEIGHT), interpolation=cv2.INTER_AREA)
        pictures.append(small)
    return FILES.Kit(tmp_path_factory.mktemp("matrix"), film, pictures, bench.sound[: 76 * 640])


@dataclass(frozen=True)
class Row:
    """What the score of ``make(kit)`` must say. ``missing`` holds words of reasons, ``said`` words of warnings."""

    make: Make
    status: str = "ok"
    reason: str = ""
    there: tuple[str, ...] = (LIPSYNC, *OF_THE_FACE)
    missing: Mapping[str, str] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    coverage: tuple[float, float] = (0.95, 1.0)
    frames: int | None = 76
    fps: float | None = 25
    speech: Make | None = None
    quiet: bool = False
    """No warning at all."""


def broken(make: Make, reason: str) -> Row:
    return Row(make, "broken", reason, there=(), coverage=(0, 0), frames=None, fps=None)


TOO_SHORT = {LIPSYNC: "too short"}
NO_SOUND = {LIPSYNC: "no speech", "mouth/aperture_silence": "no speech", TAIL: "no speech"}

MATRIX = {
    "clean": Row(lambda kit: kit.write("a.mp4"), missing={TAIL: "ends with the speech"}, quiet=True),
    "no face": Row(
        lambda kit: kit.write("a.mp4", FILES.waves), "no_face", "no frontal face", (),
        {SHARP: "no face", LIPSYNC: "no face", CHEEKS: "no face"}, coverage=(0, 0),
    ),
    "two faces": Row(lambda kit: kit.write("a.mp4", FILES.beside), said=("more than one face", "largest is followed")),
    "leaving": Row(
        lambda kit: kit.write("a.mp4", FILES.leaving), there=(SHARP, HEAD, CHEEKS), missing={LIPSYNC: "60% are needed"},
        said=("face lost",), coverage=(0.4, 0.6),
    ),
    "tiny face": Row(lambda kit: kit.write("a.mp4", FILES.tiny), said=("the face is small",)),
    "variable rate mp4": Row(
        lambda kit: kit.write("a.mp4", times=FILES.phone_times(76)), fps=30, frames=88,
        said=("variable frame rate: 12 of 88 frames repeated, 0 dropped to keep 30/s",), there=OF_THE_FACE,
    ),
    "variable rate mkv": Row(
        lambda kit: kit.write("a.mkv", times=FILES.phone_times(76)), fps=30, frames=88, said=("variable frame rate",),
        there=OF_THE_FACE,
    ),
    "clock jumps by hours": Row(
        lambda kit: kit.write("a.mp4", times=[i / 25 + 7200 * (i > 40) for i in range(76)]), said=("timestamps jump",)
    ),
    "a thousand frames a second": broken(
        lambda kit: kit.write("a.mkv", times=[i / 1000 for i in range(76)]), "no usable frame rate: 1000 frames/s"
    ),
    "a slide show": broken(
        lambda kit: kit.write("a.mkv", count=8, times=[5.0 * i for i in range(8)]), "no usable frame rate: 0.2 frames/s"
    ),
    "24 a second": Row(lambda kit: kit.write("a.mp4", fps=24), fps=24, frames=None),
    "23.976 a second": Row(lambda kit: kit.write("a.mp4", fps=Fraction(24000, 1001)), fps=23.976, frames=None),
    "30 a second": Row(
        lambda kit: kit.write("a.mp4", fps=30), fps=30, there=OF_THE_FACE, missing=TOO_SHORT, said=("is longer than",)
    ),
    "60 a second": Row(
        lambda kit: kit.write("a.mp4", fps=60), fps=60, there=OF_THE_FACE, missing=TOO_SHORT, said=("is longer than",)
    ),
    "120 a second": Row(
        lambda kit: kit.write("a.mp4", fps=120, sound=None), fps=60, frames=38, there=OF_THE_FACE, missing=NO_SOUND,
        said=("38 of 76 frames are judged, 60 a second",),
    ),
    "12 a second": Row(
        lambda kit: kit.write("a.mp4", fps=12), fps=12, frames=None, there=(*OF_THE_FACE, TAIL),
        missing={LIPSYNC: "too few"},
    ),
    "a phone held upright": Row(FILES.sideways),
    "no sound": Row(lambda kit: kit.write("a.mp4", sound=None), there=OF_THE_FACE, missing=NO_SOUND),
    "no sound but a speech": Row(
        lambda kit: kit.write("a.mp4", sound=None), speech=FILES.wav("given.wav", lambda sound: sound), quiet=True
    ),
    "sound ends first": Row(
        lambda kit: kit.write("a.mkv", sound=kit.sound[:32000]), there=(*OF_THE_FACE, TAIL, "tail/mouth"),
        missing=TOO_SHORT, frames=50, said=("26 frames after the speech",),
    ),
    "sound ends last": Row(
        lambda kit: kit.write("a.mkv", count=50), there=OF_THE_FACE, missing=TOO_SHORT, frames=50,
        said=("the speech (3.0 s) is longer than the video (2.0 s)",),
    ),
    "silent track": broken(lambda kit: kit.write("a.mp4", sound=0 * kit.sound), "the sound track is silent"),
    "silent speech": Row(
        lambda kit: kit.write("a.mp4"), speech=FILES.wav("silent.wav", lambda sound: 0 * sound), there=OF_THE_FACE,
        missing={LIPSYNC: "the speech is silent"},
    ),
    "clipped speech": Row(
        lambda kit: kit.write("a.mkv", sound=np.clip(kit.sound * 8.0, -32768, 32767)), said=("the speech is clipped: ",)
    ),
    "music on the other channel": Row(
        lambda kit: FILES.stereo(kit, "a.mkv", 1, -1), said=("channels differ", "InfiniteTalk hears no other")
    ),
    "speech on the second channel": Row(
        lambda kit: FILES.stereo(kit, "a.mkv", 0, 1), said=("first channel is silent", "channel 2 of 2 is judged")
    ),
    "speech on the first channel": Row(lambda kit: FILES.stereo(kit, "a.mkv", 1, 0), quiet=True),
    "stereo": Row(lambda kit: FILES.stereo(kit, "a.mp4", 0.9, 0.7), quiet=True),
    "5.1": Row(
        lambda kit: kit.write("a.mkv", sound=np.outer([0.3, 0.3, 1, 0, 0.1, 0.1], kit.sound), layout="5.1"), quiet=True
    ),
    "8 kHz": Row(
        lambda kit: kit.write("a.mkv", sound=kit.sound[::2], rate=8000), said=("sampled at 8 kHz",)
    ),
    "96 kHz": Row(lambda kit: kit.write("a.mkv", sound=kit.sound.repeat(6), rate=96000), quiet=True),
    "late sound": Row(
        lambda kit: kit.write("a.mkv", sound_from=1.0), said=("the sound starts 1.0 s after the picture",)
    ),
    "sound of another day": Row(
        lambda kit: kit.write("a.mkv", sound_from=7200.0), said=("the sound's clock is 7200 s off",)
    ),
    "half an MP4": broken(
        FILES.raw("half.mp4", lambda kit: kit.write("a.mp4").read_bytes()[:20000]), "has lost its index"
    ),
    "a broken download": broken(FILES.faststart, "undecodable after 3"),
    "half a Matroska": broken(FILES.cut_matroska, "is cut short"),
    "a text": broken(FILES.raw("text.mp4", lambda kit: b"no video\n" * 99), "undecodable"),
    "no frames": broken(FILES.no_frames, "not a video: sound only"),
    "one frame": broken(lambda kit: kit.write("a.mp4", count=1), "a single frame"),
    "two frames": Row(
        lambda kit: kit.write("a.mp4", count=2), there=(SHARP, CHEEKS), missing={LIPSYNC: "too short"}, frames=2
    ),
    "a sound": broken(FILES.wav("sound.wav", lambda sound: sound), "not a video: sound only"),
    "a picture": broken(
        FILES.raw("p.png", lambda kit: cv2.imencode(".png", kit.pictures[0])[1].tobytes()), "not a video: a picture"
    ),
    "a GIF": broken(lambda kit: FILES.animation(kit, "gif"), "not a video: an animated picture (gif)"),
    "an APNG": broken(lambda kit: FILES.animation(kit, "png"), "not a video: an animated picture (png)"),
    "a WebP": broken(lambda kit: FILES.animation(kit, "webp"), "not a video: an animated picture (webp)"),
    "odd sizes": Row(
        lambda kit: kit.write("a.mkv", lambda one, _: cv2.resize(one, (457, 333)), pixels="yuv444p"), quiet=True
    ),
    "a stamp": Row(
        lambda kit: kit.write("a.mkv", lambda one, _: cv2.resize(one, (31, 17)), codec="ffv1", pixels="yuv444p"),
        "no_face", there=(), missing={SHARP: "no face"}, coverage=(0, 0),
    ),
    "a pixel": Row(
        lambda kit: kit.write("a.mkv", lambda one, _: one[:1, :1], codec="ffv1", pixels="yuv444p", sound=None),
        "broken", "frozen", there=(), coverage=(0, 0),
    ),
    "4K": Row(
        lambda kit: kit.write("a.mp4", lambda one, _: cv2.resize(one, (2560, 2048)), count=6, sound=None),
        said=("2560×2048 is judged at 1/2",), there=(SHARP, CHEEKS), frames=6,
    ),
    "10 bits": Row(lambda kit: kit.write("a.mkv", pixels="yuv420p10le"), quiet=True),
    "HDR": Row(FILES.hdr, there=(SHARP, CHEEKS), missing=NO_SOUND, frames=30, said=("HDR (PQ) is tone-mapped",)),
    "transparent WebM": Row(
        lambda kit: kit.write("a.webm", lambda one, _: np.dstack([one, one[..., 0] * 0 + 255]), codec="libvpx-vp9",
                              pixels="yuva420p", sound=None, count=40),
        there=OF_THE_FACE, missing=NO_SOUND, frames=40,
    ),
    "transparent": Row(
        lambda kit: kit.write("a.mkv", lambda one, _: np.dstack([one, one[..., 0] * 0 + 255]), codec="ffv1",
                              pixels="bgra"),
    ),
    "sizes change": Row(FILES.changing, there=OF_THE_FACE, missing=NO_SOUND, said=("36 frames scaled",)),
}  # fmt: skip


@pytest.mark.parametrize("name", MATRIX)
def test_bad_input_is_judged_as_far_as_it_goes_and_says_the_rest(kit, name):
    row = MATRIX[name]
    score = score_video(row.make(kit), speech=None if row.speech is None else row.speech(kit), settings=PLAIN)
    assert (score.status, row.reason in (score.reason or "")) == (row.status, True), score.reason
    assert set(score.values) == set(PLAIN.metrics)
    for metric in row.there:
        assert score.values[metric].value is not None, (metric, score.values[metric].missing)
    for metric, why in row.missing.items():
        assert why in (score.values[metric].missing or ""), (metric, score.values[metric])
    told = " | ".join(score.warnings)
    assert all(words in told for words in row.said), told
    assert not (row.quiet and score.warnings), told
    assert row.coverage[0] <= score.coverage <= row.coverage[1]
    assert row.frames in (None, score.frames)
    assert row.fps is None or score.fps == pytest.approx(row.fps, rel=1e-3)
    if score.status == "broken":
        assert all((value.missing or "").startswith("broken: ") for value in score.values.values())


def test_every_figure_of_a_small_face_is_flagged(kit):
    score = score_video(kit.write("flagged.mp4", FILES.tiny), settings=PLAIN)
    for name, value in score.values.items():
        small = [flag for flag in value.flags if flag.startswith("small face (")]
        assert len(small) == (value.value is not None and "face" in METRICS[name].needs), (name, value)
