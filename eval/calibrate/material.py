"""From a user's clip to what is distorted: a bounded span at 25 frames a second, its face, its speech."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from eval.calibrate.distortion import BASE_CRF
from eval.calibrate.scene import Place, Scene, steady_places
from eval.calibrate.sounds import Speech
from eval.embedded import origin
from eval.metrics.envelope import RATE, is_silent, speech_envelope
from eval.metrics.mouth import norm
from eval.score import DEFAULT, Settings, score_video
from workflow.errors import HarnessError
from workflow.files import sha256_file
from workflow.media.arrays import Picture, Samples
from workflow.media.box import Box
from workflow.media.encode import VideoWriter
from workflow.media.facebox import FaceTracker
from workflow.media.picture import save_png
from workflow.media.probe import probe
from workflow.media.sound import speech as read_speech
from workflow.media.sound import write_wav
from workflow.media.steady import steady
from workflow.windows import Windows

Item = TypeVar("Item")
FPS = 25.0
LEAST_S = 4.0  # of speech; below, lip sync and drift have nothing to go by
MARGIN_S = 0.4  # of speech around the span, so that shifted speech is speech and not silence
TAIL_S = 1.0  # of video after the speech
ROOM_S = 3.0  # more of it, for longer tails
COVERAGE = 0.9  # of the frames must have a face
LONG = 240  # frames of speech from which InfiniteTalk's own windows give three seams
WINDOW, SHORT_WINDOW, MOTION = 81, 41, 9
LOSSLESS = "ultrafast"


class UnfitClip(HarnessError):
    """A clip that nothing can be calibrated on."""

    code = "unfit-clip"


@dataclass(frozen=True)
class Material:
    """One clip, ready to be distorted. ``folder`` holds what :func:`prepare` wrote; the rest describes it."""

    folder: Path
    sha256: str
    width: int
    height: int
    scene: Scene
    windows: Windows
    start_s: float
    coverage: float
    footage: Mapping[str, float] | None = None
    """How far the clean mouth opens, for metrics that compare with real footage."""

    @property
    def cut(self) -> Path:
        """The span, its tail, and the room after it, lossless."""
        return self.folder / "cut.mp4"

    @property
    def base(self) -> Path:
        """The clean clip: the span and its tail, lossless."""
        return self.folder / "base.mp4"

    @property
    def reference(self) -> Path:
        """The first frame as a PNG."""
        return self.folder / "reference.png"

    @property
    def wav(self) -> Path:
        """The clean speech."""
        return self.folder / "base.wav"

    def speech(self) -> Speech:
        """The speech with its margins."""
        samples = np.load(self.folder / "speech.npy", allow_pickle=False)
        return Speech(samples, round(min(self.start_s, MARGIN_S) * RATE), round(self.scene.spoken / FPS * RATE))


def prepare(clip: Path, folder: Path, seconds: float, side: int, settings: Settings = DEFAULT) -> Material:
    """Cut at most ``seconds`` of ``clip`` and at most ``side`` × ``side`` pixels around its face, never scaled.

    The tail after the speech is the clip's own continuation, or its end played back and forth. Raises UnfitClip for
    what cannot be calibrated on, and the errors of workflow.media for what cannot be read.
    """
    if origin(probe(clip).tags, None).stand_in:
        raise UnfitClip(f"{clip} was made by the stand-in, a puppet", hint="calibrate on real footage")
    samples = read_speech(clip, RATE)
    if is_silent(samples):
        raise UnfitClip(f"{clip}: the sound is silent", hint="a clean clip has its own speech, in sync")
    boxes: list[Box | None] = []
    size = (0, 0)
    longest = round((MARGIN_S + seconds + TAIL_S + ROOM_S) * FPS) + 2
    for tracked in FaceTracker(FPS).track(islice(steady(clip, FPS), longest)):
        boxes.append(tracked.box)
        size = tracked.frame.shape[:2]
    start, spoken = span(len(boxes), samples.size, seconds, clip)
    coverage = _coverage(boxes[start : start + spoken], clip)
    crop = _crop(size, boxes, side)
    folder.mkdir(parents=True, exist_ok=True)
    windows = Windows(WINDOW if spoken >= LONG else SHORT_WINDOW, MOTION, spoken)
    frames = round(spoken + (TAIL_S + ROOM_S) * FPS) + 1
    places = steady_places(_bounced(boxes[start:], frames), FPS)
    places = tuple(Place(p.x - crop.x, p.y - crop.y, p.w, p.h) for p in places)
    seams = tuple(seam for seam in windows.seams if seam < spoken)
    scene = Scene(FPS, spoken, round(TAIL_S * FPS), places, seams, _loudness(samples, start, spoken))
    material = Material(folder, sha256_file(clip), crop.w, crop.h, scene, windows, start / FPS, coverage)
    _write(material, clip, start, frames, crop)
    first = max(round((start / FPS - MARGIN_S) * RATE), 0)
    np.save(folder / "speech.npy", samples[first : first + round((spoken / FPS + 2 * MARGIN_S) * RATE)])
    write_wav(material.wav, material.speech().cut(), RATE)
    return replace(material, footage=_norm(material, settings))


def _loudness(samples: Samples, start: int, spoken: int) -> tuple[float, ...]:
    """The speech's envelope in each frame, over its 95th percentile."""
    envelope = speech_envelope(samples[round(start / FPS * RATE) :], FPS, spoken)
    return tuple(float(value) for value in envelope / max(float(np.percentile(envelope, 95)), 1e-9))


