"""The reference frame, brought to the video's size, and what the metrics need of it."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from eval.metrics.sharpness import measure
from eval.settings import Settings
from eval.view import Image, View
from workflow.media.box import Box
from workflow.media.decode import frames
from workflow.media.facebox import detect
from workflow.media.picture import fit, load_picture
from workflow.media.probe import probe


@dataclass(frozen=True)
class Reference:
    """The picture at the video's size, its largest face (None: none found), and that face's sharpness."""

    picture: Image
    box: Box | None
    sharpness: tuple[float, float, float] | None


def as_encoded(picture: Image) -> Image:
    """The picture after 8-bit 4:2:0 YUV, which every render went through: half a ΔE00 that is no fault of the render.

    Odd sizes, which 4:2:0 does not have, are returned as they are.
    """
    if picture.shape[0] % 2 or picture.shape[1] % 2:
        return picture
    planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420), np.uint8)


def load_reference(path: Path, width: int, height: int, settings: Settings) -> Reference:
    """Read a picture, or the first frame of a video, cropped and scaled to ``width`` × ``height`` like the renders.

    Raises the errors of workflow.media for files that cannot be read.
    """
    kind = probe(path).kind
    image = load_picture(path) if kind == "image" else next(iter(frames(path, stop=1)))
    picture = as_encoded(np.asarray(fit(image, width, height), np.uint8))
    boxes = detect(picture)
    box = boxes[0] if boxes else None
    face = View(0, picture, box, settings).face
    return Reference(picture, box, measure(face) if face is not None else None)
