"""The cost table: cold and warm apart, and which figures are a model's."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any, Final

from sweeps.aggregate import value_of
from sweeps.results import CellResult, SweepResult
from sweeps.summary_view import with_error

COLUMNS: Final = ("cost/window_s", "cost/step_s", "cost/total_s", "cost/load_s", "cost/vram_peak", "cost/ram_peak")
"""What the table shows of each setting, means over the renders that have a figure."""


def costs(result: SweepResult) -> dict[str, Any]:
    """Rows of setting, renders (how many of them cold), means; nothing for what no render has."""
    there = [name for name in COLUMNS if any(value_of(cell, name)[0] is not None for cell in result.cells)]
    rows = [
        [one.name, _counts(one.cells), *(_mean(one.cells, name) for name in there)]
        for one in result.settings
        if any(cell.folder is not None for cell in one.cells)
    ]
    return {"columns": there, "rows": rows if there else []}


def _counts(cells: Sequence[CellResult]) -> str:
    done = [cell for cell in cells if cell.folder is not None and cell.state == "done"]
    cold = sum(value_of(cell, "cost/load_s")[0] is not None for cell in done)
    return f"{len(done)} ({cold} cold)" if cold else str(len(done))


def _mean(cells: Sequence[CellResult], metric: str) -> str:
    values = [value for cell in cells if cell.state == "done" and (value := value_of(cell, metric)[0]) is not None]
    if not values:
        return "–"
    return with_error(fmean(values), None) + ("" if len(values) > 1 else " (one)")
