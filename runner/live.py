"""What a person sees while a sweep renders: a live table in a terminal, timed lines elsewhere."""

import time
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from runner.outcome import Outcome
from runner.progress import Progress
from workflow.cell import Cell
from workflow.words import counted

_LINE_EVERY_S = 30.0


class View(Protocol):
    """Where the engine tells what happens; every method may be called from any thread, often."""

    def cell_started(self, cell: Cell, k: int, n: int, attempt: str = "", where: str = "") -> None:
        """Cell ``k`` (from 1) of ``n`` is now followed; ``attempt`` says which one it is, where it is not the first,
        and ``where`` on which server, where there are several.
        """

    def progress(self, cell: Cell, progress: Progress) -> None:
        """A moment of its render."""

    def cell_finished(self, cell: Cell, outcome: Outcome) -> None:
        """It ended, one way or another."""

    def scoring(self, done: int, total: int) -> None:
        """``done`` of ``total`` renders are scored."""

    def note(self, text: str) -> None:
        """Something worth a line."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def make_view(total: int, console: Console, *, stand_in: bool) -> View:
    """The live view where ``console`` is a terminal, plain lines where not; both say *stand-in* when it is one."""
    return _LiveView(total, console, stand_in) if console.is_terminal else _PlainView(total, console, stand_in)


def clock(seconds: float) -> str:
    """Seconds as people read them.

    >>> clock(7.4), clock(67), clock(3723)
    ('7 s', '1:07', '1:02:03')
    """
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def where(progress: Progress) -> str:
    """A moment of a render in a few words.

    >>> where(Progress("sampling", "14", "WanVideoSampler", 6, 8, 2, 2, 2, 4))
    'window 2/2 step 2/4'
    """
    if progress.phase == "sampling" and progress.window is not None:
        return f"window {progress.window}/{progress.windows} step {progress.step}/{progress.steps}"
    if progress.phase == "waiting":
        return f"waiting, {progress.value:g} ahead" if progress.value else "waiting"
    part = f" {progress.value / progress.maximum:.0%}" if progress.maximum > 1 else ""
    return f"{progress.class_type}{part}" if progress.phase == "node" else f"{progress.phase}{part}"


def ending(outcome: Outcome) -> str:
    """An outcome in one line."""
    if outcome.done:
        seconds, slow = outcome.timings.total_s, outcome.timings.slow
        took = "" if seconds is None else f", {seconds:.1f} s on the server"
        more = f" and {len(slow) - 1} more" if len(slow) > 1 else ""
        return f"done{took}" + (f"; {slow[0]}{more}: memory may be spilling" if slow else "")
    stage = f" ({outcome.stage})" if outcome.stage else ""
    return f"{outcome.status.replace('_', ' ')}{stage}: {outcome.message.splitlines()[0] if outcome.message else ''}"


@dataclass
class _Running:
    """A cell that is rendered now: its number, which attempt, on which server, since when (monotonic)."""

    cell: Cell
    k: int
    attempt: str
    where: str
    since: float
    progress: Progress | None = None

    @property
    def which(self) -> str:
        return f", {self.attempt}" if self.attempt else ""


class _Tally:
    """What both views count. The forecast is the mean of the cells that ended, as wall time between their ends."""

    def __init__(self, total: int, stand_in: bool) -> None:
        self.total = total
        self.title = "rendering on the stand-in (a puppet, no model)" if stand_in else "rendering"
        self.begun = time.monotonic()
        self.ended = self.failed = self.scored = self.to_score = 0
        self.running: dict[str, _Running] = {}

    def started(self, cell: Cell, k: int, n: int, attempt: str, where: str) -> "_Running":
        self.total = n
        self.running[cell.name] = _Running(cell, k, attempt, where, time.monotonic())
        return self.running[cell.name]

    def finished(self, cell: Cell, outcome: Outcome) -> str:
        """Count an end; where it was, for the line that tells of it."""
        self.ended += 1
        self.failed += not outcome.done
        gone = self.running.pop(cell.name, None)
        return f" on {gone.where}" if gone is not None and gone.where else ""

    def left(self) -> str:
        remaining = self.total - self.ended
        if not self.ended or remaining <= 0:
            return ""
        return f"about {clock((time.monotonic() - self.begun) / self.ended * remaining)} left"

    def summary(self) -> str:
        so_far = f"{clock(time.monotonic() - self.begun)} so far"
        parts = [f"{self.ended}/{counted(self.total, 'cell')}", so_far, self.left()]
        parts.append(f"{self.failed} failed" if self.failed else "")
        pending = self.to_score - self.scored
        parts.append(f"{counted(pending, 'score')} pending" if pending > 0 else "")
        return " · ".join(part for part in parts if part)


class _PlainView:
    """Timed lines: each cell's start and end, and in between one line in half a minute."""

    def __init__(self, total: int, console: Console, stand_in: bool) -> None:
        self._tally, self._console = _Tally(total, stand_in), console
        self._said = 0.0

    def cell_started(self, cell: Cell, k: int, n: int, attempt: str = "", where: str = "") -> None:
        now = self._tally.started(cell, k, n, attempt, where)
        self._say(f"cell {k} of {n}{now.which}{f' on {where}' if where else ''}: {cell.name}")

    def progress(self, cell: Cell, progress: Progress) -> None:
        now = self._tally.running.get(cell.name)
        if now is not None and time.monotonic() - self._said >= _LINE_EVERY_S:
            self._say(f"{cell.name}: {where(progress)}, {clock(time.monotonic() - now.since)}")

    def cell_finished(self, cell: Cell, outcome: Outcome) -> None:
        there = self._tally.finished(cell, outcome)
        self._say(f"{cell.name}{there}: {ending(outcome)} · {self._tally.summary()}")

    def scoring(self, done: int, total: int) -> None:
        self._tally.scored, self._tally.to_score = done, total

    def note(self, text: str) -> None:
        self._say(text)

    def __enter__(self) -> Self:
        self._say(f"{self._tally.title}: {counted(self._tally.total, 'cell')}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._say(f"rendering ended: {self._tally.summary()}")

    def _say(self, text: str) -> None:
        self._said = time.monotonic()
        self._console.print(f"{time.strftime('%H:%M:%S')} {text}", markup=False, highlight=False, soft_wrap=True)


class _LiveView:
    """A table that stays in place, with one line above it for each cell that ended."""

    def __init__(self, total: int, console: Console, stand_in: bool) -> None:
        self._tally, self._console = _Tally(total, stand_in), console
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=4, transient=True)

    def cell_started(self, cell: Cell, k: int, n: int, attempt: str = "", where: str = "") -> None:
        self._tally.started(cell, k, n, attempt, where)

    def progress(self, cell: Cell, progress: Progress) -> None:
        if cell.name in self._tally.running:
            self._tally.running[cell.name].progress = progress

    def cell_finished(self, cell: Cell, outcome: Outcome) -> None:
        there = self._tally.finished(cell, outcome)
        mark = "[green]✓[/]" if outcome.done else "[red]✗[/]"
        self._console.print(f"{mark} {escape(cell.name)}{escape(there)}  [dim]{escape(ending(outcome))}[/]")

    def scoring(self, done: int, total: int) -> None:
        self._tally.scored, self._tally.to_score = done, total

    def note(self, text: str) -> None:
        self._console.print(escape(text))

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)
        self._console.print(Text(f"{self._tally.title}: {self._tally.summary()}", style="bold"))

    def _table(self) -> RenderableType:
        tally = self._tally
        head = Text(f"{tally.title} · {tally.summary()}", style="bold")
        running = list(tally.running.values())
        if not running:
            return head
        grid = Table.grid(padding=(0, 2))
        for one in running:
            cell = one.cell
            grid.add_row(
                f"cell {one.k} of {tally.total}{one.which}",
                Text(f"{cell.setting} / {cell.clip.name} / seed {cell.seed}", style="cyan"),
                *([one.where] if any(other.where for other in running) else []),
                where(one.progress) if one.progress is not None else "submitted",
                clock(time.monotonic() - one.since),
            )
        bar = Table.grid()  # a bar by itself ends no line
        bar.add_row(ProgressBar(total=max(1, tally.total), completed=tally.ended, width=48))
        return Group(head, bar, grid)
