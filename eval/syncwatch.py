"""What SyncNet is given and gives back while the video streams by: crops in, 1024 numbers a window out.

SyncNet's windows are 5 frames in a row of one face. A *run* is a longest stretch with a face whose box goes on; windows
keep their true place in time, and those that no run covers stay unknown.
"""

from concurrent.futures import Future
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from eval.cropgeometry import CropGeometry, Place
from eval.device import resolve
from eval.lipclock import LipClock
from eval.lipcrop import MEDIAN, SIDE, Smoother, cut
from eval.lippool import Crops, LipPool, Points
from eval.weights import find
from workflow.media.arrays import Picture
from workflow.media.box import Box

if TYPE_CHECKING:
    from eval.nets.folded import Folded
    from eval.settings import Settings
    from eval.view import View

Known = npt.NDArray[np.bool_]
Samples = npt.NDArray[np.int16]

GOES_ON = 0.5  # overlap of a face's boxes in neighbouring frames; the reference ends its tracks at less
LAST = 5  # frames at the end of a run in which no window begins, as the reference has it
SPAN = 5  # frames of a window
SAMPLES = 640  # of 16 kHz in a frame
BATCH = 32  # windows
PIECE = 500  # frames after which the sound up to there is computed
OTHER_SIZES = (0.9, 1.1)
BLOCK = 33  # frames of a block of the crop probe: 28 windows
BLOCK_EVERY = 125  # frames from one block to the next: 5 s
WIDTH = 1024


class CropProbe:
    """Points of the same windows with the crop 10 % smaller and 10 % larger, for blocks of 28 windows 5 s apart.

    ``windows`` are the windows' indices, ``points[k]`` lists their points at ``OTHER_SIZES[k]``, block by block. No
    further block is begun when there are ``limit`` windows.
    """

    def __init__(self, pool: LipPool, limit: int) -> None:
        self.windows: list[int] = []
        self.points: tuple[list[Points], ...] = tuple([] for _ in OTHER_SIZES)
        self._pool = pool
        self._limit = limit
        self._blocks: list[Crops] = []

    def push(self, index: int, since: int, frame: Picture, place: Place) -> None:
        """Take frame ``index`` of the 25 a second, ``since`` frames after its run began."""
        step = since % BLOCK_EVERY
        if step == 0:
            wanted = len(self.windows) < self._limit
            self._blocks = [_empty(BLOCK) for _ in OTHER_SIZES] if wanted else []
        if step >= BLOCK:
            return
        for size, block in zip(OTHER_SIZES, self._blocks, strict=False):
            block[step] = cut(frame, place._replace(s=place.s * size))
        if step == BLOCK - 1 and self._blocks:
            for block, points in zip(self._blocks, self.points, strict=True):
                self._pool.submit(block[:-1], points.append)
            self.windows.extend(range(index - step, index - step + BLOCK - LAST))


