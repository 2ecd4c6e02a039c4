"""Whose face is it: SFace (Zhong et al., 2021), OpenCV zoo's network of Apache-2.0, run by OpenCV itself.

Alignment, input and comparison are those of OpenCV's ``FaceRecognizerSF``. That class takes landmarks only in the form
of one detector; the network is therefore read from its bytes here (which any path can give) and fed directly.
"""

from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from eval.series import Floats
from eval.view import Image
from workflow.errors import HarnessError
from workflow.media.box import Box

SIDE = 112  # pixels of an aligned face
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Where the network expects eyes, nose tip and corners of the mouth, left to right in the picture (InsightFace's)."""

IN_BOX = np.array([[0.314, 0.40], [0.686, 0.40], [0.50, 0.575], [0.342, 0.765], [0.658, 0.765]])
"""The same points in widths of the frontal Haar box: the mean of faces that were looked at, made symmetric."""

MESH = ((33, 133), (362, 263), (1,), (61,), (291,))
"""The same points in MediaPipe's face mesh; an eye's centre is the middle between its corners."""


class NotSFaceError(HarnessError):
    """A file given as SFace's weights is no such network."""

    code: ClassVar[str] = "not-sface-weights"


class SFace:
    """The network: aligned faces to directions in a space in which one person's faces lie together."""

    def __init__(self, onnx: bytes) -> None:
        """Raises cv2.error where OpenCV cannot read ``onnx`` or run it on a face."""
        self._network: Any = cv2.dnn.readNetFromONNX(np.frombuffer(onnx, np.uint8))
        self.feature(np.zeros((SIDE, SIDE, 3), np.uint8))

    def feature(self, aligned: Image) -> Floats:
        """BGR face ``[112, 112, 3]`` to a vector of unit length (zeros where the network gives zeros)."""
        self._network.setInput(cv2.dnn.blobFromImage(aligned, 1.0, (SIDE, SIDE), (0, 0, 0), swapRB=True, crop=False))
        raw = np.asarray(self._network.forward(), np.float64).ravel()
        return raw / max(float(np.linalg.norm(raw)), 1e-12)


def load_sface(path: Path) -> SFace:
    """Read the ONNX file. Raises :class:`NotSFaceError` where it cannot be read or run."""
    try:
        return SFace(path.read_bytes())
    except OSError as error:
        raise NotSFaceError(f"SFace's weights cannot be read: {path}: {error.strerror or error}") from error
    except (cv2.error, ValueError) as error:
        raise NotSFaceError(
            f"{path} is no face network that OpenCV {cv2.__version__} can run",
            hint="the original is OpenCV zoo's face_recognition_sface_2021dec.onnx of 38,696,353 bytes",
        ) from error


def in_box(box: Box) -> Floats:
    """The five points ``[5, 2]`` (x, y) of an upright face in the tracked box."""
    return np.asarray(np.array([box.x, box.y]) + IN_BOX * np.array([box.w, box.h]), np.float64)


def in_mesh(mesh: npt.NDArray[Any]) -> Floats:
    """The five points ``[5, 2]`` (x, y) of a face mesh ``[468, 2 or 3]`` in pixels."""
    return np.array([mesh[list(points), :2].mean(axis=0) for points in MESH], dtype=np.float64)


def similarity(points: Floats, template: Floats = TEMPLATE) -> Floats:
    """Rotation, scale and shift ``[2, 3]`` that take ``points`` ``[n, 2]`` nearest to ``template`` (least squares).

    As complex numbers w ≈ a·z + b, so that a = Σ z̄w ÷ Σ|z|² about the means: Umeyama's (1991) solution in the plane.
    Raises ValueError where all points are one.
    """
    z, w = points[:, 0] + 1j * points[:, 1], template[:, 0] + 1j * template[:, 1]
    spread = z - z.mean()
    size = float(np.sum(np.abs(spread) ** 2))
    if not size > 0:
        raise ValueError("five points at one place have no direction")
    a = np.sum(spread.conj() * (w - w.mean())) / size
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def align(frame: Image, points: Floats) -> Image:
    """The face with its five ``points`` brought to the template, BGR ``[112, 112, 3]``; black outside the frame."""
    return np.asarray(cv2.warpAffine(frame, similarity(points), (SIDE, SIDE), flags=cv2.INTER_LINEAR), np.uint8)
