"""Pictures as people have them: turned, transparent, indexed, deep, CMYK, huge, or not pictures."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from workflow.media.box import Box
from workflow.media.errors import (
    MediaError,
    MediaWriteError,
    MissingMediaError,
    PictureTooLargeError,
    UnreadableMediaError,
    UnreadablePictureError,
)
from workflow.media.picture import fit, load_picture, resize, save_png
from workflow.media.probe import probe

RED, GREEN, BLUE, WHITE = (200, 30, 40), (40, 180, 60), (50, 60, 190), (240, 240, 240)


def quarters(width: int = 40, height: int = 60) -> Image.Image:
    """Red, green / blue, white: every rotation of it differs."""
    image = Image.new("RGB", (width, height), RED)
    for box, colour in (
        ((width // 2, 0), GREEN),
        ((0, height // 2), BLUE),
        ((width // 2, height // 2), WHITE),
    ):
        image.paste(colour, (*box, *(box[0] + width // 2, box[1] + height // 2)))
    return image


def bgr(image: Image.Image) -> np.ndarray:
    return np.asarray(image)[:, :, ::-1]


@pytest.mark.parametrize("name", ["a.png", "a.JPG", "图 片.webp", "a.bmp", "a.tiff"])
def test_common_formats_read_alike(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    options = {"quality": 95, "subsampling": 0} if name.endswith("JPG") else {"lossless": True}
    quarters().save(path, **options)
    seen = load_picture(path)
    assert seen.shape == (60, 40, 3) and seen.dtype == np.uint8
    assert np.abs(seen[10, 10].astype(int) - RED[::-1]).max() <= 4
    assert (probe(path).kind, probe(path).width, probe(path).height) == ("image", 40, 60)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(tmp_path: Path, orientation: int) -> None:
    """Laid down as a camera would for each orientation (EXIF 2.3, tag 0x0112), it is upright again."""
    turn = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    upright = quarters()
    stored = upright if turn is None else upright.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(load_picture(tmp_path / "a.png"), bgr(upright))
    assert (probe(tmp_path / "a.png").width, probe(tmp_path / "a.png").height) == upright.size


def test_transparent_parts_lie_on_mid_grey(tmp_path: Path) -> None:
    image = quarters().convert("RGBA")
    image.paste((255, 0, 0, 0), (0, 0, 20, 30))
    image.paste((0, 0, 0, 128), (20, 0, 40, 30))
    image.save(tmp_path / "a.png")
    seen = load_picture(tmp_path / "a.png")
    assert seen[10, 10].tolist() == [128, 128, 128]
    assert np.abs(seen[10, 30].astype(int) - 64).max() <= 1
    assert seen[40, 30].tolist() == list(WHITE)


@pytest.mark.parametrize("mode", ["P", "L", "LA", "1", "CMYK"])
def test_other_modes_become_colour(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    image = quarters().convert(mode)
    image.save(path, **({"quality": 98} if mode == "CMYK" else {}))
    wanted = bgr(image.convert("RGB")).astype(int)
    seen = load_picture(path)
    assert seen.shape == (60, 40, 3)
    assert np.abs(seen[5:20, 5:15] - wanted[5:20, 5:15]).mean() < 4


def test_a_palette_with_a_transparent_colour_lies_on_grey(tmp_path: Path) -> None:
    image = quarters().convert("P")
    image.save(tmp_path / "a.png", transparency=image.getpixel((5, 5)))
    assert load_picture(tmp_path / "a.png")[5, 5].tolist() == [128, 128, 128]


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 256).astype(np.uint16)[None, :].repeat(8, 0)
    Image.fromarray(values).save(tmp_path / "a.png")
    seen = load_picture(tmp_path / "a.png")
    assert np.abs(seen[4, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_a_colour_profile_is_converted(tmp_path: Path) -> None:
    """The sRGB profile changes nothing; a broken one is passed over."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, data in (("good.png", profile), ("broken.png", b"not a profile")):
        quarters().save(tmp_path / name, icc_profile=data)
        assert np.abs(load_picture(tmp_path / name).astype(int) - bgr(quarters())).max() <= 1


def bomb(path: Path, width: int, height: int) -> None:
    """A PNG of a few kilobytes that unpacks to width × height."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b""))


@pytest.mark.parametrize("size", [(12_000, 12_000), (60_000, 60_000)])
def test_a_decompression_bomb_is_refused_unread(tmp_path: Path, size: tuple[int, int]) -> None:
    bomb(tmp_path / "a.png", *size)
    with pytest.raises(PictureTooLargeError, match=r"a\.png"):
        load_picture(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"a text", UnreadablePictureError), (b"", UnreadableMediaError), (None, MissingMediaError)],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes | None, error: type[MediaError]) -> None:
    path = tmp_path / "照片 1.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match="照片 1"):
        load_picture(path)


def test_half_a_picture_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3)).astype(np.uint8)
    for name in ("a.png", "a.jpg"):
        Image.fromarray(noise).save(tmp_path / name)
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(UnreadablePictureError):
            load_picture(tmp_path / name)


def test_videos_and_folders_are_no_pictures(tmp_path: Path, talking_frontal: Path) -> None:
    with pytest.raises(UnreadablePictureError):
        load_picture(talking_frontal)
    with pytest.raises(MissingMediaError):
        load_picture(tmp_path)


def test_saved_pictures_are_equal_bytes_and_pixels(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (50, 30, 3)).astype(np.uint8)
    for name in ("a.png", "新 b.png"):
        save_png(tmp_path / name, image)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "新 b.png").read_bytes()
    assert np.array_equal(load_picture(tmp_path / "a.png"), image)
    with pytest.raises(MediaWriteError):
        save_png(tmp_path / "none" / "a.png", image)


def test_fit_crops_around_the_face_without_stretching() -> None:
    image = np.zeros((100, 300, 3), np.uint8)
    image[30:50, 220:240] = 255  # a square
    seen = fit(image, 50, 100, Box(220, 30, 20, 20))
    white = np.argwhere(seen[:, :, 0] > 128)
    height, width = np.ptp(white, axis=0) + 1
    assert seen.shape == (100, 50, 3)
    assert (height, width) == (20, 20)
    assert abs(white[:, 1].mean() - 24.5) <= 1


def test_shrinking_averages_and_enlarging_keeps_edges() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(resize(stripes, 32, 32).astype(int) - 127.5).max() <= 1
    assert resize(stripes, 128, 128).max() == 255
    assert resize(stripes, 64, 64) is not stripes
