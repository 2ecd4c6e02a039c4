"""Random contents of tensors, made as fast as a disk takes them: slices of a pool that is drawn once.

The values only have to be finite and tame: time and memory of a render do not depend on them. Gains of norms are 1,
everything else has a deviation of 0.02, so that no activation overflows half precision on its way through the model.
"""

import math
import zlib
from collections.abc import Iterator
from typing import Final

import numpy as np

from runner.rehearse.checkpoint import Q8_BLOCK, Q8_BYTES, Tensor

STD: Final = 0.02
_POOL: Final = 1 << 21  # values
_GAINS: Final = (".weight", "gamma", "weight_g")


class Values:
    """The contents of every tensor of one rehearsal; the same seed gives the same bytes."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._pools: dict[str, memoryview] = {}

    def chunks(self, tensor: Tensor) -> Iterator[memoryview]:
        """The tensor's bytes, in pieces of a few megabytes."""
        kind = _kind(tensor)
        pool = self._pool(kind)
        unit = Q8_BYTES if kind == "Q8_0" else max(1, tensor.nbytes // max(1, math.prod(tensor.shape)))
        place = zlib.crc32(f"{self._seed} {tensor.name}".encode()) % (len(pool) // unit) * unit
        left = tensor.nbytes
        while left > 0:
            piece = pool[place : place + left]
            yield piece
            left -= len(piece)
            place = 0

    def _pool(self, kind: str) -> memoryview:
        if kind not in self._pools:
            self._pools[kind] = memoryview(_drawn(kind, np.random.default_rng(self._seed)))
        return self._pools[kind]


def _kind(tensor: Tensor) -> str:
    """The pool a tensor is cut from: its number type, or ones or a scale of that type."""
    if tensor.name.endswith(".scale_weight"):
        return "scale"
    gain = tensor.name.endswith(_GAINS) and sum(side > 1 for side in tensor.shape) < 2
    return f"one {tensor.dtype}" if gain else tensor.dtype


def _drawn(kind: str, rng: np.random.Generator) -> bytes:
    if kind == "scale":
        return np.full(1, 0.05, "<f4").tobytes()
    if kind == "Q8_0":
        blocks = np.empty((_POOL // Q8_BLOCK, Q8_BYTES), np.uint8)
        scale = np.array([STD * math.sqrt(3) / 127], "<f2")
        blocks[:, :2] = scale.view(np.uint8)
        blocks[:, 2:] = rng.integers(-127, 128, (len(blocks), Q8_BLOCK), np.int8).view(np.uint8)
        return blocks.tobytes()
    if kind == "F8_E4M3":  # any sign, any size up to 1, which is 0x38
        size, sign = rng.integers(0, 0x39, _POOL, np.uint8), rng.integers(0, 2, _POOL, np.uint8)
        return bytes((size | sign << 7).tobytes())
    ones, _, dtype = kind.rpartition(" ")
    floats = np.ones(_POOL, np.float32) if ones else rng.standard_normal(_POOL, np.float32) * np.float32(STD)
    if dtype == "BF16":  # the upper half of single precision, cut off
        return bytes((floats.view(np.uint32) >> 16).astype("<u2").tobytes())
    return bytes(floats.astype("<f2" if dtype == "F16" else "<f4").tobytes())