def _norm(material: Material, settings: Settings) -> Mapping[str, float] | None:
    """The clean mouth; None where the settings leave it out or nothing of it can be measured."""
    if "mouth" not in settings.families:
        return None
    networks = tuple(network for network in settings.networks if network == "landmarks")
    score = score_video(
        material.base, speech=material.wav, settings=replace(settings, families=("mouth",), networks=networks)
    )
    return norm(score.values) or None


def span(frames: int, samples: int, seconds: float, clip: Path) -> tuple[int, int]:
    """(first frame, frames of speech) of a clip of ``frames`` at 25 a second with ``samples`` at 16 kHz.

    It starts a margin into the clip where there is enough of it. Raises UnfitClip for a short one.
    """
    there = min(frames, int(samples / RATE * FPS + 1e-6))
    if there < LEAST_S * FPS:
        raise UnfitClip(
            f"{clip} has {there / FPS:.1f} s of picture with sound, {LEAST_S:g} s are needed",
            hint="ten seconds or more show most",
        )
    wanted, margin = round(seconds * FPS), round(MARGIN_S * FPS)
    start = margin if there >= wanted + 2 * margin else 0
    return start, min(wanted, there - start)


def _coverage(boxes: list[Box | None], clip: Path) -> float:
    share = sum(box is not None for box in boxes) / len(boxes)
    if share < COVERAGE:
        raise UnfitClip(
            f"{clip}: a frontal face in {share:.0%} of the frames, {COVERAGE:.0%} are needed",
            hint="a clean clip shows one face that talks, all the time",
        )
    return share


def _crop(size: tuple[int, int], boxes: list[Box | None], side: int) -> Box:
    """An even rectangle around the usual face, which comes to two fifths of its height."""
    height, width = (min(length, side) // 2 * 2 for length in size)
    centres = np.array([box.centre for box in boxes if box is not None])
    x, y = np.median(centres, axis=0)
    left = min(max(round(x - width / 2), 0), size[1] - width)
    top = min(max(round(y - height * 0.4), 0), size[0] - height)
    return Box(left // 2 * 2, top // 2 * 2, width, height)


def _bounced(items: list[Item], length: int) -> list[Item]:
    """``length`` items: those there are, then their last second back and forth."""
    out = items[:length]
    end = out[-round(TAIL_S * FPS) :]
    loop = end[-2::-1] + end[1:]
    while len(out) < length:
        out += loop[: length - len(out)]
    return out


def _write(material: Material, clip: Path, start: int, frames: int, crop: Box) -> None:
    """The cut, the clean clip and the reference picture."""
    reach = round(TAIL_S * FPS)
    last: list[Picture] = []
    with (
        VideoWriter(material.cut, crop.w, crop.h, FPS, crf=BASE_CRF, preset=LOSSLESS) as cut,
        VideoWriter(material.base, crop.w, crop.h, FPS, crf=BASE_CRF, preset=LOSSLESS) as base,
    ):

        def write(picture: Picture) -> None:
            if cut.frames < material.scene.frames:
                base.write(picture)
            cut.write(picture)

        for frame in islice(steady(clip, FPS), start, start + frames):
            picture = np.ascontiguousarray(crop.cut(frame))
            if cut.frames == 0:
                save_png(material.reference, picture)
            last = [*last[-reach + 1 :], picture]
            write(picture)
        missing = frames - cut.frames
        for picture in _bounced(last, len(last) + missing)[len(last) :]:
            write(picture)
