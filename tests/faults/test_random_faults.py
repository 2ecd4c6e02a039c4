"""Random faults over sweeps of twenty cells: whatever comes, nothing is lost, doubled or mixed up.

``FAULT_SEEDS=200`` tries as many seeds; one that failed is tried alone with ``FAULT_SEEDS=17:18``.
"""

import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from house import House, Street
from invariants import check, kept, nothing_left
from small_sweep import config, pool_config, sweep, sweep_on

from runner.config import RetriesConfig
from runner.pool import open_members
from runner.server import open_server
from runner.standin.faults import read_fault
from sweeps.progress import Progress
from sweeps.store import Store
from workflow.cell import Cell

Cells = Callable[..., list[Cell]]
Matrix = Callable[[str, str, str], None]

CELLS = 20
FAULTS: tuple[Callable[[random.Random], str], ...] = (
    lambda r: f"died:when={r.choice(['taken', 'sampling', 'encoding', 'written'])},after={r.randrange(60)}",
    lambda r: f"died:when=taken,after={r.randrange(20)}",
    lambda r: f"socket-closed:after={r.randrange(20000)},times={r.randint(1, 3)}",
    lambda r: f"socket-silent:after={r.randrange(20000)}",
    lambda r: f"post-lost:after={r.randrange(20)},taken={r.randint(0, 1)},times={r.randint(1, 2)}",
    lambda r: f"http-500:after={r.randrange(150)},times={r.randint(1, 6)}",
    lambda r: (
        f"http-502:after={r.randrange(50)},times={r.randint(1, 6)},path={r.choice(['/queue', '/history', '/view'])}"
    ),
    lambda r: f"http-truncated:after={r.randrange(60)},times={r.randint(1, 3)},how={r.choice(['body', 'connection'])}",
    lambda r: f"refused:after={r.randrange(150)},seconds={r.uniform(0.1, 1.0):.2f}",
    lambda r: f"slow:after={r.randrange(150)},times={r.randint(1, 20)},seconds={r.uniform(0.01, 0.2):.2f}",
    lambda r: f"history-evicted:after={r.randrange(20)},times={r.randint(1, 2)}",
    lambda r: f"queue-cleared:after={r.randrange(20)},times={r.randint(1, 2)}",
    lambda r: f"interrupted:after={r.randrange(80)}",
    lambda r: f"out-of-memory:after={r.randrange(80)},keeps={int(r.random() < 0.3)}",
    lambda r: f"node-error:after={r.randrange(80)}",
    lambda r: f"worker-dead:after={r.randrange(80)}",
    lambda r: f"worker-stuck:after={r.randrange(80)},seconds=2",
    lambda r: f"graph-altered:after={r.randrange(20)}",
    lambda r: f"disk-full:how={r.choice(['error', 'mux', 'truncated'])},after={r.randrange(5)}",
    *(
        lambda r, name=name: f"{name}:after={r.randrange(20)},times={r.randint(1, 2)}"
        for name in ("output-truncated", "output-garbage", "output-foreign", "output-missing", "output-cached")
    ),
)


def seeds(usual: str = "3") -> range:
    """Which seeds to try."""
    words = os.environ.get("FAULT_SEEDS", usual)
    first, _, last = words.rpartition(":")
    return range(int(first or 0), int(last))


def settings(**changes: Any) -> dict[str, Any]:
    """How long a command waits for what."""
    retries = RetriesConfig(wait_s=0.05, longest_wait_s=0.1)
    return {"unreachable_s": 3.0, "stall_timeout_s": 2.0, "silent_timeout_s": 2.0, "retries": retries, **changes}


