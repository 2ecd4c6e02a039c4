"""Choices in words: for the terminal, as ``votes.md``, and as plain figures for the report page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sweeps.inert import table_cell, table_lines
from sweeps.results import SweepResult
from sweeps.votes.agreement import Agreement, Tally, agreement, tallies, wilson
from sweeps.votes.ballot import TICKS
from sweeps.votes.box import PLAN, Votes, gather
from workflow.words import counted

if TYPE_CHECKING:
    from rich.console import Console

HEAD_WINS: Final = ("setting", "won", "lost", "no difference", "share won (95 %)")
HEAD_AGREEMENT: Final = ("metric", "agrees", "of", "share (95 %)")
UNDER: Final = (
    "Share won: of the decided pairs. A metric agrees where the side that it calls better was picked; pairs without a"
    " difference, to the person or to the metric, are left out. 95 % Wilson intervals, as if every pair stood for"
    " itself; pairs that share a video do not, so the truth is wider. A half is chance."
)


@dataclass(frozen=True)
class Told:
    """What the choices among the videos of one plan came to."""

    result: SweepResult
    votes: Votes
    wins: Sequence[Tally]
    metrics: Sequence[Agreement]

    @property
    def title(self) -> str:
        """Which sweep and plan, how many choices, and what has to be said of what rendered the videos."""
        decided = sum(bool(one.choice) for one in self.votes.choices)
        head = f"{self.result.sweep_id}, plan {self.result.plan_hash[:PLAN]}"
        rounds = counted(self.votes.rounds, "round")
        said = f"{counted(len(self.votes.choices), 'blind choice')} in {rounds}, {decided} decided"
        return f"{head}: {said}" + (f" · {self.result.note}" if self.result.note else "")


def tell(result: SweepResult, folder: Path) -> Told | None:
    """What was brought into ``folder`` for the plan of ``result``; None where nothing was."""
    votes = gather(folder, result)
    if not votes.choices:
        return None
    wins = tallies(votes.choices, [one.name for one in result.settings])
    return Told(result, votes, wins, agreement(votes.choices, result))


def for_report(result: SweepResult, folder: Path) -> dict[str, Any]:
    """The same for the page, which has its own words; nothing where there are no choices."""
    found = tell(result, folder)
    if found is None:
        return {}
    wins = [
        [one.setting, one.wins, one.losses, one.alike, *_ends(one.wins, one.wins + one.losses)] for one in found.wins
    ]
    ticks = [[one.setting, dict(one.ticks)] for one in found.wins if one.ticks]
    metrics = [[one.metric, one.agreed, one.n, *wilson(one.agreed, one.n)] for one in found.metrics]
    told = {"choices": len(found.votes.choices), "rounds": found.votes.rounds, "wins": wins, "ticks": ticks}
    return {"votes": told | {"metrics": metrics}}


def _ends(count: int, n: int) -> Sequence[float | None]:
    return wilson(count, n) if n else (None, None)


def share(count: int, n: int) -> str:
    """A share with its interval.

    >>> share(7, 9), share(0, 0)
    ('78 % (45 … 94)', '–')
    """
    if not n:
        return "–"
    low, high = (f"{100 * one:.0f}" for one in wilson(count, n))
    return f"{100 * count / n:.0f} % ({low} … {high})"


def tables(found: Told) -> list[tuple[Sequence[str], list[list[str]]]]:
    """Head and rows: wins, agreement, what was ticked."""
    wins = [
        [one.setting, str(one.wins), str(one.losses), str(one.alike), share(one.wins, one.wins + one.losses)]
        for one in found.wins
    ]
    metrics = [[one.metric, str(one.agreed), str(one.n), share(one.agreed, one.n)] for one in found.metrics]
    made: list[tuple[Sequence[str], list[list[str]]]] = [(HEAD_WINS, wins), (HEAD_AGREEMENT, metrics)]
    if any(one.ticks for one in found.wins):
        rows = [[one.setting, *(str(one.ticks.get(tick, "")) for tick in TICKS)] for one in found.wins]
        made.append((("ticked", *TICKS), rows))
    return [(head, rows) for head, rows in made if rows]


def show(found: Told, console: "Console") -> None:
    """Print it."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    console.print(Text(found.title, style="bold"))
    for head, rows in tables(found):
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for at, name in enumerate(head):
            table.add_column(name, justify="right" if at else "left", overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)
    for line in under(found):
        console.print(Text(line, style="dim"))


def under(found: Told) -> list[str]:
    """What is to be known beside the tables."""
    torn = found.votes.unreadable
    return [UNDER, *([f"{counted(len(torn), 'file')} in votes/ cannot be read: {', '.join(torn)}"] if torn else [])]


def markdown(every: Sequence[Told]) -> str:
    """All plans of a sweep, one after the other, with the remarks."""
    lines = ["# Blind choices"]
    for found in every:
        lines += ["", f"## {table_cell(found.title)}"]
        for head, rows in tables(found):
            lines += ["", *table_lines(head, [list(map(table_cell, row)) for row in rows])]
        remarks = [one for one in found.votes.choices if one.remark]
        lines += ["", *(f"- {table_cell(_remark(one.clip, one.seed, one.shown, one.remark))}" for one in remarks)]
        lines += ["", *map(table_cell, under(found))]
    return "\n".join(lines) + "\n"


def _remark(clip: str, seed: int, shown: tuple[str, str], remark: str) -> str:
    return f"{clip}, seed {seed}, {shown[0]} (1) and {shown[1]} (2): {remark}"
