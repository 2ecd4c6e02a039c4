"""The story in words: a table for the terminal, Markdown, and what the page shows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from eval.metric import METRICS
from runner.text import plain
from sweeps.compare.told import wide
from sweeps.inert import inert, table_cell, table_lines
from sweeps.results import SweepResult
from sweeps.story.claims import ARTEFACT
from sweeps.story.story import Chapter, Measure
from sweeps.summary_view import with_error

if TYPE_CHECKING:
    from rich.console import Console

HEAD: Final = ("variant", "changed against v2", "the history said", "measured against v2", "so it is")
COLOURS: Final = {"confirmed": "green", "contradicted": "bold red", "not enough evidence": "yellow", "demo": "magenta"}
_ARROWS: Final = {"up": "↑", "down": "↓", "same": "=", "either": "↕"}


def measured(one: Measure) -> str:
    """``motion/head_mean ↑ +0.02 ±0.01 faces/s (margin 0.01; 5/6 clips)``, or why there is none."""
    if one.step is None:
        return f"{one.metric} {_ARROWS[one.expected]}: {one.why}"
    text = with_error(one.step.mean, one.step.half_width, sign=True)
    of = f"; {one.step.n}/{one.clips} clips" if one.step.n < one.clips else ""
    return f"{one.metric} {_ARROWS[one.expected]} {text} {METRICS[one.metric].unit} (margin {one.margin:.2g}{of})"


def rows(chapters: Sequence[Chapter]) -> list[list[list[str]]]:
    """Cells of lines, as :data:`HEAD` names the columns; what a graph or a server says in them is only letters."""
    return [
        [
            [plain(one.variant)],
            [plain(line) for line in one.changed] or ["–"],
            [one.says, one.says_zh],
            [plain(measured(each)) for each in one.measures] or [plain(one.why) or "–"],
            [one.status],
        ]
        for one in chapters
    ]


def note(result: SweepResult) -> str:
    """What has to be said above it."""
    if result.stand_in:
        return "demo: this shows the method, not the model; a puppet rendered"
    return result.note


def under(result: SweepResult, chapters: Sequence[Chapter]) -> list[str]:
    """What has to be said below it."""
    said = ["↑ ↓ = ↕: what a measure must do for the verdict to hold: rise, fall, stay within the margin, leave it"]
    if any(one.variant.startswith("v4_") for one in chapters):
        said.append(ARTEFACT)
    return said


def show(result: SweepResult, chapters: Sequence[Chapter], console: "Console") -> None:
    """Print it."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = "The tuning history, verdict by verdict"
    console = wide(console)
    console.print(Text(f"{title} · {note(result)}" if note(result) else title, style="bold"))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_lines=False)
    for head in HEAD:
        table.add_column(head, overflow="fold")
    for row in rows(chapters):
        *plain, status = ["\n".join(lines) for lines in row]
        table.add_row(*map(Text, plain), Text(status, style=COLOURS.get(status, "")))
    console.print(table)
    for line in under(result, chapters):
        console.print(Text(line, style="dim"))


def markdown(result: SweepResult, chapters: Sequence[Chapter]) -> str:
    """The same as Markdown."""
    lines = ["# The tuning history, verdict by verdict", "", *([f"*{note(result)}*", ""] if note(result) else [])]
    lines += table_lines(HEAD, [[table_cell(*one) for one in row] for row in rows(chapters)])
    return "\n".join([*lines, "", *(f"- {inert(one)}" for one in under(result, chapters))]) + "\n"


def for_report(result: SweepResult, chapters: Sequence[Chapter]) -> dict[str, Any]:
    """The same for the page."""
    told = {"note": note(result), "head": list(HEAD), "rows": rows(chapters), "under": under(result, chapters)}
    return {"story": told}
