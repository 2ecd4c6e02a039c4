"""Costs of several cards in one sweep: never in one mean."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from statistics import fmean

from sweeps.rehearsal import Grid
from sweeps.results import CellResult, SweepResult
from sweeps.summary_view import with_error

_WINDOW, _PEAK = "cost/window_s", "cost/vram_peak"


def of_one_card(results: Mapping[str, CellResult]) -> dict[str, CellResult]:
    """The cells by name, with those marked whose cost is of another card than most: tables leave it out."""
    cards = Counter(one.card for one in results.values() if one.folder is not None and one.card)
    if len(cards) < 2:
        return dict(results)
    main = cards.most_common(1)[0][0]
    return {name: replace(one, other_card=one.folder is not None and one.card != main) for name, one in results.items()}


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
