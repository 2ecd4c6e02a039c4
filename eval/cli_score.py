"""``python -m eval score``: judge videos, show them as tables, write JSON and plots."""

import argparse
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.batch import Failed, Heard, Job, score_many
from eval.cli_options import add_scoring_options, fetch_weights, parts, settings_of
from eval.score import Score, Settings
from workflow.errors import HarnessError
from workflow.windows import Windows

if TYPE_CHECKING:
    from rich.console import Console

OK, BAD_INPUT, SOME_FAILED = 0, 2, 3

EPILOG = """examples:
  python -m eval score talk.mp4                          against its own sound
  python -m eval score talk.mp4 --audio speech.wav --reference face.png --plot curves.png --json score.json
  python -m eval score outputs/*.mp4 --json scores.json  many videos: one that fails does not stop the rest
  python -m eval score talk.mp4 --window 81 --motion-frame 9   where the seams are (read from a ComfyUI video itself)

The offset counts frames of 40 ms; positive: the audio comes before the lips. A dash is a figure that is missing, never
a zero; the remark says why. Exit codes: 0 all judged, 2 bad input, 3 some videos broken or unreadable, 130 interrupted.
"""


class WindowArgumentsError(HarnessError):
    """Only one of --window and --motion-frame, or sizes that cannot be."""

    code = "window-arguments"


