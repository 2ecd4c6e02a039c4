"""The summary table at the end of a sweep, as wide as the terminal: what does not fit goes into a table below."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sweeps.cards import by_card, places
from sweeps.rehearsal import Grid, grid
from sweeps.results import SweepResult
from sweeps.summary_view import Column, View, view

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_GAP = 2  # a blank and the place of a dividing line
_HEADING_WIDTH = 11


def print_summary(sweep: SweepResult, console: "Console", metrics: Sequence[str] | None = None) -> None:
    """Print the table of ``sweep``, then why cells and values are missing, and what no metric sees.

    Nothing is highlighted as best: the intervals say what the numbers support. Colours and styles are left to the
    console, which drops them where there is no terminal.
    """
    from rich.text import Text

    seen = view(sweep, metrics)
    console.print(Text(seen.title, style="bold"))
    for number, columns in enumerate(blocks(seen, console.width)):
        console.print(_table(seen, columns, _name_width(seen, console.width), first=number == 0))
    for found in (grid(sweep), by_card(sweep)):
        if found is not None:
            console.print(_grid_table(found))
    dim = (*seen.collapsed, *places(sweep), *([seen.legend] if seen.legend else []), seen.not_measured)
    for style, lines in (("red", seen.failures), ("yellow", seen.missing), ("dim", dim)):
        for line in lines:
            console.print(Text(line, style=style))


def _grid_table(found: Grid) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(*found.head, title=found.title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    for row in found.rows:
        table.add_row(*row)
    return table


def blocks(seen: View, width: int) -> list[list[int]]:
    """The columns of each table, so that every table fits into ``width`` characters; at least one column each."""
    found: list[list[int]] = [[]]
    used = _name_width(seen, width) + sum(_GAP + len(head) for head in _facts(seen))
    for index in range(len(seen.columns)):
        need = _GAP + _column_width(seen, index)
        if found[-1] and used + need > width:
            found.append([])
            used = _name_width(seen, width)
        found[-1].append(index)
        used += need
    return found


def heading(column: Column) -> str:
    """A column's heading over several short lines: group, words of the name and whether to doubt it, unit.

    >>> heading(Column("mouth/aperture_p95", "% face ↔", "exp.")).splitlines()
    ['mouth', 'aperture', 'p95 (exp.)', '% face ↔']
    """
    group, _, name = column.metric.rpartition("/")
    words = name.replace("_", " ") + (f" ({column.doubt})" if column.doubt else "")
    lines = [group, *textwrap.wrap(words, _HEADING_WIDTH), *textwrap.wrap(column.unit, _HEADING_WIDTH)]
    return "\n".join(line for line in lines if line)


def _facts(seen: View) -> list[str]:
    """Headings of the columns that only the first table has."""
    return ["clips", "verdict"] if seen.stand_in else ["clips"]


def _table(seen: View, columns: Sequence[int], name_width: int, *, first: bool) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, _GAP - 1, 0, 0), show_edge=False, pad_edge=False)
    table.add_column("setting", width=name_width, overflow="fold")
    for head in _facts(seen) if first else ():
        table.add_column(head, no_wrap=True)
    for index in columns:
        table.add_column(Text(heading(seen.columns[index])), justify="right", no_wrap=True)
    for line in seen.lines:
        facts = [line.clips, "demo"][: len(_facts(seen))] if first else []
        shown = (_shown(line.entries[index].lines) for index in columns)
        table.add_row(Text(line.setting), *map(Text, facts), *shown)
    return table


def _shown(lines: Sequence[str]) -> "Text":
    from rich.text import Text

    text = Text(lines[0])
    for line in lines[1:]:
        text.append(f"\n{line}", style="dim")
    return text


def _name_width(seen: View, width: int) -> int:
    """Room for the names: all of them where the terminal is wide, a fifth of it where it is narrow."""
    return min(max([_wide(line.setting) for line in seen.lines] + [7]), max(width // 5, 12))


def _column_width(seen: View, index: int) -> int:
    words = heading(seen.columns[index]).splitlines()
    return max(map(_wide, [*words, *(text for line in seen.lines for text in line.entries[index].lines)]))


def _wide(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
