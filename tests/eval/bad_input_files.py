"""The files of the matrix of bad input: a talker's pictures and speech, written in every wrong way."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from workflow.media.sound import write_wav

WIDTH, HEIGHT = 320, 256


@dataclass
class Kit:
    """Three seconds of a talker in front of a wall, her speech, and where to write."""

    folder: Path
    film: Callable[..., Path]
    pictures: list[np.ndarray]
    sound: np.ndarray

    def write(
        self, name: str, change: Callable[[np.ndarray, int], np.ndarray] | None = None, **options: object
    ) -> Path:
        """The pictures, each through ``change``, with the speech unless told otherwise."""
        count = options.pop("count", len(self.pictures))
        pictures = [
            picture if change is None else change(picture, index)
            for index, picture in enumerate(self.pictures[: int(str(count))])
        ]
        return self.film(self.folder / name, pictures, **{"sound": self.sound, **options})


def raw(name: str, content: Callable[[Kit], bytes]) -> Callable[[Kit], Path]:
    def make(kit: Kit) -> Path:
        path = kit.folder / name
        path.write_bytes(content(kit))
        return path

    return make


def wav(name: str, samples: Callable[[np.ndarray], np.ndarray]) -> Callable[[Kit], Path]:
    def make(kit: Kit) -> Path:
        write_wav(kit.folder / name, samples(kit.sound).astype(np.int16), 16000)
        return kit.folder / name

    return make


def waves(_: np.ndarray, index: int) -> np.ndarray:
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    parts = [np.sin(x / (17 + 5 * k) + index * 0.2) + np.cos(y / (23 + 3 * k) - index * 0.1) for k in range(3)]
    return np.clip(128 + 45 * np.stack(parts, axis=-1), 0, 255).astype(np.uint8)


def beside(picture: np.ndarray, _: int) -> np.ndarray:
    other = np.zeros((HEIGHT, 192, 3), np.uint8)
    other[-154:] = cv2.resize(picture, (192, 154), interpolation=cv2.INTER_AREA)
    return np.hstack([picture, other])


def leaving(picture: np.ndarray, index: int) -> np.ndarray:
    """The talker moves out to the right; a plain wall with a window stays."""
    wall = np.full_like(picture, (120, 140, 150))
    cv2.rectangle(wall, (20, 20), (120, 180), (60, 40, 30), -1)
    left = max(0, (index - 30) * 14)
    if left < WIDTH:
        wall[:, left:] = picture[:, : WIDTH - left]
    return wall


def tiny(picture: np.ndarray, _: int) -> np.ndarray:
    ground = np.full((HEIGHT, WIDTH, 3), (120, 140, 150), np.uint8)
    ground[100:196, 100:220] = cv2.resize(picture, (120, 96), interpolation=cv2.INTER_AREA)
    return ground


def sideways(kit: Kit) -> Path:
    """A phone held upright: coded lying, with the display matrix that turns it back."""
    path = kit.write("phone.mp4", lambda picture, _: np.rot90(picture))
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44
    data[at : at + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def stereo(kit: Kit, name: str, left: float, right: float) -> Path:
    """``left`` is the speech's gain; ``right`` is its gain there, or that of a tune where it is negative."""
    tune = 6000 * np.sin(2 * np.pi * 220 * np.arange(kit.sound.size) / 16000)
    second = kit.sound * right if right >= 0 else tune * -right
    return kit.write(name, sound=np.stack([kit.sound * left, second]), layout="stereo")


def faststart(kit: Kit) -> Path:
    whole, cut = kit.write("whole.mp4"), kit.folder / "cut.mp4"
    with av.open(str(whole)) as old, av.open(str(cut), "w", options={"movflags": "faststart"}) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    data = cut.read_bytes()
    cut.write_bytes(data[: len(data) * 6 // 10])
    return cut


def cut_matroska(kit: Kit) -> Path:
    whole, cut = kit.write("whole.mkv"), kit.folder / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    return cut


def no_frames(kit: Kit) -> Path:
    path = kit.folder / "no_frames.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        sound = container.add_stream("aac", rate=16000, layout="mono")
        block = av.AudioFrame.from_ndarray((kit.sound[None] / 32768).astype(np.float32), "fltp", "mono")
        block.sample_rate = 16000
        container.mux(sound.encode(block))
        container.mux(sound.encode(None))
    return path


def animation(kit: Kit, kind: str) -> Path:
    from PIL import Image

    pictures = [Image.fromarray(np.ascontiguousarray(picture[..., ::-1])) for picture in kit.pictures[:8]]
    path = kit.folder / f"animation.{kind}"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=40)
    return path


def hdr(kit: Kit) -> Path:
    """The picture's numbers taken as PQ: a dim scene, which is all that the row needs."""
    path = kit.folder / "hdr.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p10le"
        video.codec_context.color_trc, video.codec_context.colorspace = 16, 9
        video.codec_context.color_primaries = 9
        for picture in kit.pictures[:30]:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, "bgr24").reformat(format="yuv420p10le")))
        container.mux(video.encode(None))
    return path


def changing(kit: Kit) -> Path:
    """Two sizes one after the other, as a call that loses its bandwidth is recorded."""
    parts = [
        kit.film(kit.folder / "one.h264", kit.pictures[:40], sound=None),
        kit.film(kit.folder / "two.h264", [cv2.resize(one, (400, 320)) for one in kit.pictures[40:]], sound=None),
    ]
    path = kit.folder / "changing.h264"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def phone_times(count: int) -> list[float]:
    """30 a second with every seventh frame lost."""
    return [(index + index // 6) / 30 for index in range(count)]