def add(commands: Any) -> None:
    """Declare the subcommand."""
    score = commands.add_parser(
        "score", help="judge videos; no ComfyUI needed", description="Judge videos; no ComfyUI needed.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    score.set_defaults(run=run)
    score.add_argument("videos", nargs="+", type=Path, metavar="VIDEO", help="MP4, WebM, … with a face that talks")
    score.add_argument("--audio", type=Path, metavar="A", help="the speech (default: the video's own sound)")
    score.add_argument("--reference", type=Path, metavar="R", help="reference picture, or a video for its first frame")
    score.add_argument("--footage", type=Path, metavar="V", help="a real video of your own: the norm for the mouth")
    score.add_argument(
        "--json", type=Path, metavar="FILE", help="write values and curves as JSON ('-': to the terminal)"
    )
    score.add_argument("--plot", type=Path, metavar="FILE", help="write the curves as PNG (a folder for many videos)")
    add_scoring_options(score)
    score.add_argument("--families", metavar="A,B", help="only these, for example lipsync,colour")
    score.add_argument("--workers", type=_count, metavar="N", help="processes for many videos (default: one a core)")
    score.add_argument("--window", type=int, metavar="N", help="frame_window_size, with --motion-frame")
    score.add_argument("--motion-frame", type=int, metavar="N", help="overlap of the windows in frames")
    score.add_argument("--windows", action="store_true", help="also a table of the windows, where they are known")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is no number of processes")
    return number


def run(args: argparse.Namespace) -> int:
    """Judge the videos of ``args``; the exit code."""
    from rich.console import Console

    _check(args)
    quiet = args.json is not None and str(args.json) == "-"
    console = Console(stderr=quiet)
    settings = settings_of(args)
    if args.families:
        settings = replace(settings, families=parts(args.families))
    fetch_weights(settings, console)
    footage = _footage(args, settings, console)
    jobs = [Job(video, args.audio, args.reference, _windows(args, video), settings, footage) for video in args.videos]
    outcomes: dict[str, Score | Failed] = {str(video): Failed("not-judged", "not judged") for video in args.videos}
    try:
        with _progress(console, args.videos) as (heard, finished):
            for job, outcome in score_many(jobs, heard, workers=args.workers):
                finished(job.video)
                outcomes[str(job.video)] = outcome
                _show(args, console, job.video, outcome)
    finally:  # also after Ctrl-C: what was judged is kept
        _write_json(args.json, outcomes)
    scores = [outcome for outcome in outcomes.values() if isinstance(outcome, Score)]
    if len(args.videos) == 1 and (not scores or scores[0].fps == 0):
        return BAD_INPUT  # not there, or nothing that is a video
    broken = sum(score.status == "broken" for score in scores)
    failed = len(outcomes) - len(scores)
    if len(args.videos) > 1:
        console.print(f"{len(scores) - broken} judged, {broken} broken, {failed} unreadable")
    return SOME_FAILED if failed or broken else OK


def _footage(args: argparse.Namespace, settings: Settings, console: "Console") -> Mapping[str, float] | None:
    """The norm of one's own footage, measured once for all videos."""
    from eval.footage import footage_norm

    if args.footage is None:
        return None
    with console.status(f"measuring the mouth of {args.footage.name}"):
        return footage_norm(args.footage, settings)


def _check(args: argparse.Namespace) -> None:
    """Refuse what no video could be scored with, before the first is opened."""
    from workflow.media.errors import require_file

    if (args.window is None) != (args.motion_frame is None):
        raise WindowArgumentsError("--window and --motion-frame belong together", hint="--window 81 --motion-frame 9")
    if args.window is not None:
        Windows(args.window, args.motion_frame, 1)
    for path, what in ((args.audio, "audio"), (args.reference, "reference"), (args.footage, "footage")):
        if path is not None:
            require_file(path, what)
    if args.plot is not None and len(args.videos) > 1:
        args.plot.mkdir(parents=True, exist_ok=True)


@contextmanager
def _progress(console: "Console", videos: list[Path]) -> Iterator[tuple[Heard, Any]]:
    """A bar for the videos and one for each that is being judged: (what hears of frames, what ends a video's bar)."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        every = bar.add_task("videos", total=len(videos), visible=len(videos) > 1)
        tasks: dict[Path, Any] = {}

        def heard(video: Path, done: int, total: int | None) -> None:
            if video not in tasks:
                tasks[video] = bar.add_task(video.name, total=total)
            bar.update(tasks[video], completed=done, total=total)

        def finished(video: Path) -> None:
            if video in tasks:
                bar.remove_task(tasks.pop(video))
            bar.advance(every)

        yield heard, finished


def _windows(args: argparse.Namespace, video: Path) -> Windows | None:
    """The windows that were given on the command line, for this video's length."""
    from workflow.media.probe import probe

    if args.window is None:
        return None
    try:
        frames = probe(video).frames
    except HarnessError:
        return None  # scoring meets the same error and says it
    return Windows(args.window, args.motion_frame, frames) if frames else None


def _show(args: argparse.Namespace, console: "Console", video: Path, outcome: Score | Failed) -> None:
    from rich.markup import escape

    from eval.table import score_table

    if isinstance(outcome, Failed):
        console.print(f"[red]{escape(str(video))}[/red]: {escape(outcome.message)}", highlight=False)
        return
    console.print(score_table(outcome, str(video)))
    if args.windows and outcome.status != "broken":
        from eval.windowtable import windows_table

        console.print(windows_table(outcome, video.name), markup=False)
    if args.plot is not None:
        from eval.plot import plot_curves

        target = args.plot / f"{_plot_name(args.videos, video)}.png" if len(args.videos) > 1 else args.plot
        plot_curves(outcome, target, video.name)


def _plot_name(videos: list[Path], video: Path) -> str:
    """The video's name; numbered where several have it, as one picture would replace the other.

    >>> _plot_name([Path("a/talk.mp4"), Path("b.mp4")], Path("b.mp4"))
    'b'
    >>> _plot_name([Path("a/talk.mp4"), Path("b/talk.mp4")], Path("b/talk.mp4"))
    'talk-2'
    """
    same = [one for one in dict.fromkeys(videos) if one.stem == video.stem]
    return video.stem if len(same) == 1 else f"{video.stem}-{same.index(video) + 1}"


def _write_json(path: Path | None, outcomes: dict[str, Score | Failed]) -> None:
    """One object by video name: a score, or ``{"error": code, "message": …}``."""
    if path is None:
        return
    data: dict[str, Any] = {
        name: {"error": one.code, "message": one.message} if isinstance(one, Failed) else one.to_json()
        for name, one in outcomes.items()
    }
    text = json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False)
    if str(path) == "-":
        print(text)
        return
    from workflow.media.files import write_bytes

    write_bytes(path, text.encode("utf-8"))
