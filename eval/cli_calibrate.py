"""``python -m eval calibrate``: how far each metric can be trusted, measured on clean clips with known distortions."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.cli_options import add_scoring_options, fetch_weights, parts, settings_of
from eval.score import Settings
from workflow.errors import HarnessError

if TYPE_CHECKING:
    from rich.console import Console

OK, SOME_FAILED = 0, 3
LEAST_SIDE = 128

EPILOG = """examples:
  python -m eval calibrate mine1.mp4 mine2.mp4      report.html, calibration.json and plots in calibration/
  python -m eval calibrate mine.mp4 --quick         fewer levels: to see whether it works
  python -m eval calibrate mine.mp4 --only blur,unsharp,crf
  python -m eval calibrate *.mp4 --install          and let score tables go by the result
  python -m eval calibrate --show                   the result that score tables go by now
  python -m eval calibrate *.mp4 --fit-crop boxes.json   SyncNet's crop from the reference detector's face boxes

A clean clip is real footage: one frontal face that talks, its own sound in sync, no cuts, four seconds or more (ten are
used). The more different people, the more the verdicts are worth. Each clip is distorted in known ways and strengths,
and each metric is asked whether it moves, in order, by how much, what else moves it, and how much it wavers by itself.
A metric that fails is experimental. Exit codes: 0 done, 2 bad input, 3 some clips or measurements failed,
130 interrupted.
"""


class PartialCalibration(HarnessError):
    """A calibration that is not complete is not what score tables should go by."""

    code = "partial-calibration"


def add(commands: Any) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "calibrate", help="how far each metric can be trusted", description="How far each metric can be trusted.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.set_defaults(run=run)
    parser.add_argument("videos", nargs="*", type=Path, metavar="VIDEO", help="clean clips of people who talk")
    parser.add_argument("--output", type=Path, default=Path("calibration"), metavar="DIR", help="where results go")
    parser.add_argument("--only", metavar="A,B", help="only these distortions")
    parser.add_argument("--quick", action="store_true", help="two levels a distortion, fewer repeats")
    parser.add_argument("--seconds", type=_seconds, default=10.0, metavar="S", help="of each clip (default: 10)")
    parser.add_argument(
        "--side", type=_side, default=832, metavar="PX", help="most pixels around the face (default: 832)"
    )
    add_scoring_options(parser)
    parser.add_argument("--workers", type=_workers, default=0, metavar="N", help="processes (default: one a core)")
    parser.add_argument("--install", action="store_true", help="let score tables go by this result")
    parser.add_argument(
        "--fit-crop", nargs="?", const="", metavar="BOXES.json",
        help="fit SyncNet's crop instead: to the reference detector's boxes, or without a file to its confidence",
    )  # fmt: skip
    parser.add_argument("--show", action="store_true", help="show the result that score tables go by, and stop")


def _seconds(text: str) -> float:
    from eval.calibrate.material import LEAST_S

    number = float(text)
    if not LEAST_S <= number <= 60:
        raise argparse.ArgumentTypeError(f"{number:g} is not within {LEAST_S:g} … 60 seconds")
    return number


def _side(text: str) -> int:
    number = int(text) // 2 * 2
    if number < LEAST_SIDE:
        raise argparse.ArgumentTypeError(f"{text} is too small: {LEAST_SIDE} pixels are needed")
    return number


def _workers(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is no number of processes")
    return number


def run(args: argparse.Namespace) -> int:
    """Calibrate on the clips of ``args``; the exit code."""
    from rich.console import Console

    from eval.calibrate.run import Options
    from eval.calibrate.session import NoClips, calibrate, install, say
    from eval.calibrate.terminal import show

    console = Console()
    if args.show:
        return _show(console)
    if not args.videos:
        raise NoClips(
            "no clip to calibrate on",
            hint="give clean talking clips of your own (one frontal face, own sound in sync, ten seconds each): "
            "python -m eval calibrate mine1.mp4 mine2.mp4; or --show for the result that tables go by now",
        )
    only = parts(args.only or "")
    options = Options(args.seconds, args.side, only, args.quick, args.workers)
    if args.install and (options.only or options.quick):
        raise PartialCalibration("--install wants all distortions and levels", hint="leave --quick and --only out")
    settings = settings_of(args)
    fetch_weights(settings, console)
    if args.fit_crop is not None:
        return _fit_crop(args, settings, console)
    result, refused = calibrate(args.videos, args.output, options, settings, console)
    show(result, console)
    say(console, f"{args.output / 'report.html'}, {args.output / 'calibration.json'}", style="")
    if args.install:
        install(result)
        say(console, "score tables go by this result from now on", style="")
    return SOME_FAILED if refused or result.failures else OK


def _fit_crop(args: argparse.Namespace, settings: Settings, console: "Console") -> int:
    """Fit SyncNet's crop, say it, and keep it under the names that scoring settings have."""
    from eval.calibrate import crop
    from eval.calibrate.session import say
    from workflow.files import write_json

    if args.fit_crop:
        geometry, pairs = crop.fit_to_boxes(args.videos, Path(args.fit_crop))
        say(console, f"fitted to {pairs} pairs of boxes", style="")
    else:
        geometry, tried = crop.fit_to_confidence(args.videos, settings)
        for one, confidence in tried.items():
            say(console, f"scale {one.scale:g}, down {one.shift_y:+g}: confidence {confidence:.3f}", style="")
    names = {"sync_scale": geometry.scale, "sync_shift_x": geometry.shift_x, "sync_shift_y": geometry.shift_y}
    write_json(args.output / "crop.json", names)
    say(console, ", ".join(f"{name} {value:.3f}" for name, value in names.items()), style="bold")
    return OK


def _show(console: "Console") -> int:
    from eval import trust
    from eval.calibrate.result import from_json
    from eval.calibrate.session import NoClips
    from eval.calibrate.terminal import show
    from workflow.files import read_json

    found = [(way, data) for way in (False, True) if (data := read_json(trust.shipped(way))) is not None]
    if not found:
        raise NoClips("no calibration is installed", hint="python -m eval calibrate mine.mp4 --install")
    for landmarks, data in found:
        console.rule(f"{'with' if landmarks else 'without'} face landmarks", align="left")
        show(from_json(data), console)
    return OK
