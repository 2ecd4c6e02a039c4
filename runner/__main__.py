"""``python -m runner``: the doctor, the stand-in by itself, and a rehearsal's random-weight checkpoints."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

_ABOUT = """\
The part of the harness that makes videos. A sweep starts what it needs by itself; these commands run parts alone.
"""
_DOCTOR = """\
Looks at one server and one graph, and says on one screen what is well, what is a fault and what to do about it, what
may fail late, and what cannot be known from here. Nothing is rendered, and nothing is changed on the server.

    python -m runner doctor --url http://host:8188
    python -m runner doctor --url http://host:8188 --graph my_workflow_api.json
    python -m runner doctor --folder /opt/ComfyUI        (on the server's own machine: revisions and packages too)
    TOKEN='Authorization: Bearer …' python -m runner doctor --url https://gpu.example.org --headers-env TOKEN
    python -m runner doctor --url http://host:8188 --upload longest_speech.wav --json

Marks: ok · risk (it may fail, or mean something else) · unknown (the server does not tell) · fault (it will fail).
Exit code 0 without a fault, 2 with one. For every cell of an experiment:
    python sweep.py +experiment=NAME server=comfyui server.url=http://host:8188 action=doctor
"""
_STANDIN = """\
Runs the stand-in: ComfyUI's HTTP and websocket protocol for the nodes of the InfiniteTalk workflow, with a puppet on
the CPU in place of the model. It shows how the harness works and tests it; its videos say nothing about InfiniteTalk.

    python -m runner standin --port 8189
    python sweep.py +experiment=smoke server=comfyui server.url=http://127.0.0.1:8189
"""
_REHEARSE = """\
Writes random-weight checkpoints with the true tensor names and shapes into a ComfyUI on this machine, under the names
that the workflow and every shipped config use, and cached text embeddings for every shipped prompt: the whole real
graph runs before a model is downloaded. tiny runs it on a CPU; full gives the true time and memory of your card.
Every file says inside that it is random. Nothing that is there is ever overwritten; --remove takes all of it away.

    python -m runner rehearse --comfyui DIR --size tiny
    python -m runner rehearse --comfyui DIR --size full --models q8 --dry-run
    python -m runner rehearse --comfyui DIR --remove
"""
_COMMANDS = {
    "doctor": ("is this server ready for this graph, and what to do where it is not", _DOCTOR, "runner.doctor.cli"),
    "standin": ("a stand-in for ComfyUI on this machine: no GPU, no model, a puppet", _STANDIN, "runner.standin.cli"),
    "rehearse": ("random-weight checkpoints for a ComfyUI on this machine", _REHEARSE, "runner.rehearse.cli"),
}
"""What a command is in a line, its description, and the module with its ``add_arguments`` and ``run``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m runner", description=_ABOUT, formatter_class=plain)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    own = {
        name: commands.add_parser(name, help=short, description=long, formatter_class=plain)
        for name, (short, long, _) in _COMMANDS.items()
    }
    words = sys.argv[1:] if arguments is None else list(arguments)
    if not words:
        parser.print_help(sys.stderr)
        return 2
    if words[:1] and words[0] in _COMMANDS:  # its libraries load only when it is meant
        command = import_module(_COMMANDS[words[0]][2])
        command.add_arguments(own[words[0]])
        return int(command.run(parser.parse_args(words)) or 0)
    parser.parse_args(words)
    return 2


if __name__ == "__main__":
    sys.exit(main())
