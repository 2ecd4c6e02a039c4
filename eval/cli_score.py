"""``python -m eval score``: judge videos, show them as tables, write JSON and plots."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.batch import Failed, Job, score_many
from eval.cli_options import add_scoring_options, check_device, fetch_weights, parts, settings_of
from eval.cli_outputs import check_file, plots_of
from eval.cli_shown import Shown, exit_code, progress
from eval.score import Score, Settings
from workflow.errors import HarnessError
from workflow.windows import Windows

if TYPE_CHECKING:
    from rich.console import Console

UNJUDGED = Failed("not-judged", "not judged")

EPILOG = """examples:
  python -m eval score talk.mp4                          against its own sound
  python -m eval score talk.mp4 --audio speech.wav --reference face.png --plot curves.png --json score.json
  python -m eval score outputs/*.mp4 --json scores.json  many videos: one that fails does not stop the rest
  python -m eval score talk.mp4 --window 81 --motion-frame 9   where the seams are (read from a ComfyUI video itself)

The offset counts frames of 40 ms; positive: the audio comes before the lips. A dash is a figure that is missing, never
a zero; the remark says why. Results come in the order of the videos.
Exit codes: 0 every video is judged; 2 bad input: wrong options, or not one video that can be read; 3 some are broken
(black, noise, frozen, silent …) or cannot be read, the rest is judged; 130 interrupted.
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
    score.add_argument("--plot", type=Path, metavar="FILE", help="write the curves as PNG (or a folder)")
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

    args.videos = list(dict.fromkeys(args.videos))
    console = Console(stderr=args.json is not None and str(args.json) == "-")
    settings = settings_of(args)
    if args.families:
        settings = replace(settings, families=parts(args.families))
    pictures = _check(args, settings)
    if any(map(_can_be_read, args.videos)):  # else nothing is worth a download: each video's error is all there is
        fetch_weights(settings, console)
    footage = _footage(args, settings, console)
    jobs = [Job(video, args.audio, args.reference, _windows(args, video), settings, footage) for video in args.videos]
    show = Shown(args.videos, console, pictures, args.windows)
    try:
        with progress(console, args.videos) as (heard, finished):
            for job, outcome in score_many(jobs, heard, workers=args.workers):
                finished(job.video)
                show.add(job.video, outcome)
    finally:  # also after Ctrl-C: what was judged is kept and shown
        show.rest()
        _write_json(args.json, {str(video): show.outcomes.get(video) or UNJUDGED for video in args.videos})
    show.end()
    return exit_code(show.outcomes.values())


def _footage(args: argparse.Namespace, settings: Settings, console: "Console") -> Mapping[str, float] | None:
    """The norm of one's own footage, measured once for all videos."""
    from eval.footage import footage_norm

    if args.footage is None:
        return None
    with console.status(f"measuring the mouth of {args.footage.name}"):
        return footage_norm(args.footage, settings)


def _check(args: argparse.Namespace, settings: Settings) -> dict[Path, Path]:
    """Refuse what no video could be scored with, before the first is opened; where each video's picture goes."""
    from eval import trust
    from workflow.media.errors import require_file

    if (args.window is None) != (args.motion_frame is None):
        raise WindowArgumentsError("--window and --motion-frame belong together", hint="--window 81 --motion-frame 9")
    if args.window is not None:
        Windows(args.window, args.motion_frame, 1)
    for path, what in ((args.audio, "audio"), (args.reference, "reference"), (args.footage, "footage")):
        if path is not None:
            require_file(path, what)
    trust.check()
    check_device(settings)
    if args.json is not None and str(args.json) != "-":
        check_file(args.json, "--json")
    return {} if args.plot is None else plots_of(args.plot, args.videos)


def _can_be_read(video: Path) -> bool:
    from workflow.media.probe import probe

    try:
        return probe(video).kind == "video"
    except HarnessError:
        return False


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
