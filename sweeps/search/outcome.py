"""What a search came to: the best settings, which bounds stood in the way, which parameters mattered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sweeps.inert import table_cell, table_lines
from sweeps.results import note_of
from sweeps.search.aims import total_violation
from sweeps.search.book import Book
from sweeps.search.fidelity import Agreement, agreements
from sweeps.search.importance import EVALUATOR, Importance, importances
from sweeps.search.proposal import BASELINE, COPY, OUTSIDE, SHELVED, WHY
from sweeps.search.setup import Search
from sweeps.settings import short
from workflow.words import counted

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial
    from rich.console import Console

LETTERS = "abcdefghijklmnopqrstuvwxyz"
"""What bounds are called in the table; they are spelt out below it."""
MOST_ROWS = 10
"""Rows of the table in the terminal; the CSV has every trial."""


@dataclass(frozen=True)
class Row:
    """One trial with a whole look. ``change`` is against the baseline; ``broken`` the bounds it breaks, by how much."""

    number: int
    baseline: bool
    point: Mapping[str, Any]
    values: tuple[float, ...]
    change: tuple[float, ...] | None
    broken: Mapping[str, float]
    front: bool = False

    @property
    def name(self) -> str:
        """``baseline``, or the trial's number."""
        return "baseline" if self.baseline else f"#{self.number}"

    @property
    def violation(self) -> float:
        """All that is broken, in one figure."""
        return total_violation(self.broken)


@dataclass(frozen=True)
class Outcome:
    """What a search came to so far: its rows best first, how many proposals came to what, and what is to be said."""

    title: str
    objectives: tuple[str, ...]
    parameters: tuple[str, ...]
    rows: tuple[Row, ...]
    counts: Mapping[str, int]
    bounds: tuple[str, ...] = ()
    failures: Mapping[str, int] = field(default_factory=dict)
    importance: Mapping[str, Mapping[str, Importance]] = field(default_factory=dict)
    agreement: tuple[Agreement, ...] = ()
    note: str = ""

    @property
    def best(self) -> Row | None:
        """The best setting that keeps every bound, None where none does."""
        return next((row for row in self.rows if not row.violation), None)

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What is to be said under the table, each with its weight (``dim``, ``yellow``, ``red``)."""
        said = [("dim", f"{letter}: {name}") for letter, name in zip(LETTERS, self.bounds, strict=False)]
        said += [("dim", ", ".join(f"{count} {what}" for what, count in self.counts.items() if count))]
        unheld = [name for name in self.bounds if self.rows and not any(name in row.broken for row in self.rows)]
        said += [("yellow", f"not held, it has no figure: {name}") for name in unheld]
        said += [("red", f"{counted(count, 'trial')}: {why}") for why, count in self.failures.items()]
        if self.rows and self.best is None:
            row = self.rows[0]
            worst = ", ".join(f"{name} by {100 * by:.0f} %" for name, by in row.broken.items() if by > 0)
            said.append(("yellow", f"no setting keeps every bound; {row.name} comes nearest, breaking {worst}"))
        said += [("dim" if one.trusted else "yellow", one.shown) for one in self.agreement]
        for objective, found in self.importance.items():
            if not found:
                continue
            parts = ", ".join(f"{name} {one.shown}" for name, one in found.items())
            said.append(("dim", f"importance for {objective} ({EVALUATOR}): {parts}"))
        return said


def outcome_of(book: Book, search: Search, title: str, mark: str) -> Outcome:
    """Read the outcome off the trials."""
    from optuna.trial import TrialState

    trials = [one for one in book.trials if not {COPY, SHELVED} & set(one.user_attrs)]
    known = [one for one in trials if one.state == TrialState.COMPLETE or "values" in one.user_attrs]
    base = next((_values(one) for one in known if BASELINE in one.user_attrs), None)
    front = set()
    if len(search.objectives) > 1 and any(one.state == TrialState.COMPLETE for one in known):
        front = {one.number for one in book.study.best_trials}
    rows = [_row(book, one, base, one.number in front) for one in known]
    first = search.objectives[0]
    rows.sort(key=lambda row: (row.violation, not row.front, -row.values[0] if first.maximise else row.values[0]))
    failures: dict[str, int] = {}
    for one in trials:
        if one.state == TrialState.FAIL and "values" not in one.user_attrs:
            why = str(one.user_attrs.get(WHY, "no reason given"))
            failures[why] = failures.get(why, 0) + 1
    counts = {
        "looked at whole": len(known),
        "dropped on the way": sum(one.state == TrialState.PRUNED for one in trials),
        "failed": sum(failures.values()),
        "proposed again and not rendered again": sum(COPY in one.user_attrs for one in book.trials),
    }
    seen = [dict(one.intermediate_values) for one in trials]
    return Outcome(
        title=title,
        objectives=tuple(one.shown for one in search.objectives),
        parameters=search.space.names,
        bounds=tuple(one.shown for one in search.bounds),
        rows=tuple(rows),
        counts=counts,
        failures=failures,
        importance={one.shown: importances(book.study, at) for at, one in enumerate(search.objectives)},
        agreement=tuple(agreements(search.ladder, seen)),
        note=note_of(mark),
    )


def _values(trial: "FrozenTrial") -> tuple[float, ...]:
    return tuple(trial.user_attrs["values"]) if OUTSIDE in trial.user_attrs else tuple(trial.values)


def _row(book: Book, trial: "FrozenTrial", base: Sequence[float] | None, front: bool) -> Row:
    outside = OUTSIDE in trial.user_attrs
    values = _values(trial)
    return Row(
        trial.number,
        BASELINE in trial.user_attrs,
        {} if outside else book.space.suggest(trial),
        values,
        None if base is None else tuple(one - other for one, other in zip(values, base, strict=True)),
        dict(trial.user_attrs["violations"] if outside else trial.constraints),
        front,
    )


def print_outcome(outcome: Outcome, console: "Console", most: int = MOST_ROWS) -> None:
    """Print the best settings and what is to be said."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = f"{outcome.title}: the best of {counted(len(outcome.rows), 'setting')}"
    console.print(Text(title + (f" · {outcome.note}" if outcome.note else ""), style="bold"))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    for head in headings(outcome):
        table.add_column(Text(head), justify="left" if head in ("trial", *outcome.parameters) else "right")
    shown = list(outcome.rows[:most])
    shown += [row for row in outcome.rows[most:] if row.baseline]
    for row in shown:
        table.add_row(*cells(outcome, row))
    if outcome.rows:
        console.print(table)
    for style, line in outcome.lines:
        if line:
            console.print(Text(line, style=style))


