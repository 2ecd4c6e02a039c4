"""``action=run``: one sweep on one server, from its plan to its tables."""

import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sweeps import history
from sweeps import known as seen
from sweeps.contents import contents
from sweeps.doctoring import brief
from sweeps.engine import Engine, Progress
from sweeps.finish import finish
from sweeps.forecast import size, stop_time
from sweeps.interrupt import interruptible
from sweeps.judging import cost_only, fetch_weights, shares_card
from sweeps.limits import Limits
from sweeps.lock import owned
from sweeps.plan import Plan, PlannedCell, frozen
from sweeps.planning import Planner
from sweeps.rehearsal import rehearsal_line
from sweeps.results import SweepResult
from sweeps.scoring import ScoringPool
from sweeps.store import Entry, check_writable
from sweeps.tracking_client import TrackingError
from workflow.files import write_json

if TYPE_CHECKING:
    from runner.live import View
    from runner.server import Server
    from sweeps.app import App
    from sweeps.tracking import Tracker

STAND_IN_LINE = "stand-in: a CPU puppet renders in place of the model; this shows the method, not the model"


def execute(app: "App") -> int:
    """Plan, render, score and log the sweep of ``app``; the exit code."""
    from runner.server import open_server

    config = app.config
    stop = stop_time(config.sweep.stop_at, datetime.now())
    check_writable(app.outputs)
    with ExitStack() as stack:
        stack.enter_context(owned(app.outputs / "store", app.name))
        server = stack.enter_context(open_server(config.server, app.outputs / "servers"))
        planner = _planner(app, server)
        limits = Limits(config.sweep.budget, stop)
        if config.search.proposes:
            from sweeps.search.running import search

            return search(app, planner, server, limits)
        plan = planned(app, planner, server, planner.plan)
        app.show(planner, plan)
        introduce(app, server, plan.stand_in, plan.rehearsal)
        keep_plan(app, planner, plan)
        if not cost_only(config, plan.rehearsal):
            fetch_weights(config, app.console)
        stack.enter_context(interruptible(app.cancel))
        return _render(app, planner, plan, server, limits)


def introduce(app: "App", server: "Server", stand_in: bool, rehearsal: str) -> None:
    """Say what renders, and what is not well with it."""
    if stand_in:
        app.console.print(STAND_IN_LINE, style="bold magenta", highlight=False)
    if rehearsal:
        app.console.print(rehearsal_line(rehearsal), style="bold magenta", highlight=False)
    for line in brief(server, rehearsal):
        app.console.print(f"doctor: {line}", style="yellow", markup=False, highlight=False)


def keep_plan(app: "App", planner: Planner, plan: Plan) -> None:
    """Write the plan with its forecast: as the last one, and beside all the others, so that none is forgotten."""
    ahead = planner.outlook(plan)
    _warn_of_disk(app, ahead.disk.mid)
    for name in ("plan.json", f"plans/{plan.hash[:12]}.json"):
        write_json(app.folder(plan.mark) / name, frozen(plan) | {"forecast": ahead.to_json()})


def _warn_of_disk(app: "App", needed: float) -> None:
    free = shutil.disk_usage(app.outputs).free
    if needed > free:
        app.console.print(
            f"only {size(free)} are free in {app.outputs}, the renders alone need about {size(needed)}",
            style="yellow",
            markup=False,
            highlight=False,
        )


def _planner(app: "App", server: "Server") -> Planner:
    """A planner that knows the live server; what it saw is kept for plans while the server is off."""
    planner = app.planner(seen.Known(server.kind == "stand-in"), app.outputs / "clips", thorough=True)
    planner.graph(app.config.workflow.graph)
    server.require(planner.classes)
    planner.known = seen.of_live(server, planner.classes)
    seen.remember(app.outputs / "servers", app.config.server, planner.known)
    if planner.unknown:
        app.console.print(
            f"unverified environment ({', '.join(planner.unknown)}): renders are reused within this sweep only;"
            " name what is installed there with server.release=LABEL",
            style="yellow",
            highlight=False,
        )
    return planner


