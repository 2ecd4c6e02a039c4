"""One changed copy of a clip: its video, its speech and its reference, written beside each other."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from eval.calibrate.catalogue import DISTORTIONS
from eval.calibrate.distortion import BASE_CRF
from eval.calibrate.harmless import HARMLESS
from eval.calibrate.material import LOSSLESS, Material
from eval.calibrate.scene import FrameChange
from eval.calibrate.timeline import Frames, every
from eval.metrics.envelope import RATE
from workflow.media.arrays import Picture
from workflow.media.decode import frames as decoded
from workflow.media.encode import VideoWriter
from workflow.media.picture import load_picture, save_png
from workflow.media.sound import write_wav

CODED_PRESET = "veryfast"  # of the distortion whose strength is the CRF


@dataclass(frozen=True)
class Copy:
    """What is scored."""

    video: Path
    speech: Path
    reference: Path


def clean(material: Material) -> Copy:
    """The clean clip: strength 0 of every distortion."""
    return Copy(material.base, material.wav, material.reference)


def distorted(material: Material, name: str, strength: float, draw: int, folder: Path) -> Copy:
    """The clip with one distortion; parts that it leaves alone are the clean clip's own files."""
    row, scene = DISTORTIONS[name], material.scene
    if strength == 0:
        return clean(material)
    if row.sound is not None:
        speech = folder / "speech.wav"
        write_wav(speech, row.sound(material.speech(), strength, draw), RATE)
        return Copy(material.base, speech, material.reference)
    shown = row.frames(scene, strength) if row.frames is not None else every(scene)
    change = row.picture(strength, scene) if row.picture is not None else None
    crf = row.crf(strength)
    preset = LOSSLESS if crf == BASE_CRF else CODED_PRESET
    video = _write(folder / "video.mp4", material, shown, change, crf, preset)
    return Copy(video, material.wav, material.reference)


def harmless(material: Material, name: str, folder: Path) -> Copy:
    """The clip after a change that should not count."""
    row = HARMLESS[name]
    speech, reference, video = material.wav, material.reference, material.base
    if row.sound is not None:
        speech = folder / "speech.wav"
        write_wav(speech, row.sound(material.speech()), RATE)
    picture = row.picture
    if picture is not None and row.both:
        reference = folder / "reference.png"
        save_png(reference, picture(load_picture(material.reference)))
    if picture is not None or row.frames is not None or row.crf != BASE_CRF:
        shown = row.frames(material.scene) if row.frames is not None else every(material.scene)
        change: FrameChange | None = None if picture is None else lambda frame, _: picture(frame)
        video = _write(folder / "video.mp4", material, shown, change, row.crf, row.preset)
    return Copy(video, speech, reference)


def picked(frames: Iterable[Picture], shown: Frames) -> Iterator[Picture]:
    """The frames numbered ``shown``, which never decrease, out of a stream; holds one frame."""
    source = enumerate(frames)
    at, frame = next(source)
    for wanted in shown:
        while at < wanted:
            at, frame = next(source)
        yield frame


def _write(path: Path, material: Material, shown: Frames, change: FrameChange | None, crf: int, preset: str) -> Path:
    with ExitStack() as stack:
        writer: VideoWriter | None = None
        for index, frame in enumerate(picked(decoded(material.cut, stop=shown[-1] + 1), shown)):
            picture = frame if change is None else change(frame, index)
            if writer is None:
                height, width = picture.shape[:2]
                writer = stack.enter_context(
                    VideoWriter(path, width, height, material.scene.fps, crf=crf, preset=preset)
                )
            writer.write(picture)
    return path
