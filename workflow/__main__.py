"""``python -m workflow show|diff|export``: graphs, also those inside videos."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflow.binding import BindingError, UnsupportedGraphError, bind
from workflow.diff import changes
from workflow.errors import HarnessError, told
from workflow.graph import Graph, GraphError, is_link, title_of
from workflow.inside import graph_of
from workflow.parameters import ALIASES
from workflow.words import one_line

_YOURS = "speech, pictures, seed and num_frames (seconds of speech × 25 + 1)"
"""What a cell of a sweep would fill in."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    whole = parser()
    words = sys.argv[1:] if arguments is None else list(arguments)
    if not words:
        whole.print_help(sys.stderr)
        return 2
    args, more = whole.parse_known_args(words)
    if more and (args.run is not _export or any(one.startswith("-") for one in more)):
        whole.error(f"unrecognized arguments: {' '.join(more)}")
    if args.run is _export:
        args.words += more  # those after --output
    try:
        code: int = args.run(args)
        return code
    except HarnessError as error:
        return told(error, _lines)
    except RecursionError:
        return told(GraphError("a graph is nested too deeply to be a workflow", hint="it is no export of ComfyUI's"))
    except BrokenPipeError:  # the reader of a pipe went away, as `| head` does: nothing more can be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def parser() -> argparse.ArgumentParser:
    """The commands and what they take."""
    whole = argparse.ArgumentParser(prog="python -m workflow", description="Graphs, also out of videos.")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="the parameters that a video was made with, or a graph has")
    show.add_argument("file", type=Path, help="a video that ComfyUI wrote, or a graph in API format (.json)")
    show.add_argument("--json", action="store_true", help="print the whole graph, as ComfyUI takes it")
    show.set_defaults(run=_show)
    diff = commands.add_parser("diff", help="what differs between two videos or graphs, tunable parameters first")
    for name in ("a", "b"):
        diff.add_argument(name, type=Path, help="a video, or a graph in API format (.json)")
    diff.set_defaults(run=_diff)
    export = commands.add_parser(
        "export",
        help="the graph of a variant as a file that ComfyUI opens",
        description="Takes the same words as sweep.py: variant=best, workflow.steps=6, model=fp8_scaled …",
    )
    export.add_argument("words", nargs="*", metavar="KEY=VALUE", help="for instance variant=v2 model=fp8_scaled")
    export.add_argument("--output", type=Path, metavar="FILE", help="default: VARIANT.json here")
    export.set_defaults(run=_export)
    return whole


def _show(args: argparse.Namespace) -> int:
    graph = _graph(args.file)
    if args.json:
        print(_shown_json(graph))
        return 0
    for name, value in parameters_of(graph).items():
        print(f"{name}: {_line(value)}")
    print()
    for node_id, node in graph.items():
        print(f"#{_line(node_id)} {_line(title_of(graph, node_id))} ({_line(node['class_type'])})")
        for name, value in node["inputs"].items():
            source = f"→ {title_of(graph, value[0])}" if is_link(value) and value[0] in graph else value
            print(f"    {_line(name)}: {_line(source)}")
    return 0


def parameters_of(graph: Graph) -> dict[str, Any]:
    """The tunable parameters that a graph sets, and its seed; none where it is no graph of this kind."""
    try:
        binding = bind(graph)
    except (BindingError, UnsupportedGraphError) as error:
        print(_line(f"not an InfiniteTalk graph that can be tuned: {error.message}"), file=sys.stderr)
        return {}
    found = {name: binding.read(graph, name) for name in (*ALIASES, "seed", "num_frames")}
    return {name: value for name, value in found.items() if value is not None}


def _diff(args: argparse.Namespace) -> int:
    found = changes(_graph(args.a), _graph(args.b))
    for one in found:
        print(_line(one.shown))
    if not found:
        print("no difference that can change a video")
    return 0


def _export(args: argparse.Namespace) -> int:
    from sweeps.export import export

    path = export(args.words, args.output)
    print(f"{_line(str(path))}: drop it on ComfyUI's canvas; {_YOURS} are for you to set there")
    return 0


def _graph(path: Path) -> Graph:
    """The graph of a file; what is wrong with it is said on one line, whatever stands in its name or in it."""
    try:
        return graph_of(path)
    except HarnessError as error:
        error.message, error.hint = _line(error.message), error.hint or "is it the file that was meant?"
        raise


def _line(value: Any) -> str:
    """A value on one line, nothing in it but letters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return one_line(text)


def _lines(text: str) -> str:
    return "\n".join(_line(one) for one in text.split("\n"))


def _shown_json(graph: Graph) -> str:
    """JSON to read and to parse: what a terminal would obey, or could not encode, is escaped."""
    text = json.dumps(graph, ensure_ascii=False, indent=1)
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text)


if __name__ == "__main__":
    sys.exit(main())
