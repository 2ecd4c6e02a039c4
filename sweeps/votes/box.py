"""Where choices lie: beside the results of the sweep whose videos were looked at, each file once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from sweeps.kept import read_kept
from sweeps.naming import sweep_folder
from sweeps.report.page import as_json
from sweeps.results import SweepResult
from sweeps.votes.ballot import Ballot, Choice, VotesError, read_ballot, refuse
from workflow.files import write_json

FOLDER: Final = "votes"
NAME: Final = "votes.md"
"""What is told of them, beside that folder."""
PLAN: Final = 12
"""Digits of a plan's hash that name its files."""


@dataclass(frozen=True)
class Votes:
    """All choices among the videos of one plan; ``rounds`` of them, and the files that could not be read."""

    choices: tuple[Choice, ...] = ()
    rounds: int = 0
    unreadable: tuple[str, ...] = field(default=())


def home(ballot: Ballot, outputs: Path) -> Path:
    """The folder of the sweep that ``ballot`` names."""
    return sweep_folder(outputs, ballot.sweep, ballot.mark)


def result_of(ballot: Ballot, file: Path, outputs: Path) -> SweepResult:
    """What was kept of the plan that ``ballot`` names. Raises VotesError, NothingKept."""
    path = home(ballot, outputs) / "results" / f"{ballot.plan}.json"
    if not path.is_file():
        mark = f" ({ballot.mark})" if ballot.mark else ""
        what = f"{file}: no finished sweep {ballot.sweep[:80]!r}{mark} with the plan {ballot.plan} in {outputs}"
        raise VotesError(what, hint="name the folder of that sweep's results: --outputs DIR")
    result, _ = read_kept(path, outputs)
    return result


def check(ballot: Ballot, file: Path, result: SweepResult) -> None:
    """Raises VotesError for a choice among videos that the plan has not."""
    settings = {one.name for one in result.settings}
    cells = places(result)
    for number, one in enumerate(ballot.choices, start=1):
        for name in one.shown:
            if name not in settings:
                refuse(file, f"choice {number}: the plan {ballot.plan} has no setting {name[:80]!r}")
            if (name, one.clip, one.seed) not in cells:
                what = f"the plan {ballot.plan} has no clip {one.clip[:80]!r} with the seed {str(one.seed)[:40]}"
                refuse(file, f"choice {number}: {what}")


def places(result: SweepResult) -> set[tuple[str, str, int]]:
    """Setting, clip and seed of every video that a plan has."""
    return {(cell.setting, cell.clip, cell.seed) for cell in result.cells}


def store(ballot: Ballot, folder: Path) -> tuple[Path, bool]:
    """Write ``ballot`` into ``folder`` under the hash of what it says; where it lies, and whether it is new."""
    told = ballot.plain()
    path = folder / FOLDER / f"{sha256(as_json(told).encode('utf-8')).hexdigest()}.json"
    if path.is_file():
        return path, False
    write_json(path, told)
    return path, True


def gather(folder: Path, result: SweepResult) -> Votes:
    """The choices that were brought into ``folder`` for the plan of ``result``.

    A round that was saved twice counts once: each of its pairs as it was decided last.
    """
    ballots, torn = _read(sorted((folder / FOLDER).glob("*.json")))
    mine = [one for one in ballots if one.plan == result.plan_hash[:PLAN]]
    there = places(result)
    last: dict[object, Choice] = {}
    for ballot in mine:
        for one in ballot.choices:
            key = (ballot.round, one.pair)
            known = all((name, one.clip, one.seed) in there for name in one.shown)
            if known and (key not in last or when(one) >= when(last[key])):
                last[key] = one
    return Votes(tuple(last.values()), len({one.round for one in mine}), torn)


def when(choice: Choice) -> datetime:
    """The moment at which it was made."""
    return datetime.fromisoformat(choice.time)


def plans(folder: Path) -> list[str]:
    """The plans that choices were brought in for."""
    return sorted({one.plan for one in _read(sorted((folder / FOLDER).glob("*.json")))[0]})


def _read(files: Iterable[Path]) -> tuple[list[Ballot], tuple[str, ...]]:
    read, torn = [], []
    for file in files:
        try:
            read.append(read_ballot(file))
        except VotesError:
            torn.append(file.name)
    return read, tuple(torn)
