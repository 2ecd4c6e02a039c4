"""The record of one attempt, beside its video: what was asked, where, how it went."""

import dataclasses
import logging
import time
from pathlib import Path
from typing import Any, Final

from runner.attempts import read_attempts, time_of_day
from runner.durable import save_json
from runner.harness import harness
from runner.journal import Journal
from runner.memory import read_memory
from runner.outcome import Outcome
from runner.stamp import Stamp
from runner.text import plain
from workflow.cell import Cell

FORMAT: Final = 1
VIDEO: Final = "video.mp4"
PART: Final = "video.mp4.part"
GRAPH: Final = "workflow_api.json"
RENDER: Final = "render.json"
FAILURE: Final = "failure.json"
_LOG = logging.getLogger(__name__)


def write_render(folder: Path, cell: Cell, journal: Journal, outcome: Outcome, stamp: Stamp) -> None:
    """``render.json``, the last file of a finished render: a folder that has it is whole."""
    save_json(folder / RENDER, _record(folder, cell, journal, outcome, stamp))


def write_failure(folder: Path, cell: Cell, journal: Journal | None, outcome: Outcome, stamp: Stamp | None) -> None:
    """``failure.json``, on a best effort: a full disk must not hide the failure itself."""
    try:
        save_json(folder / FAILURE, _record(folder, cell, journal, outcome, stamp))
    except OSError as error:
        _LOG.warning("the failure of %s could not be recorded in %s: %s", cell.name, folder, error.strerror)


def _record(folder: Path, cell: Cell, journal: Journal | None, outcome: Outcome, stamp: Stamp | None) -> dict[str, Any]:
    """``began`` and ``ended`` are times of day; ``attempts`` are the earlier ones, this one is number ``attempt``."""
    earlier = read_attempts(folder)
    return {
        "format": FORMAT,
        "attempt": len(earlier) + 1,
        "attempts": [dataclasses.asdict(one) for one in earlier],
        "began": None if journal is None else time_of_day(journal.at),
        "ended": time_of_day(time.time()),
        "cell": {
            "setting": cell.setting,
            "clip": cell.clip.name,
            "seed": cell.seed,
            "recipe": cell.recipe,
            "values": {key: _json_able(value) for key, value in cell.values.items()},
            "files": {file.name: file.sha256 for file in cell.files},
            "windows": dataclasses.asdict(cell.windows),
            "notes": list(cell.notes),
        },
        "outcome": {
            "status": outcome.status,
            "stage": outcome.stage,
            "message": outcome.message,
            "detail": outcome.detail,
            "began": outcome.began,
            "fault": outcome.fault,
        },
        "timings": dataclasses.asdict(outcome.timings),
        "memory": read_memory(folder, None if journal is None else journal.prompt_id),
        "harness": harness(),
        "journal": None if journal is None else dataclasses.asdict(journal),
        "stamp": None if stamp is None else stamp.to_json(),
        "stand_in": journal is not None and journal.server_kind == "stand-in",
        "video_sha256": None if journal is None else journal.video_sha256,
    }


def _json_able(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _json_able(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_able(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else plain(value)
