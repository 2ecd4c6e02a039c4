"""Known changes of one picture, each with its strength in a stated unit; strength 0 leaves it alone."""

import cv2
import numpy as np
import numpy.typing as npt

from workflow.media.arrays import Picture

RADIUS = 1.5  # sigma in pixels of the unsharp mask
MIDDLE = 128.0


def blurred(picture: Picture, sigma: float) -> Picture:
    """Gaussian blur of ``sigma`` pixels, edges mirrored."""
    if sigma <= 0:
        return picture
    reach = 2 * int(np.ceil(4 * sigma)) + 1  # OpenCV's own choice cuts the tails off at 3 sigma
    # In floats: on bytes OpenCV rounds the kernel, which is off by more than a level.
    soft = cv2.GaussianBlur(picture.astype(np.float32), (reach, reach), sigma, borderType=cv2.BORDER_REFLECT)
    return clipped(np.asarray(soft, np.float32))


def unsharp(picture: Picture, amount: float) -> Picture:
    """picture + amount × (picture − its blur of 1.5 px): the usual sharpening filter."""
    if amount == 0:
        return picture
    wide = cv2.GaussianBlur(picture, (0, 0), RADIUS).astype(np.float32)
    return clipped(picture + amount * (picture - wide))


def rescaled(picture: Picture, percent: float) -> Picture:
    """``percent`` smaller by area average, and back by cubic interpolation: detail above the new grid is lost."""
    if percent == 0:
        return picture
    height, width = picture.shape[:2]
    size = (max(round(width * (1 - percent / 100)), 1), max(round(height * (1 - percent / 100)), 1))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def contrasted(picture: Picture, percent: float) -> Picture:
    """Contrast raised by ``percent`` around mid grey; what leaves 0 … 255 is clipped."""
    return clipped(MIDDLE + (1 + percent / 100) * (picture.astype(np.float32) - MIDDLE)) if percent else picture


def brightened(picture: Picture, levels: float) -> Picture:
    """``levels`` of 255 added to every channel."""
    return clipped(picture.astype(np.float32) + levels) if levels else picture


def grainy(picture: Picture, sigma: float, seed: int) -> Picture:
    """Gaussian grain of ``sigma`` grey levels, equal in all channels; another ``seed``, other grain."""
    if sigma == 0:
        return picture
    grain = np.random.default_rng(seed).standard_normal(picture.shape[:2], dtype=np.float32) * np.float32(sigma)
    return clipped(picture.astype(np.float32) + grain[..., None])


def moved(picture: Picture, dx: float, dy: float) -> Picture:
    """The whole picture moved right by ``dx`` and down by ``dy`` pixels, edges mirrored."""
    if dx == 0 and dy == 0:
        return picture
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    size = (picture.shape[1], picture.shape[0])
    turned = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(turned, np.uint8)


def clipped(values: npt.NDArray[np.float32]) -> Picture:
    """Floats as 8-bit levels."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
