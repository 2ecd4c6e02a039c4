"""``python -m sweeps …``: the commands beside running a sweep."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sweeps.forecast import size
from workflow.errors import HarnessError, told
from workflow.words import counted

OUTPUTS = Path(__file__).resolve().parents[1] / "outputs"
Add = Callable[[argparse.ArgumentParser], None]
Run = Callable[[argparse.Namespace], int]
_PRUNE = (
    "Remove leftovers, failures, broken entries and renders that no sweep's plan names. A baseline's renders always"
    " stay. Without --yes it only says what it would remove."
)
_WATCH = (
    "Shows how far a sweep is, what each server does, and the figures so far; it only reads what the sweep writes, so"
    " it may run beside it, or afterwards. --serve prints an address with a token: whoever has it can read, nobody can"
    " change anything. A token of your own: INFINITETALK_SWEEP_TOKEN."
)
_REPORT = (
    "Writes one HTML file that needs no network: send it to a phone, open it from disk. A sweep writes it at its end"
    " anyway; here you choose what it may weigh and how many settings it shows."
)
_COMPARE = (
    "Holds CANDIDATE against BASELINE, paired by clip. Exit code 4 is a regression: a primary metric got worse, its"
    " interval excludes 0 and the effect is beyond its margin. 2: nothing may be concluded, and why."
)
_ADOPT = (
    "Copies the MP4s of a folder into the store, reads how each was made from the graph inside it, judges them and"
    " compares their settings, as a sweep's. Your files are only read. Exit code 3: some could not be adopted or"
    " judged, and why; 2: no folder, or nothing in it."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    whole = parser()
    words = sys.argv[1:] if arguments is None else list(arguments)
    if not words:
        whole.print_help(sys.stderr)
        return 2
    args = whole.parse_args(words)
    try:
        code: int = args.run(args)
        return code
    except HarnessError as error:
        return told(error)


def parser() -> argparse.ArgumentParser:
    """The commands and what they take."""
    from sweeps import prepare, watch
    from sweeps.adopt import command as adopt
    from sweeps.compare import command as compare
    from sweeps.report import command as report
    from sweeps.votes import command as votes

    whole = argparse.ArgumentParser(prog="python -m sweeps", description="What belongs to sweeps, besides running one.")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, add_arguments: Add, run: Run | None, about: str, more: str | None = None) -> None:
        one = commands.add_parser(name, help=about, description=more)
        add_arguments(one)
        if run is not None:
            one.set_defaults(run=run)

    add("prepare", prepare.add_arguments, prepare.run, "reference frame and face close-up from a picture or a video")
    add("du", _add_outputs, _du, "what the store holds and how much room it takes")
    add("prune", _add_prune, _prune, "remove what no sweep needs", _PRUNE)
    add(
        "watch",
        _with_outputs(watch.add_arguments),
        watch.run,
        "a sweep at a glance, running or over; --serve for a phone",
        _WATCH,
    )
    about = "the page of a sweep: videos that play in step, curves, figures"
    add("report", _with_outputs(report.add_arguments), report.run, about, _REPORT)
    about = "one setting, sweep or release against another, and whether it got worse"
    add("compare", _with_outputs(compare.add_arguments), compare.run, about, _COMPARE)
    about = "register the run that releases are held against, or show it"
    add("baseline", _with_outputs(compare.add_baseline_arguments), compare.run_baseline, about)
    about = "what people picked blind on the report page: bring it in, tell it"
    add("votes", lambda one: votes.add_arguments(one, OUTPUTS), None, about)
    about = "tag the setting that variant=best means from now on, or show it"
    add("best", _with_outputs(compare.add_best_arguments), compare.run_best, about)
    about = "videos that ComfyUI made before: an output folder becomes a tuning history"
    add("adopt", _with_outputs(adopt.add_arguments), adopt.run, about, _ADOPT)
    return whole


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--outputs", type=Path, default=OUTPUTS, metavar="DIR", help="default: outputs/ beside sweep.py"
    )


def _with_outputs(add_arguments: Add) -> Add:
    def both(parser: argparse.ArgumentParser) -> None:
        add_arguments(parser)
        _add_outputs(parser)

    return both


def _add_prune(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--older-than", type=float, metavar="DAYS", help="also every render older than so many days")
    parser.add_argument("--yes", action="store_true", help="really remove it")
    _add_outputs(parser)


def _du(args: argparse.Namespace) -> int:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from sweeps.disk import items

    found = items(args.outputs)
    table = Table(box=box.SIMPLE)
    table.add_column("sweep")
    for heading in ("renders", "size", "failures and leftovers", "size"):
        table.add_column(heading, justify="right")
    names = [*sorted({name for one in found for name in one.sweeps}), ""]
    for name in names:
        mine = [one for one in found if (name in one.sweeps if name else not one.sweeps)]
        renders = [one for one in mine if one.kind == "render"]
        rest = [one for one in mine if one.kind != "render"]
        if mine:
            sizes = [size(sum(one.size for one in part)) for part in (renders, rest)]
            table.add_row(name or "(in no sweep's plan)", str(len(renders)), sizes[0], str(len(rest)), sizes[1])
    console = Console()
    console.print(table)
    total = size(sum(one.size for one in found))
    console.print(f"{_entries(found)}, {total}; a render shared by sweeps counts in each", highlight=False)
    return 0


def _entries(found: Sequence[object]) -> str:
    return counted(len(found), "entry", "entries")


def _prune(args: argparse.Namespace) -> int:
    from sweeps.disk import prune

    gone = prune(args.outputs, args.older_than, really=args.yes)
    for one in gone:
        used = f", used by {', '.join(one.sweeps)}" if one.sweeps else ""
        print(f"{one.kind:8} {size(one.size):>9}  {one.age_days:5.1f} days old{used}  {one.path}")
    total = size(sum(one.size for one in gone))
    if args.yes:
        print(f"removed {_entries(gone)}, {total}")
    else:
        print(f"would remove {_entries(gone)}, {total}" + ("; with --yes it does" if gone else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
