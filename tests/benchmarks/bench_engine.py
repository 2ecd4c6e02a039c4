"""How much a sweep adds to its renders: renders of 10 s, scores of 5 s, twelve cells.

    python tests/benchmarks/bench_engine.py [--cells 12] [--render 10]

A real sweep on a stand-in that takes its time. A score is the real one, and then waits until it has taken 5 s. The
server's own times of start and end tell the sum of the renders and how long it had nothing to do between them.
"""

import argparse
import functools
import itertools
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from measure import app_of, figure, heading

from sweeps.scoring import ScoreTask, score

SCORE_S = 5.0


def slow_score(task: ScoreTask) -> dict[str, Any]:
    """The real score, never quicker than ``SCORE_S``."""
    start = time.monotonic()
    judged = score(task)
    time.sleep(max(0.0, SCORE_S - (time.monotonic() - start)))
    return judged


def clocked(function: Callable[..., Any], spent: Counter[str]) -> Callable[..., Any]:
    """``function``, with the seconds that it takes added to ``spent``."""

    @functools.wraps(function)
    def call(*args: Any, **more: Any) -> Any:
        start = time.perf_counter()
        try:
            return function(*args, **more)
        finally:
            spent[function.__name__] += time.perf_counter() - start

    return call


def sweep(url: str, outputs: Path, cells: int) -> int:
    """Run a sweep of ``cells`` cells on the server at ``url``; its exit code."""
    overrides = ["sweep.name=paced", "server=comfyui", f"server.url={url}", f"outputs={outputs}", f"limit={cells}"]
    overrides += [f"sweep.axes.shift={[float(value) for value in range(1, 2 + cells // 6)]}".replace(" ", "")]
    with app_of(overrides, scorer=slow_score) as app:
        return app.run()


def times(url: str) -> Iterator[tuple[float, float]]:
    """Start and end of every prompt, in seconds, as the server's history has them."""
    import requests

    for entry in requests.get(f"{url}/history", timeout=10).json().values():
        said = {name: data["timestamp"] / 1000 for name, data in entry["status"]["messages"]}
        yield said["execution_start"], said["execution_success"]


def main() -> None:
    """Run, print."""
    from runner.embedded import StandIn
    from sweeps.tracking import Tracker

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=12)
    parser.add_argument("--render", type=float, default=10.0)
    args = parser.parse_args()
    spent: Counter[str] = Counter()
    for name in ("start", "log_setting", "finish"):
        setattr(Tracker, name, clocked(getattr(Tracker, name), spent))
    with tempfile.TemporaryDirectory() as folder:
        child = StandIn(Path(folder) / "server", pace_s=args.render)
        heading(f"{args.cells} cells, renders of {args.render:g} s, scores of {SCORE_S:g} s")
        try:
            url = child.start()
            start = time.perf_counter()
            code = sweep(url, Path(folder) / "outputs", args.cells)
            wall = time.perf_counter() - start
            spans = sorted(times(url))
        finally:
            child.stop()
    if code or len(spans) != args.cells:
        raise SystemExit(f"the sweep ended with {code}, {len(spans)} renders of {args.cells}")
    renders = sum(end - begin for begin, end in spans)
    idle = sum(after - before for (_, before), (after, _) in itertools.pairwise(spans))
    figure("wall", wall, "s", 1.03 * renders + 15, f"renders {renders:.1f} s")
    figure("the server idle between cells", 100 * idle / (spans[-1][1] - spans[0][0]), "%")
    for name, seconds in spent.items():
        figure(f"MLflow: {name}", seconds, "s")


if __name__ == "__main__":
    main()
