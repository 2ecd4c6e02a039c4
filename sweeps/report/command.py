"""``python -m sweeps report``: the page of a sweep, from what it kept."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sweeps.kept import NAME as KEPT
from sweeps.kept import NothingKept, read_kept
from sweeps.naming import sweeps_with
from sweeps.report import MAX_MB, NAME, SMALL
from sweeps.results import SweepResult
from workflow.errors import HarnessError
from workflow.words import counted


class ReportNotWritten(HarnessError):
    """The page cannot be put where it was asked for."""

    code = "report-not-written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of ``report``."""
    parser.add_argument("sweep", nargs="?", help="its name; the one that ended last where it is left out")
    place = parser.add_mutually_exclusive_group()
    what = f"default: {NAME} in the sweep's folder, {SMALL} there with --max-mb or --pick"
    place.add_argument("--output", type=Path, metavar="FILE", help=what)
    place.add_argument(
        "--folder", type=Path, metavar="FILE.zip", help="a zip of the page with the videos beside it as they came"
    )
    parser.add_argument("--max-mb", type=float, metavar="N", help=f"size of the page, at most (default {MAX_MB:.0f})")
    parser.add_argument("--pick", type=int, metavar="N", help="the baseline and the first settings only, N together")


def run(args: argparse.Namespace) -> int:
    """Write it; the exit code."""
    from sweeps.votes.told import for_report

    folder = find(args.outputs, args.sweep)
    result, extra = read_kept(folder / KEPT, args.outputs)
    extra |= for_report(result, folder)
    less = args.max_mb is not None or args.pick is not None
    path = (args.folder or args.output or folder / (SMALL if less else NAME)).absolute()
    try:
        said = _folder(result, path, extra, args) if args.folder else _page(result, path, extra, args)
    except OSError as error:
        hint = "name a file in a folder that may be written, on a disk with room"
        raise ReportNotWritten(f"{path} cannot be written: {error.strerror or error}", hint=hint) from error
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB, {said})")
    return 0


def _page(result: SweepResult, path: Path, extra: Mapping[str, Any], args: argparse.Namespace) -> str:
    from rich.console import Console

    from sweeps.report.write import write_report

    with Console(stderr=True).status("videos") as status:
        media = write_report(
            result,
            path,
            extra=extra,
            max_mb=MAX_MB if args.max_mb is None else args.max_mb,
            pick=args.pick,
            told=lambda done, total: status.update(f"videos: {done} of {total}"),
        )
    for line in media.said:
        print(line, file=sys.stderr)
    return f"{len(media.files)} videos, {media.form}"


def _folder(result: SweepResult, path: Path, extra: Mapping[str, Any], args: argparse.Namespace) -> str:
    from sweeps.report.folder import write_folder

    count = write_folder(result, path, extra=extra, pick=args.pick)
    return f"{counted(count, 'video')} as they came; unpack it, then open {NAME}"


def find(outputs: Path, sweep: str | None) -> Path:
    """The folder of a sweep that kept its result, or of the one that did so last. Raises NothingKept."""
    folders = sweeps_with(outputs, KEPT, sweep)
    if not folders:
        known = ", ".join(sorted(one.name for one in sweeps_with(outputs, KEPT))) or "none yet"
        what = f"no finished sweep {sweep}" if sweep is not None else "no finished sweep"
        raise NothingKept(f"{what} in {outputs}", hint=f"those that there are: {known}; or --outputs DIR")
    return folders[0]
