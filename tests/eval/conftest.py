"""Pieces of a real clip, distorted in known ways, small enough to be scored often."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from eval.score import Score, score_video
from eval.settings import Settings
from workflow.media.decode import frames
from workflow.media.encode import VideoWriter
from workflow.media.picture import save_png
from workflow.media.sound import speech, write_wav
from workflow.windows import Windows

SIDE = 304
WIDTH, HEIGHT = 416, 320
WINDOWS = Windows(window=25, motion_frame=5, requested=100)  # seams at 25, 45, 65, 85
VISUAL = Settings(families=("sharpness", "colour", "motion", "seam"))
Change = Callable[[np.ndarray, int], np.ndarray]


def grow(picture: np.ndarray) -> np.ndarray:
    """Room around the face: a still wall at both sides, with grain as a flat one would only show 8-bit steps."""
    grain = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 60, (HEIGHT, WIDTH, 3)), (0, 0), 2)
    wall = np.clip(np.array([150, 130, 110]) + grain, 0, 255).astype(np.uint8)
    left = (WIDTH - SIDE) // 2
    wall[HEIGHT - SIDE :, left : left + SIDE] = picture
    return wall


@dataclass
class Bench:
    """Four seconds of a real talker, and a way to write and score changed copies."""

    folder: Path
    pictures: list[np.ndarray]
    sound: np.ndarray

    def write(self, name: str, change: Change | None = None, **options: object) -> Path:
        """Encode the frames, each through ``change(frame, index)``."""
        path = self.folder / f"{name}.mp4"
        wav = self.folder / f"{name}.wav"
        write_wav(wav, self.sound, 16000)
        with VideoWriter(path, WIDTH, HEIGHT, 25, audio=wav, crf=12, **options) as writer:  # type: ignore[arg-type]
            for index, picture in enumerate(self.pictures):
                writer.write(np.ascontiguousarray(picture if change is None else change(picture, index)))
        return path

    def reference(self) -> Path:
        """The first frame as a PNG."""
        path = self.folder / "reference.png"
        save_png(path, self.pictures[0])
        return path

    def score(self, name: str, change: Change | None = None, settings: Settings = VISUAL) -> Score:
        """Write and score against the first frame, with the windows of this module."""
        return score_video(self.write(name, change), reference=self.reference(), windows=WINDOWS, settings=settings)


@pytest.fixture(scope="session")
def bench(talking_frontal: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    pictures = [
        grow(cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
        for frame in islice(frames(talking_frontal), 100)
    ]
    return Bench(tmp_path_factory.mktemp("bench"), pictures, speech(talking_frontal)[:64000])


@pytest.fixture(scope="session")
def clean(bench: Bench) -> Score:
    """The undistorted piece's score."""
    return bench.score("clean")


def _lab_shift(picture: np.ndarray, lightness: float = 0.0, a: float = 0.0, b: float = 0.0) -> np.ndarray:
    """Add to L, a and b of every pixel."""
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)
    lab[..., 0] += lightness
    lab[..., 1] += a
    lab[..., 2] += b
    return np.clip(np.rint(cv2.cvtColor(lab, cv2.COLOR_Lab2BGR) * 255), 0, 255).astype(np.uint8)


def _moving_texture(index: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A picture with structure and movement and no face."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    waves = [np.sin(x / (17 + 5 * k) + index * 0.2) + np.cos(y / (23 + 3 * k) - index * 0.1) for k in range(3)]
    return np.clip(128 + 45 * np.stack(waves, axis=-1), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def lab_shifted() -> Callable[..., np.ndarray]:
    return _lab_shift


@pytest.fixture(scope="session")
def moving_texture() -> Callable[..., np.ndarray]:
    return _moving_texture


def _film(
    path: Path,
    pictures: list[np.ndarray],
    *,
    fps: Fraction | int = 25,
    times: list[float] | None = None,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    sound: np.ndarray | None = None,
    rate: int = 16000,
    layout: str = "mono",
    sound_from: float = 0.0,
) -> Path:
    """Write pictures (BGR, or BGRA) at a rate or at ``times``, and PCM or AAC ``sound`` ``[n]`` or ``[channels, n]``.

    By PyAV alone, so that what is judged did not come through this project's writer.
    """
    clock = Fraction(1, 90000) if times is not None else 1 / Fraction(fps)
    sound_codec = "aac" if path.suffix in (".mp4", ".mov") else "pcm_s16le"
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=Fraction(fps))
        video.height, video.width = pictures[0].shape[:2]
        video.pix_fmt = pixels
        if codec == "libx264":
            video.options = {"preset": "veryfast", "crf": "14"}
        if times is not None:
            video.codec_context.time_base = clock
        audio = None if sound is None else container.add_stream(sound_codec, rate=rate, layout=layout)
        for index, picture in enumerate(pictures):
            shape = "bgra" if picture.shape[2] == 4 else "bgr24"
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), shape).reformat(format=pixels)
            frame.pts, frame.time_base = (index if times is None else round(times[index] / clock)), clock
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None and sound is not None:
            samples = np.ascontiguousarray(np.atleast_2d(sound).astype(np.float32) / 32768)
            block = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
            block.sample_rate, block.pts, block.time_base = rate, round(sound_from * rate), Fraction(1, rate)
            fitted = av.AudioResampler(format=audio.codec_context.format.name, layout=layout, rate=rate)
            for part in (*fitted.resample(block), *fitted.resample(None)):
                container.mux(audio.encode(part))
            container.mux(audio.encode(None))
    return path


@pytest.fixture(scope="session")
def film() -> Callable[..., Path]:
    return _film
