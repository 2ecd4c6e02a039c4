"""``python -m sweeps adopt FOLDER``: an output folder of ComfyUI becomes a tuning history."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of ``adopt``."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the MP4s are; folders below it too")
    parser.add_argument(
        "--audio-dir",
        type=Path,
        metavar="DIR",
        help="where the speech lies that the graphs name (ComfyUI's input/); without it a video's own sound is heard",
    )
    parser.add_argument(
        "--picture-dir",
        type=Path,
        metavar="DIR",
        help="where the reference frames lie; default: the folder of the speech",
    )
    parser.add_argument(
        "--config",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="as for sweep.py: scoring=quick tracking=server sweep.name=… sweep.baseline=… server.release=…",
    )


def run(args: argparse.Namespace) -> int:
    """Adopt; 3 where some files could not be adopted or judged, 130 when interrupted."""
    from rich.console import Console

    from sweeps.adopt.adoption import Adoption
    from sweeps.adopt.inputs import Inputs
    from sweeps.compose import as_typed
    from sweeps.config import HooksConfig
    from sweeps.precheck import check_config

    config, outputs = as_typed(args.config), args.outputs.absolute()
    config.hooks = HooksConfig()  # they wait for a sweep's end
    config.compare.against = None
    check_config(config, outputs)
    audio = Inputs(args.audio_dir, "--audio-dir")
    pictures = Inputs(args.picture_dir or args.audio_dir, "--picture-dir" if args.picture_dir else "--audio-dir")
    return Adoption(args.folder, outputs, config, Console(), audio, pictures).run()
