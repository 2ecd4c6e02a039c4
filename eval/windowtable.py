"""The windows of a score as a table for the terminal: one row a window, the headline curves as columns."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from eval.perwindow import spans
from eval.score import Score

if TYPE_CHECKING:
    from rich.table import Table

HEADLINES = {
    "lipsync/offset": "offset",
    "lipsync/confidence": "confidence",
    "sharpness/laplacian": "S",
    "sharpness/laplacian_abs": "Laplacian",
    "colour/cheeks": "cheeks",
    "colour/background": "backgr.",
    "colour/clothes": "clothes",
    "mouth/aperture": "mouth",
    "motion/head": "head",
    "likeness/lpips": "LPIPS",
    "likeness/face": "likeness",
}
"""Series that are shown, and their heads."""
UNITS = {
    "colour/": "ΔE00 to the reference",
    "mouth/": "% of the face's width",
    "motion/": "faces/s",
}
"""What the headlines of a family are counted in, where their heads do not say it."""


def windows_table(score: Score, title: str) -> "Table | str":
    """One row a window of ``score``; a line that says why, where there is no table to show."""
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    if score.seams is None:
        return "windows not known (--window, --motion-frame)"
    shown = {name: head for name, head in HEADLINES.items() if name in score.per_window}
    if not shown:
        return "nothing measured by windows"
    look = {"title_justify": "left", "caption_justify": "left", "box": SIMPLE_HEAD, "pad_edge": False}
    table = Table(title=escape(title), caption=units(shown), padding=(0, 1, 0, 0), **look)  # type: ignore[arg-type]
    for head in ("window", "seconds", *shown.values()):
        table.add_column(head, justify="right", overflow="fold")
    for number, frames in enumerate(spans(score.seams, score.frames)):
        cells = [score.per_window[name][number] for name in shown]
        seconds = f"{frames.start / score.fps:.1f}–{frames.stop / score.fps:.1f}"
        table.add_row(str(number + 1), seconds, *(_cell(cell) for cell in cells))
    return table


def units(shown: Mapping[str, str]) -> str:
    """What the columns are counted in, of those that are there.

    >>> units({"colour/cheeks": "cheeks", "colour/clothes": "clothes", "sharpness/laplacian": "S"})
    'means: cheeks, clothes in ΔE00 to the reference'
    """
    heads = {start: [head for name, head in shown.items() if name.startswith(start)] for start in UNITS}
    told = [f"{', '.join(names)} in {UNITS[start]}" for start, names in heads.items() if names]
    return f"means: {'; '.join(told)}" if told else "means"


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if abs(value) >= 1 else f"{value:.2f}"
