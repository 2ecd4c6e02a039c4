"""What a render took: steady seconds, apart from loading, and memory. From the runner's record, not from the video."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from eval.value import Value, absent, number
from workflow.timings import Timings, median_step

TIMES = ("cost/window_s", "cost/load_s", "cost/total_s", "cost/per_second", "cost/step_s", "cost/slow_steps")
MEMORY = {"cost/vram_peak": "vram_reserved", "cost/ram_peak": "ram_used"}
"""Metrics of memory, and the figure of the record that each is the peak of. Tensors come and go between two looks,
what torch reserved for them stays: a peak of the second is seen."""
NAMES = (*TIMES, *MEMORY)
_GIB = 2**30


def cost_values(
    timings: Mapping[str, Any] | None,
    *,
    generated_s: float | None = None,
    memory: Mapping[str, Any] | None = None,
    flags: tuple[str, ...] = (),
) -> dict[str, Value]:
    """Cost figures from the fields of ``workflow.timings.Timings`` and from what was seen of the server's ``memory``.

    ``generated_s`` is the video's length in seconds, ``flags`` what qualifies all of them. A result from the server's
    cache took no time and says nothing. A cold render (it re-read the models) gives its load time only: its windows
    carry warm-up, and its totals would charge one setting with the load.
    """
    if timings is None:
        return dict.fromkeys(NAMES, absent("no timings"))
    if timings.get("cached"):
        return dict.fromkeys(NAMES, absent("from the server's cache: nothing was measured"))
    known = Timings.from_json(timings)
    times = (
        _window(known),
        _load(known),
        _warm(known, 1.0, "total time not told"),
        _warm(known, generated_s, "total time or length not known"),
        _step(known),
        _slow(known),
    )
    found = dict(zip(TIMES, times, strict=True)) | {name: _peak(memory, figure) for name, figure in MEMORY.items()}
    return {name: _flagged(value, flags) for name, value in found.items()}


def _window(timings: Timings) -> Value:
    """Seconds per steady window: of a warm render, without its first window, which lacks the decoding between two."""
    if not timings.window_s:
        return absent("no window times told")
    if timings.cold is not False:
        return absent(_cold(timings, "not known whether it is cold"))
    if len(timings.window_s) < 2:
        return absent("one window: none is steady")
    steady = timings.window_s[1:]
    return number(sum(steady) / len(steady), _spilling(timings))


def _step(timings: Timings) -> Value:
    """Median seconds of a sampler's step: what the renders of one window can be compared by."""
    median = median_step(timings.step_s)
    if median is None:
        return absent("too few steps were told apart" if timings.step_s else "no step times told")
    if timings.cold is not False:
        return absent(_cold(timings, "not known whether it is cold"))
    return number(median)


def _slow(timings: Timings) -> Value:
    """Steps that took over three times the median, each in a flag."""
    if median_step(timings.step_s) is None:
        return absent("too few steps were told apart" if timings.step_s else "no step times told")
    return number(len(timings.slow), _spilling(timings))


def _spilling(timings: Timings) -> tuple[str, ...]:
    return tuple(f"{step}: memory may be spilling" for step in timings.slow)


def _load(timings: Timings) -> Value:
    if timings.cold is False:
        return absent("models were loaded already")
    return number(timings.load_s) if timings.load_s is not None else absent("load time not told")


def _warm(timings: Timings, per: float | None, unknown: str) -> Value:
    """From the sampler to the finished file. Pictures and speech are encoded by the first setting that meets a clip,
    and lie in the server's cache for the others: that is no setting's own cost."""
    if timings.cold is not False:
        return absent("cold: includes loading" if timings.cold else "not known whether it includes loading")
    names = [name for name, _ in timings.node_s]
    sampler = next((at for at, name in enumerate(names) if "Sampler" in name), None)
    if not per or (timings.total_s is None and sampler is None):
        return absent(unknown)
    if sampler is None:
        return number((timings.total_s or 0.0) / per, ("the encoding of the clip may be in it",))
    return number(sum(seconds for _, seconds in timings.node_s[sampler:]) / per)


def _cold(timings: Timings, unknown: str) -> str:
    return "cold: the models were loaded for it" if timings.cold else unknown


def _peak(memory: Mapping[str, Any] | None, figure: str) -> Value:
    """The largest of a figure's looks in GiB; the flags tell how many there were, and how often."""
    if memory is None:
        return absent("the server's memory was not watched")
    told = (memory.get("figures") or {}).get(figure) or {}
    if told.get("peak") is None:
        return absent(str((told.get("missing") or {}).get("peak") or "the server's memory was not told"))
    hz = memory.get("hz")
    looks = f"the peak of {memory.get('samples')} looks" + (f", {hz:.2g} a second" if hz else "")
    part = () if memory.get("whole") else ("its beginning was not watched",)
    return number(told["peak"] / _GIB, (looks, *part))


def _flagged(value: Value, flags: Sequence[str]) -> Value:
    return value if value.missing is not None else replace(value, flags=(*value.flags, *flags))
