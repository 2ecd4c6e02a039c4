"""Costs of several cards in one sweep: never in one mean."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from statistics import fmean
from typing import Any

from sweeps.rehearsal import Grid
from sweeps.results import CellResult, SweepResult
from sweeps.summary_view import with_error
from workflow.words import counted

_WINDOW, _PEAK = "cost/window_s", "cost/vram_peak"


def of_one_card(results: Mapping[str, CellResult]) -> dict[str, CellResult]:
    """The cells by name, with those marked whose cost is of another card than most: tables leave it out."""
    cards = Counter(one.card for one in results.values() if one.folder is not None and one.card)
    if len(cards) < 2:
        return dict(results)
    main = cards.most_common(1)[0][0]
    return {name: replace(one, other_card=one.folder is not None and one.card != main) for name, one in results.items()}


def place_of(stamp: Mapping[str, Any]) -> str:
    """A kind of server in a few words.

    >>> place_of({"gpu": "NVIDIA A800", "comfyui": "0.3.64", "release": "wrapper-2026-02"})
    'NVIDIA A800, ComfyUI 0.3.64, wrapper-2026-02'
    """
    version = f"ComfyUI {stamp['comfyui']}" if stamp.get("comfyui") else ""
    return ", ".join(part for part in (str(stamp.get("gpu") or ""), version, str(stamp.get("release") or "")) if part)


def places(sweep: SweepResult) -> list[str]:
    """What has to be said where several kinds of server rendered one sweep; nothing where it was one."""
    done = [one for one in sweep.cells if one.folder is not None and one.state == "done" and one.place]
    counts = Counter(one.place for one in done)
    if len(counts) < 2:
        return []
    told = "; ".join(f"{place} ({counted(count, 'video')})" for place, count in counts.most_common())
    apart = len({(one.clip, one.seed, one.place) for one in done}) == len({(one.clip, one.seed) for one in done})
    how = "each clip and seed on one of them" if apart else "differences between settings may be theirs"
    return [f"rendered on {len(counts)} kinds of server, {how}: {told}"]


def by_card(sweep: SweepResult) -> Grid | None:
    """Seconds a window and peak memory of every setting on every card; None where there is one card only."""
    cards = list(dict.fromkeys(one.card for one in sweep.cells if one.folder is not None and one.card))
    if len(cards) < 2:
        return None
    rows = tuple(
        (setting.name, *(_words([one for one in setting.cells if one.card == card]) for card in cards))
        for setting in sweep.settings
    )
    mark = f" ({sweep.note})" if sweep.note else ""
    return Grid(f"seconds a window by card{mark}", ("setting", *cards), rows)


def _words(cells: list[CellResult]) -> str:
    """``24.3 s (4 videos) · 16.1 GiB``."""
    seconds, peaks = _values(cells, _WINDOW), _values(cells, _PEAK)
    if not cells:
        return ""
    told = [f"{with_error(fmean(seconds), None)} s" if seconds else "–"]
    told[0] += f" ({len(seconds)} of {len(cells)} videos)"
    return " · ".join([*told, *([f"{with_error(fmean(peaks), None)} GiB"] if peaks else [])])


def _values(cells: list[CellResult], metric: str) -> list[float]:
    found = (one.cost.get(metric, {}).get("value") for one in cells)
    return [float(value) for value in found if value is not None]
