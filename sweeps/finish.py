"""The end of a command: MLflow, tables and pictures, the user's hooks, the exit code."""

from typing import TYPE_CHECKING, Any

from sweeps.engine import Progress
from sweeps.hooks import run_hook
from sweeps.results import SweepResult
from workflow.errors import HarnessError
from workflow.files import write_atomically

if TYPE_CHECKING:
    from sweeps.app import App
    from sweeps.tracking import Tracker

OK, SOME_FAILED, INTERRUPTED = 0, 3, 130


def finish(
    app: "App",
    result: SweepResult,
    *,
    progress: Progress | None = None,
    tracker: "Tracker | None" = None,
    rebuild: bool = False,
) -> int:
    """Log ``result``, print its summary, run the hooks. ``rebuild`` writes MLflow anew from the store."""
    code = exit_code(app, result, progress)
    try:
        uri = _track(app, result, tracker, rebuild, code)
    except HarnessError as error:
        app.console.print(f"{error.message}\n  hint: {error.hint}", style="red", markup=False, highlight=False)
        uri, code = "", code or 1
    _print(app, result, progress, uri)
    summary = _summary(app, result, progress, code)
    hook = app.config.hooks.on_done if code == OK else app.config.hooks.on_failure
    if trouble := run_hook(hook, summary):
        app.console.print(trouble, style="yellow", markup=False, highlight=False)
    return code


def exit_code(app: "App", result: SweepResult, progress: Progress | None) -> int:
    """130 when interrupted, 3 when cells failed that nobody declared or scores are missing, else 0."""
    if app.cancel.is_set():
        return INTERRUPTED
    unscored = progress.unscored if progress else {}
    return SOME_FAILED if result.failed or unscored else OK


def _track(app: "App", result: SweepResult, tracker: "Tracker | None", rebuild: bool, code: int) -> str:
    from sweeps import tracking

    if rebuild:
        with app.console.status("writing MLflow"):
            return tracking.rebuild(app.config.tracking, app.outputs, result).uri
    if tracker is None:
        return ""
    if code == INTERRUPTED:
        tracker.close("KILLED")
        return tracker.uri
    with app.console.status("drawing contact sheets and curves, writing MLflow"):
        tracker.finish(result)
    for trouble in tracker.troubles:
        app.console.print(trouble, style="yellow", markup=False, highlight=False)
    return tracker.uri


def _print(app: "App", result: SweepResult, progress: Progress | None, uri: str) -> None:
    from sweeps.summary import print_summary
    from sweeps.summary_files import summary_csv, summary_markdown

    console = app.console
    print_summary(result, console)
    write_atomically(app.folder / "summary.md", summary_markdown(result))
    write_atomically(app.folder / "summary.csv", summary_csv(result))
    if progress is not None:
        new = "nothing rendered" if not progress.rendered else f"{progress.rendered} rendered"
        judged = "nothing scored" if not progress.scored else f"{progress.scored} scored"
        console.print(f"{new}, {progress.reused} reused, {judged}", highlight=False)
        if progress.stopped:
            console.print(f"stopped: {progress.stopped}; the same command goes on", style="yellow", markup=False)
    console.print(f"tables: {app.folder / 'summary.md'}", soft_wrap=True, markup=False, highlight=False)
    if uri:
        console.print(
            f"MLflow: mlflow ui --backend-store-uri {_quoted(uri)}", soft_wrap=True, markup=False, highlight=False
        )


def _quoted(uri: str) -> str:
    import shlex

    return shlex.quote(uri)


def _summary(app: "App", result: SweepResult, progress: Progress | None, code: int) -> dict[str, Any]:
    """What a hook gets on standard input."""
    return {
        "sweep": app.name,
        "stand_in": result.stand_in,
        "exit_code": code,
        "cells": len(result.cells),
        "rendered": progress.rendered if progress else 0,
        "reused": progress.reused if progress else 0,
        "failed": [f"{one.setting}/{one.clip}/{one.seed}: {one.why}" for one in result.cells if one.failed_badly],
        "stopped": progress.stopped if progress else None,
        "outputs": str(app.outputs),
    }
