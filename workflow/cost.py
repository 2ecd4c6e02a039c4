"""What a render takes before anything of the machine is known, as a range: seconds, memory of card and host, disk.

Measured at full size on one H200 under a cap of 32 GiB, with random weights of the true shapes (time and memory do not
depend on their values), ComfyUI 0.3.64: 464×832 in windows of 81 frames, Q8_0 weights, 20 of 40 blocks swapped, unless
said. The sampler took 28.7 s for one window of 4 steps (24.3 s with 0, 35.5 s with 40 blocks swapped), 40.3 s with 8
steps, 49 to 54 s for two windows, 83.7 s for two at cfg 2, 70.2 s for three, 66.2 s at 720×1280; all else 3.5 to 5.5 s,
a first load 12 s more. The card held 24.0, 14.5 and 4.9 GiB for 0, 20 and 40 swapped blocks, 20.5 GiB at 720×1280.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, NamedTuple

from workflow.cell import Cell
from workflow.windows import Windows

GIB: Final = 2**30
BLOCKS: Final = 40
_REFERENCE: Final = 464 * 832 * 81


class Span(NamedTuple):
    """A forecast: it lies between ``low`` and ``high``, ``mid`` is the one figure to reckon with."""

    low: float
    mid: float
    high: float

    def times(self, factor: float) -> "Span":
        """The span with everything multiplied."""
        return Span(self.low * factor, self.mid * factor, self.high * factor)

    def plus(self, other: "Span") -> "Span":
        """The span of a sum: both may lie at the same end, for they share their errors."""
        return Span(self.low + other.low, self.mid + other.mid, self.high + other.high)


@dataclass(frozen=True)
class Shape:
    """What decides the cost of a render: ``windows`` of ``frames`` frames, ``passes`` of the model a step, the size in
    pixels, the blocks ``swapped`` to the host, ``weight`` of the model's parameters against Q8_0, ``total`` frames of
    the video (None: not known)."""

    windows: int
    frames: int
    steps: int
    passes: int
    width: int
    height: int
    swapped: int = 20
    weight: float = 1.0
    total: int | None = None

    @property
    def area(self) -> float:
        """Pixels of a window against the measured one."""
        return self.width * self.height * self.frames / _REFERENCE

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Shape":
        """The shape of a record, older ones with what they lack as it was then; TypeError where it is none."""
        names = {item.name for item in fields(cls)}
        return cls(**{key: item for key, item in value.items() if key in names})


def shape_of(cell: Cell) -> Shape:
    """The shape of a cell's render, with the workflow's own values where the graph computes one."""
    return shape_for(cell.values, cell.windows, cell.clip.width, cell.clip.height)


def shape_for(values: Mapping[str, Any], windows: Windows, width: int, height: int) -> Shape:
    """The shape of a render with these parameters and windows; ``width`` and ``height`` where they set none."""
    return Shape(
        windows=windows.count,
        frames=windows.width,
        steps=int(values.get("steps", 4)),
        passes=passes(float(values.get("cfg", 1.0)), float(values.get("audio_cfg_scale", 1.0))),
        width=int(values.get("width", width)),
        height=int(values.get("height", height)),
        swapped=min(int(values.get("block_swap", 0)), BLOCKS),
        weight=weight_of(values),
        total=windows.frames,
    )


def passes(cfg: float, audio_cfg: float) -> int:
    """Model passes a step: 1 at cfg 1, 2 when cfg or audio cfg differs from 1, 3 when both do."""
    return 1 + (not math.isclose(cfg, 1.0)) + (not math.isclose(audio_cfg, 1.0))


def weight_of(values: Mapping[str, Any]) -> float:
    """Bytes of a parameter against Q8_0's 8.5 bits, from the file's name and the quantization.

    >>> weight_of({"i2v_model": "wan2.1-i2v-14b-480p-Q8_0.gguf"}), weight_of({"i2v_model": "a_fp16.safetensors"}) > 1.8
    (1.0, True)
    """
    name, quantization = str(values.get("i2v_model", "q8_0.gguf")).lower(), str(values.get("quantization", ""))
    if name.endswith(".gguf"):
        bits = re.search(r"q(\d)(?:_|\b)", name)
        return (int(bits[1]) + 0.5) / 8.5 if bits else 16 / 8.5
    return (8 if "fp8" in name or "fp8" in quantization or "int8" in name else 16) / 8.5


@dataclass(frozen=True)
class Parts:
    """Seconds of a warm render: what every one takes, what its steps take, what its windows take beside them."""

    cell: float
    steps: float
    windows: float

    @property
    def whole(self) -> float:
        """All of it."""
        return self.cell + self.steps + self.windows


FIRST_GUESS: Final = Span(0.7, 1.0, 4.0)
"""How far another card may be from the measured one, in time."""
LOAD_S: Final = Span(10.0, 12.0, 60.0)
"""A reload: measured from the page cache; from a slow disk 20 GB take a minute."""


def seconds(shape: Shape) -> Parts:
    """Seconds of a warm render on the measured machine.

    Attention grows with the square of a window's pixels, all else with the pixels; at the measured size both weigh
    the same. Swapped blocks travel once a pass.
    """
    area = shape.area
    step = 1.7 * (area + area**2) / 2 + 0.06 * shape.swapped * shape.weight
    return Parts(11.5, shape.windows * shape.steps * shape.passes * step, shape.windows * area * 10.0)


def stand_in_seconds(shape: Shape) -> Parts:
    """The same of the stand-in's puppet, which paints frames."""
    area = shape.area
    return Parts(0.3, shape.windows * shape.steps * shape.passes * area * 0.01, shape.windows * area * 0.9)


def vram(shape: Shape) -> Span:
    """Bytes of the card: low is what tensors hold at the peak, mid what torch reserves for them, high its context too.

    Reserved were 24.9, 16.1 and 6.5 GiB for 0, 20 and 40 swapped blocks, 24.3 at 720×1280.
    """
    pixels = shape.width * shape.height
    held = 0.6 + 0.48 * (BLOCKS - shape.swapped) * shape.weight + 1.12e-5 * pixels * ((shape.frames - 1) // 4 + 1) / 21
    reserved = held + 4.3e-6 * pixels
    return Span(held, reserved, reserved + 0.6).times(GIB)


def ram(shape: Shape) -> Span:
    """Bytes of the host: the server and its models, and the whole video, which it holds several times.

    Not measured: read off the wrapper's source. A frame is held as bf16 in the windows' list and in their sum, and as
    float32 for the encoder: 6, 6 and 12 bytes a pixel; half as much again or twice may lie about.
    """
    frames = shape.width * shape.height * float(shape.total or shape.windows * shape.frames)
    models = Span(4 + 17 * shape.weight, 6 + 21 * shape.weight, 10 + 24 * shape.weight).times(GIB)
    return models.plus(Span(18, 24, 48).times(frames))


def disk(shape: Shape) -> Span:
    """Bytes of the stored video with its scores: H.264 at crf 19 with sound, measured on talking heads at 464×832."""
    frames = shape.width * shape.height * float(shape.total or shape.windows * shape.frames)
    return Span(0.004, 0.012, 0.03).times(frames)
