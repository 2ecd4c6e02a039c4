"""What renders took, so that the next forecast is better: one line each, beside the store."""

import json
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sweeps.forecast import Past
from workflow.cell import Cell
from workflow.cost import Shape, shape_of

KEPT = 500
"""Of a long history only so many of the newest lines are read."""


def note(path: Path, machine: str, cell: Cell, seconds: float, record: Mapping[str, Any]) -> None:
    """Add one finished render to the history; ``machine`` names what rendered it, ``record`` is its ``render.json``."""
    timings, figures = _part(record.get("timings")), _part(_part(record.get("memory")).get("figures"))
    line = {
        "machine": machine,
        "shape": shape_of(cell).to_json(),
        "seconds": round(seconds, 3),
        "bytes": record.get("video_bytes", 0),
        "cold": timings.get("cold"),
        "load_s": timings.get("load_s"),
        "vram": _part(figures.get("vram_reserved")).get("peak"),
        "ram": _part(figures.get("ram_used")).get("peak"),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def read(path: Path, machine: str) -> Iterator[Past]:
    """The newest renders by ``machine``; torn lines are passed over, older ones lack what was not noted then."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = deque(file, maxlen=KEPT)
    except OSError:
        return
    for line in lines:
        try:
            told = json.loads(line)
            if told["machine"] == machine:
                shape = Shape.from_json(told["shape"])
                rest = {name: told.get(name) for name in ("cold", "load_s", "vram", "ram")}
                yield Past(shape, float(told["seconds"]), int(told["bytes"]), **rest)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue


def _part(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
