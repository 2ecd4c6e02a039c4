"""What the harness adds to a render, and how long the server has nothing to do between cells.

    python tests/benchmarks/bench_overhead.py [--url http://host:8188] [--cells 12] [--pace 10] [--judge] [OVERRIDE …]

Without ``--url`` on a stand-in whose renders take ``--pace`` seconds; with it on the real server there, with whatever
configuration the overrides choose (``+experiment=motion_frame``). First the cells one by one: from the moment a cell is
handed over until its video is verified, less the server's own execution time (as its history tells it). Then the same
sweep as a user runs it, scoring on, with another seed, so that nothing is cached: the server's idle time between
prompts. A rehearsal's videos are not judged, which spares the work of scoring beside the render: ``--judge`` has them
judged nevertheless, as those of a model are. The scores stay in a folder that goes when the benchmark ends.
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import app_of, figure, heading

if TYPE_CHECKING:
    from sweeps.app import App

GOAL_S, GOAL_IDLE = 1.0, 2.0


@dataclass(frozen=True)
class Added:
    """Seconds of one render that were not the server's: all, of these the download, sending it, checking it."""

    whole: float
    download: float
    sending: float
    checking: float


def words_for(url: str, outputs: Path, overrides: Sequence[str]) -> list[str]:
    """The command that a user would give for the server at ``url``."""
    return ["server=comfyui", f"server.url={url}", f"outputs={outputs}", *overrides]


def one_by_one(app: "App", folder: Path) -> Iterator[Added]:
    """Render each cell of the plan by itself."""
    from runner.render import follow, submit
    from runner.server import open_server
    from sweeps.known import of_live

    with open_server(app.config.server, folder) as server:
        planner = app.planner(of_live(server, ()), folder / "clips")
        planner.graph(app.config.workflow.graph)
        planner.known = of_live(server, planner.classes)
        for k, planned in enumerate(planner.plan().to_run):
            home = folder / f"attempt-{k}"
            home.mkdir(parents=True)
            rendered: list[float] = []
            start = time.perf_counter()
            submitted = submit(server, planned.job[0], home)
            sent = time.perf_counter()
            outcome = follow(server, submitted, on_rendered=lambda at=rendered: at.append(time.perf_counter()))  # type: ignore[misc]
            end = time.perf_counter()
            timings = outcome.timings
            if not outcome.done or timings.total_s is None or timings.download_s is None:
                raise SystemExit(f"{planned.name}: {outcome.status} {outcome.message}")
            checking = end - rendered[0] - timings.download_s
            yield Added(end - start - timings.total_s, timings.download_s, sent - start, checking)


def spans(url: str) -> dict[str, tuple[float, float]]:
    """Start and end of every prompt in the server's history, in seconds."""
    import requests

    found = {}
    for prompt, entry in requests.get(f"{url}/history", timeout=60).json().items():
        said: dict[str, Any] = {name: data["timestamp"] / 1000 for name, data in entry["status"]["messages"]}
        if "execution_success" in said:
            found[prompt] = (said["execution_start"], said["execution_success"])
    return found


def judge_rehearsals() -> None:
    """Take a rehearsal's server for one with a model, in this process and those that it starts."""
    import runner.doctor.examine
    import runner.server

    for module in (runner.server, runner.doctor.examine):
        module.rehearsal_of = lambda client, schema: ""  # type: ignore[attr-defined]


def share(values: Sequence[float], part: float) -> float:
    """The value that ``part`` of ``values`` do not exceed."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


@contextmanager
def server_at(url: str | None, pace: float, folder: Path) -> Iterator[str]:
    """The server to measure: the one given, or a stand-in of our own."""
    from runner.embedded import StandIn

    if url:
        yield url
        return
    child = StandIn(folder / "server", pace_s=pace)
    try:
        yield child.start()
    finally:
        child.stop()


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url")
    parser.add_argument("--cells", type=int, default=12)
    parser.add_argument("--pace", type=float, default=10.0)
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("overrides", nargs="*")
    args = parser.parse_args()
    if args.judge:
        judge_rehearsals()
    axis = f"sweep.axes.shift={[float(value) for value in range(1, 2 + args.cells // 6)]}".replace(" ", "")
    usual = [f"limit={args.cells}", *(args.overrides or ["sweep.name=overhead", axis])]
    with tempfile.TemporaryDirectory() as name, server_at(args.url, args.pace, Path(name)) as url:
        heading(f"{args.cells} cells one by one" + ("" if args.url else f" on a stand-in, {args.pace:g} s each"))
        with app_of(words_for(url, Path(name), usual)) as app:
            added = list(one_by_one(app, Path(name) / "alone"))
        bare = [one.whole - one.download for one in added]
        figure("added to a render, 95th percentile", share(bare, 0.95), "s", GOAL_S, "without the download")
        figure("… with the download", share([one.whole for one in added], 0.95), "s")
        figure("… median", share(bare, 0.5), "s", more="without the download")
        for part in ("sending", "checking"):
            figure(f"… of which {part}, 95th percentile", share([getattr(one, part) for one in added], 0.95), "s")
        before = set(spans(url))
        heading("the same as a sweep, scoring on")
        with app_of(words_for(url, Path(name) / "sweep", [*usual, "sweep.seeds=[3]"])) as app:
            code = app.run()
        new = sorted(span for prompt, span in spans(url).items() if prompt not in before)
        if code or len(new) < 2:
            raise SystemExit(f"the sweep ended with {code} after {len(new)} renders")
        gaps = [after - end for (_, end), (after, _) in itertools.pairwise(new)]
        whole = new[-1][1] - new[0][0]
        judged = len(list(Path(name).rglob("scores/metrics-*.json")))
        told = f"{len(new)} cells, {judged} judged"
        figure("the server idle between cells", 100 * sum(gaps) / whole, "%", GOAL_IDLE, told)
        figure("… longest gap", max(gaps), "s")


if __name__ == "__main__":
    main()
