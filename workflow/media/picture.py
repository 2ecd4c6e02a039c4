"""Still pictures: read anything upright and opaque, crop to an aspect around a face, write PNG."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from workflow.media.arrays import Picture
from workflow.media.box import Box, crop_around
from workflow.media.errors import MediaWriteError, PictureTooLargeError, UnreadablePictureError, require_file
from workflow.media.files import write_bytes

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "PPM", "TGA")
MAX_PIXELS = 120_000_000
"""More than any camera gives; a small file that unpacks to more is an accident or an attack."""

GREY = 128  # what transparent parts are laid on


@dataclass(frozen=True)
class Header:
    """A picture's size as shown (EXIF rotation applied), its format, and whether it has more than one frame."""

    width: int
    height: int
    format: str
    animated: bool = False


def header(path: Path) -> Header | None:
    """The header of a picture file, or None when the file is not a picture that we read."""
    try:
        with warnings.catch_warnings(), Image.open(path, formats=_formats()) as image:
            warnings.simplefilter("ignore")
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
            width, height = image.size
            size = (height, width) if turned else (width, height)
            return Header(*size, str(image.format).lower(), bool(getattr(image, "is_animated", False)))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _formats() -> list[str]:
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def load_picture(path: Path) -> Picture:
    """Read a picture as ``[height, width, 3]`` BGR uint8: EXIF rotation applied, first frame of an animation.

    Transparent parts are laid on mid grey (128), 16 bits become 8, palettes, grey and CMYK become colour, and an
    embedded colour profile is converted to sRGB.

    Raises MissingMediaError, UnreadableMediaError (empty), UnreadablePictureError, PictureTooLargeError.
    """
    require_file(path, "picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what is checked below, and of harmless EXIF slips
            with Image.open(path, formats=_formats()) as image:
                _check_size(image.size, path)
                rgb = _opaque(_srgb(ImageOps.exif_transpose(_eight_bit(image))))
    except Image.DecompressionBombError as error:
        raise PictureTooLargeError(f"picture too large: {path} ({error})", hint="scale it down first") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise UnreadablePictureError(
            f"not a picture that can be read: {path} ({_short(error, path)})",
            hint=f"give one of {', '.join(FORMATS[:6])}; a file of another kind under a picture's name looks like this",
        ) from error
    return np.ascontiguousarray(np.asarray(rgb, dtype=np.uint8)[:, :, ::-1])


def _short(error: Exception, path: Path) -> str:
    return "unknown format" if isinstance(error, UnidentifiedImageError) else str(error).replace(str(path), "it")


def _check_size(size: tuple[int, int], path: Path) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise PictureTooLargeError(
            f"picture too large: {path} is {size[0]}×{size[1]}, more than {MAX_PIXELS // 1_000_000} megapixels",
            hint="scale it down first",
        )


def _eight_bit(image: Image.Image) -> Image.Image:
    """Modes with more than 8 bits become 'L', the rest is returned as it is, decoded."""
    image.load()
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image).astype(np.float64)
        peak = 255.0 if values.max(initial=0) <= 255 and image.mode == "F" else 65535.0
        grey = Image.fromarray(np.clip(np.rint(values * (255.0 / peak)), 0, 255).astype(np.uint8))
        grey.info = dict(image.info)
        return grey
    return image


def _srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK", "L"):
        return image
    try:
        target: Any = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, io.BytesIO(profile), target, outputMode="RGB")
    except ImageCms.PyCMSError:
        return image  # a broken or foreign profile: the numbers are taken as sRGB, as most programs do
    return converted if converted is not None else image


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        ground = Image.new("RGBA", rgba.size, (GREY, GREY, GREY, 255))
        return Image.alpha_composite(ground, rgba).convert("RGB")
    return image.convert("RGB")


def fit(image: Picture, width: int, height: int, face: Box | None = None) -> Picture:
    """Crop to the aspect of ``width`` × ``height``, keeping ``face`` if given, and resize to exactly that size.

    Shrinking averages (area), enlarging uses Lanczos.
    """
    box = crop_around(image.shape[1], image.shape[0], width, height, face)
    return resize(box.cut(image), width, height)


def resize(image: Picture, width: int, height: int) -> Picture:
    """Resize to ``width`` × ``height`` pixels: area average when shrinking, Lanczos when enlarging."""
    if image.shape[1] == width and image.shape[0] == height:
        return image.copy()
    shrinking = image.shape[1] >= width and image.shape[0] >= height
    method = cv2.INTER_AREA if shrinking else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), dtype=np.uint8)


def save_png(path: Path, image: Picture) -> None:
    """Write a BGR picture as PNG, in one step; equal pixels give equal bytes. Raises MediaWriteError."""
    done, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not done:
        raise MediaWriteError(f"cannot encode {path} as PNG from an array of shape {image.shape}")
    write_bytes(path, data.tobytes())
