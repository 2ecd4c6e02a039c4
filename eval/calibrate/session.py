"""One calibration from the clips to the files, with what the person at the terminal sees of it."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from eval.calibrate.analyse import analyse
from eval.calibrate.job import Job, Row
from eval.calibrate.material import Material
from eval.calibrate.report import page
from eval.calibrate.result import Cross, Result
from eval.calibrate.run import Died, Options, Pool, jobs_of
from eval.score import Settings
from workflow.errors import HarnessError
from workflow.files import read_json, write_atomically, write_json
from workflow.words import counted

if TYPE_CHECKING:
    from rich.console import Console

LEAST_CLIPS, LEAST_SECONDS = 2, 10.0
"""Below, a calibration tells of one face, or of a few words."""
KEPT = 0.05  # cross-talk from which on it is worth a line
WORDS = 10  # how often a log without a terminal hears of progress


class NoClips(HarnessError):
    """Nothing to calibrate on."""

    code = "no-clips"


def calibrate(
    videos: Sequence[Path], output: Path, options: Options, settings: Settings, console: "Console"
) -> tuple[Result, int]:
    """(result, number of clips that could not be used); report.html and calibration.json are written to ``output``.

    Raises NoClips when no clip can be used; why is said before.
    """
    output.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=".work-", dir=output, ignore_cleanup_errors=True) as folder,
        Pool(options.workers) as pool,
    ):
        materials = _prepared(pool, videos, Path(folder), options, settings, console)
        jobs = [job for clip, material in materials.items() for job in jobs_of(clip, material, options, settings)]
        rows = _measured(pool, [job for job in jobs if job.kind == "clean"], "clean clips", console)
        for row in rows:
            if row.failed is not None:
                say(console, f"{videos[row.clip]} cannot be used: {row.failed}")
                del materials[row.clip]
        if not materials:
            raise NoClips("none of the clips could be used", hint="the lines above say why")
        rest = [job for job in jobs if job.kind != "clean" and job.clip in materials]
        rows += _measured(pool, rest, "measurements", console)
    result = analyse(rows, materials, settings, complete=not (options.only or options.quick))
    write_json(output / "calibration.json", result.to_json())
    write_atomically(output / "report.html", page(result, [videos[clip].name for clip in materials]))
    return result, len(videos) - len(materials)


def install(result: Result) -> Path:
    """Let score tables go by ``result``; returns the file, beside the user's own defaults and ignored by git.

    What tables do not need is left out: single values, and what hardly moves a metric. Mouths are measured in two ways,
    with face landmarks or without, and each may have its calibration on the same clips; one on other clips goes.
    """
    from eval import trust

    metrics = {name: replace(one, cross=_strong(one.cross)) for name, one in result.metrics.items()}
    landmarks = result.weights.get("landmarks") is not None
    path, other = trust.local(landmarks), trust.local(not landmarks)
    if _clips_of(other) != {clip.sha256 for clip in result.clips}:
        other.unlink(missing_ok=True)
    write_json(path, replace(result, responses={}, repeats=(), metrics=metrics).to_json())
    trust.forget()
    return path


def _clips_of(path: Path) -> set[str]:
    """The clips of an installed calibration by their contents; none where it is absent or damaged."""
    data = read_json(path)
    clips = data.get("clips") if isinstance(data, dict) else None
    rows = clips if isinstance(clips, list) else []
    return {str(clip.get("sha256")) for clip in rows if isinstance(clip, dict)}


def thin(result: Result) -> str | None:
    """What to warn of before tables go by ``result``: few clips, or short ones; None where it has enough of both."""
    shortest = min((clip.seconds for clip in result.clips), default=0.0)
    if len(result.clips) >= LEAST_CLIPS and shortest >= LEAST_SECONDS:
        return None
    return (
        f"it rests on {counted(len(result.clips), 'clip')}, the shortest of {shortest:.3g} s: verdicts on fewer than "
        f"{LEAST_CLIPS} clips of {LEAST_SECONDS:g} s hold for little else"
    )


def _strong(cross: Mapping[str, Cross]) -> dict[str, Cross]:
    return {name: one for name, one in cross.items() if (one.relative or 0) >= KEPT and not one.expected}


def say(console: "Console", text: str, style: str = "yellow") -> None:
    """Print one line in which nothing is markup."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _prepared(
    pool: Pool, videos: Sequence[Path], folder: Path, options: Options, settings: Settings, console: "Console"
) -> dict[int, Material]:
    found: dict[int, Material] = {}
    with console.status(f"cutting {len(videos)} clips" if len(videos) > 1 else "cutting the clip"):
        for number, outcome in pool.prepared(videos, folder, options, settings):
            if isinstance(outcome, Material):
                found[number] = outcome
            else:
                reason = outcome.reason if isinstance(outcome, Died) else str(outcome)
                say(console, f"{videos[number]} cannot be used: {reason}")
    materials: dict[int, Material] = {}
    for number, material in sorted(found.items()):
        twin = next((one for one, other in materials.items() if other.sha256 == material.sha256), None)
        if twin is None:
            materials[number] = material
        else:
            say(console, f"{videos[number]} is the same as {videos[twin]} and is left out")
    return materials


def _measured(pool: Pool, jobs: Sequence[Job], what: str, console: "Console") -> list[Row]:
    """The rows of ``jobs`` under a progress bar; a log without a terminal hears of it now and then."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rows: list[Row] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=len(jobs))
        for row in pool.measured(jobs):
            rows.append(row)
            bar.advance(task)
            if not console.is_terminal and len(rows) * WORDS // len(jobs) > (len(rows) - 1) * WORDS // len(jobs):
                say(console, f"{len(rows)} of {len(jobs)} {what}", style="")
    return rows
