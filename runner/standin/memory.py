"""The pretended card: what is held on it, which sizes exceed it, and which do not divide.

Its gigabytes are a stand-in's numbers: they move as those of a real card would, and are evidence of nothing.
"""

import math
import threading

from runner.standin.errors import OUT_OF_MEMORY, NodeError

CARD_GIB = 32.0
BLOCKS = 40
GIB_FIXED = 0.6
GIB_PER_BLOCK = 0.48
GIB_PER_PIXEL = 1.12e-5
"""A line through peaks measured with the real workflow at 81 frames per window: 464×832 with 0, 20 and 40 blocks
swapped peaks at 24.0, 14.5 and 4.9 GiB, 720×1280 with 20 at 20.5, and 1072×1920 exceeds 32."""


def needed_gib(width: int, height: int, window: int, blocks_to_swap: int, bytes_per_weight: float = 1.0) -> float:
    """Peak memory in GiB of one window of ``window`` frames, ``blocks_to_swap`` of 40 blocks kept off the card."""
    blocks = BLOCKS - min(blocks_to_swap, BLOCKS)
    latents = (window - 1) // 4 + 1
    return GIB_FIXED + GIB_PER_BLOCK * blocks * bytes_per_weight + GIB_PER_PIXEL * width * height * latents / 21


class Card:
    """Who holds how much. ``used`` counts while a prompt runs, ``kept`` until ``/free``, ``lost`` until a restart."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used = self._kept = self._lost = 0.0

    def use(self, needed: float) -> None:
        """Take ``needed`` GiB; raises torch's out-of-memory error when that exceeds what is left."""
        with self._lock:
            check_memory(needed, CARD_GIB - self._lost)
            self._used = needed

    def rest(self) -> None:
        """The prompt ended: its memory is free, what torch reserved stays reserved."""
        with self._lock:
            self._kept, self._used = max(self._kept, self._used), 0.0

    def free(self) -> None:
        """``/free``: give back what is reserved."""
        with self._lock:
            self._kept = 0.0

    def lose(self) -> None:
        """Most of the card does not come back until the process ends."""
        with self._lock:
            self._lost = CARD_GIB - 0.5

    def stats(self) -> dict[str, int]:
        """``vram_total`` and its like in bytes, as ``/system_stats`` has them."""
        with self._lock:
            reserved = min(CARD_GIB, max(self._used, self._kept) + self._lost)
            used = min(CARD_GIB, self._used + self._lost)
        gib = 2**30
        return {
            "vram_total": int(CARD_GIB * gib),
            "vram_free": int((CARD_GIB - used) * gib),
            "torch_vram_total": int(reserved * gib),
            "torch_vram_free": int((reserved - used) * gib),
        }


def check_memory(needed: float, free: float = CARD_GIB) -> None:
    """Raise the out-of-memory error of torch when ``needed`` GiB exceed the ``free`` ones of the pretended card."""
    if needed > free:
        raise out_of_memory(max(needed, CARD_GIB))


def out_of_memory(needed: float = CARD_GIB * 1.02) -> NodeError:
    """The error of torch for ``needed`` GiB on the pretended card, in the words of a real one."""
    held = needed * 0.8
    return NodeError(
        OUT_OF_MEMORY,
        "Allocation on device 0 would exceed allowed memory. (out of memory)\n"
        f"Currently allocated     : {held:.2f} GiB\n"
        f"Requested               : {needed - held:.2f} GiB\n"
        f"Device limit            : {CARD_GIB:.2f} GiB\n"
        f"Free (according to CUDA): {max(CARD_GIB - held - 1, 0.02):.2f} GiB\n"
        "PyTorch limit (set by user-supplied memory fraction)\n"
        "                        : 17179869184.00 GiB",
    )


def check_size(width: int, height: int, window: int) -> None:
    """Raise the sampler's shape error for sizes that are not multiples of 16.

    The model halves the latents (size / 8) once more: it reserves ⌈h·w/4⌉ tokens a latent frame over the whole window
    but reshapes all frames after the first to ⌊h/2⌋·⌊w/2⌋ each.
    """
    if width % 16 == 0 and height % 16 == 0:
        return
    rows, columns, latents = height / 8, width / 8, (window - 1) // 4 + 1
    tokens = int(rows // 2) * int(columns // 2)
    reserved = math.ceil(rows * columns * latents / 4) - tokens
    raise NodeError(
        "RuntimeError", f"shape '[{latents - 1}, {tokens}, 5120]' is invalid for input of size {reserved * 5120}"
    )
