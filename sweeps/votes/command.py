"""``python -m sweeps votes import``: what people picked on the report page, joined to the scores."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.kept import read_kept
from sweeps.results import SweepResult
from sweeps.store import unusable
from sweeps.votes.ballot import Ballot, read_ballot
from sweeps.votes.box import NAME, check, home, plans, result_of, store
from workflow.files import write_atomically
from workflow.words import counted

if TYPE_CHECKING:
    from rich.console import Console


def add_arguments(parser: argparse.ArgumentParser, outputs: Path) -> None:
    """The words of ``votes``."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    bring = actions.add_parser(
        "import",
        help="bring in files that the report page saved",
        description="Checks the files, stores them beside the sweep's results (votes/, each once), and tells wins per "
        f"setting and how often each metric agrees with the people, on screen and in {NAME}. The next report page has "
        "the tables too. Nothing is stored where any of the files is refused.",
    )
    bring.add_argument("files", nargs="+", type=Path, metavar="FILE", help="votes-….json, saved by the report page")
    bring.add_argument("--outputs", type=Path, default=outputs, metavar="DIR", help="default: outputs/ beside sweep.py")
    bring.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Bring them in; the exit code."""
    from rich.console import Console

    known: dict[Path, SweepResult] = {}
    read: list[tuple[Ballot, Path]] = []
    for file in args.files:  # all of them are looked at before anything is written
        ballot = read_ballot(file)
        folder = home(ballot, args.outputs)
        key = folder / ballot.plan
        if key not in known:
            known[key] = result_of(ballot, file, args.outputs)
        check(ballot, file, known[key])
        read.append((ballot, folder))
    console = Console(highlight=False)
    try:
        new = sum(store(ballot, folder)[1] for ballot, folder in read)
        for folder in dict.fromkeys(folder for _, folder in read):
            _tell(folder, args.outputs, known, console)
    except OSError as error:
        raise unusable(args.outputs, error) from error
    console.print(f"{counted(len(read), 'file')}, {new} new", markup=False)
    return 0


def _tell(folder: Path, outputs: Path, known: dict[Path, SweepResult], console: "Console") -> None:
    from sweeps.votes.told import markdown, show, tell

    every = []
    for plan in plans(folder):
        result = known.get(folder / plan)
        path = folder / "results" / f"{plan}.json"
        if result is None and path.is_file():
            result, _ = read_kept(path, outputs)
        found = tell(result, folder) if result is not None else None
        if found is None:
            continue
        every.append(found)
        if folder / plan in known:
            show(found, console)
    write_atomically(folder / NAME, markdown(every))
    console.print(f"tables: {folder / NAME}", markup=False, soft_wrap=True)
