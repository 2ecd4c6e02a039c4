"""The curves of a setting: every clip over time in one picture, and the same numbers as one JSON file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeps.lettering import drawable
from sweeps.results import CellResult, SettingResult

MOST_CLIPS = 6
"""Lines of the picture, as many as it has colours; the JSON file has all clips."""
DIGITS = 5
"""Significant digits kept in the JSON file: a five-minute video then stays below some hundred kilobytes a curve."""


def curves_json(setting: SettingResult) -> dict[str, Any]:
    """``{"clip/seed": {"fps": …, "seams": […], "curves": {name: [value or null per frame]}}}`` of all scored cells."""
    return {
        f"{cell.clip}/{cell.seed}": {
            "fps": cell.score.get("fps"),
            "seams": list(cell.score.get("seams") or ()),
            "curves": {name: [_rounded(one) for one in curve] for name, curve in _curves(cell).items()},
        }
        for cell in setting.cells
        if cell.score and _curves(cell)
    }


def curves_picture(setting: SettingResult, path: Path, *, title: str, stand_in: bool) -> bool:
    """Write a PNG with one line a clip (first seed), numbered as in the contact sheet; False when nothing has curves.

    Raises ValueError for a score of another format, MediaWriteError when the disk refuses.
    """
    cells = {number: cell for number, cell in enumerate(setting.first_seed(), start=1) if _curves(cell)}
    if not cells:
        return False
    from eval.plot import plot_curves
    from eval.score import Score

    shown = dict(list(cells.items())[:MOST_CLIPS])
    labels = {number: f"{number} {drawable(cell.clip, 'clip')}" for number, cell in shown.items()}
    scores = {k: Score.from_json({**(cell.score or {}), "stand_in": stand_in}) for k, cell in shown.items()}
    plot_curves({labels[k]: score for k, score in scores.items()}, path, f"{title} · {setting.name}")
    return True


def _curves(cell: CellResult) -> Mapping[str, Sequence[float | None]]:
    return (cell.score or {}).get("curves") or {}


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")
