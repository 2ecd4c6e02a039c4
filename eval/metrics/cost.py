"""What a render took: steady seconds, apart from loading. From the runner's timings, not from the video."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from eval.value import Value, absent, number

NAMES = ("cost/window_s", "cost/load_s", "cost/total_s", "cost/per_second")


def cost_values(
    timings: Mapping[str, Any] | None, *, generated_s: float | None = None, flags: tuple[str, ...] = ()
) -> dict[str, Value]:
    """Cost figures from the fields of ``workflow.timings.Timings``; ``generated_s`` is the video's length in seconds,
    ``flags`` what qualifies all of them.

    A result from the server's cache took no time and says nothing. A cold render (it re-read the models) gives its
    load time only: its windows carry warm-up, and its totals would charge one setting with the load.
    """
    if timings is None:
        return dict.fromkeys(NAMES, absent("no timings"))
    if timings.get("cached"):
        return dict.fromkeys(NAMES, absent("from the server's cache: nothing was measured"))
    found = {
        NAMES[0]: _window(timings),
        NAMES[1]: _load(timings),
        NAMES[2]: _warm(timings, 1.0, "total time not told"),
        NAMES[3]: _warm(timings, generated_s, "total time or length not known"),
    }
    return {name: replace(value, flags=flags) if value.missing is None else value for name, value in found.items()}


def _window(timings: Mapping[str, Any]) -> Value:
    """Seconds per steady window: of a warm render, without its first window, which lacks the decoding between two."""
    windows = [float(seconds) for seconds in timings.get("window_s") or ()]
    if not windows:
        return absent("no window times told")
    if timings.get("cold") is not False:
        return absent("cold: the models were loaded for it" if timings.get("cold") else "not known whether it is cold")
    if len(windows) < 2:
        return absent("one window: none is steady")
    return number(sum(windows[1:]) / (len(windows) - 1))


def _load(timings: Mapping[str, Any]) -> Value:
    load = timings.get("load_s")
    if timings.get("cold") is False:
        return absent("models were loaded already")
    return number(float(load)) if load is not None else absent("load time not told")


def _warm(timings: Mapping[str, Any], per: float | None, unknown: str) -> Value:
    total = timings.get("total_s")
    if timings.get("cold") is not False:
        return absent("cold: includes loading" if timings.get("cold") else "not known whether it includes loading")
    if total is None or not per:
        return absent(unknown)
    return number(float(total) / per)
