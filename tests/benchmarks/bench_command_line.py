"""How long ``--help`` and ``action=plan`` take, as whole processes.

    python tests/benchmarks/bench_command_line.py [--repeats 5] [--cells 1000 10000]

Plans are made twice: in an outputs folder that was never used (the sample's pictures are prepared first, and thrown
away), and in one in which a sweep has run (pictures kept, a server seen, so the store is asked about every cell).
"""

import argparse
import tempfile
from pathlib import Path

from measure import Usage, figure, heading, median_of, run, shown, sweep_command

CLIPS = 6
GOALS = {1000: 2.0, 10000: 15.0}
GROUPS = (
    "sweep.axes.variant=[v1,v2,v3,v3_reinhard,v4,v5,v6,v7,current]",
    "sweep.axes.gpu=[a800_80gb,rtx5090_32gb]",
    "sweep.axes.model=[q8,fp8_scaled]",
)
COMBINATIONS = 9 * 2 * 2


def plans(cells: int) -> dict[str, list[str]]:
    """Sweeps of at least ``cells`` cells over six clips: what differs is where the many come from."""
    seeds = max(1, round((cells / CLIPS) ** 0.5))

    def ranged(settings: int) -> str:
        return f"sweep.axes.shift='range(1,{1 + 0.005 * settings:.3f},0.005)'"

    def seeded(count: int) -> str:
        return f"sweep.seeds={list(range(count))}".replace(" ", "")

    groups = [*GROUPS, seeded(-(-cells // (CLIPS * COMBINATIONS)))]
    return {
        "settings and seeds": [ranged(-(-cells // (CLIPS * seeds))), seeded(seeds)],
        "many settings, one seed": [ranged(-(-cells // CLIPS))],
        f"{COMBINATIONS} combinations of config groups": groups,
    }


def show(name: str, usage: Usage, goal: float | None) -> None:
    figure(name, usage.wall_s, "s", goal, f"CPU {usage.cpu_s:.2f} s, peak {usage.largest_mb:.0f} MB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cells", type=int, nargs="+", default=sorted(GOALS))
    args = parser.parse_args()

    heading("python sweep.py --help")
    show(f"median of {args.repeats}", median_of(sweep_command("--help"), args.repeats), 0.7)
    with tempfile.TemporaryDirectory() as folder:
        used, unused = Path(folder) / "used", Path(folder) / "unused"
        run(sweep_command("scoring=quick", "limit=1", f"outputs={used}"))
        for cells in args.cells:
            for name, arguments in plans(cells).items():
                command = sweep_command("action=plan", *arguments)
                heading(f"{cells:,} cells, {name}: {shown(command)}")
                # Composing some fifty milliseconds for each combination of groups is Hydra's, whatever the cells.
                goal = None if "combinations" in name else GOALS.get(cells)
                for state, outputs in (("outputs never used", unused), ("after a sweep", used)):
                    show(state, median_of([*command, f"outputs={outputs}"], args.repeats), goal)


if __name__ == "__main__":
    main()
