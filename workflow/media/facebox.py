"""The face through a video: looked for every few frames, followed, smoothed, and given for every frame."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workflow.media import facepath
from workflow.media.arrays import Picture
from workflow.media.box import Box
from workflow.media.facedetect import WIDE_SCAN, detect, detect_all, look_again, scan, settled, to_grey

__all__ = ["Box", "FaceTracker", "Tracked", "detect", "detect_all"]

RESCAN = 10  # looks between two searches of the whole frame, which count the faces
PATIENCE = 2  # looks in a row that may miss a face which then comes back; longer, and it is lost
SMOOTH = 2  # neighbouring looks on each side that smoothing reads: a median of 3, then a mean of 3


@dataclass(frozen=True)
class Tracked:
    """A frame, its face box in full-frame pixels (None: no face), and how many faces whole searches found last."""

    frame: Picture
    box: Box | None
    faces: int


@dataclass(frozen=True)
class _Look:
    index: int  # of the frame
    box: Box | None
    faces: int


class FaceTracker:
    """Follow the largest frontal face of a video.

    The face is looked for in every ``stride``-th frame on a copy ``working_width`` wide (480 when nothing is found),
    smoothed over neighbouring looks, and interpolated between them. A face that up to PATIENCE looks missed and that
    comes back is interpolated across; a longer absence is None, from the middle between the last look that saw it
    and the first that did not. ``fps`` is the video's: ``stride`` counts frames at 25 fps and is scaled to it.

    Memory is constant: at most ``lookahead`` frames are held back.
    """

    def __init__(self, fps: float = 25.0, stride: int = 5, working_width: int = 240) -> None:
        if stride < 1 or working_width < 48 or not fps > 0:
            raise ValueError(f"stride {stride}, working_width {working_width}, fps {fps}: must be ≥ 1, ≥ 48, > 0")
        self.stride = max(1, round(stride * fps / 25.0))
        self.working_width = working_width
        self._last: Box | None = None
        self._faces = 0
        self._seen: list[Box] = []
        self._since_scan = RESCAN
        self._misses = 0

    @property
    def lookahead(self) -> int:
        """The most frames that are read ahead of the one that is given out."""
        return (SMOOTH + PATIENCE + 1) * self.stride

    def track(self, frames: Iterable[Picture]) -> Iterator[Tracked]:
        """Yield every frame in order with its face box. A tracker is used for one video."""
        looks: list[_Look] = []
        held: deque[tuple[int, Picture]] = deque()
        for index, frame in enumerate(frames):
            held.append((index, frame))
            if index % self.stride == 0:
                looks.append(self._look(index, frame))
                horizon = len(looks) - 1 - SMOOTH - PATIENCE
                if horizon > 0:
                    yield from _settled(looks, held, looks[horizon].index)
                    del looks[: max(0, horizon - SMOOTH - PATIENCE - 1)]
        if held:
            if held[-1][0] != looks[-1].index:
                looks.append(self._look(*held[-1]))
            yield from _settled(looks, held, looks[-1].index + 1)

    def _look(self, index: int, frame: Picture) -> _Look:
        grey = to_grey(frame)
        self._since_scan += 1
        if self._last is not None and self._since_scan < RESCAN:
            found = look_again(grey, self._last)
            if found is not None:
                self._last, self._misses = found.box, 0
                return _Look(index, found.box, self._faces)
        return _Look(index, self._search(grey), self._faces)

    def _search(self, grey: Picture) -> Box | None:
        """Search the whole frame; the face that was followed so far is preferred to a larger newcomer."""
        self._since_scan = 0
        faces = [found.box for found in scan(grey, self.working_width)]
        if not faces and self._misses % RESCAN == 0:
            faces = [found.box for found in scan(grey, WIDE_SCAN)]  # costly: while there is no face, only now and then
        if not faces and self._last is not None:
            again = look_again(grey, self._last)
            faces = [again.box] if again is not None else []
        self._count(faces)
        if not faces:
            self._misses += 1
            self._last = self._last if self._misses <= PATIENCE else None
            return None
        followed = max(faces, key=self._last.overlap) if self._last is not None else faces[0]
        same = self._last is not None and followed.overlap(self._last) > 0
        # Looks between scans would measure another size of the same face.
        self._last, self._misses = settled(grey, followed if same else faces[0]), 0
        return self._last

    def _count(self, faces: list[Box]) -> None:
        """Count the faces; a second one only when two searches in a row see it: clothes look like one at times."""
        again = [face for face in faces if any(face.overlap(before) > 0.2 for before in self._seen)]
        self._faces = min(len(faces), max(1, len(again)))
        if len(faces) > max(1, len(again)):
            self._since_scan = RESCAN - 1  # the next look is a whole search too
        self._seen = faces


def _settled(looks: list[_Look], held: deque[tuple[int, Picture]], limit: int) -> Iterator[Tracked]:
    """Give out the held frames before ``limit``: later looks can no longer change them."""
    path = facepath.smoothed(facepath.bridged([facepath.corner(look.box) for look in looks], PATIENCE))
    position = 0
    while held and held[0][0] < limit:
        index, frame = held.popleft()
        while position + 1 < len(looks) and looks[position + 1].index <= index:
            position += 1
        here, there = looks[position], min(position + 1, len(looks) - 1)
        span = looks[there].index - here.index
        share = (index - here.index) / span if span else 0.0
        value = facepath.between(path[position], path[there], share)
        yield Tracked(frame, facepath.boxed(value, frame.shape[1], frame.shape[0]), here.faces)
