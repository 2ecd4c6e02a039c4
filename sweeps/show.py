"""A plan as a person reads it: one line a setting, then the forecast."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from sweeps.outlook import Outlook
from sweeps.outlook_lines import lines, saved, short_lines
from sweeps.plan import Plan, PlannedCell
from workflow.words import counted

if TYPE_CHECKING:
    from rich.console import Console

MOST_ROWS = 60
MOST_LINES = 12


def show_plan(console: "Console", plan: Plan, ahead: Outlook, seen: datetime | None) -> None:
    """Print the plan's table and its forecast."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = f"plan: {plan.name}" + (f" ({plan.mark})" if plan.mark else "")
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
        console.print(f"… and {counted(len(by_setting) - MOST_ROWS, 'setting')} more", markup=False, highlight=False)
    for line in _reasons(plan.cells)[:MOST_LINES]:
        console.print(line, markup=False, highlight=False)
    for text in plan.warnings[:MOST_LINES]:
        console.print(f"note: {text}", style="yellow", markup=False, highlight=False)
    if len(plan.warnings) > MOST_LINES:
        rest = len(plan.warnings) - MOST_LINES
        console.print(f"… and {counted(rest, 'note')} more", style="yellow", markup=False, highlight=False)
    for line in short_lines(ahead)[:MOST_LINES]:
        console.print(f"note: {line}", style="yellow", markup=False, highlight=False)
    for line in forecast_lines(plan, ahead, seen):
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


def forecast_lines(plan: Plan, ahead: Outlook, seen: datetime | None) -> list[str]:
    """What will be done, what of it is there already, and what the rest will take, in a few lines."""
    spared = f" ({saved(ahead)})" if ahead.reusing else ""
    done = {"reuse": f"reused from the store{spared}", "collapsed": "collapsed", "impossible": "impossible"}
    said = [f"{plan.count(state)} {words}" for state, words in done.items() if plan.count(state)]  # type: ignore[arg-type]
    head = f"{counted(len(plan.cells), 'cell')}: {plan.count('run')} to render" + "".join(f", {one}" for one in said)
    if not plan.to_run:
        return [head + "; nothing to render"]
    told = [head, *lines(ahead)]
    if seen is None:
        told.append("no server was seen yet: what the store holds for it cannot be known")
    return told