class SyncWatch:
    """Collector of SyncNet's points of the lips, in memory for 6 frames, some batches of crops, and 4 kB a window.

    ``frames`` counts frames at 25 a second, ``with_face`` those with a face. The points of window i, frames i…i+4 of
    those, come from :meth:`lips`; those of ``speech`` (int16 mono at 16 kHz, ``spoken`` windows) from
    :meth:`sounds`.
    """

    def __init__(
        self, model: "Folded", fps: float, speech: Samples, settings: "Settings", *, batch: int = BATCH
    ) -> None:
        self.dtype = str(model.dtype).removeprefix("torch.")
        self.frames = 0
        self.spoken = max(speech.size // SAMPLES - LAST, 0)
        self._pool = LipPool(model)
        self._speech = speech
        self._heard = 0  # windows of the speech that were given to the pool
        # Filled in place: memory is taken as windows come, and nothing is copied at the end.
        self._lips = np.zeros((self.spoken, WIDTH), np.float32)
        self._known = np.zeros(self.spoken, np.bool_)
        self._sounds = np.zeros((self.spoken, WIDTH), np.float32)
        self._listening: list[tuple[int, Future[Points]]] = []
        self.probe = CropProbe(self._pool, settings.sync_crop_windows)
        self._clock = LipClock(fps)
        self.geometry = CropGeometry(settings.sync_scale, settings.sync_shift_x, settings.sync_shift_y)
        self._batch = batch
        self.with_face = 0
        self._run: _Run | None = None
        self._box: Box | None = None

    def update(self, view: "View") -> None:
        """Take one frame of the video; it is shown never, once or several times in the 25 a second."""
        for _ in self._clock.shown(view.index):
            self._show(view.frame, view.box)

    def finish(self) -> None:
        """After the last frame: compute what is left."""
        self._end()
        self._hear()
        self._pool.finish()

    def lips(self) -> tuple[Points, Known]:
        """Points ``[min(frames − 5, spoken), 1024]``, zeros where unknown, and which are known; after the end."""
        count = max(self.frames - LAST, 0)
        return self._lips[:count], self._known[:count]

    def sounds(self) -> Points:
        """Points ``[min(frames, spoken), 1024]`` of the speech; after the end."""
        self._listened(wait=True)
        return self._sounds[: self._heard]

    def _take(self, start: int, points: Points) -> None:
        inside = points[: max(self.spoken - start, 0)]
        self._lips[start : start + len(inside)] = inside
        self._known[start : start + len(inside)] = True

    def _listened(self, *, wait: bool) -> None:
        """Put what was heard in its place."""
        while self._listening and (wait or self._listening[0][1].done()):
            start, piece = self._listening.pop(0)
            points = piece.result()
            self._sounds[start : start + len(points)] = points

    def _show(self, frame: Picture, box: Box | None) -> None:
        if box is None or (self._box is not None and box.overlap(self._box) < GOES_ON):
            self._end()
        if box is not None:
            if self._run is None:
                self._run = _Run(self.frames, _empty(self._batch + LAST))
            self.with_face += 1
            for settled in self._run.smoother.push(frame, self.geometry.place(box)):
                self._crop(self._run, *settled)
        self._box = box
        self.frames += 1
        if self.frames % PIECE == 0:
            self._hear()

    def _hear(self) -> None:
        """Begin with the sound up to here: what is spoken after the video ends is not computed."""
        start, self._heard = self._heard, min(self.frames, self.spoken)
        self._listened(wait=False)
        if self._heard > start:
            lead = min(start, 1)  # a window more before: its sound reaches into the first one's
            piece = self._speech[(start - lead) * SAMPLES : (self._heard + LAST) * SAMPLES]
            self._listening.append((start, self._pool.hear(piece, lead)))

    def _end(self) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        for settled in run.smoother.finish():
            self._crop(run, *settled)
        windows = run.crops - LAST - run.given
        if run.crops >= MEDIAN and windows > 0:  # a shorter run's median is that of the zeros beyond its ends
            self._submit(run, windows)

    def _crop(self, run: "_Run", frame: Picture, place: Place) -> None:
        if place.s <= 0:
            return  # of a run too short for the median
        self.probe.push(run.start + run.crops, run.crops, frame, place)
        run.held[run.crops - run.given] = cut(frame, place)
        run.crops += 1
        if run.crops - run.given == len(run.held):
            self._submit(run, self._batch)

    def _submit(self, run: "_Run", windows: int) -> None:
        start, held = run.start + run.given, run.held
        self._pool.submit(held[: windows + SPAN - 1], lambda points: self._take(start, points))
        run.held = _empty(self._batch + LAST)
        run.held[:LAST] = held[windows : windows + LAST]
        run.given += windows


class _Run:
    """One face from where it comes to where it goes: crops so far, and how many windows were given away."""

    def __init__(self, start: int, held: Crops) -> None:
        self.start = start
        self.smoother = Smoother()
        self.held = held
        self.crops = 0
        self.given = 0


def _empty(frames: int) -> Crops:
    return np.empty((frames, SIDE, SIDE, 3), np.uint8)


def open_syncnet(settings: "Settings") -> "Folded":
    """SyncNet as the settings want it, ready to run; a process loads it once.

    Raises WeightsAbsent, WeightsWrong, NotSyncNetError, NoGpuError.
    """
    path = find("syncnet", settings.sources)
    return _loaded(path, path.stat().st_mtime_ns, resolve(settings.device), settings.dtype)


@lru_cache(maxsize=2)
def _loaded(path: Path, changed: int, device: str, dtype: str) -> "Folded":
    from eval.nets.folded import fold
    from eval.nets.syncnet import load_syncnet

    return fold(load_syncnet(path, device), dtype)
