"""The cost table: cold and warm apart, and which figures are a model's."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any, Final

from eval.metric import METRICS
from sweeps.aggregate import value_of
from sweeps.results import CellResult, SweepResult
from sweeps.summary_view import with_error

COLUMNS: Final = ("cost/window_s", "cost/step_s", "cost/total_s", "cost/load_s", "cost/vram_peak", "cost/ram_peak")
"""What the table shows of each setting, means over the renders that have a figure."""


def costs(result: SweepResult) -> dict[str, Any]:
    """Of each column the name and unit; rows of setting, renders, how many of them cold, and of each column the mean
    and how many renders it stands on. Nothing for what no render has."""
    there = [name for name in COLUMNS if any(value_of(cell, name)[0] is not None for cell in result.cells)]
    rows = [
        [one.name, *_counts(one.cells), [_mean(one.cells, name) for name in there]]
        for one in result.settings
        if any(cell.folder is not None for cell in one.cells)
    ]
    return {"columns": [[name, METRICS[name].unit] for name in there], "rows": rows if there else []}


def _counts(cells: Sequence[CellResult]) -> tuple[int, int]:
    done = [cell for cell in cells if cell.folder is not None and cell.state == "done"]
    return len(done), sum(value_of(cell, "cost/load_s")[0] is not None for cell in done)


def _mean(cells: Sequence[CellResult], metric: str) -> tuple[str, int]:
    values = [value for cell in cells if cell.state == "done" and (value := value_of(cell, metric)[0]) is not None]
    return with_error(fmean(values), None) if values else "–", len(values)
