"""``python -m runner rehearse``: plan, write or remove, with a table and progress bars."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.errors import HarnessError, told
from workflow.words import counted

if TYPE_CHECKING:
    from rich.console import Console

    from runner.rehearse.plan import Plan, Target

_WORDS = {
    "write": "to write",
    "replace": "to replace (ours)",
    "there": "there already (ours)",
    "foreign": "left: not ours",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from runner.rehearse.shapes import SIZES

    parser.add_argument("--comfyui", required=True, metavar="DIR", help="the ComfyUI folder, on this machine")
    parser.add_argument("--size", choices=SIZES, default="tiny", help="tiny runs on a CPU; full has the true sizes")
    parser.add_argument("--models", action="append", default=[], metavar="NAME", help="only these of conf/model")
    parser.add_argument("--graph", metavar="FILE", help="an API-format graph of yours in place of the shipped one")
    parser.add_argument("--prompt", action="append", default=[], metavar="TEXT", help="a prompt more (repeatable)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random numbers")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument("--remove", action="store_true", help="take all rehearsal files away again")


def run(options: argparse.Namespace) -> int:
    """Do what the options say; the exit code."""
    from rich.console import Console

    from runner.rehearse.errors import RehearsalError
    from runner.rehearse.plan import comfyui_folder

    console = Console(highlight=False)
    try:
        if options.seed < 0:
            raise RehearsalError(f"--seed {options.seed} is negative", hint="0 or more")
        comfyui = comfyui_folder(options.comfyui)
        if options.remove:
            _remove(console, comfyui, dry=options.dry_run)
        else:
            _rehearse(console, comfyui, options)
    except HarnessError as error:
        return told(error)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return told(
            RehearsalError(f"{place}{error.strerror or error}", hint="what is whole is kept: mend it and run again")
        )
    except KeyboardInterrupt:
        print("interrupted: what is whole is kept, the same command goes on", file=sys.stderr)
        return 130
    return 0


def _rehearse(console: "Console", comfyui: Path, options: argparse.Namespace) -> None:
    from runner.rehearse.beyond import beyond
    from runner.rehearse.plan import check_room, make_plan
    from runner.rehearse.wanted import wanted
    from workflow.graph import default_graph, load_graph

    graph = default_graph() if options.graph is None else load_graph(Path(options.graph).expanduser())
    found = wanted(graph, options.models, options.prompt)
    plan = make_plan(comfyui, found, options.size, options.seed)
    _show(console, plan)
    for line in beyond(graph):
        console.print(line, style="yellow", markup=False, soft_wrap=True)
    check_room(plan)
    if options.dry_run:
        return
    _write(console, plan)
    experiment = "rehearsal_tiny" if plan.size == "tiny" else "rehearsal"
    console.print(
        f"\nThis ComfyUI now holds random weights ({plan.size}); every sweep on it counts as a rehearsal: cost only.\n"
        f"  python sweep.py +experiment={experiment} server=comfyui server.url=http://127.0.0.1:8188\n"
        f"Before real renders: python -m runner rehearse --comfyui {comfyui} --remove",
        markup=False,
        soft_wrap=True,
    )


def _show(console: "Console", plan: "Plan") -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from runner.rehearse.checkpoint import Checkpoint

    table = Table(box=box.SIMPLE, title=f"rehearsal: random weights, {plan.size}", title_justify="left")
    table.add_column("file", overflow="fold")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("state")
    for one in plan.targets:
        if isinstance(one.content, Checkpoint):
            name = one.path.relative_to(plan.comfyui).as_posix()
            table.add_row(Text(name), _size(one.nbytes), _WORDS[one.state])
    console.print(table)
    prompts = [one for one in plan.targets if isinstance(one.content, str)]
    new = sum(one.pending for one in prompts)
    foreign = [one for one in prompts if one.state == "foreign"]
    said = f"text embeddings of {counted(len(prompts), 'prompt')}: {new} to write"
    console.print(said + (f", {len(foreign)} left: not ours" if foreign else ""))
    for folder, needed, free in plan.room:
        console.print(f"{_size(needed)} to write, {_size(free)} free in {folder}", markup=False, soft_wrap=True)
    mixed = [one.path.name for one in plan.of("foreign") if isinstance(one.content, Checkpoint) and one.content.sized]
    if plan.size == "tiny" and mixed:
        console.print(
            f"tiny models do not fit together with real ones ({', '.join(mixed)}): use --size full, or a ComfyUI "
            "folder of its own",
            style="yellow",
            markup=False,
        )
    if (plan.comfyui / "extra_model_paths.yaml").is_file():
        console.print(
            "extra_model_paths.yaml names more model folders: a real file of the same name there may be hidden by ours "
            "as long as ours is there",
            style="yellow",
        )


def _write(console: "Console", plan: "Plan") -> None:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    from runner.rehearse.execute import execute

    def name(one: "Target") -> str:
        return "text embeddings" if isinstance(one.content, str) else one.path.name

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bar:
        total = sum(one.content.nbytes for one in plan.of("write", "replace") if not isinstance(one.content, str))
        task = bar.add_task("writing", total=total)
        count = execute(
            plan, lambda one: bar.update(task, description=name(one)), lambda count: bar.advance(task, count)
        )
    console.print(f"{counted(count, 'file')} written" if count else "nothing to write: all of it is there")


def _remove(console: "Console", comfyui: Path, *, dry: bool) -> None:
    from runner.rehearse.remove import ours, take_away

    files = ours(comfyui)
    freed = _size(sum(path.stat().st_size for path in files))
    for path in files[:40]:
        console.print(path.relative_to(comfyui).as_posix(), markup=False, soft_wrap=True)
    if len(files) > 40:
        console.print(f"… and {len(files) - 40} more")
    if not dry:
        take_away(comfyui, files)
    verb = "would be removed" if dry else "removed"
    found = f"{counted(len(files), 'rehearsal file')} {verb}, {freed}"
    console.print(found if files else "no rehearsal file is here")


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
