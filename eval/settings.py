"""How a video is scored: which families, at which working sizes; and the hash that tells two ways apart."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace

from eval.metric import FAMILIES, METRICS
from workflow.errors import HarnessError

SCORER_VERSION = 1
"""Raise when a stage that all metrics share (decode, face track, trimming) changes its result."""

SCORED = tuple(family for family in FAMILIES if family != "cost")
"""Families that look at the video; cost comes from the render's timings."""


class UnknownFamilyError(HarnessError):
    """A scoring profile names a family of metrics that does not exist."""

    code = "unknown-metric-family"


@dataclass(frozen=True)
class Settings:
    """What changes a score's numbers. Strides are in frames: every k-th frame is measured."""

    families: tuple[str, ...] = SCORED
    """Families of metrics to compute."""
    face_stride: int = 5
    """Frames between two face detections."""
    face_width: int = 240
    """Width in pixels at which faces are searched."""
    mouth_width: int = 96
    """Width in pixels of the face at which the mouth is watched."""
    sharp_stride: int = 3
    """Frames between two sharpness measurements (full size)."""
    colour_stride: int = 1
    """Frames between two colour measurements."""
    flow_width: int = 232
    """Width in pixels at which optical flow is computed; smaller pictures keep their own."""
    flow_stride: int = 1
    """Frames between two flow fields."""
    max_offset_s: float = 0.6
    """Largest audio lead or lag searched, in seconds."""
    min_coverage: float = 0.6
    """Share of frames with a tracked face below which lip-sync figures are missing."""

    def __post_init__(self) -> None:
        unknown = [family for family in self.families if family not in SCORED]
        if unknown:
            raise UnknownFamilyError(
                f"no such family of metrics: {', '.join(unknown)}", hint=f"there are {', '.join(SCORED)}"
            )
        for name, value in asdict(self).items():
            if isinstance(value, int) and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")


DEFAULT = Settings()
QUICK = replace(
    DEFAULT, families=("lipsync", "sharpness", "colour", "mouth"), sharp_stride=10, colour_stride=5, face_stride=10
)
FULL = replace(DEFAULT, sharp_stride=1, flow_width=464)
PROFILES = {"quick": QUICK, "default": DEFAULT, "full": FULL}


def scorer_hash(settings: Settings, *, speech_sha256: str | None, reference_sha256: str | None) -> str:
    """64 hex digits that change with everything that can change a score of the same video bytes.

    Covered: the settings, the versions of the metrics they ask for, the version of the shared stages, and the
    contents of speech and reference (None: the video's own sound, its first frames).
    """
    parts = {
        "scorer": SCORER_VERSION,
        "settings": asdict(settings),
        "metrics": {name: metric.version for name, metric in METRICS.items() if metric.family in settings.families},
        "speech": speech_sha256,
        "reference": reference_sha256,
    }
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
