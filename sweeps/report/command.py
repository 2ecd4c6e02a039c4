"""``python -m sweeps report``: the page of a sweep, from what it kept."""

import argparse
import sys
from pathlib import Path

from sweeps.kept import NAME as KEPT
from sweeps.kept import NothingKept, read_kept
from sweeps.naming import folder_name
from sweeps.report.write import MAX_MB, NAME, write_report

MARKS = ("", "-stand-in", "-rehearsal")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of ``report``."""
    parser.add_argument("sweep", nargs="?", help="its name; the one that ended last where it is left out")
    parser.add_argument("--output", type=Path, metavar="FILE", help=f"default: {NAME} in the sweep's folder")
    parser.add_argument(
        "--max-mb", type=float, default=MAX_MB, metavar="N", help="size of the page, at most (default %(default).0f)"
    )
    parser.add_argument("--pick", type=int, metavar="N", help="the baseline and the first settings only, N together")


def run(args: argparse.Namespace) -> int:
    """Write it; the exit code."""
    from rich.console import Console

    folder = find(args.outputs, args.sweep)
    result, extra = read_kept(folder / KEPT, args.outputs)
    path = (args.output or folder / NAME).absolute()
    console = Console(stderr=True)
    with console.status("videos") as status:
        media = write_report(
            result,
            path,
            extra=extra,
            max_mb=args.max_mb,
            pick=args.pick,
            told=lambda done, total: status.update(f"videos: {done} of {total}"),
        )
    for why in dict.fromkeys(media.left_out.values()):
        print(f"{sum(one == why for one in media.left_out.values())} videos: {why}", file=sys.stderr)
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB, {len(media.files)} videos, {media.form})")
    return 0


def find(outputs: Path, sweep: str | None) -> Path:
    """The folder of a sweep that kept its result, or of the one that did so last. Raises NothingKept."""
    told = sorted((outputs / "sweeps").glob(f"*/{KEPT}"), key=lambda path: path.stat().st_mtime, reverse=True)
    folders = [path.parent for path in told]
    if sweep is not None:
        wanted = {folder_name(f"{sweep}{mark}") for mark in MARKS}
        folders = [one for one in folders if one.name in wanted]
    if not folders:
        known = ", ".join(sorted(path.parent.name for path in told)) or "none yet"
        what = f"no finished sweep {sweep}" if sweep is not None else "no finished sweep"
        raise NothingKept(f"{what} in {outputs}", hint=f"those that there are: {known}; or --outputs DIR")
    return folders[0]
