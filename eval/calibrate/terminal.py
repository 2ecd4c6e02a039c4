"""A calibration on the terminal: one row a metric and distortion of its own, then the reasons."""

from collections import defaultdict
from typing import TYPE_CHECKING

from eval.calibrate.result import MetricResult, Result, Summary

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

HEAD = ("metric", "verdict", "answers to", "seen from", "most foreign", "noise", "false alarms", "per unit", "of truth")
"""The most telling columns first: a narrow terminal shows as many as fit."""

LEAST = 3  # columns that are always shown
STYLE = {"trusted": "green", "experimental": "yellow", "not calibrated": "dim"}


def show(result: Result, console: "Console") -> None:
    """Print the tables."""
    from rich.markup import escape

    table = calibrated_table(result)
    while len(table.columns) > LEAST and table.__rich_measure__(console, console.options).maximum > console.width:
        table.columns.pop()
    console.print(table)
    if missing := HEAD[len(table.columns) :]:
        console.print(f"not shown, for want of width: {', '.join(missing)}", style="dim", highlight=False)
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
        unit, aims = {aim: result.distortions[aim]["unit"] for aim in one.aims}, one.aims.items()
        table.add_row(
            name,
            f"[{STYLE[one.level]}]{one.level}[/]",
            "\n".join(f"{aim} {summary.following}/{summary.clips}" for aim, summary in aims),
            "\n".join(_seen_from(summary, unit[aim]) for aim, summary in aims),
            most_foreign(one),
            figure(one.noise),
            false_alarms(one),
            "\n".join(figure(None if summary.slope is None else summary.slope[0]) for _, summary in aims),
            "\n".join("" if summary.true_ratio is None else f"{summary.true_ratio[0]:.2f}" for _, summary in aims),
        )
    return table


def _seen_from(one: Summary, unit: str) -> str:
    return "never" if one.detected is None else f"{one.detected:g} {unit}"


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
