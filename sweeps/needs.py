"""Memory and disk that renders need: first guesses, corrected by what was seen of earlier ones."""

import statistics
from collections.abc import Callable, Sequence

from sweeps.forecast import Past
from workflow.cost import Shape, Span, disk, ram, vram

Needs = Callable[[Shape], Span]
_SURE = 0.05  # of the figure: no forecast claims to be nearer


def vram_of(history: Sequence[Past]) -> Needs:
    """Bytes of the card that a render needs."""
    return _moved(vram, [(one.shape, one.vram) for one in history])


def ram_of(history: Sequence[Past]) -> Needs:
    """Bytes of the host's memory that are taken while it runs, by anybody."""
    return _moved(ram, [(one.shape, one.ram) for one in history if one.shape.total is not None])


def disk_of(history: Sequence[Past]) -> Needs:
    """Bytes of its folder in the store."""
    rates = sorted(one.size / disk(one.shape).mid for one in history if one.size > 0)
    if not rates:
        return disk
    low, middle, high = rates[len(rates) // 10], statistics.median(rates), rates[-1 - len(rates) // 10]
    unsure = max(0.5 / len(rates) ** 0.5, _SURE)
    spread = Span(min(low, middle * (1 - unsure)), middle, max(high, middle * (1 + unsure)))
    return lambda shape: spread.times(disk(shape).mid)


def _moved(guess: Needs, seen: Sequence[tuple[Shape, int | None]]) -> Needs:
    """``guess`` moved by the median of what was seen above it, and narrowed as more is seen.

    What else is on a machine adds to what a render needs, and so does this.
    """
    over = [found - guess(shape).mid for shape, found in seen if found]
    if not over:
        return guess
    shift = statistics.median(over)
    scatter = max(abs(one - shift) for one in over)
    narrower = 1 / (1 + len(over)) ** 0.5

    def needs(shape: Shape) -> Span:
        first = guess(shape)
        mid = max(first.mid + shift, 0.0)
        least = max(scatter, _SURE * mid)
        below, above = ((part * narrower) for part in (first.mid - first.low, first.high - first.mid))
        return Span(max(mid - max(below, least), 0.0), mid, mid + max(above, least))

    return needs
