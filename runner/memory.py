"""Memory of card and host before, during and after a render, out of what the server told when it was asked."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from workflow.files import read_json

NAME: Final = "memory.json"
FIGURES: Final = ("vram_allocated", "vram_reserved", "vram_used", "ram_used")


@dataclass(frozen=True)
class Sample:
    """One answer, in bytes; ``at`` is a monotonic clock. None is what the server does not tell.

    ``vram_allocated`` is what torch has given to tensors, ``vram_reserved`` what it holds of the card for that,
    ``vram_used`` what is taken of the card by anybody, ``ram_used`` what is taken of the host's memory by anybody.
    """

    at: float
    vram_allocated: int | None = None
    vram_reserved: int | None = None
    vram_used: int | None = None
    ram_used: int | None = None


@dataclass(frozen=True)
class Figure:
    """One figure over a render, in bytes; ``missing`` says why what is None is not known."""

    before: int | None = None
    peak: int | None = None
    after: int | None = None
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Memory:
    """What was seen of the memory over one render: the peaks are of ``samples`` looks, ``hz`` a second on average.

    A shorter peak between two looks is not in them. ``whole`` is False where the beginning was not watched.
    """

    samples: int
    hz: float | None
    whole: bool
    figures: Mapping[str, Figure]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary, for a record."""
        return asdict(self)


def sample_of(stats: Mapping[str, Any], at: float) -> Sample:
    """The memory in an answer of ``/system_stats``. A ComfyUI on the CPU tells the host's memory as its card's.

    Its ``vram_free`` counts what torch reserved and does not use as free; the card itself does not.
    """
    system, devices = stats.get("system"), stats.get("devices")
    system = system if isinstance(system, Mapping) else {}
    device = devices[0] if isinstance(devices, list) and devices and isinstance(devices[0], Mapping) else {}
    ram = _less(_number(system.get("ram_total")), _number(system.get("ram_free")))
    if device.get("type") == "cpu" and "stand_in" not in system:
        return Sample(at, ram_used=ram)
    total, free, reserved, unused = (
        _number(device.get(name)) for name in ("vram_total", "vram_free", "torch_vram_total", "torch_vram_free")
    )
    used = None if total is None or free is None or unused is None else max(0, total - free + unused)
    return Sample(at, _less(reserved, unused), reserved, used, ram)


def read_over(
    samples: tuple[Sample, ...], begin: float, end: float, *, whole: bool, near: float, why: str = ""
) -> Memory:
    """The figures of one render from the samples of a whole session; ``why`` is the trouble with asking, if any.

    *Before* is the newest sample up to ``begin``, *after* the oldest from ``end`` on, each no further off than
    ``near`` seconds.
    """
    during = [one for one in samples if begin <= one.at <= end]
    earlier = [one for one in samples if whole and begin - near <= one.at <= begin]
    later = [one for one in samples if end <= one.at <= end + near]
    told = why or "no answer of the server fell into this time"
    figures = {}
    for name in FIGURES:
        missing: dict[str, str] = {}
        before = _of(earlier[-1:], name, "before", missing, told if whole else "its beginning was not told")
        peak = _of(during, name, "peak", missing, told)
        after = _of(later[:1], name, "after", missing, told)
        figures[name] = Figure(before, peak, after, missing)
    span = during[-1].at - during[0].at if len(during) > 1 else 0.0
    return Memory(len(during), round((len(during) - 1) / span, 3) if span > 0 else None, whole, figures)


def _of(samples: list[Sample], name: str, part: str, missing: dict[str, str], why: str) -> int | None:
    """The largest value of a figure among ``samples``; where there is none, ``missing`` learns why."""
    values = [value for one in samples if (value := getattr(one, name)) is not None]
    if not values:
        missing[part] = why if not samples else _UNTOLD
    return max(values, default=None)


_UNTOLD = "the server does not tell it (one on the CPU has no card)"


def read_memory(folder: Path, prompt_id: str | None) -> dict[str, Any] | None:
    """What was kept of this prompt; None where nothing was."""
    value = read_json(folder / NAME)
    if not isinstance(value, dict) or value.pop("prompt_id", None) != prompt_id:
        return None
    return value


def _less(whole: int | None, part: int | None) -> int | None:
    return None if whole is None or part is None else max(0, whole - part)


def _number(value: Any) -> int | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1 << 60
    return int(value) if known else None
