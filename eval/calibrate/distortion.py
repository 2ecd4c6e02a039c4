"""What a distortion is: a known change of graded strength, and the metrics that are meant to see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from eval.calibrate.scene import FrameChange, Scene
from eval.calibrate.sounds import Speech
from eval.calibrate.timeline import Frames
from workflow.media.arrays import Samples

BASE_CRF = 0  # lossless: what is measured is the distortion and not the coder


@dataclass(frozen=True)
class Aim:
    """How a metric should answer: up (+1) or down (−1) with growing strength.

    ``per_unit`` is the change that is known beforehand, in the metric's unit for each unit of strength; with
    ``of_clean`` in parts of the metric's own value on the clean clip. None: only the direction is known. Beyond
    ``enough`` the metric says all that it can: what it does there is chance and no disorder.
    """

    sign: int
    per_unit: float | None = None
    of_clean: bool = False
    enough: float | None = None


@dataclass(frozen=True)
class Distortion:
    """A known change. Strength 0 is the clean clip; ``levels`` are the others, ``quick`` fewer of them.

    ``reference`` is the strength at which distortions are compared: a fault that a viewer begins to complain about.
    ``aims`` are the metrics that are meant to see it. ``touches`` (shell patterns) are metrics whose own quantity it
    changes too, rightly; whatever else it moves is cross-talk.

    One of ``picture`` (strength, scene → change of frames), ``frames`` (scene, strength → which frame is shown when),
    ``sound`` (speech, strength, draw → samples) says what is done; with none of them the strength is the coder's CRF.
    Where the outcome depends on chance, several ``draws`` of it are measured and their mean counts.
    """

    name: str
    summary: str
    unit: str
    levels: tuple[float, ...]
    reference: float
    aims: Mapping[str, Aim] = field(default_factory=dict)
    touches: tuple[str, ...] = ()
    picture: Callable[[float, Scene], FrameChange] | None = None
    frames: Callable[[Scene, float], Frames] | None = None
    sound: Callable[[Speech, float, int], Samples] | None = None
    draws: int = 1

    def __post_init__(self) -> None:
        if 0 in self.levels or self.reference not in self.levels or tuple(sorted(self.levels)) != self.levels:
            raise ValueError(f"{self.name}: levels {self.levels} must rise, without 0 and with {self.reference}")

    @property
    def two_sided(self) -> bool:
        """Whether there are strengths on both sides of 0."""
        return self.levels[0] < 0 < self.levels[-1]

    @property
    def crf(self) -> Callable[[float], int]:
        """The coder's quality at a strength."""
        coded = self.picture is None and self.frames is None and self.sound is None
        return lambda strength: round(strength) if coded and strength else BASE_CRF

    @property
    def quick(self) -> tuple[float, ...]:
        """The reference strength and the largest, on both sides where there are two."""
        wanted = {self.reference, self.levels[-1]}
        wanted |= {-self.reference, self.levels[0]} if self.two_sided else set()
        return tuple(level for level in self.levels if level in wanted)

    def expected(self, metric: str) -> bool:
        """Whether ``metric`` may rightly move: it is aimed at or touched."""
        return metric in self.aims or any(fnmatchcase(metric, pattern) for pattern in self.touches)
