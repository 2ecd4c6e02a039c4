"""The end of a command: MLflow, tables and pictures, the user's hooks, the exit code."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeps.account import account_line, of_sweep, slow_lines
from sweeps.compare.command import code_of
from sweeps.compare.told import show, wide
from sweeps.gate import for_report
from sweeps.hooks import run_hook
from sweeps.progress import Progress
from sweeps.results import SweepResult
from sweeps.secrets import without_passwords
from sweeps.store import unusable
from workflow.errors import HarnessError, told
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
    untracked: HarnessError | None = None,
    shown: SweepResult | None = None,
    extra: Mapping[str, Any] | None = None,
) -> int:
    """Write the report, log ``result``, print its summary, run the hooks. ``rebuild`` writes MLflow anew.

    ``untracked`` is why MLflow could not be reached so far: then it is not tried again. ``shown`` is the part that is
    printed; None for all. ``extra`` is what the report shows besides.
    """
    code, uri = exit_code(app, result, progress), ""
    troubles = [one for one in (progress.disk if progress else None, untracked) if one is not None]
    gate = app.gate if code != INTERRUPTED else None
    found = gate.judge(result) if gate is not None else None
    extra = {**(extra or {}), **(for_report(found) if found is not None else {})}
    report, files = None, list[Path]()
    if app.config.sweep.story and code != INTERRUPTED:
        with _noted(app, troubles):
            extra |= _story(app, result)
    with _noted(app, troubles):
        report = _report(app, result, extra)
        files += [report] if report else []
    if gate is not None and found is not None:
        with _noted(app, troubles):
            files += gate.write(found, app.folder(result.mark), app.outputs)
    if untracked is None:
        with _noted(app, troubles):
            uri = _track(app, result, tracker, files, code, rebuild=rebuild)
    with _noted(app, troubles):
        _print(app, result, shown or result, progress, uri, report)
    if found is not None:  # the last words: they decide
        show(found, wide(app.console))
    for trouble in {str(one): one for one in troubles}.values():  # a full disk refuses more than one of them
        its_own = told(trouble)
        code = code or its_own
    code = (code_of(found) if found is not None else OK) or code
    if code != INTERRUPTED and not (progress is not None and progress.stopped):
        app.over()
    summary = _summary(app, result, progress, code)
    hook = app.config.hooks.on_done if code == OK else app.config.hooks.on_failure
    if said := run_hook(hook, summary):
        app.warn(said)
    return code


@contextmanager
def _noted(app: "App", troubles: list[HarnessError]) -> Iterator[None]:
    """One part of the end: what goes wrong with it is kept for later, and the other parts are done."""
    try:
        yield
    except HarnessError as error:
        troubles.append(error)
    except OSError as error:
        troubles.append(unusable(app.outputs, error))


def _story(app: "App", result: SweepResult) -> Mapping[str, Any]:
    from sweeps.story.tell import tell

    return tell(result, app.config, app.folder(result.mark), app.console)


def _report(app: "App", result: SweepResult, extra: Mapping[str, Any]) -> Path | None:
    """Keep what came of the sweep, and write its page; None where there is nothing to show. Raises OSError."""
    from sweeps.kept import keep
    from sweeps.report import NAME
    from sweeps.report.write import write_report
    from sweeps.votes.told import for_report as votes_for_report

    folder = app.folder(result.mark)
    keep(result, folder, app.outputs, extra)
    if app.cancel.is_set() or not any(cell.video for cell in result.cells):
        return None
    shown = {**extra, **votes_for_report(result, folder)}
    if not app.console.is_terminal:  # where no status is drawn, previews of long videos are a silence of minutes
        app.console.print("writing the report", style="dim")
    with app.console.status("the report") as status:
        media = write_report(
            result,
            folder / NAME,
            extra=shown,
            told=lambda done, total: status.update(f"the report: video {done + 1} of {total}"),
        )
    for line in media.said:
        app.warn(f"report: {line}")
    return folder / NAME


def exit_code(app: "App", result: SweepResult, progress: Progress | None) -> int:
    """130 when interrupted, 3 when cells failed that nobody declared, scores are missing or the disk gave out."""
    if app.cancel.is_set():
        return INTERRUPTED
    lost = progress is not None and (bool(progress.unscored) or progress.disk is not None)
    return SOME_FAILED if result.failed or lost else OK


def _track(
    app: "App", result: SweepResult, tracker: "Tracker | None", more: Sequence[Path], code: int, *, rebuild: bool
) -> str:
    from sweeps import tracking
    from sweeps.logbook import patiently

    if rebuild:
        with app.console.status("writing MLflow"):
            return tracking.rebuild(app.config.tracking, app.outputs, result, more).uri
    if tracker is None:
        return ""
    tracker.more = [*tracker.more, *more]
    if code == INTERRUPTED:
        tracker.close("KILLED")
        return tracker.uri
    with app.console.status("drawing contact sheets and curves, writing MLflow"):
        if app.config.tracking.kind == "server":
            patiently(lambda: tracker.finish(result), app.warn, app.cancel)
        else:
            tracker.finish(result)
    for trouble in tracker.troubles:
        app.warn(trouble)
    return tracker.uri


def _print(
    app: "App", result: SweepResult, shown: SweepResult, progress: Progress | None, uri: str, report: Path | None
) -> None:
    from sweeps.summary import print_summary
    from sweeps.summary_files import summary_csv, summary_markdown

    console = app.console
    print_summary(shown, console)
    if progress is not None:
        new = "nothing rendered" if not progress.rendered else f"{progress.rendered} rendered"
        judged = "nothing scored" if not progress.scored else f"{progress.scored} scored"
        console.print(f"{new}, {progress.reused} reused, {judged}", highlight=False)
        if again := sum(one.attempts > 1 for one in result.cells if one.state == "done" and not one.reused):
            console.print(f"{again} took more than one attempt", highlight=False)
        if found := of_sweep(result, fresh=True):
            console.print(account_line(found, stand_in=result.stand_in), markup=False, highlight=False)
        for line in slow_lines(result):
            app.warn(line)
        if progress.stopped:
            console.print(f"stopped: {progress.stopped}; the same command goes on", style="yellow", markup=False)
    folder = app.folder(result.mark)
    own = f"plans/{result.plan_hash[:12]}"  # beside its plan: another plan of the same name does not take it away
    for suffix, text in (("md", summary_markdown(result)), ("csv", summary_csv(result))):
        write_atomically(folder / f"{own}.{suffix}", text)
        write_atomically(folder / f"summary.{suffix}", text)
    console.print(f"tables: {folder / 'summary.md'} (kept as {own}.md)", soft_wrap=True, markup=False, highlight=False)
    if report is not None:
        console.print(f"report: {report}", soft_wrap=True, markup=False, highlight=False)
    if uri:
        console.print(
            f"MLflow: mlflow ui --backend-store-uri {_quoted(without_passwords(uri))}",
            soft_wrap=True,
            markup=False,
            highlight=False,
        )


def _quoted(uri: str) -> str:
    import shlex

    return shlex.quote(uri)


def _summary(app: "App", result: SweepResult, progress: Progress | None, code: int) -> dict[str, Any]:
    """What a hook gets on standard input."""
    return {
        "sweep": app.name,
        "stand_in": result.stand_in,
        "rehearsal": result.rehearsal,
        "exit_code": code,
        "cells": len(result.cells),
        "rendered": progress.rendered if progress else 0,
        "reused": progress.reused if progress else 0,
        "failed": [f"{one.setting}/{one.clip}/{one.seed}: {one.why}" for one in result.cells if one.failed_badly],
        "stopped": progress.stopped if progress else None,
        "outputs": str(app.outputs),
    }
