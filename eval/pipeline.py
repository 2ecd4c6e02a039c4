"""One decode feeds all collectors: frames stream through the face tracker to whatever the families need."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.ahead import ahead
from eval.metrics.colour import ColourWatch
from eval.metrics.motion import MotionWatch
from eval.metrics.mouthwatch import MouthWatch
from eval.metrics.sharpness import SharpnessWatch
from eval.sanity import SanityWatch
from eval.settings import Settings
from eval.view import View
from workflow.media.decode import frames
from workflow.media.errors import MediaError
from workflow.media.facebox import FaceTracker

Progress = Callable[[int], None]


@dataclass
class Watched:
    """What one pass over the video collected; a collector is None when no family needs it.

    ``error`` tells why decoding stopped early, if it did. ``several`` counts frames with more than one face.
    """

    sanity: SanityWatch = field(default_factory=SanityWatch)
    mouth: MouthWatch | None = None
    sharpness: SharpnessWatch | None = None
    colour: ColourWatch | None = None
    motion: MotionWatch | None = None
    frames: int = 0
    with_face: int = 0
    several: int = 0
    error: str | None = None

    def collectors(self) -> list[Any]:
        """Those that are there."""
        every = (self.sanity, self.mouth, self.sharpness, self.colour, self.motion)
        return [collector for collector in every if collector is not None]


def needed(settings: Settings) -> Watched:
    """Empty collectors for the families of ``settings``; seams are read from three other families' curves."""
    families = set(settings.families)
    return Watched(
        mouth=MouthWatch() if families & {"lipsync", "mouth"} else None,
        sharpness=SharpnessWatch() if families & {"sharpness", "seam"} else None,
        colour=ColourWatch() if families & {"colour", "seam"} else None,
        motion=MotionWatch() if families & {"motion", "seam"} else None,
    )


def watch(video: Path, fps: float, stop: int | None, settings: Settings, on_frame: Progress | None = None) -> Watched:
    """Stream at most ``stop`` frames of ``video`` through the collectors, in constant memory.

    A decoding error ends the pass and is kept in ``error``; it is not raised.
    """
    seen = needed(settings)
    collectors = seen.collectors()
    tracker = FaceTracker(fps, stride=settings.face_stride, working_width=settings.face_width)
    decoded = ahead(_until_error(frames(video, stop=stop), seen))
    for index, tracked in enumerate(tracker.track(decoded)):
        view = View(index, tracked.frame, tracked.box, settings)
        for collector in collectors:
            collector.update(view)
        seen.frames += 1
        seen.with_face += tracked.box is not None
        seen.several += tracked.faces > 1
        if on_frame is not None:
            on_frame(seen.frames)
    return seen


def _until_error(source: Iterator[Any], seen: Watched) -> Iterator[Any]:
    try:
        yield from source
    except MediaError as error:
        seen.error = error.message
