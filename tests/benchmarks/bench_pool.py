"""A pool of eight stand-ins of different speed: how close to ideal, and what random deaths cost.

    python tests/benchmarks/bench_pool.py [--cells 200] [--deadly 500] [--slowest 12] [--seed 1]

First without trouble: wall time against the ideal, which is that of servers that are never idle, each at the pace that
its own history tells. Then with deaths: every few seconds one of the servers is killed, and started again later.
Lost and twice are counted in the store; idle is the share of the looks at a server that is there in which nothing ran,
from the first cell's begin to the last one's.
"""

import argparse
import io
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from measure import ROOT, figure, heading

sys.path.insert(0, str(ROOT / "tests" / "faults"))

import requests
from house import House
from rich.console import Console
from small_sweep import make_cells, make_clip, plan_of, pool_config

from runner.config import RetriesConfig
from runner.live import make_view
from runner.pool import open_members
from sweeps.config import BudgetConfig
from sweeps.engine import Engine
from sweeps.limits import Limits
from sweeps.scoring import ScoringPool
from sweeps.store import Store

SERVERS = 8
GOAL_WALL, GOAL_IDLE = 1.05, 5.0
PATIENT = {"stall_timeout_s": 120.0, "silent_timeout_s": 120.0}


def paces(slowest: float) -> list[float]:
    """Seconds a render, from a fifth of the slowest up to it."""
    return [slowest * (0.2 + 0.8 * k / (SERVERS - 1)) for k in range(SERVERS)]


class Paced(House):
    """A stand-in whose renders take ``pace`` seconds at least."""

    def __init__(self, folder: Path, pace: float) -> None:
        super().__init__(folder)
        self._command = [*self._command, "--pace", f"{pace:g}"]


def render(
    houses: list[Paced], cells: int, folder: Path, look: Callable[[Engine], None] = lambda _: None, **changes: Any
) -> tuple[Engine, float]:
    """One sweep over all of them, ``look`` called all the while; the engine, and how long it took."""
    store = Store(folder / "store")
    clip = make_clip(folder)
    plan = plan_of(make_cells(clip, cells), store)
    plan = replace(plan, cells=tuple(replace(one, seconds=1.0) for one in plan.cells))
    hurried = {"poll_s": 0.1, "rejoin_s": 0.5, "retries": RetriesConfig(lost=5, wait_s=0.1)}
    pooled = pool_config([house.url for house in houses], **(hurried | PATIENT | changes))
    with ExitStack() as stack:
        members = stack.enter_context(open_members(pooled, folder / "servers"))
        pool = stack.enter_context(ScoringPool())
        view = make_view(cells, Console(file=io.StringIO()), stand_in=True)
        limits, cancel = Limits(BudgetConfig()), threading.Event()
        engine = Engine(plan, store, members, pool, view, limits, lambda *_: None, cancel)
        engine.look = look
        start = time.perf_counter()
        engine.run()
        return engine, time.perf_counter() - start


def seconds_each(house: Paced) -> list[float]:
    """What the server's own history says that its renders took."""
    found = []
    for entry in requests.get(f"{house.url}/history", timeout=60).json().values():
        said = {name: data["timestamp"] / 1000 for name, data in entry["status"]["messages"]}
        found.append(said["execution_success"] - said["execution_start"])
    return found


class Watcher(threading.Thread):
    """Looks at every server's queue, and kills one now and then."""

    def __init__(self, houses: list[Paced], chance: random.Random) -> None:
        super().__init__(daemon=True)
        self._houses, self._chance, self.over = houses, chance, threading.Event()
        self.looks: list[tuple[float, bool]] = []
        self.deaths = 0
        self._back: dict[int, float] = {}

    def run(self) -> None:
        """Until ``over``."""
        due = time.monotonic() + 5
        while not self.over.wait(0.2):
            now = time.monotonic()
            if now >= due:
                due = now + self._chance.uniform(3, 8)
                k = self._chance.randrange(SERVERS)
                if k not in self._back and len(self._back) < SERVERS // 2:
                    self._houses[k].kill()
                    self.deaths += 1
                    self._back[k] = now + self._chance.uniform(2, 8)
            for k in [k for k, at in self._back.items() if now >= at]:
                self._houses[k].start()
                del self._back[k]
            for k, house in enumerate(self._houses):
                if k not in self._back:
                    self._look(house)

    def _look(self, house: Paced) -> None:
        try:
            running = requests.get(f"{house.url}/queue", timeout=2).json()["queue_running"]
        except (requests.RequestException, ValueError):
            return
        self.looks.append((time.monotonic(), bool(running)))


def started(folder: Path, stack: ExitStack, slowest: float) -> list[Paced]:
    """Eight of them."""
    houses = [Paced(folder / f"house-{k}", pace) for k, pace in enumerate(paces(slowest))]
    for house in houses:
        house.start()
        stack.callback(house.kill)
    return houses


def calm(cells: int, slowest: float) -> None:
    """Nobody dies."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        houses = started(Path(name), stack, slowest)
        heading(f"{cells} cells over {SERVERS} servers, {paces(slowest)[0]:.1f} to {slowest:g} s a render")
        engine, wall = render(houses, cells, Path(name))
        took = [seconds_each(house) for house in houses]
        ideal = cells / sum(len(one) / sum(one) for one in took)
        figure("wall time against the ideal", wall / ideal, "×", GOAL_WALL, f"{wall:.1f} s, ideal {ideal:.1f} s")
        print(f"  renders by server: {', '.join(str(len(one)) for one in took)}; {engine.progress.rendered} in all")


def deadly(cells: int, slowest: float, seed: int) -> None:
    """They die and come back."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        houses = started(Path(name), stack, slowest)
        heading(f"{cells} cells over {SERVERS} servers that die")
        watcher = Watcher(houses, random.Random(seed))
        watcher.start()
        begin = time.monotonic()
        engine, wall = render(houses, cells, Path(name), unreachable_s=1.0)
        watcher.over.set()
        watcher.join()
        ends = sorted(path.stat().st_mtime for path in (Path(name) / "store").glob("*/*/render.json"))
        tail = wall - (time.time() - ends[-SERVERS]) if len(ends) >= SERVERS else wall
        while_busy = [busy for at, busy in watcher.looks if begin + 1 <= at <= begin + tail]
        made = Counter(path.parent.parent.name for path in (Path(name) / "store").glob("*/*/render.json"))
        for cell, failure in engine.progress.failures.items():
            print(f"  {cell}: {failure.status} {failure.message} after {failure.tries} attempts")
        figure("lost", cells - len(made), "cells", 0, f"{watcher.deaths} deaths, {wall:.0f} s")
        figure("twice", sum(count - 1 for count in made.values()), "cells", 0, f"{engine.progress.rendered} rendered")
        idle = 100 * (1 - sum(while_busy) / max(1, len(while_busy)))
        figure("idle, of the servers that are there", idle, "%", GOAL_IDLE, f"{len(while_busy)} looks")


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--deadly", type=int, default=500)
    parser.add_argument("--slowest", type=float, default=12.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.cells:
        calm(args.cells, args.slowest)
    if args.deadly:
        deadly(args.deadly, args.slowest, args.seed)


if __name__ == "__main__":
    main()
