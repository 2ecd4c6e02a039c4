"""How like the reference the face is while the video streams by: LPIPS for its look, SFace for whose face it is.

And LPIPS between neighbouring frames, at seams and within windows. Every collector holds a batch of small pictures and
eight bytes a measured frame.
"""

from array import array
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eval.device import resolve
from eval.series import Floats, Indices
from eval.settings import Settings
from eval.view import Image, View, face_picture, within
from eval.weights import WeightsAbsent, find

if TYPE_CHECKING:
    from eval.landmarks import Landmarker
    from eval.nets.perceptual import Lpips
    from eval.nets.sface import SFace
    from eval.reference import Reference

BATCH = 8  # pictures at a time; more bring nothing on a CPU
FACE_SIDE = 224  # pixels: what AlexNet was trained on
LONG_SIDE = 256  # pixels of the whole frame, likewise about AlexNet's own
PAIRS = 8  # of neighbouring frames within each window
AWAY = 2  # frames that such a pair keeps from the seams


class Measured:
    """Numbers of some frames, in the order in which they came."""

    def __init__(self) -> None:
        self._at, self._values = array("q"), array("d")

    def add(self, at: list[int], values: Floats) -> None:
        """Numbers of the frames ``at``."""
        self._at.extend(at)
        self._values.extend(values.tolist())

    def rows(self) -> tuple[Indices, Floats]:
        """Frames and their numbers, ``[measured]`` each."""
        return np.array(self._at, np.int64), np.array(self._values, np.float64)

    def curve(self, frames: int) -> Floats:
        """``[frames]``, NaN where nothing was measured."""
        out = np.full(frames, np.nan)
        at, values = self.rows()
        out[at] = values
        return out


class LpipsWatch:
    """Collects LPIPS of the face to the reference's face, both cut by their box and scaled to 224 × 224."""

    def __init__(self, network: "Lpips", reference: "Reference", stride: int) -> None:
        """Raises ValueError for a reference without a face."""
        if reference.box is None:
            raise ValueError("LPIPS to a reference needs a face in it")
        self.frames = 0
        self._network, self._stride = network, stride
        self._reference = network.of([face_picture(reference.picture, reference.box, FACE_SIDE)])
        self._found = Measured()
        self._at: list[int] = []
        self._faces: list[Image] = []

    def update(self, view: View) -> None:
        """Take one frame; it is measured when it is due and has a face."""
        self.frames += 1
        if view.box is None or not view.due(self._stride):
            return
        self._at.append(view.index)
        self._faces.append(face_picture(view.frame, view.box, FACE_SIDE))
        if len(self._at) == BATCH:
            self.finish()

    def finish(self) -> None:
        """Measure what is still held."""
        if self._at:
            distance = self._network.distance(self._network.of(self._faces), self._reference)
            self._found.add(self._at, distance.double().cpu().numpy())
            self._at, self._faces = [], []

    def curve(self) -> Floats:
        """LPIPS ``[frames]``, NaN where none was measured."""
        return self._found.curve(self.frames)


class SeamLpipsWatch:
    """Collects LPIPS of neighbouring frames across each seam and of 8 pairs spread over each window.

    The whole frame is compared, with its longer side at 256 pixels: a seam shows in background and clothes as well as
    in the face, a cut of both frames by a box that moves would add a difference of its own, and the scale is one at
    which the backbone was trained. What a smaller picture hides is seen by seam/sharpness.
    """

    def __init__(self, network: "Lpips", seams: tuple[int, ...]) -> None:
        self._network = network
        self._firsts = sampled(seams)
        self._before: tuple[int, Image] | None = None
        self._found = Measured()
        self._at: list[int] = []
        self._pictures: list[Image] = []

    def update(self, view: View) -> None:
        """Take one frame."""
        second = self._before is not None and self._before[0] == view.index - 1
        first = view.index in self._firsts
        small = within(view.frame, LONG_SIDE) if first or second else None
        if self._before is not None and small is not None and second:
            self._at.append(self._before[0])
            self._pictures += [self._before[1], small]
        self._before = (view.index, small) if first and small is not None else None
        if len(self._pictures) == BATCH:
            self.finish()

    def finish(self) -> None:
        """Measure what is still held."""
        if self._at:
            maps = self._network.of(self._pictures)
            befores, afters = tuple(one[::2] for one in maps), tuple(one[1::2] for one in maps)
            self._found.add(self._at, self._network.distance(befores, afters).double().cpu().numpy())
            self._at, self._pictures = [], []

    def jumps(self) -> tuple[Indices, Indices, Floats]:
        """(frame before, frame after, LPIPS between them)."""
        at, values = self._found.rows()
        return at, at + 1, values


