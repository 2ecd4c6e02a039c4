"""How a video is scored: which families, at which working sizes; and the hash that tells two ways apart."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import Literal

from eval.cropgeometry import ASSUMED
from eval.metric import FAMILIES, METRICS, NETWORKS, names_of
from eval.weights import Sources, sha_of
from workflow.errors import HarnessError

SCORER_VERSION = 2
"""Raise when a stage that all metrics share (decode, face track, trimming) changes its result."""

OWN_SOUND_VERSION = 2
"""Raise when a stage that only videos judged by their own sound pass through changes its result."""

SCORED = tuple(family for family in FAMILIES if family != "cost")
"""Families that look at the video; cost comes from the render's timings."""


class UnknownFamilyError(HarnessError):
    """A scoring profile names a family of metrics that does not exist."""

    code = "unknown-metric-family"


class UnknownNetworkError(HarnessError):
    """A scoring profile names a network, number type or device that does not exist."""

    code = "unknown-network"


DTYPES = ("float32", "bfloat16")
DEVICES = ("cpu", "cuda", "auto")
USED_BY = {
    "syncnet": {"lipsync"},
    "lpips": {"likeness", "seam"},
    "landmarks": {"mouth", "motion", "likeness", "tail"},
    "sface": {"likeness"},
}
"""The families that each network serves."""


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
    """Frames between two measurements of fine detail and overshoot (full size); S is cheap and read in every frame."""
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
    networks: tuple[str, ...] = NETWORKS
    """Networks whose metrics are wished for; their weights may still be absent."""
    lpips_stride: int = 5
    """Frames between two LPIPS distances to the reference."""
    sface_stride: int = 10
    """Frames between two face likenesses."""
    sync_scale: float = ASSUMED.scale
    """Larger side of the face box that SyncNet's crop is made from, in our detector's larger sides."""
    sync_shift_x: float = ASSUMED.shift_x
    """How far that box lies to the right, likewise."""
    sync_shift_y: float = ASSUMED.shift_y
    """How far it lies below, likewise."""
    sync_crop_windows: int = 56
    """SyncNet's windows on which the sensitivity to the crop is measured, at least; each costs two more."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Number type of SyncNet; bfloat16 is faster and less exact."""
    device: str = "cpu"
    """Where the networks run: cpu, cuda or auto. It changes no figure beyond rounding and is not hashed."""
    sources: Sources = field(default_factory=Sources)
    """Where weights are looked for; the hash covers their contents."""

    def __post_init__(self) -> None:
        strange = [network for network in self.networks if network not in NETWORKS]
        if strange:
            raise UnknownNetworkError(f"no such network: {', '.join(strange)}", hint=f"there are {', '.join(NETWORKS)}")
        if self.dtype not in DTYPES or self.device not in DEVICES:
            raise UnknownNetworkError(
                f"dtype {self.dtype!r}, device {self.device!r} are not both known",
                hint=f"dtype is one of {', '.join(DTYPES)}; device one of {', '.join(DEVICES)}",
            )
        unknown = [family for family in self.families if family not in SCORED]
        if unknown:
            raise UnknownFamilyError(
                f"no such family of metrics: {', '.join(unknown)}", hint=f"there are {', '.join(SCORED)}"
            )
        if not 0.1 <= self.sync_scale <= 10:
            raise ValueError(f"sync_scale must be within 0.1 … 10, got {self.sync_scale}")
        for name in ("sync_shift_x", "sync_shift_y"):
            if not -1 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be within −1 … 1, got {getattr(self, name)}")
        for name, value in _numbers(self).items():
            if isinstance(value, int) and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics that these settings ask for, in the table's order."""
        return names_of(self.families, self.networks)

    @property
    def used(self) -> tuple[str, ...]:
        """The networks that are wished for and that a family has a use for; the others' weights are not needed."""
        return tuple(network for network in self.networks if USED_BY[network] & set(self.families))


def _numbers(settings: Settings) -> dict[str, object]:
    """The fields that can change a figure."""
    return {name: value for name, value in asdict(settings).items() if name not in ("device", "sources")}


DEFAULT = Settings()
QUICK = replace(
    DEFAULT,
    families=("lipsync", "sharpness", "colour", "mouth"),
    networks=(),
    sharp_stride=10,
    colour_stride=5,
    face_stride=10,
)
FULL = replace(DEFAULT, sharp_stride=1, flow_width=464, lpips_stride=1, sface_stride=2)
PROFILES = {"quick": QUICK, "default": DEFAULT, "full": FULL}


LIBRARIES = ("av", "numpy", "opencv-python-headless", "scikit-image", "scipy")
"""Packages whose releases can change what a metric reads."""
NETWORK_LIBRARIES = ("lpips", "python_speech_features", "torch")


@cache
def versions(networks: tuple[str, ...]) -> dict[str, str]:
    """The installed version of each library that scoring with these networks rests on."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in (*LIBRARIES, *(NETWORK_LIBRARIES if {"syncnet", "lpips"} & set(networks) else ())):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # OpenCV comes under several names
            found[name] = "unknown"
    return found


def scorer_hash(
    settings: Settings, *, speech_sha256: str | None, reference_sha256: str | None, footage_sha256: str | None = None
) -> str:
    """64 hex digits that change with everything that can change a score of the same video bytes.

    Covered: the settings, the versions of the metrics they ask for, of the shared stages and of the libraries that see
    pixels and sound, the weights that are there, and the contents of speech, reference and footage (None: the video's
    own sound, its first frames, none).
    """
    parts = {
        "scorer": SCORER_VERSION,
        "settings": _numbers(settings),
        "metrics": {name: METRICS[name].version for name in settings.metrics},
        "libraries": versions(settings.used),
        "weights": {network: sha_of(network, settings.sources) for network in settings.networks},
        "speech": speech_sha256,
        "reference": reference_sha256,
        "footage": footage_sha256,
    } | ({"own sound": OWN_SOUND_VERSION} if speech_sha256 is None else {})
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
