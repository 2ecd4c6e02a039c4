"""Decoding: colours, rotation, depth, odd sizes, memory, and videos that are none."""

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from workflow.media.arrays import Picture
from workflow.media.decode import frames
from workflow.media.encode import VideoWriter
from workflow.media.errors import FrameSizeError, MediaError, MissingMediaError, NoVideoError, UnreadableMediaError
from workflow.media.probe import probe


def patches(height: int = 64, width: int = 96) -> Picture:
    """Four flat colours that 4:2:0 keeps away from the borders between them."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (40, 60, 200)
    image[: height // 2, width // 2 :] = (60, 180, 70)
    image[height // 2 :, : width // 2] = (190, 80, 50)
    image[height // 2 :, width // 2 :] = (128, 128, 128)
    return image


def corner_colours(image: Picture) -> np.ndarray:
    height, width = image.shape[:2]
    spots = [(y, x) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return np.array([image[y - 3 : y + 3, x - 3 : x + 3].mean((0, 1)) for y, x in spots])


def written(path: Path, image: Picture, count: int = 5) -> Path:
    with VideoWriter(path, image.shape[1], image.shape[0], crf=10) as video:
        for _ in range(count):
            video.write(image)
    return path


def encoded(path: Path, image: Picture, codec: str, pixel_format: str, colorspace: int | None = None) -> Path:
    """A video by PyAV alone, so that what reads it is not tested against its own writer."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = image.shape[1], image.shape[0], pixel_format
        options = {} if colorspace is None else {"dst_colorspace": colorspace}
        if colorspace is not None:
            stream.codec_context.colorspace = colorspace
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format=pixel_format, **options)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_colours_survive_writing_and_reading(tmp_path: Path) -> None:
    image = patches()
    seen = list(frames(written(tmp_path / "a.mp4", image)))
    assert len(seen) == 5
    assert seen[0].dtype == np.uint8 and seen[0].shape == image.shape
    assert np.abs(corner_colours(seen[2]) - corner_colours(image)).max() <= 2.5


@pytest.mark.parametrize(
    ("codec", "pixel_format", "colorspace", "size"),
    [
        ("libx264", "yuv420p", 1, (64, 96)),  # BT.709, as cameras write it
        ("libx264", "yuv420p", 5, (64, 96)),
        ("ffv1", "yuv420p10le", None, (64, 96)),  # 10 bits
        ("ffv1", "yuv444p", None, (63, 95)),  # odd sizes
        ("ffv1", "gray", None, (64, 96)),
    ],
)
def test_every_pixel_format_becomes_the_same_eight_bit_colours(
    tmp_path: Path, codec: str, pixel_format: str, colorspace: int | None, size: tuple[int, int]
) -> None:
    image = patches(*size)
    if pixel_format == "gray":
        image = np.repeat(image[:, :, :1], 3, axis=2)
    path = encoded(tmp_path / "a.mkv", image, codec, pixel_format, colorspace)
    first = next(frames(path))
    assert first.shape == image.shape and first.dtype == np.uint8
    assert np.abs(corner_colours(first) - corner_colours(image)).max() <= 4


MATRICES = {  # what a phone writes for each way of holding it: a b u c d v x y w, 16.16 fixed point
    0: (1, 0, 0, 1),
    90: (0, 1, -1, 0),
    180: (-1, 0, 0, -1),
    270: (0, -1, 1, 0),
}


