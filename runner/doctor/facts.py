"""What a server tells of itself in ``/system_stats``, read with suspicion: any shape may come."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from runner.stamp import flags_of
from runner.text import plain

GIB = 1 << 30
_DEFAULT_UPLOAD_MB = 100.0


@dataclass(frozen=True)
class Facts:
    """One server. An empty text, or None, is what it does not tell. Memory is in bytes, ``upload_mb`` in MiB.

    ``device`` is the type of its first device (cuda, cpu, mps …), ``vram_own`` what ComfyUI itself has taken of it and
    can give back; ``argv`` are the words it was started with.
    """

    stand_in: str | None = None
    comfyui: str = ""
    python: str = ""
    torch: str = ""
    system: str = ""
    gpu: str = ""
    device: str = ""
    vram_total: float | None = None
    vram_free: float | None = None
    vram_own: float = 0.0
    ram_total: float | None = None
    ram_free: float | None = None
    argv: tuple[str, ...] = ()

    @property
    def windows(self) -> bool:
        """Whether it runs on Windows (older releases say nt, newer ones win32)."""
        return self.system in ("nt", "win32")

    @property
    def flags(self) -> tuple[str, ...]:
        """Flags that may change a video or its cost; a stand-in's change nothing."""
        return () if self.stand_in is not None else flags_of(list(self.argv))

    def has_flag(self, name: str) -> bool:
        """Whether the server was started with ``name``."""
        return any(word.partition("=")[0] == name for word in self.argv)

    @property
    def upload_mb(self) -> float:
        """The largest upload that the server itself takes; a proxy before it may take less."""
        words = [part for word in self.argv for part in word.split("=", 1)]
        for name, value in pairwise(words):
            if name == "--max-upload-size":
                try:
                    return float(value)
                except ValueError:
                    break
        return _DEFAULT_UPLOAD_MB


def read_facts(stats: Any) -> Facts | None:
    """The facts in an answer of ``/system_stats``; None where it is no answer of a ComfyUI."""
    system = stats.get("system") if isinstance(stats, dict) else None
    if not isinstance(system, dict):
        return None
    devices = stats.get("devices")
    device = devices[0] if isinstance(devices, list) and devices and isinstance(devices[0], dict) else {}
    argv = system.get("argv")
    own = system.get("stand_in")
    held, unused = _number(device, "torch_vram_total"), _number(device, "torch_vram_free")
    return Facts(
        stand_in=_words(own if isinstance(own, dict) else {}, "version") if "stand_in" in system else None,
        comfyui=_words(system, "comfyui_version"),
        python=_words(system, "python_version").partition(" ")[0],
        torch=_words(system, "pytorch_version"),
        system=_words(system, "os"),
        gpu=_bare(_words(device, "name")),
        device=_words(device, "type"),
        vram_total=_number(device, "vram_total"),
        vram_free=_number(device, "vram_free"),
        vram_own=max(0.0, held - unused) if held is not None and unused is not None else 0.0,
        ram_total=_number(system, "ram_total"),
        ram_free=_number(system, "ram_free"),
        argv=tuple(word for word in argv if isinstance(word, str))[:200] if isinstance(argv, list) else (),
    )


def gib(count: float | None) -> str:
    """Bytes as GiB, for a card's or a host's memory.

    >>> gib(34359738368), gib(None)
    ('32.0 GiB', 'an unknown amount')
    """
    return "an unknown amount" if count is None else f"{count / GIB:.1f} GiB"


def _bare(name: str) -> str:
    """``cuda:0 NVIDIA H200 : cudaMallocAsync`` as ``NVIDIA H200``."""
    head, _, rest = name.partition(" ")
    bare = rest if rest and ":" in head else name
    return bare.partition(" : ")[0]


def _words(part: Mapping[str, Any], key: str) -> str:
    value = part.get(key)
    return plain(value, 120) if isinstance(value, str) else ""


def _number(part: Mapping[str, Any], key: str) -> float | None:
    value = part.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1 << 60 else None
