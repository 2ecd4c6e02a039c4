"""Slice and Pareto plots of a search."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sweeps.figure import new_figure, save_figure
from sweeps.lettering import drawable
from sweeps.search.outcome import Outcome, Row
from sweeps.settings import short

KEPT, BROKEN, BASE = "#1f5fa8", "#c9c9c9", "#c4661f"


def draw(outcome: Outcome, folder: Path) -> list[Path]:
    """Write ``search_slice.png``, and ``search_pareto.png`` of two objectives; the files that there are."""
    rows = [row for row in outcome.rows if row.values]
    if len(rows) < 2:
        return []
    drawn = [_slices(outcome, rows, folder / "search_slice.png")]
    if len(outcome.objectives) > 1:
        drawn.append(_pareto(outcome, rows, folder / "search_pareto.png"))
    return drawn


def _slices(outcome: Outcome, rows: Sequence[Row], path: Path) -> Path:
    """Each parameter against each objective, one point a setting."""
    names = outcome.parameters
    figure = new_figure(max(2.4 * len(names), 5), 2.6 * len(outcome.objectives) + 0.8)
    grid = figure.subplots(len(outcome.objectives), len(names), squeeze=False, sharey="row")
    for at, objective in enumerate(outcome.objectives):
        for column, name in enumerate(names):
            axis = grid[at][column]
            there = [row for row in rows if name in row.point]
            places = _places([row.point[name] for row in there])
            for row, x in zip(there, places[0], strict=True):
                axis.scatter([x], [row.values[at]], **_mark(row))
            if places[1]:
                axis.set_xticks(range(len(places[1])), places[1], rotation=30, ha="right", fontsize=7)
            axis.set_xlabel(drawable(name.removeprefix("inputs."), name))
            axis.grid(alpha=0.2)
        grid[at][0].set_ylabel(objective)
    _titled(figure, outcome)
    return save_figure(figure, path)


def _pareto(outcome: Outcome, rows: Sequence[Row], path: Path) -> Path:
    """The first two objectives against each other, the front joined."""
    figure = new_figure(6, 4.5)
    axis = figure.subplots()
    for row in rows:
        axis.scatter([row.values[0]], [row.values[1]], **_mark(row))
        axis.annotate(row.name, row.values[:2], fontsize=6, xytext=(3, 3), textcoords="offset points")
    front = sorted((row.values[0], row.values[1]) for row in rows if row.front)
    axis.plot([one for one, _ in front], [two for _, two in front], color=KEPT, lw=1, alpha=0.6)
    axis.set_xlabel(outcome.objectives[0])
    axis.set_ylabel(outcome.objectives[1])
    axis.grid(alpha=0.2)
    _titled(figure, outcome)
    return save_figure(figure, path)


def _places(values: Sequence[Any]) -> tuple[list[float], list[str]]:
    """Where values stand on an axis: numbers as they are, all else side by side with labels."""
    if all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in values):
        return [float(one) for one in values], []
    labels = list(dict.fromkeys(short(one, 16) for one in values))
    return [float(labels.index(short(one, 16))) for one in values], [drawable(one, "?") for one in labels]


def _mark(row: Row) -> dict[str, Any]:
    if row.baseline:
        return {"color": BASE, "marker": "*", "s": 90, "zorder": 3}
    return {"color": BROKEN if row.violation else KEPT, "s": 22, "zorder": 2}


def _titled(figure: Any, outcome: Outcome) -> None:
    note = f" · {outcome.note}" if outcome.note else ""
    title = drawable(outcome.title, "search")
    figure.suptitle(f"{title}{note}\nstar: baseline · grey: breaks a bound", fontsize=9)
