"""The score of one video: values, curves, coverage, and why anything is missing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from eval.settings import DEFAULT, FULL, PROFILES, QUICK, Settings, scorer_hash
from eval.value import Value
from workflow.windows import Windows

if TYPE_CHECKING:
    from eval.sanity import Expected

__all__ = ["DEFAULT", "FULL", "PROFILES", "QUICK", "Score", "Settings", "Value", "score_video", "scorer_hash"]

Status = Literal["ok", "no_face", "broken"]
FORMAT = 2


@dataclass(frozen=True)
class Score:
    """What the evaluator says of a video.

    ``status`` *broken* (``reason`` says how) means that no metric was believed; *no_face* that only what needs no
    face is there. ``curves`` hold a number or None for each of the ``frames`` frames at ``fps`` that the speech
    covers; ``coverage`` is their share with a tracked face. ``seams`` are first frames of windows, empty for one
    window, None when the windows are not known. ``per_window`` holds one number or None for each window.
    """

    status: Status
    reason: str | None
    values: Mapping[str, Value]
    curves: Mapping[str, list[float | None]]
    coverage: float
    frames: int
    fps: float
    seams: tuple[int, ...] | None = None
    warnings: tuple[str, ...] = ()
    stand_in: bool = False
    speech_s: float | None = None
    per_window: Mapping[str, list[float | None]] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain dict of JSON types."""
        return {
            "format": FORMAT,
            "status": self.status,
            "reason": self.reason,
            "values": {name: value.to_json() for name, value in self.values.items()},
            "curves": {name: list(points) for name, points in self.curves.items()},
            "coverage": self.coverage,
            "frames": self.frames,
            "fps": self.fps,
            "seams": None if self.seams is None else list(self.seams),
            "warnings": list(self.warnings),
            "stand_in": self.stand_in,
            "speech_s": self.speech_s,
            "per_window": {name: list(points) for name, points in self.per_window.items()},
            "extra": dict(self.extra),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Score":
        """The inverse of :meth:`to_json`. Raises ValueError for another format, KeyError for a damaged one."""
        if data.get("format") != FORMAT:
            raise ValueError(f"score format {data.get('format')!r} is not {FORMAT}")
        seams = data["seams"]
        return cls(
            status=data["status"],
            reason=data["reason"],
            values={name: Value.from_json(value) for name, value in data["values"].items()},
            curves={name: list(points) for name, points in data["curves"].items()},
            coverage=float(data["coverage"]),
            frames=int(data["frames"]),
            fps=float(data["fps"]),
            seams=None if seams is None else tuple(int(seam) for seam in seams),
            warnings=tuple(data["warnings"]),
            stand_in=bool(data["stand_in"]),
            speech_s=data["speech_s"],
            per_window={name: list(points) for name, points in data["per_window"].items()},
            extra=dict(data["extra"]),
        )


def score_video(
    video: Path,
    *,
    speech: Path | None = None,
    reference: Path | None = None,
    windows: Windows | None = None,
    settings: Settings = DEFAULT,
    expected: "Expected | None" = None,
    footage: Mapping[str, float] | None = None,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> Score:
    """Judge ``video`` against its ``speech`` (None: its own sound) and ``reference`` frame (None: its first frames).

    ``windows`` None: read from the API prompt inside the video where there is one and the rate is the model's own, as
    frames put in between move the seams. ``footage``: what
    :func:`eval.footage.footage_norm` measured of a real video of one's own. ``on_progress`` gets frames done and, where
    known, their number. A video that cannot be decoded is *broken*, not an error.

    Raises MissingMediaError when ``video`` is not there, and the errors of workflow.media for a ``speech`` or
    ``reference`` that cannot be read: those are the caller's mistakes, not the render's.
    """
    from eval.judge import judge

    return judge(video, speech, reference, windows, settings, expected, on_progress, footage)
