"""A score as a table for the terminal."""

from itertools import groupby
from typing import TYPE_CHECKING

from eval import trust
from eval.metric import METRICS, Metric
from eval.score import Score
from eval.value import Value

if TYPE_CHECKING:
    from rich.table import Table

STAND_IN = "stand-in — demo, no evidence about the model"
NOT_MEASURED = "not measured: b/p/m closing, hands, gaze, neck and breath, bystanders, fixed smile, text: look yourself"


def score_table(score: Score, title: str) -> "Table":
    """One row a metric: value, unit, what is wished for, and flags or why it is missing."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    mark = f"\n[bold]{STAND_IN}[/bold]" if score.stand_in else ""
    look = {"title_justify": "left", "caption_justify": "left", "box": SIMPLE_HEAD, "pad_edge": False}
    look |= {"padding": (0, 1, 0, 0), "show_header": score.status != "broken"}
    table = Table(title=f"{_plain(title)}{mark}", caption=caption(score), **look)  # type: ignore[arg-type]
    rows = [] if score.status == "broken" else list(score.values.items())
    for name in ("metric", "value", "unit", "wished") if rows else ():
        table.add_column(name, justify="right" if name == "value" else "left", no_wrap=True)
    table.add_column("remark", overflow="fold")
    for (family, reason), group in groupby(rows, key=lambda row: (METRICS[row[0]].family, row[1].missing)):
        # Neighbours that are missing for one reason share a row and say it once.
        for part in [list(group)] if reason else [[row] for row in group]:
            metrics = [METRICS[name] for name, _ in part]
            table.add_row(
                "\n".join(metric.name for metric in metrics),
                "\n".join(shown(value) for _, value in part),
                "\n".join(metric.unit for metric in metrics),
                "\n".join(wished(metric) for metric in metrics),
                _plain(reason or _remarks(*part[0])),
            )
        if family != METRICS[rows[-1][0]].family and _last_of(family, part[-1][0], score):
            table.add_section()
    return table


def _remarks(name: str, value: Value) -> str:
    """What qualifies a number: how it was measured, and whether its metric is to be trusted."""
    doubt = trust.remark(name, value.flags)
    return ", ".join([*value.flags, *([doubt] if doubt else [])])


def _last_of(family: str, name: str, score: Score) -> bool:
    return [other for other in score.values if METRICS[other].family == family][-1] == name


def shown(value: Value) -> str:
    """A number to three significant digits, or a dash."""
    return "–" if value.value is None else f"{value.value:.3g}"


def wished(metric: Metric) -> str:
    """Direction and gate in words.

    >>> wished(METRICS["sharpness/laplacian"]), wished(METRICS["seam/colour"])
    ('0.7 … 1.3', 'low, ≤ 4')
    """
    low, high = (None if bound is None else f"{bound:g}" for bound in metric.target)
    if low and high:
        return f"{low} … {high}"
    gate = f"≤ {high}" if high else f"≥ {low}" if low else ""
    return {"lower": "low", "higher": "high", "band": "as real", "none": ""}[metric.better] + (gate and f", {gate}")


def caption(score: Score) -> str:
    """Status, coverage and warnings, and what no metric sees."""
    lines = [f"{score.status}: {score.reason}"] if score.reason else []
    if score.status != "broken":
        seams = "windows not known" if score.seams is None else f"{sum(s < score.frames for s in score.seams)} seams"
        lines.append(f"{score.frames} frames at {score.fps:g}/s, face in {score.coverage:.0%}, {seams}")
    lines += score.warnings
    there = [(name, value.flags) for name, value in score.values.items() if value.value is not None]
    if any(trust.remark(name, flags) == "experimental" for name, flags in there):
        lines.append("experimental: failed its calibration (why: python -m eval calibrate --show)")
    lines.append(NOT_MEASURED)
    return _plain("\n".join(lines))


def _plain(text: str) -> str:
    """Brackets of file names and messages are not rich markup."""
    from rich.markup import escape

    return escape(text)