@contextmanager
def watched(houses: list[House]) -> Iterator[None]:
    """Somebody starts a server again whenever it died."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            for house in houses:
                if not house.answers() and not house.alive():
                    house.start()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join(30)


def command(
    house: House, cells: list[Cell], store: Store, workdir: Path, faults: list[str], restarts: bool
) -> Progress:
    """One command; its own restart command starts the server again whenever it died, if ``restarts``, else somebody."""
    changes = {"restart_command": house.restart_command} if restarts else {}
    with open_server(config(house.url, **settings(**changes)), workdir) as server:
        house.fault(*faults)
        with watched([] if restarts else [house]):
            return sweep(server, cells, store)


def command_of_a_pool(
    street: Street, cells: list[Cell], store: Store, workdir: Path, faults: list[list[str]]
) -> Progress:
    """One command on all servers, each of which has faults of its own; somebody starts again what died."""
    with open_members(pool_config(street.urls, **settings()), workdir) as members:
        for house, its in zip(street.houses, faults, strict=True):
            house.fault(*its)
        with watched(street.houses):
            return sweep_on(members, cells, store)


def some_faults(chance: random.Random, most: int = 8) -> list[str]:
    """Three of them or more."""
    return [make(chance) for make in chance.sample(FAULTS, chance.randint(3, most))]


def cost(faults: list[str]) -> int:
    """Each time that something happens may cost the render at hand, and the one that waits behind it."""
    return sum(2 * (read_fault(one).times or 1) for one in faults)


@pytest.mark.parametrize("seed", seeds())
def test_random_faults(seed: int, house: House, cells: Cells, store: Store, matrix: Matrix, tmp_path: Path) -> None:
    chance, all_of_them = random.Random(seed), cells(CELLS)
    told: list[str] = []
    before: set[str] = set()
    for _ in range(3):
        faults = some_faults(chance)
        told += faults
        progress = command(house, all_of_them, store, tmp_path, faults, chance.random() < 0.5)
        before = still_there(before, all_of_them, store, progress, house)
        house.in_order()
        if len(before) == CELLS:
            break
    with open_server(config(house.url), tmp_path) as server:
        done, runs = in_the_end(before, all_of_them, store, house, lambda: sweep(server, all_of_them, store))
    assert CELLS <= runs <= CELLS + cost(told), f"{runs} renders, {told}"
    seen = f"{CELLS} cells, {len(told)} kinds of fault, {done} stored under them, {runs} renders in all"
    matrix(f"random faults, seed {seed}", "all invariants", seen)


@pytest.mark.parametrize("seed", seeds("1"))
def test_random_faults_of_a_pool(
    seed: int, street: Street, cells: Cells, store: Store, matrix: Matrix, tmp_path: Path
) -> None:
    chance, all_of_them = random.Random(1000 + seed), cells(CELLS)
    faults = [some_faults(chance, 5) for _ in street.houses]
    told = [one for its in faults for one in its]
    progress = command_of_a_pool(street, all_of_them, store, tmp_path, faults)
    before = still_there(set(), all_of_them, store, progress, street)
    street.in_order()
    with open_server(config(street.urls[0]), tmp_path) as server:
        done, runs = in_the_end(before, all_of_them, store, street, lambda: sweep(server, all_of_them, store))
    assert CELLS <= runs <= CELLS + cost(told), f"{runs} renders, {told}"
    seen = f"{CELLS} cells, {len(told)} kinds of fault, {done} stored under them, {runs} renders in all"
    matrix(f"random faults of three servers, seed {seed}", "all invariants", seen)


def still_there(
    before: set[str], cells: list[Cell], store: Store, progress: Progress, place: House | Street
) -> set[str]:
    """What is stored now, after a command that kept its promises: all that was."""
    check(store, cells, progress, place)
    now = set(kept(store, cells))
    assert before <= now, "what was stored is gone"
    return now


def in_the_end(
    before: set[str], cells: list[Cell], store: Store, place: House | Street, command: Callable[[], Progress]
) -> tuple[int, int]:
    """The same command with everything in order: how many cells it found stored, and all renders there ever were."""
    done = {cell.recipe: place.runs(cell) for cell in cells if cell.recipe in before}
    progress = command()
    assert not progress.failures and progress.stopped is None, progress
    check(store, cells, progress, place)
    nothing_left(store, cells, place)
    assert {recipe: place.runs(cell) for cell in cells if (recipe := cell.recipe) in done} == done, "rendered again"
    return len(done), sum(place.runs(cell) for cell in cells)
