"""``variant=best``: the setting that a person tagged, by eye or after a comparison; it is never picked silently."""

import getpass
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sweeps.compare.sides import NoSide, find_side
from workflow.files import write_atomically
from workflow.words import one_line

if TYPE_CHECKING:
    from sweeps.config import TrackingConfig

FILE: Final = Path(__file__).resolve().parents[2] / "conf" / "variant" / "best.yaml"
"""Git-ignored: it is the user's own."""


def tag_best(words: str, why: str, outputs: Path, tracking: "TrackingConfig", file: Path = FILE) -> str:
    """Make the setting that ``words`` name the variant ``best``; what it is, in words.

    Raises NoSide for renders of random weights, and where nothing of that name is found.
    """
    side = find_side(words, outputs, tracking)
    if side.sweep.rehearsal:
        raise NoSide(f"{side.name} was rendered from random weights", hint="nobody has seen what it looks like")
    values = {name: value for name, value in side.setting.values.items() if "." not in name and value is not None}
    inputs = {name: value for name, value in side.setting.values.items() if "." in name}
    workflow: dict[str, Any] = values | ({"inputs": inputs} if inputs else {})
    who, when = getpass.getuser(), f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    said = [f"The best: {side.name}", f"tagged by {who}, {when}", *([f"why: {why}"] if why else [])]
    said += [side.sweep.note] if side.sweep.note else []
    head = "".join(f"# {one_line(one)}\n" for one in said)
    lines = "".join(f"  {name}: {_value(value)}\n" for name, value in workflow.items())
    write_atomically(file, f"# @package _global_\n{head}workflow:\n{lines}")
    return side.name


def read_best(file: Path = FILE) -> list[str]:
    """What is tagged, in lines; empty where nothing is."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return []
    return [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ") and "@package" not in line]


def _value(value: Any) -> str:
    """JSON, which is YAML too; ``${`` stays what it is and names no other key."""
    return json.dumps(value, ensure_ascii=False).replace("${", "\\\\${")
