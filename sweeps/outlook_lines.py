"""A plan's forecast as a person reads it before anything runs."""

from typing import Final

from sweeps.forecast import duration, size
from sweeps.outlook import Outlook
from workflow.cost import GIB, Span
from workflow.words import counted

_SHORT: Final = {
    "vram": ("of VRAM", "the card has", "to run out of memory"),
    "ram": ("of host memory", "the host has", "to be killed by its system, which says nothing"),
}


def lines(seen: Outlook) -> list[str]:
    """The forecast in a few lines; what is short of memory is apart, in ``short``."""
    told = [_time(seen)]
    if memory := _memory(seen):
        told.append(memory)
    if seen.reloads.own > 1:
        told.append(_loads(seen))
    return told


def _time(seen: Outlook) -> str:
    guess = "a first guess, no render yet to learn from"
    if not seen.stand_in:
        guess = "a first guess from another machine, none of this one's renders yet to learn from"
    source = f"learned from {counted(seen.learned_from, 'render')}" if seen.learned_from else guess
    hours = "" if seen.stand_in else f" ({between_hours(seen.seconds)})"
    return f"forecast: {between(seen.seconds)}{hours}, {between_bytes(seen.disk)} on disk ({source})"


def _memory(seen: Outlook) -> str:
    parts = []
    for most, whose in ((seen.vram, "VRAM"), (seen.ram, "host memory")):
        if most is not None:
            of = f" of {most.has / GIB:.1f}" if most.has is not None else ""
            parts.append(f"{whose} {between_gib(most.need)}{of}")
    settings = {most.setting for most in (seen.vram, seen.ram) if most is not None}
    whose = f" (most: {', '.join(sorted(settings))})" if settings else ""
    mark = "; a stand-in's number" if seen.stand_in else ""
    return f"memory: {', '.join(parts)}{whose}{mark}" if parts else ""


def _loads(seen: Outlook) -> str:
    """What the order costs and what it saves."""
    own, fewest, given = seen.reloads.own, seen.reloads.fewest, seen.reloads.as_given
    parts = []
    if own > fewest:
        parts.append(f"{own - fewest} more than model after model, so that every clip is compared from the start")
    if given > own:
        parts.append(f"{given - own} fewer than setting after setting")
    took = between(seen.load.times(own))
    return f"model loads: {own}, {took} of that" + (f"; {'; '.join(parts)}" if parts else "")


def saved(seen: Outlook) -> str:
    """What reuse spares, for the plan's first line; empty where it spares nothing."""
    if not seen.reusing:
        return ""
    return f"{between(seen.saved)} saved" if seen.stand_in else f"{between_hours(seen.saved)} saved"


def between(span: Span) -> str:
    """Seconds from – to, as a person reads them.

    >>> between(Span(50, 60, 130)), between(Span(30, 32, 34)), between(Span(200, 201, 202))
    ('50 s to 2 min', '30 to 34 s', '3 min')
    """
    return _pair(duration(span.low), duration(span.high))


def between_bytes(span: Span) -> str:
    """Bytes from – to.

    >>> between_bytes(Span(1.2e6, 2e6, 3.4e7))
    '1.2 to 34.0 MB'
    """
    return _pair(size(span.low), size(span.high))


def between_gib(span: Span) -> str:
    """Bytes as GiB from – to.

    >>> between_gib(Span(GIB, GIB, 2.5 * GIB))
    '1.0 to 2.5 GiB'
    """
    return _pair(f"{span.low / GIB:.1f} GiB", f"{span.high / GIB:.1f} GiB")


def between_hours(span: Span) -> str:
    """Seconds as GPU-hours from – to.

    >>> between_hours(Span(360, 400, 7200)), between_hours(Span(1, 2, 3))
    ('0.1 to 2 GPU-hours', '0.00028 to 0.00083 GPU-hours')
    """
    return _pair(f"{span.low / 3600:.2g} GPU-hours", f"{span.high / 3600:.2g} GPU-hours")


def _pair(low: str, high: str) -> str:
    if low == high:
        return high
    (number, _, unit), (_, _, other) = low.partition(" "), high.partition(" ")
    return f"{number} to {high}" if unit == other and " " not in unit else f"{low} to {high}"


def short_lines(seen: Outlook) -> list[str]:
    """Settings that need more memory than there is."""
    told = []
    for kind, most in seen.short:
        what, who, end = _SHORT[kind]
        there = f"{who} {(most.has or 0) / GIB:.1f} GiB"
        told.append(f"{most.setting}: {between_gib(most.need)} {what} forecast, {there}: likely {end}")
    return told
