"""The rows of a calibration's table: what each metric answers to, in words and figures."""

from typing import TYPE_CHECKING

from eval.calibrate.result import MetricResult, Result, Summary
from eval.calibrate.verdict import told

if TYPE_CHECKING:
    from rich.table import Table

HEAD = ("metric", "verdict", "answers to", "seen from", "most foreign", "noise", "false alarms", "per unit", "of truth")
"""The most telling columns first: a narrow terminal shows as many as fit."""
STYLE = {"trusted": "green", "experimental": "yellow", "not calibrated": "dim"}
"""The levels, in the order of reports."""


def calibrated_table(result: Result, some: dict[str, MetricResult]) -> "Table":
    """Metrics of ``some`` that were calibrated, with their answers to their own distortions."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for name in HEAD:
        table.add_column(name, justify="left" if name in HEAD[:4] else "right", no_wrap=True)
    last = ""
    for name, one in some.items():
        if not one.aims:
            continue
        family = name.split("/", 1)[0]
        if last and family != last:
            table.add_section()
        last = family
        verdict = told(one, len(result.clips)).replace(" (", "\n(")
        unit, aims = {aim: result.distortions[aim]["unit"] for aim in one.aims}, one.aims.items()
        table.add_row(
            name,
            f"[{STYLE[one.level]}]{verdict}[/]",
            "\n".join(f"{aim} {summary.following}/{summary.clips}" for aim, summary in aims),
            "\n".join(seen_from(summary, unit[aim]) for aim, summary in aims),
            most_foreign(one),
            figure(one.noise),
            false_alarms(one),
            "\n".join(figure(None if summary.slope is None else summary.slope[0]) for _, summary in aims),
            "\n".join("" if summary.true_ratio is None else f"{summary.true_ratio[0]:.2f}" for _, summary in aims),
        )
    return table


def seen_from(one: Summary, unit: str) -> str:
    """The least strength that is seen on every clip, in words."""
    if one.detected is not None:
        return f"{one.detected:g} {unit}"
    return "never" if one.clips == 1 else "not on all"


def false_alarms(one: MetricResult) -> str:
    """How many of the clean clips lie outside the metric's own gate; a dash where it has none."""
    there = sum(value is not None for value in one.clean)
    return "–" if one.false_alarms is None or not there else f"{one.false_alarms}/{there}"


def most_foreign(one: MetricResult) -> str:
    """The distortion that moves a metric most without being meant to, in parts of what its own do."""
    foreign = [(cross.relative, name) for name, cross in one.cross.items() if not cross.expected and cross.relative]
    if not foreign:
        return "–"
    relative, name = max(foreign)
    return f"{name} {relative:.2f}"


def figure(value: float | None) -> str:
    """Three significant digits, or a dash."""
    return "–" if value is None else f"{value:.3g}"
