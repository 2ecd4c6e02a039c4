"""``python -m eval weights``: which model files there are, whose they are, and fetching them."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from eval.weights import FOLDER_VARIABLE, WEIGHTS, Sources, State, WeightsWrong, path_of, state
from workflow.errors import HarnessError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from eval.download import OnProgress

OK, WRONG, NOT_ALL, INTERRUPTED = 0, 2, 3, 130

EPILOG = f"""examples:
  python -m eval weights list                            what there is, checked byte by byte
  python -m eval weights fetch                           all that the default profile needs
  python -m eval weights fetch syncnet landmarks         only these
  python -m eval weights fetch --weights-mirror https://host/folder     from elsewhere first
  python -m eval weights fetch --weights-mirror /media/usb/weights      without network, from a folder

Nothing is used before its SHA-256 is right, wherever it came from. A torn download goes on where it stopped.
{FOLDER_VARIABLE}=FOLDER moves the cache folder; INFINITETALK_SWEEP_OFFLINE=1 forbids fetching; proxies are taken from
the environment. Exit codes: 0 all there, 2 unknown name or wrong checksum, 3 not all could be fetched, 130 interrupted.
"""


class SourceArgumentError(HarnessError):
    """An option NAME=VALUE without a name or a value."""

    code = "weights-argument"


def add(commands: Any) -> None:
    """Declare the subcommand."""
    look: dict[str, Any] = {"epilog": EPILOG, "formatter_class": argparse.RawDescriptionHelpFormatter}
    what = "model files: source, licence, SHA-256, state; fetch them"
    weights = commands.add_parser("weights", help=what, description=f"{what[0].upper()}{what[1:]}.", **look)
    weights.set_defaults(run=partial(_help, weights))
    actions = weights.add_subparsers(dest="action", metavar="list|fetch")
    listing = actions.add_parser("list", help="each file, and whether it is there", **look)
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(run=run_list)
    fetching = actions.add_parser("fetch", help="fetch what is absent", **look)
    fetching.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(WEIGHTS)} (default: the profile's)")
    fetching.set_defaults(run=run_fetch)
    for parser in (listing, fetching):
        add_source_options(parser)


def _help(parser: argparse.ArgumentParser, _: argparse.Namespace) -> int:
    parser.print_help(sys.stderr)
    return WRONG


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Options that say where weights are; ``sources_of`` reads them."""
    again: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument("--weights-file", metavar="NAME=PATH", help="an own file instead of the published one", **again)
    parser.add_argument("--weights-sha256", metavar="NAME=SUM", help="that file's SHA-256, if it is another", **again)
    parser.add_argument("--weights-mirror", metavar="BASE", help="URL or folder to fetch from first", **again)


def sources_of(args: argparse.Namespace) -> Sources:
    """The sources that the options of ``add_source_options`` name."""
    return Sources.read(
        None, _pairs("--weights-file", args.weights_file), _pairs("--weights-sha256", args.weights_sha256),
        args.weights_mirror,
    )  # fmt: skip


