"""``python -m eval``: judge any talking video from the command line."""

import argparse
import sys

from eval import cli_calibrate, cli_score, cli_weights
from workflow.errors import HarnessError

INTERRUPTED = 130
COMMANDS = (cli_score, cli_calibrate, cli_weights)
"""Modules with ``add(commands)``, which declares a subcommand, its ``run(args)`` returning the exit code."""


def build_parser() -> argparse.ArgumentParser:
    """The command line of the evaluator."""
    parser = argparse.ArgumentParser(
        prog="python -m eval", description="Judge talking videos: lip sync, sharpness, colour, motion, mouth, seams.",
        epilog=cli_score.EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    args = build_parser().parse_args(argv)
    try:
        return int(args.run(args))
    except HarnessError as error:
        print(f"error [{error.code}]: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
