"""Frontal faces in one picture: OpenCV's Haar cascades on a small grey copy."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from workflow.media.arrays import Picture
from workflow.media.box import Box
from workflow.media.errors import MediaError

Grey = Picture  # [height, width] uint8

SCAN_WIDTH = 240  # pixels; faces from 13 % of the width are found in it, in some 20 ms
WIDE_SCAN = 480  # tried when the first finds nothing: faces from 7 % of the width
WIDEST_SCAN = 960  # for stills, where a second need not be spared: faces from 3.5 % of the width
SMALLEST = 32  # pixels of the working copy
FACE = 64  # pixels that a known face is scaled to before it is looked at again
MIN_WEIGHT = 2.5  # the cascade's own certainty: real faces measured 3 … 12, clothes and curtains mostly less


class CascadeMissingError(MediaError):
    """The installed OpenCV has no Haar cascade files."""

    code = "cascade-missing"


@dataclass(frozen=True)
class Found:
    """A face in full-picture pixels and the cascade's certainty (no unit)."""

    box: Box
    weight: float


_loaded = threading.local()  # a CascadeClassifier must not be used by two threads at once


def _folder() -> str:
    data: Any = cv2.data  # type: ignore[attr-defined]  # a module that the stubs leave out
    return str(data.haarcascades)


def _cascade(name: str) -> Any:
    if not hasattr(_loaded, name):
        try:
            path = Path(_folder()) / f"haarcascade_frontalface_{name}.xml"
            text = path.read_text(encoding="utf-8")
        except (AttributeError, OSError) as error:
            raise CascadeMissingError(
                f"OpenCV {cv2.__version__} has no Haar cascade files ({error})",
                hint="install opencv-python-headless below 5",
            ) from error
        storage = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
        cascade = cv2.CascadeClassifier()
        if not cascade.read(storage.getFirstTopLevelNode()):
            raise CascadeMissingError(f"OpenCV cannot read {path}", hint="install opencv-python-headless below 5")
        setattr(_loaded, name, cascade)
    return getattr(_loaded, name)


def detect(image: Picture) -> list[Box]:
    """The frontal faces of a BGR picture, largest first; empty where there is none (a profile is none).

    A small copy is searched first, a wider one when that finds nothing, so faces from 7 % of the width are found.
    """
    grey = to_grey(image)
    found = scan(grey, SCAN_WIDTH) or scan(grey, WIDE_SCAN)
    return [face.box for face in found]


def detect_all(image: Picture) -> list[Box]:
    """The frontal faces of a still picture, small ones and bystanders too, largest first; takes up to a second.

    A face must be found at two scales, or be too small for the coarser one: what only one scale takes for a face is
    a fold or a hand. Where the finest finds none, ``detect`` decides.
    """
    grey = to_grey(image)
    coarse, fine = scan(grey, WIDE_SCAN), scan(grey, WIDEST_SCAN)
    too_small = 1.2 * SMALLEST * max(1.0, grey.shape[1] / WIDE_SCAN)
    faces = [
        face.box
        for face in fine
        if face.box.w < too_small or any(face.box.overlap(other.box) > 0.3 for other in coarse)
    ]
    return faces or detect(image)


def to_grey(image: Picture) -> Grey:
    """Luma of a BGR picture, ``[height, width]``."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def scan(grey: Grey, working_width: int) -> list[Found]:
    """Search the whole picture on a copy ``working_width`` wide; largest first.

    Each candidate is looked at again, close up, with a second cascade: two that agree leave few false faces.
    """
    scale = min(1.0, working_width / grey.shape[1])
    candidates = _search(grey, "default", scale, SMALLEST, min(grey.shape), neighbours=5)
    faces = [found for found in candidates if found.weight >= MIN_WEIGHT and _confirmed(grey, found.box)]
    return sorted(faces, key=lambda found: (-found.box.area, found.box.x, found.box.y))


def look_again(grey: Grey, last: Box) -> Found | None:
    """Search near ``last`` for a face of about its size: a fraction of a whole scan's cost."""
    return _close_up(grey, last, "default", neighbours=3)


def settled(grey: Grey, box: Box) -> Box:
    """The box that looking again at a face keeps to: a whole scan's is up to a tenth smaller or larger."""
    for _ in range(2):
        again = look_again(grey, box)
        box = box if again is None else again.box
    return box


def _confirmed(grey: Grey, box: Box) -> bool:
    return _close_up(grey, box, "alt2", neighbours=2) is not None


def _close_up(grey: Grey, box: Box, name: str, neighbours: int) -> Found | None:
    area = box.grown(2.0).within(grey.shape[1], grey.shape[0])
    scale = FACE / box.w
    near = grey[area.y : area.y + area.h, area.x : area.x + area.w]
    found = [
        Found(Box(face.box.x + area.x, face.box.y + area.y, face.box.w, face.box.h), face.weight)
        for face in _search(near, name, scale, round(FACE * 0.7), round(FACE * 1.4), neighbours)
    ]
    return max(found, key=lambda face: (face.box.overlap(box), face.weight), default=None)


def _search(grey: Grey, name: str, scale: float, smallest: int, largest: int, neighbours: int) -> list[Found]:
    width, height = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    if min(width, height) < smallest:
        return []
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    # Local equalisation: over a whole picture, a large plain background takes the contrast from the face.
    small = cv2.createCLAHE(2.0, (4, 4)).apply(cv2.resize(grey, (width, height), interpolation=method))
    boxes, _, weights = _cascade(name).detectMultiScale3(
        small, 1.1, neighbours, minSize=(smallest, smallest), maxSize=(largest, largest), outputRejectLevels=True
    )
    return [
        Found(Box(*(round(float(value) / scale) for value in box)).within(grey.shape[1], grey.shape[0]), float(weight))
        for box, weight in zip(boxes, np.ravel(weights), strict=True)
    ]
