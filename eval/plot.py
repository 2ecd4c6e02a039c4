"""The curves of one or several scores as a PNG, with the seams marked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from eval.metrics.mouth import BY_GEOMETRY
from eval.metrics.mouth import NAMES as FIGURES
from eval.perwindow import spans
from eval.score import Score

PANELS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("mouth", "lips' parting\n% face width", ("mouth/aperture", "speech/envelope")),
    ("colour", "colour distance\nΔE00", ("colour/cheeks", "colour/background", "colour/clothes")),
    ("sharpness", "face sharpness\nLaplacian variance", ("sharpness/laplacian", "sharpness/laplacian_abs")),
    ("motion", "speed\nface widths/s", ("motion/head", "motion/background")),
    ("likeness", "LPIPS and likeness\nto the reference", ("likeness/lpips", "likeness/face")),
)
COLOURS = ("#1f5fa8", "#c4661f", "#3b8a4a", "#8a3b7c", "#6b6b6b", "#a8901f")
FONTS = ["DejaVu Sans", "Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Zen Hei", "Microsoft YaHei", "PingFang SC"]


def plot_curves(score: Score | Mapping[str, Score], path: Path, title: str = "") -> Path:
    """Draw curves over time to ``path`` (PNG) and return it.

    One score: every curve of a panel, with the mean of each window as a step, and a legend of its own.
    Several, by label: the first curve of each panel, one line a score; one legend for all panels.
    Raises MediaWriteError when ``path`` cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from workflow.media.files import write_bytes

    scores = {"": score} if isinstance(score, Score) else dict(score)
    panels = [panel for panel in PANELS if any(_drawn(one, panel[2]) for one in scores.values())]
    with rc_context({"font.family": _installed(FONTS), "font.size": 9, "axes.unicode_minus": False}):
        figure = Figure(figsize=(11, 1.0 + 1.75 * max(len(panels), 1)), layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = np.atleast_1d(figure.subplots(max(len(panels), 1), 1, sharex=True)).tolist()
        for panel, axis in zip(panels, axes, strict=False):
            _panel(axis, _label(panel[1], panel[2], scores), panel[2], scores)
        if len(scores) > 1:
            _one_legend(figure, axes)
        if not panels:
            axes[0].text(0.5, 0.5, _why_empty(scores), ha="center", va="center", transform=axes[0].transAxes)
        axes[-1].set_xlabel("seconds")
        figure.suptitle(_titled(title, scores), fontsize=11)
        write_bytes(path, _png(canvas))
    return path


def _panel(axis: Any, label: str, names: tuple[str, ...], scores: Mapping[str, Score]) -> None:
    position, stepped = 0, False
    for number, (who, score) in enumerate(scores.items()):
        for name in _drawn(score, names)[: None if len(scores) == 1 else 1]:
            points = np.array([np.nan if v is None else v for v in score.curves[name]], dtype=np.float64)
            at = np.flatnonzero(np.isfinite(points))
            drawn = axis.twinx() if name == "speech/envelope" else axis
            place = number if len(scores) > 1 else position  # a score has one colour in all panels
            colour = "#b0b0b0" if drawn is not axis else COLOURS[place % len(COLOURS)]
            steps = _steps(axis, score, name, colour)
            stepped |= steps
            drawn.plot(
                at / score.fps, points[at], lw=1.0, label=who or name.split("/", 1)[1], color=colour,
                alpha=0.45 if steps else 1.0,
            )  # fmt: skip
            if drawn is not axis:
                drawn.set_yticks([])
                drawn.set_zorder(axis.get_zorder() - 1)
                axis.patch.set_visible(False)
                axis.plot([], [], color="#b0b0b0", label="speech envelope")
                drawn.spines[:].set_visible(False)
            position += 1
    if stepped:
        axis.plot([], [], color="#505050", lw=1.8, label="mean of a window")
    _seams(axis, scores)
    axis.set_ylabel(label)
    axis.grid(alpha=0.25, lw=0.5)
    axis.spines[["top", "right"]].set_visible(False)
    if len(scores) == 1:
        axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)


def _one_legend(figure: Any, axes: list[Any]) -> None:
    """Every label once, beside all panels."""
    shown = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(shown.values(), shown.keys(), loc="outside right upper", frameon=False, fontsize=8)


def _label(label: str, names: tuple[str, ...], scores: Mapping[str, Score]) -> str:
    """A panel's name; without landmarks nobody sees the lips meet, and 0 is where the mouth is least open."""
    flags = [flag for score in scores.values() for name in FIGURES for flag in _flags(score, name)]
    return f"{label}\n(0: 5th percentile)" if "mouth/aperture" in names and BY_GEOMETRY in flags else label


def _flags(score: Score, name: str) -> tuple[str, ...]:
    return score.values[name].flags if name in score.values else ()


def _steps(axis: Any, score: Score, name: str, colour: str) -> bool:
    """Draw the mean of each window as a step; False where there is one window, or none is known."""
    series = score.per_window.get(name, [])
    if len(series) < 2:
        return False
    edges = [frames.start for frames in spans(score.seams, score.frames)] + [score.frames]
    levels = [np.nan if level is None else level for level in series]
    axis.stairs(levels, np.array(edges) / score.fps, baseline=None, color=colour, lw=1.8, zorder=3)
    return True


def _seams(axis: Any, scores: Mapping[str, Score]) -> None:
    at = sorted({seam / score.fps for score in scores.values() for seam in score.seams or () if seam < score.frames})
    for i, second in enumerate(at):
        axis.axvline(second, color="#c02020", lw=0.8, ls=(0, (4, 3)), label="seam" if i == 0 else None)


def _drawn(score: Score, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if any(point is not None for point in score.curves.get(name, ()))]


def _titled(title: str, scores: Mapping[str, Score]) -> str:
    mark = "stand-in — demo, no evidence about the model" if any(score.stand_in for score in scores.values()) else ""
    return "\n".join(part for part in (title, mark) if part)


def _why_empty(scores: Mapping[str, Score]) -> str:
    return "\n".join(f"{who} {score.status}: {score.reason}".strip() for who, score in scores.items()) or "no score"


def _installed(wanted: list[str]) -> list[str]:
    """The wanted fonts that are here, so that Chinese titles are drawn where a font for them is, without warnings."""
    from matplotlib.font_manager import fontManager

    have = {entry.name for entry in fontManager.ttflist}
    return [name for name in wanted if name in have] or ["sans-serif"]


def _png(canvas: Any) -> bytes:
    import io
    import warnings

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        canvas.print_png(buffer)
    return buffer.getvalue()
