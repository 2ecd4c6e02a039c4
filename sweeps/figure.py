"""A matplotlib figure without a screen, from its size to a PNG."""

from pathlib import Path
from typing import Any


def new_figure(width: float, height: float) -> Any:
    """An empty figure of so many inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Any, path: Path) -> Path:
    """Write it as PNG, whole or not at all. Raises MediaWriteError."""
    from io import BytesIO

    from workflow.media.files import write_bytes

    buffer = BytesIO()
    figure.canvas.print_png(buffer)
    write_bytes(path, buffer.getvalue())
    return path
