"""What the main line takes on the stand-in, and what the same command takes again.

    python tests/benchmarks/bench_main_line.py [--experiment motion_frame]

Memory is that of all processes at one moment (harness, stand-in, scoring worker), and of the largest one.
"""

import argparse
import tempfile
from pathlib import Path

from measure import Usage, figure, heading, run, shown, sweep_command

MINUTES, GIGABYTES = 4.0, 1.5


def show(usage: Usage, minutes: float | None) -> None:
    figure("wall", usage.wall_s / 60, "min", minutes, f"{usage.wall_s:.1f} s, CPU {usage.cpu_s:.1f} s")
    figure("peak memory, all processes", usage.tree_mb / 1024, "GB", GIGABYTES)
    figure("peak memory, largest process", usage.largest_mb / 1024, "GB")


def main() -> None:
    """Run twice, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiment", default="motion_frame")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = sweep_command(f"+experiment={args.experiment}", f"outputs={Path(folder) / 'outputs'}")
        for what, minutes in (("the first time", MINUTES), ("the same command again", None)):
            heading(f"{what}: {shown(command)}")
            usage = run(command)
            show(usage, minutes)
            print("  " + next(line for line in usage.output.splitlines() if " reused, " in line))


if __name__ == "__main__":
    main()
