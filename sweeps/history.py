"""How long renders took, so that the next forecast is better."""

import json
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sweeps.forecast import passes
from workflow.cell import Cell

SHAPE = frozenset({"windows", "frames", "steps", "passes", "width", "height"})
KEPT = 500
"""Of a long history only so many of the newest lines are read."""


def shape(cell: Cell) -> dict[str, Any]:
    """What decides a cell's cost, as ``CostModel.seconds`` takes it."""
    values = cell.values
    return {
        "windows": cell.windows.count,
        "frames": cell.windows.width,
        "steps": int(values.get("steps", 4)),
        "passes": passes(float(values.get("cfg", 1.0)), float(values.get("audio_cfg_scale", 1.0))),
        "width": int(values.get("width", cell.clip.width)),
        "height": int(values.get("height", cell.clip.height)),
    }


def note(path: Path, machine: str, cell: Cell, seconds: float, video_bytes: int) -> None:
    """Add one finished render to the history; ``machine`` names what rendered it."""
    line = {"machine": machine, "shape": shape(cell), "seconds": round(seconds, 3), "bytes": video_bytes}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def read(path: Path, machine: str) -> Iterator[tuple[Mapping[str, Any], float, int]]:
    """Shape, seconds and bytes of the newest renders by ``machine``; torn lines are passed over."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = deque(file, maxlen=KEPT)
    except OSError:
        return
    for line in lines:
        try:
            record = json.loads(line)
            if record["machine"] == machine and record["shape"].keys() == SHAPE:
                yield record["shape"], float(record["seconds"]), int(record["bytes"])
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
