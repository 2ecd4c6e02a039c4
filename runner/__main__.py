"""``python -m runner``: the stand-in by itself."""

import argparse
import sys
from collections.abc import Sequence

_ABOUT = """\
The part of the harness that makes videos. A sweep starts what it needs by itself; these commands run parts alone.
"""
_STANDIN = """\
Runs the stand-in: ComfyUI's HTTP and websocket protocol for the nodes of the InfiniteTalk workflow, with a puppet on
the CPU in place of the model. It shows how the harness works and tests it; its videos say nothing about InfiniteTalk.

    python -m runner standin --port 8189
    python sweep.py +experiment=smoke server=comfyui server.url=http://127.0.0.1:8189
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m runner", description=_ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    standin = commands.add_parser(
        "standin",
        help="a stand-in for ComfyUI on this machine: no GPU, no model, a puppet",
        description=_STANDIN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["standin"]:  # its libraries load only when it is meant
        from runner.standin import cli

        cli.add_arguments(standin)
        return int(cli.run(parser.parse_args(words)) or 0)
    parser.parse_args(words)
    return 2


if __name__ == "__main__":
    sys.exit(main())