def planned(app: "App", planner: Planner, server: "Server", make: Callable[[], Plan]) -> Plan:
    """The plan that ``make`` makes; checksums of model files are computed where they are to be had, and remembered."""
    servers = app.outputs / "servers"
    with contents(server, planner.known.stamp, servers, app.console) as planner.content:
        plan = make()
    planner.known = replace(planner.known, models=planner.contents)
    seen.remember(servers, app.config.server, planner.known)
    return plan


def _render(app: "App", planner: Planner, plan: Plan, server: "Server", limits: Limits) -> int:
    from runner.live import make_view
    from sweeps.tracking import Tracker

    config = app.config
    started: dict[str, Any] = {}
    with ExitStack() as stack, ExitStack() as bars:
        tracker = stack.enter_context(Tracker(config.tracking, app.outputs))
        logging = stack.enter_context(ThreadPoolExecutor(1))  # MLflow takes seconds to start: not the sweep's time
        pool = stack.enter_context(ScoringPool(config.scoring.workers, config.scoring.timeout_s, app.scorer))
        view = make_view(len(plan.to_run), app.console, stand_in=plan.stand_in)
        if plan.to_run:
            bars.enter_context(view)
        begun = logging.submit(tracker.start, app.result(planner, plan))
        begun.add_done_callback(lambda done: say(view.note, done))
        engine = engine_of(app, planner, plan, server, pool, view, limits)
        engine.after = lambda progress: started.update(
            last=logging.submit(_log_so_far, app, planner, plan, tracker, progress)
        )
        progress = engine.run()
        bars.close()
        result = app.result(planner, plan, **came_of(progress))
        return finish(app, result, progress=progress, tracker=tracker, untracked=trouble(begun, started.get("last")))


def engine_of(
    app: "App", planner: Planner, plan: Plan, server: "Server", pool: ScoringPool, view: "View", limits: Limits
) -> Engine:
    """What renders ``plan`` on ``server``, as the config of ``app`` has it."""
    return Engine(
        plan,
        planner.store,
        server,
        pool,
        view,
        limits,
        task=lambda one, entry: app.task(planner, one, entry),
        cancel=app.cancel,
        facts={
            "sweep": app.name,
            "stamp": planner.known.stamp.to_json() if planner.known.stamp else {},
            "scored_on_card": shares_card(app.config),
        },
        expected=app.config.sweep.expected_failures,
        max_failures=app.config.sweep.max_failures,
        rendered=lambda one, entry, seconds: _learn(planner, limits, one, entry, seconds),
    )


def say(note: Callable[[str], None], begun: "Future[None]") -> None:
    """Say at once that MLflow cannot be reached: the rest of the sweep may take hours."""
    error = None if begun.cancelled() else begun.exception()
    if isinstance(error, TrackingError):
        note(f"{error.message}; rendering goes on")


def trouble(*logged: "Future[Any] | None") -> TrackingError | None:
    """Why MLflow has nothing of the sweep, where it has not; any other error is raised."""
    errors = [future.exception() for future in logged if future is not None]
    for error in errors:
        if error is not None and not isinstance(error, TrackingError):
            raise error
    return next((error for error in errors if isinstance(error, TrackingError)), None)


def came_of(progress: Progress) -> dict[str, Any]:
    """A copy of what this call did so far, for ``collect``."""
    return {
        "failures": dict(progress.failures),
        "unscored": dict(progress.unscored),
        "skipped": dict(progress.skipped),
        "done": frozenset(progress.done),
    }


def _learn(planner: Planner, limits: Limits, one: PlannedCell, entry: Entry, seconds: float | None) -> None:
    """Tell the next forecast, and the limits of this sweep, what a render took."""
    cell, _ = one.job
    if seconds is not None:
        history.note(planner.history_path, planner.machine, cell, seconds, entry.record)
        cold = bool((entry.record.get("timings") or {}).get("cold"))
        limits.took(one.seconds + cold * planner.model.load.mid, seconds)


def _log_so_far(app: "App", planner: Planner, plan: Plan, tracker: "Tracker", progress: Progress) -> None:
    """Show in MLflow what is known after a block of cells, without pictures."""
    log_settings(tracker, app.result(planner, plan, **came_of(progress)))


def log_settings(tracker: "Tracker", result: SweepResult) -> None:
    """Write what is known of every setting, without pictures."""
    for setting in result.settings:
        tracker.log_setting(result, setting, pictures=False)
