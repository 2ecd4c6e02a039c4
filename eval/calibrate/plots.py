"""Dose–response curves: what each metric says over the strength of the distortions that are aimed at it."""

import io
from typing import Any

import numpy as np

from eval.calibrate.distortion import Aim
from eval.calibrate.response import expected_slope, threshold
from eval.calibrate.result import MetricResult, Result
from eval.metric import METRICS

COLUMNS = 4
COLOURS = ("#1f5fa8", "#c4661f", "#3b8a4a", "#8a3b7c", "#6b6b6b", "#a8901f")
TITLES = {"trusted": "#20702f", "experimental": "#b02020", "not calibrated": "#666666"}


def dose_response(result: Result, family: str) -> bytes | None:
    """A PNG with one panel a metric and distortion of its own, one line a clip; None when there is none.

    The band around each line's clean value is what two repeats may differ by; the dotted line is the known answer,
    the tick the reference strength.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = [(name, aim) for name, one in result.metrics.items() if METRICS[name].family == family for aim in one.aims]
    if not panels:
        return None
    rows = -(-len(panels) // COLUMNS)
    with rc_context({"font.size": 8, "axes.unicode_minus": False}):
        figure = Figure(figsize=(13, 0.4 + 2.35 * rows), layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = np.atleast_1d(figure.subplots(rows, COLUMNS)).ravel().tolist()
        for axis, (name, aim) in zip(axes, panels, strict=False):
            _panel(axis, result, name, aim)
        for axis in axes[len(panels) :]:
            axis.set_axis_off()
        return png(canvas)


def _panel(axis: Any, result: Result, name: str, aim: str) -> None:
    one, row = result.metrics[name], result.distortions[aim]
    for clip, raw in enumerate(result.responses.get(aim, ())):
        clean = one.clean[clip]
        if clean is None or name not in raw["values"]:
            continue
        colour = COLOURS[clip % len(COLOURS)]
        points = sorted([(0.0, clean), *zip(raw["strengths"], raw["values"][name], strict=True)], key=lambda p: p[0])
        x = np.array([point[0] for point in points])
        y = np.array([np.nan if point[1] is None else point[1] for point in points], dtype=np.float64)
        there = np.isfinite(y)
        axis.plot(x[there], y[there], marker="o", ms=3, lw=1.1, color=colour, label=f"clip {clip + 1}")
        _truth(axis, row["aims"][name], clean, x, colour)
        if one.noise is not None:
            axis.axhspan(clean - threshold(one.noise), clean + threshold(one.noise), color=colour, alpha=0.10, lw=0)
    axis.axvline(row["reference"], color="#999999", lw=0.7, ls=(0, (1, 2)))
    axis.set_title(f"{name.split('/', 1)[1]} ← {aim}", fontsize=8.5, color=TITLES[one.level], loc="left")
    axis.set_xlabel(row["unit"], labelpad=1)
    axis.set_ylabel(METRICS[name].unit)
    axis.grid(alpha=0.25, lw=0.5)
    axis.spines[["top", "right"]].set_visible(False)


def _truth(axis: Any, aim: dict[str, Any], clean: float, x: Any, colour: str) -> None:
    known = expected_slope(Aim(**aim), clean)
    if known is not None:
        axis.plot(x, clean + known * x, color=colour, lw=0.8, ls=(0, (1, 1.5)))


def cross_talk(result: Result) -> bytes | None:
    """A PNG of what every distortion does to every metric, in parts of what the metric's own distortions do.

    Boxes mark a metric's own distortions, crosses those that rightly touch it. None when nothing was measured.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    names, columns = [name for name, one in result.metrics.items() if one.aims], list(result.distortions)
    if not names:
        return None
    table = np.array([[_relative(result.metrics[name], column) for column in columns] for name in names])
    with rc_context({"font.size": 8, "axes.unicode_minus": False}):
        figure = Figure(figsize=(3.2 + 0.42 * len(columns), 1.9 + 0.235 * len(names)), layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axis: Any = figure.subplots()
        image = axis.imshow(table, norm=LogNorm(0.03, 10, clip=True), cmap="magma_r", aspect="auto")
        axis.set_xticks(range(len(columns)), columns, rotation=60, ha="right")
        axis.set_yticks(range(len(names)), names)
        for y, name in enumerate(names):
            axis.get_yticklabels()[y].set_color(TITLES[result.metrics[name].level])
            for x, column in enumerate(columns):
                _mark(axis, x, y, table[y, x], result.metrics[name], column)
        figure.colorbar(image, ax=axis, label="change ÷ what its own distortions do", shrink=0.6, pad=0.01)
        return png(canvas)


def _relative(one: MetricResult, column: str) -> float:
    cross = one.cross.get(column)
    return float("nan") if cross is None or cross.relative is None else max(cross.relative, 0.001)


def _mark(axis: Any, x: int, y: int, value: float, one: MetricResult, column: str) -> None:
    from matplotlib.patches import Rectangle

    own = column in one.aims
    if own:
        axis.add_patch(Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fill=False, ec="#20702f", lw=1.4))
    elif column in one.cross and one.cross[column].expected:
        axis.text(x, y, "×", ha="center", va="center", fontsize=7, color="#888888")
        return
    if np.isfinite(value) and value >= 0.1:
        axis.text(
            x, y, f"{value:.1f}" if value < 9.95 else f"{value:.0f}", ha="center", va="center", fontsize=6,
            color="white" if value > 0.8 else "black",
        )  # fmt: skip


def png(canvas: Any) -> bytes:
    """The drawn figure."""
    buffer = io.BytesIO()
    canvas.print_png(buffer)
    return buffer.getvalue()
