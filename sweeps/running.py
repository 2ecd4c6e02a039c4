"""``action=run``: one sweep on its servers, from its plan to its tables."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from runner.config import ServerConfig
from sweeps import history
from sweeps import known as seen
from sweeps.contents import contents
from sweeps.doctoring import brief
from sweeps.engine import Engine
from sweeps.environments import Environments
from sweeps.finish import finish
from sweeps.forecast import size, stop_time
from sweeps.interrupt import interruptible
from sweeps.judging import cost_only, fetch_weights, shares_card
from sweeps.limits import Limits
from sweeps.lock import owned
from sweeps.plan import Plan, PlannedCell, frozen, require_possible
from sweeps.planning import Planner
from sweeps.produce import deliver, require_one
from sweeps.progress import Progress
from sweeps.rehearsal import rehearsal_line
from sweeps.scoring import ScoringPool
from sweeps.status import Reporter
from sweeps.store import Entry, check_writable
from workflow.files import write_json

if TYPE_CHECKING:
    from runner.live import View
    from runner.pool import Member
    from sweeps.app import App

STAND_IN_LINE = "stand-in: a CPU puppet renders in place of the model; this shows the method, not the model"


def execute(app: "App") -> int:
    """Plan, render, score and log the sweep of ``app``; the exit code."""
    from runner.pool import open_members

    config = app.config
    stop = stop_time(config.sweep.stop_at, datetime.now())
    check_writable(app.outputs)
    gate = app.gate  # before anything is rendered: without a baseline there is nothing to find out
    with ExitStack() as stack:
        stack.enter_context(owned(app.outputs / "store", app.name))
        members = stack.enter_context(open_members(config.server, app.outputs / "servers"))
        places = _places(app, members)
        limits = Limits(config.sweep.budget, stop)
        if config.search.proposes:
            from sweeps.search.running import search

            return search(app, places, members, limits)
        plan = planned(app, places, members, Planner.draft)
        require_possible(plan)
        if gate is not None:
            gate.check(plan)
        if config.action == "produce":
            require_one(plan)
        app.show(places.planner, plan)
        introduce(app, members, plan.stand_in, plan.rehearsal)
        keep_plan(app, places.planner, plan)
        if not cost_only(config, plan.rehearsal):
            fetch_weights(config, app.console)
        stack.enter_context(interruptible(app.cancel))
        return (_produce if config.action == "produce" else _render)(app, places, plan, members, limits)


def introduce(app: "App", members: Sequence["Member"], stand_in: bool, rehearsal: str) -> None:
    """Say what renders, and what is not well with it."""
    if stand_in:
        app.console.print(STAND_IN_LINE, style="bold magenta", highlight=False)
    if rehearsal:
        app.console.print(rehearsal_line(rehearsal), style="bold magenta", highlight=False)
    for member in members:
        about = f"{member.name}: " if len(members) > 1 else ""
        for line in brief(member.server, rehearsal) if member.open else [f"not there yet: {member.why}"]:
            app.warn(f"doctor: {about}{line}")


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


def _places(app: "App", members: Sequence["Member"]) -> Environments:
    """The environments of the live servers; what was seen of each is kept for plans while it is off."""
    classes = app.planner(seen.Known(False), app.outputs / "clips")
    classes.graph(app.config.workflow.graph)
    knowns = []
    for member in members:
        if member.open:
            member.server.require(classes.classes)
            knowns.append(seen.of_live(member.server, classes.classes))
            seen.remember(app.outputs / "servers", _place(app, member), knowns[-1])
    places = app.environments(knowns, app.outputs / "clips", thorough=True)
    for planner in places.planners:
        planner.graph(app.config.workflow.graph)
        if planner.unknown:
            app.console.print(
                f"unverified environment ({', '.join(planner.unknown)}): renders are reused within this sweep only;"
                " name what is installed there with server.release=LABEL",
                style="yellow",
                highlight=False,
            )
    for line in places.described():
        app.console.print(line, markup=False, highlight=False)
    return places


def _place(app: "App", member: "Member") -> ServerConfig:
    """What a server is remembered as: by its address, or as one of a cluster, where addresses do not last."""
    return app.config.server if app.config.server.kind == "ray" else member.config


def planned(app: "App", places: Environments, members: Sequence["Member"], make: Callable[[Planner], Plan]) -> Plan:
    """The plan that ``make`` makes; checksums of model files are computed where they are to be had, and remembered."""
    servers = app.outputs / "servers"
    of_group: dict[int, list[Member]] = {}
    for member in members:
        if member.open and (group := places.group_of(member)) is not None:
            of_group.setdefault(group, []).append(member)
    with ExitStack() as stack:
        for k, planner in enumerate(places.planners):
            server = of_group[k][0].server
            planner.content = stack.enter_context(contents(server, planner.known.stamp, servers, app.console))
        plan = places.plan(make)
    for k, planner in enumerate(places.planners):
        planner.known = replace(planner.known, models=planner.contents)
        for member in of_group[k]:
            seen.remember(servers, _place(app, member), replace(planner.known, schema=member.server.schema()))
    return plan


def _produce(app: "App", places: Environments, plan: Plan, members: Sequence["Member"], limits: Limits) -> int:
    """Render without judging, and deliver."""
    from runner.live import make_view

    config = app.config
    with ExitStack() as stack, ExitStack() as bars:
        pool = stack.enter_context(ScoringPool(config.scoring.workers, config.scoring.timeout_s, app.scorer))
        view = make_view(len(plan.to_run), app.console, stand_in=plan.stand_in)
        if plan.to_run:
            bars.enter_context(view)
        engine = engine_of(app, places, plan, members, pool, view, limits)
        progress = _run(app, engine)
    plan = places.as_rendered()
    return deliver(app, plan, app.result(places.planner, plan, **came_of(progress)), progress)


def _render(app: "App", places: Environments, plan: Plan, members: Sequence["Member"], limits: Limits) -> int:
    from runner.live import make_view
    from sweeps.logbook import Logbook
    from sweeps.tracking import Tracker

    config = app.config
    planner = places.planner
    with ExitStack() as stack, ExitStack() as bars:
        tracker = stack.enter_context(Tracker(config.tracking, app.outputs))
        pool = stack.enter_context(ScoringPool(config.scoring.workers, config.scoring.timeout_s, app.scorer))
        view = make_view(len(plan.to_run), app.console, stand_in=plan.stand_in)
        if plan.to_run:
            bars.enter_context(view)
        logbook = stack.enter_context(Logbook(tracker, view.note))
        logbook.begin(app.result(planner, plan))
        engine = engine_of(app, places, plan, members, pool, view, limits)
        engine.after = lambda progress: logbook.so_far(app.result(planner, places.as_rendered(), **came_of(progress)))
        progress = _run(app, engine)
        bars.close()
        plan = places.as_rendered()
        result = app.result(planner, plan, **came_of(progress))
        return finish(app, result, progress=progress, tracker=tracker, untracked=logbook.settle(result))


def _run(app: "App", engine: Engine) -> Progress:
    """Let it run, and tell those who watch."""
    mark = engine.plan.mark
    reporter = Reporter(app.folder(mark), app.name, mark)
    engine.look = reporter.look
    progress = engine.run()
    reporter.end(f"stopped: {progress.stopped}" if progress.stopped else "done")
    return progress


def engine_of(
    app: "App",
    places: Environments,
    plan: Plan,
    members: Sequence["Member"],
    pool: ScoringPool,
    view: "View",
    limits: Limits,
) -> Engine:
    """What renders ``plan`` on ``members``, as the config of ``app`` has it."""
    return Engine(
        plan,
        places.planner.store,
        members,
        pool,
        view,
        limits,
        task=lambda one, entry: app.task(places.planner_of(one), one, entry),
        cancel=app.cancel,
        facts={"sweep": app.name, "scored_on_card": shares_card(app.config)},
        expected=app.config.sweep.expected_failures,
        max_failures=app.config.sweep.max_failures,
        homes=places.homes,
        rendered=lambda one, entry, seconds: _learn(places.planner_of(one), limits, one, entry, seconds),
        group_of=places.group_of,
        fits=places.fits,
    )


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
