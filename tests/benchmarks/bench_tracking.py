"""What writing MLflow takes, against a render of 30 s.

    python tests/benchmarks/bench_tracking.py [--render 30] [--cells 12] [OVERRIDE …]

A real sweep (``+experiment=motion_frame``, scored quickly, unless told otherwise) on a stand-in that takes so long for
each; every call of the tracker is timed, in the thread in which it runs beside the renders. At the end, where nothing
is rendered any more, pictures and tables are written too: that is told apart.
"""

import argparse
import functools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measure import app_of, figure, heading

GOAL = 1.0


def main() -> None:
    """Measure, print."""
    from sweeps.tracking import Tracker

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--render", type=float, default=30.0)
    parser.add_argument("--cells", type=int, default=12)
    parser.add_argument("overrides", nargs="*")
    args = parser.parse_args()
    spent: dict[str, list[float]] = {"start": [], "log_setting": [], "finish": []}

    def clocked(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(self: Any, *words: Any, **more: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(self, *words, **more)
            finally:
                beside = name == "start" or more.get("pictures") is False
                spent[name if beside else "finish"].append(time.perf_counter() - begin)

        return call

    for name in ("start", "log_setting"):
        setattr(Tracker, name, clocked(name, getattr(Tracker, name)))
    with tempfile.TemporaryDirectory() as folder:
        words = [*(args.overrides or ["+experiment=motion_frame", "scoring=quick"]), f"outputs={Path(folder)}"]
        words += ["clips.width=160", "clips.height=288", f"server.pace_s={args.render}", f"limit={args.cells}"]
        heading("MLflow beside the renders")
        with app_of(words) as app:
            code = app.run()
        if code:
            raise SystemExit(code)
        renders = len(list(Path(folder).glob("store/*/*/render.json")))
    beside = sum(spent["log_setting"])
    figure("opening it, once", sum(spent["start"]), "s")
    each = 100 * beside / renders / args.render
    figure("writing while it renders, of a render", each, "%", GOAL, f"{1000 * beside / renders:.0f} ms a render")
    figure("at the end, with pictures and tables", sum(spent["finish"]), "s", more=f"{renders} renders")


if __name__ == "__main__":
    main()
