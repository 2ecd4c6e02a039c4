"""What the links between nodes carry; where the real nodes hold weights and tensors, these hold what was asked for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from runner.standin.frames import Images


@dataclass(frozen=True)
class Loaded:
    """Something a loader node pretends to have loaded: its class and its inputs."""

    kind: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Sound:
    """AUDIO: ``samples`` is ``[channels, n]`` float32 in −1 … 1."""

    samples: npt.NDArray[np.float32]
    rate: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return float(self.samples.shape[1] / self.rate)


@dataclass(frozen=True)
class Lora:
    """One LoRA of a chain."""

    name: str
    strength: float
    merged: bool


@dataclass(frozen=True)
class Model:
    """WANVIDEOMODEL: file names and how they were loaded."""

    name: str
    quantization: str
    base_precision: str
    attention: str
    blocks_to_swap: int
    infinitetalk: str
    loras: tuple[Lora, ...]


@dataclass(frozen=True)
class TextEmbeds:
    """WANVIDEOTEXTEMBEDS: the two prompts."""

    positive: str
    negative: str


@dataclass(frozen=True)
class ClipEmbeds:
    """WANVIDIMAGE_CLIPEMBEDS: how the second picture was combined; ``close_up`` is false when it is the frame again."""

    close_up: bool
    combine: str
    tiles: int
    ratio: float


@dataclass(frozen=True)
class SpeechEmbeds:
    """MULTITALK_EMBEDS: ``speech`` is the first channel, ``[n]`` float32 at 16 kHz, for ``frames`` video frames."""

    speech: npt.NDArray[np.float32]
    frames: int
    fps: float
    audio_scale: float
    audio_cfg_scale: float


@dataclass(frozen=True)
class ImageEmbeds:
    """WANVIDIMAGE_EMBEDS of the long-video node. ``start`` is None when no start image is linked."""

    start: Images | None
    clip: ClipEmbeds | None
    width: int
    height: int
    frame_window_size: int
    motion_frame: int
    colormatch: str
