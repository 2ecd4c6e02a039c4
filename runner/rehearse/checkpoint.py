"""What is to be written: a checkpoint as a file name and its tensors, each with a number type."""

import hashlib
import math
from dataclasses import dataclass
from typing import Final, Literal

from runner.rehearse.shapes import Shape, shapes

Dtype = Literal["F32", "F16", "BF16", "F8_E4M3", "Q8_0"]
Model = Literal["i2v", "infinitetalk", "vae", "clip", "wav2vec2", "lora", "t5"]

_BYTES: Final = {"F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1}
Q8_BLOCK: Final = 32
"""Weights in a block of Q8_0, which takes Q8_BYTES: a half-precision scale and a byte each."""
Q8_BYTES: Final = 34
_KEPT_IN_GGUF: Final = ("text_embedding.", "time_embedding.", "time_projection.", "img_emb.", "head.")
"""Matrices that the published GGUF files of Wan leave unquantised (city96/ComfyUI-GGUF, tools/lcpp.patch)."""


@dataclass(frozen=True)
class Tensor:
    """One tensor of a file."""

    name: str
    shape: Shape
    dtype: Dtype

    @property
    def nbytes(self) -> int:
        """Its bytes in the file."""
        count = math.prod(self.shape)
        return count // Q8_BLOCK * Q8_BYTES if self.dtype == "Q8_0" else count * _BYTES[self.dtype]


@dataclass(frozen=True)
class Checkpoint:
    """A file under ``models/folder``: its name as ComfyUI lists it, and its tensors in order."""

    model: Model
    folder: str
    name: str
    tensors: tuple[Tensor, ...]

    @property
    def gguf(self) -> bool:
        """Whether it is a GGUF file; else it is safetensors."""
        return self.name.lower().endswith(".gguf")

    @property
    def sized(self) -> bool:
        """Whether its widths differ between tiny and full, so that it fits only to others of its size."""
        return self.model in ("i2v", "infinitetalk", "lora")

    @property
    def nbytes(self) -> int:
        """Bytes of its tensors; a header of some hundred kilobytes comes on top."""
        return sum(tensor.nbytes for tensor in self.tensors)

    @property
    def table(self) -> str:
        """A short hash of names, shapes and types: two files of one table and one seed are the same file."""
        told = "\n".join(f"{one.name} {one.shape} {one.dtype}" for one in self.tensors)
        return hashlib.sha256(told.encode()).hexdigest()[:12]


def checkpoint(model: Model, folder: str, name: str, size: str) -> Checkpoint:
    """The checkpoint of ``model`` at ``size``, in the number types that a file of this name is published in."""
    if model == "t5":
        return Checkpoint(model, folder, name, (Tensor("no_text_encoder", (1,), "F32"),))
    tensors: list[Tensor] = []
    scaled = "fp8" in name.lower()
    for key, shape in shapes(model, size).items():
        dtype = _in_gguf(key, shape) if name.lower().endswith(".gguf") else _in_safetensors(model, key, shape, scaled)
        tensors.append(Tensor(key, shape, dtype))
        if dtype == "F8_E4M3":
            tensors.append(Tensor(key.removesuffix("weight") + "scale_weight", (), "F32"))
    if any(one.dtype == "F8_E4M3" for one in tensors):
        tensors.append(Tensor("scaled_fp8", (0,), "F8_E4M3"))  # how the wrapper knows that the scales belong to it
    return Checkpoint(model, folder, name, tuple(tensors))


def _in_gguf(name: str, shape: Shape) -> Dtype:
    if len(shape) != 2:
        return "F32"
    return "F16" if name.startswith(_KEPT_IN_GGUF) or shape[-1] % Q8_BLOCK else "Q8_0"


def _in_safetensors(model: Model, name: str, shape: Shape, scaled: bool) -> Dtype:
    if model in ("clip", "wav2vec2"):
        return "F16"
    if scaled and len(shape) == 2 and name.startswith("blocks."):
        return "F8_E4M3"
    return "F32" if scaled and "modulation" in name else "BF16"
