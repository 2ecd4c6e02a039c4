"""The reference frame, brought to the video's size, and what the metrics need of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.encoded import as_encoded
from eval.metrics.sharpness import measure
from eval.view import Image, aligned_face
from workflow.media.box import Box
from workflow.media.decode import frames
from workflow.media.facebox import detect, detect_all
from workflow.media.facedetect import settled, to_grey
from workflow.media.picture import fit, load_picture
from workflow.media.probe import probe

SAME_FACE = 0.6  # intersection over union of two boxes
OTHER_SHAPE = 0.02  # relative difference of the aspects; less is rounding to sizes that the model takes


@dataclass(frozen=True)
class Reference:
    """The picture at the video's size, its largest face (None: none found), and that face's sharpness."""

    picture: Image
    box: Box | None
    sharpness: tuple[float, float, float] | None
    remarks: tuple[str, ...] = ()
    """What to know of it, one line each."""

    def beside(self, first: Box | None) -> Box | None:
        """Its face as the video's ``first`` face is cut, where that lies in the same place; else its own box.

        A detector finds one face some per cent larger or smaller each time, and S grows with more than the square.
        """
        same = first is not None and self.box is not None and self.box.overlap(first) >= SAME_FACE
        return first if same else self.box

    def sharpness_beside(self, first: Box | None) -> tuple[float, float, float] | None:
        """The sharpness of the face that :meth:`beside` gives; None without one."""
        box = self.beside(first)
        return self.sharpness if box is None or box == self.box else measure(aligned_face(self.picture, box))


def load_reference(path: Path, width: int, height: int, crf: int | None = None) -> Reference:
    """Read a picture, or the first frame of a video, and crop, scale and encode it like the renders.

    Another shape is cropped around the largest face, as clips are prepared.
    Raises the errors of workflow.media for files that cannot be read.
    """
    kind = probe(path).kind
    image = load_picture(path) if kind == "image" else next(iter(frames(path, stop=1)))
    faces = detect(image) or detect_all(image)
    picture = as_encoded(np.asarray(fit(image, width, height, faces[0] if faces else None), np.uint8), crf)
    # A face that only the crop shows is a fold that looks like one: the whole picture is asked first.
    found = (detect(picture) or detect_all(picture)) if faces else []
    box = settled(to_grey(picture), found[0]) if found else None
    said = _remarks(len(faces), box, (image.shape[1], image.shape[0]), (width, height))
    return Reference(picture, box, None if box is None else measure(aligned_face(picture, box)), said)


def _remarks(faces: int, box: Box | None, have: tuple[int, int], want: tuple[int, int]) -> tuple[str, ...]:
    said = []
    if box is None:
        said.append("no frontal face in the reference: a profile, a turned or a tiny face is not found")
    elif faces > 1:
        said.append(f"{faces} faces in the reference: the largest is taken")
    if abs(have[0] * want[1] / (have[1] * want[0]) - 1) > OTHER_SHAPE:
        said.append(f"the reference ({have[0]}×{have[1]}) has another shape than the video: it is cropped to that")
    return tuple(said)
