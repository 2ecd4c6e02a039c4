"""``python -m eval``: judge any talking video from the command line."""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.score import PROFILES, Score, score_video
from workflow.errors import HarnessError
from workflow.windows import Windows

if TYPE_CHECKING:
    from rich.console import Console

OK, UNEXPECTED, BAD_INPUT, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 130

EPILOG = """examples:
  python -m eval score talk.mp4                          against its own sound
  python -m eval score talk.mp4 --audio speech.wav --reference face.png --plot curves.png --json score.json
  python -m eval score outputs/*.mp4 --json scores.json  many videos: one that fails does not stop the rest
  python -m eval score talk.mp4 --window 81 --motion-frame 9   where the seams are (read from a ComfyUI video itself)

The offset counts frames of 40 ms; positive: the audio comes before the lips. A dash is a figure that is missing, never
a zero; the remark says why. Exit codes: 0 all judged, 2 bad input, 3 some videos broken or unreadable, 130 interrupted.
"""


def build_parser() -> argparse.ArgumentParser:
    """The command line of the evaluator."""
    parser = argparse.ArgumentParser(
        prog="python -m eval", description="Judge talking videos: lip sync, sharpness, colour, motion, mouth, seams.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    score = commands.add_parser(
        "score", help="judge videos; no ComfyUI needed", description="Judge videos; no ComfyUI needed.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    score.add_argument("videos", nargs="+", type=Path, metavar="VIDEO", help="MP4, WebM, … with a face that talks")
    score.add_argument("--audio", type=Path, metavar="A", help="the speech (default: the video's own sound)")
    score.add_argument("--reference", type=Path, metavar="R", help="reference picture, or a video for its first frame")
    score.add_argument(
        "--json", type=Path, metavar="FILE", help="write values and curves as JSON ('-': to the terminal)"
    )
    score.add_argument("--plot", type=Path, metavar="FILE", help="write the curves as PNG (a folder for many videos)")
    score.add_argument("--profile", choices=sorted(PROFILES), default="default", help="which metrics, how dense")
    score.add_argument("--families", metavar="A,B", help="only these, for example lipsync,colour")
    score.add_argument("--window", type=int, metavar="N", help="frame_window_size, with --motion-frame")
    score.add_argument("--motion-frame", type=int, metavar="N", help="overlap of the windows in frames")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    args = build_parser().parse_args(argv)
    try:
        return _score(args)
    except HarnessError as error:
        print(f"error [{error.code}]: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


class WindowArgumentsError(HarnessError):
    """Only one of --window and --motion-frame, or sizes that cannot be."""

    code = "window-arguments"


def _score(args: argparse.Namespace) -> int:
    from rich.console import Console

    _check(args)
    quiet = args.json is not None and str(args.json) == "-"
    console = Console(stderr=quiet)
    scores: dict[str, Score] = {}
    failed: dict[str, HarnessError] = {}
    for video, outcome in _judged(args, console):
        if isinstance(outcome, HarnessError):
            failed[str(video)] = outcome
            console.print(f"[red]{_escaped(str(video))}[/red]: {_escaped(str(outcome))}", highlight=False)
            continue
        scores[str(video)] = outcome
        _show(args, console, video, outcome)
    _write_json(args.json, scores, failed)
    if len(args.videos) == 1 and (failed or next(iter(scores.values())).fps == 0):
        return BAD_INPUT  # not there, or nothing that is a video
    broken = sum(score.status == "broken" for score in scores.values())
    if len(args.videos) > 1:
        console.print(f"{len(scores) - broken} judged, {broken} broken, {len(failed)} unreadable")
    return SOME_FAILED if failed or broken else OK


def _check(args: argparse.Namespace) -> None:
    """Refuse what no video could be scored with, before the first is opened."""
    from workflow.media.errors import require_file

    if (args.window is None) != (args.motion_frame is None):
        raise WindowArgumentsError("--window and --motion-frame belong together", hint="--window 81 --motion-frame 9")
    if args.window is not None:
        Windows(args.window, args.motion_frame, 1)
    for path, what in ((args.audio, "audio"), (args.reference, "reference")):
        if path is not None:
            require_file(path, what)
    if args.plot is not None and len(args.videos) > 1:
        args.plot.mkdir(parents=True, exist_ok=True)


def _judged(args: argparse.Namespace, console: "Console") -> Iterable[tuple[Path, Score | HarnessError]]:
    """Score the videos one after the other under a progress bar."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    settings = PROFILES[args.profile]
    if args.families:
        settings = replace(settings, families=tuple(part.strip() for part in args.families.split(",") if part.strip()))
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        every = bar.add_task("videos", total=len(args.videos), visible=len(args.videos) > 1)
        for video in args.videos:
            task = bar.add_task(video.name, total=None)

            def step(done: int, total: int | None, task: Any = task) -> None:
                bar.update(task, completed=done, total=total)

            try:
                windows = None if args.window is None else _windows(args, video)
                outcome: Score | HarnessError = score_video(
                    video,
                    speech=args.audio,
                    reference=args.reference,
                    windows=windows,
                    settings=settings,
                    on_progress=step,
                )
            except HarnessError as error:
                outcome = error
            bar.remove_task(task)
            bar.advance(every)
            yield video, outcome


def _windows(args: argparse.Namespace, video: Path) -> Windows | None:
    from workflow.media.errors import MediaError
    from workflow.media.probe import probe

    try:
        frames = probe(video).frames
    except MediaError:
        return None  # scoring meets the same error and says it
    return Windows(args.window, args.motion_frame, frames) if frames else None


def _show(args: argparse.Namespace, console: "Console", video: Path, score: Score) -> None:
    from eval.table import score_table

    console.print(score_table(score, str(video)))
    if args.plot is not None:
        from eval.plot import plot_curves

        target = args.plot / f"{video.stem}.png" if len(args.videos) > 1 else args.plot
        plot_curves(score, target, video.name)


def _write_json(path: Path | None, scores: dict[str, Score], failed: dict[str, HarnessError]) -> None:
    """One object by video name: a score, or ``{"error": code, "message": …}``."""
    if path is None:
        return
    data: dict[str, Any] = {name: score.to_json() for name, score in scores.items()}
    data |= {name: {"error": error.code, "message": error.message} for name, error in failed.items()}
    text = json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False)
    if str(path) == "-":
        print(text)
        return
    from workflow.media.files import write_bytes

    write_bytes(path, text.encode("utf-8"))


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
