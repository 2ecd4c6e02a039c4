"""The clock of this machine jumps by hours while a sweep runs, forwards and back."""

import itertools
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from house import House
from invariants import check, nothing_left
from small_sweep import config, sweep

from runner.server import open_server
from sweeps.store import Store
from workflow.cell import Cell
from workflow.files import read_json

Cells = Callable[..., list[Cell]]
Matrix = Callable[[str, str, str], None]
HOUR = 3600.0


JUMPS = {"both ways": (0, 5, -7, 40), "a year back": (0, -9000), "ever on": (0, 1, 2, 3, 4, 5)}


@pytest.mark.parametrize("jumps", JUMPS.values(), ids=JUMPS)
def test_clock_jumps(
    jumps: tuple[int, ...],
    house: House,
    cells: Cells,
    store: Store,
    matrix: Matrix,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    three, real, offsets = cells(3), time.time, itertools.cycle(jumps)
    monkeypatch.setattr(time, "time", lambda: real() + next(offsets) * HOUR)
    with open_server(config(house.url, stall_timeout_s=5.0, silent_timeout_s=5.0), tmp_path) as server:
        progress = sweep(server, three, store)
    assert not progress.failures and progress.stopped is None, progress
    check(store, three, progress, house)
    nothing_left(store, three, house)
    assert [house.runs(cell) for cell in three] == [1, 1, 1]
    for path in store.root.rglob("render.json"):
        seconds = [value for value in read_json(path)["timings"].values() if isinstance(value, int | float)]
        assert all(0 <= value < HOUR for value in seconds), "a duration was measured with the clock of the wall"
    matrix(f"clock jumps by {', '.join(f'{jump:+d} h' for jump in jumps if jump)}", "nobody minds", "done, done, done")
