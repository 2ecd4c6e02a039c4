"""``action=produce``: a person's whole folder rendered with one setting, and MP4s delivered, trimmed to the speech."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sweeps.hooks import run_hook
from sweeps.naming import folder_name
from sweeps.plan import Plan, PlannedCell
from sweeps.progress import Progress
from sweeps.results import CellResult, SweepResult
from sweeps.store import unusable
from workflow.errors import HarnessError, told
from workflow.files import read_json, write_json
from workflow.media.errors import MediaError
from workflow.words import counted

if TYPE_CHECKING:
    from sweeps.app import App

OK, SOME_FAILED, INTERRUPTED = 0, 3, 130
CRF: Final = 14
"""x264's quality of what is delivered: cutting re-encodes, and nobody should see it."""
INDEX: Final = "produced.json"


class NotOneSetting(HarnessError):
    """Several settings where videos are to be delivered."""

    code = "produce-several"


def require_one(plan: Plan) -> None:
    """Raises NotOneSetting for a plan of several settings: which of them is wanted is a person's choice."""
    names = list(dict.fromkeys(one.setting for one in plan.cells))
    if len(names) != 1:
        raise NotOneSetting(
            f"action=produce needs one setting, the plan has {len(names)}",
            hint="leave out sweep.axes and +experiment; variant=best is the setting that you tagged",
        )


def deliver(app: "App", plan: Plan, result: SweepResult, progress: Progress) -> int:
    """Write the MP4 of every render, skip those that are there already, and say where they are; the exit code."""
    folder = app.outputs / "produced" / app.folder(result.mark).name
    cells = {(one.clip, one.seed): one for one in result.cells}
    wanted = [(one, cells[one.clip.name, one.seed]) for one in plan.cells]
    code = INTERRUPTED if app.cancel.is_set() else SOME_FAILED if result.failed else OK
    try:
        made, kept, broken = _deliver(app, folder, wanted)
    except OSError as error:
        return told(unusable(app.outputs, error))
    said = f"{progress.rendered} rendered, {counted(made, 'video')} delivered, {kept} there already"
    app.console.print(said, markup=False, highlight=False)
    for one in (cell for _, cell in wanted if cell.video is None):
        app.warn(f"{one.clip}: {one.why}")
    for why in broken:
        app.warn(why)
    if progress.stopped:
        app.warn(f"stopped: {progress.stopped}; the same command goes on")
    app.console.print(f"videos: {folder}", soft_wrap=True, markup=False, highlight=False)
    code = code or (SOME_FAILED if broken or progress.disk is not None else OK)
    hook = app.config.hooks.on_done if code == OK else app.config.hooks.on_failure
    summary = {
        "sweep": app.name,
        "stand_in": result.stand_in,
        "exit_code": code,
        "delivered": made,
        "folder": str(folder),
    }
    if trouble := run_hook(hook, summary):
        app.warn(trouble)
    return code


def _deliver(app: "App", folder: Path, wanted: list[tuple[PlannedCell, CellResult]]) -> tuple[int, int, list[str]]:
    from rich.progress import Progress as Bar

    there = read_json(folder / INDEX)
    index: dict[str, Any] = there if isinstance(there, dict) else {}
    several = len({one.seed for one, _ in wanted}) > 1
    made, kept, broken = 0, 0, list[str]()
    ready = [(one, cell) for one, cell in wanted if cell.video is not None]
    with Bar(console=app.console, disable=not app.console.is_terminal, transient=True) as bar:
        shown = bar.add_task("delivering", total=len(ready))
        for one, cell in ready:
            name = folder_name(one.clip.name + (f"-{one.seed}" if several else "")) + ".mp4"
            if _is_there(folder / name, index.get(name), cell):
                kept += 1
            else:
                try:
                    trimmed(cell, one, folder / name)
                except MediaError as error:
                    broken.append(f"{one.clip.name}: {error.message}")
                    continue
                made += 1
                index[name] = _entry(folder / name, cell)
                write_json(folder / INDEX, index)
            bar.advance(shown)
    return made, kept, broken


def _is_there(path: Path, entry: object, cell: CellResult) -> bool:
    """Whether this very render was delivered, and nobody changed the file since."""
    return isinstance(entry, Mapping) and path.is_file() and dict(entry) == _entry(path, cell)


def _entry(path: Path, cell: CellResult) -> dict[str, Any]:
    return {"recipe": cell.recipe, "environment": cell.environment, "crf": CRF, "bytes": path.stat().st_size}


def trimmed(cell: CellResult, planned: PlannedCell, path: Path) -> None:
    """The render of a cell up to the end of its speech, with the speech itself as its sound, and the graph inside.

    Raises MediaError.
    """
    from workflow.media.decode import frames
    from workflow.media.encode import VideoWriter
    from workflow.media.probe import probe

    video = cell.video
    if video is None:
        raise ValueError(f"{planned.name} has no video")
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = probe(video)
    fps, clip = facts.fps or 25.0, planned.clip
    last = math.ceil(clip.seconds * fps - 1e-6)
    size = facts.width, facts.height
    with VideoWriter(path, *size, fps, crf=CRF, preset="medium", audio=clip.speech, tags=facts.tags) as writer:
        for frame in frames(video, stop=last):
            writer.write(frame)
