"""A calibration on the terminal: one row a metric and distortion of its own, then the reasons."""

from collections import defaultdict
from typing import TYPE_CHECKING

from eval.calibrate.result import MetricResult, Result, Summary

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

HEAD = ("metric", "verdict", "answers to", "per unit", "of truth", "seen from", "noise", "false alarms", "most foreign")
STYLE = {"trusted": "green", "experimental": "yellow", "not calibrated": "dim"}


def show(result: Result, console: "Console") -> None:
    """Print the tables."""
    from rich.markup import escape

    console.print(calibrated_table(result))
    doubtful = {name: one.reason for name, one in result.metrics.items() if one.level == "experimental"}
    if doubtful:
        console.print(_reasons(doubtful))
    without: dict[str, list[str]] = defaultdict(list)
    for name, one in result.metrics.items():
        if one.level == "not calibrated":
            without[one.reason].append(name)
    for reason, names in without.items():
        console.print(escape(f"not calibrated here ({reason}): {', '.join(names)}"), style="dim", highlight=False)
    for failure in result.failures:
        console.print(escape(f"no score: {failure}"), style="yellow", highlight=False)
    console.print(counts(result), highlight=False)


def counts(result: Result) -> str:
    """How many metrics stand where."""
    levels: list[str] = [one.level for one in result.metrics.values()]
    clips = f"{len(result.clips)} clip" + ("s" if len(result.clips) != 1 else "")
    part = "" if result.complete else " (a part of the distortions or levels only)"
    return ", ".join(f"{levels.count(level)} {level}" for level in STYLE) + f"; on {clips}{part}"


def calibrated_table(result: Result) -> "Table":
    """Metrics that were calibrated, with their answers to their own distortions."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title="how far each metric can be trusted", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in HEAD:
        table.add_column(name, justify="left" if name in ("metric", "verdict", "answers to") else "right", no_wrap=True)
    last = ""
    for name, one in result.metrics.items():
        if not one.aims:
            continue
        family = name.split("/", 1)[0]
        if last and family != last:
            table.add_section()
        last = family
        rows = [(aim, _cells(summary, result.distortions[aim]["unit"])) for aim, summary in one.aims.items()]
        table.add_row(
            name,
            f"[{STYLE[one.level]}]{one.level}[/]",
            "\n".join(f"{aim} {one.aims[aim].following}/{one.aims[aim].clips}" for aim, _ in rows),
            *("\n".join(cells[column] for _, cells in rows) for column in range(3)),
            figure(one.noise),
            false_alarms(one),
            most_foreign(one),
        )
    return table


def _cells(one: Summary, unit: str) -> tuple[str, str, str]:
    slope = figure(None if one.slope is None else one.slope[0])
    truth = "" if one.true_ratio is None else f"{one.true_ratio[0]:.2f}"
    seen = "never" if one.detected is None else f"{one.detected:g} {unit}"
    return slope, truth, seen


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


def _reasons(doubtful: dict[str, str]) -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="experimental, because", title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, reason in doubtful.items():
        table.add_row(name, escape(reason))
    return table
