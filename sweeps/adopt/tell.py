"""What an adoption says on the terminal: nothing in it is markup, whatever files are called."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sweeps.adopt.words import Left, printable
from sweeps.forecast import size
from sweeps.rescoring import Scored
from sweeps.results import SweepResult
from sweeps.store import Entry
from workflow.words import counted

if TYPE_CHECKING:
    from rich.console import Console

ROOT: Final = Path(__file__).resolve().parents[2]
_LINES: Final = 12
"""Lines about files of which nothing is lost."""


@dataclass
class Teller:
    """Speaks on ``console`` of the adoption called ``name``."""

    console: "Console"
    name: str

    def shown(self, folder: Path) -> str:
        """A folder's own name, for titles."""
        return printable(folder.resolve().name) or "/"

    def say(self, line: str, style: str = "") -> None:
        """One line as it is."""
        self.console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)

    def begin(self, folder: Path, count: int) -> None:
        """What was found."""
        self.say(f"{self.name}: {counted(count, 'MP4')} in {printable(str(folder))}")

    def left(self, left: Sequence[Left]) -> None:
        """Every file that could not be taken; of those that need not be, a dozen."""
        for one in left:
            if one.bad:
                self.say(f"not adopted: {one.name}: {one.why}", "yellow")
        spared = [one for one in left if not one.bad]
        for one in spared[:_LINES]:
            self.say(f"left out: {one.name}: {one.why}")
        if len(spared) > _LINES:
            self.say(f"left out: {len(spared) - _LINES} more for such reasons")

    def nothing(self) -> None:
        """No file could be taken."""
        self.say("nothing was adopted", "yellow")

    def copied(self, entries: Mapping[str, tuple[Entry, bool]]) -> None:
        """How many videos are new in the store."""
        new = [entry for entry, fresh in entries.values() if fresh]
        room = size(sum(int(one.record["video_bytes"]) for one in new))
        there = len(entries) - len(new)
        told = f"{counted(len(new), 'video')} copied into the store, {room}" if new else "nothing copied"
        self.say(f"{told}; {there} in the store already" if there else told)

    def scored(self, scored: Scored, names: Mapping[str, str], cost_only: str) -> None:
        """How many were judged, and which could not be."""
        told = f"{counted(len(scored.new), 'video')} scored" if scored.new else "nothing scored"
        self.say(f"{told}: {cost_only}" if cost_only else told)
        for sha256, why in scored.unscored.items():
            self.say(f"not scored: {names[sha256]}: {why}", "yellow")

    def notes(self, result: SweepResult) -> None:
        """What is to be known of the settings, each thing once, and the rest on the page."""
        found: dict[str, list[str]] = {}
        for one in result.settings:
            for note in one.notes:
                found.setdefault(note, []).append(one.name)
        for note, names in list(found.items())[:_LINES]:
            of = "" if len(names) == len(result.settings) else f"{', '.join(names)}: "
            self.say(f"note: {of}{note}")
        if len(found) > _LINES:
            self.say(f"note: {len(found) - _LINES} more notes stand on the report page")

    def broken(self, flawed: Mapping[str, str], names: Mapping[str, str]) -> None:
        """Those that no metric may judge."""
        for sha256, why in flawed.items():
            self.say(f"broken: {names[sha256]}: {why}", "yellow")

    def stopped(self) -> None:
        """Ctrl-C."""
        self.say("interrupted: what is done is kept, the same command goes on", "yellow")

    def compare(self, result: SweepResult, outputs: Path) -> None:
        """How to hold two of the settings against each other."""
        others = [one.name for one in result.settings if one.name != result.baseline]
        if others:
            name = f"{result.sweep_id}-{result.mark}" if result.mark else result.sweep_id
            sides = " ".join(shlex.quote(f"{name}:{one}") for one in (result.baseline, others[0]))
            where = "" if outputs == ROOT / "outputs" else f" --outputs {shlex.quote(str(outputs))}"
            self.say(f"compare: python -m sweeps compare {sides}{where}")