def sampled(seams: tuple[int, ...]) -> frozenset[int]:
    """First frames of the pairs to compare: at each seam, and evenly within windows, 2 frames away from seams.

    ``seams`` are first frames of windows, ascending. How long the last window is will show; it is taken to be as long
    as the one before it.

    >>> sorted(sampled((12, 20)))
    [2, 3, 4, 5, 6, 7, 8, 11, 14, 15, 16, 19, 22, 23, 24]
    """
    if not seams:
        return frozenset()
    starts = [0, *seams]
    ends = [*seams, 2 * seams[-1] - starts[-2]]
    firsts = {seam - 1 for seam in seams}
    for start, end in zip(starts, ends, strict=True):
        low, high = start + AWAY, end - AWAY - 2
        if high >= low:
            firsts |= {round(float(at)) for at in np.linspace(low, high, PAIRS)}
    return frozenset(firsts)


class SfaceWatch:
    """Collects the cosine between SFace's vector of the face and that of the reference's face.

    Both are aligned by landmarks where the reference has them, and then only frames with landmarks count; by the
    tracked box otherwise. A mixture would lower the cosine for no fault of the face.
    """

    def __init__(self, network: "SFace", reference: View, stride: int) -> None:
        """Raises ValueError for a reference without a face."""
        self.frames = 0
        self.by_landmarks = reference.landmarks is not None
        self._network, self._stride = network, stride
        aligned = self._aligned(reference)
        if aligned is None:
            raise ValueError("likeness to a reference needs a face in it")
        self._reference = network.feature(aligned)
        self._found = Measured()

    def update(self, view: View) -> None:
        """Take one frame; it is measured when it is due and has a face."""
        self.frames += 1
        aligned = self._aligned(view) if view.due(self._stride) else None
        if aligned is not None:
            likeness = float(self._network.feature(aligned) @ self._reference)
            self._found.add([view.index], np.array([likeness]))

    def _aligned(self, view: View) -> Image | None:
        from eval.nets.sface import align, in_box, in_mesh

        if view.box is None:
            return None
        if not self.by_landmarks:
            return align(view.frame, in_box(view.box))
        mesh = view.landmarks
        return None if mesh is None else align(view.frame, in_mesh(mesh))

    def curve(self) -> Floats:
        """Cosine ``[frames]``, NaN where none was measured."""
        return self._found.curve(self.frames)


@dataclass
class LikeWatches:
    """The collectors of likeness that there is a use for. ``absent`` tells, by network, why one is not there."""

    lpips: LpipsWatch | None = None
    seam_lpips: SeamLpipsWatch | None = None
    sface: SfaceWatch | None = None
    absent: dict[str, str] = field(default_factory=dict)


def like_watches(
    settings: Settings,
    reference: "Reference | None",
    seams: tuple[int, ...] | None = None,
    landmarker: "Landmarker | None" = None,
) -> LikeWatches:
    """Collectors for what ``settings`` ask for; a network is loaded only where it will have something to compare.

    Raises what :func:`open_lpips` and :func:`open_sface` do, but for weights that are absent.
    """
    out = LikeWatches()
    wanted = set(settings.metrics)
    faced = reference if reference is not None and reference.box is not None else None
    if wanted & {"likeness/lpips", "seam/lpips"} and _there("lpips", settings, out):
        if faced is not None and "likeness/lpips" in wanted:
            out.lpips = LpipsWatch(open_lpips(settings), faced, settings.lpips_stride)
        if seams and "seam/lpips" in wanted:
            out.seam_lpips = SeamLpipsWatch(open_lpips(settings), seams)
    if "likeness/face" in wanted and _there("sface", settings, out) and faced is not None:
        looked_at = View(0, faced.picture, faced.box, settings, landmarker=landmarker)
        out.sface = SfaceWatch(open_sface(settings), looked_at, settings.sface_stride)
        if landmarker is not None:
            landmarker.forget()
    return out


def _there(network: str, settings: Settings, out: LikeWatches) -> bool:
    try:
        find(network, settings.sources)
    except WeightsAbsent as error:
        out.absent[network] = error.message
    return network not in out.absent


def open_lpips(settings: Settings) -> "Lpips":
    """LPIPS as the settings want it; a process loads it once.

    Raises WeightsAbsent, WeightsWrong, NotAlexNetError, NoGpuError.
    """
    path = find("lpips", settings.sources)
    return _lpips(path, path.stat().st_mtime_ns, resolve(settings.device))


@lru_cache(maxsize=1)
def _lpips(path: Path, changed: int, device: str) -> "Lpips":
    from eval.nets.perceptual import load_lpips

    return load_lpips(path, device)


def open_sface(settings: Settings) -> "SFace":
    """SFace; a process loads it once. It runs on the CPU: OpenCV's wheels have no other way.

    Raises WeightsAbsent, WeightsWrong, NotSFaceError.
    """
    path = find("sface", settings.sources)
    return _sface(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _sface(path: Path, changed: int) -> "SFace":
    from eval.nets.sface import load_sface

    return load_sface(path)
