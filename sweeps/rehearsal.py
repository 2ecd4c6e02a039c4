"""A rehearsal's own words: what it is, and the table of resolution × block_swap."""

from dataclasses import dataclass

from sweeps.aggregate import metric_names, summarise
from sweeps.results import SettingResult, SweepResult
from sweeps.summary_view import unit, with_error

_AXES = ("width", "height", "block_swap")


def rehearsal_line(rehearsal: str) -> str:
    """What is said before the first cell."""
    return f"rehearsal ({rehearsal}): the server's models are random weights; only time and memory mean anything"


@dataclass(frozen=True)
class Grid:
    """Sizes down, block_swap across; each cell in a few words."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def grid(sweep: SweepResult) -> Grid | None:
    """What a card holds, as far as ``sweep`` knows; None unless it measured cost only, over sizes and block_swap."""
    places = [tuple(one.values.get(axis) for axis in _AXES) for one in sweep.settings]
    sizes = list(dict.fromkeys(place[:2] for place in places))
    swaps = list(dict.fromkeys(place[2] for place in places))
    whole = all(None not in place for place in places) and len(set(places)) == len(places)
    if not sweep.cost_only or not whole or len(sizes) < 2:
        return None
    by_place = dict(zip(places, sweep.settings, strict=True))
    rows = tuple(
        (f"{width}×{height}", *(_words(by_place.get((width, height, swap)), sweep) for swap in swaps))
        for width, height in sizes
    )
    gpu = str(sweep.stamp.get("gpu") or "this server")
    mark = f" ({sweep.note})" if sweep.note else ""
    return Grid(f"{gpu}: seconds a window{mark}", ("resolution", *(f"block_swap {swap}" for swap in swaps)), rows)


def _words(setting: SettingResult | None, sweep: SweepResult) -> str:
    """``24.3 s · 16.1 GiB``, or how it ended."""
    if setting is None:
        return ""
    ended = [one for one in setting.cells if one.state in ("failed", "impossible", "pending")]
    if ended:
        kind = ended[0].state if ended[0].state != "failed" else (ended[0].reason or "failed").partition(":")[0]
        return {"pending": "not yet"}.get(kind, kind)
    window = summarise(setting, "cost/window_s").mean
    load = summarise(setting, "cost/load_s").mean
    said = [f"{with_error(window, None)} s"] if window is not None else []
    said += [f"read the model: {with_error(load, None)} s"] if window is None and load is not None else []
    for name in metric_names(sweep.cells):
        peak = summarise(setting, name).mean if "vram" in name else None
        said += [f"{with_error(peak, None)} {unit(name)}".strip()] if peak is not None else []
    return " · ".join(said) or "done"
