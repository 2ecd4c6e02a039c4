"""What one render of a graph will take, as far as the graph alone tells: a first guess, learnt from no render."""

from dataclasses import dataclass

from runner.doctor.finding import Finding
from runner.doctor.server import Need
from workflow.binding import bind
from workflow.cost import FIRST_GUESS, LOAD_S, Shape, Span, ram, seconds, shape_for, stand_in_seconds, vram
from workflow.errors import HarnessError
from workflow.graph import Graph
from workflow.windows import windows_for

_SIZE = (464, 832)
"""Pixels where the graph computes its size: those of the shipped one."""


@dataclass(frozen=True)
class Cost:
    """The forecast of one graph: its shape, seconds of a warm render, memory of card and host."""

    shape: Shape
    need: Need
    seconds: Span


def cost_of(graph: Graph) -> Cost | None:
    """The forecast of ``graph`` with the values that it holds; None where they are not known or make no sense."""
    try:
        binding = bind(graph)
        sizes = [binding.read(graph, name) for name in ("frame_window_size", "motion_frame", "num_frames")]
        shape = shape_for(binding.values(graph), windows_for(*map(int, sizes)), *_SIZE)
        if min(shape.width, shape.height, shape.steps) < 1:
            return None
        return Cost(shape, Need(vram(shape), ram(shape)), FIRST_GUESS.times(seconds(shape).whole))
    except (HarnessError, ValueError, TypeError, OverflowError):  # told as faults of the graph
        return None


def about_forecast(cost: Cost | None, *, stand_in: bool) -> Finding:
    """Seconds of one cell of this graph; ``action=doctor`` forecasts a sweep, learning from your own renders."""
    if cost is None:
        text = "none: the figures known are of a graph that can be made, on a card, with models at their full size"
        return Finding("unknown", "forecast", "forecast-unknown", text)
    shape = cost.shape
    span = cost.seconds if not stand_in else FIRST_GUESS.times(stand_in_seconds(shape).whole)
    load = "" if stand_in else f", the first {_between(LOAD_S)} more to load"
    windows = "1 window" if shape.windows == 1 else f"{shape.windows} windows"
    size = f"{shape.width}×{shape.height}, {shape.steps} steps"
    text = f"{windows} of {shape.frames} frames at {size}: {_between(span)} a cell"
    return Finding("ok", "forecast", "forecast", f"{text}{load} (a guess: none of this server's renders is known here)")


def _between(span: Span) -> str:
    low, high = span.low, span.high
    if high < 180:
        return f"{low:.0f} to {high:.0f} s" if high >= 3 else f"{low:.1f} to {high:.1f} s"
    return f"{low / 60:.1f} to {high / 60:.1f} min"
