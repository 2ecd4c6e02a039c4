"""The harness's own memory over a long sweep: it must not grow with the cells that are done.

    python tests/benchmarks/bench_memory.py [--cells 2000] [--servers 4]

A plan of so many tiny cells over stand-ins that take no time; the resident memory of this process after every hundred.
"""

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psutil
from bench_pool import Paced, render
from measure import MB, figure, heading, median

from sweeps.engine import Engine

GOAL_MB = 20.0
EACH = 100


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=2000)
    parser.add_argument("--servers", type=int, default=4)
    args = parser.parse_args()
    heading(f"{args.cells} cells over {args.servers} stand-ins")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        houses = [Paced(folder / f"house-{k}", 0.0) for k in range(args.servers)]
        for house in houses:
            house.start()
            stack.callback(house.kill)
        sizes: list[float] = []

        def look(engine: Engine) -> None:
            if engine.progress.rendered >= EACH * (len(sizes) + 1):
                sizes.append(psutil.Process().memory_info().rss / MB)

        engine, _ = render(houses, args.cells, folder, look)
    print(f"  MB after each {EACH}: {', '.join(f'{one:.0f}' for one in sizes)}; {engine.progress.rendered} rendered")
    third = max(1, len(sizes) // 4)
    early, late = median(sizes[third : 2 * third]), median(sizes[-third:])
    figure("growth, from the second quarter to the last", late - early, "MB", GOAL_MB)


if __name__ == "__main__":
    main()
