"""One decode feeds all collectors: frames stream through the face tracker to whatever the families need."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from eval.ahead import ahead
from eval.landmarks import Landmarker, open_landmarker
from eval.likewatch import LikeWatches, like_watches
from eval.metrics.colourwatch import ColourWatch
from eval.metrics.flicker import FlickerWatch
from eval.metrics.motion import MotionWatch
from eval.metrics.mouthwatch import MouthWatch
from eval.metrics.sharpness import SharpnessWatch
from eval.metrics.stillness import StillWatch
from eval.metrics.tail import LONGEST_S, TailWatch
from eval.reference import Reference
from eval.sanity import SanityWatch
from eval.settings import Settings
from eval.syncwatch import SyncWatch, open_syncnet
from eval.view import View
from eval.weights import WeightsAbsent
from workflow.media.errors import MediaError
from workflow.media.facebox import FaceTracker, Tracked
from workflow.media.steady import Clock, steady

Progress = Callable[[int], None]
Samples = npt.NDArray[np.int16]


@dataclass
class Watched:
    """What one pass over the video collected; a collector is None when no family needs it.

    ``absent`` tells, by network, why one that is needed is not there.
    ``error`` tells why decoding stopped early, if it did. ``several`` counts frames with more than one face.
    ``frames`` are those of the speech, ``tail_frames`` those looked at after it; ``ended``: no more came. ``widths``
    of the face in pixels by frame, ``clock`` what became of the timestamps.
    """

    sanity: SanityWatch = field(default_factory=SanityWatch)
    mouth: MouthWatch | None = None
    sharpness: SharpnessWatch | None = None
    colour: ColourWatch | None = None
    motion: MotionWatch | None = None
    still: StillWatch | None = None
    flicker: FlickerWatch | None = None
    landmarker: Landmarker | None = None
    sync: SyncWatch | None = None
    like: LikeWatches = field(default_factory=LikeWatches)
    absent: dict[str, str] = field(default_factory=dict)
    frames: int = 0
    with_face: int = 0
    several: int = 0
    error: str | None = None
    tail: TailWatch | None = None
    tail_frames: int = 0
    ended: bool = False
    widths: Any = field(default_factory=lambda: array("i"))
    clock: Clock = field(default_factory=Clock)

    def collectors(self) -> list[Any]:
        """Those that are there."""
        like = (self.like.lpips, self.like.seam_lpips, self.like.sface)
        moving = (self.motion, self.still, self.flicker)
        every = (self.sanity, self.mouth, self.sharpness, self.colour, *moving, self.sync, *like, self.tail)
        return [collector for collector in every if collector is not None]


def needed(settings: Settings, fps: float) -> Watched:
    """Empty collectors for the families of ``settings``; seams are read from three other families' curves."""
    families = set(settings.families)
    return Watched(
        sanity=SanityWatch(fps),
        mouth=MouthWatch() if families & {"lipsync", "mouth"} else None,
        sharpness=SharpnessWatch() if families & {"sharpness", "seam"} else None,
        colour=ColourWatch() if families & {"colour", "seam"} else None,
        motion=MotionWatch() if families & {"motion", "seam"} else None,
        still=StillWatch() if "motion" in families else None,
        flicker=FlickerWatch() if "motion" in families else None,
        tail=TailWatch() if "tail" in families else None,
    )


def _watch_lips(seen: Watched, fps: float, speech: Samples, settings: Settings) -> None:
    """Add SyncNet's collector where it is asked for, or why it is absent."""
    if "syncnet" in settings.used:
        try:
            seen.sync = SyncWatch(open_syncnet(settings), fps, speech, settings)
        except WeightsAbsent as error:
            seen.absent["syncnet"] = error.message


def _find_points(seen: Watched, settings: Settings) -> None:
    """Open the landmarker where points are asked for and some family reads them, or tell why it is absent."""
    if "landmarks" in settings.used:
        try:
            seen.landmarker = open_landmarker(settings)
        except WeightsAbsent as error:
            seen.absent["landmarks"] = error.message


def watch(
    video: Path,
    fps: float,
    stop: int | None,
    settings: Settings,
    on_frame: Progress | None = None,
    *,
    speech: Samples | None = None,
    reference: Reference | None = None,
    seams: tuple[int, ...] | None = None,
) -> Watched:
    """Stream ``video`` at a constant ``fps`` through the collectors, in constant memory.

    The first ``stop`` frames are those of the speech (None: all). What follows goes, up to ``tail.LONGEST_S`` seconds,
    only to collectors that declare ``wants_tail``, with a face track of its own: it changes nothing else.
    Without ``speech`` (int16 mono at 16 kHz), what compares lips with it is spared; likewise what compares faces
    without a ``reference`` that has one, and neighbouring windows' frames without ``seams``.
    A decoding error ends the pass and is kept in ``error``; it is not raised.
    """
    seen = needed(settings, fps)
    if speech is not None:
        _watch_lips(seen, fps, speech, settings)
    _find_points(seen, settings)
    seen.like = like_watches(settings, reference, seams, seen.landmarker)
    collectors = seen.collectors()
    tracker = FaceTracker(fps, stride=settings.face_stride, working_width=settings.face_width)
    after = 0 if stop is None or seen.tail is None else round(LONGEST_S * fps) + 1
    last = None if stop is None else stop + after
    coded = steady(video, fps, seen.clock, stop=last, threads=cv2.getNumThreads())
    decoded = ahead(_until_error(coded, seen))
    _stream(seen, tracker.track(islice(decoded, stop)), settings, collectors, on_frame)
    late = [collector for collector in collectors if getattr(collector, "wants_tail", False)]
    _stream(seen, tracker.track(islice(decoded, after)), settings, late, on_frame, tail=True)
    seen.ended = stop is None or seen.tail_frames < after
    for collector in collectors:
        if hasattr(collector, "finish"):
            collector.finish()
    return seen


def _stream(
    seen: Watched,
    frames: Iterable[Tracked],
    settings: Settings,
    collectors: list[Any],
    on_frame: Progress | None,
    tail: bool = False,
) -> None:
    for tracked in frames:
        view = View(seen.frames + seen.tail_frames, tracked.frame, tracked.box, settings, tail, seen.landmarker)
        for collector in collectors:
            collector.update(view)
        if tail:
            seen.tail_frames += 1
        else:
            seen.frames += 1
            seen.with_face += tracked.box is not None
            seen.several += tracked.faces > 1
            if tracked.box is not None:
                seen.widths.append(tracked.box.w)
        if on_frame is not None:
            on_frame(seen.frames + seen.tail_frames)


def _until_error(source: Iterator[Any], seen: Watched) -> Iterator[Any]:
    try:
        yield from source
    except MediaError as error:
        seen.error = error.message
