"""468 points on the face, where a landmarker file is there: MediaPipe's face mesh (Apache-2.0), run by OpenCV itself.

The crop is MediaPipe's own: a square of 1.5 times the face, turned so that the eyes lie level, taken from the mesh of
the frame before and from the tracked face box where there is none (Kartynnik et al., 2019, "Real-time Facial Surface
Geometry from Monocular Video on Mobile GPUs").
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from eval.weights import find
from workflow.errors import HarnessError
from workflow.media.box import Box

if TYPE_CHECKING:
    from eval.settings import Settings

Mesh = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]
POINTS = 468
SIDE = 192  # pixels of the network's input
ROOM = 1.5  # the crop's side: times the mesh's longer side, and times the tracked box's width
LOWER = 0.08  # of the box's width: how far the mesh's middle lies below the frontal Haar box's, on real clips
OUTER_CORNERS = (33, 263)  # of the eyes, left and right in the picture
NEAR, SMALLEST, LARGEST = 0.5, 0.5, 2.0  # a mesh of this face: distance and size, in widths of the tracked box


class NotLandmarksError(HarnessError):
    """A file given as the landmarker is no such network, or this OpenCV cannot read it."""

    code: ClassVar[str] = "not-landmarks-weights"


class Region(NamedTuple):
    """A square of the frame: centre and side in pixels, turned by ``angle`` radians (clockwise in the picture)."""

    x: float
    y: float
    side: float
    angle: float = 0.0


class Landmarker:
    """The network, following one face through one video."""

    def __init__(self, tflite: bytes) -> None:
        """Raises cv2.error or ValueError where OpenCV cannot read ``tflite`` or it is no face mesh."""
        self._network: Any = cv2.dnn.readNetFromTFLite(np.frombuffer(tflite, np.uint8))
        self._outputs = self._network.getUnconnectedOutLayersNames()
        self._last: Mesh | None = None
        self._run(np.zeros((SIDE, SIDE, 3), np.uint8))

    def find(self, frame: Image, box: Box) -> Mesh | None:
        """The face's points ``[468, 3]``: x, y in pixels of the BGR ``frame``, z in the same unit, nearer is less.

        ``box`` is the face to look at; None where the network sees none there.
        """
        if self._last is not None and fits(self._last, box):
            mesh = self._look(frame, around(self._last))
            if mesh is not None and fits(mesh, box):
                self._last = mesh
                return mesh
        first = self._look(frame, Region(box.centre[0], box.centre[1] + LOWER * box.w, ROOM * box.w))
        again = None if first is None else self._look(frame, around(first))
        self._last = again if again is not None and fits(again, box) else None
        return self._last

    def forget(self) -> None:
        """Begin with another video or picture."""
        self._last = None

    def _look(self, frame: Image, region: Region) -> Mesh | None:
        matrix = into_crop(region)
        points, presence = self._run(crop(frame, region, matrix))
        if presence < 0:  # a logit: less likely a face than not
            return None
        back = np.asarray(cv2.invertAffineTransform(matrix), np.float64)
        flat = points[:, :2] @ back[:, :2].T + back[:, 2]
        return np.column_stack([flat, points[:, 2] * (region.side / SIDE)])

    def _run(self, picture: Image) -> tuple[Mesh, float]:
        self._network.setInput(cv2.dnn.blobFromImage(picture, 1 / 255, (SIDE, SIDE), swapRB=True))
        found = {
            np.size(output): np.asarray(output, np.float64).ravel() for output in self._network.forward(self._outputs)
        }
        if set(found) != {1, 3 * POINTS}:
            raise ValueError(f"outputs of {sorted(found)} numbers are no face mesh's")
        return found[3 * POINTS].reshape(POINTS, 3), float(found[1][0])


def around(mesh: Mesh) -> Region:
    """The crop for the next look at the face of ``mesh``, with its eyes level."""
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    right = mesh[OUTER_CORNERS[1], :2] - mesh[OUTER_CORNERS[0], :2]
    middle = (low + high) / 2
    return Region(middle[0], middle[1], ROOM * float((high - low).max()), float(np.arctan2(right[1], right[0])))


def fits(mesh: Mesh, box: Box) -> bool:
    """Whether a mesh is that of the face in ``box``, by place and size."""
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    away = float(np.abs((low + high) / 2 - np.array(box.centre)).max())
    size = float((high - low).max())
    return away <= NEAR * box.w and SMALLEST * box.w <= size <= LARGEST * box.w


def into_crop(region: Region) -> npt.NDArray[np.float64]:
    """The affine map ``[2, 3]`` from the frame's pixels to those of the crop."""
    scale = SIDE / region.side
    cos, sin = scale * np.cos(region.angle), scale * np.sin(region.angle)
    middle = SIDE / 2
    return np.array(
        [
            [cos, sin, middle - cos * region.x - sin * region.y],
            [-sin, cos, middle + sin * region.x - cos * region.y],
        ]
    )


def crop(frame: Image, region: Region, matrix: npt.NDArray[np.float64]) -> Image:
    """The region as BGR ``[192, 192, 3]``; edge pixels are repeated outside the frame.

    A region of more than twice the size is reduced by areas first, as single samples would shimmer.
    """
    shrink = int(region.side / SIDE)
    if shrink >= 2:
        frame, matrix = _reduced(frame, region, matrix, shrink)
    return np.asarray(
        cv2.warpAffine(frame, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _reduced(
    frame: Image, region: Region, matrix: npt.NDArray[np.float64], shrink: int
) -> tuple[Image, npt.NDArray[np.float64]]:
    """What surrounds the region, ``shrink`` times smaller, and the map from that to the crop."""
    reach = region.side * 0.75  # half of a square that holds the turned one
    left, top = max(int(region.x - reach), 0), max(int(region.y - reach), 0)
    cut = frame[top : max(int(region.y + reach), top + 1), left : max(int(region.x + reach), left + 1)]
    height, width = cut.shape[0] // shrink, cut.shape[1] // shrink
    if height == 0 or width == 0:
        return frame, matrix
    small = cv2.resize(cut[: height * shrink, : width * shrink], (width, height), interpolation=cv2.INTER_AREA)
    # Pixel q of the small picture is centred on pixel shrink·q + (shrink − 1)/2 of the cut.
    back = np.array([[shrink, 0, left + (shrink - 1) / 2], [0, shrink, top + (shrink - 1) / 2], [0, 0, 1.0]])
    return np.asarray(small, np.uint8), matrix @ back


def load_landmarker(path: Path) -> Landmarker:
    """Read a landmarker file. Raises :class:`NotLandmarksError` where it cannot be read or run."""
    if not hasattr(cv2.dnn, "readNetFromTFLite"):
        raise NotLandmarksError(
            f"OpenCV {cv2.__version__} cannot read TFLite networks",
            hint="install the version that constraints.txt names",
        )
    try:
        return Landmarker(path.read_bytes())
    except OSError as error:
        raise NotLandmarksError(f"the landmarker cannot be read: {path}: {error.strerror or error}") from error
    except (cv2.error, ValueError) as error:
        raise NotLandmarksError(
            f"{path} is no face mesh that OpenCV {cv2.__version__} can run",
            hint="the original is MediaPipe's face_landmark.tflite of 1,242,398 bytes",
        ) from error


def open_landmarker(settings: "Settings") -> Landmarker:
    """A landmarker for one video. Raises WeightsAbsent, WeightsWrong, NotLandmarksError."""
    return load_landmarker(find("landmarks", settings.sources))
