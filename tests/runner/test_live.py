"""What is shown while a sweep renders."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from runner.live import ending, make_view
from runner.outcome import Outcome
from runner.progress import Progress
from workflow.cell import Cell
from workflow.timings import SlowStep, Timings


def play(cell: Cell, *, terminal: bool, stand_in: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=120, color_system=None)
    with make_view(2, console, stand_in=stand_in) as view:
        view.cell_started(cell, 1, 2)
        for value in range(1, 200):
            view.progress(cell, Progress("sampling", "14", "WanVideoSampler", value, 400, 1 + value // 4, 50, 1, 4))
        view.cell_finished(cell, Outcome("done", timings=Timings(total_s=12.34)))
        view.scoring(0, 1)
        view.cell_started(cell, 2, 2)
        view.cell_finished(cell, Outcome("node_error", "sample", "[red]boom[/] in a node"))
        view.note("a [note]")
    return out.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_cells_endings_and_notes_are_shown_word_for_word(make_cell: Callable[..., Cell], terminal: bool) -> None:
    shown = play(make_cell(), terminal=terminal, stand_in=True)
    for words in ("stand-in", "test/hum/1", "12.3 s", "[red]boom[/]", "a [note]", "1 failed", "1 score pending"):
        assert words in shown, words


def test_a_real_server_is_not_called_a_stand_in(make_cell: Callable[..., Cell]) -> None:
    for terminal in (True, False):
        assert "stand-in" not in play(make_cell(), terminal=terminal, stand_in=False)


def test_plain_lines_are_few_and_timed(make_cell: Callable[..., Cell]) -> None:
    lines = play(make_cell(), terminal=False, stand_in=True).splitlines()
    assert len(lines) == 7
    assert all(line[2] == ":" and line[5] == ":" for line in lines)


def test_a_slow_step_is_said_where_its_cell_ends() -> None:
    slow = SlowStep(2, 3, 15.0, 5.0)
    said = ending(Outcome("done", timings=Timings(total_s=60.0, slow=(slow,))))
    assert (
        said == "done, 60.0 s on the server; step 3 of window 2 took 5.0× the median (15.0 s): memory may be spilling"
    )
    more = ending(Outcome("done", timings=Timings(slow=(slow, slow, slow))))
    assert "and 2 more: memory may be spilling" in more
    assert ending(Outcome("done", timings=Timings(total_s=60.0))) == "done, 60.0 s on the server"
