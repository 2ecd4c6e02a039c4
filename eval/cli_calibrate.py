"""``python -m eval calibrate``: how far each metric can be trusted, measured on clean clips with known distortions."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.cli_options import add_scoring_options, check_device, fetch_weights, parts, settings_of
from eval.cli_outputs import check_folder
from eval.score import Settings
from workflow.errors import HarnessError

if TYPE_CHECKING:
    from rich.console import Console

    from eval.calibrate.result import Result

OK, SOME_FAILED = 0, 3
LEAST_SIDE = 128

EPILOG = """examples:
  python -m eval calibrate mine1.mp4 mine2.mp4      report.html, calibration.json and plots in calibration/
  python -m eval calibrate mine.mp4 --quick         fewer levels: to see whether it works
  python -m eval calibrate mine.mp4 --only blur,unsharp,crf
  python -m eval calibrate *.mp4 --install          and let score tables go by the result, kept in conf/local/
  python -m eval calibrate --show                   the result that score tables go by now
  python -m eval calibrate *.mp4 --fit-crop boxes.json   SyncNet's crop from the reference detector's face boxes

A clean clip is real footage: one frontal face that talks, its own sound in sync, no cuts, four seconds or more (ten are
used). The more different people, the more the verdicts are worth. Each clip is distorted in known ways and strengths,
and each metric is asked whether it moves, in order, by how much, what else moves it, and how much it wavers by itself.
A metric that fails is experimental. --install writes conf/local/calibration.json (with face landmarks
calibration_landmarks.json), which wins over what is shipped until you delete it; git ignores both.
Exit codes: 0 done, 2 bad input, 3 some clips or measurements failed, 130 interrupted.
"""


class CalibrateArguments(HarnessError):
    """Options that do not go together."""

    code = "calibrate-arguments"


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
    from eval.calibrate.session import calibrate, say
    from eval.calibrate.terminal import show

    console = Console()
    _check(args)
    if args.show:
        return _show(console)
    only = parts(args.only or "")
    options = Options(args.seconds, args.side, only, args.quick, args.workers)
    if args.install and (options.only or options.quick):
        raise PartialCalibration("--install wants all distortions and levels", hint="leave --quick and --only out")
    settings = settings_of(args)
    check_device(settings)
    check_folder(args.output)
    fetch_weights(settings, console)
    if args.fit_crop is not None:
        return _fit_crop(args, settings, console)
    result, refused = calibrate(args.videos, args.output, options, settings, console)
    show(result, console, str(args.output / "calibration.json"))
    say(console, f"curves and cross-talk: {args.output / 'report.html'}", style="")
    if args.install:
        _install(result, console)
    return SOME_FAILED if refused or result.failures else OK


def _check(args: argparse.Namespace) -> None:
    """Refuse what leaves nothing to do, or asks for two things at once."""
    from eval.calibrate.session import NoClips

    if args.show and (args.videos or args.install or args.fit_crop is not None):
        raise CalibrateArguments(
            "--show only shows what tables go by now", hint="leave out clips, --install, --fit-crop"
        )
    if args.install and args.fit_crop is not None:
        raise CalibrateArguments("--fit-crop gives a crop and no verdicts to install", hint="leave one of the two out")
    if args.show or args.videos:
        return
    if args.fit_crop:
        raise NoClips(
            f"no clip to fit on: --fit-crop took {args.fit_crop} for its file of boxes",
            hint=f"clips come first: python -m eval calibrate {args.fit_crop} --fit-crop",
        )
    raise NoClips(
        "no clip to calibrate on",
        hint="give clean talking clips of your own (one frontal face, own sound in sync, ten seconds each): "
        "python -m eval calibrate mine1.mp4 mine2.mp4; or --show for the result that tables go by now",
    )


def _install(result: "Result", console: "Console") -> None:
    """Let tables go by ``result``; say where it is kept, how to go back, and what it is worth."""
    from eval import trust
    from eval.calibrate.session import install, say, thin

    if doubt := thin(result):
        say(console, f"warning: {doubt}")
    path = install(result)
    both = [str(one) for one in (trust.local(False), trust.local(True)) if one.is_file()]
    say(console, f"score tables go by {path} from now on, and by nothing that is shipped", style="")
    if len(both) == 1:
        way = "the geometry of the face" if path == trust.local(True) else "face landmarks"
        say(
            console,
            f"what is measured by {way} is not calibrated, until the same clips are calibrated so too",
            style="",
        )
    say(console, f"to go back: delete {' and '.join(both)}", style="")


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

    found = [way for way in (False, True) if trust.in_use(way).is_file()]
    if not found:
        raise NoClips("no calibration is installed", hint="python -m eval calibrate mine.mp4 --install")
    trust.check()
    whose = "your own" if trust.is_own() else "shipped"
    for place, landmarks in enumerate(found):
        path = trust.in_use(landmarks)
        try:
            result = from_json(trust.data_of(path))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise trust.damaged(path, f"{type(error).__name__}: {error}") from None
        source, names = f"{path} ({whose})", None
        if landmarks:
            source = f"{path} ({whose}, with face landmarks)"
        if place:  # beside the other one, which judges the rest
            source += ", what landmarks measure"
            names = [name for name in result.metrics if trust.two_ways(name)]
            console.print()
        show(result, console, source, names, explain=not place)
    return OK
