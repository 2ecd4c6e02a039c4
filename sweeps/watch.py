"""``python -m sweeps watch``: a sweep at a glance, running or over, from what it wrote."""

import argparse
import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runner.live import clock
from sweeps.lock import is_gone
from sweeps.results import note_of
from sweeps.status import NAME, Status, read_status
from workflow.errors import HarnessError

if TYPE_CHECKING:
    from rich.console import RenderableType

SILENT_S: Final = 20.0
"""Without news for so long, a sweep may hang; its process is looked for."""
_METRICS: Final = 6


class NothingToWatch(HarnessError):
    """No sweep of that name, or none at all."""

    code = "nothing-to-watch"


@dataclass(frozen=True)
class Seen:
    """What there is to show: the status, the summary's rows once there are some, whether its process is alive."""

    status: Status
    rows: Sequence[Sequence[str]] = ()
    gone: bool = False

    @property
    def state(self) -> str:
        """In a few words, how it is."""
        if self.status.ended:
            return self.status.ended
        return "its process is gone; the same command goes on" if self.gone else "running"

    @property
    def note(self) -> str:
        """What has to be said beside every figure; empty for renders of a model."""
        return note_of(self.status.mark)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of ``watch``."""
    parser.add_argument("sweep", nargs="?", help="its name; the one with the newest news where it is left out")
    parser.add_argument("--once", action="store_true", help="print it once and end")
    parser.add_argument("--serve", action="store_true", help="a read-only page for a phone, behind a token")
    parser.add_argument(
        "--host", default="127.0.0.1", help="where to serve: 0.0.0.0 for your network (default 127.0.0.1)"
    )
    parser.add_argument("--port", type=int, default=8765, help="default 8765; 0 takes a free one")


def run(args: argparse.Namespace) -> int:
    """Show it; the exit code."""
    folder = find(args.outputs, args.sweep)
    if args.serve:
        from sweeps.watch_page import serve

        return serve(args.outputs, args.sweep, args.host, args.port)
    return _once(folder) if args.once else _follow(args.outputs, args.sweep)


def find(outputs: Path, sweep: str | None) -> Path:
    """The folder of a sweep, or of the one that told something last.

    Raises:
        NothingToWatch: there is none.
    """
    from sweeps.naming import sweeps_with

    folders = sweeps_with(outputs, NAME, sweep)
    if not folders:
        known = ", ".join(one.name for one in sweeps_with(outputs, NAME)) or "none yet"
        what = f"no sweep {sweep}" if sweep is not None else "no sweep"
        raise NothingToWatch(f"{what} in {outputs}", hint=f"those that can be watched: {known}; or --outputs DIR")
    return folders[0]


def look(folder: Path) -> Seen:
    """What there is to show of a sweep. Raises NothingToWatch where its status cannot be read."""
    status = read_status(folder)
    if status is None:
        raise NothingToWatch(f"{folder / NAME} cannot be read", hint="it is written again a second later")
    return Seen(status, _rows(folder / "summary.csv"), not status.ended and is_gone(status.owner))


def _rows(path: Path) -> list[list[str]]:
    """Settings down, the first metrics across; nothing before the first summary."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file))
    except (OSError, csv.Error, UnicodeDecodeError):
        return []
    metrics = [one for one in dict.fromkeys(row.get("metric", "") for row in table) if one]
    told = [one for one in metrics if any(row["mean"] for row in table if row["metric"] == one)][:_METRICS]
    by_place = {(row["setting"], row["metric"]): row["mean"] for row in table}
    settings = list(dict.fromkeys(row["setting"] for row in table))
    rows = [[name, *(_short(by_place.get((name, metric), "")) for metric in told)] for name in settings]
    return [["setting", *told], *rows] if told else []


def _short(value: str) -> str:
    try:
        return f"{float(value):.3g}"
    except ValueError:
        return "–"


def _once(folder: Path) -> int:
    from rich.console import Console

    Console().print(rendered(look(folder)))
    return 0


def _follow(outputs: Path, sweep: str | None) -> int:
    """Until it is over, or Ctrl-C."""
    from rich.console import Console
    from rich.live import Live

    console = Console()
    seen = look(find(outputs, sweep))
    with Live(rendered(seen), console=console, refresh_per_second=2) as live:
        try:
            while not (seen.status.ended or seen.gone):
                time.sleep(1.0)
                seen = look(find(outputs, sweep))
                live.update(rendered(seen))
        except KeyboardInterrupt:
            return 0
    return 0


def lines(seen: Seen) -> list[str]:
    """How it stands, in a line each."""
    status = seen.status
    head = f"{status.sweep}: {seen.state}" + (f" · {seen.note}" if seen.note else "")
    parts = [f"{status.over}/{status.total} cells", f"{status.rendered} rendered", f"{status.reused} reused"]
    parts += [f"{status.failed} failed"] if status.failed else []
    parts += [f"{status.skipped} not worth it"] if status.skipped else []
    parts += [f"{status.scored} scored" + (f", {status.to_score} to come" if status.to_score else "")]
    spent = max(0.0, status.at - status.began)
    parts += [f"{clock(spent)} so far"] + ([f"about {clock(status.left_s)} left"] if status.left_s else [])
    return [head, " · ".join(parts)]


def servers(seen: Seen) -> list[tuple[str, str, str, str]]:
    """Each server's name, how many cells it did, what it does and for how long; nothing once the sweep is over."""
    cells = {str(one.get("server")): one for one in seen.status.running}
    found = []
    for one in seen.status.servers if not seen.status.ended else ():
        now = cells.get(str(one.get("name")))
        idle = "idle" if one.get("here") else f"out: {one.get('why')}"
        doing = f"{now.get('cell')}: {now.get('doing')}" if now else idle
        spent = clock(float(now.get("seconds") or 0)) if now else ""
        found.append((str(one.get("name") or "here"), str(one.get("done", "")), doing, spent))
    return found


def rendered(seen: Seen) -> "RenderableType":
    """The same for a terminal."""
    from rich import box
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    head, counts = lines(seen)
    bar = Table.grid()
    bar.add_row(ProgressBar(total=max(1, seen.status.total), completed=seen.status.over, width=48))
    parts: list[RenderableType] = [Text(head, style="bold"), Text(counts), bar]
    tables = [("server", "done", "now", "for"), *servers(seen)], seen.rows
    for rows in tables:
        if len(rows) > 1:
            table = Table(box=box.SIMPLE_HEAD, show_edge=False)
            for heading in rows[0]:
                table.add_column(Text(heading))
            for row in rows[1:]:
                table.add_row(*map(Text, row))
            parts.append(table)
    return Group(*parts, *(Text(text, style="yellow") for text in seen.status.notes))
