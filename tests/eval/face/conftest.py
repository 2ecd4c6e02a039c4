"""The landmarker's file, where it is, and a real face whose mouth can be opened by known pixels."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from eval.landmarks import Landmarker, load_landmarker
from eval.weights import Sources, WeightsAbsent, find
from workflow.media.box import Box
from workflow.media.facebox import detect


@pytest.fixture(scope="session")
def landmark_sources() -> Sources:
    """The file of $FACE_LANDMARKS, else the weights cache's."""
    given = os.environ.get("FACE_LANDMARKS")
    if given and Path(given).is_file():
        path = Path(given)
        return Sources(files={"landmarks": path}, sha256={"landmarks": hashlib.sha256(path.read_bytes()).hexdigest()})
    try:
        find("landmarks", Sources())
    except WeightsAbsent:
        pytest.skip("face_landmark.tflite is not here (set FACE_LANDMARKS, or fetch the weights 'landmarks')")
    return Sources()


@pytest.fixture
def landmarker(landmark_sources: Sources) -> Landmarker:
    return load_landmarker(find("landmarks", landmark_sources))


@pytest.fixture(scope="session")
def still_face(bench) -> tuple[np.ndarray, Box]:
    """A real face, its lips all but closed, and its box."""
    picture = bench.pictures[60]
    return picture, detect(picture)[0]


@pytest.fixture(scope="session")
def lips_apart() -> Callable[[np.ndarray, Box, int], np.ndarray]:
    return _lips_apart


def _lips_apart(picture: np.ndarray, box: Box, pixels: int) -> np.ndarray:
    """All below the line between the lips moved down, the mouth dark, the cheeks stretched."""
    if pixels == 0:
        return picture.copy()
    line = box.y + round(0.76 * box.h)  # where this talker's lips meet, looked up in the picture
    out = picture.copy()
    out[line + pixels :] = picture[line:-pixels]
    out[line : line + pixels] = picture[line]
    out[line : line + pixels, box.x + round(0.40 * box.w) : box.x + round(0.62 * box.w)] = (25, 15, 30)
    return out