@pytest.mark.parametrize("clockwise", sorted(MATRICES))
def test_a_phones_rotation_is_applied(tmp_path: Path, clockwise: int) -> None:
    image = patches()
    path = written(tmp_path / "a.mp4", image)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # the matrix in a version 0 track header
    a, b, c, d = (value << 16 for value in MATRICES[clockwise])
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    turned = np.rot90(image, -clockwise // 90)
    seen = next(frames(path))
    assert seen.shape == turned.shape
    assert np.abs(corner_colours(seen) - corner_colours(turned)).max() <= 2.5
    assert (probe(path).width, probe(path).height) == (turned.shape[1], turned.shape[0])


def test_stop_limits_the_frames(talking_frontal: Path) -> None:
    assert len(list(frames(talking_frontal, stop=7))) == 7
    assert list(frames(talking_frontal, stop=0)) == []


def test_every_frame_of_a_real_clip_comes(talking_frontal: Path) -> None:
    known = probe(talking_frontal)
    assert (known.width, known.height, known.fps, known.frames, known.seconds) == (458, 458, 25.0, 375, 15.0)
    assert sum(1 for _ in frames(talking_frontal)) == known.frames


def test_names_in_any_script_are_read(tmp_path: Path) -> None:
    path = tmp_path / "我的 项目 #1%20;a=b" / "说话: 一.mp4"
    path.parent.mkdir()
    written(path, patches())
    assert sum(1 for _ in frames(path)) == 5


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("text.mp4", b"this is a text\n" * 100, UnreadableMediaError),
        ("empty.mp4", b"", UnreadableMediaError),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n", UnreadableMediaError),
        ("script.mp4", b"ffconcat version 1.0\nfile other.mp4\n", UnreadableMediaError),
        ("drawing.mp4", b"\x1b[31mtext that a terminal decoder would draw\n" * 50, UnreadableMediaError),
    ],
)
def test_what_is_no_video_is_refused_with_its_name(
    tmp_path: Path, name: str, content: bytes, error: type[MediaError]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(error, match=name):
        list(frames(path))
    with pytest.raises(error, match=name):
        probe(path)


def test_a_playlist_does_not_open_its_neighbours(tmp_path: Path) -> None:
    written(tmp_path / "other.mp4", patches())
    (tmp_path / "script.mp4").write_text("ffconcat version 1.0\nfile other.mp4\n", encoding="utf-8")
    with pytest.raises(UnreadableMediaError):
        list(frames(tmp_path / "script.mp4"))


def test_missing_files_and_folders_are_missing(tmp_path: Path) -> None:
    for path in (tmp_path / "none.mp4", tmp_path):
        with pytest.raises(MissingMediaError):
            list(frames(path))


def test_a_sound_has_no_frames(speech_wav: Path) -> None:
    with pytest.raises(NoVideoError):
        list(frames(speech_wav))


def test_a_damaged_video_says_after_how_many_frames_it_stops(tmp_path: Path, talking_frontal: Path) -> None:
    data = bytearray(talking_frontal.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 60_000] = bytes(60_000)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data)
    with pytest.raises(UnreadableMediaError, match=r"stops decoding after \d+ frames"):
        list(frames(path))


def test_a_truncated_video_is_refused(tmp_path: Path, talking_frontal: Path) -> None:
    path = tmp_path / "half.mp4"
    path.write_bytes(talking_frontal.read_bytes()[:300_000])
    with pytest.raises(UnreadableMediaError, match=r"half\.mp4"):
        list(frames(path))


def remuxed(source: Path, target: Path, **options: str) -> Path:
    """The same coded frames in another container."""
    with av.open(str(source)) as old, av.open(str(target), "w", options=options) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    return target


@pytest.mark.parametrize(("suffix", "options"), [(".mp4", {"movflags": "faststart"}), (".mkv", {})])
def test_a_file_that_ends_before_its_announced_end_is_cut_short(
    tmp_path: Path, talking_frontal: Path, suffix: str, options: dict[str, str]
) -> None:
    """FFmpeg itself says nothing where a download broke off."""
    whole = remuxed(talking_frontal, tmp_path / f"whole{suffix}", **options)
    assert sum(1 for _ in frames(whole)) == 375
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    count = 0
    with pytest.raises(UnreadableMediaError, match=r"cut short: .* announces 15\.0 s"):
        for _ in frames(cut):
            count += 1
    assert 150 < count < 300
    assert len(list(frames(cut, stop=100))) == 100


def test_a_size_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.mp4", patches())
    monkeypatch.setattr("workflow.media.container.MAX_PIXELS", 1000)
    with pytest.raises(FrameSizeError, match="96×64"):
        next(frames(path))
    with pytest.raises(FrameSizeError, match="96×64"):
        probe(path)


def test_an_mp4_without_its_index_says_so(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mp4", patches())
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(UnreadableMediaError, match="lost its index"):
        list(frames(path))


def test_cover_art_and_second_streams_are_not_the_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        cover = container.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        streams = [container.add_stream("libx264", rate=25) for _ in range(2)]
        for stream, side in zip(streams, (64, 48), strict=True):
            stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
        art = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "bgr24").reformat(format="yuvj420p")
        container.mux(cover.encode(art))
        for stream, side in zip(streams, (64, 48), strict=True):
            for _ in range(3):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((side, side, 3), np.uint8), "bgr24")))
            container.mux(stream.encode(None))
    assert (probe(path).width, probe(path).videos) == (64, 2)
    assert [frame.shape for frame in frames(path)] == [(64, 64, 3)] * 3


@pytest.mark.parametrize(("suffix", "codec", "pixel_format"), [(".mkv", "ffv1", "bgra"), (".mov", "qtrle", "argb")])
def test_transparent_parts_are_laid_on_grey(tmp_path: Path, suffix: str, codec: str, pixel_format: str) -> None:
    image = np.full((32, 32, 4), 255, np.uint8)
    image[:, :16, 3], image[:, :8, 3] = 128, 0
    path = tmp_path / f"a{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, pixel_format
        container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgra").reformat(format=pixel_format)))
        container.mux(stream.encode(None))
    row = next(frames(path))[16, (4, 12, 24)]
    assert np.abs(row.astype(int) - np.array([[128], [192], [255]])).max() <= 1
