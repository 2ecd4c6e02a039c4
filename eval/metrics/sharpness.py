"""Blur and over-sharpening of the face: S, F and overshoot, on the face at 256 px (definitions of the README).

S = Var(∇²I), F = energy of DoG(0.5,1) ÷ DoG(2,4), OS = (edge maximum − bright plateau) ÷ (bright − dark plateau).
Against a reference, which went through the same scaling and codec, S and F are ratios and OS a difference. S goes with
the square of contrast; F and OS do not follow it. Strong grain raises all three like sharpening does: none tells them
apart.
"""

import cv2
import numpy as np

from eval.metric import names_of
from eval.series import Floats, Series, known
from eval.steadysize import SteadySize
from eval.value import Value, absent, number
from eval.view import Image, View, aligned_face

EDGES = 400  # strongest edge points whose profiles are read
REACH = 8  # pixels on each side of an edge
HALO = 5  # pixels behind an edge in which its maximum is looked for
PLATEAU = 4  # the outer pixels of a profile that make its plateau
FLAT = 0.12  # largest standard deviation of a plateau, of the edge's height
LEAST_HEIGHT = 24.0  # grey levels; lower edges are texture
LEAST_EDGES = 8
INNER = (slice(46, 236), slice(50, 206))  # of the 256 px: without the background at the sides of the detector's box
SMALL_FACE = 64  # pixels; scored, but flagged


class SharpnessWatch:
    """Collects Laplacian variance, fine-detail ratio, overshoot and clipped share of the face."""

    def __init__(self) -> None:
        self.series = Series(("laplacian", "fine", "overshoot", "clipped", "width"))
        self.size = SteadySize()

    def update(self, view: View) -> None:
        """Measure one frame: S always, as coding makes it differ from frame to frame, the slower rest when due."""
        if view.box is None:
            self.series.add()
            return
        face = aligned_face(view.frame, self.size.of(view.box))
        inner = np.ascontiguousarray(face[INNER])
        row = {"laplacian": laplacian_variance(inner), "width": float(view.box.w)}
        if view.due(view.settings.sharp_stride):
            row |= {"fine": fine_detail(inner), "overshoot": overshoot(face)}
            row["clipped"] = float(np.mean((inner <= 2) | (inner >= 253)))
        self.series.add(**row)


def measure(face: Image) -> tuple[float, float, float]:
    """(Laplacian variance, fine-detail ratio, overshoot) of a luma face ``[256, 256]``; overshoot NaN without edges."""
    inner = np.ascontiguousarray(face[INNER])
    return laplacian_variance(inner), fine_detail(inner), overshoot(face)


def laplacian_variance(face: Image) -> float:
    """Var(∇²I) with OpenCV's 3 × 3 kernel."""
    _, spread = cv2.meanStdDev(cv2.Laplacian(face, cv2.CV_16S))
    return float(spread[0, 0]) ** 2


def fine_detail(face: Image) -> float:
    """Energy of the difference of Gaussians (0.5, 1) over that of (2, 4), sigmas in pixels."""
    image = face.astype(np.float32)
    half, one, two, four = (cv2.GaussianBlur(image, (0, 0), sigma) for sigma in (0.5, 1.0, 2.0, 4.0))
    coarse = cv2.norm(two, four, cv2.NORM_L2SQR)
    return float(cv2.norm(half, one, cv2.NORM_L2SQR) / max(coarse, 1e-6))


def overshoot(face: Image) -> float:
    """Median OS over the strongest edges that have two plateaus, of a luma face; NaN when there are too few.

    The maximum is taken close behind the edge, where a halo is, so that OS is below zero for a blurred edge.
    """
    image = face.astype(np.float32)
    smooth = cv2.GaussianBlur(image, (0, 0), 0.7)
    dx, dy = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    strength = cv2.magnitude(dx, dy)
    ridge = (strength >= cv2.dilate(strength, np.ones((5, 5), np.uint8))) & (strength > 0)
    margin = REACH + 1
    ridge[:margin], ridge[-margin:], ridge[:, :margin], ridge[:, -margin:] = False, False, False, False
    ys, xs = np.nonzero(ridge)
    if ys.size == 0:
        return float("nan")
    strongest = np.argsort(strength[ys, xs])[-EDGES:]
    ys, xs = ys[strongest], xs[strongest]
    along = np.arange(-REACH, REACH + 1, dtype=np.float32)
    ux, uy = dx[ys, xs] / strength[ys, xs], dy[ys, xs] / strength[ys, xs]
    map_x = (xs[:, None] + ux[:, None] * along).astype(np.float32)
    map_y = (ys[:, None] + uy[:, None] * along).astype(np.float32)
    return _rise(np.asarray(cv2.remap(image, map_x, map_y, cv2.INTER_LINEAR), np.float64))


def _rise(profiles: Floats) -> float:
    """OS of edge profiles ``[edges, 2·REACH + 1]`` that run from dark to bright."""
    low, high = profiles[:, :PLATEAU], profiles[:, -PLATEAU:]
    bright, height = high.mean(axis=1), high.mean(axis=1) - low.mean(axis=1)
    good = (height >= LEAST_HEIGHT) & (np.maximum(low.std(axis=1), high.std(axis=1)) < FLAT * height)
    if good.sum() < LEAST_EDGES:
        return float("nan")
    top = profiles[good, REACH : REACH + 1 + HALO].max(axis=1)
    return float(np.median((top - bright[good]) / height[good]))


def values(series: Series, reference: tuple[float, float, float] | None, no_reference: str) -> dict[str, Value]:
    """All sharpness figures; ``reference`` is :func:`measure` of the reference's face (None: ``no_reference``)."""
    columns = [known(series[name]) for name in ("laplacian", "fine", "overshoot")]
    clipped = known(series["clipped"])
    names = ("laplacian", "fine_detail", "overshoot")
    if clipped.size == 0:
        return dict.fromkeys(names_of(("sharpness",)), absent("no face"))
    width = float(np.median(known(series["width"])))
    flags = (f"small face ({width:.0f} px)",) if width < SMALL_FACE else ()
    means = [float(column.mean()) if column.size else float("nan") for column in columns]
    out = {f"sharpness/{name}_abs": _known(mean, flags) for name, mean in zip(names, means, strict=True)}
    if reference is None:
        relative = dict.fromkeys(("laplacian", "fine_detail", "overshoot_change"), absent(no_reference))
    else:
        relative = {
            "laplacian": number(means[0] / max(reference[0], 1e-6), flags),
            "fine_detail": number(means[1] / max(reference[1], 1e-6), flags),
            "overshoot_change": _known(means[2] - reference[2], flags),
        }
    return {
        **{f"sharpness/{name}": value for name, value in relative.items()},
        **out,
        "sharpness/clipped": number(float(clipped.mean()), flags),
    }


def _known(value: float, flags: tuple[str, ...]) -> Value:
    return absent("no edge with two plateaus") if np.isnan(value) else number(value, flags)
