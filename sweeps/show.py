"""A plan as a person reads it: one line a setting, then the forecast."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from sweeps.forecast import duration, size
from sweeps.plan import Plan, PlannedCell

if TYPE_CHECKING:
    from rich.console import Console

MOST_ROWS = 60
MOST_LINES = 12


def show_plan(console: "Console", plan: Plan, *, disk_bytes: float, learned_from: int, seen: datetime | None) -> None:
    """Print the plan's table and its forecast."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = f"plan: {plan.name}" + (" (stand-in)" if plan.stand_in else "")
    table = Table(title=title, box=box.SIMPLE, title_justify="left", title_style="bold")
    table.add_column("setting", overflow="fold")
    for heading in ("run", "reuse", "collapsed", "impossible"):
        table.add_column(heading, justify="right")
    by_setting: dict[str, list[PlannedCell]] = {}
    for one in plan.cells:
        by_setting.setdefault(one.setting, []).append(one)
    for name, cells in list(by_setting.items())[:MOST_ROWS]:
        count = Counter(one.state for one in cells)
        row = [str(count[state] or "·") for state in ("run", "reuse", "collapsed", "impossible")]
        mark = " (baseline)" if name == plan.baseline else ""
        table.add_row(Text(name + mark), *row)
    console.print(table)
    if len(by_setting) > MOST_ROWS:
        console.print(f"… and {len(by_setting) - MOST_ROWS} settings more", markup=False, highlight=False)
    for line in _reasons(plan.cells)[:MOST_LINES]:
        console.print(line, markup=False, highlight=False)
    for text in plan.warnings[:MOST_LINES]:
        console.print(f"note: {text}", style="yellow", markup=False, highlight=False)
    if len(plan.warnings) > MOST_LINES:
        rest = len(plan.warnings) - MOST_LINES
        console.print(f"… and {rest} notes more", style="yellow", markup=False, highlight=False)
    for line in forecast_lines(plan, disk_bytes=disk_bytes, learned_from=learned_from, seen=seen):
        console.print(line, markup=False, highlight=False)


def _reasons(cells: Iterable[PlannedCell]) -> list[str]:
    """Each reason once, with its setting: why cells are impossible, or whose video they share."""
    said: dict[str, None] = {}
    for one in cells:
        if one.state == "collapsed":
            twin = one.reason.rsplit("/", 2)[0]
            said[f"{one.setting}: {twin}"] = None
        elif one.reason:
            said[f"{one.setting}: {one.state}: {one.reason}"] = None
    return list(said)


def forecast_lines(plan: Plan, *, disk_bytes: float, learned_from: int, seen: datetime | None) -> list[str]:
    """What will be done, how long it will take and how much disk it will fill, in one or two sentences."""
    done = {"reuse": "reused from the store", "collapsed": "collapsed", "impossible": "impossible"}
    said = [f"{plan.count(state)} {words}" for state, words in done.items() if plan.count(state)]  # type: ignore[arg-type]
    cells = "1 cell" if len(plan.cells) == 1 else f"{len(plan.cells)} cells"
    head = f"{cells}: {plan.count('run')} to render" + "".join(f", {one}" for one in said)
    if not plan.to_run:
        return [head + "; nothing to render"]
    source = f"learned from {learned_from} renders" if learned_from else "a first guess, no render yet to learn from"
    moves = f", {plan.reload_count} model loads" if plan.reload_count > 1 else ""
    lines = [head, f"forecast: {duration(plan.seconds)}{moves}, {size(disk_bytes)} on disk ({source})"]
    if seen is None:
        lines.append("no server was seen yet: what the store holds for it cannot be known")
    return lines
