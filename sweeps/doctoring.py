"""``action=doctor``: every cell of a sweep against the live server, before anything is rendered or sent."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps import known as seen
from sweeps.doubts import Doubt, about_cells, who
from sweeps.forecast import size
from sweeps.plan import Plan
from sweeps.planning import Planner
from sweeps.secrets import without_passwords
from workflow.words import counted

if TYPE_CHECKING:
    from runner.doctor.examine import Looked
    from runner.doctor.finding import Finding, Report
    from runner.server import Server
    from sweeps.app import App

BRIEF = 2
"""Lines that the short form has at most."""


def doctor(app: "App") -> int:
    """Print what is known of the servers and of every cell; 2 where something will fail that nobody expects, else 0."""
    from runner.config import BadServerConfig, members_of

    if app.config.server.kind == "ray":
        raise BadServerConfig(
            "action=doctor looks at servers that are there; those of a cluster start with the sweep",
            hint="start one by hand and look at it: python -m runner doctor --url URL",
        )
    codes: list[int] = []
    for one in members_of(app.config.server):
        if codes:
            app.console.print()
        codes.append(_doctor(replace(app, config=replace(app.config, server=one))))
    if len(codes) > 1:
        ready = sum(code == 0 for code in codes)
        app.console.print(f"{ready} of {len(codes)} servers can do all of it", style="bold", highlight=False)
    return max(codes)


def _doctor(app: "App") -> int:
    """One server."""
    from runner.doctor.finding import Report
    from runner.doctor.show import findings_table, heading, verdict

    with tempfile.TemporaryDirectory(prefix="doctor-") as folder, ExitStack() as stack:
        planner = app.planner(seen.recall(app.outputs / "servers", app.config.server), _clips(app, Path(folder)))
        planner.graph(app.config.workflow.graph)
        server, looked = _open(app, planner, Path(folder), stack)
        plan = planner.draft()
        if server is not None:
            looked = _look(app, server, planner, plan)
        report = _report(app, server, looked, [*looked.findings, *_here(app, planner, plan, looked)])
        clean = server.client.shown if server is not None else str
        doubts = list(about_cells(planner, plan, looked, app.config.sweep.expected_failures, clean))
    whole = Report(report.url, report.kind, (*report.findings, *(one.finding for one in doubts)))
    heading(app.console, f"{app.name} on {report.url}", report.kind)
    app.console.print(findings_table(report.findings, app.console.width))
    _show_cells(app, plan, doubts)
    verdict(app.console, whole)
    return whole.exit_code


def _clips(app: "App", scratch: Path) -> Path:
    """Where pictures are prepared: a copy of what there is, since nothing is written by looking."""
    cache = scratch / "clips"
    if (app.outputs / "clips").is_dir():
        shutil.copytree(app.outputs / "clips", cache)
    return cache


def _open(app: "App", planner: Planner, scratch: Path, stack: ExitStack) -> "tuple[Server | None, Looked]":
    """The live server, which ``planner`` then plans for; without one, what was last seen of it serves."""
    from runner.doctor.examine import Looked, unanswered
    from runner.server import open_server
    from runner.transport import ServerError

    try:
        server = stack.enter_context(open_server(app.config.server, scratch))
        planner.known = replace(seen.of_live(server, planner.classes), models=planner.known.models)
    except ServerError as error:
        when = planner.known.seen
        known = "the shipped node schema" if when is None else f"what was seen of it at {when:%Y-%m-%d %H:%M}"
        text = f"{error.message}; the cells are checked against {known}"
        return None, Looked(findings=[replace(unanswered("server", error), text=text)])
    return server, Looked()


def _look(app: "App", server: "Server", planner: Planner, plan: Plan) -> "Looked":
    from runner.doctor.examine import look
    from runner.doctor.server import Need

    config = app.config.server
    folder = Path(config.folder).expanduser() if config.folder else None
    ahead = planner.outlook(plan)
    need = Need(ahead.vram.need if ahead.vram else None, ahead.ram.need if ahead.ram else None)
    return look(server.client, planner.classes, folder=folder, release=config.release, need=need)


def _report(app: "App", server: "Server | None", looked: "Looked", findings: "Sequence[Finding]") -> "Report":
    from runner.doctor.examine import report
    from runner.doctor.finding import Report

    if server is not None:
        return report(server.client, looked.kind, findings)
    return Report(without_passwords(app.config.server.url or app.config.server.kind), "", tuple(findings))


def _here(app: "App", planner: Planner, plan: Plan, looked: "Looked") -> "Iterator[Finding]":
    """What is to be sent, what the renders will fill here, and how long they will take."""
    from runner.doctor.finding import Finding
    from runner.doctor.server import about_uploads
    from sweeps.outlook_lines import short_lines
    from sweeps.show import forecast_lines

    files = {file.path for one in plan.cells if one.cell is not None for file in one.cell.files}
    if looked.facts is not None and files:
        largest = max(files, key=lambda path: path.stat().st_size)
        yield about_uploads(looked.facts, (largest.name, largest.stat().st_size))
    ahead = planner.outlook(plan)
    needed, told = ahead.disk.mid, forecast_lines(plan, ahead, planner.known.seen)
    for line in told:
        yield Finding("ok", "forecast", "forecast", line.removeprefix("forecast: "))
    for line in short_lines(ahead):
        yield Finding("risk", "forecast", "memory-short", line, "more swapped blocks, a smaller size, a shorter speech")
    place = next(path for path in (app.outputs, *app.outputs.parents) if path.is_dir())
    free = shutil.disk_usage(place).free
    if needed > free:
        text = f"only {size(free)} are free for {app.outputs}, the renders need about {size(needed)}"
        yield Finding("fault", "disk", "disk-short", text, "make room, or outputs=DIR on another disk")
    elif plan.to_run:
        yield Finding("ok", "disk", "disk", f"{size(free)} are free for {app.outputs}")


def _show_cells(app: "App", plan: Plan, doubts: Sequence[Doubt]) -> None:
    from rich.text import Text

    from runner.doctor.finding import MARKS
    from runner.doctor.show import findings_table

    by_mark = {
        mark: {one.name for doubt in doubts if doubt.finding.mark == mark for one in doubt.cells} for mark in MARKS
    }
    declared = by_mark["ok"] - by_mark["fault"]
    bad = by_mark["fault"] | {one.name for one in plan.cells if one.state == "impossible"} - declared
    fine = {one.name for one in plan.cells} - bad - declared
    parts = [f"{len(fine)} of {counted(len(plan.cells), 'cell')} can be made"]
    parts += [f"{len(fine - by_mark['risk'])} of them without a risk"] if fine & by_mark["risk"] else []
    parts += [f"{len(declared)} impossible as the experiment says"] if declared else []
    parts += [f"{len(bad)} faulty"] if bad else []
    app.console.print(Text("; ".join(parts), style="bold red" if bad else "bold"))
    rows = [replace(one.finding, topic=who(one.cells, plan)) for one in doubts]
    if rows:
        app.console.print(findings_table(rows, app.console.width))


def brief(server: "Server", rehearsal: str = "") -> list[str]:
    """What is not well with ``server``, in few lines, before a sweep: what was asked already, and its queue.

    A tiny ``rehearsal`` needs no GPU.
    """
    from runner.doctor.facts import read_facts
    from runner.doctor.server import about_queue, about_server
    from runner.transport import ServerError

    facts = read_facts(server.stats)
    if facts is None:
        return []
    found = [one for one in about_server(facts) if not (one.code == "no-gpu" and rehearsal.startswith("tiny"))]
    try:
        found.append(about_queue(server.client.queue()))
    except ServerError as error:
        return [f"the server's queue cannot be read: {server.client.shown(error.message)}"]
    lines = [server.client.shown(one.text) for one in found if one.mark in ("fault", "risk")]
    more = [f"… and {len(lines) - BRIEF + 1} things more: action=doctor tells them"] if len(lines) > BRIEF else []
    return [*lines[: BRIEF - len(more)], *more]
