"""``python -m eval``: judge any talking video from the command line."""

import argparse
import sys
from functools import partial

from eval import cli_calibrate, cli_score, cli_weights
from workflow.errors import HarnessError, told

WRONG_USAGE, INTERRUPTED = 2, 130
COMMANDS = (cli_score, cli_calibrate, cli_weights)
"""Modules with ``add(commands)``, which declares a subcommand, its ``run(args)`` returning the exit code."""


def build_parser() -> argparse.ArgumentParser:
    """The command line of the evaluator."""
    parser = argparse.ArgumentParser(
        prog="python -m eval", description="Judge talking videos: lip sync, sharpness, colour, motion, mouth, seams.",
        epilog=cli_score.EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.set_defaults(run=partial(_help, parser))
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return parser


def _help(parser: argparse.ArgumentParser, _: argparse.Namespace) -> int:
    """Without a command there is nothing to do: what can be done, and the exit code of wrong usage."""
    parser.print_help(sys.stderr)
    return WRONG_USAGE


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    args = build_parser().parse_args(argv)
    try:
        return int(args.run(args))
    except HarnessError as error:
        return told(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
