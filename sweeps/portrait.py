"""One person's reference frame and face close-up, cut from a picture or from the best early frame of a video."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from workflow.errors import HarnessError
from workflow.media.arrays import Picture
from workflow.media.box import Box, crop_around
from workflow.media.errors import require_file
from workflow.media.facebox import detect, detect_all
from workflow.media.picture import fit, header, load_picture, resize

MARGIN = 2.0  # the close-up's shorter side in face widths: hair and chin are in the square that CLIP cuts from it
EARLY = 2.0  # seconds of a video that are looked through
LOOK_EVERY = 3  # frames between two that are looked at
SIMILAR = 0.6  # a second face at least this wide, as a share of the widest, leaves open who speaks
SMALL_FACE = 64  # pixels of the finished frame, below which lips have too few pixels to be judged
ENLARGED = 2.0  # more than this many times, the frame is visibly soft
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif"})


class NoFaceError(HarnessError):
    """No frontal face in a picture or in the first seconds of a video."""

    code = "no-face"


class SeveralFacesError(HarnessError):
    """Several faces of similar size: it is open who speaks."""

    code = "several-faces"


@dataclass(frozen=True)
class Portrait:
    """Pictures in memory: ``frame`` and ``close_up``, both ``[height, width, 3]``; the face's ``box`` in the frame.

    The two are of one size because the wrapper joins them to one batch before CLIP looks at them: it fails on others.

    ``box`` is None where the close-up was given and the frame shows no frontal face. ``source_frame`` is the index of
    the video frame that was chosen, None for a picture. ``warnings`` are one line each.
    """

    frame: Picture
    close_up: Picture
    box: Box | None
    warnings: tuple[str, ...] = ()
    source_frame: int | None = None


def make_portrait(file: Path, width: int, height: int, *, close_up: Path | None = None) -> Portrait:
    """Crop a picture, or a video's best early frame, to the aspect around its face, and cut out the close-up.

    With a ``close_up`` of one's own the picture may be one in which no single frontal face is found.
    Raises NoFaceError, SeveralFacesError, and the errors of reading pictures and videos.
    """
    image, faces, index = _source(file)
    if close_up is not None:
        own = load_picture(close_up)
        near = fit(own, width, height, next(iter(detect_all(own)), None))
        face = faces[0] if faces else None
        said = [] if faces else ["no frontal face found; cropped to the middle"]
    else:
        face, said = _speaker(faces, file)
        near = resize(_near(face, image, width, height).cut(image), width, height)
    crop = crop_around(image.shape[1], image.shape[0], width, height, face)
    inside = _scaled(face, crop, width, height) if face is not None else None
    said += _doubts(inside, crop, width, height)
    return Portrait(resize(crop.cut(image), width, height), near, inside, tuple(said), index)


def _source(file: Path) -> tuple[Picture, list[Box], int | None]:
    """The picture to cut from, its faces (largest first), and the index of the video frame that it is."""
    require_file(file, "picture")
    if file.suffix.lower() not in PICTURES and header(file) is None and _is_video(file):
        return best_early_frame(file)
    image = load_picture(file)
    return image, detect_all(image), None


def _is_video(file: Path) -> bool:
    from workflow.media.probe import probe

    return probe(file).kind == "video"


def best_early_frame(file: Path) -> tuple[Picture, list[Box], int]:
    """The frame of a video's first seconds to start from, its faces (largest first), and its index.

    A frame with one face beats one with several; then a large and sharp face wins (width × deviation of the Laplacian
    of the face at 128 pixels); then the earlier frame. Raises NoFaceError and the errors of reading a video.
    """
    from workflow.media.decode import frames
    from workflow.media.probe import probe

    best: tuple[tuple[bool, float], Picture, list[Box], int] | None = None
    for index, frame in enumerate(frames(file, stop=max(1, round(EARLY * (probe(file).fps or 25))))):
        faces = detect(frame) if index % LOOK_EVERY == 0 else []
        if faces:
            rank = (len(faces) == 1, faces[0].w * _sharpness(frame, faces[0]))
            if best is None or rank > best[0]:
                best = (rank, frame, faces, index)
    if best is None:
        raise NoFaceError(
            f"no frontal face in the first {EARLY:g} s of {file}",
            hint="cut the video so that it starts with the person facing the camera, or give a picture",
        )
    return best[1], best[2], best[3]


def _sharpness(frame: Picture, face: Box) -> float:
    grey = cv2.cvtColor(resize(face.cut(frame), 128, 128), cv2.COLOR_BGR2GRAY)
    return float(np.std(cv2.Laplacian(grey, cv2.CV_32F)))


def _speaker(faces: list[Box], file: Path) -> tuple[Box, list[str]]:
    if not faces:
        raise NoFaceError(
            f"no frontal face in {file}",
            hint="use a picture in which one person faces the camera, close enough to see the lips, "
            "or give a close-up of your own beside it (face: in clips.csv or in a list)",
        )
    rivals = [face for face in faces if face.w >= SIMILAR * faces[0].w]
    if len(rivals) > 1:
        raise SeveralFacesError(
            f"{len(rivals)} faces of similar size in {file} ({', '.join(f'{face.w} px' for face in rivals)})",
            hint="crop it to the one person who speaks: a single speaker is supported",
        )
    if len(faces) > 1:
        return faces[0], [f"{len(faces)} faces; the largest ({faces[0].w} px) is taken as the speaker"]
    return faces[0], []


def _near(face: Box, image: Picture, width: int, height: int) -> Box:
    """The close-up's part of ``image``, of the aspect ``width`` : ``height``, moved inside the picture."""
    have_h, have_w = image.shape[:2]
    scale = max(face.w, face.h) * MARGIN / min(width, height)
    scale = min(scale, have_w / width, have_h / height)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = round(face.centre[0] - across / 2), round(face.centre[1] - down / 2)
    return Box(min(max(left, 0), have_w - across), min(max(top, 0), have_h - down), across, down)


def _scaled(face: Box, crop: Box, width: int, height: int) -> Box:
    across, down = width / crop.w, height / crop.h
    left, top = round((face.x - crop.x) * across), round((face.y - crop.y) * down)
    return Box(left, top, round(face.w * across), round(face.h * down))


def _doubts(face: Box | None, crop: Box, width: int, height: int) -> list[str]:
    said = []
    if face is not None and (face.x < 0 or face.y < 0 or face.x + face.w > width or face.y + face.h > height):
        said.append(f"the face does not fit into {width}×{height}; its sides are cut off")
    if face is not None and face.w < SMALL_FACE:
        said.append(f"the face is only {face.w} px wide at {width}×{height}; crop closer to it")
    if width > ENLARGED * crop.w:
        said.append(f"enlarged {width / crop.w:.1f} times to {width}×{height}; the frame is soft")
    return said
