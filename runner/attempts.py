"""Earlier attempts at a cell: how each ended, kept beside the one that runs until the record takes them in."""

import contextlib
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from runner.durable import save_json
from workflow.files import read_json

NAME: Final = "attempts.json"
JOURNAL: Final = "journal.json"
FAILURE: Final = "failure.json"
_FOLLOWED: Final = "lost"
_MOST: Final = 1000


@dataclass(frozen=True)
class Attempt:
    """One attempt that ended without a video. Times of day are ISO 8601 in UTC, ``timings`` as in the record.

    ``counted`` is False where it was not the cell's own doing, and so no retry was spent on it.
    """

    status: str
    stage: str = ""
    message: str = ""
    began: str | None = None
    ended: str | None = None
    prompt_id: str | None = None
    url: str | None = None
    timings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    counted: bool = True


def read_attempts(folder: Path) -> tuple[Attempt, ...]:
    """The earlier attempts of a folder, oldest first; what cannot be read counts for nothing."""
    value = read_json(folder / NAME)
    found = []
    for item in value if isinstance(value, list) else []:
        if isinstance(item, dict):
            with contextlib.suppress(TypeError):
                found.append(Attempt(**item))
    return tuple(found)


def put_aside(folder: Path, *, counted: bool = True) -> None:
    """Make the failure that ``folder`` holds an earlier attempt, so that another can begin.

    A lost one leaves its journal: the server may know the job again when it is back. So does one that the disk here
    ended: the server has its video. Any other takes its journal and its files with it: that job is over. Killed at any
    point this can be done again. Raises OSError.
    """
    record = read_json(folder / FAILURE)
    if not isinstance(record, dict):
        return
    ended = _of_record(record, counted)
    earlier = read_attempts(folder)
    if (ended.prompt_id, ended.ended) not in {(one.prompt_id, one.ended) for one in earlier}:
        save_json(folder / NAME, [dataclasses.asdict(one) for one in (*earlier, ended)][-_MOST:])
    if is_over(record):
        for name in (JOURNAL, "video.mp4.part", "video.mp4"):
            (folder / name).unlink(missing_ok=True)
    (folder / FAILURE).unlink(missing_ok=True)


def is_over(failure: Any) -> bool:
    """Whether the job of an attempt that ended with this record is over: not one that was lost, or that the disk here
    ended. What is no record is no end.
    """
    if not isinstance(failure, dict):
        return False
    outcome = _part(failure.get("outcome")) or failure
    return str(outcome.get("status", "")) != _FOLLOWED and outcome.get("fault", failure.get("fault")) != "disk"


def _of_record(record: Mapping[str, Any], counted: bool) -> Attempt:
    journal = _part(record.get("journal"))
    outcome = _part(record.get("outcome")) or record
    return Attempt(
        status=str(outcome.get("status", "")),
        stage=str(outcome.get("stage", "")),
        message=str(outcome.get("message", "")),
        began=record.get("began"),
        ended=record.get("ended"),
        prompt_id=journal.get("prompt_id"),
        url=journal.get("url"),
        timings=_part(record.get("timings")),
        counted=counted and record.get("counted") is not False,
    )


def _part(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def time_of_day(at: float) -> str:
    """Unix time as ISO 8601 in UTC, to the millisecond.

    >>> time_of_day(0)
    '1970-01-01T00:00:00.000+00:00'
    """
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