def _pairs(option: str, texts: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise SourceArgumentError(
                f"{option} {text!r} is not NAME=VALUE", hint=f"NAME is one of {', '.join(WEIGHTS)}"
            )
        pairs[name] = value
    return pairs


def run_list(args: argparse.Namespace) -> int:
    """Show every file and its state; the exit code."""
    from rich.console import Console

    sources = sources_of(args)
    states = {name: state(name, sources) for name in WEIGHTS}
    if args.json:
        rows = [_as_json(name, sources, found) for name, found in states.items()]
        print(json.dumps({"folder": str(sources.cache), "weights": rows}, ensure_ascii=False, indent=1))
        return OK
    console = Console(soft_wrap=True)
    console.print(_table(states))
    for name, found in states.items():
        for line in _details(name, sources, found):
            _say(console, line)
    _say(console, f"\nfolder: {sources.cache} ({FOLDER_VARIABLE} moves it)")
    return OK


def _table(states: dict[str, State]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("name", "state", "size", "for", "licence"):
        table.add_column(
            column, justify="right" if column == "size" else "left", no_wrap=column in ("name", "state", "size")
        )
    colours = {"present": "green", "damaged": "red", "partial": "yellow", "absent": "yellow"}
    for name, found in states.items():
        weights = WEIGHTS[name]
        words = Text(state_words(name, found), colours[found.kind])
        table.add_row(name, words, f"{weights.size / 1e6:.1f} MB", weights.purpose, weights.licence)
    return table


def _details(name: str, sources: Sources, found: State) -> list[str]:
    """Lines of their own, not cells: sums and addresses stay whole and can be copied."""
    from eval.fetching import places

    weights = WEIGHTS[name]
    facts = [("SHA-256", sources.sha256.get(name, weights.sha256)), ("source", weights.source)]
    facts += [("from", place) for place in places(name, sources)] if not found.own else []
    facts += [("file", str(found.path) if found.own or found.kind == "present" else weights.file)]
    facts += [("why", found.detail)] if found.detail else []
    return [name, *(f"  {fact:8} {text}" for fact, text in facts)]


def state_words(name: str, found: State) -> str:
    """The state in a few words.

    >>> from pathlib import Path
    >>> state_words("syncnet", State("partial", Path("x"), False, 12_000_000))
    'partial (12.0 of 54.6 MB)'
    >>> state_words("syncnet", State("present", Path("x"), True))
    'present (own file)'
    """
    if found.kind == "partial":
        return f"partial ({found.bytes / 1e6:.1f} of {WEIGHTS[name].size / 1e6:.1f} MB)"
    cause = ""
    if found.kind == "damaged":
        same_size = found.own or found.bytes == WEIGHTS[name].size
        cause = "wrong checksum" if same_size else f"{found.bytes:,} bytes"
    notes = ", ".join(note for note in ("own file" if found.own else "", cause) if note)
    return f"{found.kind} ({notes})" if notes else found.kind


def _as_json(name: str, sources: Sources, found: State) -> dict[str, Any]:
    from eval.fetching import places

    weights = WEIGHTS[name]
    return {
        "name": name, "file": weights.file, "for": weights.purpose, "licence": weights.licence,
        "publisher": weights.source, "from": places(name, sources), "size": weights.size,
        "sha256": sources.sha256.get(name, weights.sha256), "state": found.kind, "own_file": found.own,
        "path": str(found.path), "bytes": found.bytes, "detail": found.detail,
    }  # fmt: skip


def run_fetch(args: argparse.Namespace) -> int:
    """Fetch the named files, or those of the default profile; the exit code."""
    from rich.console import Console

    from eval.download import NotFetched, WeightsFolderError
    from eval.fetching import announcement, fetch
    from eval.settings import DEFAULT
    from eval.weight_files import known_name
    from eval.weights import WeightsAbsent

    sources, console = sources_of(args), Console(soft_wrap=True)
    names = list(dict.fromkeys(known_name(name) for name in args.names or DEFAULT.networks))
    lacking = [name for name in names if not _is_there(name, sources, console)]
    if lacking:
        _say(console, f"into {sources.cache} ({FOLDER_VARIABLE} moves it):")
    for name in lacking:
        _say(console, f"  {announcement(name, sources)}")
    code, hints = OK, dict[str, None]()
    for name in lacking:
        try:
            with _progress(console, name) as (say, on_progress):
                path = fetch(name, sources, say=say, on_progress=on_progress)
            _say(console, f"{name}: complete, checksum right: {path}")
        except (NotFetched, WeightsWrong, WeightsFolderError, WeightsAbsent) as error:
            print(f"error [{error.code}]: {error.message}", file=sys.stderr)
            hints[error.hint] = None  # said once, after all
            code = WRONG if isinstance(error, WeightsWrong) else code or NOT_ALL
        except KeyboardInterrupt:
            print(f"interrupted; what has come of {name} is kept: the same command goes on from there", file=sys.stderr)
            return INTERRUPTED
    for hint in filter(None, hints):
        print(f"  hint: {hint}", file=sys.stderr)
    return code


def _is_there(name: str, sources: Sources, console: "Console") -> bool:
    """Say that nothing is to be done, or what is wrong with what is there."""
    found = state(name, sources)
    if found.kind == "present":
        _say(console, f"{name}: {state_words(name, found)}: {path_of(name, sources)}")
    elif found.kind == "damaged" and not found.own:
        _say(console, f"{name}: {found.detail}; it is fetched again")
    elif found.kind == "partial":
        _say(console, f"{name}: {state_words(name, found)}; it goes on from there")
    return found.kind == "present"


def _say(console: "Console", text: str) -> None:
    console.print(text, markup=False, highlight=False)


@contextmanager
def _progress(console: "Console", name: str) -> Iterator[tuple[Any, "OnProgress"]]:
    """A bar in a terminal, lines elsewhere."""
    from eval.fetching import lines

    def say(text: str) -> None:
        _say(console, text)

    if not console.is_terminal:
        yield say, lines(name, say)
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task, last = bar.add_task(name, total=WEIGHTS[name].size), 0.0

        def step(done: int, total: int) -> None:
            nonlocal last
            if done == total or time.monotonic() - last > 0.1:
                last = time.monotonic()
                bar.update(task, completed=done, total=total)

        yield say, step