def headings(outcome: Outcome) -> list[str]:
    """The columns of the table."""
    return ["trial", *(part for one in outcome.objectives for part in (one, "Δ")), "bounds", *outcome.parameters]


def cells(outcome: Outcome, row: Row) -> list[str]:
    """One row of it, in words."""
    numbers = []
    for at, value in enumerate(row.values):
        change = "" if row.change is None or row.baseline else f"{row.change[at]:+.3g}"
        numbers += [f"{value:.3g}", change]
    broken = ", ".join(
        f"{letter} {100 * by:.0f} %" for letter, by in zip(LETTERS, _in_order(outcome, row), strict=False) if by > 0
    )
    kept = "kept" if row.broken else "–"
    values = [short(row.point[name], 20) if name in row.point else "–" for name in outcome.parameters]
    name = row.name + (" ◆" if row.front else "")
    return [name, *numbers, broken or kept, *values]


def _in_order(outcome: Outcome, row: Row) -> list[float]:
    return [row.broken.get(name, 0.0) for name in outcome.bounds]


def markdown(outcome: Outcome) -> str:
    """The whole outcome as Markdown."""
    head = headings(outcome)
    note = f"\n*{outcome.note}*\n" if outcome.note else ""
    rows = [[table_cell(one) for one in cells(outcome, row)] for row in outcome.rows]
    lines = [f"# {outcome.title}: search", note, *table_lines(head, rows)]
    lines += ["", *(f"- {table_cell(line)}" for _, line in outcome.lines if line)]
    return "\n".join(lines) + "\n"
